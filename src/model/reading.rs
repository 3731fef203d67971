//! What a classifier reads on a thing, and what several readings of one thing say together.

/// Codes of one reading that are kept: the likeliest.
const KEPT: usize = 4;
/// Probability that a reading gives to each code that it does not name.
const FLOOR: f64 = 0.01;

/// The likeliest classes of a classifier for one detection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Index into the classifier's classes and probability, likeliest first.
    likeliest: [(u16, f32); KEPT],
    /// Probability that it is none of the classes.
    none: f32,
}

impl Reading {
    /// The reading of a row of probabilities; `rejects` says of each whether it stands for none of the classes.
    pub(super) fn of(probabilities: &[f32], rejects: &[bool]) -> Self {
        let mut likeliest = [(0, 0.0); KEPT];
        for (class, probability) in (0_u16..).zip(probabilities) {
            let better = |other: &(u16, f32)| *probability > other.1;
            if let Some(place) = likeliest.iter().position(better) {
                likeliest[place..].rotate_right(1);
                likeliest[place] = (class, *probability);
            }
        }
        let rejected = probabilities.iter().zip(rejects).filter(|(_, reject)| **reject);
        Self { likeliest, none: rejected.map(|(probability, _)| probability).sum() }
    }

    /// The reading of one class with a probability.
    pub(super) fn of_one(class: u16, probability: f32) -> Self {
        let mut likeliest = [(0, 0.0); KEPT];
        likeliest[0] = (class, probability);
        Self { likeliest, none: 0.0 }
    }

    /// The reading as a text that [`Self::parse`] takes: `12:0.9 7:0.05 0:0 0:0 0.01`, classes with their
    /// probabilities and that of none.
    pub fn to_text(&self) -> String {
        let named: Vec<String> = self.likeliest.iter().map(|(class, p)| format!("{class}:{p}")).collect();
        format!("{} {}", named.join(" "), self.none)
    }

    /// The reading of a text; `None` where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (named, none) = text.rsplit_once(' ')?;
        let mut named = named.split(' ').map(|pair| {
            let (class, probability) = pair.split_once(':')?;
            Some((class.parse().ok()?, probability.parse().ok()?))
        });
        let mut likeliest = [(0, 0.0); KEPT];
        for place in &mut likeliest {
            *place = named.next()??;
        }
        Some(Self { likeliest, none: none.parse().ok()? })
    }

    /// Probability that the thing is none of the classifier's classes.
    pub fn none(&self) -> f32 {
        self.none
    }

    /// The likeliest classes and their probabilities, likeliest first.
    pub fn likeliest(&self) -> Vec<(usize, f64)> {
        let named = self.likeliest.iter().filter(|(_, p)| *p > 0.0);
        named.map(|(class, p)| (usize::from(*class), f64::from(*p))).collect()
    }

    /// The likeliest class and its probability.
    pub fn best(&self) -> (usize, f32) {
        (usize::from(self.likeliest[0].0), self.likeliest[0].1)
    }

    fn probability(&self, class: u16) -> f64 {
        let named = self.likeliest.iter().find(|(c, p)| *c == class && *p > 0.0);
        named.map_or(FLOOR, |(_, p)| f64::from(*p).max(FLOOR))
    }
}

/// The class that readings of one thing agree on, and the probability of it.
///
/// The logarithms of the probabilities are added up and divided by the square root of their number: the pictures of
/// one thing share its light and its dirt, so they are worth less than as many independent ones. `None` of nothing.
pub fn agree(readings: &[Reading]) -> Option<(usize, f64)> {
    let mut classes: Vec<u16> =
        readings.iter().flat_map(|r| r.likeliest).filter(|(_, p)| *p > 0.0).map(|(class, _)| class).collect();
    classes.sort_unstable();
    classes.dedup();
    let worth = (readings.len() as f64).sqrt();
    let weight = |class: u16| readings.iter().map(|r| r.probability(class).ln()).sum::<f64>() / worth;
    let weights: Vec<(u16, f64)> = classes.into_iter().map(|class| (class, weight(class))).collect();
    let most = weights.iter().map(|(_, w)| *w).fold(f64::MIN, f64::max);
    let total: f64 = weights.iter().map(|(_, w)| (w - most).exp()).sum();
    // What one reading leaves to classes that it does not name is nobody's.
    let rest = readings.iter().map(|r| 1.0 - r.likeliest.iter().map(|(_, p)| f64::from(*p)).sum::<f64>());
    let rest = rest.fold(1.0, f64::min).max(0.0);
    let first = weights.iter().find(|(_, w)| *w == most)?;
    Some((usize::from(first.0), (1.0 - rest) / total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reading(probabilities: &[f32]) -> Reading {
        Reading::of(probabilities, &[true])
    }

    #[test]
    fn the_likeliest_come_first() {
        let read = reading(&[0.05, 0.6, 0.0, 0.3, 0.04, 0.01]);
        assert_eq!(read.best(), (1, 0.6));
        assert_eq!(read.likeliest.map(|(class, _)| class), [1, 3, 0, 4]);
        assert_eq!(read.none(), 0.05);
        assert_eq!(reading(&[f32::NAN, 0.5]).best(), (1, 0.5));
    }

    #[test]
    fn what_is_no_reading_is_told() {
        for text in ["", "0.5", "1:0.5 0.1", "1:0.5 2:0.3 3:0.1 4:x 0.1", "1:0.5 2:0.3 3:0.1 70000:0.1 0.1"] {
            assert_eq!(Reading::parse(text), None, "{text}");
        }
    }

    #[test]
    fn one_reading_says_what_it_says() {
        let (class, probability) = agree(&[reading(&[0.1, 0.8, 0.1])]).unwrap();
        assert_eq!(class, 1);
        assert!((probability - 0.8).abs() < 1e-6);
        assert_eq!(agree(&[]), None);
    }

    #[test]
    fn two_that_agree_outweigh_one_that_does_not() {
        let (fifty, no_entry) = (reading(&[0.2, 0.7, 0.1]), reading(&[0.15, 0.15, 0.7]));
        assert_eq!(agree(&[fifty, no_entry, fifty]).unwrap().0, 1);
        let alone = agree(&[fifty]).unwrap().1;
        assert!(agree(&[fifty, fifty]).unwrap().1 > alone, "agreement makes surer");
        assert!(agree(&[fifty, no_entry]).unwrap().1 < alone, "contradiction makes less sure");
    }

    proptest! {
        #[test]
        fn probabilities_stay_probabilities(rows in proptest::collection::vec(proptest::collection::vec(0.0f32..1.0, 6), 1..6)) {
            let readings: Vec<Reading> = rows.iter().map(|row| {
                let total: f32 = row.iter().sum::<f32>().max(1e-6);
                reading(&row.iter().map(|p| p / total).collect::<Vec<_>>())
            }).collect();
            prop_assert!(readings.iter().all(|r| Reading::parse(&r.to_text()) == Some(*r)));
            let (class, probability) = agree(&readings).unwrap();
            prop_assert!(class < 6 && (0.0..=1.0 + 1e-6).contains(&probability));
            let turned: Vec<Reading> = readings.iter().rev().copied().collect();
            let (again, same) = agree(&turned).unwrap();
            prop_assert!((same - probability).abs() < 1e-9 && again == class);
        }
    }
}
