//! The landmarks of an area as rows with flat columns, and how they were obtained.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex;
use crate::locate::{Landmark, Method};
use crate::model::Class;
use crate::taxonomy::{self, Language};
use crate::view::PixelBox;

/// The landmarks of an area and their lineage.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// One entry a landmark, in a fixed order.
    pub entries: Vec<Entry>,
    /// How they were obtained.
    pub lineage: Lineage,
}

/// One landmark as published. Every output format has these columns in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Longitude, WGS 84 degrees, seven decimals.
    #[serde(skip)]
    pub lon_deg: f64,
    /// Latitude, WGS 84 degrees, seven decimals.
    #[serde(skip)]
    pub lat_deg: f64,
    /// The same survey run again gives the same landmark the same id.
    pub id: String,
    /// What was looked for.
    pub find: String,
    /// Sign code, or the model's class where no code is known.
    pub class: String,
    /// What the sign says.
    pub value: Option<String>,
    /// Name for people.
    pub label: String,
    /// Of the class, over all sightings, 0–1.
    pub class_confidence: f64,
    /// That it exists, 0–1.
    pub probability: f64,
    /// How it was located.
    pub method: Method,
    /// Semi-major axis of the 95 % ellipse, metres.
    pub accuracy_m: f64,
    /// The same.
    pub ellipse_major_m: f64,
    /// Semi-minor axis, metres.
    pub ellipse_minor_m: f64,
    /// Azimuth of the major axis, degrees.
    pub ellipse_azimuth_deg: f64,
    /// The way it faces, degrees.
    pub direction_deg: Option<f64>,
    /// Standard deviation of that, degrees.
    pub direction_sd_deg: Option<f64>,
    /// What hangs on one pole has the same.
    pub support: Option<String>,
    /// Modules that stand together have the same.
    pub installation: Option<String>,
    /// Surface, square metres.
    pub surface_m2: Option<f64>,
    /// Standard deviation of that, square metres.
    pub surface_sd_m2: Option<f64>,
    /// How many detections it rests on.
    pub sightings: usize,
    /// From how many sequences.
    pub sequences: usize,
    /// Time of the first picture that shows it.
    pub first_seen: Option<Timestamp>,
    /// Time of the last picture that shows it.
    pub last_seen: Option<Timestamp>,
    /// Ids of its pictures, best first, joined by `;`.
    pub panoramax: String,
    /// A page or file that shows the best picture.
    pub picture_url: Option<String>,
    /// Where it is in that picture: `x0,y0,x1,y1` in pixels of the file.
    pub picture_box: Option<String>,
    /// Licences of the pictures used, joined by `;`.
    pub license: Option<String>,
    /// Who took the pictures used, joined by `;`.
    pub producer: Option<String>,
    /// Tags for OpenStreetMap, joined by `;`.
    pub osm_tags: Option<String>,
    /// What a reviewer said: `right`, `class`, `moved`, or `class;moved`; nothing where nobody has looked.
    pub reviewed: Option<String>,
}

/// A sighting's picture, as far as an entry speaks of it.
#[derive(Debug, Clone, Default)]
pub struct Evidence<'a> {
    /// The class that it was detected as.
    pub class: &'a str,
    /// Identifier of the picture.
    pub picture_id: &'a str,
    /// Identifier of its sequence.
    pub sequence_id: &'a str,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// A page or file that shows it.
    pub page_url: Option<&'a str>,
    /// Its licence.
    pub license: Option<&'a str>,
    /// Who took it.
    pub producer: Option<&'a str>,
    /// The thing's box in pixels of the file.
    pub pixels: Option<PixelBox>,
    /// Azimuth of the ray, degrees.
    pub azimuth_deg: f64,
    /// Elevation of the ray, degrees.
    pub elevation_deg: Option<f64>,
}

impl Entry {
    /// The columns in their order.
    pub const COLUMNS: [&'static str; 29] = [
        "id",
        "find",
        "class",
        "value",
        "label",
        "class_confidence",
        "probability",
        "method",
        "accuracy_m",
        "ellipse_major_m",
        "ellipse_minor_m",
        "ellipse_azimuth_deg",
        "direction_deg",
        "direction_sd_deg",
        "support",
        "installation",
        "surface_m2",
        "surface_sd_m2",
        "sightings",
        "sequences",
        "first_seen",
        "last_seen",
        "panoramax",
        "picture_url",
        "picture_box",
        "license",
        "producer",
        "osm_tags",
        "reviewed",
    ];

    /// The entry of a landmark that is of `class` with a confidence and rests on `evidence`, best first.
    pub fn new(
        find: &str,
        class: &Class,
        class_confidence: f64,
        landmark: &Landmark,
        evidence: &[Evidence<'_>],
    ) -> Self {
        let ellipse = landmark.covariance.ellipse();
        let best = evidence.first();
        let mut sequences: Vec<&str> = evidence.iter().map(|e| e.sequence_id).collect();
        sequences.sort_unstable();
        sequences.dedup();
        let direction_deg = landmark.direction_deg.map(|d| rounded(d, 0) % 360.0);
        Self {
            lon_deg: rounded(landmark.lon_deg, 7),
            lat_deg: rounded(landmark.lat_deg, 7),
            id: identity(find, evidence).unwrap_or_default(),
            find: find.to_owned(),
            class: class.inventory_name().to_owned(),
            value: class.value.clone(),
            label: class.label().to_owned(),
            class_confidence: rounded(class_confidence, 3),
            probability: rounded(landmark.probability, 3),
            method: landmark.method,
            accuracy_m: rounded(ellipse.major_m, 2),
            ellipse_major_m: rounded(ellipse.major_m, 2),
            ellipse_minor_m: rounded(ellipse.minor_m, 2),
            ellipse_azimuth_deg: rounded(ellipse.azimuth_deg, 1) % 180.0,
            direction_deg,
            direction_sd_deg: landmark.direction_sd_deg.map(|sd| rounded(sd, 0)),
            support: None,
            installation: None,
            surface_m2: landmark.surface.map(|surface| rounded(surface.surface_m2, 1)),
            surface_sd_m2: landmark.surface.map(|surface| rounded(surface.surface_sd_m2, 1)),
            sightings: evidence.len(),
            sequences: sequences.len(),
            first_seen: evidence.iter().filter_map(|e| e.taken_at).min(),
            last_seen: evidence.iter().filter_map(|e| e.taken_at).max(),
            panoramax: distinct(evidence.iter().map(|e| e.picture_id)).unwrap_or_default(),
            picture_url: best.and_then(|e| e.page_url).map(str::to_owned),
            picture_box: best.and_then(|e| e.pixels).map(|pixels| pixels.to_text()),
            license: distinct_sorted(evidence.iter().filter_map(|e| e.license)),
            producer: distinct_sorted(evidence.iter().filter_map(|e| e.producer)),
            osm_tags: osm_tags(class, direction_deg.filter(|_| landmark.method == Method::Triangulated)),
            reviewed: None,
        }
    }
}

/// The tags of [`Entry::osm_tags`], in their order; a value may have several parts: `traffic_sign=FR:B14[50];FR:M9`.
pub(crate) fn tags(osm_tags: &str) -> Vec<(&str, String)> {
    let is_key = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-'))
    };
    let mut tags: Vec<(&str, String)> = Vec::new();
    for part in osm_tags.split(';').map(str::trim) {
        match part.split_once('=').filter(|(key, _)| is_key(key)) {
            Some((key, value)) => tags.push((key, value.to_owned())),
            None => {
                if let Some((_, value)) = tags.last_mut().filter(|_| !part.is_empty()) {
                    value.push(';');
                    value.push_str(part);
                }
            }
        }
    }
    tags
}

/// Twelve hexadecimal digits out of what its earliest sighting shows and where it looks; `None` without sightings.
///
/// A sighting belongs to one landmark, so two landmarks differ; later pictures of the same landmark do not change it.
fn identity(find: &str, evidence: &[Evidence<'_>]) -> Option<String> {
    let latest = Timestamp::MAX;
    let first = evidence.iter().min_by(|a, b| {
        let time = a.taken_at.unwrap_or(latest).cmp(&b.taken_at.unwrap_or(latest));
        time.then(a.picture_id.cmp(b.picture_id)).then(a.azimuth_deg.total_cmp(&b.azimuth_deg))
    })?;
    let elevation = first.elevation_deg.unwrap_or_default();
    let text = format!("{find}|{}|{}|{:.2}|{elevation:.2}", first.class, first.picture_id, first.azimuth_deg);
    Some(hex(&Sha256::digest(text.as_bytes())[..6]))
}

/// Names supports and installations after one of their landmarks, the one whose id is the first in the alphabet.
/// `entries` and `landmarks` stand side by side.
pub fn name_groups(entries: &mut [Entry], landmarks: &[Landmark]) {
    let names = |number: fn(&Landmark) -> Option<usize>| {
        let mut names: BTreeMap<usize, String> = BTreeMap::new();
        for (entry, landmark) in entries.iter().zip(landmarks) {
            if let Some(number) = number(landmark) {
                let name = names.entry(number).or_insert_with(|| entry.id.clone());
                if entry.id < *name {
                    name.clone_from(&entry.id);
                }
            }
        }
        names
    };
    let (supports, installations) = (names(|l| l.support), names(|l| l.installation));
    for (entry, landmark) in entries.iter_mut().zip(landmarks) {
        entry.support = landmark.support.and_then(|number| supports.get(&number).cloned());
        entry.installation = landmark.installation.and_then(|number| installations.get(&number).cloned());
    }
}

/// The entries of landmarks, in their order and with an id each.
///
/// `class` gives the class of a landmark and how sure it is, `evidence` what is known of the sighting of a number.
pub fn entries<'a>(
    find: &str,
    landmarks: &[Landmark],
    class: impl Fn(&Landmark) -> Option<(Class, f64)>,
    evidence: impl Fn(usize) -> Evidence<'a>,
) -> Vec<Entry> {
    let entry = |landmark: &Landmark| {
        let evidence: Vec<Evidence<'_>> = landmark.sightings.iter().map(|sighting| evidence(*sighting)).collect();
        let (class, confidence) = class(landmark)?;
        Some(Entry::new(find, &class, confidence, landmark, &evidence))
    };
    let mut entries: Vec<Entry> = landmarks.iter().filter_map(entry).collect();
    make_ids_unique(&mut entries);
    name_groups(&mut entries, landmarks);
    entries
}

/// The language that the labels of entries are in.
pub(crate) fn language_of(entries: &[Entry]) -> Language {
    let name = |entry: &Entry, language| taxonomy::name_of(&entry.class, language);
    let is_french = |entry: &Entry| {
        name(entry, Language::Fr) == Some(&entry.label) && name(entry, Language::En) != Some(&entry.label)
    };
    if entries.iter().any(is_french) { Language::Fr } else { Language::En }
}

/// Gives entries whose ids are equal, as those of two equal lines of a table are, a number behind it.
fn make_ids_unique(entries: &mut [Entry]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        let count = seen.entry(entry.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            entry.id = format!("{}-{count}", entry.id);
        }
    }
}

/// The class's own tags, or the French `traffic_sign` tag of its code, and the direction where it was triangulated.
pub(crate) fn osm_tags(class: &Class, direction_deg: Option<f64>) -> Option<String> {
    let tags = match (&class.osm_tags, &class.code) {
        (Some(tags), _) => tags.clone(),
        (None, Some(code)) => {
            let value = class.value.as_ref().map_or_else(String::new, |value| format!("[{value}]"));
            format!("traffic_sign=FR:{code}{value}")
        }
        (None, None) => return None,
    };
    Some(direction_deg.map_or_else(|| tags.clone(), |degrees| format!("{tags};direction={degrees:.0}")))
}

/// A number with so many decimals. Nothing is lost: the ellipse says how little of them counts.
fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    let rounded = (value * factor).round() / factor;
    // There is no negative zero in a table.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// Texts joined by `;`, each once, in the order of their first place.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen: Vec<&str> = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    (!seen.is_empty()).then(|| seen.join(";"))
}

fn distinct_sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    distinct(texts.into_iter())
}

/// How an inventory was obtained: the member `survey` beside its features.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// Name and version of the program.
    pub tool: String,
    /// Whether all pictures had their turn; `false` for a run that was stopped.
    pub complete: bool,
    /// When the run began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What was looked for.
    pub find: String,
    /// The models that were run.
    pub models: Vec<ModelRecord>,
    /// What was set, as far as it bears on the result.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// The area as a GeoJSON geometry; none for a folder.
    pub area: Option<serde_json::Value>,
    /// API root, folder or files that the pictures came from.
    pub source: String,
    /// What became of the pictures.
    pub pictures: PictureCounts,
    /// What became of the detections.
    pub sightings: SightingCounts,
    /// How many pictures there were of each licence.
    pub licenses: BTreeMap<String, usize>,
    /// How many pictures there were of each producer.
    pub producers: BTreeMap<String, usize>,
    /// How many landmarks reviewers have looked at, by what they say; those that are `wrong` are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reviews: BTreeMap<String, usize>,
}

impl Lineage {
    /// The lineage of a run of this version.
    pub fn of_this_tool() -> Self {
        Self { tool: concat!("arpent ", env!("CARGO_PKG_VERSION")).to_owned(), complete: true, ..Self::default() }
    }
}

/// A model that was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Licence of its weights.
    pub license: Option<String>,
}

impl ModelRecord {
    /// Stands for the digest of a model of others, of whom no more than its name is known.
    pub const NOT_STATED: &str = "not stated";
}

/// What became of the pictures: found = done + empty + failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PictureCounts {
    /// Pictures of the area.
    pub found: usize,
    /// Of those, looked at and something was detected.
    pub done: usize,
    /// Looked at and nothing was detected.
    pub empty: usize,
    /// Not looked at, for a reason.
    pub failed: usize,
    /// The failed ones by reason.
    pub failures: BTreeMap<String, usize>,
    /// The failed ones by name, the first [`MAX_NAMED_FAILURES`] of them.
    pub failed_pictures: Vec<FailedPicture>,
    /// Pictures of the area that were left out because only so many were asked for; not counted as found.
    pub beyond_max_pictures: usize,
}

/// So many failed pictures are named; all are counted.
pub const MAX_NAMED_FAILURES: usize = 1000;

/// A picture that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FailedPicture {
    /// Its identifier.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// What became of the detections: found = in_landmarks + left_out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SightingCounts {
    /// Detections in all pictures.
    pub found: usize,
    /// Of those, the ones that a landmark rests on.
    pub in_landmarks: usize,
    /// Those of things that rather do not exist: seen once where several pictures should have seen them, or wrong by
    /// what a reviewer says.
    pub left_out: usize,
}

impl SightingCounts {
    /// The counts of so many sightings and the landmarks that were made of them.
    pub fn new(found: usize, landmarks: &[Landmark]) -> Self {
        let in_landmarks = landmarks.iter().map(|landmark| landmark.sightings.len()).sum();
        Self { found, in_landmarks, left_out: found - in_landmarks }
    }
}

impl PictureCounts {
    /// Counts a picture that failed.
    pub fn fail(&mut self, id: String, reason: String) {
        self.failed += 1;
        *self.failures.entry(reason.clone()).or_default() += 1;
        if self.failed_pictures.len() < MAX_NAMED_FAILURES {
            self.failed_pictures.push(FailedPicture { id, reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::Covariance;

    fn landmark() -> Landmark {
        Landmark {
            lon_deg: 7.123_456_789,
            lat_deg: 48.0,
            covariance: Covariance { xx: 1.0, xy: 0.0, yy: 4.0 },
            class: 0,
            class_confidence: 0.7,
            probability: 0.9,
            method: Method::Triangulated,
            direction_deg: Some(359.7),
            direction_sd_deg: Some(8.0),
            support: None,
            installation: None,
            surface: None,
            sightings: vec![0, 1],
        }
    }

    fn evidence(picture_id: &'static str, sequence_id: &'static str) -> Evidence<'static> {
        Evidence { picture_id, sequence_id, license: Some("etalab-2.0"), ..Evidence::default() }
    }

    #[test]
    fn an_entry_says_what_a_mapper_needs() {
        let class =
            Class { name: "speed".into(), code: Some("B14".into()), value: Some("50".into()), ..Class::default() };
        let entry = Entry::new(
            "signs",
            &class,
            0.7,
            &landmark(),
            &[evidence("b", "s"), evidence("a", "t"), evidence("b", "s")],
        );
        assert_eq!(entry.osm_tags.as_deref(), Some("traffic_sign=FR:B14[50];direction=0"));
        assert_eq!((entry.class.as_str(), entry.label.as_str()), ("B14", "speed"));
        assert_eq!(entry.panoramax, "b;a");
        assert_eq!((entry.sightings, entry.sequences, entry.lon_deg), (3, 2, 7.1234568));
        assert_eq!(entry.license.as_deref(), Some("etalab-2.0"));
        assert_eq!((entry.accuracy_m, entry.ellipse_minor_m, entry.ellipse_azimuth_deg), (4.9, 2.45, 0.0));
    }

    #[test]
    fn an_id_is_that_of_the_earliest_sighting() {
        let at = |second| Timestamp::from_second(second).ok();
        let (class, early, late) = (
            Class::default(),
            Evidence { taken_at: at(10), ..evidence("z", "s") },
            Evidence { taken_at: at(20), ..evidence("a", "s") },
        );
        let id = |evidence: &[Evidence<'_>]| Entry::new("signs", &class, 0.7, &landmark(), evidence).id;
        let alone = id(std::slice::from_ref(&early));
        assert_eq!(id(&[late.clone(), early]), alone);
        assert_ne!(id(&[late]), alone);
    }

    #[test]
    fn what_hangs_together_has_one_name() {
        let together = |number| Landmark { support: number, ..landmark() };
        let landmarks = [together(Some(3)), together(None), together(Some(3))];
        let entry = |id: &str, l| Entry { id: id.into(), ..Entry::new("signs", &Class::default(), 0.7, l, &[]) };
        let mut entries = [entry("b", &landmarks[0]), entry("c", &landmarks[1]), entry("a", &landmarks[2])];
        name_groups(&mut entries, &landmarks);
        assert_eq!(entries.map(|entry| entry.support), [Some("a".into()), None, Some("a".into())]);
    }

    #[test]
    fn the_columns_are_those_of_an_entry() {
        let entry = Entry::new("signs", &Class::default(), 0.7, &landmark(), &[]);
        let written = serde_json::to_string(&entry).unwrap();
        let mut rest = written.as_str();
        for column in Entry::COLUMNS {
            rest = rest.split_once(&format!("\"{column}\":")).expect(column).1;
        }
        assert_eq!(serde_json::to_value(&entry).unwrap().as_object().unwrap().len(), Entry::COLUMNS.len());
    }

    #[test]
    fn ids_are_stable_and_unique() {
        let class = Class::default();
        let entry = |id| Entry::new("signs", &class, 0.7, &landmark(), &[evidence(id, "s")]);
        assert_eq!(entry("a").id, entry("a").id);
        assert_ne!(entry("a").id, entry("b").id);
        let mut entries = [entry("a"), entry("a")];
        make_ids_unique(&mut entries);
        assert_ne!(entries[0].id, entries[1].id);
    }
}
