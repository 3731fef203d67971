//! Landmarks as rows, the columns of an entry of the inventory, and back.

use geo::Geometry;
use rusqlite::{Connection, Row, Transaction, params};

use super::time;
use crate::geopackage;
use crate::inventory::Entry;
use crate::locate::Method;

pub(super) fn insert_landmark(change: &Transaction<'_>, survey: i64, entry: &Entry) -> rusqlite::Result<()> {
    change
        .prepare_cached(
            "INSERT INTO landmarks (survey, geom, id, find, class, value, label, class_confidence, probability, method,
                 accuracy_m, ellipse_major_m, ellipse_minor_m, ellipse_azimuth_deg, direction_deg, direction_sd_deg, support,
                 installation, surface_m2, surface_sd_m2, sightings, sequences,
                 first_seen, last_seen, panoramax, picture_url, picture_box, license, producer, osm_tags, reviewed)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            survey,
            geopackage::point(entry.lon_deg, entry.lat_deg),
            entry.id,
            entry.find,
            entry.class,
            entry.value,
            entry.label,
            entry.class_confidence,
            entry.probability,
            entry.method.name(),
            entry.accuracy_m,
            entry.ellipse_major_m,
            entry.ellipse_minor_m,
            entry.ellipse_azimuth_deg,
            entry.direction_deg,
            entry.direction_sd_deg,
            entry.support,
            entry.installation,
            entry.surface_m2,
            entry.surface_sd_m2,
            entry.sightings,
            entry.sequences,
            entry.first_seen.map(geopackage::datetime),
            entry.last_seen.map(geopackage::datetime),
            entry.panoramax,
            entry.picture_url,
            entry.picture_box,
            entry.license,
            entry.producer,
            entry.osm_tags,
            entry.reviewed,
        ])?;
    Ok(())
}

/// The landmarks of a survey in their order; `None` for one whose place or method is none.
pub(super) fn read_landmarks(connection: &Connection, survey: i64) -> rusqlite::Result<Vec<Option<Entry>>> {
    let mut select = connection.prepare("SELECT * FROM landmarks WHERE survey = ? ORDER BY fid")?;
    select.query_map([survey], read_landmark)?.collect()
}

/// The landmark of a row; `None` where its place or its method is none.
fn read_landmark(row: &Row<'_>) -> rusqlite::Result<Option<Entry>> {
    let Some(Geometry::Point(place)) = row.get_ref("geom")?.as_blob_or_null()?.and_then(geopackage::read) else {
        return Ok(None);
    };
    let Some(method) = Method::of_name(row.get_ref("method")?.as_str()?) else { return Ok(None) };
    Ok(Some(Entry {
        lon_deg: place.x(),
        lat_deg: place.y(),
        id: row.get("id")?,
        find: row.get("find")?,
        class: row.get("class")?,
        value: row.get("value")?,
        label: row.get("label")?,
        class_confidence: row.get("class_confidence")?,
        probability: row.get("probability")?,
        method,
        accuracy_m: row.get("accuracy_m")?,
        ellipse_major_m: row.get("ellipse_major_m")?,
        ellipse_minor_m: row.get("ellipse_minor_m")?,
        ellipse_azimuth_deg: row.get("ellipse_azimuth_deg")?,
        direction_deg: row.get("direction_deg")?,
        direction_sd_deg: row.get("direction_sd_deg")?,
        support: row.get("support")?,
        installation: row.get("installation")?,
        surface_m2: row.get("surface_m2")?,
        surface_sd_m2: row.get("surface_sd_m2")?,
        sightings: row.get("sightings")?,
        sequences: row.get("sequences")?,
        first_seen: time(row, "first_seen")?,
        last_seen: time(row, "last_seen")?,
        panoramax: row.get("panoramax")?,
        picture_url: row.get("picture_url")?,
        picture_box: row.get("picture_box")?,
        license: row.get("license")?,
        producer: row.get("producer")?,
        osm_tags: row.get("osm_tags")?,
        reviewed: row.get("reviewed")?,
    }))
}
