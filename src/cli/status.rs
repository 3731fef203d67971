//! `arpent status`: how far a survey is.

use std::path::PathBuf;

use anyhow::Result;
use arpent::survey::{self, Run, Status};
use clap::Args;
use jiff::Timestamp;

use super::guard::Files;
use super::survey::Outputs;
use super::{Done, count, print_line};

#[derive(Args)]
pub struct Arguments {
    /// The file of a survey, or what it was written to
    #[arg(value_name = "OUT.gpkg|OUT.geojson")]
    file: PathBuf,
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        Files { survey: Some(Outputs::of(&self.file).survey), ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let surveys = survey::status(&Outputs::of(&arguments.file).survey)?;
    if surveys.is_empty() {
        print_line("no survey yet")?;
    }
    for (number, status) in surveys.iter().enumerate() {
        if surveys.len() > 1 {
            print_line(&format!("{}survey {}", if number > 0 { "\n" } else { "" }, status.survey))?;
        }
        describe(status)?;
    }
    for (api, number) in surveys.first().iter().flat_map(|status| &status.published) {
        print_line(&format!("published    {} on {api}", count(*number, "annotation")))?;
    }
    Ok(Done::Well)
}

fn describe(status: &Status) -> Result<()> {
    let Status { todo, done, empty, failures, sightings, landmarks, reviews, .. } = status;
    let failed: usize = failures.values().sum();
    print_line(&format!("pictures     {}", todo + done + empty + failed))?;
    print_line(&format!("  to do      {todo}"))?;
    print_line(&format!("  done       {done} with detections, {empty} without"))?;
    print_line(&format!("  failed     {failed}"))?;
    for (reason, number) in failures {
        print_line(&format!("             {number} × {reason}"))?;
    }
    print_line(&format!("sightings    {sightings}"))?;
    print_line(&format!("landmarks    {landmarks}"))?;
    for (saying, number) in reviews {
        print_line(&format!("  reviewed   {number} × {saying}"))?;
    }
    for (name, value) in &status.terms.0 {
        print_line(&format!("{name:<12} {value}"))?;
    }
    let time = |time: Option<Timestamp>| time.map_or_else(|| "unknown".to_owned(), |time| time.to_string());
    if let Some(Run { tool, started_at, finished_at }) = status.runs.last() {
        let end = finished_at.map_or_else(|| "going on, or killed".to_owned(), |_| time(*finished_at));
        print_line(&format!(
            "runs         {}, the last {} to {end} by {tool}",
            status.runs.len(),
            time(*started_at)
        ))?;
    }
    Ok(())
}
