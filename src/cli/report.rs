//! `arpent report`: the page that people look at.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arpent::export::Output;
use arpent::picture::{Image, Picture};
use arpent::report::{CutOuts, Limits, Look, Report};
use arpent::source::{Folder, HttpSettings, Panoramax, Source, panoramax};
use arpent::survey::{SurveyReader, status};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::survey::cores;
use super::{Done, Lang, count};

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

/// Requests at a time and a second to one host, as for a survey.
const CONNECTIONS: usize = 4;
const RATE: f64 = 40.0;

pub fn run(arguments: &Arguments) -> Result<Done> {
    let path = arguments.output.display();
    let survey = SurveyReader::open(&arguments.survey)?;
    let newest = status(&arguments.survey)?.pop().unwrap_or_default();
    let stem = arguments.survey.file_stem().unwrap_or_default().to_string_lossy();
    let report = Report::read(&survey, &newest, &stem)?;
    // A place that cannot be written is told before the work, not after it.
    let output = Output::create(&arguments.output).with_context(|| format!("{path} cannot be written"))?;
    let limits = Limits {
        per_landmark: arguments.cut_outs.into(),
        bytes: usize::from(arguments.max_size) * 1_000_000,
        jobs: if arguments.download { cores().max(CONNECTIONS) } else { cores() },
    };
    let pictures = Pictures::new(arguments, &report)?;
    let bar = std::io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} pictures cut");
        ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    });
    let cut_outs = CutOuts::make(
        &report,
        limits,
        |picture| pictures.fetch(picture),
        |done, all| {
            if let Some(bar) = &bar {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            }
        },
    );
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
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

/// Where the bytes of pictures come from.
struct Pictures {
    /// The folder of the survey's file, which paths of pictures may be meant from.
    beside: PathBuf,
    /// Reads files within bounds; which folder it is of does not count.
    folder: Option<Folder>,
    server: Option<Panoramax>,
}

impl Pictures {
    fn new(arguments: &Arguments, report: &Report) -> Result<Self> {
        let root = &report.inventory.lineage.source;
        let is_server = root.starts_with("http://") || root.starts_with("https://");
        let server = (arguments.download && is_server).then(|| {
            let http = HttpSettings {
                requests_per_host: CONNECTIONS,
                requests_per_second: Some(RATE),
                ..HttpSettings::default()
            };
            let settings = panoramax::Settings { http, ..panoramax::Settings::default() };
            Panoramax::with_settings(root, arguments.token.clone(), settings)
        });
        let beside = arguments.survey.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { beside, folder: Folder::open(".").ok(), server: server.transpose()? })
    }

    fn fetch(&self, picture: &Picture) -> Result<Vec<u8>, String> {
        let fetched = match (&picture.image, &self.server, &self.folder) {
            (Image::Url(_), Some(server), _) => server.fetch(picture),
            (Image::Url(_), None, _) => return Err("on a server: --download gets them".to_owned()),
            (Image::File(path), _, Some(folder)) if path.is_relative() && !path.exists() => {
                folder.fetch(&Picture { image: Image::File(self.beside.join(path)), ..picture.clone() })
            }
            (Image::File(_), _, Some(folder)) => folder.fetch(picture),
            (Image::File(_), _, None) => return Err("file not readable".to_owned()),
        };
        fetched.map_err(|error| error.to_string())
    }
}
