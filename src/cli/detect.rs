//! `arpent detect`: single pictures in, boxes out.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arpent::camera::Lens;
use arpent::draw;
use arpent::export::Output;
use arpent::model::{Class, Detection, Detector, Model};
use arpent::source::folder::camera_of;
use arpent::view::{Decoded, PixelBox, Plan, Turn, decode};
use clap::Args;
use image::ImageFormat;
use serde::Serialize;

use super::guard::Files;
use super::model::ModelOptions;
use super::{Done, count, print_line};

#[derive(Args)]
pub struct Arguments {
    /// JPEG, PNG or WebP files; 360° pictures are known by their GPano metadata
    #[arg(required = true, value_name = "PICTURE")]
    pictures: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelOptions,
    /// Draw the boxes onto copies of the pictures in this folder
    #[arg(long, value_name = "DIR")]
    draw: Option<PathBuf>,
    /// Print one line of JSON for each picture; boxes over the seam of a 360° picture begin below 0 or end beyond its
    /// width
    #[arg(long)]
    json: bool,
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    picture: String,
    width: u32,
    height: u32,
    detections: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    r#box: [f32; 4],
    class: &'a str,
    value: Option<&'a str>,
    confidence: f32,
    /// The detector's own class, where the classifier read a finer one.
    kind: &'a str,
    /// Probability of the class that the classifier read.
    class_confidence: Option<f32>,
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        let inputs = self.pictures.iter().map(PathBuf::as_path).chain(self.model.file()).collect();
        Files { inputs, ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let model = arguments.model.open()?;
    if let Some(folder) = &arguments.draw {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let mut detector = model.detector()?;
    let mut failed = 0;
    for path in &arguments.pictures {
        match look(path, &mut detector) {
            Ok((decoded, detections)) => {
                let named: Vec<Named> =
                    detections.into_iter().filter_map(|found| Named::new(&model, found)).collect();
                print(arguments.json, path, decoded.turn, &named)?;
                if let Some(folder) = &arguments.draw
                    && let Err(error) = draw_copy(folder, path, decoded, &named)
                {
                    failed += 1;
                    tell!("{error:#}");
                }
            }
            Err(error) => {
                failed += 1;
                tell!("{}: {error:#}", path.display());
            }
        }
    }
    match failed {
        0 => Ok(Done::Well),
        all if all == arguments.pictures.len() => anyhow::bail!("no picture could be looked at"),
        _ => Ok(Done::WithFailures),
    }
}

fn look(path: &Path, detector: &mut Detector) -> Result<(Decoded, Vec<Detection>)> {
    let bytes = std::fs::read(path)?;
    let decoded = decode(&bytes)?;
    let (width, height) = decoded.image.dimensions();
    let lens = Lens::new(&camera_of(path), width, height);
    let plan = Plan::new(&lens, width, height, detector.view_sizes());
    let detections = detector.detect(&decoded.image, &plan)?;
    Ok((decoded, detections))
}

/// A detection with what it is.
struct Named {
    found: Detection,
    class: Class,
    /// The detector's own name of it.
    kind: String,
    /// Probability of the class, where the classifier read it.
    read: Option<f64>,
}

impl Named {
    fn new(model: &Model, found: Detection) -> Option<Self> {
        let (class, read) = model.class_of(found.class, found.reading.as_slice())?;
        let kind = model.manifest().classes.get(found.class)?.name.clone();
        Some(Self { found, class, kind, read })
    }

    /// Code and value: `B14 50`.
    fn text(&self) -> String {
        let name = self.class.inventory_name();
        self.class.value.as_ref().map_or_else(|| name.to_owned(), |value| format!("{name} {value}"))
    }
}

fn print(json: bool, path: &Path, turn: Turn, detections: &[Named]) -> Result<()> {
    if json {
        let detections = detections.iter().map(|Named { found, class, kind, read }| {
            let pixels = turn.to_file(found.pixels);
            Found {
                r#box: [pixels.x0, pixels.y0, pixels.x1, pixels.y1].map(tenths),
                class: class.inventory_name(),
                value: class.value.as_deref(),
                confidence: thousandths(found.score),
                kind,
                class_confidence: read.map(|probability| thousandths(probability as f32)),
            }
        });
        let picture = path.display().to_string();
        let line = Line { picture, width: turn.width, height: turn.height, detections: detections.collect() };
        print_line(&serde_json::to_string(&line)?)?;
    } else {
        print_line(&format!("{}: {}", path.display(), count(detections.len(), "detection")))?;
        for named in detections {
            let PixelBox { x0, y0, x1, y1 } = turn.to_file(named.found.pixels);
            print_line(&format!("  {:.2}  {:<12} {x0:.0},{y0:.0},{x1:.0},{y1:.0}", named.found.score, named.text()))?;
        }
    }
    Ok(())
}

fn thousandths(value: f32) -> f32 {
    (value * 1000.0).round() / 1000.0
}

fn tenths(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}

/// Writes an upright copy with the boxes. Its name is the picture's; a second picture of that name gets a number.
fn draw_copy(folder: &Path, path: &Path, decoded: Decoded, detections: &[Named]) -> Result<()> {
    let mut image = decoded.image;
    for named in detections {
        draw::labelled_box(&mut image, named.found.pixels, &format!("{} {:.2}", named.text(), named.found.score));
    }
    let stem = path.file_stem().map_or_else(|| "picture".into(), |stem| stem.to_string_lossy());
    let mut copy = folder.join(format!("{stem}.jpg"));
    let mut number = 1;
    // The picture itself may lie in the folder: it is never written over.
    while copy.exists() {
        number += 1;
        copy = folder.join(format!("{stem}-{number}.jpg"));
    }
    let written = Output::create(&copy).and_then(|output| {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).map_err(std::io::Error::other)?;
        output.finish(|out| out.write_all(&bytes))
    });
    written.with_context(|| format!("{} cannot be written", copy.display()))?;
    tell!("drawn to {}", copy.display());
    Ok(())
}
