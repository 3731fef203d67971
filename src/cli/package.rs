//! `arpent package`: a survey as a folder of open data.

use std::path::PathBuf;

use anyhow::{Context, Result};
use arpent::package::{LicenseError, Package, Wishes, by_id};
use arpent::survey::SurveyReader;
use clap::Args;

use super::guard::Files;
use super::{Done, count};

#[derive(Args)]
pub struct Arguments {
    /// The file of a survey
    #[arg(value_name = "SURVEY.gpkg")]
    survey: PathBuf,
    /// The folder to write: CSV and GeoJSON with the same rows, schema.json, datapackage.json and LISEZMOI.md
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Licence of the data, by its SPDX identifier, such as etalab-2.0, ODbL-1.0 or CC-BY-SA-4.0 [default: the one that the
    /// licences of the pictures ask for]
    #[arg(long, value_name = "ID", value_parser = license)]
    license: Option<String>,
    /// Title of the data [default: made of what was looked for and the place]
    #[arg(long)]
    title: Option<String>,
    /// What people call the area [default: the name it was asked for by]
    #[arg(long, value_name = "NAME")]
    place: Option<String>,
    /// Who publishes the data, and is to be cited
    #[arg(long, value_name = "NAME")]
    publisher: Option<String>,
    /// Write the folder anew where arpent wrote it before
    #[arg(long)]
    overwrite: bool,
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        Files { survey: Some(self.survey.clone()), ..Files::default() }
    }
}

fn license(text: &str) -> Result<String, LicenseError> {
    by_id(text).map(|_| text.to_owned()).ok_or_else(|| LicenseError::NotALicense(text.to_owned()))
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let survey = SurveyReader::open(&arguments.survey)?;
    let (inventory, terms) = (survey.inventory()?, survey.terms()?);
    let place = arguments.place.as_deref().or(terms.area_name()).map(str::to_owned);
    let wishes = Wishes {
        title: arguments.title.clone(),
        place,
        publisher: arguments.publisher.clone(),
        license: arguments.license.clone(),
    };
    let (landmarks, complete) = (inventory.entries.len(), inventory.lineage.complete);
    let beyond = inventory.lineage.pictures.beyond_max_pictures;
    let package = Package::new(inventory, wishes).context("the licence of the data is not clear")?;
    package.write(&arguments.folder, arguments.overwrite)?;
    tell!("{} written to {}", count(landmarks, "landmark"), arguments.folder.display());
    tell!("licence of the data: {}", package.choice().license.id);
    if package.choice().asks_less {
        tell!("  it asks less than the licences of the pictures, or not all of them are known: be sure that you may");
    }
    if !complete {
        tell!("the survey is incomplete, which LISEZMOI.md says: run it again to go on with it");
    }
    if beyond > 0 {
        tell!("{} left out by --max-pictures, which LISEZMOI.md says", count(beyond, "picture"));
    }
    if arguments.publisher.is_none() {
        tell!("nobody is named as the publisher, whom those who use the data have to cite: --publisher NAME");
    }
    Ok(Done::Well)
}
