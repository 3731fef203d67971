//! Views of a 360° picture: perspective cuts in a ring round the horizon.

use fast_image_resize::images::{CroppedImageMut, Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions};
use image::RgbImage;

use super::tensor::{Tap, Taps, planes, sample};
use super::{Canvas, PixelBox, ViewSizes, tensor_len, touches};
use crate::camera::{Direction, Lens};

/// Wide views: a sign of 70 cm covers 40 px at 10 m in an input of 640 px.
const WIDE: Shape = Shape { fov_deg: 60.0, step_deg: 45.0, pitch_deg: 0.0 };
/// Narrow views: the same sign covers 40 px at 21 m. They look a little up, where signs stand.
const NARROW: Shape = Shape { fov_deg: 30.0, step_deg: 24.0, pitch_deg: 2.5 };
/// The narrow ring is cut where the picture has this many times the detail of the wide views, at least.
const NARROW_FROM: f64 = 1.3;
/// A band that is finer than the views by no more than this is sampled as it is.
const SHRINK_FROM: f64 = 1.15;

#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Horizontal field of view of one cut.
    fov_deg: f64,
    /// From one cut to the next; what is less than the field of view is overlap.
    step_deg: f64,
    /// How far up the middle of a cut looks.
    pitch_deg: f64,
}

/// Perspective cuts of one shape, all round.
///
/// The rows that the cuts need, the band, are first shrunk to the cuts' scale, which keeps fine detail from
/// flickering. Every cut then reads the band through one table, moved along by a whole number of columns.
#[derive(Debug)]
pub(super) struct Ring {
    input: (u32, u32),
    /// Focal length of the cuts, pixels.
    focal_px: f64,
    pitch_rad: f64,
    /// Where the picture shows straight ahead, and its pixels per degree, across and up.
    ahead: (f64, f64),
    per_degree: (f64, f64),
    rows: Rows,
    /// Columns of the band that its full circle has.
    circle: usize,
    /// Columns of the band for each cut's azimuth.
    shifts: Vec<i64>,
    /// Where each pixel of a cut reads the band, from the first column of the cut.
    taps: Taps,
    /// First column of the cut that looks straight ahead.
    first_column: i64,
    /// Columns that a cut spans, its right neighbour included.
    span: usize,
}

/// The rows of the picture that a ring needs, and the size they are brought to.
#[derive(Debug, Clone, Copy)]
struct Rows {
    top: f64,
    height: f64,
    picture_width: f64,
    band_width: u32,
    band_height: u32,
}

impl Ring {
    /// The rings that a picture deserves: the wide one, and the narrow one where there is detail for it.
    pub(super) fn plan(lens: &Lens, width: u32, height: u32, sizes: ViewSizes) -> Vec<Self> {
        let wide = Self::new(lens, width, height, sizes.usual, WIDE);
        let detail = lens.pixels_per_degree() / wide.focal_px.to_radians();
        let narrow = (detail > NARROW_FROM).then(|| Self::new(lens, width, height, sizes.narrow, NARROW));
        std::iter::once(wide).chain(narrow).filter(|ring| ring.len() > 0).collect()
    }

    fn new(lens: &Lens, width: u32, height: u32, input: (u32, u32), shape: Shape) -> Self {
        let focal_px = f64::from(input.0) / 2.0 / (shape.fov_deg.to_radians() / 2.0).tan();
        let pitch_rad = shape.pitch_deg.to_radians();
        // A sphere shows every direction, so the fallbacks are never used.
        let at = |right_deg, up_deg| lens.pixel(Direction { right_deg, up_deg }).unwrap_or((0.0, 0.0));
        let ahead = at(0.0, 0.0);
        let per_degree = (lens.pixels_per_degree(), ahead.1 - at(0.0, 1.0).1);

        // Which rows of the picture the cuts touch.
        let corners = [(0.0, 0.0), (0.5, 0.0), (0.0, 1.0), (0.5, 1.0)];
        let ups = corners.map(|(x, y)| {
            cut_direction(focal_px, pitch_rad, input, x * f64::from(input.0), y * f64::from(input.1)).up_deg
        });
        let row = |up: f64| ahead.1 - up * per_degree.1;
        let top = row(ups.iter().copied().fold(f64::MIN, f64::max)).floor() - 2.0;
        let bottom = row(ups.iter().copied().fold(f64::MAX, f64::min)).ceil() + 2.0;
        let (top, bottom) = (top.clamp(0.0, f64::from(height)), bottom.clamp(0.0, f64::from(height)));

        let finer = |per_degree: f64| {
            let times = per_degree / focal_px.to_radians();
            if times > SHRINK_FROM { times } else { 1.0 }
        };
        let scaled = |length: f64, per_degree: f64| (length / finer(per_degree)).round().max(1.0) as u32;
        let rows = Rows {
            top,
            height: bottom - top,
            picture_width: f64::from(width),
            band_width: scaled(f64::from(width), per_degree.0),
            band_height: scaled(bottom - top, per_degree.1),
        };
        let mut ring = Self {
            input,
            focal_px,
            pitch_rad,
            ahead,
            per_degree,
            rows,
            circle: 0,
            shifts: Vec::new(),
            taps: Taps::new(Vec::new()),
            first_column: 0,
            span: 0,
        };
        // A picture that is narrower than a pixel of a view shows nothing, however large its sphere is said to be.
        if rows.height >= 2.0 && f64::from(width) / finer(per_degree.0) >= 1.0 {
            ring.circle =
                ((360.0 * per_degree.0 / ring.column_scale()).round() as usize).max(rows.band_width as usize);
            ring.tabulate();
            ring.shifts = ring.azimuths(lens, shape);
        }
        ring
    }

    /// Columns of the picture per column of the band.
    fn column_scale(&self) -> f64 {
        self.rows.picture_width / f64::from(self.rows.band_width)
    }

    /// Rows of the picture per row of the band.
    fn row_scale(&self) -> f64 {
        self.rows.height / f64::from(self.rows.band_height)
    }

    /// The cuts' azimuths as columns of the band, only those that look at a part of the sphere that the picture covers.
    fn azimuths(&self, lens: &Lens, shape: Shape) -> Vec<i64> {
        let cuts = (360.0 / shape.step_deg).ceil() as usize;
        let column = |degrees: f64| (degrees * self.per_degree.0 / self.column_scale()).round() as i64;
        (0..cuts)
            .map(|i| i as f64 * 360.0 / cuts as f64)
            .filter(|azimuth| {
                lens.wraps()
                    || (-5..=5).any(|tenth| {
                        let aside = f64::from(tenth) / 10.0 * shape.fov_deg;
                        let seen = Direction { right_deg: azimuth + aside, up_deg: 0.0 };
                        lens.pixel(seen).is_some_and(|(u, _)| u < self.rows.picture_width)
                    })
            })
            .map(column)
            .collect()
    }

    /// Fills the table of the cut that looks straight ahead.
    fn tabulate(&mut self) {
        let (width, height) = self.input;
        let bottom = f64::from(self.rows.band_height);
        let mut columns = Vec::with_capacity(width as usize * height as usize);
        let mut rows = Vec::with_capacity(columns.capacity());
        for j in 0..height {
            // The right half of a cut mirrors the left one.
            let at = |i: u32| self.cut_direction(f64::from(i) + 0.5, f64::from(j) + 0.5);
            let left: Vec<_> = (0..width.div_ceil(2)).map(at).collect();
            let right = left.iter().rev().skip(width as usize % 2);
            let right = right.map(|seen| Direction { right_deg: -seen.right_deg, ..*seen });
            for seen in left.iter().copied().chain(right) {
                let u = self.ahead.0 + seen.right_deg * self.per_degree.0;
                let v = self.ahead.1 - seen.up_deg * self.per_degree.1;
                // Pixel centres lie at one half.
                columns.push(u / self.column_scale() - 0.5);
                rows.push((v - self.rows.top) / self.row_scale() - 0.5);
            }
        }
        let first = columns.iter().copied().fold(f64::MAX, f64::min).floor();
        let last = columns.iter().copied().fold(f64::MIN, f64::max).floor();
        self.first_column = first as i64;
        self.span = (last - first) as usize + 2;
        let parts = |v: f64| (v.floor() as usize, v - v.floor());
        let band_height = self.rows.band_height as usize;
        let stride = self.stride();
        let tap = |(x, y): (&f64, &f64)| {
            let (column, right) = parts(x - first);
            let (row, lower) = if (-0.5..=bottom - 0.5).contains(y) {
                match parts(y.max(0.0)) {
                    (row, _) if row + 1 >= band_height => (band_height - 1, 0.0),
                    inside => inside,
                }
            } else {
                (band_height, 0.0)
            };
            Tap::new((row * stride + column * 3) as u32, right, lower)
        };
        self.taps = Taps::new(columns.iter().zip(&rows).map(tap).collect());
    }

    /// Bytes of a row of the band, which is repeated at the right as far as a cut spans.
    fn stride(&self) -> usize {
        (self.circle + self.span) * 3
    }

    /// The first row of the picture below those that the cuts read.
    pub(super) fn bottom(&self) -> u32 {
        (self.rows.top + self.rows.height).ceil() as u32
    }

    pub(super) fn len(&self) -> usize {
        self.shifts.len()
    }

    pub(super) fn size(&self) -> (u32, u32) {
        self.input
    }

    /// Draws the rows of a picture that the cuts read, at their scale, and two rows of padding below.
    pub(super) fn draw_band(&self, picture: &RgbImage, canvas: &mut Canvas) {
        let Canvas { scaling, resizer, pixels, .. } = canvas;
        let (width, height) = (self.rows.band_width, self.rows.band_height);
        let stride = self.stride();
        let (picture_part, below) = (width as usize * 3, stride * height as usize);
        pixels.resize(below + 2 * stride + Taps::OVERREAD, 0);
        pixels[below..].fill(scaling.pad);
        let is_drawn = (|| {
            let source = ImageRef::new(picture.width(), picture.height(), picture.as_raw(), PixelType::U8x3).ok()?;
            let lines = &mut pixels[..below];
            let mut band = Image::from_slice_u8((stride / 3) as u32, height, lines, PixelType::U8x3).ok()?;
            let mut part = CroppedImageMut::new(&mut band, 0, 0, width, height).ok()?;
            let options = ResizeOptions::new()
                .crop(0.0, self.rows.top, self.rows.picture_width, self.rows.height)
                .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
            resizer.resize(&source, &mut part, &options).ok()
        })()
        .is_some();
        for line in pixels[..below].chunks_exact_mut(stride) {
            line[if is_drawn { picture_part } else { 0 }..].fill(scaling.pad);
            line.copy_within(..self.span * 3, self.circle * 3);
        }
    }

    pub(super) fn cut(&self, index: usize, canvas: &mut Canvas) {
        let Canvas { scaling, tensor, pixels, .. } = canvas;
        let Some(shift) = self.shifts.get(index) else { return };
        let start = (self.first_column + shift).rem_euclid(self.circle as i64) as usize * 3;
        sample(pixels, self.stride(), start, &self.taps, &mut planes(&mut tensor[..tensor_len(self.input)], scaling));
    }

    fn cut_direction(&self, x: f64, y: f64) -> Direction {
        cut_direction(self.focal_px, self.pitch_rad, self.input, x, y)
    }

    /// A box of a cut in the picture, carried over by the middles of its sides; x may lie beyond the picture's edges.
    pub(super) fn to_picture(&self, index: usize, found: PixelBox) -> PixelBox {
        let (cx, cy) = found.centre();
        let shift = self.shifts.get(index).copied().unwrap_or(0) as f64 * self.column_scale();
        let middle = self.ahead.0 + self.cut_direction(f64::from(cx), f64::from(cy)).right_deg * self.per_degree.0;
        // Of all turns the one that lies nearest to the picture.
        let full = 360.0 * self.per_degree.0;
        let shift = shift - ((middle + shift - self.rows.picture_width / 2.0) / full).round() * full;
        let place = |x: f32, y: f32| {
            let seen = self.cut_direction(f64::from(x), f64::from(y));
            let u = self.ahead.0 + seen.right_deg * self.per_degree.0 + shift;
            (u as f32, (self.ahead.1 - seen.up_deg * self.per_degree.1) as f32)
        };
        PixelBox {
            x0: place(found.x0, cy).0,
            y0: place(cx, found.y0).1,
            x1: place(found.x1, cy).0,
            y1: place(cx, found.y1).1,
        }
    }

    pub(super) fn is_cut(&self, found: PixelBox) -> bool {
        let (left, top, right, bottom) = touches(found, self.input, 2.0);
        left || top || right || bottom
    }
}

/// Where the point `x`, `y` of a cut looks, relative to the cut's azimuth.
fn cut_direction(focal_px: f64, pitch_rad: f64, input: (u32, u32), x: f64, y: f64) -> Direction {
    let (x, y) = ((x - f64::from(input.0) / 2.0) / focal_px, (f64::from(input.1) / 2.0 - y) / focal_px);
    let (sin, cos) = pitch_rad.sin_cos();
    let (up, forward) = (y * cos + sin, cos - y * sin);
    Direction { right_deg: x.atan2(forward).to_degrees(), up_deg: up.atan2(x.hypot(forward)).to_degrees() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Camera, Crop};
    use crate::view::{Plan, Scaling};
    use image::Rgb;
    use proptest::prelude::*;

    const SCALING: Scaling = Scaling { mean: [0.0; 3], sd: [1.0; 3], pad: 114, blue_first: false };
    const INPUT: (u32, u32) = (320, 320);

    fn lens(width: u32) -> Lens {
        Lens::new(&Camera::Equirectangular { crop: None }, width, width / 2)
    }

    /// Paints a patch of a few degrees and asks the cuts where it is.
    fn patch_comes_back(width: u32, centre: (f64, f64)) {
        let picture = patch(width, width / 2, f64::from(width), centre);
        finds_patch(&lens(width), &picture, centre);
    }

    /// A picture with a patch of three degrees about a place.
    fn patch(width: u32, height: u32, circle: f64, centre: (f64, f64)) -> RgbImage {
        let side = circle / 360.0 * 3.0;
        let mut picture = RgbImage::from_pixel(width, height, Rgb([20, 30, 40]));
        for y in 0..side as i64 {
            for x in 0..side as i64 {
                let u = (centre.0 - side / 2.0) as i64 + x;
                let v = (centre.1 - side / 2.0) as i64 + y;
                picture.put_pixel(u.rem_euclid(i64::from(width)) as u32, v as u32, Rgb([250, 120, 60]));
            }
        }
        picture
    }

    fn finds_patch(lens: &Lens, picture: &RgbImage, centre: (f64, f64)) {
        let (width, height) = picture.dimensions();
        let sizes = ViewSizes { usual: INPUT, narrow: (320, 192) };
        let plan = Plan::new(lens, width, height, sizes);
        let mut canvas = Canvas::new(SCALING, sizes);
        let mut seen = 0;
        plan.cut::<()>(picture, &mut canvas, |view, tensor| {
            let bright: Vec<(f32, f32)> = (0..tensor.len() / 3)
                .filter(|i| tensor[*i] > 135.0)
                .map(|i| ((i % 320) as f32, (i / 320) as f32))
                .collect();
            let (Some(x0), Some(x1)) =
                (bright.iter().map(|p| p.0).reduce(f32::min), bright.iter().map(|p| p.0 + 1.0).reduce(f32::max))
            else {
                return Ok(());
            };
            let y0 = bright.iter().map(|p| p.1).fold(f32::MAX, f32::min);
            let y1 = bright.iter().map(|p| p.1 + 1.0).fold(f32::MIN, f32::max);
            let found = PixelBox { x0, y0, x1, y1 };
            if plan.is_cut(view, found) {
                return Ok(());
            }
            seen += 1;
            let placed = plan.to_picture(view, found).unwrap();
            let (cx, cy) = placed.centre();
            let off = (f64::from(cx) - centre.0).abs();
            let pixel = lens.pixels_per_degree() / 4.0;
            assert!(off.min(f64::from(width) - off) < pixel.max(1.5), "{placed:?} for {centre:?}");
            assert!((f64::from(cy) - centre.1).abs() < pixel.max(1.5), "{placed:?} for {centre:?}");
            assert!((0.0..width as f32).contains(&cx));
            Ok(())
        })
        .unwrap();
        assert!(seen >= 1, "no view shows the patch at {centre:?} whole");
    }

    #[test]
    fn a_patch_is_found_wherever_it_is_on_the_horizon() {
        for i in 0..16 {
            patch_comes_back(4000, (i as f64 * 250.0 + 3.0, 980.0));
        }
    }

    #[test]
    fn a_patch_on_the_seam_is_one() {
        patch_comes_back(4000, (0.0, 1000.0));
        patch_comes_back(2000, (1999.0, 450.0));
    }

    #[test]
    fn a_picture_of_half_the_circle_keeps_both_its_sides() {
        let crop =
            Crop { full_width: 3600.0, full_height: 1800.0, left: 900.0, top: 500.0, width: 1800.0, height: 800.0 };
        let lens = Lens::new(&Camera::Equirectangular { crop: Some(crop) }, 1800, 800);
        for u in [100.0, 450.0, 900.0, 1350.0, 1700.0] {
            finds_patch(&lens, &patch(1800, 800, 3600.0, (u, 380.0)), (u, 380.0));
        }
    }

    #[test]
    fn a_sphere_of_any_size_asks_for_no_memory_it_does_not_need() {
        for full_width in [1e12, 1e300] {
            let crop = Crop {
                full_width,
                full_height: 2000.0,
                left: full_width / 2.0,
                top: 0.0,
                width: 1.0,
                height: 2000.0,
            };
            let lens = Lens::new(&Camera::Equirectangular { crop: Some(crop) }, 4000, 2000);
            assert!(Plan::new(&lens, 4000, 2000, INPUT).is_empty());
        }
    }

    #[test]
    fn narrow_views_may_be_flatter() {
        let sizes = ViewSizes { usual: INPUT, narrow: (320, 192) };
        let plan = Plan::new(&lens(11000), 11000, 5500, sizes);
        assert_eq!(plan.sizes(), [[INPUT; 8].as_slice(), &[(320, 192); 15]].concat());
        let mut seen = 0;
        let picture = RgbImage::from_pixel(11000, 5500, Rgb([20, 30, 40]));
        plan.cut::<()>(&picture, &mut Canvas::new(SCALING, sizes), |view, tensor| {
            let (width, height) = plan.size(view);
            assert_eq!(tensor.len(), (3 * width * height) as usize);
            assert!(tensor[..tensor.len() / 3].iter().all(|red| *red == 20.0));
            seen += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, 23);
    }

    #[test]
    fn detail_decides_about_the_narrow_ring() {
        assert_eq!(Plan::new(&lens(11000), 11000, 5500, (640, 640)).len(), 8 + 15);
        assert_eq!(Plan::new(&lens(4000), 4000, 2000, (640, 640)).len(), 8);
    }

    #[test]
    fn what_a_crop_lacks_is_padding() {
        // Only the right half of the circle and 60 rows about the horizon.
        let crop =
            Crop { full_width: 3600.0, full_height: 1800.0, left: 1800.0, top: 870.0, width: 1800.0, height: 60.0 };
        let lens = Lens::new(&Camera::Equirectangular { crop: Some(crop) }, 1800, 60);
        let plan = Plan::new(&lens, 1800, 60, INPUT);
        assert!(plan.len() < 16 + 8);
        let picture = RgbImage::from_pixel(1800, 60, Rgb([200; 3]));
        let mut canvas = Canvas::new(SCALING, INPUT);
        let mut values = std::collections::BTreeSet::new();
        plan.cut::<()>(&picture, &mut canvas, |_, t| {
            values.extend(t.iter().map(|v| v.round() as i32));
            Ok(())
        })
        .unwrap();
        assert!(values.contains(&200) && values.contains(&114));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn odd_sizes_never_panic(width in 1u32..900, height in 1u32..700, crop_left in 0.0..500.0, top in 0.0..400.0) {
            let crop = Crop {
                full_width: 1000.0, full_height: 800.0, left: crop_left, top,
                width: f64::from(width).min(1000.0 - crop_left), height: f64::from(height).min(800.0 - top),
            };
            let picture = RgbImage::new(width, height);
            for camera in [Camera::Equirectangular { crop: Some(crop) }, Camera::Equirectangular { crop: None },
                Camera::Perspective { long_side_fov_deg: None }] {
                let plan = Plan::new(&Lens::new(&camera, width, height), width, height, (64, 32));
                let mut canvas = Canvas::new(SCALING, (64, 32));
                plan.cut::<()>(&picture, &mut canvas, |view, _| {
                    let _ = plan.to_picture(view, PixelBox { x0: 1.0, y0: 1.0, x1: 20.0, y1: 20.0 });
                    Ok(())
                }).unwrap();
            }
        }
    }
}
