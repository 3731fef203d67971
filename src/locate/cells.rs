//! An index of places by cells of longitude and latitude.

use std::collections::HashMap;

use super::rays::REACH_M;

/// Side of a cell, degrees: as latitude, a little more than [`REACH_M`].
const SIDE_DEG: f64 = 0.0004;
/// Cells round the earth.
const COLUMNS: i32 = 900_000;

/// Numbered places, to be asked for those near a place.
#[derive(Default)]
pub(super) struct Cells {
    cells: HashMap<(i32, i32), Vec<usize>>,
}

impl Cells {
    pub(super) fn insert(&mut self, number: usize, lon_deg: f64, lat_deg: f64) {
        self.cells.entry(cell(lon_deg, lat_deg)).or_default().push(number);
    }

    /// The numbers of all places within [`REACH_M`] and of some beyond, ascending.
    pub(super) fn near(&self, lon_deg: f64, lat_deg: f64) -> Vec<usize> {
        let (column, row) = cell(lon_deg, lat_deg);
        // Degrees of longitude are shorter than those of latitude; at the poles a hundred cells must do.
        let across = ((1.0 / lat_deg.to_radians().cos().max(0.01)).ceil() as i32).min(100);
        let mut near: Vec<usize> = (row - 1..=row + 1)
            .flat_map(|y| (column - across..=column + across).map(move |x| (x.rem_euclid(COLUMNS), y)))
            .filter_map(|at| self.cells.get(&at))
            .flatten()
            .copied()
            .collect();
        near.sort_unstable();
        near
    }
}

const _: () = assert!(SIDE_DEG * 110_574.0 > REACH_M);

fn cell(lon_deg: f64, lat_deg: f64) -> (i32, i32) {
    (((lon_deg / SIDE_DEG).floor() as i32).rem_euclid(COLUMNS), (lat_deg / SIDE_DEG).floor() as i32)
}

#[cfg(test)]
mod tests {
    use super::super::plane::{Plane, Point};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_in_reach_is_near(
            lon in prop_oneof![-180.0..180.0, 179.999..180.0],
            lat in -80.0..80.0,
            azimuth in 0.0..6.3,
            distance in 0.0..REACH_M,
        ) {
            let plane = Plane::about(lon, lat);
            let (lon2, lat2) = plane.lon_lat(Point::default().towards(azimuth, distance));
            let mut cells = Cells::default();
            cells.insert(7, lon2, lat2);
            prop_assert_eq!(cells.near(lon, lat), vec![7]);
        }
    }
}
