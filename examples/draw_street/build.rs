//! Builds the world's surfaces around the street: houses, greenery, cars, poles and signs.

use std::sync::Arc;

use crate::chance::Chance;
use crate::colour::rgb;
use crate::facade::{Facade, STOREY_M};
use crate::material::{Material, plain};
use crate::path::Path;
use crate::space::{UP, Vec3, ahead, vec3};
use crate::street::{Road, Street};
use crate::surface::{Cut, Form, Surface};

const SEED: u64 = 1936;

const PLASTERS: [u32; 9] = [0xd8cbb0, 0xc9b28c, 0xe2dccc, 0xb9a690, 0xcfc4b6, 0xd9c79a, 0xbfbbae, 0xc7b8a8, 0xa9a396];
const SHUTTERS: [u32; 6] = [0x5c4a38, 0x4f5d49, 0x8a857c, 0x6e5a44, 0x555858, 0x7c6f5c];
const ROOFS: [u32; 5] = [0x7e5544, 0x6d4c40, 0x5a524e, 0x86604c, 0x4d4b4c];
const CARS: [u32; 6] = [0xc9cbcc, 0x2a2c2e, 0x8d9194, 0xe4e4e0, 0x4b524c, 0x6f675c];
const LEAVES: [u32; 4] = [0x4c6a2c, 0x5a7432, 0x3f5c2b, 0x667c3c];

/// Everything but the ground.
pub fn surfaces(street: &Street) -> Vec<Surface> {
    let mut builder = Builder { surfaces: Vec::new(), chance: Chance::seeded(SEED) };
    let crossings: Vec<f64> = street.crossings.iter().map(|(along, _)| *along).collect();
    for side in [1.0, -1.0] {
        builder.row_of_lots(&street.main, side, (-70.0, 290.0), &crossings);
        for (_, road) in &street.crossings {
            builder.row_of_lots(road, side, (24.0, 120.0), &[]);
            builder.row_of_lots(road, side, (-120.0, -26.0), &[]);
        }
    }
    builder.parked_cars(&street.main);
    builder.lamps(&street.main.path);
    for pole in &street.poles {
        builder.post(pole.foot, 0.035, pole.height, 0x8c8f92);
    }
    for (number, sign) in street.signs.iter().enumerate() {
        let (width, height) = sign.face.size;
        // Who looks at the face has its right where the sign has its left.
        let right = ahead(sign.facing_deg - 90.0) * width;
        let corner = sign.centre - right * 0.5 - UP * (height / 2.0);
        let material = Material::Plate { sign: number, face: Arc::clone(&sign.face) };
        builder.patch(corner, right, UP * height, Cut::Whole, material);
    }
    builder.surfaces
}

struct Builder {
    surfaces: Vec<Surface>,
    chance: Chance,
}

impl Builder {
    /// Houses and gardens along one side of a road, but not in the mouths of others.
    fn row_of_lots(&mut self, road: &Road, side: f64, (from, to): (f64, f64), crossings: &[f64]) {
        let kerb = if side > 0.0 { road.right_kerb } else { -road.left_kerb };
        let front = kerb + road.pavement + 0.1;
        let mut along = from;
        while along < to {
            let width = self.chance.between(8.5, 15.0);
            let blocked = crossings.iter().find(|c| along < **c + 6.0 && along + width > **c - 6.0);
            let end = blocked.map_or(along + width, |c| (c - 6.0).max(along));
            if end - along > 6.0 {
                self.lot(&road.path, side, front, (along, end));
            }
            along = match blocked {
                Some(c) => c + 6.0,
                None => end,
            };
        }
    }

    fn lot(&mut self, path: &Path, side: f64, front: f64, (from, to): (f64, f64)) {
        let has_house = self.chance.unit() < 0.78;
        let setback = if self.chance.unit() < 0.45 { 0.0 } else { self.chance.between(2.0, 4.0) };
        if setback > 0.0 || !has_house {
            self.hedge(path, side * (front + 0.3), (from + 0.3, to - 0.3));
        }
        if has_house {
            let gap = self.chance.pick(&[0.0, 0.0, 0.8, 1.6]);
            self.house(path, side, front + setback, (from + gap, to));
        }
        let trees = if has_house { usize::from(setback > 2.6) } else { 2 };
        for i in 0..trees {
            let along = from + (to - from) * (i as f64 + 0.5) / trees as f64;
            let depth = if has_house { 1.4 } else { self.chance.between(3.0, 7.0) };
            self.tree(path.place(along, side * (front + depth)));
        }
    }

    fn house(&mut self, path: &Path, side: f64, front: f64, (from, to): (f64, f64)) {
        let at = |along: f64| {
            let (x, y) = path.place(along, side * front);
            vec3(x, y, 0.0)
        };
        // Counter-clockwise from above, the street's side first.
        let (start, end) = if side > 0.0 { (at(to), at(from)) } else { (at(from), at(to)) };
        let along = end - start;
        let depth = UP.cross(along).unit() * self.chance.between(8.0, 10.0);
        let corners = [start, end, end + depth, start + depth];
        let storeys = self.chance.pick(&[2, 2, 3]);
        let eaves = UP * (f64::from(storeys) * STOREY_M + 0.35);
        let ridge = UP * self.chance.between(2.4, 3.6);

        let (plaster, shutters) = (rgb(self.chance.pick(&PLASTERS)), rgb(self.chance.pick(&SHUTTERS)));
        for (i, corner) in corners.into_iter().enumerate() {
            let right = corners[(i + 1) % 4] - corner;
            let width = right.length();
            let columns = if i % 2 == 0 { (width / 2.5) as u32 } else { 0 };
            let door = (i == 0).then(|| self.chance.between(0.0, f64::from(columns)) as u32);
            let seed = (self.chance.unit() * 1000.0) as i64;
            let facade = |lowest| Facade { lowest, plaster, shutters, width, storeys, columns, door, seed };
            self.patch(corner, right, eaves, Cut::Whole, Material::Facade(facade(0.0)));
            if i % 2 == 1 {
                self.patch(corner + eaves, right, ridge, Cut::Tapered(0.5), Material::Facade(facade(eaves.z)));
            }
        }
        let tiles = rgb(self.chance.pick(&ROOFS));
        for (corner, along, inward) in [(start, along, depth), (corners[2], -along, -depth)] {
            let slope = inward * 0.5 + ridge;
            let overhang = slope * 0.06;
            self.patch(corner + eaves - overhang, along, slope + overhang, Cut::Whole, Material::Tiles(tiles));
        }
        let chimney = start + along * 0.25 + depth * 0.4 + eaves + ridge * 0.6;
        self.block(chimney, along.unit() * 0.6, depth.unit() * 0.5, 1.5, || plain(0x8a7060));
    }

    fn hedge(&mut self, path: &Path, right: f64, (from, to): (f64, f64)) {
        let height = self.chance.between(0.9, 1.5);
        let colour = rgb(self.chance.pick(&LEAVES));
        let (x, y) = path.place(from, right);
        let (x2, y2) = path.place(to, right);
        let along = vec3(x2 - x, y2 - y, 0.0);
        let depth = UP.cross(along).unit() * 0.6;
        self.block(vec3(x, y, 0.0) - depth * 0.5, along, depth, height, || Material::Leaves(colour));
    }

    fn tree(&mut self, (x, y): (f64, f64)) {
        let height = self.chance.between(4.5, 8.0);
        let colour = rgb(self.chance.pick(&LEAVES));
        let radius = self.chance.between(0.12, 0.2);
        self.post(vec3(x, y, 0.0), radius, height * 0.7, 0x5b4c3e);
        for i in 0..16 {
            // From the middle outwards, so that the crown holds together.
            let spread = height * 0.012 * f64::from(i);
            let (dx, dy) = (self.chance.between(-spread, spread), self.chance.between(-spread, spread));
            let rise = height * self.chance.between(0.68 - 0.01 * f64::from(i), 0.72 + 0.01 * f64::from(i));
            let radius = height * (0.2 - 0.006 * f64::from(i));
            let form = Form::Crown { centre: vec3(x + dx, y + dy, rise), radius };
            self.surfaces.push(Surface { form, material: Material::Leaves(colour) });
        }
    }

    fn parked_cars(&mut self, road: &Road) {
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

    fn lamps(&mut self, path: &Path) {
        for along in [-12.0, 22.0, 56.0, 92.0, 128.0, 170.0, 204.0] {
            let (x, y) = path.place(along, 5.1);
            let foot = vec3(x, y, 0.0);
            self.post(foot, 0.07, 6.5, 0x5d6363);
            let arm = ahead(path.heading_deg(along) - 90.0);
            let side = ahead(path.heading_deg(along));
            self.block(foot + UP * 6.45 - side * 0.05, arm * 1.5, side * 0.1, 0.08, || plain(0x5d6363));
            self.block(foot + UP * 6.38 + arm * 1.1 - side * 0.14, arm * 0.7, side * 0.28, 0.1, || plain(0x6a7070));
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
