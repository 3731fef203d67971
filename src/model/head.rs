//! The forms in which detectors write their boxes.

use serde::{Deserialize, Serialize};

use crate::view::PixelBox;

/// The forms that are understood, for messages.
pub(super) const UNDERSTOOD: &str = "one float input [1, 3, height, width], and one output of
  yolox   [1, points, 5 + classes]: raw grid of strides 8, 16, 32 (offsets, log sizes, objectness, classes)
  yolov5  [1, 3 × points, 5 + classes]: centre, size, objectness, classes, in pixels
  yolov8  [1, 4 + classes, points]: centre, size, classes, in pixels (YOLOv8 and YOLO11, exported without suppression)
with a manifest NAME.json beside NAME.onnx, or with 'names' and 'imgsz' in its metadata";

const STRIDES: [u32; 3] = [8, 16, 32];

/// The form of a detector's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// YOLOX: a raw grid of strides 8, 16 and 32, still to be decoded.
    Yolox,
    /// YOLOv5: three anchors a point, decoded, with an objectness.
    Yolov5,
    /// YOLOv8 and YOLO11: one box a point, decoded, numbers before points, no objectness.
    #[serde(alias = "yolov11", alias = "yolo11")]
    Yolov8,
}

/// A box before suppression, in pixels of its view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub class: usize,
    pub score: f32,
    pub found: PixelBox,
}

/// Points of the grids of an input.
fn points(input: (u32, u32)) -> usize {
    STRIDES.iter().map(|s| (input.0 / s) as usize * (input.1 / s) as usize).sum()
}

impl Head {
    /// The head whose output has this shape; `None` where none has.
    pub(super) fn of_shape(shape: &[usize], input: (u32, u32), classes: usize) -> Option<Self> {
        [Self::Yolox, Self::Yolov5, Self::Yolov8].into_iter().find(|head| head.shape(input, classes) == shape)
    }

    /// The shape of the output for an input of (width, height) pixels.
    pub(super) fn shape(self, input: (u32, u32), classes: usize) -> [usize; 3] {
        match self {
            Self::Yolox => [1, points(input), 5 + classes],
            Self::Yolov5 => [1, 3 * points(input), 5 + classes],
            Self::Yolov8 => [1, 4 + classes, points(input)],
        }
    }

    /// Adds the boxes that score at least `confidence` to `candidates`. `output` must have [`Head::shape`].
    pub(super) fn read(
        self,
        output: &[f32],
        input: (u32, u32),
        classes: usize,
        confidence: f32,
        candidates: &mut Vec<Candidate>,
    ) {
        let mut add = |class: usize, score: f32, cx: f32, cy: f32, width: f32, height: f32| {
            let found = PixelBox {
                x0: (cx - width / 2.0).max(0.0),
                y0: (cy - height / 2.0).max(0.0),
                x1: (cx + width / 2.0).min(input.0 as f32),
                y1: (cy + height / 2.0).min(input.1 as f32),
            };
            let finite = [cx, cy, width, height].iter().all(|value| value.is_finite());
            // A score that is no number is in no range.
            if finite && score >= confidence && score <= 1.0 && found.x1 > found.x0 && found.y1 > found.y0 {
                candidates.push(Candidate { class, score, found });
            }
        };
        match self {
            Self::Yolox => {
                let mut rows = output.chunks_exact(5 + classes);
                for stride in STRIDES {
                    for y in 0..input.1 / stride {
                        for x in 0..input.0 / stride {
                            let Some(row) = rows.next() else { return };
                            if row[4] < confidence {
                                continue;
                            }
                            let s = stride as f32;
                            let (class, score) = best(&row[5..]);
                            let (cx, cy) = ((x as f32 + row[0]) * s, (y as f32 + row[1]) * s);
                            add(class, row[4] * score, cx, cy, row[2].exp() * s, row[3].exp() * s);
                        }
                    }
                }
            }
            Self::Yolov5 => {
                for row in output.chunks_exact(5 + classes).filter(|row| row[4] >= confidence) {
                    let (class, score) = best(&row[5..]);
                    add(class, row[4] * score, row[0], row[1], row[2], row[3]);
                }
            }
            Self::Yolov8 => {
                let points = points(input);
                let lines: Vec<&[f32]> = output.chunks_exact(points).collect();
                let [cx, cy, width, height, scores @ ..] = lines.as_slice() else { return };
                for point in 0..points {
                    let (mut class, mut score) = (0, f32::MIN);
                    for (index, line) in scores.iter().take(classes).enumerate() {
                        if line[point] > score {
                            (class, score) = (index, line[point]);
                        }
                    }
                    if score >= confidence {
                        add(class, score, cx[point], cy[point], width[point], height[point]);
                    }
                }
            }
        }
    }
}

/// Index and value of the highest score; the first of equals.
fn best(scores: &[f32]) -> (usize, f32) {
    scores.iter().copied().enumerate().fold((0, f32::MIN), |best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers as a model may give them, sound or not.
    fn numbers() -> impl Strategy<Value = Vec<f32>> {
        let number = prop_oneof![
            4 => 0.0..1.0_f32,
            2 => -700.0..700.0_f32,
            1 => any::<f32>(),
            1 => Just(f32::NAN),
            1 => Just(f32::INFINITY),
        ];
        proptest::collection::vec(number, 0..800)
    }

    proptest! {
        #[test]
        fn no_output_upsets_a_head(output in numbers(), classes in 1..4usize, confidence in 0.0..1.0_f32) {
            let input = (64, 96);
            for head in [Head::Yolox, Head::Yolov5, Head::Yolov8] {
                let mut candidates = Vec::new();
                head.read(&output, input, classes, confidence, &mut candidates);
                for Candidate { class, score, found } in candidates {
                    prop_assert!(class < classes && score >= confidence && score <= 1.0);
                    prop_assert!(0.0 <= found.x0 && found.x0 < found.x1 && found.x1 <= 64.0);
                    prop_assert!(0.0 <= found.y0 && found.y0 < found.y1 && found.y1 <= 96.0);
                }
            }
        }
    }

    const INPUT: (u32, u32) = (64, 32);

    fn read(head: Head, output: &[f32]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        head.read(output, INPUT, 2, 0.3, &mut candidates);
        candidates
    }

    #[test]
    fn shapes_tell_the_heads_apart() {
        // 8 × 4 + 4 × 2 + 2 × 1 points.
        assert_eq!(Head::Yolox.shape(INPUT, 2), [1, 42, 7]);
        for head in [Head::Yolox, Head::Yolov5, Head::Yolov8] {
            assert_eq!(Head::of_shape(&head.shape(INPUT, 2), INPUT, 2), Some(head));
        }
        assert_eq!(Head::of_shape(&[1, 300, 6], INPUT, 2), None);
    }

    #[test]
    fn a_grid_is_decoded() {
        let mut output = vec![0.0; 42 * 7];
        // Stride 16, second row, third cell: a box of 16 × 32 at its middle.
        let row = (32 + 4 + 2) * 7;
        output[row..row + 7].copy_from_slice(&[0.5, 0.5, 0.0, 2.0_f32.ln(), 0.8, 0.1, 0.9]);
        let found = read(Head::Yolox, &output);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].class, 1);
        assert!((found[0].score - 0.72).abs() < 1e-6);
        assert_eq!(found[0].found, PixelBox { x0: 32.0, y0: 8.0, x1: 48.0, y1: 32.0 });
    }

    #[test]
    fn decoded_boxes_are_read() {
        let mut output = vec![0.0; 126 * 7];
        output[70..77].copy_from_slice(&[20.0, 10.0, 8.0, 4.0, 0.9, 0.9, 0.2]);
        let expected = PixelBox { x0: 16.0, y0: 8.0, x1: 24.0, y1: 12.0 };
        assert_eq!(read(Head::Yolov5, &output)[0].found, expected);

        let mut output = vec![0.0; 6 * 42];
        for (line, value) in [20.0, 10.0, 8.0, 4.0, 0.1, 0.6].into_iter().enumerate() {
            output[line * 42 + 5] = value;
        }
        let found = read(Head::Yolov8, &output);
        assert_eq!((found[0].found, found[0].class, found.len()), (expected, 1, 1));
    }

    #[test]
    fn what_is_not_a_number_is_dropped() {
        for head in [Head::Yolox, Head::Yolov5, Head::Yolov8] {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let size = head.shape(INPUT, 2).iter().product();
                assert!(read(head, &vec![value; size]).is_empty());
                // The middle of the first point only.
                let mut output = vec![0.9; size];
                output[0] = value;
                let points = if head == Head::Yolov5 { 126 } else { 42 };
                assert_eq!(read(head, &output).len(), points - 1, "{head:?} {value}");
            }
        }
    }
}
