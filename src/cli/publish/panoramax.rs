//! `arpent publish panoramax`: detections as annotations of the pictures that show them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use arpent::publish::panoramax::{End, Fate, Recovered, Undone, publish, recover, undo};
use arpent::publish::{Claim, Claims, Selection, claims};
use arpent::source::{FetchError, Panoramax, Source};
use arpent::survey::{self, SurveyFile, SurveyReader};
use clap::Args;

use crate::cli::guard::Files;
use crate::cli::pace::{rate, settings};
use crate::cli::survey::stop_on_interrupt;
use crate::cli::{Done, count, print_line};

#[derive(Args)]
pub struct Arguments {
    /// The file of a survey
    #[arg(value_name = "SURVEY.gpkg")]
    survey: PathBuf,
    /// Root of the API of the server that the pictures are on: https://panoramax.ign.fr/api. The catalogue of all servers
    /// takes nothing
    #[arg(long, value_name = "URL")]
    api: String,
    /// Token of your account on that server, sent to no other; --send needs it
    #[arg(long, env = "PANORAMAX_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Write, or with --undo take back: without it only what would be done is told
    #[arg(long, requires = "token")]
    send: bool,
    /// Take back what this file wrote to the server, and only that
    #[arg(long, conflicts_with_all = ["only_reviewed", "min_probability", "min_sightings"])]
    undo: bool,
    /// Only landmarks that somebody has reviewed; what is reviewed as right or corrected is written in any case, and what
    /// is wrong never
    #[arg(long)]
    only_reviewed: bool,
    /// Only landmarks that exist with this probability
    #[arg(long, value_name = "P", default_value_t = 0.9, value_parser = probability)]
    min_probability: f64,
    /// Only landmarks that rest on so many detections
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    min_sightings: u16,
    /// Requests a second, at most
    #[arg(long, value_name = "R", default_value_t = 5.0, value_parser = rate)]
    rate: f64,
}

fn probability(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "a probability from 0 to 1 is wanted".to_owned())
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        Files { survey: Some(self.survey.clone()), ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let server = Panoramax::with_settings(&arguments.api, arguments.token.clone(), settings(1, arguments.rate))?;
    let stop = stop_on_interrupt("what is under way is finished; the same command goes on")?;
    if arguments.undo { take_back(arguments, &server, &stop) } else { write(arguments, &server, &stop) }
}

fn write(arguments: &Arguments, server: &Panoramax, stop: &AtomicBool) -> Result<Done> {
    let selection = Selection {
        min_probability: arguments.min_probability,
        min_sightings: usize::from(arguments.min_sightings),
        only_reviewed: arguments.only_reviewed,
    };
    let reader = SurveyReader::open(&arguments.survey)?;
    let told = claims(&reader.inventory()?, &reader.pictures()?, &reader.sightings()?, selection)?;
    drop(reader);
    describe(&told, arguments);
    if told.claims.is_empty() {
        tell!("nothing to write");
        return Ok(Done::Well);
    }
    let mut file = open(arguments, server)?;
    let mut tally = Tally::default();
    let end = publish(server, &told.claims, file.as_mut(), stop, &mut |claim, fate| {
        let line = match &fate {
            Fate::Wanted => tally.pass("to write"),
            Fate::Written => tally.pass("written"),
            Fate::There => tally.pass("there already"),
            Fate::Otherwise(value) => {
                tally.pass("left alone");
                format!("left alone, it says {value}")
            }
            Fate::Absent => tally.pass("not on this server"),
            Fate::Failed(error) => tally.fail(error),
        };
        tally.print(&format!("{}  {line}", name(claim)), stop);
    })?;
    drop(file);
    let what = [
        ("to write", "would be written"),
        ("written", "written"),
        ("there already", "there already, by you or by others"),
        ("left alone", "left alone: the picture says something else there"),
        ("not on this server", "in pictures that this server does not have, or hides"),
    ];
    let done = tally.tell(&what, server, end)?;
    if tally.passed.keys().eq(["not on this server"].iter()) {
        bail!(
            "{} has none of these pictures: check --api, which has to be the server that holds them",
            server.root()
        );
    }
    if tally.passed.contains_key("to write") {
        tell!("nothing was written yet: --send writes it, with --token");
    }
    Ok(done)
}

fn take_back(arguments: &Arguments, server: &Panoramax, stop: &AtomicBool) -> Result<Done> {
    let mut file = open(arguments, server)?;
    let rows = survey::published(&arguments.survey, &server.root())?;
    if rows.is_empty() {
        tell!("{} wrote nothing to {}", arguments.survey.display(), server.root());
        return Ok(Done::Well);
    }
    let mut tally = Tally::default();
    let end = undo(server, &rows, file.as_mut(), stop, &mut |row, undone| {
        let line = match &undone {
            Undone::Wanted => tally.pass("to take back"),
            Undone::Removed => tally.pass("taken back"),
            Undone::Gone => tally.pass("gone before"),
            Undone::Failed(error) => tally.fail(error),
        };
        let tag = row.tags.first().map_or_else(String::new, |(key, value)| format!("{key}={value}"));
        tally.print(&format!("{}  {}  {tag}  {line}", row.picture_id, corners(row.corners)), stop);
    })?;
    drop(file);
    let what = [
        ("to take back", "would be taken back"),
        ("taken back", "taken back"),
        ("gone before", "gone before: somebody else took them away"),
    ];
    let done = tally.tell(&what, server, end)?;
    if tally.passed.contains_key("to take back") {
        tell!("nothing was taken back yet: --send does it, with --token");
    }
    Ok(done)
}

/// The file to note in what is done, where something is to be done.
fn open(arguments: &Arguments, server: &Panoramax) -> Result<Option<SurveyFile>> {
    if !arguments.send {
        return Ok(None);
    }
    let mut file = SurveyFile::open_to_publish(&arguments.survey)?;
    let Recovered { arrived, lost } = recover(server, &mut file)?;
    if arrived + lost > 0 {
        let on_its_way = count(arrived + lost, "annotation");
        tell!("{on_its_way} under way when the last run was killed: {arrived} arrived, {lost} did not");
    }
    Ok(Some(file))
}

/// Says what of the survey is told, and what is not.
fn describe(told: &Claims, arguments: &Arguments) {
    let landmarks = match arguments.only_reviewed {
        true => format!("{} reviewed", count(told.landmarks, "landmark")),
        false => format!(
            "{} reviewed, or of probability {} or more and from {} or more",
            count(told.landmarks, "landmark"),
            arguments.min_probability,
            count(arguments.min_sightings.into(), "detection"),
        ),
    };
    let pictures = told.claims.chunk_by(|a, b| a.picture_id == b.picture_id).count();
    tell!("{landmarks}: {} in {}", count(told.claims.len(), "annotation"), count(pictures, "picture"));
    for (left_out, noun) in [(&told.landmarks_left_out, "landmark"), (&told.detections_left_out, "detection")] {
        for (reason, number) in left_out {
            tell!("  {} left out: {reason}", count(*number, noun));
        }
    }
}

fn name(claim: &Claim) -> String {
    let (key, value) = &claim.tag;
    format!("{}  {}  {key}={value}  {:.3}", claim.picture_id, corners(claim.corners), claim.score)
}

fn corners(corners: [u32; 4]) -> String {
    corners.map(|side| side.to_string()).join(",")
}

/// Counts what became of annotations.
#[derive(Default)]
struct Tally {
    passed: BTreeMap<&'static str, usize>,
    failed: BTreeMap<String, usize>,
    last_failure: Option<FetchError>,
}

impl Tally {
    fn pass(&mut self, fate: &'static str) -> String {
        *self.passed.entry(fate).or_default() += 1;
        fate.to_owned()
    }

    fn fail(&mut self, error: &FetchError) -> String {
        *self.failed.entry(error.to_string()).or_default() += 1;
        self.last_failure = Some(error.clone());
        format!("failed: {error}")
    }

    /// A line of the list. When its reader has gone away, there is nobody to go on for.
    fn print(&self, line: &str, stop: &AtomicBool) {
        if print_line(line).is_err() {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// Tells the counts and how it ended.
    fn tell(&self, what: &[(&str, &str)], server: &Panoramax, end: End) -> Result<Done> {
        for (fate, words) in what {
            if let Some(number) = self.passed.get(fate) {
                tell!("{number:>6} {words}");
            }
        }
        for (reason, number) in &self.failed {
            tell!("{number:>6} failed: {reason}");
        }
        match end {
            End::Through => {}
            End::Stopped => tell!("stopped: the same command goes on"),
            End::GaveUp(_) => tell!("gave up after several failures in a row: the same command goes on later"),
        }
        match &self.last_failure {
            Some(error) if self.passed.is_empty() => bail!("{}: {}", server.root(), server.explain(error)),
            Some(_) => Ok(Done::WithFailures),
            None => Ok(Done::Well),
        }
    }
}
