//! All that stands around and in the street, as surfaces.

mod car;
mod greenery;
mod house;
mod lamp;
mod lot;

use std::sync::Arc;

use crate::chance::Chance;
use crate::material::{Material, plain};
use crate::space::{UP, Vec3, ahead};
use crate::street::Street;
use crate::surface::{Cut, Form, Surface};

/// Of all that is left to chance.
const SEED: u64 = 1936;

/// Everything but the ground.
pub fn surfaces(street: &Street) -> Vec<Surface> {
    let mut world = World { surfaces: Vec::new(), chance: Chance::seeded(SEED) };
    let crossings: Vec<f64> = street.crossings.iter().map(|(along, _)| *along).collect();
    for side in [1.0, -1.0] {
        world.row_of_lots(&street.main, side, (-70.0, 290.0), &crossings);
        for (_, road) in &street.crossings {
            world.row_of_lots(road, side, (24.0, 120.0), &[]);
            world.row_of_lots(road, side, (-120.0, -26.0), &[]);
        }
    }
    world.parked_cars(&street.main);
    world.lamps(&street.main.path);
    world.signs(street);
    world.surfaces
}

struct World {
    surfaces: Vec<Surface>,
    chance: Chance,
}

impl World {
    fn signs(&mut self, street: &Street) {
        for pole in &street.poles {
            self.post(pole.foot, 0.035, pole.height, 0x8c8f92);
        }
        for (number, sign) in street.signs.iter().enumerate() {
            let (width, height) = sign.face.size;
            // Who looks at the face has its right where the sign has its left.
            let right = ahead(sign.facing_deg - 90.0) * width;
            let corner = sign.centre - right * 0.5 - UP * (height / 2.0);
            let material = Material::Plate { sign: number, face: Arc::clone(&sign.face) };
            self.patch(corner, right, UP * height, Cut::Whole, material);
        }
    }

    fn post(&mut self, foot: Vec3, radius: f64, height: f64, code: u32) {
        self.surfaces.push(Surface { form: Form::Post { foot, radius, height }, material: plain(code) });
    }

    /// A box from one low corner.
    fn block(&mut self, corner: Vec3, along: Vec3, across: Vec3, height: f64, material: impl Fn() -> Material) {
        let up = UP * height;
        for (corner, right, up) in [
            (corner, along, up),
            (corner, across, up),
            (corner + across, along, up),
            (corner + along, across, up),
            (corner + up, along, across),
        ] {
            self.patch(corner, right, up, Cut::Whole, material());
        }
    }

    fn patch(&mut self, corner: Vec3, right: Vec3, up: Vec3, cut: Cut, material: Material) {
        self.surfaces.push(Surface { form: Form::Patch { corner, right, up, cut }, material });
    }
}
