//! Lots along a road: which have a house, which a garden.

use super::World;
use crate::path::Path;
use crate::street::Road;

impl World {
    /// Houses and gardens along one side of a road, but not in the mouths of others.
    pub fn row_of_lots(&mut self, road: &Road, side: f64, (from, to): (f64, f64), crossings: &[f64]) {
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
}
