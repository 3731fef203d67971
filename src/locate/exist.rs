//! How probable it is that a landmark exists, from the pictures that see it and those that should.

use std::ops::Range;

use super::grid::Grid;
use super::place::{Placed, Poses};
use super::plane::Point;

/// The probability below which a landmark of so many sightings is dropped. What was seen once is seldom probable, and
/// is left to whoever reads the inventory but where many pictures should have seen it.
pub(super) fn least(sightings: usize) -> f64 {
    if sightings >= 2 { 0.5 } else { 0.1 }
}

/// Distances at which a picture should see a thing in its view, metres.
const SHOULD_SEE_M: Range<f64> = 4.0..22.0;
/// Probability that something is detected where nothing is.
const FALSE_DETECTED: f64 = 0.05;
/// Log-odds that something stands where a detector points, before a second look.
const PRIOR: f64 = -2.5;
/// What a thing that is hard to see is detected with, against all things: misses of one thing come together.
const HARD: f64 = 0.6;
/// Bounds of the probability that a thing which should be seen is detected.
const DETECTED: Range<f64> = 0.25..0.6;
/// Things seen so often tell how often things are seen.
const SURE: usize = 4;

/// The cameras by where they stand.
pub(super) fn cameras(poses: &Poses<'_>) -> Grid {
    Grid::new((0..poses.scene.cameras.len()).map(|camera| poses.place(camera)), SHOULD_SEE_M.end)
}

/// The probability that a thing which should be seen is detected, after the landmarks that were seen often: their
/// sightings over the pictures that should see them.
pub(super) fn detection_rate(seen: impl Iterator<Item = (usize, usize)>) -> f64 {
    let (seen, should) = seen
        .filter(|(seen, _)| *seen >= SURE)
        .fold((0, 0), |sum, (seen, should)| (sum.0 + seen, sum.1 + should.max(seen)));
    if should == 0 {
        DETECTED.start
    } else {
        (HARD * seen as f64 / should as f64).clamp(DETECTED.start, DETECTED.end)
    }
}

/// logistic(prior + n ln(d/f) + max(m − n, 0) ln((1 − d)/(1 − f))) for n sightings and m pictures that should see the
/// landmark.
pub(super) fn probability(seen: usize, should_see: usize, detected: f64) -> f64 {
    let missed = should_see.saturating_sub(seen);
    let odds = PRIOR
        + seen as f64 * (detected / FALSE_DETECTED).ln()
        + missed as f64 * ((1.0 - detected) / (1.0 - FALSE_DETECTED)).ln();
    1.0 / (1.0 + (-odds).exp())
}

/// Pictures that have a landmark in view, near enough, and on the side that it is seen from.
pub(super) fn should_see(poses: &Poses<'_>, cameras: &Grid, placed: &Placed) -> usize {
    let (point, facing) = (placed.fix.point, placed.towards);
    let length = facing.distance(Point::default());
    in_view(poses, cameras, point)
        .filter(|camera| {
            let place = poses.place(*camera);
            let (dx, dy) = (place.x - point.x, place.y - point.y);
            dx * facing.x + dy * facing.y >= 0.7 * dx.hypot(dy) * length
        })
        .count()
}

/// The cameras that have a point in view, near enough to see a thing there.
pub(super) fn in_view<'a>(poses: &'a Poses<'_>, cameras: &'a Grid, point: Point) -> impl Iterator<Item = usize> + 'a {
    cameras.near(point).filter(move |camera| {
        let place = poses.place(*camera);
        let near = (SHOULD_SEE_M.start.powi(2)..SHOULD_SEE_M.end.powi(2)).contains(&place.distance2(point));
        near && poses.scene.cameras[*camera].sees(place.azimuth_to(point), 0.1)
    })
}
