//! Draws a street with signs at known places, the pictures that a passing camera takes of it, and the truth.
//!
//! ```text
//! cargo run --release --example draw_street -- examples/street
//! ```

mod chance;
mod colour;
mod facade;
mod face;
mod geo;
mod glyph;
mod ground;
mod huffman;
mod jpeg;
mod material;
mod metadata;
mod pass;
mod path;
mod pictogram;
mod render;
mod scene;
mod shape;
mod space;
mod street;
mod surface;
mod truth;
mod view;
mod world;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

use crate::render::Painter;
use crate::scene::Scene;
use crate::street::Street;

/// Of the JPEG files: with it, all of them together stay below four megabytes.
const QUALITY: u8 = 60;

/// Draw the sample street.
#[derive(Parser)]
struct Arguments {
    /// Folder for the pictures and the tables of what they show
    output: PathBuf,
    /// Draw only the pictures whose path contains this
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> Result<()> {
    let Arguments { output, only } = Arguments::parse();
    let street = Street::sample();
    let scene = Scene::new(world::surfaces(&street));
    let passes = pass::passes(&street);
    let write = |name: &str, bytes: &[u8]| {
        let path = output.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&output))
            .and_then(|()| fs::write(&path, bytes))
            .with_context(|| format!("cannot write {}", path.display()))
    };

    let sightings = truth::sightings(&street, &scene, &passes);
    let signs = serde_json::to_string_pretty(&truth::signs(&street, &sightings))?;
    write("truth.geojson", format!("{signs}\n").as_bytes())?;
    write("boxes.csv", truth::boxes(&sightings).as_bytes())?;
    write("poses.csv", truth::poses(&passes).as_bytes())?;

    let painter = Painter { street: &street, scene: &scene };
    for shot in passes.iter().flat_map(|pass| &pass.shots).filter(|shot| shot.picture.contains(&only)) {
        let image = painter.paint(&shot.view);
        write(&shot.picture, &jpeg::encode(&image, QUALITY, &metadata::segments(shot)?))?;
        println!("{}", shot.picture);
    }
    Ok(())
}
