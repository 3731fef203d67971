//! Of the boxes that show one thing, the best stays.

use super::Detection;
use crate::view::Overlap;

/// The most detections of one picture. No street shows so many things; a broken model may.
const MAX_DETECTIONS: usize = 1000;

/// Drops the weaker of two boxes that overlap by more than `iou`, or of which one lies in the other.
///
/// `period` is the width after which the picture repeats, so that a thing on the seam stays one. With `exclusive`,
/// boxes of different classes suppress each other too. The result is sorted: best first, ties from the left.
pub(super) fn suppress(mut found: Vec<Detection>, iou: f32, exclusive: bool, period: Option<f32>) -> Vec<Detection> {
    let place = |d: &Detection| (d.pixels.x0, d.pixels.y0, d.pixels.x1, d.pixels.y1);
    found.sort_by(|a, b| {
        let ((ax, ay, ar, ab), (bx, by, br, bb)) = (place(a), place(b));
        let across = ax.total_cmp(&bx).then(ar.total_cmp(&br));
        let down = ay.total_cmp(&by).then(ab.total_cmp(&bb));
        b.score.total_cmp(&a.score).then(across).then(down).then(a.class.cmp(&b.class))
    });
    let mut kept: Vec<Detection> = Vec::new();
    for next in found {
        if kept.len() >= MAX_DETECTIONS {
            break;
        }
        let doubled =
            kept.iter().any(|better| (exclusive || better.class == next.class) && same(better, &next, iou, period));
        if !doubled {
            kept.push(next);
        }
    }
    kept
}

/// Whether two boxes show one thing.
pub(crate) fn same(a: &Detection, b: &Detection, iou: f32, period: Option<f32>) -> bool {
    let overlap = Overlap::around(&a.pixels, &b.pixels, period);
    overlap.exceeds(iou) || overlap.is_contained()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::PixelBox;
    use proptest::prelude::*;

    fn detection(class: usize, score: f32, x0: f32, width: f32) -> Detection {
        Detection { class, score, reading: None, pixels: PixelBox { x0, y0: 10.0, x1: x0 + width, y1: 10.0 + width } }
    }

    #[test]
    fn the_best_of_a_pile_stays() {
        let kept = suppress(
            vec![detection(0, 0.5, 100.0, 40.0), detection(0, 0.9, 102.0, 40.0), detection(0, 0.4, 200.0, 40.0)],
            0.5,
            false,
            None,
        );
        assert_eq!(kept.iter().map(|d| d.score).collect::<Vec<_>>(), [0.9, 0.4]);
    }

    #[test]
    fn half_a_thing_goes_with_the_whole() {
        let kept = suppress(vec![detection(0, 0.9, 100.0, 80.0), detection(0, 0.5, 100.0, 30.0)], 0.5, false, None);
        assert_eq!(kept.len(), 1);
    }

    #[test]
    fn classes_suppress_each_other_only_where_they_exclude_each_other() {
        let found = vec![detection(0, 0.9, 100.0, 40.0), detection(1, 0.5, 100.0, 40.0)];
        assert_eq!(suppress(found.clone(), 0.5, false, None).len(), 2);
        assert_eq!(suppress(found, 0.5, true, None).len(), 1);
    }

    #[test]
    fn over_the_seam_one_thing_is_one() {
        let found = vec![detection(0, 0.9, -20.0, 40.0), detection(0, 0.5, 3980.0, 40.0)];
        assert_eq!(suppress(found.clone(), 0.5, false, Some(4000.0)).len(), 1);
        assert_eq!(suppress(found, 0.5, false, None).len(), 2);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            boxes in proptest::collection::vec((0usize..2, 0.0f32..1.0, 0.0f32..300.0, 5.0f32..60.0), 0..30),
            shift in 0usize..30,
        ) {
            let found: Vec<Detection> = boxes.into_iter().map(|(c, s, x, w)| detection(c, s, x, w)).collect();
            let mut turned = found.clone();
            turned.rotate_left(shift % found.len().max(1));
            prop_assert_eq!(suppress(found, 0.5, true, Some(300.0)), suppress(turned, 0.5, true, Some(300.0)));
        }
    }
}
