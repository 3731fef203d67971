//! `arpent export`: what a survey file holds in another format.

use std::path::PathBuf;

use anyhow::Result;
use arpent::survey::SurveyReader;
use clap::Args;

use super::Done;
use super::dataset::{self, DatasetOptions};
use super::guard::Files;
use super::output::{self, FormatOptions};
use super::usage::usage;

#[derive(Args)]
pub struct Arguments {
    /// The file of a survey
    #[arg(value_name = "SURVEY.gpkg")]
    survey: PathBuf,
    /// The file to write, in the format of its ending: .geojson, .csv, .gpkg, .parquet, .fgb, .osm, .maproulette.geojson
    /// or .coco.json; or the folder, with --format coco, yolo or crops
    #[arg(short, long, value_name = "OUT.geojson|…")]
    output: PathBuf,
    #[command(flatten)]
    format: FormatOptions,
    #[command(flatten)]
    dataset: DatasetOptions,
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        Files { survey: Some(self.survey.clone()), output: Some(&self.output), ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let path = &arguments.output;
    if let Some(format) = arguments.format.dataset(path)? {
        return dataset::write(&arguments.survey, path, format, &arguments.dataset);
    }
    let exporter = arguments.format.exporter(path)?;
    if arguments.dataset.all_pictures {
        return Err(usage(
            "only pictures with boxes may be all pictures: leave out --all-pictures, or add --format coco, yolo or crops",
        ));
    }
    let inventory = SurveyReader::open(&arguments.survey)?.inventory()?;
    let written = output::write(output::create(path)?, path, &exporter, &inventory)?;
    tell!("{written} written to {}", path.display());
    Ok(Done::Well)
}
