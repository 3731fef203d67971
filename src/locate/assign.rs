//! Gives the rays of each picture to the landmarks that they fit best, once all sequences are in line.

use rayon::prelude::*;

use super::grid::Grid;
use super::place::{Placed, Poses};
use super::plane::Point;
use super::scene::{REACH_M, wrap};

/// Residuals beyond this many standard deviations do not belong.
const GATE: f64 = 3.0;
/// Landmarks farther apart than this are two things, metres.
const DOUBLE_M: f64 = 6.0;
/// Variance across a ray that the place of a landmark adds at most, square metres.
const MAX_ACROSS: f64 = 2.0;
/// The cosine between the way a landmark faces and the way to a camera below which the camera is behind it.
const BEHIND: f64 = -0.3;

/// For each landmark the rays that are its own, ascending and at most one a picture: in each picture the best pair
/// first, each ray and each landmark once.
pub(super) fn assign(poses: &Poses<'_>, landmarks: &[Placed]) -> Vec<Vec<usize>> {
    let grid = Grid::new(landmarks.iter().map(|landmark| landmark.fix.point), REACH_M);
    let of_camera = |camera: usize| {
        let mut pairs = pairs(poses, landmarks, &grid, camera);
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut given: Vec<(usize, usize)> = Vec::new();
        for (_, ray, landmark) in pairs {
            if given.iter().all(|(r, l)| *r != ray && *l != landmark) {
                given.push((ray, landmark));
            }
        }
        given.sort_unstable();
        given
    };
    let given: Vec<(usize, usize)> =
        (0..poses.scene.cameras.len()).into_par_iter().flat_map_iter(of_camera).collect();
    let mut rays = vec![Vec::new(); landmarks.len()];
    for (ray, landmark) in given {
        rays[landmark].push(ray);
    }
    rays
}

/// Leaves out landmarks that are a better-seen one once more: of the same class, too near to tell from it, and hardly
/// ever seen in the same picture, as two things next to each other would be.
pub(super) fn without_doubles(poses: &Poses<'_>, landmarks: Vec<Placed>) -> Vec<Placed> {
    let grid = Grid::new(landmarks.iter().map(|landmark| landmark.fix.point), DOUBLE_M);
    let cameras = |number: usize| landmarks[number].rays.iter().map(|ray| poses.scene.rays[*ray].camera);
    let is_double = |number: usize| {
        let landmark = &landmarks[number];
        let of_it: Vec<usize> = cameras(number).collect();
        grid.near(landmark.fix.point).any(|other| {
            let better = &landmarks[other];
            let order = better.rays.len().cmp(&landmark.rays.len()).then(number.cmp(&other));
            if order.is_le() || better.class != landmark.class || are_back_to_back(better, landmark) {
                return false;
            }
            let (dx, dy) =
                (better.fix.point.x - landmark.fix.point.x, better.fix.point.y - landmark.fix.point.y);
            let covariance = better.relative.plus(landmark.relative).plus_round(super::tune("DBV", 0.3));
            let near = dx.hypot(dy) <= DOUBLE_M && covariance.distance2(dx, dy) < super::tune("DBG", 9.0);
            let together = || cameras(other).filter(|camera| of_it.binary_search(camera).is_ok()).count();
            near && together() as f64 <= super::tune("DBT", 0.3) * of_it.len() as f64
        })
    };
    let double: Vec<bool> = (0..landmarks.len()).into_par_iter().map(is_double).collect();
    landmarks.into_iter().zip(double).filter(|(_, double)| !double).map(|(landmark, _)| landmark).collect()
}

/// The misfits of a picture's rays to the landmarks about it: e²/σ² + ln σ² of the bearing and e²/σ² of the range.
fn pairs(poses: &Poses<'_>, landmarks: &[Placed], grid: &Grid, camera: usize) -> Vec<(f64, usize, usize)> {
    let span = poses.scene.cameras[camera].rays.clone();
    let mut pairs = Vec::new();
    if span.is_empty() {
        return pairs;
    }
    let place = poses.place(camera);
    for number in grid.near(place) {
        let landmark = &landmarks[number];
        let distance2 = place.distance2(landmark.fix.point);
        if !(0.09..REACH_M * REACH_M).contains(&distance2) || is_behind(landmark, place) {
            continue;
        }
        let bearing = place.azimuth_to(landmark.fix.point);
        let (sin, cos) = bearing.sin_cos();
        let across = landmark.relative.towards(cos, -sin).min(MAX_ACROSS);
        for ray in span.clone().filter(|ray| poses.scene.rays[*ray].class == landmark.class) {
            let measurement = poses.measurement(ray);
            let place_variance = (measurement.place_variance + across) / distance2;
            let variance = measurement.azimuth_variance + place_variance;
            let error = wrap(measurement.azimuth - bearing);
            if error * error > GATE * GATE * variance {
                continue;
            }
            let mut misfit = error * error / variance + variance.ln();
            if let Some(range) = measurement.range {
                let variance = range.variance() + place_variance;
                let error = range.ln - 0.5 * distance2.ln();
                if error * error > GATE * GATE * variance {
                    continue;
                }
                misfit += error * error / variance;
            }
            pairs.push((misfit, ray, number));
        }
    }
    pairs
}

/// Whether two landmarks face away from each other.
fn are_back_to_back(a: &Placed, b: &Placed) -> bool {
    let lengths = a.towards.distance(Point::default()) * b.towards.distance(Point::default());
    a.towards.x * b.towards.x + a.towards.y * b.towards.y < -0.5 * lengths
}

/// Whether a place looks at a landmark from behind.
fn is_behind(landmark: &Placed, place: Point) -> bool {
    let (dx, dy) = (place.x - landmark.fix.point.x, place.y - landmark.fix.point.y);
    let cosine = dx * landmark.towards.x + dy * landmark.towards.y;
    cosine < BEHIND * dx.hypot(dy) * landmark.towards.distance(Point::default())
}
