//! The passes of the camera along the street: where each picture is taken, and where its file says it was.

use jiff::ToSpan;
use jiff::civil::{DateTime, date};

use crate::chance::Chance;
use crate::space::{Vec3, vec3};
use crate::street::Street;
use crate::view::{Lens, View};

const SEED: u64 = 24;
/// Standard deviations of what the camera records: of the position along each axis, which it also writes, and of the
/// heading.
pub const GPS_SD_M: f64 = 0.6;
const HEADING_SD_DEG: f64 = 1.0;

pub struct Pass {
    pub name: &'static str,
    pub shots: Vec<Shot>,
}

/// One picture to take.
pub struct Shot {
    /// Path of the file below the output folder.
    pub picture: String,
    pub taken_at: DateTime,
    pub view: View,
    /// What the file says: metres east and north of the origin.
    pub recorded_place: (f64, f64),
    pub recorded_heading_deg: f64,
}

/// A perspective camera along the street, then a 360° camera back.
pub fn passes(street: &Street) -> [Pass; 2] {
    let mut chance = Chance::seeded(SEED);
    let onward = (0..19).map(|i| (4.0 + 9.0 * f64::from(i), 1.55, 0.0));
    let back = (0..14).map(|i| (172.0 - 12.5 * f64::from(i), -1.55, 180.0));
    let flat = |eye, heading_deg| View {
        lens: Lens::Perspective { focal_35mm: 24 },
        width: 1920,
        height: 1080,
        eye,
        heading_deg,
    };
    let round = |eye, heading_deg| View { lens: Lens::Equirectangular, width: 3072, height: 1536, eye, heading_deg };
    let morning = date(2026, 5, 12);
    [
        pass("pass-1", morning.at(10, 14, 0, 0), 2.2, flat, street, onward, &mut chance),
        pass("pass-2", morning.at(10, 21, 30, 0), 2.5, round, street, back, &mut chance),
    ]
}

/// The pictures taken at the given places: metres along the street, to its right, and degrees from its direction.
fn pass(
    name: &'static str,
    start: DateTime,
    eye_height: f64,
    view: impl Fn(Vec3, f64) -> View,
    street: &Street,
    places: impl Iterator<Item = (f64, f64, f64)>,
    chance: &mut Chance,
) -> Pass {
    let shots = places.enumerate().map(|(i, (along, right, turn_deg))| {
        let (x, y) = street.main.path.place(along, right);
        let heading_deg = (street.main.path.heading_deg(along) + turn_deg).rem_euclid(360.0);
        Shot {
            picture: format!("{name}/{:04}.jpg", i + 1),
            taken_at: start + (i as i64).seconds(),
            view: view(vec3(x, y, eye_height), heading_deg),
            recorded_place: (x + chance.normal(GPS_SD_M), y + chance.normal(GPS_SD_M)),
            recorded_heading_deg: (heading_deg + chance.normal(HEADING_SD_DEG)).rem_euclid(360.0),
        }
    });
    Pass { name, shots: shots.collect() }
}
