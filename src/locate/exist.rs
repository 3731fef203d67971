//! How probable it is that a landmark exists, from the pictures that see it and those that should.

use super::Landmark;
use super::plane::{Plane, Point};
use super::rays::{Rays, wrap};

/// Landmarks less probable than this are dropped.
pub(super) const KEEP: f64 = 0.5;

/// Distances at which a picture should see a thing in its view, metres.
const SHOULD_SEE_M: (f64, f64) = (4.0, 22.0);
/// Probability that a thing which should be seen is detected, and that something is detected where nothing is.
const DETECTED: f64 = 0.5;
const FALSE_DETECTED: f64 = 0.05;
/// Log-odds that something stands where a detector points, before a second look.
const PRIOR: f64 = -std::f64::consts::LN_10;

/// Sets the probabilities: logistic(prior + n ln(d/f) + max(m − n, 0) ln((1 − d)/(1 − f))) for n sightings and m
/// pictures that should see the landmark.
pub(super) fn judge(rays: &Rays, landmarks: &mut [Landmark]) {
    for landmark in landmarks {
        let seen = landmark.sightings.len() as f64;
        let missed = (should_see(rays, landmark) as f64 - seen).max(0.0);
        let odds = PRIOR
            + seen * (DETECTED / FALSE_DETECTED).ln()
            + missed * ((1.0 - DETECTED) / (1.0 - FALSE_DETECTED)).ln();
        landmark.probability = 1.0 / (1.0 + (-odds).exp());
    }
}

/// Pictures that have the landmark in view, near enough, and on the side it faces.
fn should_see(rays: &Rays, landmark: &Landmark) -> usize {
    let plane = Plane::about(landmark.lon_deg, landmark.lat_deg);
    let near = rays.near(landmark.lon_deg, landmark.lat_deg).into_iter();
    near.filter(|station| {
        let place = rays.place(&plane, *station);
        let camera = &rays.cameras[*station];
        let outwards = place.x.atan2(place.y);
        let in_front = landmark.direction_deg.is_none_or(|d| wrap(outwards - d.to_radians()).cos() > 0.7);
        let in_view = wrap(outwards + std::f64::consts::PI - camera.heading).abs() < camera.half_fov - 0.1;
        in_front && in_view && (SHOULD_SEE_M.0..SHOULD_SEE_M.1).contains(&place.distance(Point::default()))
    })
    .count()
}
