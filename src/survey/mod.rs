//! The run over all pictures of an area: list, download, look, locate.
//!
//! Downloaders and workers are joined by a bounded channel, so a run over many pictures holds as much memory as one
//! over few. A worker has a detector of one thread; decoding, cutting and looking at a picture happen in one worker.
//! Results are put in the order of the pictures before anything is reckoned from them, so neither the number of
//! workers nor the order of arrival changes a byte of what comes out.

mod work;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::SystemTime;

use crossbeam_channel::bounded;
use jiff::Timestamp;
use rayon::{ThreadPool, ThreadPoolBuilder};
use thiserror::Error;

use crate::camera::Lens;
use crate::inventory::{Evidence, Inventory, Lineage, ModelRecord, PictureCounts, SightingCounts, entries};
use crate::locate::{Landmark, Traits, locate};
use crate::model::{Class, Model, ModelError, Reading};
use crate::picture::{Image, Picture};
use crate::sighting::{Sighting, Station};
use crate::source::{Listing, Query, Source, SourceError};
use crate::view::PixelBox;
use work::{Looked, Worker};

/// Downloads at a time. A source may hold back more of them for a host's sake.
const DOWNLOADS: usize = 4;

/// How a survey is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Workers, each with a detector of one thread.
    pub jobs: usize,
    /// Look at so many pictures at most: the first ones in the order of sequences.
    pub max_pictures: Option<usize>,
}

/// Hears how a survey goes on. Called from the thread that runs it.
pub trait Progress {
    /// The pictures are known: so many are to be looked at.
    fn listed(&mut self, pictures: usize);
    /// A picture has had its turn; `failure` says why it could not be looked at.
    fn looked(&mut self, picture: &Picture, detections: usize, failure: Option<&str>);
}

/// Why there is no inventory at all.
#[derive(Debug, Error)]
pub enum SurveyError {
    /// The source did not list its pictures.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The model does not run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Stopped before there was anything to write.
    #[error("stopped while the pictures were listed: nothing was looked at")]
    Stopped,
    /// The workers could not be started.
    #[error("the workers could not be started: {0}")]
    Workers(String),
}

/// Surveys the pictures that a source has of an area.
///
/// When `stop` turns true the pictures in flight are finished, and the inventory of what is there is returned,
/// marked incomplete. A picture that cannot be had or looked at costs itself only and is counted with its reason.
pub fn run(
    source: &dyn Source,
    query: &Query,
    model: &Model,
    settings: &Settings,
    progress: &mut dyn Progress,
    stop: &AtomicBool,
) -> Result<Inventory, SurveyError> {
    let started_at = now();
    let Listing { mut pictures, unusable } = source.list(query)?;
    if stop.load(Ordering::Relaxed) {
        return Err(SurveyError::Stopped);
    }
    let limit = settings.max_pictures.unwrap_or(usize::MAX);
    let beyond_max_pictures = pictures.len().saturating_sub(limit);
    pictures.truncate(limit);

    let mut counts = PictureCounts { beyond_max_pictures, ..PictureCounts::default() };
    counts.found = pictures.len() + unusable.len();
    for picture in unusable {
        counts.fail(picture.id, picture.reason);
    }
    progress.listed(pictures.len());
    let looked = look_at_all(source, &pictures, model, settings, progress, stop)?;
    let complete = looked.iter().all(Option::is_some);
    let mut inventory = take_stock(&pictures, looked, model, counts);

    let lineage = &mut inventory.lineage;
    lineage.complete = complete;
    lineage.started_at = started_at;
    lineage.finished_at = now();
    lineage.area = query.area.as_ref().map(crate::area::Area::to_geojson);
    lineage.source = source.root();
    for (name, time) in [("since", query.since), ("until", query.until)] {
        lineage.settings.extend(time.map(|time| (name.to_owned(), time.to_string().into())));
    }
    lineage.settings.extend(settings.max_pictures.map(|max| ("max_pictures".to_owned(), max.into())));
    Ok(inventory)
}

/// What became of a picture, or why it could not be looked at.
type Outcome = Result<Looked, String>;

/// Looks at every picture; the result has the pictures' order, and nothing for those that a stop kept from their turn.
fn look_at_all(
    source: &dyn Source,
    pictures: &[Picture],
    model: &Model,
    settings: &Settings,
    progress: &mut dyn Progress,
    stop: &AtomicBool,
) -> Result<Vec<Option<Outcome>>, SurveyError> {
    let jobs = settings.jobs.clamp(1, pictures.len().max(1));
    let pool = &workers(jobs)?;
    let detectors = (0..jobs).map(|_| model.detector()).collect::<Result<Vec<_>, _>>()?;
    let detectors = &Mutex::new(detectors);
    let mut outcomes: Vec<Option<Outcome>> = pictures.iter().map(|_| None).collect();
    let next = &AtomicUsize::new(0);
    let is_stopped = || stop.load(Ordering::Relaxed);
    let (to_workers, arrived) = bounded(jobs * 2);
    let (to_stock, looked) = bounded(jobs * 2);

    std::thread::scope(|scope| {
        // Files come at once; servers let several wait at a time.
        let downloads = if pictures.iter().any(|p| matches!(p.image, Image::Url(_))) { DOWNLOADS } else { 1 };
        for _ in 0..downloads {
            let to_workers = to_workers.clone();
            scope.spawn(move || {
                while !is_stopped() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(picture) = pictures.get(index) else { break };
                    if to_workers.send((index, source.fetch(picture))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(to_workers);
        // Takes its ends of the channels along: when the workers are gone, for whatever reason, nobody waits for them.
        scope.spawn(move || {
            pool.broadcast(|_| {
                let detector = detectors.lock().ok().and_then(|mut left| left.pop());
                let Some(mut worker) = detector.map(Worker::new) else { return };
                for (index, fetched) in &arrived {
                    if is_stopped() {
                        continue;
                    }
                    let outcome = match fetched {
                        Ok(bytes) => worker.look_safely(&pictures[index], &bytes),
                        Err(error) => Err(error.to_string()),
                    };
                    if to_stock.send((index, outcome)).is_err() {
                        return;
                    }
                }
            });
        });
        for (index, outcome) in looked {
            let detections = outcome.as_ref().map_or(0, |looked: &Looked| looked.detections.len());
            progress.looked(&pictures[index], detections, outcome.as_ref().err().map(String::as_str));
            outcomes[index] = Some(outcome);
        }
    });
    Ok(outcomes)
}

fn workers(jobs: usize) -> Result<ThreadPool, SurveyError> {
    ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|n| format!("worker-{n}"))
        .build()
        .map_err(|error| SurveyError::Workers(error.to_string()))
}

/// From what was seen in the pictures to the inventory, all in the pictures' order.
fn take_stock(
    pictures: &[Picture],
    outcomes: Vec<Option<Outcome>>,
    model: &Model,
    mut counts: PictureCounts,
) -> Inventory {
    let manifest = model.manifest();
    let mut stations: Vec<Station> = Vec::new();
    let mut sightings: Vec<Sighting> = Vec::new();
    // For each sighting what was read on it, its picture and its box in the file's pixels.
    let mut readings: Vec<Option<Reading>> = Vec::new();
    let mut shown: Vec<(&Picture, PixelBox)> = Vec::new();
    for (picture, outcome) in pictures.iter().zip(outcomes) {
        let looked = match outcome {
            Some(Ok(looked)) => looked,
            Some(Err(reason)) => {
                counts.fail(picture.id.clone(), reason);
                continue;
            }
            None => {
                counts.fail(picture.id.clone(), "not reached before the run was stopped".to_owned());
                continue;
            }
        };
        match looked.detections.len() {
            0 => counts.empty += 1,
            _ => counts.done += 1,
        }
        let (width, height) = looked.upright_size;
        let lens = Lens::new(&picture.camera, width, height);
        for detection in &looked.detections {
            let Some(class) = manifest.classes.get(detection.class) else { continue };
            sightings.push(Sighting::new(stations.len(), picture, &lens, detection, class));
            readings.push(detection.reading);
            shown.push((picture, looked.turn.to_file(detection.pixels)));
        }
        stations.push(Station::new(picture, &lens));
    }
    let traits = Traits { is_exclusive: manifest.exclusive, together: manifest.together };
    let landmarks = locate(&stations, &sightings, traits);
    let entries = entries(
        &manifest.find,
        &landmarks,
        |landmark| class_of(model, landmark, &readings),
        |sighting| evidence(&sightings[sighting], shown[sighting].0, shown[sighting].1),
    );

    counts.failed_pictures.sort();
    let mut lineage = Lineage::of_this_tool();
    lineage.find = manifest.find.clone();
    lineage.models = vec![ModelRecord {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        sha256: model.sha256().to_owned(),
        license: manifest.license.clone(),
    }];
    lineage.models.extend(model.classifier().map(|(classifier, sha256)| ModelRecord {
        name: classifier.name.clone(),
        version: classifier.version.clone(),
        sha256: sha256.to_owned(),
        license: classifier.license.clone(),
    }));
    lineage.settings = BTreeMap::from([("confidence".to_owned(), decimal(manifest.confidence))]);
    lineage.sightings = SightingCounts::new(sightings.len(), &landmarks);
    for picture in pictures {
        for (tally, name) in [(&mut lineage.licenses, &picture.license), (&mut lineage.producers, &picture.producer)]
        {
            *tally.entry(name.clone().unwrap_or_else(|| "unknown".to_owned())).or_insert(0_usize) += 1;
        }
    }
    lineage.pictures = counts;
    Inventory { entries, lineage }
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

fn evidence<'a>(sighting: &Sighting, picture: &'a Picture, pixels: PixelBox) -> Evidence<'a> {
    Evidence {
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

/// The time to the second.
fn now() -> Option<Timestamp> {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}
