//! What to survey: a bounding box or a polygon, always as a `geo::MultiPolygon` in WGS 84.

use geo::{BoundingRect, Contains, Coord, CoordsIter, Intersects, LineString, MultiPolygon, Polygon, Rect};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The area of a survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    polygons: MultiPolygon<f64>,
    /// The bounding rectangle of each polygon.
    rects: Vec<Rect<f64>>,
    /// What it was asked for by, where that is no list of coordinates: `commune 67506`.
    name: Option<String>,
}

/// Why something is not an area.
#[derive(Debug, Error)]
pub enum AreaError {
    /// The four numbers do not make a box.
    #[error(
        "'{text}' is not a bounding box ({why}): write west,south,east,north in degrees, e.g. 7.70,48.60,7.72,48.61"
    )]
    Bbox {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The text is not GeoJSON.
    #[error("not GeoJSON ({0}): export the area as GeoJSON in WGS 84 (in QGIS: Export, Save Features As)")]
    NotGeoJson(String),
    /// GeoJSON without a polygon.
    #[error(
        "holds no polygon (found: {found}): an area is a Polygon, a MultiPolygon, or a Feature or FeatureCollection of them"
    )]
    NoPolygon {
        /// The kinds of geometry that were found.
        found: String,
    },
    /// Coordinates that are no longitudes and latitudes.
    #[error("has the coordinate {x}, {y}, which is no longitude and latitude: save the area in WGS 84 (EPSG:4326)")]
    NotDegrees {
        /// First number.
        x: f64,
        /// Second number.
        y: f64,
    },
}

impl Area {
    /// A box from its edges in degrees. West greater than east means a box over the antimeridian.
    pub fn bbox(west: f64, south: f64, east: f64, north: f64) -> Result<Self, AreaError> {
        let wrong =
            |why: &str| AreaError::Bbox { text: format!("{west},{south},{east},{north}"), why: why.to_owned() };
        if ![west, south, east, north].iter().all(|v| v.is_finite()) {
            return Err(wrong("not all are finite numbers"));
        }
        if west.abs() > 180.0 || east.abs() > 180.0 || south.abs() > 90.0 || north.abs() > 90.0 {
            return Err(wrong("longitudes lie in -180..180, latitudes in -90..90"));
        }
        if south >= north {
            return Err(wrong("south must be less than north"));
        }
        if west == east {
            return Err(wrong("west and east are equal"));
        }
        let rect = |w: f64, e: f64| Rect::new(Coord { x: w, y: south }, Coord { x: e, y: north }).to_polygon();
        let polygons = if west < east { vec![rect(west, east)] } else { vec![rect(west, 180.0), rect(-180.0, east)] };
        Ok(Self::of(MultiPolygon(polygons)))
    }

    /// A box from `W,S,E,N`.
    pub fn parse_bbox(text: &str) -> Result<Self, AreaError> {
        let wrong = |why: &str| AreaError::Bbox { text: text.to_owned(), why: why.to_owned() };
        let numbers: Vec<f64> = text
            .split(',')
            .map(|part| part.trim().parse())
            .collect::<Result<_, _>>()
            .map_err(|_| wrong("not four numbers"))?;
        match numbers[..] {
            [w, s, e, n] => Self::bbox(w, s, e, n),
            _ => Err(wrong("not four numbers")),
        }
    }

    /// The polygons of a GeoJSON text: Polygon, MultiPolygon, Feature, FeatureCollection or GeometryCollection.
    pub fn from_geojson(text: &str) -> Result<Self, AreaError> {
        // Some programs write a byte order mark.
        let text = text.trim_start_matches('\u{feff}');
        let document: geojson::GeoJson =
            text.parse().map_err(|e: geojson::Error| AreaError::NotGeoJson(e.to_string()))?;
        let mut polygons = Vec::new();
        let mut others = Vec::new();
        let mut geometries: Vec<&geojson::Geometry> = Vec::new();
        match &document {
            geojson::GeoJson::Geometry(geometry) => geometries.push(geometry),
            geojson::GeoJson::Feature(feature) => geometries.extend(&feature.geometry),
            geojson::GeoJson::FeatureCollection(all) => {
                geometries.extend(all.features.iter().filter_map(|feature| feature.geometry.as_ref()));
            }
        }
        for geometry in geometries {
            collect(geometry, &mut polygons, &mut others)?;
        }
        polygons.retain(|polygon| polygon.bounding_rect().is_some());
        if polygons.is_empty() {
            others.dedup();
            let found = if others.is_empty() { "no geometry".to_owned() } else { others.join(", ") };
            return Err(AreaError::NoPolygon { found });
        }
        let polygons = MultiPolygon(polygons);
        if let Some(c) = polygons.coords_iter().find(|c| !(c.x.abs() <= 180.0 && c.y.abs() <= 90.0)) {
            return Err(AreaError::NotDegrees { x: c.x, y: c.y });
        }
        Ok(Self::of(polygons))
    }

    /// The area of these polygons.
    pub fn of(polygons: MultiPolygon<f64>) -> Self {
        // One rectangle for each polygon, so that both lists go together.
        let polygons = MultiPolygon(polygons.into_iter().filter(|p| p.bounding_rect().is_some()).collect());
        let rects = polygons.iter().filter_map(BoundingRect::bounding_rect).collect();
        Self { polygons, rects, name: None }
    }

    /// All of these areas together.
    pub fn union(areas: impl IntoIterator<Item = Self>) -> Self {
        Self::of(areas.into_iter().flat_map(|area| area.polygons).collect())
    }

    /// The same area under a name.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// What the area was asked for by, where that is no list of coordinates.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The area in a few words that tell it from others: its name, `W,S,E,N` for a box, or a digest of its corners.
    pub fn describe(&self) -> String {
        let bounds = |rect: &Rect<f64>| {
            let (min, max) = (rect.min(), rect.max());
            format!("{},{},{},{}", min.x, min.y, max.x, max.y)
        };
        match (&self.name, &self.rects[..]) {
            (Some(name), _) => name.clone(),
            (None, [rect]) if self.polygons.0 == [rect.to_polygon()] => bounds(rect),
            (None, rects) => {
                let within: Vec<String> = rects.iter().take(1).map(bounds).collect();
                let digest = crate::hex(&Sha256::digest(self.to_geojson().to_string())[..4]);
                format!("{} polygons, the first within {} (digest {digest})", rects.len(), within.join(""))
            }
        }
    }

    /// The polygons, WGS 84 degrees.
    pub fn polygons(&self) -> &MultiPolygon<f64> {
        &self.polygons
    }

    /// Whether a position lies inside or on the edge.
    pub fn contains(&self, lon_deg: f64, lat_deg: f64) -> bool {
        let point = geo::Point::new(lon_deg, lat_deg);
        // A département has hundreds of polygons with thousands of corners: the rectangles spare most of the work.
        let near = self.polygons.iter().zip(&self.rects).filter(|(_, rect)| rect.intersects(&point));
        // `contains` leaves the edge out; a picture on the edge of a bounding box belongs to it.
        near.into_iter().any(|(polygon, _)| polygon.contains(&point) || polygon.intersects(&point))
    }

    /// Whether the area has a part in common with a rectangle.
    pub fn meets(&self, rect: &Rect<f64>) -> bool {
        self.polygons.intersects(rect)
    }

    /// The bounding rectangle of each of its polygons.
    pub fn rects(&self) -> Vec<Rect<f64>> {
        self.rects.clone()
    }

    /// The area as a GeoJSON geometry.
    pub fn to_geojson(&self) -> serde_json::Value {
        let ring = |line: &LineString<f64>| -> Vec<[f64; 2]> { line.coords().map(|c| [c.x, c.y]).collect() };
        let polygons: Vec<Vec<Vec<[f64; 2]>>> = self
            .polygons
            .iter()
            .map(|p| std::iter::once(p.exterior()).chain(p.interiors()).map(ring).collect())
            .collect();
        serde_json::json!({"type": "MultiPolygon", "coordinates": polygons})
    }
}

/// Adds the polygons of `geometry` to `polygons`, and the names of other kinds to `others`.
fn collect(
    geometry: &geojson::Geometry,
    polygons: &mut Vec<Polygon<f64>>,
    others: &mut Vec<&'static str>,
) -> Result<(), AreaError> {
    match &geometry.value {
        geojson::GeometryValue::GeometryCollection { geometries } => {
            geometries.iter().try_for_each(|g| collect(g, polygons, others))?;
        }
        geojson::GeometryValue::Polygon { coordinates } => polygons.push(polygon(coordinates)?),
        geojson::GeometryValue::MultiPolygon { coordinates } => {
            for coordinates in coordinates {
                polygons.push(polygon(coordinates)?);
            }
        }
        value => others.push(value.type_name()),
    }
    Ok(())
}

/// A polygon of its rings. The conversion of the `geojson` crate does not expect positions of one number.
fn polygon(rings: &[Vec<geojson::Position>]) -> Result<Polygon<f64>, AreaError> {
    let coord = |position: &geojson::Position| match position.as_slice() {
        [x, y, ..] => Ok(Coord { x: *x, y: *y }),
        _ => Err(AreaError::NotGeoJson("a position of a polygon has fewer than two numbers".to_owned())),
    };
    let ring = |ring: &Vec<geojson::Position>| ring.iter().map(coord).collect::<Result<LineString<f64>, _>>();
    let mut rings = rings.iter().map(ring).collect::<Result<Vec<_>, _>>()?.into_iter();
    Ok(Polygon::new(rings.next().unwrap_or_else(|| LineString(Vec::new())), rings.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_holds_its_edges() {
        let area = Area::parse_bbox("7.0, 48.0,7.5,48.5").unwrap();
        assert!(area.contains(7.0, 48.25));
        assert!(area.contains(7.2, 48.2));
        assert!(!area.contains(7.6, 48.2));
    }

    #[test]
    fn a_box_over_the_antimeridian_is_two() {
        let area = Area::bbox(179.5, -17.0, -179.5, -16.0).unwrap();
        assert_eq!(area.rects().len(), 2);
        assert!(area.contains(179.9, -16.5) && area.contains(-179.9, -16.5));
        assert!(!area.contains(0.0, -16.5));
    }

    #[test]
    fn a_wrong_box_names_the_remedy() {
        for text in ["1,2,3", "a,b,c,d", "1,2,3,nan", "1,5,2,4", "200,0,201,1", ""] {
            let message = Area::parse_bbox(text).unwrap_err().to_string();
            assert!(message.contains("west,south,east,north"), "{message}");
        }
    }

    #[test]
    fn geojson_of_every_kind() {
        let ring = "[[[0,0],[1,0],[1,1],[0,1],[0,0]]]";
        let polygon = format!(r#"{{"type":"Polygon","coordinates":{ring}}}"#);
        let multi = format!(r#"{{"type":"MultiPolygon","coordinates":[{ring}]}}"#);
        let feature = format!(r#"{{"type":"Feature","properties":{{"a":1}},"geometry":{polygon}}}"#);
        let collection = format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#);
        let bom = format!("\u{feff}{polygon}");
        for text in [&polygon, &multi, &feature, &collection, &bom] {
            assert!(Area::from_geojson(text).unwrap().contains(0.5, 0.5), "{text}");
        }
    }

    #[test]
    fn areas_are_joined_and_named() {
        let both = Area::union([Area::parse_bbox("0,0,1,1").unwrap(), Area::parse_bbox("1,0,2,1").unwrap()]);
        assert!(both.contains(0.5, 0.5) && both.contains(1.5, 0.5) && both.contains(1.0, 0.5));
        assert!(!both.contains(2.5, 0.5));
        assert_eq!((both.rects().len(), both.name()), (2, None));
        assert!(both.describe().starts_with("2 polygons, the first within 0,0,1,1 (digest "), "{}", both.describe());
        assert_eq!(both.named("commune 1,2").describe(), "commune 1,2");
        assert_eq!(Area::parse_bbox("7.5, 48,8,48.5").unwrap().describe(), "7.5,48,8,48.5");
    }

    #[test]
    fn a_hole_is_outside() {
        let text =
            r#"{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[6,3],[6,6],[3,6],[3,3]]]}"#;
        let area = Area::from_geojson(text).unwrap();
        assert!(area.contains(1.0, 1.0) && !area.contains(4.0, 4.0));
    }

    #[test]
    fn bad_geojson_is_named() {
        assert!(Area::from_geojson("hello").unwrap_err().to_string().contains("not GeoJSON"));
        let half = r#"{"type":"Polygon","coordinates":[[[0,0],[1],[1,1],[0,0]]]}"#;
        assert!(Area::from_geojson(half).unwrap_err().to_string().contains("fewer than two numbers"));
        let none = r#"{"type":"Polygon","coordinates":[[]]}"#;
        assert!(Area::from_geojson(none).unwrap_err().to_string().contains("holds no polygon"));
        let line = r#"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#;
        assert!(Area::from_geojson(line).unwrap_err().to_string().contains("LineString"));
        let lambert = r#"{"type":"Polygon","coordinates":[[[651000,6860000],[652000,6860000],[652000,6861000],[651000,6860000]]]}"#;
        assert!(Area::from_geojson(lambert).unwrap_err().to_string().contains("EPSG:4326"));
    }
}
