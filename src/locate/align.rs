//! Brings sequences into line with each other: one offset for each node of their tracks.
//!
//! Objects of one class that different sequences see near each other are pulled together, each by all that may be
//! the same; the width of "near" shrinks from what positions are off to what is left once they are in line.

use rayon::prelude::*;

use super::grid::Grid;
use super::merge::Local;
use super::plane::Point;
use super::springs::{Offsets, Spring, relax};
use super::track::Tracks;

/// Rounds over which the width shrinks.
const ROUNDS: usize = 16;
/// The width of the last round, metres.
const LAST_WIDTH_M: f64 = 0.6;
/// The width of the first round, relative to the standard deviation of a position.
const FIRST_WIDTH: f64 = 1.4;
/// The farthest that partners are looked for, in widths.
const WIDTHS: f64 = 3.0;
/// Partners of an object at most, the nearest ones.
const PARTNERS: usize = 16;
/// Weight of having no partner at all, against that of one at no distance.
const ALONE: f64 = 0.3;
/// What two objects are apart beside their own variances, square metres.
const APART_VARIANCE: f64 = 1.0;

/// What an object is off its thing beside its own variance, square metres.
const TIED_VARIANCE: f64 = 1.0;

/// How far the offset of a node is off those of its cameras, as a share of the variance of a position.
const DRIFT: f64 = 0.15;

/// Two objects that may be one thing.
struct Pair {
    a: usize,
    b: usize,
    variance: f64,
}

/// The offset of each node, to be added to what its cameras say.
pub(super) fn align(tracks: &Tracks, locals: &[Local]) -> Offsets {
    let mut offsets = vec![[0.0; 2]; tracks.nodes.len()];
    let pairs = pairs(tracks, locals);
    if pairs.is_empty() {
        return offsets;
    }
    let mean = tracks.nodes.iter().map(|node| node.variance).sum::<f64>() / tracks.nodes.len() as f64;
    let first_width = (FIRST_WIDTH * mean.sqrt()).max(LAST_WIDTH_M);
    let mut springs = Vec::new();
    for round in 0..ROUNDS {
        let share = round as f64 / (ROUNDS - 1) as f64;
        let width = first_width * (1.0 - share) + LAST_WIDTH_M * share;
        attract(&pairs, locals, &offsets, width, &mut springs);
        relax(&tracks.nodes, &springs, &mut offsets);
    }
    offsets
}

/// The offsets of all nodes once it is known which objects are one thing: each thing is one more unknown, that all of
/// its objects are tied to.
pub(super) fn tie(tracks: &Tracks, locals: &[Local], groups: &[Vec<usize>], offsets: &mut Offsets) {
    let nodes = tracks.nodes.len();
    let mut springs = Vec::new();
    for group in groups.iter().filter(|group| group.len() >= 2) {
        let (mut sum, mut weights) = ([0.0; 2], 0.0);
        for local in group.iter().map(|local| &locals[*local]) {
            let weight = tie_weight(local, tracks);
            let at = local.fix.point;
            // Offset of the node less the thing's place is the object's own place, taken negative.
            springs.push(Spring { a: local.node as u32, b: offsets.len() as u32, weight, step: [-at.x, -at.y] });
            let there = shifted(local, offsets);
            sum = [sum[0] + weight * there.x, sum[1] + weight * there.y];
            weights += weight;
        }
        offsets.push([sum[0] / weights, sum[1] / weights]);
    }
    relax(&tracks.nodes, &springs, offsets);
    offsets.truncate(nodes);
}

/// How surely an object ties its node to its thing, 1/m².
pub(super) fn tie_weight(local: &Local, tracks: &Tracks) -> f64 {
    let drift = DRIFT * tracks.nodes[local.node].variance;
    1.0 / (TIED_VARIANCE + drift + local.fix.covariance.mean())
}

/// Where an object is with the offset of its node.
pub(super) fn shifted(local: &Local, offsets: &Offsets) -> Point {
    let [x, y] = offsets[local.node];
    local.fix.point.plus(x, y)
}

/// Pairs of objects of one class and facing, from tracks apart from each other.
fn pairs(tracks: &Tracks, locals: &[Local]) -> Vec<Pair> {
    let reach = |node: usize| (WIDTHS * FIRST_WIDTH * tracks.nodes[node].variance.sqrt()).max(5.0);
    let side = locals.iter().map(|local| reach(local.node)).fold(5.0, f64::max).min(40.0);
    let grid = Grid::new(locals.iter().map(|local| local.fix.point), side);
    let partners = |u: usize| {
        let local = &locals[u];
        let mut near: Vec<(f64, usize)> = grid
            .near(local.fix.point)
            .filter(|v| *v != u && local.may_be(&locals[*v]) && tracks.are_apart(local.node, locals[*v].node))
            .map(|v| (local.fix.point.distance(locals[v].fix.point), v))
            .filter(|(distance, _)| *distance <= reach(local.node))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.truncate(PARTNERS);
        near.into_iter().map(move |(_, v)| (u.min(v), u.max(v)))
    };
    let anchored: Vec<usize> = (0..locals.len()).filter(|u| locals[*u].rays.len() >= 2).collect();
    let mut pairs: Vec<(usize, usize)> = anchored.par_iter().flat_map_iter(|u| partners(*u)).collect();
    pairs.retain(|(a, b)| locals[*a].rays.len() >= 2 && locals[*b].rays.len() >= 2);
    pairs.sort_unstable();
    pairs.dedup();
    let variance = |a: usize, b: usize| locals[a].fix.covariance.mean() + locals[b].fix.covariance.mean();
    pairs.into_iter().map(|(a, b)| Pair { a, b, variance: variance(a, b) }).collect()
}

/// A spring for each pair. Its weight is the share that each has among the partners of the other, by
/// exp(−d²/2(width² + variances)), over the variance between them.
fn attract(pairs: &[Pair], locals: &[Local], offsets: &Offsets, width: f64, springs: &mut Vec<Spring>) {
    let reach2 = (WIDTHS * width).powi(2);
    let nearness = |pair: &Pair| {
        let distance2 = shifted(&locals[pair.a], offsets).distance2(shifted(&locals[pair.b], offsets));
        if distance2 > reach2 { 0.0 } else { (-0.5 * distance2 / (width * width + pair.variance)).exp() }
    };
    let near: Vec<f64> = pairs.par_iter().map(nearness).collect();
    let mut sums = vec![ALONE; locals.len()];
    for (pair, near) in pairs.iter().zip(&near) {
        sums[pair.a] += near;
        sums[pair.b] += near;
    }
    springs.clear();
    for (pair, near) in pairs.iter().zip(&near).filter(|(_, near)| **near > 1e-3) {
        let (a, b) = (&locals[pair.a], &locals[pair.b]);
        if a.node == b.node {
            continue;
        }
        let weight = near * (1.0 / sums[pair.a] + 1.0 / sums[pair.b]) / (APART_VARIANCE + 0.5 * pair.variance);
        let (p, q) = (a.fix.point, b.fix.point);
        springs.push(Spring { a: a.node as u32, b: b.node as u32, weight, step: [q.x - p.x, q.y - p.y] });
    }
}
