//! The file of a survey: what a further run does, and what others see in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arpent::picture::Picture;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use super::STREET_BBOX;
use super::file;
use super::street::without_times;
use super::support::command::{Ended, names_in, run, text};
use super::support::inventory::Inventory;
use super::support::server::{Reply, Server};
use super::support::street;

/// What a server offers just now.
struct Offer {
    /// The answer to a search.
    listed: String,
    /// The pictures whose files it cannot give.
    broken: Vec<&'static str>,
}

/// A server whose offer changes, and a folder for what is made of it.
struct Place {
    server: Server,
    offer: Arc<Mutex<Offer>>,
    folder: TempDir,
}

impl Place {
    fn new(pictures: &[Picture]) -> Self {
        let offer = Offer { listed: street::search_answer(pictures), broken: Vec::new() };
        let offer = Arc::new(Mutex::new(offer));
        let now = Arc::clone(&offer);
        let server = Server::start(move |request| {
            let now = now.lock().unwrap();
            match request.path().split_once("/files/") {
                Some((_, id)) if now.broken.contains(&id) => Reply::status(404),
                Some((_, id)) => Reply::jpeg(file(id)),
                None => Reply::json(now.listed.clone()),
            }
        });
        Self { server, offer, folder: tempfile::tempdir().unwrap() }
    }

    fn change(&self, change: impl FnOnce(&mut Offer)) {
        change(&mut self.offer.lock().unwrap());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn survey(&self, output: &str, options: &[&str]) -> Ended {
        let (api, output) = (self.server.url("/api"), self.path(output));
        let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "-o", text(&output)];
        run(arguments.iter().chain(options))
    }

    /// The files that were asked for so far.
    fn fetched(&self) -> Vec<String> {
        let requests = self.server.requests();
        requests.iter().filter_map(|r| r.path().split_once("/files/").map(|(_, id)| id.to_owned())).collect()
    }

    fn written(&self, output: &str) -> String {
        without_times(&fs::read_to_string(self.path(output)).unwrap())
    }

    /// What a run that begins anew writes.
    fn undisturbed(&self) -> String {
        self.survey("anew.geojson", &["--again"]).with_code(0);
        self.written("anew.geojson")
    }

    fn connection(&self, name: &str) -> Connection {
        Connection::open_with_flags(self.path(name), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    fn count(&self, name: &str, sql: &str) -> i64 {
        self.connection(name).query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn status(&self, name: &str) -> String {
        run(["status", text(&self.path(name))]).with_code(0).out
    }
}

/// As where a disk is missing, or a server has lost its index.
#[test]
fn a_source_that_has_nothing_any_more_changes_nothing() {
    let place = Place::new(&street::first_pass(3));
    place.survey("signs.geojson", &[]).with_code(0);
    let before = place.written("signs.geojson");
    let counted = place.count("signs.gpkg", "SELECT count(*) FROM pictures WHERE listed");
    place.change(|offer| offer.listed = street::search_answer(&[]));
    let told = place.survey("signs.geojson", &[]).with_code(1).err;
    assert!(told.contains("no picture is listed, where the survey has 3: nothing is changed"), "{told}");
    assert_eq!(place.written("signs.geojson"), before);
    assert_eq!(place.count("signs.gpkg", "SELECT count(*) FROM pictures WHERE listed"), counted);
}

#[test]
fn failures_are_tried_again_and_nothing_else() {
    let place = Place::new(&street::first_pass(8));
    place.change(|offer| offer.broken = vec!["pass-1/0002.jpg", "pass-1/0005.jpg"]);
    place.survey("signs.geojson", &[]).with_code(3);
    assert_eq!(place.fetched().len(), 8);
    let status = place.status("signs.geojson");
    assert!(status.contains("  failed     2\n             2 × HTTP status 404\n"), "{status}");

    place.change(|offer| offer.broken = Vec::new());
    let told = place.survey("signs.geojson", &[]).with_code(0).err;
    assert!(told.contains("6 pictures looked at before\n2 pictures to look at\n"), "{told}");
    let mut again = place.fetched().split_off(8);
    again.sort();
    assert_eq!(again, ["pass-1/0002.jpg", "pass-1/0005.jpg"]);
    let resumed = Inventory::read(&place.path("signs.geojson"));
    resumed.assert_counts_add_up();
    let undisturbed = place.undisturbed();
    // A landmark keeps the id that it had when fewer pictures were known.
    let without_ids = |written: &str| -> Vec<String> {
        // A pole is named after one of its landmarks.
        let without = |line: String, key: &str| match line.split_once(&format!("\"{key}\":\"")) {
            Some((head, tail)) => format!("{head}{}", &tail[12..]),
            None => line,
        };
        written.lines().map(|line| without(without(line.to_owned(), "id"), "support")).collect()
    };
    assert_eq!(without_ids(&place.written("signs.geojson")), without_ids(&undisturbed));
}

#[test]
fn a_run_with_nothing_to_do_changes_nothing() {
    let place = Place::new(&street::first_pass(6));
    place.survey("signs.geojson", &[]).with_code(0);
    let first = place.written("signs.geojson");
    let told = place.survey("signs.geojson", &[]).with_code(0).err;
    assert!(told.contains("0 pictures to look at"), "{told}");
    assert_eq!(place.fetched().len(), 6);
    assert_eq!(place.written("signs.geojson"), first);
    assert_eq!(names_in(place.folder.path()), ["signs.geojson", "signs.gpkg"]);
}

#[test]
fn another_language_needs_no_picture() {
    let place = Place::new(&street::first_pass(6));
    place.survey("signs.geojson", &[]).with_code(0);
    let labels = || -> Vec<String> {
        let inventory = Inventory::read(&place.path("signs.geojson"));
        let label = |feature: &Value| feature["properties"]["label"].as_str().unwrap().to_owned();
        inventory.features().iter().map(label).collect()
    };
    let english = labels();
    place.survey("signs.geojson", &["--lang", "fr"]).with_code(0);
    assert_eq!(place.fetched().len(), 6);
    let french = labels();
    assert_eq!(english.len(), french.len());
    assert!(english.iter().zip(&french).all(|(english, french)| english != french), "{french:?}");

    let (survey, tasks) = (place.path("signs.gpkg"), place.path("tasks.maproulette.geojson"));
    run(["export", text(&survey), "-o", text(&tasks)]).with_code(0);
    let tasks = fs::read_to_string(tasks).unwrap();
    assert!(!tasks.is_empty() && tasks.lines().all(|task| task.contains("\"Y a-t-il **")), "{tasks}");
}

#[test]
fn new_pictures_are_added_and_those_that_went_do_not_count() {
    let place = Place::new(&street::first_pass(5));
    place.survey("signs.gpkg", &[]).with_code(0);
    let pictures = street::first_pass(8);
    place.change(|offer| offer.listed = street::search_answer(&pictures[1..]));
    place.survey("signs.gpkg", &[]).with_code(0);
    assert_eq!(place.fetched()[5..].len(), 3);
    assert!(place.status("signs.gpkg").contains("pictures     7\n"), "{}", place.status("signs.gpkg"));
    let gone = "SELECT count(*) FROM pictures WHERE picture_id = 'pass-1/0001.jpg' AND NOT listed AND state = 'done'";
    assert_eq!(place.count("signs.gpkg", gone), 1, "what was seen is not thrown away");

    place.survey("signs.geojson", &[]).with_code(0);
    assert_eq!(place.fetched().len(), 8, "another form of output is no other survey");
    assert_eq!(Inventory::read(&place.path("signs.geojson")).pictures("found"), 7);
}

#[test]
fn a_picture_that_changed_is_looked_at_again_and_one_that_moved_is_not() {
    let place = Place::new(&street::first_pass(6));
    place.survey("signs.geojson", &[]).with_code(0);
    let azimuths = "SELECT sum(azimuth_deg) FROM sightings WHERE picture_id = 'pass-1/0004.jpg'";
    let sum = || -> f64 { place.connection("signs.gpkg").query_row(azimuths, [], |row| row.get(0)).unwrap() };
    let before = sum();

    let mut pictures = street::first_pass(6);
    pictures[3].pose.heading_deg += 3.0;
    let changed = |listed: String| listed.replace("\"/files/pass-1/0002.jpg", "\"/new/files/pass-1/0002.jpg");
    place.change(|offer| offer.listed = changed(street::search_answer(&pictures)));
    place.survey("signs.geojson", &[]).with_code(0);
    assert_eq!(place.fetched()[6..], ["pass-1/0002.jpg"]);
    assert!((sum() - before).abs() > 2.9, "the rays of a picture that was turned are turned");
    let landmarks = |written: &str| written.matches("\"Feature\"").count();
    assert_eq!(landmarks(&place.written("signs.geojson")), landmarks(&place.undisturbed()));
}

#[test]
fn other_terms_are_refused_or_start_a_second_set() {
    let place = Place::new(&street::first_pass(4));
    place.survey("signs.gpkg", &["--confidence", "0.3"]).with_code(0);
    let refused = place.survey("signs.gpkg", &["--confidence", "0.5", "--since", "2026-01-01"]);
    let said = [
        "holds a survey under other terms",
        "  confidence: 0.3 in the file, 0.5 now",
        "  since: not set in the file, 2026-01-01T00:00:00Z now",
        "--again",
    ];
    refused.fails(1, &said);
    assert_eq!(place.fetched().len(), 4);

    place.survey("signs.gpkg", &["--confidence", "0.5", "--again"]).with_code(0);
    assert_eq!(place.fetched().len(), 8);
    let status = place.status("signs.gpkg");
    assert!(status.contains("survey 1\n") && status.contains("\nsurvey 2\n"), "{status}");
    assert!(status.contains("confidence   0.3\n") && status.contains("confidence   0.5\n"), "{status}");
    // Either can be gone on with.
    place.survey("signs.gpkg", &["--confidence", "0.3"]).with_code(0);
    assert_eq!(place.fetched().len(), 8);
}

#[test]
fn the_file_is_a_geopackage() {
    let place = Place::new(&street::first_pass(6));
    place.survey("signs.geojson", &[]).with_code(0);
    let connection = place.connection("signs.gpkg");
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((pragma("application_id"), pragma("user_version")), (0x4750_4B47, 10_300));
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let layers =
        "SELECT group_concat(table_name || ' ' || geometry_type_name) FROM gpkg_geometry_columns NATURAL JOIN
        gpkg_contents WHERE data_type = 'features'";
    let layers: String = connection.query_row(layers, [], |row| row.get(0)).unwrap();
    assert_eq!(layers, "landmarks POINT,sightings LINESTRING,pictures POINT,reviews POINT,area MULTIPOLYGON");
    let inside = "SELECT count(*) FROM gpkg_contents WHERE data_type = 'features' AND min_x > 7.7 AND max_x < 7.72
        AND min_y > 48.59 AND max_y < 48.61";
    assert_eq!(place.count("signs.gpkg", inside), 4);
    assert_eq!(place.count("signs.gpkg", "SELECT count(*) FROM pictures WHERE state IN ('done', 'empty')"), 6);

    let inventory = Inventory::read(&place.path("signs.geojson"));
    let landmarks = inventory.features().len() as i64;
    assert_eq!(place.count("signs.gpkg", "SELECT count(*) FROM landmarks"), landmarks);
    let tied =
        "SELECT count(*) FROM landmarks l WHERE sightings = (SELECT count(*) FROM sightings WHERE landmark = l.id)";
    assert_eq!(place.count("signs.gpkg", tied), landmarks, "each sighting names its landmark");
}

/// A column that an entry has and the layer lacks would be lost.
#[test]
fn landmarks_have_the_columns_of_the_other_format() {
    let place = Place::new(&street::first_pass(4));
    place.survey("signs.geojson", &[]).with_code(0);
    let connection = place.connection("signs.gpkg");
    let mut select = connection.prepare("SELECT name FROM pragma_table_info('landmarks')").unwrap();
    let columns: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let written = fs::read_to_string(place.path("signs.geojson")).unwrap();
    let feature = written.lines().find(|line| line.contains("\"Point\"")).unwrap();
    let (_, properties) = feature.split_once("\"properties\":{").unwrap();
    let value: serde_json::Value = serde_json::from_str(feature.trim_end_matches(',')).unwrap();
    let mut names: Vec<&String> = value["properties"].as_object().unwrap().keys().collect();
    names.sort_by_key(|name| properties.find(&format!("\"{name}\":")));
    assert_eq!(columns[..3], ["fid", "geom", "survey"]);
    assert_eq!(columns[3..].iter().collect::<Vec<_>>(), names);
}

#[test]
fn what_is_no_survey_file_is_refused_and_left_alone() {
    let place = Place::new(&street::first_pass(1));
    let refused = |name: &str, why: &str| {
        let before = fs::read(place.path(name)).unwrap();
        place.survey(name, &[]).fails(1, &[name, "is no survey file of arpent", why]);
        assert!(fs::read(place.path(name)).unwrap() == before);
        run(["status", text(&place.path(name))]).fails(1, &["is no survey file of arpent"]);
    };
    fs::write(
        place.path("words.gpkg"),
        "These are words, and a good many of them, but no database at all. ".repeat(9),
    )
    .unwrap();
    refused("words.gpkg", "not a database");
    Connection::open(place.path("other.gpkg")).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    refused("other.gpkg", "other tables are in it");
    run(["status", text(&place.path("missing.gpkg"))]).fails(1, &["no such file"]);
    fs::write(place.path("empty.gpkg"), "").unwrap();
    run(["status", text(&place.path("empty.gpkg"))]).fails(1, &["is no survey file of arpent", "nothing is in it"]);
    assert_eq!(place.fetched().len(), 0);
}

#[test]
fn the_boundary_of_a_commune_is_asked_for_once() {
    let listed = street::search_answer(&street::first_pass(3));
    let ring = "[[7.70,48.59],[7.72,48.59],[7.72,48.61],[7.70,48.61],[7.70,48.59]]";
    let boundary =
        format!(r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#);
    let server = Server::start(move |request| match request.path() {
        "/communes/67506" => Reply::json(boundary.clone()),
        "/api/search" => Reply::json(listed.clone()),
        path => Reply::jpeg(file(path.trim_start_matches("/files/"))),
    });
    let folder = tempfile::tempdir().unwrap();
    let survey = |output: &Path| {
        let (api, communes) = (server.url("/api"), server.url(""));
        let place = ["--commune", "67506", "--communes-api", &communes, "--api", &api];
        run(["survey", "-o", text(output)].iter().chain(&place)).with_code(0);
    };
    survey(&folder.path().join("a.gpkg"));
    survey(&folder.path().join("a.gpkg"));
    let asked = |path: &str| server.requests().iter().filter(|r| r.path().starts_with(path)).count();
    assert_eq!((asked("/communes"), asked("/files")), (1, 3));
}
