//! The way a landmark faces, after where it was seen from, where it was not, and how its outline was squeezed.

use std::f64::consts::PI;

use super::exist;
use super::grid::Grid;
use super::place::{Placed, Poses};
use super::plane::Point;

/// Directions that are weighed against each other: every three degrees.
const DIRECTIONS: usize = 120;
/// The cosine of the angle between the face and the way to a camera at which a thing is seen half as often as from
/// its front, and the width of that edge.
const EDGE: (f64, f64) = (0.25, 0.08);
/// Probability that a thing is detected from behind or edge on.
const FROM_BEHIND: f64 = 0.01;
/// How much a picture that should see a thing and does not says: misses of one thing come together.
const MISS: f64 = 0.5;
/// Standard deviation of a squeeze: edges of boxes are off by some hundredths of their side.
const SQUEEZE_SD: f64 = 0.12;
/// Things face along the road: how much that is to be believed, and the standard deviation of it, radians.
const ALONG_THE_ROAD: (f64, f64) = (0.7, 0.3);
/// A direction known no better than this is not told, degrees.
const MAX_SD_DEG: f64 = 60.0;

/// A direction in the plane, radians, and its standard deviation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facing {
    pub azimuth: f64,
    pub sd: f64,
}

/// The mean of the directions φ weighed by
/// Π P(seen | cos(φ − β)) · Π (1 − P(seen | cos(φ − γ)))^½ · Π N(squeeze; cos(φ − β), σ) · P(φ | road)
/// over the azimuths β to the cameras that see the thing and γ to those that should and do not; its standard deviation
/// is √(−2 ln R), R being the length of the mean of the unit vectors. `None` where little is known.
pub(super) fn facing(poses: &Poses<'_>, cameras: &Grid, placed: &Placed, detected: f64) -> Option<Facing> {
    let seen = |cosine: f64| FROM_BEHIND + detected / (1.0 + (-(cosine - EDGE.0) / EDGE.1).exp());
    let table: Vec<(f64, f64)> = (0..DIRECTIONS)
        .map(|step| seen((2.0 * PI * step as f64 / DIRECTIONS as f64).cos()))
        .map(|p| (p.ln(), MISS * (1.0 - p).ln()))
        .collect();
    let step_of =
        |azimuth: f64| (azimuth / (2.0 * PI) * DIRECTIONS as f64).round().rem_euclid(DIRECTIONS as f64) as usize;
    let mut weights = [0.0; DIRECTIONS];
    let (mut road_x, mut road_y) = (0.0, 0.0);
    let mut of_it = Vec::with_capacity(placed.rays.len());
    for ray in &placed.rays {
        let ray = &poses.scene.rays[*ray];
        of_it.push(ray.camera);
        let to_camera = placed.fix.point.azimuth_to(poses.place(ray.camera));
        let at = step_of(to_camera);
        for (step, weight) in weights.iter_mut().enumerate() {
            *weight += table[(step + DIRECTIONS - at) % DIRECTIONS].0;
        }
        if let Some(squeeze) = ray.squeeze {
            for (step, weight) in weights.iter_mut().enumerate() {
                let cosine = (2.0 * PI * step as f64 / DIRECTIONS as f64 - to_camera).cos().max(0.0);
                let error = (squeeze.min(1.0) - cosine) / SQUEEZE_SD;
                // A box that is off altogether counts as little as any other outlier.
                *weight -= (1.0 + 0.5 * error * error).ln();
            }
        }
        // A road has no direction: twice the angle is the same for both.
        let heading = poses.scene.cameras[ray.camera].heading - poses.heading_offsets[ray.camera];
        road_x += (2.0 * heading).sin();
        road_y += (2.0 * heading).cos();
    }
    for camera in exist::in_view(poses, cameras, placed.fix.point).filter(|c| of_it.binary_search(c).is_err()) {
        let at = step_of(placed.fix.point.azimuth_to(poses.place(camera)));
        for (step, weight) in weights.iter_mut().enumerate() {
            *weight += table[(step + DIRECTIONS - at) % DIRECTIONS].1;
        }
    }
    let road = 0.5 * road_x.atan2(road_y);
    let spread = 1.0 / (4.0 * ALONG_THE_ROAD.1 * ALONG_THE_ROAD.1);
    for (step, weight) in weights.iter_mut().enumerate() {
        let off = 2.0 * (2.0 * PI * step as f64 / DIRECTIONS as f64 - road);
        *weight += (1.0 - ALONG_THE_ROAD.0 + ALONG_THE_ROAD.0 * (spread * (off.cos() - 1.0)).exp()).ln();
    }
    let most = weights.iter().copied().fold(f64::MIN, f64::max);
    let (mut mean, mut sum) = (Point::default(), 0.0);
    for (step, weight) in weights.iter().enumerate() {
        let share = (weight - most).exp();
        let (sin, cos) = (2.0 * PI * step as f64 / DIRECTIONS as f64).sin_cos();
        mean = mean.plus(share * sin, share * cos);
        sum += share;
    }
    let length = mean.distance(Point::default()) / sum;
    let sd = (-2.0 * length.min(1.0 - 1e-4).ln()).sqrt();
    (sd.to_degrees() <= MAX_SD_DEG).then(|| Facing { azimuth: Point::default().azimuth_to(mean), sd })
}
