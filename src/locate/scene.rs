//! Cameras and rays in one plane, in an order that does not depend on that of the input.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::ops::Range as Span;

use super::plane::{Plane, Point, geocentric};
use crate::sighting::{Sighting, Station};

/// The farthest that a thing is looked for from a camera, metres.
pub(super) const REACH_M: f64 = 40.0;
/// Stations at least so far from all others are reckoned apart, in a plane of their own, metres.
const APART_M: f64 = 20_000.0;

/// The least standard deviation of a ray besides the heading's, radians: boxes are never exact.
const MIN_PIXEL_SD: f64 = 0.2 * PI / 180.0;
/// How much of the spread of a range is the unknown size of the thing, which all its sightings share; the rest is
/// each box's own.
const SIZE_SHARE: f64 = 0.83;
/// Standard deviation of an elevation, radians: few cameras stand level.
const ELEVATION_SD: f64 = 2.0 * PI / 180.0;

/// One sighting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ray {
    /// Index of the sighting.
    pub sighting: usize,
    pub camera: usize,
    pub class: usize,
    pub score: f64,
    /// In the plane, radians.
    pub azimuth: f64,
    /// Variance of the azimuth without the heading's part, square radians.
    pub pixel_variance: f64,
    pub range: Option<LogRange>,
    /// Tangent of the elevation.
    pub slope: Option<f64>,
    /// The angle that its outline spans to the sides, radians; nothing where it is not known.
    pub width: f64,
    /// Tangents of the angles that its outline spans, to the sides and upwards.
    pub spans: Option<(f64, f64)>,
    /// Finer classes that were read on it and their probabilities.
    pub codes: Codes,
    /// Cosine of the angle that the face is turned away by, as its outline shows it.
    pub squeeze: Option<f64>,
}

/// The logarithm of a range, in which its error does not depend on the distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogRange {
    pub ln: f64,
    /// Variance that comes from the size of the thing.
    pub size_variance: f64,
    /// Variance of this sighting's own.
    pub own_variance: f64,
}

impl LogRange {
    pub(super) fn variance(&self) -> f64 {
        self.size_variance + self.own_variance
    }
}

/// The likeliest finer classes of a thing and their probabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Codes([(u16, f32); CODES]);

/// Finer classes that are kept.
const CODES: usize = 4;
/// Probability of each finer class before anything is read, and of each that a reading does not name.
const CODE_PRIOR: f64 = 0.02;
const CODE_FLOOR: f64 = 0.003;
/// Readings of two things are believed so far and no farther, as logarithms of likelihoods.
const LIKENESS: std::ops::RangeInclusive<f64> = -3.0..=3.0;

impl Codes {
    fn new(codes: &[(usize, f64)]) -> Self {
        let mut kept = Self::default();
        for (slot, (code, probability)) in kept.0.iter_mut().zip(codes) {
            *slot = (u16::try_from(*code).unwrap_or(u16::MAX), *probability as f32);
        }
        kept
    }

    fn named(&self) -> impl Iterator<Item = (u16, f64)> {
        self.0.iter().filter(|(_, p)| *p > 0.0).map(|(code, p)| (*code, f64::from(*p)))
    }

    fn probability(&self, code: u16) -> f64 {
        self.named().find(|(named, _)| *named == code).map_or(CODE_FLOOR, |(_, p)| p.max(CODE_FLOOR))
    }

    /// How much more likely two readings are of one thing than of two: ln Σ p(c) q(c) / π(c) over the finer classes;
    /// nothing where one of them says nothing.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        if self.named().next().is_none() || other.named().next().is_none() {
            return 0.0;
        }
        let of_self: f64 = self.named().map(|(code, p)| p * other.probability(code)).sum();
        let rest = other.named().filter(|(code, _)| self.named().all(|(named, _)| named != *code));
        let of_other: f64 = rest.map(|(_, p)| p * CODE_FLOOR).sum();
        ((of_self + of_other) / CODE_PRIOR).ln().clamp(*LIKENESS.start(), *LIKENESS.end())
    }

    /// The mean of some readings.
    pub(super) fn mean<'a>(readings: impl Iterator<Item = &'a Self>) -> Self {
        let (mut sums, mut count): (Vec<(u16, f64)>, f64) = (Vec::new(), 0.0);
        for reading in readings.filter(|reading| reading.named().next().is_some()) {
            count += 1.0;
            for (code, p) in reading.named() {
                match sums.iter_mut().find(|(known, _)| *known == code) {
                    Some((_, sum)) => *sum += p,
                    None => sums.push((code, p)),
                }
            }
        }
        sums.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mean: Vec<(usize, f64)> = sums.into_iter().map(|(code, sum)| (usize::from(code), sum / count)).collect();
        Self::new(&mean)
    }
}

fn tan(angle_deg: f64) -> f64 {
    2.0 * (angle_deg.clamp(0.0, 170.0) / 2.0).to_radians().tan()
}

/// A camera's place and trust.
#[derive(Debug, Clone)]
pub(super) struct Camera {
    pub place: Point,
    /// Dense number of the sequence.
    pub sequence: usize,
    /// In the plane, radians.
    pub heading: f64,
    pub heading_sd: f64,
    /// Half of the horizontal field of view, radians; more than π where it looks all round.
    pub half_fov: f64,
    pub position_sd_m: f64,
    /// Variance of a position against its neighbours of the sequence, square metres: errors drift slowly.
    pub relative_variance: f64,
    pub rays: Span<usize>,
}

impl Camera {
    /// Whether a direction is in view, with a margin in radians.
    pub(super) fn sees(&self, azimuth: f64, margin: f64) -> bool {
        self.half_fov > PI || wrap(azimuth - self.heading).abs() < self.half_fov - margin
    }
}

/// Cameras, by sequence and in the order they were taken, and their rays in the order of the cameras.
pub(super) struct Scene {
    pub plane: Plane,
    pub cameras: Vec<Camera>,
    pub rays: Vec<Ray>,
}

impl Scene {
    fn new(stations: &[Station], sightings: &[Sighting], members: &[usize], of_station: &[Vec<usize>]) -> Self {
        let plane =
            Plane::about_middle(members.iter().map(|s| geocentric(stations[*s].lon_deg, stations[*s].lat_deg)));
        let mut scene = Self { plane, cameras: Vec::with_capacity(members.len()), rays: Vec::new() };
        let mut sequence = 0;
        for (camera, station_index) in members.iter().enumerate() {
            let station = &stations[*station_index];
            let before = camera.checked_sub(1).map(|before| &stations[members[before]].sequence_id);
            sequence += usize::from(before.is_some_and(|before| *before != station.sequence_id));
            let north = plane.north_of(station.lon_deg, station.lat_deg);
            let first = scene.rays.len();
            scene.rays.extend(of_station[*station_index].iter().map(|index| {
                let sighting = &sightings[*index];
                let heading_variance = station.heading_sd_deg.powi(2);
                let pixel_sd = (sighting.azimuth_sd_deg.powi(2) - heading_variance).max(0.0).sqrt().to_radians();
                Ray {
                    sighting: *index,
                    camera,
                    class: sighting.class,
                    score: sighting.score,
                    azimuth: wrap(sighting.azimuth_deg.to_radians() + north),
                    pixel_variance: pixel_sd.max(MIN_PIXEL_SD).powi(2),
                    range: log_range(sighting),
                    slope: sighting.elevation_deg.filter(|e| e.abs() < 85.0).map(|e| e.to_radians().tan()),
                    width: sighting.extent.map_or(0.0, |e| e.width_deg.to_radians()),
                    spans: sighting.extent.map(|e| (e.width_deg, e.height_deg)).map(|(w, h)| (tan(w), tan(h))),
                    codes: Codes::new(&sighting.codes),
                    squeeze: sighting.squeeze.filter(|s| s.is_finite() && *s > 0.0),
                }
            }));
            let position_sd_m = station.position_sd_m.max(0.01);
            scene.cameras.push(Camera {
                place: plane.point(station.lon_deg, station.lat_deg),
                sequence,
                heading: wrap(station.heading_deg.to_radians() + north),
                heading_sd: station.heading_sd_deg.to_radians().max(1e-4),
                half_fov: if station.hfov_deg >= 359.0 { 4.0 } else { (station.hfov_deg / 2.0).to_radians() },
                position_sd_m,
                relative_variance: (0.5 * position_sd_m).min(0.3).powi(2) + (0.12 * position_sd_m).powi(2),
                rays: first..scene.rays.len(),
            });
        }
        scene
    }
}

fn log_range(sighting: &Sighting) -> Option<LogRange> {
    let range = sighting.range.filter(|r| r.range_m > 0.1 && r.range_m.is_finite() && r.range_sd_m > 0.0)?;
    let variance = (range.range_sd_m / range.range_m).clamp(0.02, 2.0).powi(2);
    let size_share = SIZE_SHARE * SIZE_SHARE;
    Some(LogRange {
        ln: range.range_m.ln(),
        size_variance: variance * size_share,
        own_variance: variance * (1.0 - size_share),
    })
}

/// The scenes that stations fall into: those of different scenes are too far apart to see the same things.
///
/// Stations and sightings that hold something else than numbers are left out.
pub(super) fn scenes(stations: &[Station], sightings: &[Sighting]) -> Vec<Scene> {
    let mut order: Vec<usize> = (0..stations.len()).filter(|s| is_sound(&stations[*s])).collect();
    // Stable: within a sequence the order is that in which the pictures were taken.
    order.sort_by(|a, b| stations[*a].sequence_id.cmp(&stations[*b].sequence_id));
    let mut of_station: Vec<Vec<usize>> = vec![Vec::new(); stations.len()];
    for (index, sighting) in sightings.iter().enumerate() {
        let numbers = [sighting.azimuth_deg, sighting.azimuth_sd_deg, sighting.score];
        if sighting.station < stations.len() && numbers.iter().all(|v| v.is_finite()) {
            of_station[sighting.station].push(index);
        }
    }
    for of_it in &mut of_station {
        of_it.sort_by(|a, b| sightings[*a].cmp_content(&sightings[*b]).then(a.cmp(b)));
    }
    let groups = apart(stations, &order);
    groups.iter().map(|members| Scene::new(stations, sightings, members, &of_station)).collect()
}

fn is_sound(station: &Station) -> bool {
    let numbers = [
        station.lon_deg,
        station.lat_deg,
        station.position_sd_m,
        station.heading_deg,
        station.heading_sd_deg,
        station.hfov_deg,
    ];
    numbers.iter().all(|v| v.is_finite()) && station.lat_deg.abs() <= 90.0
}

/// Groups of stations, each in the given order, between which there are [`APART_M`] at least: what hangs together by
/// neighbouring cells of that side.
fn apart(stations: &[Station], order: &[usize]) -> Vec<Vec<usize>> {
    let cell = |station: usize| {
        geocentric(stations[station].lon_deg, stations[station].lat_deg).map(|v| (v / APART_M).floor() as i32)
    };
    let mut group_of: HashMap<[i32; 3], usize> = HashMap::new();
    let cells: Vec<[i32; 3]> = order.iter().map(|station| cell(*station)).collect();
    for at in &cells {
        group_of.insert(*at, usize::MAX);
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (station, at) in order.iter().zip(&cells) {
        if group_of[at] == usize::MAX {
            let mut reached = vec![*at];
            while let Some([x, y, z]) = reached.pop() {
                for neighbour in 0..27 {
                    let next = [x + neighbour % 3 - 1, y + neighbour / 3 % 3 - 1, z + neighbour / 9 - 1];
                    if let Some(group) = group_of.get_mut(&next).filter(|group| **group == usize::MAX) {
                        *group = groups.len();
                        reached.push(next);
                    }
                }
            }
            groups.push(Vec::new());
        }
        groups[group_of[at]].push(*station);
    }
    groups
}

/// Variance of the height that a slope gives at a distance, whose own variance is given, square metres.
pub(super) fn height_variance(slope: f64, distance: f64, distance_variance: f64) -> f64 {
    distance * distance * ELEVATION_SD * ELEVATION_SD + slope * slope * distance_variance
}

/// An angle in radians brought into −π ≤ a ≤ π.
pub(super) fn wrap(angle: f64) -> f64 {
    if angle.abs() <= PI { angle } else { angle - (angle / (2.0 * PI)).round() * 2.0 * PI }
}
