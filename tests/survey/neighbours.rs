//! Surveys on servers that misbehave in every way.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arpent::area::Area;
use arpent::model::{Model, SHIPPED, runtime};
use arpent::source::panoramax::Settings as ServerSettings;
use arpent::source::{HttpSettings, Panoramax, Query};
use arpent::survey::{self, Settings, SurveyFile};
use serde_json::{Value, json};

use super::hosts::Silent;
use super::support::command::{arpent, text};
use super::support::inventory::Inventory;
use super::support::server::{Reply, Server};
use super::support::street;
use super::{STREET_BBOX, file};

/// Any whole picture.
fn picture() -> Vec<u8> {
    file("pass-1/0003.jpg")
}

/// An answer that announces so many bytes more than it has.
fn announcing(more: i64) -> Reply {
    let body = picture();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len() as i64 + more);
    Reply::Raw([head.into_bytes(), body].concat())
}

fn head_and_half() -> Vec<u8> {
    let body = picture();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body[..body.len() / 2]].concat()
}

/// A picture whose bytes after its headers are other ones.
fn scrambled() -> Vec<u8> {
    let mut bytes = picture();
    let start = bytes.windows(2).position(|marker| marker == [0xFF, 0xC4]).unwrap();
    bytes[start + 4..start + 40].fill(0xFE);
    bytes
}

/// A small file that claims to be a picture of this size.
fn claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = picture();
    bytes.truncate(3000);
    let frame = bytes.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes.extend([0xFF, 0xD9]);
    bytes
}

fn zipped_zeros(megabytes: usize) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..megabytes {
        std::io::Write::write_all(&mut packed, &vec![0; 1 << 20]).unwrap();
    }
    packed.finish().unwrap()
}

const DONE: &str = "done";

/// What the server does about a file when it is asked for it the `n`th time, and what becomes of the picture.
type Neighbour = (&'static str, fn(usize) -> Reply, &'static str);

const NEIGHBOURS: &[Neighbour] = &[
    ("sound", |_| Reply::jpeg(picture()), DONE),
    (
        "busy-once",
        |n| if n == 0 { Reply::status(429).with("Retry-After", "1") } else { Reply::jpeg(picture()) },
        DONE,
    ),
    ("burst", |n| if n < 2 { Reply::status(500) } else { Reply::jpeg(picture()) }, DONE),
    ("progressive", |_| Reply::jpeg(fs::read("tests/recorded/progressive.jpg").unwrap()), DONE),
    ("cmyk", |_| Reply::jpeg(fs::read("tests/recorded/cmyk.jpg").unwrap()), DONE),
    ("moved", |_| Reply::redirect("/files/sound"), DONE),
    ("busy", |_| Reply::status(429), "HTTP status 429"),
    ("broken", |_| Reply::status(500), "HTTP status 500"),
    ("gone", |_| Reply::status(404), "HTTP status 404"),
    ("token-expired", |_| Reply::status(401), "HTTP status 401"),
    ("hidden", |_| Reply::status(403), "HTTP status 403"),
    ("hung-up", |_| Reply::Raw(Vec::new()), "transfer broke off"),
    ("hung-up-half-way", |_| Reply::Raw(head_and_half()), "transfer broke off"),
    ("too-short", |_| announcing(1000), "transfer broke off"),
    ("too-long", |_| announcing(-1000), "picture file cut off"),
    ("nonsense", |_| Reply::Raw(b"These are words.".to_vec()), "transfer broke off"),
    ("empty", |_| Reply::jpeg(""), "transfer broke off"),
    ("silent", |_| Reply::Stall(Vec::new()), "timed out"),
    ("stalled", |_| Reply::Stall(head_and_half()), "timed out"),
    ("dripping", |_| Reply::Drip(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), Duration::from_millis(20)), "timed out"),
    ("round", |_| Reply::redirect("/files/round"), "bad redirect"),
    ("to-a-file", |_| Reply::redirect("file:///etc/passwd"), "bad redirect"),
    ("page", |_| Reply::jpeg("<html>Please log in</html>"), "not a JPEG, PNG or WebP"),
    ("cut", |_| Reply::jpeg(picture()[..20_000].to_vec()), "picture file cut off"),
    ("scrambled", |_| Reply::jpeg(scrambled()), "picture file damaged"),
    ("bomb", |_| Reply::jpeg(claiming(50_000, 50_000)), "picture has too many pixels"),
    ("smaller-bomb", |_| Reply::jpeg(claiming(12_000, 12_000)), "picture file damaged"),
    ("zip-bomb", |_| Reply::jpeg(zipped_zeros(9)).with("Content-Encoding", "gzip"), "file too large"),
    ("no-address", |_| Reply::status(200), "no address of its image"),
];

/// What is said of odd items that can be told apart.
const ODD: [(&str, &str); 4] = [
    ("odd-assets", "no address of its image"),
    ("odd-geometry", "no position"),
    ("odd-latitude", "no position"),
    ("odd-position", "no position"),
];

/// Items that are hardly any.
fn odd_items(sound: &Value) -> Vec<Value> {
    let with = |id: &str, pointer: &str, value: Value| {
        let mut item = sound.clone();
        item["id"] = id.into();
        *item.pointer_mut(pointer).unwrap() = value;
        item
    };
    vec![
        with("odd-geometry", "/geometry", Value::Null),
        with("odd-position", "/geometry/coordinates", json!(["7.71", "48.6"])),
        with("odd-latitude", "/geometry/coordinates/1", json!(948.6)),
        with("odd-properties", "/properties", json!("none")),
        with("odd-assets", "/assets", json!([])),
        json!(17),
        json!({"id": {}}),
        sound.clone(),
    ]
}

/// An answer to a search that lists all neighbours, and the odd items.
fn listing() -> String {
    let listed: Value = serde_json::from_str(&street::search_answer(&street::first_pass(1))).unwrap();
    let item = |name: &str| {
        let mut item = listed["features"][0].clone();
        item["id"] = name.into();
        item["assets"]["hd"]["href"] = format!("/files/{name}").into();
        if name == "no-address" {
            item["assets"]["hd"]["href"] = "http://".into();
        }
        item
    };
    let mut items: Vec<Value> = NEIGHBOURS.iter().map(|(name, _, _)| item(name)).collect();
    items.extend(odd_items(&item("sound")));
    json!({"type": "FeatureCollection", "features": items, "links": []}).to_string()
}

#[test]
fn all_ends_well_and_each_failure_has_its_reason() {
    let listed = listing();
    let asked: Vec<AtomicUsize> = NEIGHBOURS.iter().map(|_| AtomicUsize::new(0)).collect();
    let server = Server::start(move |request| match request.path().strip_prefix("/files/") {
        Some(name) => match NEIGHBOURS.iter().position(|(known, _, _)| *known == name) {
            Some(at) => NEIGHBOURS[at].1(asked[at].fetch_add(1, Ordering::SeqCst)),
            None => Reply::jpeg(picture()),
        },
        None => Reply::json(listed.clone()),
    });
    let http = HttpSettings {
        stall_timeout: Duration::from_millis(700),
        total_timeout: Duration::from_secs(2),
        backoff: Duration::from_millis(1),
        ..HttpSettings::default()
    };
    let settings = ServerSettings { http, max_picture_bytes: 8 << 20, ..ServerSettings::default() };
    let source = Panoramax::with_settings(&server.url("/api"), None, settings).unwrap();
    let query = Query { area: Some(Area::parse_bbox(STREET_BBOX).unwrap()), ..Query::default() };
    let model = Model::shipped(&SHIPPED[0], runtime::load(None).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let survey = || {
        let settings = Settings { jobs: 2, max_pictures: None, min_sightings: 1 };
        let mut file = SurveyFile::open(&path).unwrap();
        let stop = AtomicBool::new(false);
        Inventory::of(&survey::run_in(&mut file, &source, &query, &model, &settings, &mut Silent, &stop).unwrap())
    };

    let begin = Instant::now();
    let inventory = survey();
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    inventory.assert_counts_add_up();
    let mut failed: Vec<(&str, &str)> =
        NEIGHBOURS.iter().filter(|(_, _, end)| *end != DONE).map(|(name, _, end)| (*name, *end)).collect();
    failed.extend(ODD);
    failed.sort_unstable();
    let told: Vec<(&str, &str)> = inventory.failed().into_iter().filter(|(id, _)| !id.starts_with("at ")).collect();
    assert_eq!(told, failed);
    // The rest is in the file, and can be gone on with.
    assert_eq!(survey().pictures("failed"), inventory.pictures("failed"));
}

/// The most memory that a process ever had, bytes.
#[cfg(target_os = "linux")]
fn most_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

/// Pictures that are small on the wire and would be huge in memory, two workers at a time.
#[cfg(target_os = "linux")]
#[test]
fn bombs_do_not_fill_the_memory() {
    let bombs: [fn() -> Reply; 4] = [
        || Reply::jpeg(claiming(50_000, 50_000)),
        || Reply::jpeg(claiming(65_535, 65_535)),
        || Reply::jpeg(claiming(12_200, 12_200)),
        || Reply::jpeg(zipped_zeros(300)).with("Content-Encoding", "gzip"),
    ];
    let pictures = street::first_pass(12);
    let listed = street::search_answer(&pictures);
    let server = Server::counting(move |n, request| match request.path().starts_with("/files/") {
        true => bombs[n % bombs.len()](),
        false => Reply::json(listed.clone()),
    });
    let folder = tempfile::tempdir().unwrap();
    let (api, path) = (server.url("/api"), folder.path().join("a.gpkg"));
    let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "--jobs", "2", "-o", text(&path)];
    let mut survey = arpent(arguments).stderr(std::process::Stdio::null()).spawn().unwrap();
    let (begin, mut most) = (Instant::now(), 0);
    while survey.try_wait().unwrap().is_none() {
        most = most.max(most_memory(survey.id()).unwrap_or_default());
        assert!(begin.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(most < 1 << 30, "{} MiB", most >> 20);
    eprintln!("at most {} MiB", most >> 20);
}
