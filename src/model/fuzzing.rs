//! What comes from a model and its manifest, for the fuzzer.

use super::head::Candidate;
use super::manifest::{parse_names, parse_size};
use super::suppress::suppress;
use super::{Calibration, ClassifierManifest, Detection, Head, Manifest, Reading, agree};
use crate::taxonomy::Language;

/// Width and height of the views.
const INPUT: (u32, u32) = (64, 96);

/// The first byte chooses among outputs and the texts that describe a model.
pub fn model_outputs(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    match choice % 8 {
        0 => manifest(&text),
        1 => drop(ClassifierManifest::parse(&text)),
        2 => {
            let _ = parse_size(&text);
            let named = Manifest::from_names("m", &text, INPUT, Head::Yolov8);
            assert!(named.is_err() || parse_names(&text).is_some());
        }
        3 => {
            if let Some(reading) = Reading::parse(&text) {
                assert_eq!(Reading::parse(&reading.to_text()).map(|r| r.to_text()), Some(reading.to_text()));
                let _ = agree(&[reading, reading]);
            }
        }
        _ => output(rest),
    }
}

fn manifest(text: &str) {
    let Ok(manifest) = Manifest::parse(text) else { return };
    let _ = manifest.scaling();
    for class in manifest.classes.iter().take(20) {
        let _ = (class.height(), class.clone().in_language(Language::Fr).label());
    }
    for sphere in [false, true] {
        sound(manifest.calibration(sphere), manifest.confidence);
    }
}

/// A sound calibration makes probabilities of whatever scores there are.
fn sound(calibration: Calibration, confidence: f32) {
    let least = calibration.least_score(confidence);
    assert!((0.0..=1.0).contains(&least), "{calibration:?}: {confidence} needs {least}");
    for score in [0.0, 0.25, 1.0] {
        let probability = calibration.probability(score, None);
        assert!((0.0..=1.0).contains(&probability), "{calibration:?}: {score} gives {probability}");
    }
}

/// Three bytes of settings, then the numbers of an output, which may be too few or too many.
fn output(bytes: &[u8]) {
    let [head, classes, confidence, numbers @ ..] = bytes else { return };
    let head = [Head::Yolox, Head::Yolov5, Head::Yolov8][usize::from(head % 3)];
    let (classes, confidence) = (1 + usize::from(classes % 4), f32::from(*confidence) / 255.0);
    let (numbers, _) = numbers.as_chunks::<4>();
    let numbers: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
    let mut candidates = Vec::new();
    // What is short is repeated, so that a few bytes fill an output.
    let length: usize = head.shape(INPUT, classes).iter().product();
    let repeated: Vec<f32> = numbers.iter().copied().cycle().take(length).collect();
    head.read(&numbers, INPUT, classes, confidence, &mut candidates);
    head.read(&repeated, INPUT, classes, confidence, &mut candidates);
    let readings = Reading::of(&numbers, &[true, false, true]);
    let _ = agree(&[readings, Reading::of_one(3, confidence)]);
    let found = |candidate: &Candidate| {
        let Candidate { class, score, found } = *candidate;
        assert!(class < classes && score >= confidence && score <= 1.0, "{candidate:?}");
        assert!(0.0 <= found.x0 && found.x0 < found.x1 && found.x1 <= INPUT.0 as f32, "{candidate:?}");
        assert!(0.0 <= found.y0 && found.y0 < found.y1 && found.y1 <= INPUT.1 as f32, "{candidate:?}");
        Detection { class, score, reading: Some(readings), pixels: found }
    };
    let found: Vec<Detection> = candidates.iter().map(found).collect();
    let period = (head == Head::Yolox).then_some(INPUT.0 as f32);
    assert!(suppress(found.clone(), 0.5, head == Head::Yolov5, period).len() <= found.len());
}
