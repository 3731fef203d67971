//! Landmarks that belong together: signs and plates on one pole, modules of one roof.

use rayon::prelude::*;

use super::grid::Grid;
use super::place::{Placed, Poses};
use super::plane::Point;
use super::scene::{Ray, wrap};

/// Landmarks farther apart than this hang on two poles, however uncertain they are, metres.
const MAX_POLE_M: f64 = 4.0;
/// How far things on one pole are off its middle, metres.
const POLE_SD_M: f64 = 0.15;
/// Mean squared residual up to which things are on one pole.
const POLE_GATE2: f64 = 4.0;
/// Squared Mahalanobis distance up to which they are.
const PLACE_GATE2: f64 = 9.0;
/// Modules nearer than this are of one installation, metres.
const INSTALLATION_M: f64 = 10.0;
/// Modules between which there is less than this share of their width are of one installation.
const GAP_WIDTHS: f64 = 0.5;
/// Modules are looked for together up to this distance, metres.
const MAX_INSTALLATION_M: f64 = 30.0;

/// For each landmark the number of its support, if it shares one: wherever two are seen in one picture, they are in
/// one direction as seen from there, and their places do not speak against it.
///
/// Headings and positions are off for both alike, so this is much sharper than their places are.
pub(super) fn supports(poses: &Poses<'_>, landmarks: &[Placed]) -> Vec<Option<usize>> {
    let on_one_pole = |a: &Placed, b: &Placed| {
        let (dx, dy) = (a.fix.point.x - b.fix.point.x, a.fix.point.y - b.fix.point.y);
        let covariance = a.relative.plus(b.relative).plus_round(POLE_SD_M * POLE_SD_M);
        if covariance.distance2(dx, dy) > PLACE_GATE2 {
            return false;
        }
        let middle = Point { x: (a.fix.point.x + b.fix.point.x) / 2.0, y: (a.fix.point.y + b.fix.point.y) / 2.0 };
        let (mut sum, mut count) = (0.0, 0.0);
        for (u, v) in seen_together(poses, a, b) {
            let distance = poses.place(u.camera).distance(middle);
            let across = distance * wrap(u.azimuth - v.azimuth);
            let variance = POLE_SD_M * POLE_SD_M + distance * distance * (u.pixel_variance + v.pixel_variance);
            sum += across * across / variance;
            count += 1.0;
        }
        count > 0.0 && sum <= POLE_GATE2 * count
    };
    groups(landmarks, MAX_POLE_M, on_one_pole)
}

/// For each landmark the number of its installation: what is a few metres apart, or next to each other in a picture.
/// One that stands alone is an installation too.
pub(super) fn installations(poses: &Poses<'_>, landmarks: &[Placed]) -> Vec<Option<usize>> {
    let of_one = |a: &Placed, b: &Placed| {
        let near = a.fix.point.distance(b.fix.point) <= INSTALLATION_M;
        let touch = || {
            seen_together(poses, a, b).any(|(u, v)| {
                let width = (u.width + v.width) / 2.0;
                width > 0.0 && wrap(u.azimuth - v.azimuth).abs() <= width * (1.0 + GAP_WIDTHS)
            })
        };
        near || touch()
    };
    let together = groups(landmarks, MAX_INSTALLATION_M, of_one);
    let next = together.iter().flatten().max().map_or(0, |most| most + 1);
    together.into_iter().zip(next..).map(|(group, own)| Some(group.unwrap_or(own))).collect()
}

/// The rays of two landmarks by which one picture sees both.
fn seen_together<'a>(poses: &'a Poses<'_>, a: &'a Placed, b: &'a Placed) -> impl Iterator<Item = (&'a Ray, &'a Ray)> {
    let ray = |ray: &usize| &poses.scene.rays[*ray];
    a.rays.iter().map(ray).filter_map(move |u| b.rays.iter().map(ray).find(|v| v.camera == u.camera).map(|v| (u, v)))
}

/// Numbers for what hangs together by pairs within a distance; nothing for what hangs with nothing.
fn groups(
    landmarks: &[Placed],
    reach_m: f64,
    hang_together: impl Fn(&Placed, &Placed) -> bool + Sync,
) -> Vec<Option<usize>> {
    let grid = Grid::new(landmarks.iter().map(|landmark| landmark.fix.point), reach_m);
    let partners = |a: usize| -> Vec<usize> {
        let there = &landmarks[a];
        let near = grid.near(there.fix.point).filter(|b| *b > a);
        near.filter(|b| there.fix.point.distance(landmarks[*b].fix.point) <= reach_m)
            .filter(|b| hang_together(there, &landmarks[*b]))
            .collect()
    };
    let partners: Vec<Vec<usize>> = (0..landmarks.len()).into_par_iter().map(partners).collect();
    let mut owner: Vec<usize> = (0..landmarks.len()).collect();
    let root = |owner: &[usize], mut a: usize| {
        while owner[a] != a {
            a = owner[a];
        }
        a
    };
    let mut is_alone = vec![true; landmarks.len()];
    for (a, partners) in partners.iter().enumerate() {
        for b in partners {
            (is_alone[a], is_alone[*b]) = (false, false);
            let (u, v) = (root(&owner, a), root(&owner, *b));
            owner[u.max(v)] = u.min(v);
        }
    }
    (0..landmarks.len()).map(|a| (!is_alone[a]).then(|| root(&owner, a))).collect()
}
