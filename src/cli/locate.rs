//! `arpent locate`: tables in, landmarks out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use arpent::ids::{Recalled, keep_ids};
use arpent::inventory::{Entry, Evidence, Inventory, Lineage, SightingCounts, entries, name_groups};
use arpent::locate::tables::Tables;
use arpent::locate::{Landmark, Traits, locate};
use arpent::model::{Class, Together};
use arpent::place::{Columns, Place, Places};
use arpent::survey::{SurveyFile, SurveyReader};
use clap::Args;

use super::guard::{Files, is_same};
use super::output::{self, FormatOptions};
use super::{Done, Lang, count, tell_left_out};

#[derive(Args)]
pub struct Arguments {
    /// Table of pictures, CSV or GeoJSON: picture_id, sequence_id, lon, lat, position_sd_m, heading_deg, heading_sd_deg, hfov_deg
    /// (360 = all round), and time if known; .gz is read too
    #[arg(value_name = "PICTURES.csv")]
    pictures: PathBuf,
    /// Table of sightings: picture_id, azimuth_deg, azimuth_sd_deg, class, and range_m, range_sd_m, elevation_deg,
    /// score, width_deg, height_deg, squeeze if known
    #[arg(value_name = "SIGHTINGS.csv")]
    sightings: PathBuf,
    /// Leave out what was seen less often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    min_sightings: u16,
    /// An earlier result, GeoJSON, CSV, GeoPackage or the file of a survey: what is still the same keeps its id. OUT itself may be named
    #[arg(long, value_name = "OLD.geojson|…")]
    previous: Option<PathBuf>,
    /// The file to write, in the format of its ending: .geojson, .csv, .gpkg, .parquet, .fgb, .osm or .maproulette.geojson
    #[arg(short, long, value_name = "OUT.geojson|…")]
    output: PathBuf,
    /// Language of the labels
    #[arg(long, value_enum, value_name = "LANG", default_value_t)]
    lang: Lang,
    #[command(flatten)]
    format: FormatOptions,
}

/// Tables do not say what their things are like: what most things along streets are.
const TRAITS: Traits = Traits { is_exclusive: true, together: Together::Support };

impl Arguments {
    /// The files that it reads and writes.
    pub fn files(&self) -> Files<'_> {
        let mut inputs = vec![self.pictures.as_path(), &self.sightings];
        // An earlier result may be followed by this one in its own place.
        inputs.extend(self.previous.as_deref().filter(|previous| !is_same(previous, &self.output)));
        Files { inputs, output: Some(&self.output), ..Files::default() }
    }
}

pub fn run(arguments: &Arguments) -> Result<Done> {
    let path = arguments.output.display();
    let output = output::create(&arguments.output)?;
    let exporter = arguments.format.exporter(&arguments.output)?;
    let tables = Tables::read(&arguments.pictures, &arguments.sightings)?;
    let mut landmarks = locate(&tables.stations, &tables.sightings, TRAITS);
    landmarks.retain(|landmark| landmark.sightings.len() >= usize::from(arguments.min_sightings));
    let class = |landmark: &Landmark| {
        let name = tables.classes.get(landmark.class)?.clone();
        Some((Class::of_name(name).in_language(arguments.lang.into()), landmark.class_confidence))
    };
    let mut entries = entries("sightings", &landmarks, class, |sighting| evidence(&tables, sighting));
    if let Some(previous) = &arguments.previous {
        let before = recall(&tables, &places(previous)?, &entries, &landmarks);
        let before: Vec<Option<&str>> = before.iter().map(Option::as_deref).collect();
        keep_ids(&mut entries, &landmarks, &before);
        name_groups(&mut entries, &landmarks);
    }

    let mut lineage = Lineage::of_this_tool();
    lineage.find = "sightings".to_owned();
    lineage.source = format!("{}, {}", arguments.pictures.display(), arguments.sightings.display());
    let with_sightings: BTreeSet<usize> = tables.sightings.iter().map(|s| s.station).collect();
    lineage.pictures.found = tables.stations.len();
    lineage.pictures.done = with_sightings.len();
    lineage.pictures.empty = tables.stations.len() - with_sightings.len();
    if arguments.min_sightings > 1 {
        lineage.settings.insert("min_sightings".to_owned(), arguments.min_sightings.into());
    }
    if let Some(previous) = &arguments.previous {
        lineage.settings.insert("previous".to_owned(), previous.display().to_string().into());
    }
    let found = tables.sightings.len();
    lineage.sightings = SightingCounts::new(found, &landmarks);

    let inventory = Inventory { entries, lineage };
    let written = output::write(output, &arguments.output, &exporter, &inventory)?;
    tell!("{written} from {}, written to {path}", count(found, "sighting"));
    tell_left_out(inventory.lineage.sightings.left_out, arguments.min_sightings);
    Ok(Done::Well)
}

/// The landmarks of an earlier result.
fn places(previous: &Path) -> Result<Vec<Place>> {
    Ok(if SurveyFile::is_at(previous) {
        SurveyReader::open(previous)?.inventory()?.entries.iter().map(Place::from).collect()
    } else {
        Places::read(previous, &Columns::default())?.places
    })
}

/// For each sighting the id of the landmark that it was in.
fn recall(tables: &Tables, previous: &[Place], entries: &[Entry], landmarks: &[Landmark]) -> Vec<Option<String>> {
    let name = |class: &String| Class::of_name(class.clone()).inventory_name().to_owned();
    let classes: Vec<String> = tables.classes.iter().map(name).collect();
    let seen = Recalled { stations: &tables.stations, sightings: &tables.sightings, classes: &classes };
    seen.ids(previous, entries, landmarks)
}

fn evidence(tables: &Tables, sighting: usize) -> Evidence<'_> {
    let sighting = &tables.sightings[sighting];
    let station = &tables.stations[sighting.station];
    Evidence {
        class: &tables.classes[sighting.class],
        picture_id: &station.picture_id,
        sequence_id: &station.sequence_id,
        taken_at: tables.taken_at[sighting.station],
        azimuth_deg: sighting.azimuth_deg,
        elevation_deg: sighting.elevation_deg,
        ..Evidence::default()
    }
}
