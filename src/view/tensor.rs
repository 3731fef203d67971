//! From pixels to the numbers of a tensor: the two loops that every pixel of every view passes, each once in plain Rust
//! and compiled for AVX2 as well where the processor has it. The numbers are the same.

use super::Scaling;

/// Where a pixel of a view is read in a band of RGB pixels: a mean of four, weighted by 256ths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    /// Byte of the upper left one of the four.
    pub at: u32,
    /// Weight of the right ones.
    pub right: u16,
    /// Weight of the lower ones.
    pub down: u16,
}

/// The planes of a tensor, or parts of them, in the order red, green, blue, each with the factors of `a·value + b`.
pub(super) type Planes<'a> = [(&'a mut [f32], f32, f32); 3];

/// The planes of a tensor for red, green and blue.
pub(super) fn planes<'a>(tensor: &'a mut [f32], scaling: &Scaling) -> Planes<'a> {
    let (first, rest) = tensor.split_at_mut(tensor.len() / 3);
    let (second, third) = rest.split_at_mut(first.len());
    let (red, blue) = if scaling.blue_first { (third, first) } else { (first, third) };
    let [r, g, b] = scaling.factors();
    [(red, r.0, r.1), (second, g.0, g.1), (blue, b.0, b.1)]
}

/// Writes a row of RGB pixels into the planes from `start` on.
pub(super) fn lay(pixels: &[u8], planes: &mut Planes<'_>, start: usize) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::lay(pixels, planes, start) };
    }
    lay_pixels(pixels, planes, start);
}

#[inline(always)]
fn lay_pixels(pixels: &[u8], planes: &mut Planes<'_>, start: usize) {
    let (pixels, _) = pixels.as_chunks::<3>();
    let [(red, ar, br), (green, ag, bg), (blue, ab, bb)] = planes;
    let (ar, br, ag, bg, ab, bb) = (*ar, *br, *ag, *bg, *ab, *bb);
    let lines = (red.get_mut(start..), green.get_mut(start..), blue.get_mut(start..));
    let (Some(red), Some(green), Some(blue)) = lines else { return };
    for (((pixel, r), g), b) in pixels.iter().zip(red).zip(green).zip(blue) {
        *r = f32::from(pixel[0]) * ar + br;
        *g = f32::from(pixel[1]) * ag + bg;
        *b = f32::from(pixel[2]) * ab + bb;
    }
}

/// Reads a band of RGB pixels of `stride` bytes a row through `taps`, `start` bytes further on, and fills the planes.
pub(super) fn sample(band: &[u8], stride: usize, start: usize, taps: &[Tap], planes: &mut Planes<'_>) {
    // Bilinear weights are products of two 256ths.
    for (_, a, _) in planes.iter_mut() {
        *a *= 1.0 / 65536.0;
    }
    #[cfg(target_arch = "x86_64")]
    let from = if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { avx2::sample(band, stride, start, taps, planes) }
    } else {
        0
    };
    #[cfg(not(target_arch = "x86_64"))]
    let from = 0;
    sample_from(from, band, stride, start, taps, planes);
}

/// Samples the taps from number `from` on.
fn sample_from(from: usize, band: &[u8], stride: usize, start: usize, taps: &[Tap], planes: &mut Planes<'_>) {
    for (place, tap) in taps.iter().enumerate().skip(from) {
        let upper = start + tap.at as usize;
        let lower = upper + stride;
        let (Some(above), Some(under)) = (band.get(upper..upper + 6), band.get(lower..lower + 6)) else { continue };
        let (right, down) = (u32::from(tap.right), u32::from(tap.down));
        for (c, (plane, a, b)) in planes.iter_mut().enumerate() {
            let above = u32::from(above[c]) * (256 - right) + u32::from(above[c + 3]) * right;
            let under = u32::from(under[c]) * (256 - right) + u32::from(under[c + 3]) * right;
            if let Some(value) = plane.get_mut(place) {
                *value = (above * (256 - down) + under * down) as f32 * *a + *b;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{Planes, Tap};

    #[target_feature(enable = "avx2")]
    pub(super) fn lay(pixels: &[u8], planes: &mut Planes<'_>, start: usize) {
        super::lay_pixels(pixels, planes, start);
    }

    /// Samples the taps by fours and says how many of them it did.
    #[target_feature(enable = "avx2")]
    pub(super) fn sample(band: &[u8], stride: usize, start: usize, taps: &[Tap], planes: &mut Planes<'_>) -> usize {
        // Two neighbours r g b r g b as pairs of 16 bits, one pair a colour.
        let pairs = _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
        let load = |at: usize| -> Option<__m128i> {
            let eight: &[u8; 8] = band.get(at..)?.first_chunk()?;
            Some(_mm_shuffle_epi8(_mm_cvtsi64_si128(i64::from_le_bytes(*eight)), pairs))
        };
        let mean = |tap: &Tap| -> Option<__m128> {
            let at = start + tap.at as usize;
            let across = _mm_set1_epi32((i32::from(tap.right) << 16) | (256 - i32::from(tap.right)));
            let above = _mm_madd_epi16(load(at)?, across);
            let under = _mm_madd_epi16(load(at + stride)?, across);
            let down = _mm_mullo_epi32(_mm_sub_epi32(under, above), _mm_set1_epi32(i32::from(tap.down)));
            Some(_mm_cvtepi32_ps(_mm_add_epi32(_mm_slli_epi32::<8>(above), down)))
        };
        let [(red, ar, br), (green, ag, bg), (blue, ab, bb)] = planes;
        let factors = [(*ar, *br), (*ag, *bg), (*ab, *bb)].map(|(a, b)| (_mm_set1_ps(a), _mm_set1_ps(b)));
        let (red, green, blue) = (red.as_chunks_mut::<4>().0, green.as_chunks_mut().0, blue.as_chunks_mut().0);
        let (taps, _) = taps.as_chunks::<4>();
        let mut done = 0;
        for (((taps, r), g), b) in taps.iter().zip(red).zip(green).zip(blue) {
            let [first, second, third, fourth] = taps;
            let means = (mean(first), mean(second), mean(third), mean(fourth));
            let (Some(first), Some(second), Some(third), Some(fourth)) = means else { break };
            // From four pixels of three colours to three lines of four.
            let (low, high) = (_mm_unpacklo_ps(first, second), _mm_unpacklo_ps(third, fourth));
            let blues = _mm_movelh_ps(_mm_unpackhi_ps(first, second), _mm_unpackhi_ps(third, fourth));
            let lines = [_mm_movelh_ps(low, high), _mm_movehl_ps(high, low), blues];
            for ((line, (a, b)), place) in lines.into_iter().zip(factors).zip([r, g, b]) {
                let line = _mm_add_ps(_mm_mul_ps(line, a), b);
                // SAFETY: the place has room for four numbers.
                unsafe { _mm_storeu_ps(place.as_mut_ptr(), line) };
            }
            done += 4;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALING: Scaling = Scaling { mean: [10.0, 20.0, 30.0], sd: [3.0, 5.0, 7.0], pad: 114, blue_first: true };

    #[test]
    fn every_processor_samples_the_same() {
        let (stride, rows) = (90, 20);
        let band: Vec<u8> = (0..stride * rows).map(|i| (i * i % 251) as u8).collect();
        let mut taps: Vec<Tap> = (0..403_u32)
            .map(|i| {
                let at = i % 18 * 90 + i * 7 % 25 * 3;
                Tap { at, right: (i * 31 % 256) as u16, down: (i * 57 % 256) as u16 }
            })
            .collect();
        // The last pixels of the band, where eight bytes are more than there are.
        taps[397] = Tap { at: 18 * 90 + 28 * 3, right: 256, down: 256 };
        let (mut fast, mut plain) = (vec![0.0; 3 * taps.len()], vec![0.0; 3 * taps.len()]);
        sample(&band, stride, 0, &taps, &mut planes(&mut fast, &SCALING));
        let mut expected = planes(&mut plain, &SCALING);
        expected.iter_mut().for_each(|(_, a, _)| *a /= 65536.0);
        sample_from(0, &band, stride, 0, &taps, &mut expected);
        assert_eq!(fast, plain);
        let last = 2 * taps.len() + 397;
        assert_eq!(fast[last], f32::from(band[19 * 90 + 29 * 3]) * (1.0 / 3.0) - 10.0 / 3.0);
    }

    #[test]
    fn every_processor_lays_the_same() {
        let pixels: Vec<u8> = (0..3 * 77).map(|i| (i * 91 % 256) as u8).collect();
        let (mut fast, mut plain) = (vec![0.0; 3 * 100], vec![0.0; 3 * 100]);
        lay(&pixels, &mut planes(&mut fast, &SCALING), 20);
        lay_pixels(&pixels, &mut planes(&mut plain, &SCALING), 20);
        assert_eq!(fast, plain);
        assert_eq!(fast[200 + 20], f32::from(pixels[0]) * (1.0 / 3.0) - 10.0 / 3.0);
        assert_eq!((fast[219], fast[297]), (0.0, 0.0));
    }
}
