//! Detectors that others made.

use std::fs;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::command::text;
use super::support::{shared, street};
use super::{detect, iou, line};

/// A black picture of 64 pixels with two coloured cells of 8 pixels.
fn coloured_cells(folder: &TempDir) -> PathBuf {
    let colour = |x: u32, y: u32| match (x / 8, y / 8) {
        (3, 2) => Rgb([255, 0, 0]),
        (5, 6) => Rgb([0, 0, 204]),
        _ => Rgb([0, 0, 0]),
    };
    let path = folder.path().join("cells.png");
    RgbImage::from_fn(64, 64, colour).save(&path).unwrap();
    path
}

/// `tests/models/cells.onnx` has the form of a YOLOv8 and marks coloured cells.
#[test]
fn a_yolov8_with_names_in_its_metadata_needs_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let found = line(&["--model", "tests/models/cells.onnx", text(&coloured_cells(&folder))]);
    let detections: Vec<_> = found.detections.iter().map(|d| (d.class.as_str(), d.r#box, d.confidence)).collect();
    assert_eq!(detections, [("red", [24.0, 16.0, 32.0, 24.0], 1.0), ("blue", [40.0, 48.0, 48.0, 56.0], 0.8)]);
}

/// Where a manifest is, it counts and not the metadata.
#[test]
fn a_manifest_beside_a_model_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = json!({
        "name": "cells", "find": "cells", "head": "yolo11", "confidence": 0.9,
        "input": {"width": 64, "height": 64, "channels": "bgr", "std": [255, 255, 255]},
        "classes": [{"name": "blue", "code": "C2", "value": "7"}, {"name": "red"}]
    });
    let model = with_manifest(&folder, Path::new("tests/models/cells.onnx"), &manifest);
    let found = line(&["--model", text(&model), text(&coloured_cells(&folder))]);
    // With blue first, what the model calls red is blue: 204 of 255 are too little for this manifest, 255 are not.
    let detections: Vec<_> = found.detections.iter().map(|d| (d.class.as_str(), d.r#box)).collect();
    assert_eq!(detections, [("red", [24.0, 16.0, 32.0, 24.0])]);

    let found = line(&["--confidence", "0.5", "--model", text(&model), text(&coloured_cells(&folder))]);
    let [red, blue] = &found.detections[..] else { panic!("{found:?}") };
    assert_eq!((red.class.as_str(), red.value.as_deref()), ("red", None));
    assert_eq!((blue.class.as_str(), blue.value.as_deref()), ("C2", Some("7")));
}

/// A copy of a model with this manifest beside it.
fn with_manifest(folder: &TempDir, model: &Path, manifest: &Value) -> PathBuf {
    let copy = folder.path().join(model.file_name().unwrap());
    fs::copy(model, &copy).unwrap();
    fs::write(copy.with_extension("json"), manifest.to_string()).unwrap();
    copy
}

/// The coloured cells, with a classifier of these classes that reads each of them again.
fn read_again(folder: &TempDir, classifier: &Value) -> PathBuf {
    with_manifest(folder, Path::new("tests/models/colours.onnx"), classifier);
    let manifest = json!({
        "name": "cells", "find": "cells", "head": "yolov8", "classifier": "colours.onnx",
        "input": {"width": 64, "height": 64, "std": [255, 255, 255]},
        "classes": [{"name": "warm", "code": "W"}, {"name": "cold", "code": "C"}]
    });
    with_manifest(folder, Path::new("tests/models/cells.onnx"), &manifest)
}

#[test]
fn a_classifier_reads_codes_and_takes_back_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let classifier = json!({
        "name": "colours", "side": 8, "confidence": 0.9,
        "classes": [{"name": "green"}, {"name": "red", "code": "B14", "value": "50"}, {"name": "other", "reject": true}]
    });
    let model = read_again(&folder, &classifier);
    let found = line(&["--model", text(&model), text(&coloured_cells(&folder))]);
    let [red, blue] = &found.detections[..] else { panic!("{found:?}") };
    assert_eq!((red.class.as_str(), red.value.as_deref(), red.kind.as_str()), ("B14", Some("50"), "warm"));
    assert!(red.class_confidence.unwrap() > 0.9 && red.confidence == 1.0);
    // Surely none of the classifier's: it keeps the detector's name and loses its code.
    assert_eq!((blue.class.as_str(), blue.class_confidence), ("cold", None));
}

#[test]
fn an_unsure_classifier_leaves_the_detectors_class() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["green", "red", "blue"];
    let classifier = json!({"name": "colours", "side": 8, "margin": 0.5, "confidence": 1, "classes": classes(names)});
    let model = read_again(&folder, &classifier);
    let found = line(&["--model", text(&model), text(&coloured_cells(&folder))]);
    let read: Vec<_> = found.detections.iter().map(|d| (d.class.as_str(), d.class_confidence)).collect();
    assert_eq!(read, [("W", None), ("C", None)]);
}

#[test]
fn a_classifier_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let picture = coloured_cells(&folder);
    let mut classifier = json!({"name": "colours", "side": 8, "confidence": 0.5, "classes": classes(["one", "two"])});
    let model = read_again(&folder, &classifier);
    let command = ["--model", text(&model), text(&picture)];
    detect(&command).fails(1, &["colours.onnx", "answers with 3 numbers, its manifest names 2 classes"]);
    classifier["side"] = 9.into();
    read_again(&folder, &classifier);
    detect(&command).fails(1, &["colours.onnx is no classifier that arpent understands"]);
    fs::remove_file(folder.path().join("colours.json")).unwrap();
    detect(&command).fails(1, &["colours.json"]);
}

fn classes(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<Value> {
    names.into_iter().map(|name| json!({"name": name.into()})).collect()
}

/// Signs of a real picture that were boxed by eye, the faces of those that are no puzzle.
fn labelled_signs(labels: &Path, picture: &Path) -> Vec<[f64; 4]> {
    let labels: Value = serde_json::from_str(&fs::read_to_string(labels).unwrap()).unwrap();
    let name = picture.file_name().unwrap().to_str().unwrap();
    let labelled = labels["pictures"].as_array().unwrap().iter().find(|p| p["file"] == name).unwrap();
    let signs = labelled["signs"].as_array().unwrap().iter();
    signs
        .filter(|sign| sign["kind"] == "front" && sign["difficult"] == false)
        .map(|sign| [0, 1, 2, 3].map(|corner| sign["box"][corner].as_f64().unwrap()))
        .collect()
}

#[test]
fn a_yolov5_with_a_manifest_finds_the_signs_of_a_panorama() {
    let wanted = [
        "weights/yolov5n_gtsdb43_640.onnx",
        "data/panoramax/labels.json",
        "data/panoramax/toulouse_gopro/4e13d11f-bee3-4700-aaf4-1425942d2e69.jpg",
    ];
    let [Some(model), Some(labels), Some(picture)] = wanted.map(shared) else { return };
    let folder = tempfile::tempdir().unwrap();
    let manifest = json!({
        "name": "gtsdb", "find": "signs", "head": "yolov5", "exclusive": true,
        "input": {"width": 640, "height": 640, "std": [255, 255, 255]},
        "classes": classes((0..43).map(|number| format!("sign {number}")))
    });
    let model = with_manifest(&folder, &model, &manifest);
    let found = line(&["--model", text(&model), text(&picture)]);
    let signs = labelled_signs(&labels, &picture);
    let seen = signs.iter().filter(|sign| found.shows(**sign)).count();
    assert!(seen * 2 >= signs.len(), "{seen} of {}: {found:?}", signs.len());
    // Its classes are those of the benchmark: a speed limit of 30, and no entry.
    for (sign, class) in [([353.0, 1423.0, 390.0, 1460.0], "sign 1"), ([4133.0, 1106.0, 4242.0, 1211.0], "sign 17")] {
        assert!(signs.contains(&sign));
        assert!(found.detections.iter().any(|d| d.class == class && iou(d.r#box, sign) >= 0.5), "{found:?}");
    }
}

#[test]
fn a_yolox_for_other_things_finds_them_in_a_street() {
    let wanted = [
        "weights/yolox_nano_coco_416.onnx",
        "weights/coco.names",
        "data/panoramax/toulouse_gopro/4e13d11f-bee3-4700-aaf4-1425942d2e69.jpg",
    ];
    let [Some(model), Some(names), Some(picture)] = wanted.map(shared) else { return };
    let folder = tempfile::tempdir().unwrap();
    let names = fs::read_to_string(names).unwrap();
    let manifest = json!({
        "name": "coco", "find": "things", "head": "yolox", "confidence": 0.5,
        "input": {"width": 416, "height": 416, "channels": "bgr"},
        "classes": classes(names.lines())
    });
    let model = with_manifest(&folder, &model, &manifest);
    let found = line(&["--model", text(&model), text(&picture)]);
    for (class, place) in [("person", [3954.0, 1469.0, 4163.0, 1895.0]), ("car", [110.0, 1480.0, 187.0, 1535.0])] {
        assert!(
            found.detections.iter().any(|d| d.class == class && iou(d.r#box, place) >= 0.5),
            "{class}: {found:?}"
        );
    }
}

#[test]
fn a_detector_of_another_kind_is_refused_with_what_was_found_and_what_is_understood() {
    let wanted = ["weights/nanodet_m_coco_416.onnx", "weights/coco.names"];
    let [Some(model), Some(names)] = wanted.map(shared) else { return };
    let picture = format!("{}/pass-1/0001.jpg", street::FOLDER);
    let found = "found: input input.1 Tensor<f32>(1, 3, 416, 416); output 792 Tensor<f32>(1, 2704, 80)";
    let said = ["is no detector that arpent understands", found, "understood: one float input"];
    detect(&["--model", text(&model), &picture]).fails(1, &said);

    // Nor does a manifest make it one.
    let folder = tempfile::tempdir().unwrap();
    let names = fs::read_to_string(names).unwrap();
    for (head, expected) in [("yolox", "[1, 3549, 85]"), ("yolov5", "[1, 10647, 85]"), ("yolov8", "[1, 84, 3549]")] {
        let input = json!({"width": 416, "height": 416});
        let manifest =
            json!({"name": "n", "find": "n", "head": head, "input": input, "classes": classes(names.lines())});
        let model = with_manifest(&folder, &model, &manifest);
        let shapes = ["its output has the shape [1, 2704, 80]", &format!("has {expected}")];
        detect(&["--model", text(&model), &picture]).fails(1, &[&said[..], &shapes].concat());
    }
}
