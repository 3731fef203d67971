//! From the bytes of a picture file to upright pixels.

use std::borrow::Cow;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use thiserror::Error;

use crate::view::PixelBox;

/// The most pixels a picture may have; the largest panoramas in the commons have about a hundred million. Each worker
/// holds three bytes for each.
const MAX_PIXELS: u64 = 150_000_000;

/// Pixels that a byte of a JPEG can code at most: a block of 64 takes two bits or more, and colours are shared by four
/// blocks. A short file that claims more is there to fill the memory.
const MAX_PIXELS_PER_BYTE: u64 = 512;

/// The longest side a picture may have: what JPEG allows.
const MAX_SIDE: u32 = 65_535;

/// Rows decoded below those that are wanted, and what they are a multiple of: those of two units of a JPEG at most, so
/// that where it ends bears on nothing above.
const ROWS_BELOW: u32 = 32;

/// A decoded picture, turned upright.
#[derive(Debug)]
pub struct Decoded {
    /// The upright pixels.
    pub image: RgbImage,
    /// How the file's own pixels lie to them.
    pub turn: Turn,
}

/// Why a file is no picture. The display text is what the counts of failures go by.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Neither JPEG, PNG nor WebP.
    #[error("not a JPEG, PNG or WebP")]
    Format,
    /// The end of the file is missing.
    #[error("picture file cut off")]
    CutOff,
    /// The file cannot be decoded.
    #[error("picture file damaged")]
    Damaged,
    /// More pixels than any street-level picture has.
    #[error("picture has too many pixels")]
    TooLarge,
}

/// Decodes a JPEG, PNG or WebP and turns it upright after its EXIF orientation.
///
/// A panic of the decoder, which a damaged file may provoke, counts as damage.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    decode_top(Vec::new(), bytes, |_| u32::MAX)
}

/// The same, of which only the rows at the top are wanted, as many as `rows` says when the size is known: where the file
/// lets them be had alone, the image has not many more.
///
/// `spare` is memory that an earlier picture has left, for the pixels of this one: the system takes its time to give a
/// worker new memory for each picture.
pub(crate) fn decode_top(
    spare: Vec<u8>,
    bytes: &[u8],
    rows: impl FnOnce(&Turn) -> u32,
) -> Result<Decoded, DecodeError> {
    catch_unwind(AssertUnwindSafe(|| decode_trusting(spare, bytes, rows))).unwrap_or(Err(DecodeError::Damaged))
}

fn decode_trusting(
    mut spare: Vec<u8>,
    bytes: &[u8],
    rows: impl FnOnce(&Turn) -> u32,
) -> Result<Decoded, DecodeError> {
    let format = image::guess_format(bytes).map_err(|_| DecodeError::Format)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(DecodeError::Format);
    }
    // The decoder fills what a cut-off JPEG lacks with grey and says nothing.
    if format == ImageFormat::Jpeg && !is_whole_jpeg(bytes) {
        return Err(DecodeError::CutOff);
    }
    let open =
        |bytes| ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(|_| DecodeError::Damaged);
    let mut decoder = open(Cow::Borrowed(bytes))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE || decoder.total_bytes() > 3 * MAX_PIXELS {
        return Err(DecodeError::TooLarge);
    }
    if format == ImageFormat::Jpeg && pixels > MAX_PIXELS_PER_BYTE * bytes.len() as u64 {
        return Err(DecodeError::Damaged);
    }
    if width == 0 || height == 0 {
        return Err(DecodeError::Damaged);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turn = Turn { orientation, width, height };
    let rows = (rows(&turn).min(height) + ROWS_BELOW).next_multiple_of(ROWS_BELOW);
    if format == ImageFormat::Jpeg
        && orientation == Orientation::NoTransforms
        && rows < height
        && let Some(shorter) = shortened(bytes, rows)
    {
        decoder = open(Cow::Owned(shorter))?;
    }
    let (width, height) = decoder.dimensions();
    let mut image = if decoder.color_type() == ColorType::Rgb8 {
        let length = usize::try_from(decoder.total_bytes()).map_err(|_| DecodeError::TooLarge)?;
        spare.resize(length, 0);
        decoder.read_image(&mut spare).map_err(|_| DecodeError::Damaged)?;
        RgbImage::from_raw(width, height, spare).ok_or(DecodeError::Damaged)?.into()
    } else {
        DynamicImage::from_decoder(decoder).map_err(|_| DecodeError::Damaged)?
    };
    image.apply_orientation(orientation);
    Ok(Decoded { image: image.into_rgb8(), turn })
}

/// A JPEG that says that it is only so many rows high, and ends there for the decoder; `None` where it has more than one
/// scan, as progressive ones do.
fn shortened(bytes: &[u8], rows: u32) -> Option<Vec<u8>> {
    let rows = u16::try_from(rows).ok()?;
    let mut frame = None;
    for (code, at) in markers(bytes) {
        match code {
            0xC0 | 0xC1 => frame = Some((at + 4, *bytes.get(at + 8)?)),
            0xC4 | 0xC8 | 0xCC => {}
            0xC2..=0xCF => return None,
            0xDA => {
                // The scan has as many components as the frame.
                let (height_at, _) = frame.filter(|(_, components)| bytes.get(at + 3) == Some(components))?;
                let mut shorter = bytes.to_vec();
                shorter.get_mut(height_at..height_at + 2)?.copy_from_slice(&rows.to_be_bytes());
                return Some(shorter);
            }
            _ => {}
        }
    }
    None
}

/// Whether the scans of a JPEG end with an end-of-image marker, as ITU T.81 (B.1.1) asks.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    markers(bytes).any(|(code, _)| code == 0xD9)
}

/// The codes of a JPEG's markers, those of stuffed bytes among them, and the byte of each.
///
/// Segments are skipped by their length, so the markers of an embedded thumbnail do not count. The walk ends where a
/// segment is cut off.
fn markers(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> + '_ {
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)? + 1;
            let (code, code_at) = (*bytes.get(at)?, at);
            match code {
                // Padding: the code is still to come.
                0xFF => continue,
                // A stuffed byte of the scan, a restart, a start or the end: no length follows.
                0x00 | 0x01 | 0xD0..=0xD9 => at += 1,
                _ => {
                    let length = *bytes.get(at + 1..)?.first_chunk()?;
                    at += 1 + usize::from(u16::from_be_bytes(length)).max(2);
                }
            }
            return Some((code, code_at));
        }
    })
}

/// How the upright picture lies in the file: detections are reported in the file's own pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    orientation: Orientation,
    /// Width of the file's image, pixels.
    pub width: u32,
    /// Height of the file's image, pixels.
    pub height: u32,
}

impl Turn {
    /// The turn of a file of this EXIF orientation, 1 to 8, and size; `None` for any other number.
    pub fn from_exif(orientation: u8, width: u32, height: u32) -> Option<Self> {
        Some(Self { orientation: Orientation::from_exif(orientation)?, width, height })
    }

    /// Stands for the turn of a file whose size nobody has to know.
    pub(crate) fn unknown() -> Self {
        Self { orientation: Orientation::NoTransforms, width: 1, height: 1 }
    }

    /// The EXIF orientation, 1 to 8.
    pub fn to_exif(&self) -> u8 {
        self.orientation.to_exif()
    }

    /// Width and height of the upright image, pixels.
    pub fn upright_size(&self) -> (u32, u32) {
        match self.orientation {
            Orientation::NoTransforms
            | Orientation::FlipHorizontal
            | Orientation::Rotate180
            | Orientation::FlipVertical => (self.width, self.height),
            _ => (self.height, self.width),
        }
    }

    /// A box of the file in pixels of the upright picture.
    pub fn to_upright(&self, file: PixelBox) -> PixelBox {
        let (width, height) = self.upright_size();
        let back = match self.orientation {
            Orientation::Rotate90 => Orientation::Rotate270,
            Orientation::Rotate270 => Orientation::Rotate90,
            // The others are their own way back.
            same => same,
        };
        Self { orientation: back, width, height }.to_file(file)
    }

    /// A box of the upright picture in pixels of the file.
    pub fn to_file(&self, upright: PixelBox) -> PixelBox {
        let (w, h) = (self.width as f32, self.height as f32);
        let point = |x: f32, y: f32| match self.orientation {
            Orientation::NoTransforms => (x, y),
            Orientation::FlipHorizontal => (w - x, y),
            Orientation::Rotate180 => (w - x, h - y),
            Orientation::FlipVertical => (x, h - y),
            Orientation::Rotate90FlipH => (y, x),
            Orientation::Rotate90 => (y, h - x),
            Orientation::Rotate270FlipH => (w - y, h - x),
            Orientation::Rotate270 => (w - y, x),
        };
        let (a, b) = (point(upright.x0, upright.y0), point(upright.x1, upright.y1));
        PixelBox { x0: a.0.min(b.0), y0: a.1.min(b.1), x1: a.0.max(b.0), y1: a.1.max(b.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let image = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 5) as u8, (x ^ y) as u8]));
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
        bytes
    }

    #[test]
    fn whole_files_decode() {
        let decoded = decode(&jpeg(64, 48)).unwrap();
        assert_eq!(decoded.image.dimensions(), (64, 48));
    }

    proptest::proptest! {
        /// The decoder leaves what a damaged file lacks as it is: that must not be a picture of before.
        #[test]
        fn memory_used_before_shows_nowhere(
            place in 0.0..1.0_f64, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..40),
            width in 1_u32..90, height in 1_u32..90,
        ) {
            let mut file = jpeg(width, height);
            let from = (place * file.len() as f64) as usize;
            file.iter_mut().skip(from).zip(bytes).for_each(|(old, new)| *old = new);
            let pixels = |spare| decode_top(spare, &file, |_| u32::MAX).map(|decoded| decoded.image);
            proptest::prop_assert_eq!(pixels(vec![0xAB; 5000]), pixels(Vec::new()));
        }
    }

    #[test]
    fn the_top_alone_is_the_top_of_the_whole() {
        // Colours of half the rows and columns, one scan.
        let street = std::fs::read("examples/street/pass-1/0001.jpg").unwrap();
        let whole = decode(&street).unwrap();
        for rows in [0, 1, 16, 500, 700, 1060, 1080, u32::MAX] {
            let top = decode_top(Vec::new(), &street, |_| rows).unwrap();
            assert_eq!(top.turn, whole.turn);
            assert!(top.image.height() <= rows.saturating_add(2 * ROWS_BELOW), "{rows}: {}", top.image.height());
            let wanted = rows.min(1080) as usize * 1920 * 3;
            assert!(top.image.as_raw()[..wanted] == whole.image.as_raw()[..wanted], "{rows} rows");
        }
    }

    #[test]
    fn only_one_scan_can_be_had_in_part() {
        let baseline = jpeg(64, 400);
        assert!(shortened(&baseline, 64).is_some());
        let frame = baseline.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        let progressive = [&baseline[..frame], &[0xFF, 0xC2], &baseline[frame + 2..]].concat();
        assert_eq!(shortened(&progressive, 64), None);
        let scan = baseline.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
        let mut several = baseline.clone();
        several[scan + 4] = 1;
        assert_eq!(shortened(&several, 64), None);
        for end in 0..scan {
            assert_eq!(shortened(&baseline[..end], 64), None);
        }
    }

    #[test]
    fn what_is_no_picture_is_named() {
        assert_eq!(decode(b"<html>busy</html>").unwrap_err(), DecodeError::Format);
        assert_eq!(decode(b"").unwrap_err(), DecodeError::Format);
        let whole = jpeg(200, 100);
        for cut in [20, whole.len() / 2, whole.len() - 3] {
            assert_eq!(decode(&whole[..cut]).unwrap_err(), DecodeError::CutOff, "cut at {cut}");
        }
    }

    #[test]
    fn a_webp_decodes_and_a_cut_one_is_damaged() {
        let mut bytes = Vec::new();
        RgbImage::from_pixel(40, 30, Rgb([9, 8, 7]))
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::WebP)
            .unwrap();
        assert_eq!(*decode(&bytes).unwrap().image.get_pixel(39, 29), Rgb([9, 8, 7]));
        for cut in [13, bytes.len() / 2, bytes.len() - 2] {
            assert_eq!(decode(&bytes[..cut]).unwrap_err(), DecodeError::Damaged, "cut at {cut}");
        }
    }

    /// A JPEG that claims another size than it has.
    fn claiming(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = jpeg(16, 16);
        let frame = bytes.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        bytes
    }

    #[test]
    fn what_would_fill_the_memory_is_refused_before_it_is_decoded() {
        assert_eq!(decode(&claiming(50_000, 50_000)).unwrap_err(), DecodeError::TooLarge);
        assert_eq!(decode(&claiming(12_000, 12_000)).unwrap_err(), DecodeError::Damaged);
        // The emptiest picture there is.
        let mut black = Vec::new();
        let blank = RgbImage::new(2048, 2048);
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut black, 1);
        encoder.encode_image(&blank).unwrap();
        assert!(decode(&black).is_ok(), "{} bytes", black.len());
    }

    #[test]
    fn bytes_after_the_end_do_no_harm() {
        let mut bytes = jpeg(64, 48);
        bytes.extend_from_slice(&[0; 1000]);
        assert!(decode(&bytes).is_ok());
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let whole = jpeg(64, 48);
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            let _ = decode(&bytes);
        }
    }

    /// Draws a bright patch into upright pixels, stores them turned, and looks for the patch where `to_file` says.
    #[test]
    fn boxes_follow_every_orientation() {
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut stored = DynamicImage::ImageRgb8(RgbImage::new(40, 30));
            stored.as_mut_rgb8().unwrap().put_pixel(5, 7, Rgb([255; 3]));
            let turn = Turn { orientation, width: 40, height: 30 };
            stored.apply_orientation(orientation);
            let upright = stored.into_rgb8();
            let (x, y, _) = upright.enumerate_pixels().find(|(_, _, p)| p.0[0] == 255).unwrap();
            let pixel = PixelBox { x0: x as f32, y0: y as f32, x1: x as f32 + 1.0, y1: y as f32 + 1.0 };
            assert_eq!(
                turn.to_file(pixel),
                PixelBox { x0: 5.0, y0: 7.0, x1: 6.0, y1: 8.0 },
                "EXIF orientation {exif}"
            );
            assert_eq!(turn.to_upright(turn.to_file(pixel)), pixel, "EXIF orientation {exif}");
        }
    }
}
