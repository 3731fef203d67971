//! Where a landmark stands after all its rays, and how sure that is.

use super::merge::towards;
use super::plane::{Covariance, Point};
use super::scene::{REACH_M, Scene};
use super::solve::{Fix, Measurement, Term, WithOffset, solve, start};
use super::springs::Offsets;
use super::track::Tracks;
use super::{Method, associate::CORRECTED};

/// Where a thing is put that one ray of no range sees, metres from the camera, and the standard deviation of that.
const GUESSED_RANGE_M: (f64, f64) = (12.0, 8.0);
/// Share of a heading's spread that all pictures of a sequence still have in common once headings are corrected.
const SHARED_HEADING: f64 = 0.3;

/// What is known of the cameras once sequences are in line.
pub(super) struct Poses<'a> {
    pub scene: &'a Scene,
    pub tracks: &'a Tracks,
    /// To be added to the places, for each node.
    pub offsets: Offsets,
    /// To be taken off the headings, for each camera.
    pub heading_offsets: Vec<f64>,
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
            azimuth_variance: of_ray.pixel_variance + (CORRECTED * camera.heading_sd).powi(2),
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
}

/// Places a thing of some rays, ascending; `None` of no ray.
pub(super) fn place(poses: &Poses<'_>, class: usize, rays: Vec<usize>, variance: f64) -> Option<Placed> {
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
    let covariance = relative.plus_round(variance);
    let finite = [fix.point.x, fix.point.y, covariance.xx, covariance.xy, covariance.yy];
    let fix = Fix { covariance, ..fix };
    finite.iter().all(|v| v.is_finite()).then_some(Placed { class, rays, fix, relative, method, towards })
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
        of_sequence.add(term, 1.0 / term.variance);
        if let Some(term) = Term::range(measurement, point) {
            ranges.add(term, 1.0 / term.variance);
        }
    }
    if let Some((_, done)) = headings {
        information = information.plus(done.information().0);
    }
    information.plus(ranges.information().0).inverse()
}

