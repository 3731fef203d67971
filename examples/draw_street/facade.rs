//! House fronts: plaster, rows of windows, a door.

use crate::chance::{cloudy, lattice, noise};
use crate::colour::{Colour, rgb};
use crate::material::seen;

pub struct Facade {
    pub plaster: Colour,
    pub shutters: Colour,
    pub width: f64,
    pub storeys: u32,
    /// Windows side by side; none on a blind wall.
    pub columns: u32,
    /// Column of the door, on the ground floor.
    pub door: Option<u32>,
    /// Height of the patch's lower edge above the ground: more than 0 for a gable.
    pub lowest: f64,
    pub seed: i64,
}

pub const STOREY_M: f64 = 2.9;
const PLINTH_M: f64 = 0.6;
const FRAME_M: f64 = 0.07;

impl Facade {
    pub fn colour(&self, u: f64, v: f64, footprint: f64) -> Colour {
        let v = v + self.lowest;
        self.opening(u, v).unwrap_or_else(|| self.wall(u, v, footprint))
    }

    fn wall(&self, u: f64, v: f64, footprint: f64) -> Colour {
        let seed = self.seed as f64;
        let stain = 0.14 * (cloudy(u * 0.5, v * 0.35, seed) - 0.5);
        let grain = 0.02 * (noise(u * 12.0, v * 12.0, seed) - 0.5) * seen(0.1, footprint);
        let ground = if v < PLINTH_M { rgb(0x8d8880) } else { self.plaster };
        let band = (v % STOREY_M) > STOREY_M - 0.12 && self.columns > 0;
        ground * (1.0 + stain + grain + if band { 0.08 } else { 0.0 })
    }

    /// What is in the wall's openings: glass, frames, shutters, the door.
    fn opening(&self, u: f64, v: f64) -> Option<Colour> {
        let storey = (v / STOREY_M).floor();
        let column = (u / self.width * f64::from(self.columns)).floor();
        if self.columns == 0 || storey >= f64::from(self.storeys) {
            return None;
        }
        let middle = (column + 0.5) * self.width / f64::from(self.columns);
        let (x, y) = ((u - middle).abs(), v - storey * STOREY_M);
        if storey == 0.0 && self.door == Some(column as u32) {
            return door(x, y, self.shutters);
        }
        let (half, sill, head) = (0.52, 0.95, 2.35);
        if !(sill - 0.08..=head).contains(&y) || x > half + 0.5 {
            return None;
        }
        if x > half {
            let slat = if (y / 0.09).fract() < 0.25 { 0.9 } else { 1.0 };
            return (y >= sill).then_some(self.shutters * slat);
        }
        let light_frame = rgb(0xd9d6ce);
        let is_frame = y < sill + FRAME_M || y > head - FRAME_M || x > half - FRAME_M || x < 0.035;
        if is_frame {
            return Some(light_frame);
        }
        let chance = lattice(column as i64, storey as i64, self.seed);
        let curtain = chance < 0.45 && x > 0.3;
        let sky = rgb(0x3a4045).mix(rgb(0x6f787f), (0.2 + 0.5 * (y - sill) + 0.3 * (chance - 0.5)).clamp(0.0, 1.0));
        Some(if curtain { rgb(0x9a9892) } else { sky })
    }
}

fn door(x: f64, y: f64, leaf: Colour) -> Option<Colour> {
    match (x, y) {
        (x, y) if x > 0.6 || y > 2.3 => None,
        (x, y) if x > 0.5 || y > 2.2 => Some(rgb(0xb9b2a6)),
        (x, y) if x < 0.3 && (1.5..2.0).contains(&y) => Some(rgb(0x404448)),
        (x, y) => {
            let panel = (0.12..0.4).contains(&x) && (0.25..1.25).contains(&y);
            Some(leaf * if panel { 0.75 } else { 0.9 })
        }
    }
}
