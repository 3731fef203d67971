//! Points and directions of the drawn world: x east, y north, z up, metres.

use std::ops::{Add, Mul, Neg, Sub};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vec3 {
    pub x: f64,
    pub y: f64,
    pub z: f64,
}

pub const UP: Vec3 = Vec3 { x: 0.0, y: 0.0, z: 1.0 };

pub fn vec3(x: f64, y: f64, z: f64) -> Vec3 {
    Vec3 { x, y, z }
}

/// The level unit vector that looks to an azimuth, degrees clockwise from north.
pub fn ahead(azimuth_deg: f64) -> Vec3 {
    let (sin, cos) = azimuth_deg.to_radians().sin_cos();
    vec3(sin, cos, 0.0)
}

impl Vec3 {
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub fn cross(self, other: Self) -> Self {
        vec3(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    pub fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    pub fn unit(self) -> Self {
        self * (1.0 / self.length())
    }

    /// The coordinates one by one, in the order x, y, z.
    pub fn axes(self) -> [f64; 3] {
        [self.x, self.y, self.z]
    }

    pub fn each(self, other: Self, pick: fn(f64, f64) -> f64) -> Self {
        vec3(pick(self.x, other.x), pick(self.y, other.y), pick(self.z, other.z))
    }
}

impl Add for Vec3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        vec3(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vec3 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        vec3(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f64> for Vec3 {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        vec3(self.x * factor, self.y * factor, self.z * factor)
    }
}

impl Neg for Vec3 {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

/// A half line of sight; the direction is a unit vector.
#[derive(Debug, Clone, Copy)]
pub struct Ray {
    pub from: Vec3,
    pub to: Vec3,
}

impl Ray {
    pub fn at(&self, distance: f64) -> Vec3 {
        self.from + self.to * distance
    }
}
