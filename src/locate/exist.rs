//! How probable it is that a landmark exists, from the pictures that see it and those that should.

use std::ops::Range;

use super::grid::Grid;
use super::place::{Placed, Poses};
use super::plane::Point;

/// Landmarks less probable than this are dropped.
pub(super) const KEEP: f64 = 0.5;

/// Distances at which a picture should see a thing in its view, metres.
const SHOULD_SEE_M: Range<f64> = 4.0..22.0;
/// Probability that a thing which should be seen is detected, and that something is detected where nothing is.
const DETECTED: f64 = 0.5;
const FALSE_DETECTED: f64 = 0.05;
/// Log-odds that something stands where a detector points, before a second look.
const PRIOR: f64 = -std::f64::consts::LN_10;

/// The cameras by where they stand.
pub(super) fn cameras(poses: &Poses<'_>) -> Grid {
    Grid::new((0..poses.scene.cameras.len()).map(|camera| poses.place(camera)), SHOULD_SEE_M.end)
}

/// logistic(prior + n ln(d/f) + max(m − n, 0) ln((1 − d)/(1 − f))) for n sightings and m pictures that should see the
/// landmark.
pub(super) fn probability(poses: &Poses<'_>, cameras: &Grid, placed: &Placed) -> f64 {
    let mut per: std::collections::BTreeMap<usize, f64> = Default::default();
    for r in &placed.rays { *per.entry(poses.scene.cameras[poses.scene.rays[*r].camera].sequence).or_default() += 1.0; }
    let cap = super::tune("CAP", 99.0);
    let seen: f64 = per.values().map(|v: &f64| v.min(cap)).sum();
    let all = placed.rays.len() as f64;
    let missed = (should_see(poses, cameras, placed) as f64 - all).max(0.0);
    let odds = super::tune("PRI", PRIOR)
        + seen * (super::tune("DET", DETECTED) / FALSE_DETECTED).ln()
        + missed * ((1.0 - super::tune("DET", DETECTED)) / (1.0 - FALSE_DETECTED)).ln();
    1.0 / (1.0 + (-odds).exp())
}

/// Pictures that have the landmark in view, near enough, and on the side it faces.
fn should_see(poses: &Poses<'_>, cameras: &Grid, placed: &Placed) -> usize {
    let facing = placed.towards;
    let length = facing.distance(Point::default());
    let near = cameras.near(placed.fix.point);
    near.filter(|camera| {
        let place = poses.place(*camera);
        let distance = place.distance(placed.fix.point);
        if !SHOULD_SEE_M.contains(&distance) {
            return false;
        }
        let (dx, dy) = (place.x - placed.fix.point.x, place.y - placed.fix.point.y);
        let in_front = dx * facing.x + dy * facing.y >= 0.7 * distance * length;
        in_front && poses.scene.cameras[*camera].sees(place.azimuth_to(placed.fix.point), 0.1)
    })
    .count()
}
