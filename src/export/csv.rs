//! Comma-separated values after RFC 4180 in UTF-8: a line a landmark, `lon` and `lat` before the columns of an entry.
//! How they were obtained has no place in such a file.

use std::io::{self, Write};

use serde_json::Value;

use crate::inventory::{Entry, Inventory};

/// Writes an inventory.
pub fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let mut table = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
    table.write_record(["lon", "lat"].iter().chain(&Entry::COLUMNS))?;
    for entry in &inventory.entries {
        let cells = serde_json::to_value(entry)?;
        let cell = |column: &&str| match &cells[*column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let place = [entry.lon_deg, entry.lat_deg].map(|degrees| format!("{degrees:.7}"));
        table.write_record(place.into_iter().chain(Entry::COLUMNS.iter().map(cell)))?;
    }
    table.flush()
}
