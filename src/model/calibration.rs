//! From a detector's score to a probability.

use serde::{Deserialize, Serialize};

/// Two numbers that make a score the share of detections of that score that are right.
///
/// p = σ(scale · logit(score) + shift), after Platt, *Probabilistic Outputs for Support Vector Machines* (1999); with
/// a shift of zero it is the scaling by a temperature. Fitted by `models/evaluate.py` on pictures held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Factor of the logit; positive, so that the order of scores stays.
    pub scale: f32,
    /// What is added to it.
    pub shift: f32,
}

impl Calibration {
    /// Scores as they are.
    pub const NONE: Self = Self { scale: 1.0, shift: 0.0 };

    /// The probability of a score.
    pub fn probability(&self, score: f32) -> f32 {
        if *self == Self::NONE { score } else { sigmoid(self.scale * logit(score) + self.shift) }
    }

    /// The score of a probability.
    pub fn score(&self, probability: f32) -> f32 {
        if *self == Self::NONE { probability } else { sigmoid((logit(probability) - self.shift) / self.scale) }
    }

    /// Whether the numbers are usable.
    pub(super) fn is_sound(&self) -> bool {
        self.scale.is_finite() && self.scale > 0.0 && self.shift.is_finite()
    }
}

fn logit(probability: f32) -> f32 {
    (probability / (1.0 - probability)).ln()
}

fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scores_become_probabilities() {
        let calibration = Calibration { scale: 2.0, shift: -1.0 };
        assert!((calibration.probability(0.5) - 0.268_941).abs() < 1e-5);
        assert_eq!((calibration.probability(0.0), calibration.probability(1.0)), (0.0, 1.0));
        assert_eq!(Calibration::NONE.probability(0.3), 0.3);
    }

    proptest! {
        #[test]
        fn the_way_back_leads_back(p in 0.01f32..0.99, scale in 0.3f32..3.0, shift in -2.0f32..2.0) {
            let calibration = Calibration { scale, shift };
            prop_assert!((calibration.probability(calibration.score(p)) - p).abs() < 1e-3);
        }
    }
}
