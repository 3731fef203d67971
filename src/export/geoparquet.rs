//! GeoParquet 1.1: a row a landmark with the columns of an entry and its point, `geometry`, as well-known binary; the
//! lineage is the file's metadatum `survey`, as JSON.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use serde_json::json;

use super::columns::{COLUMNS, Column, Values};
use super::place;
use crate::crs::Crs;
use crate::geopackage::put_point;
use crate::inventory::{Entry, Inventory};

/// Rows that are held at a time.
const ROWS: usize = 1 << 16;

/// Writes an inventory.
pub fn write(inventory: &Inventory, crs: &Crs, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let metadata = vec![
        KeyValue::new("geo".to_owned(), geo_metadata(inventory, crs)?.to_string()),
        KeyValue::new("survey".to_owned(), serde_json::to_string(&inventory.lineage)?),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(metadata))
        .set_created_by(inventory.lineage.tool.clone())
        .build();
    let schema = Arc::new(parse_message_type(&schema()).map_err(wrong)?);
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(wrong)?;
    for entries in inventory.entries.chunks(ROWS) {
        let points = entries.iter().map(|entry| point(entry, crs)).collect::<io::Result<Vec<_>>>()?;
        let mut rows = file.next_row_group().map_err(wrong)?;
        for column in &COLUMNS {
            write_column(&mut rows, column, entries)?;
        }
        put::<ByteArrayType>(&mut rows, points.into_iter().map(Some))?;
        rows.close().map_err(wrong)?;
    }
    file.close().map_err(wrong)?;
    Ok(())
}

fn wrong(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => *cause,
            Err(cause) => io::Error::other(cause),
        },
        other => io::Error::other(other),
    }
}

fn schema() -> String {
    let columns = COLUMNS.iter().map(|Column { name, values }| match values {
        Values::Text(_) => format!("optional binary {name} (STRING);"),
        Values::Real(_) => format!("optional double {name};"),
        Values::Integer(_) => format!("optional int64 {name};"),
        Values::Time(_) => format!("optional int64 {name} (TIMESTAMP(MICROS,true));"),
    });
    format!("message landmarks {{ {} optional binary geometry; }}", columns.collect::<String>())
}

/// The metadatum `geo`. WGS 84 is not named: it is what the standard takes for granted, longitude first.
fn geo_metadata(inventory: &Inventory, crs: &Crs) -> io::Result<serde_json::Value> {
    let mut column = json!({"encoding": "WKB", "geometry_types": ["Point"]});
    if !crs.is_wgs84() {
        column["crs"] = crs.projjson();
    }
    let mut bounds: Option<[f64; 4]> = None;
    for entry in &inventory.entries {
        let [x, y] = place(entry, crs)?;
        let [x0, y0, x1, y1] = bounds.unwrap_or([x, y, x, y]);
        bounds = Some([x0.min(x), y0.min(y), x1.max(x), y1.max(y)]);
    }
    if let Some(bounds) = bounds {
        column["bbox"] = json!(bounds);
    }
    Ok(json!({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}))
}

fn point(entry: &Entry, crs: &Crs) -> io::Result<ByteArray> {
    let [x, y] = place(entry, crs)?;
    let mut bytes = Vec::new();
    put_point(&mut bytes, x, y);
    Ok(bytes.into())
}

fn write_column<W: Write + Send>(
    rows: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
    entries: &[Entry],
) -> io::Result<()> {
    match column.values {
        Values::Text(get) => put::<ByteArrayType>(rows, entries.iter().map(|entry| get(entry).map(ByteArray::from))),
        Values::Real(get) => put::<DoubleType>(rows, entries.iter().map(get)),
        Values::Integer(get) => {
            put::<Int64Type>(rows, entries.iter().map(|entry| get(entry).and_then(|count| count.try_into().ok())))
        }
        Values::Time(get) => {
            put::<Int64Type>(rows, entries.iter().map(|entry| get(entry).map(|time| time.as_microsecond())))
        }
    }
}

/// Writes the next column; a value that is none is a null.
fn put<T: DataType>(
    rows: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: impl Iterator<Item = Option<T::T>>,
) -> io::Result<()> {
    let (mut known, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        known.extend(value);
    }
    let missing = || io::Error::other("the table has fewer columns than an entry");
    let mut column = rows.next_column().map_err(wrong)?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(&known, Some(&levels), None).map_err(wrong)?;
    column.close().map_err(wrong)
}
