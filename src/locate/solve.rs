//! Where rays put the thing that they see: Gauss–Newton on bearings and on the logarithms of ranges.

use super::plane::{Covariance, Point};
use super::scene::{LogRange, wrap};

/// Steps at most. From a sound start four or five do.
const STEPS: usize = 10;
/// Far from the solution the linear step overshoots: it is cut to this, metres.
const LONGEST_STEP_M: f64 = 5.0;

/// A ray as seen by the reckoning of a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measurement {
    pub place: Point,
    /// Radians.
    pub azimuth: f64,
    /// Variance of the azimuth, that of the heading included, square radians.
    pub azimuth_variance: f64,
    /// Variance of the camera's place against the other cameras, square metres.
    pub place_variance: f64,
    pub range: Option<LogRange>,
}

/// A place and its covariance, without what all cameras are off together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fix {
    pub point: Point,
    pub covariance: Covariance,
}

/// What one measurement says of a place: its derivatives to the east and north, its residual and its variance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub jx: f64,
    pub jy: f64,
    pub error: f64,
    pub variance: f64,
}

impl Term {
    /// e = wrap(θ − atan2(Δx, Δy)), J = (Δy, −Δx)/r², σ² = σ_azimuth² + σ_place²/r².
    pub(super) fn bearing(measurement: &Measurement, point: Point) -> Self {
        let (dx, dy, r2) = step(measurement, point);
        Self {
            jx: dy / r2,
            jy: -dx / r2,
            error: wrap(measurement.azimuth - dx.atan2(dy)),
            variance: measurement.azimuth_variance + measurement.place_variance / r2,
        }
    }

    /// e = ln ρ − ln r, J = (Δx, Δy)/r², σ² = σ_own² + σ_place²/r²; the size's variance, which all ranges share, is
    /// left to the caller.
    pub(super) fn range(measurement: &Measurement, point: Point) -> Option<Self> {
        let range = measurement.range?;
        let (dx, dy, r2) = step(measurement, point);
        Some(Self {
            jx: dx / r2,
            jy: dy / r2,
            error: range.ln - 0.5 * r2.ln(),
            variance: range.own_variance + measurement.place_variance / r2,
        })
    }

    /// The Cauchy weight 1/(σ²(1 + e²/4σ²)), which lets an outlier count little.
    pub(super) fn weight(&self) -> f64 {
        1.0 / (self.variance + 0.25 * self.error * self.error)
    }
}

/// East, north and squared length of the step from a camera to a place; never nothing.
fn step(measurement: &Measurement, point: Point) -> (f64, f64, f64) {
    let (dx, dy) = (point.x - measurement.place.x, point.y - measurement.place.y);
    (dx, dy, (dx * dx + dy * dy).max(0.25))
}

/// Normal equations of a place and of one more unknown, an offset of the residuals that is nothing but for its
/// variance; eliminating it (Schur complement) leaves what the measurements say of the place.
#[derive(Debug, Clone, Copy)]
pub(super) struct WithOffset {
    place: Covariance,
    place_gradient: (f64, f64),
    cross: (f64, f64),
    offset: f64,
    offset_gradient: f64,
}

impl WithOffset {
    pub(super) fn new(offset_variance: f64) -> Self {
        Self {
            place: Covariance { xx: 0.0, xy: 0.0, yy: 0.0 },
            place_gradient: (0.0, 0.0),
            cross: (0.0, 0.0),
            offset: 1.0 / offset_variance.max(1e-9),
            offset_gradient: 0.0,
        }
    }

    pub(super) fn add(&mut self, term: Term, weight: f64) {
        self.place = self.place.plus(Covariance::outer(weight, term.jx, term.jy));
        self.place_gradient.0 += weight * term.jx * term.error;
        self.place_gradient.1 += weight * term.jy * term.error;
        self.cross.0 += weight * term.jx;
        self.cross.1 += weight * term.jy;
        self.offset += weight;
        self.offset_gradient += weight * term.error;
    }

    /// Information of the place and its gradient, with the offset eliminated.
    pub(super) fn information(&self) -> (Covariance, (f64, f64)) {
        let (bx, by) = self.cross;
        let share = self.offset_gradient / self.offset;
        (
            self.place.plus(Covariance::outer(-1.0 / self.offset, bx, by)),
            (self.place_gradient.0 - bx * share, self.place_gradient.1 - by * share),
        )
    }
}

/// Gauss–Newton with Cauchy weights from a start; all ranges share the variance of the size.
pub(super) fn solve(measurements: &[Measurement], start: Point) -> Fix {
    let mut point = start;
    let mut covariance = Covariance { xx: 1e4, xy: 0.0, yy: 1e4 };
    let size_variance = measurements.iter().filter_map(|m| m.range).map(|r| r.size_variance).fold(0.0, f64::max);
    for _ in 0..STEPS {
        let mut information = Covariance { xx: 1e-6, xy: 0.0, yy: 1e-6 };
        let (mut gx, mut gy) = (0.0, 0.0);
        let mut ranges = WithOffset::new(size_variance);
        for measurement in measurements {
            let term = Term::bearing(measurement, point);
            let weight = term.weight();
            information = information.plus(Covariance::outer(weight, term.jx, term.jy));
            gx += weight * term.jx * term.error;
            gy += weight * term.jy * term.error;
            if let Some(term) = Term::range(measurement, point) {
                // An outlier is one beside what the size may be off.
                let beside = Term { variance: term.variance + size_variance, ..term };
                ranges.add(term, beside.weight() * beside.variance / term.variance);
            }
        }
        let (of_ranges, (rx, ry)) = ranges.information();
        covariance = information.plus(of_ranges).inverse();
        let (mut sx, mut sy) = covariance.times(gx + rx, gy + ry);
        let length = sx.hypot(sy);
        if !length.is_finite() {
            break;
        }
        if length > LONGEST_STEP_M {
            (sx, sy) = (sx * LONGEST_STEP_M / length, sy * LONGEST_STEP_M / length);
        }
        point = point.plus(sx, sy);
        if length < 1e-3 {
            break;
        }
    }
    Fix { point, covariance }
}

/// A place to start from: where the rays come nearest to each other, in the sense of least squares of the distances
/// across; where they are too parallel to tell, at the first one's range or half the reach along it.
pub(super) fn start(measurements: &[Measurement], reach_m: f64) -> Option<Point> {
    let first = measurements.first()?;
    let (mut a, mut gx, mut gy) = (Covariance { xx: 1e-9, xy: 0.0, yy: 1e-9 }, 0.0, 0.0);
    for measurement in measurements {
        // The unit vector across the ray, and the camera's distance along it from the first camera.
        let (nx, ny) = (measurement.azimuth.cos(), -measurement.azimuth.sin());
        let across = nx * (measurement.place.x - first.place.x) + ny * (measurement.place.y - first.place.y);
        a = a.plus(Covariance::outer(1.0, nx, ny));
        gx += nx * across;
        gy += ny * across;
    }
    let (x, y) = a.inverse().times(gx, gy);
    let ahead = x * first.azimuth.sin() + y * first.azimuth.cos();
    if (0.5..reach_m * 1.5).contains(&ahead) && x.hypot(y) < reach_m * 1.5 {
        return Some(first.place.plus(x, y));
    }
    Some(first.place.towards(first.azimuth, first.range.map_or(reach_m / 2.0, |range| range.ln.exp())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn looking(place: Point, thing: Point, range: bool) -> Measurement {
        let ln = place.distance(thing).ln();
        Measurement {
            place,
            azimuth: place.azimuth_to(thing),
            azimuth_variance: 1e-3,
            place_variance: 0.09,
            range: range.then_some(LogRange { ln, size_variance: 0.03, own_variance: 0.01 }),
        }
    }

    #[test]
    fn two_rays_cross_where_the_thing_is() {
        let thing = Point { x: 3.0, y: 20.0 };
        let seen = [Point::default(), Point { x: 0.0, y: 10.0 }].map(|camera| looking(camera, thing, false));
        let begin = start(&seen, 40.0).unwrap();
        assert!(begin.distance(thing) < 1e-3);
        let fix = solve(&seen, begin.plus(1.0, -3.0));
        assert!(fix.point.distance(thing) < 1e-3, "{fix:?}");
    }

    #[test]
    fn one_ray_with_a_range_gives_a_long_ellipse() {
        let thing = Point { x: 0.0, y: 20.0 };
        let fix = solve(&[looking(Point::default(), thing, true)], thing);
        assert!((fix.covariance.yy.sqrt() / 20.0 - 0.2).abs() < 0.01, "{fix:?}");
        assert!(fix.covariance.xx.sqrt() < 1.0);
    }

    proptest! {
        /// Sightings without noise leave the place where it is, so that only what they add can change the ellipse.
        #[test]
        fn another_true_sighting_never_makes_an_ellipse_larger(
            cameras in proptest::collection::vec((-20.0..20.0, -30.0..3.0, any::<bool>()), 2..8)
        ) {
            let thing = Point { x: 4.0, y: 8.0 };
            let seen: Vec<Measurement> =
                cameras.iter().map(|(x, y, range)| looking(Point { x: *x, y: *y }, thing, *range)).collect();
            let fewer = solve(&seen[1..], thing).covariance;
            let more = solve(&seen, thing).covariance;
            for azimuth in 0..12 {
                let (x, y) = (f64::from(azimuth) * 0.26).sin_cos();
                prop_assert!(more.towards(x, y) <= fewer.towards(x, y) * (1.0 + 1e-9));
            }
        }
    }
}
