//! A survey over HTTP whose pictures partly fail.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arpent::area::Area;
use arpent::model::{Model, SHIPPED, runtime};
use arpent::picture::Picture;
use arpent::source::panoramax::Settings as ServerSettings;
use arpent::source::{HttpSettings, Panoramax, Query};
use arpent::survey::{self, Progress, Settings};

use super::support::command::{run, text};
use super::support::inventory::Inventory;
use super::support::server::{Reply, Server};
use super::support::street;
use super::{STREET_BBOX, file, offer};

const PICTURES: usize = 12;
/// Those whose files come as they are.
const SOUND: std::ops::Range<usize> = 3..9;

/// Each failure that a server may bring about at once.
fn fault(id: &str) -> Option<Reply> {
    match id {
        "pass-1/0001.jpg" => Some(Reply::status(500)),
        "pass-1/0002.jpg" => Some(Reply::jpeg(half(id))),
        "pass-1/0003.jpg" => Some(Reply::jpeg("The server is busy.")),
        "pass-1/0010.jpg" => Some(Reply::status(403)),
        "pass-1/0011.jpg" => Some(Reply::Raw(first_half(id))),
        _ => None,
    }
}

fn half(id: &str) -> Vec<u8> {
    let whole = file(id);
    whole[..whole.len() / 2].to_vec()
}

/// The head of an answer that announces the whole file, and half of the file.
fn first_half(id: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file(id).len());
    [head.into_bytes(), half(id)].concat()
}

/// What becomes of them.
const FAILURES: [(&str, &str); 5] = [
    ("pass-1/0001.jpg", "HTTP status 500"),
    ("pass-1/0002.jpg", "picture file cut off"),
    ("pass-1/0003.jpg", "not a JPEG, PNG or WebP"),
    ("pass-1/0010.jpg", "HTTP status 403"),
    ("pass-1/0011.jpg", "transfer broke off"),
];

struct Silent;

impl Progress for Silent {
    fn listed(&mut self, _: usize) {}
    fn looked(&mut self, _: &Picture, _: usize, _: Option<&str>) {}
}

/// A survey by the library, which gives up sooner than the program does.
fn survey(server: &Server) -> Inventory {
    let impatient = HttpSettings {
        stall_timeout: Duration::from_secs(1),
        backoff: Duration::from_millis(1),
        ..HttpSettings::default()
    };
    let impatient = ServerSettings { http: impatient, ..ServerSettings::default() };
    let source = Panoramax::with_settings(&server.url("/api"), None, impatient).unwrap();
    let query = Query { area: Some(Area::parse_bbox(STREET_BBOX).unwrap()), ..Query::default() };
    let model = Model::shipped(&SHIPPED[0], runtime::load(None).unwrap()).unwrap();
    let settings = Settings { jobs: 2, max_pictures: None, min_sightings: 1 };
    let stop = AtomicBool::new(false);
    Inventory::of(&survey::run(&source, &query, &model, &settings, &mut Silent, &stop).unwrap())
}

#[track_caller]
fn assert_only_these_failed(inventory: &Inventory, failures: &[(&str, &str)]) {
    inventory.assert_counts_add_up();
    assert_eq!(inventory.failed(), failures);
    assert_eq!(inventory.pictures("found"), PICTURES as u64);
    for (_, reason) in failures {
        assert_eq!(inventory.survey()["pictures"]["failures"][reason], 1, "{reason}");
    }
    assert_eq!(inventory.survey()["complete"], true, "every picture had its turn");
}

#[test]
fn a_picture_that_fails_costs_itself_only() {
    let pictures = street::first_pass(PICTURES);
    let stalled = "pass-1/0012.jpg";
    let stall = move |id: &str| if id == stalled { Some(Reply::Stall(first_half(id))) } else { fault(id) };
    let with_faults = survey(&offer(&pictures, stall));
    let failures = [&FAILURES[..], &[(stalled, "timed out")]].concat();
    assert_only_these_failed(&with_faults, &failures);

    let sound_alone = survey(&offer(&pictures[SOUND], |_| None));
    assert_eq!(sound_alone.pictures("failed"), 0);
    assert!(!sound_alone.things().is_empty());
    assert_eq!(with_faults.things(), sound_alone.things());
}

#[test]
fn the_command_tells_of_failures_and_exits_with_3() {
    let server = offer(&street::first_pass(PICTURES), fault);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signs.geojson");
    let api = server.url("/api");
    let ended = run(["survey", "--bbox", STREET_BBOX, "--api", &api, "-o", text(&path)]).with_code(3);
    assert_only_these_failed(&Inventory::read(&path), &FAILURES);
    for (id, reason) in FAILURES {
        for line in [format!("{id}: {reason}"), format!("  1 × {reason}")] {
            assert!(ended.err.lines().any(|l| l == line), "'{line}' is missing in:\n{}", ended.err);
        }
    }
}

#[test]
fn the_pages_licences_and_producers_of_the_server_come_through() {
    let server = offer(&street::first_pass(9)[3..], |_| None);
    let inventory = survey(&server);
    assert!(!inventory.features().is_empty());
    for feature in inventory.features() {
        let properties = &feature["properties"];
        let best = properties["panoramax"].as_str().unwrap().split(';').next().unwrap();
        assert_eq!(properties["picture_url"], server.url(&format!("/#focus=pic&pic={best}")));
        assert_eq!((&properties["license"], &properties["producer"]), (&"etalab-2.0".into(), &"Ada".into()));
    }
    let survey = inventory.survey();
    assert_eq!((&survey["licenses"]["etalab-2.0"], &survey["producers"]["Ada"]), (&6.into(), &6.into()));
    assert_eq!(survey["source"], server.url("/api"));
}
