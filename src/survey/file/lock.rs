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
        loop {
            let lock = OpenOptions::new().create(true).append(true).open(&path).map_err(wrong)?;
            match lock.try_lock() {
                // Who held it before may have taken it away since it was opened: others would not find it.
                Ok(()) if !is_at(&lock, &path) => continue,
                Ok(()) => return Ok(Self { path, _file: lock }),
                Err(TryLockError::WouldBlock) => return Err(FileError::Taken { path: file.to_owned() }),
                Err(TryLockError::Error(error)) => return Err(wrong(error)),
            }
        }
    }
}

/// Whether an open file is the one at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let known = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().map(known).ok() == std::fs::metadata(path).map(known).ok()
}

/// An open file cannot be taken away.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_was_taken_away_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".a.gpkg.lock");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path));
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path));
        File::create(&path).unwrap();
        assert!(!is_at(&file, &path));
    }

    #[test]
    fn one_has_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.gpkg");
        let lock = Lock::take(&file).unwrap();
        assert!(matches!(Lock::take(&file), Err(FileError::Taken { .. })));
        drop(lock);
        assert!(Lock::take(&file).is_ok());
    }
}
