//! Pictures as rows, and back.

use geo::Geometry;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};

use super::sighting::forget_sightings;
use super::{Kept, time};
use crate::geopackage;
use crate::picture::{Camera, Crop, HeadingSource, Image, Picture, Pose, is_address};
use crate::source::Unusable;
use crate::view::Turn;

/// The columns that a picture is read from.
pub(super) const PICTURE_COLUMNS: &str =
    "geom, picture_id, sequence, rank, position_sd_m, heading_deg, heading_sd_deg,
    heading_source, camera, fov_deg, crop, taken_at, license, producer, image, page_url, size_bytes";

/// The order of [`crate::picture::compare_as_taken`]. Times are text, in which `05.5Z` would come before `05Z`.
pub(super) const AS_TAKEN: &str = "sequence, rank, rtrim(taken_at, 'Z'), picture_id";

/// The row of a picture that is listed.
pub(super) struct NotedPicture {
    pub fid: i64,
    /// Whether the file had something else, or nothing.
    pub is_news: bool,
}

/// Inserts a picture, or brings what is known of it up to date.
pub(super) fn note_picture(
    change: &Transaction<'_>,
    survey: i64,
    picture: &Picture,
) -> rusqlite::Result<NotedPicture> {
    let known = change
        .prepare_cached(&format!(
            "SELECT {PICTURE_COLUMNS}, fid, listed FROM pictures WHERE survey = ? AND picture_id = ?"
        ))?
        .query_row(params![survey, picture.id], |row| {
            Ok((read_picture(row)?, row.get::<_, bool>("listed")?, row.get("fid")?))
        })
        .optional()?;
    let known = match known {
        Some((Some(known), true, fid)) if known == as_kept(picture) => {
            return Ok(NotedPicture { fid, is_news: false });
        }
        Some((known, _, _)) => known,
        None => None,
    };
    let (fov_deg, crop) = match picture.camera {
        Camera::Perspective { long_side_fov_deg } => (long_side_fov_deg, None),
        Camera::Equirectangular { crop } => (Some(360.0), crop.map(|crop| crop_text(&crop))),
    };
    // A picture of another image loses its state; one that only moved or got another name keeps it.
    let same_image = known.is_some_and(|known| shows_the_same(&known, picture));
    if !same_image {
        forget_sightings(change, survey, &picture.id)?;
    }
    change
        .prepare_cached(
            "INSERT INTO pictures (survey, picture_id, state, listed, geom, sequence, rank, position_sd_m, heading_deg,
                 heading_sd_deg, heading_source, camera, fov_deg, crop, taken_at, license, producer, image, page_url,
                 size_bytes)
             VALUES (:survey, :id, 'todo', 1, :geom, :sequence, :rank, :position_sd_m, :heading_deg, :heading_sd_deg,
                 :heading_source, :camera, :fov_deg, :crop, :taken_at, :license, :producer, :image, :page_url,
                 :size_bytes)
             ON CONFLICT (survey, picture_id) DO UPDATE SET
                 state = CASE WHEN :same_image THEN state ELSE 'todo' END,
                 reason = CASE WHEN :same_image THEN reason END,
                 width = CASE WHEN :same_image THEN width END,
                 height = CASE WHEN :same_image THEN height END,
                 orientation = CASE WHEN :same_image THEN orientation END,
                 looked_at = CASE WHEN :same_image THEN looked_at END,
                 listed = 1, geom = :geom, sequence = :sequence, rank = :rank, position_sd_m = :position_sd_m,
                 heading_deg = :heading_deg, heading_sd_deg = :heading_sd_deg, heading_source = :heading_source,
                 camera = :camera, fov_deg = :fov_deg, crop = :crop, taken_at = :taken_at, license = :license,
                 producer = :producer, image = :image, page_url = :page_url, size_bytes = :size_bytes
             RETURNING fid",
        )?
        .query_row(
            named_params! {
            ":survey": survey,
            ":id": picture.id,
            ":same_image": same_image,
            ":geom": geopackage::point(picture.lon_deg, picture.lat_deg),
            ":sequence": picture.sequence,
            ":rank": picture.rank.map(|rank| rank as i64),
            ":position_sd_m": picture.position_sd_m,
            ":heading_deg": picture.pose.heading_deg,
            ":heading_sd_deg": picture.pose.heading_sd_deg,
            ":heading_source": heading_name(picture.pose.heading_source),
            ":camera": if picture.camera.is_equirectangular() { "equirectangular" } else { "perspective" },
            ":fov_deg": fov_deg,
            ":crop": crop,
            ":taken_at": picture.taken_at.map(geopackage::datetime),
            ":license": picture.license,
            ":producer": picture.producer,
            ":image": image_text(&picture.image),
            ":page_url": picture.page_url,
            ":size_bytes": picture.size_bytes.map(|size| size as i64),
            },
            |row| Ok(NotedPicture { fid: row.get(0)?, is_news: true }),
        )
}

/// The state of a picture that was looked at, after its sightings.
pub(super) const STATE_OF_SIGHTINGS: &str = "CASE WHEN EXISTS
    (SELECT 1 FROM sightings s WHERE s.survey = ?1 AND s.picture_id = ?2) THEN 'done' ELSE 'empty' END";

/// Writes what became of a picture, whose sightings stand in the file already.
pub(super) fn set_state(
    change: &Transaction<'_>,
    survey: i64,
    picture_id: &str,
    outcome: &Kept<'_>,
    looked_at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let (state, turn, reason) = match outcome {
        Ok((turn, _)) => (STATE_OF_SIGHTINGS, Some(turn), None),
        Err(reason) => ("'failed'", None, Some(reason)),
    };
    change
        .prepare_cached(&format!(
            "UPDATE pictures SET state = {state}, reason = ?3, width = ?4, height = ?5, orientation = ?6,
                 looked_at = ?7
             WHERE survey = ?1 AND picture_id = ?2"
        ))?
        .execute(params![
            survey,
            picture_id,
            reason,
            turn.map(|t| t.width),
            turn.map(|t| t.height),
            turn.map(Turn::to_exif),
            looked_at.map(geopackage::datetime),
        ])?;
    Ok(())
}

/// Notes a picture that cannot be used, and gives its key.
pub(super) fn note_unusable(change: &Transaction<'_>, survey: i64, unusable: &Unusable) -> rusqlite::Result<i64> {
    forget_sightings(change, survey, &unusable.id)?;
    change
        .prepare_cached(
            "INSERT INTO pictures (survey, picture_id, state, reason, listed) VALUES (?1, ?2, 'failed', ?3, 1)
             ON CONFLICT (survey, picture_id) DO UPDATE SET geom = NULL, state = 'failed', reason = ?3, listed = 1
             RETURNING fid",
        )?
        .query_row(params![survey, unusable.id, unusable.reason], |row| row.get(0))
}

/// Whether two listings of a picture speak of one image, seen by one camera.
fn shows_the_same(known: &Picture, now: &Picture) -> bool {
    // What stands behind a question mark may be a signature that is new every time.
    let place = |image: &Image| image_text(image).split('?').next().unwrap_or_default().to_owned();
    let same_size = known.size_bytes.zip(now.size_bytes).is_none_or(|(known, now)| known == now);
    same_size && known.camera == now.camera && place(&known.image) == place(&now.image)
}

/// A picture as it comes back from the file: paths are kept as text.
fn as_kept(picture: &Picture) -> Picture {
    Picture { image: image_of(image_text(&picture.image)), ..picture.clone() }
}

fn image_text(image: &Image) -> String {
    match image {
        Image::File(path) => path.to_string_lossy().into_owned(),
        Image::Url(address) => address.clone(),
    }
}

pub(super) fn image_of(text: String) -> Image {
    match is_address(&text) {
        true => Image::Url(text),
        false => Image::File(text.into()),
    }
}

/// The picture of a row; `None` where it has no position and so cannot be used.
pub(super) fn read_picture(row: &Row<'_>) -> rusqlite::Result<Option<Picture>> {
    let Some(Geometry::Point(place)) = row.get_ref("geom")?.as_blob_or_null()?.and_then(geopackage::read) else {
        return Ok(None);
    };
    let fov_deg = row.get("fov_deg")?;
    let camera = match row.get_ref("camera")?.as_str()? {
        "equirectangular" => {
            let crop: Option<String> = row.get("crop")?;
            Camera::Equirectangular { crop: crop.and_then(|text| parse_crop(&text)) }
        }
        _ => Camera::Perspective { long_side_fov_deg: fov_deg },
    };
    Ok(Some(Picture {
        id: row.get("picture_id")?,
        sequence: row.get("sequence")?,
        rank: row.get::<_, Option<i64>>("rank")?.map(|rank| rank as u64),
        lon_deg: place.x(),
        lat_deg: place.y(),
        position_sd_m: row.get("position_sd_m")?,
        pose: Pose {
            heading_deg: row.get("heading_deg")?,
            heading_sd_deg: row.get("heading_sd_deg")?,
            heading_source: heading_of(row.get_ref("heading_source")?.as_str()?),
        },
        camera,
        taken_at: time(row, "taken_at")?,
        license: row.get("license")?,
        producer: row.get("producer")?,
        image: image_of(row.get("image")?),
        page_url: row.get("page_url")?,
        size_bytes: row.get::<_, Option<i64>>("size_bytes")?.map(|size| size as u64),
    }))
}

pub(super) fn turn(row: &Row<'_>) -> rusqlite::Result<Option<Turn>> {
    let (width, height): (Option<u32>, Option<u32>) = (row.get("width")?, row.get("height")?);
    let orientation: Option<u8> = row.get("orientation")?;
    Ok(orientation.zip(width.zip(height)).and_then(|(o, (width, height))| Turn::from_exif(o, width, height)))
}

fn heading_name(source: HeadingSource) -> &'static str {
    match source {
        HeadingSource::Measured => "measured",
        HeadingSource::Travel => "travel",
        HeadingSource::Unknown => "unknown",
    }
}

fn heading_of(name: &str) -> HeadingSource {
    match name {
        "measured" => HeadingSource::Measured,
        "travel" => HeadingSource::Travel,
        _ => HeadingSource::Unknown,
    }
}

/// A crop as `full_width,full_height,left,top,width,height`.
fn crop_text(crop: &Crop) -> String {
    let Crop { full_width, full_height, left, top, width, height } = crop;
    format!("{full_width},{full_height},{left},{top},{width},{height}")
}

fn parse_crop(text: &str) -> Option<Crop> {
    let numbers: Vec<f64> = text.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [full_width, full_height, left, top, width, height] = numbers[..] else { return None };
    Some(Crop { full_width, full_height, left, top, width, height })
}
