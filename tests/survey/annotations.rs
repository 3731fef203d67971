//! Surveys of what the pictures carry already.

use serde_json::{Value, json};

use super::STREET_BBOX;
use super::file;
use super::support::command::{run, text};
use super::support::inventory::{Inventory, Thing, pairs};
use super::support::server::{Reply, Server};
use super::support::street;

/// The answer to a search for the first pictures of the street, all annotated, changed by `change`.
fn listing(number: usize, change: impl Fn(&mut Vec<Value>)) -> String {
    let mut listed: Value = serde_json::from_str(&street::search_answer(&street::first_pass(number))).unwrap();
    let features = listed["features"].as_array_mut().unwrap();
    for feature in features.iter_mut() {
        let id = feature["id"].as_str().unwrap().to_owned();
        let properties = &mut feature["properties"];
        properties["annotations"] = street::annotations(&id).into();
        properties["pers:interior_orientation"]["sensor_array_dimensions"] = json!([1920, 1080]);
    }
    change(features);
    listed.to_string()
}

fn serve(listed: String) -> Server {
    Server::start(move |request| match request.path().strip_prefix("/files/") {
        Some(id) => Reply::jpeg(file(id)),
        None => Reply::json(listed.clone()),
    })
}

fn survey(server: &Server, options: &[&str], code: i32) -> (Inventory, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (api, path) = (server.url("/api"), folder.path().join("signs.geojson"));
    let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "-o", text(&path)];
    run(arguments.iter().chain(options)).with_code(code);
    let inventory = Inventory::read(&path);
    inventory.assert_counts_add_up();
    (inventory, folder)
}

#[test]
fn annotations_alone_make_the_inventory_without_a_download() {
    let server = serve(listing(19, |_| {}));
    let (inventory, folder) = survey(&server, &["--detections", "annotations"], 0);
    assert!(server.requests().iter().all(|request| request.path() == "/api/search"));

    let signs: Vec<Thing> = street::signs().into_iter().filter(|s| s.seen >= 3).map(|s| s.thing).collect();
    let found = inventory.things();
    let near = pairs(&signs, &found, 4.0);
    let read = near.iter().filter(|(sign, landmark)| signs[*sign].class == found[*landmark].class).count();
    eprintln!("{} of {} signs, {read} by their code, from {} landmarks", near.len(), signs.len(), found.len());
    assert!(near.len() * 4 >= found.len() * 3 && near.len() >= 8, "{found:#?}");
    assert!(read * 10 >= near.len() * 9, "{found:#?}");

    let survey = inventory.survey();
    assert_eq!(survey["settings"]["detections"], "annotations");
    assert_eq!(
        survey["models"],
        json!([{
            "name": "Example-signs", "version": "1.2", "sha256": "not stated", "license": null
        }])
    );
    let told = run(["status", text(&folder.path().join("signs.gpkg"))]).with_code(0).out;
    assert!(told.contains("detections   annotations\n") && told.contains("  to do      0\n"), "{told}");
}

#[test]
fn what_two_annotations_show_counts_once() {
    let marked_as_well = |features: &mut Vec<Value>| {
        for feature in features {
            let annotations = feature["properties"]["annotations"].as_array_mut().unwrap();
            let mut marks = annotations.clone();
            for mark in &mut marks {
                mark["semantics"] = json!([
                    {"key": "osm|traffic_sign", "value": "yes"},
                    {"key": "detection_model[osm|traffic_sign=yes]", "value": "SGBlur-yolo11n/0.1.0"},
                    {"key": "detection_confidence[osm|traffic_sign=yes]", "value": "0.99"}
                ]);
            }
            annotations.splice(..0, marks);
        }
    };
    let alone = survey(&serve(listing(9, |_| {})), &["--detections", "annotations"], 0).0;
    let marked = survey(&serve(listing(9, marked_as_well)), &["--detections", "annotations"], 0).0;
    assert_eq!(marked.things(), alone.things());
    assert_eq!(marked.survey()["sightings"], alone.survey()["sightings"]);
}

#[test]
fn what_the_detector_sees_as_well_counts_once() {
    let server = serve(listing(5, |_| {}));
    let found = |inventory: &Inventory| inventory.survey()["sightings"]["found"].as_u64().unwrap();
    let (alone, _) = survey(&server, &["--detections", "annotations"], 0);
    let (detector, _) = survey(&server, &[], 0);
    let (both, folder) = survey(&server, &["--detections", "both"], 0);
    let most = found(&alone).max(found(&detector));
    assert!((most..found(&alone) + found(&detector)).contains(&found(&both)));
    let kept = rusqlite::Connection::open(folder.path().join("signs.gpkg")).unwrap();
    let count = |sql: &str| kept.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM sightings"), found(&alone) + found(&detector), "both are kept");
    assert_eq!(count("SELECT count(*) FROM sightings WHERE origin = 'Example-signs/1.2'"), found(&alone));
}

#[test]
fn annotations_that_change_are_taken_up_and_odd_ones_left_out() {
    let odd = |features: &mut Vec<Value>| {
        let size = "/properties/pers:interior_orientation/sensor_array_dimensions";
        *features[0].pointer_mut(size).unwrap() = Value::Null;
        let annotations = features[1]["properties"]["annotations"].as_array_mut().unwrap();
        let beyond = json!({"coordinates": [[[1900, 10], [1990, 10], [1990, 90], [1900, 90], [1900, 10]]]});
        annotations.push(json!({"shape": beyond, "semantics": [{"key": "osm|traffic_sign", "value": "yes"}]}));
        annotations.push(json!({"shape": {"coordinates": []}, "semantics": [{}]}));
        let sound = json!({"coordinates": [[[10, 10], [90, 10], [90, 90], [10, 90], [10, 10]]]});
        annotations.push(json!({"shape": sound, "semantics": [{"key": "osm|amenity", "value": "bench"}]}));
        features.truncate(3);
    };
    let first = listing(3, odd);
    let answers = std::sync::Arc::new(std::sync::Mutex::new(first));
    let now = answers.clone();
    let server = Server::start(move |_| Reply::json(now.lock().unwrap().clone()));
    let folder = tempfile::tempdir().unwrap();
    let (api, path) = (server.url("/api"), folder.path().join("signs.geojson"));
    let arguments =
        ["survey", "--bbox", STREET_BBOX, "--api", &api, "--detections", "annotations", "-o", text(&path)];
    run(arguments).with_code(3);
    let inventory = Inventory::read(&path);
    assert_eq!(inventory.failed(), [("pass-1/0001.jpg", "annotated, but the size of its image is not stated")]);
    let found = |inventory: &Inventory| inventory.survey()["sightings"]["found"].as_u64().unwrap();
    let sound = (street::annotations("pass-1/0002.jpg").len() + street::annotations("pass-1/0003.jpg").len()) as u64;
    assert_eq!(found(&inventory), sound);

    *answers.lock().unwrap() = listing(3, |features| features[1]["properties"]["annotations"] = json!([]));
    run(arguments).with_code(0);
    let inventory = Inventory::read(&path);
    let sound = (street::annotations("pass-1/0001.jpg").len() + street::annotations("pass-1/0003.jpg").len()) as u64;
    assert_eq!((found(&inventory), inventory.pictures("empty")), (sound, 1));
}
