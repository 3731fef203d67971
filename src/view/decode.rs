//! From the bytes of a picture file to upright pixels.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use thiserror::Error;

use super::jpeg::Jpeg;
use crate::view::PixelBox;

/// The most pixels a picture may have; the largest panoramas in the commons have about a hundred million. Each worker
/// holds three bytes for each.
const MAX_PIXELS: u64 = 150_000_000;

/// The longest side a picture may have: what JPEG allows.
const MAX_SIDE: u32 = 65_535;

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
/// lets them be had alone, the image has no others.
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

fn decode_trusting(spare: Vec<u8>, bytes: &[u8], rows: impl FnOnce(&Turn) -> u32) -> Result<Decoded, DecodeError> {
    let format = image::guess_format(bytes).map_err(|_| DecodeError::Format)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(DecodeError::Format);
    }
    if format == ImageFormat::Jpeg
        && let Some(jpeg) = Jpeg::open(bytes)?
    {
        let (orientation, (width, height)) = (jpeg.orientation, jpeg.size);
        let turn = Turn { orientation, width, height };
        let wanted = rows(&turn);
        let image = jpeg.decode(spare, if orientation == Orientation::NoTransforms { wanted } else { height })?;
        return Ok(turn.upright(image.into()));
    }
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder = reader.into_decoder().map_err(|_| DecodeError::Damaged)?;
    let (width, height) = decoder.dimensions();
    check_size((width, height))?;
    if decoder.total_bytes() > 3 * MAX_PIXELS {
        return Err(DecodeError::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let turn = Turn { orientation, width, height };
    // All of them come, but whoever asks wants to know the size.
    rows(&turn);
    Ok(turn.upright(DynamicImage::from_decoder(decoder).map_err(|_| DecodeError::Damaged)?))
}

/// How many pixels a picture of a width and height has, if no more than it may.
pub(super) fn check_size((width, height): (u32, u32)) -> Result<u64, DecodeError> {
    match u64::from(width) * u64::from(height) {
        0 => Err(DecodeError::Damaged),
        pixels if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE => Err(DecodeError::TooLarge),
        pixels => Ok(pixels),
    }
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

    /// A file's pixels, turned upright.
    fn upright(self, mut image: DynamicImage) -> Decoded {
        image.apply_orientation(self.orientation);
        Decoded { image: image.into_rgb8(), turn: self }
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
        /// Nothing of what a damaged file lacks may be a picture of before, whether it has one scan or several.
        #[test]
        fn memory_used_before_shows_nowhere(
            place in 0.0..1.0_f64, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..40),
            is_progressive: bool, width in 1_u32..90, height in 1_u32..90,
        ) {
            let progressive = || std::fs::read("tests/recorded/progressive.jpg").unwrap();
            let mut file = if is_progressive { progressive() } else { jpeg(width, height) };
            let from = (place * file.len() as f64) as usize;
            file.iter_mut().skip(from).zip(bytes).for_each(|(old, new)| *old = new);
            let pixels = |spare| decode_top(spare, &file, |_| u32::MAX).map(|decoded| decoded.image);
            proptest::prop_assert_eq!(pixels(vec![0xAB; 5000]), pixels(Vec::new()));
        }
    }

    #[test]
    fn the_top_alone_is_the_top_of_the_whole() {
        for file in ["examples/street/pass-1/0001.jpg", "tests/recorded/progressive.jpg"] {
            let bytes = std::fs::read(file).unwrap();
            let whole = decode(&bytes).unwrap();
            let (width, height) = whole.image.dimensions();
            for rows in [0, 1, 16, height / 2, height - 1, height, u32::MAX] {
                let top = decode_top(Vec::new(), &bytes, |_| rows).unwrap();
                assert_eq!(top.turn, whole.turn);
                assert_eq!(top.image.height(), rows.min(height));
                let wanted = (3 * rows.min(height) * width) as usize;
                assert!(top.image.as_raw()[..] == whole.image.as_raw()[..wanted], "{file}: {rows} rows");
            }
        }
    }

    #[test]
    fn a_printers_colours_are_decoded_whole() {
        let bytes = std::fs::read("tests/recorded/cmyk.jpg").unwrap();
        let mut asked = 0;
        let top = decode_top(Vec::new(), &bytes, |turn| {
            asked += 1;
            turn.height / 2
        });
        assert_eq!((asked, top.unwrap().image), (1, decode(&bytes).unwrap().image));
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
