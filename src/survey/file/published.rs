//! What was written to servers out of the file, so that it can be gone on with, and undone.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{FileError, SurveyFile, open_to_read, text};

/// An annotation that this file wrote to a picture on a server, or was about to write when the program was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The key of its row.
    pub fid: i64,
    /// The picture.
    pub picture_id: String,
    /// x0, y0, x1, y1 in pixels of the file.
    pub corners: [u32; 4],
    /// Keys and values.
    pub tags: Vec<(String, String)>,
    /// The server's name of it; none as long as the server has not said that it has it.
    pub annotation_id: Option<String>,
}

/// What this file wrote to the server of an API, first to last. A run may go on meanwhile.
pub fn published(path: &Path, api: &str) -> Result<Vec<Published>, FileError> {
    rows(&open_to_read(path)?, api).map_err(|error| FileError::of(path, &error).on_reading())
}

impl SurveyFile {
    /// Opens a file that is there, to note what of it is published.
    ///
    /// # Errors
    ///
    /// Those of [`SurveyFile::open`], and [`FileError::Missing`].
    pub fn open_to_publish(path: &Path) -> Result<Self, FileError> {
        let file = Self::open_existing(path)?;
        // A note is on the disk before the server is asked, whatever happens to the machine.
        file.run(|connection| connection.pragma_update(None, "synchronous", "FULL"))?;
        Ok(file)
    }

    /// What this file wrote to the server of an API, first to last.
    pub(crate) fn published(&self, api: &str) -> Result<Vec<Published>, FileError> {
        self.run(|connection| rows(connection, api))
    }

    /// Notes that an annotation is about to be written, and gives the key of its row.
    pub(crate) fn note_sending(
        &mut self,
        api: &str,
        picture_id: &str,
        corners: [u32; 4],
        tags: &[(String, String)],
        landmark: &str,
    ) -> Result<i64, FileError> {
        let tags = serde_json::to_string(tags)
            .map_err(|error| FileError::Database { path: self.path.clone(), why: error.to_string() })?;
        self.change(|change| {
            change
                .prepare_cached(
                    "INSERT INTO published (api, picture_id, picture_box, tags, landmark) VALUES (?, ?, ?, ?, ?)",
                )?
                .execute(params![api, picture_id, corners.map(|side| side.to_string()).join(","), tags, landmark])?;
            Ok(change.last_insert_rowid())
        })
    }

    /// Notes that the server has it.
    pub(crate) fn note_sent(
        &mut self,
        fid: i64,
        annotation_id: &str,
        at: Option<Timestamp>,
    ) -> Result<(), FileError> {
        self.change(|change| {
            change
                .prepare_cached("UPDATE published SET annotation_id = ?, written_at = ? WHERE fid = ?")?
                .execute(params![annotation_id, text(at), fid])
                .map(drop)
        })
    }

    /// Forgets an annotation that the server does not have.
    pub(crate) fn forget_published(&mut self, fid: i64) -> Result<(), FileError> {
        self.change(|change| change.prepare_cached("DELETE FROM published WHERE fid = ?")?.execute([fid]).map(drop))
    }
}

fn rows(connection: &Connection, api: &str) -> rusqlite::Result<Vec<Published>> {
    let mut select = connection.prepare(
        "SELECT fid, picture_id, picture_box, tags, annotation_id FROM published WHERE api = ? ORDER BY fid",
    )?;
    select.query_map([api], row)?.collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<Published> {
    let (picture_box, tags): (String, String) = (row.get("picture_box")?, row.get("tags")?);
    let sides: Vec<u32> = picture_box.split(',').filter_map(|side| side.parse().ok()).collect();
    Ok(Published {
        fid: row.get("fid")?,
        picture_id: row.get("picture_id")?,
        // What a stranger wrote there is found nowhere on the server.
        corners: sides.try_into().unwrap_or_default(),
        tags: serde_json::from_str(&tags).unwrap_or_default(),
        annotation_id: row.get("annotation_id")?,
    })
}
