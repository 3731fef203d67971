//! Gives the rays of each picture to the landmarks that they fit best, once all sequences are in line.

use rayon::prelude::*;

use super::grid::Grid;
use super::place::{Placed, Poses};
use super::plane::Point;
use super::scene::{REACH_M, Ray, height_variance, wrap};

/// Known things are recognised up to this distance, metres: farther than it takes to find them.
const FAR_M: f64 = 120.0;
/// Residuals beyond this many standard deviations do not belong.
const GATE: f64 = 3.0;
/// Landmarks farther apart than this are two things, metres.
const DOUBLE_M: f64 = 6.0;
/// What two of them are apart beside their own variances, square metres.
const DOUBLE_VARIANCE: f64 = 0.3;
/// The share of the pictures of the less-seen of two that see both, up to which they are one.
const TOGETHER: f64 = 0.3;
/// The same for rays that are left over.
const REST_GATE: f64 = 1.5;
/// Variance across a ray that the place of a landmark adds at most, square metres.
const MAX_ACROSS: f64 = 2.0;
/// The cosine between the way a landmark faces and the way to a camera below which the camera is behind it.
const BEHIND: f64 = -0.3;

/// For each landmark the rays that are its own, ascending and at most one a picture: in each picture the best pair
/// first, each ray and each landmark once.
pub(super) fn assign(poses: &Poses<'_>, landmarks: &[Placed]) -> Vec<Vec<usize>> {
    let grid = Grid::new(landmarks.iter().map(|landmark| landmark.fix.point), REACH_M);
    let of_camera = |camera: usize| {
        let rays = poses.scene.cameras[camera].rays.clone();
        let one_class = |ray: &Ray, landmark: &Placed, distance2: f64| {
            ray.class == landmark.class && distance2 < REACH_M * REACH_M
        };
        given(pairs(poses, landmarks, &grid, rays, GATE, one_class))
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
pub(super) fn without_doubles(poses: &Poses<'_>, landmarks: Vec<Placed>, is_exclusive: bool) -> Vec<Placed> {
    let grid = Grid::new(landmarks.iter().map(|landmark| landmark.fix.point), DOUBLE_M);
    let cameras = |number: usize| landmarks[number].rays.iter().map(|ray| poses.scene.rays[*ray].camera);
    let is_double = |number: usize| {
        let landmark = &landmarks[number];
        let of_it: Vec<usize> = cameras(number).collect();
        grid.near(landmark.fix.point).any(|other| {
            let better = &landmarks[other];
            let order = better.rays.len().cmp(&landmark.rays.len()).then(number.cmp(&other));
            if order.is_le() || are_back_to_back(better, landmark) {
                return false;
            }
            // Under another name it is the same thing only if it is hardly ever called so.
            let renamed = better.class != landmark.class;
            if renamed && (!is_exclusive || better.rays.len() < 3 * landmark.rays.len()) {
                return false;
            }
            let (dx, dy) = (better.fix.point.x - landmark.fix.point.x, better.fix.point.y - landmark.fix.point.y);
            let covariance = better.relative.plus(landmark.relative).plus_round(DOUBLE_VARIANCE);
            let near = dx.hypot(dy) <= DOUBLE_M && covariance.distance2(dx, dy) < if renamed { 4.0 } else { 9.0 };
            let together = || cameras(other).filter(|camera| of_it.binary_search(camera).is_ok()).count();
            let most = if renamed { 0.0 } else { TOGETHER };
            near && together() as f64 <= most * of_it.len() as f64
        })
    };
    let double: Vec<bool> = (0..landmarks.len()).into_par_iter().map(is_double).collect();
    landmarks.into_iter().zip(double).filter(|(_, double)| !double).map(|(landmark, _)| landmark).collect()
}

/// Adds rays that are left over to landmarks which the same picture does not see otherwise: known things seen from
/// far away and, where a thing has one class only, things that were called by another name this once.
pub(super) fn add_rest(poses: &Poses<'_>, landmarks: &[Placed], is_exclusive: bool, rays: &mut [Vec<usize>]) {
    let mut is_free = vec![true; poses.scene.rays.len()];
    rays.iter().flatten().for_each(|ray| is_free[*ray] = false);
    let seen: Vec<Vec<usize>> =
        rays.iter().map(|rays| rays.iter().map(|ray| poses.scene.rays[*ray].camera).collect()).collect();
    let grid = Grid::new(landmarks.iter().map(|landmark| landmark.fix.point), FAR_M);
    let of_camera = |camera: usize| {
        let near = |ray: &Ray, landmark: &Placed, distance2: f64| match ray.class == landmark.class {
            true => distance2 > REACH_M * REACH_M && ray.range.is_some(),
            false => is_exclusive && distance2 <= REACH_M * REACH_M,
        };
        let free = poses.scene.cameras[camera].rays.clone().filter(|ray| is_free[*ray]);
        let mut pairs = pairs(poses, landmarks, &grid, free, REST_GATE, near);
        pairs
            .retain(|(_, _, landmark)| seen[*landmark].len() >= 2 && seen[*landmark].binary_search(&camera).is_err());
        given(pairs)
    };
    let added: Vec<(usize, usize)> =
        (0..poses.scene.cameras.len()).into_par_iter().flat_map_iter(of_camera).collect();
    for (ray, landmark) in added {
        rays[landmark].push(ray);
        rays[landmark].sort_unstable();
    }
}

/// The pairs of rays and landmarks with the least misfits, each ray and each landmark once, by rays.
fn given(mut pairs: Vec<(f64, usize, usize)>) -> Vec<(usize, usize)> {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut given: Vec<(usize, usize)> = Vec::new();
    for (_, ray, landmark) in pairs {
        if given.iter().all(|(r, l)| *r != ray && *l != landmark) {
            given.push((ray, landmark));
        }
    }
    given.sort_unstable();
    given
}

/// The misfits of some rays of one picture to the landmarks about it that `may_see` lets them have: e²/σ² + ln σ² of
/// the bearing, e²/σ² of range and height, less what their readings have in common.
fn pairs(
    poses: &Poses<'_>,
    landmarks: &[Placed],
    grid: &Grid,
    rays: impl Iterator<Item = usize> + Clone,
    gate: f64,
    may_see: impl Fn(&Ray, &Placed, f64) -> bool,
) -> Vec<(f64, usize, usize)> {
    let mut pairs = Vec::new();
    let Some(camera) = rays.clone().next().map(|ray| poses.scene.rays[ray].camera) else { return pairs };
    let gate2 = gate * gate;
    let place = poses.place(camera);
    let reach_m = rays.clone().map(|ray| reach_m(&poses.scene.rays[ray])).fold(0.0, f64::max);
    for number in grid.near(place) {
        let landmark = &landmarks[number];
        let distance2 = place.distance2(landmark.fix.point);
        if !(0.09..reach_m * reach_m).contains(&distance2) || is_behind(landmark, place) {
            continue;
        }
        let bearing = place.azimuth_to(landmark.fix.point);
        let (sin, cos) = bearing.sin_cos();
        let across = landmark.relative.towards(cos, -sin).min(MAX_ACROSS);
        for ray in rays.clone().filter(|ray| may_see(&poses.scene.rays[*ray], landmark, distance2)) {
            let measurement = poses.measurement(ray);
            let place_variance = (measurement.place_variance + across) / distance2;
            let variance = measurement.azimuth_variance + place_variance;
            let error = wrap(measurement.azimuth - bearing);
            if error * error > gate2 * variance {
                continue;
            }
            let mut misfit = error * error / variance + variance.ln();
            if let Some(range) = measurement.range {
                let variance = range.variance() + place_variance;
                let error = range.ln - 0.5 * distance2.ln();
                if error * error > gate2 * variance {
                    continue;
                }
                misfit += error * error / variance;
            }
            let of_ray = &poses.scene.rays[ray];
            if let (Some((height, height_sd2)), Some(slope)) = (landmark.height, of_ray.slope) {
                let distance = distance2.sqrt();
                let variance = height_sd2 + height_variance(slope, distance, place_variance * distance2);
                misfit += ((slope * distance - height).powi(2) / variance).min(GATE * GATE);
            }
            misfit -= 2.0 * of_ray.codes.likeness(&landmark.codes);
            pairs.push((misfit, ray, number));
        }
    }
    pairs
}

/// How far a thing may be that a ray sees: as far as its range allows, at most [`FAR_M`].
fn reach_m(ray: &Ray) -> f64 {
    ray.range.map_or(FAR_M, |range| (range.ln + GATE * range.variance().sqrt()).exp().min(FAR_M))
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
