//! One street-level photograph: where and when it was taken, with what camera, and where its bytes are.

use std::cmp::Ordering;
use std::path::PathBuf;

use jiff::Timestamp;

/// A street-level photograph, as its source describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Identifier in its source: a UUID on a server, the path below the folder for files.
    pub id: String,
    /// The drive or walk that the picture belongs to.
    pub sequence: String,
    /// Place in the sequence; pictures of a sequence are ordered by it, then by time, then by id.
    pub rank: Option<u64>,
    /// Longitude of the camera, WGS 84 degrees.
    pub lon_deg: f64,
    /// Latitude of the camera, WGS 84 degrees.
    pub lat_deg: f64,
    /// Standard deviation of the position along each horizontal axis, metres.
    pub position_sd_m: f64,
    /// The way the camera looks.
    pub pose: Pose,
    /// The camera's projection as the source delivers it.
    pub camera: Camera,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// SPDX identifier of its licence.
    pub license: Option<String>,
    /// Who took it, to be named when it is used.
    pub producer: Option<String>,
    /// Where its bytes are.
    pub image: Image,
    /// A page or file that shows it to a person.
    pub page_url: Option<String>,
    /// Size of its file in bytes, where the source tells.
    pub size_bytes: Option<u64>,
}

/// Where the bytes of a picture are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// A file of this machine.
    File(PathBuf),
    /// An absolute HTTP address.
    Url(String),
}

/// Whether a text is an address of HTTP, not the path of a file.
pub(crate) fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

impl Image {
    /// The host that its bytes are on, with its port; none for a file.
    pub fn host(&self) -> Option<&str> {
        let Self::Url(address) = self else { return None };
        let (_, rest) = address.split_once("://")?;
        rest.split(['/', '?', '#']).next()
    }
}

/// The way a camera looks, and how far that can be trusted.
///
/// The camera is taken as level: pitch and roll mean different frames from different makers, and applied
/// wrongly they do more harm than left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Azimuth of the centre column of the image: degrees clockwise from true north, 0 ≤ a < 360.
    pub heading_deg: f64,
    /// Standard deviation of the heading, degrees.
    pub heading_sd_deg: f64,
    /// How the heading was obtained.
    pub heading_source: HeadingSource,
}

/// How a heading was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadingSource {
    /// Written by the camera.
    Measured,
    /// Derived from the direction of travel.
    Travel,
    /// Not known at all: the direction of every ray is a guess.
    Unknown,
}

impl HeadingSource {
    /// The standard deviation, in degrees, that a heading of this origin is given.
    ///
    /// Compasses and inertial units of street-level cameras err by 2 to 6 degrees; a direction of travel by up to
    /// 10 and more where the road bends; an unknown one is uniform over the circle (360/√12).
    pub fn sd_deg(self) -> f64 {
        match self {
            Self::Measured => 3.0,
            Self::Travel => 8.0,
            Self::Unknown => 104.0,
        }
    }

    /// A pose of this origin looking to `heading_deg`, any number of turns allowed.
    pub fn pose(self, heading_deg: f64) -> Pose {
        Pose { heading_deg: azimuth_of(heading_deg), heading_sd_deg: self.sd_deg(), heading_source: self }
    }
}

/// An angle as an azimuth: 0 ≤ a < 360.
pub fn azimuth_of(angle_deg: f64) -> f64 {
    // Of what lies just below zero the remainder is rounded to 360.
    angle_deg.rem_euclid(360.0) % 360.0
}

/// A camera's projection as a source delivers it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Camera {
    /// A pinhole camera.
    Perspective {
        /// Field of view along the longer side of the image, degrees; `None` where the source does not know it.
        long_side_fov_deg: Option<f64>,
    },
    /// A 360° picture in equirectangular projection.
    Equirectangular {
        /// The part of the sphere that the file covers; `None` for the whole sphere.
        crop: Option<Crop>,
    },
}

impl Camera {
    /// Whether the picture looks all round.
    pub fn is_equirectangular(&self) -> bool {
        matches!(self, Self::Equirectangular { .. })
    }
}

/// The part of a full sphere that a cropped 360° file covers, all in pixels of the full sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// Width of the full sphere's image.
    pub full_width: f64,
    /// Height of the full sphere's image.
    pub full_height: f64,
    /// Columns missing at the left.
    pub left: f64,
    /// Rows missing at the top.
    pub top: f64,
    /// Columns that the file covers.
    pub width: f64,
    /// Rows that the file covers.
    pub height: f64,
}

impl Crop {
    /// Whether the crop is a non-empty part of its sphere, within a pixel of rounding.
    pub fn is_sound(&self) -> bool {
        let all = [self.full_width, self.full_height, self.left, self.top, self.width, self.height];
        all.iter().all(|v| v.is_finite() && *v >= 0.0)
            && self.width.min(self.height) >= 1.0
            && self.full_width.min(self.full_height) >= 1.0
            && self.left + self.width <= self.full_width + 1.0
            && self.top + self.height <= self.full_height + 1.0
    }
}

/// Puts pictures into the one order that every result is computed in: by sequence, then as taken.
pub fn sort_as_taken(pictures: &mut [Picture]) {
    pictures.sort_by(compare_as_taken);
}

/// The order of two pictures by sequence, then as taken.
pub(crate) fn compare_as_taken(a: &Picture, b: &Picture) -> Ordering {
    (&a.sequence, a.rank, a.taken_at, &a.id).cmp(&(&b.sequence, b.rank, b.taken_at, &b.id))
}
