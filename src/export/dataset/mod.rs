//! The pictures of a survey with their boxes, to label anew and to train on.
//!
//! The boxes are what a detector found, and what others noted on the server where it did not find the same. Where people
//! have reviewed the landmark that rests on a box, their word counts; at the others nobody has looked. Each picture
//! keeps its licence: `pictures.csv` and the README of a folder tell which, and whom to name.

mod coco;
mod crops;
mod name;
mod picture;
mod readme;
mod yolo;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use self::name::Names;
use self::picture::Kept;
use super::folder::OutputFolder;
use crate::inventory::{Entry, Inventory, Lineage};
use crate::picture::Picture;
use crate::source::FetchError;
use crate::survey::{FileError, PictureState, SurveyReader, SurveyedSighting};
use crate::view::{Overlap, PixelBox, Turn};

/// A form of a folder of pictures with boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetFormat {
    /// `annotations.json` of COCO beside the pictures.
    Coco,
    /// Labels of YOLO beside the pictures, and `data.yaml`.
    Yolo,
    /// What is in the boxes, cut out, in a folder for each code, to train a classifier on.
    Crops,
}

/// The pictures of a survey with their boxes.
#[derive(Debug)]
pub struct Dataset {
    lineage: Lineage,
    /// Classes of the detector that occur, sorted.
    classes: Vec<String>,
    shots: Vec<Shot>,
    /// How many pictures have no part in it, by the reason.
    pub left_out: BTreeMap<String, usize>,
    /// How many boxes are left out since a reviewer says that their landmark is wrong.
    pub wrong: usize,
}

/// A picture with its boxes.
#[derive(Debug)]
struct Shot {
    picture: Picture,
    turn: Turn,
    /// Of its file, without an ending; no other has it.
    name: String,
    boxes: Vec<Labelled>,
}

/// A box and what is in it.
#[derive(Debug)]
struct Labelled {
    /// Number of the detector's class.
    class: usize,
    /// What the landmark is called that rests on it, or else what was read in this picture alone.
    code: String,
    /// What a reviewer says of that landmark.
    reviewed: Option<String>,
    sighting: SurveyedSighting,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    /// Pictures.
    pub pictures: usize,
    /// Their boxes.
    pub boxes: usize,
    /// Pictures that could not be had, by the reason.
    pub failures: BTreeMap<String, usize>,
}

/// How the bytes of pictures are had.
pub struct Fetching<'a> {
    /// Gets one.
    pub fetch: &'a (dyn Fn(&Picture) -> Result<Vec<u8>, FetchError> + Sync),
    /// So many at a time.
    pub at_a_time: usize,
    /// Called after each.
    pub tick: &'a (dyn Fn() + Sync),
    /// Raised to end it.
    pub stop: &'a AtomicBool,
}

impl Dataset {
    /// The pictures of a survey that were looked at; those without detections only where `with_empty` asks for them.
    ///
    /// # Errors
    ///
    /// [`FileError`] where the file cannot be read, or no run over it came to its end.
    pub fn of(reader: &SurveyReader, with_empty: bool) -> Result<Self, FileError> {
        let Inventory { entries, lineage } = reader.inventory()?;
        let landmarks: HashMap<&str, &Entry> = entries.iter().map(|entry| (entry.id.as_str(), entry)).collect();
        let sightings = reader.sightings()?;
        let classes: BTreeSet<&str> = sightings.iter().map(|sighting| sighting.class.as_str()).collect();
        let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
        let mut boxes: HashMap<String, Vec<Labelled>> = HashMap::new();
        let mut wrong = 0;
        for sighting in sightings {
            let Ok(class) = classes.binary_search(&sighting.class) else { continue };
            let landmark = sighting.landmark.as_deref().map(|id| landmarks.get(id));
            // An inventory is without what reviewers call wrong.
            if landmark == Some(None) {
                wrong += 1;
                continue;
            }
            let landmark = landmark.flatten();
            let agreed = landmark.map(|entry| &entry.class);
            let code = agreed.or(sighting.called.as_ref()).unwrap_or(&sighting.class).clone();
            let reviewed = landmark.and_then(|entry| entry.reviewed.clone());
            boxes.entry(sighting.picture_id.clone()).or_default().push(Labelled { class, code, reviewed, sighting });
        }
        let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
        let mut names = Names::default();
        let mut shots = Vec::new();
        for surveyed in reader.pictures()? {
            let reason = match (&surveyed.state, surveyed.turn) {
                (PictureState::Done, Some(_)) => None,
                (PictureState::Empty, Some(_)) if with_empty => None,
                (PictureState::Empty, _) => Some("without detections".to_owned()),
                (PictureState::Failed(reason), _) => Some(reason.clone()),
                _ => Some("not looked at yet".to_owned()),
            };
            match (reason, surveyed.picture, surveyed.turn) {
                (None, Some(picture), Some(turn)) => {
                    let boxes = without_doubles(boxes.remove(&picture.id).unwrap_or_default());
                    shots.push(Shot { name: names.unique(&picture.id), picture, turn, boxes });
                }
                (reason, ..) => {
                    *left_out.entry(reason.unwrap_or_else(|| "without a position".to_owned())).or_default() += 1;
                }
            }
        }
        Ok(Self { lineage, classes, shots, left_out, wrong })
    }

    /// How many pictures it has.
    pub fn len(&self) -> usize {
        self.shots.len()
    }

    /// Whether it has no picture.
    pub fn is_empty(&self) -> bool {
        self.shots.is_empty()
    }

    /// How many boxes it has.
    pub fn boxes(&self) -> usize {
        self.shots.iter().map(|shot| shot.boxes.len()).sum()
    }

    /// Whether pictures of it lie on a server.
    pub fn is_on_server(&self) -> bool {
        self.shots.iter().any(|shot| shot.picture.image.host().is_some())
    }

    /// The API root or folder that the pictures came from.
    pub fn source(&self) -> &str {
        &self.lineage.source
    }

    /// Writes COCO's JSON alone: it names the pictures where they are, with boxes in the pixels of their files.
    pub fn write_coco(&self, out: &mut dyn Write) -> io::Result<()> {
        coco::write_references(self, out)
    }

    /// Writes a folder with the pictures and their boxes. Pictures that cannot be had are left out of it; if none can be
    /// had there is no folder.
    ///
    /// Pictures whose files lie turned by their EXIF are written upright, since programs for training do not agree on
    /// what that means; all others as they are.
    ///
    /// # Errors
    ///
    /// What the file system says, or [`io::ErrorKind::Interrupted`] when it was stopped.
    pub fn write_folder(&self, format: DatasetFormat, folder: &Path, fetching: &Fetching<'_>) -> io::Result<Written> {
        let output = OutputFolder::create(folder)?;
        match format {
            DatasetFormat::Coco => fs::create_dir(output.part().join("images"))?,
            DatasetFormat::Yolo => {
                ["images", "labels"].iter().try_for_each(|n| fs::create_dir(output.part().join(n)))?
            }
            DatasetFormat::Crops => crops::create_folders(self, output.part())?,
        }
        let pool = ThreadPoolBuilder::new().num_threads(fetching.at_a_time).build().map_err(io::Error::other)?;
        let write = |shot: &Shot| self.write_shot(format, output.part(), shot, fetching);
        let outcomes = pool.install(|| self.shots.par_iter().map(write).collect::<io::Result<Vec<_>>>())?;

        let mut written = Written::default();
        let mut kept: Vec<(&Shot, Kept)> = Vec::new();
        for (shot, outcome) in self.shots.iter().zip(outcomes) {
            match outcome {
                Ok(file) => {
                    written.pictures += 1;
                    written.boxes += shot.boxes.len();
                    kept.push((shot, file));
                }
                Err(reason) => *written.failures.entry(reason).or_default() += 1,
            }
        }
        if kept.is_empty() {
            return Ok(written);
        }
        let create = |name: &str| File::create(output.part().join(name)).map(BufWriter::new);
        match format {
            DatasetFormat::Coco => coco::write_folder(self, &kept, &mut create("annotations.json")?)?,
            DatasetFormat::Yolo => yolo::write_data(self, &mut create("data.yaml")?)?,
            DatasetFormat::Crops => {}
        }
        readme::write_pictures(&kept, &mut create("pictures.csv")?)?;
        readme::write(self, &kept, format, &mut create("README.txt")?)?;
        output.finish()?;
        Ok(written)
    }

    /// Gets one picture and writes what is made of it; a reason where it cannot be had.
    fn write_shot(
        &self,
        format: DatasetFormat,
        folder: &Path,
        shot: &Shot,
        fetching: &Fetching<'_>,
    ) -> io::Result<Result<Kept, String>> {
        if fetching.stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let got = (fetching.fetch)(&shot.picture).map_err(|error| error.to_string());
        let outcome = match got.and_then(|bytes| picture::check(bytes, &shot.turn)) {
            Err(reason) => Err(reason),
            Ok(file) if format == DatasetFormat::Crops => crops::write(&file, folder, shot)?,
            Ok(file) => file.write(&folder.join("images"), shot)?,
        };
        if outcome.is_ok() && format == DatasetFormat::Yolo {
            yolo::write_labels(shot, &folder.join("labels"))?;
        }
        (fetching.tick)();
        Ok(outcome)
    }
}

/// Boxes that share more than this of what both cover are of the same thing.
const SAME_IOU: f32 = 0.5;

/// Leaves out what others noted where the detector found the same.
fn without_doubles(boxes: Vec<Labelled>) -> Vec<Labelled> {
    let is_own = |labelled: &&Labelled| labelled.sighting.origin.is_none();
    let own: Vec<PixelBox> = boxes.iter().filter(is_own).map(|labelled| labelled.sighting.pixels).collect();
    let is_double = |labelled: &Labelled| {
        let is_same = |own: &PixelBox| Overlap::of(own, &labelled.sighting.pixels).exceeds(SAME_IOU);
        labelled.sighting.origin.is_some() && own.iter().any(is_same)
    };
    boxes.into_iter().filter(|labelled| !is_double(labelled)).collect()
}

impl Shot {
    /// Whether the columns of the picture go on at the other side.
    fn wraps(&self) -> bool {
        self.picture.camera.is_equirectangular()
    }

    /// A box of it within the upright picture: in two parts where it lies over the seam of a 360° picture.
    fn parts(&self, pixels: PixelBox) -> Vec<PixelBox> {
        let (width, height) = self.turn.upright_size();
        let (width, height) = (width as f32, height as f32);
        let shifts: &[f32] = if self.wraps() { &[0.0, -1.0, 1.0] } else { &[0.0] };
        let parts = shifts.iter().map(|shift| {
            let moved = pixels.shifted(shift * width);
            PixelBox {
                x0: moved.x0.clamp(0.0, width),
                y0: moved.y0.clamp(0.0, height),
                x1: moved.x1.clamp(0.0, width),
                y1: moved.y1.clamp(0.0, height),
            }
        });
        parts.filter(|part| part.x1 - part.x0 >= 1.0 && part.y1 - part.y0 >= 1.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Camera, HeadingSource, Image};

    fn labelled(x0: f32, origin: Option<&str>) -> Labelled {
        let sighting = SurveyedSighting {
            fid: 1,
            picture_id: "a".to_owned(),
            class: "stop".to_owned(),
            called: None,
            score: 0.5,
            azimuth_deg: 0.0,
            azimuth_sd_deg: 1.0,
            elevation_deg: None,
            range_m: None,
            range_sd_m: None,
            pixels: PixelBox { x0, y0: 10.0, x1: x0 + 10.0, y1: 20.0 },
            file_box: String::new(),
            reading: None,
            origin: origin.map(str::to_owned),
            landmark: None,
        };
        Labelled { class: 0, code: "AB4".to_owned(), reviewed: None, sighting }
    }

    fn shot(camera: Camera) -> Shot {
        let picture = Picture {
            id: "a".to_owned(),
            sequence: "drive".to_owned(),
            rank: None,
            lon_deg: 7.0,
            lat_deg: 48.0,
            position_sd_m: 1.0,
            pose: HeadingSource::Measured.pose(0.0),
            camera,
            taken_at: None,
            license: None,
            producer: None,
            image: Image::File("a.jpg".into()),
            page_url: None,
            size_bytes: None,
        };
        // Stored on its side: 100 wide and 50 high when upright.
        let turn = Turn::from_exif(6, 50, 100).unwrap();
        Shot { picture, turn, name: "a".to_owned(), boxes: Vec::new() }
    }

    #[test]
    fn a_box_over_the_seam_is_two() {
        let sides = |parts: Vec<PixelBox>| parts.iter().map(|p| (p.x0, p.x1)).collect::<Vec<_>>();
        let over = |x0, x1| PixelBox { x0, y0: -5.0, x1, y1: 60.0 };
        let sphere = shot(Camera::Equirectangular { crop: None });
        assert_eq!(sides(sphere.parts(over(90.0, 120.0))), [(90.0, 100.0), (0.0, 20.0)]);
        assert_eq!(sides(sphere.parts(over(-10.0, 20.0))), [(0.0, 20.0), (90.0, 100.0)]);
        assert_eq!(sides(sphere.parts(over(90.0, 100.5))), [(90.0, 100.0)], "nothing is cut off that is not a pixel");
        let flat = shot(Camera::Perspective { long_side_fov_deg: None });
        assert_eq!(flat.parts(over(90.0, 120.0)), [PixelBox { x0: 90.0, y0: 0.0, x1: 100.0, y1: 50.0 }]);
    }

    #[test]
    fn what_the_detector_found_as_well_is_one_box() {
        let boxes = vec![labelled(0.0, None), labelled(2.0, Some("others")), labelled(8.0, Some("others"))];
        let left = without_doubles(boxes);
        assert_eq!(left.iter().map(|l| l.sighting.pixels.x0).collect::<Vec<_>>(), [0.0, 8.0]);
    }
}
