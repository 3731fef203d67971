//! The few digits and letters that the signs need, as pen strokes.

use crate::shape::{Point, Shape, arc};

/// The strokes that write `text` in the middle of a face.
pub fn written(text: &str, letter: (f64, f64), advance: f64, half_width: f64) -> Vec<Shape> {
    let middle = (text.chars().count() as f64 - 1.0) / 2.0;
    let size = (letter.0 - 2.0 * half_width, letter.1 - 2.0 * half_width);
    let placed = |(i, c): (usize, char)| {
        let x = (i as f64 - middle) * advance;
        strokes(c).into_iter().map(move |points| {
            let points = points.into_iter().map(|p| (x + p.0 * size.0, p.1 * size.1)).collect();
            Shape::Line { points, half_width }
        })
    };
    text.chars().enumerate().flat_map(placed).collect()
}

/// Strokes in a box from −½ to ½ on both axes.
fn strokes(c: char) -> Vec<Vec<Point>> {
    match c {
        '0' | 'O' => vec![
            [
                arc((0.0, 0.18), (0.5, 0.32), 0.0, 180.0),
                arc((0.0, -0.18), (0.5, 0.32), 180.0, 360.0),
                vec![(0.5, 0.18)],
            ]
            .concat(),
        ],
        '3' => vec![
            [arc((-0.03, 0.26), (0.43, 0.24), 155.0, -90.0), arc((0.0, -0.24), (0.5, 0.26), 90.0, -155.0)].concat(),
        ],
        '5' => vec![
            [vec![(0.42, 0.5), (-0.36, 0.5), (-0.42, 0.06)], arc((0.0, -0.18), (0.5, 0.32), 145.0, -145.0)].concat(),
        ],
        'S' => {
            vec![[arc((0.0, 0.25), (0.45, 0.25), 30.0, 270.0), arc((0.0, -0.25), (0.5, 0.25), 90.0, -150.0)].concat()]
        }
        'T' => vec![vec![(-0.5, 0.5), (0.5, 0.5)], vec![(0.0, 0.5), (0.0, -0.5)]],
        'P' => vec![
            [
                vec![(-0.45, -0.5), (-0.45, 0.5), (0.1, 0.5)],
                arc((0.1, 0.23), (0.38, 0.27), 90.0, -90.0),
                vec![(-0.45, -0.04)],
            ]
            .concat(),
        ],
        other => unreachable!("no sign of the sample street shows {other:?}"),
    }
}
