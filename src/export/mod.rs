//! Inventories as files.

mod columns;
pub mod csv;
pub mod dataset;
pub mod flatgeobuf;
mod folder;
pub mod geojson;
pub mod geopackage;
pub mod geoparquet;
pub mod maproulette;
pub mod osm;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use self::csv::Dialect;
pub use self::folder::OutputFolder;
use crate::crs::Crs;
use crate::inventory::{Entry, Inventory};

/// A format that an inventory is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// [`geojson`]
    GeoJson,
    /// [`csv`]
    Csv,
    /// [`geopackage`]
    GeoPackage,
    /// [`geoparquet`]
    GeoParquet,
    /// [`flatgeobuf`]
    FlatGeobuf,
    /// [`osm`]
    Osm,
    /// [`maproulette`]
    MapRoulette,
}

/// The formats by the endings of their files. The first that fits tells.
const ENDINGS: [(&str, Format); 10] = [
    (".maproulette.geojson", Format::MapRoulette),
    (".maproulette.json", Format::MapRoulette),
    (".geojson", Format::GeoJson),
    (".json", Format::GeoJson),
    (".csv", Format::Csv),
    (".gpkg", Format::GeoPackage),
    (".parquet", Format::GeoParquet),
    (".geoparquet", Format::GeoParquet),
    (".fgb", Format::FlatGeobuf),
    (".osm", Format::Osm),
];

/// Why an inventory cannot be written as asked. Each message says what helps.
#[derive(Debug, Error)]
pub enum FormatError {
    /// The ending of a file names no format.
    #[error(
        "{path} does not end in .geojson, .csv, .gpkg, .parquet, .fgb, .osm or .maproulette.geojson, which tell the \
         format: name another ending, or the format with --format"
    )]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// The format has one coordinate reference system.
    #[error("{0} is always in WGS 84: leave out --crs, or write CSV, GeoPackage, GeoParquet or FlatGeobuf")]
    Crs(&'static str),
    /// The format has no mark of its encoding.
    #[error("only CSV can begin with a byte order mark: leave out --bom")]
    Bom,
    /// The format has no numbers as Excel wants them.
    #[error("only CSV can be written for Excel: leave out --excel")]
    Excel,
}

impl Format {
    /// The format that the ending of a path names.
    pub fn of(path: &Path) -> Result<Self, FormatError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let format = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| *format);
        format.ok_or_else(|| FormatError::Unknown { path: path.to_owned() })
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::GeoJson => "GeoJSON",
            Self::Csv => "CSV",
            Self::GeoPackage => "GeoPackage",
            Self::GeoParquet => "GeoParquet",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::Osm => "OSM XML",
            Self::MapRoulette => "MapRoulette",
        }
    }

    /// Whether it can be written in another coordinate reference system than WGS 84.
    fn has_crs(self) -> bool {
        matches!(self, Self::Csv | Self::GeoPackage | Self::GeoParquet | Self::FlatGeobuf)
    }
}

/// A format with what is set of it.
#[derive(Debug, Clone)]
pub struct Exporter {
    format: Format,
    crs: Crs,
    dialect: Dialect,
}

impl Exporter {
    /// Writes a format, in WGS 84 where no other system is named; CSV in a dialect.
    ///
    /// # Errors
    ///
    /// [`FormatError`] where the format knows no other system, or no dialect.
    pub fn new(format: Format, crs: Option<Crs>, dialect: Dialect) -> Result<Self, FormatError> {
        let crs = crs.unwrap_or_else(Crs::wgs84);
        if !crs.is_wgs84() && !format.has_crs() {
            return Err(FormatError::Crs(format.name()));
        }
        match dialect {
            Dialect::Marked if format != Format::Csv => Err(FormatError::Bom),
            Dialect::Excel if format != Format::Csv => Err(FormatError::Excel),
            _ => Ok(Self { format, crs, dialect }),
        }
    }

    /// Writes an inventory.
    ///
    /// # Errors
    ///
    /// What the file system says, or which landmark has no place in the coordinate reference system.
    pub fn write(&self, inventory: &Inventory, out: &mut (dyn Write + Send)) -> io::Result<()> {
        match self.format {
            Format::GeoJson => geojson::write(inventory, out),
            Format::Csv => csv::write(inventory, &self.crs, self.dialect, out),
            Format::GeoPackage => geopackage::write(inventory, &self.crs, out),
            Format::GeoParquet => geoparquet::write(inventory, &self.crs, out),
            Format::FlatGeobuf => flatgeobuf::write(inventory, &self.crs, out),
            Format::Osm => osm::write(inventory, out),
            Format::MapRoulette => maproulette::write(inventory, out),
        }
    }

    /// How many landmarks of an inventory have no place in the format, and why.
    pub fn left_out(&self, inventory: &Inventory) -> Option<(usize, &'static str)> {
        let number = if self.format == Format::Osm { osm::left_out(inventory) } else { 0 };
        (number > 0).then_some((number, "without tags for OpenStreetMap"))
    }
}

/// The place of an entry in a system.
fn place(entry: &Entry, crs: &Crs) -> io::Result<[f64; 2]> {
    let Entry { id, lon_deg, lat_deg, .. } = entry;
    let nowhere = || format!("landmark {id} at {lon_deg}, {lat_deg} has no place in EPSG:{}", crs.code());
    crs.project(*lon_deg, *lat_deg).ok_or_else(|| io::Error::other(nowhere()))
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
    pub fn finish(mut self, write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> io::Result<()> {
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
    fn an_ending_tells_the_format() {
        let of = |path: &str| Format::of(Path::new(path)).ok();
        for (ending, format) in ENDINGS {
            assert_eq!(of(&format!("a/b{ending}").to_uppercase()), Some(format));
        }
        assert_eq!(of("b.maproulette.geojson"), Some(Format::MapRoulette));
        assert_eq!((of("csv"), of("a.txt"), of(".gpkg/a"), of("/")), (None, None, None, None));
    }

    #[test]
    fn what_a_format_cannot_do_is_told() {
        let lambert = || Some("EPSG:2154".parse().unwrap());
        let why = |format, crs, dialect| Exporter::new(format, crs, dialect).unwrap_err().to_string();
        assert!(why(Format::GeoJson, lambert(), Dialect::Plain).starts_with("GeoJSON is always in WGS 84"));
        assert!(why(Format::Osm, lambert(), Dialect::Plain).starts_with("OSM XML is always in WGS 84"));
        assert!(why(Format::GeoPackage, lambert(), Dialect::Marked).contains("leave out --bom"));
        assert!(why(Format::GeoPackage, lambert(), Dialect::Excel).contains("leave out --excel"));
        assert!(Exporter::new(Format::GeoJson, Some(Crs::wgs84()), Dialect::Plain).is_ok());
        assert!(Exporter::new(Format::Csv, lambert(), Dialect::Excel).is_ok());
    }

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
