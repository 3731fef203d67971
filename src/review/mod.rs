//! What people say of landmarks: that one is right, is wrong, is something else, or stands elsewhere.
//!
//! A reviewer's [`Mark`]s come as a small file from the page; in a survey they become [`Review`]s, one a landmark, which
//! know how the landmark was found, so that they can be matched again and taken back.

mod marks;

use std::collections::{BTreeMap, BTreeSet};

use geo::{Distance, Haversine, Point};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use marks::{Mark, Marks, MarksError, Saying};

use crate::inventory::{Entry, Inventory, Lineage, language_of, osm_tags};
use crate::locate::Method;
use crate::model::Class;
use crate::taxonomy::{self, Language};

/// A landmark whose id is gone is matched by its class within this distance of where it was found, metres.
const NEAR_M: f64 = 5.0;
/// A landmark is moved no farther than this, metres: what stands farther away is another thing.
const FARTHEST_M: f64 = 500.0;
/// What may be written on a sign is no longer than this.
const LONGEST_VALUE: usize = 20;

/// What `reviewed` says of a landmark that is wrong: it stays in the survey's file and is left out everywhere else.
pub const WRONG: &str = "wrong";

/// What was said of one landmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Its id.
    pub landmark: String,
    /// What was said.
    pub verdict: Verdict,
    /// Words beside it.
    pub note: Option<String>,
    /// Who said it.
    pub reviewer: Option<String>,
    /// When.
    pub time: Option<Timestamp>,
    /// The landmark as the survey found it.
    pub found: Found,
}

/// What can be said of a landmark.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is as found.
    Right,
    /// There is no such thing.
    Wrong,
    /// It is something else, stands elsewhere, or both.
    Corrected {
        /// What it is and what is written on it.
        class: Option<(String, Option<String>)>,
        /// Where it stands: longitude and latitude, degrees.
        place: Option<(f64, f64)>,
    },
}

/// What a review may change of a landmark, as the survey found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Longitude, degrees.
    pub lon_deg: f64,
    /// Latitude, degrees.
    pub lat_deg: f64,
    /// Its class.
    pub class: String,
    value: Option<String>,
    label: String,
    class_confidence: f64,
    osm_tags: Option<String>,
}

impl Verdict {
    /// The verdict as the column `reviewed` has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => WRONG,
            Self::Corrected { class: Some(_), place: Some(_) } => "class;moved",
            Self::Corrected { place: Some(_), .. } => "moved",
            Self::Corrected { .. } => "class",
        }
    }

    /// This verdict and a later one: corrections of class and place add up, any other replaces what was said.
    fn and(self, later: Self) -> Self {
        match (self, later) {
            (Self::Corrected { class, place }, Self::Corrected { class: other, place: elsewhere }) => {
                Self::Corrected { class: other.or(class), place: elsewhere.or(place) }
            }
            (_, later) => later,
        }
    }
}

impl Found {
    fn of(entry: &Entry) -> Self {
        Self {
            lon_deg: entry.lon_deg,
            lat_deg: entry.lat_deg,
            class: entry.class.clone(),
            value: entry.value.clone(),
            label: entry.label.clone(),
            class_confidence: entry.class_confidence,
            osm_tags: entry.osm_tags.clone(),
        }
    }

    fn restore(&self, entry: &mut Entry) {
        let found = self.clone();
        (entry.lon_deg, entry.lat_deg) = (found.lon_deg, found.lat_deg);
        (entry.class, entry.value, entry.label) = (found.class, found.value, found.label);
        (entry.class_confidence, entry.osm_tags) = (found.class_confidence, found.osm_tags);
        entry.reviewed = None;
    }
}

/// Makes entries what the survey found, without what reviewers have said.
pub fn take_back(entries: &mut [Entry], reviews: &[Review]) {
    let found: BTreeMap<&str, &Found> = reviews.iter().map(|r| (r.landmark.as_str(), &r.found)).collect();
    for entry in entries.iter_mut().filter(|entry| entry.reviewed.is_some()) {
        if let Some(found) = found.get(entry.id.as_str()) {
            found.restore(entry);
        }
    }
}

/// Adds marks to reviews of `entries`, which are as found. Gives how many were taken, and what is wrong with the others.
pub fn add(reviews: &mut Vec<Review>, marks: Vec<Mark>, entries: &[Entry]) -> (usize, Vec<String>) {
    let mut problems = Vec::new();
    let mut taken = 0;
    for mark in marks {
        let nowhere = BTreeSet::new();
        let place = mark.found.as_ref().map(|(class, lon, lat)| (class.as_str(), *lon, *lat));
        let Some(number) = matching(entries, &mark.landmark, place, &nowhere) else {
            problems.push(format!("{}: no such landmark in this survey", mark.landmark));
            continue;
        };
        let entry = &entries[number];
        let verdict = match verdict(mark.saying, entry, entries) {
            Ok(verdict) => verdict,
            Err(why) => {
                problems.push(format!("{}: {why}", mark.landmark));
                continue;
            }
        };
        taken += 1;
        let Mark { note, reviewer, time, .. } = mark;
        match reviews.iter_mut().find(|review| review.landmark == entry.id) {
            Some(known) => {
                known.verdict = known.verdict.clone().and(verdict);
                (known.note, known.reviewer, known.time) = (note, reviewer, time);
            }
            None => {
                let (landmark, found) = (entry.id.clone(), Found::of(entry));
                reviews.push(Review { landmark, verdict, note, reviewer, time, found });
            }
        }
    }
    (taken, problems)
}

/// What a mark says, checked.
fn verdict(saying: Saying, entry: &Entry, entries: &[Entry]) -> Result<Verdict, String> {
    match saying {
        Saying::Right => Ok(Verdict::Right),
        Saying::Wrong => Ok(Verdict::Wrong),
        Saying::Class { class, value } => {
            if value.as_ref().is_some_and(|value| !is_value(value)) {
                return Err("what is written on a sign is a short text without ; = [ ]".to_owned());
            }
            let named = taxonomy::named(&class);
            if let Some(sign) = named.map(|named| named.sign) {
                let value = value.or_else(|| named.and_then(|named| named.value).map(str::to_owned));
                let class = (sign.code.to_owned(), value.filter(|_| sign.value.is_some()));
                return Ok(Verdict::Corrected { class: Some(class), place: None });
            }
            let is_known = taxonomy::class_name(&class, Language::En).is_some()
                || entries.iter().any(|other| other.class == class);
            if !is_known {
                return Err(format!("the class '{class}' is not known: `arpent signs` lists the codes"));
            }
            Ok(Verdict::Corrected { class: Some((class, None)), place: None })
        }
        Saying::Moved { lon_deg, lat_deg } => {
            let is_place = (-180.0..=180.0).contains(&lon_deg) && (-90.0..=90.0).contains(&lat_deg);
            let there = Point::new(entry.lon_deg, entry.lat_deg);
            if !is_place || Haversine.distance(there, Point::new(lon_deg, lat_deg)) > FARTHEST_M {
                return Err(format!("moved farther than {FARTHEST_M} m, which is another thing"));
            }
            Ok(Verdict::Corrected { class: None, place: Some((lon_deg, lat_deg)) })
        }
    }
}

fn is_value(value: &str) -> bool {
    let is_fit = |c: char| !c.is_control() && !matches!(c, ';' | '=' | '[' | ']');
    !value.is_empty() && value.chars().count() <= LONGEST_VALUE && value.chars().all(is_fit)
}

/// Applies reviews to the entries of an inventory, which are as found, and ties each to what it speaks of now. Gives how
/// many speak of nothing that is there any more.
pub fn apply(entries: &mut [Entry], reviews: &mut [Review]) -> usize {
    let language = language_of(entries);
    // The names and tags of classes that the taxonomy does not know, from landmarks that are of them.
    let classes: BTreeMap<String, (String, Option<String>)> =
        entries.iter().map(|e| (e.class.clone(), (e.label.clone(), e.osm_tags.clone()))).collect();
    let ids: BTreeSet<String> = entries.iter().map(|entry| entry.id.clone()).collect();
    // Those whose id is there come first, so that no other takes their landmark.
    let (mut taken, mut unmatched) = (BTreeSet::new(), 0);
    let mut order: Vec<&mut Review> = reviews.iter_mut().collect();
    order.sort_by_key(|review| !ids.contains(&review.landmark));
    for review in order {
        let found = &review.found;
        let place = Some((found.class.as_str(), found.lon_deg, found.lat_deg));
        let Some(number) = matching(entries, &review.landmark, place, &taken) else {
            unmatched += 1;
            continue;
        };
        taken.insert(number);
        let entry = &mut entries[number];
        review.landmark.clone_from(&entry.id);
        review.found = Found::of(entry);
        correct(entry, &review.verdict, language, &classes);
    }
    unmatched
}

/// The number of the entry of an id, or else of a class found near a place; one of `taken` is none.
fn matching(entries: &[Entry], id: &str, found: Option<(&str, f64, f64)>, taken: &BTreeSet<usize>) -> Option<usize> {
    let free = || entries.iter().enumerate().filter(|(number, _)| !taken.contains(number));
    if let Some((number, _)) = free().find(|(_, entry)| entry.id == id) {
        return Some(number);
    }
    let (class, lon_deg, lat_deg) = found?;
    let distance =
        |entry: &Entry| Haversine.distance(Point::new(lon_deg, lat_deg), Point::new(entry.lon_deg, entry.lat_deg));
    let near = free().filter(|(_, entry)| entry.class == class).map(|(number, entry)| (distance(entry), number));
    near.filter(|(distance, _)| *distance <= NEAR_M).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, number)| number)
}

/// Makes an entry what a reviewer says it is. How it was located stays: that is what its ellipse is about.
fn correct(
    entry: &mut Entry,
    verdict: &Verdict,
    language: Language,
    classes: &BTreeMap<String, (String, Option<String>)>,
) {
    entry.reviewed = Some(verdict.name().to_owned());
    let Verdict::Corrected { class, place } = verdict else { return };
    if let Some((lon_deg, lat_deg)) = place {
        (entry.lon_deg, entry.lat_deg) = (*lon_deg, *lat_deg);
    }
    if let Some((name, value)) = class {
        let text = value.as_ref().map_or_else(|| name.clone(), |value| format!("{name}[{value}]"));
        let class = Class::of_name(text).in_language(language);
        entry.class = class.inventory_name().to_owned();
        entry.value = class.value.clone();
        entry.class_confidence = 1.0;
        let direction_deg = entry.direction_deg.filter(|_| entry.method == Method::Triangulated);
        (entry.label, entry.osm_tags) = match classes.get(name).filter(|_| class.label.is_none()) {
            Some((label, tags)) => (label.clone(), tags.clone()),
            None => (class.label().to_owned(), osm_tags(&class, direction_deg)),
        };
    }
}

impl Inventory {
    /// The inventory as it is published: without what reviewers say is wrong, which the lineage counts.
    pub fn without_wrong(mut self) -> Self {
        let Lineage { reviews, sightings, .. } = &mut self.lineage;
        reviews.clear();
        for entry in &self.entries {
            if let Some(reviewed) = &entry.reviewed {
                *reviews.entry(reviewed.clone()).or_default() += 1;
                let wrong = if reviewed == WRONG { entry.sightings.min(sightings.in_landmarks) } else { 0 };
                sightings.in_landmarks -= wrong;
                sightings.left_out += wrong;
            }
        }
        self.entries.retain(|entry| entry.reviewed.as_deref() != Some(WRONG));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Evidence;
    use crate::locate::{Covariance, Landmark};
    use proptest::prelude::*;

    fn entry(id: &str, name: &str, east_m: f64) -> Entry {
        let landmark = Landmark {
            lon_deg: east_m / 111_195.0,
            lat_deg: 0.0,
            covariance: Covariance { xx: 1.0, xy: 0.0, yy: 1.0 },
            class: 0,
            class_confidence: 0.7,
            probability: 0.9,
            method: Method::Triangulated,
            direction_deg: Some(90.0),
            direction_sd_deg: Some(8.0),
            support: None,
            installation: None,
            surface: None,
            sightings: vec![0, 1],
        };
        let class = Class::of_name(name.to_owned()).in_language(Language::Fr);
        let evidence = [Evidence::default(), Evidence::default()];
        Entry { id: id.to_owned(), ..Entry::new("signs", &class, 0.7, &landmark, &evidence) }
    }

    fn entries() -> Vec<Entry> {
        vec![entry("a", "B14[50]", 0.0), entry("b", "AB4", 30.0), entry("c", "bench", 60.0)]
    }

    fn mark(landmark: &str, saying: Saying) -> Mark {
        Mark { landmark: landmark.to_owned(), saying, note: None, reviewer: None, time: None, found: None }
    }

    fn class(class: &str, value: Option<&str>) -> Saying {
        Saying::Class { class: class.to_owned(), value: value.map(str::to_owned) }
    }

    fn reviewed(marks: Vec<Mark>) -> (Vec<Entry>, Vec<Review>, Vec<String>) {
        let (mut entries, mut reviews) = (entries(), Vec::new());
        let (_, problems) = add(&mut reviews, marks, &entries);
        apply(&mut entries, &mut reviews);
        (entries, reviews, problems)
    }

    #[test]
    fn another_class_has_its_name_and_tags() {
        let (entries, ..) = reviewed(vec![mark("a", class("B14", Some("30"))), mark("b", class("bench", None))]);
        assert_eq!((entries[0].class.as_str(), entries[0].value.as_deref()), ("B14", Some("30")));
        assert_eq!(entries[0].label, "Limitation de vitesse");
        assert_eq!(entries[0].osm_tags.as_deref(), Some("traffic_sign=FR:B14[30];direction=90"));
        assert_eq!((entries[0].class_confidence, entries[0].reviewed.as_deref()), (1.0, Some("class")));
        assert_eq!((entries[1].label.as_str(), entries[1].osm_tags.as_deref()), ("bench", None));
    }

    #[test]
    fn class_and_place_add_up_and_other_words_replace() {
        let moved = |lat_deg| Saying::Moved { lon_deg: 0.0, lat_deg };
        let (entries, reviews, _) = reviewed(vec![mark("a", moved(1e-5)), mark("a", class("AB4", None))]);
        assert_eq!((entries[0].lat_deg, entries[0].reviewed.as_deref()), (1e-5, Some("class;moved")));
        assert_eq!(reviews.len(), 1);
        let (entries, ..) = reviewed(vec![mark("a", moved(1e-5)), mark("a", Saying::Right)]);
        assert_eq!((entries[0].lat_deg, entries[0].reviewed.as_deref()), (0.0, Some("right")));
    }

    #[test]
    fn nonsense_is_named_and_the_rest_is_taken() {
        let (entries, reviews, problems) = reviewed(vec![
            mark("x", Saying::Right),
            mark("a", class("B999", None)),
            mark("a", class("B14", Some("50];a=b"))),
            mark("a", Saying::Moved { lon_deg: 7.0, lat_deg: 48.0 }),
            mark("a", Saying::Moved { lon_deg: f64::NAN, lat_deg: 0.0 }),
            mark("b", Saying::Wrong),
        ]);
        assert_eq!((problems.len(), reviews.len()), (5, 1), "{problems:?}");
        assert!(problems[1].contains("'B999' is not known"), "{problems:?}");
        assert_eq!(entries[1].reviewed.as_deref(), Some("wrong"));
    }

    #[test]
    fn what_is_wrong_is_left_out_and_counted() {
        let (entries, ..) = reviewed(vec![mark("b", Saying::Wrong), mark("a", Saying::Right)]);
        let mut lineage = Lineage::of_this_tool();
        (lineage.sightings.found, lineage.sightings.in_landmarks) = (7, 6);
        lineage.sightings.left_out = 1;
        let published = Inventory { entries, lineage }.without_wrong();
        assert_eq!(published.entries.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!((published.lineage.sightings.in_landmarks, published.lineage.sightings.left_out), (4, 3));
        assert_eq!(published.lineage.reviews, BTreeMap::from([("right".to_owned(), 1), ("wrong".to_owned(), 1)]));
    }

    #[test]
    fn a_review_finds_its_landmark_again_under_another_id() {
        let (_, mut reviews, _) = reviewed(vec![mark("a", Saying::Wrong), mark("b", class("AB3a", None))]);
        let mut later = vec![entry("new", "B14[50]", 2.0), entry("far", "AB4", 45.0), entry("b", "AB4", 31.0)];
        assert_eq!(apply(&mut later, &mut reviews), 0);
        assert_eq!(later[0].reviewed.as_deref(), Some("wrong"));
        assert_eq!((later[1].reviewed.as_deref(), later[2].class.as_str()), (None, "AB3a"));
        assert_eq!(reviews[0].landmark, "new");
        assert_eq!(apply(&mut [entry("z", "B14[50]", 20.0)], &mut reviews), 2, "nothing there any more");
    }

    proptest! {
        #[test]
        fn what_is_taken_back_is_as_it_was(says in proptest::collection::vec((0usize..3, 0usize..5), 0..8)) {
            let sayings = [Saying::Right, Saying::Wrong, class("B14", Some("30")), class("danger", None), Saying::Moved { lon_deg: 1e-5, lat_deg: 1e-5 }];
            let marks = says.iter().map(|(of, what)| mark(["a", "b", "c"][*of], sayings[*what].clone())).collect();
            let (mut entries, mut reviews, problems) = reviewed(marks);
            prop_assert!(problems.is_empty());
            let once = (entries.clone(), reviews.clone());
            take_back(&mut entries, &reviews);
            prop_assert_eq!(&entries, &self::entries());
            apply(&mut entries, &mut reviews);
            prop_assert_eq!((entries, reviews), once, "and applied again it is the same");
        }
    }
}
