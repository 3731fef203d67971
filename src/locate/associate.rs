//! Which rays of a sequence see the same thing: greedy, the best-supported place first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::plane::{Plane, Point};
use super::rays::{REACH_M, Rays, wrap};
use super::triangulate::solve;

/// Rays nearer to the camera than this cross behind it as well as not, metres.
const MIN_RANGE_M: f64 = 1.5;
/// The farthest apart that two cameras' rays are crossed, metres.
const MAX_BASELINE_M: f64 = 36.0;
/// Crossings that each ray tries, the best-conditioned ones.
const CROSSINGS: usize = 6;
/// A crossing known no better than this is none, square metres.
const MAX_CROSSING_VARIANCE: f64 = 100.0;
/// Residuals beyond this many standard deviations do not belong.
const GATE: f64 = 3.0;
/// Probability that a thing in view and near is detected.
const DETECTED: f64 = 0.7;
/// Distances between which a thing in view should be detected, metres.
const SHOULD_SEE_M: (f64, f64) = (3.0, 28.0);
/// The least score at which rays are joined.
const MIN_SCORE: f64 = 3.0;

/// Rays that are taken to see one thing, at most one a picture.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Indices of the rays, ascending.
    pub rays: Vec<usize>,
}

/// A place that rays may have in common.
struct Seed {
    score: f64,
    ray: usize,
    plane: Plane,
    point: Point,
    variance: f64,
}

impl PartialEq for Seed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Seed {}
impl PartialOrd for Seed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Seed {
    /// By score; equal ones by ray and place, so that the order never depends on chance.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then(other.ray.cmp(&self.ray))
            .then(other.point.x.total_cmp(&self.point.x))
            .then(other.point.y.total_cmp(&self.point.y))
    }
}

/// Groups of two rays and more, and the rays that are left over as groups of one.
pub(super) fn groups(rays: &Rays) -> Vec<Group> {
    let mut used = vec![false; rays.rays.len()];
    let mut heap: BinaryHeap<Seed> = (0..rays.rays.len()).flat_map(|ray| seeds(rays, ray, &used)).collect();
    let mut groups = Vec::new();
    while let Some(seed) = heap.pop() {
        if used[seed.ray] {
            continue;
        }
        let (score, members) = support(rays, &seed, &used);
        if members.len() < 2 || score < MIN_SCORE {
            continue;
        }
        // Others have taken rays from it: it waits for its turn again.
        if heap.peek().is_some_and(|next| score < seed.score * 0.7 && score < next.score) {
            heap.push(Seed { score, ..seed });
            continue;
        }
        if let Some(members) = settle(rays, seed, members, &used) {
            members.iter().for_each(|ray| used[*ray] = true);
            groups.push(Group { rays: members });
        }
    }
    let left = used.iter().enumerate().filter(|(_, used)| !**used).map(|(ray, _)| Group { rays: vec![ray] });
    groups.extend(left);
    groups
}

/// Moves a seed to where its rays put it and asks again which rays those are, three times.
fn settle(rays: &Rays, mut seed: Seed, mut members: Vec<usize>, used: &[bool]) -> Option<Vec<usize>> {
    for _ in 0..3 {
        let fix = solve(rays, &seed.plane, seed.point, &members);
        (seed.point, seed.variance) = (fix.point, fix.covariance.mean().min(2.0));
        let (score, again) = support(rays, &seed, used);
        if again.len() < 2 || score < MIN_SCORE {
            return None;
        }
        members = again;
    }
    Some(members)
}

/// The places that a ray may end at: its best crossings with rays of its class, and its own range.
fn seeds(rays: &Rays, index: usize, used: &[bool]) -> Vec<Seed> {
    let ray = &rays.rays[index];
    let camera = &rays.cameras[ray.station];
    let plane = rays.plane(ray.station);
    let mut crossings: Vec<(f64, f64)> = Vec::new();
    for station in rays.near(camera.lon_deg, camera.lat_deg) {
        if station == ray.station || rays.cameras[station].sequence != camera.sequence {
            continue;
        }
        let place = rays.place(&plane, station);
        if place.x.hypot(place.y) > MAX_BASELINE_M {
            continue;
        }
        for (other_index, other) in rays.of_station(station) {
            // Each pair once.
            if other.class != ray.class || other_index < index {
                continue;
            }
            let Some((a, b, sine)) = cross(ray.azimuth, place, other.azimuth) else { continue };
            let in_reach = |r: f64| (MIN_RANGE_M..REACH_M).contains(&r);
            if !in_reach(a) || !in_reach(b) || !range_agrees(rays, index, a) || !range_agrees(rays, other_index, b) {
                continue;
            }
            let variance =
                (a * a * rays.pose_variance(ray.station, a) + b * b * rays.pose_variance(station, b)) / (sine * sine);
            if variance <= MAX_CROSSING_VARIANCE {
                crossings.push((variance, a));
            }
        }
    }
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    crossings.truncate(CROSSINGS);
    let own = ray.range.map(|range| range.ln.exp()).filter(|r| *r < REACH_M);
    let own = own.map(|r| (((0.2 * r).powi(2)).min(9.0), r));
    crossings
        .into_iter()
        .map(|(variance, range)| (variance.min(4.0), range))
        .chain(own)
        .filter_map(|(variance, range)| {
            let point = Point::default().towards(ray.azimuth, range);
            let mut seed = Seed { score: 0.0, ray: index, plane, point, variance };
            let (score, members) = support(rays, &seed, used);
            seed.score = score;
            (members.len() >= 2 && score > MIN_SCORE).then_some(seed)
        })
        .collect()
}

/// Where a ray from the origin and one from `place` cross: the distances along both, and the sine of their angle.
fn cross(azimuth: f64, place: Point, other: f64) -> Option<(f64, f64, f64)> {
    let sine = (other - azimuth).sin();
    if sine.abs() < 1e-3 {
        return None;
    }
    let (s1, c1) = azimuth.sin_cos();
    let (s2, c2) = other.sin_cos();
    let determinant = s1 * c2 - c1 * s2;
    let a = (place.x * c2 - place.y * s2) / determinant;
    let b = (place.x * c1 - place.y * s1) / determinant;
    Some((a, b, sine))
}

/// Whether a distance fits a ray's own range.
fn range_agrees(rays: &Rays, index: usize, distance: f64) -> bool {
    let ray = &rays.rays[index];
    ray.range.is_none_or(|range| {
        let relative = rays.cameras[ray.station].relative_sd_m / distance;
        let sd = range.size_sd.hypot(range.own_sd).hypot(relative);
        (range.ln - distance.ln()).abs() <= GATE * sd + 0.25
    })
}

/// The best free ray of each picture of the seed's sequence that fits its place, and how much more likely a thing
/// there is than none: the sum of log-likelihood ratios, with what near pictures do not see counted against it.
fn support(rays: &Rays, seed: &Seed, used: &[bool]) -> (f64, Vec<usize>) {
    let first = &rays.rays[seed.ray];
    let sequence = rays.cameras[first.station].sequence;
    let (lon, lat) = seed.plane.lon_lat(seed.point);
    let mut score = 0.0;
    let mut members = Vec::new();
    for station in rays.near(lon, lat) {
        let camera = &rays.cameras[station];
        if camera.sequence != sequence {
            continue;
        }
        let place = rays.place(&seed.plane, station);
        let distance = place.distance(seed.point);
        if !(0.3..REACH_M).contains(&distance) {
            continue;
        }
        let bearing = (seed.point.x - place.x).atan2(seed.point.y - place.y);
        let pose = rays.pose_variance(station, distance) + seed.variance / (distance * distance);
        // False detections per radian: fewer where the circle is all seen.
        let clutter = 0.01 + 0.075 / (2.0 * camera.half_fov.min(std::f64::consts::PI));
        let best = rays
            .of_station(station)
            .filter(|(index, ray)| ray.class == first.class && !used[*index])
            .filter_map(|(index, ray)| {
                let variance = pose + ray.pixel_sd.powi(2);
                let error = wrap(ray.azimuth - bearing);
                if error * error > GATE * GATE * variance {
                    return None;
                }
                let root = (2.0 * std::f64::consts::PI).sqrt();
                let mut gain =
                    (DETECTED / (clutter * variance.sqrt() * root)).ln() - error * error / (2.0 * variance);
                if let Some(range) = ray.range {
                    let relative = (camera.relative_sd_m.powi(2) + seed.variance) / (distance * distance);
                    let sd = (range.size_sd.powi(2) + range.own_sd.powi(2) + relative).sqrt();
                    let off = (range.ln - distance.ln()) / sd;
                    if off.abs() > GATE {
                        return None;
                    }
                    // False ones spread evenly over three e-foldings of distance.
                    gain += (3.0 / (sd * root)).ln() - off * off / 2.0;
                }
                Some((gain, index))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        match best {
            Some((gain, index)) if gain > 0.0 => {
                score += gain;
                members.push(index);
            }
            _ => {
                let in_view = wrap(bearing - camera.heading).abs() < camera.half_fov - pose.sqrt();
                if in_view && (SHOULD_SEE_M.0..SHOULD_SEE_M.1).contains(&distance) {
                    score += 0.5 * (1.0 - DETECTED).ln();
                }
            }
        }
    }
    members.sort_unstable();
    (score, members)
}
