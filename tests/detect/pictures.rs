//! The shipped detector over pictures of every kind.

use std::fs;
use std::path::Path;

use exif::{Tag, Value};
use image::DynamicImage;
use tempfile::TempDir;

use super::support::command::{names_in, run, text};
use super::support::shot::Shot;
use super::support::street;
use super::{Line, detect, iou, line, lines};

/// Three signs near by, two of them on one pole, and two farther off.
const FLAT: &str = "examples/street/pass-1/0003.jpg";
const ROUND: &str = "examples/street/pass-2/0009.jpg";

/// The boxes of the signs that a picture of the street shows well, after `boxes.csv`.
fn signs_in(picture: &str) -> Vec<[f64; 4]> {
    let table = fs::read_to_string(Path::new(street::FOLDER).join("boxes.csv")).unwrap();
    let mut boxes = Vec::new();
    for row in table.lines().skip(1).map(|row| row.split(',').collect::<Vec<_>>()) {
        if picture.ends_with(row[0]) && row[8] == "1" {
            boxes.push([2, 3, 4, 5].map(|column| row[column].parse().unwrap()));
        }
    }
    assert!(!boxes.is_empty(), "{picture} shows no sign");
    boxes
}

/// A text whose every digit is written `9`: another processor may round a score otherwise.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for letter in text.chars() {
        shape.push(if letter.is_ascii_digit() { '9' } else { letter });
    }
    shape
}

#[test]
fn boxes_are_listed_for_people() {
    let ended = run(["detect", FLAT]).with_code(0);
    let (title, detections) = ended.out.split_once('\n').unwrap();
    assert_eq!(title, format!("{FLAT}: {} detections", detections.lines().count()));
    // The two signs near by are the surest, in whichever order.
    let mut surest: Vec<&str> = detections.lines().take(2).collect();
    surest.sort_by_key(|line| line.split_whitespace().nth(1));
    // The code stays as it is read, between the score and the box.
    let shown: Vec<String> =
        surest.iter().map(|l| format!("{}{}{}", shape(&l[..8]), &l[8..20], shape(&l[20..]))).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
      9.99  A13a         9999,999,9999,999
      9.99  B14 30       9999,999,9999,999
    ");
}

#[test]
fn json_has_a_line_for_each_picture_with_the_signs_in_their_places() {
    let found = lines(&detect(&[FLAT, ROUND]).with_code(0));
    let sizes: Vec<_> = found.iter().map(|line| (line.picture.as_str(), line.width, line.height)).collect();
    assert_eq!(sizes, [(FLAT, 1920, 1080), (ROUND, 3072, 1536)]);
    for line in &found {
        for sign in signs_in(&line.picture) {
            assert!(line.shows(sign), "{sign:?} is missing in {line:?}");
        }
        assert_sound(line);
    }
}

fn assert_sound(line: &Line) {
    let (width, height) = (f64::from(line.width), f64::from(line.height));
    // A box that lies across the seam of a picture that looks all round goes on beyond one of its edges.
    let beyond = if line.width == 2 * line.height { width / 2.0 } else { 0.0 };
    for found in &line.detections {
        let [x0, y0, x1, y1] = found.r#box;
        assert!(-beyond <= x0 && x0 < x1 && x1 <= width + beyond, "{found:?}");
        assert!(x0 < width && 0.0 < x1, "a part of it is in the picture: {found:?}");
        assert!(0.0 <= y0 && y0 < y1 && y1 <= height, "{found:?}");
        assert!((0.0..=1.0).contains(&found.confidence) && !found.class.is_empty(), "{found:?}");
        assert!(!found.kind.is_empty(), "{found:?}");
        // Who has a value has a code, and who was read says how surely.
        let is_code = found.class.starts_with(char::is_uppercase);
        assert!(found.value.is_none() || is_code, "{found:?}");
        assert!(found.class_confidence.is_none_or(|p| is_code && (0.5..=1.0).contains(&p)), "{found:?}");
    }
    assert!(line.detections.is_sorted_by(|a, b| a.confidence >= b.confidence), "best first: {line:?}");
}

#[test]
fn a_sign_on_the_seam_is_found_once() {
    let folder = tempfile::tempdir().unwrap();
    let sign = signs_in(ROUND)[0];
    let whole = image::open(ROUND).unwrap().into_rgb8();
    let width = whole.width();
    // Turned so that the middle of the sign comes to lie on the seam.
    let shift = ((sign[0] + sign[2]) / 2.0).round() as u32 % width;
    let turned = image::RgbImage::from_fn(width, whole.height(), |x, y| *whole.get_pixel((x + shift) % width, y));
    let path = folder.path().join("seam.jpg");
    let shot = Shot::bare().showing(turned).gpano(&[("ProjectionType", "equirectangular")]);
    fs::write(&path, shot.bytes()).unwrap();

    let found = line(&[text(&path)]);
    // Around the left edge or around the right one: both are the seam.
    let (width, shift) = (f64::from(width), f64::from(shift));
    let at_left = [sign[0] - shift, sign[1], sign[2] - shift, sign[3]];
    let at_right = [at_left[0] + width, at_left[1], at_left[2] + width, at_left[3]];
    let fit = |found: [f64; 4]| iou(found, at_left).max(iou(found, at_right));
    let on_it: Vec<f64> = found.detections.iter().map(|d| fit(d.r#box)).filter(|fit| *fit > 0.1).collect();
    assert!(matches!(on_it[..], [once] if once >= 0.5), "{on_it:?} of {found:?}");
    assert_sound(&found);
}

/// The flat picture, stored turned to the left and marked to be turned to the right for showing.
fn stored_turned(folder: &TempDir) -> std::path::PathBuf {
    let turned = image::open(FLAT).unwrap().rotate270();
    let shot = Shot::bare().showing(turned.into_rgb8()).focal_length_35mm(24);
    let path = folder.path().join("turned.jpg");
    fs::write(&path, shot.field(Tag::Orientation, Value::Short(vec![6])).bytes()).unwrap();
    path
}

#[test]
fn boxes_of_a_turned_picture_are_in_the_pixels_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let found = line(&[text(&stored_turned(&folder))]);
    assert_eq!((found.width, found.height), (1080, 1920));
    for [x0, y0, x1, y1] in signs_in(FLAT) {
        let in_the_file = [y0, 1920.0 - x1, y1, 1920.0 - x0];
        assert!(found.shows(in_the_file), "{in_the_file:?} is missing in {found:?}");
    }
}

/// Pixels that are about the colour of the boxes' lines.
fn line_pixels(image: &DynamicImage) -> usize {
    let is_line = |p: &&image::Rgb<u8>| p.0[0] > 220 && p.0[1] < 60 && p.0[2] > 160;
    image.to_rgb8().pixels().filter(is_line).count()
}

#[test]
fn drawn_copies_show_the_boxes_and_write_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let copies = folder.path().join("new").join("folder");
    let second = "examples/street/pass-2/0003.jpg";
    run(["detect", "--draw", text(&copies), FLAT, second]).with_code(0);
    assert_eq!(names_in(&copies), ["0003-2.jpg", "0003.jpg"], "two pictures of one name are told apart");
    let (picture, copy) = (image::open(FLAT).unwrap(), image::open(copies.join("0003.jpg")).unwrap());
    assert_eq!((copy.width(), copy.height()), (1920, 1080));
    assert_eq!(image::open(copies.join("0003-2.jpg")).unwrap().width(), 3072);
    assert!(line_pixels(&copy) > line_pixels(&picture) + 500, "boxes are drawn");

    let first = fs::read(copies.join("0003.jpg")).unwrap();
    run(["detect", "--draw", text(&copies), FLAT]).with_code(0);
    assert_eq!(names_in(&copies), ["0003-2.jpg", "0003-3.jpg", "0003.jpg"]);
    assert!(fs::read(copies.join("0003.jpg")).unwrap() == first, "the first copy is as it was");
}

#[test]
fn drawing_beside_the_picture_leaves_it_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("street.jpg");
    fs::copy(FLAT, &picture).unwrap();
    run(["detect", "--draw", text(folder.path()), text(&picture)]).with_code(0);
    assert_eq!(names_in(folder.path()), ["street-2.jpg", "street.jpg"]);
    assert!(fs::read(&picture).unwrap() == fs::read(FLAT).unwrap());
}

#[test]
fn a_drawn_copy_of_a_turned_picture_is_upright() {
    let folder = tempfile::tempdir().unwrap();
    let copies = folder.path().join("copies");
    run(["detect", "--draw", text(&copies), text(&stored_turned(&folder))]).with_code(0);
    let copy = image::open(copies.join("turned.jpg")).unwrap();
    assert_eq!((copy.width(), copy.height()), (1920, 1080));
}

#[test]
fn a_damaged_picture_costs_itself_only() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        text(&path).to_owned()
    };
    let whole = fs::read(FLAT).unwrap();
    let half = put("half.jpg", &whole[..whole.len() / 2]);
    let words = put("words.jpg", b"no picture");
    let missing = text(&folder.path().join("missing.jpg")).to_owned();
    let reasons = [
        format!("{half}: picture file cut off"),
        format!("{words}: not a JPEG, PNG or WebP"),
        format!("{missing}: No such file"),
    ];

    let some = detect(&[&half, FLAT, &words, &missing]).with_code(3);
    let pictures: Vec<String> = lines(&some).into_iter().map(|line| line.picture).collect();
    assert_eq!(pictures, [FLAT]);
    assert!(reasons.iter().all(|reason| some.err.contains(reason)), "{}", some.err);

    let none = detect(&[&half, &words, &missing]);
    assert!(reasons.iter().all(|reason| none.err.contains(reason)), "{}", none.err);
    none.fails(1, &["arpent: no picture could be looked at"]);
}

#[test]
fn without_a_picture_it_is_wrong_usage() {
    run(["detect"]).fails(2, &["PICTURE"]);
}
