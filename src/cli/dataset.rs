//! The pictures of a survey with their boxes, for `arpent export`.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use arpent::export::dataset::{Dataset, DatasetFormat, Fetching};
use arpent::picture::Image;
use arpent::source::{FetchError, Panoramax, Source, folder};
use arpent::survey::SurveyReader;
use clap::Args;

use super::pace::PaceOptions;
use super::survey::stop_on_interrupt;
use super::{Done, count, output, progress};

#[derive(Args)]
#[command(next_help_heading = "Pictures with boxes (coco, yolo, crops)")]
pub struct DatasetOptions {
    /// Also the pictures in which nothing was detected
    #[arg(long)]
    pub all_pictures: bool,
    /// Bearer token, sent to the server of the survey alone
    #[arg(long, env = "ARPENT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    #[command(flatten)]
    pace: PaceOptions,
}

/// Writes a folder with the pictures, or COCO's JSON alone where the name says so.
pub fn write(survey: &Path, path: &Path, format: DatasetFormat, options: &DatasetOptions) -> Result<Done> {
    if format == DatasetFormat::Coco && output::is_coco_json(path) {
        write_coco(survey, path, options)
    } else {
        write_folder(survey, path, format, options)
    }
}

/// Writes COCO's JSON alone, which names the pictures where they are.
fn write_coco(survey: &Path, path: &Path, options: &DatasetOptions) -> Result<Done> {
    let dataset = read(survey, options)?;
    let output = output::create(path)?;
    output
        .finish(|out| dataset.write_coco(out))
        .with_context(|| format!("{} could not be written", path.display()))?;
    tell!("{} with {} written to {}", count(dataset.len(), "picture"), boxes(dataset.boxes()), path.display());
    Ok(Done::Well)
}

/// Writes a folder with the pictures.
fn write_folder(survey: &Path, path: &Path, format: DatasetFormat, options: &DatasetOptions) -> Result<Done> {
    let dataset = read(survey, options)?;
    let server = if dataset.is_on_server() { Some(options.server(dataset.source())?) } else { None };
    let stop = stop_on_interrupt("nothing is written")?;
    let bar = progress::bar(dataset.len(), "pictures");
    let fetching = Fetching {
        fetch: &|picture| match (&picture.image, &server) {
            (Image::File(path), _) => folder::read(path),
            (Image::Url(_), Some(server)) => server.fetch(picture),
            (Image::Url(_), None) => Err(FetchError::Address),
        },
        at_a_time: options.pace.connections.into(),
        tick: &|| bar.inc(1),
        stop: &stop,
    };
    let written = dataset.write_folder(format, path, &fetching);
    bar.finish_and_clear();
    let written = match written {
        Err(error) if error.kind() == ErrorKind::Interrupted => anyhow::bail!("stopped: nothing is written"),
        other => other.with_context(|| format!("{} could not be written", path.display()))?,
    };
    for (reason, number) in &written.failures {
        tell!("  {} left out: {reason}", count(*number, "picture"));
    }
    if written.pictures == 0 {
        anyhow::bail!("no picture could be had: {} is not written", path.display());
    }
    tell!("{} with {} written to {}", count(written.pictures, "picture"), boxes(written.boxes), path.display());
    Ok(if written.failures.is_empty() { Done::Well } else { Done::WithFailures })
}

/// The pictures of a survey file; tells which have no part in it.
fn read(survey: &Path, options: &DatasetOptions) -> Result<Dataset> {
    let dataset = Dataset::of(&SurveyReader::open(survey)?, options.all_pictures)?;
    for (reason, number) in &dataset.left_out {
        tell!("  {} left out: {reason}", count(*number, "picture"));
    }
    if dataset.wrong > 0 {
        tell!("  {} left out: a reviewer says that it is wrong", boxes(dataset.wrong));
    }
    if dataset.is_empty() {
        anyhow::bail!("{} has no picture with boxes", survey.display());
    }
    Ok(dataset)
}

fn boxes(number: usize) -> String {
    if number == 1 { "1 box".to_owned() } else { format!("{number} boxes") }
}

impl DatasetOptions {
    /// The server of a survey, by the root of its API.
    fn server(&self, root: &str) -> Result<Panoramax> {
        Ok(Panoramax::with_settings(root, self.token.clone(), self.pace.settings())?)
    }
}
