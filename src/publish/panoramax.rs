//! Writing claims to the pictures of a Panoramax server as annotations, and taking them back.
//!
//! What is about to be written is noted in the file of the survey before the server is asked, and with its name on the
//! server afterwards. So a run that is killed leaves one in doubt at most, which the next one looks for on the server.

use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use super::claim::{Claim, Standing, pixels};
use crate::annotation::Annotated;
use crate::source::{FetchError, Panoramax, Source};
use crate::survey::{FileError, Published, SurveyFile, now};

/// So many pictures are asked for at once.
const BATCH: usize = 20;

/// After so many failures in a row that have nothing to do with a picture, the server is left alone.
const PATIENCE: usize = 5;

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It would be written.
    Wanted,
    /// It was written.
    Written,
    /// The picture carries it already.
    There,
    /// The picture carries something else there, and keeps it.
    Otherwise(String),
    /// The server does not have the picture.
    Absent,
    /// The server did not take it.
    Failed(FetchError),
}

/// What became of an annotation that was to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// It would be taken back.
    Wanted,
    /// It was taken back. Tags that others gave it stay.
    Removed,
    /// The server did not have it any more.
    Gone,
    /// The server did not take it back.
    Failed(FetchError),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// All had their turn.
    Through,
    /// It was stopped before.
    Stopped,
    /// The server was left alone after this failure and others before it.
    GaveUp(FetchError),
}

/// Why nothing was done at all, or no more.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The file of the survey cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// It could not be found out whether something is on the server that was on its way when a run was killed.
    #[error("{0} does not tell what it has: {1}")]
    Server(String, String),
}

/// What was on its way when a run was killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The server has it.
    pub arrived: usize,
    /// It does not, so that it is still to be written.
    pub lost: usize,
}

/// Finds out what became of annotations that were on their way when a run was killed.
pub fn recover(server: &Panoramax, file: &mut SurveyFile) -> Result<Recovered, PublishError> {
    let mut recovered = Recovered::default();
    let doubtful = file.published(&server.root())?.into_iter().filter(|row| row.annotation_id.is_none());
    for row in doubtful {
        let carried = server.carried(&[&row.picture_id]);
        let carried = carried.map_err(|error| PublishError::Server(server.root(), server.explain(&error)))?;
        match carried.get(&row.picture_id).and_then(|annotated| find(annotated, row.corners, &row.tags)) {
            Some(id) => {
                file.note_sent(row.fid, &id, now())?;
                recovered.arrived += 1;
            }
            None => {
                file.forget_published(row.fid)?;
                recovered.lost += 1;
            }
        }
    }
    Ok(recovered)
}

/// Writes claims to the pictures of a server that do not say so already, and notes that in `file`; without one nothing
/// is written. `each` hears what became of each claim.
pub fn publish(
    server: &Panoramax,
    claims: &[Claim],
    mut file: Option<&mut SurveyFile>,
    stop: &AtomicBool,
    each: &mut dyn FnMut(&Claim, Fate),
) -> Result<End, PublishError> {
    let mut failures = Failures::default();
    let pictures: Vec<&[Claim]> = claims.chunk_by(|a, b| a.picture_id == b.picture_id).collect();
    for batch in pictures.chunks(BATCH) {
        if stop.load(Ordering::Relaxed) {
            return Ok(End::Stopped);
        }
        let ids = batch.iter().filter_map(|claims| Some(claims.first()?.picture_id.as_str()));
        let ids: Vec<&str> = ids.collect();
        let mut carried = match failures.note(server.carried(&ids)) {
            Ok(carried) => carried,
            Err(error) => {
                batch.iter().copied().flatten().for_each(|claim| each(claim, Fate::Failed(error.clone())));
                if failures.are_enough() {
                    return Ok(End::GaveUp(error));
                }
                continue;
            }
        };
        for claim in batch.iter().copied().flatten() {
            if stop.load(Ordering::Relaxed) {
                return Ok(End::Stopped);
            }
            let fate = match (carried.get_mut(&claim.picture_id), &mut file) {
                (None, _) => Fate::Absent,
                (Some(annotated), file) => match (claim.standing(&annotated.annotations), file) {
                    (Standing::There, _) => Fate::There,
                    (Standing::Otherwise(value), _) => Fate::Otherwise(value),
                    (Standing::Free, None) => {
                        annotated.annotations.push(claim.annotation(None));
                        Fate::Wanted
                    }
                    (Standing::Free, Some(file)) => match failures.note(write(server, claim, file)?) {
                        Ok(id) => {
                            annotated.annotations.push(claim.annotation(Some(id)));
                            Fate::Written
                        }
                        Err(error) => Fate::Failed(error),
                    },
                },
            };
            let failed = if let Fate::Failed(error) = &fate { Some(error.clone()) } else { None };
            each(claim, fate);
            if let Some(error) = failed.filter(|_| failures.are_enough()) {
                return Ok(End::GaveUp(error));
            }
        }
    }
    Ok(End::Through)
}

/// Writes a claim and notes it. Where it stays in doubt whether the server has it, so does the note.
fn write(
    server: &Panoramax,
    claim: &Claim,
    file: &mut SurveyFile,
) -> Result<Result<String, FetchError>, PublishError> {
    let Claim { picture_id, corners, tags, landmark, .. } = claim;
    let fid = file.note_sending(&server.root(), picture_id, *corners, tags, landmark)?;
    let mut answer = server.annotate(picture_id, *corners, tags);
    for again in [true, false] {
        let Err(error) = &answer else { break };
        if again && !error.is_in_doubt() {
            break;
        }
        // The server may have done it and not come to say so.
        let Ok(carried) = server.carried(&[picture_id]) else { return Ok(answer) };
        match carried.get(picture_id).and_then(|annotated| find(annotated, *corners, tags)) {
            Some(id) => answer = Ok(id),
            None if again => answer = server.annotate(picture_id, *corners, tags),
            None => {}
        }
    }
    match &answer {
        Ok(id) => file.note_sent(fid, id, now())?,
        Err(_) => file.forget_published(fid)?,
    }
    Ok(answer)
}

/// The annotation of a picture that has this very box and all of these tags.
fn find(annotated: &Annotated, corners: [u32; 4], tags: &[(String, String)]) -> Option<String> {
    let mut annotations = annotated.annotations.iter();
    let found = annotations.find(|annotation| {
        annotation.pixels == pixels(corners) && tags.iter().all(|tag| annotation.tags.contains(tag))
    });
    found?.id.clone()
}

/// Takes back what `file` wrote to a server, tag by tag, so that what others have added stays; without `file` nothing is
/// taken back. `rows` are what [`crate::survey::published`] gives of it. `each` hears what became of each annotation.
pub fn undo(
    server: &Panoramax,
    rows: &[Published],
    mut file: Option<&mut SurveyFile>,
    stop: &AtomicBool,
    each: &mut dyn FnMut(&Published, Undone),
) -> Result<End, PublishError> {
    let mut failures = Failures::default();
    for row in rows {
        if stop.load(Ordering::Relaxed) {
            return Ok(End::Stopped);
        }
        let (Some(file), Some(id)) = (&mut file, &row.annotation_id) else {
            each(row, Undone::Wanted);
            continue;
        };
        let undone = match failures.note(server.untag(id, &row.tags)) {
            Ok(()) => Undone::Removed,
            Err(FetchError::Status(404)) => Undone::Gone,
            Err(error) => Undone::Failed(error),
        };
        match undone {
            Undone::Failed(error) => {
                each(row, Undone::Failed(error.clone()));
                if failures.are_enough() {
                    return Ok(End::GaveUp(error));
                }
            }
            done => {
                file.forget_published(row.fid)?;
                each(row, done);
            }
        }
    }
    Ok(End::Through)
}

/// Failures in a row that are of the server or the network, not of a picture.
#[derive(Default)]
struct Failures(usize);

impl Failures {
    fn note<T>(&mut self, answer: Result<T, FetchError>) -> Result<T, FetchError> {
        match &answer {
            Ok(_) => self.0 = 0,
            Err(FetchError::Status(401 | 403 | 429) | FetchError::Connection) => self.0 += 1,
            Err(error) if error.is_in_doubt() => self.0 += 1,
            Err(_) => {}
        }
        answer
    }

    fn are_enough(&self) -> bool {
        self.0 >= PATIENCE
    }
}
