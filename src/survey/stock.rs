//! From what was seen in the pictures to the inventory, all in the pictures' order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::file::{FileError, Record, Seen, SightingKey, State, SurveyFile};
use super::work::Looked;
use crate::annotation::Annotations;
use crate::camera::Lens;
use crate::ids::keep_ids;
use crate::inventory::{
    Evidence, Inventory, Lineage, ModelRecord, PictureCounts, SightingCounts, entries, name_groups,
};
use crate::locate::{Landmark, Traits, locate};
use crate::model::{Class, Manifest, Model, Reading, same};
use crate::picture::Picture;
use crate::sighting::{Sighting, Station};
use crate::source::Unusable;
use crate::view::PixelBox;

/// An inventory, and how the sightings hang together with it.
pub(super) struct Stock {
    pub inventory: Inventory,
    /// All sightings that are kept.
    pub rows: Vec<SightingRow>,
}

/// What a sighting is in the file, in the world and in the inventory.
pub(super) struct SightingRow {
    /// The key of its row.
    pub fid: i64,
    pub camera_lon_lat_deg: (f64, f64),
    pub sighting: Sighting,
    /// The number of the entry that rests on it.
    pub entry: Option<usize>,
}

/// What a picture shows, as it is kept and as the world has it. `station` is the number of the picture's.
pub(super) fn seen<'a>(model: &'a Model, station: usize, picture: &Picture, looked: &Looked) -> Vec<Seen<'a>> {
    let lens = lens(picture, looked);
    let classes = &model.manifest().classes;
    let seen = looked.detections.iter().filter_map(|detection| {
        let class = classes.get(detection.class)?;
        let readings: Vec<Reading> = detection.reading.into_iter().collect();
        let (called, _) = model.class_of(detection.class, &readings)?;
        Some(Seen {
            detection: *detection,
            origin: None,
            class,
            called: called.inventory_name().to_owned(),
            sighting: Sighting::new(station, picture, &lens, detection, class),
            file_box: looked.turn.to_file(detection.pixels),
        })
    });
    seen.collect()
}

fn lens(picture: &Picture, looked: &Looked) -> Lens {
    let (width, height) = looked.turn.upright_size();
    Lens::new(&picture.camera, width, height)
}

/// Makes the landmarks of all that a file holds of a survey.
///
/// Only pictures that show something are held, and of the others where they stand: there may be a hundred thousand.
pub(super) fn take_stock(
    file: &SurveyFile,
    survey: i64,
    model: &Model,
    annotations: Annotations,
    min_sightings: usize,
) -> Result<Stock, FileError> {
    let manifest = model.manifest();
    let mut lineage = Lineage::of_this_tool();
    let mut counts = PictureCounts::default();
    let mut stations: Vec<Station> = Vec::new();
    let mut sightings: Vec<Sighting> = Vec::new();
    // For each sighting what was read on it, its picture and its box in the file's pixels, and its row.
    let mut readings: Vec<Option<Reading>> = Vec::new();
    let mut shown: Vec<(usize, PixelBox)> = Vec::new();
    let mut pictures: Vec<Picture> = Vec::new();
    let mut keys: Vec<SightingKey> = Vec::new();
    let mut rows: Vec<SightingRow> = Vec::new();
    let unusable = file.records(survey, &manifest.classes, |Record { picture, state, rows: kept }| {
        for (tally, name) in [(&mut lineage.licenses, &picture.license), (&mut lineage.producers, &picture.producer)]
        {
            *tally.entry(name.clone().unwrap_or_else(|| "unknown".to_owned())).or_insert(0_usize) += 1;
        }
        counts.found += 1;
        let looked = match state {
            State::Looked(looked) => looked,
            State::Failed(reason) => {
                counts.fail(picture.id, reason);
                return;
            }
            State::Todo => {
                lineage.complete = false;
                counts.fail(picture.id, "not reached before the run was stopped".to_owned());
                return;
            }
        };
        match looked.detections.len() {
            0 => counts.empty += 1,
            _ => counts.done += 1,
        }
        // That others have noted nothing does not mean that there was nothing to see.
        if annotations == Annotations::Alone && looked.detections.is_empty() {
            return;
        }
        let lens = lens(&picture, &looked);
        let period = lens.wraps().then(|| looked.turn.upright_size().0 as f32);
        let seen = seen(model, stations.len(), &picture, &looked);
        stations.push(Station::new(&picture, &lens));
        let is_foreign: Vec<bool> = kept.iter().map(|key| key.origin.is_some()).collect();
        for (seen_here, key) in seen.iter().zip(kept) {
            let camera_lon_lat_deg = (picture.lon_deg, picture.lat_deg);
            rows.push(SightingRow {
                fid: key.fid,
                camera_lon_lat_deg,
                sighting: seen_here.sighting.clone(),
                entry: None,
            });
            let own = seen.iter().zip(&is_foreign).filter(|(_, foreign)| !**foreign).map(|(seen, _)| seen.detection);
            let doubled = key.origin.is_some()
                && own.into_iter().any(|own| {
                    let alike = manifest.exclusive || own.class == seen_here.detection.class;
                    alike && same(&own, &seen_here.detection, manifest.iou, period)
                });
            // What the detector saw as well counts once.
            if doubled {
                continue;
            }
            sightings.push(seen_here.sighting.clone());
            readings.push(seen_here.detection.reading);
            shown.push((pictures.len(), seen_here.file_box));
            keys.push(key);
        }
        if !seen.is_empty() {
            pictures.push(picture);
        }
    })?;
    counts.found += unusable.len();
    for Unusable { id, reason } in unusable {
        counts.fail(id, reason);
    }
    let traits = Traits { is_exclusive: manifest.exclusive, together: manifest.together };
    let mut landmarks = locate(&stations, &sightings, traits);
    landmarks.retain(|landmark| landmark.sightings.len() >= min_sightings);
    let mut entries = entries(
        &manifest.find,
        &landmarks,
        |landmark| class_of(model, landmark, &readings),
        |sighting| evidence(manifest, &sightings[sighting], &pictures[shown[sighting].0], shown[sighting].1),
    );
    let known = file.known_ids(survey)?;
    let is_known = |id: &&str| known.as_ref().is_none_or(|known| known.contains(*id));
    let before: Vec<Option<&str>> = keys.iter().map(|key| key.landmark.as_deref().filter(is_known)).collect();
    keep_ids(&mut entries, &landmarks, &before);
    name_groups(&mut entries, &landmarks);

    let mut entry_of: HashMap<i64, usize> = HashMap::new();
    for (entry, landmark) in landmarks.iter().enumerate() {
        entry_of.extend(landmark.sightings.iter().map(|sighting| (keys[*sighting].fid, entry)));
    }
    rows.iter_mut().for_each(|row| row.entry = entry_of.get(&row.fid).copied());

    counts.failed_pictures.sort();
    lineage.find = manifest.find.clone();
    lineage.models = match annotations {
        Annotations::Alone => Vec::new(),
        Annotations::Ignored | Annotations::Added => models(model),
    };
    lineage.models.extend(foreign_models(&keys));
    lineage.settings = BTreeMap::from([("confidence".to_owned(), decimal(manifest.confidence))]);
    if min_sightings > 1 {
        lineage.settings.insert("min_sightings".to_owned(), min_sightings.into());
    }
    lineage.sightings = SightingCounts::new(sightings.len(), &landmarks);
    lineage.pictures = counts;
    Ok(Stock { inventory: Inventory { entries, lineage }, rows })
}

/// The models that others have used, as far as they say.
fn foreign_models(keys: &[SightingKey]) -> Vec<ModelRecord> {
    let origins: BTreeSet<&str> = keys.iter().filter_map(|key| key.origin.as_deref()).collect();
    let record = |origin: &str| {
        let (name, version) = origin.split_once('/').unwrap_or((origin, ""));
        let sha256 = ModelRecord::NOT_STATED.to_owned();
        ModelRecord { name: name.to_owned(), version: version.to_owned(), sha256, license: None }
    };
    origins.into_iter().map(record).collect()
}

/// The detector, and its classifier where it has one.
pub(super) fn models(model: &Model) -> Vec<ModelRecord> {
    let manifest = model.manifest();
    let detector = ModelRecord {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        sha256: model.sha256().to_owned(),
        license: manifest.license.clone(),
    };
    let classifier = model.classifier().map(|(classifier, sha256)| ModelRecord {
        name: classifier.name.clone(),
        version: classifier.version.clone(),
        sha256: sha256.to_owned(),
        license: classifier.license.clone(),
    });
    std::iter::once(detector).chain(classifier).collect()
}

/// The class of a landmark after all that was read on it, and how sure it is.
fn class_of(model: &Model, landmark: &Landmark, readings: &[Option<Reading>]) -> Option<(Class, f64)> {
    let of_it: Vec<Reading> = landmark.sightings.iter().filter_map(|sighting| readings[*sighting]).collect();
    let (class, read) = model.class_of(landmark.class, &of_it)?;
    Some((class, read.unwrap_or(landmark.class_confidence)))
}

/// A 32-bit number as it was written: 0.4, not 0.4000000059604645.
fn decimal(value: f32) -> serde_json::Value {
    value.to_string().parse::<f64>().map_or(serde_json::Value::Null, Into::into)
}

fn evidence<'a>(manifest: &'a Manifest, sighting: &Sighting, picture: &'a Picture, pixels: PixelBox) -> Evidence<'a> {
    Evidence {
        class: manifest.classes.get(sighting.class).map_or("", |class| &class.name),
        picture_id: &picture.id,
        sequence_id: &picture.sequence,
        taken_at: picture.taken_at,
        page_url: picture.page_url.as_deref(),
        license: picture.license.as_deref(),
        producer: picture.producer.as_deref(),
        pixels: Some(pixels),
        azimuth_deg: sighting.azimuth_deg,
        elevation_deg: sighting.elevation_deg,
    }
}
