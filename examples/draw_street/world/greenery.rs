//! Hedges and trees.

use super::World;
use crate::colour::rgb;
use crate::material::Material;
use crate::path::Path;
use crate::space::{UP, vec3};
use crate::surface::{Form, Surface};

const LEAVES: [u32; 4] = [0x4c6a2c, 0x5a7432, 0x3f5c2b, 0x667c3c];

impl World {
    pub fn hedge(&mut self, path: &Path, right: f64, (from, to): (f64, f64)) {
        let height = self.chance.between(0.9, 1.5);
        let colour = rgb(self.chance.pick(&LEAVES));
        let (x, y) = path.place(from, right);
        let (x2, y2) = path.place(to, right);
        let along = vec3(x2 - x, y2 - y, 0.0);
        let depth = UP.cross(along).unit() * 0.6;
        self.block(vec3(x, y, 0.0) - depth * 0.5, along, depth, height, || Material::Leaves(colour));
    }

    pub fn tree(&mut self, (x, y): (f64, f64)) {
        let height = self.chance.between(4.5, 8.0);
        let colour = rgb(self.chance.pick(&LEAVES));
        let radius = self.chance.between(0.12, 0.2);
        self.post(vec3(x, y, 0.0), radius, height * 0.7, 0x5b4c3e);
        for i in 0..16 {
            // From the middle outwards, so that the crown holds together.
            let spread = height * 0.012 * f64::from(i);
            let (dx, dy) = (self.chance.between(-spread, spread), self.chance.between(-spread, spread));
            let rise = height * self.chance.between(0.66 - 0.013 * f64::from(i), 0.72 + 0.013 * f64::from(i));
            let radius = height * (0.2 - 0.006 * f64::from(i));
            let form = Form::Crown { centre: vec3(x + dx, y + dy, rise), radius };
            self.surfaces.push(Surface { form, material: Material::Leaves(colour) });
        }
    }
}
