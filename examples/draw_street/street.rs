//! What stands where in the sample street.

use std::sync::Arc;

use crate::face::{self, Face, LARGE_TRIANGLE_M, TRIANGLE_M};
use crate::path::Path;
use crate::space::{Vec3, ahead, vec3};

/// Latitude and longitude of the street's first metre, WGS 84.
pub const ORIGIN_DEG: (f64, f64) = (48.600_5, 7.710_5);

/// Height of the lowest edge of a sign above the pavement.
const LOWEST_EDGE_M: f64 = 2.1;
/// Between two signs on one pole.
const GAP_M: f64 = 0.06;
/// How far a plate stands before the axis of its pole.
const BRACKET_M: f64 = 0.06;

/// Where the right kerb and the left kerb lie, and how wide the pavements are.
pub struct Road {
    pub path: Path,
    pub left_kerb: f64,
    pub right_kerb: f64,
    pub pavement: f64,
}

pub struct Street {
    pub main: Road,
    /// Roads that cross the main one, and where along it they do so.
    pub crossings: Vec<(f64, Road)>,
    pub poles: Vec<Pole>,
    pub signs: Vec<Sign>,
}

pub struct Pole {
    pub foot: Vec3,
    pub height: f64,
}

pub struct Sign {
    pub id: String,
    /// Number of the pole that carries it.
    pub pole: usize,
    pub face: Arc<Face>,
    /// Middle of the plate.
    pub centre: Vec3,
    /// Azimuth that the face looks to.
    pub facing_deg: f64,
}

/// Where along the main road the zebra crossing lies.
pub const ZEBRA_ALONG: f64 = 48.0;
/// Where along the main road the yield lines lie, before and behind the first crossing road.
pub const YIELD_ALONG: [f64; 2] = [66.5, 77.5];
/// Where along the main road one has to stop.
pub const STOP_ALONG: f64 = 181.0;

const CROSSING_ALONG: f64 = 72.0;
const END_ALONG: f64 = 188.0;

impl Street {
    pub fn sample() -> Self {
        let path = Path::new((0.0, 0.0), 18.0, &[(94.0, 0.0), (22.0, 27.0), (84.0, 0.0)]);
        let crossings = [CROSSING_ALONG, END_ALONG].map(|along| {
            let path = Path::new(path.place(along, 0.0), path.heading_deg(along) + 90.0, &[(1.0, 0.0)]);
            (along, Road { path, left_kerb: -2.8, right_kerb: 2.8, pavement: 1.7 })
        });
        let main = Road { path, left_kerb: -5.1, right_kerb: 3.1, pavement: 2.2 };
        let mut street = Self { main, crossings: crossings.into(), poles: Vec::new(), signs: Vec::new() };
        street.put_up_signs();
        street
    }

    fn put_up_signs(&mut self) {
        // For those who come along the street: on the right pavement, looking back at them.
        let (right, left) = (3.75, -5.75);
        let (back, on) = (180.0, 0.0);
        self.put_up(16.0, right, back, vec![face::speed_limit("50")]);
        self.put_up(31.0, right, back, vec![face::speed_limit("30"), face::children()]);
        self.put_up(42.6, right, back, vec![face::no_parking()]);
        self.put_up(46.2, right, back, vec![face::crossing()]);
        self.put_up(64.5, right, back, vec![face::no_left_turn(), face::yield_way(TRIANGLE_M)]);
        self.put_up(86.0, right, back, vec![face::bend_to_left()]);
        self.put_up(121.0, right, back, vec![face::bicycles_only()]);
        self.put_up(136.0, right, back, vec![face::other_danger()]);
        self.put_up(149.5, right, back, vec![face::no_bicycles()]);
        self.put_up(164.0, right, back, vec![face::turn_right()]);
        self.put_up(179.5, right, back, vec![face::stop()]);

        // For those who come the other way.
        self.put_up(80.5, left, on, vec![face::yield_way(LARGE_TRIANGLE_M)]);
        self.put_up(157.3, left, on, vec![face::speed_limit("50")]);

        // At the mouths of the crossing road, turned a little to those who come along the street.
        self.put_up(CROSSING_ALONG + 3.7, -8.0, 120.0, vec![face::no_entry()]);
        self.put_up(CROSSING_ALONG - 3.7, 6.0, 240.0, vec![face::dead_end()]);
        // For those who come down the crossing road: the street sees only its back.
        self.put_up(CROSSING_ALONG - 3.7, -13.0, 270.0, vec![face::priority_road()]);
    }

    /// Puts up a pole with signs from the lowest to the highest; `turn_deg` is what they look to, seen from the
    /// direction of the street.
    fn put_up(&mut self, along: f64, right: f64, turn_deg: f64, faces: Vec<Face>) {
        let (x, y) = self.main.path.place(along, right);
        let facing_deg = (self.main.path.heading_deg(along) + turn_deg).rem_euclid(360.0);
        let before = ahead(facing_deg) * BRACKET_M;
        let mut edge = LOWEST_EDGE_M;
        for face in faces {
            let (_, height) = face.size;
            let sign = Sign {
                id: format!("s{:02}", self.signs.len() + 1),
                pole: self.poles.len(),
                face: Arc::new(face),
                centre: vec3(x, y, edge + height / 2.0) + before,
                facing_deg,
            };
            self.signs.push(sign);
            edge += height + GAP_M;
        }
        self.poles.push(Pole { foot: vec3(x, y, 0.0), height: edge - GAP_M - 0.02 });
    }

    /// The main road, then those that cross it.
    pub fn roads(&self) -> impl Iterator<Item = &Road> {
        std::iter::once(&self.main).chain(self.crossings.iter().map(|(_, road)| road))
    }
}
