//! What a JPEG's EXIF and XMP say about where, when and how it was taken.

use exif::{DateTime, Exif, Field, In, Reader, Tag, Value};
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::jpeg::Headers;
use super::xmp::Panorama;
use crate::picture::{Camera, HeadingSource, Pose};

/// What the metadata of a picture say.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// Longitude and latitude, WGS 84 degrees.
    pub lon_lat_deg: Option<(f64, f64)>,
    /// Standard deviation of the position along each horizontal axis, metres.
    pub position_sd_m: f64,
    /// The way the camera looks, where the camera measured it.
    pub pose: Option<Pose>,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// The projection, or the name of one that is not supported.
    pub camera: Result<Camera, String>,
    /// Who took it.
    pub artist: Option<String>,
    /// SPDX identifier of the licence, where the copyright notice is one.
    pub license: Option<String>,
}

/// Licences of open pictures that a copyright notice may consist of.
const LICENSES: [&str; 8] =
    ["CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "etalab-2.0", "ODbL-1.0", "ODC-By-1.0", "PDDL-1.0", "OGL-UK-3.0"];

/// Standard deviation of a position whose error is not stated, metres: a consumer receiver under an open sky.
pub const DEFAULT_POSITION_SD_M: f64 = 4.0;

/// Standard deviation of a heading against magnetic north, degrees. The declination is not corrected: it is
/// 1 to 3 degrees over Europe and up to 20 elsewhere, and many writers say "magnetic" for a true heading.
pub const MAGNETIC_SD_DEG: f64 = 8.0;

/// A camera without a known focal length whose picture is exactly twice as wide as high, and at least so wide,
/// looks all round.
const MIN_PANORAMA_WIDTH: u16 = 4000;

/// Clamps a stated standard deviation of a position to what is credible: metres from 0.3 to 20.
pub fn credible_position_sd_m(stated_m: Option<f64>) -> f64 {
    stated_m.filter(|sd| sd.is_finite() && *sd > 0.0).map_or(DEFAULT_POSITION_SD_M, |sd| sd.clamp(0.3, 20.0))
}

/// The pose for a heading that a camera wrote, `reference` being EXIF's `GPSImgDirectionRef`.
///
/// `None` if it is no direction, and for exactly 0, which cameras write when they do not know.
pub fn measured_pose(heading_deg: f64, reference: Option<&str>) -> Option<Pose> {
    if !heading_deg.is_finite() || heading_deg == 0.0 || heading_deg.abs() > 360.0 {
        return None;
    }
    let mut pose = HeadingSource::Measured.pose(heading_deg);
    if reference.is_some_and(|r| r.starts_with(['M', 'm'])) {
        pose.heading_sd_deg = MAGNETIC_SD_DEG;
    }
    Some(pose)
}

/// The field of view along the longer side, degrees, for a focal length on film of 36 × 24 mm.
pub fn fov_of_focal_length_35mm(focal_mm: f64) -> Option<f64> {
    // Cameras that do not know write 0.
    (1.0..=5000.0).contains(&focal_mm).then(|| 2.0 * (18.0 / focal_mm).atan().to_degrees())
}

/// Interprets the headers of a JPEG. Damaged parts count as missing.
pub fn interpret(headers: &Headers) -> Metadata {
    let fields = Fields::parse(headers.exif.as_deref());
    let panorama = headers.xmp.as_deref().map(Panorama::parse).unwrap_or_default();
    let direction = fields.number(Tag::GPSImgDirection, 0);
    Metadata {
        lon_lat_deg: fields.lon_lat_deg(),
        position_sd_m: credible_position_sd_m(fields.number(Tag::GPSHPositioningError, 0)),
        pose: direction
            .and_then(|d| measured_pose(d, fields.text(Tag::GPSImgDirectionRef).as_deref()))
            .or_else(|| panorama.number("PoseHeadingDegrees").and_then(|d| measured_pose(d, None))),
        taken_at: fields.taken_at(),
        camera: camera(&fields, &panorama, headers.size),
        artist: fields.text(Tag::Artist),
        license: fields.text(Tag::Copyright).and_then(|notice| {
            let known = LICENSES.iter().find(|license| notice.trim().eq_ignore_ascii_case(license))?;
            Some((*known).to_owned())
        }),
    }
}

fn camera(fields: &Fields, panorama: &Panorama, size: Option<(u16, u16)>) -> Result<Camera, String> {
    match panorama.projection().as_deref() {
        Some("equirectangular") => return Ok(Camera::Equirectangular { crop: panorama.crop() }),
        Some("rectilinear" | "perspective" | "") | None => {}
        Some(other) => return Err(other.chars().take(40).collect()),
    }
    let long_side_fov_deg = fields.number(Tag::FocalLengthIn35mmFilm, 0).and_then(fov_of_focal_length_35mm);
    let twice_as_wide = size.is_some_and(|(w, h)| w >= MIN_PANORAMA_WIDTH && u32::from(w) == 2 * u32::from(h));
    if long_side_fov_deg.is_none() && twice_as_wide {
        return Ok(Camera::Equirectangular { crop: None });
    }
    Ok(Camera::Perspective { long_side_fov_deg })
}

/// The fields of an EXIF structure, possibly none.
struct Fields(Option<Exif>);

impl Fields {
    fn parse(tiff: Option<&[u8]>) -> Self {
        let parsed = tiff.and_then(|t| {
            let read = Reader::new().continue_on_error(true).read_raw(t.to_vec());
            read.or_else(|e| e.distill_partial_result(|_| ())).ok()
        });
        Self(parsed)
    }

    fn value(&self, tag: Tag) -> Option<&Value> {
        self.0.as_ref()?.get_field(tag, In::PRIMARY).map(|f: &Field| &f.value)
    }

    /// The finite number at `index` of a field of any numeric type.
    fn number(&self, tag: Tag, index: usize) -> Option<f64> {
        let number = match self.value(tag)? {
            Value::Rational(v) => v.get(index)?.to_f64(),
            Value::SRational(v) => v.get(index)?.to_f64(),
            Value::Float(v) => f64::from(*v.get(index)?),
            Value::Double(v) => *v.get(index)?,
            other => f64::from(other.get_uint(index)?),
        };
        number.is_finite().then_some(number)
    }

    /// The number of components of a field.
    fn count(&self, tag: Tag) -> usize {
        match self.value(tag) {
            Some(Value::Rational(v)) => v.len(),
            Some(Value::SRational(v)) => v.len(),
            Some(_) => 1,
            None => 0,
        }
    }

    fn bytes(&self, tag: Tag) -> Option<&[u8]> {
        match self.value(tag)? {
            Value::Ascii(texts) => texts.first().map(Vec::as_slice),
            _ => None,
        }
    }

    fn text(&self, tag: Tag) -> Option<String> {
        let text = String::from_utf8_lossy(self.bytes(tag)?);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn lon_lat_deg(&self) -> Option<(f64, f64)> {
        let lat = self.angle_deg(Tag::GPSLatitude, Tag::GPSLatitudeRef, ['N', 'S'])?;
        let lon = self.angle_deg(Tag::GPSLongitude, Tag::GPSLongitudeRef, ['E', 'W'])?;
        // Receivers without a fix write 0, 0.
        (lat.abs() <= 90.0 && lon.abs() <= 180.0 && (lon, lat) != (0.0, 0.0)).then_some((lon, lat))
    }

    /// Degrees, minutes and seconds. Without the letter of its half of the globe an angle means nothing.
    fn angle_deg(&self, tag: Tag, reference: Tag, [positive, negative]: [char; 2]) -> Option<f64> {
        let part = |index| if index < self.count(tag) { self.number(tag, index) } else { Some(0.0) };
        let degrees = self.number(tag, 0)? + part(1)? / 60.0 + part(2)? / 3600.0;
        match self.text(reference)?.chars().next()?.to_ascii_uppercase() {
            letter if letter == positive => Some(degrees),
            letter if letter == negative => Some(-degrees),
            _ => None,
        }
    }

    /// The camera's time with its offset; else the receiver's time; else the camera's time taken as UTC, which
    /// keeps the order of pictures and is at most 14 hours off.
    fn taken_at(&self) -> Option<Timestamp> {
        let local = self.camera_time();
        let with_offset = local.as_ref().filter(|t| t.offset.is_some());
        with_offset.and_then(timestamp).or_else(|| self.receiver_time()).or_else(|| timestamp(local.as_ref()?))
    }

    fn camera_time(&self) -> Option<DateTime> {
        let tags = [
            (Tag::DateTimeOriginal, Tag::SubSecTimeOriginal, Tag::OffsetTimeOriginal),
            (Tag::DateTimeDigitized, Tag::SubSecTimeDigitized, Tag::OffsetTimeDigitized),
            (Tag::DateTime, Tag::SubSecTime, Tag::OffsetTime),
        ];
        tags.into_iter().find_map(|(time, fraction, offset)| {
            let mut time = DateTime::from_ascii(self.bytes(time)?).ok()?;
            // Each of the two may be missing or damaged; the time stands without.
            let _ = self.bytes(fraction).map(|b| time.parse_subsec(b));
            let _ = self.bytes(offset).map(|b| time.parse_offset(b));
            Some(time)
        })
    }

    /// `GPSDateStamp` and `GPSTimeStamp`, which are UTC.
    fn receiver_time(&self) -> Option<Timestamp> {
        let day = self.text(Tag::GPSDateStamp)?;
        let mut parts = day.split([':', '-']).map(str::parse::<i16>);
        let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) = (parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        let [hours, minutes, seconds] = [0, 1, 2].map(|i| self.number(Tag::GPSTimeStamp, i));
        let seconds = hours? * 3600.0 + minutes? * 60.0 + seconds?;
        if !(0.0..86_401.0).contains(&seconds) {
            return None;
        }
        let midnight = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        let since_midnight = SignedDuration::try_from_secs_f64(seconds).ok()?;
        Offset::UTC.to_timestamp(midnight.at(0, 0, 0, 0)).ok()?.checked_add(since_midnight).ok()
    }
}

/// The moment that a camera's time names, as UTC where it has no offset.
fn timestamp(time: &DateTime) -> Option<Timestamp> {
    let part = |v: u8| i8::try_from(v).ok();
    let day = Date::new(i16::try_from(time.year).ok()?, part(time.month)?, part(time.day)?).ok()?;
    let nanosecond = i32::try_from(time.nanosecond.unwrap_or(0)).ok()?;
    let clock = Time::new(part(time.hour)?, part(time.minute)?, part(time.second)?, nanosecond).ok()?;
    let offset = Offset::from_seconds(i32::from(time.offset.unwrap_or(0)) * 60).ok()?;
    offset.to_timestamp(day.to_datetime(clock)).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use exif::Rational;
    use exif::experimental::Writer;
    use proptest::prelude::*;

    use super::*;

    fn example() -> Vec<u8> {
        let angle = |deg| Value::Rational([deg, 30, 0].map(|num| Rational { num, denom: 1 }).into());
        let text = |text: &str| Value::Ascii(vec![text.into()]);
        let fields = [
            (Tag::GPSLatitudeRef, text("N")),
            (Tag::GPSLatitude, angle(48)),
            (Tag::GPSLongitudeRef, text("E")),
            (Tag::GPSLongitude, angle(2)),
            (Tag::GPSDateStamp, text("2024:05:06")),
            (Tag::GPSTimeStamp, angle(8)),
            (Tag::DateTimeOriginal, text("2024:05:06 10:00:00")),
            (Tag::Artist, text("Ada")),
            (Tag::Copyright, text("cc0-1.0 ")),
        ]
        .map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value });
        let mut writer = Writer::new();
        fields.iter().for_each(|f| writer.push_field(f));
        let mut tiff = Cursor::new(Vec::new());
        writer.write(&mut tiff, true).unwrap();
        tiff.into_inner()
    }

    fn read(tiff: Vec<u8>) -> Metadata {
        interpret(&Headers { exif: Some(tiff), ..Headers::default() })
    }

    #[test]
    fn the_example_is_read() {
        let metadata = read(example());
        assert_eq!(metadata.lon_lat_deg, Some((2.5, 48.5)));
        assert_eq!(metadata.artist.as_deref(), Some("Ada"));
        assert_eq!(metadata.license.as_deref(), Some("CC0-1.0"));
        assert_eq!(metadata.taken_at.unwrap().to_string(), "2024-05-06T08:30:00Z");
    }

    proptest! {
        #[test]
        fn no_damage_upsets_it(
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
            cut in any::<proptest::sample::Index>(),
        ) {
            let mut tiff = example();
            for (at, byte) in damage {
                let at = at.index(tiff.len());
                tiff[at] = byte;
            }
            let metadata = read(tiff.clone());
            prop_assert!(metadata.lon_lat_deg.is_none_or(|(lon, lat)| lon.abs() <= 180.0 && lat.abs() <= 90.0));
            prop_assert!((0.3..=20.0).contains(&metadata.position_sd_m));
            tiff.truncate(cut.index(tiff.len()));
            let _ = read(tiff);
        }
    }
}
