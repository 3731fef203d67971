//! `arpent publish panoramax` against a server that keeps annotations as a Panoramax does, and has faults.

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value, json};
use support::command::{Ended, arpent, run, text};
use support::docs::{code, run_code};
use support::server::{Reply, Request, Server};
use support::street;
use tempfile::TempDir;

const TOKEN: &str = "s3cret-token";

/// A survey of ten pictures of the street, made once.
fn surveyed() -> &'static PathBuf {
    static SURVEY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let made = SURVEY.get_or_init(|| {
        let listed = street::search_answer(&street::first_pass(10));
        let server = Server::start(move |request| match request.path().strip_prefix("/files/") {
            Some(id) => Reply::jpeg(std::fs::read(street::path(id)).unwrap()),
            None => Reply::json(listed.clone()),
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signs.gpkg");
        let bbox = "7.709,48.600,7.713,48.603";
        run(["survey", "--bbox", bbox, "--api", &server.url("/api"), "-o", text(&path)]).with_code(0);
        (folder, path)
    });
    &made.1
}

/// A copy of the survey.
fn survey(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("signs.gpkg");
    std::fs::copy(surveyed(), &path).unwrap();
    path
}

/// What the server keeps: the picture of each annotation and the annotation.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(String, Value)>>>);

impl Kept {
    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn add(&self, picture: &str, shape: &Value, semantics: &Value) -> Value {
        let mut kept = self.0.lock().unwrap();
        let side = |n: usize| shape[n].as_u64().expect("whole pixels");
        let [x0, y0, x1, y1] = [side(0), side(1), side(2), side(3)];
        let ring = json!([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]);
        let id = format!("a{}", kept.len());
        let made = json!({"id": id, "shape": {"type": "Polygon", "coordinates": [ring]}, "semantics": semantics});
        kept.push((picture.to_owned(), made.clone()));
        made
    }

    /// Answers as a Panoramax server does.
    fn answer(&self, request: &Request) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path = request.path().replace("%2F", "/");
        match request.method.as_str() {
            "GET" => {
                let asked = request.parameter("ids").unwrap();
                let asked: Vec<&str> = asked.split(',').collect();
                let mut pictures = street::first_pass(10);
                pictures.retain(|picture| asked.contains(&picture.id.as_str()));
                let mut listed: Value = serde_json::from_str(&street::search_answer(&pictures)).unwrap();
                for feature in listed["features"].as_array_mut().unwrap() {
                    let kept = self.0.lock().unwrap();
                    let of_it = kept.iter().filter(|(picture, _)| feature["id"] == **picture).map(|(_, a)| a.clone());
                    feature["properties"]["annotations"] = of_it.collect();
                }
                Reply::json(listed.to_string())
            }
            "POST" => {
                let picture = path.strip_prefix("/api/pictures/").unwrap().strip_suffix("/annotations").unwrap();
                Reply::json(self.add(picture, &body["shape"], &body["semantics"]).to_string())
            }
            "PATCH" => {
                let id = path.strip_prefix("/api/annotations/").unwrap();
                let mut kept = self.0.lock().unwrap();
                let Some(place) = kept.iter().position(|(_, a)| a["id"] == id) else { return Reply::status(404) };
                let gone = |tag: &Value| {
                    let asked = body["semantics"].as_array().unwrap().iter();
                    asked
                        .clone()
                        .any(|a| a["action"] == "delete" && a["key"] == tag["key"] && a["value"] == tag["value"])
                };
                let tags = kept[place].1["semantics"].as_array_mut().unwrap();
                tags.retain(|tag| !gone(tag));
                if !tags.is_empty() {
                    return Reply::json(kept[place].1.to_string());
                }
                kept.remove(place);
                Reply::status(204)
            }
            method => panic!("{method}"),
        }
    }

    /// A server of these annotations. `fault` may answer the `n`th writing request (from 0) in its place.
    fn serve(&self, fault: impl Fn(usize, &Request, &Self) -> Option<Reply> + Send + Sync + 'static) -> Server {
        let (kept, count) = (self.clone(), AtomicUsize::new(0));
        Server::start(move |request| {
            if request.method == "GET" {
                return kept.answer(request);
            }
            if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
                return Reply::status(401);
            }
            assert_eq!(request.header("content-type"), Some("application/json"));
            let number = count.fetch_add(1, Ordering::SeqCst);
            fault(number, request, &kept).unwrap_or_else(|| kept.answer(request))
        })
    }
}

fn sound(_: usize, _: &Request, _: &Kept) -> Option<Reply> {
    None
}

fn arguments<'a>(path: &'a str, api: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    ["publish", "panoramax", path, "--api", api, "--rate", "1000"]
        .into_iter()
        .chain(options.iter().copied())
        .collect()
}

fn publish(path: &Path, server: &Server, options: &[&str]) -> Ended {
    run(arguments(text(path), &server.url("/api"), options))
}

const SEND: &[&str] = &["--send", "--token", TOKEN];
const UNDO: &[&str] = &["--undo", "--send", "--token", TOKEN];

/// Lets the notes of a file speak of this server: they go by its address.
fn move_to(path: &Path, server: &Server) {
    let file = rusqlite::Connection::open(path).unwrap();
    file.execute("UPDATE published SET api = ?", [server.url("/api")]).unwrap();
}

fn writes(server: &Server) -> usize {
    server.requests().iter().filter(|request| request.method != "GET").count()
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let before = std::fs::read(&path).unwrap();
    let server = kept.serve(sound);
    let ended = publish(&path, &server, &[]).with_code(0);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines.len() > 10, "{}{}", ended.out, ended.err);
    assert!(lines.iter().all(|line| line.contains("  osm|traffic_sign=FR:") && line.ends_with("  to write")));
    assert!(ended.err.contains("nothing was written yet: --send writes it"), "{}", ended.err);
    assert_eq!((writes(&server), kept.len()), (0, 0));
    assert!(std::fs::read(&path).unwrap() == before, "the file is as it was");
    // Fewer where more is asked of a landmark.
    let fewer = publish(&path, &server, &["--min-sightings", "5"]).with_code(0);
    assert!(
        fewer.out.lines().count() < lines.len() && fewer.err.contains("left out: seen less often"),
        "{}",
        fewer.err
    );
    assert!(publish(&path, &server, &["--send"]).with_code(2).err.contains("--token"));
}

#[test]
fn what_is_written_is_written_once_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept, log) = (survey(&folder), Kept::default(), folder.path().join("log"));
    let server = kept.serve(sound);
    let first = publish(&path, &server, &[SEND, &["--log", text(&log), "-v"]].concat()).with_code(0);
    let number = first.out.lines().count();
    assert_eq!((kept.len(), writes(&server)), (number, number));
    for said in [&first.out, &first.err, &std::fs::read_to_string(&log).unwrap()] {
        assert!(!said.contains(TOKEN));
    }
    let (_, annotation) = kept.0.lock().unwrap()[0].clone();
    let tags: Vec<(&str, &str)> = annotation["semantics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| (tag["key"].as_str().unwrap(), tag["value"].as_str().unwrap()))
        .collect();
    let (key, value) = tags[0];
    assert_eq!(key, "osm|traffic_sign");
    let qualifiers = ["detection_model", "detection_confidence", "classification_model", "classification_confidence"];
    assert_eq!(
        tags[1..].iter().map(|(key, _)| (*key).to_owned()).collect::<Vec<_>>(),
        qualifiers.map(|name| format!("{name}[osm|traffic_sign={value}]"))
    );
    assert!(tags[1].1.starts_with("arpent-signs/") && tags[3].1.starts_with("arpent-sign-codes/"), "{tags:?}");

    let status = || run(["status", text(&path)]).with_code(0).out;
    let told = format!("published    {number} annotations on {}", server.url("/api"));
    assert!(status().contains(&told), "{}", status());

    let again = publish(&path, &server, SEND).with_code(0);
    assert!(again.out.lines().all(|line| line.ends_with("  there already")), "{}", again.out);
    // Nor does another survey of the same pictures write it again.
    let other = tempfile::tempdir().unwrap();
    publish(&survey(&other), &server, SEND).with_code(0);
    assert_eq!((kept.len(), writes(&server)), (number, number));

    // Somebody adds a tag to one, and annotations of others are there.
    kept.0.lock().unwrap()[0].1["semantics"].as_array_mut().unwrap().push(json!({"key": "note", "value": "seen"}));
    kept.add("pass-1/0001.jpg", &json!([1, 1, 9, 9]), &json!([{"key": "osm|amenity", "value": "bench"}]));
    let would = publish(&path, &server, &["--undo"]).with_code(0);
    assert!(would.err.contains(&format!("{number} would be taken back")), "{}", would.err);
    assert_eq!(kept.len(), number + 1);
    publish(&path, &server, UNDO).with_code(0);
    let left: Vec<Value> = kept.0.lock().unwrap().iter().map(|(_, a)| a["semantics"].clone()).collect();
    assert_eq!(left, [json!([{"key": "note", "value": "seen"}]), json!([{"key": "osm|amenity", "value": "bench"}])]);
    let nothing = publish(&path, &server, UNDO).with_code(0);
    assert!(nothing.err.contains("wrote nothing to"), "{}", nothing.err);
    assert!(!status().contains("published"));
}

#[test]
fn what_others_say_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let dry = publish(&path, &kept.serve(sound), &[]).with_code(0).out;
    let line = |number: usize| dry.lines().nth(number).unwrap().split("  ").collect::<Vec<_>>();
    let shape = |line: &[&str], by: u64| {
        json!(line[1].split(',').map(|n| n.parse::<u64>().unwrap() + by).collect::<Vec<_>>())
    };
    let tag = |value: &str| json!([{"key": "osm|traffic_sign", "value": value}]);
    let (first, second, third) = (line(0), line(1), line(2));
    let value = first[2].strip_prefix("osm|traffic_sign=").unwrap();
    kept.add(first[0], &shape(&first, 1), &tag(&format!("{value},FR:M9z[vélos]")));
    kept.add(second[0], &shape(&second, 1), &tag("FR:C13a"));
    kept.add(third[0], &shape(&third, 1), &tag("yes"));
    let ended = publish(&path, &kept.serve(sound), SEND).with_code(0);
    let fates: Vec<&str> = ended.out.lines().map(|line| line.split("  ").nth(4).unwrap()).collect();
    assert_eq!(fates[..3], ["there already", "left alone, it says FR:C13a", "written"], "{}", ended.out);
}

#[test]
fn reviewed_landmarks_are_told_in_any_case_and_wrong_ones_never() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let server = kept.serve(sound);
    let file = rusqlite::Connection::open(&path).unwrap();
    let landmark = |order: &str| -> (String, u64) {
        let select = format!(
            "SELECT id, sightings FROM landmarks WHERE osm_tags LIKE 'traffic_sign%' ORDER BY probability {order} LIMIT 1"
        );
        file.query_row(&select, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let (sure, unsure) = (landmark("DESC, sightings DESC"), landmark("ASC, sightings ASC"));
    let marks = folder.path().join("marks.json");
    let mark = |id: &str, mark: &str| json!({"landmark": id, "mark": mark});
    let said = json!({"arpent_marks": 1, "marks": [mark(&sure.0, "wrong"), mark(&unsure.0, "right")]});
    std::fs::write(&marks, said.to_string()).unwrap();
    let number = |options: &[&str]| publish(&path, &server, options).with_code(0).out.lines().count() as u64;
    let all_sure = ["--min-probability", "1", "--min-sightings", "100"];
    let before = number(&[]);
    assert_eq!(number(&all_sure), 0);
    run(["review", text(&path), text(&marks)]).with_code(0);
    let status = run(["status", text(&path)]).with_code(0).out;
    assert!(status.contains("  reviewed   1 × right\n  reviewed   1 × wrong\n"), "{status}");
    let told = if unsure.1 >= 2 { 0..=unsure.1 } else { 1..=1 };
    assert!(told.contains(&(number(&[]) + sure.1 - before)), "{before} {sure:?} {unsure:?}");
    assert_eq!((number(&all_sure), number(&["--only-reviewed"])), (unsure.1, unsure.1));
}

#[test]
fn refusals_cost_themselves_only() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let faulty = kept.serve(|number, _, _| match number {
        0 => Some(Reply::status(403)),
        1 => Some(Reply::status(404)),
        2 => Some(Reply::status(413)),
        3 => Some(Reply::status(422)),
        // In doubt, and tried again as the server does not have it.
        5 | 6 => Some(Reply::status(500)),
        8 => Some(Reply::Raw(Vec::new())),
        _ => None,
    });
    let ended = publish(&path, &faulty, SEND).with_code(3);
    let number = ended.out.lines().count();
    for status in [403, 404, 413, 422, 500] {
        assert!(ended.err.contains(&format!("1 failed: HTTP status {status}")), "{}", ended.err);
    }
    assert_eq!(kept.len(), number - 5);
    publish(&path, &kept.serve(sound), SEND).with_code(0);
    assert_eq!(kept.len(), number);
}

#[test]
fn what_arrived_unheard_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let deaf = kept.serve(|_, request, kept| {
        kept.answer(request);
        Some(Reply::Raw(b"HTTP/1.1 2".to_vec()))
    });
    let ended = publish(&path, &deaf, SEND).with_code(0);
    assert_eq!(kept.len(), ended.out.lines().filter(|line| line.ends_with("  written")).count());
    assert_eq!(writes(&deaf), kept.len());
    let server = kept.serve(sound);
    move_to(&path, &server);
    publish(&path, &server, UNDO).with_code(0);
    assert_eq!(kept.len(), 0);
}

#[test]
fn a_killed_run_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let stalling = kept.serve(|number, request, kept| {
        // The fourth arrives, and nobody hears of it.
        (number == 3).then(|| {
            kept.answer(request);
            Reply::Stall(Vec::new())
        })
    });
    let mut command = arpent(arguments(text(&path), &stalling.url("/api"), SEND));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while kept.len() < 4 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stalling);
    let server = kept.serve(sound);
    move_to(&path, &server);
    let ended = publish(&path, &server, SEND).with_code(0);
    assert!(
        ended.err.contains("1 annotation under way when the last run was killed: 1 arrived, 0 did not"),
        "{}",
        ended.err
    );
    assert_eq!(kept.len(), ended.out.lines().count());
    publish(&path, &server, UNDO).with_code(0);
    assert_eq!(kept.len(), 0);
}

#[test]
fn a_refused_token_ends_it_soon() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let server = kept.serve(sound);
    let ended = publish(&path, &server, &["--send", "--token", "another"]).with_code(1);
    assert!(ended.err.contains("HTTP status 401: the server refuses: check the token"), "{}", ended.err);
    assert!(ended.err.contains("gave up after several failures in a row"), "{}", ended.err);
    assert_eq!((writes(&server), kept.len()), (5, 0));
}

#[test]
fn what_cannot_be_published_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (path, kept) = (survey(&folder), Kept::default());
    let empty = Server::start(|_| Reply::json(r#"{"type": "FeatureCollection", "features": [], "links": []}"#));
    let ended = publish(&path, &empty, &[]).with_code(1);
    assert!(ended.err.contains("has none of these pictures: check --api"), "{}", ended.err);
    let server = kept.serve(sound);
    publish(&folder.path().join("none.gpkg"), &server, &[]).fails(1, &["no such file"]);
    let edit = |sql: &str| rusqlite::Connection::open(&path).unwrap().execute(sql, []).unwrap();
    edit(r#"UPDATE runs SET lineage = json_set(lineage, '$.settings.quality', 'sd')"#);
    publish(&path, &server, &[]).fails(1, &["survey again without --quality sd"]);
    edit(r#"UPDATE runs SET lineage = json_set(lineage, '$.source', 'examples/street')"#);
    publish(&path, &server, &[]).fails(1, &["a survey of the folder examples/street", "survey them there"]);
}

#[test]
#[cfg(unix)]
fn the_page_about_it_runs_as_written() {
    let page = std::fs::read_to_string("docs/publish.md").unwrap();
    let (folder, kept) = (tempfile::tempdir().unwrap(), Kept::default());
    std::fs::copy(surveyed(), folder.path().join("vendenheim.gpkg")).unwrap();
    let server = kept.serve(sound);
    let code = code(&page, "sh network").replace("https://panoramax.ign.fr/api", &server.url("/api"));
    let ended = run_code(&code, folder.path(), &format!("{TOKEN}\n")).with_code(0);
    for said in ["would be written", " written\n", " taken back\n"] {
        assert!(ended.err.contains(said), "{}", ended.err);
    }
    assert!(writes(&server) > 10 && kept.len() == 0, "{}", ended.out);
}
