//! Which places of two lists are near each other.

use std::collections::BTreeSet;

use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::locate::plane::{Plane, geocentric};
use crate::place::Place;

/// A place is weighed against so many of the nearest of the other list.
const MOST_NEAR: usize = 32;

/// Two places and the step from the first to the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub first: usize,
    pub second: usize,
    /// Metres.
    pub east_m: f64,
    /// Metres.
    pub north_m: f64,
}

impl Pair {
    pub(super) fn distance_m(&self) -> f64 {
        self.east_m.hypot(self.north_m)
    }
}

/// All pairs within a distance, by their numbers; of places that are crowded those with their nearest alone.
///
/// The places are looked up in space, about the centre of the earth: no meridian and no pole is special, and lists may
/// go round the world.
pub(super) fn pairs(first: &[&Place], second: &[&Place], within_m: f64) -> Vec<Pair> {
    let tree = |places: &[&Place]| {
        let points = (0..)
            .zip(places)
            .map(|(number, place)| GeomWithData::new(geocentric(place.lon_deg, place.lat_deg), number));
        RTree::bulk_load(points.collect::<Vec<GeomWithData<[f64; 3], usize>>>())
    };
    let near = |tree: &RTree<GeomWithData<[f64; 3], usize>>, place: &Place| {
        let here = geocentric(place.lon_deg, place.lat_deg);
        let nearest = tree.nearest_neighbor_iter_with_distance_2(&here);
        let within = nearest.take_while(|(_, distance2)| *distance2 <= within_m * within_m).take(MOST_NEAR);
        within.map(|(point, _)| point.data).collect::<Vec<usize>>()
    };
    let (of_first, of_second) = (tree(first), tree(second));
    let mut numbers = BTreeSet::new();
    for (number, place) in first.iter().enumerate() {
        numbers.extend(near(&of_second, place).into_iter().map(|other| (number, other)));
    }
    for (number, place) in second.iter().enumerate() {
        numbers.extend(near(&of_first, place).into_iter().map(|other| (other, number)));
    }
    let pair = |(a, b): (usize, usize)| {
        let point = Plane::about(first[a].lon_deg, first[a].lat_deg).point(second[b].lon_deg, second[b].lat_deg);
        Pair { first: a, second: b, east_m: point.x, north_m: point.y }
    };
    numbers.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_everywhere() {
        let at = |lon_deg, lat_deg| Place { lon_deg, lat_deg, ..Place::default() };
        let (a, b, c) = (at(179.99999, 10.0), at(-179.99999, 10.0), at(0.0, 10.0));
        let found = pairs(&[&c, &a], &[&b], 5.0);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first, found[0].second), (1, 0));
        assert!((found[0].east_m - 2.193).abs() < 0.01 && found[0].north_m.abs() < 1e-3, "{found:?}");
    }
}
