//! A house: walls, gables, a pitched roof, a chimney.

use super::World;
use crate::colour::rgb;
use crate::facade::{Facade, STOREY_M};
use crate::material::{Material, plain};
use crate::path::Path;
use crate::space::{UP, vec3};
use crate::surface::Cut;

const PLASTERS: [u32; 9] = [0xd8cbb0, 0xc9b28c, 0xe2dccc, 0xb9a690, 0xcfc4b6, 0xd9c79a, 0xbfbbae, 0xc7b8a8, 0xa9a396];
const SHUTTERS: [u32; 6] = [0x5c4a38, 0x4f5d49, 0x8a857c, 0x6e5a44, 0x555858, 0x7c6f5c];
const ROOFS: [u32; 5] = [0x73594b, 0x665246, 0x5a534e, 0x7b6654, 0x4d4b4c];

impl World {
    pub fn house(&mut self, path: &Path, side: f64, front: f64, (from, to): (f64, f64)) {
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
}
