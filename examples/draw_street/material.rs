//! What surfaces are made of: the colour at each of their points.

use std::sync::Arc;

use crate::chance::{cloudy, lattice, noise};
use crate::colour::{Colour, rgb};
use crate::facade::Facade;
use crate::face::Face;
use crate::space::Vec3;
use crate::surface::Meeting;

pub enum Material {
    /// One colour with a grain of the given strength.
    Plain {
        colour: Colour,
        grain: f64,
    },
    Facade(Facade),
    /// Rows of roof tiles.
    Tiles(Colour),
    Leaves(Colour),
    /// The plate of the sign with this number: its face in front, bare metal behind.
    Plate {
        sign: usize,
        face: Arc<Face>,
    },
}

pub fn plain(code: u32) -> Material {
    Material::Plain { colour: rgb(code), grain: 0.05 }
}

impl Material {
    /// Whether there is anything at a place of a patch.
    pub fn covers(&self, on_patch: (f64, f64)) -> bool {
        match self {
            Self::Plate { face, .. } => face.is_on_plate(on_face(face, on_patch)),
            _ => true,
        }
    }

    /// The colour at a meeting; grain that is finer than `footprint` metres is left out.
    pub fn colour(&self, point: Vec3, meeting: &Meeting, footprint: f64) -> Colour {
        let (u, v) = meeting.on_patch;
        match self {
            Self::Plain { colour, grain } => {
                let fine = noise(point.x * 9.0, point.y * 9.0, point.z * 9.0) - 0.5;
                *colour * (1.0 + 2.0 * grain * fine * seen(0.11, footprint))
            }
            Self::Facade(facade) => facade.colour(u, v, footprint),
            Self::Tiles(colour) => {
                let row = (v / 0.33).floor();
                let tile = lattice((u / 0.25 + 0.5 * row).floor() as i64, row as i64, 7) - 0.5;
                let shade = 1.0 - 0.2 * (v / 0.33).fract().powi(4);
                let weather = cloudy(u * 0.6, v * 0.6, 3.0) - 0.5;
                *colour * (1.0 + 0.3 * weather + (0.1 * tile + shade - 1.0) * seen(0.3, footprint))
            }
            Self::Leaves(colour) => {
                let coarse = noise(point.x * 2.0, point.y * 2.0, point.z * 2.0) - 0.5;
                let fine = noise(point.x * 11.0, point.y * 11.0, point.z * 11.0) - 0.5;
                *colour * (1.0 + 0.6 * coarse + 0.25 * fine * seen(0.12, footprint))
            }
            Self::Plate { face, .. } if meeting.is_front => {
                face.colour(on_face(face, (u, v))).unwrap_or(rgb(0x808080))
            }
            Self::Plate { .. } => rgb(0x8f9396) * (1.0 + 0.1 * (noise(u * 8.0, v * 8.0, 0.0) - 0.5)),
        }
    }
}

/// How much of a pattern is left where one pixel covers `footprint` metres.
pub fn seen(feature: f64, footprint: f64) -> f64 {
    (1.5 - footprint / feature).clamp(0.0, 1.0)
}

/// A place on a plate's patch, from the middle of the face.
fn on_face(face: &Face, on_patch: (f64, f64)) -> (f64, f64) {
    let (width, height) = face.size;
    (on_patch.0 - width / 2.0, on_patch.1 - height / 2.0)
}
