//! `arpent package` and `arpent publish datagouv`: a survey as open data, and onto a server.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};
use support::command::{Ended, arpent, ended, names_in, run, text};
use support::readers::read_by;
use support::server::{Reply, Request, Server};
use support::street;
use tempfile::TempDir;

const KEY: &str = "a-secret-key";
const FILES: [&str; 5] = ["LISEZMOI.md", "datapackage.json", "panneaux.csv", "panneaux.geojson", "schema.json"];

/// A survey and its package, made once.
fn survey() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let survey = folder.path().join("signs.gpkg");
        run(["survey", "--pictures", &format!("{}/pass-1", street::FOLDER), "-o", text(&survey), "--lang", "fr"])
            .with_code(0);
        package(&survey, &folder.path().join("open")).with_code(0);
        folder
    });
    folder.path()
}

fn package(survey: &Path, folder: &Path) -> Ended {
    run([
        "package",
        text(survey),
        text(folder),
        "--license",
        "etalab-2.0",
        "--place",
        "Rue d'exemple",
        "--publisher",
        "Ville",
    ])
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    names_in(folder).iter().map(|name| fs::read(folder.join(name)).unwrap()).collect()
}

#[test]
fn a_package_is_what_frictionless_wants() {
    let folder = survey();
    let open = folder.join("open");
    assert_eq!(names_in(&open), FILES);
    read_by("package.py", [text(&open)]);
    let readme = fs::read_to_string(open.join("LISEZMOI.md")).unwrap();
    for part in [
        "# Panneaux de signalisation relevés dans des photographies de rue – Rue d'exemple",
        "| `panneaux.csv` |",
        "[Licence Ouverte 2.0](https://www.etalab.gouv.fr/licence-ouverte-open-licence)",
        "\nÉditeur : Ville\n",
        "\n> Ville, « Panneaux de signalisation relevés dans des photographies de rue – Rue d'exemple », relevé du ",
        "SHA-256 `",
        "| `probability` | Probabilité d'existence |",
    ] {
        assert!(readme.contains(part), "'{part}' is missing in:\n{readme}");
    }
    for (name, bytes) in FILES.iter().zip(bytes(&open)) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("examples/street"), "a folder of one's own is nobody's business: {name}");
    }
}

#[test]
fn a_package_is_the_same_twice_and_replaces_nothing_else() {
    let folder = survey();
    let (survey, scratch) = (folder.join("signs.gpkg"), tempfile::tempdir().unwrap());
    let open = scratch.path().join("open");
    fs::create_dir(&open).unwrap();
    package(&survey, &open).with_code(0);
    assert_eq!(bytes(&open), bytes(&folder.join("open")));
    package(&survey, &open).fails(1, &["is not empty", "--overwrite"]);
    let overwrite = ["package", text(&survey), text(&open), "--license", "ODbL-1.0", "--overwrite"];
    run(overwrite).with_code(0);
    assert!(fs::read_to_string(open.join("datapackage.json")).unwrap().contains("ODbL-1.0"));
    fs::write(open.join("mine.txt"), "mine").unwrap();
    run(overwrite).fails(1, &["is not empty: name another folder"]);
    assert_eq!(names_in(&open).len(), 6);
    assert_eq!(names_in(scratch.path()), ["open"], "nothing stays beside it");
}

#[test]
fn a_licence_that_is_not_clear_is_asked_for() {
    let folder = survey();
    let open = folder.join("never");
    let survey = folder.join("signs.gpkg");
    let asked = run(["package", text(&survey), text(&open), "--license", "WTFPL"]);
    asked.fails(2, &["--license", "WTFPL is not known here; known are: etalab-2.0"]);
    assert!(!open.exists());
}

/// A server of udata as far as it is asked here; `fault` names the requests that go wrong.
fn udata(fault: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Server {
    let resource = |id: &str, title: &str| json!({"id": id, "title": title, "success": true, "filetype": "file"});
    let dataset = json!({
        "id": "6560a", "slug": "panneaux", "page": "https://demo.data.gouv.fr/fr/datasets/panneaux/", "private": true,
        "resources": [resource("11111111-1111-1111-1111-111111111111", "Données (CSV)"), resource("2", "Autre")]
    });
    Server::start(move |request| {
        if let Some(reply) = fault(request) {
            return reply;
        }
        let answer = |value: Value| Reply::json(value.to_string());
        match (request.method.as_str(), request.path()) {
            ("POST", "/api/1/datasets/") => answer(dataset.clone()),
            ("GET" | "PUT", "/api/1/datasets/6560a/") => answer(dataset.clone()),
            ("POST", path) if path.ends_with("/upload/") => {
                answer(resource("33333333-3333-3333-3333-333333333333", "x.csv"))
            }
            ("PUT", path) if path.contains("/resources/") => answer(resource("3", "x")),
            _ => Reply::status(404),
        }
    })
}

fn publish(server: &Server, more: &[&str]) -> Ended {
    let open = survey().join("open");
    let api = server.url("/api/1");
    let mut command = arpent(["publish", "datagouv", text(&open), "--api", &api].iter().chain(more));
    ended(command.env("DATAGOUV_API_KEY", KEY))
}

fn asked(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| format!("{} {}", request.method, request.path())).collect()
}

#[test]
fn nothing_is_sent_unasked() {
    let server = udata(|_| None);
    let dry = publish(&server, &["--organization", "534fff"]).with_code(0);
    assert!(dry.err.contains("nothing was sent"), "{}", dry.err);
    for part in
        ["POST http", "panneaux.csv", "\"license\": \"lov2\"", "\"private\": true", "\"organization\": \"534fff\""]
    {
        assert!(dry.out.contains(part), "'{part}' is missing in:\n{}", dry.out);
    }
    assert!(server.requests().is_empty());
    assert!(!format!("{dry:?}").contains(KEY));
}

#[test]
fn a_data_set_is_made_and_its_files_put_up() {
    let server = udata(|_| None);
    let sent = publish(&server, &["--send"]).with_code(0);
    assert_eq!(sent.out.trim(), "https://demo.data.gouv.fr/fr/datasets/panneaux/");
    assert!(sent.err.contains("5 new files, 0 replaced") && sent.err.contains("is a draft"), "{}", sent.err);
    let requests = server.requests();
    assert_eq!(requests.len(), 11, "{:?}", asked(&server));
    assert!(requests.iter().all(|request| request.header("x-api-key") == Some(KEY)));
    let made: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!((&made["private"], &made["license"]), (&json!(true), &json!("lov2")));
    assert!(made["description"].as_str().unwrap().contains("## Comment ces données ont été produites"));
    // The form holds the file as it is.
    let csv = fs::read(survey().join("open/panneaux.csv")).unwrap();
    let form = &requests[1].body;
    let head =
        "Content-Disposition: form-data; name=\"file\"; filename=\"panneaux.csv\"\r\nContent-Type: text/csv\r\n\r\n";
    let at = form.windows(head.len()).position(|window| window == head.as_bytes()).unwrap() + head.len();
    assert_eq!(&form[at..at + csv.len()], &csv[..]);
    let boundary = requests[1]
        .header("content-type")
        .unwrap()
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap()
        .to_owned();
    assert!(form.starts_with(format!("--{boundary}\r\n").as_bytes()));
    assert!(form.ends_with(format!("\r\n--{boundary}--\r\n").as_bytes()));
    let described: Value = serde_json::from_slice(&requests[2].body).unwrap();
    assert_eq!(described, json!({"title": "Données (CSV)", "type": "main", "filetype": "file"}));
}

#[test]
fn a_data_set_is_updated_in_place() {
    let server = udata(|_| None);
    let sent = publish(&server, &["--send", "--dataset", "6560a"]).with_code(0);
    assert!(sent.err.contains("4 new files, 1 replaced"), "{}", sent.err);
    let asked = asked(&server);
    assert_eq!(asked[..2], ["GET /api/1/datasets/6560a/", "PUT /api/1/datasets/6560a/"]);
    let known = "/api/1/datasets/6560a/resources/11111111-1111-1111-1111-111111111111/upload/";
    assert_eq!(asked[2], format!("POST {known}"));
    let update: Value = serde_json::from_slice(&server.requests()[1].body).unwrap();
    assert!(update.get("private").is_none(), "an update leaves it as public as it is");
}

#[test]
fn refusals_say_what_helps() {
    for (status, said) in [
        (401, "it does not know the key"),
        (403, "are you a member of the organization"),
        (500, "it has a fault of its own: try again later"),
        (302, "name the root of its API"),
    ] {
        let server = udata(move |_| Some(Reply::status(status)));
        let refused = publish(&server, &["--send"]);
        assert!(!refused.err.contains(KEY), "{}", refused.err);
        refused.fails(1, &[&format!("making a data set: the server answered {status}: "), said]);
        assert_eq!(server.requests().len(), 1, "nothing is tried twice");
    }
    let invalid = r#"{"message":"Erreur de validation","errors":{"title":["Champ requis"]}}"#;
    let server = udata(move |_| {
        let mut reply = Reply::json(invalid);
        if let Reply::Answer { status, .. } = &mut reply {
            *status = 400;
        }
        Some(reply)
    });
    publish(&server, &["--send"]).fails(1, &["it says: Erreur de validation {\"title\":[\"Champ requis\"]}"]);
    let server = udata(|_| Some(Reply::json("<html>")));
    publish(&server, &["--send"]).fails(1, &["is not that of an API of udata"]);
}

#[test]
fn what_was_done_before_an_error_is_told() {
    let server = udata(|request| {
        let is_second =
            request.path().ends_with("/upload/") && request.body.windows(16).any(|w| w == b"panneaux.geojson");
        is_second.then(|| Reply::status(413))
    });
    publish(&server, &["--send"]).fails(
        1,
        &[
            "putting up panneaux.geojson: the server answered 413",
            "6560a is there, with 1 of 5 files",
            "--dataset 6560a --send",
        ],
    );
}

#[test]
fn only_a_package_is_published() {
    let server = udata(|_| None);
    let api = server.url("/api/1");
    let empty = tempfile::tempdir().unwrap();
    run(["publish", "datagouv", text(empty.path()), "--api", &api])
        .fails(1, &["is no folder that `arpent package` wrote"]);
    let changed: PathBuf = empty.path().join("open");
    fs::create_dir(&changed).unwrap();
    for name in FILES {
        fs::copy(survey().join("open").join(name), changed.join(name)).unwrap();
    }
    let descriptor = fs::read_to_string(changed.join("datapackage.json")).unwrap();
    fs::write(changed.join("datapackage.json"), descriptor.replace("\"panneaux.csv\"", "\"../../secret\"")).unwrap();
    run(["publish", "datagouv", text(&changed), "--api", &api])
        .fails(1, &["../../secret is not the name of a file in it"]);
    let open = survey().join("open");
    run(["publish", "datagouv", text(&open), "--send", "--api", "http://www.data.gouv.fr/api/1"])
        .fails(1, &["is not encrypted"]);
    let mut without_key = arpent(["publish", "datagouv", text(&open), "--send", "--api", &api]);
    ended(without_key.env_remove("DATAGOUV_API_KEY")).fails(2, &["a key is needed"]);
}
