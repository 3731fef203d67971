//! A survey that is killed again and again.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use arpent::source::{Folder, Query, Source};
use rusqlite::{Connection, OpenFlags};

use super::street::without_times;
use super::support::command::{arpent, names_in, run, text};
use super::support::inventory::Inventory;
use super::support::server::Server;
use super::support::street;
use super::{STREET_BBOX, offer};

const KILLS: u64 = 20;
/// The longest that a run is left alone. All pictures take many times as long.
const MOST_MS: u64 = 1000;
/// What the server takes for a picture.
const DELAY: Duration = Duration::from_millis(400);

/// The files that a server was asked for since its `from`th request.
fn fetched(server: &Server, from: usize) -> Vec<String> {
    let requests = server.requests();
    requests[from..].iter().filter_map(|r| r.path().strip_prefix("/files/").map(str::to_owned)).collect()
}

/// The pictures that have had their turn, as the file says; none where a run did not come to make one.
fn finished(file: &Path) -> BTreeSet<String> {
    if !file.exists() {
        return BTreeSet::new();
    }
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let Ok(mut select) = connection.prepare("SELECT picture_id FROM pictures WHERE state IN ('done', 'empty')")
    else {
        return BTreeSet::new();
    };
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_survey_killed_twenty_times_ends_as_one_that_was_not() {
    let pictures = Folder::open(street::FOLDER).unwrap().list(&Query::default()).unwrap().pictures;
    let server = offer(&pictures, |_| {
        thread::sleep(DELAY);
        None
    });
    let folder = tempfile::tempdir().unwrap();
    let (output, file) = (folder.path().join("signs.geojson"), folder.path().join("signs.gpkg"));
    let api = server.url("/api");
    let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "--jobs", "2", "-o", text(&output)];
    let (chance, mut kills, mut waits) = (RandomState::new(), 0, Vec::new());
    let mut done_twice = 0;
    for n in 0..KILLS {
        let (before, asked) = (finished(&file), server.requests().len());
        let mut survey = arpent(arguments).stderr(Stdio::null()).spawn().unwrap();
        let wait_ms = chance.hash_one(n) % MOST_MS;
        waits.push(wait_ms);
        thread::sleep(Duration::from_millis(wait_ms));
        // SIGKILL; a run that has ended meanwhile was the last one.
        survey.kill().unwrap();
        let status = survey.wait().unwrap();
        let again: Vec<String> = fetched(&server, asked).into_iter().filter(|id| before.contains(id)).collect();
        assert!(again.is_empty(), "looked at a second time: {again:?}, after waits of {waits:?} ms");
        let now = finished(&file);
        assert!(now.is_superset(&before), "{waits:?}");
        done_twice += fetched(&server, asked).len() - now.difference(&before).count();
        if status.success() {
            break;
        }
        kills += 1;
    }
    let asked = server.requests().len();
    let before = finished(&file);
    run(arguments).with_code(0);
    assert_eq!(fetched(&server, asked).len(), pictures.len() - before.len(), "{waits:?}");
    eprintln!("{kills} kills; {done_twice} pictures were in flight at one");

    let inventory = Inventory::read(&output);
    inventory.assert_counts_add_up();
    assert_eq!((inventory.pictures("found"), inventory.pictures("failed")), (pictures.len() as u64, 0));
    let killed = without_times(&fs::read_to_string(&output).unwrap());
    let left: Vec<String> =
        names_in(folder.path()).into_iter().filter(|name| !name.starts_with(".signs.geojson")).collect();
    assert_eq!(left, ["signs.geojson", "signs.gpkg"], "{waits:?}");
    let undisturbed = folder.path().join("undisturbed.geojson");
    run(arguments[..arguments.len() - 1].iter().chain(&[text(&undisturbed)])).with_code(0);
    assert!(killed == without_times(&fs::read_to_string(undisturbed).unwrap()), "{waits:?}");
}

/// While one run is at work, another one on its file is turned away, and others can read.
#[test]
fn a_second_run_on_the_same_file_is_turned_away() {
    let (reached, is_reached) = std::sync::mpsc::channel();
    let go_on = std::sync::Arc::new(std::sync::OnceLock::new());
    let held = std::sync::Arc::clone(&go_on);
    let server = offer(&street::first_pass(6), move |id| {
        if id == "pass-1/0006.jpg" {
            let _ = reached.send(());
            held.wait();
        }
        None
    });
    let folder = tempfile::tempdir().unwrap();
    let (api, output) = (server.url("/api"), folder.path().join("signs.gpkg"));
    let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "-o", text(&output)];
    let mut first = arpent(arguments).stderr(Stdio::null()).spawn().unwrap();
    is_reached.recv_timeout(Duration::from_secs(60)).unwrap();
    run(arguments).fails(1, &["another arpent is at work on this file: wait for it, or write to another file"]);
    let status = run(["status", text(&output)]).with_code(0).out;
    assert!(status.contains("pictures     6\n") && status.contains("going on, or killed"), "{status}");
    go_on.set(()).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(finished(&output).len(), 6);
}
