//! Where a group of rays puts its thing, and how sure that is.

use std::collections::BTreeMap;

use super::associate::Group;
use super::plane::{Covariance, Plane, Point};
use super::rays::{Rays, wrap};
use super::{Landmark, Method};

/// Where a thing is put that one ray of no range sees, metres from the camera, and the standard deviation of that.
const GUESSED_RANGE_M: (f64, f64) = (12.0, 8.0);

/// A place and its covariance, without what all cameras of a sequence are off together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fix {
    pub point: Point,
    pub covariance: Covariance,
}

/// Gauss–Newton on the bearings and the logarithms of the ranges, with Cauchy weights.
///
/// Bearing: e = wrap(θ − atan2(Δx, Δy)), J = (Δy, −Δx)/r², σ² = σ_pixel² + σ_heading² + σ_position²/r², weight
/// 1/(σ²(1 + e²/4σ²)). Range: J = (Δx, Δy)/r², variance σ_own² + n·σ_size², as all n ranges share the unknown size.
pub(super) fn solve(rays: &Rays, plane: &Plane, start: Point, members: &[usize]) -> Fix {
    let mut point = start;
    let mut covariance = Covariance { xx: 1e4, xy: 0.0, yy: 1e4 };
    let ranges = members.iter().filter(|m| rays.rays[**m].range.is_some()).count() as f64;
    for _ in 0..10 {
        let mut information = Covariance { xx: 1e-6, xy: 0.0, yy: 1e-6 };
        let (mut gx, mut gy) = (0.0, 0.0);
        for member in members {
            let ray = &rays.rays[*member];
            let place = rays.place(plane, ray.station);
            let (dx, dy) = (point.x - place.x, point.y - place.y);
            let r2 = (dx * dx + dy * dy).max(0.25);
            let mut add = |jx: f64, jy: f64, error: f64, variance: f64| {
                let weight = 1.0 / (variance * (1.0 + error * error / (4.0 * variance)));
                information.xx += weight * jx * jx;
                information.xy += weight * jx * jy;
                information.yy += weight * jy * jy;
                gx += weight * jx * error;
                gy += weight * jy * error;
            };
            let variance = ray.pixel_sd.powi(2) + rays.pose_variance(ray.station, r2.sqrt());
            add(dy / r2, -dx / r2, wrap(ray.azimuth - dx.atan2(dy)), variance);
            if let Some(range) = ray.range {
                let relative = rays.cameras[ray.station].relative_sd_m.powi(2) / r2;
                let variance = range.own_sd.powi(2) + ranges * range.size_sd.powi(2) + relative;
                add(dx / r2, dy / r2, range.ln - 0.5 * r2.ln(), variance);
            }
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
    if (0.5..super::rays::REACH_M * 1.5).contains(&ahead) && point.distance(place) < super::rays::REACH_M * 1.5 {
        return point;
    }
    place.towards(first.azimuth, first.range.map_or(super::rays::REACH_M / 2.0, |range| range.ln.exp()))
}

/// The place that all sequences make together, from the place that each makes alone.
///
/// The cameras of a sequence are off together, which none of its rays can tell: each sequence's place has that offset
/// in its covariance, and the places are averaged by the inverses of the covariances.
fn fuse(rays: &Rays, plane: &Plane, start: Point, members: &[usize]) -> Fix {
    let mut by_sequence: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for member in members {
        by_sequence.entry(rays.cameras[rays.rays[*member].station].sequence).or_default().push(*member);
    }
    let mut total = Covariance { xx: 1e-9, xy: 0.0, yy: 1e-9 };
    let (mut gx, mut gy) = (0.0, 0.0);
    for own in by_sequence.values() {
        let alone = solve(rays, plane, start, own).point;
        // Of rays too parallel to meet only the direction is believed.
        let alone = if alone.distance(start) < super::rays::REACH_M { alone } else { start };
        let offset = own.iter().map(|m| rays.cameras[rays.rays[*m].station].position_sd_m).fold(0.0, f64::max);
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
        let ray = &rays.rays[*member];
        let camera = &rays.cameras[ray.station];
        heading_sd = heading_sd.max(camera.heading_sd);
        let place = rays.place(plane, ray.station);
        let (dx, dy) = (point.x - place.x, point.y - place.y);
        let r2 = (dx * dx + dy * dy).max(0.25);
        // Half of the heading's variance is the sequence's, half the picture's own.
        let variance = ray.pixel_sd.powi(2) + camera.heading_sd.powi(2) / 2.0 + camera.relative_sd_m.powi(2) / r2;
        let error = wrap(ray.azimuth - dx.atan2(dy));
        let weight = 1.0 / (variance * (1.0 + error * error / (4.0 * variance)));
        let (jx, jy) = (dy / r2, -dx / r2);
        own = own.plus(Covariance { xx: weight * jx * jx, xy: weight * jx * jy, yy: weight * jy * jy });
        bx += weight * jx;
        by += weight * jy;
        c += weight;
        if let Some(range) = ray.range {
            let variance = range.own_sd.powi(2) + ranges * range.size_sd.powi(2) + camera.relative_sd_m.powi(2) / r2;
            let (jx, jy, weight) = (dx / r2, dy / r2, 1.0 / variance);
            own = own.plus(Covariance { xx: weight * jx * jx, xy: weight * jx * jy, yy: weight * jy * jy });
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
            let offset = rays.cameras[rays.rays[group.rays[0]].station].position_sd_m;
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
