//! Colours in linear light.

use std::ops::{Add, Mul};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    pub r: f64,
    pub g: f64,
    pub b: f64,
}

/// A colour as it is written for screens, 0xRRGGBB.
pub fn rgb(code: u32) -> Colour {
    let channel = |shift: u32| (f64::from((code >> shift) & 0xff) / 255.0).powf(2.2);
    Colour { r: channel(16), g: channel(8), b: channel(0) }
}

impl Colour {
    pub fn mix(self, other: Self, share: f64) -> Self {
        self * (1.0 - share) + other * share
    }

    pub fn tinted(self, by: Self) -> Self {
        Self { r: self.r * by.r, g: self.g * by.g, b: self.b * by.b }
    }

    /// As a pixel for screens.
    pub fn to_pixel(self) -> [u8; 3] {
        let channel = |value: f64| (value.clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0).round() as u8;
        [channel(self.r), channel(self.g), channel(self.b)]
    }

    /// How far apart two colours look.
    pub fn contrast(self, other: Self) -> f64 {
        let apart = |a: f64, b: f64| (a.max(0.0).sqrt() - b.max(0.0).sqrt()).abs();
        apart(self.r, other.r).max(apart(self.g, other.g)).max(apart(self.b, other.b))
    }
}

impl Add for Colour {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { r: self.r + other.r, g: self.g + other.g, b: self.b + other.b }
    }
}

impl Mul<f64> for Colour {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { r: self.r * factor, g: self.g * factor, b: self.b * factor }
    }
}
