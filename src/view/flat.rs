//! Views of a perspective picture: the whole of it, and tiles.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::RgbImage;

use super::{PixelBox, Scaling, touches};

/// A picture whose longer side exceeds the input by more than this is also seen in tiles.
const TILES_FROM: f64 = 1.5;
/// Share of a tile that the next one repeats, so that a thing on the border is whole in one of them.
const OVERLAP: f64 = 0.2;
/// Rows, as shares of the height, between which things stand: below is road, above is sky.
const BAND: (f64, f64) = (0.14, 0.72);

/// Rectangles of a perspective picture that are shrunk to the same input.
#[derive(Debug)]
pub(super) struct Flat {
    input: (u32, u32),
    picture: (u32, u32),
    rects: Vec<Rect>,
}

#[derive(Debug, Clone, Copy)]
struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    /// Pixels of the view per pixel of the picture, the same both ways; what is left of the input is padding.
    scale: f64,
}

impl Flat {
    /// The whole picture, and its tiles where it is large.
    pub(super) fn plan(width: u32, height: u32, input: (u32, u32)) -> Vec<Self> {
        let (w, h) = (f64::from(width), f64::from(height));
        let (in_w, in_h) = (f64::from(input.0), f64::from(input.1));
        let mut rects = vec![Rect { x: 0.0, y: 0.0, width: w, height: h, scale: (in_w / w).min(in_h / h).min(1.0) }];
        let longer = w.max(h);
        if longer > in_w.max(in_h) * TILES_FROM {
            // Tiles keep the input's shape; their side is a third of the picture's, within one and two inputs.
            let zoom = (longer / 3.0 / in_w.max(in_h)).clamp(1.0, 2.0);
            let (tile_w, tile_h) = ((in_w * zoom).min(w), (in_h * zoom).min(h));
            for y in starts(h * BAND.0, h * BAND.1, tile_h, h) {
                for x in starts(0.0, w, tile_w, w) {
                    rects.push(Rect {
                        x,
                        y,
                        width: tile_w,
                        height: tile_h,
                        scale: (in_w / tile_w).min(in_h / tile_h).min(1.0),
                    });
                }
            }
        }
        vec![Self { input, picture: (width, height), rects }]
    }

    pub(super) fn len(&self) -> usize {
        self.rects.len()
    }

    pub(super) fn cut(&self, index: usize, picture: &RgbImage, scaling: &Scaling, tensor: &mut [f32]) {
        scaling.fill(tensor);
        let Some(rect) = self.rects.get(index) else { return };
        let side = |length: f64, input: u32| ((length * rect.scale).round().max(1.0) as u32).min(input);
        let (width, height) = (side(rect.width, self.input.0), side(rect.height, self.input.1));
        let Ok(source) = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3) else {
            return;
        };
        let mut view = Image::new(width, height, PixelType::U8x3);
        let options = ResizeOptions::new().crop(rect.x, rect.y, rect.width, rect.height);
        if Resizer::new().resize(&source, &mut view, &options).is_err() {
            return;
        }
        let (columns, size) = (self.input.0 as usize, tensor.len() / 3);
        for (row, pixels) in view.buffer().chunks_exact(width as usize * 3).enumerate() {
            for (channel, (plane, a, b)) in scaling.planes().into_iter().enumerate() {
                let start = plane * size + row * columns;
                let line = &mut tensor[start..start + width as usize];
                for (value, pixel) in line.iter_mut().zip(pixels.chunks_exact(3)) {
                    *value = f32::from(pixel[channel]) * a + b;
                }
            }
        }
    }

    pub(super) fn to_picture(&self, index: usize, found: PixelBox) -> PixelBox {
        let Some(rect) = self.rects.get(index) else { return found };
        let x = |v: f32| (rect.x + f64::from(v) / rect.scale) as f32;
        let y = |v: f32| (rect.y + f64::from(v) / rect.scale) as f32;
        PixelBox { x0: x(found.x0), y0: y(found.y0), x1: x(found.x1), y1: y(found.y1) }
    }

    pub(super) fn is_cut(&self, index: usize, found: PixelBox) -> bool {
        let Some(rect) = self.rects.get(index) else { return false };
        let seen = ((rect.width * rect.scale) as u32, (rect.height * rect.scale) as u32);
        let (left, top, right, bottom) = touches(found, seen, 2.0);
        (left && rect.x > 0.5)
            || (top && rect.y > 0.5)
            || (right && rect.x + rect.width < f64::from(self.picture.0) - 0.5)
            || (bottom && rect.y + rect.height < f64::from(self.picture.1) - 0.5)
    }
}

/// Where tiles of `tile` pixels start that cover `from`..`to` of an axis of `length` pixels, evenly spread.
fn starts(from: f64, to: f64, tile: f64, length: f64) -> Vec<f64> {
    let span = to - from;
    if span <= tile {
        let start = ((from + to - tile) / 2.0).clamp(0.0, (length - tile).max(0.0));
        return vec![start];
    }
    let gaps = ((span - tile) / (tile * (1.0 - OVERLAP))).ceil();
    (0..=gaps as usize).map(|i| from + (span - tile) * i as f64 / gaps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    #[test]
    fn a_small_picture_is_one_view_and_a_large_one_is_tiled() {
        assert_eq!(Flat::plan(800, 600, (640, 640))[0].len(), 1);
        let large = &Flat::plan(1920, 1080, (640, 640))[0];
        assert_eq!(large.len(), 5);
        assert_eq!(large.rects[1].scale, 1.0);
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
        let mut tensor = vec![0.0; 3 * 160 * 160];
        flat.cut(0, &picture, &scaling, &mut tensor);
        let at = |plane: usize, x: usize, y: usize| tensor[plane * 160 * 160 + y * 160 + x];
        assert_eq!([at(2, 55, 25), at(1, 55, 25), at(0, 55, 25)], [95.0, 100.0, 50.0]);
        assert_eq!(at(0, 0, 159), 114.0, "the rest is padded");
        let back = flat.to_picture(0, PixelBox { x0: 50.0, y0: 20.0, x1: 60.0, y1: 30.0 });
        assert_eq!(back, PixelBox { x0: 100.0, y0: 40.0, x1: 120.0, y1: 60.0 });
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
                prop_assert!(flat.rects[1..].iter().any(|r| x >= r.x && x <= r.x + r.width && y >= r.y && y <= r.y + r.height));
            }
            for r in &flat.rects {
                prop_assert!(r.x >= 0.0 && r.y >= 0.0 && r.x + r.width <= w + 1e-6 && r.y + r.height <= h + 1e-6);
                prop_assert!(r.width * r.scale <= 640.5 && r.height * r.scale <= 640.5);
            }
        }
    }
}
