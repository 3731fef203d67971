//! Simple figures on the faces of signs.

use crate::shape::{Point, Shape, arc, disc, line, polygon};

/// A walking figure of the given height around its middle.
pub fn walker(middle: Point, height: f64) -> Vec<Shape> {
    let at = |p: &Point| (middle.0 + p.0 * height, middle.1 + p.1 * height);
    let limb =
        |points: &[Point], half_width: f64| line(&points.iter().map(at).collect::<Vec<_>>(), half_width * height);
    vec![
        disc(at(&(0.02, 0.42)), 0.085 * height),
        limb(&[(0.0, 0.22), (-0.01, -0.02)], 0.085),
        limb(&[(0.0, -0.04), (0.12, -0.24), (0.17, -0.46), (0.24, -0.46)], 0.045),
        limb(&[(-0.02, -0.04), (-0.1, -0.24), (-0.25, -0.46), (-0.2, -0.48)], 0.045),
        limb(&[(0.02, 0.26), (0.17, 0.08), (0.26, 0.1)], 0.036),
        limb(&[(-0.02, 0.26), (-0.17, 0.12), (-0.2, -0.04)], 0.036),
    ]
}

/// The stripes of a crossing, seen from the pavement.
pub fn zebra(middle_y: f64, width: f64) -> Vec<Shape> {
    let stripe = |i: i32| {
        let x = |height: f64| f64::from(i) * width / 5.0 * (1.0 - 0.25 * height);
        let (half, low, high) = (width / 20.0, middle_y - 0.03, middle_y + 0.03);
        polygon(&[
            (x(0.0) - half, low),
            (x(0.0) + half, low),
            (x(1.0) + half * 0.8, high),
            (x(1.0) - half * 0.8, high),
        ])
    };
    (-2..=2).map(stripe).collect()
}

/// A bicycle of the given length in the middle of a face.
pub fn bicycle(length: f64, half_width: f64) -> Vec<Shape> {
    let stroke =
        |points: &[Point]| line(&points.iter().map(|p| (p.0 * length, p.1 * length)).collect::<Vec<_>>(), half_width);
    let (rear, front, crank) = ((-0.34, -0.12), (0.34, -0.12), (-0.03, -0.13));
    let (saddle, head) = ((-0.12, 0.16), (0.23, 0.14));
    let wheel = |hub: Point| stroke(&arc(hub, (0.18, 0.18), 0.0, 360.0));
    vec![
        wheel(rear),
        wheel(front),
        stroke(&[rear, crank, head, (-0.1, 0.1), rear]),
        stroke(&[crank, saddle]),
        stroke(&[(-0.19, 0.2), (-0.06, 0.2)]),
        stroke(&[front, head, (0.2, 0.24), (0.3, 0.26)]),
    ]
}
