//! What the options of a survey change, and that the file tells which were set.

use std::fs;

use arpent::picture::Picture;
use serde_json::json;

use super::support::command::{run, text};
use super::support::inventory::Inventory;
use super::support::server::{Reply, Server};
use super::support::shot::Shot;
use super::support::street;
use super::{STREET_BBOX, file, offer};

/// A survey with these options that ends well.
fn survey(options: &[&str]) -> Inventory {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signs.geojson");
    run(["survey", "-o", text(&path)].iter().chain(options)).with_code(0);
    let inventory = Inventory::read(&path);
    inventory.assert_counts_add_up();
    inventory
}

#[test]
fn max_pictures_takes_the_first() {
    let inventory = survey(&["--pictures", street::FOLDER, "--max-pictures", "3"]);
    assert_eq!((inventory.pictures("found"), inventory.pictures("beyond_max_pictures")), (3, 30));
    assert_eq!(inventory.survey()["settings"]["max_pictures"], 3);
    let first = ["pass-1/0001.jpg", "pass-1/0002.jpg", "pass-1/0003.jpg"];
    let shown = |feature: &serde_json::Value| feature["properties"]["panoramax"].as_str().unwrap().to_owned();
    assert!(!inventory.features().is_empty());
    assert!(inventory.features().iter().all(|f| shown(f).split(';').all(|id| first.contains(&id))));
}

#[test]
fn times_leave_out_what_was_taken_before_and_after() {
    let (since, until) = ("2026-05-12T08:14:05Z", "2026-05-12T08:14:07Z");
    let inventory = survey(&["--pictures", street::FOLDER, "--since", since, "--until", until]);
    assert_eq!(inventory.pictures("found"), 3, "a picture is taken every second");
    let settings = &inventory.survey()["settings"];
    assert_eq!((&settings["since"], &settings["until"]), (&since.into(), &until.into()));
}

#[test]
fn pictures_outside_of_the_polygon_are_dropped() {
    let pictures = street::first_pass(6);
    let triangle = triangle_round_the_first_three(&pictures);
    let folder = tempfile::tempdir().unwrap();
    let area = folder.path().join("area.geojson");
    let geometry = json!({"type": "Polygon", "coordinates": [triangle]});
    fs::write(&area, json!({"type": "Feature", "properties": {}, "geometry": geometry}).to_string()).unwrap();

    let server = offer(&pictures, |_| None);
    let inventory = survey(&["--area", text(&area), "--api", &server.url("/api")]);
    assert_eq!(inventory.pictures("found"), 3);
    let fetched = server.requests().iter().filter(|r| r.path().starts_with("/files/")).count();
    assert_eq!(fetched, 3, "what lies outside is not downloaded");
    assert_eq!(inventory.survey()["area"]["coordinates"][0][0], json!(triangle));
}

/// A right triangle whose longest side passes between the third and the fourth picture of the street, and whose
/// bounding box holds all six.
fn triangle_round_the_first_three(pictures: &[Picture]) -> [[f64; 2]; 4] {
    let (lon, lat) = (pictures[0].lon_deg, pictures[0].lat_deg);
    let corner = [lon - 0.0005, lat - 0.0003];
    [corner, [lon + 0.001, lat - 0.0003], [lon - 0.0005, lat + 0.0005], corner]
}

#[test]
fn confidence_leaves_out_what_scores_less() {
    let with_confidence = |p: &str| survey(&["--pictures", street::FOLDER, "--max-pictures", "6", "--confidence", p]);
    let found = |inventory: &Inventory| inventory.survey()["sightings"]["found"].as_u64().unwrap();
    let (low, high) = (with_confidence("0.3"), with_confidence("0.85"));
    assert!(0 < found(&high) && found(&high) < found(&low), "{} and {}", found(&high), found(&low));
    assert_eq!(low.survey()["settings"]["confidence"], 0.3);
    assert_eq!(high.survey()["settings"]["confidence"], 0.85);
}

#[test]
fn files_of_a_folder_that_cannot_be_used_cost_themselves_only() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    let whole = file("pass-1/0003.jpg");
    put("cut.jpg", whole[..whole.len() / 2].to_vec());
    put("sound.jpg", whole);
    put("nowhere.jpg", Shot::bare().bytes());
    put("words.jpg", b"no picture".to_vec());
    let output = tempfile::tempdir().unwrap();
    let path = output.path().join("signs.geojson");
    run(["survey", "--pictures", text(folder.path()), "-o", text(&path)]).with_code(3);

    let inventory = Inventory::read(&path);
    inventory.assert_counts_add_up();
    let failed = [
        ("cut.jpg", "picture file cut off"),
        ("nowhere.jpg", "no position in its EXIF"),
        ("words.jpg", "not a JPEG"),
    ];
    assert_eq!(inventory.failed(), failed);
    assert_eq!((inventory.pictures("found"), inventory.pictures("done")), (4, 1));
    assert!(inventory.features().iter().all(|f| f["properties"]["panoramax"] == "sound.jpg"));
}

#[test]
fn where_no_picture_is_wanted_the_inventory_is_empty() {
    let inventory = survey(&["--pictures", street::FOLDER, "--since", "2100-01-01"]);
    assert_eq!((inventory.pictures("found"), inventory.features().len()), (0, 0));
    assert_eq!(inventory.survey()["complete"], true);
}

#[test]
fn a_log_tells_what_happened_when() {
    let server = offer(&street::first_pass(3), |id| (id == "pass-1/0002.jpg").then(|| Reply::status(404)));
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("signs.gpkg"), folder.path().join("arpent.log"));
    let api = server.url("/api");
    let options = ["--bbox", STREET_BBOX, "--api", &api, "--token", "secret", "--log", text(&log)];
    let arguments =
        [&["survey", "-o", text(&path), "-vv", "--rate", "200", "--connections", "1"], &options[..]].concat();
    let told = run(arguments).with_code(3).err;
    assert_eq!(server.most_at_once(), 1);
    let logged = fs::read_to_string(&log).unwrap();
    let said = ["arpent 0", " begins: survey ", "warning: pass-1/0002.jpg: HTTP status 404", "3 pictures to look at"];
    for line in said.iter().chain(&["pass-1/0001.jpg: ", "  1 × HTTP status 404", "written to "]) {
        assert!(logged.contains(line), "'{line}' is missing in:\n{logged}");
    }
    assert!(!logged.contains("secret"), "{logged}");
    assert!(logged.lines().all(|line| line[..20].parse::<jiff::Timestamp>().is_ok()), "{logged}");
    assert_eq!(told.matches("3 pictures to look at").count(), 1, "what is told is not logged there again");
    assert!(told.contains("pass-1/0001.jpg: "), "{told}");
}

#[test]
fn the_small_copies_are_another_survey() {
    let pictures = street::first_pass(2);
    let mut listed: serde_json::Value = serde_json::from_str(&street::search_answer(&pictures)).unwrap();
    listed["features"][0]["assets"]["sd"] = json!({"href": "/small/pass-1/0001.jpg"});
    let listed = listed.to_string();
    let server = Server::start(move |request| match request.path().split_once("/pass-1/") {
        Some((_, name)) => Reply::jpeg(file(&format!("pass-1/{name}"))),
        None => Reply::json(listed.clone()),
    });
    let folder = tempfile::tempdir().unwrap();
    let (api, path) = (server.url("/api"), folder.path().join("signs.geojson"));
    let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "-o", text(&path)];
    run(arguments.iter().chain(&["--quality", "sd"])).with_code(0);
    let asked: Vec<String> =
        server.requests().into_iter().map(|r| r.target).filter(|t| t.contains("pass-1")).collect();
    assert!(asked.contains(&"/small/pass-1/0001.jpg".to_owned()), "{asked:?}");
    assert!(asked.contains(&"/files/pass-1/0002.jpg".to_owned()), "where there is none the other one is taken");
    assert_eq!(Inventory::read(&path).survey()["settings"]["quality"], "sd");
    run(arguments).fails(1, &["  quality: sd in the file, not set now"]);
}
