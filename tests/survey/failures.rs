//! Surveys that cannot be: each is told with its remedy, and leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::STREET_BBOX;
use super::support::command::{Ended, arpent, ended, names_in, run, text};
use super::support::street;

/// A folder for a survey's output and whatever a test puts beside it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file there.
    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A survey of the street with further arguments that must leave the folder as it was.
    fn survey(&self, further: &[&str]) -> Ended {
        let output = self.path("signs.geojson");
        self.unchanged(&[&["--pictures", street::FOLDER, "-o", text(&output)], further].concat())
    }

    /// A survey that must leave the folder as it was.
    fn unchanged(&self, arguments: &[&str]) -> Ended {
        let before = names_in(self.0.path());
        let ended = run(["survey"].iter().chain(arguments));
        assert_eq!(names_in(self.0.path()), before);
        ended
    }
}

#[test]
fn places_that_cannot_be_written() {
    let place = Place::new();
    let beyond = place.path("missing/signs.geojson");
    let folder = place.path("");
    let below_a_file = place.put("file", "").join("signs.geojson");
    for (output, why) in [
        (&beyond, "No such file or directory"),
        (&folder, "is a folder: name a file"),
        (&below_a_file, "Not a directory"),
    ] {
        let ended = place.unchanged(&["--pictures", street::FOLDER, "-o", text(output)]);
        ended.fails(1, &[&format!("{} cannot be written", output.display()), why]);
    }
}

#[test]
fn places_without_pictures() {
    let place = Place::new();
    let file = place.put("a.txt", "no folder");
    let missing = place.path("missing");
    let output = place.path("signs.geojson");
    for (pictures, why) in [
        (&missing, "no such folder: check the path"),
        (&file, "is no folder: name the folder that holds the pictures"),
    ] {
        let ended = place.unchanged(&["--pictures", text(pictures), "-o", text(&output)]);
        ended.fails(1, &[text(pictures), why]);
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let place = Place::new();
    let output = place.path("signs.geojson");
    let cases: [(&[&str], &str); 9] = [
        (&["--bbox", "7.70,48.60,7.72"], "write west,south,east,north in degrees, e.g. 7.70,48.60,7.72,48.61"),
        (&["--bbox", "7.70,48.61,7.72,48.60"], "south must be less than north"),
        (&["--bbox", "48.60,7.70,48.61,97.72"], "longitudes lie in -180..180, latitudes in -90..90"),
        (&["--bbox", STREET_BBOX, "--pictures", street::FOLDER], "cannot be used with"),
        (&["--pictures", street::FOLDER, "--confidence", "1.5"], "a number between 0 and 1 is wanted"),
        (&["--pictures", street::FOLDER, "--jobs", "0"], "--jobs"),
        (&["--pictures", street::FOLDER, "--since", "yesterday"], "2024-05-01T12:00:00Z"),
        (&["--pictures", street::FOLDER, "--find", "unicorns"], "[possible values: signs, solar]"),
        (&[], "--bbox"),
    ];
    for (arguments, said) in cases {
        place.unchanged(&[arguments, &["-o", text(&output)]].concat()).fails(2, &[said]);
    }
    place.unchanged(&["--pictures", street::FOLDER]).fails(2, &["--output"]);
}

#[test]
fn areas_that_are_none() {
    let place = Place::new();
    let output = place.path("signs.geojson");
    let text_file = place.put("text.geojson", "7.70,48.60,7.72,48.61");
    let point = place.put("point.geojson", r#"{"type": "Point", "coordinates": [7.7, 48.6]}"#);
    let metres = place.put(
        "metres.geojson",
        r#"{"type": "Polygon", "coordinates": [[[1e6, 6e6], [1.1e6, 6e6], [1e6, 6.1e6], [1e6, 6e6]]]}"#,
    );
    let missing = place.path("missing.geojson");
    for (area, why) in [
        (&text_file, "export the area as GeoJSON in WGS 84"),
        (&point, "found: Point"),
        (&metres, "save the area in WGS 84 (EPSG:4326)"),
        (&missing, "No such file"),
    ] {
        let ended = place.unchanged(&["--area", text(area), "--api", "http://127.0.0.1:9", "-o", text(&output)]);
        ended.fails(1, &[text(area), why]);
    }
}

#[test]
fn a_server_that_is_not_there() {
    let place = Place::new();
    let output = place.path("signs.geojson");
    let ended = place.unchanged(&["--bbox", STREET_BBOX, "--api", "ftp://127.0.0.1", "-o", text(&output)]);
    ended.fails(1, &["ftp://127.0.0.1", "write the root of the API, such as https://panoramax.ign.fr/api"]);
}

#[test]
fn models_that_are_none() {
    let place = Place::new();
    let missing = place.path("missing.onnx");
    place.survey(&["--model", text(&missing)]).fails(1, &[text(&missing), "No such file"]);

    let words = place.put("words.onnx", "no model at all");
    place.survey(&["--model", text(&words)]).fails(1, &[text(&words), "is no ONNX model that can be run"]);

    let copy = place.put("copy.onnx", fs::read("tests/models/copy.onnx").unwrap());
    let expected = [
        text(&copy),
        "is no detector that arpent understands",
        "found: input picture",
        "output same",
        "copy.json, and its metadata names no classes",
        "understood: one float input [1, 3, height, width]",
        "yolox",
        "yolov5",
        "yolov8",
        "with a manifest NAME.json beside NAME.onnx",
    ];
    place.survey(&["--model", text(&copy)]).fails(1, &expected);
}

#[test]
fn manifests_that_do_not_fit() {
    let place = Place::new();
    let model = place.put("signs.onnx", fs::read("models/signs.onnx").unwrap());
    for file in ["sign-codes.onnx", "sign-codes.json"] {
        place.put(file, fs::read(format!("models/{file}")).unwrap());
    }
    let shipped = fs::read_to_string("models/signs.json").unwrap();
    let cases: [(String, &[&str]); 4] = [
        ("{".to_owned(), &["signs.json", "not a manifest"]),
        (shipped.replace("\"iou\"", "\"overlap\""), &["signs.json", "unknown field `overlap`"]),
        (shipped.replace("\"yolox\"", "\"yolov5\""), &["is no detector that arpent understands", "Yolov5 head"]),
        (
            shipped.replace("\"other\", ", "\"other\"}, {\"name\": \"one more\", "),
            &["is no detector that arpent understands", "9 classes"],
        ),
    ];
    for (manifest, said) in cases {
        assert_ne!(manifest, shipped);
        place.put("signs.json", manifest);
        place.survey(&["--model", text(&model)]).fails(1, said);
    }
}

/// A run that finds no ONNX Runtime but through its arguments.
fn without_runtime(place: &Place, home: &Path, further: &[&str]) -> Ended {
    let pictures = fs::canonicalize(street::FOLDER).unwrap();
    let output = place.path("signs.geojson");
    let arguments = [&["survey", "--pictures", text(&pictures), "-o", text(&output)], further].concat();
    ended(arpent(arguments).env_clear().env("HOME", home).current_dir(home))
}

#[test]
fn a_missing_onnx_runtime_is_told_with_the_command_that_gets_it() {
    let (place, home) = (Place::new(), tempfile::tempdir().unwrap());
    let remedy = "python3 -m pip install --target ~/.cache/arpent onnxruntime";
    let nowhere = without_runtime(&place, home.path(), &["--onnxruntime", "/nowhere"]);
    nowhere.fails(1, &["Looked in:\n  /nowhere (the option --onnxruntime)", remedy]);

    let cache = format!("  {} (arpent's cache folder)", home.path().join(".cache/arpent").display());
    let said = ["Looked in:\n", "(beside the program)", &cache, "(the path of the system's loader)", remedy];
    without_runtime(&place, home.path(), &[]).fails(1, &said);

    let broken = place.put("libonnxruntime.so", "no library");
    let said = [text(&broken), "cannot be loaded", remedy];
    without_runtime(&place, home.path(), &["--onnxruntime", text(&broken)]).fails(1, &said);
    assert_eq!(names_in(place.0.path()), ["libonnxruntime.so"]);
}
