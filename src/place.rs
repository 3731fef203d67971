//! Things at places as any list has them: an inventory, a town's own list, points of OpenStreetMap.

use std::path::Path;

use jiff::Timestamp;

use crate::inventory::Entry;
use crate::locate::Ellipse;
use crate::picture::azimuth_of;
use crate::table::{Row, Table, TableError, number};
use crate::taxonomy::{named, parts_of_tag};

/// Something at a place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// Its identifier in its list, or the row that it stands in.
    pub id: String,
    /// Longitude, WGS 84 degrees.
    pub lon_deg: f64,
    /// Latitude, WGS 84 degrees.
    pub lat_deg: f64,
    /// The code of a French sign, or whatever the list calls it; empty where it says nothing.
    pub class: String,
    /// What is written on it.
    pub value: Option<String>,
    /// The 95 % ellipse of its position.
    pub ellipse: Option<Ellipse>,
    /// The way it faces, degrees.
    pub direction_deg: Option<f64>,
    /// That it exists, 0–1.
    pub probability: Option<f64>,
    /// How many detections it rests on.
    pub sightings: Option<usize>,
    /// When it was seen last.
    pub last_seen: Option<Timestamp>,
    /// Ids of the pictures that show it.
    pub pictures: Vec<String>,
}

/// The columns of a list, where they are not called as usual. One that a list does not have is looked for under its
/// usual names.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Of the class; usually `class`, `traffic_sign` or `code`.
    pub class: Option<String>,
    /// Of what is written on it; usually `value`.
    pub value: Option<String>,
    /// Of the identifier; usually `id` or `@id`.
    pub id: Option<String>,
    /// Of the longitude; usually `lon`, `longitude`, `lng` or `x`.
    pub lon: Option<String>,
    /// Of the latitude; usually `lat`, `latitude` or `y`.
    pub lat: Option<String>,
}

impl Columns {
    /// The names that were given.
    pub fn named(&self) -> impl Iterator<Item = &String> {
        [&self.class, &self.value, &self.id, &self.lon, &self.lat].into_iter().flatten()
    }
}

/// The places of a list, and whether it has a column of classes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Places {
    /// In the order of the list.
    pub places: Vec<Place>,
    /// Without one, every place matches whatever the class of the other.
    pub has_classes: bool,
    /// The columns that were named and are not there.
    pub lacking: Vec<String>,
}

impl From<&Entry> for Place {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id.clone(),
            lon_deg: entry.lon_deg,
            lat_deg: entry.lat_deg,
            class: entry.class.clone(),
            value: entry.value.clone(),
            ellipse: Some(Ellipse {
                major_m: entry.ellipse_major_m,
                minor_m: entry.ellipse_minor_m,
                azimuth_deg: entry.ellipse_azimuth_deg,
            }),
            direction_deg: entry.direction_deg,
            probability: Some(entry.probability),
            sightings: Some(entry.sightings),
            last_seen: entry.last_seen,
            pictures: pictures(&entry.panoramax),
        }
    }
}

impl Places {
    /// Reads a list: CSV, GeoJSON points, the JSON of Overpass, or the GeoPackage of an inventory.
    ///
    /// Classes such as `FR:B14[50]` become the code and its value; several signs of one row, as in
    /// `FR:A13a;FR:M9z[écoles]`, become several places. The columns of an inventory are read where there are such.
    pub fn read(path: &Path, columns: &Columns) -> Result<Self, TableError> {
        let mut table = Table::open(path)?;
        let own = |named: &Option<String>, usual: &[&str]| {
            let named = named.as_deref().and_then(|name| table.column(name));
            named.or_else(|| usual.iter().find_map(|name| table.column(name)))
        };
        let lacking = columns.named().filter(|name| table.column(name).is_none()).cloned().collect();
        let (lon, lat) =
            (own(&columns.lon, &["lon", "longitude", "lng", "x"]), own(&columns.lat, &["lat", "latitude", "y"]));
        let lon = lon.map_or_else(|| table.needed("lon"), Ok)?;
        let lat = lat.map_or_else(|| table.needed("lat"), Ok)?;
        let class = own(&columns.class, &["class", "traffic_sign", "code"]);
        let (value, id) = (own(&columns.value, &["value"]), own(&columns.id, &["id", "@id"]));
        let [major, minor, azimuth] =
            ["ellipse_major_m", "ellipse_minor_m", "ellipse_azimuth_deg"].map(|name| table.column(name));
        let direction = table.column("direction_deg").or_else(|| table.column("direction"));
        let [probability, sightings, seen] = ["probability", "sightings", "last_seen"].map(|name| table.column(name));
        let shown_by = table.column("panoramax");

        let mut places = Vec::new();
        while let Some(row) = table.next_row()? {
            let text = |column: Option<usize>| column.map(|column| row.text(column)).filter(|text| !text.is_empty());
            let (lon_deg, lat_deg) = row.position(lon, lat)?;
            let place = Place {
                id: text(id).unwrap_or(&row.name).to_owned(),
                lon_deg,
                lat_deg,
                ellipse: ellipse(&row, [major, minor, azimuth])?,
                // OpenStreetMap has `forward` there as well.
                direction_deg: text(direction).and_then(number).filter(|d| d.is_finite()).map(azimuth_of),
                probability: row.optional(probability, "probability", 0.0..=1.0)?,
                sightings: row.optional(sightings, "sightings", 0.0..=1e9)?.map(|number| number as usize),
                last_seen: text(seen).and_then(|time| time.parse().ok()),
                pictures: pictures(text(shown_by).unwrap_or_default()),
                ..Place::default()
            };
            let value = text(value);
            for (index, class) in signs(text(class).unwrap_or_default()).into_iter().enumerate() {
                let sign = named(class);
                let of_class = sign.and_then(|sign| sign.value);
                let id = if index == 0 { place.id.clone() } else { format!("{}#{}", place.id, index + 1) };
                places.push(Place {
                    id,
                    class: sign.map_or(class, |sign| sign.sign.code).to_owned(),
                    value: of_class.or(value.filter(|_| index == 0)).map(str::to_owned),
                    ..place.clone()
                });
            }
        }
        Ok(Self { places, has_classes: class.is_some(), lacking })
    }
}

/// The ids that OpenStreetMap's `panoramax` and that of an inventory join by `;`.
fn pictures(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

fn ellipse(row: &Row<'_>, columns: [Option<usize>; 3]) -> Result<Option<Ellipse>, TableError> {
    let [major, minor, azimuth] = columns;
    let length = 0.0..=1e7;
    let major = row.optional(major, "ellipse_major_m", length.clone())?;
    let minor = row.optional(minor, "ellipse_minor_m", length)?;
    let azimuth_deg = row.optional(azimuth, "ellipse_azimuth_deg", -360.0..=360.0)?.unwrap_or_default();
    Ok(major.zip(minor).map(|(major_m, minor_m)| Ellipse { major_m, minor_m, azimuth_deg }))
}

/// The signs that a text names: `FR:A13a;FR:M9z` are two, as are `FR:A13a,M9z`; other texts stay whole.
fn signs(text: &str) -> Vec<&str> {
    if !text.starts_with("FR:") {
        return vec![text];
    }
    parts_of_tag(text).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: &Columns) -> Result<Vec<Place>, TableError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Places::read(file.path(), columns).map(|places| places.places)
    }

    #[test]
    fn signs_of_a_pole_are_told_apart() {
        assert_eq!(signs("FR:A13a;FR:M9z[écoles, collège]"), ["FR:A13a", "FR:M9z[écoles, collège]"]);
        assert_eq!(signs("FR:A13a,M9z"), ["FR:A13a", "M9z"]);
        assert_eq!(signs("panneau, petit"), ["panneau, petit"]);
        assert_eq!(signs(""), [""]);
    }

    #[test]
    fn a_towns_list_is_read_by_its_own_columns() {
        let columns = Columns {
            class: Some("Nature".into()),
            lon: Some("X".into()),
            lat: Some("Y".into()),
            ..Columns::default()
        };
        let places =
            read("Nature;X;Y;id\nB14_(50);7,75;48,6;12\nbanc;7,76;48,6;\n;7,76;48,6;14\n", &columns).unwrap();
        let seen: Vec<_> = places.iter().map(|p| (p.id.as_str(), p.class.as_str(), p.value.as_deref())).collect();
        assert_eq!(seen, [("12", "B14", Some("50")), ("line 3", "banc", None), ("14", "", None)]);
        assert_eq!((places[0].lon_deg, places[0].lat_deg), (7.75, 48.6));
    }

    #[test]
    fn points_of_openstreetmap_are_read() {
        let overpass = r#"{"elements":[{"type":"node","id":5,"lat":48.6,"lon":7.7,
            "tags":{"traffic_sign":"FR:B14[50];FR:B6a1","direction":"forward"}}]}"#;
        let places = read(overpass, &Columns::default()).unwrap();
        let seen: Vec<_> = places.iter().map(|p| (p.id.as_str(), p.class.as_str(), p.value.as_deref())).collect();
        assert_eq!(seen, [("node/5", "B14", Some("50")), ("node/5#2", "B6a1", None)]);
        assert_eq!(places[0].direction_deg, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let line =
            r#"{"features":[{"geometry":{"type":"LineString","coordinates":[[7,48],[8,48]]},"properties":{}}]}"#;
        let why = |text: &str| read(text, &Columns::default()).unwrap_err().to_string();
        assert!(why(line).contains("feature 1: lon is 'that of a LineString'"), "{}", why(line));
        assert!(why("lon,lat\n7.7,148\n").contains("line 2: lat is '148'"));
        let lambert = why("nom;x;y\nB14;1047127,455;6842017,3\n");
        assert!(lambert.contains("line 2: x is '1047127,455' and y '6842017,3', which look like"), "{lambert}");
        assert!(
            lambert.contains("projected coordinates (Lambert-93?): longitude and latitude in WGS 84"),
            "{lambert}"
        );
        assert!(why("X;Y\n407127;5382017\n").contains("projected coordinates: longitude"), "of a zone of UTM");
        assert!(why("a,b\n7.7,48\n").contains("no column 'lon'; it has: a, b"));
        assert!(why("lon,lat,ellipse_major_m\n7.7,48,big\n").contains("line 2: ellipse_major_m is 'big'"));
    }
}
