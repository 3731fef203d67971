//! Labels of YOLO: beside each picture a text with a line a box, `class x y width height`, the middle and the size as
//! parts of the picture's; and `data.yaml`, which names the classes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Dataset, Shot};

/// Writes the labels of a picture. One without boxes has an empty file: there is nothing to be found in it.
pub fn write_labels(shot: &Shot, folder: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(folder.join(format!("{}.txt", shot.name)))?);
    let (width, height) = shot.turn.upright_size();
    for labelled in &shot.boxes {
        for part in shot.parts(labelled.sighting.pixels) {
            let (x, y) = part.centre();
            let (x, y) = (x / width as f32, y / height as f32);
            let (w, h) = ((part.x1 - part.x0) / width as f32, (part.y1 - part.y0) / height as f32);
            writeln!(out, "{} {x:.6} {y:.6} {w:.6} {h:.6}", labelled.class)?;
        }
    }
    out.flush()
}

/// Writes `data.yaml`.
pub fn write_data(dataset: &Dataset, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Split it before you train: neighbouring pictures of a drive show the same things.")?;
    writeln!(out, "train: images\nval: images\nnames:")?;
    for (number, name) in dataset.classes.iter().enumerate() {
        // A string of JSON is one of YAML.
        writeln!(out, "  {number}: {}", serde_json::to_string(name)?)?;
    }
    out.flush()
}
