//! A true Panoramax server, started and filled by `tests/panoramax.sh`, which also runs these tests.
//!
//! They are ignored otherwise. `ARPENT_TEST_PANORAMAX` gives the root of the API, `ARPENT_TEST_TOKEN` a token that may
//! write, `ARPENT_SHARED` the folder with the
//! real sequences that were loaded, `ARPENT_TEST_PICTURES` the folder that `write_pictures` fills.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use arpent::area::Area;
use arpent::picture::{Camera, Crop, HeadingSource, Picture};
use arpent::source::panoramax::Settings;
use arpent::source::{Folder, Listing, Panoramax, Query, Source};
use exif::Tag;
use support::command::{run, text};
use support::inventory::{Inventory, Thing, pairs};
use support::shot::{CROPPED, Shot};
use support::street;

/// Pictures that lie close together.
const CROWD: usize = 300;

/// A variable that `tests/panoramax.sh` sets.
fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/panoramax.sh, which sets it"))
}

/// The server, asked for at most `search_limit` pictures at once.
fn server(search_limit: u32) -> Panoramax {
    let settings = Settings { search_limit, ..Settings::default() };
    Panoramax::with_settings(&given("ARPENT_TEST_PANORAMAX"), None, settings).unwrap()
}

fn shared(path: &str) -> PathBuf {
    PathBuf::from(given("ARPENT_SHARED")).join("data/panoramax").join(path)
}

fn list(source: &impl Source, bbox: &str) -> Listing {
    source.list(&Query { area: Some(Area::parse_bbox(bbox).unwrap()), ..Query::default() }).unwrap()
}

const CROWD_BBOX: &str = "3.0,45.0,3.01,45.01";
const LONE_BBOX: &str = "3.1,45.0,3.11,45.01";
const ODD_BBOX: &str = "3.2,45.0,3.21,45.01";
const STRASBOURG_BBOX: &str = "7.74,48.58,7.76,48.60";
const STREET_BBOX: &str = "7.709,48.600,7.713,48.603";
const TOULOUSE_BBOX: &str = "1.45,43.61,1.46,43.62";

/// Twenty columns of pictures on a grid whose lines are those where boxes are halved; the last fifty are where
/// one of the others is.
fn crowd() -> impl Iterator<Item = (String, Shot)> {
    (0..CROWD).map(|i| {
        let (column, row) = if i < CROWD - 50 { (i % 20, i / 20) } else { (10, 10) };
        let (lon, lat) = (3.0 + column as f64 * 0.0005, 45.0 + row as f64 * 0.0005);
        let shot = Shot::at(lon, lat, i as u32).heading(1.0 + i as f64).grey((i % 256) as u8).size(64, 48);
        (format!("{i:03}.jpg"), shot)
    })
}

fn cropped() -> Shot {
    Shot::at(3.205, 45.005, 0).size(4000, 1000).heading(200.25).gpano(&CROPPED)
}

fn perspective() -> Shot {
    Shot::at(3.2055, 45.005, 10)
        .size(400, 300)
        .heading(33.0)
        .ascii(Tag::Make, "Nikon")
        .ascii(Tag::Model, "Unheard of")
        .focal_length_35mm(18)
        .rationals(Tag::GPSHPositioningError, &[(49, 10)])
        .ascii(Tag::Artist, "Ada")
}

#[test]
#[ignore = "writes the pictures that tests/panoramax.sh loads"]
fn write_pictures() {
    let root = PathBuf::from(given("ARPENT_TEST_PICTURES"));
    let write = |folder: &str, name: &str, shot: &Shot| {
        fs::create_dir_all(root.join(folder)).unwrap();
        fs::write(root.join(folder).join(name), shot.bytes()).unwrap();
    };
    crowd().for_each(|(name, shot)| write("crowd", &name, &shot));
    write("lone", "lone.jpg", &Shot::at(3.105, 45.005, 0));
    write("odd", "cropped.jpg", &cropped());
    write("odd", "perspective.jpg", &perspective());
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn everything_in_a_crowd_is_listed_once() {
    // 60 is more than the 51 at one place, so that splitting alone finds everything; 40 is less.
    for limit in [40, 60, Settings::default().search_limit] {
        let listing = list(&server(limit), CROWD_BBOX);
        let ids: BTreeSet<_> = listing.pictures.iter().map(|p| &p.id).collect();
        assert_eq!((listing.pictures.len(), ids.len()), (CROWD, CROWD), "limit {limit}");
        assert_eq!(listing.unusable, [], "limit {limit}");
        let ranks: Vec<_> = listing.pictures.iter().map(|p| p.rank.unwrap()).collect();
        assert!(ranks.is_sorted(), "limit {limit}");
    }
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn times_narrow_the_search() {
    let at = |s: &str| Some(s.parse().unwrap());
    let area = Some(Area::parse_bbox(CROWD_BBOX).unwrap());
    let query =
        Query { area, since: at("2024-05-06T08:01:00Z"), until: at("2024-05-06T08:01:59Z"), ..Query::default() };
    assert_eq!(server(50).list(&query).unwrap().pictures.len(), 60);
    let since = Query { until: None, ..query.clone() };
    assert_eq!(server(50).list(&since).unwrap().pictures.len(), CROWD - 60);
    let until = Query { since: None, ..query };
    assert_eq!(server(50).list(&until).unwrap().pictures.len(), 120);
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn a_folder_and_the_server_tell_the_same() {
    let from_server = list(&server(1000), STRASBOURG_BBOX);
    let from_folder = Folder::open(shared("strasbourg_3")).unwrap().list(&Query::default()).unwrap();
    assert_eq!((from_server.pictures.len(), from_folder.pictures.len()), (4, 4));
    for (served, filed) in from_server.pictures.iter().zip(&from_folder.pictures) {
        assert!((served.lon_deg - filed.lon_deg).abs() < 1e-6 && (served.lat_deg - filed.lat_deg).abs() < 1e-6);
        assert_eq!(served.pose, filed.pose);
        assert_eq!(served.camera, filed.camera);
        assert_eq!(served.size_bytes, filed.size_bytes);
        assert!(served.taken_at.is_some() && filed.taken_at.is_some());
    }
    let headings: Vec<_> = from_server.pictures.iter().map(|p| p.pose.heading_deg).collect();
    assert_eq!(headings, [340.57, 340.56, 342.37, 356.47]);
    assert!(from_server.pictures.iter().all(|p| p.pose.heading_source == HeadingSource::Measured));
    assert!(from_server.pictures.iter().all(|p| p.camera.is_equirectangular()));
    assert!(from_server.pictures.iter().all(|p| p.license.as_deref() == Some("CC-BY-SA-4.0")));
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn pictures_are_fetched_whole() {
    let server = server(1000);
    let served = list(&server, STRASBOURG_BBOX).pictures.remove(1);
    assert!(server.fetch(&served).unwrap() == fs::read(shared("strasbourg_3/stra_3_2.jpg")).unwrap());
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn headings_without_a_compass_are_from_travel() {
    let listing = list(&server(1000), TOULOUSE_BBOX);
    assert_eq!(listing.pictures.len(), 4);
    assert!(listing.pictures.iter().all(|p| p.pose.heading_source == HeadingSource::Travel));
    assert!(listing.pictures.iter().all(|p| p.camera == Camera::Equirectangular { crop: None }));
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn a_lone_picture_has_no_heading() {
    let picture = list(&server(1000), LONE_BBOX).pictures.remove(0);
    assert_eq!(picture.pose, HeadingSource::Unknown.pose(0.0));
    assert_eq!(picture.camera, Camera::Perspective { long_side_fov_deg: None });
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn crop_field_of_view_and_accuracy_come_through() {
    let pictures = list(&server(1000), ODD_BBOX).pictures;
    let [panorama, flat]: [Picture; 2] = pictures.try_into().unwrap();
    let crop = Crop { full_width: 4000.0, full_height: 2000.0, left: 0.0, top: 600.0, width: 4000.0, height: 1000.0 };
    assert_eq!(panorama.camera, Camera::Equirectangular { crop: Some(crop) });
    assert_eq!(panorama.pose, HeadingSource::Measured.pose(200.25));
    assert_eq!(flat.camera, Camera::Perspective { long_side_fov_deg: Some(90.0) });
    assert!((flat.position_sd_m - 2.0).abs() < 0.01, "{}", flat.position_sd_m);
    assert_eq!(flat.producer.as_deref(), Some("Default account"));
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn a_wrong_root_is_named_with_its_remedy() {
    let area = Some(Area::parse_bbox(LONE_BBOX).unwrap());
    let root = given("ARPENT_TEST_PANORAMAX");
    for wrong in [format!("{root}/nothing"), root.replace("/api", "/static")] {
        let source = Panoramax::new(&wrong, None).unwrap();
        let message = source.list(&Query { area: area.clone(), ..Query::default() }).unwrap_err().to_string();
        assert!(message.contains("check --api"), "{message}");
    }
    let source = Panoramax::new(&root, Some("no-such-token".to_owned())).unwrap();
    let message = source.list(&Query { area, ..Query::default() }).unwrap_err().to_string();
    assert!(message.contains("check the token"), "{message}");
}

/// A survey by the command of what the server has in a box; it must end well.
fn survey(bbox: &str) -> Inventory {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signs.geojson");
    let root = given("ARPENT_TEST_PANORAMAX");
    run(["survey", "--bbox", bbox, "--api", &root, "-o", text(&path)]).with_code(0);
    let inventory = Inventory::read(&path);
    inventory.assert_counts_add_up();
    assert_eq!((inventory.pictures("failed"), &inventory.survey()["complete"]), (0, &true.into()));
    assert_eq!(inventory.survey()["source"], root);
    inventory
}

/// Every landmark rests on pictures that the server has in the box, and links to the server's page of the best one.
fn assert_rests_on_pictures_of(inventory: &Inventory, bbox: &str) {
    let listing = list(&server(1000), bbox);
    let served: BTreeSet<&str> = listing.pictures.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(inventory.pictures("found"), served.len() as u64);
    for feature in inventory.features() {
        let ids: Vec<&str> = feature["properties"]["panoramax"].as_str().unwrap().split(';').collect();
        assert!(ids.iter().all(|id| served.contains(id)), "{ids:?} are not among {served:?}");
        let page = format!("#focus=pic&pic={}", ids[0]);
        assert!(feature["properties"]["picture_url"].as_str().unwrap().ends_with(&page), "{feature}");
    }
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn the_yield_sign_of_strasbourg_is_one_landmark_at_its_place() {
    let inventory = survey(STRASBOURG_BBOX);
    assert_rests_on_pictures_of(&inventory, STRASBOURG_BBOX);
    let sign =
        Thing { id: String::new(), class: "AB3a".to_owned(), family: None, lon_deg: 7.750049, lat_deg: 48.591367 };
    // A second one of the class a few metres off would be the same sign again.
    let near: Vec<Thing> = inventory.things().into_iter().filter(|t| t.distance_m(&sign) <= 10.0).collect();
    let same: Vec<&Thing> = near.iter().filter(|t| t.class == sign.class).collect();
    let [landmark] = same[..] else { panic!("{near:#?}") };
    assert!(landmark.distance_m(&sign) <= 3.0, "{} m off", landmark.distance_m(&sign));
    assert_eq!(inventory.survey()["licenses"]["CC-BY-SA-4.0"], 4);
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn signs_are_found_where_no_compass_was() {
    let inventory = survey(TOULOUSE_BBOX);
    assert_rests_on_pictures_of(&inventory, TOULOUSE_BBOX);
    assert!(!inventory.features().is_empty());
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn every_picture_of_a_crowd_is_surveyed() {
    let inventory = survey(CROWD_BBOX);
    assert_eq!(inventory.pictures("found"), CROWD as u64);
    assert_eq!(inventory.pictures("done") + inventory.pictures("empty"), CROWD as u64);
    assert_eq!(inventory.features(), [] as [serde_json::Value; 0], "grey pictures show no signs");
}

/// Writes the true boxes of the sample street to its pictures on the server, with `reqwest` as any client would.
fn annotate_the_street() {
    let (root, token) = (given("ARPENT_TEST_PANORAMAX"), given("ARPENT_TEST_TOKEN"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::new();
    let listed = list(&server(1000), STREET_BBOX).pictures;
    for local in street::first_pass(19) {
        let picture = listed.iter().find(|p| p.taken_at == local.taken_at).expect("the street is loaded");
        for annotation in street::annotations(&local.id) {
            let corner =
                |which: usize, axis: usize| annotation["shape"]["coordinates"][0][which][axis].as_f64().unwrap();
            let shape = [corner(0, 0), corner(0, 1), corner(2, 0), corner(2, 1)].map(|side| side as i64);
            let body = serde_json::json!({"shape": shape, "semantics": annotation["semantics"]});
            let request = client.post(format!("{}/pictures/{}/annotations", root.trim_end_matches('/'), picture.id));
            let request = request.bearer_auth(&token).header("Content-Type", "application/json");
            let answer = request.body(body.to_string()).send().unwrap();
            assert!(answer.status().is_success(), "{} {}", answer.status(), answer.text().unwrap_or_default());
        }
    }
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn annotations_on_the_server_are_an_inventory() {
    annotate_the_street();
    let folder = tempfile::tempdir().unwrap();
    let (root, path) = (given("ARPENT_TEST_PANORAMAX"), folder.path().join("signs.geojson"));
    let arguments =
        ["survey", "--bbox", STREET_BBOX, "--api", &root, "--detections", "annotations", "-o", text(&path)];
    run(arguments).with_code(0);
    let inventory = Inventory::read(&path);
    inventory.assert_counts_add_up();
    let signs: Vec<Thing> = street::signs().into_iter().filter(|s| s.seen >= 3).map(|s| s.thing).collect();
    let found = inventory.things();
    let near = pairs(&signs, &found, 4.0);
    let read = near.iter().filter(|(sign, landmark)| signs[*sign].class == found[*landmark].class).count();
    eprintln!("{} of {} signs, {read} by their code, from {} landmarks", near.len(), signs.len(), found.len());
    assert!(near.len() >= 8 && near.len() * 4 >= found.len() * 3 && read * 10 >= near.len() * 9, "{found:#?}");
}

#[test]
#[ignore = "needs a server: run tests/panoramax.sh"]
fn what_is_published_comes_back_once_and_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (root, token) = (given("ARPENT_TEST_PANORAMAX"), given("ARPENT_TEST_TOKEN"));
    let at = |name: &str| folder.path().join(name);
    let survey = |name: &str, options: &[&str]| {
        let path = at(name);
        let arguments = ["survey", "--bbox", STRASBOURG_BBOX, "--api", &root, "-o", text(&path)];
        run(arguments.iter().chain(options)).with_code(0);
        Inventory::read(&path)
    };
    let publish = |options: &[&str]| {
        let path = at("signs.gpkg");
        let arguments = ["publish", "panoramax", text(&path), "--api", &root, "--rate", "100"];
        let ended = run(arguments.iter().chain(options)).with_code(0);
        eprintln!("{}{}", ended.out, ended.err);
        ended.out
    };
    let rows = |name: &str, select: &str| {
        let file = rusqlite::Connection::open(at(name)).unwrap();
        let mut select = file.prepare(select).unwrap();
        let pairs = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        pairs.collect::<Result<BTreeSet<(String, String)>, _>>().unwrap()
    };
    let signs = survey("signs.geojson", &[]);
    let send = ["--send", "--token", &token, "--min-probability", "0.5"];
    let written = publish(&send);
    assert!(written.lines().count() >= 4 && written.lines().all(|line| line.ends_with("  written")), "{written}");
    assert!(publish(&send).lines().all(|line| line.ends_with("  there already")));

    let told = survey("annotations.geojson", &["--detections", "annotations"]).things();
    let boxes = rows("signs.gpkg", "SELECT picture_id, picture_box FROM published");
    assert_eq!(rows("annotations.gpkg", "SELECT picture_id, picture_box FROM sightings"), boxes);
    let published = rows("signs.gpkg", "SELECT landmark, landmark FROM published");
    let mut found = signs.things();
    found.retain(|thing| published.contains(&(thing.id.clone(), thing.id.clone())));
    assert_eq!((told.len(), pairs(&found, &told, 0.5).len()), (found.len(), found.len()), "{found:#?} {told:#?}");
    assert!(found.iter().all(|thing| told.iter().any(|other| other.class == thing.class)));

    publish(&["--undo", "--send", "--token", &token]);
    assert!(survey("after.geojson", &["--detections", "annotations"]).features().is_empty());
    assert!(rows("signs.gpkg", "SELECT picture_id, picture_box FROM published").is_empty());
}
