//! Sequences cut into chunks, within which the errors of the cameras are taken as shared.

use std::ops::Range;

use super::plane::Point;
use super::scene::Scene;

/// Length of a chunk along the track, metres.
const LENGTH_M: f64 = 250.0;
/// Cameras of a chunk at most: a camera that stands still takes many pictures on no way at all.
const MAX_CAMERAS: usize = 160;
/// Two pictures farther apart than this begin a new chunk, metres.
const GAP_M: f64 = 100.0;

/// The chunks of all sequences: consecutive cameras each, of about equal lengths within a sequence.
pub(super) fn chunks(scene: &Scene) -> Vec<Range<usize>> {
    let cameras = &scene.cameras;
    let mut chunks = Vec::new();
    let mut first = 0;
    // The way from the first camera of a stretch without gaps.
    let mut way = Vec::new();
    for index in 0..=cameras.len() {
        let step = match (index.checked_sub(1).map(|before| &cameras[before]), cameras.get(index)) {
            (Some(before), Some(camera)) if before.sequence == camera.sequence => before.place.distance(camera.place),
            (None, Some(_)) => 0.0,
            _ => f64::INFINITY,
        };
        if step > GAP_M {
            cut(first, &way, &mut chunks);
            (first, way) = (index, vec![0.0]);
        } else {
            way.push(way.last().copied().unwrap_or_default() + step);
        }
    }
    chunks
}

/// Cuts a stretch, given by the way to each of its cameras, into equal parts.
fn cut(first: usize, way: &[f64], chunks: &mut Vec<Range<usize>>) {
    let Some(length) = way.last() else { return };
    let parts = (length / LENGTH_M).ceil().max(1.0);
    let part = |way: f64| (way / length.max(1e-9) * parts).floor().min(parts - 1.0);
    let mut begin = 0;
    for index in 1..=way.len() {
        let ends = way.get(index).is_none_or(|w| part(*w) != part(way[begin])) || index - begin >= MAX_CAMERAS;
        if ends {
            chunks.push(first + begin..first + index);
            begin = index;
        }
    }
}

/// The middle of consecutive cameras.
pub(super) fn middle(scene: &Scene, cameras: &Range<usize>) -> Point {
    let n = cameras.len().max(1) as f64;
    let sum = scene.cameras[cameras.clone()].iter().fold(Point::default(), |s, c| s.plus(c.place.x, c.place.y));
    Point { x: sum.x / n, y: sum.y / n }
}
