//! `arpent locate`: tables in, landmarks out.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result};
use arpent::export::{Output, geojson};
use arpent::inventory::{Evidence, Inventory, Lineage, SightingCounts, entries};
use arpent::locate::tables::Tables;
use arpent::locate::{Landmark, Traits, locate};
use arpent::model::{Class, Together};
use clap::Args;

use super::{Done, Lang, count};

#[derive(Args)]
pub struct Arguments {
    /// Table of pictures: picture_id, sequence_id, lon, lat, position_sd_m, heading_deg, heading_sd_deg, hfov_deg
    /// (360 = all round), and time if known; .gz is read too
    #[arg(value_name = "PICTURES.csv")]
    pictures: PathBuf,
    /// Table of sightings: picture_id, azimuth_deg, azimuth_sd_deg, class, and range_m, range_sd_m, elevation_deg,
    /// score if known
    #[arg(value_name = "SIGHTINGS.csv")]
    sightings: PathBuf,
    /// The GeoJSON file to write
    #[arg(short, long, value_name = "OUT.geojson")]
    output: PathBuf,
    /// Language of the labels
    #[arg(long, value_enum, value_name = "LANG", default_value_t)]
    lang: Lang,
}

/// Tables do not say what their things are like: what most things along streets are.
const TRAITS: Traits = Traits { is_exclusive: true, together: Together::Support };

pub fn run(arguments: &Arguments) -> Result<Done> {
    let path = arguments.output.display();
    let output = Output::create(&arguments.output).with_context(|| format!("{path} cannot be written"))?;
    let tables = Tables::read(&arguments.pictures, &arguments.sightings)?;
    let landmarks = locate(&tables.stations, &tables.sightings, TRAITS);
    let class = |landmark: &Landmark| {
        let name = tables.classes.get(landmark.class)?.clone();
        Some((Class::of_name(name).in_language(arguments.lang.into()), landmark.class_confidence))
    };
    let entries = entries("sightings", &landmarks, class, |sighting| evidence(&tables, sighting));

    let mut lineage = Lineage::of_this_tool();
    lineage.find = "sightings".to_owned();
    lineage.source = format!("{}, {}", arguments.pictures.display(), arguments.sightings.display());
    let with_sightings: BTreeSet<usize> = tables.sightings.iter().map(|s| s.station).collect();
    lineage.pictures.found = tables.stations.len();
    lineage.pictures.done = with_sightings.len();
    lineage.pictures.empty = tables.stations.len() - with_sightings.len();
    let found = tables.sightings.len();
    lineage.sightings = SightingCounts::new(found, &landmarks);

    let inventory = Inventory { entries, lineage };
    output.finish(|out| geojson::write(&inventory, out)).with_context(|| format!("{path} could not be written"))?;
    tell!("{} from {}, written to {path}", count(landmarks.len(), "landmark"), count(found, "sighting"));
    Ok(Done::Well)
}

fn evidence(tables: &Tables, sighting: usize) -> Evidence<'_> {
    let sighting = &tables.sightings[sighting];
    let station = &tables.stations[sighting.station];
    Evidence {
        picture_id: &station.picture_id,
        sequence_id: &station.sequence_id,
        taken_at: tables.taken_at[sighting.station],
        azimuth_deg: sighting.azimuth_deg,
        elevation_deg: sighting.elevation_deg,
        ..Evidence::default()
    }
}
