//! Pictures with boxes, read back by programs for training and labelling.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use exif::Tag;
use serde_json::{Value, json};
use support::command::{names_in, run, text};
use support::readers::read_by;
use support::server::{Reply, Server};
use support::shot::Shot;
use support::street;

/// A survey of some pictures of the street, and of one that is stored on its side.
fn survey(folder: &Path) -> std::path::PathBuf {
    let pictures = folder.join("pictures");
    fs::create_dir_all(pictures.join("drive")).unwrap();
    for name in ["0001.jpg", "0002.jpg", "0003.jpg", "0019.jpg"] {
        fs::copy(street::path("pass-1").join(name), pictures.join("drive").join(name)).unwrap();
    }
    let turned = image::open(street::path("pass-1/0003.jpg")).unwrap().rotate270().into_rgb8();
    let shot = Shot::at(7.7107, 48.6007, 0).showing(turned).focal_length_35mm(24);
    fs::write(pictures.join("turned.jpg"), shot.field(Tag::Orientation, exif::Value::Short(vec![6])).bytes())
        .unwrap();
    let survey = folder.join("signs.gpkg");
    run(["survey", "--pictures", text(&pictures), "-o", text(&survey)]).with_code(0);
    survey
}

#[test]
fn boxes_are_those_of_the_sightings() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let survey = survey(folder.path());
    let export = |name: &str, options: &[&str]| {
        let out = path(name);
        run(["export", text(&survey), "-o", text(&out)].into_iter().chain(options.iter().copied())).with_code(0);
        out
    };
    let read = [
        survey.clone(),
        export("coco", &["--format", "coco"]),
        export("yolo", &["--format", "yolo", "--all-pictures"]),
        export("crops", &["--format", "crops"]),
        export("references.coco.json", &[]),
    ];
    read_by("dataset.py", read);
    assert_eq!(names_in(&path("coco")), ["README.txt", "annotations.json", "images", "pictures.csv"]);
    assert_eq!(names_in(&path("yolo")), ["README.txt", "data.yaml", "images", "labels", "pictures.csv"]);
    assert_eq!(
        fs::read(path("coco/images/drive_0001.jpg")).unwrap(),
        fs::read(street::path("pass-1/0001.jpg")).unwrap(),
        "what lies upright is copied as it is"
    );
    let readme = fs::read_to_string(path("coco/README.txt")).unwrap();
    assert!(readme.contains("Nobody has checked them."), "{readme}");
    assert!(readme.contains("  CC0-1.0  arpent, drawn by examples/draw_street"), "{readme}");
    let again = export("again", &["--format", "coco"]);
    let annotations = |folder: &Path| fs::read(folder.join("annotations.json")).unwrap();
    assert!(annotations(&again) == annotations(&path("coco")), "the same twice");
}

#[test]
fn reviewers_have_the_last_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let survey = survey(folder.path());
    let annotations = |name: &str| {
        let ended = run(["export", text(&survey), "-o", text(&path(name))]).with_code(0);
        let read: Value = serde_json::from_str(&fs::read_to_string(path(name)).unwrap()).unwrap();
        (read["annotations"].as_array().unwrap().clone(), ended.err)
    };
    let (before, _) = annotations("before.coco.json");
    let landmarks: BTreeSet<&str> = before.iter().filter_map(|b| b["attributes"]["landmark"].as_str()).collect();
    let [wrong, other] = [0, 1].map(|number| landmarks.iter().nth(number).unwrap());
    let marks = json!({"arpent_marks": 1, "marks": [
        {"landmark": wrong, "mark": "wrong"}, {"landmark": other, "mark": "class", "class": "AB4"},
    ]});
    fs::write(path("marks.json"), marks.to_string()).unwrap();
    run(["review", text(&survey), text(&path("marks.json"))]).with_code(0);
    let (after, said) = annotations("after.coco.json");
    let of = |boxes: &[Value], id: &str| boxes.iter().filter(|b| b["attributes"]["landmark"] == *id).count();
    assert_eq!(after.len(), before.len() - of(&before, wrong));
    assert!(said.contains("left out: a reviewer says that it is wrong"), "{said}");
    let corrected: Vec<&Value> = after.iter().filter(|b| b["attributes"]["landmark"] == **other).collect();
    assert!(corrected.iter().all(|b| b["attributes"]["code"] == "AB4" && b["attributes"]["reviewed"] == "class"));
}

#[test]
fn what_stands_in_the_way_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let survey = survey(folder.path());
    let export = |options: &[&str]| {
        let out = path("out");
        run(["export", text(&survey), "-o", text(&out)].into_iter().chain(options.iter().copied()))
    };
    export(&["--format", "yolo", "--crs", "EPSG:2154"]).fails(2, &["leave out --crs, --bom and --excel"]);
    let picture = path("pictures/drive/0001.jpg");
    fs::copy("tests/recorded/progressive.jpg", &picture).unwrap();
    fs::remove_file(path("pictures/drive/0002.jpg")).unwrap();
    let ended = export(&["--format", "coco"]).with_code(3);
    assert!(ended.err.contains("1 picture left out: not the size that it was surveyed in"), "{}", ended.err);
    assert!(ended.err.contains("1 picture left out: file not readable"), "{}", ended.err);
    export(&["--format", "coco"]).fails(1, &["there is something already: name a new folder"]);
    assert_eq!(names_in(folder.path()), ["out", "pictures", "signs.gpkg"]);
    fs::remove_dir_all(path("out")).unwrap();
    fs::remove_dir_all(path("pictures/drive")).unwrap();
    fs::remove_file(path("pictures/turned.jpg")).unwrap();
    export(&["--format", "yolo"]).fails(1, &["no picture could be had", "is not written"]);
    assert_eq!(names_in(folder.path()), ["pictures", "signs.gpkg"]);
    let out = path("late.geojson");
    let pictures = text(&path("pictures")).to_owned();
    let said = "pictures with boxes are made of the file of a survey: `arpent export";
    run(["survey", "--pictures", &pictures, "-o", text(&out), "--format", "crops"]).fails(2, &[said]);
    run(["survey", "--pictures", &pictures, "-o", text(&path("late.coco.json"))]).fails(2, &[said]);
}

#[test]
fn pictures_of_a_server_are_downloaded_anew() {
    let pictures = street::first_pass(6);
    let listed = street::search_answer(&pictures);
    let refused = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let refuses = refused.clone();
    let server = Server::start(move |request| match request.path().strip_prefix("/files/") {
        Some("pass-1/0002.jpg") if refuses.load(std::sync::atomic::Ordering::SeqCst) => Reply::status(403),
        Some(id) => Reply::jpeg(fs::read(street::path(id)).unwrap()),
        None => Reply::json(listed.clone()),
    });
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (survey, api) = (path("signs.gpkg"), server.url("/api"));
    run(["survey", "--bbox", "7.709,48.600,7.713,48.603", "--api", &api, "-o", text(&survey)]).with_code(0);
    refused.store(true, std::sync::atomic::Ordering::SeqCst);
    let export = |name: &str, options: &[&str]| {
        run(["export", text(&survey), "-o", text(&path(name)), "--token", "secret"]
            .into_iter()
            .chain(options.iter().copied()))
    };
    let ended = export("yolo", &["--format", "yolo"]).with_code(3);
    assert!(ended.err.contains("1 picture left out: HTTP status 403\n5 pictures with "), "{}", ended.err);
    assert_eq!(names_in(&path("yolo/labels")).len(), 5);
    assert!(server.most_at_once() <= 4, "four at a time");
    let asked = server.requests();
    assert!(asked.last().unwrap().header("authorization").is_some_and(|token| token == "Bearer secret"));
    export("coco", &["--format", "coco"]).with_code(3);
    export("crops", &["--format", "crops"]).with_code(3);
    export("references.coco.json", &[]).with_code(0);
    read_by("dataset.py", [survey.clone(), path("coco"), path("yolo"), path("crops"), path("references.coco.json")]);
}
