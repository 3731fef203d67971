//! FlatGeobuf with its spatial index: a point feature a landmark, in the order of the index; the lineage is the member
//! `survey` of the header's metadata, as a text of JSON, which GDAL shows with the layer.

use std::io::{self, Write};

use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::error::GeozeroError;
use geozero::{ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor};
use serde_json::json;

use super::columns::{COLUMNS, Values, time_text};
use super::place;
use crate::crs::Crs;
use crate::inventory::{Entry, Inventory};

/// Writes an inventory. Features wait in a temporary file until all are known and can be put into order.
pub fn write(inventory: &Inventory, crs: &Crs, out: &mut dyn Write) -> io::Result<()> {
    let metadata = json!({"survey": serde_json::to_string(&inventory.lineage)?}).to_string();
    let options = FgbWriterOptions {
        // A tree of nothing has no place in the file.
        write_index: !inventory.entries.is_empty(),
        crs: FgbCrs {
            org: Some("EPSG"),
            code: crs.code().into(),
            name: Some(crs.name()),
            wkt: Some(crs.wkt()),
            ..FgbCrs::default()
        },
        metadata: Some(&metadata),
        ..FgbWriterOptions::default()
    };
    let mut file =
        FgbWriter::create_with_options("landmarks", GeometryType::Point, options).map_err(io::Error::other)?;
    for column in &COLUMNS {
        let kind = match column.values {
            Values::Text(_) => ColumnType::String,
            Values::Real(_) => ColumnType::Double,
            Values::Integer(_) => ColumnType::Long,
            Values::Time(_) => ColumnType::DateTime,
        };
        file.add_column(column.name, kind, |_, _| {});
    }
    for entry in &inventory.entries {
        let mut told = Ok(());
        let point = Point(place(entry, crs)?);
        file.add_feature_geom(point, |feature| told = tell(entry, feature)).map_err(io::Error::other)?;
        told.map_err(io::Error::other)?;
    }
    file.write(out).map_err(io::Error::other)
}

struct Point([f64; 2]);

impl GeozeroGeometry for Point {
    fn process_geom<P: GeomProcessor>(&self, processor: &mut P) -> Result<(), GeozeroError> {
        let Self([x, y]) = *self;
        processor.point_begin(0)?;
        processor.xy(x, y, 0)?;
        processor.point_end(0)
    }
}

/// Gives a feature what is known of an entry. What is not is left out, which readers take for a null.
fn tell(entry: &Entry, feature: &mut impl PropertyProcessor) -> Result<(), GeozeroError> {
    for (number, column) in COLUMNS.iter().enumerate() {
        let mut tell = |value: ColumnValue<'_>| feature.property(number, column.name, &value).map(|_| ());
        match column.values {
            Values::Text(get) => get(entry).map_or(Ok(()), |text| tell(ColumnValue::String(text))),
            Values::Real(get) => get(entry).map_or(Ok(()), |number| tell(ColumnValue::Double(number))),
            Values::Integer(get) => get(entry).map_or(Ok(()), |count| tell(ColumnValue::Long(count as i64))),
            Values::Time(get) => get(entry).map_or(Ok(()), |time| tell(ColumnValue::DateTime(&time_text(time)))),
        }?;
    }
    Ok(())
}
