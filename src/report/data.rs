//! What the page is made of: columns, which are smaller than rows and as quickly read.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;

use super::symbol::symbol;
use super::{CutOuts, Look, Report, language_code};
use crate::inventory::{Entry, Inventory, Lineage};
use crate::locate::Method;
use crate::picture::is_address;
use crate::survey::{PictureState, SurveyedSighting};
use crate::taxonomy::{self, Language, SIGNS, SOLAR};

/// The whole of it, as `page/data.js` reads it.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    key: &'a str,
    stem: &'a str,
    language: &'static str,
    title: Option<&'a str>,
    area_name: Option<&'a str>,
    lineage: &'a Lineage,
    /// What can be named as another class: code, French and English name, whether something is written on it, symbol.
    signs: Vec<(&'a str, &'a str, &'a str, u8, &'a str)>,
    methods: [&'static str; 3],
    classes: Vec<ClassRow<'a>>,
    /// Texts that recur.
    names: Vec<&'a str>,
    landmarks: Landmarks<'a>,
    sightings: Sightings,
    pictures: Pictures<'a>,
    crops: Crops,
}

/// A class of the inventory.
#[derive(Serialize)]
struct ClassRow<'a> {
    class: &'a str,
    value: Option<&'a str>,
    en: &'a str,
    fr: &'a str,
    symbol: &'static str,
    /// Whether the class is a sign's code.
    coded: bool,
}

/// Landmarks by columns. Degrees of places are in ten millionths, times in seconds since 1970; classes, methods and
/// recurring texts are numbers of their lists.
#[derive(Default, Serialize)]
struct Landmarks<'a> {
    id: Vec<&'a str>,
    lon: Vec<i64>,
    lat: Vec<i64>,
    class: Vec<usize>,
    confidence: Vec<f64>,
    probability: Vec<f64>,
    method: Vec<usize>,
    major: Vec<f64>,
    minor: Vec<f64>,
    azimuth: Vec<f64>,
    direction: Vec<Option<f64>>,
    direction_sd: Vec<Option<f64>>,
    support: Vec<Option<usize>>,
    installation: Vec<Option<usize>>,
    surface: Vec<Option<f64>>,
    surface_sd: Vec<Option<f64>>,
    sightings: Vec<usize>,
    sequences: Vec<usize>,
    first: Vec<Option<i64>>,
    last: Vec<Option<i64>>,
    tags: Vec<Option<&'a str>>,
    license: Vec<Option<usize>>,
    producer: Vec<Option<usize>>,
    reviewed: Vec<Option<&'a str>>,
}

/// Sightings by columns: numbers of landmark and picture, azimuth in tenths of a degree, number of the cut-out or −1.
#[derive(Default, Serialize)]
struct Sightings {
    landmark: Vec<usize>,
    picture: Vec<usize>,
    azimuth: Vec<i64>,
    crop: Vec<i64>,
}

/// Pictures by columns; the state is 0 done, 1 empty, 2 failed, 3 to do.
#[derive(Default, Serialize)]
struct Pictures<'a> {
    id: Vec<&'a str>,
    lon: Vec<Option<i64>>,
    lat: Vec<Option<i64>>,
    state: Vec<u8>,
    reason: Vec<Option<usize>>,
    time: Vec<Option<i64>>,
    url: Vec<Option<&'a str>>,
    producer: Vec<Option<usize>>,
    sequence: Vec<Option<usize>>,
}

#[derive(Serialize)]
struct Crops {
    count: usize,
    bytes: usize,
}

/// The sightings that landmarks rest on: by landmark, those of its best picture first.
pub(super) fn of_landmarks(inventory: &Inventory, sightings: Vec<SurveyedSighting>) -> Vec<SurveyedSighting> {
    let numbers = numbers(inventory.entries.iter().map(|entry| entry.id.as_str()));
    let ranks: Vec<HashMap<&str, usize>> =
        inventory.entries.iter().map(|entry| self::numbers(entry.panoramax.split(';'))).collect();
    let place = |sighting: &SurveyedSighting| {
        let landmark = *numbers.get(sighting.landmark.as_deref()?)?;
        Some((landmark, ranks[landmark].get(sighting.picture_id.as_str()).copied().unwrap_or(usize::MAX)))
    };
    let mut placed: Vec<_> = sightings.into_iter().filter_map(|s| Some((place(&s)?, s))).collect();
    placed.sort_by(|(a, x), (b, y)| a.cmp(b).then(y.score.total_cmp(&x.score)).then(x.fid.cmp(&y.fid)));
    placed.into_iter().map(|(_, sighting)| sighting).collect()
}

/// The place of each text in the order.
pub(super) fn numbers<'a>(texts: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut numbers = HashMap::new();
    for (number, text) in texts.enumerate() {
        numbers.entry(text).or_insert(number);
    }
    numbers
}

/// Texts that recur, each once.
#[derive(Default)]
struct Names<'a> {
    all: Vec<&'a str>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    fn number(&mut self, name: &'a str) -> usize {
        *self.places.entry(name).or_insert_with(|| {
            self.all.push(name);
            self.all.len() - 1
        })
    }
}

impl<'a> Data<'a> {
    pub fn new(report: &'a Report, look: &'a Look, cut_outs: &CutOuts) -> Self {
        let mut names = Names::default();
        let mut classes = Classes::default();
        let landmarks = landmarks(&report.inventory.entries, &mut classes, &mut names);
        let pictures = pictures(report, &mut names);
        Self {
            key: &report.key,
            stem: &report.stem,
            language: language_code(look.language),
            title: look.title.as_deref(),
            area_name: report.area_name.as_deref(),
            lineage: &report.inventory.lineage,
            signs: signs(&report.inventory.lineage.find),
            methods: METHODS.map(Method::name),
            classes: classes.rows,
            names: names.all,
            landmarks,
            sightings: sightings(report, cut_outs),
            pictures,
            crops: Crops { count: cut_outs.images.len(), bytes: cut_outs.bytes() },
        }
    }
}

const METHODS: [Method; 3] = [Method::Triangulated, Method::Range, Method::Bearing];

/// Classes of the inventory, each once.
#[derive(Default)]
struct Classes<'a> {
    rows: Vec<ClassRow<'a>>,
    places: BTreeMap<(&'a str, Option<&'a str>), usize>,
}

impl<'a> Classes<'a> {
    fn number(&mut self, entry: &'a Entry) -> usize {
        let (class, value) = (entry.class.as_str(), entry.value.as_deref());
        *self.places.entry((class, value)).or_insert_with(|| {
            let name = |language| taxonomy::name_of(class, language).unwrap_or(&entry.label);
            self.rows.push(ClassRow {
                class,
                value,
                en: name(Language::En),
                fr: name(Language::Fr),
                symbol: symbol(class),
                coded: taxonomy::sign(class).is_some(),
            });
            self.rows.len() - 1
        })
    }
}

/// What a reviewer can name as another class of what was looked for.
fn signs(find: &str) -> Vec<(&'static str, &'static str, &'static str, u8, &'static str)> {
    let solar = SOLAR
        .iter()
        .map(|solar| (solar.class, solar.name(Language::Fr), solar.name(Language::En), 0, symbol(solar.class)));
    if find == "solar" {
        return solar.collect();
    }
    let signs = SIGNS.iter().map(|sign| {
        let value = u8::from(sign.value.is_some());
        (sign.code, sign.name(Language::Fr), sign.name(Language::En), value, symbol(sign.code))
    });
    signs.collect()
}

/// A place or another number in whole parts.
fn whole(value: f64, parts: f64) -> i64 {
    (value * parts).round() as i64
}

fn seconds(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_second)
}

fn landmarks<'a>(entries: &'a [Entry], classes: &mut Classes<'a>, names: &mut Names<'a>) -> Landmarks<'a> {
    let mut columns = Landmarks::default();
    for entry in entries {
        columns.id.push(&entry.id);
        columns.lon.push(whole(entry.lon_deg, 1e7));
        columns.lat.push(whole(entry.lat_deg, 1e7));
        columns.class.push(classes.number(entry));
        columns.confidence.push(entry.class_confidence);
        columns.probability.push(entry.probability);
        columns.method.push(METHODS.iter().position(|method| *method == entry.method).unwrap_or_default());
        columns.major.push(entry.ellipse_major_m);
        columns.minor.push(entry.ellipse_minor_m);
        columns.azimuth.push(entry.ellipse_azimuth_deg);
        columns.direction.push(entry.direction_deg);
        columns.direction_sd.push(entry.direction_sd_deg);
        columns.support.push(entry.support.as_deref().map(|name| names.number(name)));
        columns.installation.push(entry.installation.as_deref().map(|name| names.number(name)));
        columns.surface.push(entry.surface_m2);
        columns.surface_sd.push(entry.surface_sd_m2);
        columns.sightings.push(entry.sightings);
        columns.sequences.push(entry.sequences);
        columns.first.push(seconds(entry.first_seen));
        columns.last.push(seconds(entry.last_seen));
        columns.tags.push(entry.osm_tags.as_deref());
        columns.license.push(entry.license.as_deref().map(|name| names.number(name)));
        columns.producer.push(entry.producer.as_deref().map(|name| names.number(name)));
        columns.reviewed.push(entry.reviewed.as_deref());
    }
    columns
}

fn sightings(report: &Report, cut_outs: &CutOuts) -> Sightings {
    let landmarks = numbers(report.inventory.entries.iter().map(|entry| entry.id.as_str()));
    let pictures = numbers(report.pictures.iter().map(|picture| picture.id.as_str()));
    let mut columns = Sightings::default();
    for (number, sighting) in report.sightings.iter().enumerate() {
        let landmark = sighting.landmark.as_deref().and_then(|id| landmarks.get(id));
        let Some((landmark, picture)) = landmark.zip(pictures.get(sighting.picture_id.as_str())) else { continue };
        columns.landmark.push(*landmark);
        columns.picture.push(*picture);
        columns.azimuth.push(whole(sighting.azimuth_deg, 10.0));
        columns.crop.push(cut_outs.of.get(&number).map_or(-1, |image| *image as i64));
    }
    columns
}

fn pictures<'a>(report: &'a Report, names: &mut Names<'a>) -> Pictures<'a> {
    let mut columns = Pictures::default();
    for surveyed in &report.pictures {
        let picture = surveyed.picture.as_ref();
        columns.id.push(&surveyed.id);
        columns.lon.push(picture.map(|picture| whole(picture.lon_deg, 1e7)));
        columns.lat.push(picture.map(|picture| whole(picture.lat_deg, 1e7)));
        let (state, reason) = match &surveyed.state {
            PictureState::Done => (0, None),
            PictureState::Empty => (1, None),
            PictureState::Failed(reason) => (2, Some(reason.as_str())),
            PictureState::Todo => (3, None),
        };
        columns.state.push(state);
        columns.reason.push(reason.map(|reason| names.number(reason)));
        columns.time.push(picture.and_then(|picture| seconds(picture.taken_at)));
        // The path of a file tells nothing elsewhere.
        columns.url.push(picture.and_then(|picture| picture.page_url.as_deref()).filter(|url| is_address(url)));
        columns.producer.push(picture.and_then(|p| p.producer.as_deref()).map(|name| names.number(name)));
        columns.sequence.push(picture.map(|picture| names.number(&picture.sequence)));
    }
    columns
}
