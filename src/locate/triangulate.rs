//! Where a group of rays puts its thing, and how sure that is.

use std::collections::BTreeMap;

use super::associate::Group;
use super::plane::{Covariance, Plane, Point};
use super::rays::{REACH_M, Rays, wrap};
use super::{Landmark, Method};

/// Where a thing is put that one ray of no range sees, metres from the camera, and the standard deviation of that.
const GUESSED_RANGE_M: (f64, f64) = (12.0, 8.0);

/// A place and its covariance, without what all cameras of a sequence are off together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fix {
    pub point: Point,
    pub covariance: Covariance,
}

/// What one measurement says of a place: its derivatives to the east and north, its residual and its variance.
struct Term {
    jx: f64,
    jy: f64,
    error: f64,
    variance: f64,
}

impl Term {
    /// e = wrap(θ − atan2(Δx, Δy)), J = (Δy, −Δx)/r², σ² = σ_pixel² + s·σ_heading² + σ_position²/r², where s is the
    /// share of the heading's variance that is to be counted.
    fn bearing(rays: &Rays, plane: &Plane, point: Point, member: usize, heading_share: f64) -> Self {
        let (ray, camera) = (&rays.rays[member], rays.camera_of(member));
        let (dx, dy, r2) = step(rays, plane, point, member);
        Self {
            jx: dy / r2,
            jy: -dx / r2,
            error: wrap(ray.azimuth - dx.atan2(dy)),
            variance: ray.pixel_sd.powi(2)
                + heading_share * camera.heading_sd.powi(2)
                + camera.relative_sd_m.powi(2) / r2,
        }
    }

    /// e = ln ρ − ln r, J = (Δx, Δy)/r², σ² = σ_own² + n·σ_size² + σ_position²/r², as all n ranges share the unknown
    /// size.
    fn range(rays: &Rays, plane: &Plane, point: Point, member: usize, n: f64) -> Option<Self> {
        let range = rays.rays[member].range?;
        let (dx, dy, r2) = step(rays, plane, point, member);
        let relative = rays.camera_of(member).relative_sd_m.powi(2) / r2;
        Some(Self {
            jx: dx / r2,
            jy: dy / r2,
            error: range.ln - 0.5 * r2.ln(),
            variance: range.own_sd.powi(2) + n * range.size_sd.powi(2) + relative,
        })
    }

    /// The Cauchy weight 1/(σ²(1 + e²/4σ²)), which lets an outlier count little.
    fn weight(&self) -> f64 {
        1.0 / (self.variance * (1.0 + self.error * self.error / (4.0 * self.variance)))
    }

    fn information(&self, weight: f64) -> Covariance {
        Covariance { xx: weight * self.jx * self.jx, xy: weight * self.jx * self.jy, yy: weight * self.jy * self.jy }
    }
}

/// East, north and squared length, metres, of the step from a ray's camera to a place; never nothing.
fn step(rays: &Rays, plane: &Plane, point: Point, member: usize) -> (f64, f64, f64) {
    let place = rays.place(plane, rays.rays[member].station);
    let (dx, dy) = (point.x - place.x, point.y - place.y);
    (dx, dy, (dx * dx + dy * dy).max(0.25))
}

/// Gauss–Newton on the bearings and the logarithms of the ranges, with Cauchy weights.
pub(super) fn solve(rays: &Rays, plane: &Plane, start: Point, members: &[usize]) -> Fix {
    let mut point = start;
    let mut covariance = Covariance { xx: 1e4, xy: 0.0, yy: 1e4 };
    let ranges = members.iter().filter(|m| rays.rays[**m].range.is_some()).count() as f64;
    for _ in 0..10 {
        let mut information = Covariance { xx: 1e-6, xy: 0.0, yy: 1e-6 };
        let (mut gx, mut gy) = (0.0, 0.0);
        for member in members {
            let mut add = |term: Term| {
                information = information.plus(term.information(term.weight()));
                gx += term.weight() * term.jx * term.error;
                gy += term.weight() * term.jy * term.error;
            };
            add(Term::bearing(rays, plane, point, *member, 1.0));
            Term::range(rays, plane, point, *member, ranges).into_iter().for_each(&mut add);
        }
        covariance = information.inverse();
        let (mut sx, mut sy) = (covariance.xx * gx + covariance.xy * gy, covariance.xy * gx + covariance.yy * gy);
        let step = sx.hypot(sy);
        if !step.is_finite() {
            break;
        }
        // Far from the solution the linear step overshoots.
        if step > 5.0 {
            (sx, sy) = (sx * 5.0 / step, sy * 5.0 / step);
        }
        point = Point { x: point.x + sx, y: point.y + sy };
        if step < 1e-4 {
            break;
        }
    }
    Fix { point, covariance }
}

/// The place of a group of one ray: along it, at its range or at a guess.
pub(super) fn single(rays: &Rays, index: usize) -> (Plane, Fix, Method) {
    let ray = &rays.rays[index];
    let plane = rays.plane(ray.station);
    let (range, sd, method) = match ray.range {
        Some(log) => {
            let range = log.ln.exp();
            (range, range * log.size_sd.hypot(log.own_sd), Method::Range)
        }
        None => (GUESSED_RANGE_M.0, GUESSED_RANGE_M.1, Method::Bearing),
    };
    let across = range * (ray.pixel_sd.powi(2) + rays.pose_variance(ray.station, range)).sqrt();
    let covariance = Covariance::along(ray.azimuth, sd.hypot(rays.cameras[ray.station].relative_sd_m), across);
    (plane, Fix { point: Point::default().towards(ray.azimuth, range), covariance }, method)
}

/// The place of a group, in the plane of its first ray's station.
pub(super) fn fix(rays: &Rays, group: &Group) -> Option<(Plane, Fix, Method)> {
    match group.rays[..] {
        [] => None,
        [only] => Some(single(rays, only)),
        [first, ..] => {
            let plane = rays.plane(rays.rays[first].station);
            let fix = solve(rays, &plane, start(rays, &plane, &group.rays), &group.rays);
            Some((plane, fix, Method::Triangulated))
        }
    }
}

/// A place to start from: where the rays come nearest to each other, in the sense of least squares of the distances
/// across; where they are too parallel to tell, half the reach along the first one.
fn start(rays: &Rays, plane: &Plane, members: &[usize]) -> Point {
    let (mut a, mut gx, mut gy) = (Covariance { xx: 1e-9, xy: 0.0, yy: 1e-9 }, 0.0, 0.0);
    for member in members {
        let ray = &rays.rays[*member];
        let place = rays.place(plane, ray.station);
        // The unit vector across the ray.
        let (nx, ny) = (ray.azimuth.cos(), -ray.azimuth.sin());
        let across = nx * place.x + ny * place.y;
        a.xx += nx * nx;
        a.xy += nx * ny;
        a.yy += ny * ny;
        gx += nx * across;
        gy += ny * across;
    }
    let inverse = a.inverse();
    let point = Point { x: inverse.xx * gx + inverse.xy * gy, y: inverse.xy * gx + inverse.yy * gy };
    let first = &rays.rays[members[0]];
    let place = rays.place(plane, first.station);
    let ahead = (point.x - place.x) * first.azimuth.sin() + (point.y - place.y) * first.azimuth.cos();
    if (0.5..REACH_M * 1.5).contains(&ahead) && point.distance(place) < REACH_M * 1.5 {
        return point;
    }
    place.towards(first.azimuth, first.range.map_or(REACH_M / 2.0, |range| range.ln.exp()))
}

/// The place that all sequences make together, from the place that each makes alone.
///
/// The cameras of a sequence are off together, which none of its rays can tell: each sequence's place has that offset
/// in its covariance, and the places are averaged by the inverses of the covariances.
fn fuse(rays: &Rays, plane: &Plane, start: Point, members: &[usize]) -> Fix {
    let mut by_sequence: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for member in members {
        by_sequence.entry(rays.camera_of(*member).sequence).or_default().push(*member);
    }
    let mut total = Covariance { xx: 1e-9, xy: 0.0, yy: 1e-9 };
    let (mut gx, mut gy) = (0.0, 0.0);
    for own in by_sequence.values() {
        let alone = solve(rays, plane, start, own).point;
        // Of rays too parallel to meet only the direction is believed.
        let alone = if alone.distance(start) < REACH_M { alone } else { start };
        let offset = own.iter().map(|m| rays.camera_of(*m).position_sd_m).fold(0.0, f64::max);
        let information = covariance(rays, plane, alone, own).plus_round(offset).inverse();
        total = total.plus(information);
        let step = (alone.x - start.x, alone.y - start.y);
        gx += information.xx * step.0 + information.xy * step.1;
        gy += information.xy * step.0 + information.yy * step.1;
    }
    let covariance = total.inverse();
    let point = Point {
        x: start.x + covariance.xx * gx + covariance.xy * gy,
        y: start.y + covariance.xy * gx + covariance.yy * gy,
    };
    Fix { point, covariance }
}

/// Covariance of a place from the rays of one sequence, with the offset of the heading that its cameras have in common
/// eliminated (Schur complement).
fn covariance(rays: &Rays, plane: &Plane, point: Point, members: &[usize]) -> Covariance {
    let ranges = members.iter().filter(|m| rays.rays[**m].range.is_some()).count() as f64;
    // Information of (x, y) and of the heading's offset: [[N, b], [b', c]].
    let mut own = Covariance { xx: 1e-9, xy: 0.0, yy: 1e-9 };
    let (mut bx, mut by, mut c) = (0.0, 0.0, 0.0);
    let mut heading_sd = 0.0_f64;
    for member in members {
        heading_sd = heading_sd.max(rays.camera_of(*member).heading_sd);
        // Half of the heading's variance is the sequence's, half the picture's own.
        let bearing = Term::bearing(rays, plane, point, *member, 0.5);
        let weight = bearing.weight();
        own = own.plus(bearing.information(weight));
        bx += weight * bearing.jx;
        by += weight * bearing.jy;
        c += weight;
        if let Some(range) = Term::range(rays, plane, point, *member, ranges) {
            own = own.plus(range.information(1.0 / range.variance));
        }
    }
    let common = (heading_sd / std::f64::consts::SQRT_2).max(1e-3);
    c += 1.0 / (common * common);
    Covariance { xx: own.xx - bx * bx / c, xy: own.xy - bx * by / c, yy: own.yy - by * by / c }.inverse()
}

/// The landmark of a group; its probability is still to be judged.
pub(super) fn place(rays: &Rays, group: &Group) -> Option<Landmark> {
    let (plane, fix, method) = fix(rays, group)?;
    let fix = match method {
        Method::Triangulated => fuse(rays, &plane, fix.point, &group.rays),
        _ => {
            let offset = rays.camera_of(group.rays[0]).position_sd_m;
            Fix { covariance: fix.covariance.plus_round(offset), ..fix }
        }
    };
    let covariance = fix.covariance;
    let finite =
        [fix.point.x, fix.point.y, covariance.xx, covariance.xy, covariance.yy].iter().all(|v| v.is_finite());
    if !finite {
        return None;
    }
    let (lon_deg, lat_deg) = plane.lon_lat(fix.point);
    let class = vote(rays, group);
    let said: f64 = group.rays.iter().map(|r| &rays.rays[*r]).filter(|r| r.class == class).map(|r| r.score).sum();
    let mut best_first = group.rays.clone();
    best_first.sort_by(|a, b| rays.rays[*b].score.total_cmp(&rays.rays[*a].score).then(a.cmp(b)));
    let facing = facing(rays, &plane, fix.point, &group.rays);
    Some(Landmark {
        lon_deg,
        lat_deg,
        covariance,
        class,
        class_confidence: (said / group.rays.len() as f64).clamp(0.0, 1.0),
        probability: 0.0,
        method,
        direction_deg: facing.filter(|_| method != Method::Bearing).map(|a| a.to_degrees().rem_euclid(360.0) % 360.0),
        sightings: best_first.into_iter().map(|ray| rays.rays[ray].sighting).collect(),
    })
}

/// The class that the scores of a group's rays add up highest for; the first of equals.
pub(super) fn vote(rays: &Rays, group: &Group) -> usize {
    let mut sums: Vec<(usize, f64)> = Vec::new();
    for ray in group.rays.iter().map(|r| &rays.rays[*r]) {
        match sums.iter_mut().find(|(class, _)| *class == ray.class) {
            Some((_, sum)) => *sum += ray.score,
            None => sums.push((ray.class, ray.score)),
        }
    }
    sums.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    sums.first().map_or(0, |(class, _)| *class)
}

/// Mean direction from a place to the cameras of its rays, radians; `None` where they stand all round it.
pub(super) fn facing(rays: &Rays, plane: &Plane, point: Point, members: &[usize]) -> Option<f64> {
    let (mut x, mut y) = (0.0, 0.0);
    for member in members {
        let place = rays.place(plane, rays.rays[*member].station);
        let distance = place.distance(point).max(1e-6);
        x += (place.x - point.x) / distance;
        y += (place.y - point.y) / distance;
    }
    (x.hypot(y) > 0.3 * members.len() as f64).then(|| x.atan2(y))
}
