//! Pictures and sightings as tables, so that locating can be run on sightings of any origin.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use jiff::Timestamp;

use super::plane::{Geocentric, geocentric};
use crate::picture::azimuth_of;
use crate::sighting::{Extent, Range, Sighting, Station};
use crate::table::{Table, TableError};

/// What the two tables hold, in an order that does not depend on that of their rows.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// The pictures, sequence by sequence in the order they were taken.
    pub stations: Vec<Station>,
    /// When each was taken, where the table says so.
    pub taken_at: Vec<Option<Timestamp>>,
    /// The sightings, in the order of the table.
    pub sightings: Vec<Sighting>,
    /// Names of the classes that the sightings number, ascending.
    pub classes: Vec<String>,
}

impl Tables {
    /// Reads both tables. Columns may stand in any order; unknown ones are ignored.
    ///
    /// Pictures: picture_id, sequence_id, lon, lat (of GeoJSON the point), position_sd_m, heading_deg,
    /// heading_sd_deg, hfov_deg (360 = all round), and time (RFC 3339) if known. Sightings: picture_id, azimuth_deg,
    /// azimuth_sd_deg (the heading's part included), class, and range_m, range_sd_m, elevation_deg, score, width_deg
    /// and height_deg (the angles of the box), squeeze (its width over height against that seen from the front) if
    /// known.
    ///
    /// The pictures of a sequence are put in the order of their times; without times in that of their rows, or of
    /// their ids where that makes the shorter way.
    pub fn read(pictures: &Path, sightings: &Path) -> Result<Self, TableError> {
        let mut tables = Self::default();
        let index = tables.read_pictures(pictures)?;
        tables.read_sightings(sightings, &index)?;
        Ok(tables)
    }

    /// Reads the pictures; the result finds a picture's number by its id.
    fn read_pictures(&mut self, path: &Path) -> Result<HashMap<String, usize>, TableError> {
        let mut table = Table::open(path)?;
        let columns = table.columns(["picture_id", "sequence_id", "lon", "lat"])?;
        let [position_sd, heading, heading_sd, hfov] =
            table.columns(["position_sd_m", "heading_deg", "heading_sd_deg", "hfov_deg"])?;
        let time = table.column("time");
        let [id, sequence, lon, lat] = columns;
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut pictures = Vec::new();
        while let Some(row) = table.next_row()? {
            let picture_id = row.text(id).to_owned();
            if !seen.insert(picture_id.clone()) {
                return Err(row.wrong(format!("the picture '{picture_id}' is there twice")));
            }
            let (lon_deg, lat_deg) = row.position(lon, lat)?;
            let station = Station {
                picture_id,
                sequence_id: row.text(sequence).to_owned(),
                lon_deg,
                lat_deg,
                position_sd_m: row.number(position_sd, "position_sd_m", 0.0..=1e6)?,
                heading_deg: azimuth_of(row.number(heading, "heading_deg", -360.0..=720.0)?),
                heading_sd_deg: row.number(heading_sd, "heading_sd_deg", 0.0..=360.0)?,
                hfov_deg: row.number(hfov, "hfov_deg", 1.0..=360.0)?,
            };
            let time = time.map(|column| row.text(column)).filter(|text| !text.is_empty());
            let time = time.map(|text| {
                text.parse()
                    .map_err(|_| row.wrong(format!("time '{text}' is not RFC 3339, such as 2024-05-06T08:00:00Z")))
            });
            pictures.push((station, time.transpose()?));
        }
        (self.stations, self.taken_at) = as_taken(pictures).into_iter().unzip();
        Ok(self.stations.iter().enumerate().map(|(number, s)| (s.picture_id.clone(), number)).collect())
    }

    fn read_sightings(&mut self, path: &Path, index: &HashMap<String, usize>) -> Result<(), TableError> {
        let mut table = Table::open(path)?;
        let [id, azimuth, azimuth_sd, class] =
            table.columns(["picture_id", "azimuth_deg", "azimuth_sd_deg", "class"])?;
        let [range, range_sd, elevation, score] =
            ["range_m", "range_sd_m", "elevation_deg", "score"].map(|name| table.column(name));
        let [width, height, squeeze] = ["width_deg", "height_deg", "squeeze"].map(|name| table.column(name));
        let mut classes: HashMap<String, usize> = HashMap::new();
        let mut seen: HashMap<[u64; 5], String> = HashMap::new();
        while let Some(row) = table.next_row()? {
            let picture_id = row.text(id);
            let station = *index
                .get(picture_id)
                .ok_or_else(|| row.wrong(format!("the picture '{picture_id}' is not in the table of pictures")))?;
            let count = classes.len();
            let class = *classes.entry(row.text(class).to_owned()).or_insert(count);
            let range_m = row.optional(range, "range_m", 1e-3..=1e6)?;
            let range_sd_m = row.optional(range_sd, "range_sd_m", 0.0..=1e6)?;
            let width_deg = row.optional(width, "width_deg", 0.0..=360.0)?;
            let height_deg = row.optional(height, "height_deg", 0.0..=180.0)?;
            let sighting = Sighting {
                station,
                class,
                score: row.optional(score, "score", 0.0..=1.0)?.unwrap_or(1.0),
                azimuth_deg: azimuth_of(row.number(azimuth, "azimuth_deg", -360.0..=720.0)?),
                azimuth_sd_deg: row.number(azimuth_sd, "azimuth_sd_deg", 0.0..=360.0)?,
                elevation_deg: row.optional(elevation, "elevation_deg", -90.0..=90.0)?,
                // A range without a spread is trusted to a quarter.
                range: range_m.map(|range_m| Range {
                    range_m,
                    range_sd_m: range_sd_m.filter(|sd| *sd > 0.0).unwrap_or(range_m / 4.0),
                }),
                squeeze: row.optional(squeeze, "squeeze", 0.0..=100.0)?,
                extent: width_deg.zip(height_deg).map(|(width_deg, height_deg)| Extent { width_deg, height_deg }),
                codes: Vec::new(),
            };
            let elevation = sighting.elevation_deg.unwrap_or(f64::MAX);
            let numbers = [sighting.azimuth_deg, elevation, range_m.unwrap_or(f64::MAX)].map(f64::to_bits);
            let what = [station as u64, class as u64, numbers[0], numbers[1], numbers[2]];
            if let Some(first) = seen.insert(what, row.name.clone()) {
                return Err(row.wrong(format!("this is the sighting of {first} once more")));
            }
            self.sightings.push(sighting);
        }
        self.sort_classes(classes);
        Ok(())
    }

    /// Numbers the classes in the order of their names.
    fn sort_classes(&mut self, classes: HashMap<String, usize>) {
        let mut by_name: Vec<(String, usize)> = classes.into_iter().collect();
        by_name.sort_unstable();
        let mut number = vec![0; by_name.len()];
        for (new, (_, old)) in by_name.iter().enumerate() {
            number[*old] = new;
        }
        self.sightings.iter_mut().for_each(|sighting| sighting.class = number[sighting.class]);
        self.classes = by_name.into_iter().map(|(name, _)| name).collect();
    }
}

type Picture = (Station, Option<Timestamp>);

/// Pictures sequence by sequence, each in the order they were taken.
fn as_taken(pictures: Vec<Picture>) -> Vec<Picture> {
    let mut sequences: HashMap<String, Vec<Picture>> = HashMap::new();
    for picture in pictures {
        sequences.entry(picture.0.sequence_id.clone()).or_default().push(picture);
    }
    let mut sequences: Vec<(String, Vec<Picture>)> = sequences.into_iter().collect();
    sequences.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    sequences.into_iter().flat_map(|(_, pictures)| in_order(pictures)).collect()
}

fn in_order(mut pictures: Vec<Picture>) -> Vec<Picture> {
    if pictures.iter().all(|(_, time)| time.is_some()) {
        pictures.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| natural(&a.0.picture_id, &b.0.picture_id)));
        return pictures;
    }
    let mut by_id: Vec<usize> = (0..pictures.len()).collect();
    by_id.sort_by(|a, b| natural(&pictures[*a].0.picture_id, &pictures[*b].0.picture_id));
    let places: Vec<Geocentric> = pictures.iter().map(|(s, _)| geocentric(s.lon_deg, s.lat_deg)).collect();
    let way = |order: &mut dyn Iterator<Item = usize>| {
        let (mut length, mut before) = (0.0, None::<Geocentric>);
        for place in order.map(|index| places[index]) {
            length += before.map_or(0.0, |b| (0..3).map(|i| (place[i] - b[i]).powi(2)).sum::<f64>().sqrt());
            before = Some(place);
        }
        length
    };
    // A way is as long backwards: then too the ids tell where it begins.
    if way(&mut by_id.iter().copied()) <= way(&mut (0..pictures.len())) * (1.0 + 1e-9) {
        let mut slots: Vec<Option<Picture>> = pictures.into_iter().map(Some).collect();
        return by_id.into_iter().filter_map(|index| slots[index].take()).collect();
    }
    pictures
}

/// Names with numbers in them in the order that people count: `p9` before `p10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (da, db) = (digits(rest_a), digits(rest_b));
        if da > 0 && db > 0 {
            let (na, nb) = (rest_a[..da].trim_start_matches('0'), rest_b[..db].trim_start_matches('0'));
            let order = na.len().cmp(&nb.len()).then(na.cmp(nb));
            if order.is_ne() {
                return order;
            }
            (rest_a, rest_b) = (&rest_a[da..], &rest_b[db..]);
            continue;
        }
        let (mut chars_a, mut chars_b) = (rest_a.chars(), rest_b.chars());
        match (chars_a.next(), chars_b.next()) {
            (Some(ca), Some(cb)) if ca == cb => (rest_a, rest_b) = (chars_a.as_str(), chars_b.as_str()),
            (None, None) => return a.cmp(b),
            (ca, cb) => return ca.cmp(&cb),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write;

    const PICTURES: &str = "lat,lon,picture_id,sequence_id,position_sd_m,heading_deg,heading_sd_deg,hfov_deg,time,more\n\
        48.6,7.7,a,s,1.5,90,2,360,2024-05-06T08:00:00Z,x\n48.6,7.71,b,s,1.5,-90,2,70,,y\n";
    const SIGHTINGS: &str = "picture_id,class,azimuth_deg,azimuth_sd_deg,range_m\nb,c1,10,2,\na,c2,350.5,2.1,12\n";

    fn read(pictures: &str, sightings: &str) -> Result<Tables, TableError> {
        let folder = tempfile::tempdir().unwrap();
        let (p, s) = (folder.path().join("pictures.csv"), folder.path().join("sightings.csv.gz"));
        std::fs::write(&p, pictures).unwrap();
        let mut gz = flate2::write::GzEncoder::new(File::create(&s).unwrap(), flate2::Compression::fast());
        gz.write_all(sightings.as_bytes()).unwrap();
        gz.finish().unwrap();
        Tables::read(&p, &s)
    }

    #[test]
    fn tables_are_read_in_any_order_of_columns() {
        let tables = read(&format!("\u{feff}{PICTURES}"), SIGHTINGS).unwrap();
        assert_eq!(tables.stations.len(), 2);
        assert_eq!(tables.stations[1].heading_deg, 270.0);
        assert!(tables.taken_at[0].is_some() && tables.taken_at[1].is_none());
        assert_eq!(tables.classes, ["c1", "c2"], "by name");
        let seen = &tables.sightings;
        assert_eq!((seen[0].station, seen[0].range, seen[0].score), (1, None, 1.0));
        assert_eq!(seen[1].range, Some(Range { range_m: 12.0, range_sd_m: 3.0 }));
    }

    #[test]
    fn features_are_rows() {
        let pictures = r#"{"type":"FeatureCollection","features":[{"type":"Feature",
            "geometry":{"type":"Point","coordinates":[7.7,48.6]},"properties":{"picture_id":"a","sequence_id":"s",
            "position_sd_m":1.5,"heading_deg":90,"heading_sd_deg":2,"hfov_deg":360,"time":null}}]}"#;
        let sightings = r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,
            "properties":{"picture_id":"a","class":"c1","azimuth_deg":10,"azimuth_sd_deg":2,"range_m":null}}]}"#;
        let tables = read(pictures, sightings).unwrap();
        assert_eq!((tables.stations[0].lon_deg, tables.stations[0].lat_deg), (7.7, 48.6));
        assert_eq!((tables.sightings[0].azimuth_deg, tables.sightings[0].range), (10.0, None));
        let wrong = read(pictures, &sightings.replace("\"a\"", "\"z\"")).unwrap_err().to_string();
        assert!(wrong.contains("feature 1: the picture 'z'"), "{wrong}");
        assert!(read("{}", sightings).unwrap_err().to_string().contains("no GeoJSON FeatureCollection"));
    }

    #[test]
    fn pictures_stand_in_the_order_they_were_taken() {
        let header = "picture_id,sequence_id,lon,lat,position_sd_m,heading_deg,heading_sd_deg,hfov_deg,time\n";
        let row = |id: &str, lon: f64, time: &str| format!("{id},s,{lon},48,1.5,0,2,360,{time}\n");
        let order = |rows: &[String]| -> Vec<String> {
            let tables = read(&format!("{header}{}", rows.concat()), "picture_id,class,azimuth_deg,azimuth_sd_deg\n");
            tables.unwrap().stations.into_iter().map(|s| s.picture_id).collect()
        };
        // Shuffled rows whose ids count; rows in order whose ids do not; times before both.
        let rows = [row("p10", 7.02, ""), row("p9", 7.01, ""), row("p11", 7.03, "")];
        assert_eq!(order(&rows), ["p9", "p10", "p11"]);
        assert_eq!(order(&[row("f", 7.0, ""), row("a", 7.01, ""), row("c", 7.02, "")]), ["f", "a", "c"]);
        let times = [row("a", 7.0, "2024-05-06T08:00:02Z"), row("b", 7.01, "2024-05-06T08:00:01Z")];
        assert_eq!(order(&times), ["b", "a"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |pictures: &str, sightings: &str| read(pictures, sightings).unwrap_err().to_string();
        let cases = [
            (message(&PICTURES.replace("hfov_deg", "fov"), SIGHTINGS), "no column 'hfov_deg'; it has: lat, lon"),
            (message(&PICTURES.replace("48.6,7.71", "98.6,7.71"), SIGHTINGS), "line 3: lat is '98.6'"),
            (message(&PICTURES.replace(",b,", ",a,"), SIGHTINGS), "line 3: the picture 'a' is there twice"),
            (message(PICTURES, &SIGHTINGS.replace("b,c1", "z,c1")), "line 2: the picture 'z' is not in the table"),
            (message(PICTURES, &SIGHTINGS.replace("350.5", "NaN")), "line 3: azimuth_deg is 'NaN'"),
            (message(&PICTURES.replace("48.6,7.71", "inf,7.71"), SIGHTINGS), "line 3: lat is 'inf'"),
            (
                message(PICTURES, &SIGHTINGS.replace("a,c2,350.5,2.1,12", "b,c1,10,3,")),
                "the sighting of line 2 once more",
            ),
            (message(PICTURES, &SIGHTINGS.replace("350.5", "north")), "azimuth_deg is 'north'"),
            (message(&PICTURES.replace("2024-05", "May"), SIGHTINGS), "not RFC 3339"),
        ];
        for (message, expected) in cases {
            assert!(message.contains(expected), "{message}");
        }
    }
}
