//! A folder that appears in its place only when it is whole.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A folder that appears in its place only when it is whole.
///
/// Until then it lies beside its place under another name, and is gone if it is never finished.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    part: PathBuf,
    /// Whether what is in its place may go.
    replaces: bool,
}

impl OutputFolder {
    /// Makes a folder that is to appear at `path`, where nothing or an empty folder is.
    pub fn create(path: &Path) -> io::Result<Self> {
        let is_free = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if !is_free {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "there is something already: name a new folder"));
        }
        Self::beside(path, false)
    }

    /// Makes a folder that is to take the place of the one at `path`.
    pub fn replacing(path: &Path) -> io::Result<Self> {
        Self::beside(path, true)
    }

    fn beside(path: &Path, replaces: bool) -> io::Result<Self> {
        let part = hidden(path, "part")?;
        fs::create_dir(&part)?;
        Ok(Self { path: path.to_owned(), part, replaces })
    }

    /// Where its files are to be written until it is finished.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Puts it in its place.
    pub fn finish(self) -> io::Result<()> {
        if !self.replaces {
            if self.path.exists() {
                fs::remove_dir(&self.path)?;
            }
            return fs::rename(&self.part, &self.path);
        }
        let old = hidden(&self.path, "old")?;
        fs::rename(&self.path, &old)?;
        if let Err(error) = fs::rename(&self.part, &self.path) {
            fs::rename(&old, &self.path)?;
            return Err(error);
        }
        fs::remove_dir_all(&old)
    }
}

/// A name beside a folder's own that no other run has.
fn hidden(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "names no folder"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.{ending}", std::process::id()));
    Ok(path.with_file_name(hidden))
}

impl Drop for OutputFolder {
    /// Leaves nothing behind where the work failed.
    fn drop(&mut self) {
        // After a success there is no such folder any more.
        let _ = fs::remove_dir_all(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let output = OutputFolder::create(&path).unwrap();
        fs::write(output.part().join("a"), "a").unwrap();
        drop(output);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::create_dir(&path).unwrap();
        let output = OutputFolder::create(&path).unwrap();
        fs::write(output.part().join("a"), "a").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read_to_string(path.join("a")).unwrap(), "a");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(OutputFolder::create(&path).unwrap_err().to_string().contains("name a new folder"));
        let output = OutputFolder::replacing(&path).unwrap();
        fs::write(output.part().join("b"), "b").unwrap();
        output.finish().unwrap();
        assert!(path.join("b").exists() && !path.join("a").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
