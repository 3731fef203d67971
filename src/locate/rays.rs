//! Sightings made ready for reckoning, and the stations near a place.

use std::collections::HashMap;
use std::f64::consts::PI;

use super::cells::Cells;
use super::plane::{Plane, Point};
use crate::sighting::{Sighting, Station};

/// The farthest that a thing is looked for from a camera, metres.
pub(super) const REACH_M: f64 = 40.0;

/// The least standard deviation of a ray besides the heading's, radians: boxes are never exact.
const MIN_PIXEL_SD: f64 = 0.2 * PI / 180.0;
/// How much of the spread of a range is the unknown size of the thing, which all its sightings share; the rest is
/// each box's own.
const SIZE_SHARE: f64 = 0.83;

/// One sighting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ray {
    /// Index of the sighting.
    pub sighting: usize,
    pub station: usize,
    pub class: usize,
    pub score: f64,
    /// Radians.
    pub azimuth: f64,
    /// Standard deviation of the azimuth without the heading's part, radians.
    pub pixel_sd: f64,
    pub range: Option<LogRange>,
}

/// The logarithm of a range, in which its error does not depend on the distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogRange {
    pub ln: f64,
    /// Standard deviation that comes from the size of the thing.
    pub size_sd: f64,
    /// Standard deviation of this sighting's own.
    pub own_sd: f64,
}

/// A camera's place and trust, for reckoning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Camera {
    pub lon_deg: f64,
    pub lat_deg: f64,
    /// Dense number of the sequence.
    pub sequence: usize,
    /// Radians.
    pub heading: f64,
    pub heading_sd: f64,
    /// Half of the horizontal field of view, radians; more than π where it looks all round.
    pub half_fov: f64,
    pub position_sd_m: f64,
    /// Standard deviation of a position against its neighbours of the sequence, metres: errors drift slowly.
    pub relative_sd_m: f64,
    /// First and last but one of its rays.
    pub rays: (usize, usize),
}

/// All rays, sorted by station, and an index of the stations by place.
pub(super) struct Rays {
    pub cameras: Vec<Camera>,
    pub rays: Vec<Ray>,
    cells: Cells,
}

impl Rays {
    pub(super) fn new(stations: &[Station], sightings: &[Sighting]) -> Self {
        let mut sequences: HashMap<&str, usize> = HashMap::new();
        let mut rays: Vec<Ray> = sightings
            .iter()
            .enumerate()
            .filter(|(_, s)| s.station < stations.len() && s.azimuth_deg.is_finite() && s.azimuth_sd_deg.is_finite())
            .map(|(index, s)| {
                let heading_sd = stations[s.station].heading_sd_deg;
                let pixel_sd = (s.azimuth_sd_deg.powi(2) - heading_sd.powi(2)).max(0.0).sqrt().to_radians();
                let range = s.range.filter(|r| r.range_m > 0.1 && r.range_m.is_finite() && r.range_sd_m > 0.0);
                Ray {
                    sighting: index,
                    station: s.station,
                    class: s.class,
                    score: s.score,
                    azimuth: s.azimuth_deg.to_radians(),
                    pixel_sd: pixel_sd.max(MIN_PIXEL_SD),
                    range: range.map(|r| {
                        let sd = (r.range_sd_m / r.range_m).clamp(0.02, 2.0);
                        let own = (1.0 - SIZE_SHARE * SIZE_SHARE).sqrt();
                        LogRange { ln: r.range_m.ln(), size_sd: sd * SIZE_SHARE, own_sd: sd * own }
                    }),
                }
            })
            .collect();
        rays.sort_by_key(|ray| (ray.station, ray.sighting));
        let mut cells = Cells::default();
        let mut next = 0;
        let cameras = stations
            .iter()
            .enumerate()
            .map(|(index, station)| {
                let count = sequences.len();
                let sequence = *sequences.entry(station.sequence_id.as_str()).or_insert(count);
                cells.insert(index, station.lon_deg, station.lat_deg);
                let first = next;
                while rays.get(next).is_some_and(|ray| ray.station == index) {
                    next += 1;
                }
                Camera {
                    lon_deg: station.lon_deg,
                    lat_deg: station.lat_deg,
                    sequence,
                    heading: station.heading_deg.to_radians(),
                    heading_sd: station.heading_sd_deg.to_radians(),
                    half_fov: if station.hfov_deg >= 359.0 { 4.0 } else { (station.hfov_deg / 2.0).to_radians() },
                    position_sd_m: station.position_sd_m,
                    relative_sd_m: 0.3_f64.hypot(0.12 * station.position_sd_m),
                    rays: (first, next),
                }
            })
            .collect();
        Self { cameras, rays, cells }
    }

    /// The plane about a station.
    pub(super) fn plane(&self, station: usize) -> Plane {
        let camera = &self.cameras[station];
        Plane::about(camera.lon_deg, camera.lat_deg)
    }

    /// The camera that a ray starts from.
    pub(super) fn camera_of(&self, ray: usize) -> &Camera {
        &self.cameras[self.rays[ray].station]
    }

    /// A station's place in a plane.
    pub(super) fn place(&self, plane: &Plane, station: usize) -> Point {
        let camera = &self.cameras[station];
        plane.point(camera.lon_deg, camera.lat_deg)
    }

    /// The rays of a station, with their indices.
    pub(super) fn of_station(&self, station: usize) -> impl Iterator<Item = (usize, &Ray)> {
        let (first, end) = self.cameras[station].rays;
        (first..end).zip(&self.rays[first..end])
    }

    /// Stations within about [`REACH_M`] of a place, in their order.
    pub(super) fn near(&self, lon_deg: f64, lat_deg: f64) -> Vec<usize> {
        self.cells.near(lon_deg, lat_deg)
    }

    /// Variance of the direction from a station to a thing at a distance, without what the pixel adds.
    pub(super) fn pose_variance(&self, station: usize, distance: f64) -> f64 {
        let camera = &self.cameras[station];
        camera.heading_sd.powi(2) + (camera.relative_sd_m / distance).powi(2)
    }
}

/// An angle in radians brought into −π ≤ a ≤ π.
pub(super) fn wrap(angle: f64) -> f64 {
    angle - (angle / (2.0 * PI)).round() * 2.0 * PI
}
