//! The right of one run to a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::FileError;

/// The right of one run to a file: a lock on an empty file beside it, which ends with the process however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    pub fn take(file: &Path) -> Result<Self, FileError> {
        let mut name = std::ffi::OsString::from(".");
        name.push(file.file_name().unwrap_or_default());
        name.push(".lock");
        let path = file.with_file_name(name);
        let wrong = |error: io::Error| FileError::NotWritable { path: file.to_owned(), why: error.to_string() };
        let lock = OpenOptions::new().create(true).append(true).open(&path).map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _file: lock }),
            Err(TryLockError::WouldBlock) => Err(FileError::Taken { path: file.to_owned() }),
            Err(TryLockError::Error(error)) => Err(wrong(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
