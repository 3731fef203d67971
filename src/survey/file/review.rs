//! Reviews as rows, and what they make of the landmarks of a file.

use std::path::Path;

use rusqlite::{Connection, Row, Transaction, params};

use super::{FileError, SurveyFile, newest, open_to_read, read_landmarks, text, time};
use crate::geopackage;
use crate::inventory::Entry;
use crate::review::{self, Mark, Review, Verdict};

/// What became of marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// How many were taken.
    pub taken: usize,
    /// What is wrong with the others.
    pub problems: Vec<String>,
    /// How many reviews of the survey speak of landmarks that are not there any more.
    pub unmatched: usize,
}

/// Adds marks to the reviews of the newest survey of a file, and makes its landmarks what they say.
///
/// # Errors
///
/// [`FileError::Missing`], [`FileError::Taken`] while a run goes on, and others of files.
pub fn review(path: &Path, marks: Vec<Mark>) -> Result<Reviewed, FileError> {
    change(path, |reviews, entries| {
        let (taken, problems) = review::add(reviews, marks, entries);
        Reviewed { taken, problems, unmatched: 0 }
    })
}

/// Takes back what was said of these landmarks of the newest survey of a file.
///
/// # Errors
///
/// As of [`review()`].
pub fn take_back(path: &Path, ids: &[String]) -> Result<Reviewed, FileError> {
    change(path, |reviews, _| {
        let mut outcome = Reviewed::default();
        for id in ids {
            match reviews.iter().position(|review| review.landmark == *id) {
                Some(place) => {
                    reviews.remove(place);
                    outcome.taken += 1;
                }
                None => outcome.problems.push(format!("{id}: nothing was said of such a landmark")),
            }
        }
        outcome
    })
}

/// The reviews of the newest survey of a file, in the order in which they were made first.
///
/// # Errors
///
/// [`FileError::Missing`] and others of files.
pub fn reviews(path: &Path) -> Result<Vec<Review>, FileError> {
    let connection = open_to_read(path)?;
    let survey = newest(&connection, path)?;
    read_reviews(&connection, survey).map_err(|error| FileError::of(path, &error))
}

/// Changes the reviews of the newest survey by what `edit` does to them; it sees the landmarks as they were found.
fn change(path: &Path, edit: impl FnOnce(&mut Vec<Review>, &[Entry]) -> Reviewed) -> Result<Reviewed, FileError> {
    let mut file = SurveyFile::open_existing(path)?;
    let survey = newest(&file.connection, path)?;
    let entries = file.run(|connection| read_landmarks(connection, survey))?;
    let mut entries: Vec<Entry> = entries.into_iter().flatten().collect();
    let mut reviews = file.run(|connection| read_reviews(connection, survey))?;
    let before = entries.clone();
    review::take_back(&mut entries, &reviews);
    let mut outcome = edit(&mut reviews, &entries);
    outcome.unmatched = review::apply(&mut entries, &mut reviews);
    file.change(|change| {
        for (entry, before) in entries.iter().zip(&before).filter(|(entry, before)| entry != before) {
            update_landmark(change, survey, &before.id, entry)?;
        }
        write_reviews(change, survey, &reviews)?;
        geopackage::note_extent(change, "landmarks")
    })?;
    Ok(outcome)
}

/// Writes what a review may change of a landmark.
fn update_landmark(change: &Transaction<'_>, survey: i64, id: &str, entry: &Entry) -> rusqlite::Result<()> {
    change
        .prepare_cached(
            "UPDATE landmarks SET geom = ?, class = ?, value = ?, label = ?, class_confidence = ?, osm_tags = ?,
                 reviewed = ?
             WHERE survey = ? AND id = ?",
        )?
        .execute(params![
            geopackage::point(entry.lon_deg, entry.lat_deg),
            entry.class,
            entry.value,
            entry.label,
            entry.class_confidence,
            entry.osm_tags,
            entry.reviewed,
            survey,
            id,
        ])?;
    Ok(())
}

pub(super) fn read_reviews(connection: &Connection, survey: i64) -> rusqlite::Result<Vec<Review>> {
    let mut select = connection.prepare("SELECT * FROM reviews WHERE survey = ? ORDER BY fid")?;
    let reviews = select.query_map([survey], read_review)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(reviews.into_iter().flatten().collect())
}

/// The review of a row; `None` where somebody wrote something else there.
fn read_review(row: &Row<'_>) -> rusqlite::Result<Option<Review>> {
    let place: Option<(f64, f64)> = row.get::<_, Option<f64>>("moved_lon")?.zip(row.get("moved_lat")?);
    let class: Option<String> = row.get("class")?;
    let class = class.map(|class| row.get("value").map(|value| (class, value))).transpose()?;
    let verdict = match row.get_ref("reviewed")?.as_str()? {
        "right" => Verdict::Right,
        "wrong" => Verdict::Wrong,
        _ if class.is_some() || place.is_some() => Verdict::Corrected { class, place },
        _ => return Ok(None),
    };
    let Ok(found) = serde_json::from_str(row.get_ref("found")?.as_str()?) else { return Ok(None) };
    Ok(Some(Review {
        landmark: row.get("landmark")?,
        verdict,
        note: row.get("note")?,
        reviewer: row.get("reviewer")?,
        time: time(row, "time")?,
        found,
    }))
}

/// Puts the reviews of a survey in the place of those before.
pub(super) fn write_reviews(change: &Transaction<'_>, survey: i64, reviews: &[Review]) -> rusqlite::Result<()> {
    change.execute("DELETE FROM reviews WHERE survey = ?", [survey])?;
    let mut insert = change.prepare(
        "INSERT INTO reviews (survey, geom, landmark, reviewed, class, value, moved_lon, moved_lat, note, reviewer,
             time, found)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    for Review { landmark, verdict, note, reviewer, time, found } in reviews {
        let (class, place) = match verdict {
            Verdict::Corrected { class, place } => (class.as_ref(), *place),
            Verdict::Right | Verdict::Wrong => (None, None),
        };
        let (lon_deg, lat_deg) = place.unwrap_or((found.lon_deg, found.lat_deg));
        insert.execute(params![
            survey,
            geopackage::point(lon_deg, lat_deg),
            landmark,
            verdict.name(),
            class.map(|(class, _)| class),
            class.and_then(|(_, value)| value.as_ref()),
            place.map(|(lon_deg, _)| lon_deg),
            place.map(|(_, lat_deg)| lat_deg),
            note,
            reviewer,
            text(*time),
            serde_json::to_string(found).unwrap_or_default(),
        ])?;
    }
    geopackage::note_extent(change, "reviews")
}

/// Gives a survey that begins the reviews of the one before that looked for the same: they find their landmarks again
/// when it ends.
pub(super) fn keep_reviews(change: &Transaction<'_>, survey: i64) -> rusqlite::Result<()> {
    change.execute(
        "INSERT INTO reviews (survey, geom, landmark, reviewed, class, value, moved_lon, moved_lat, note, reviewer, time,
             found)
         SELECT ?1, geom, landmark, reviewed, class, value, moved_lon, moved_lat, note, reviewer, time, found
         FROM reviews WHERE survey =
             (SELECT max(before.survey) FROM settings before
              JOIN settings now ON now.name = before.name AND now.value = before.value
              WHERE before.name = 'find' AND now.survey = ?1 AND before.survey < ?1)
         ORDER BY fid",
        [survey],
    )?;
    Ok(())
}
