//! The ground: carriageways with their markings, kerbs, pavements, and grass.

use crate::chance::{cloudy, lattice, noise};
use crate::colour::{Colour, rgb};
use crate::material::seen;
use crate::path::Beside;
use crate::street::{Road, STOP_ALONG, Street, YIELD_ALONG, ZEBRA_ALONG};

const KERB_M: f64 = 0.16;

pub fn colour(street: &Street, x: f64, y: f64, footprint: f64) -> Colour {
    let places: Vec<(&Road, Beside)> =
        street.roads().filter_map(|road| Some((road, road.path.locate(x, y)?))).collect();
    if places.iter().any(|(road, beside)| road.is_carriageway(beside)) {
        let on_main = street.main.path.locate(x, y).filter(|beside| street.main.is_carriageway(beside));
        let marked = on_main.is_some_and(|beside| is_marked(street, &beside));
        let worn = 0.85 + 0.15 * noise(x * 5.0, y * 5.0, 9.0);
        return if marked { rgb(0xdcdcd8) * worn } else { asphalt(x, y, footprint) };
    }
    if places.iter().any(|(road, beside)| road.outside_kerb(beside) < KERB_M) {
        return rgb(0xa9a7a2) * (1.0 + 0.1 * (noise(x * 6.0, y * 6.0, 2.0) - 0.5));
    }
    match places.iter().find(|(road, beside)| road.outside_kerb(beside) < road.pavement) {
        Some((_, beside)) => slabs(beside, footprint),
        None => grass(x, y, footprint),
    }
}

impl Road {
    fn is_carriageway(&self, beside: &Beside) -> bool {
        self.outside_kerb(beside) < 0.0
    }

    fn outside_kerb(&self, beside: &Beside) -> f64 {
        (beside.right - self.right_kerb).max(self.left_kerb - beside.right)
    }
}

/// Whether white paint lies at a place of the main road.
fn is_marked(street: &Street, at: &Beside) -> bool {
    let in_junction = street.crossings.iter().any(|(along, _)| (at.along - along).abs() < 5.0);
    let (left_lane, right_lane) = ((-3.1..0.0).contains(&at.right), (0.0..3.1).contains(&at.right));
    if (at.along - ZEBRA_ALONG).abs() < 1.5 {
        return (left_lane || right_lane) && at.right.rem_euclid(1.0) < 0.5;
    }
    let is_line = |along: f64| (at.along - along).abs() < 0.25;
    if (right_lane && is_line(YIELD_ALONG[0])) || (left_lane && is_line(YIELD_ALONG[1])) {
        return at.right.rem_euclid(0.8) < 0.5;
    }
    if right_lane && is_line(STOP_ALONG) {
        return true;
    }
    if in_junction || (at.along - ZEBRA_ALONG).abs() < 3.0 {
        return false;
    }
    let centre_line = at.right.abs() < 0.06 && at.along.rem_euclid(4.33) < 3.0;
    let parking_line = (at.right + 3.1).abs() < 0.05 && at.along.rem_euclid(1.5) < 0.75;
    let bays = (-5.1..-3.1).contains(&at.right) && at.along.rem_euclid(6.0) < 0.1;
    centre_line || parking_line || bays
}

fn asphalt(x: f64, y: f64, footprint: f64) -> Colour {
    let patches = cloudy(x * 0.15, y * 0.15, 1.0) - 0.5;
    let stone = (noise(x * 22.0, y * 22.0, 5.0) - 0.5) * seen(0.05, footprint);
    rgb(0x707072) * (1.0 + 0.35 * patches + 0.035 * stone)
}

fn slabs(at: &Beside, footprint: f64) -> Colour {
    let (row, column) = ((at.along / 0.6).floor(), (at.right / 0.6).floor());
    let slab = lattice(row as i64, column as i64, 3) - 0.5;
    let is_joint = at.along.rem_euclid(0.6) < 0.02 || at.right.rem_euclid(0.6) < 0.02;
    let joint = if is_joint { -0.3 * seen(0.08, footprint) } else { 0.0 };
    let stain = cloudy(at.along * 0.4, at.right * 0.4, 8.0) - 0.5;
    rgb(0x9c9892) * (1.0 + joint + 0.16 * slab * seen(0.6, footprint) + 0.25 * stain)
}

fn grass(x: f64, y: f64, footprint: f64) -> Colour {
    let coarse = cloudy(x * 0.5, y * 0.5, 4.0);
    let fine = (noise(x * 14.0, y * 14.0, 6.0) - 0.5) * seen(0.08, footprint);
    rgb(0x556b35).mix(rgb(0x7a804a), coarse) * (1.0 + 0.2 * fine)
}
