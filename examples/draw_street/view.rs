//! A camera in the street: the ray of each pixel, and the pixel of each point.

use crate::space::{Ray, UP, Vec3, ahead};

/// Width of the film that focal lengths are told for, millimetres.
const FILM_WIDTH_MM: f64 = 36.0;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lens {
    Perspective {
        focal_35mm: u16,
    },
    /// The whole sphere; the centre column looks ahead.
    Equirectangular,
}

/// A level camera at its place.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub lens: Lens,
    pub width: u32,
    pub height: u32,
    pub eye: Vec3,
    pub heading_deg: f64,
}

impl View {
    /// The ray through a point of the picture; the corner of the top-left pixel is 0, 0.
    pub fn ray(&self, u: f64, v: f64) -> Ray {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let to = match self.lens {
            Lens::Perspective { .. } => {
                let (x, y) = ((u - width / 2.0) / self.focal_px(), (height / 2.0 - v) / self.focal_px());
                (ahead(self.heading_deg) + ahead(self.heading_deg + 90.0) * x + UP * y).unit()
            }
            Lens::Equirectangular => {
                let level = ahead(self.heading_deg + 360.0 * (u / width - 0.5));
                let (sin, cos) = (180.0 * (0.5 - v / height)).to_radians().sin_cos();
                level * cos + UP * sin
            }
        };
        Ray { from: self.eye, to }
    }

    /// The point of the picture that shows a point of the world; `None` behind a perspective camera.
    pub fn pixel(&self, point: Vec3) -> Option<(f64, f64)> {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let reach = point - self.eye;
        let (x, y, z) = (reach.dot(ahead(self.heading_deg + 90.0)), reach.z, reach.dot(ahead(self.heading_deg)));
        match self.lens {
            Lens::Perspective { .. } => {
                (z > 0.1).then(|| (width / 2.0 + self.focal_px() * x / z, height / 2.0 - self.focal_px() * y / z))
            }
            Lens::Equirectangular => {
                let (right, up) = (x.atan2(z).to_degrees(), y.atan2(x.hypot(z)).to_degrees());
                Some(((right / 360.0 + 0.5) * width, (0.5 - up / 180.0) * height))
            }
        }
    }

    /// The angle that one pixel covers, radians.
    pub fn pixel_angle(&self) -> f64 {
        match self.lens {
            Lens::Perspective { .. } => 1.0 / self.focal_px(),
            Lens::Equirectangular => std::f64::consts::TAU / f64::from(self.width),
        }
    }

    fn focal_px(&self) -> f64 {
        match self.lens {
            Lens::Perspective { focal_35mm } => f64::from(self.width) * f64::from(focal_35mm) / FILM_WIDTH_MM,
            Lens::Equirectangular => f64::from(self.width) / std::f64::consts::TAU,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::vec3;

    #[test]
    fn pixels_come_back() {
        for lens in [Lens::Perspective { focal_35mm: 24 }, Lens::Equirectangular] {
            let view = View { lens, width: 1920, height: 960, eye: vec3(3.0, -8.0, 2.2), heading_deg: 211.0 };
            for (u, v) in [(1.0, 1.0), (960.0, 480.0), (300.5, 700.25), (1919.0, 5.0)] {
                let (u2, v2) = view.pixel(view.ray(u, v).at(12.0)).unwrap();
                assert!((u - u2).abs() < 1e-6 && (v - v2).abs() < 1e-6, "{lens:?}: {u} {v} became {u2} {v2}");
            }
        }
    }

    #[test]
    fn the_middle_looks_along_the_heading() {
        for lens in [Lens::Perspective { focal_35mm: 24 }, Lens::Equirectangular] {
            let view = View { lens, width: 1920, height: 960, eye: vec3(0.0, 0.0, 2.2), heading_deg: 90.0 };
            let to = view.ray(960.0, 480.0).to;
            assert!((to - vec3(1.0, 0.0, 0.0)).length() < 1e-12, "{to:?}");
        }
    }
}
