//! What became of the places of one list in another: inventories of two years, or an inventory and what a town knows.

mod assign;
mod coverage;
mod kind;
mod near;
mod score;
mod write;

use std::cmp::Ordering;

use crate::locate::Ellipse;
use crate::place::Place;
pub(crate) use assign::{Edge, assign};
pub use coverage::Coverage;
use coverage::apart_deg;
use kind::Kind;
pub use kind::Likeness;
use near::{Pair, pairs};
pub use score::{Bin, ClassScore, Errors, Score, score};
pub use write::{write_csv, write_geojson};

/// Squared statistical distance beyond which two places are not the same: 99 % of χ² with two degrees of freedom.
const GATE: f64 = 9.210_340_371_976_184;
/// What any two positions are apart beside their ellipses, square metres: they are written with some decimals.
const FLOOR_M2: f64 = 0.01;
/// Faces that look into directions farther apart than this are two things, degrees.
const BACK_DEG: f64 = 100.0;
/// What it adds to the squared statistical distance that two ids differ.
const OTHER_ID: f64 = 1.0;
/// The same for the name of a class and that of its family.
const OTHER_NAME: f64 = 1.0;

/// How two lists are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Farther apart than this nothing is the same, metres.
    pub within_m: f64,
    /// Standard deviation along each axis of a place without an ellipse, metres.
    pub sd_m: f64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { within_m: 15.0, sd_m: 2.0 }
    }
}

/// What became of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The same class at the same place, as far as the ellipses tell.
    Matched,
    /// Another class of the same kind, or another value, at the same place.
    Changed,
    /// The same class so far away that the ellipses do not explain it.
    Moved,
    /// Only in the old list, though a newer picture looked.
    Gone,
    /// Only in the old list, and it is not known that a newer picture looked.
    NotSeen,
    /// Only in the new list.
    New,
    /// In both, where the old list is the truth.
    Right,
    /// Only in the truth.
    Missed,
    /// Not in the truth.
    Invented,
}

impl Status {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Changed => "changed",
            Self::Moved => "moved",
            Self::Gone => "gone",
            Self::NotSeen => "not seen",
            Self::New => "new",
            Self::Right => "right",
            Self::Missed => "missed",
            Self::Invented => "invented",
        }
    }
}

/// A pair, or what is left over of either list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome<'a> {
    /// What became of it.
    pub status: Status,
    /// The place in the old list.
    pub old: Option<&'a Place>,
    /// The place in the new list.
    pub new: Option<&'a Place>,
    /// Between both, metres.
    pub distance_m: Option<f64>,
    /// The same in standard deviations (Mahalanobis distance under both ellipses).
    pub deviations: Option<f64>,
    /// For what is left over: how many pictures of the other survey looked there, where that is known.
    pub looks: Option<usize>,
}

impl Outcome<'_> {
    /// By status, then by what the places say.
    fn order(&self, other: &Self) -> Ordering {
        let by_place = |a: Option<&Place>, b: Option<&Place>| match (a, b) {
            (Some(a), Some(b)) => by_class(a, b).then_with(|| by_what_it_says(a, b)),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        let order = self.status.cmp(&other.status).then_with(|| by_place(self.old, other.old));
        order.then_with(|| by_place(self.new, other.new))
    }
}

/// What the surveys of both lists looked at.
#[derive(Clone, Copy, Default)]
pub struct Looks<'a> {
    /// Of the old list.
    pub old: Option<&'a Coverage>,
    /// Of the new list.
    pub new: Option<&'a Coverage>,
}

/// What became of every place of two lists, by status, class and id.
///
/// In three rounds pairs are made of what is left, at the least cost in all: the same class at the same place, which
/// costs the squared statistical distance under both ellipses; another class of its kind there; the same class within
/// reach. Two that face opposite ways are never one. The order of the lists does not count.
pub fn compare<'a>(old: &'a [Place], new: &'a [Place], terms: Terms, looks: Looks<'_>) -> Vec<Outcome<'a>> {
    let (old, new) = (sorted(old), sorted(new));
    // Ties are broken alike whichever of the lists is the old one.
    let is_swapped = order(&old, &new).is_gt();
    let (first, second) = if is_swapped { (&new, &old) } else { (&old, &new) };
    let mut outcomes = Vec::new();
    let (mut is_left_first, mut is_left_second) = (vec![true; first.len()], vec![true; second.len()]);
    let candidates = candidates(first, second, terms);
    let within2 = terms.within_m * terms.within_m;
    type Cost = fn(&Candidate) -> Option<f64>;
    // For each what a place without a partner costs.
    let rounds: [(Status, f64, Cost); 3] = [
        (Status::Matched, GATE + OTHER_ID + OTHER_NAME, |c| {
            let is_one = c.likeness == Likeness::Same && c.deviations2 <= GATE;
            is_one.then_some(c.deviations2 + c.strangeness)
        }),
        (Status::Changed, GATE, |c| (c.likeness == Likeness::Akin && c.deviations2 <= GATE).then_some(c.deviations2)),
        (Status::Moved, within2 + OTHER_ID + OTHER_NAME, |c| {
            (c.likeness == Likeness::Same).then(|| c.pair.distance_m().powi(2) + c.strangeness)
        }),
    ];
    for (status, alone, cost) in rounds {
        let edges = candidates.iter().filter(|c| is_left_first[c.pair.first] && is_left_second[c.pair.second]);
        let edges = edges.filter_map(|c| Some(Edge { row: c.pair.first, column: c.pair.second, cost: cost(c)? }));
        for (a, b) in assign(first.len(), second.len(), edges.collect(), alone) {
            let at = candidates.binary_search_by_key(&(a, b), |c| (c.pair.first, c.pair.second));
            let Ok(candidate) = at.map(|at| &candidates[at]) else { continue };
            (is_left_first[a], is_left_second[b]) = (false, false);
            let (old, new) = if is_swapped { (second[b], first[a]) } else { (first[a], second[b]) };
            outcomes.push(Outcome {
                status,
                old: Some(old),
                new: Some(new),
                distance_m: Some(candidate.pair.distance_m()),
                deviations: Some(candidate.deviations2.sqrt()),
                looks: None,
            });
        }
    }
    let (is_left_old, is_left_new) =
        if is_swapped { (is_left_second, is_left_first) } else { (is_left_first, is_left_second) };
    let alone =
        Outcome { status: Status::New, old: None, new: None, distance_m: None, deviations: None, looks: None };
    for place in left(&old, &is_left_old) {
        let looks = looks.new.map(|coverage| coverage.looks_at(place));
        let status = if looks.unwrap_or_default() > 0 { Status::Gone } else { Status::NotSeen };
        outcomes.push(Outcome { status, old: Some(place), looks, ..alone });
    }
    for place in left(&new, &is_left_new) {
        // Whether an older picture looked there: its time has to be before, not after, so times are left out.
        let timeless = Place { last_seen: None, ..place.clone() };
        let looks = looks.old.map(|coverage| coverage.looks_at(&timeless));
        outcomes.push(Outcome { new: Some(place), looks, ..alone });
    }
    outcomes.sort_by(Outcome::order);
    outcomes
}

/// Two places that may be one thing.
struct Candidate {
    pair: Pair,
    deviations2: f64,
    likeness: Likeness,
    /// What differing names add to the cost.
    strangeness: f64,
}

fn candidates(first: &[&Place], second: &[&Place], terms: Terms) -> Vec<Candidate> {
    let candidate = |pair: Pair, kinds_first: &[Kind<'_>], kinds_second: &[Kind<'_>]| {
        let (a, b) = (first[pair.first], second[pair.second]);
        let faces = a.direction_deg.zip(b.direction_deg);
        if faces.is_some_and(|(a, b)| apart_deg(a, b) > BACK_DEG) {
            return None;
        }
        let round = Ellipse { major_m: 0.0, minor_m: 0.0, azimuth_deg: 0.0 }.covariance();
        let covariance = |place: &Place| match &place.ellipse {
            Some(ellipse) => ellipse.covariance(),
            None => round.plus_round(terms.sd_m * terms.sd_m),
        };
        let both = covariance(a).plus(covariance(b)).plus_round(FLOOR_M2);
        Some(Candidate {
            pair,
            deviations2: both.distance2(pair.east_m, pair.north_m),
            likeness: kinds_first[pair.first].likeness(&kinds_second[pair.second]),
            strangeness: if a.id == b.id { 0.0 } else { OTHER_ID }
                + if a.class == b.class { 0.0 } else { OTHER_NAME },
        })
    };
    let (kinds_first, kinds_second) = (kinds(first), kinds(second));
    let pairs = pairs(first, second, terms.within_m);
    pairs.into_iter().filter_map(|pair| candidate(pair, &kinds_first, &kinds_second)).collect()
}

fn kinds<'a>(places: &[&'a Place]) -> Vec<Kind<'a>> {
    places.iter().map(|place| Kind::of(place)).collect()
}

fn left<'a>(places: &[&'a Place], is_left: &[bool]) -> Vec<&'a Place> {
    places.iter().zip(is_left).filter(|(_, left)| **left).map(|(place, _)| *place).collect()
}

/// Places in an order that does not depend on that of their list.
fn sorted(places: &[Place]) -> Vec<&Place> {
    let mut sorted: Vec<&Place> = places.iter().collect();
    sorted.sort_by(|a, b| by_what_it_says(a, b));
    sorted
}

fn by_what_it_says(a: &Place, b: &Place) -> Ordering {
    let at = a.lon_deg.total_cmp(&b.lon_deg).then(a.lat_deg.total_cmp(&b.lat_deg));
    let rest = |place: &Place| {
        let ellipse = place.ellipse.map(|e| [e.major_m, e.minor_m, e.azimuth_deg].map(f64::to_bits));
        let numbers = [place.direction_deg, place.probability].map(|number| number.map(f64::to_bits));
        (ellipse, numbers, place.sightings, place.last_seen)
    };
    at.then_with(|| by_class(a, b)).then_with(|| rest(a).cmp(&rest(b)))
}

fn by_class(a: &Place, b: &Place) -> Ordering {
    (&a.class, &a.value, &a.id).cmp(&(&b.class, &b.value, &b.id))
}

fn order(a: &[&Place], b: &[&Place]) -> Ordering {
    let different = a.iter().zip(b).map(|(a, b)| by_what_it_says(a, b)).find(|order| order.is_ne());
    different.unwrap_or_else(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests;
