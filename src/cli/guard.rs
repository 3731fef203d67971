//! What must not be written over: what a command reads itself, the files of surveys, pictures, and layers of others.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Result;
use arpent::export::geopackage::foreign_tables;
use arpent::survey::SurveyFile;
use image::ImageFormat;

use super::usage::usage;

/// So many bytes at the beginning of a file tell what it is.
const TOLD_BY_BYTES: u64 = 4096;

/// The files that a command reads and writes.
#[derive(Default)]
pub struct Files<'a> {
    /// Those that it reads, and leaves as they are.
    pub inputs: Vec<&'a Path>,
    /// The file of a survey that it reads or goes on with.
    pub survey: Option<PathBuf>,
    /// The file that it puts in the place of what is there.
    pub output: Option<&'a Path>,
}

impl Files<'_> {
    /// Refuses a result in the place of what is read, of a survey, of a picture or of layers of others, and a log in
    /// that of what is read, of a survey or of the result.
    pub fn check(&self, log: Option<&Path>) -> Result<()> {
        if let Some(output) = self.output {
            self.check_free(output, "-o")?;
            if is_picture(output) {
                return Err(usage(format!("{} is a picture: name another file with -o", output.display())));
            }
            check_layers(output)?;
        }
        let Some(log) = log else { return Ok(()) };
        self.check_free(log, "--log")?;
        if self.output.is_some_and(|output| is_same(output, log)) {
            return Err(usage(format!("{} is to hold the result: name another file with --log", log.display())));
        }
        if is_binary(log) {
            return Err(usage(format!("{} is no text: name another file with --log", log.display())));
        }
        Ok(())
    }

    /// Refuses a file that the command reads, and one that holds a survey.
    fn check_free(&self, path: &Path, option: &str) -> Result<()> {
        let mut read = self.inputs.iter().copied().chain(self.survey.as_deref());
        let why = if read.any(|read| is_same(read, path)) {
            "is what the command works on"
        } else if SurveyFile::is_at(path) {
            "holds a survey, with all that was seen and reviewed"
        } else {
            return Ok(());
        };
        Err(usage(format!("{} {why}: name another file with {option}", path.display())))
    }
}

/// Refuses a GeoPackage that holds more than an inventory.
fn check_layers(output: &Path) -> Result<()> {
    let tables = foreign_tables(output);
    let Some(first) = tables.first() else { return Ok(()) };
    let others = match tables.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let output = output.display();
    Err(usage(format!(
        "{output} holds other layers ({first}{others}), which would be lost: name another file with -o"
    )))
}

/// Whether two paths lead to one file, which need not be there yet.
pub fn is_same(a: &Path, b: &Path) -> bool {
    place(a) == place(b)
}

/// Where a path leads to.
fn place(path: &Path) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let beside = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// Whether a file is a JPEG, which no result is.
fn is_picture(path: &Path) -> bool {
    matches!(image::guess_format(&beginning(path)), Ok(ImageFormat::Jpeg))
}

/// Whether a file holds something else than text.
fn is_binary(path: &Path) -> bool {
    beginning(path).contains(&0)
}

/// The first bytes of a file; none of what cannot be read, or is no file, such as a pipe, which is not waited for.
fn beginning(path: &Path) -> Vec<u8> {
    let read = || {
        let mut begin = Vec::new();
        File::open(path)?.take(TOLD_BY_BYTES).read_to_end(&mut begin).map(|_| begin)
    };
    if path.is_file() { read().unwrap_or_default() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_whatever_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("sub")).unwrap();
        assert!(is_same(&path("sub/../new.csv"), &path("new.csv")), "before it is there");
        assert!(!is_same(&path("new.csv"), &path("sub/new.csv")));
        assert!(is_same(Path::new("Cargo.toml"), Path::new("src/../Cargo.toml")));
        assert!(is_same(Path::new("new.csv"), &std::env::current_dir().unwrap().join("new.csv")));
        assert!(!is_same(Path::new("no/folder.csv"), Path::new("folder.csv")));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file.csv"), folder.path().join("link.csv"));
        std::fs::write(&file, "a,b\n").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let files = Files { inputs: vec![&file], output: Some(&link), ..Files::default() };
        let why = files.check(None).unwrap_err().to_string();
        assert!(why.ends_with("link.csv is what the command works on: name another file with -o"), "{why}");
    }

    #[test]
    fn a_log_goes_on_with_texts_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("picture.jpg"), b"\xff\xd8\xff\xe1\0\0").unwrap();
        std::fs::write(path("arpent.log"), "2026-11-26T00:00:00Z é\n").unwrap();
        let output = path("signs.csv");
        let check = |log: &str| Files { output: Some(&output), ..Files::default() }.check(Some(&path(log)));
        assert!(check("arpent.log").is_ok() && check("new.log").is_ok());
        assert!(check("picture.jpg").unwrap_err().to_string().contains("picture.jpg is no text"));
        assert!(check("signs.csv").unwrap_err().to_string().contains("is to hold the result"));
    }
}
