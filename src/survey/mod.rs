//! The run over all pictures of an area: list, download, look, locate.
//!
//! What became of each picture is kept in the file of the survey as soon as it is known; a run does what the file
//! lacks, and the inventory is made of what the file holds. So a run that was ended, however, is gone on with by the
//! next one, and the result is the same.
//!
//! Downloaders and workers are joined by a bounded channel, so a run over many pictures holds as much memory as one
//! over few. A worker has a detector of one thread; decoding, cutting and looking at a picture happen in one worker.
//! What is in the file is put in the order of the pictures before anything is reckoned from it, so neither the number of
//! workers nor the order of arrival changes a byte of what comes out.

mod annotated;
mod file;
mod stock;
mod work;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use crossbeam_channel::{RecvTimeoutError, bounded};
use jiff::Timestamp;
use rayon::{ThreadPool, ThreadPoolBuilder};
use thiserror::Error;

pub use file::{
    FileError, PictureState, Published, Reviewed, Run, Status, SurveyFile, SurveyReader, SurveyedPicture,
    SurveyedSighting, Terms, kept_area, published, review, reviews, status, take_back,
};

use crate::annotation::{Annotated, Annotations};
use crate::inventory::{Inventory, Lineage};
use crate::model::{Model, ModelError};
use crate::picture::{Picture, compare_as_taken};
use crate::source::{Listing, Query, Source, SourceError};
use crate::view::Turn;
use file::{Kept, Record, Tied};
use stock::{Stock, models, seen, take_stock};
use work::{Looked, Worker};

/// So many hosts have downloaders of their own; further ones share those of the last.
const MAX_QUEUES: usize = 16;

/// How often a run that waits looks whether it is to stop.
const LOOK_ROUND: Duration = Duration::from_millis(200);

/// How a survey is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Workers, each with a detector of one thread.
    pub jobs: usize,
    /// Look at so many pictures at most: the first ones in the order of sequences.
    pub max_pictures: Option<usize>,
    /// Landmarks seen less often are left out of the inventory.
    pub min_sightings: usize,
}

/// Hears how a survey goes on. Called from the thread that runs it.
pub trait Progress {
    /// The pictures are known: so many are to be looked at.
    fn listed(&mut self, pictures: usize);
    /// Before that: so many more were looked at by earlier runs.
    fn known(&mut self, _pictures: usize) {}
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
    /// The file of the survey cannot be used. What it holds is as sound as before.
    #[error(transparent)]
    File(#[from] FileError),
    /// Stopped before there was anything to write.
    #[error("stopped while the pictures were listed: nothing was looked at")]
    Stopped,
    /// The workers could not be started.
    #[error("the workers could not be started: {0}")]
    Workers(String),
}

/// Surveys the pictures that a source has of an area, from the first to the last.
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
    run_in(&mut SurveyFile::in_memory()?, source, query, model, settings, progress, stop)
}

/// The same, going on with what earlier runs under the same terms have left in `file`: looks at the pictures that are
/// new or changed, and at those that failed.
pub fn run_in(
    file: &mut SurveyFile,
    source: &dyn Source,
    query: &Query,
    model: &Model,
    settings: &Settings,
    progress: &mut dyn Progress,
    stop: &AtomicBool,
) -> Result<Inventory, SurveyError> {
    let started_at = now();
    let terms = terms(source, query, model);
    let known = file.find(&terms)?;
    let mut listing = list(source, query, stop)?;
    let limit = settings.max_pictures.unwrap_or(usize::MAX);
    let beyond_max_pictures = listing.pictures.len().saturating_sub(limit);
    listing.pictures.truncate(limit);

    let survey = match known {
        Some(survey) => survey,
        None => file.begin(&terms, &models(model), query.area.as_ref(), started_at)?,
    };
    let run = file.begin_run(survey, &Lineage::of_this_tool().tool, started_at)?;
    let mut todo = file.note(survey, &listing)?.into_iter();
    let Listing { mut pictures, annotated, .. } = listing;
    if query.annotations != Annotations::Ignored {
        let alone = query.annotations == Annotations::Alone;
        let foreign = pictures.iter().map(|picture| (picture, foreign(model, picture, annotated.get(&picture.id))));
        file.keep_foreign(survey, foreign, alone, now())?;
    }
    let listed = pictures.len();
    pictures.retain(|_| todo.next().unwrap_or(true) && query.annotations != Annotations::Alone);
    progress.known(listed - pictures.len());
    progress.listed(pictures.len());
    look_at_all(source, &pictures, model, settings, stop, |picture, outcome| {
        let kept = match &outcome {
            Ok(looked) => Ok((looked.turn, seen(model, 0, picture, looked))),
            Err(reason) => Err(reason.clone()),
        };
        file.keep(survey, picture, &kept, now())?;
        let detections = outcome.as_ref().map_or(0, |looked| looked.detections.len());
        match &outcome {
            Ok(_) => log::debug!("{}: {detections} detections", picture.id),
            Err(reason) => log::warn!("{}: {reason}", picture.id),
        }
        progress.looked(picture, detections, outcome.as_ref().err().map(String::as_str));
        Ok(())
    })?;
    drop(pictures);

    let (mut records, unusable) = file.records(survey, &model.manifest().classes)?;
    records.sort_by(|a, b| compare_as_taken(&a.picture, &b.picture));
    let complete = records.iter().all(Record::had_its_turn);
    let Stock { mut inventory, rows } =
        take_stock(&records, unusable, model, query.annotations, settings.min_sightings);
    let lineage = &mut inventory.lineage;
    lineage.complete = complete;
    lineage.started_at = file.started_at(survey)?;
    lineage.finished_at = now();
    lineage.area = query.area.as_ref().map(crate::area::Area::to_geojson);
    lineage.source = source.root();
    lineage.pictures.beyond_max_pictures = beyond_max_pictures;
    for (name, time) in [("since", query.since), ("until", query.until)] {
        lineage.settings.extend(time.map(|time| (name.to_owned(), time.to_string().into())));
    }
    lineage.settings.extend(settings.max_pictures.map(|max| ("max_pictures".to_owned(), max.into())));
    lineage.settings.extend(source.terms().into_iter().map(|(name, value)| (name.to_owned(), value.into())));
    let detections = detections_term(query.annotations).map(|name| ("detections".to_owned(), name.into()));
    lineage.settings.extend(detections);
    let mut reviews = file.reviews(survey)?;
    let unmatched = crate::review::apply(&mut inventory.entries, &mut reviews);
    if unmatched > 0 {
        log::warn!("{unmatched} reviews speak of landmarks that are not there any more");
    }
    let id = |entry: usize| inventory.entries.get(entry).map(|entry| entry.id.as_str());
    let tied = rows.iter().map(|row| Tied {
        fid: row.fid,
        camera_lon_lat_deg: row.camera_lon_lat_deg,
        sighting: &row.sighting,
        landmark: row.entry.and_then(id),
    });
    let tied: Vec<Tied<'_>> = tied.collect();
    file.finish(survey, run, &inventory, &reviews, &tied)?;
    Ok(inventory.without_wrong())
}

/// What the source lists, unless it is to stop before.
fn list(source: &dyn Source, query: &Query, stop: &AtomicBool) -> Result<Listing, SurveyError> {
    let is_listed = &AtomicBool::new(false);
    let listed = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !is_listed.load(Ordering::Relaxed) {
                if stop.load(Ordering::Relaxed) {
                    source.interrupt();
                }
                std::thread::park_timeout(LOOK_ROUND);
            }
        });
        let listed = source.list(query);
        is_listed.store(true, Ordering::Relaxed);
        watch.thread().unpark();
        listed
    });
    // What a source says that was interrupted is of no interest.
    if stop.load(Ordering::Relaxed) { Err(SurveyError::Stopped) } else { Ok(listed?) }
}

/// What the sightings of a survey depend on. The number of pictures is no part of it: there may be more next time.
fn terms(source: &dyn Source, query: &Query, model: &Model) -> Terms {
    let manifest = model.manifest();
    let mut terms = vec![("find".to_owned(), manifest.find.clone())];
    for (role, model) in ["detector", "classifier"].iter().zip(models(model)) {
        let digest = model.sha256.get(..16).unwrap_or(&model.sha256);
        terms.push(((*role).to_owned(), format!("{} {} (sha256 {digest}…)", model.name, model.version)));
    }
    terms.push(("confidence".to_owned(), manifest.confidence.to_string()));
    terms.push(("source".to_owned(), source.root()));
    terms.extend(source.terms().into_iter().map(|(name, value)| (name.to_owned(), value)));
    terms.extend(query.area.as_ref().map(|area| ("area".to_owned(), area.describe())));
    terms.extend(detections_term(query.annotations).map(|name| ("detections".to_owned(), name.to_owned())));
    for (name, time) in [("since", query.since), ("until", query.until)] {
        terms.extend(time.map(|time| (name.to_owned(), time.to_string())));
    }
    Terms(terms)
}

/// Where detections come from, if not from the detector alone.
fn detections_term(annotations: Annotations) -> Option<&'static str> {
    match annotations {
        Annotations::Ignored => None,
        Annotations::Added => Some("both"),
        Annotations::Alone => Some("annotations"),
    }
}

/// What others have seen in a picture.
fn foreign<'a>(model: &'a Model, picture: &Picture, annotated: Option<&Annotated>) -> Kept<'a> {
    let Some(Annotated { turn, annotations }) = annotated else {
        // Nothing lies anywhere in it, so its size is of no interest.
        return Ok((Turn::unknown(), Vec::new()));
    };
    let turn = turn.ok_or_else(|| "annotated, but the size of its image is not stated".to_owned())?;
    let foreign = annotated::foreign(model, &turn, annotations);
    let detections = foreign.iter().map(|foreign| foreign.detection).collect();
    let mut seen = seen(model, 0, picture, &Looked { turn, detections });
    for (seen, foreign) in seen.iter_mut().zip(foreign) {
        seen.origin = Some(foreign.origin);
    }
    Ok((turn, seen))
}

/// What became of a picture, or why it could not be looked at.
type Outcome = Result<Looked, String>;

/// Looks at every picture and hands over what became of each, in the order in which they are done. Those that a stop
/// keeps from their turn are left out.
///
/// # Errors
///
/// The first that `keep` gives ends the work.
fn look_at_all(
    source: &dyn Source,
    pictures: &[Picture],
    model: &Model,
    settings: &Settings,
    stop: &AtomicBool,
    mut keep: impl FnMut(&Picture, Outcome) -> Result<(), FileError>,
) -> Result<(), SurveyError> {
    if pictures.is_empty() {
        return Ok(());
    }
    let jobs = settings.jobs.clamp(1, pictures.len());
    let pool = &workers(jobs)?;
    // Each worker makes its detector itself, all at a time.
    let detectors = pool.broadcast(|_| model.detector()).into_iter().collect::<Result<Vec<_>, _>>()?;
    let detectors = &Mutex::new(detectors);
    let queues = queues(pictures);
    let broken = &AtomicBool::new(false);
    let is_stopped = || stop.load(Ordering::Relaxed) || broken.load(Ordering::Relaxed);
    let (to_workers, arrived) = bounded(jobs * 2);
    let (to_file, looked) = bounded(jobs * 2);

    std::thread::scope(|scope| {
        for queue in &queues {
            for _ in 0..source.connections().min(queue.pictures.len()) {
                let to_workers = to_workers.clone();
                scope.spawn(move || {
                    while !is_stopped() {
                        let Some(index) = queue.next() else { break };
                        if to_workers.send((index, source.fetch(&pictures[index]))).is_err() {
                            break;
                        }
                    }
                });
            }
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
                    if to_file.send((index, outcome)).is_err() {
                        return;
                    }
                }
            });
        });
        let mut kept = Ok(());
        loop {
            match looked.recv_timeout(LOOK_ROUND) {
                Ok((index, outcome)) if kept.is_ok() => {
                    kept = keep(&pictures[index], outcome);
                    broken.store(kept.is_err(), Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                _ => {}
            }
            if is_stopped() {
                source.interrupt();
            }
        }
        kept.map_err(SurveyError::from)
    })
}

/// The pictures of one host, in their order: a host that is slow or paused holds up no other.
struct Queue {
    pictures: Vec<usize>,
    taken: AtomicUsize,
}

impl Queue {
    fn next(&self) -> Option<usize> {
        self.pictures.get(self.taken.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

/// A queue for each host.
fn queues(pictures: &[Picture]) -> Vec<Queue> {
    let mut hosts: HashMap<Option<&str>, usize> = HashMap::new();
    let mut queues: Vec<Queue> = Vec::new();
    for (index, picture) in pictures.iter().enumerate() {
        let next = queues.len().min(MAX_QUEUES - 1);
        let number = *hosts.entry(picture.image.host()).or_insert(next);
        if number == queues.len() {
            queues.push(Queue { pictures: Vec::new(), taken: AtomicUsize::new(0) });
        }
        queues[number].pictures.push(index);
    }
    queues
}

fn workers(jobs: usize) -> Result<ThreadPool, SurveyError> {
    ThreadPoolBuilder::new()
        .num_threads(jobs)
        .thread_name(|n| format!("worker-{n}"))
        .build()
        .map_err(|error| SurveyError::Workers(error.to_string()))
}

/// The time to the second.
pub(crate) fn now() -> Option<Timestamp> {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}
