//! The options that say how an inventory is written.

use std::path::Path;

use anyhow::{Context, Result};
use arpent::crs::Crs;
use arpent::export::{Exporter, Format, Output};
use arpent::inventory::Inventory;
use clap::Args;

use super::count;

#[derive(Args)]
#[command(next_help_heading = "How the result is written")]
pub struct FormatOptions {
    /// Format of the file, where its ending does not tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Coordinates in this system, such as EPSG:2154 for Lambert-93; for CSV (then x and y), GeoPackage, GeoParquet and
    /// FlatGeobuf. Lengths stay metres on the ground, and azimuths count from true north, not from the grid's
    #[arg(long, value_name = "EPSG:CODE")]
    crs: Option<Crs>,
    /// Begin CSV with a byte order mark, by which Excel knows that it is UTF-8
    #[arg(long)]
    bom: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FormatName {
    Geojson,
    Csv,
    Geopackage,
    Geoparquet,
    Flatgeobuf,
    Osm,
    Maproulette,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Geojson => Self::GeoJson,
            FormatName::Csv => Self::Csv,
            FormatName::Geopackage => Self::GeoPackage,
            FormatName::Geoparquet => Self::GeoParquet,
            FormatName::Flatgeobuf => Self::FlatGeobuf,
            FormatName::Osm => Self::Osm,
            FormatName::Maproulette => Self::MapRoulette,
        }
    }
}

impl FormatOptions {
    /// What writes a file of this name.
    pub fn exporter(&self, path: &Path) -> Result<Exporter> {
        let format = self.format.map_or_else(|| Format::of(path), |name| Ok(name.into()))?;
        Ok(Exporter::new(format, self.crs.clone(), self.bom)?)
    }

    /// Whether nothing is asked for but what the name of the file tells.
    pub fn are_default(&self) -> bool {
        self.format.is_none() && self.crs.is_none() && !self.bom
    }
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
