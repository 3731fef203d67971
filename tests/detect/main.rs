//! `arpent detect`: boxes, classes and scores of single pictures.

mod foreign;
mod pictures;
#[path = "../support/mod.rs"]
mod support;

use serde::Deserialize;
use support::command::{Ended, run};

/// A line of `--json`: these fields and no others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    picture: String,
    width: u32,
    height: u32,
    detections: Vec<Found>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    r#box: [f64; 4],
    class: String,
    value: Option<String>,
    confidence: f64,
    kind: String,
    class_confidence: Option<f64>,
}

/// Runs the command with `--json`.
fn detect(arguments: &[&str]) -> Ended {
    run(["detect", "--json"].iter().chain(arguments))
}

/// What the command prints.
fn lines(ended: &Ended) -> Vec<Line> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The line of the one picture among the arguments.
fn line(arguments: &[&str]) -> Line {
    let [line] = lines(&detect(arguments).with_code(0)).try_into().unwrap();
    line
}

/// Share of their union that two boxes have in common.
fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let side = |low: usize, high: usize| (a[high].min(b[high]) - a[low].max(b[low])).max(0.0);
    let common = side(0, 2) * side(1, 3);
    let area = |c: [f64; 4]| (c[2] - c[0]) * (c[3] - c[1]);
    common / (area(a) + area(b) - common)
}

impl Line {
    /// Whether one of the detections is in this place.
    fn shows(&self, wanted: [f64; 4]) -> bool {
        self.detections.iter().any(|found| iou(found.r#box, wanted) >= 0.5)
    }
}
