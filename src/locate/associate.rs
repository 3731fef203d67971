//! Which rays of a chunk see the same thing: greedy, the best-supported place first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::f64::consts::PI;
use std::ops::Range;

use super::heading;
use super::plane::Point;
use super::scene::{Camera, REACH_M, Ray, Scene, height_variance, wrap};
use super::solve::{Fix, Measurement, solve};

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
const SHOULD_SEE_M: Range<f64> = 3.0..28.0;
/// The least score at which rays are joined.
const MIN_SCORE: f64 = 3.0;
/// How many e-foldings of distance false detections are spread over.
const RANGE_FOLDS: f64 = 3.0;
/// Heights that false detections are spread over, metres.
const HEIGHTS_M: f64 = 8.0;
/// √(2π)
const ROOT_2_PI: f64 = 2.506_628_274_631;
/// Spread that headings keep once they are corrected, relative to what they had.
pub(super) const CORRECTED: f64 = 0.45;

/// What one chunk sees of a thing.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub class: usize,
    /// Indices of its rays, ascending; at most one a camera.
    pub rays: Vec<usize>,
    /// Relative to the cameras of the chunk, whatever they are off together.
    pub fix: Fix,
}

/// What a chunk sees.
pub(super) struct Seen {
    /// Of two rays and more; then rays that are alone and have a range. Those that are alone and have none are left.
    pub objects: Vec<Object>,
    /// What the heading of each camera is off, radians.
    pub heading_offsets: Vec<f64>,
    /// Variance that is left to the headings then.
    pub heading_variances: Vec<f64>,
}

/// A chunk while its rays are joined. Rays and cameras are counted from its first.
pub(super) struct Chunk<'a> {
    pub cameras: &'a [Camera],
    pub rays: &'a [Ray],
    pub first_camera: usize,
    pub first_ray: usize,
    /// Azimuths with the headings corrected.
    pub azimuths: Vec<f64>,
    /// What the headings are off.
    pub heading_offsets: Vec<f64>,
    pub heading_variances: Vec<f64>,
    /// Share of the headings' spread that is left.
    pub heading_share: f64,
    /// The object of each ray.
    pub owner: Vec<Option<usize>>,
    pub objects: Vec<(usize, Fix)>,
}

/// A place that rays may have in common.
struct Seed {
    score: f64,
    ray: usize,
    point: Point,
    height: Option<(f64, f64)>,
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

/// A seed as one camera has it before it.
struct Look<'a> {
    camera: &'a Camera,
    /// Radians.
    bearing: f64,
    /// Square metres.
    distance2: f64,
    /// Variance of the bearing without the pixel's part, square radians.
    pose_variance: f64,
    /// The part of it that comes from places, which is also the variance of the logarithm of the distance.
    place_variance: f64,
}

/// Joins the rays of consecutive cameras, twice: with the headings as they are given, and with what the first round
/// says that they are off.
pub(super) fn associate(scene: &Scene, cameras: Range<usize>) -> Seen {
    let mut chunk = Chunk::new(scene, cameras);
    chunk.join();
    for _ in 0..3 {
        chunk.refit();
        for _ in 0..3 {
            heading::correct(&mut chunk);
            chunk.refit();
        }
        chunk.reassign();
    }
    chunk.heading_share = CORRECTED;
    chunk.join();
    for round in 0..3 {
        chunk.refit();
        if round == 0 {
            for _ in 0..3 {
                heading::correct(&mut chunk);
                chunk.refit();
            }
        }
        chunk.reassign();
    }
    chunk.finish()
}

impl<'a> Chunk<'a> {
    fn new(scene: &'a Scene, cameras: Range<usize>) -> Self {
        let (first_camera, cameras) = (cameras.start, &scene.cameras[cameras]);
        let span = cameras.first().map_or(0, |c| c.rays.start)..cameras.last().map_or(0, |c| c.rays.end);
        let (first_ray, rays) = (span.start, &scene.rays[span]);
        Self {
            cameras,
            rays,
            first_camera,
            first_ray,
            azimuths: rays.iter().map(|ray| ray.azimuth).collect(),
            heading_offsets: vec![0.0; cameras.len()],
            heading_variances: cameras.iter().map(|c| c.heading_sd.powi(2)).collect(),
            heading_share: 1.0,
            owner: vec![None; rays.len()],
            objects: Vec::new(),
        }
    }

    pub(super) fn camera_of(&self, ray: usize) -> &'a Camera {
        &self.cameras[self.rays[ray].camera - self.first_camera]
    }

    pub(super) fn rays_of(&self, camera: usize) -> Range<usize> {
        let span = &self.cameras[camera].rays;
        span.start - self.first_ray..span.end - self.first_ray
    }

    fn heading_variance(&self, camera: &Camera) -> f64 {
        (self.heading_share * camera.heading_sd).powi(2)
    }

    pub(super) fn measurement(&self, ray: usize) -> Measurement {
        let (of_ray, camera) = (&self.rays[ray], self.camera_of(ray));
        Measurement {
            place: camera.place,
            azimuth: self.azimuths[ray],
            azimuth_variance: of_ray.pixel_variance + self.heading_variance(camera),
            place_variance: camera.relative_variance,
            range: of_ray.range,
        }
    }

    fn fix(&self, start: Point, members: &[usize]) -> Fix {
        let measurements: Vec<Measurement> = members.iter().map(|ray| self.measurement(*ray)).collect();
        solve(&measurements, start)
    }

    /// Objects out of free rays, the best first; what was joined before is forgotten.
    fn join(&mut self) {
        self.owner.fill(None);
        self.objects.clear();
        let mut heap: BinaryHeap<Seed> = (0..self.rays.len()).flat_map(|ray| self.seeds(ray)).collect();
        let mut members = Vec::new();
        while let Some(mut seed) = heap.pop() {
            if self.owner[seed.ray].is_some() {
                continue;
            }
            let score = self.support(&seed, 1.0, &mut members);
            if members.len() < 2 || score < MIN_SCORE {
                continue;
            }
            // Others have taken rays from it: it waits for its turn again.
            if heap.peek().is_some_and(|next| score < seed.score * 0.7 && score < next.score) {
                heap.push(Seed { score, ..seed });
                continue;
            }
            if let Some(fix) = self.settle(&mut seed, &mut members) {
                members.iter().for_each(|ray| self.owner[*ray] = Some(self.objects.len()));
                self.objects.push((self.rays[seed.ray].class, fix));
            }
        }
    }

    /// Moves a seed to where its rays put it and asks again which rays those are, three times.
    fn settle(&self, seed: &mut Seed, members: &mut Vec<usize>) -> Option<Fix> {
        let mut fix = None;
        for _ in 0..3 {
            let settled = self.fix(seed.point, members);
            seed.point = settled.point;
            fix = Some(settled);
            let score = self.support(seed, settled.covariance.mean().min(2.0), members);
            if members.len() < 2 || score < MIN_SCORE {
                return None;
            }
        }
        fix
    }

    /// The places that a ray may end at: its best crossings with rays of its class, and its own range.
    fn seeds(&self, index: usize) -> Vec<Seed> {
        let ray = &self.rays[index];
        let own_camera = self.camera_of(index);
        let mut crossings: Vec<(f64, f64)> = Vec::new();
        for (number, camera) in self.cameras.iter().enumerate() {
            let span = self.rays_of(number);
            // Each pair once.
            if span.end <= index || number == ray.camera - self.first_camera {
                continue;
            }
            if own_camera.place.distance2(camera.place) > MAX_BASELINE_M * MAX_BASELINE_M {
                continue;
            }
            let step = Point { x: camera.place.x - own_camera.place.x, y: camera.place.y - own_camera.place.y };
            for other in span.filter(|other| self.rays[*other].class == ray.class) {
                let Some((a, b, sine)) = cross(self.azimuths[index], step, self.azimuths[other]) else { continue };
                let in_reach = |r: f64| (MIN_RANGE_M..REACH_M).contains(&r);
                if !in_reach(a) || !in_reach(b) || !self.range_agrees(index, a) || !self.range_agrees(other, b) {
                    continue;
                }
                let variance = (self.across_variance(index, a) + self.across_variance(other, b)) / (sine * sine);
                if variance <= MAX_CROSSING_VARIANCE {
                    crossings.push((variance, a));
                }
            }
        }
        crossings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        crossings.truncate(CROSSINGS);
        let own =
            ray.range.map(|range| range.ln.exp()).filter(|r| *r < REACH_M).map(|r| ((0.2 * r).powi(2).min(9.0), r));
        let mut members = Vec::new();
        crossings
            .into_iter()
            .map(|(variance, range)| (variance.min(4.0), range))
            .chain(own)
            .filter_map(|(variance, range)| {
                let height = ray.slope.map(|slope| (slope * range, height_variance(slope, range, variance)));
                let point = own_camera.place.towards(self.azimuths[index], range);
                let mut seed = Seed { score: 0.0, ray: index, point, height };
                seed.score = self.support(&seed, variance, &mut members);
                (members.len() >= 2 && seed.score > MIN_SCORE).then_some(seed)
            })
            .collect()
    }

    /// Variance across a ray at a distance, square metres.
    fn across_variance(&self, ray: usize, distance: f64) -> f64 {
        let camera = self.camera_of(ray);
        let angle = self.rays[ray].pixel_variance + self.heading_variance(camera);
        distance * distance * angle + camera.relative_variance
    }

    /// Whether a distance fits a ray's own range.
    fn range_agrees(&self, ray: usize, distance: f64) -> bool {
        self.rays[ray].range.is_none_or(|range| {
            let relative = self.camera_of(ray).relative_variance / (distance * distance);
            (range.ln - distance.ln()).abs() <= GATE * (range.variance() + relative).sqrt() + 0.25
        })
    }

    /// The best free ray of each picture that fits a seed's place, and how much more likely a thing there is than
    /// none: the sum of log-likelihood ratios ln(Pd/(λσ√2π)) − e²/2σ² over bearings, and the like over ranges and
    /// heights, with ½ ln(1 − Pd) for each picture that should see it and does not.
    fn support(&self, seed: &Seed, variance: f64, members: &mut Vec<usize>) -> f64 {
        let class = self.rays[seed.ray].class;
        let mut score = 0.0;
        members.clear();
        for (number, camera) in self.cameras.iter().enumerate() {
            let distance2 = camera.place.distance2(seed.point);
            if !(0.09..REACH_M * REACH_M).contains(&distance2) {
                continue;
            }
            let bearing = camera.place.azimuth_to(seed.point);
            let place_variance = (camera.relative_variance + variance) / distance2;
            let pose = self.heading_variance(camera) + place_variance;
            let look = Look { camera, bearing, distance2, pose_variance: pose, place_variance };
            let mut best: Option<(f64, usize)> = None;
            for index in self.rays_of(number) {
                if self.rays[index].class != class || self.owner[index].is_some() {
                    continue;
                }
                let gain = self.gain(index, seed, &look);
                if let Some(gain) = gain.filter(|gain| best.is_none_or(|(most, _)| *gain > most)) {
                    best = Some((gain, index));
                }
            }
            match best {
                Some((gain, index)) if gain > 0.0 => {
                    score += gain;
                    members.push(index);
                }
                _ => {
                    let near = SHOULD_SEE_M.contains(&distance2.sqrt());
                    if near && camera.sees(bearing, pose.sqrt()) {
                        score += 0.5 * (1.0 - DETECTED).ln();
                    }
                }
            }
        }
        score
    }

    /// How much more likely a ray is of a seed than of nothing, as a logarithm; `None` where it cannot be.
    fn gain(&self, index: usize, seed: &Seed, look: &Look<'_>) -> Option<f64> {
        let &Look { camera, bearing, distance2, pose_variance, place_variance } = look;
        let ray = &self.rays[index];
        let variance = pose_variance + ray.pixel_variance;
        let error = wrap(self.azimuths[index] - bearing);
        if error * error > GATE * GATE * variance {
            return None;
        }
        // False detections per radian: fewer where the circle is all seen.
        let clutter = 0.01 + 0.075 / (2.0 * camera.half_fov.min(PI));
        let mut gain =
            (DETECTED / (clutter * ROOT_2_PI)).ln() - 0.5 * variance.ln() - error * error / (2.0 * variance);
        if let Some(range) = ray.range {
            let variance = range.variance() + place_variance;
            let error = range.ln - 0.5 * distance2.ln();
            if error * error > GATE * GATE * variance {
                return None;
            }
            gain += (RANGE_FOLDS / ROOT_2_PI).ln() - 0.5 * variance.ln() - error * error / (2.0 * variance);
        }
        if let (Some((height, seed_variance)), Some(slope)) = (seed.height, ray.slope) {
            let distance = distance2.sqrt();
            let variance = seed_variance + height_variance(slope, distance, place_variance * distance2);
            let error = slope * distance - height;
            if error * error > GATE * GATE * variance {
                return None;
            }
            gain += (HEIGHTS_M / ROOT_2_PI).ln() - 0.5 * variance.ln() - error * error / (2.0 * variance);
        }
        Some(gain + ray.codes.likeness(&self.rays[seed.ray].codes))
    }

    /// The rays of each object.
    pub(super) fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.objects.len()];
        for (ray, owner) in self.owner.iter().enumerate() {
            if let Some(object) = owner {
                members[*object].push(ray);
            }
        }
        members
    }

    /// Places each object anew from its rays.
    fn refit(&mut self) {
        for (object, members) in self.members().iter().enumerate() {
            if !members.is_empty() {
                self.objects[object].1 = self.fix(self.objects[object].1.point, members);
            }
        }
    }

    /// Gives the rays of each picture to the objects that they fit best, the best pair first, each once.
    fn reassign(&mut self) {
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for (number, camera) in self.cameras.iter().enumerate() {
            let span = self.rays_of(number);
            if span.is_empty() {
                continue;
            }
            pairs.clear();
            for (object, (class, fix)) in self.objects.iter().enumerate() {
                let distance2 = camera.place.distance2(fix.point);
                if !(0.09..REACH_M * REACH_M).contains(&distance2) {
                    continue;
                }
                let mut bearing = None;
                for ray in span.clone().filter(|ray| self.rays[*ray].class == *class) {
                    let bearing = *bearing.get_or_insert_with(|| camera.place.azimuth_to(fix.point));
                    if let Some(misfit) = self.misfit(ray, camera, fix, bearing, distance2) {
                        pairs.push((misfit, ray, object));
                    }
                }
            }
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            self.owner[span.clone()].fill(None);
            for (_, ray, object) in &pairs {
                let taken = self.owner[span.clone()].contains(&Some(*object));
                if self.owner[*ray].is_none() && !taken {
                    self.owner[*ray] = Some(*object);
                }
            }
        }
    }

    fn misfit(&self, index: usize, camera: &Camera, fix: &Fix, bearing: f64, distance2: f64) -> Option<f64> {
        let ray = &self.rays[index];
        let (sin, cos) = bearing.sin_cos();
        let across = fix.covariance.towards(cos, -sin).min(2.0);
        let place_variance = (camera.relative_variance + across) / distance2;
        let variance = ray.pixel_variance + self.heading_variance(camera) + place_variance;
        let error = wrap(self.azimuths[index] - bearing);
        if error * error > GATE * GATE * variance {
            return None;
        }
        let mut misfit = error * error / variance + variance.ln();
        if let Some(range) = ray.range {
            let variance = range.variance() + place_variance;
            let error = range.ln - 0.5 * distance2.ln();
            if error * error > GATE * GATE * variance {
                return None;
            }
            misfit += error * error / variance;
        }
        Some(misfit)
    }

    fn finish(mut self) -> Seen {
        let mut members = self.members();
        for rays in &mut members {
            if rays.len() < 2 {
                rays.drain(..).for_each(|ray| self.owner[ray] = None);
            }
        }
        let mut seen = Seen { objects: Vec::new(), heading_offsets: Vec::new(), heading_variances: Vec::new() };
        let first_ray = self.first_ray;
        for ((class, fix), rays) in self.objects.iter().zip(members).filter(|(_, rays)| !rays.is_empty()) {
            let fix = self.fix(fix.point, &rays);
            let rays = rays.into_iter().map(|ray| first_ray + ray).collect();
            seen.objects.push(Object { class: *class, rays, fix });
        }
        for ray in (0..self.rays.len()).filter(|ray| self.owner[*ray].is_none()) {
            let rays = vec![first_ray + ray];
            if let Some(range) = self.rays[ray].range {
                let point = self.camera_of(ray).place.towards(self.azimuths[ray], range.ln.exp());
                let fix = Fix { point, ..self.fix(point, &[ray]) };
                seen.objects.push(Object { class: self.rays[ray].class, rays, fix });
            }
        }
        seen.heading_offsets = self.heading_offsets;
        seen.heading_variances = self.heading_variances;
        seen
    }
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
