//! Whole streets, made by hand.

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use super::plane::{Plane, Point};
use super::*;
use crate::sighting::Range;

const ONE_NAME: Traits = Traits { is_exclusive: true, together: Together::Support };

/// Where a street lies: its plane, and by how much it is turned out of the north, radians.
#[derive(Clone, Copy)]
struct Ground {
    plane: Plane,
    turn: f64,
}

impl Ground {
    fn at(lon_deg: f64, lat_deg: f64, turn: f64) -> Self {
        Self { plane: Plane::about(lon_deg, lat_deg), turn }
    }

    fn here() -> Self {
        Self::at(7.7, 48.6, 0.0)
    }

    /// Longitude and latitude of a point of the street.
    fn lon_lat(&self, p: Point) -> (f64, f64) {
        let (sin, cos) = self.turn.sin_cos();
        self.plane.lon_lat(Point { x: p.x * cos + p.y * sin, y: p.y * cos - p.x * sin })
    }

    /// The azimuth, degrees, that a direction in the street has at a point of it.
    fn azimuth_deg(&self, p: Point, direction: f64) -> f64 {
        let (lon_deg, lat_deg) = self.lon_lat(p);
        (direction + self.turn - self.plane.north_of(lon_deg, lat_deg)).to_degrees().rem_euclid(360.0)
    }

    /// How far a landmark is off a point of the street, metres.
    fn off(&self, landmark: &Landmark, p: Point) -> f64 {
        let (lon_deg, lat_deg) = self.lon_lat(p);
        self.plane.point(landmark.lon_deg, landmark.lat_deg).distance(self.plane.point(lon_deg, lat_deg))
    }
}

/// Cameras of a sequence, and what they see of things without any error.
#[derive(Clone, Default)]
struct Street {
    stations: Vec<Station>,
    sightings: Vec<Sighting>,
}

impl Street {
    /// A street to the north with a camera every 8 m that is said to stand `shift` from where it does. Things face
    /// south: they are seen from their front only.
    fn new(ground: Ground, sequence: &str, shift: Point, things: &[(Point, usize)], reach_m: f64) -> Self {
        let mut street = Self::default();
        for i in 0..8 {
            let camera = Point { x: 0.0, y: 8.0 * f64::from(i) };
            let stated = camera.plus(shift.x, shift.y);
            for (thing, class) in things {
                if camera.distance(*thing) < reach_m && camera.distance(*thing) > 4.0 && thing.y > camera.y {
                    street.see(ground, i as usize, (camera, stated), *thing, *class);
                }
            }
            let (lon_deg, lat_deg) = ground.lon_lat(stated);
            street.stations.push(Station {
                picture_id: format!("{sequence}{i}"),
                sequence_id: sequence.to_owned(),
                lon_deg,
                lat_deg,
                position_sd_m: 1.5,
                heading_deg: ground.azimuth_deg(stated, 0.0),
                heading_sd_deg: 1.9,
                hfov_deg: 360.0,
            });
        }
        street
    }

    /// From where a camera is and where it is said to be; north is that of the latter.
    fn see(&mut self, ground: Ground, station: usize, (camera, stated): (Point, Point), thing: Point, class: usize) {
        let range_m = camera.distance(thing) * 1.1;
        self.sightings.push(Sighting {
            station,
            class,
            score: 0.8,
            azimuth_deg: ground.azimuth_deg(stated, camera.azimuth_to(thing)),
            azimuth_sd_deg: 2.0,
            range: Some(Range { range_m, range_sd_m: range_m * 0.2 }),
            ..Sighting::default()
        });
    }

    fn and(mut self, other: Self) -> Self {
        let first = self.stations.len();
        self.stations.extend(other.stations);
        self.sightings.extend(other.sightings.into_iter().map(|s| Sighting { station: first + s.station, ..s }));
        self
    }

    fn locate(&self, traits: Traits) -> Vec<Landmark> {
        locate(&self.stations, &self.sightings, traits)
    }
}

const TWO: [(Point, usize); 2] = [(Point { x: 5.0, y: 30.0 }, 0), (Point { x: 5.0, y: 45.0 }, 0)];

fn street(things: &[(Point, usize)]) -> Street {
    Street::new(Ground::here(), "a", Point::default(), things, 25.0)
}

#[test]
fn things_along_a_street_are_found_once() {
    let things = [TWO[0], TWO[1], (Point { x: -4.0, y: 44.0 }, 1)];
    let landmarks = street(&things).locate(Traits::default());
    assert_eq!(landmarks.len(), 3, "{landmarks:#?}");
    for (thing, class) in things {
        let is_it = |l: &&Landmark| Ground::here().off(l, thing) < 0.7 && l.class == class;
        let found = landmarks.iter().find(is_it).expect("found");
        assert_eq!(found.method, Method::Triangulated);
        let (direction, sd) = (found.direction_deg.unwrap(), found.direction_sd_deg.unwrap());
        assert!((direction - 180.0).abs() < 2.0 * sd && sd < 40.0, "{found:?}");
        assert!(found.probability > 0.9);
    }
}

#[test]
fn several_passes_see_one_thing() {
    let pass = |name: &str, x: f64, y: f64| Street::new(Ground::here(), name, Point { x, y }, &TWO, 25.0);
    let alone = pass("a", 1.0, 0.5).locate(Traits::default());
    let landmarks =
        pass("a", 1.0, 0.5).and(pass("b", -0.8, 0.7)).and(pass("c", -0.3, -1.0)).locate(Traits::default());
    assert_eq!(landmarks.len(), 2, "{landmarks:#?}");
    for (landmark, (thing, _)) in landmarks.iter().zip(TWO) {
        assert!(landmark.sightings.len() >= 9 && Ground::here().off(landmark, thing) < 0.8, "{landmark:?}");
    }
    let major = |landmarks: &[Landmark]| landmarks[0].covariance.ellipse().major_m;
    assert!(major(&landmarks) < 0.8 * major(&alone), "three sequences know more than one");
}

#[test]
fn one_thing_called_two_names_is_one_where_classes_exclude_each_other() {
    let mut street = street(&TWO[..1]);
    street.sightings[0].class = 1;
    let landmarks = street.locate(ONE_NAME);
    assert_eq!((landmarks.len(), landmarks[0].class, landmarks[0].sightings.len()), (1, 0, street.sightings.len()));
    assert!(landmarks[0].class_confidence < 0.8);
    assert_eq!(street.locate(Traits::default()).len(), 2);
}

#[test]
fn what_one_picture_sees_twice_are_two_things() {
    let street = street(&[TWO[0], (TWO[0].0.plus(0.1, 0.0), 0), (TWO[0].0, 1)]);
    let landmarks = street.locate(ONE_NAME);
    assert_eq!(landmarks.len(), 3, "{landmarks:#?}");
    assert!(landmarks.iter().all(|l| l.support.is_some() && l.support == landmarks[0].support), "on one pole");
    assert!(self::street(&TWO).locate(ONE_NAME).iter().all(|l| l.support.is_none()));
}

#[test]
fn elevations_tell_signs_on_one_pole() {
    // The same class twice: in each picture the upper one is seen or the lower one, never both.
    let mut street = street(&[TWO[0]]);
    let camera = |s: &Sighting| Point { x: 0.0, y: 8.0 * s.station as f64 };
    let count = street.sightings.len();
    let lower = street.sightings.clone();
    street.sightings.extend(lower);
    for (index, sighting) in street.sightings.iter_mut().enumerate() {
        let height: f64 = if index < count { 3.0 } else { 0.5 };
        sighting.elevation_deg = Some((height / camera(sighting).distance(TWO[0].0)).atan().to_degrees());
    }
    let landmarks = street.locate(Traits::default());
    assert_eq!(landmarks.len(), 2);
    for landmark in landmarks {
        let first = landmark.sightings[0] < count;
        assert!(landmark.sightings.iter().all(|s| (*s < count) == first), "{landmark:?}");
    }
}

#[test]
fn a_lone_sighting_keeps_a_long_ellipse() {
    let mut street = street(&[(Point { x: 8.0, y: 6.0 }, 0)]);
    street.sightings.truncate(1);
    street.stations.truncate(1);
    let landmarks = street.locate(Traits::default());
    assert_eq!(landmarks.len(), 1);
    assert_eq!(landmarks[0].method, Method::Range);
    let ellipse = landmarks[0].covariance.ellipse();
    assert!(ellipse.major_m > ellipse.minor_m && ellipse.major_m > 4.0);
    street.sightings[0].range = None;
    let guessed = street.locate(Traits::default());
    assert_eq!((guessed[0].method, guessed[0].direction_deg), (Method::Bearing, None));
    assert!(guessed[0].covariance.ellipse().major_m > 12.0);
}

#[test]
fn parallel_rays_make_no_nonsense() {
    let mut street = Street::new(Ground::here(), "a", Point::default(), &[(Point { x: 0.5, y: 60.0 }, 0)], 90.0);
    for sighting in &mut street.sightings {
        (sighting.azimuth_deg, sighting.range) = (0.0, None);
    }
    for landmark in street.locate(Traits::default()) {
        assert!(landmark.lon_deg.is_finite() && landmark.covariance.ellipse().major_m.is_finite());
    }
}

#[test]
fn what_is_no_number_is_left_out() {
    let mut street = street(&TWO);
    let sound = street.locate(Traits::default());
    let bad = street.stations.len();
    street.stations.push(Station { picture_id: "bad".into(), lat_deg: f64::NAN, ..street.stations[0].clone() });
    for (station, azimuth_deg) in [(bad, 10.0), (0, f64::INFINITY), (0, f64::NAN), (999, 10.0)] {
        street.sightings.push(Sighting { station, azimuth_deg, score: 0.9, ..Sighting::default() });
    }
    assert_eq!(street.locate(Traits::default()), sound);
}

#[test]
fn modules_side_by_side_are_one_installation_with_a_surface() {
    let roof = [(Point { x: 12.0, y: 30.0 }, 0), (Point { x: 15.0, y: 31.0 }, 0), (Point { x: -14.0, y: 55.0 }, 0)];
    let mut street = Street::new(Ground::here(), "a", Point::default(), &roof, 35.0);
    for sighting in &mut street.sightings {
        // Three metres wide and two high.
        let distance = sighting.range.take().unwrap().range_m / 1.1;
        let span = |side: f64| 2.0 * (side / 2.0 / distance).atan().to_degrees();
        sighting.extent = Some(crate::sighting::Extent { width_deg: span(3.0), height_deg: span(2.0) });
    }
    let landmarks = street.locate(Traits { together: Together::Installation, ..Traits::default() });
    assert_eq!(landmarks.len(), 3, "{landmarks:#?}");
    let near: Vec<_> = landmarks.iter().filter(|l| Ground::here().off(l, roof[0].0) < 6.0).collect();
    assert_eq!((near.len(), near[0].installation), (2, near[1].installation));
    let others = landmarks.iter().filter(|l| l.installation != near[0].installation);
    assert_eq!(others.count(), 1);
    for landmark in &landmarks {
        let surface = landmark.surface.unwrap();
        assert!((surface.surface_m2 - 6.0 / 0.6).abs() < 2.0 * surface.surface_sd_m2, "{surface:?}");
        assert!(surface.surface_sd_m2 > 0.3 * surface.surface_m2);
    }
}

/// The landmarks as the street has them: place, axes of the ellipse, direction.
fn seen_from(ground: Ground, landmarks: &[Landmark]) -> Vec<[f64; 5]> {
    let (sin, cos) = ground.turn.sin_cos();
    let of_street = |l: &Landmark| {
        let p = ground.plane.point(l.lon_deg, l.lat_deg);
        let ellipse = l.covariance.ellipse();
        let north = ground.plane.north_of(l.lon_deg, l.lat_deg) - ground.turn;
        let direction = (l.direction_deg.unwrap_or_default() + north.to_degrees()).rem_euclid(360.0);
        [p.x * cos - p.y * sin, p.x * sin + p.y * cos, ellipse.major_m, ellipse.minor_m, direction]
    };
    let mut rows: Vec<[f64; 5]> = landmarks.iter().map(of_street).collect();
    rows.sort_by(|a, b| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])));
    rows
}

/// Two passes along things with sightings that are off by a little.
fn noisy(ground: Ground) -> Street {
    let things = [TWO[0], TWO[1], (Point { x: -4.0, y: 44.0 }, 1), (Point { x: -6.0, y: 20.0 }, 0)];
    let mut street = Street::new(ground, "a", Point { x: 0.6, y: 0.3 }, &things, 25.0).and(Street::new(
        ground,
        "b",
        Point { x: -0.4, y: 0.8 },
        &things,
        25.0,
    ));
    for (index, sighting) in street.sightings.iter_mut().enumerate() {
        sighting.azimuth_deg += [0.8, -1.1, 0.3, -0.4, 1.3][index % 5];
    }
    street
}

fn assert_alike(a: &[[f64; 5]], b: &[[f64; 5]]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        let turned = (a[4] - b[4] + 180.0).rem_euclid(360.0) - 180.0;
        assert!((0..4).all(|i| (a[i] - b[i]).abs() < 0.01) && turned.abs() < 2.0, "{a:?} is not {b:?}");
    }
}

#[test]
fn the_poles_and_the_antimeridian_are_places_like_others() {
    let here = seen_from(Ground::here(), &noisy(Ground::here()).locate(ONE_NAME));
    assert_eq!(here.len(), 4);
    let places = [(180.0, 10.0), (-179.9999, -60.0), (30.0, 90.0), (0.0, -90.0), (-100.0, 89.9998), (0.0, 0.0)];
    for (lon_deg, lat_deg) in places {
        let there = Ground::at(lon_deg, lat_deg, 0.0);
        let landmarks = noisy(there).locate(ONE_NAME);
        assert_eq!(landmarks.len(), here.len(), "{lon_deg}, {lat_deg}: {:#?}", seen_from(there, &landmarks));
        assert_alike(&seen_from(there, &landmarks), &here);
    }
}

#[test]
fn a_survey_across_two_hundred_kilometres_is_right_at_its_ends() {
    let grounds: Vec<Ground> = (0..=20).map(|step| Ground::at(5.0 + 0.13 * f64::from(step), 45.0, 0.0)).collect();
    let named = |ground: &Ground, name: String| Street::new(*ground, &name, Point::default(), &TWO, 25.0);
    let all = grounds.iter().enumerate().map(|(n, ground)| named(ground, format!("s{n:02}-")));
    let landmarks = all.reduce(Street::and).unwrap().locate(ONE_NAME);
    assert_eq!(landmarks.len(), 2 * grounds.len());
    let alone = seen_from(grounds[0], &named(&grounds[0], "s".to_owned()).locate(ONE_NAME));
    for ground in grounds {
        let of_it: Vec<Landmark> = landmarks.iter().filter(|l| ground.off(l, TWO[0].0) < 100.0).cloned().collect();
        let there = seen_from(ground, &of_it);
        for (a, b) in there.iter().zip(&alone) {
            assert!((0..4).all(|i| (a[i] - b[i]).abs() < 0.03), "{a:?} is not {b:?}");
        }
    }
}

#[test]
fn neither_threads_nor_the_order_of_the_input_change_a_bit() {
    let street = noisy(Ground::here());
    let in_order = street.locate(ONE_NAME);
    for threads in [1, 3] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| street.locate(ONE_NAME)), in_order);
    }
    // Sequences change places, and sightings are turned round; which is which is told by what they see.
    let (half, count) = (street.stations.len() / 2, street.stations.len());
    let mut turned = street.clone();
    turned.stations.rotate_left(half);
    turned.sightings.reverse();
    turned.sightings.iter_mut().for_each(|s| s.station = (s.station + half) % count);
    let last = street.sightings.len() - 1;
    let back: Vec<Landmark> = turned
        .locate(ONE_NAME)
        .into_iter()
        .map(|l| Landmark { sightings: l.sightings.iter().map(|s| last - s).collect(), ..l })
        .collect();
    assert_eq!(back, in_order);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_scene_shifted_and_turned_has_its_landmarks_shifted_and_turned(
        lon_deg in -180.0..180.0, lat_deg in -89.0..89.0, turn in 0.0..6.3
    ) {
        let (here, there) = (Ground::here(), Ground::at(lon_deg, lat_deg, turn));
        assert_alike(
            &seen_from(there, &noisy(there).locate(ONE_NAME)),
            &seen_from(here, &noisy(here).locate(ONE_NAME)),
        );
    }

    #[test]
    fn another_sighting_without_noise_never_makes_an_ellipse_larger(
        cameras in proptest::collection::vec((-6.0..3.0, 0.0..26.0, any::<bool>()), 3..9)
    ) {
        let (ground, thing) = (Ground::here(), TWO[0].0);
        let mut street = street(&[]);
        street.stations.clear();
        for (index, (x, y, has_range)) in cameras.iter().enumerate() {
            let camera = Point { x: *x, y: *y };
            let (lon_deg, lat_deg) = ground.lon_lat(camera);
            street.see(ground, index, (camera, camera), thing, 0);
            if !has_range {
                street.sightings[index].range = None;
            } else if let Some(range) = &mut street.sightings[index].range {
                range.range_m /= 1.1;
            }
            street.stations.push(Station {
                picture_id: format!("{index}"), sequence_id: "a".into(), lon_deg, lat_deg, position_sd_m: 1.0,
                heading_deg: 0.0, heading_sd_deg: 2.0, hfov_deg: 360.0,
            });
        }
        let all = street.locate(Traits::default());
        street.sightings.pop();
        let fewer = street.locate(Traits::default());
        prop_assume!(all.len() == 1 && fewer.len() == 1 && fewer[0].sightings.len() == street.sightings.len());
        prop_assume!(all[0].sightings.len() == cameras.len());
        // Rays have equal shares in what their cameras are off together, so one more may move the balance between the
        // sections of a track: an axis that hangs on that alone grows by half a per cent at most, of 60 000 scenes.
        let area = |landmark: &Landmark| landmark.covariance.ellipse().major_m * landmark.covariance.ellipse().minor_m;
        prop_assert!(area(&all[0]) <= area(&fewer[0]) * (1.0 + 1e-3));
        for step in 0..12 {
            let (x, y) = (f64::from(step) * 0.26).sin_cos();
            let (more, less) = (all[0].covariance.towards(x, y), fewer[0].covariance.towards(x, y));
            prop_assert!(more <= less * (1.0 + 1e-2), "{more} > {less}");
        }
    }

    #[test]
    fn whatever_is_seen_every_sighting_is_in_one_landmark_at_most_and_no_two_of_a_picture_in_one(
        rays in proptest::collection::vec((0usize..9, 0.0f64..360.0, 0usize..2, proptest::option::of(0.0f64..80.0)), 0..40)
    ) {
        let mut street = street(&[]);
        street.sightings = rays.into_iter().map(|(station, azimuth_deg, class, range)| Sighting {
            station, class, score: 0.5, azimuth_deg, azimuth_sd_deg: 2.0,
            range: range.map(|range_m| Range { range_m, range_sd_m: range_m * 0.2 }),
            ..Sighting::default()
        }).collect();
        let landmarks = street.locate(ONE_NAME);
        let mut used: Vec<usize> = landmarks.iter().flat_map(|l| l.sightings.clone()).collect();
        let all = used.len();
        used.sort_unstable();
        used.dedup();
        prop_assert_eq!(used.len(), all);
        for landmark in &landmarks {
            prop_assert!(landmark.lon_deg.is_finite() && landmark.lat_deg.is_finite());
            prop_assert!((0.0..=1.0).contains(&landmark.probability));
            let mut pictures: Vec<usize> = landmark.sightings.iter().map(|s| street.sightings[*s].station).collect();
            pictures.sort_unstable();
            pictures.dedup();
            prop_assert_eq!(pictures.len(), landmark.sightings.len());
        }
        prop_assert_eq!(street.locate(ONE_NAME), landmarks);
    }
}
