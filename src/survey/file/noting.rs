//! What a source lists, on its way into the file: all of it or nothing.

use std::collections::HashSet;
use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::picture::{AS_TAKEN, STATE_OF_SIGHTINGS, note_picture, note_unusable, set_state};
use super::review::keep_reviews;
use super::sighting::replace_foreign;
use super::{FileError, Kept, SurveyFile, Terms, text};
use crate::area::Area;
use crate::geopackage;
use crate::inventory::ModelRecord;
use crate::picture::Picture;
use crate::source::Listing;

/// A listing that is noted part by part. Dropped before its end it leaves the file as it was.
pub(in crate::survey) struct Noting<'f> {
    change: Transaction<'f>,
    path: PathBuf,
    /// The rows of all that is listed.
    listed: HashSet<i64>,
    /// A run that finds everything as it was writes nothing.
    is_news: bool,
    /// The last row of pictures that there was before.
    last_before: i64,
}

/// How many pictures a listing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::survey) struct Noted {
    /// That can be worked on, within the limit.
    pub pictures: usize,
    /// Beyond the limit.
    pub beyond: usize,
}

impl SurveyFile {
    /// Begins to note what a source lists.
    pub(in crate::survey) fn begin_noting(&mut self) -> Result<Noting<'_>, FileError> {
        let path = self.path.clone();
        let of_sqlite = |error: rusqlite::Error| FileError::of(&path, &error);
        let change = self.connection.transaction().map_err(of_sqlite)?;
        let last = "SELECT ifnull(max(fid), 0) FROM pictures";
        let last_before = change.query_row(last, [], |row| row.get(0)).map_err(of_sqlite)?;
        Ok(Noting { change, path, listed: HashSet::new(), is_news: false, last_before })
    }
}

impl Noting<'_> {
    /// Begins a survey.
    pub(in crate::survey) fn begin_survey(
        &self,
        terms: &Terms,
        models: &[ModelRecord],
        area: Option<&Area>,
        started_at: Option<Timestamp>,
    ) -> Result<i64, FileError> {
        self.write(|change| {
            change.execute("INSERT INTO surveys (started_at) VALUES (?)", [text(started_at)])?;
            let survey = change.last_insert_rowid();
            for (name, value) in &terms.0 {
                change.execute(
                    "INSERT INTO settings (survey, name, value) VALUES (?, ?, ?)",
                    params![survey, name, value],
                )?;
            }
            for model in models {
                let ModelRecord { name, version, sha256, license } = model;
                change.execute(
                    "INSERT INTO models (survey, name, version, sha256, license) VALUES (?, ?, ?, ?, ?)",
                    params![survey, name, version, sha256, license],
                )?;
            }
            keep_reviews(change, survey)?;
            if let Some(area) = area {
                change.execute(
                    "INSERT INTO area (survey, name, geom) VALUES (?, ?, ?)",
                    params![survey, area.describe(), geopackage::multi_polygon(area.polygons())],
                )?;
            }
            Ok(survey)
        })
    }

    /// Notes that a run begins, and gives its number.
    pub(in crate::survey) fn begin_run(
        &self,
        survey: i64,
        tool: &str,
        started_at: Option<Timestamp>,
    ) -> Result<i64, FileError> {
        self.write(|change| {
            change.execute(
                "INSERT INTO runs (survey, tool, started_at) VALUES (?, ?, ?)",
                params![survey, tool, text(started_at)],
            )?;
            Ok(change.last_insert_rowid())
        })
    }

    /// Notes which pictures the source has: new ones are to be looked at, and those whose image changed are to be
    /// looked at again.
    pub(in crate::survey) fn note(&mut self, survey: i64, part: &Listing) -> Result<(), FileError> {
        let Self { change, path, listed, is_news, .. } = self;
        let mut all = || {
            for picture in &part.pictures {
                let noted = note_picture(change, survey, picture)?;
                *is_news |= noted.is_news;
                listed.insert(noted.fid);
            }
            for unusable in &part.unusable {
                listed.insert(note_unusable(change, survey, unusable)?);
            }
            Ok(())
        };
        all().map_err(|error: rusqlite::Error| FileError::of(path, &error))
    }

    /// Keeps what others have made of a picture, in the place of what they had made of it before. Where nobody else
    /// looks at it, `alone`, that is what becomes of the picture.
    pub(in crate::survey) fn keep_foreign(
        &self,
        survey: i64,
        picture: &Picture,
        outcome: &Kept<'_>,
        alone: bool,
        looked_at: Option<Timestamp>,
    ) -> Result<(), FileError> {
        self.write(|change| {
            let seen = outcome.as_ref().map_or(&[][..], |(_, seen)| seen);
            let is_news = replace_foreign(change, survey, picture, seen)?;
            if alone {
                set_state(change, survey, &picture.id, outcome, looked_at)?;
            } else if is_news {
                let update = format!(
                    "UPDATE pictures SET state = {STATE_OF_SIGHTINGS}
                     WHERE survey = ?1 AND picture_id = ?2 AND state IN ('done', 'empty')"
                );
                change.prepare_cached(&update)?.execute(params![survey, picture.id])?;
            }
            Ok(())
        })
    }

    /// How many pictures the survey had, where none at all is listed now.
    pub(in crate::survey) fn all_vanished(&self, survey: i64) -> Result<Option<usize>, FileError> {
        if !self.listed.is_empty() {
            return Ok(None);
        }
        let count = "SELECT count(*) FROM pictures WHERE survey = ? AND listed = 1";
        let before: usize = self.write(|change| change.query_row(count, [survey], |row| row.get(0)))?;
        Ok((before > 0).then_some(before))
    }

    /// That was all: what is no longer listed is kept, and does not count, nor does what is beyond `max_pictures` in the
    /// order of the pictures.
    pub(in crate::survey) fn finish(self, survey: i64, max_pictures: Option<usize>) -> Result<Noted, FileError> {
        let path = self.path.clone();
        self.count_listed(survey, max_pictures).map_err(|error| FileError::of(&path, &error))
    }

    fn count_listed(self, survey: i64, max_pictures: Option<usize>) -> rusqlite::Result<Noted> {
        let Self { change, listed, is_news, last_before, .. } = self;
        let keys = |select: &str| {
            let mut select = change.prepare(select)?;
            let keys = select.query_map([survey], |row| row.get(0))?;
            keys.collect::<rusqlite::Result<Vec<i64>>>()
        };
        let before = keys("SELECT fid FROM pictures WHERE survey = ? AND listed = 1")?;
        for fid in before.into_iter().filter(|fid| !listed.contains(fid)) {
            change.prepare_cached("UPDATE pictures SET listed = 0 WHERE fid = ?")?.execute([fid])?;
        }
        let count = "SELECT count(*) FROM pictures WHERE survey = ? AND listed = 1 AND geom IS NOT NULL";
        let mut pictures: usize = change.query_row(count, [survey], |row| row.get(0))?;
        let mut beyond = 0;
        if let Some(max) = max_pictures.filter(|max| *max < pictures) {
            let select = format!(
                "SELECT fid FROM pictures WHERE survey = ? AND listed = 1 AND geom IS NOT NULL ORDER BY {AS_TAKEN}
                 LIMIT -1 OFFSET {max}"
            );
            for fid in keys(&select)? {
                let is_new = fid > last_before;
                if is_new {
                    let forget = "DELETE FROM sightings WHERE survey = ?
                         AND picture_id = (SELECT picture_id FROM pictures WHERE fid = ?)";
                    change.prepare_cached(forget)?.execute([survey, fid])?;
                }
                let leave_out = match is_new {
                    true => "DELETE FROM pictures WHERE fid = ?",
                    false => "UPDATE pictures SET listed = 0 WHERE fid = ?",
                };
                change.prepare_cached(leave_out)?.execute([fid])?;
            }
            (beyond, pictures) = (pictures - max, max);
        }
        if is_news {
            geopackage::note_extent(&change, "pictures")?;
            geopackage::note_extent(&change, "area")?;
        }
        change.commit()?;
        Ok(Noted { pictures, beyond })
    }

    fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, FileError> {
        write(&self.change).map_err(|error| FileError::of(&self.path, &error))
    }
}
