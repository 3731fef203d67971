//! How good a list is against the truth.

use std::collections::BTreeMap;

use super::assign::{Edge, assign};
use super::near::{Pair, pairs};
use super::{Likeness, Outcome, Status, kinds, sorted};
use crate::place::Place;

/// Errors are judged of pairs up to so many times as far apart, so that honest large ones are not cut off.
const WIDER: f64 = 3.0;
/// What a pair gains before its distance counts: as many as possible, then the shortest.
const ALONE: f64 = 1e6;
/// Where the bins of probabilities begin.
const BINS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 0.9];

/// How good a list is against the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Score<'a> {
    /// Of the whole.
    pub total: ClassScore,
    /// By class, as it is called in either list.
    pub classes: BTreeMap<String, ClassScore>,
    /// How far off the places are; `None` where nothing was found.
    pub errors: Option<Errors>,
    /// What probabilities are worth, where the list has such.
    pub bins: Vec<Bin>,
    /// What became of every place.
    pub outcomes: Vec<Outcome<'a>>,
    /// Of the pairs, those whose class is the same as far as both are known.
    pub right_classes: usize,
}

/// How many there were, and how many of them were right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassScore {
    /// Places of the truth.
    pub truth: usize,
    /// Places of the list.
    pub found: usize,
    /// Places of the truth with a place of the list.
    pub hit: usize,
    /// Places of the list with a place of the truth.
    pub right: usize,
}

impl ClassScore {
    /// The share of what was found that is right; 0 of nothing.
    pub fn precision(&self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    /// The share of the truth that was found; 0 of nothing.
    pub fn recall(&self) -> f64 {
        self.hit as f64 / self.truth.max(1) as f64
    }

    /// The harmonic mean of both.
    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        2.0 * precision * recall / (precision + recall).max(1e-9)
    }
}

/// How far off places are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// Pairs that were judged.
    pub pairs: usize,
    /// Median distance, metres.
    pub median_m: f64,
    /// Mean distance, metres.
    pub mean_m: f64,
    /// 95 of 100 are not farther off, metres.
    pub p95_m: f64,
    /// The share of truths inside the 95 % ellipse; `None` where there are no ellipses.
    pub inside: Option<f64>,
}

/// Places whose probabilities are alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// How many.
    pub found: usize,
    /// The mean of their probabilities.
    pub stated: f64,
    /// The share of them that is right.
    pub right: f64,
}

/// Scores a list against the truth.
///
/// Pairs are of one class, unless any is allowed, and at most `within_m` apart: as many as possible, then the shortest.
/// Errors and ellipses are judged of the pairs within three times that distance; a few wrong ones are among them.
pub fn score<'a>(truth: &'a [Place], found: &'a [Place], within_m: f64, any_class: bool) -> Score<'a> {
    let (truth, found) = (sorted(truth), sorted(found));
    let (of_truth, of_found) = (kinds(&truth), kinds(&found));
    let is_same = |pair: &Pair| of_truth[pair.first].likeness(&of_found[pair.second]) == Likeness::Same;
    let mut wide = pairs(&truth, &found, within_m * WIDER);
    wide.retain(|pair| any_class || is_same(pair));
    let matched = |within_m: f64| {
        let near = || wide.iter().filter(move |pair| pair.distance_m() <= within_m);
        // A wrong class is better than none, but worse than a right one.
        let wrong = |pair: &Pair| if is_same(pair) { 0.0 } else { within_m };
        let edges =
            near().map(|pair| Edge { row: pair.first, column: pair.second, cost: pair.distance_m() + wrong(pair) });
        let chosen = assign(truth.len(), found.len(), edges.collect(), ALONE);
        near().filter(|pair| chosen.binary_search(&(pair.first, pair.second)).is_ok()).copied().collect::<Vec<Pair>>()
    };

    let near = matched(within_m);
    let (mut is_hit, mut is_right) = (vec![false; truth.len()], vec![false; found.len()]);
    let mut outcomes = Vec::new();
    for pair in &near {
        (is_hit[pair.first], is_right[pair.second]) = (true, true);
        outcomes.push(Outcome {
            status: Status::Right,
            old: Some(truth[pair.first]),
            new: Some(found[pair.second]),
            distance_m: Some(pair.distance_m()),
            deviations: None,
            looks: None,
        });
    }
    let alone = |status| Outcome { status, old: None, new: None, distance_m: None, deviations: None, looks: None };
    let missed = truth.iter().zip(&is_hit).filter(|(_, hit)| !**hit);
    outcomes.extend(missed.map(|(place, _)| Outcome { old: Some(*place), ..alone(Status::Missed) }));
    let invented = found.iter().zip(&is_right).filter(|(_, right)| !**right);
    outcomes.extend(invented.map(|(place, _)| Outcome { new: Some(*place), ..alone(Status::Invented) }));
    outcomes.sort_by(Outcome::order);

    let mut total = ClassScore::default();
    let mut classes: BTreeMap<String, ClassScore> = BTreeMap::new();
    for (place, hit) in truth.iter().zip(&is_hit) {
        for score in [&mut total, classes.entry(place.class.clone()).or_default()] {
            (score.truth, score.hit) = (score.truth + 1, score.hit + usize::from(*hit));
        }
    }
    for (place, right) in found.iter().zip(&is_right) {
        for score in [&mut total, classes.entry(place.class.clone()).or_default()] {
            (score.found, score.right) = (score.found + 1, score.right + usize::from(*right));
        }
    }
    Score {
        total,
        classes,
        errors: errors(&matched(within_m * WIDER), &found),
        bins: bins(&found, &is_right),
        outcomes,
        right_classes: near.iter().filter(|pair| is_same(pair)).count(),
    }
}

fn errors(pairs: &[Pair], found: &[&Place]) -> Option<Errors> {
    let mut distances: Vec<f64> = pairs.iter().map(Pair::distance_m).collect();
    distances.sort_unstable_by(f64::total_cmp);
    // Between two neighbours the quantile is on the line from one to the other.
    let quantile = |share: f64| {
        let at = share * (distances.len() - 1) as f64;
        let (below, above) = (distances[at.floor() as usize], distances[at.ceil() as usize]);
        below + (above - below) * at.fract()
    };
    if distances.is_empty() {
        return None;
    }
    let inside = pairs.iter().filter_map(|pair| {
        let ellipse = found[pair.second].ellipse.filter(|ellipse| ellipse.minor_m > 0.0)?;
        Some(ellipse.holds(pair.east_m, pair.north_m))
    });
    let inside: Vec<bool> = inside.collect();
    Some(Errors {
        pairs: pairs.len(),
        median_m: quantile(0.5),
        mean_m: distances.iter().sum::<f64>() / distances.len() as f64,
        p95_m: quantile(0.95),
        inside: (!inside.is_empty()).then(|| share(inside.iter().filter(|inside| **inside).count(), inside.len())),
    })
}

fn bins(found: &[&Place], is_right: &[bool]) -> Vec<Bin> {
    let mut sums = [(0, 0.0, 0); BINS.len()];
    for (place, right) in found.iter().zip(is_right) {
        let Some(probability) = place.probability else { continue };
        let bin = BINS.iter().rposition(|begin| probability >= *begin).unwrap_or_default();
        let (number, stated, rights) = &mut sums[bin];
        (*number, *stated, *rights) = (*number + 1, *stated + probability, *rights + usize::from(*right));
    }
    let bin = |(found, stated, right): (usize, f64, usize)| {
        (found > 0).then(|| Bin { found, stated: stated / found as f64, right: share(right, found) })
    };
    sums.into_iter().filter_map(bin).collect()
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
