//! The cut-outs of sightings: the evidence of a landmark, small enough to travel with the page.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, Rgb, RgbImage};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::Report;
use super::data::numbers;
use crate::picture::Picture;
use crate::view::{PixelBox, decode};

/// A cut-out is so wide and high at most, pixels.
const SIDE: u32 = 160;
/// It shows so much more than the thing itself, so that one sees where it stands.
const AROUND: f32 = 1.8;
/// No less is cut out of a picture, pixels: what is smaller cannot be told from its neighbours.
const LEAST_SIDE: f32 = 48.0;
const QUALITY: u8 = 74;
/// Few cut-outs take fewer bytes: how many are tried at all is reckoned by it.
const LEAST_BYTES: usize = 2500;

/// How much evidence a page may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Cut-outs of a landmark, those of its best pictures.
    pub per_landmark: usize,
    /// All of them together, bytes. The best of each landmark come first.
    pub bytes: usize,
    /// Pictures that are fetched and cut at a time.
    pub jobs: usize,
}

/// The cut-outs of a report.
#[derive(Debug, Default)]
pub struct CutOuts {
    /// JPEGs, in the order of the sightings.
    pub(super) images: Vec<Vec<u8>>,
    /// The number of the image of a sighting, by its number.
    pub(super) of: HashMap<usize, usize>,
    /// How many were left out because all together would have been too large.
    pub beyond_size: usize,
    /// Why pictures could not be had, with how many there were.
    pub failures: BTreeMap<String, usize>,
}

impl CutOuts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The size of all images, bytes.
    pub fn bytes(&self) -> usize {
        self.images.iter().map(Vec::len).sum()
    }

    /// Cuts the best sightings of each landmark out of their pictures. `fetch` gives the bytes of a picture or says
    /// why it cannot; `cut` hears how many pictures of how many have been cut.
    pub fn make(
        report: &Report,
        limits: Limits,
        fetch: impl Fn(&Picture) -> Result<Vec<u8>, String> + Sync,
        cut: impl Fn(usize, usize) + Sync,
    ) -> Self {
        let mut ranked = ranked(report, limits.per_landmark);
        let mut beyond_size = ranked.len().saturating_sub(limits.bytes / LEAST_BYTES);
        ranked.truncate(ranked.len() - beyond_size);
        let places = numbers(report.pictures.iter().map(|picture| picture.id.as_str()));
        let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (_, sighting) in &ranked {
            if let Some(picture) = places.get(report.sightings[*sighting].picture_id.as_str()) {
                wanted.entry(*picture).or_default().push(*sighting);
            }
        }
        let wanted: Vec<(usize, Vec<usize>)> = wanted.into_iter().collect();
        let done = AtomicUsize::new(0);
        let of_picture = |(picture, sightings): &(usize, Vec<usize>)| {
            let picture = report.pictures[*picture].picture.as_ref().ok_or_else(|| "no position".to_owned());
            let images = picture.and_then(|picture| {
                let bytes = fetch(picture)?;
                let image = decode(&bytes).map_err(|error| error.to_string())?.image;
                let wraps = picture.camera.is_equirectangular();
                let cut = |s: &usize| Some((*s, cut_out(&image, report.sightings[*s].pixels, wraps)?));
                Ok(sightings.iter().filter_map(cut).collect::<Vec<_>>())
            });
            cut(done.fetch_add(1, Ordering::Relaxed) + 1, wanted.len());
            images
        };
        let all = || wanted.par_iter().map(of_picture).collect::<Vec<_>>();
        let outcomes = match ThreadPoolBuilder::new().num_threads(limits.jobs.max(1)).build() {
            Ok(pool) => pool.install(all),
            Err(_) => all(),
        };
        let mut images: HashMap<usize, Vec<u8>> = HashMap::new();
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        for outcome in outcomes {
            match outcome {
                Ok(cut) => images.extend(cut),
                Err(reason) => *failures.entry(reason).or_default() += 1,
            }
        }
        let mut bytes = 0;
        for (_, sighting) in &ranked {
            bytes += images.get(sighting).map_or(0, Vec::len);
            if bytes > limits.bytes {
                beyond_size += usize::from(images.remove(sighting).is_some());
            }
        }
        let mut kept: Vec<(usize, Vec<u8>)> = images.into_iter().collect();
        kept.sort_unstable_by_key(|(sighting, _)| *sighting);
        let of = kept.iter().enumerate().map(|(image, (sighting, _))| (*sighting, image)).collect();
        Self { images: kept.into_iter().map(|(_, image)| image).collect(), of, beyond_size, failures }
    }
}

/// The sightings that are wanted, by their rank among those of their landmark: the best of each come first.
fn ranked(report: &Report, per_landmark: usize) -> Vec<(usize, usize)> {
    let mut ranks: HashMap<&str, usize> = HashMap::new();
    let mut ranked = Vec::new();
    for (number, sighting) in report.sightings.iter().enumerate() {
        let Some(landmark) = sighting.landmark.as_deref() else { continue };
        let rank = ranks.entry(landmark).or_default();
        if *rank < per_landmark {
            ranked.push((*rank, number));
        }
        *rank += 1;
    }
    ranked.sort_unstable();
    ranked
}

/// A square about a box as a JPEG. In a picture that looks all round it goes on at the other side; else it is moved
/// into the picture.
fn cut_out(image: &RgbImage, pixels: PixelBox, wraps: bool) -> Option<Vec<u8>> {
    let (width, height) = image.dimensions();
    let size = (pixels.x1 - pixels.x0).max(pixels.y1 - pixels.y0) * AROUND;
    if ![pixels.x0, pixels.y0, pixels.x1, pixels.y1].iter().all(|side| side.is_finite()) || width == 0 || height == 0
    {
        return None;
    }
    let side = (size.max(LEAST_SIDE).round() as u32).min(width).min(height);
    let (x, y) = pixels.centre();
    let (x, y) = (x - side as f32 / 2.0, y - side as f32 / 2.0);
    let top = y.clamp(0.0, (height - side) as f32).round() as u32;
    let left =
        if wraps { x.rem_euclid(width as f32) as u32 } else { x.clamp(0.0, (width - side) as f32).round() as u32 };
    let square = RgbImage::from_fn(side, side, |x, y| {
        image.get_pixel_checked((left + x) % width, top + y).copied().unwrap_or(Rgb([0; 3]))
    });
    let small = if side > SIDE { imageops::resize(&square, SIDE, SIDE, FilterType::Triangle) } else { square };
    let mut bytes = Vec::new();
    let (width, height) = small.dimensions();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode(small.as_raw(), width, height, ExtendedColorType::Rgb8)
        .ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pixels: PixelBox, wraps: bool) -> Option<RgbImage> {
        let image = RgbImage::from_fn(400, 200, |x, _| if x < 20 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) });
        let bytes = cut_out(&image, pixels, wraps)?;
        Some(decode(&bytes).unwrap().image)
    }

    #[test]
    fn a_small_thing_is_seen_with_what_is_round_it() {
        let cut = cut(PixelBox { x0: 100.0, y0: 50.0, x1: 110.0, y1: 60.0 }, false).unwrap();
        assert_eq!(cut.dimensions(), (48, 48));
    }

    #[test]
    fn a_large_thing_is_made_small() {
        let cut = cut(PixelBox { x0: 100.0, y0: 10.0, x1: 290.0, y1: 190.0 }, false).unwrap();
        assert_eq!(cut.dimensions(), (SIDE, SIDE));
    }

    #[test]
    fn over_the_seam_it_goes_on_at_the_other_side() {
        let at_seam = PixelBox { x0: 390.0, y0: 50.0, x1: 410.0, y1: 70.0 };
        let is_red = |image: &RgbImage, x: u32| image.get_pixel(x, 20).0[0] > 128;
        let over = cut(at_seam, true).unwrap();
        assert!(!is_red(&over, 4) && is_red(&over, 40));
        assert!(!is_red(&cut(at_seam, false).unwrap(), 40), "a flat picture ends there");
    }

    #[test]
    fn nonsense_is_no_thing() {
        assert!(cut(PixelBox { x0: f32::NAN, y0: 0.0, x1: f32::INFINITY, y1: 1.0 }, true).is_none());
        assert!(cut(PixelBox { x0: -1e9, y0: -1e9, x1: 1e9, y1: 1e9 }, false).is_some());
    }
}
