//! Where a landmark stands after all its rays, and how sure that is.

use super::merge::towards;
use super::plane::{Covariance, Point};
use super::scene::{Codes, REACH_M, Scene, height_variance};
use super::solve::{Fix, Measurement, Term, WithOffset, solve, start};
use super::springs::Offsets;
use super::track::Tracks;
use super::{Method, Thing};

/// Where a thing is put that one ray of no range sees, metres from the camera, and the standard deviation of that.
const GUESSED_RANGE_M: (f64, f64) = (12.0, 8.0);
/// What the cameras stand higher or lower than each other, as a variance, square metres.
const HEIGHT_VARIANCE: f64 = 0.04;
/// Share of a heading's spread that all pictures of a sequence still have in common once headings are corrected.
const SHARED_HEADING: f64 = 0.3;

/// What linear reckoning with weights leaves out, as a factor of the variance that it gives: found on simulated towns.
const FACTOR: f64 = 1.15;
/// Variances grow at most so much with the mean squared residual.
const MAX_MISFIT: f64 = 4.0;
/// So many residuals are believed in full.
const MANY: f64 = 8.0;

/// What is known of the cameras once sequences are in line.
pub(super) struct Poses<'a> {
    pub scene: &'a Scene,
    pub tracks: &'a Tracks,
    /// To be added to the places, for each node.
    pub offsets: Offsets,
    /// To be taken off the headings, for each camera.
    pub heading_offsets: Vec<f64>,
    /// Variance that is left to the headings then, of each camera.
    pub heading_variances: Vec<f64>,
}

impl Poses<'_> {
    /// Where a camera stands.
    pub(super) fn place(&self, camera: usize) -> Point {
        let [x, y] = self.offsets[self.tracks.of_camera[camera]];
        self.scene.cameras[camera].place.plus(x, y)
    }

    /// A ray as corrected.
    pub(super) fn measurement(&self, ray: usize) -> Measurement {
        let of_ray = &self.scene.rays[ray];
        let camera = &self.scene.cameras[of_ray.camera];
        Measurement {
            place: self.place(of_ray.camera),
            azimuth: of_ray.azimuth - self.heading_offsets[of_ray.camera],
            azimuth_variance: of_ray.pixel_variance + self.heading_variances[of_ray.camera],
            place_variance: camera.relative_variance,
            range: of_ray.range,
        }
    }
}

/// A landmark in the plane of its scene.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub class: usize,
    /// Indices of its rays, ascending.
    pub rays: Vec<usize>,
    pub fix: Fix,
    /// Covariance relative to its cameras.
    pub relative: Covariance,
    pub method: Method,
    /// Mean of the unit vectors to its cameras.
    pub towards: Point,
    /// Its height over the cameras and the variance of that, metres, where elevations are known.
    pub height: Option<(f64, f64)>,
    /// What was read on it.
    pub codes: Codes,
}

/// Places a thing; `None` of no ray. `offset_variance` is what the offsets of the tracks leave to its place.
pub(super) fn place(poses: &Poses<'_>, thing: Thing, offset_variance: f64) -> Option<Placed> {
    let Thing { class, rays } = thing;
    let measurements: Vec<Measurement> = rays.iter().map(|ray| poses.measurement(*ray)).collect();
    let (fix, method) = match measurements[..] {
        [] => return None,
        [only] => single(&only),
        _ => {
            let point = solve(&measurements, start(&measurements, REACH_M)?).point;
            (Fix { point, covariance: covariance(poses, &rays, &measurements, point) }, Method::Triangulated)
        }
    };
    let towards = towards(measurements.iter().map(|m| m.place), fix.point);
    let relative = fix.covariance;
    let covariance = relative.plus_round(offset_variance);
    let finite = [fix.point.x, fix.point.y, covariance.xx, covariance.xy, covariance.yy];
    let fix = Fix { covariance, ..fix };
    let height = height(poses, &rays, fix.point, relative);
    let codes = Codes::mean(rays.iter().map(|ray| &poses.scene.rays[*ray].codes));
    let placed = Placed { class, rays, fix, relative, method, towards, height, codes };
    finite.iter().all(|v| v.is_finite()).then_some(placed)
}

/// The mean of the heights that the elevations of rays give, and its variance.
fn height(poses: &Poses<'_>, rays: &[usize], point: Point, covariance: Covariance) -> Option<(f64, f64)> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for ray in rays.iter().map(|ray| &poses.scene.rays[*ray]) {
        let Some(slope) = ray.slope else { continue };
        let distance = poses.place(ray.camera).distance(point);
        let weight = 1.0 / (height_variance(slope, distance, covariance.mean()) + HEIGHT_VARIANCE);
        sum += weight * slope * distance;
        weights += weight;
    }
    (weights > 0.0).then(|| (sum / weights, 1.0 / weights))
}

/// The place of one ray alone: along it, at its range or at a guess.
fn single(measurement: &Measurement) -> (Fix, Method) {
    let (range, sd, method) = match measurement.range {
        Some(log) => (log.ln.exp(), log.ln.exp() * log.variance().sqrt(), Method::Range),
        None => (GUESSED_RANGE_M.0, GUESSED_RANGE_M.1, Method::Bearing),
    };
    let across = (range * range * measurement.azimuth_variance + measurement.place_variance).sqrt();
    let covariance = Covariance::along(measurement.azimuth, sd.hypot(measurement.place_variance.sqrt()), across);
    (Fix { point: measurement.place.towards(measurement.azimuth, range), covariance }, method)
}

/// Covariance of a place relative to its cameras: the heading's offset that a sequence has in common and the size
/// that all ranges share are eliminated.
fn covariance(poses: &Poses<'_>, rays: &[usize], measurements: &[Measurement], point: Point) -> Covariance {
    let camera = |ray: &usize| &poses.scene.cameras[poses.scene.rays[*ray].camera];
    let mut information = Covariance { xx: 1e-6, xy: 0.0, yy: 1e-6 };
    let mut headings: Option<(usize, WithOffset)> = None;
    let size_variance = measurements.iter().filter_map(|m| m.range).map(|r| r.size_variance).fold(0.0, f64::max);
    let mut ranges = WithOffset::new(size_variance);
    let (mut misfit, mut count) = (0.0, 0.0);
    for (ray, measurement) in rays.iter().zip(measurements) {
        let camera = camera(ray);
        let of_sequence = match &mut headings {
            Some((sequence, terms)) if *sequence == camera.sequence => terms,
            _ => {
                if let Some((_, done)) = headings.take() {
                    information = information.plus(done.information().0);
                }
                let fresh = WithOffset::new((SHARED_HEADING * camera.heading_sd).powi(2));
                &mut headings.insert((camera.sequence, fresh)).1
            }
        };
        let term = Term::bearing(measurement, point);
        let mut weigh = |term: Term, beside: f64| {
            misfit += term.error * term.error / (term.variance + beside);
            count += 1.0;
        };
        weigh(term, (SHARED_HEADING * camera.heading_sd).powi(2));
        of_sequence.add(term, 1.0 / term.variance);
        if let Some(term) = Term::range(measurement, point) {
            weigh(term, size_variance);
            ranges.add(term, 1.0 / term.variance);
        }
    }
    if let Some((_, done)) = headings {
        information = information.plus(done.information().0);
    }
    // Where residuals are larger than they should be, so are errors; a few residuals say little of that.
    let excess = (misfit / f64::max(count - 2.0, 1.0)).clamp(1.0, MAX_MISFIT) - 1.0;
    let factor = FACTOR * (1.0 + excess * f64::min(count / MANY, 1.0));
    let covariance = information.plus(ranges.information().0).inverse();
    Covariance { xx: factor * covariance.xx, xy: factor * covariance.xy, yy: factor * covariance.yy }
}
