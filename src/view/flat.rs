//! Views of a perspective picture: the whole of it in two sizes, and tiles.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions};
use image::RgbImage;

use super::tensor::{lay, planes};
use super::{Canvas, PixelBox, tensor_len, touches};

/// A picture whose longer side exceeds the input by more than this is also seen in tiles.
const TILES_FROM: f64 = 1.5;
/// Share of a tile that the next one repeats, so that a thing on the border is whole in one of them.
const OVERLAP: f64 = 0.2;
/// Rows, as shares of the height, between which things stand: below is road, above is sky.
const BAND: (f64, f64) = (0.14, 0.72);
/// How much smaller the picture is shown a second time, for things that fill half of it and more.
const SMALLER: f64 = 0.5;
/// The least that is of use.
const SMALLEST: f64 = 0.3;
/// Pixels left free between two patches of a view.
const GAP_PX: f64 = 8.0;
/// Only what is at least so large in the smaller copy counts: the larger one shows the rest better.
const LARGE_PX: f32 = 64.0;

/// Rectangles of a perspective picture, shrunk and laid onto inputs.
#[derive(Debug)]
pub(super) struct Flat {
    input: (u32, u32),
    picture: (u32, u32),
    /// The patches of each view.
    views: Vec<Vec<Patch>>,
}

/// A rectangle of the picture and where a view shows it; what no patch covers is padding.
#[derive(Debug, Clone, Copy)]
struct Patch {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    /// Pixels of the view per pixel of the picture, the same both ways.
    scale: f64,
    /// Its corner in the view, pixels.
    left: u32,
    top: u32,
    /// The longer side in the view from which a detection counts, pixels.
    least_px: f32,
}

impl Patch {
    /// A rectangle laid into the corner of a view, as large as fits.
    fn fitted(x: f64, y: f64, width: f64, height: f64, input: (f64, f64)) -> Self {
        let scale = (input.0 / width).min(input.1 / height);
        Self { x, y, width, height, scale, left: 0, top: 0, least_px: 0.0 }
    }

    /// Width and height in a view of a size, pixels.
    fn size(&self, input: (u32, u32)) -> (u32, u32) {
        let side = |length: f64, room: u32| ((length * self.scale).round().max(1.0) as u32).min(room);
        (side(self.width, input.0.saturating_sub(self.left)), side(self.height, input.1.saturating_sub(self.top)))
    }

    /// How far a point of the view lies outside, pixels.
    fn outside(&self, (x, y): (f32, f32), input: (u32, u32)) -> f32 {
        let (width, height) = self.size(input);
        let beyond = |v: f32, from: u32, length: u32| (from as f32 - v).max(v - (from + length) as f32).max(0.0);
        beyond(x, self.left, width).max(beyond(y, self.top, height))
    }
}

impl Flat {
    /// The whole picture twice, in two sizes, and its tiles where it is large.
    pub(super) fn plan(width: u32, height: u32, input: (u32, u32)) -> Vec<Self> {
        let (w, h) = (f64::from(width), f64::from(height));
        let (in_w, in_h) = (f64::from(input.0), f64::from(input.1));
        let whole = Patch::fitted(0.0, 0.0, w, h, (in_w, in_h));
        let mut views = match smaller_beside(&whole, input) {
            Some(smaller) => vec![vec![whole, smaller]],
            None => vec![vec![whole], vec![smaller_of(&whole, SMALLER)]],
        };
        let longer = w.max(h);
        if longer > in_w.max(in_h) * TILES_FROM {
            // Tiles keep the input's shape; their side is a third of the picture's, within one and two inputs.
            let zoom = (longer / 3.0 / in_w.max(in_h)).clamp(1.0, 2.0);
            let (tile_w, tile_h) = ((in_w * zoom).min(w), (in_h * zoom).min(h));
            for y in starts(h * BAND.0, h * BAND.1, tile_h, h) {
                for x in starts(0.0, w, tile_w, w) {
                    views.push(vec![Patch::fitted(x, y, tile_w, tile_h, (in_w, in_h))]);
                }
            }
        }
        vec![Self { input, picture: (width, height), views }]
    }

    pub(super) fn len(&self) -> usize {
        self.views.len()
    }

    pub(super) fn size(&self) -> (u32, u32) {
        self.input
    }

    pub(super) fn cut(&self, index: usize, picture: &RgbImage, canvas: &mut Canvas) {
        let patches = self.views.get(index).map_or(&[][..], Vec::as_slice);
        if !patches.iter().any(|patch| patch.size(self.input) == self.input) {
            canvas.scaling.fill(&mut canvas.tensor[..tensor_len(self.input)]);
        }
        for patch in patches {
            self.lay(patch, picture, canvas);
        }
    }

    fn lay(&self, patch: &Patch, picture: &RgbImage, canvas: &mut Canvas) {
        let Canvas { scaling, tensor, resizer, pixels } = canvas;
        let (width, height) = patch.size(self.input);
        let line = width as usize * 3;
        pixels.resize(line * height as usize, 0);
        let Ok(source) = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3) else {
            return;
        };
        let Ok(mut shrunk) = Image::from_slice_u8(width, height, pixels, PixelType::U8x3) else { return };
        // A mean over the pixels that fall together, as the detectors' training crops were shrunk; cheap as well.
        let options = ResizeOptions::new()
            .crop(patch.x, patch.y, patch.width, patch.height)
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        if resizer.resize(&source, &mut shrunk, &options).is_err() {
            return;
        }
        let mut planes = planes(&mut tensor[..tensor_len(self.input)], scaling);
        for (row, pixels) in pixels.chunks_exact(line).enumerate() {
            lay(pixels, &mut planes, (patch.top as usize + row) * self.input.0 as usize + patch.left as usize);
        }
    }

    /// The patch that shows a box of a view: the one its middle lies in or nearest to.
    fn patch(&self, index: usize, found: PixelBox) -> Option<&Patch> {
        let off = |patch: &Patch| patch.outside(found.centre(), self.input);
        self.views.get(index)?.iter().min_by(|a, b| off(a).total_cmp(&off(b)))
    }

    /// The box in pixels of the picture; `None` for one that another patch shows better.
    pub(super) fn to_picture(&self, index: usize, found: PixelBox) -> Option<PixelBox> {
        let patch = self.patch(index, found)?;
        if (found.x1 - found.x0).max(found.y1 - found.y0) < patch.least_px {
            return None;
        }
        let x = |v: f32| (patch.x + (f64::from(v) - f64::from(patch.left)) / patch.scale) as f32;
        let y = |v: f32| (patch.y + (f64::from(v) - f64::from(patch.top)) / patch.scale) as f32;
        Some(PixelBox { x0: x(found.x0), y0: y(found.y0), x1: x(found.x1), y1: y(found.y1) })
    }

    pub(super) fn is_cut(&self, index: usize, found: PixelBox) -> bool {
        let Some(patch) = self.patch(index, found) else { return false };
        let (width, height) = patch.size(self.input);
        let (left, top) = (patch.left as f32, patch.top as f32);
        let inside = PixelBox { x0: found.x0 - left, y0: found.y0 - top, x1: found.x1 - left, y1: found.y1 - top };
        let (left, top, right, bottom) = touches(inside, (width, height), 2.0);
        (left && patch.x > 0.5)
            || (top && patch.y > 0.5)
            || (right && patch.x + patch.width < f64::from(self.picture.0) - 0.5)
            || (bottom && patch.y + patch.height < f64::from(self.picture.1) - 0.5)
    }
}

/// A patch again, so many times as large, for large things alone.
fn smaller_of(patch: &Patch, times: f64) -> Patch {
    Patch { scale: patch.scale * times, least_px: LARGE_PX, ..*patch }
}

/// The smaller copy of a patch in the strip that it leaves free, where that is wide enough.
fn smaller_beside(patch: &Patch, input: (u32, u32)) -> Option<Patch> {
    let (width, height) = patch.size(input);
    let (right, below) = (f64::from(input.0 - width) - GAP_PX, f64::from(input.1 - height) - GAP_PX);
    let times = SMALLER.min(if right > below { right / f64::from(width) } else { below / f64::from(height) });
    let (left, top) = if right > below { (width + GAP_PX as u32, 0) } else { (0, height + GAP_PX as u32) };
    (times >= SMALLEST).then(|| Patch { left, top, ..smaller_of(patch, times) })
}

/// Where tiles of `tile` pixels start that cover `from`..`to` of an axis of `length` pixels, evenly spread. They start
/// at whole pixels, so that a tile at the picture's own scale is a copy.
fn starts(from: f64, to: f64, tile: f64, length: f64) -> Vec<f64> {
    let span = to - from;
    let whole = |start: f64| start.round().clamp(0.0, (length - tile).max(0.0));
    if span <= tile {
        return vec![whole((from + to - tile) / 2.0)];
    }
    let gaps = ((span - tile) / (tile * (1.0 - OVERLAP))).ceil();
    (0..=gaps as usize).map(|i| whole(from + (span - tile) * i as f64 / gaps)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Scaling;
    use image::Rgb;
    use proptest::prelude::*;

    #[test]
    fn a_small_picture_is_one_view_and_a_large_one_is_tiled() {
        assert_eq!(Flat::plan(800, 600, (640, 640))[0].len(), 1);
        let large = &Flat::plan(1920, 1080, (640, 640))[0];
        assert_eq!(large.len(), 5);
        assert_eq!(large.views[1][0].scale, 1.0);
    }

    #[test]
    fn what_fills_the_picture_is_seen_in_a_smaller_copy() {
        // 1280 × 720 is shown as 640 × 360 and, below, as 320 × 180.
        let flat = &Flat::plan(1280, 720, (640, 640))[0];
        let large = PixelBox { x0: 60.0, y0: 388.0, x1: 160.0, y1: 488.0 };
        let back = flat.to_picture(0, large).unwrap();
        assert_eq!(back, PixelBox { x0: 240.0, y0: 80.0, x1: 640.0, y1: 480.0 });
        let small = PixelBox { x1: 80.0, y1: 408.0, ..large };
        assert_eq!(flat.to_picture(0, small), None, "the larger copy shows it better");
        // A picture smaller than the input is enlarged.
        assert_eq!(Flat::plan(320, 160, (640, 640))[0].views[0][0].scale, 2.0);
        // An upright picture has the room at its right, a square one none: it gets a view of its own.
        assert!(Flat::plan(720, 1280, (640, 640))[0].views[0][1].left > 360);
        assert_eq!(Flat::plan(700, 700, (640, 640))[0].len(), 2);
    }

    #[test]
    fn the_view_shows_what_the_picture_shows() {
        let mut picture = RgbImage::from_pixel(320, 160, Rgb([10, 20, 30]));
        for x in 100..120 {
            for y in 40..60 {
                picture.put_pixel(x, y, Rgb([200, 100, 50]));
            }
        }
        let flat = &Flat::plan(320, 160, (160, 160))[0];
        let scaling = Scaling { mean: [10.0, 0.0, 0.0], sd: [2.0, 1.0, 1.0], pad: 114, blue_first: true };
        let mut canvas = Canvas::new(scaling, (160, 160));
        flat.cut(0, &picture, &mut canvas);
        let at = |plane: usize, x: usize, y: usize| canvas.tensor[plane * 160 * 160 + y * 160 + x];
        assert_eq!([at(2, 55, 25), at(1, 55, 25), at(0, 55, 25)], [95.0, 100.0, 50.0]);
        assert_eq!(at(0, 0, 159), 114.0, "the rest is padded");
        let back = flat.to_picture(0, PixelBox { x0: 50.0, y0: 20.0, x1: 60.0, y1: 30.0 });
        assert_eq!(back.unwrap(), PixelBox { x0: 100.0, y0: 40.0, x1: 120.0, y1: 60.0 });
    }

    #[test]
    fn only_an_inner_edge_cuts() {
        let flat = &Flat::plan(1920, 1080, (640, 640))[0];
        let left = PixelBox { x0: 0.0, y0: 300.0, x1: 40.0, y1: 340.0 };
        assert!(!flat.is_cut(0, left) && !flat.is_cut(1, left) && flat.is_cut(2, left));
    }

    proptest! {
        #[test]
        fn tiles_cover_the_band(width in 1000u32..9000, height in 1000u32..7000) {
            let flat = &Flat::plan(width, height, (640, 640))[0];
            let (w, h) = (f64::from(width), f64::from(height));
            for i in 0..50 {
                let (x, y) = (w * (f64::from(i) + 0.5) / 50.0, h * (0.2 + 0.45 * f64::from(i) / 50.0));
                prop_assert!(flat.views[1..].iter().flatten().any(|r| x >= r.x && x <= r.x + r.width && y >= r.y && y <= r.y + r.height));
            }
            for r in flat.views.iter().flatten() {
                prop_assert!(r.x >= 0.0 && r.y >= 0.0 && r.x + r.width <= w + 1e-6 && r.y + r.height <= h + 1e-6);
                prop_assert!(f64::from(r.left) + r.width * r.scale <= 641.0);
                prop_assert!(f64::from(r.top) + r.height * r.scale <= 641.0);
            }
        }
    }
}
