//! What a worker does with the bytes of one picture.

use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::camera::Lens;
use crate::model::{Detection, Detector};
use crate::picture::{Camera, Picture};
use crate::view::{Plan, Turn, ViewSizes, decode_top};

/// Plans kept: pictures of one sequence share theirs, and several sequences are on the way at a time.
const PLANS: usize = 8;

/// What was seen in a picture.
#[derive(Debug)]
pub(super) struct Looked {
    /// How the file lies to the upright image.
    pub turn: Turn,
    /// In upright pixels, best first.
    pub detections: Vec<Detection>,
}

/// The plans of the last kinds of pictures, each made once for all workers.
pub(super) struct Plans {
    sizes: ViewSizes,
    /// The one asked for last comes first.
    known: Mutex<Vec<(Kind, Arc<Plan>)>>,
}

/// What a plan depends on.
type Kind = (Camera, u32, u32);

impl Plans {
    pub(super) fn new(sizes: ViewSizes) -> Self {
        Self { sizes, known: Mutex::default() }
    }

    /// The plan of pictures of a camera whose files lie like this.
    fn of(&self, camera: &Camera, turn: &Turn) -> Arc<Plan> {
        let (width, height) = turn.upright_size();
        let kind = (*camera, width, height);
        // Whoever comes while a plan is made most likely waits for just that one.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            known.truncate(PLANS - 1);
            let lens = Lens::new(camera, width, height);
            known.push((kind, Arc::new(Plan::new(&lens, width, height, self.sizes))));
            known.len() - 1
        });
        known[..=place].rotate_right(1);
        Arc::clone(&known[0].1)
    }
}

/// A detector, and what it needs to look at one picture after the other.
pub(super) struct Worker<'a> {
    detector: Detector,
    plans: &'a Plans,
    /// The memory of the last picture's pixels, for those of the next.
    spare: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(detector: Detector, plans: &'a Plans) -> Self {
        Self { detector, plans, spare: Vec::new() }
    }

    /// Decodes a picture, as far down as there is something to see, and looks at it. The reason of a failure is a few
    /// words that are counted together.
    pub(super) fn look(&mut self, picture: &Picture, bytes: &[u8]) -> Result<Looked, String> {
        let (spare, mut plan) = (take(&mut self.spare), None);
        let decoded = decode_top(spare, bytes, |turn| plan.insert(self.plans.of(&picture.camera, turn)).rows());
        let decoded = decoded.map_err(|error| error.to_string())?;
        let Some(plan) = plan.filter(|plan| !plan.is_empty()) else {
            return Err("picture shows no part of the street".to_owned());
        };
        let detections = self.detector.detect(&decoded.image, &plan).map_err(|_| "detector failed".to_owned())?;
        self.spare = decoded.image.into_raw();
        Ok(Looked { turn: decoded.turn, detections })
    }

    /// The same, with a panic over a picture as one more reason to fail: the other pictures go on.
    pub(super) fn look_safely(&mut self, picture: &Picture, bytes: &[u8]) -> Result<Looked, String> {
        catch_unwind(AssertUnwindSafe(|| self.look(picture, bytes)))
            .unwrap_or_else(|_| Err("internal error".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_made_once_and_the_last_ones_are_kept() {
        let plans = Plans::new(ViewSizes { usual: (64, 64), narrow: (64, 64) });
        let camera = Camera::Perspective { long_side_fov_deg: None };
        let sized = |width| plans.of(&camera, &Turn::from_exif(1, width, 50).unwrap());
        let first = sized(100);
        for width in 101..100 + PLANS as u32 {
            sized(width);
            assert!(Arc::ptr_eq(&first, &sized(100)), "{width}");
        }
        let [a, b] = [900, 901].map(sized);
        assert!(Arc::ptr_eq(&first, &sized(100)) && Arc::ptr_eq(&a, &sized(900)) && !Arc::ptr_eq(&a, &b));
        assert_eq!(plans.known.lock().unwrap().len(), PLANS);
    }
}
