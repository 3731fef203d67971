//! `arpent pictures`: what there is in an area, and what surveying it would take.

use std::collections::BTreeMap;

use anyhow::Result;
use arpent::picture::{Camera, HeadingSource, Image, Picture};
use clap::Args;

use super::area::AreaOptions;
use super::guard::Files;
use super::progress::duration;
use super::survey::cores;
use super::{Done, count, print_line};

/// Size of a picture's file where the server does not tell, bytes: 360° and flat, as seen on public servers.
const TYPICAL_BYTES: (f64, f64) = (8e6, 3e6);
/// What one core takes to look at a picture with a small detector, seconds: 360° in 23 views, and flat in 5.
const TYPICAL_SECONDS: (f64, f64) = (1.8, 0.4);
/// The line that the time of the download is told for, bytes a second: 50 Mbit/s.
const LINE_BYTES_PER_S: f64 = 50e6 / 8.0;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    area: AreaOptions,
}

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        Files { inputs: self.area.file().into_iter().collect(), ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let query = arguments.area.query(None)?;
    let source = arguments.area.source()?;
    let mut listing = source.list(&query)?;
    let all = listing.pictures.len();
    listing.pictures.truncate(arguments.area.max_pictures.map_or(usize::MAX, |max| max as usize));
    let pictures = &listing.pictures;

    print_line(&format!("pictures     {}", pictures.len()))?;
    if pictures.len() < all {
        print_line(&format!("             of {all}, by --max-pictures"))?;
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for unusable in &listing.unusable {
        *reasons.entry(&unusable.reason).or_default() += 1;
    }
    for (reason, number) in reasons {
        print_line(&format!("not usable   {number} × {reason}"))?;
    }
    if !pictures.is_empty() {
        describe(pictures)?;
    }
    Ok(if listing.unusable.is_empty() { Done::Well } else { Done::WithFailures })
}

fn describe(pictures: &[Picture]) -> Result<()> {
    let round = pictures.iter().filter(|p| p.camera.is_equirectangular()).count();
    let unknown = pictures.iter().filter(|p| p.camera == Camera::Perspective { long_side_fov_deg: None }).count();
    let flat = pictures.len() - round;
    print_line(&format!("360°         {round}"))?;
    let note = if unknown > 0 { format!(" ({unknown} of unknown field of view)") } else { String::new() };
    print_line(&format!("flat         {flat}{note}"))?;

    let headed = |source| pictures.iter().filter(|p| p.pose.heading_source == source).count();
    print_line(&format!(
        "headings     {} measured, {} from the direction of travel, {} unknown",
        headed(HeadingSource::Measured),
        headed(HeadingSource::Travel),
        headed(HeadingSource::Unknown)
    ))?;
    let mut sequences: Vec<&str> = pictures.iter().map(|p| p.sequence.as_str()).collect();
    sequences.sort_unstable();
    sequences.dedup();
    print_line(&format!("sequences    {}", sequences.len()))?;
    let times = || pictures.iter().filter_map(|p| p.taken_at);
    if let Some((first, last)) = times().min().zip(times().max()) {
        print_line(&format!("taken        {} to {}", day(first), day(last)))?;
    }
    tally("producer", pictures.iter().map(|p| p.producer.as_deref()))?;
    tally("licence", pictures.iter().map(|p| p.license.as_deref()))?;

    let typical = |p: &Picture| if p.camera.is_equirectangular() { TYPICAL_BYTES.0 } else { TYPICAL_BYTES.1 };
    let guessed = pictures.iter().filter(|p| p.size_bytes.is_none()).count();
    let bytes: f64 = pictures.iter().map(|p| p.size_bytes.map_or_else(|| typical(p), |size| size as f64)).sum();
    let note = if guessed > 0 { format!(", typical sizes taken for {guessed}") } else { String::new() };
    let local = pictures.iter().all(|p| matches!(p.image, Image::File(_)));
    let what = if local { "on disk" } else { "download" };
    print_line(&format!("{what:<12} {}{note}", volume(bytes)))?;
    let looking = (round as f64 * TYPICAL_SECONDS.0 + flat as f64 * TYPICAL_SECONDS.1) / cores() as f64;
    let loading = if local { 0.0 } else { bytes / LINE_BYTES_PER_S };
    let line = if local { "" } else { " and 50 Mbit/s" };
    let takes = duration(looking.max(loading));
    print_line(&format!("survey       about {takes} with {}{line}", count(cores(), "core")))?;
    Ok(())
}

fn day(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// A line for each value, the most frequent first.
fn tally<'a>(what: &str, values: impl Iterator<Item = Option<&'a str>>) -> Result<()> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values {
        *numbers.entry(value.unwrap_or("unknown")).or_default() += 1;
    }
    let mut numbers: Vec<(&str, usize)> = numbers.into_iter().collect();
    numbers.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    for (value, number) in numbers {
        print_line(&format!("{what:<12} {value} ({number})"))?;
    }
    Ok(())
}

fn volume(bytes: f64) -> String {
    match bytes {
        b if b < 1e6 => format!("{:.0} kB", b / 1e3),
        b if b < 1e9 => format!("{:.0} MB", b / 1e6),
        b if b < 1e12 => format!("{:.1} GB", b / 1e9),
        b => format!("{:.1} TB", b / 1e12),
    }
}
