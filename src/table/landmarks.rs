//! The inventory that a GeoPackage holds, as a table.

use std::path::Path;

use geo::Geometry;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::Records;
use super::kind::CONVERT;
use crate::geopackage;

/// How such a file begins, as every one of SQLite does.
pub(super) const BEGIN: &[u8] = b"SQLite format 3\0";

/// What a row is called, the columns and the rows of the inventory that a GeoPackage holds.
pub(super) fn landmarks(path: &Path) -> Result<Records, String> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(in_words)?;
    check(&database)?;
    read(&database).map_err(in_words)
}

/// Refuses what is no inventory in WGS 84.
fn check(database: &Connection) -> Result<(), String> {
    let has = |name: &str| {
        let count = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?";
        database.query_row(count, [name], |row| row.get::<_, bool>(0)).map_err(in_words)
    };
    if has("arpent")? {
        return Err("holds a survey, and a table is wanted".to_owned());
    }
    if !has("landmarks")? || !has("gpkg_geometry_columns")? {
        return Err(format!("is a database without an inventory of arpent: {CONVERT}"));
    }
    let srs = "SELECT max(srs_id) FROM gpkg_geometry_columns WHERE table_name = 'landmarks'";
    let srs: Option<i64> = database.query_row(srs, [], |row| row.get(0)).map_err(in_words)?;
    match srs {
        Some(4326) => Ok(()),
        Some(srs) => Err(format!("is in EPSG:{srs}, and WGS 84 is wanted: export the inventory without --crs")),
        None => Err(format!("is a database without the places of its landmarks: {CONVERT}")),
    }
}

fn read(database: &Connection) -> rusqlite::Result<Records> {
    let mut select = database.prepare("SELECT * FROM landmarks ORDER BY rowid")?;
    let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
    let header = ["lon", "lat"].into_iter().chain(columns.iter().map(String::as_str)).collect();
    let rows = select.query_map([], |row| {
        let cells = (0..columns.len()).map(|column| row.get_ref(column)).collect::<Result<Vec<_>, _>>()?;
        let place = cells.iter().find_map(|cell| place_in(*cell)).unwrap_or_default();
        Ok(place.into_iter().chain(cells.into_iter().map(text_of)).collect())
    })?;
    Ok(("landmark", header, rows.collect::<rusqlite::Result<_>>()?))
}

/// Longitude and latitude, if the cell is a point.
fn place_in(cell: ValueRef<'_>) -> Option<[String; 2]> {
    match geopackage::read(cell.as_blob().ok()?)? {
        Geometry::Point(point) => Some([point.x(), point.y()].map(|degrees| degrees.to_string())),
        _ => None,
    }
}

fn in_words(error: rusqlite::Error) -> String {
    format!("cannot be read: {}", crate::causes(&error))
}

fn text_of(cell: ValueRef<'_>) -> String {
    match cell {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Null | ValueRef::Blob(_) => String::new(),
    }
}
