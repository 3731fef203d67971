//! What is in the boxes, cut out with a quarter of the box around it: a folder for each code.

use std::fs;
use std::io;
use std::path::Path;

use super::picture::{Fetched, Kept, write_jpeg};
use super::{Dataset, Shot, name};
use crate::model::crop;

/// Of the box's width and height, on each side.
const MARGIN: f32 = 0.25;

/// Makes a folder for each code.
pub fn create_folders(dataset: &Dataset, folder: &Path) -> io::Result<()> {
    dataset
        .shots
        .iter()
        .flat_map(|shot| &shot.boxes)
        .try_for_each(|labelled| fs::create_dir_all(folder.join(name::safe(&labelled.code))))
}

/// Cuts out of a picture what is in its boxes.
pub fn write(file: &Fetched, folder: &Path, shot: &Shot) -> io::Result<Result<Kept, String>> {
    let pixels = match file.pixels() {
        Ok(pixels) => pixels,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut files = Vec::new();
    for (number, labelled) in shot.boxes.iter().enumerate() {
        let file = format!("{}/{}-{}.jpg", name::safe(&labelled.code), shot.name, number + 1);
        let cut = crop(&pixels, labelled.sighting.pixels, MARGIN, shot.wraps());
        write_jpeg(&folder.join(&file), &cut)?;
        files.push(file);
    }
    Ok(Ok(Kept { files }))
}
