//! What a worker does with the bytes of one picture.

use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::camera::Lens;
use crate::model::{Detection, Detector};
use crate::picture::{Camera, Picture};
use crate::view::{Plan, Turn, ViewSizes, decode_top};

/// Plans kept: pictures of one sequence share theirs, and several sequences are on the way at a time.
const PLANS: usize = 4;

/// What was seen in a picture.
#[derive(Debug)]
pub(super) struct Looked {
    /// How the file lies to the upright image.
    pub turn: Turn,
    /// In upright pixels, best first.
    pub detections: Vec<Detection>,
}

/// A detector and the plans of the last kinds of pictures that it saw.
pub(super) struct Worker {
    detector: Detector,
    sizes: ViewSizes,
    plans: Vec<(Kind, Plan)>,
    /// The memory of the last picture's pixels, for those of the next.
    spare: Vec<u8>,
}

/// What a plan depends on.
type Kind = (Camera, u32, u32);

impl Worker {
    pub(super) fn new(detector: Detector) -> Self {
        Self { sizes: detector.view_sizes(), detector, plans: Vec::new(), spare: Vec::new() }
    }

    /// Decodes a picture, as far down as there is something to see, and looks at it. The reason of a failure is a few
    /// words that are counted together.
    pub(super) fn look(&mut self, picture: &Picture, bytes: &[u8]) -> Result<Looked, String> {
        let spare = take(&mut self.spare);
        let decoded = decode_top(spare, bytes, |turn| self.plan(picture, turn).rows());
        let decoded = decoded.map_err(|error| error.to_string())?;
        let Some((_, plan)) = self.plans.first().filter(|(_, plan)| !plan.is_empty()) else {
            return Err("picture shows no part of the street".to_owned());
        };
        let detections = self.detector.detect(&decoded.image, plan).map_err(|_| "detector failed".to_owned())?;
        self.spare = decoded.image.into_raw();
        Ok(Looked { turn: decoded.turn, detections })
    }

    /// The plan of a picture whose file lies like this: from now on the first of all.
    fn plan(&mut self, picture: &Picture, turn: &Turn) -> &Plan {
        let (width, height) = turn.upright_size();
        let kind = (picture.camera, width, height);
        let place = match self.plans.iter().position(|(known, _)| *known == kind) {
            Some(place) => place,
            None => {
                self.plans.truncate(PLANS - 1);
                let lens = Lens::new(&picture.camera, width, height);
                self.plans.push((kind, Plan::new(&lens, width, height, self.sizes)));
                self.plans.len() - 1
            }
        };
        self.plans[..=place].rotate_right(1);
        &self.plans[0].1
    }

    /// The same, with a panic over a picture as one more reason to fail: the other pictures go on.
    pub(super) fn look_safely(&mut self, picture: &Picture, bytes: &[u8]) -> Result<Looked, String> {
        catch_unwind(AssertUnwindSafe(|| self.look(picture, bytes)))
            .unwrap_or_else(|_| Err("internal error".to_owned()))
    }
}
