//! How far the surveys of a file are.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::{FileError, Terms, open_to_read, time};

/// How far a survey is.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Its number in the file.
    pub survey: i64,
    /// What it is made under.
    pub terms: Terms,
    /// The pictures that have not had their turn.
    pub todo: usize,
    /// Those with detections.
    pub done: usize,
    /// Those without.
    pub empty: usize,
    /// Those that failed, by reason.
    pub failures: BTreeMap<String, usize>,
    /// Detections in all pictures.
    pub sightings: usize,
    /// Landmarks, as the last run that came to its end left them, without those that a reviewer found wrong.
    pub landmarks: usize,
    /// How many landmarks reviewers have looked at, by what they say.
    pub reviews: BTreeMap<String, usize>,
    /// How many annotations were written out of the file, by API root; the same for all its surveys.
    pub published: BTreeMap<String, usize>,
    /// The runs over it, first to last.
    pub runs: Vec<Run>,
}

/// One run over a survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Name and version of the program.
    pub tool: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended; nothing for one that was killed or is still going on.
    pub finished_at: Option<Timestamp>,
}

/// How far the surveys of a file are, first to last. The file may be written at the same time.
pub fn status(path: &Path) -> Result<Vec<Status>, FileError> {
    let connection = open_to_read(path)?;
    let read = || {
        let each = |(survey, terms)| status_of(&connection, survey, terms);
        surveys(&connection)?.into_iter().map(each).collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|error| FileError::of(path, &error).on_reading())
}

/// The surveys of a file with their terms, first to last.
pub(super) fn surveys(connection: &Connection) -> rusqlite::Result<Vec<(i64, Terms)>> {
    let mut select = connection.prepare("SELECT fid FROM surveys ORDER BY fid")?;
    let ids = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    ids.into_iter().map(|survey| Ok((survey, terms(connection, survey)?))).collect()
}

/// The terms of a survey.
pub(super) fn terms(connection: &Connection, survey: i64) -> rusqlite::Result<Terms> {
    let mut select = connection.prepare_cached("SELECT name, value FROM settings WHERE survey = ? ORDER BY fid")?;
    let terms = select.query_map([survey], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Terms(terms.collect::<rusqlite::Result<_>>()?))
}

fn status_of(connection: &Connection, survey: i64, terms: Terms) -> rusqlite::Result<Status> {
    let mut status = Status { survey, terms, ..Status::default() };
    let mut select = connection.prepare(
        "SELECT state, reason, count(*) FROM pictures WHERE survey = ? AND listed = 1 GROUP BY state, reason",
    )?;
    let mut rows = select.query([survey])?;
    while let Some(row) = rows.next()? {
        let number: usize = row.get(2)?;
        match row.get_ref(0)?.as_str()? {
            "done" => status.done += number,
            "empty" => status.empty += number,
            "failed" => {
                let reason = row.get::<_, Option<String>>(1)?.unwrap_or_else(|| "unknown".to_owned());
                *status.failures.entry(reason).or_default() += number;
            }
            _ => status.todo += number,
        }
    }
    let count = |table: &str| {
        let select = format!("SELECT count(*) FROM {table} WHERE survey = ?");
        connection.query_row(&select, [survey], |row| row.get(0))
    };
    status.sightings = count("sightings")?;
    status.landmarks = connection.query_row(
        "SELECT count(*) FROM landmarks WHERE survey = ? AND reviewed IS NOT 'wrong'",
        [survey],
        |row| row.get(0),
    )?;
    let counts = |select: &str, survey: &[i64]| {
        let mut select = connection.prepare(select)?;
        let rows = select.query_map(rusqlite::params_from_iter(survey), |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<BTreeMap<String, usize>>>()
    };
    status.reviews = counts(
        "SELECT reviewed, count(*) FROM landmarks WHERE survey = ? AND reviewed IS NOT NULL GROUP BY reviewed",
        &[survey],
    )?;
    status.published =
        counts("SELECT api, count(*) FROM published WHERE annotation_id IS NOT NULL GROUP BY api", &[])?;
    let mut select =
        connection.prepare("SELECT tool, started_at, finished_at FROM runs WHERE survey = ? ORDER BY fid")?;
    let run = |row: &Row<'_>| {
        let (started_at, finished_at) = (time(row, "started_at")?, time(row, "finished_at")?);
        Ok(Run { tool: row.get("tool")?, started_at, finished_at })
    };
    status.runs = select.query_map([survey], run)?.collect::<rusqlite::Result<_>>()?;
    Ok(status)
}
