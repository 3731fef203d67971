//! The files of pictures in a folder of a dataset.

use std::fs;
use std::io::{self, Cursor, Write};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageFormat, ImageReader, RgbImage};

use super::Shot;
use crate::view::{Turn, decode};

/// Of JPEGs that are written anew.
const QUALITY: u8 = 95;

/// A picture's file as it came, of the size that it had when it was surveyed.
pub struct Fetched {
    bytes: Vec<u8>,
    ending: &'static str,
}

/// What was written of a picture.
pub struct Kept {
    /// Its files, below the folder.
    pub files: Vec<String>,
}

/// Takes a file for the picture that was surveyed if it has the size of that.
pub fn check(bytes: Vec<u8>, turn: &Turn) -> Result<Fetched, String> {
    let no_picture = || "not a JPEG, PNG or WebP".to_owned();
    let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().map_err(|_| no_picture())?;
    let ending = match reader.format() {
        Some(ImageFormat::Jpeg) => "jpg",
        Some(ImageFormat::Png) => "png",
        Some(ImageFormat::WebP) => "webp",
        _ => return Err(no_picture()),
    };
    let size = reader.into_dimensions().map_err(|_| "picture file damaged".to_owned())?;
    if size == (turn.width, turn.height) {
        Ok(Fetched { bytes, ending })
    } else {
        Err("not the size that it was surveyed in".to_owned())
    }
}

impl Fetched {
    /// The upright pixels.
    pub fn pixels(&self) -> Result<RgbImage, String> {
        decode(&self.bytes).map(|decoded| decoded.image).map_err(|error| error.to_string())
    }

    /// Writes it into a folder under the name of its shot, upright; a reason where it cannot be turned.
    pub fn write(&self, folder: &Path, shot: &Shot) -> io::Result<Result<Kept, String>> {
        let file = if shot.turn.to_exif() == 1 {
            let file = format!("{}.{}", shot.name, self.ending);
            fs::write(folder.join(&file), &self.bytes)?;
            file
        } else {
            let file = format!("{}.jpg", shot.name);
            match self.pixels() {
                Ok(pixels) => write_jpeg(&folder.join(&file), &pixels)?,
                Err(reason) => return Ok(Err(reason)),
            }
            file
        };
        let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Ok(Kept { files: vec![format!("{folder}/{file}")] }))
    }
}

/// Writes pixels as a JPEG.
pub fn write_jpeg(path: &Path, pixels: &RgbImage) -> io::Result<()> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .write_image(pixels, pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
        .map_err(io::Error::other)?;
    fs::File::create(path)?.write_all(&bytes)
}
