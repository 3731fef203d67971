//! From a pixel of a picture to the direction it looks, and back.

use crate::picture::{Camera, Pose, azimuth_of};

/// Field of view along the longer side that is assumed where a source does not know it, degrees.
const ASSUMED_FOV_DEG: f64 = 70.0;

/// How far the field of view of a perspective camera is off, as a standard deviation relative to itself.
const FOV_RELATIVE_SD: f64 = 0.02;
/// The same where the field of view is assumed.
const ASSUMED_FOV_RELATIVE_SD: f64 = 0.2;

/// The camera of one decoded picture: directions for the pixels of the upright image.
///
/// The camera's axes: x to the right, y up, z forward through the centre column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    width: f64,
    height: f64,
    projection: Projection,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Projection {
    /// Focal length in pixels, and its relative standard deviation.
    Pinhole { focal_px: f64, relative_sd: f64 },
    /// Pixels of the full sphere per pixel of this file, and where the file's corner lies on the sphere.
    Sphere { full_width: f64, full_height: f64, left: f64, top: f64, scale_x: f64, scale_y: f64 },
}

/// A direction seen from a camera that stands level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    /// Degrees to the right of the centre column, −180 ≤ a < 180.
    pub right_deg: f64,
    /// Degrees above the horizon, −90 ≤ e ≤ 90.
    pub up_deg: f64,
}

impl Lens {
    /// The lens of a picture whose upright image has `width` × `height` pixels.
    ///
    /// A field of view belongs to the longer side of the sensor, so a picture that the camera turned to portrait
    /// needs no other focal length.
    pub fn new(camera: &Camera, width: u32, height: u32) -> Self {
        let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let projection = match *camera {
            Camera::Perspective { long_side_fov_deg } => {
                let known = long_side_fov_deg.filter(|fov| *fov > 1.0 && *fov < 175.0);
                let half = known.unwrap_or(ASSUMED_FOV_DEG).to_radians() / 2.0;
                Projection::Pinhole {
                    focal_px: width.max(height) / 2.0 / half.tan(),
                    relative_sd: if known.is_some() { FOV_RELATIVE_SD } else { ASSUMED_FOV_RELATIVE_SD },
                }
            }
            Camera::Equirectangular { crop } => match crop.filter(|c| c.is_sound()) {
                // The file may be a smaller copy of what the crop speaks of.
                Some(c) => Projection::Sphere {
                    full_width: c.full_width,
                    full_height: c.full_height,
                    left: c.left,
                    top: c.top,
                    scale_x: c.width / width,
                    scale_y: c.height / height,
                },
                None => Projection::Sphere {
                    full_width: width,
                    full_height: height,
                    left: 0.0,
                    top: 0.0,
                    scale_x: 1.0,
                    scale_y: 1.0,
                },
            },
        };
        Self { width, height, projection }
    }

    /// Whether the picture is part of a sphere.
    pub fn is_sphere(&self) -> bool {
        matches!(self.projection, Projection::Sphere { .. })
    }

    /// Whether the picture closes on itself: column `width` is column 0 again.
    pub fn wraps(&self) -> bool {
        match self.projection {
            Projection::Pinhole { .. } => false,
            Projection::Sphere { full_width, scale_x, .. } => self.width * scale_x >= full_width - 1.0,
        }
    }

    /// Pixels of the picture per degree, at its centre.
    pub fn pixels_per_degree(&self) -> f64 {
        match self.projection {
            Projection::Pinhole { focal_px, .. } => focal_px.to_radians(),
            Projection::Sphere { full_width, scale_x, .. } => full_width / 360.0 / scale_x,
        }
    }

    /// Horizontal field of view, degrees; 360 for a whole sphere.
    pub fn horizontal_fov_deg(&self) -> f64 {
        match self.projection {
            Projection::Pinhole { focal_px, .. } => 2.0 * (self.width / 2.0 / focal_px).atan().to_degrees(),
            Projection::Sphere { .. } if self.wraps() => 360.0,
            Projection::Sphere { .. } => self.width / self.pixels_per_degree(),
        }
    }

    /// The direction that the point `u`, `v` of the upright image looks to.
    ///
    /// Points lie between pixels: the centre of the top-left pixel is 0.5, 0.5. For a sphere `u` may run over the seam.
    /// Pinhole: d = (u − W/2)/f·R − (v − H/2)/f·U + F. Equirectangular: θ = 2π(u/W − ½), λ = π(½ − v/H).
    pub fn direction(&self, u: f64, v: f64) -> Direction {
        match self.projection {
            Projection::Pinhole { focal_px, .. } => {
                let x = (u - self.width / 2.0) / focal_px;
                let y = (self.height / 2.0 - v) / focal_px;
                Direction { right_deg: x.atan().to_degrees(), up_deg: y.atan2(x.hypot(1.0)).to_degrees() }
            }
            Projection::Sphere { full_width, full_height, left, top, scale_x, scale_y } => {
                let right = 360.0 * ((left + u * scale_x) / full_width - 0.5);
                let up = 180.0 * (0.5 - (top + v * scale_y) / full_height);
                Direction { right_deg: wrap_degrees(right), up_deg: up.clamp(-90.0, 90.0) }
            }
        }
    }

    /// The point of the upright image that shows a direction; for a sphere 0 ≤ u < full width of the sphere.
    ///
    /// `None` behind a pinhole camera. The point may lie outside the image.
    pub fn pixel(&self, direction: Direction) -> Option<(f64, f64)> {
        match self.projection {
            Projection::Pinhole { focal_px, .. } => {
                let right = direction.right_deg.to_radians();
                if right.cos() <= 1e-9 {
                    return None;
                }
                let x = right.tan();
                let y = direction.up_deg.to_radians().tan() * x.hypot(1.0);
                Some((self.width / 2.0 + focal_px * x, self.height / 2.0 - focal_px * y))
            }
            Projection::Sphere { full_width, full_height, left, top, scale_x, scale_y } => {
                let u = (direction.right_deg / 360.0 + 0.5) * full_width;
                let v = (0.5 - direction.up_deg / 180.0) * full_height;
                Some(((u - left).rem_euclid(full_width) / scale_x, (v - top) / scale_y))
            }
        }
    }

    /// The angle between the top and the bottom of an upright thing in a box, radians.
    ///
    /// For a pinhole camera this is the angle of a thing that stands parallel to the image, times the depth's share
    /// of the range, so that range ≈ size / angle holds for the distance along the ground in both projections.
    pub fn height_angle(&self, u: f64, top: f64, bottom: f64) -> f64 {
        let (a, b) = (self.direction(u, top), self.direction(u, bottom));
        (a.up_deg.to_radians().tan() - b.up_deg.to_radians().tan()).abs()
    }

    /// The tangent of the angle between the left and the right of a thing in a box, so that width ≈ range · tangent
    /// for the distance along the ground, as with [`Self::height_angle`].
    pub fn width_angle(&self, left: f64, right: f64, v: f64) -> f64 {
        let (a, b) = (self.direction(left, v), self.direction(right, v));
        2.0 * (wrap_degrees(b.right_deg - a.right_deg).abs().min(170.0) / 2.0).to_radians().tan()
    }

    /// Standard deviation of the direction to the right, degrees, of a point known to `pixel_sd` pixels: from the
    /// pixel, and from the field of view, which errs in proportion to the distance from the centre column.
    pub fn right_sd_deg(&self, u: f64, pixel_sd: f64) -> f64 {
        match self.projection {
            Projection::Pinhole { focal_px, relative_sd } => {
                let x = (u - self.width / 2.0) / focal_px;
                let per_x = 1.0 / (1.0 + x * x);
                ((pixel_sd / focal_px * per_x).hypot(x * per_x * relative_sd)).to_degrees()
            }
            Projection::Sphere { .. } => pixel_sd / self.pixels_per_degree(),
        }
    }

    /// Relative standard deviation of lengths seen through this lens.
    pub fn scale_relative_sd(&self) -> f64 {
        match self.projection {
            Projection::Pinhole { relative_sd, .. } => relative_sd,
            Projection::Sphere { .. } => 0.0,
        }
    }
}

/// Azimuth of a direction: degrees clockwise from true north, 0 ≤ a < 360.
pub fn azimuth_deg(pose: &Pose, direction: Direction) -> f64 {
    azimuth_of(pose.heading_deg + direction.right_deg)
}

/// An angle brought into −180 ≤ a < 180.
pub fn wrap_degrees(angle_deg: f64) -> f64 {
    let wrapped = (angle_deg + 180.0).rem_euclid(360.0) - 180.0;
    if wrapped >= 180.0 { -180.0 } else { wrapped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Crop, HeadingSource};
    use proptest::prelude::*;

    const FLAT: Camera = Camera::Perspective { long_side_fov_deg: Some(90.0) };
    const ROUND: Camera = Camera::Equirectangular { crop: None };

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn a_quarter_circle_camera_sees_45_degrees_at_its_edge() {
        let lens = Lens::new(&FLAT, 2000, 1000);
        let d = lens.direction(2000.0, 500.0);
        assert!(near(d.right_deg, 45.0) && near(d.up_deg, 0.0));
        assert!(near(lens.direction(1000.0, 0.0).up_deg, (0.5_f64).atan().to_degrees()));
    }

    #[test]
    fn a_portrait_picture_has_its_field_of_view_upright() {
        let lens = Lens::new(&FLAT, 1000, 2000);
        assert!(near(lens.direction(500.0, 0.0).up_deg, 45.0));
    }

    #[test]
    fn the_seam_of_a_sphere_looks_back() {
        let lens = Lens::new(&ROUND, 4000, 2000);
        assert!(lens.wraps());
        assert!(near(lens.direction(0.0, 1000.0).right_deg, -180.0));
        assert!(near(lens.direction(4000.0, 1000.0).right_deg, -180.0));
        assert!(near(lens.direction(3000.0, 500.0).right_deg, 90.0));
        assert!(near(lens.direction(3000.0, 500.0).up_deg, 45.0));
    }

    #[test]
    fn a_cropped_sphere_keeps_its_horizon() {
        // The notes' example: 4000 × 1000 out of 4000 × 2000, 600 rows missing above and 400 below.
        let crop =
            Crop { full_width: 4000.0, full_height: 2000.0, left: 0.0, top: 600.0, width: 4000.0, height: 1000.0 };
        let lens = Lens::new(&Camera::Equirectangular { crop: Some(crop) }, 4000, 1000);
        assert!(near(lens.direction(2000.0, 400.0).up_deg, 0.0));
        let small = Lens::new(&Camera::Equirectangular { crop: Some(crop) }, 2000, 500);
        assert!(near(small.direction(1000.0, 200.0).up_deg, 0.0) && small.wraps());
    }

    #[test]
    fn azimuths_stay_on_the_circle() {
        let pose = HeadingSource::Measured.pose(350.0);
        let d = |right_deg| Direction { right_deg, up_deg: 0.0 };
        assert!(near(azimuth_deg(&pose, d(20.0)), 10.0));
        assert!(near(azimuth_deg(&pose, d(10.0)), 0.0));
        assert!(azimuth_deg(&HeadingSource::Measured.pose(0.0), d(-1e-15)) < 360.0);
    }

    #[test]
    fn the_height_of_a_sign_gives_its_range_in_both_projections() {
        // A face 0.8 m high, its middle 1 m above the camera, 20 m away.
        for (camera, right_deg) in [(FLAT, 0.0), (FLAT, 30.0), (ROUND, 30.0)] {
            let lens = Lens::new(&camera, 4000, 2000);
            let up = |h: f64| (h / 20.0_f64).atan().to_degrees();
            let (u, top) = lens.pixel(Direction { right_deg, up_deg: up(1.4) }).unwrap();
            let (_, bottom) = lens.pixel(Direction { right_deg, up_deg: up(0.6) }).unwrap();
            assert!(near(0.8 / lens.height_angle(u, top, bottom), 20.0));
        }
    }

    proptest! {
        #[test]
        fn pixels_come_back(u in 1.0..3999.0, v in 1.0..1999.0, flat: bool) {
            let lens = Lens::new(if flat { &FLAT } else { &ROUND }, 4000, 2000);
            let (u2, v2) = lens.pixel(lens.direction(u, v)).unwrap();
            prop_assert!((u - u2).abs() < 1e-6 && (v - v2).abs() < 1e-6);
        }

        #[test]
        fn azimuths_differ_by_whole_turns(a in prop_oneof![-1e4..1e4, -1e-15..1e-15]) {
            let azimuth = azimuth_of(a);
            prop_assert!((0.0..360.0).contains(&azimuth), "{azimuth}");
            let turns = (a - azimuth) / 360.0;
            prop_assert!((turns - turns.round()).abs() < 1e-9);
        }

        #[test]
        fn wrapped_angles_differ_by_whole_turns(a in -1e4..1e4) {
            let w = wrap_degrees(a);
            prop_assert!((-180.0..180.0).contains(&w));
            let turns = (a - w) / 360.0;
            prop_assert!((turns - turns.round()).abs() < 1e-9);
        }
    }
}
