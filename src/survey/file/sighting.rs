//! Sightings as rows: a detection, and what it means in the world.

use geo::{Coord, Destination, Haversine, Point};
use rusqlite::{Connection, Transaction, params};

use crate::geopackage;
use crate::model::{Class, Detection, Reading};
use crate::picture::Picture;
use crate::sighting::{Range, Sighting};
use crate::view::PixelBox;

/// A ray without a range is drawn so long, metres.
const DRAWN_RAY_M: f64 = 20.0;

/// A detection as it is kept, with what it means in the world.
#[derive(Debug)]
pub(in crate::survey) struct Seen<'a> {
    pub detection: Detection,
    /// Who made it, where that was not the detector.
    pub origin: Option<String>,
    /// The detector's class of it.
    pub class: &'a Class,
    /// What it is called by itself, without other sightings of the same thing.
    pub called: String,
    pub sighting: Sighting,
    /// Its box in the file's own pixels.
    pub file_box: PixelBox,
}

pub(super) fn forget_sightings(change: &Transaction<'_>, survey: i64, picture_id: &str) -> rusqlite::Result<()> {
    change
        .prepare_cached("DELETE FROM sightings WHERE survey = ? AND picture_id = ?")?
        .execute(params![survey, picture_id])?;
    Ok(())
}

/// Puts the sightings that others made of a picture in the place of those before; says whether they are other ones.
pub(super) fn replace_foreign(
    change: &Transaction<'_>,
    survey: i64,
    picture: &Picture,
    seen: &[Seen<'_>],
) -> rusqlite::Result<bool> {
    let mut select = change.prepare_cached(
        "SELECT class, score, x0, y0, x1, y1, reading, origin FROM sightings
         WHERE survey = ? AND picture_id = ? AND origin IS NOT NULL ORDER BY fid",
    )?;
    let mut rows = select.query(params![survey, picture.id])?;
    let mut known = Vec::new();
    while let Some(row) = rows.next()? {
        let numbers: [f32; 5] = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
        known.push((row.get::<_, String>(0)?, numbers, row.get::<_, Option<String>>(6)?, row.get(7)?));
    }
    let now = seen.iter().map(|seen| {
        let Detection { score, reading, pixels: PixelBox { x0, y0, x1, y1 }, .. } = seen.detection;
        (seen.class.name.clone(), [score, x0, y0, x1, y1], reading.map(|r| r.to_text()), seen.origin.clone())
    });
    if known == now.collect::<Vec<_>>() {
        return Ok(false);
    }
    change
        .prepare_cached("DELETE FROM sightings WHERE survey = ? AND picture_id = ? AND origin IS NOT NULL")?
        .execute(params![survey, picture.id])?;
    for seen in seen {
        insert_sighting(change, survey, picture, seen)?;
    }
    Ok(true)
}

pub(super) fn insert_sighting(
    change: &Transaction<'_>,
    survey: i64,
    picture: &Picture,
    seen: &Seen<'_>,
) -> rusqlite::Result<()> {
    let Seen { detection, origin, class, called, sighting, file_box } = seen;
    change
        .prepare_cached(
            "INSERT INTO sightings (survey, picture_id, class, called, score, picture_box, x0, y0, x1, y1, reading,
                 origin)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            survey,
            picture.id,
            class.name,
            called,
            detection.score,
            file_box.to_text(),
            detection.pixels.x0,
            detection.pixels.y0,
            detection.pixels.x1,
            detection.pixels.y1,
            detection.reading.map(|reading| reading.to_text()),
            origin,
        ])?;
    let camera_lon_lat_deg = (picture.lon_deg, picture.lat_deg);
    tie(change, &Tied { fid: change.last_insert_rowid(), camera_lon_lat_deg, sighting, landmark: None })
}

/// What a sighting that is kept means in the world.
pub(in crate::survey) struct Tied<'a> {
    /// The key of its row.
    pub fid: i64,
    pub camera_lon_lat_deg: (f64, f64),
    pub sighting: &'a Sighting,
    /// The landmark that rests on it.
    pub landmark: Option<&'a str>,
}

/// Writes what a sighting means in the world, where that is not what stands there.
pub(super) fn tie(change: &Transaction<'_>, tied: &Tied<'_>) -> rusqlite::Result<()> {
    let Tied { fid, camera_lon_lat_deg, sighting, landmark } = tied;
    let camera = Coord::from(*camera_lon_lat_deg);
    let length_m = sighting.range.map_or(DRAWN_RAY_M, |range| range.range_m);
    let end = Haversine.destination(Point(camera), sighting.azimuth_deg, length_m);
    let range = |side: fn(Range) -> f64| sighting.range.map(side);
    change
        .prepare_cached(
            "UPDATE sightings SET geom = ?2, azimuth_deg = ?3, azimuth_sd_deg = ?4, elevation_deg = ?5, range_m = ?6,
                 range_sd_m = ?7, landmark = ?8
             WHERE fid = ?1 AND (geom IS NOT ?2 OR azimuth_sd_deg IS NOT ?4 OR elevation_deg IS NOT ?5 OR
                 range_sd_m IS NOT ?7 OR landmark IS NOT ?8)",
        )?
        .execute(params![
            fid,
            geopackage::segment(camera, end.into()),
            sighting.azimuth_deg,
            sighting.azimuth_sd_deg,
            sighting.elevation_deg,
            range(|r| r.range_m),
            range(|r| r.range_sd_m),
            landmark,
        ])?;
    Ok(())
}

/// A sighting as it is kept; its detection's class stands for nothing yet.
pub(super) struct Kept {
    pub fid: i64,
    pub class: String,
    pub detection: Detection,
    pub origin: Option<String>,
    pub landmark: Option<String>,
}

/// The sightings of a picture: the detector's, then those of others, each in the order in which they were kept.
pub(super) fn sightings(connection: &Connection, survey: i64, picture_id: &str) -> rusqlite::Result<Vec<Kept>> {
    let mut select = connection.prepare_cached(
        "SELECT fid, class, score, x0, y0, x1, y1, reading, origin, landmark FROM sightings
         WHERE survey = ? AND picture_id = ? ORDER BY origin IS NOT NULL, fid",
    )?;
    let rows = select.query_map(params![survey, picture_id], |row| {
        let pixels = PixelBox { x0: row.get("x0")?, y0: row.get("y0")?, x1: row.get("x1")?, y1: row.get("y1")? };
        let reading: Option<String> = row.get("reading")?;
        let reading = reading.and_then(|text| Reading::parse(&text));
        Ok(Kept {
            fid: row.get("fid")?,
            class: row.get("class")?,
            detection: Detection { class: 0, score: row.get("score")?, reading, pixels },
            origin: row.get("origin")?,
            landmark: row.get("landmark")?,
        })
    })?;
    rows.collect()
}
