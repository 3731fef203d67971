//! From a detector's score to a probability.

use serde::{Deserialize, Serialize};

use super::Reading;

/// The least probability that a reading is taken to give to anything: it is never that sure.
const LEAST: f32 = 1e-4;

/// What makes a score the share of detections of that score that are right.
///
/// p = σ(scale · logit(score) + shift − none · logit(q)), where q is the probability with which the classifier, if
/// there is one, reads that the thing is none of its classes. After Platt, *Probabilistic Outputs for Support Vector
/// Machines* (1999); with the score alone and no shift it is the scaling by a temperature. Fitted by
/// `models/evaluate.py` on pictures held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Factor of the score's logit; positive, so that the order of scores stays.
    pub scale: f32,
    /// What is added to it.
    pub shift: f32,
    /// How much it counts against a thing that it is none of the classifier's classes.
    #[serde(default)]
    pub none: f32,
}

impl Calibration {
    /// Scores as they are.
    pub const NONE: Self = Self { scale: 1.0, shift: 0.0, none: 0.0 };

    /// The probability of a score, given what was read.
    pub fn probability(&self, score: f32, reading: Option<&Reading>) -> f32 {
        if *self == Self::NONE {
            return score;
        }
        let against = reading.map_or(0.0, |reading| logit(reading.none().clamp(LEAST, 1.0 - LEAST)));
        sigmoid(self.scale * logit(score) + self.shift - self.none * against)
    }

    /// The least score that can reach a probability, whatever will be read.
    pub fn least_score(&self, probability: f32) -> f32 {
        if *self == Self::NONE {
            return probability;
        }
        let most = self.none * logit(1.0 - LEAST);
        sigmoid((logit(probability) - self.shift - most) / self.scale)
    }

    /// Whether the numbers are usable. Larger ones would make infinities, whose difference is no number.
    pub(super) fn is_sound(&self) -> bool {
        let numbers = [self.scale, self.shift, self.none].iter().all(|number| number.abs() <= 1e6);
        numbers && self.scale > 0.0 && self.none >= 0.0
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

    fn read(none: f32) -> Reading {
        Reading::of(&[1.0 - none, none], &[false, true])
    }

    #[test]
    fn scores_become_probabilities() {
        let calibration = Calibration { scale: 2.0, shift: -1.0, none: 0.5 };
        assert!((calibration.probability(0.5, None) - 0.268_941).abs() < 1e-5);
        assert_eq!((calibration.probability(0.0, None), calibration.probability(1.0, None)), (0.0, 1.0));
        assert_eq!(Calibration::NONE.probability(0.3, Some(&read(0.9))), 0.3);
        // What is likely nothing is less likely a find, and the other way round.
        assert!(calibration.probability(0.5, Some(&read(0.9))) < 0.268);
        assert!(calibration.probability(0.5, Some(&read(0.1))) > 0.27);
    }

    #[test]
    fn what_makes_no_probability_is_not_sound() {
        let sound = Calibration { scale: 1e-6, shift: -1e6, none: 1e6 };
        assert!(sound.is_sound() && (0.0..=1.0).contains(&sound.least_score(1.0)));
        for none in [1e38, f32::NAN, -1.0] {
            assert!(!Calibration { none, ..sound }.is_sound(), "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_score_below_the_least_reaches(
            p in 0.01f32..0.99, scale in 0.3f32..3.0, shift in -2.0f32..2.0, none in 0.0f32..0.5, q in 0.0f32..=1.0
        ) {
            let calibration = Calibration { scale, shift, none };
            let least = calibration.least_score(p);
            prop_assert!(calibration.probability(least * 0.99, Some(&read(q))) <= p + 1e-3);
            prop_assert!((calibration.probability(least, Some(&read(0.0))) - p).abs() < 2e-3);
        }
    }
}
