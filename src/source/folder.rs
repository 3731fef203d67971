//! A folder of geotagged JPEGs: each sub-folder is a sequence.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read};
use std::mem;
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use geo::{Bearing, Distance, Haversine, Point};

use super::exif::{self, Metadata};
use super::jpeg;
use super::{FetchError, Listing, Query, Source, SourceError, Unusable};
use crate::picture::{Camera, HeadingSource, Image, Picture, Pose};

/// No street-level picture is larger, bytes.
const MAX_PICTURE_BYTES: u64 = 200 << 20;

/// Between two pictures nearer than this there is no direction of travel, metres.
const MIN_STEP_M: f64 = 1.0;

/// Two pictures farther apart than this are not of one drive, metres.
const MAX_STEP_M: f64 = 200.0;

/// A folder of geotagged JPEGs, sequences by sub-folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    ///
    /// [`SourceError::Folder`] if there is none at `path`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SourceError> {
        let root = plain(&path.into());
        let wrong = |why: String| SourceError::Folder { path: root.display().to_string(), why };
        match fs::metadata(&root) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { root }),
            Ok(_) => Err(wrong("is no folder: name the folder that holds the pictures".to_owned())),
            Err(e) if e.kind() == ErrorKind::NotFound => Err(wrong("no such folder: check the path".to_owned())),
            Err(e) => Err(wrong(format!("cannot be read ({e})"))),
        }
    }

    /// The path below the folder with `/` between its parts; `.` for the folder itself. Bytes that are not UTF-8 are
    /// written as `\xE9`.
    fn id(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<Cow<'_, str>> = below.iter().map(id_part).collect();
        if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
    }

    /// All JPEGs below, folder by folder, sorted; folders that cannot be read go to `unusable`.
    fn jpegs(&self, unusable: &mut Vec<Unusable>) -> Result<Vec<PathBuf>, SourceError> {
        let mut found = Vec::new();
        let mut entered = HashSet::new();
        let mut waiting = vec![self.root.clone()];
        while let Some(folder) = waiting.pop() {
            // A link may lead to a folder that was already read, or to one above.
            let read = folder.canonicalize().and_then(|real| match entered.insert(real) {
                true => entries(&folder),
                false => Ok(Vec::new()),
            });
            match read {
                Ok(entries) => {
                    for path in entries {
                        if path.is_dir() {
                            waiting.push(path);
                        } else if is_jpeg_name(&path) {
                            found.push(path);
                        }
                    }
                }
                Err(e) if folder == self.root => {
                    let why = format!("cannot be read ({e})");
                    return Err(SourceError::Folder { path: folder.display().to_string(), why });
                }
                Err(_) => unusable.push(Unusable { id: self.id(&folder), reason: "folder not readable".to_owned() }),
            }
        }
        found.sort_by(|a, b| (a.parent(), a).cmp(&(b.parent(), b)));
        Ok(found)
    }

    fn picture(&self, path: &Path) -> Result<Picture, &'static str> {
        // The file of a survey keeps paths as text, and would not find it again.
        if path.to_str().is_none() {
            return Err("name not in UTF-8: rename the file or its folder");
        }
        let (metadata, size_bytes) = read_metadata(path)?;
        let (lon_deg, lat_deg) = metadata.lon_lat_deg.ok_or("no position in its EXIF")?;
        Ok(Picture {
            id: self.id(path),
            sequence: self.id(path.parent().unwrap_or(&self.root)),
            rank: None,
            lon_deg,
            lat_deg,
            position_sd_m: metadata.position_sd_m,
            pose: metadata.pose.unwrap_or_else(|| HeadingSource::Unknown.pose(0.0)),
            camera: metadata.camera.map_err(|_| "projection not supported")?,
            taken_at: metadata.taken_at,
            license: metadata.license,
            producer: metadata.artist,
            image: Image::File(path.to_owned()),
            page_url: Some(path.display().to_string()),
            size_bytes: Some(size_bytes),
        })
    }
}

impl Source for Folder {
    fn list_in_parts(
        &self,
        query: &Query,
        take: &mut dyn FnMut(Listing) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        let mut unusable = Vec::new();
        let jpegs = self.jpegs(&mut unusable)?;
        if jpegs.is_empty() && unusable.is_empty() {
            let why = "holds no picture: JPEGs are wanted, by the names *.jpg or *.jpeg".to_owned();
            return Err(SourceError::Folder { path: self.root(), why });
        }
        for paths in jpegs.chunk_by(|a, b| a.parent() == b.parent()) {
            let mut sequence = Vec::new();
            for path in paths {
                match self.picture(path) {
                    Ok(picture) => sequence.push(picture),
                    Err(reason) => unusable.push(Unusable { id: self.id(path), reason: reason.to_owned() }),
                }
            }
            rank(&mut sequence);
            // Before the query leaves pictures out: a neighbour outside the area still tells the direction.
            fill_headings(&mut sequence);
            sequence.retain(|picture| query.fits(picture));
            let part = Listing { pictures: sequence, unusable: mem::take(&mut unusable), ..Listing::default() };
            if take(part).is_break() {
                return Ok(());
            }
        }
        let _ = take(Listing { unusable, ..Listing::default() });
        Ok(())
    }

    fn fetch(&self, picture: &Picture) -> Result<Vec<u8>, FetchError> {
        let Image::File(path) = &picture.image else { return Err(FetchError::Address) };
        read(path)
    }

    fn root(&self) -> String {
        self.root.display().to_string()
    }
}

/// A path without what changes nothing: `./a/` is `a`.
fn plain(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if plain.as_os_str().is_empty() { PathBuf::from(".") } else { plain }
}

fn id_part(name: &OsStr) -> Cow<'_, str> {
    match name.to_str() {
        Some(name) => name.into(),
        None => format!("{name:?}").trim_matches('"').to_owned().into(),
    }
}

/// The bytes of a picture's file.
pub fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    let (file, size) = open_file(path).map_err(|_| FetchError::Unreadable)?;
    if size > MAX_PICTURE_BYTES {
        return Err(FetchError::TooLarge);
    }
    // The file may grow while it is read.
    let mut bytes = Vec::new();
    file.take(MAX_PICTURE_BYTES + 1).read_to_end(&mut bytes).map_err(|_| FetchError::Unreadable)?;
    if bytes.len() as u64 > MAX_PICTURE_BYTES { Err(FetchError::TooLarge) } else { Ok(bytes) }
}

/// What a folder holds, sorted by name.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn is_jpeg_name(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("jpg") || e.eq_ignore_ascii_case("jpeg"))
}

/// Opens a regular file; any other kind could block for ever.
fn open_file(path: &Path) -> io::Result<(File, u64)> {
    if !fs::metadata(path)?.is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn read_metadata(path: &Path) -> Result<(Metadata, u64), &'static str> {
    let (file, size_bytes) = open_file(path).map_err(|_| "file not readable")?;
    let headers = jpeg::read_headers(&mut BufReader::new(file)).map_err(|e| match e.kind() {
        ErrorKind::InvalidData => "not a JPEG",
        _ => "file not readable",
    })?;
    Ok((exif::interpret(&headers), size_bytes))
}

/// The camera of a single file, which may lack all metadata: a flat picture of unknown field of view then.
pub fn camera_of(path: &Path) -> Camera {
    let camera = read_metadata(path).ok().and_then(|(metadata, _)| metadata.camera.ok());
    camera.unwrap_or(Camera::Perspective { long_side_fov_deg: None })
}

/// Orders a sequence as taken: by time where every picture has one, else by name.
fn rank(sequence: &mut [Picture]) {
    if sequence.iter().all(|p| p.taken_at.is_some()) {
        sequence.sort_by(|a, b| (a.taken_at, &a.id).cmp(&(b.taken_at, &b.id)));
    } else {
        sequence.sort_by(|a, b| a.id.cmp(&b.id));
    }
    for (rank, picture) in sequence.iter_mut().enumerate() {
        picture.rank = Some(rank as u64);
    }
}

/// Gives the pictures without a measured heading the direction of travel: to the next picture of the sequence, or
/// from the one before where there is no next, or not at a credible distance.
fn fill_headings(sequence: &mut [Picture]) {
    let steps: Vec<Option<Pose>> = sequence.windows(2).map(|pair| travel(&pair[0], &pair[1])).collect();
    for (i, picture) in sequence.iter_mut().enumerate() {
        if picture.pose.heading_source == HeadingSource::Unknown {
            let next = steps.get(i).copied().flatten();
            let previous = i.checked_sub(1).and_then(|i| steps.get(i).copied().flatten());
            picture.pose = next.or(previous).unwrap_or(picture.pose);
        }
    }
}

fn travel(from: &Picture, to: &Picture) -> Option<Pose> {
    let [a, b] = [from, to].map(|p| Point::new(p.lon_deg, p.lat_deg));
    let credible = (MIN_STEP_M..=MAX_STEP_M).contains(&Haversine.distance(a, b));
    credible.then(|| HeadingSource::Travel.pose(Haversine.bearing(a, b)))
}
