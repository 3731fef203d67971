//! What a file holds of its newest survey, for those who make something of it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::picture::{AS_TAKEN, PICTURE_COLUMNS, read_picture, turn};
use super::status::terms;
use super::{FileError, Terms, newest, open_to_read, read_landmarks, time};
use crate::inventory::{Inventory, Lineage};
use crate::model::Reading;
use crate::picture::Picture;
use crate::view::{PixelBox, Turn};

/// The newest survey of a file, open to read, also while a run goes on.
#[derive(Debug)]
pub struct SurveyReader {
    connection: Connection,
    path: PathBuf,
    survey: i64,
}

/// A picture of the area and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyedPicture {
    /// Its identifier.
    pub id: String,
    /// What is known of it; nothing for one without a position.
    pub picture: Option<Picture>,
    /// What became of it.
    pub state: PictureState,
    /// How its file lies, once it was looked at.
    pub turn: Option<Turn>,
    /// When that was.
    pub looked_at: Option<Timestamp>,
}

/// What became of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureState {
    /// It did not have its turn yet.
    Todo,
    /// Looked at, with detections.
    Done,
    /// Looked at, without.
    Empty,
    /// Not looked at, for this reason.
    Failed(String),
}

/// A detection and what it means in the world.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyedSighting {
    /// The key of its row.
    pub fid: i64,
    /// The picture that shows it.
    pub picture_id: String,
    /// The detector's class.
    pub class: String,
    /// What it is called by itself, without other sightings of the same thing: its code, where one was read.
    pub called: Option<String>,
    /// The detector's score, 0–1.
    pub score: f32,
    /// Azimuth of its ray.
    pub azimuth_deg: f64,
    /// Standard deviation of that.
    pub azimuth_sd_deg: f64,
    /// Elevation of its ray.
    pub elevation_deg: Option<f64>,
    /// Distance that its size tells.
    pub range_m: Option<f64>,
    /// Standard deviation of that.
    pub range_sd_m: Option<f64>,
    /// Its box in the upright picture.
    pub pixels: PixelBox,
    /// The same in the pixels of the file: `x0,y0,x1,y1`.
    pub file_box: String,
    /// What a classifier read on it.
    pub reading: Option<Reading>,
    /// Who made it, where that was not the detector.
    pub origin: Option<String>,
    /// The id of the landmark that rests on it.
    pub landmark: Option<String>,
}

impl SurveyReader {
    /// Opens the newest survey of a file.
    ///
    /// # Errors
    ///
    /// [`FileError::Missing`], [`FileError::HoldsNoSurvey`] or [`FileError::HoldsAnInventory`], or [`FileError::Unfinished`] where no survey was begun.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let connection = open_to_read(path)?;
        let survey = newest(&connection, path)?;
        Ok(Self { connection, path: path.to_owned(), survey })
    }

    /// What the survey is made under.
    pub fn terms(&self) -> Result<Terms, FileError> {
        self.read(|connection| terms(connection, self.survey))
    }

    /// The landmarks and their lineage, as the last run that came to its end left them and reviewers correct them.
    ///
    /// # Errors
    ///
    /// [`FileError::Unfinished`] where no run came to its end.
    pub fn inventory(&self) -> Result<Inventory, FileError> {
        let lineage: Option<String> = self.read(|connection| {
            let select =
                "SELECT lineage FROM runs WHERE survey = ? AND lineage IS NOT NULL ORDER BY fid DESC LIMIT 1";
            connection.query_row(select, [self.survey], |row| row.get(0)).optional()
        })?;
        let lineage = lineage.ok_or_else(|| FileError::Unfinished { path: self.path.clone() })?;
        let lineage: Lineage = serde_json::from_str(&lineage).map_err(|error| self.unreadable("lineage", &error))?;
        let entries = self.read(|connection| read_landmarks(connection, self.survey))?;
        let entries = entries.into_iter().collect::<Option<_>>();
        let entries = entries.ok_or_else(|| self.unreadable("landmarks", &"one has no place or no method"))?;
        Ok(Inventory { entries, lineage }.without_wrong())
    }

    /// The pictures of the area that are still listed, by sequence, as taken; those that cannot be used come first.
    pub fn pictures(&self) -> Result<Vec<SurveyedPicture>, FileError> {
        let select = format!(
            "SELECT {PICTURE_COLUMNS}, state, reason, width, height, orientation, looked_at FROM pictures
             WHERE survey = ? AND listed = 1 ORDER BY {AS_TAKEN}"
        );
        self.rows(&select, |row| {
            let state = match row.get_ref("state")?.as_str()? {
                "done" => PictureState::Done,
                "empty" => PictureState::Empty,
                "failed" => PictureState::Failed(row.get::<_, Option<String>>("reason")?.unwrap_or_default()),
                _ => PictureState::Todo,
            };
            Ok(SurveyedPicture {
                id: row.get("picture_id")?,
                picture: read_picture(row)?,
                state,
                turn: turn(row)?,
                looked_at: time(row, "looked_at")?,
            })
        })
    }

    /// The detections in those pictures, in their order; in each the detector's come first, as they were kept.
    pub fn sightings(&self) -> Result<Vec<SurveyedSighting>, FileError> {
        let select = format!(
            "SELECT s.* FROM sightings s
             JOIN (SELECT survey, picture_id, row_number() OVER (ORDER BY {AS_TAKEN}) AS number FROM pictures
                   WHERE survey = ?1 AND listed = 1) p ON p.survey = s.survey AND p.picture_id = s.picture_id
             WHERE s.survey = ?1 ORDER BY p.number, s.origin IS NOT NULL, s.fid"
        );
        self.rows(&select, |row| {
            let reading: Option<String> = row.get("reading")?;
            Ok(SurveyedSighting {
                fid: row.get("fid")?,
                picture_id: row.get("picture_id")?,
                class: row.get("class")?,
                called: row.get("called")?,
                score: row.get("score")?,
                azimuth_deg: row.get("azimuth_deg")?,
                azimuth_sd_deg: row.get("azimuth_sd_deg")?,
                elevation_deg: row.get("elevation_deg")?,
                range_m: row.get("range_m")?,
                range_sd_m: row.get("range_sd_m")?,
                pixels: PixelBox { x0: row.get("x0")?, y0: row.get("y0")?, x1: row.get("x1")?, y1: row.get("y1")? },
                file_box: row.get("picture_box")?,
                reading: reading.and_then(|text| Reading::parse(&text)),
                origin: row.get("origin")?,
                landmark: row.get("landmark")?,
            })
        })
    }

    fn rows<T>(&self, select: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, FileError> {
        self.read(|connection| connection.prepare(select)?.query_map([self.survey], read)?.collect())
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, FileError> {
        read(&self.connection).map_err(|error| FileError::of(&self.path, &error).on_reading())
    }

    fn unreadable(&self, what: &str, why: &dyn std::fmt::Display) -> FileError {
        FileError::Database { path: self.path.clone(), why: format!("its {what} cannot be read: {why}") }
    }
}
