//! Comma-separated values after RFC 4180 in UTF-8: a line a landmark, `lon` and `lat`, or `x` and `y` in a projected
//! system, before the columns of an entry. How they were obtained has no place in such a file.
//!
//! A French Excel takes another dialect for a table, which every reader of arpent's own understands as well.

use std::io::{self, Write};

use serde_json::Value;

use super::place;
use crate::crs::Crs;
use crate::inventory::{Entry, Inventory};

/// How a table is written for those who read it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As RFC 4180 has it.
    #[default]
    Plain,
    /// The same behind a byte order mark, by which Excel knows that it is UTF-8.
    Marked,
    /// Marked as well, with semicolons between the columns and a comma before the decimals: what an Excel opens by a
    /// double click where numbers are written so, as in France.
    Excel,
}

impl Dialect {
    /// A number as the dialect has it.
    fn number(self, number: String) -> String {
        if self == Self::Excel { number.replace('.', ",") } else { number }
    }
}

/// A table after RFC 4180, whose first row is written like the others.
pub(crate) fn writer(out: &mut dyn Write) -> ::csv::Writer<&mut dyn Write> {
    separated_by(b',', out)
}

fn separated_by(delimiter: u8, out: &mut dyn Write) -> ::csv::Writer<&mut dyn Write> {
    let mut builder = ::csv::WriterBuilder::new();
    builder.delimiter(delimiter).has_headers(false).terminator(::csv::Terminator::CRLF).from_writer(out)
}

/// Writes an inventory.
pub fn write(inventory: &Inventory, crs: &Crs, dialect: Dialect, out: &mut dyn Write) -> io::Result<()> {
    if dialect != Dialect::Plain {
        out.write_all("\u{feff}".as_bytes())?;
    }
    let (axes, decimals) = if crs.is_geographic() { (["lon", "lat"], 7) } else { (["x", "y"], 3) };
    let mut table = separated_by(if dialect == Dialect::Excel { b';' } else { b',' }, out);
    table.write_record(axes.iter().chain(&Entry::COLUMNS))?;
    for entry in &inventory.entries {
        let cells = serde_json::to_value(entry)?;
        let cell = |column: &&str| match &cells[*column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => dialect.number(other.to_string()),
        };
        let place = place(entry, crs)?.map(|coordinate| dialect.number(format!("{coordinate:.decimals$}")));
        table.write_record(place.into_iter().chain(Entry::COLUMNS.iter().map(cell)))?;
    }
    table.flush()
}
