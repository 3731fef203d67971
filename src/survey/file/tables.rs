//! The tables of the file.

use std::path::Path;

use rusqlite::Connection;

use super::{FileError, PATIENCE};
use crate::geopackage::{self, Layer};

/// The form of these tables. A file of another form is refused.
const FORM: i64 = 3;

const LAYERS: &[Layer<'_>] = &[
    Layer {
        name: "landmarks",
        description: "What stands along the street, once each; columns as in the GeoJSON of an inventory, which leaves out \
                      what is reviewed as wrong",
        geometry: Some("POINT"),
        columns: "survey INTEGER NOT NULL, id TEXT NOT NULL, find TEXT, class TEXT, value TEXT, label TEXT,
            class_confidence REAL, probability REAL, method TEXT, accuracy_m REAL, ellipse_major_m REAL,
            ellipse_minor_m REAL, ellipse_azimuth_deg REAL, direction_deg REAL,
            direction_sd_deg REAL, support TEXT, installation TEXT, surface_m2 REAL, surface_sd_m2 REAL, sightings INTEGER, sequences INTEGER,
            first_seen DATETIME, last_seen DATETIME, panoramax TEXT, picture_url TEXT, picture_box TEXT, license TEXT,
            producer TEXT, osm_tags TEXT, reviewed TEXT",
    },
    Layer {
        name: "sightings",
        description: "Each detection as a ray from its camera, as long as its range, or 20 m where none is known; its \
                      box x0, y0, x1, y1 in pixels of the upright picture, picture_box in those of the file; origin \
                      names who made it, where that was not the detector",
        geometry: Some("LINESTRING"),
        columns: "survey INTEGER NOT NULL, picture_id TEXT NOT NULL, class TEXT NOT NULL, called TEXT,
            score REAL NOT NULL, azimuth_deg REAL, azimuth_sd_deg REAL, elevation_deg REAL, range_m REAL,
            range_sd_m REAL, picture_box TEXT, x0 REAL NOT NULL, y0 REAL NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL,
            reading TEXT, origin TEXT, landmark TEXT",
    },
    Layer {
        name: "pictures",
        description: "Every picture of the area and its state: todo, done (with detections), empty (without) or failed",
        geometry: Some("POINT"),
        columns: "survey INTEGER NOT NULL, picture_id TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
            listed BOOLEAN NOT NULL, sequence TEXT, rank INTEGER, position_sd_m REAL, heading_deg REAL,
            heading_sd_deg REAL, heading_source TEXT, camera TEXT, fov_deg REAL, crop TEXT, taken_at DATETIME,
            license TEXT, producer TEXT, image TEXT, page_url TEXT, size_bytes INTEGER, width INTEGER,
            height INTEGER, orientation INTEGER, looked_at DATETIME, UNIQUE (survey, picture_id)",
    },
    Layer {
        name: "reviews",
        description: "What people say of landmarks; class, value and moved_* are theirs, found is what the survey found",
        geometry: Some("POINT"),
        columns: "survey INTEGER NOT NULL, landmark TEXT NOT NULL, reviewed TEXT NOT NULL, class TEXT, value TEXT,
            moved_lon REAL, moved_lat REAL, note TEXT, reviewer TEXT, time TEXT, found TEXT NOT NULL,
            UNIQUE (survey, landmark)",
    },
    Layer {
        name: "area",
        description: "What was to be surveyed",
        geometry: Some("MULTIPOLYGON"),
        columns: "survey INTEGER NOT NULL, name TEXT",
    },
    Layer {
        name: "surveys",
        description: "The surveys of this file; the column survey of the other tables names one by its fid",
        geometry: None,
        columns: "started_at TEXT",
    },
    Layer {
        name: "settings",
        description: "What each survey is made under",
        geometry: None,
        columns: "survey INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL",
    },
    Layer {
        name: "models",
        description: "The models that each survey is made with",
        geometry: None,
        columns: "survey INTEGER NOT NULL, name TEXT, version TEXT, sha256 TEXT, license TEXT",
    },
    Layer {
        name: "runs",
        description: "The runs over each survey; one that was killed has no end; lineage is the member survey of GeoJSON",
        geometry: None,
        columns: "survey INTEGER NOT NULL, tool TEXT, started_at TEXT, finished_at TEXT, complete BOOLEAN,
            lineage TEXT",
    },
    Layer {
        name: "published",
        description: "Annotations that were written to pictures on servers out of this file; one without an \
                      annotation_id was on its way when the program was killed",
        geometry: None,
        columns: "api TEXT NOT NULL, picture_id TEXT NOT NULL, picture_box TEXT NOT NULL, tags TEXT NOT NULL,
            landmark TEXT, annotation_id TEXT, written_at TEXT",
    },
    Layer {
        name: "arpent",
        description: "The form of these tables",
        geometry: None,
        columns: "form INTEGER NOT NULL",
    },
];

/// Makes the tables of a database that is new.
pub(super) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    let is_new: bool = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if is_new {
        let change = connection.transaction()?;
        geopackage::create(&change, LAYERS)?;
        // SQLite takes the first only where a query says `listed = 1`; by `listed` alone it reads all pictures.
        change.execute_batch(
            "CREATE INDEX pictures_by_state ON pictures (survey, listed, state, reason);
             CREATE INDEX sightings_of_picture ON sightings (survey, picture_id);",
        )?;
        change.execute("INSERT INTO arpent (form) VALUES (?)", [FORM])?;
        change.commit()?;
    }
    Ok(())
}

/// Refuses what is no survey file, or one of another form.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), FileError> {
    let not_a_survey = |why: &str| FileError::NotASurvey { path: path.to_owned(), why: why.to_owned() };
    let of_sqlite = |error: rusqlite::Error| FileError::of(path, &error);
    let has_form: bool = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'arpent'", [], |row| row.get(0))
        .map_err(of_sqlite)?;
    if !has_form {
        let is_empty = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0));
        let is_empty: bool = is_empty.map_err(of_sqlite)?;
        return Err(not_a_survey(if is_empty { "nothing is in it" } else { "other tables are in it" }));
    }
    match connection.query_row("SELECT form FROM arpent", [], |row| row.get(0)).map_err(of_sqlite)? {
        FORM => Ok(()),
        form => Err(not_a_survey(&format!("its tables have form {form}, and this arpent knows form {FORM}"))),
    }
}
