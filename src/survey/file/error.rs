//! Why the file of a survey cannot be used.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the file of a survey cannot be used. Each message says what helps.
#[derive(Debug, Error)]
pub enum FileError {
    /// There is no file to read.
    #[error("{path}: no such file: name the file of a survey, OUT.gpkg")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made or written.
    #[error("{path} cannot be written ({why}): name another place, or give yourself the right to write there")]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The file is there and cannot be read.
    #[error("{path} cannot be read ({why}): name another file, or give yourself the right to read it")]
    NotReadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// Another run has the file.
    #[error("{path}: another arpent is at work on this file: wait for it, or write to another file")]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// Another program has the file.
    #[error("{path} is held by another program: close it there, and run the same command again to go on")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// There is no room left.
    #[error("{path}: the disk is full: make room, and run the same command again to go on where it stopped")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is no survey file of arpent ({why}): name another file, or move this one away")]
    NotASurvey {
        /// The file.
        path: PathBuf,
        /// What it is.
        why: String,
    },
    /// The file that is to be read is something else.
    #[error("{path} is no survey file of arpent ({why}): name the file of a survey, OUT.gpkg")]
    HoldsNoSurvey {
        /// The file.
        path: PathBuf,
        /// What it is.
        why: String,
    },
    /// The file is what `arpent export` or `arpent locate` wrote.
    #[error("{path} holds an inventory, not a survey: give the file of the survey that it was made of")]
    HoldsAnInventory {
        /// The file.
        path: PathBuf,
    },
    /// The file is of a survey under other terms.
    #[error(
        "{path} holds a survey under other terms:\n{difference}\nRun it with the same terms to go on with it, give \
         --again to start a second set of sightings in it, or write to another file"
    )]
    OtherTerms {
        /// The file.
        path: PathBuf,
        /// A line for each term that differs.
        difference: String,
    },
    /// No run over the survey came to its end.
    #[error("{path}: no run over this survey came to its end yet, so it has no landmarks: run `arpent survey` again")]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error("{path}: {why}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
}

impl FileError {
    /// The same of a file that is only read: its name is not one to write to.
    pub(super) fn on_reading(self) -> Self {
        match self {
            Self::NotWritable { path, why } => Self::NotReadable { path, why },
            Self::NotASurvey { path, why } => Self::HoldsNoSurvey { path, why },
            other => other,
        }
    }

    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let why = crate::causes(error);
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::NotWritable { path, why }
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::NotASurvey { path, why },
            _ => Self::Database { path, why },
        }
    }
}
