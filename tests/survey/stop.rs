//! Ctrl-C in the middle of a survey.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use super::street::without_times;
use super::support::command::{arpent, names_in, run, text};
use super::support::inventory::Inventory;
use super::support::server::{Reply, Server};
use super::support::street;
use super::{STREET_BBOX, offer};

const PICTURES: usize = 16;
/// So many pictures are served; the requests for further ones are held until the survey has been interrupted.
const SERVED: usize = 9;
/// Of those, at most so many are still on their way to the one worker, or with it: three downloaders hold one each,
/// two wait between downloaders and worker.
const UNDERWAY: usize = 6;

/// Serves [`SERVED`] pictures, tells of the first request beyond, and holds it until `go_on` is set.
fn holding_server(reached: mpsc::Sender<()>, go_on: Arc<OnceLock<()>>) -> Server {
    let asked = AtomicUsize::new(0);
    offer(&street::first_pass(PICTURES), move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) >= SERVED {
            // Nobody listens to a second one.
            let _ = reached.send(());
            go_on.wait();
        }
        None
    })
}

#[test]
fn an_interrupted_survey_writes_what_is_there() {
    let (reached, is_reached) = mpsc::channel();
    let go_on = Arc::new(OnceLock::new());
    let server = holding_server(reached, Arc::clone(&go_on));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signs.geojson");
    let api = server.url("/api");
    let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "--jobs", "1", "-o", text(&path)];
    let mut survey = arpent(arguments).stderr(Stdio::piped()).spawn().unwrap();

    is_reached.recv_timeout(Duration::from_secs(60)).expect("the survey asks for its pictures");
    let interrupt = Command::new("sh").args(["-c", &format!("kill -INT {}", survey.id())]).status().unwrap();
    assert!(interrupt.success());
    let mut told = BufReader::new(survey.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("stopping: ") {
        line.clear();
        assert_ne!(told.read_line(&mut line).unwrap(), 0, "it ended without a word");
    }
    go_on.set(()).unwrap();

    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(survey.wait().unwrap().code(), Some(3), "{rest}");
    assert!(rest.contains("(incomplete: the run was stopped; the same command goes on with it)"), "{rest}");
    assert_eq!(names_in(folder.path()), ["signs.geojson", "signs.gpkg"]);
    assert_is_stopped(&Inventory::read(&path));

    // The same command goes on, to what it would have come to at once.
    let written = |name: &str, options: &[&str]| {
        let path = folder.path().join(name);
        let arguments = ["survey", "--bbox", STREET_BBOX, "--api", &api, "-o", text(&path)];
        run(arguments.iter().chain(options)).with_code(0);
        without_times(&std::fs::read_to_string(path).unwrap())
    };
    assert_eq!(written("signs.geojson", &[]), written("anew.geojson", &[]));
}

fn assert_is_stopped(inventory: &Inventory) {
    inventory.assert_counts_add_up();
    assert_eq!(inventory.survey()["complete"], false);
    assert_eq!(inventory.pictures("found"), PICTURES as u64);
    let looked_at = inventory.pictures("done") + inventory.pictures("empty");
    assert!(((SERVED - UNDERWAY) as u64..=SERVED as u64).contains(&looked_at), "{looked_at}");
    assert!(inventory.failed().iter().all(|(_, reason)| *reason == "not reached before the run was stopped"));
    assert!(!inventory.features().is_empty(), "what was seen so far is there");
}

/// A server that asks for a long pause keeps nobody who wants to stop.
#[test]
fn a_pause_can_be_interrupted() {
    let (reached, is_reached) = mpsc::channel();
    let server = offer(&street::first_pass(3), move |_| {
        let _ = reached.send(());
        Some(Reply::status(429).with("Retry-After", "500"))
    });
    let folder = tempfile::tempdir().unwrap();
    let (api, path) = (server.url("/api"), folder.path().join("signs.gpkg"));
    let mut survey = arpent(["survey", "-v", "--bbox", STREET_BBOX, "--api", &api, "-o", text(&path)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    is_reached.recv_timeout(Duration::from_secs(60)).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let begin = Instant::now();
    let interrupt = Command::new("sh").args(["-c", &format!("kill -INT {}", survey.id())]).status().unwrap();
    assert!(interrupt.success());
    let mut told = String::new();
    survey.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(survey.wait().unwrap().code(), Some(1), "{told}");
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(told.contains(&format!("{} asks for a pause of 500 s", server.url(""))), "{told}");
    assert!(told.contains("stopped before a picture was looked at: the same command goes on"), "{told}");
}
