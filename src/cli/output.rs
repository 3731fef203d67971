//! The options that say how an inventory is written.

use std::path::Path;

use anyhow::{Context, Result};
use arpent::crs::Crs;
use arpent::export::dataset::DatasetFormat;
use arpent::export::{Dialect, Exporter, Format, Output};
use arpent::inventory::Inventory;
use clap::Args;

use super::count;
use super::usage::usage;

#[derive(Args)]
#[command(next_help_heading = "How the result is written")]
pub struct FormatOptions {
    /// Format, where the ending of the file does not tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Coordinates in this system, such as EPSG:2154 for Lambert-93; for CSV (then x and y), GeoPackage, GeoParquet and
    /// FlatGeobuf. Lengths stay metres on the ground, and azimuths count from true north, not from the grid's
    #[arg(long, value_name = "EPSG:CODE")]
    crs: Option<Crs>,
    /// Begin CSV with a byte order mark, by which Excel knows that it is UTF-8
    #[arg(long)]
    bom: bool,
    /// Write CSV as a French Excel opens it: semicolons between the columns, decimal commas, and the byte order mark
    #[arg(long, conflicts_with = "bom")]
    excel: bool,
}

/// The formats by their names, and those of `arpent export` alone that hold pictures with boxes.
#[derive(Clone, Copy, clap::ValueEnum)]
enum FormatName {
    Geojson,
    Csv,
    Geopackage,
    Geoparquet,
    Flatgeobuf,
    Osm,
    Maproulette,
    /// Pictures with boxes, by `arpent export` alone
    Coco,
    /// Pictures with boxes, by `arpent export` alone
    Yolo,
    /// What is in the boxes, by `arpent export` alone
    Crops,
}

impl FormatName {
    /// The format of inventories that it names.
    fn of_inventories(self) -> Result<Format> {
        Ok(match self {
            Self::Geojson => Format::GeoJson,
            Self::Csv => Format::Csv,
            Self::Geopackage => Format::GeoPackage,
            Self::Geoparquet => Format::GeoParquet,
            Self::Flatgeobuf => Format::FlatGeobuf,
            Self::Osm => Format::Osm,
            Self::Maproulette => Format::MapRoulette,
            Self::Coco | Self::Yolo | Self::Crops => {
                return Err(usage(
                    "pictures with boxes are made of the file of a survey: \
                     `arpent export SURVEY.gpkg -o DIR --format …`",
                ));
            }
        })
    }
}

impl FormatOptions {
    /// What writes a file of this name.
    pub fn exporter(&self, path: &Path) -> Result<Exporter> {
        let format = match self.format {
            Some(name) => name.of_inventories()?,
            None if is_coco_json(path) => FormatName::Coco.of_inventories()?,
            None => Format::of(path).map_err(usage)?,
        };
        Exporter::new(format, self.crs.clone(), self.dialect()).map_err(usage)
    }

    /// The dialect of CSV.
    fn dialect(&self) -> Dialect {
        match (self.bom, self.excel) {
            (_, true) => Dialect::Excel,
            (true, false) => Dialect::Marked,
            (false, false) => Dialect::Plain,
        }
    }

    /// The form of pictures with boxes that is asked for, if it is one.
    pub fn dataset(&self, path: &Path) -> Result<Option<DatasetFormat>> {
        let format = match self.format {
            None if is_coco_json(path) => DatasetFormat::Coco,
            Some(FormatName::Coco) => DatasetFormat::Coco,
            Some(FormatName::Yolo) => DatasetFormat::Yolo,
            Some(FormatName::Crops) => DatasetFormat::Crops,
            _ => return Ok(None),
        };
        if self.crs.is_some() || self.dialect() != Dialect::Plain {
            return Err(usage(
                "pictures with boxes have no coordinates on the ground: leave out --crs, --bom and --excel",
            ));
        }
        Ok(Some(format))
    }

    /// Whether nothing is asked for but what the name of the file tells.
    pub fn are_default(&self) -> bool {
        self.format.is_none() && self.crs.is_none() && self.dialect() == Dialect::Plain
    }
}

/// Whether a file is to be COCO's JSON alone.
pub fn is_coco_json(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().ends_with(".coco.json"))
}

/// Opens a file, so that a place that cannot be written is told before the work, not after it.
pub fn create(path: &Path) -> Result<Output> {
    Output::create(path).with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes an inventory, and says what was written, such as `17 landmarks`.
pub fn write(output: Output, path: &Path, exporter: &Exporter, inventory: &Inventory) -> Result<String> {
    let written = output.finish(|out| exporter.write(inventory, out));
    written.with_context(|| format!("{} could not be written", path.display()))?;
    let all = count(inventory.entries.len(), "landmark");
    Ok(match exporter.left_out(inventory) {
        None => all,
        Some((number, why)) => {
            tell!("  {} {why} left out of {}", count(number, "landmark"), path.display());
            format!("{} of {all}", inventory.entries.len() - number)
        }
    })
}
