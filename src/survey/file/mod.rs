//! The file of a survey: a GeoPackage that holds what is known of every picture, so that a run can end at any moment.
//!
//! Each change of state is one transaction: a picture is either as it was, or has its state and all its sightings.
//! The journal is written ahead, so that other programs may read meanwhile. A file holds several surveys where
//! something was looked for again, under other terms; the column `survey` tells their rows apart.

mod error;
mod landmark;
mod lock;
mod noting;
mod picture;
mod published;
mod reader;
mod review;
mod sighting;
mod status;
mod tables;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use geo::Geometry;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction, params};

pub use error::FileError;
pub use published::{Published, published};
pub use reader::{PictureState, SurveyReader, SurveyedPicture, SurveyedSighting};
pub use review::{Reviewed, review, reviews, take_back};
pub use status::{Run, Status, status};
pub use terms::Terms;

use self::review::{read_reviews, write_reviews};
use super::work::Looked;
use crate::area::Area;
use crate::geopackage;
use crate::inventory::Inventory;
use crate::model::{Class, Detection};
use crate::picture::Picture;
use crate::review::Review;
use crate::source::Unusable;
use crate::view::Turn;
use landmark::{insert_landmark, read_landmarks};
use lock::Lock;
pub(super) use noting::Noting;
use picture::{AS_TAKEN, PICTURE_COLUMNS, image_of, read_picture, set_state, turn};
pub(super) use sighting::{Seen, Tied};
use sighting::{insert_sighting, sightings, tie};
use status::surveys;
use tables::{check, create};

/// How long another program that reads or writes the file is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file of one survey or several, open for writing.
///
/// While it is open no other run can open it; programs that only read can.
#[derive(Debug)]
pub struct SurveyFile {
    connection: Connection,
    path: PathBuf,
    lock: Option<Lock>,
    again: bool,
}

/// What became of a picture so far.
#[derive(Debug)]
pub(super) enum State {
    Todo,
    Looked(Looked),
    Failed(String),
}

/// A picture with what is known of it.
#[derive(Debug)]
pub(super) struct Record {
    pub picture: Picture,
    pub state: State,
    /// For each detection its row.
    pub rows: Vec<SightingKey>,
}

/// The row of a detection.
#[derive(Debug)]
pub(super) struct SightingKey {
    pub fid: i64,
    /// Who made it, where that was not the detector.
    pub origin: Option<String>,
    /// The landmark that rested on it when the last run ended.
    pub landmark: Option<String>,
}

/// How a picture's file lies and what is seen in it, or why nothing is known.
pub(super) type Kept<'a> = Result<(Turn, Vec<Seen<'a>>), String>;

/// A row of the pictures: the picture, where it can be used, its id, its state with the reason, and how its file lies.
type PictureRow = (Option<Picture>, String, String, Option<String>, Option<Turn>);

fn picture_row(row: &Row<'_>) -> rusqlite::Result<PictureRow> {
    Ok((read_picture(row)?, row.get("picture_id")?, row.get("state")?, row.get("reason")?, turn(row)?))
}

impl SurveyFile {
    /// Opens the file of a survey for a run, or makes it where there is none.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let not_writable =
            |error: io::Error| FileError::NotWritable { path: path.to_owned(), why: error.to_string() };
        // SQLite says less about what is wrong, and opens what it cannot write for reading.
        drop(OpenOptions::new().create(true).append(true).open(path).map_err(not_writable)?);
        // Two links to one file are one file.
        let lock = Lock::take(&path.canonicalize().unwrap_or_else(|_| path.to_owned()))?;
        let connection = Connection::open(path).map_err(|error| FileError::of(path, &error))?;
        Self::start(connection, path, Some(lock))
    }

    /// Whether a file holds surveys, of whatever form.
    pub fn is_at(path: &Path) -> bool {
        path.is_file() && connect_to_read(path).and_then(|file| has_table(&file, "arpent")).unwrap_or(false)
    }

    /// Opens the file of a survey that is there: to open one for a run would make it.
    fn open_existing(path: &Path) -> Result<Self, FileError> {
        drop(open_to_read(path)?);
        Self::open(path)
    }

    /// The same in memory, for a survey that is not to be continued.
    pub fn in_memory() -> Result<Self, FileError> {
        let path = Path::new("the survey in memory");
        let connection = Connection::open_in_memory().map_err(|error| FileError::of(path, &error))?;
        Self::start(connection, path, None)
    }

    fn start(mut connection: Connection, path: &Path, lock: Option<Lock>) -> Result<Self, FileError> {
        let wrong = |error: rusqlite::Error| FileError::of(path, &error);
        create(&mut connection).map_err(wrong)?;
        check(&connection, path)?;
        // Readers see the last state meanwhile, and a process that is killed loses nothing that it has written.
        connection.pragma_update(None, "journal_mode", "WAL").map_err(wrong)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(wrong)?;
        Ok(Self { connection, path: path.to_owned(), lock, again: false })
    }

    /// The same file, in which the next run begins a survey of its own, whatever is there.
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// The newest survey under these terms; none where the file is new, or another one is to begin.
    ///
    /// # Errors
    ///
    /// [`FileError::OtherTerms`] if the file holds surveys, but none under these.
    pub(super) fn find(&self, terms: &Terms) -> Result<Option<i64>, FileError> {
        let mut newest = self.run(surveys)?;
        newest.reverse();
        match (newest.iter().find(|(_, known)| known == terms), newest.first()) {
            (Some((survey, _)), _) if !self.again => Ok(Some(*survey)),
            (None, Some((_, known))) if !self.again => {
                let difference = known.difference(terms);
                Err(FileError::OtherTerms { path: self.path.clone(), difference })
            }
            _ => Ok(None),
        }
    }

    /// Keeps what became of a picture that was looked at.
    pub(super) fn keep(
        &mut self,
        survey: i64,
        picture: &Picture,
        outcome: &Kept<'_>,
        looked_at: Option<Timestamp>,
    ) -> Result<(), FileError> {
        self.change(|change| {
            change
                .prepare_cached("DELETE FROM sightings WHERE survey = ? AND picture_id = ? AND origin IS NULL")?
                .execute(params![survey, picture.id])?;
            for seen in outcome.iter().flat_map(|(_, seen)| seen) {
                insert_sighting(change, survey, picture, seen)?;
            }
            set_state(change, survey, &picture.id, outcome, looked_at)
        })
    }

    /// The pictures that are still to be looked at, those that failed too: hands over their keys, in the order of the
    /// pictures, and the hosts that their images are on.
    pub(super) fn todo(&self, survey: i64, mut each: impl FnMut(i64, Option<&str>)) -> Result<(), FileError> {
        self.run(|connection| {
            let mut select = connection.prepare(&format!(
                "SELECT fid, image FROM pictures WHERE survey = ? AND listed = 1 AND geom IS NOT NULL
                     AND state IN ('todo', 'failed') ORDER BY {AS_TAKEN}"
            ))?;
            let mut rows = select.query([survey])?;
            while let Some(row) = rows.next()? {
                each(row.get(0)?, image_of(row.get(1)?).host());
            }
            Ok(())
        })
    }

    /// The picture of a key.
    pub(super) fn picture(&self, fid: i64) -> Result<Option<Picture>, FileError> {
        self.run(|connection| {
            let select = format!("SELECT {PICTURE_COLUMNS} FROM pictures WHERE fid = ?");
            Ok(connection.prepare_cached(&select)?.query_row([fid], read_picture).optional()?.flatten())
        })
    }

    /// Hands over all pictures of the survey that are listed, in their order, with what is known of them; and gives
    /// those that cannot be used. `classes` are the detector's.
    pub(super) fn records(
        &self,
        survey: i64,
        classes: &[Class],
        mut each: impl FnMut(Record),
    ) -> Result<Vec<Unusable>, FileError> {
        let of_sqlite = |error: rusqlite::Error| FileError::of(&self.path, &error);
        let unknown = |class: &str| FileError::NotASurvey {
            path: self.path.clone(),
            why: format!("its sightings name the class '{class}', which the detector does not have"),
        };
        let mut unusable = Vec::new();
        let select = format!(
            "SELECT {PICTURE_COLUMNS}, state, reason, width, height, orientation FROM pictures
             WHERE survey = ? AND listed = 1 ORDER BY {AS_TAKEN}"
        );
        let mut select = self.connection.prepare(&select).map_err(of_sqlite)?;
        let mut rows = select.query([survey]).map_err(of_sqlite)?;
        while let Some(row) = rows.next().map_err(of_sqlite)? {
            let (picture, id, state, reason, turn) = picture_row(row).map_err(of_sqlite)?;
            let reason = reason.unwrap_or_else(|| "unknown".to_owned());
            let Some(picture) = picture else {
                unusable.push(Unusable { id, reason });
                continue;
            };
            let mut kept = Vec::new();
            let mut detections = Vec::new();
            for row in sightings(&self.connection, survey, &id).map_err(of_sqlite)? {
                let class = classes.iter().position(|class| class.name == row.class);
                let class = class.ok_or_else(|| unknown(&row.class))?;
                detections.push(Detection { class, ..row.detection });
                kept.push(SightingKey { fid: row.fid, origin: row.origin, landmark: row.landmark });
            }
            let state = match (state.as_str(), turn) {
                ("done" | "empty", Some(turn)) => State::Looked(Looked { turn, detections }),
                ("failed", _) => State::Failed(reason),
                _ => State::Todo,
            };
            each(Record { picture, state, rows: kept });
        }
        Ok(unusable)
    }

    /// Puts the landmarks of a survey in the place of those before, with those that reviewers say are wrong, ties its
    /// sightings and reviews to them, and notes that the run came to its end, all at once.
    pub(super) fn finish(
        &mut self,
        survey: i64,
        run: i64,
        inventory: &Inventory,
        reviews: &[Review],
        tied: &[Tied<'_>],
    ) -> Result<(), FileError> {
        let lineage = serde_json::to_string(&inventory.lineage)
            .map_err(|error| FileError::Database { path: self.path.clone(), why: error.to_string() })?;
        self.change(|change| {
            change.execute("DELETE FROM landmarks WHERE survey = ?", [survey])?;
            for entry in &inventory.entries {
                insert_landmark(change, survey, entry)?;
            }
            write_reviews(change, survey, reviews)?;
            for tied in tied {
                tie(change, tied)?;
            }
            change.execute(
                "UPDATE runs SET finished_at = ?, complete = ?, lineage = ? WHERE fid = ?",
                params![text(inventory.lineage.finished_at), inventory.lineage.complete, lineage, run],
            )?;
            geopackage::note_extent(change, "sightings")?;
            geopackage::note_extent(change, "landmarks")
        })
    }

    /// The ids that landmarks of a survey are known by, so that they stay; `None` where all are, as a run has come to its
    /// end. Before, a landmark may be half of what it becomes: only what is reviewed or published is known.
    pub(super) fn known_ids(&self, survey: i64) -> Result<Option<HashSet<String>>, FileError> {
        self.run(|connection| {
            let whole = "SELECT count(*) > 0 FROM runs WHERE survey = ? AND complete";
            if connection.query_row(whole, [survey], |row| row.get(0))? {
                return Ok(None);
            }
            let known = "SELECT landmark FROM reviews WHERE survey = ?
                 UNION SELECT landmark FROM published WHERE landmark IS NOT NULL";
            let mut known = connection.prepare(known)?;
            let ids = known.query_map([survey], |row| row.get(0))?;
            ids.collect::<rusqlite::Result<HashSet<String>>>().map(Some)
        })
    }

    /// What people have said of the landmarks of a survey.
    pub(super) fn reviews(&self, survey: i64) -> Result<Vec<Review>, FileError> {
        self.run(|connection| read_reviews(connection, survey))
    }

    /// When a survey began.
    pub(super) fn started_at(&self, survey: i64) -> Result<Option<Timestamp>, FileError> {
        self.run(|connection| {
            connection
                .query_row("SELECT started_at FROM surveys WHERE fid = ?", [survey], |row| time(row, "started_at"))
        })
    }

    fn run<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, FileError> {
        read(&self.connection).map_err(|error| FileError::of(&self.path, &error))
    }

    fn change<T>(&mut self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, FileError> {
        let all = |connection: &mut Connection| {
            let change = connection.transaction()?;
            let made = write(&change)?;
            change.commit()?;
            Ok(made)
        };
        all(&mut self.connection).map_err(|error| FileError::of(&self.path, &error))
    }
}

impl Drop for SurveyFile {
    /// Leaves one plain file, or none where no survey was begun.
    fn drop(&mut self) {
        if self.lock.is_none() {
            return;
        }
        let begun = self.run(surveys).map_or(true, |surveys| !surveys.is_empty());
        // Another program that reads just now keeps the journal in place, and no harm is done.
        let _ = self.connection.busy_timeout(Duration::ZERO);
        let _ = self.connection.pragma_update(None, "journal_mode", "DELETE");
        if let Ok(nothing) = Connection::open_in_memory()
            && !begun
        {
            drop(std::mem::replace(&mut self.connection, nothing));
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The area that a survey of a file was asked for by a name, so that nobody has to be asked for its boundary again.
pub fn kept_area(path: &Path, name: &str) -> Option<Area> {
    let connection = open_to_read(path).ok()?;
    let blob: Vec<u8> = connection
        .query_row("SELECT geom FROM area WHERE name = ? ORDER BY fid DESC LIMIT 1", [name], |row| row.get(0))
        .ok()?;
    match geopackage::read(&blob)? {
        Geometry::MultiPolygon(polygons) => Some(Area::of(polygons).named(name)),
        _ => None,
    }
}

/// Opens a file that is there, to read it, also while a run goes on.
fn open_to_read(path: &Path) -> Result<Connection, FileError> {
    if !path.exists() {
        return Err(FileError::Missing { path: path.to_owned() });
    }
    if path.is_dir() {
        return Err(FileError::NotReadable { path: path.to_owned(), why: "it is a folder".to_owned() });
    }
    let open = || {
        let connection = connect_to_read(path)?;
        let is_inventory = has_table(&connection, "survey")? && has_table(&connection, "landmarks")?;
        Ok((connection, is_inventory))
    };
    let (connection, is_inventory) = open().map_err(|error| FileError::of(path, &error).on_reading())?;
    match check(&connection, path) {
        Err(FileError::NotASurvey { path, .. }) if is_inventory => Err(FileError::HoldsAnInventory { path }),
        checked => checked.map_err(FileError::on_reading).map(|()| connection),
    }
}

fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) > 0 FROM sqlite_schema WHERE name = ?", [name], |row| row.get(0))
}

/// The number of the newest survey of a file.
fn newest(connection: &Connection, path: &Path) -> Result<i64, FileError> {
    let newest = connection.query_row("SELECT max(fid) FROM surveys", [], |row| row.get::<_, Option<i64>>(0));
    newest
        .map_err(|error| FileError::of(path, &error))?
        .ok_or_else(|| FileError::Unfinished { path: path.to_owned() })
}

fn text(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}

fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<String>>(column)?.and_then(|text| text.parse().ok()))
}
