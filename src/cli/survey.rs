//! `arpent survey`: an area in, an inventory out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use arpent::annotation::Annotations;
use arpent::export::Exporter;
use arpent::inventory::Inventory;
use arpent::survey::{self, Settings, SurveyFile};
use clap::Args;

use super::area::AreaOptions;
use super::guard::Files;
use super::model::ModelOptions;
use super::output::{self, FormatOptions};
use super::progress::Teller;
use super::usage::usage;
use super::{Done, Lang, count, tell_left_out};

#[derive(Args)]
pub struct Arguments {
    /// Pictures looked at at a time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// The file of the survey, a GeoPackage, which is made or gone on with; or the file to write, with the file of the
    /// survey, OUT.gpkg, beside it, in the format of its ending: .geojson, .csv, .parquet, .fgb, .osm or
    /// .maproulette.geojson
    #[arg(short, long, value_name = "OUT.gpkg|OUT.geojson|…")]
    output: PathBuf,
    /// Where detections come from: the detector, the annotations that the pictures on the server carry already, in which
    /// case no picture is downloaded, or both
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Detections::Detector)]
    detections: Detections,
    /// Look at all pictures again, for a second set of sightings in the file of the survey
    #[arg(long)]
    again: bool,
    /// Language of the labels
    #[arg(long, value_enum, value_name = "LANG", default_value_t)]
    lang: Lang,
    /// Leave out what was seen less often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    min_sightings: u16,
    // Last, so that their headings do not stand above the options here.
    #[command(flatten)]
    area: AreaOptions,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    format: FormatOptions,
}

/// Where detections come from.
#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Detections {
    Detector,
    Annotations,
    Both,
}

/// The files that a survey is kept in and written to.
pub struct Outputs {
    pub survey: PathBuf,
    /// Where the inventory is written besides, in the format of its ending.
    exported: Option<PathBuf>,
}

impl Outputs {
    pub fn of(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("gpkg") => {
                Self { survey: path.to_owned(), exported: None }
            }
            _ => Self { survey: path.with_extension("gpkg"), exported: Some(path.to_owned()) },
        }
    }
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        let Outputs { survey, exported } = Outputs::of(&self.output);
        let inputs = self.area.file().into_iter().chain(self.model.file()).collect();
        Files { inputs, survey: Some(survey), output: exported.map(|_| self.output.as_path()) }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let outputs = Outputs::of(&arguments.output);
    let exporter = exporter(&arguments.format, &outputs)?;
    check_detections(arguments)?;
    let mut model = arguments.model.open()?;
    model.set_language(arguments.lang.into());
    let mut query = arguments.area.query(Some(&outputs.survey))?;
    query.annotations = match arguments.detections {
        Detections::Detector => Annotations::Ignored,
        Detections::Annotations => Annotations::Alone,
        Detections::Both => Annotations::Added,
    };
    let source = arguments.area.source()?;
    let mut file = SurveyFile::open(&outputs.survey)?;
    if arguments.again {
        file = file.again();
    }
    let settings = Settings {
        jobs: arguments.jobs.map_or_else(cores, usize::from),
        max_pictures: arguments.area.max_pictures.map(|max| max as usize),
        min_sightings: usize::from(arguments.min_sightings),
    };

    let stop = stop_on_interrupt("the pictures in flight are finished and what is there is written")?;
    let mut teller = Teller::new();
    let inventory = survey::run_in(&mut file, source.as_ref(), &query, &model, &settings, &mut teller, &stop)?;
    drop(teller);
    drop(file);
    summarise(&inventory, arguments.min_sightings);
    let pictures = &inventory.lineage.pictures;
    if pictures.found > 0 && pictures.failed == pictures.found {
        match &outputs.exported {
            _ if !inventory.lineage.complete => {
                anyhow::bail!("stopped before a picture was looked at: the same command goes on")
            }
            Some(path) => anyhow::bail!("no picture could be looked at: {} is left as it was", path.display()),
            None => {
                anyhow::bail!("no picture could be looked at: `arpent status {}` says why", outputs.survey.display())
            }
        }
    }
    if let Some((path, exporter)) = outputs.exported.as_ref().zip(exporter) {
        output::write(output::create(path)?, path, &exporter, &inventory)?;
    }
    let state = match inventory.lineage.complete {
        true => "",
        false => " (incomplete: the run was stopped; the same command goes on with it)",
    };
    tell!("written to {}{state}", arguments.output.display());
    Ok(if pictures.failed > 0 { Done::WithFailures } else { Done::Well })
}

/// What writes the result beside the file of the survey, if there is to be one.
fn exporter(options: &FormatOptions, outputs: &Outputs) -> Result<Option<Exporter>> {
    match &outputs.exported {
        Some(path) => {
            output::create(path)?;
            options.exporter(path).map(Some)
        }
        None if options.are_default() => Ok(None),
        None => Err(usage(format!(
            "the file of a survey has a form of its own: leave out --format, --crs, --bom and --excel, and write its \
             landmarks with `arpent export {}`",
            outputs.survey.display()
        ))),
    }
}

/// Refuses annotations where there are none, and where their boxes would lie elsewhere.
fn check_detections(arguments: &Arguments) -> Result<()> {
    if arguments.area.are_files() && arguments.detections != Detections::Detector {
        return Err(usage("the files of a folder carry no annotations: leave out --detections"));
    }
    if arguments.detections == Detections::Both && arguments.area.are_small() {
        return Err(usage(
            "annotations are boxes in the pictures as uploaded: leave out --quality sd with --detections both",
        ));
    }
    Ok(())
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A flag that the first Ctrl-C raises, which tells what happens then; the second ends the program at once. What is in
/// the file is safe either way.
pub fn stop_on_interrupt(then: &'static str) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        tell!("\nstopping: {then} (again: stop at once)");
    })
    .context("Ctrl-C cannot be listened to")?;
    Ok(stop)
}

/// Tells what was found.
fn summarise(inventory: &Inventory, min_sightings: u16) {
    let lineage = &inventory.lineage;
    let pictures = &lineage.pictures;
    tell!(
        "{}: {} with detections, {} without, {} failed",
        count(pictures.found, "picture"),
        pictures.done,
        pictures.empty,
        pictures.failed
    );
    for (reason, number) in &pictures.failures {
        tell!("  {number} × {reason}");
    }
    if pictures.beyond_max_pictures > 0 {
        tell!("  {} more were left out by --max-pictures", pictures.beyond_max_pictures);
    }
    let mut classes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for entry in &inventory.entries {
        *classes.entry((&entry.class, &entry.label)).or_default() += 1;
    }
    tell!("{} from {}", count(inventory.entries.len(), "landmark"), count(lineage.sightings.found, "detection"));
    tell_left_out(lineage.sightings.left_out, min_sightings);
    for ((class, label), number) in classes {
        tell!("  {number:>4}  {class}  {label}");
    }
}
