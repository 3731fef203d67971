//! The whole sample street against its truth.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::Value;

use super::support::command::{Ended, names_in, run, text};
use super::support::inventory::{Inventory, Thing, pairs};
use super::support::street;

const COLUMNS: [&str; 29] = [
    "id",
    "find",
    "class",
    "value",
    "label",
    "class_confidence",
    "probability",
    "method",
    "accuracy_m",
    "ellipse_major_m",
    "ellipse_minor_m",
    "ellipse_azimuth_deg",
    "direction_deg",
    "direction_sd_deg",
    "support",
    "installation",
    "surface_m2",
    "surface_sd_m2",
    "sightings",
    "sequences",
    "first_seen",
    "last_seen",
    "panoramax",
    "picture_url",
    "picture_box",
    "license",
    "producer",
    "osm_tags",
    "reviewed",
];

/// A survey of the whole street.
struct Survey {
    ended: Ended,
    written: String,
    inventory: Inventory,
    left: Vec<String>,
}

fn survey(jobs: &str) -> Survey {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signs.geojson");
    let ended = run(["survey", "--pictures", street::FOLDER, "--jobs", jobs, "-o", text(&path)]).with_code(0);
    Survey {
        ended,
        written: fs::read_to_string(&path).unwrap(),
        inventory: Inventory::read(&path),
        left: names_in(folder.path()),
    }
}

/// One survey for all tests that only look at it.
fn surveyed() -> &'static Survey {
    static SURVEY: OnceLock<Survey> = OnceLock::new();
    SURVEY.get_or_init(|| survey("2"))
}

#[test]
fn nine_of_ten_signs_are_found_within_three_metres() {
    let signs: Vec<Thing> = street::signs().into_iter().filter(|s| s.seen >= 2).map(|s| s.thing).collect();
    let found = surveyed().inventory.things();
    let matched: BTreeSet<usize> = pairs(&signs, &found, 3.0).iter().map(|(sign, _)| *sign).collect();
    let missed: Vec<&Thing> = (0..signs.len()).filter(|s| !matched.contains(s)).map(|s| &signs[s]).collect();
    assert_eq!(signs.len(), 17);
    assert!(matched.len() * 10 >= signs.len() * 9, "missed: {missed:#?}");
}

#[test]
fn no_sign_is_found_twice() {
    let signs: Vec<Thing> = street::signs().into_iter().map(|s| s.thing).collect();
    let found = surveyed().inventory.things();
    let taken: BTreeSet<usize> = pairs(&signs, &found, 3.0).iter().map(|(_, landmark)| *landmark).collect();
    for (_, left) in found.iter().enumerate().filter(|(landmark, _)| !taken.contains(landmark)) {
        let again = signs.iter().find(|sign| sign.is_called_by(left) && sign.distance_m(left) <= 3.0);
        assert_eq!(again, None, "found a second time: {left:?}");
    }
}

/// A wrong code is worse than none.
#[test]
fn codes_are_read() {
    let signs: Vec<Thing> = street::signs().into_iter().filter(|s| s.seen >= 2).map(|s| s.thing).collect();
    let found = surveyed().inventory.things();
    let near: Vec<(usize, usize)> = pairs(&signs, &found, 3.0);
    let read = near.iter().filter(|(sign, landmark)| signs[*sign].class == found[*landmark].class).count();
    assert!(read * 10 >= near.len() * 8, "{read} of {}: {found:#?}", near.len());
    let limits = surveyed().inventory.features().iter().filter(|f| f["properties"]["class"] == "B14");
    let said: Vec<&Value> = limits.map(|f| &f["properties"]["value"]).collect();
    assert!(said.iter().all(|value| *value == "30" || *value == "50"), "{said:?}");
    assert!(!said.is_empty());
}

#[test]
fn every_landmark_has_the_columns_of_an_inventory() {
    let features = surveyed().inventory.features();
    assert!(!features.is_empty());
    for feature in features {
        let properties = feature["properties"].as_object().unwrap();
        let names: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(COLUMNS));
        assert_sound(&feature["properties"]);
    }
    let ids: BTreeSet<&str> = features.iter().map(|f| f["properties"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), features.len(), "ids tell landmarks apart");
}

/// Signs face the way they do, and two on one pole share it.
#[test]
fn directions_and_supports_are_told() {
    let signs = street::signs();
    let things: Vec<Thing> = signs.iter().map(|sign| sign.thing.clone()).collect();
    let survey = surveyed();
    let near = pairs(&things, &survey.inventory.things(), 3.0);
    assert!(near.len() >= 15);
    let told = |landmark: usize, name: &str| survey.inventory.features()[landmark]["properties"][name].clone();
    for (sign, landmark) in &near {
        let (direction, sd) = (told(*landmark, "direction_deg"), told(*landmark, "direction_sd_deg"));
        let (direction, sd) = (direction.as_f64().expect("a direction"), sd.as_f64().expect("its error"));
        let off = ((direction - signs[*sign].facing_deg + 180.0).rem_euclid(360.0) - 180.0).abs();
        assert!(off <= 25.0 && off <= 2.5 * sd && sd <= 40.0, "{off}°, {sd}°: {:?}", things[*sign]);
    }
    for (a, first) in &near {
        for (b, second) in near.iter().filter(|(b, _)| b != a) {
            let (one, other) = (told(*first, "support"), told(*second, "support"));
            let shared = !one.is_null() && one == other;
            assert_eq!(shared, signs[*a].pole == signs[*b].pole, "{:?}, {:?}", things[*a], things[*b]);
        }
    }
}

/// Columns come in the specified order, for those who read the file with their eyes.
#[test]
fn columns_are_in_order() {
    let line = surveyed().written.lines().find(|line| line.contains("\"Point\"")).unwrap();
    let places: Vec<usize> = COLUMNS.iter().map(|c| line.find(&format!("\"{c}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{line}");
}

/// The values of a triangulated sign, or of one that a size or a direction places.
fn assert_sound(properties: &Value) {
    let number = |name: &str| properties[name].as_f64().unwrap_or_else(|| panic!("{name}: {properties}"));
    let text = |name: &str| properties[name].as_str().unwrap_or_else(|| panic!("{name}: {properties}"));
    assert_eq!((text("find"), text("id").len()), ("signs", 12));
    assert!(!text("label").is_empty());
    assert!((0.0..=1.0).contains(&number("class_confidence")) && (0.0..=1.0).contains(&number("probability")));
    assert!(["triangulated", "range", "bearing"].contains(&text("method")));
    assert_eq!(number("accuracy_m"), number("ellipse_major_m"));
    assert!(0.0 < number("ellipse_minor_m") && number("ellipse_minor_m") <= number("ellipse_major_m"));
    assert!((0.0..180.0).contains(&number("ellipse_azimuth_deg")));
    assert!(properties["direction_deg"].is_null() || (0.0..360.0).contains(&number("direction_deg")));
    let pictures: Vec<&str> = text("panoramax").split(';').collect();
    assert!(pictures.len() as f64 <= number("sightings") && (1.0..=2.0).contains(&number("sequences")));
    assert!(pictures.iter().all(|id| street::path(id).is_file()), "{pictures:?}");
    assert_eq!(text("picture_url"), format!("{}/{}", street::FOLDER, pictures[0]));
    let corners: Vec<i32> = text("picture_box").split(',').map(|corner| corner.parse().unwrap()).collect();
    assert!(matches!(corners[..], [x0, y0, x1, y1] if x0 < x1 && y0 < y1), "{corners:?}");
    let time = |name: &str| text(name).parse::<Timestamp>().unwrap();
    assert!(time("first_seen") <= time("last_seen"));
    assert!(text("first_seen").starts_with("2026-05-12T08:"));
    // Codes begin with a capital, families do not.
    let is_code = text("class").starts_with(char::is_uppercase);
    let tags = if is_code { format!("traffic_sign=FR:{}", text("class")) } else { String::new() };
    assert!(properties["osm_tags"].as_str().unwrap_or_default().starts_with(&tags));
}

#[test]
fn counts_add_up() {
    let inventory = &surveyed().inventory;
    inventory.assert_counts_add_up();
    let pictures = ["found", "failed", "beyond_max_pictures"].map(|name| inventory.pictures(name));
    assert_eq!(pictures, [33, 0, 0]);
    let survey = inventory.survey();
    assert_eq!(survey["licenses"]["CC0-1.0"], 33);
    assert_eq!((&survey["complete"], &survey["source"]), (&true.into(), &street::FOLDER.into()));
    assert_eq!(survey["models"][0]["sha256"].as_str().unwrap().len(), 64);
    let time = |name: &str| survey[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(time("started_at") <= time("finished_at"));
}

/// RFC 7946: a FeatureCollection of WGS 84 points, longitude first, no `crs`.
#[test]
fn the_file_is_geojson_of_today() {
    let inventory = &surveyed().inventory;
    assert_eq!(inventory.0["type"], "FeatureCollection");
    assert_eq!(inventory.0.get("crs"), None);
    for feature in inventory.features() {
        assert_eq!((&feature["type"], &feature["geometry"]["type"]), (&"Feature".into(), &"Point".into()));
        let coordinates: Vec<f64> =
            feature["geometry"]["coordinates"].as_array().unwrap().iter().map(|c| c.as_f64().unwrap()).collect();
        let [lon, lat] = coordinates[..] else { panic!("{coordinates:?}") };
        assert!((7.709..7.713).contains(&lon) && (48.600..48.603).contains(&lat), "{coordinates:?}");
        let decimals = |value: f64| value.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert!(decimals(lon) <= 7 && decimals(lat) <= 7, "{coordinates:?}");
    }
}

#[test]
fn what_was_found_is_told_on_standard_error_alone() {
    let Survey { ended, inventory, left, .. } = surveyed();
    assert_eq!(ended.out, "");
    let (landmarks, detections) = (inventory.features().len(), &inventory.survey()["sightings"]["found"]);
    for line in ["33 pictures to look at", &format!("{landmarks} landmarks from {detections} detections")] {
        assert!(ended.err.lines().any(|l| l == line), "'{line}' is missing in:\n{}", ended.err);
    }
    assert_eq!(left[..], ["signs.geojson", "signs.gpkg"], "nothing else is left in the folder");
}

#[test]
fn the_number_of_jobs_changes_no_byte() {
    assert_eq!(without_times(&survey("1").written), without_times(&surveyed().written));
}

/// The file without the times of the run.
pub(super) fn without_times(written: &str) -> String {
    let mut text = written.to_owned();
    for name in ["started_at", "finished_at"] {
        let start = text.find(&format!("\"{name}\":")).unwrap();
        let end = start + text[start..].find(',').unwrap();
        text.replace_range(start..end, "");
    }
    text
}
