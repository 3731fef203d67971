//! The second net: what exactly a detected thing is, read on its pixels alone.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{Rgb, RgbImage};
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use serde::{Deserialize, Serialize};

use super::detector::{fixed_size, session};
use super::manifest::Class;
use super::{ModelError, Reading};
use crate::view::PixelBox;

/// The largest square that a classifier may ask for, pixels.
const MAX_SIDE: u32 = 512;

/// What a classifier is, what it takes and what its answers mean: `NAME.json` beside its `NAME.onnx`.
///
/// The net takes `[1, 3, side, side]`, RGB 0–255, a box with its margin stretched to a square, and answers with
/// `[1, classes]` probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierManifest {
    /// The classifier's name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// SPDX identifier of the licence of its weights.
    #[serde(default)]
    pub license: Option<String>,
    /// Side of the square it takes, pixels.
    pub side: u32,
    /// How much of a box's width and height is shown around it on each side.
    #[serde(default)]
    pub margin: f32,
    /// Probability from which a class counts; below, the thing keeps the detector's class.
    pub confidence: f32,
    /// The classes, in the order of the outputs. One with `reject` says that the thing is none of the others.
    pub classes: Vec<Class>,
}

impl ClassifierManifest {
    /// The manifest that a text holds, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = serde_json::from_str(text).map_err(|error| {
            format!("not a manifest of a classifier: {error}. models/README.md of arpent says what one holds")
        })?;
        if !(1..=MAX_SIDE).contains(&manifest.side) {
            return Err(format!("side is {}: it must be between 1 and {MAX_SIDE}", manifest.side));
        }
        if !(0.0..=2.0).contains(&manifest.margin) {
            return Err(format!("margin is {}: it must be between 0 and 2", manifest.margin));
        }
        if !(0.0..=1.0).contains(&manifest.confidence) {
            return Err(format!("confidence is {}: it must be between 0 and 1", manifest.confidence));
        }
        if manifest.classes.is_empty() || manifest.classes.len() > usize::from(u16::MAX) {
            return Err("it names no class, or too many".to_owned());
        }
        Ok(manifest)
    }

    /// What a thing is that was read as `class` with a probability, where that is enough to say so.
    pub fn verdict(&self, (class, probability): (usize, f64)) -> Verdict<'_> {
        match self.classes.get(class).filter(|_| probability >= f64::from(self.confidence)) {
            None => Verdict::Unsure,
            Some(class) if class.reject => Verdict::None,
            Some(class) => Verdict::Is(class, probability),
        }
    }
}

/// What a classifier makes of a thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict<'a> {
    /// It is of this class, with this probability.
    Is(&'a Class, f64),
    /// It is none of the classes.
    None,
    /// It cannot be told.
    Unsure,
}

/// A classifier's file and manifest, checked, to make [`Classifier`]s of.
pub(super) struct ClassifierModel {
    path: PathBuf,
    bytes: Vec<u8>,
    pub(super) manifest: ClassifierManifest,
    pub(super) sha256: String,
    /// The one that was tried, for the first detector.
    tried: Mutex<Option<Classifier>>,
}

/// One session of a classifier, with one thread.
pub(super) struct Classifier {
    session: Session,
    side: u32,
    margin: f32,
    rejects: Vec<bool>,
    tensor: Vec<f32>,
}

impl ClassifierModel {
    /// Reads `path` and the manifest beside it.
    pub(super) fn open(path: &Path, environment: &Environment) -> Result<Self, ModelError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| ModelError::File { path: path.to_owned(), why: error.to_string() })
        };
        let manifest = read(&path.with_extension("json"))?;
        Self::from_parts(path, read(path)?, &String::from_utf8_lossy(&manifest), environment)
    }

    /// A classifier whose bytes are at hand; `path` names it in messages. It is tried on an empty crop.
    pub(super) fn from_parts(
        path: &Path,
        bytes: Vec<u8>,
        manifest: &str,
        environment: &Environment,
    ) -> Result<Self, ModelError> {
        let manifest = ClassifierManifest::parse(manifest)
            .map_err(|why| ModelError::Manifest { path: path.with_extension("json"), why })?;
        let sha256 = super::sha256(&bytes);
        let mut model = Self { path: path.to_owned(), bytes, manifest, sha256, tried: Mutex::default() };
        let misfit = |why: String| ModelError::Classifier { path: path.to_owned(), why };
        let mut classifier = model.classifier(environment)?;
        fixed_size(&classifier.session).map_err(misfit)?;
        let blank = RgbImage::new(8, 8);
        let row = classifier.row(&blank, PixelBox { x0: 0.0, y0: 0.0, x1: 8.0, y1: 8.0 }, None).map_err(misfit)?;
        if row.len() != model.manifest.classes.len() {
            let (found, named) = (row.len(), model.manifest.classes.len());
            return Err(misfit(format!("it answers with {found} numbers, its manifest names {named} classes")));
        }
        model.tried = Mutex::new(Some(classifier));
        Ok(model)
    }

    /// A classifier with a session of its own.
    pub(super) fn classifier(&self, environment: &Environment) -> Result<Classifier, ModelError> {
        if let Some(tried) = self.tried.lock().ok().and_then(|mut tried| tried.take()) {
            return Ok(tried);
        }
        let side = self.manifest.side;
        Ok(Classifier {
            session: session(environment, &self.bytes, &self.path)?,
            side,
            margin: self.manifest.margin,
            rejects: self.manifest.classes.iter().map(|class| class.reject).collect(),
            tensor: vec![0.0; 3 * side as usize * side as usize],
        })
    }
}

impl Classifier {
    /// What is in a box of an upright picture; `period` is the width after which the picture repeats.
    pub(super) fn read(
        &mut self,
        picture: &RgbImage,
        pixels: PixelBox,
        period: Option<f32>,
    ) -> Result<Reading, ModelError> {
        let row = self.row(picture, pixels, period).map_err(ModelError::Run)?;
        Ok(Reading::of(&row, &self.rejects))
    }

    fn row(&mut self, picture: &RgbImage, pixels: PixelBox, period: Option<f32>) -> Result<Vec<f32>, String> {
        let crop = crop(picture, pixels, self.margin, period.is_some());
        let side = self.side;
        let source = Image::from_vec_u8(crop.width(), crop.height(), crop.into_raw(), PixelType::U8x3)
            .map_err(|error| error.to_string())?;
        let mut square = Image::new(side, side, PixelType::U8x3);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        Resizer::new().resize(&source, &mut square, &options).map_err(|error| error.to_string())?;
        let size = side as usize * side as usize;
        for (place, pixel) in square.buffer().chunks_exact(3).enumerate() {
            for (plane, value) in pixel.iter().enumerate() {
                self.tensor[plane * size + place] = f32::from(*value);
            }
        }
        let shape = [1, 3, side as usize, side as usize];
        let value = TensorRef::from_array_view((shape, self.tensor.as_slice())).map_err(|error| error.to_string())?;
        let outputs = self.session.run(ort::inputs![value]).map_err(|error| error.to_string())?;
        let (_, row) = outputs[0].try_extract_tensor::<f32>().map_err(|error| error.to_string())?;
        Ok(row.to_vec())
    }
}

/// A box and its margin cut out of a picture, grey where there is no picture.
pub(crate) fn crop(picture: &RgbImage, pixels: PixelBox, margin: f32, wraps: bool) -> RgbImage {
    const OUTSIDE: Rgb<u8> = Rgb([114; 3]);
    let (dx, dy) = ((pixels.x1 - pixels.x0) * margin, (pixels.y1 - pixels.y0) * margin);
    let (x0, y0) = ((pixels.x0 - dx).round() as i64, (pixels.y0 - dy).round() as i64);
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    let side = |from: i64, to: f32, most: i64| (to.round() as i64 - from).clamp(2, most.max(2)) as u32;
    let (columns, rows) = (side(x0, pixels.x1 + dx, 2 * width), side(y0, pixels.y1 + dy, 2 * height));
    RgbImage::from_fn(columns, rows, |i, j| {
        let (x, y) = (x0 + i64::from(i), y0 + i64::from(j));
        let x = if wraps { x.rem_euclid(width) } else { x };
        let inside = (0..width).contains(&x) && (0..height).contains(&y);
        if inside { *picture.get_pixel(x as u32, y as u32) } else { OUTSIDE }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(side: u32, margin: f32) -> String {
        format!(
            r#"{{"name": "codes", "side": {side}, "margin": {margin}, "confidence": 0.8,
                "classes": [{{"name": "unknown", "reject": true}}, {{"name": "B1", "code": "B1"}}]}}"#
        )
    }

    #[test]
    fn a_verdict_needs_to_be_sure() {
        let manifest = ClassifierManifest::parse(&manifest(64, 0.1)).unwrap();
        assert!(matches!(manifest.verdict((1, 0.9)), Verdict::Is(class, _) if class.name == "B1"));
        assert_eq!(manifest.verdict((1, 0.7)), Verdict::Unsure);
        assert_eq!(manifest.verdict((0, 0.9)), Verdict::None);
        assert_eq!(manifest.verdict((7, 0.9)), Verdict::Unsure);
    }

    #[test]
    fn a_wrong_manifest_says_what_is_wrong() {
        assert!(ClassifierManifest::parse(&manifest(0, 0.1)).unwrap_err().contains("side is 0"));
        assert!(ClassifierManifest::parse(&manifest(64, -1.0)).unwrap_err().contains("margin is -1"));
        assert!(ClassifierManifest::parse("{}").unwrap_err().contains("not a manifest of a classifier"));
    }

    #[test]
    fn a_crop_goes_over_the_seam_and_is_grey_outside() {
        let picture = RgbImage::from_fn(100, 50, |x, _| Rgb([x as u8, 0, 0]));
        let over = PixelBox { x0: 95.0, y0: 10.0, x1: 105.0, y1: 20.0 };
        let crop_at = |wraps| crop(&picture, over, 0.0, wraps);
        assert_eq!(crop_at(true).dimensions(), (10, 10));
        assert_eq!(crop_at(true).get_pixel(7, 3)[0], 2);
        assert_eq!(*crop_at(false).get_pixel(7, 3), Rgb([114; 3]));
        let whole = crop(&picture, PixelBox { x0: -1e9, y0: 0.0, x1: 1e9, y1: 50.0 }, 1.0, false);
        assert!(whole.width() <= 200 && whole.height() <= 100, "no crop is larger than twice the picture");
    }
}
