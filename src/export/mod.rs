//! Inventories as files.

pub mod csv;
pub mod geojson;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::inventory::Inventory;

/// A format that an inventory is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// [`geojson`]
    GeoJson,
    /// [`csv`]
    Csv,
}

/// The ending of a file names no format.
#[derive(Debug, Error)]
#[error("{path} does not end in .geojson, .json or .csv, which tell the format")]
pub struct UnknownFormat {
    path: PathBuf,
}

impl Format {
    /// The format that the ending of a path names.
    pub fn of(path: &Path) -> Result<Self, UnknownFormat> {
        match path.extension().map(|ending| ending.to_ascii_lowercase()) {
            Some(ending) if ending == "geojson" || ending == "json" => Ok(Self::GeoJson),
            Some(ending) if ending == "csv" => Ok(Self::Csv),
            _ => Err(UnknownFormat { path: path.to_owned() }),
        }
    }

    /// Writes an inventory.
    pub fn write(self, inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::GeoJson => geojson::write(inventory, out),
            Self::Csv => csv::write(inventory, out),
        }
    }
}

/// A file that appears in its place only when it is whole.
///
/// It is opened before the work begins, so that a place that cannot be written is told at once.
pub struct Output {
    path: PathBuf,
    /// Beside the place, so that the renaming stays within a file system.
    part: PathBuf,
    writer: Option<BufWriter<File>>,
}

impl Output {
    /// Opens a file that is to appear at `path`.
    pub fn create(path: &Path) -> io::Result<Self> {
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder: name a file"));
        }
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no regular file: name one"));
        }
        // A link stays a link: what it leads to is replaced.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "names no file"))?;
        let mut part_name = std::ffi::OsString::from(".");
        part_name.push(name);
        part_name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(part_name);
        let writer = Some(BufWriter::new(File::create(&part)?));
        Ok(Self { path: path.to_owned(), part, writer })
    }

    /// The unfinished file, to be removed where no destructor runs.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Writes the file by `write` and puts it in its place.
    pub fn finish(mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if let Some(mut writer) = self.writer.take() {
            write(&mut writer)?;
            let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
        }
        std::fs::rename(&self.part, &self.path)
    }
}

impl Drop for Output {
    /// Leaves nothing behind where the work failed.
    fn drop(&mut self) {
        drop(self.writer.take());
        // After a success there is no such file any more.
        let _ = std::fs::remove_file(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.geojson");
        std::fs::write(&path, "old").unwrap();
        let failed = Output::create(&path).unwrap().finish(|w| {
            w.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        Output::create(&path).unwrap().finish(|w| w.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Output::create(folder.path()).is_err());
        assert!(Output::create(&folder.path().join("no/such/folder.geojson")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_refused_and_links_followed() {
        assert!(Output::create(Path::new("/dev/null")).is_err());
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        Output::create(&link).unwrap().finish(|w| w.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink());
    }
}
