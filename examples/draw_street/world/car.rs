//! Parked cars.

use super::World;
use crate::colour::rgb;
use crate::material::{Material, plain};
use crate::space::{UP, Vec3, ahead, vec3};
use crate::street::Road;
use crate::surface::Cut;

const CARS: [u32; 6] = [0xc9cbcc, 0x2a2c2e, 0x8d9194, 0xe4e4e0, 0x4b524c, 0x6f675c];

impl World {
    pub fn parked_cars(&mut self, road: &Road) {
        for (from, to) in [(6.0, 36.0), (90.0, 150.0), (162.0, 178.0)] {
            let mut along = from;
            while along + 6.0 <= to {
                if self.chance.unit() < 0.62 {
                    let (x, y) = road.path.place(along + 3.0, -4.15);
                    let colour = self.chance.pick(&CARS);
                    self.car(vec3(x, y, 0.0), road.path.heading_deg(along + 3.0) + 180.0, colour);
                }
                along += 6.0;
            }
        }
    }

    fn car(&mut self, middle: Vec3, heading_deg: f64, colour: u32) {
        let (front, right) = (ahead(heading_deg), ahead(heading_deg + 90.0));
        let part = |back: f64, half_width: f64, low: f64| middle + front * back - right * half_width + UP * low;
        let paint = || Material::Plain { colour: rgb(colour), grain: 0.02 };
        let glass = || Material::Plain { colour: rgb(0x2b3135), grain: 0.05 };
        self.block(part(-2.1, 0.87, 0.28), front * 4.2, right * 1.74, 0.6, paint);
        let (cabin, span, rise) = (part(-1.9, 0.78, 0.88), right * 1.56, UP * 0.5);
        for side in [cabin, cabin + span] {
            self.patch(side, front * 3.0, rise, Cut::Tapered(0.22), glass());
        }
        self.patch(cabin, span, rise + front * 0.66, Cut::Whole, glass());
        self.patch(cabin + front * 3.0, span, rise - front * 0.66, Cut::Whole, glass());
        self.block(part(-1.27, 0.79, 1.36), front * 1.74, right * 1.58, 0.05, paint);
        for pillar in [-1.25, -0.3, 0.4] {
            self.block(part(pillar, 0.785, 0.88), front * 0.08, right * 1.57, 0.5, paint);
        }
        self.block(part(-2.13, 0.8, 0.35), front * 4.26, right * 1.6, 0.16, || plain(0x2c2d2e));
        for (along, side) in [(1.3, 1.0), (1.3, -1.0), (-1.3, 1.0), (-1.3, -1.0)] {
            for (reach, lift, size, code) in [(0.885, 0.0, 0.62, 0x1c1c1d), (0.89, 0.12, 0.38, 0x86888a)] {
                let corner = middle + front * (along - size / 2.0) + right * (side * reach) + UP * lift;
                self.patch(corner, front * size, UP * size, Cut::Round, plain(code));
            }
        }
    }
}
