//! Tracks cut into nodes, each with one offset that all its cameras share.

use std::ops::Range;

use super::plane::Point;
use super::scene::Scene;

/// Length of a node along the track, metres.
const LENGTH_M: f64 = 20.0;
/// Errors of positions this far apart along a track have little in common, metres: the distance over which their
/// correlation falls to 1/e.
const CORRELATION_M: f64 = 250.0;

/// Consecutive cameras of a chunk.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub chunk: usize,
    pub middle: Point,
    pub sequence: usize,
    /// Variance of the offset along each axis, square metres.
    pub variance: f64,
    /// Correlation of the offset with that of the node before; nothing for another sequence's.
    pub correlation: f64,
}

/// The nodes of all chunks, in the order of the cameras.
pub(super) struct Tracks {
    pub nodes: Vec<Node>,
    /// The node of each camera.
    pub of_camera: Vec<usize>,
}

impl Tracks {
    pub(super) fn new(scene: &Scene, chunks: &[Range<usize>]) -> Self {
        let mut tracks = Self { nodes: Vec::new(), of_camera: Vec::with_capacity(scene.cameras.len()) };
        let mut before: Option<(usize, Point)> = None;
        for (chunk, cameras) in chunks.iter().enumerate() {
            for part in parts(scene, cameras) {
                let of_part = &scene.cameras[part.clone()];
                let sequence = of_part[0].sequence;
                let place = super::chunk::middle(scene, &part);
                let near = before.filter(|(other, _)| *other == sequence);
                let correlation = near.map_or(0.0, |(_, there)| (-there.distance(place) / CORRELATION_M).exp());
                let variance = of_part.iter().map(|c| c.position_sd_m.powi(2)).sum::<f64>() / of_part.len() as f64;
                tracks.of_camera.extend(of_part.iter().map(|_| tracks.nodes.len()));
                tracks.nodes.push(Node {
                    chunk,
                    middle: place,
                    sequence,
                    variance,
                    correlation: correlation.min(0.999),
                });
                before = Some((sequence, place));
            }
        }
        tracks
    }

    /// Whether the errors of two nodes have nothing to do with each other: those of two sequences, or of one that
    /// has come back.
    pub(super) fn are_apart(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.nodes[a], &self.nodes[b]);
        a.sequence != b.sequence || a.chunk.abs_diff(b.chunk) > 1
    }
}

/// The cameras of a chunk in parts of about equal way.
fn parts(scene: &Scene, cameras: &Range<usize>) -> Vec<Range<usize>> {
    let mut way = vec![0.0];
    for pair in scene.cameras[cameras.clone()].windows(2) {
        way.push(way[way.len() - 1] + pair[0].place.distance(pair[1].place));
    }
    let length = way[way.len() - 1];
    let parts = (length / LENGTH_M).round().max(1.0);
    let part = |index: usize| (way[index] / length.max(1e-9) * parts).floor().min(parts - 1.0);
    let mut ranges = Vec::new();
    let mut begin = 0;
    for index in 1..=way.len() {
        if index == way.len() || part(index) != part(begin) {
            ranges.push(cameras.start + begin..cameras.start + index);
            begin = index;
        }
    }
    ranges
}
