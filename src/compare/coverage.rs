//! Whether pictures looked at a place.

use jiff::Timestamp;
use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::locate::plane::{Plane, geocentric};
use crate::picture::{Camera, Picture};
use crate::place::Place;

/// Field of view that is assumed where a picture does not tell its own, degrees.
const ASSUMED_FOV_DEG: f64 = 70.0;
/// Nearer than this a thing may stand outside of a flat picture, metres.
const TOO_NEAR_M: f64 = 3.0;
/// A face that is turned away from a camera by more than this cannot be told, degrees.
const WIDEST_DEG: f64 = 75.0;

/// The pictures that a survey looked at.
pub struct Coverage {
    looks: RTree<GeomWithData<[f64; 3], Look>>,
    within_m: f64,
}

/// Where a picture looked from, and whither.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    lon_deg: f64,
    lat_deg: f64,
    heading_deg: f64,
    /// Half of the field of view; `None` for all round.
    half_fov_deg: Option<f64>,
    taken_at: Option<Timestamp>,
}

impl Coverage {
    /// What these pictures can have seen up to a distance, metres.
    pub fn new<'a>(pictures: impl Iterator<Item = &'a Picture>, within_m: f64) -> Self {
        let look = |picture: &Picture| {
            let half_fov_deg = match picture.camera {
                Camera::Equirectangular { .. } => None,
                Camera::Perspective { long_side_fov_deg } => Some(long_side_fov_deg.unwrap_or(ASSUMED_FOV_DEG) / 2.0),
            };
            let look = Look {
                lon_deg: picture.lon_deg,
                lat_deg: picture.lat_deg,
                heading_deg: picture.pose.heading_deg,
                half_fov_deg,
                taken_at: picture.taken_at,
            };
            GeomWithData::new(geocentric(picture.lon_deg, picture.lat_deg), look)
        };
        Self { looks: RTree::bulk_load(pictures.map(look).collect()), within_m }
    }

    /// How many pictures looked at a place: near enough, towards it, at its face where the way it faces is known, and
    /// taken after it was seen last where both times are known.
    ///
    /// Houses and trees between are not known, so some of them did not see it.
    pub fn looks_at(&self, place: &Place) -> usize {
        let around = Plane::about(place.lon_deg, place.lat_deg);
        let here = geocentric(place.lon_deg, place.lat_deg);
        let near = self.looks.locate_within_distance(here, self.within_m * self.within_m);
        let sees = |look: &Look| {
            if look.taken_at.zip(place.last_seen).is_some_and(|(taken, seen)| taken <= seen) {
                return false;
            }
            let camera = around.point(look.lon_deg, look.lat_deg);
            let distance_m = camera.x.hypot(camera.y);
            // From the camera to the place, and back.
            let bearing_deg = (-camera.x).atan2(-camera.y).to_degrees();
            let is_in_front = look
                .half_fov_deg
                .is_none_or(|half| distance_m >= TOO_NEAR_M && apart_deg(bearing_deg, look.heading_deg) <= half);
            is_in_front
                && place.direction_deg.is_none_or(|facing| apart_deg(facing, bearing_deg + 180.0) <= WIDEST_DEG)
        };
        near.filter(|look| sees(&look.data)).count()
    }

    /// How many pictures there are.
    pub fn pictures(&self) -> usize {
        self.looks.size()
    }
}

/// The angle between two directions, 0 to 180 degrees.
pub(super) fn apart_deg(a: f64, b: f64) -> f64 {
    let turn = (a - b).rem_euclid(360.0);
    turn.min(360.0 - turn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{HeadingSource, Image};

    fn picture(heading_deg: f64, camera: Camera) -> Picture {
        Picture {
            id: "p".into(),
            sequence: "s".into(),
            rank: None,
            lon_deg: 7.0,
            lat_deg: 48.0,
            position_sd_m: 2.0,
            pose: HeadingSource::Measured.pose(heading_deg),
            camera,
            taken_at: "2024-06-01T00:00:00Z".parse().ok(),
            license: None,
            producer: None,
            image: Image::Url(String::new()),
            page_url: None,
            size_bytes: None,
        }
    }

    #[test]
    fn a_place_is_looked_at_from_near_and_towards_it() {
        let flat = |heading| picture(heading, Camera::Perspective { long_side_fov_deg: Some(70.0) });
        let round = picture(180.0, Camera::Equirectangular { crop: None });
        // 11.1 m north of the camera.
        let place = Place { lon_deg: 7.0, lat_deg: 48.0001, ..Place::default() };
        let looks = |picture: &Picture, place: &Place| Coverage::new([picture].into_iter(), 20.0).looks_at(place);
        assert_eq!((looks(&flat(30.0), &place), looks(&flat(40.0), &place), looks(&round, &place)), (1, 0, 1));
        assert_eq!(looks(&round, &Place { lat_deg: 48.0002, ..place.clone() }), 0, "too far");
        let facing = |direction| Place { direction_deg: Some(direction), ..place.clone() };
        assert_eq!((looks(&round, &facing(170.0)), looks(&round, &facing(0.0))), (1, 0), "its back is seen");
        let seen = |time: &str| Place { last_seen: time.parse().ok(), ..place.clone() };
        assert_eq!(looks(&round, &seen("2024-01-01T00:00:00Z")), 1);
        assert_eq!(looks(&round, &seen("2024-06-01T00:00:00Z")), 0, "by the same picture perhaps");
    }
}
