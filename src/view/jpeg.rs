//! JPEGs, decoded by libjpeg-turbo as mozjpeg has it: faster than the decoder of the crate `image`, and only down to the
//! last row that is wanted.

use std::ffi::c_int;
use std::io::Cursor;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use image::RgbImage;
use image::metadata::Orientation;
use mozjpeg::Decompress;
use mozjpeg_sys::{
    J_COLOR_SPACE, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_JPEG_EOF, JWRN_MUST_RESYNC, jpeg_common_struct,
    jpeg_error_mgr, jpeg_std_error,
};

use super::decode::{DecodeError, check_size};
use crate::source::jpeg::read_headers;

/// Pixels that a byte of a JPEG can code at most: a block of 64 takes two bits or more, and colours are shared by four
/// blocks. A short file that claims more is there to fill the memory.
const MAX_PIXELS_PER_BYTE: u64 = 512;

/// The most scans a JPEG may have: progressive ones have ten or so, and each goes over all of the picture.
const MAX_SCANS: usize = 100;

/// A JPEG that may have several scans and has more pixels than this is decoded while no other such is: until its last
/// scan all of it is held, six bytes for each pixel at most, which would add up with the number of workers.
const MAX_PIXELS_BESIDE: u64 = 40_000_000;

/// Held by whoever decodes such a one.
static LARGE: Mutex<()> = Mutex::new(());

/// A JPEG of which the headers are read.
pub(super) struct Jpeg<'a> {
    reader: Decompress<&'a [u8]>,
    is_held_whole: bool,
    /// Width and height, pixels.
    pub(super) size: (u32, u32),
    /// How it lies to the upright picture, by its EXIF.
    pub(super) orientation: Orientation,
}

impl<'a> Jpeg<'a> {
    /// Reads the headers of a JPEG that is whole and whose pixels fit the memory; `None` where its colours are those of a
    /// printer, which libjpeg does not turn into others. This and [`decode`](Self::decode) unwind where it is damaged.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        // The decoder would fill what is missing with grey.
        let scans = Scans::of(bytes).ok_or(DecodeError::CutOff)?;
        let reader = Decompress::builder().with_err(strict()).from_mem(bytes).map_err(|_| DecodeError::Damaged)?;
        let side = |side| u32::try_from(side).map_err(|_| DecodeError::TooLarge);
        let size = (side(reader.width())?, side(reader.height())?);
        let pixels = check_size(size)?;
        if pixels > MAX_PIXELS_PER_BYTE * bytes.len() as u64 || scans.number > MAX_SCANS {
            return Err(DecodeError::Damaged);
        }
        use J_COLOR_SPACE::{JCS_GRAYSCALE, JCS_RGB, JCS_YCbCr};
        let is_ours = matches!(reader.color_space(), JCS_YCbCr | JCS_RGB | JCS_GRAYSCALE);
        let is_held_whole = scans.are_held(reader.components().len()) && pixels > MAX_PIXELS_BESIDE;
        let exif = read_headers(&mut Cursor::new(bytes)).ok().and_then(|headers| headers.exif);
        let orientation =
            exif.and_then(|tiff| Orientation::from_exif_chunk(&tiff)).unwrap_or(Orientation::NoTransforms);
        Ok(is_ours.then_some(Self { reader, is_held_whole, size, orientation }))
    }

    /// The pixels of so many rows from the top, as they lie in the file, in the memory of `spare`.
    pub(super) fn decode(self, mut spare: Vec<u8>, rows: u32) -> Result<RgbImage, DecodeError> {
        let (width, height) = self.size;
        let rows = rows.min(height);
        let _alone = self.is_held_whole.then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
        spare.resize(3 * width as usize * rows as usize, 0);
        let mut decoder = self.reader.rgb().map_err(|_| DecodeError::Damaged)?;
        decoder.read_scanlines_into(&mut spare).map_err(|_| DecodeError::Damaged)?;
        RgbImage::from_raw(width, rows, spare).ok_or(DecodeError::Damaged)
    }
}

/// How the pixels of a JPEG come.
struct Scans {
    number: usize,
    is_progressive: bool,
    /// Colours that the first scan has.
    in_first: usize,
}

impl Scans {
    /// Goes over all of a JPEG; `None` where it is cut off.
    fn of(bytes: &[u8]) -> Option<Self> {
        let mut scans = Self { number: 0, is_progressive: false, in_first: 0 };
        for (code, segment) in markers(bytes) {
            match code {
                // The scans of a JPEG end with an end-of-image marker, as ITU T.81 (B.1.1) asks. What follows is another.
                0xD9 => return Some(scans),
                0xDA => {
                    scans.number += 1;
                    if scans.number == 1 {
                        scans.in_first = segment.first().map_or(0, |colours| usize::from(*colours));
                    }
                }
                0xC2 | 0xC6 | 0xCA | 0xCE => scans.is_progressive = true,
                _ => {}
            }
        }
        None
    }

    /// Whether libjpeg holds all of a picture of so many colours until the last scan: it goes by the first one, however
    /// many follow.
    fn are_held(&self, colours: usize) -> bool {
        self.is_progressive || self.in_first < colours
    }
}

/// What libjpeg does about errors: it unwinds, also where it would only warn that pixels are made up.
fn strict() -> jpeg_error_mgr {
    // SAFETY: numbers, null pointers and functions that are not there; the next call fills them in.
    let mut manager = unsafe { std::mem::zeroed() };
    // SAFETY: the manager is the caller's own, and what it points to afterwards is static.
    unsafe { jpeg_std_error(&mut manager) };
    manager.error_exit = Some(damaged);
    manager.emit_message = Some(warned);
    manager
}

/// Leaves libjpeg, through its C, without the message of a panic.
extern "C-unwind" fn damaged(_: &mut jpeg_common_struct) {
    resume_unwind(Box::new(DecodeError::Damaged))
}

extern "C-unwind" fn warned(decoder: &mut jpeg_common_struct, level: c_int) {
    // SAFETY: a decoder has its error manager from before the first message to its end.
    let code = unsafe { (*decoder.err).msg_code };
    let are_made_up = [JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_JPEG_EOF, JWRN_MUST_RESYNC].contains(&code);
    // Traces have levels from 0.
    if level < 0 && are_made_up {
        damaged(decoder);
    }
}

/// The codes of a JPEG's markers, those of stuffed bytes among them, with what follows the length of each segment.
///
/// Segments are skipped by their length, so the markers of an embedded thumbnail do not count. The walk ends where a
/// segment is cut off.
fn markers(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> + '_ {
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)? + 1;
            let code = *bytes.get(at)?;
            let segment: &[u8] = match code {
                // Padding: the code is still to come.
                0xFF => continue,
                // A stuffed byte of the scan, a restart, a start or the end: no length follows.
                0x00 | 0x01 | 0xD0..=0xD9 => {
                    at += 1;
                    &[]
                }
                _ => {
                    let length = *bytes.get(at + 1..)?.first_chunk()?;
                    let start = at + 3;
                    at += 1 + usize::from(u16::from_be_bytes(length)).max(2);
                    bytes.get(start..at).unwrap_or_default()
                }
            };
            return Some((code, segment));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::decode;
    use image::{DynamicImage, ImageFormat, Luma, Rgb};

    fn written(image: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.into().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
        bytes
    }

    fn slope() -> Vec<u8> {
        written(RgbImage::from_fn(320, 240, |x, y| Rgb([(x / 2) as u8, y as u8, ((x + y) / 3) as u8])))
    }

    fn place(bytes: &[u8], code: u8) -> usize {
        bytes.windows(2).position(|marker| marker == [0xFF, code]).unwrap()
    }

    #[test]
    fn pixels_are_about_those_of_another_decoder() {
        let files =
            ["examples/street/pass-1/0001.jpg", "examples/street/pass-2/0001.jpg", "tests/recorded/progressive.jpg"];
        for bytes in files.iter().map(|file| std::fs::read(file).unwrap()).chain([slope()]) {
            let ours = decode(&bytes).unwrap().image;
            let theirs = image::load_from_memory(&bytes).unwrap().into_rgb8();
            assert_eq!(ours.dimensions(), theirs.dimensions());
            let differences = ours.as_raw().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b));
            assert!(differences.max() <= Some(8));
        }
    }

    #[test]
    fn grey_is_grey() {
        let bytes = written(image::GrayImage::from_pixel(33, 17, Luma([77])));
        assert!(decode(&bytes).unwrap().image.pixels().all(|pixel| pixel.0 == [77; 3]));
    }

    /// What libjpeg would only warn of: it fills up with grey.
    #[test]
    fn missing_pixels_are_damage() {
        let whole = slope();
        let scan = place(&whole, 0xDA) + 14;
        for missing in [1, 5, 50, 90] {
            let kept = scan + (whole.len() - 2 - scan) * (100 - missing) / 100;
            let bytes = [&whole[..kept], &[0xFF, 0xD9]].concat();
            assert_eq!(decode(&bytes).unwrap_err(), DecodeError::Damaged, "{missing} % missing");
        }
    }

    #[test]
    fn a_picture_is_gone_over_so_often_only() {
        let bytes = std::fs::read("tests/recorded/progressive.jpg").unwrap();
        let last = |code| bytes.windows(2).rposition(|marker| marker == [0xFF, code]).unwrap();
        let [scan, end] = [0xDA, 0xD9].map(last);
        assert!(decode(&bytes).is_ok());
        let often = [&bytes[..end], &bytes[scan..end].repeat(MAX_SCANS), &bytes[end..]].concat();
        assert_eq!(decode(&often).unwrap_err(), DecodeError::Damaged);
    }

    /// As libjpeg does, whatever the number of scans.
    #[test]
    fn what_libjpeg_holds_is_known() {
        let progressive = std::fs::read("tests/recorded/progressive.jpg").unwrap();
        let second_scan = place(&progressive[place(&progressive, 0xDA) + 2..], 0xDA) + place(&progressive, 0xDA) + 2;
        let one_scan = [&progressive[..second_scan], &[0xFF, 0xD9]].concat();
        let mut one_component = slope();
        let scan = place(&one_component, 0xDA);
        one_component[scan + 4] = 1;
        let two_pictures = [slope(), slope()].concat();
        let held = |bytes: &[u8]| Scans::of(bytes).map(|scans| scans.are_held(3));
        assert_eq!([&progressive, &one_scan, &one_component].map(|bytes| held(bytes)), [Some(true); 3]);
        assert_eq!([&slope(), &two_pictures].map(|bytes| held(bytes)), [Some(false); 2]);
        assert_eq!(held(&slope()[..500]), None);
    }

    #[test]
    fn the_orientation_is_that_of_the_exif() {
        let tiff = |value| {
            [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[value, 0, 0, 0, 0, 0, 0, 0]].concat()
        };
        for (value, expected) in [(1, (320, 240)), (6, (240, 320)), (9, (320, 240))] {
            let exif = [b"Exif\0\0".as_slice(), &tiff(value)].concat();
            let segment = [&[0xFF, 0xE1, 0, exif.len() as u8 + 2], exif.as_slice()].concat();
            let bytes = [&[0xFF, 0xD8], segment.as_slice(), &slope()[2..]].concat();
            assert_eq!(decode(&bytes).unwrap().image.dimensions(), expected, "orientation {value}");
        }
    }
}
