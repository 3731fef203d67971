//! A detection seen from the world: a ray from a camera, and how far each of its numbers can be trusted.

use crate::camera::{Lens, azimuth_deg};
use crate::model::{Class, Detection};
use crate::picture::Picture;

/// How far the edge of a box is off, as a standard deviation relative to the box's height.
const EDGE_RELATIVE_SD: f64 = 0.05;
/// The same, pixels, for small boxes.
const EDGE_SD_PX: f64 = 1.5;

/// Where a picture was taken from, and the way it looks: all that locating needs to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Identifier of the picture.
    pub picture_id: String,
    /// The sequence it belongs to. Pictures of a sequence share their errors.
    pub sequence_id: String,
    /// Longitude, WGS 84 degrees.
    pub lon_deg: f64,
    /// Latitude, WGS 84 degrees.
    pub lat_deg: f64,
    /// Standard deviation of the position along each horizontal axis, metres.
    pub position_sd_m: f64,
    /// Azimuth of the middle of the picture, degrees.
    pub heading_deg: f64,
    /// Standard deviation of the heading, degrees.
    pub heading_sd_deg: f64,
    /// Horizontal field of view, degrees; 360 = all round.
    pub hfov_deg: f64,
}

impl Station {
    /// The station of a picture whose upright image is seen through `lens`.
    pub fn new(picture: &Picture, lens: &Lens) -> Self {
        Self {
            picture_id: picture.id.clone(),
            sequence_id: picture.sequence.clone(),
            lon_deg: picture.lon_deg,
            lat_deg: picture.lat_deg,
            position_sd_m: picture.position_sd_m,
            heading_deg: picture.pose.heading_deg,
            heading_sd_deg: picture.pose.heading_sd_deg,
            hfov_deg: lens.horizontal_fov_deg(),
        }
    }
}

/// A detection seen from the world.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sighting {
    /// Index of its station.
    pub station: usize,
    /// Index of its class.
    pub class: usize,
    /// Score of the detection, 0–1.
    pub score: f64,
    /// Azimuth of the ray, degrees.
    pub azimuth_deg: f64,
    /// Standard deviation of the azimuth, degrees, that of the heading included.
    pub azimuth_sd_deg: f64,
    /// Elevation of the ray, degrees above the horizon.
    pub elevation_deg: Option<f64>,
    /// Distance along the ground, where the size of the thing tells one.
    pub range: Option<Range>,
    /// Width over height of its outline against that of the thing seen from its front: the cosine of the angle that
    /// the face is turned away by.
    pub squeeze: Option<f64>,
    /// The angles that its outline spans.
    pub extent: Option<Extent>,
    /// Finer classes that were read on it with their probabilities, the likeliest first.
    pub codes: Vec<(usize, f64)>,
}

/// Angles that an outline spans, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// From its left to its right.
    pub width_deg: f64,
    /// From its top to its bottom.
    pub height_deg: f64,
}

/// A distance along the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Metres.
    pub range_m: f64,
    /// Standard deviation, metres.
    pub range_sd_m: f64,
}

impl Sighting {
    /// An order by what is seen, whatever the order of the input.
    pub(crate) fn cmp_content(&self, other: &Self) -> std::cmp::Ordering {
        let key = |s: &Self| {
            let range = s.range.map_or([0.0; 2], |range| [range.range_m, range.range_sd_m]);
            [s.azimuth_deg, s.azimuth_sd_deg, s.elevation_deg.unwrap_or(0.0), range[0], range[1], s.score]
        };
        let numbers = key(self).into_iter().zip(key(other)).map(|(a, b)| a.total_cmp(&b));
        numbers.fold(self.class.cmp(&other.class), std::cmp::Ordering::then)
    }

    /// The ray through the middle of a detection's box, with a range where its class has a known height.
    ///
    /// range = height / (tan of the elevation of the top − tan of that of the bottom); its relative variance is the
    /// sum of those of the height, of both edges of the box, and of the lens's scale.
    pub fn new(station: usize, picture: &Picture, lens: &Lens, detection: &Detection, class: &Class) -> Self {
        let pixels = detection.pixels;
        let (u, v) = (f64::from(pixels.x0 + pixels.x1) / 2.0, f64::from(pixels.y0 + pixels.y1) / 2.0);
        let (width, height) = (f64::from(pixels.x1 - pixels.x0), f64::from(pixels.y1 - pixels.y0));
        let edge_sd = |side: f64| EDGE_SD_PX.max(EDGE_RELATIVE_SD * side);
        let direction = lens.direction(u, v);
        let height_angle = lens.height_angle(u, f64::from(pixels.y0), f64::from(pixels.y1));
        let width_angle = lens.width_angle(f64::from(pixels.x0), f64::from(pixels.x1), v);
        let range = class.height().and_then(|(size_m, size_sd_m)| {
            let range_m = size_m / height_angle;
            let edges = std::f64::consts::SQRT_2 * edge_sd(height) / height;
            let relative_sd = (size_sd_m / size_m).hypot(edges).hypot(lens.scale_relative_sd());
            range_m.is_finite().then_some(Range { range_m, range_sd_m: range_m * relative_sd })
        });
        Self {
            station,
            class: detection.class,
            score: f64::from(detection.score),
            azimuth_deg: azimuth_deg(&picture.pose, direction),
            azimuth_sd_deg: lens.right_sd_deg(u, edge_sd(width)).hypot(picture.pose.heading_sd_deg),
            elevation_deg: Some(direction.up_deg),
            range,
            squeeze: class.aspect.map(|aspect| width_angle / height_angle / aspect),
            extent: Some(Extent {
                width_deg: width_angle.atan().to_degrees(),
                height_deg: height_angle.atan().to_degrees(),
            }),
            codes: detection.reading.map(|reading| reading.likeliest()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Camera, HeadingSource, Image};
    use crate::view::PixelBox;

    fn picture(camera: Camera) -> Picture {
        Picture {
            id: "a".into(),
            sequence: "s".into(),
            rank: None,
            lon_deg: 7.0,
            lat_deg: 48.0,
            position_sd_m: 2.0,
            pose: HeadingSource::Measured.pose(90.0),
            camera,
            taken_at: None,
            license: None,
            producer: None,
            image: Image::File("a.jpg".into()),
            page_url: None,
            size_bytes: None,
        }
    }

    #[test]
    fn a_sign_of_known_height_has_a_range() {
        let picture = picture(Camera::Equirectangular { crop: None });
        let lens = Lens::new(&picture.camera, 7200, 3600);
        let class = Class { name: "disc".into(), height_m: Some(0.65), height_sd_m: Some(0.1), ..Class::default() };
        // 20 pixels a degree: a box of 2 degrees at the horizon, 30 degrees to the right.
        let pixels = PixelBox { x0: 4180.0, y0: 1780.0, x1: 4220.0, y1: 1820.0 };
        let sighting =
            Sighting::new(3, &picture, &lens, &Detection { class: 0, score: 0.7, reading: None, pixels }, &class);
        assert!((sighting.azimuth_deg - 120.0).abs() < 1e-9);
        assert!(sighting.elevation_deg.unwrap().abs() < 1e-9);
        let range = sighting.range.unwrap();
        assert!((range.range_m - 0.65 / (2.0 * 1.0_f64.to_radians().tan())).abs() < 1e-6);
        assert!(range.range_sd_m > 0.15 * range.range_m && range.range_sd_m < 0.2 * range.range_m);
        assert!(sighting.azimuth_sd_deg > 3.0 && sighting.azimuth_sd_deg < 3.1);
    }

    #[test]
    fn a_thing_of_unknown_height_has_none() {
        let picture = picture(Camera::Perspective { long_side_fov_deg: Some(70.0) });
        let lens = Lens::new(&picture.camera, 1000, 500);
        let pixels = PixelBox { x0: 490.0, y0: 200.0, x1: 510.0, y1: 220.0 };
        let sighting = Sighting::new(
            0,
            &picture,
            &lens,
            &Detection { class: 0, score: 0.7, reading: None, pixels },
            &Class::default(),
        );
        assert_eq!(sighting.range, None);
        assert!((sighting.azimuth_deg - 90.0).abs() < 1e-9);
    }
}
