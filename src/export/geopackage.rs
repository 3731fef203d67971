//! GeoPackage with an inventory alone: the layer `landmarks` with a spatial index, and the table `survey` with the
//! lineage, a row for each member.

use std::io::{self, Write};
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, MAIN_DB, OpenFlags, params_from_iter};

use super::columns::{COLUMNS, Column, Values, time_text};
use super::place;
use crate::crs::Crs;
use crate::geopackage::{self, Layer};
use crate::inventory::{Entry, Inventory};

/// What stands in place of the time of a run that has none, so that equal inventories are equal files.
const NO_TIME: &str = "1970-01-01T00:00:00.000Z";

/// The tables of an SQLite file that no inventory has, such as a town's own layers: they would be lost if an inventory took
/// its place. None where there is no such file.
pub fn foreign_tables(path: &Path) -> Vec<String> {
    let names = || {
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut select = database.prepare(
            r"SELECT name FROM sqlite_schema
              WHERE type = 'table' AND name NOT IN ('landmarks', 'survey') AND name NOT LIKE 'rtree\_landmarks\_%' ESCAPE '\'
                AND name NOT LIKE 'gpkg\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
              ORDER BY name",
        )?;
        select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()
    };
    if path.is_file() { names().unwrap_or_default() } else { Vec::new() }
}

/// Writes an inventory.
pub fn write(inventory: &Inventory, crs: &Crs, out: &mut dyn Write) -> io::Result<()> {
    let mut database = Connection::open_in_memory().map_err(io::Error::other)?;
    fill(&mut database, inventory, crs)?;
    // Times of now, written before those of the run, would stay in the free space of the pages.
    database.execute_batch("VACUUM").map_err(io::Error::other)?;
    out.write_all(&database.serialize(MAIN_DB).map_err(io::Error::other)?)
}

fn fill(database: &mut Connection, inventory: &Inventory, crs: &Crs) -> io::Result<()> {
    let change = database.transaction().map_err(io::Error::other)?;
    let columns = COLUMNS.iter().map(declaration).collect::<Vec<_>>().join(", ");
    let layers = [
        Layer {
            name: "landmarks",
            description: "What stands along the street, once each",
            geometry: Some("POINT"),
            columns: &columns,
        },
        Layer {
            name: "survey",
            description: "How the landmarks were obtained",
            geometry: None,
            columns: "name TEXT NOT NULL, value TEXT",
        },
    ];
    geopackage::create(&change, &layers).map_err(io::Error::other)?;
    geopackage::set_crs(&change, "landmarks", crs).map_err(io::Error::other)?;
    insert_entries(&change, inventory, crs)?;
    insert_lineage(&change, inventory)?;
    geopackage::note_extent(&change, "landmarks").map_err(io::Error::other)?;
    geopackage::add_spatial_index(&change, "landmarks").map_err(io::Error::other)?;
    let changed = inventory.lineage.finished_at.map_or_else(|| NO_TIME.to_owned(), time_text);
    change.execute("UPDATE gpkg_contents SET last_change = ?", [changed]).map_err(io::Error::other)?;
    change.commit().map_err(io::Error::other)
}

fn declaration(column: &Column) -> String {
    let kind = match column.values {
        Values::Text(_) => "TEXT",
        Values::Real(_) => "REAL",
        Values::Integer(_) => "INTEGER",
        Values::Time(_) => "DATETIME",
    };
    format!("{} {kind}", column.name)
}

fn insert_entries(database: &Connection, inventory: &Inventory, crs: &Crs) -> io::Result<()> {
    let names = Entry::COLUMNS.join(", ");
    let marks = ", ?".repeat(COLUMNS.len());
    let insert = format!("INSERT INTO landmarks (geom, {names}) VALUES (?{marks})");
    let mut insert = database.prepare(&insert).map_err(io::Error::other)?;
    for entry in &inventory.entries {
        let [x, y] = place(entry, crs)?;
        let point = geopackage::point_in(i32::from(crs.code()), x, y);
        let cells = COLUMNS.iter().map(|column| value(column, entry));
        let row = std::iter::once(Value::Blob(point)).chain(cells);
        insert.execute(params_from_iter(row)).map_err(io::Error::other)?;
    }
    Ok(())
}

/// The value of an entry in a column.
fn value(column: &Column, entry: &Entry) -> Value {
    let value = match column.values {
        Values::Text(get) => get(entry).map(|text| Value::Text(text.to_owned())),
        Values::Real(get) => get(entry).map(Value::Real),
        Values::Integer(get) => get(entry).and_then(|count| count.try_into().ok()).map(Value::Integer),
        Values::Time(get) => get(entry).map(|time| Value::Text(time_text(time))),
    };
    value.unwrap_or(Value::Null)
}

fn insert_lineage(database: &Connection, inventory: &Inventory) -> io::Result<()> {
    let mut insert = database.prepare("INSERT INTO survey (name, value) VALUES (?, ?)").map_err(io::Error::other)?;
    let lineage = serde_json::to_value(&inventory.lineage)?;
    for (name, value) in lineage.as_object().into_iter().flatten() {
        let value = match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        insert.execute((name, value)).map_err(io::Error::other)?;
    }
    Ok(())
}
