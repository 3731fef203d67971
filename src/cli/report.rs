//! `arpent report`: the page that people look at.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arpent::picture::{Image, Picture};
use arpent::report::{CutOuts, Limits, Look, Report};
use arpent::source::{Panoramax, Source, folder};
use arpent::survey::SurveyReader;
use clap::Args;

use super::guard::Files;
use super::pace::PaceOptions;
use super::survey::cores;
use super::usage::usage;
use super::{Done, Lang, count, output, progress};

#[derive(Args)]
pub struct Arguments {
    /// The file of a survey
    #[arg(value_name = "SURVEY.gpkg")]
    survey: PathBuf,
    /// The page to write: one file that opens from a disk
    #[arg(short, long, value_name = "REPORT.html")]
    output: PathBuf,
    /// Language that the page opens in; it can be switched there
    #[arg(long, value_enum, value_name = "LANG", default_value_t)]
    lang: Lang,
    /// Title of the page [default: what was looked for, and where]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Cut-outs of each landmark, from its best pictures
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=50))]
    cut_outs: u16,
    /// Cut-outs in all, megabytes
    #[arg(long, value_name = "MB", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    max_size: u16,
    /// Download the pictures that are on a server, for their cut-outs; otherwise the page links to them
    #[arg(long)]
    download: bool,
    /// Bearer token for --download, sent to the server of the survey alone
    #[arg(long, env = "ARPENT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        Files { survey: Some(self.survey.clone()), output: Some(&self.output), ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let path = arguments.output.display();
    check_ending(&arguments.output)?;
    let survey = SurveyReader::open(&arguments.survey)?;
    let stem = arguments.survey.file_stem().unwrap_or_default().to_string_lossy();
    let report = Report::read(&survey, &stem)?;
    let output = output::create(&arguments.output)?;
    let limits = Limits {
        per_landmark: arguments.cut_outs.into(),
        bytes: usize::from(arguments.max_size) * 1_000_000,
        jobs: if arguments.download { cores().max(PaceOptions::USUAL.connections.into()) } else { cores() },
    };
    let pictures = Pictures::new(arguments, &report)?;
    let bar = progress::bar(0, "pictures cut");
    let cut_outs = CutOuts::make(
        &report,
        limits,
        |picture| pictures.fetch(picture),
        |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        },
    );
    bar.finish_and_clear();
    let look = Look { language: arguments.lang.into(), title: arguments.title.clone() };
    output
        .finish(|out| report.write(&look, &cut_outs, out))
        .with_context(|| format!("{path} could not be written"))?;
    tell!(
        "{} and {} with {} ({:.1} MB) written to {path}",
        count(report.inventory.entries.len(), "landmark"),
        count(report.pictures.len(), "picture"),
        count(cut_outs.len(), "cut-out"),
        cut_outs.bytes() as f64 / 1e6
    );
    if cut_outs.beyond_size > 0 {
        tell!("  {} left out, beyond --max-size", count(cut_outs.beyond_size, "cut-out"));
    }
    for (reason, number) in &cut_outs.failures {
        tell!("  {number} × no cut-outs of a picture: {reason}");
    }
    Ok(Done::Well)
}

/// Refuses a name that says something else than what the page is.
fn check_ending(path: &Path) -> Result<()> {
    match path.extension().map(|ending| ending.to_ascii_lowercase()) {
        Some(ending) if ending == "html" || ending == "htm" => Ok(()),
        _ => Err(usage(format!("{} does not end in .html, and the page is HTML: name it so", path.display()))),
    }
}

/// Where the bytes of pictures come from.
struct Pictures {
    /// The folder of the survey's file, which paths of pictures may be meant from.
    beside: PathBuf,
    server: Option<Panoramax>,
}

impl Pictures {
    fn new(arguments: &Arguments, report: &Report) -> Result<Self> {
        let root = &report.inventory.lineage.source;
        let is_server = report.pictures.iter().any(|p| p.picture.as_ref().is_some_and(|p| p.image.host().is_some()));
        let server = (arguments.download && is_server)
            .then(|| Panoramax::with_settings(root, arguments.token.clone(), PaceOptions::USUAL.settings()));
        let beside = arguments.survey.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { beside, server: server.transpose()? })
    }

    fn fetch(&self, picture: &Picture) -> Result<Vec<u8>, String> {
        let fetched = match (&picture.image, &self.server) {
            (Image::Url(_), Some(server)) => server.fetch(picture),
            (Image::Url(_), None) => return Err("on a server: --download gets them".to_owned()),
            (Image::File(path), _) if path.is_relative() && !path.exists() => folder::read(&self.beside.join(path)),
            (Image::File(path), _) => folder::read(path),
        };
        fetched.map_err(|error| error.to_string())
    }
}
