//! From sightings to landmarks: which rays see the same thing, and where it stands.
//!
//! Within each chunk of a sequence, whose errors are shared, rays of one class are joined about their best crossing;
//! sequences are brought into line with each other; what they found of the same thing is brought together; last, each
//! landmark is placed from all its rays and given its ellipse and the probability that it exists.

mod align;
mod assign;
mod associate;
mod certainty;
mod chunk;
mod exist;
mod grid;
mod heading;
mod merge;
mod place;
mod plane;
mod scene;
mod solve;
mod springs;
pub mod tables;
mod track;

pub use plane::{Covariance, Ellipse};

use rayon::prelude::*;

use merge::Local;
use place::{Placed, Poses};
use plane::Point;
use scene::Scene;
use track::Tracks;

use crate::sighting::{Sighting, Station};

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
    /// The mean azimuth from the landmark to the cameras that saw it: within some 40° the way it faces, for things
    /// that are seen from the front only. `None` where the position is a guess.
    pub direction_deg: Option<f64>,
    /// Indices of its sightings, best first.
    pub sightings: Vec<usize>,
}

/// How a landmark was located.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

pub(crate) fn tune(name: &str, default: f64) -> f64 {
    std::env::var(name).map_or(default, |v| v.parse().unwrap())
}

/// Finds the landmarks that sightings are of, in a fixed order.
///
/// Stations of a sequence stand in the order they were taken; those without sightings count as well: that nothing
/// was seen from them is evidence. `exclusive` says that a thing has one class only, so that a detector may have
/// called it different names in different pictures. Sightings of stations that do not exist, and whatever is not a
/// number, are left out.
///
/// Landmarks that rather do not exist than exist are dropped; their sightings are in no landmark then.
pub fn locate(stations: &[Station], sightings: &[Sighting], exclusive: bool) -> Vec<Landmark> {
    let scenes = scene::scenes(stations, sightings);
    let mut landmarks: Vec<Landmark> = scenes.iter().flat_map(|scene| locate_scene(scene, exclusive)).collect();
    landmarks.sort_by(|a, b| {
        let (here, there) = ((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg));
        here.0.total_cmp(&there.0).then(here.1.total_cmp(&there.1)).then(a.sightings.cmp(&b.sightings))
    });
    landmarks
}

fn locate_scene(scene: &Scene, _exclusive: bool) -> Vec<Landmark> {
    let chunks = chunk::chunks(scene);
    let tracks = Tracks::new(scene, &chunks);
    let seen: Vec<associate::Seen> =
        chunks.par_iter().map(|cameras| associate::associate(scene, cameras.clone())).collect();
    let mut locals = Vec::new();
    let mut heading_offsets = Vec::with_capacity(scene.cameras.len());
    let mut lone = Vec::new();
    for seen in seen {
        let local = |object: associate::Object| Local::new(scene, &tracks, object.class, object.rays, object.fix);
        locals.extend(seen.objects.into_iter().map(local));
        heading_offsets.extend(seen.heading_offsets);
        lone.extend(seen.lone);
    }
    let mut offsets = align::align(&tracks, &locals);
    let spread = |node: usize| (tune("SPA", 0.25) * tracks.nodes[node].variance.sqrt() + tune("SPB", 0.25)).powi(2);
    let mut groups = merge::merge(scene, &tracks, &locals, &offsets, spread);
    for _ in 0..std::env::var("TIES").map_or(1, |v| v.parse().unwrap()) {
        align::tie(&tracks, &locals, &groups, &mut offsets);
        groups = merge::merge(scene, &tracks, &locals, &offsets, spread);
    }
    align::tie(&tracks, &locals, &groups, &mut offsets);
    let poses = Poses { scene, tracks: &tracks, offsets, heading_offsets };
    let mut things: Vec<(usize, Vec<usize>)> = groups
        .iter()
        .map(|group| {
            let mut rays: Vec<usize> = group.iter().flat_map(|local| locals[*local].rays.iter().copied()).collect();
            rays.sort_unstable();
            (locals[group[0]].class, rays)
        })
        .collect();
    things.extend(lone.into_iter().map(|ray| (scene.rays[ray].class, vec![ray])));
    for _ in 0..tune("ASSIGN", 2.0) as usize {
        let several: Vec<Placed> = things
            .par_iter()
            .filter(|(_, rays)| rays.len() >= 2)
            .filter_map(|(class, rays)| place::place(&poses, *class, rays.clone(), 0.0))
            .collect();
        let several = assign::without_doubles(&poses, several);
        let assigned = assign::assign(&poses, &several);
        let mut free = vec![true; scene.rays.len()];
        things = several.iter().zip(assigned).map(|(placed, rays)| (placed.class, rays)).filter(|t| t.1.len() >= 2).collect();
        things.iter().flat_map(|(_, rays)| rays).for_each(|ray| free[*ray] = false);
        things.extend((0..free.len()).filter(|ray| free[*ray]).map(|ray| (scene.rays[ray].class, vec![ray])));
    }
    let cameras = exist::cameras(&poses);
    let rays: Vec<Vec<usize>> = things.iter().map(|(_, rays)| rays.clone()).collect();
    let variances = certainty::offset_variances(scene, &tracks, &locals, &groups, &rays);
    let placed: Vec<(Placed, usize)> = things
        .into_par_iter()
        .zip(variances)
        .filter_map(|((class, rays), variance)| {
            let placed = place::place(&poses, class, rays, variance * tune("K", 1.3))?;
            let should_see = exist::should_see(&poses, &cameras, &placed);
            Some((placed, should_see))
        })
        .collect();
    let detected = exist::detection_rate(placed.iter().map(|(placed, should_see)| (placed.rays.len(), *should_see)));
    placed
        .iter()
        .filter_map(|(placed, should_see)| {
            let probability = exist::probability(placed.rays.len(), *should_see, detected);
            (probability >= exist::KEEP).then(|| landmark(scene, placed, probability))
        })
        .collect()
}

/// A placed landmark as the world sees it.
fn landmark(scene: &Scene, placed: &Placed, probability: f64) -> Landmark {
    let (lon_deg, lat_deg) = scene.plane.lon_lat(placed.fix.point);
    let north = scene.plane.north_of(lon_deg, lat_deg);
    let of_class = placed.rays.iter().map(|ray| &scene.rays[*ray]).filter(|ray| ray.class == placed.class);
    let said: f64 = of_class.map(|ray| ray.score).sum();
    let mut best_first = placed.rays.clone();
    best_first.sort_by(|a, b| scene.rays[*b].score.total_cmp(&scene.rays[*a].score).then(a.cmp(b)));
    let agree = placed.towards.distance(Point::default()) > 0.3 && placed.method != Method::Bearing;
    let direction = Point::default().azimuth_to(placed.towards) - north;
    Landmark {
        lon_deg,
        lat_deg,
        covariance: placed.fix.covariance.turned(north),
        class: placed.class,
        class_confidence: (said / placed.rays.len().max(1) as f64).clamp(0.0, 1.0),
        probability,
        method: placed.method,
        direction_deg: agree.then(|| direction.to_degrees().rem_euclid(360.0) % 360.0),
        sightings: best_first.into_iter().map(|ray| scene.rays[ray].sighting).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sighting::Range;
    use plane::{Plane, Point};
    use proptest::prelude::*;

    /// A street to the north with a camera every 8 m, and the sightings of things beside it without any error.
    fn street(
        sequence: &str,
        shift_m: f64,
        things: &[(Point, usize)],
        reach_m: f64,
    ) -> (Vec<Station>, Vec<Sighting>) {
        let plane = Plane::about(7.7, 48.6);
        let mut stations = Vec::new();
        let mut sightings = Vec::new();
        for i in 0..8 {
            let camera = Point { x: shift_m, y: 8.0 * f64::from(i) };
            let (lon_deg, lat_deg) = plane.lon_lat(camera);
            for (thing, class) in things {
                let azimuth = (thing.x - camera.x).atan2(thing.y - camera.y);
                let distance = camera.distance(*thing);
                // Seen from the front only: signs here face south.
                if distance < reach_m && distance > 4.0 && thing.y > camera.y {
                    sightings.push(Sighting {
                        station: i as usize,
                        class: *class,
                        score: 0.8,
                        azimuth_deg: azimuth.to_degrees().rem_euclid(360.0),
                        azimuth_sd_deg: 2.0,
                        elevation_deg: None,
                        range: Some(Range { range_m: distance * 1.1, range_sd_m: distance * 0.2 }),
                    });
                }
            }
            stations.push(Station {
                picture_id: format!("{sequence}{i}"),
                sequence_id: sequence.to_owned(),
                lon_deg,
                lat_deg,
                position_sd_m: 1.5,
                heading_deg: 0.0,
                heading_sd_deg: 1.9,
                hfov_deg: 360.0,
            });
        }
        (stations, sightings)
    }

    fn off(landmark: &Landmark, thing: Point) -> f64 {
        Plane::about(7.7, 48.6).point(landmark.lon_deg, landmark.lat_deg).distance(thing)
    }

    #[test]
    fn things_along_a_street_are_found_once() {
        let things =
            [(Point { x: 5.0, y: 30.0 }, 0), (Point { x: 5.0, y: 45.0 }, 0), (Point { x: -4.0, y: 44.0 }, 1)];
        let (stations, sightings) = street("a", 0.0, &things, 25.0);
        let landmarks = locate(&stations, &sightings, false);
        assert_eq!(landmarks.len(), 3, "{landmarks:#?}");
        for (thing, class) in things {
            let found = landmarks.iter().find(|l| off(l, thing) < 0.7 && l.class == class).expect("found");
            assert_eq!(found.method, Method::Triangulated);
            assert!((150.0..230.0).contains(&found.direction_deg.unwrap()), "{found:?}");
            assert!(found.probability > 0.9);
        }
    }

    #[test]
    fn two_passes_see_one_thing() {
        let things = [(Point { x: 5.0, y: 30.0 }, 0), (Point { x: 5.0, y: 45.0 }, 0)];
        let (mut stations, mut sightings) = street("a", 0.0, &things, 25.0);
        // The second pass has an offset of its own.
        let (more_stations, mut more) = street("b", 1.0, &things, 25.0);
        for sighting in &mut more {
            sighting.station += stations.len();
        }
        stations.extend(more_stations.into_iter().map(|s| Station { lon_deg: s.lon_deg + 1.5e-5, ..s }));
        sightings.extend(more);
        let landmarks = locate(&stations, &sightings, false);
        assert_eq!(landmarks.len(), 2, "{landmarks:#?}");
        assert!(landmarks.iter().all(|l| l.sightings.len() >= 4));
    }

    #[test]
    fn one_thing_called_two_names_is_one_where_classes_exclude_each_other() {
        let things = [(Point { x: 5.0, y: 30.0 }, 0)];
        let (stations, mut sightings) = street("a", 0.0, &things, 25.0);
        sightings[0].class = 1;
        assert_eq!(locate(&stations, &sightings, true).len(), 1);
    }

    #[test]
    fn a_lone_sighting_keeps_a_long_ellipse() {
        let (stations, mut sightings) = street("a", 0.0, &[(Point { x: 8.0, y: 6.0 }, 0)], 25.0);
        sightings.truncate(1);
        let landmarks = locate(&stations[..1], &sightings, false);
        assert_eq!(landmarks.len(), 1);
        assert_eq!(landmarks[0].method, Method::Range);
        let ellipse = landmarks[0].covariance.ellipse();
        assert!(ellipse.major_m > ellipse.minor_m && ellipse.major_m > 4.0);
        sightings[0].range = None;
        let guessed = locate(&stations[..1], &sightings, false);
        assert_eq!((guessed[0].method, guessed[0].direction_deg), (Method::Bearing, None));
        assert!(guessed[0].covariance.ellipse().major_m > 12.0);
    }

    #[test]
    fn parallel_rays_make_no_nonsense() {
        let (stations, mut sightings) = street("a", 0.0, &[(Point { x: 0.5, y: 60.0 }, 0)], 90.0);
        for sighting in &mut sightings {
            sighting.azimuth_deg = 0.0;
            sighting.range = None;
        }
        for landmark in locate(&stations, &sightings, false) {
            assert!(landmark.lon_deg.is_finite() && landmark.covariance.ellipse().major_m.is_finite());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn whatever_is_seen_every_sighting_is_in_one_landmark_at_most(
            rays in proptest::collection::vec((0usize..9, 0.0f64..360.0, 0usize..2, proptest::option::of(0.0f64..80.0)), 0..40)
        ) {
            let (stations, _) = street("a", 0.0, &[], 25.0);
            let sightings: Vec<Sighting> = rays.into_iter().map(|(station, azimuth_deg, class, range)| Sighting {
                station, class, score: 0.5, azimuth_deg, azimuth_sd_deg: 2.0, elevation_deg: None,
                range: range.map(|range_m| Range { range_m, range_sd_m: range_m * 0.2 }),
            }).collect();
            let landmarks = locate(&stations, &sightings, true);
            let mut used: Vec<usize> = landmarks.iter().flat_map(|l| l.sightings.clone()).collect();
            let all = used.len();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), all);
            for landmark in &landmarks {
                prop_assert!(landmark.lon_deg.is_finite() && landmark.lat_deg.is_finite());
                prop_assert!((0.0..=1.0).contains(&landmark.probability));
            }
            prop_assert_eq!(locate(&stations, &sightings, true), landmarks);
        }
    }
}
