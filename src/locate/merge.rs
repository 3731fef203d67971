//! Brings together what different chunks found of the same thing.

use rayon::prelude::*;

use super::align::shifted;
use super::grid::Grid;
use super::plane::Point;
use super::scene::Scene;
use super::solve::Fix;
use super::springs::Offsets;
use super::track::Tracks;

/// Squared Mahalanobis distance up to which two places may be one.
const GATE2: f64 = 9.0;
/// The same for the middles of what has been merged.
const MIDDLE_GATE2: f64 = 9.0 * 1.3;
/// How far two places may be apart beside what positions are off, metres.
const MAX_APART_M: f64 = 6.0;
/// The cosine between the ways two things face below which they face away from each other.
const AWAY: f64 = -0.5;
/// Partners of a place at most, the nearest ones.
const PARTNERS: usize = 24;

/// What one chunk found of a thing.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub class: usize,
    /// Indices of its rays, ascending; at most one a camera.
    pub rays: Vec<usize>,
    pub fix: Fix,
    /// The node of the tracks in whose middle it was seen.
    pub node: usize,
    /// Mean of the unit vectors to its cameras.
    pub towards: Point,
}

impl Local {
    pub(super) fn new(scene: &Scene, tracks: &Tracks, class: usize, rays: Vec<usize>, fix: Fix) -> Self {
        let cameras = rays.iter().map(|ray| scene.rays[*ray].camera);
        let node = tracks.of_camera[cameras.clone().sum::<usize>() / rays.len().max(1)];
        let towards = towards(cameras.map(|camera| scene.cameras[camera].place), fix.point);
        Self { class, rays, fix, node, towards }
    }

    /// Whether two may be one thing by their class and the way they face: the two faces of a pole are two things.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let cosine = self.towards.x * other.towards.x + self.towards.y * other.towards.y;
        let lengths = self.towards.distance(Point::default()) * other.towards.distance(Point::default());
        self.class == other.class && cosine >= AWAY * lengths
    }
}

/// Mean of the unit vectors from a place to others.
pub(super) fn towards(places: impl Iterator<Item = Point>, from: Point) -> Point {
    let (mut sum, mut n) = (Point::default(), 0.0);
    for place in places {
        let distance = place.distance(from).max(1e-6);
        sum = sum.plus((place.x - from.x) / distance, (place.y - from.y) / distance);
        n += 1.0;
    }
    Point { x: sum.x / f64::max(n, 1.0), y: sum.y / f64::max(n, 1.0) }
}

/// Groups of locals that are one thing: joined the nearest first by Mahalanobis distance, never two that share a
/// picture. `spread` is what sequences are still off each other once they are in line, as a variance of a node.
pub(super) fn merge(
    scene: &Scene,
    tracks: &Tracks,
    locals: &[Local],
    offsets: &Offsets,
    spread: impl Fn(usize) -> f64 + Sync,
) -> Vec<Vec<usize>> {
    let places: Vec<Point> = locals.iter().map(|local| shifted(local, offsets)).collect();
    let max_apart = |u: usize, v: usize| {
        let variance = |w: usize| tracks.nodes[locals[w].node].variance;
        MAX_APART_M + variance(u).max(variance(v)).sqrt().min(10.0)
    };
    let between = |u: usize, v: usize| {
        let (u, v) = (locals[u].node, locals[v].node);
        if tracks.are_apart(u, v) { spread(u) + spread(v) } else { 0.02 }
    };
    let partners = |u: usize, grid: &Grid| {
        let local = &locals[u];
        let mut near: Vec<(f64, usize, usize)> = grid
            .near(places[u])
            .filter(|v| *v != u && local.may_be(&locals[*v]))
            .filter_map(|v| {
                let (dx, dy) = (places[u].x - places[v].x, places[u].y - places[v].y);
                if dx.hypot(dy) > max_apart(u, v) {
                    return None;
                }
                let covariance = local.fix.covariance.plus(locals[v].fix.covariance).plus_round(between(u, v));
                let distance2 = covariance.distance2(dx, dy);
                (distance2 < GATE2).then_some((distance2, u.min(v), u.max(v)))
            })
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        near.truncate(PARTNERS);
        near
    };
    let most = tracks.nodes.iter().map(|node| node.variance).fold(0.0, f64::max).sqrt().min(10.0);
    let grid = Grid::new(places.iter().copied(), MAX_APART_M + most);
    let mut pairs: Vec<(f64, usize, usize)> =
        (0..locals.len()).into_par_iter().flat_map_iter(|u| partners(u, &grid)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    pairs.dedup_by_key(|pair| (pair.1, pair.2));

    let mut groups = Groups::new(scene, locals, &places);
    for (_, u, v) in pairs {
        let (u, v) = (groups.root(u), groups.root(v));
        if u == v {
            continue;
        }
        let step = groups.middles[u].distance2(groups.middles[v]);
        let variance = groups.variances[u] + groups.variances[v] + between(u, v).max(0.05);
        let near = step <= max_apart(u, v).powi(2) && step <= MIDDLE_GATE2 * variance;
        if near && !share_any(&groups.cameras[u], &groups.cameras[v]) {
            groups.join(u, v);
        }
    }
    groups.members.into_iter().filter(|members| !members.is_empty()).collect()
}

/// Locals being joined; the joined ones live on under the number of one of them.
struct Groups {
    owner: Vec<usize>,
    members: Vec<Vec<usize>>,
    /// Cameras that see a group, ascending.
    cameras: Vec<Vec<usize>>,
    middles: Vec<Point>,
    weights: Vec<f64>,
    variances: Vec<f64>,
}

impl Groups {
    fn new(scene: &Scene, locals: &[Local], places: &[Point]) -> Self {
        let cameras = |local: &Local| local.rays.iter().map(|ray| scene.rays[*ray].camera).collect();
        Self {
            owner: (0..locals.len()).collect(),
            members: (0..locals.len()).map(|u| vec![u]).collect(),
            cameras: locals.iter().map(cameras).collect(),
            middles: places.to_vec(),
            weights: locals.iter().map(|local| local.rays.len() as f64).collect(),
            variances: locals.iter().map(|local| local.fix.covariance.mean()).collect(),
        }
    }

    fn root(&mut self, u: usize) -> usize {
        let mut root = u;
        while self.owner[root] != root {
            root = self.owner[root];
        }
        self.owner[u] = root;
        root
    }

    fn join(&mut self, u: usize, v: usize) {
        self.owner[v] = u;
        let members = std::mem::take(&mut self.members[v]);
        self.members[u].extend(members);
        let cameras = std::mem::take(&mut self.cameras[v]);
        self.cameras[u].extend(cameras);
        self.cameras[u].sort_unstable();
        let (a, b) = (self.weights[u], self.weights[v]);
        let (p, q) = (self.middles[u], self.middles[v]);
        self.middles[u] = Point { x: (a * p.x + b * q.x) / (a + b), y: (a * p.y + b * q.y) / (a + b) };
        self.weights[u] = a + b;
    }
}

/// Whether two ascending lists have a number in common.
fn share_any(a: &[usize], b: &[usize]) -> bool {
    let (mut i, mut j) = (0, 0);
    while let (Some(u), Some(v)) = (a.get(i), b.get(j)) {
        match u.cmp(v) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}
