//! Comma-separated values after RFC 4180 in UTF-8: a line a landmark, `lon` and `lat`, or `x` and `y` in a projected
//! system, before the columns of an entry. How they were obtained has no place in such a file.

use std::io::{self, Write};

use serde_json::Value;

use super::place;
use crate::crs::Crs;
use crate::inventory::{Entry, Inventory};

/// A table after RFC 4180, whose first row is written like the others.
pub(crate) fn writer(out: &mut dyn Write) -> ::csv::Writer<&mut dyn Write> {
    ::csv::WriterBuilder::new().has_headers(false).terminator(::csv::Terminator::CRLF).from_writer(out)
}

/// Writes an inventory. `bom` puts a mark before it by which Excel knows that it is UTF-8.
pub fn write(inventory: &Inventory, crs: &Crs, bom: bool, out: &mut dyn Write) -> io::Result<()> {
    if bom {
        out.write_all("\u{feff}".as_bytes())?;
    }
    let (axes, decimals) = if crs.is_geographic() { (["lon", "lat"], 7) } else { (["x", "y"], 3) };
    let mut table = writer(out);
    table.write_record(axes.iter().chain(&Entry::COLUMNS))?;
    for entry in &inventory.entries {
        let cells = serde_json::to_value(entry)?;
        let cell = |column: &&str| match &cells[*column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let place = place(entry, crs)?.map(|coordinate| format!("{coordinate:.decimals$}"));
        table.write_record(place.into_iter().chain(Entry::COLUMNS.iter().map(cell)))?;
    }
    table.flush()
}
