//! From the landmarks of a survey to the boxes with tags that its pictures could carry.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;

use crate::annotation::{Annotation, SIGN};
use crate::inventory::{self, Entry, Inventory, Lineage, ModelRecord};
use crate::picture::is_address;
use crate::survey::{SurveyedPicture, SurveyedSighting};
use crate::taxonomy::{named, parts_of_tag};
use crate::view::{Overlap, PixelBox};

/// Which landmarks are sure enough to be told to others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// The least probability that it exists, 0–1.
    pub min_probability: f64,
    /// The least number of detections that it rests on.
    pub min_sightings: usize,
    /// Whether only those count that somebody has reviewed, which count in any case.
    pub only_reviewed: bool,
}

/// A box with tags for a picture: one detection of a landmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The picture.
    pub picture_id: String,
    /// x0, y0, x1, y1 in whole pixels of the file.
    pub corners: [u32; 4],
    /// The tag that says what it is; each of the others that has a qualifier speaks of it.
    pub tag: (String, String),
    /// All tags, that one first.
    pub tags: Vec<(String, String)>,
    /// The score of the detection, 0–1.
    pub score: f32,
    /// The id of the landmark.
    pub landmark: String,
}

/// What a survey could tell, and what of it is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claims {
    /// Picture by picture in the order of the survey; within one the surest first.
    pub claims: Vec<Claim>,
    /// So many landmarks are told of.
    pub landmarks: usize,
    /// Landmarks that are left out, by reason.
    pub landmarks_left_out: BTreeMap<&'static str, usize>,
    /// Detections of the other landmarks that are left out, by reason.
    pub detections_left_out: BTreeMap<&'static str, usize>,
}

/// Why nothing of a survey can be written to the pictures of a server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unpublishable {
    /// The pictures are on no server.
    #[error("this is a survey of the folder {0}, whose pictures are on no server: survey them there with --api")]
    Folder(String),
    /// The boxes are in pixels of smaller copies.
    #[error(
        "this survey looked at small copies, and boxes have to be those of the pictures as uploaded: survey again without --quality sd"
    )]
    SmallCopies,
}

/// What a survey could tell of its landmarks: its own detector's boxes, each with the tags of its landmark.
pub fn claims(
    inventory: &Inventory,
    pictures: &[SurveyedPicture],
    sightings: &[SurveyedSighting],
    selection: Selection,
) -> Result<Claims, Unpublishable> {
    let lineage = &inventory.lineage;
    if !is_address(&lineage.source) {
        return Err(Unpublishable::Folder(lineage.source.clone()));
    }
    if lineage.settings.get("quality").is_some_and(|quality| quality == "sd") {
        return Err(Unpublishable::SmallCopies);
    }
    let mut told = Claims::default();
    let mut landmarks = HashMap::new();
    for entry in &inventory.entries {
        match chosen(entry, selection) {
            Ok(tags) => drop(landmarks.insert(entry.id.as_str(), (entry, tags))),
            Err(reason) => *told.landmarks_left_out.entry(reason).or_default() += 1,
        }
    }
    told.landmarks = landmarks.len();
    let order: HashMap<&str, (usize, &SurveyedPicture)> =
        pictures.iter().enumerate().map(|(number, picture)| (picture.id.as_str(), (number, picture))).collect();
    let models = Models::of(lineage);
    let mut numbered: Vec<(usize, Claim)> = Vec::new();
    for sighting in sightings {
        let landmark = sighting.landmark.as_deref().and_then(|id| landmarks.get(id));
        let (Some((entry, tags)), Some((number, picture))) = (landmark, order.get(sighting.picture_id.as_str()))
        else {
            continue;
        };
        let corners = match sighting.origin {
            Some(_) => Err("noted by others before"),
            None => corners(&sighting.file_box, picture),
        };
        match corners {
            Ok(corners) => numbered.push((*number, models.claim(entry, tags, sighting, corners))),
            Err(reason) => *told.detections_left_out.entry(reason).or_default() += 1,
        }
    }
    numbered.sort_by(|(a, one), (b, other)| {
        a.cmp(b).then(other.score.total_cmp(&one.score)).then(one.corners.cmp(&other.corners))
    });
    told.claims = numbered.into_iter().map(|(_, claim)| claim).collect();
    Ok(told)
}

/// The tags of a landmark that is sure enough, the one that says what it is first; or why it is left out.
fn chosen(entry: &Entry, selection: Selection) -> Result<Vec<(String, String)>, &'static str> {
    // Somebody has looked: what is wrong is in no inventory.
    let is_reviewed = entry.reviewed.is_some();
    if entry.probability < selection.min_probability && !is_reviewed {
        return Err("less probable");
    }
    if entry.sightings < selection.min_sightings && !is_reviewed {
        return Err("seen less often");
    }
    if selection.only_reviewed && !is_reviewed {
        return Err("reviewed by nobody");
    }
    let tags = inventory::tags(entry.osm_tags.as_deref().unwrap_or_default()).into_iter();
    // The way that it faces is a property of the thing in the world, not of the picture.
    let tags = tags.filter(|(key, _)| *key != "direction");
    let tags: Vec<(String, String)> = tags.map(|(key, value)| (format!("osm|{key}"), value)).collect();
    let is_known = tags.first().is_some_and(|(key, value)| key != SIGN || french_codes(value).next().is_some());
    if is_known { Ok(tags) } else { Err("its code is not known") }
}

/// A box as the table has it, in whole pixels inside of the picture.
fn corners(file_box: &str, picture: &SurveyedPicture) -> Result<[u32; 4], &'static str> {
    let sides: Vec<i64> = file_box.split(',').filter_map(|side| side.trim().parse().ok()).collect();
    let (Ok([x0, y0, x1, y1]), Some(turn)) = (<[i64; 4]>::try_from(sides), picture.turn) else {
        return Err("its box is not known");
    };
    let (width, height) = (i64::from(turn.width), i64::from(turn.height));
    if x0 < 0 || x1 > width {
        return Err("over the edge of a 360° picture");
    }
    let corners = [x0, y0.max(0), x1, y1.min(height)];
    if corners[0] >= corners[2] || corners[1] >= corners[3] {
        return Err("its box is not known");
    }
    // They lie between 0 and the size of a picture.
    Ok(corners.map(|side| u32::try_from(side).unwrap_or_default()))
}

/// The models of a survey as annotations name them.
struct Models {
    detector: Option<String>,
    classifier: Option<String>,
}

impl Models {
    fn of(lineage: &Lineage) -> Self {
        // Those of others, whose annotations a survey took up, come last and without their file.
        let mut own = lineage.models.iter().filter(|model| model.sha256 != ModelRecord::NOT_STATED);
        let mut name = || own.next().map(|model| format!("{}/{}", model.name, model.version));
        Self { detector: name(), classifier: name() }
    }

    fn claim(
        &self,
        entry: &Entry,
        tags: &[(String, String)],
        sighting: &SurveyedSighting,
        corners: [u32; 4],
    ) -> Claim {
        let tag = tags.first().cloned().unwrap_or_default();
        let mut tags = tags.to_vec();
        let mut qualify = |name: &str, value: String| tags.push((format!("{name}[{}={}]", tag.0, tag.1), value));
        if let Some(detector) = &self.detector {
            qualify("detection_model", detector.clone());
        }
        qualify("detection_confidence", format!("{:.3}", sighting.score));
        if let Some(classifier) = &self.classifier {
            qualify("classification_model", classifier.clone());
            qualify("classification_confidence", format!("{:.3}", entry.class_confidence));
        }
        Claim {
            picture_id: sighting.picture_id.clone(),
            corners,
            tag,
            tags,
            score: sighting.score,
            landmark: entry.id.clone(),
        }
    }
}

/// The French signs that a value names: one in `FR:B14[50]`, two in `FR:B1,FR:M9z[vélos]`.
fn french_codes(value: &str) -> impl Iterator<Item = &'static str> {
    parts_of_tag(value).filter_map(|part| Some(named(part)?.sign.official))
}

/// How what a picture carries already stands to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing speaks of it.
    Free,
    /// Somebody has said so.
    There,
    /// Somebody says that it is something else: this value.
    Otherwise(String),
}

/// Two boxes that share more than this of what both cover show one thing; so does one that lies inside the other.
const SAME_IOU: f32 = 0.5;

impl Claim {
    /// The claim as the annotation that it becomes.
    pub(super) fn annotation(&self, id: Option<String>) -> Annotation {
        Annotation { id, pixels: pixels(self.corners), tags: self.tags.clone() }
    }

    /// How `annotations`, those of its picture, stand to it.
    pub(super) fn standing(&self, annotations: &[Annotation]) -> Standing {
        let own = pixels(self.corners);
        let mut otherwise = None;
        for annotation in annotations {
            let overlap = Overlap::of(&own, &annotation.pixels);
            let is_same = overlap.exceeds(SAME_IOU);
            for (_, value) in annotation.tags.iter().filter(|(key, _)| *key == self.tag.0) {
                let says_so = self.agrees(value);
                if says_so && (is_same || overlap.is_contained()) {
                    return Standing::There;
                }
                // `yes` leaves open which sign it is; but of one shape a picture has one annotation only.
                let leaves_open = self.tag.0 == SIGN && value == "yes" && annotation.pixels != own;
                if !says_so && is_same && !leaves_open {
                    otherwise.get_or_insert_with(|| value.clone());
                }
            }
        }
        otherwise.map_or(Standing::Free, Standing::Otherwise)
    }

    /// Whether a value of its tag says the same: for signs the code counts, not what is written on them.
    fn agrees(&self, value: &str) -> bool {
        let own = french_codes(&self.tag.1).next();
        value == self.tag.1 || (self.tag.0 == SIGN && own.is_some_and(|own| french_codes(value).any(|c| c == own)))
    }
}

/// A box that is noted in whole pixels.
pub(super) fn pixels([x0, y0, x1, y1]: [u32; 4]) -> PixelBox {
    PixelBox { x0: x0 as f32, y0: y0 as f32, x1: x1 as f32, y1: y1 as f32 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::survey::PictureState;
    use crate::view::Turn;

    fn claim(value: &str, corners: [u32; 4]) -> Claim {
        let tag = (SIGN.to_owned(), value.to_owned());
        let picture_id = "p".to_owned();
        Claim { picture_id, corners, tags: vec![tag.clone()], tag, score: 0.9, landmark: "l".to_owned() }
    }

    fn standing(value: &str, there: &str, corners: [u32; 4]) -> Standing {
        claim(value, [100, 100, 200, 200]).standing(&[claim(there, corners).annotation(None)])
    }

    #[test]
    fn codes_are_read_from_values() {
        let codes = |value| french_codes(value).collect::<Vec<_>>();
        assert_eq!(codes("FR:B14[50]"), ["B14"]);
        assert_eq!(codes("FR:B1,FR:M9z[sauf vélos, bus]"), ["B1", "M9z"]);
        assert_eq!(codes("FR:B1;M9z"), ["B1", "M9z"]);
        assert_eq!(codes("FR:C28FR_2"), ["C28"]);
        for none in ["yes", "", "FR:", "DE:274[50]", "FR:X99", "]]["] {
            assert_eq!(codes(none), [] as [&str; 0], "{none}");
        }
    }

    #[test]
    fn what_is_there_is_not_said_again() {
        for there in ["FR:B14[50]", "FR:B14", "FR:B14[30]", "FR:B14[50],FR:M9z[vélos]"] {
            assert_eq!(standing("FR:B14[50]", there, [105, 98, 205, 198]), Standing::There, "{there}");
        }
        // A box round the sign and its plate.
        assert_eq!(standing("FR:B14[50]", "FR:B14,FR:M2", [100, 100, 200, 400]), Standing::There);
        assert_eq!(standing("FR:B14[50]", "FR:B14[50]", [250, 100, 350, 200]), Standing::Free, "beside it");
    }

    #[test]
    fn another_word_is_left_alone() {
        let otherwise = |value: &str| Standing::Otherwise(value.to_owned());
        assert_eq!(standing("FR:B14[50]", "FR:B33[50]", [105, 98, 205, 198]), otherwise("FR:B33[50]"));
        assert_eq!(standing("FR:B14[50]", "FR:B33[50]", [100, 100, 200, 400]), Standing::Free, "a box round several");
        assert_eq!(standing("FR:B14[50]", "yes", [105, 98, 205, 198]), Standing::Free, "any sign");
        // The tags would be added to that annotation.
        assert_eq!(standing("FR:B14[50]", "yes", [100, 100, 200, 200]), otherwise("yes"));
        let both = [claim("FR:B33", [105, 98, 205, 198]), claim("FR:B14", [101, 100, 200, 200])];
        let both = both.map(|claim| claim.annotation(None));
        assert_eq!(claim("FR:B14", [100, 100, 200, 200]).standing(&both), Standing::There);
    }

    fn picture() -> SurveyedPicture {
        let turn = Turn::from_exif(1, 4000, 2000);
        SurveyedPicture { id: "p".to_owned(), picture: None, state: PictureState::Done, turn, looked_at: None }
    }

    #[test]
    fn boxes_lie_in_their_picture() {
        assert_eq!(corners("1200,900,1260,965", &picture()), Ok([1200, 900, 1260, 965]));
        assert_eq!(corners("0,-1,4000,2001", &picture()), Ok([0, 0, 4000, 2000]));
        for over in ["-3,10,20,40", "3990,10,4010,40"] {
            assert_eq!(corners(over, &picture()), Err("over the edge of a 360° picture"));
        }
        for nonsense in ["", "1,2,3", "a,b,c,d", "5,5,5,9", "9,9,1,1", "1,2,3,4,5"] {
            assert_eq!(corners(nonsense, &picture()), Err("its box is not known"), "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn nothing_written_by_others_upsets_it(value in "(FR:)?[A-Zé0-9,;\\[\\]]{0,12}", file_box in "[-0-9,.]{0,24}") {
            standing("FR:B14[50]", &value, [100, 100, 200, 200]);
            if let Ok([x0, y0, x1, y1]) = corners(&file_box, &picture()) {
                prop_assert!(x0 < x1 && x1 <= 4000 && y0 < y1 && y1 <= 2000);
            }
        }
    }
}
