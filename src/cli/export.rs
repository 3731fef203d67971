//! `arpent export`: the inventory of a survey file in another format.

use std::path::PathBuf;

use anyhow::{Context, Result};
use arpent::export::{Format, Output};
use arpent::survey::SurveyReader;
use clap::Args;

use super::{Done, count};

#[derive(Args)]
pub struct Arguments {
    /// The file of a survey
    #[arg(value_name = "SURVEY.gpkg")]
    survey: PathBuf,
    /// The file to write, GeoJSON or CSV by its ending
    #[arg(short, long, value_name = "OUT.geojson|OUT.csv")]
    output: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let path = arguments.output.display();
    let format = Format::of(&arguments.output)?;
    let inventory = SurveyReader::open(&arguments.survey)?.inventory()?;
    let output = Output::create(&arguments.output).with_context(|| format!("{path} cannot be written"))?;
    output.finish(|out| format.write(&inventory, out)).with_context(|| format!("{path} could not be written"))?;
    tell!("{} written to {path}", count(inventory.entries.len(), "landmark"));
    Ok(Done::Well)
}
