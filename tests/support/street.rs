//! The sample street of `examples/`, as a folder and as a server would offer it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arpent::picture::{Camera, Picture};
use arpent::source::{Folder, Query, Source};
use serde_json::{Value, json};

use super::inventory::Thing;

pub const FOLDER: &str = "examples/street";

/// A sign of the street.
pub struct Sign {
    pub thing: Thing,
    /// In so many pictures it is seen well, at 20 pixels or more.
    pub seen: u64,
    /// The way it faces.
    pub facing_deg: f64,
    /// What it hangs on.
    pub pole: String,
}

/// The truth: codes as classes, and families as the detector names them.
pub fn signs() -> Vec<Sign> {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("truth.geojson")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let sign = |feature: &Value| {
        let mut thing = Thing::read(feature);
        let code = feature["properties"]["code"].as_str().unwrap().to_owned();
        thing.family = Some(std::mem::replace(&mut thing.class, code));
        let seen = |name: &str| feature["properties"][name].as_u64().unwrap();
        Sign {
            thing,
            seen: seen("seen_pass_1") + seen("seen_pass_2"),
            facing_deg: feature["properties"]["direction_deg"].as_f64().unwrap(),
            pole: feature["properties"]["pole"].as_str().unwrap().to_owned(),
        }
    };
    truth["features"].as_array().unwrap().iter().map(sign).collect()
}

/// The first pictures of the first pass, from 0001.jpg on.
pub fn first_pass(number: usize) -> Vec<Picture> {
    let mut pictures = Folder::open(FOLDER).unwrap().list(&Query::default()).unwrap().pictures;
    pictures.retain(|p| p.sequence == "pass-1");
    pictures.truncate(number);
    assert_eq!(pictures.len(), number);
    pictures
}

pub fn path(id: &str) -> PathBuf {
    Path::new(FOLDER).join(id)
}

/// The answer of a server's search that lists these pictures; `/files/ID` is where each is.
pub fn search_answer(pictures: &[Picture]) -> String {
    let items: Vec<Value> = pictures.iter().map(item).collect();
    json!({"type": "FeatureCollection", "features": items, "links": []}).to_string()
}

fn item(picture: &Picture) -> Value {
    let field_of_view = match picture.camera {
        Camera::Equirectangular { .. } => Some(360.0),
        Camera::Perspective { long_side_fov_deg } => long_side_fov_deg,
    };
    let heading_deg = picture.pose.heading_deg;
    json!({
        "type": "Feature", "id": picture.id, "collection": picture.sequence,
        "geometry": {"type": "Point", "coordinates": [picture.lon_deg, picture.lat_deg]},
        "properties": {
            "datetime": picture.taken_at.unwrap().to_string(),
            "license": "etalab-2.0", "geovisio:producer": "Ada",
            "geovisio:rank_in_collection": picture.rank.unwrap(),
            "view:azimuth": heading_deg.round() % 360.0,
            "exif": {"Exif.GPSInfo.GPSImgDirection": format!("{}/100", (heading_deg * 100.0).round())},
            "pers:interior_orientation": {"field_of_view": field_of_view}
        },
        "assets": {"hd": {"href": format!("/files/{}", picture.id)}},
        "links": []
    })
}

/// The codes of the signs of the street, with what stands on them, by their names.
fn codes() -> BTreeMap<String, String> {
    let truth: Value =
        serde_json::from_str(&std::fs::read_to_string("examples/street/truth.geojson").unwrap()).unwrap();
    let code = |feature: &Value| {
        let properties = &feature["properties"];
        let value = properties["value"].as_str().map_or_else(String::new, |value| format!("[{value}]"));
        (properties["id"].as_str().unwrap().to_owned(), format!("FR:{}{value}", properties["code"].as_str().unwrap()))
    };
    truth["features"].as_array().unwrap().iter().map(code).collect()
}

/// The true boxes of a picture as annotations with their codes, as a service would have written them.
pub fn annotations(picture: &str) -> Vec<Value> {
    let codes = codes();
    let boxes = std::fs::read_to_string("examples/street/boxes.csv").unwrap();
    let of_it = boxes.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>()).filter(|row| {
        let (is_front, is_seen) = (row[7] == "1", row[8] == "1");
        row[0] == picture && is_front && is_seen
    });
    let annotation = |row: Vec<&str>| {
        let side = |column: usize| row[column].parse::<f64>().unwrap().round();
        let [x0, y0, x1, y1] = [side(2), side(3), side(4), side(5)];
        let tag = format!("osm|traffic_sign={}", codes[row[1]]);
        json!({
            "id": "a", "shape": {"type": "Polygon", "coordinates": [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]]},
            "semantics": [
                {"key": "osm|traffic_sign", "value": codes[row[1]]},
                {"key": format!("detection_model[{tag}]"), "value": "Example-signs/1.2"},
                {"key": format!("detection_confidence[{tag}]"), "value": "0.8"},
                {"key": format!("classification_confidence[{tag}]"), "value": "0.95"}
            ]
        })
    };
    of_it.map(annotation).collect()
}
