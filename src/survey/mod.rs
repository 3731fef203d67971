//! The run over all pictures of an area: list, download, look, locate.
//!
//! What became of each picture is kept in the file of the survey as soon as it is known; a run does what the file
//! lacks, and the inventory is made of what the file holds. So a run that was ended, however, is gone on with by the
//! next one, and the result is the same.
//!
//! The pictures are listed into the file part by part, and come out of it one by one, through bounded channels to
//! downloaders and workers: a run over many pictures holds as much memory as one over few. A worker has a detector of one thread; decoding, cutting and looking at a picture happen in one worker.
//! What is in the file is put in the order of the pictures before anything is reckoned from it, so neither the number of
//! workers nor the order of arrival changes a byte of what comes out.

mod annotated;
mod file;
mod queue;
mod stock;
mod work;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
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
use crate::picture::Picture;
use crate::source::{Listing, Query, Source, SourceError};
use crate::view::Turn;
use file::{Kept, Noting, Tied};
use queue::Queues;
use stock::{Stock, models, seen, take_stock};
use work::{Looked, Plans, Worker};

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
    /// Where there were pictures before, the source lists none: a disk may be missing.
    #[error(
        "no picture is listed, where the survey has {0}: nothing is changed; check the source, or name another file \
         where it is right that there is none"
    )]
    Vanished(usize),
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
    let mut noting = file.begin_noting()?;
    let survey = match known {
        Some(survey) => survey,
        None => noting.begin_survey(&terms, &models(model), query.area.as_ref(), started_at)?,
    };
    let run = noting.begin_run(survey, &Lineage::of_this_tool().tool, started_at)?;
    list(source, query, stop, |part| note(&mut noting, survey, &part, model, query.annotations))?;
    if let Some(before) = noting.all_vanished(survey)? {
        return Err(SurveyError::Vanished(before));
    }
    let noted = noting.finish(survey, settings.max_pictures)?;

    let alone = query.annotations == Annotations::Alone;
    // More than downloaders, workers and what is between them hold, so that none of them waits for the file.
    let ready = source.connections() + 4 * settings.jobs;
    let todo = if alone { Queues::default() } else { Queues::new(file, survey, ready)? };
    progress.known(noted.pictures - todo.pictures);
    progress.listed(todo.pictures);
    look_at_all(source, todo, model, settings, stop, file, |file, picture, outcome| {
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

    let stock = take_stock(file, survey, model, query.annotations, settings.min_sightings)?;
    let Stock { mut inventory, rows } = stock;
    let lineage = &mut inventory.lineage;
    lineage.started_at = file.started_at(survey)?;
    lineage.finished_at = now();
    lineage.area = query.area.as_ref().map(crate::area::Area::to_geojson);
    lineage.source = source.root();
    lineage.pictures.beyond_max_pictures = noted.beyond;
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

/// Hands over what the source lists, unless it is to stop before.
fn list(
    source: &dyn Source,
    query: &Query,
    stop: &AtomicBool,
    mut take: impl FnMut(Listing) -> Result<(), FileError>,
) -> Result<(), SurveyError> {
    // Dropped, also by a panic, it ends the watch.
    let (end_of_list, is_listed) = bounded::<()>(0);
    let mut taken = Ok(());
    let listed = std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = is_listed.recv_timeout(LOOK_ROUND) {
                if stop.load(Ordering::Relaxed) {
                    source.interrupt();
                }
            }
        });
        let listed = source.list_in_parts(query, &mut |part| {
            taken = take(part);
            if taken.is_err() || stop.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        drop(end_of_list);
        listed
    });
    taken?;
    // What a source says that was interrupted is of no interest.
    if stop.load(Ordering::Relaxed) { Err(SurveyError::Stopped) } else { Ok(listed?) }
}

/// Notes a part of what the source lists, with what others have seen in the pictures where that is asked for.
fn note(
    noting: &mut Noting<'_>,
    survey: i64,
    part: &Listing,
    model: &Model,
    annotations: Annotations,
) -> Result<(), FileError> {
    noting.note(survey, part)?;
    if annotations != Annotations::Ignored {
        for picture in &part.pictures {
            let foreign = foreign(model, picture, part.annotated.get(&picture.id));
            noting.keep_foreign(survey, picture, &foreign, annotations == Annotations::Alone, now())?;
        }
    }
    Ok(())
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
/// Each worker makes its detector itself, while the first pictures are on their way.
///
/// # Errors
///
/// A detector that cannot be made, or the first error that `keep` gives, ends the work.
fn look_at_all(
    source: &dyn Source,
    mut todo: Queues,
    model: &Model,
    settings: &Settings,
    stop: &AtomicBool,
    file: &mut SurveyFile,
    mut keep: impl FnMut(&mut SurveyFile, &Picture, Outcome) -> Result<(), FileError>,
) -> Result<(), SurveyError> {
    if todo.pictures == 0 {
        return Ok(());
    }
    let jobs = settings.jobs.clamp(1, todo.pictures);
    let pool = &workers(jobs)?;
    let plans = &Plans::new(model.view_sizes());
    let broken = &AtomicBool::new(false);
    let is_stopped = || stop.load(Ordering::Relaxed) || broken.load(Ordering::Relaxed);
    let (to_workers, arrived) = bounded(jobs * 2);
    let (to_file, looked) = bounded(jobs * 2);

    std::thread::scope(|scope| {
        // Dropped with the scope's own part, also by a panic, so that no worker waits for it.
        let looked = looked;
        for next in todo.takers(source.connections()) {
            let to_workers = to_workers.clone();
            scope.spawn(move || {
                for picture in next {
                    if is_stopped() {
                        break;
                    }
                    let fetched = source.fetch(&picture);
                    if to_workers.send((picture, fetched)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(to_workers);
        // Takes its ends of the channels along: when the workers are gone, for whatever reason, nobody waits for them.
        scope.spawn(move || {
            pool.broadcast(|_| {
                let mut worker = match model.detector() {
                    Ok(detector) => Worker::new(detector, plans),
                    Err(error) => return drop(to_file.send(Err(error))),
                };
                for (picture, fetched) in &arrived {
                    if is_stopped() {
                        continue;
                    }
                    let outcome = match fetched {
                        Ok(bytes) => worker.look_safely(&picture, &bytes),
                        Err(error) => Err(error.to_string()),
                    };
                    if to_file.send(Ok((picture, outcome))).is_err() {
                        return;
                    }
                }
            });
        });
        let mut kept = todo.fill(file).map_err(SurveyError::from);
        loop {
            if kept.is_err() {
                broken.store(true, Ordering::Relaxed);
            }
            if is_stopped() {
                source.interrupt();
                todo.close();
            }
            match looked.recv_timeout(LOOK_ROUND) {
                Ok(Ok((picture, outcome))) if kept.is_ok() => {
                    kept = keep(file, &picture, outcome).and_then(|()| todo.fill(file)).map_err(SurveyError::from);
                }
                Ok(Err(error)) if kept.is_ok() => kept = Err(error.into()),
                Err(RecvTimeoutError::Disconnected) => break,
                _ => {}
            }
        }
        // Downloaders that wait for a picture end with their queues.
        drop(todo);
        kept
    })
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
