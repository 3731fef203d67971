//! Boxes and their names on copies of pictures, for people to check.

use font8x8::legacy::BASIC_LEGACY;
use image::{Rgb, RgbImage};

use crate::view::PixelBox;

const LINE: Rgb<u8> = Rgb([255, 0, 200]);
const TEXT: Rgb<u8> = Rgb([255, 255, 255]);

/// Draws a box with a label beside it, both as thick as the picture's size asks for.
///
/// Boxes may run over the left or right edge, as those of 360° pictures do; they go on at the other side there.
pub fn labelled_box(image: &mut RgbImage, pixels: PixelBox, label: &str) {
    let thickness = i64::from(image.width().max(image.height()) / 1500).clamp(1, 8) + 1;
    let [x0, y0, x1, y1] = [pixels.x0, pixels.y0, pixels.x1, pixels.y1].map(|v| v.round() as i64);
    fill(image, (x0 - thickness, y0 - thickness), (x1 + thickness, y0), LINE);
    fill(image, (x0 - thickness, y1), (x1 + thickness, y1 + thickness), LINE);
    fill(image, (x0 - thickness, y0), (x0, y1), LINE);
    fill(image, (x1, y0), (x1 + thickness, y1), LINE);
    // Letters of 8 × 8 dots beside the box, where they hide no other sign of the same post: at its right, or at its left
    // where there is no room.
    let dot = (thickness / 2).max(2);
    let (width, height) = ((label.chars().count() as i64 * 8 + 2) * dot, 10 * dot);
    let right = x1 + thickness;
    let fits = right + width <= i64::from(image.width());
    let (left, top) = (if fits { right } else { x0 - thickness - width }, y0 - thickness);
    fill(image, (left, top), (left + width, top + height), LINE);
    for (place, letter) in label.chars().enumerate() {
        let rows = BASIC_LEGACY.get(letter as usize).unwrap_or(&BASIC_LEGACY[usize::from(b'?')]);
        for (row, dots) in rows.iter().enumerate() {
            for column in (0..8).filter(|column| dots & (1 << column) != 0) {
                let x = left + (place as i64 * 8 + column + 1) * dot;
                let y = top + (row as i64 + 1) * dot;
                fill(image, (x, y), (x + dot, y + dot), TEXT);
            }
        }
    }
}

/// Fills the rectangle from one corner up to, not including, the other.
fn fill(image: &mut RgbImage, from: (i64, i64), to: (i64, i64), colour: Rgb<u8>) {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    for y in from.1.max(0)..to.1.min(height) {
        for x in from.0.max(-width)..to.0.min(2 * width) {
            image.put_pixel(x.rem_euclid(width) as u32, y as u32, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_over_the_seam_is_drawn_on_both_sides() {
        let mut image = RgbImage::new(200, 100);
        labelled_box(&mut image, PixelBox { x0: -10.0, y0: 40.0, x1: 10.0, y1: 60.0 }, "stop 0.9é");
        assert_eq!(*image.get_pixel(189, 50), LINE);
        assert_eq!(*image.get_pixel(10, 50), LINE);
        assert_eq!(*image.get_pixel(100, 90), Rgb([0; 3]));
        assert!(image.pixels().any(|p| *p == TEXT));
    }

    #[test]
    fn boxes_outside_do_no_harm() {
        let mut image = RgbImage::new(20, 10);
        labelled_box(&mut image, PixelBox { x0: -1e9, y0: -1e9, x1: 1e9, y1: 1e9 }, "x");
        labelled_box(&mut image, PixelBox { x0: f32::NAN, y0: 0.0, x1: 5.0, y1: 5.0 }, "x");
    }
}
