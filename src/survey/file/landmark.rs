//! Landmarks as rows: the columns of an entry of the inventory.

use rusqlite::{Transaction, params};

use super::text;
use crate::geopackage;
use crate::inventory::Entry;

pub(super) fn insert_landmark(change: &Transaction<'_>, survey: i64, entry: &Entry) -> rusqlite::Result<()> {
    change
        .prepare_cached(
            "INSERT INTO landmarks (survey, geom, id, find, class, value, label, class_confidence, probability, method,
                 accuracy_m, ellipse_major_m, ellipse_minor_m, ellipse_azimuth_deg, direction_deg, direction_sd_deg, support,
                 installation, surface_m2, surface_sd_m2, sightings, sequences,
                 first_seen, last_seen, panoramax, picture_url, picture_box, license, producer, osm_tags)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            entry.method,
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
            text(entry.first_seen),
            text(entry.last_seen),
            entry.panoramax,
            entry.picture_url,
            entry.picture_box,
            entry.license,
            entry.producer,
            entry.osm_tags,
        ])?;
    Ok(())
}
