//! `arpent survey`: an area in, an inventory out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use arpent::export::{Output, geojson};
use arpent::inventory::Inventory;
use arpent::survey::{self, Settings};
use clap::Args;

use super::area::AreaOptions;
use super::model::ModelOptions;
use super::progress::Teller;
use super::{Done, count};

#[derive(Args)]
pub struct Arguments {
    /// Pictures looked at at a time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// The GeoJSON file to write
    #[arg(short, long, value_name = "OUT.geojson")]
    output: PathBuf,
    // Last, so that their headings do not stand above the options here.
    #[command(flatten)]
    area: AreaOptions,
    #[command(flatten)]
    model: ModelOptions,
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let model = arguments.model.open()?;
    let query = arguments.area.query()?;
    let source = arguments.area.source()?;
    let path = arguments.output.display();
    let output = Output::create(&arguments.output).with_context(|| format!("{path} cannot be written"))?;
    let settings = Settings {
        jobs: arguments.jobs.map_or_else(cores, usize::from),
        max_pictures: arguments.area.max_pictures.map(|max| max as usize),
    };

    let stop = stop_on_interrupt(output.part().to_owned())?;
    let mut teller = Teller::new();
    let inventory = survey::run(source.as_ref(), &query, &model, &settings, &mut teller, &stop)?;
    drop(teller);
    summarise(&inventory);
    let pictures = &inventory.lineage.pictures;
    if pictures.found > 0 && pictures.failed == pictures.found {
        anyhow::bail!("no picture could be looked at: {path} is left as it was");
    }
    output.finish(|out| geojson::write(&inventory, out)).with_context(|| format!("{path} could not be written"))?;
    let state = if inventory.lineage.complete { "" } else { " (incomplete: the run was stopped)" };
    tell!("written to {path}{state}");
    Ok(if pictures.failed > 0 { Done::WithFailures } else { Done::Well })
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A flag that the first Ctrl-C raises; the second ends the program at once and removes the unfinished file.
fn stop_on_interrupt(part: PathBuf) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            let _ = std::fs::remove_file(&part);
            std::process::exit(130);
        }
        tell!("\nstopping: the pictures in flight are finished and what is there is written (again: stop at once)");
    })
    .context("Ctrl-C cannot be listened to")?;
    Ok(stop)
}

/// Tells what was found.
fn summarise(inventory: &Inventory) {
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
    for ((class, label), number) in classes {
        tell!("  {number:>4}  {class}  {label}");
    }
}
