//! From pixels to the numbers of a tensor: the two loops that every pixel of every view passes, each once in plain Rust
//! and compiled for AVX2 as well where the processor has it. The numbers are the same.

use super::Scaling;

/// Where a pixel of a view is read in a band of RGB pixels: a mean of four.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(super) struct Tap {
    /// Byte of the upper left one of the four.
    at: u32,
    /// Weights of the left and of the right ones, together [`WHOLE`].
    across: [u8; 2],
    /// Weights of the upper and of the lower ones, together [`WHOLE`].
    down: [u8; 2],
}

/// The weight of one pixel alone: the most that a byte holds.
const WHOLE: u8 = 255;

impl Tap {
    /// Reads from byte `at` on, with shares of the right and of the lower pixels within 0..=1.
    pub(super) fn new(at: u32, right: f64, lower: f64) -> Self {
        let weights = |share: f64| {
            let second = (share * f64::from(WHOLE)).round() as u8;
            [WHOLE - second, second]
        };
        Self { at, across: weights(right), down: weights(lower) }
    }
}

/// Where all pixels of a view are read.
#[derive(Debug)]
pub(super) struct Taps {
    taps: Vec<Tap>,
    /// Bytes of a band that the upper pixels may be read from, each with as many as a register takes.
    reach: usize,
}

impl Taps {
    /// Bytes after the last of four pixels that are read with it.
    pub(super) const OVERREAD: usize = 2;

    pub(super) fn new(taps: Vec<Tap>) -> Self {
        let reach = taps.iter().map(|tap| tap.at as usize + 6 + Self::OVERREAD).max().unwrap_or(0);
        Self { taps, reach }
    }
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
pub(super) fn sample(band: &[u8], stride: usize, start: usize, taps: &Taps, planes: &mut Planes<'_>) {
    take_weighted(planes);
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

/// Makes the factors fit what is sampled: sums of pixels less 128, which are signed bytes, times weights both ways.
fn take_weighted(planes: &mut Planes<'_>) {
    for (_, a, b) in planes.iter_mut() {
        *b += 128.0 * *a;
        *a /= f32::from(WHOLE) * f32::from(WHOLE);
    }
}

/// Samples the taps from number `from` on.
fn sample_from(from: usize, band: &[u8], stride: usize, start: usize, taps: &Taps, planes: &mut Planes<'_>) {
    for (place, tap) in taps.taps.iter().enumerate().skip(from) {
        let upper = start + tap.at as usize;
        let lower = upper + stride;
        let (Some(above), Some(under)) = (band.get(upper..upper + 6), band.get(lower..lower + 6)) else { continue };
        let [left, right, over, below] = [tap.across[0], tap.across[1], tap.down[0], tap.down[1]].map(i32::from);
        for (c, (plane, a, b)) in planes.iter_mut().enumerate() {
            let mean = |row: &[u8]| (i32::from(row[c]) - 128) * left + (i32::from(row[c + 3]) - 128) * right;
            if let Some(value) = plane.get_mut(place) {
                *value = (mean(above) * over + mean(under) * below) as f32 * *a + *b;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{Planes, Tap, Taps};

    #[target_feature(enable = "avx2")]
    pub(super) fn lay(pixels: &[u8], planes: &mut Planes<'_>, start: usize) {
        super::lay_pixels(pixels, planes, start);
    }

    /// Samples the taps by fours and says how many of them it did: none where they reach beyond the band.
    #[target_feature(enable = "avx2")]
    pub(super) fn sample(band: &[u8], stride: usize, start: usize, taps: &Taps, planes: &mut Planes<'_>) -> usize {
        if start.saturating_add(stride).saturating_add(taps.reach) > band.len() {
            return 0;
        }
        let twice = |v: __m128i| _mm256_broadcastsi128_si256(v);
        // From the neighbours r g b r g b of the upper row, and eight bytes on those of the lower one, to pairs of
        // neighbours: red above and below, green, blue.
        let pairs = twice(_mm_setr_epi8(0, 3, 8, 11, 1, 4, 9, 12, 2, 5, 10, 13, -1, -1, -1, -1));
        // The weights of the first and of the second of two taps that lie side by side, across as bytes, down as words.
        let across = [0x0504, 0x0d0c].map(|both| _mm256_set1_epi16(both));
        let down = [0x8007_8006_u32, 0x800f_800e].map(|both| _mm256_set1_epi32(both.cast_signed()));
        let less_128 = _mm256_set1_epi8(-128);

        let upper = band.as_ptr().wrapping_add(start);
        let lower = upper.wrapping_add(stride);
        let next = lower.wrapping_add(stride);
        let four = |tap: &Tap| {
            // SAFETY: eight bytes from each tap's place on lie in the band, and those a row further down do, as `reach`
            // is that of the furthest tap.
            let eight = |row: *const u8| unsafe { row.add(tap.at as usize).cast::<i64>().read_unaligned() };
            _mm_set_epi64x(eight(lower), eight(upper))
        };
        let [(red, ar, br), (green, ag, bg), (blue, ab, bb)] = planes;
        let a = (_mm256_set_m128(_mm_set1_ps(*ag), _mm_set1_ps(*ar)), _mm_set1_ps(*ab));
        let b = (_mm256_set_m128(_mm_set1_ps(*bg), _mm_set1_ps(*br)), _mm_set1_ps(*bb));
        let (red, green, blue) =
            (red.as_chunks_mut::<4>().0, green.as_chunks_mut::<4>().0, blue.as_chunks_mut::<4>().0);
        let mut done = 0;
        for (((taps, r), g), b_line) in taps.taps.as_chunks::<4>().0.iter().zip(red).zip(green).zip(blue) {
            let [first, second, third, fourth] = taps;
            // The rows of a view are arcs in the band, which the processor does not foresee.
            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(first.at as usize).cast());
            // SAFETY: four taps are 32 bytes.
            let weights = unsafe { _mm256_loadu_si256(taps.as_ptr().cast()) };
            let mean = |tap: &Tap, two_on: &Tap, nth: usize| {
                let pixels = _mm256_shuffle_epi8(_mm256_set_m128i(four(two_on), four(tap)), pairs);
                let pixels = _mm256_xor_si256(pixels, less_128);
                let rows = _mm256_maddubs_epi16(_mm256_shuffle_epi8(weights, across[nth]), pixels);
                _mm256_madd_epi16(rows, _mm256_shuffle_epi8(weights, down[nth]))
            };
            // From four pixels of three colours to three lines of four: red and green, and blue.
            let (even, odd) = (mean(first, third, 0), mean(second, fourth, 1));
            let rg = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_unpacklo_epi32(even, odd));
            let blue = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_unpackhi_epi32(even, odd));
            let rg = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(rg), a.0), b.0);
            let blue = _mm_add_ps(_mm_mul_ps(_mm_cvtepi32_ps(_mm256_castsi256_si128(blue)), a.1), b.1);
            let lines = [_mm256_castps256_ps128(rg), _mm256_extractf128_ps::<1>(rg), blue];
            for (line, place) in lines.into_iter().zip([r, g, b_line]) {
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
        let mut band: Vec<u8> = (0..stride * rows).map(|i| (i * i % 251) as u8).collect();
        band[..6].fill(255);
        band[stride..stride + 6].fill(255);
        band.extend([0; Taps::OVERREAD]);
        let mut taps: Vec<Tap> = (0..403_u32)
            .map(|i| {
                Tap::new(i % 18 * 90 + i * 7 % 25 * 3, f64::from(i * 31 % 256) / 255.0, f64::from(i % 57) / 56.0)
            })
            .collect();
        // The brightest pixels, and the last ones of the band.
        taps[1] = Tap::new(0, 0.3, 0.8);
        taps[397] = Tap::new(18 * 90 + 28 * 3, 1.0, 1.0);
        let taps = Taps::new(taps);
        let len = taps.taps.len();
        let sampled = |start: usize, band: &[u8]| {
            let mut tensor = vec![0.0; 3 * len];
            sample(band, stride, start, &taps, &mut planes(&mut tensor, &SCALING));
            tensor
        };
        let plain = |start: usize, band: &[u8]| {
            let mut tensor = vec![0.0; 3 * len];
            let mut planes = planes(&mut tensor, &SCALING);
            take_weighted(&mut planes);
            sample_from(0, band, stride, start, &taps, &mut planes);
            tensor
        };
        let fast = sampled(0, &band);
        assert_eq!(fast, plain(0, &band));
        let near = |value: f32, expected: f32| assert!((value - expected).abs() < 1e-4, "{value} for {expected}");
        near(fast[2 * len + 1], (255.0 - 10.0) / 3.0);
        near(fast[2 * len + 397], (f32::from(band[19 * 90 + 29 * 3]) - 10.0) / 3.0);
        // Half a band, or one that is begun later, shows what there is of it.
        for (start, band) in [(0, &band[..stride * 10]), (stride, &band[..]), (stride * rows, &band[..]), (0, &[])] {
            assert_eq!(sampled(start, band), plain(start, band));
        }
        assert!(sampled(0, &[]).iter().all(|value| *value == 0.0));
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
