//! How far two boxes lie on each other.

use super::PixelBox;

/// A box that lies inside another by this share of its area shows the same thing: half of it, often.
const CONTAINED: f32 = 0.85;

/// How far two boxes lie on each other: areas in square pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overlap {
    shared: f32,
    first: f32,
    second: f32,
}

impl Overlap {
    /// Of two boxes.
    pub fn of(first: &PixelBox, second: &PixelBox) -> Self {
        Self { shared: first.intersection(second), first: first.area(), second: second.area() }
    }

    /// Of two boxes of a picture that repeats after `period`, the width of one that looks all round: where they lie on
    /// each other most.
    pub fn around(first: &PixelBox, second: &PixelBox, period: Option<f32>) -> Self {
        let shifts = period.map_or([0.0, 0.0, 0.0], |p| [0.0, p, -p]);
        let shared = shifts.iter().map(|by| first.intersection(&second.shifted(*by))).fold(0.0, f32::max);
        Self { shared, ..Self::of(first, second) }
    }

    /// Whether they share more than `iou` of the area that both cover (intersection over union).
    pub fn exceeds(self, iou: f32) -> bool {
        self.shared > iou * (self.first + self.second - self.shared)
    }

    /// Whether one lies inside the other, almost.
    pub fn is_contained(self) -> bool {
        self.shared > CONTAINED * self.first.min(self.second)
    }
}
