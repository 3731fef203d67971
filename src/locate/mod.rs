//! From sightings to landmarks: which rays see the same thing, and where it stands.
//!
//! Within each chunk of a sequence, whose errors are shared, rays of one class are joined about their best crossing
//! (`associate`, `heading`); sequences are brought into line with each other (`align`); what they found of the
//! same thing is brought together (`merge`), and each picture's rays are given to the things they fit best
//! (`assign`). Last, each landmark is placed from all its rays (`place`) with its ellipse (`certainty`), the
//! probability that it exists (`exist`), the way it faces (`facing`) and what it belongs to (`together`).
//!
//! Nothing here knows a network or a picture file, and the same sightings give the same landmarks, bit for bit, in
//! whatever order they come and on however many threads.

mod align;
mod assign;
mod associate;
mod certainty;
mod chunk;
mod exist;
mod facing;
mod grid;
mod heading;
mod merge;
mod place;
pub(crate) mod plane;
mod scene;
mod solve;
mod springs;
mod surface;
pub mod tables;
mod together;
mod track;

pub use plane::{Covariance, Ellipse};
pub use surface::Surface;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::Together;
use crate::picture::azimuth_of;
use crate::sighting::{Sighting, Station};
use align::align;
use associate::{Seen, associate};
use merge::Local;
use place::{Placed, Poses};
use scene::Scene;
use track::Tracks;

/// What is known beforehand of the things that are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traits {
    /// A thing has one class only, so what a detector called by another name in one picture may be the same thing.
    pub is_exclusive: bool,
    /// How things belong together.
    pub together: Together,
}

/// One physical thing standing somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmark {
    /// Longitude, WGS 84 degrees.
    pub lon_deg: f64,
    /// Latitude, WGS 84 degrees.
    pub lat_deg: f64,
    /// Covariance of the position.
    pub covariance: Covariance,
    /// Index of its class.
    pub class: usize,
    /// Scores of the sightings that say this class, over the number of all its sightings.
    pub class_confidence: f64,
    /// Probability that it exists, 0–1.
    pub probability: f64,
    /// How it was located.
    pub method: Method,
    /// The azimuth that it faces, degrees. `None` where little is known of it.
    pub direction_deg: Option<f64>,
    /// Standard deviation of that, degrees.
    pub direction_sd_deg: Option<f64>,
    /// The number of what it shares a support with; `None` if with nothing.
    pub support: Option<usize>,
    /// The number of its installation.
    pub installation: Option<usize>,
    /// Its surface, where a size was seen and the distance is known.
    pub surface: Option<Surface>,
    /// Indices of its sightings, best first.
    pub sightings: Vec<usize>,
}

/// How a landmark was located.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// From the crossing of rays.
    Triangulated,
    /// From one ray and a range that the size of the thing tells.
    Range,
    /// From one ray: the distance is a guess.
    Bearing,
}

impl Method {
    /// The method as the inventory names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Triangulated => "triangulated",
            Self::Range => "range",
            Self::Bearing => "bearing",
        }
    }

    /// The method of a name of the inventory.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Triangulated, Self::Range, Self::Bearing].into_iter().find(|method| method.name() == name)
    }
}

/// Rounds in which rays are given to the landmarks that they fit best.
const ASSIGNMENTS: usize = 2;
/// What is left of the offsets of two sequences in line, against what they were and beside it: standard deviations.
const IN_LINE: (f64, f64) = (0.25, 0.25);
/// What the model of the offsets leaves out, as a factor of the variance that it gives: found on simulated towns.
const OFFSET_FACTOR: f64 = 1.2;

/// Finds the landmarks that sightings are of, in a fixed order.
///
/// Stations of a sequence stand in the order they were taken; those without sightings count as well: that nothing
/// was seen from them is evidence. Sightings of stations that do not exist, and whatever is not a number, are left
/// out.
///
/// What was seen twice and more is dropped where it rather does not exist than exist, what was seen once where that is
/// very improbable; their sightings are in no landmark then.
pub fn locate(stations: &[Station], sightings: &[Sighting], traits: Traits) -> Vec<Landmark> {
    let scenes = scene::scenes(stations, sightings);
    let mut landmarks: Vec<Landmark> = Vec::new();
    for scene in &scenes {
        // Numbers of supports and installations go on from scene to scene.
        let first = landmarks.len();
        landmarks.extend(locate_scene(scene, traits).into_iter().map(|landmark| Landmark {
            support: landmark.support.map(|number| first + number),
            installation: landmark.installation.map(|number| first + number),
            ..landmark
        }));
    }
    landmarks.sort_by(|a, b| {
        let (here, there) = ((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg));
        here.0.total_cmp(&there.0).then(here.1.total_cmp(&there.1)).then(a.sightings.cmp(&b.sightings))
    });
    landmarks
}

/// Rays that see one thing.
struct Thing {
    class: usize,
    /// Ascending, at most one a camera.
    rays: Vec<usize>,
}

fn locate_scene(scene: &Scene, traits: Traits) -> Vec<Landmark> {
    let chunks = chunk::chunks(scene);
    let tracks = Tracks::new(scene, &chunks);
    let seen: Vec<Seen> = chunks.par_iter().map(|cameras| associate(scene, cameras.clone())).collect();
    let locals: Vec<Local> = seen
        .iter()
        .flat_map(|seen| &seen.objects)
        .map(|object| Local::new(scene, &tracks, object.class, object.rays.clone(), object.fix))
        .collect();

    let mut offsets = align(&tracks, &locals);
    let spread = |node: usize| (IN_LINE.0 * tracks.nodes[node].variance.sqrt() + IN_LINE.1).powi(2);
    let mut groups = merge::merge(scene, &tracks, &locals, &offsets, spread);
    align::tie(&tracks, &locals, &groups, &mut offsets);
    groups = merge::merge(scene, &tracks, &locals, &offsets, spread);
    align::tie(&tracks, &locals, &groups, &mut offsets);

    let poses = Poses {
        scene,
        tracks: &tracks,
        offsets,
        heading_offsets: seen.iter().flat_map(|seen| seen.heading_offsets.iter().copied()).collect(),
        heading_variances: seen.iter().flat_map(|seen| seen.heading_variances.iter().copied()).collect(),
    };
    let things = things(&poses, &locals, &groups, traits);
    let variances = certainty::offset_variances(scene, &tracks, &locals, &groups, &things);
    let placed: Vec<Placed> = things
        .into_par_iter()
        .zip(variances)
        .filter_map(|(thing, variance)| place::place(&poses, thing, OFFSET_FACTOR * variance))
        .collect();
    landmarks(&poses, placed, traits)
}

/// The rays of each thing: those of what was merged, then of what each picture's rays fit best; what is left over
/// stands alone.
fn things(poses: &Poses<'_>, locals: &[Local], groups: &[Vec<usize>], traits: Traits) -> Vec<Thing> {
    let scene = poses.scene;
    let thing = |group: &Vec<usize>| {
        let mut rays: Vec<usize> = group.iter().flat_map(|local| locals[*local].rays.iter().copied()).collect();
        rays.sort_unstable();
        Thing { class: locals[group[0]].class, rays }
    };
    let mut things: Vec<Thing> = groups.iter().map(thing).collect();
    for round in 0..ASSIGNMENTS {
        let several: Vec<Placed> = things
            .into_par_iter()
            .filter(|thing| thing.rays.len() >= 2)
            .filter_map(|thing| place::place(poses, thing, 0.0))
            .collect();
        let several = assign::without_doubles(poses, several, traits.is_exclusive);
        let mut assigned = assign::assign(poses, &several);
        if round + 1 == ASSIGNMENTS {
            assign::add_rest(poses, &several, traits.is_exclusive, &mut assigned);
        }
        let with_rays = several.iter().zip(assigned).map(|(placed, rays)| Thing { class: placed.class, rays });
        things = with_rays.filter(|thing| thing.rays.len() >= 2).collect();
    }
    let mut is_free = vec![true; scene.rays.len()];
    things.iter().flat_map(|thing| &thing.rays).for_each(|ray| is_free[*ray] = false);
    let free = (0..scene.rays.len()).filter(|ray| is_free[*ray]);
    things.extend(free.map(|ray| Thing { class: scene.rays[ray].class, rays: vec![ray] }));
    things
}

/// What is probable of what was placed, with all that is to be told of it.
fn landmarks(poses: &Poses<'_>, placed: Vec<Placed>, traits: Traits) -> Vec<Landmark> {
    let cameras = exist::cameras(poses);
    let should_see: Vec<usize> = placed.par_iter().map(|placed| exist::should_see(poses, &cameras, placed)).collect();
    let counts = placed.iter().zip(&should_see).map(|(placed, should_see)| (placed.rays.len(), *should_see));
    let detected = exist::detection_rate(counts);
    let (placed, probabilities): (Vec<Placed>, Vec<f64>) = placed
        .into_iter()
        .zip(should_see)
        .map(|(placed, should_see)| {
            let probability = exist::probability(placed.rays.len(), should_see, detected);
            (placed, probability)
        })
        .filter(|(placed, probability)| *probability >= exist::least(placed.rays.len()))
        .unzip();
    let nothing = || vec![None; placed.len()];
    let (supports, installations) = match traits.together {
        Together::Nothing => (nothing(), nothing()),
        Together::Support => (together::supports(poses, &placed), nothing()),
        Together::Installation => (nothing(), together::installations(poses, &placed)),
    };
    let landmark = |number: usize| {
        let placed = &placed[number];
        let is_placed = placed.method != Method::Bearing;
        let facing = facing::facing(poses, &cameras, placed, detected).filter(|_| is_placed);
        let has_surface = is_placed && traits.together == Together::Installation;
        Landmark {
            support: supports[number],
            installation: installations[number],
            surface: has_surface.then(|| surface::surface(poses, placed)).flatten(),
            ..told_of(poses.scene, placed, probabilities[number], facing)
        }
    };
    (0..placed.len()).into_par_iter().map(landmark).collect()
}

/// A placed landmark as the world sees it.
fn told_of(scene: &Scene, placed: &Placed, probability: f64, facing: Option<facing::Facing>) -> Landmark {
    let (lon_deg, lat_deg) = scene.plane.lon_lat(placed.fix.point);
    let north = scene.plane.north_of(lon_deg, lat_deg);
    let of_class = placed.rays.iter().map(|ray| &scene.rays[*ray]).filter(|ray| ray.class == placed.class);
    let said: f64 = of_class.map(|ray| ray.score).sum();
    let mut best_first = placed.rays.clone();
    best_first.sort_by(|a, b| scene.rays[*b].score.total_cmp(&scene.rays[*a].score).then(a.cmp(b)));
    Landmark {
        lon_deg,
        lat_deg,
        covariance: placed.fix.covariance.turned(north),
        class: placed.class,
        class_confidence: (said / placed.rays.len().max(1) as f64).clamp(0.0, 1.0),
        probability,
        method: placed.method,
        direction_deg: facing.map(|facing| azimuth_of((facing.azimuth - north).to_degrees())),
        direction_sd_deg: facing.map(|facing| facing.sd.to_degrees()),
        support: None,
        installation: None,
        surface: None,
        sightings: best_first.into_iter().map(|ray| scene.rays[ray].sighting).collect(),
    }
}

#[cfg(test)]
mod tests;
