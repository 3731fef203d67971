//! Outcomes as files: a row a pair, or a place that is left over.

use std::io::{self, Write};

use serde::Serialize;

use super::{Outcome, Place};
use crate::export::csv;
use crate::export::geojson::{Feature, write_features};

const COLUMNS: [&str; 16] = [
    "status",
    "class_old",
    "value_old",
    "class_new",
    "value_new",
    "distance_m",
    "deviations",
    "pictures_that_looked",
    "probability",
    "id_old",
    "id_new",
    "lon_old",
    "lat_old",
    "lon_new",
    "lat_new",
    "last_seen",
];

#[derive(Serialize)]
struct Row<'a> {
    status: &'static str,
    class_old: Option<&'a str>,
    value_old: Option<&'a str>,
    class_new: Option<&'a str>,
    value_new: Option<&'a str>,
    distance_m: Option<f64>,
    deviations: Option<f64>,
    pictures_that_looked: Option<usize>,
    probability: Option<f64>,
    id_old: Option<&'a str>,
    id_new: Option<&'a str>,
    lon_old: Option<f64>,
    lat_old: Option<f64>,
    lon_new: Option<f64>,
    lat_new: Option<f64>,
    last_seen: Option<jiff::Timestamp>,
}

impl<'a> Row<'a> {
    fn of(outcome: &Outcome<'a>) -> Self {
        let (old, new) = (outcome.old, outcome.new);
        let rounded = |number: f64| (number * 100.0).round() / 100.0;
        let class = |place: Option<&'a Place>| place.map(|p| p.class.as_str()).filter(|class| !class.is_empty());
        Self {
            status: outcome.status.name(),
            class_old: class(old),
            value_old: old.and_then(|place| place.value.as_deref()),
            class_new: class(new),
            value_new: new.and_then(|place| place.value.as_deref()),
            distance_m: outcome.distance_m.map(rounded),
            deviations: outcome.deviations.map(rounded),
            pictures_that_looked: outcome.looks,
            probability: new.or(old).and_then(|place| place.probability),
            id_old: old.map(|place| place.id.as_str()),
            id_new: new.map(|place| place.id.as_str()),
            lon_old: old.map(|place| place.lon_deg),
            lat_old: old.map(|place| place.lat_deg),
            lon_new: new.map(|place| place.lon_deg),
            lat_new: new.map(|place| place.lat_deg),
            last_seen: new.or(old).and_then(|place| place.last_seen),
        }
    }
}

/// Writes outcomes as GeoJSON points: where the new list has the place, else where the old one has it.
pub fn write_geojson<'a>(outcomes: &[Outcome<'a>], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\"type\":\"FeatureCollection\",\n")?;
    let feature = |outcome: &Outcome<'a>| {
        let place = outcome.new.or(outcome.old)?;
        Some(Feature::new(None, place.lon_deg, place.lat_deg, Row::of(outcome)))
    };
    write_features(outcomes.iter().filter_map(feature), out)
}

/// Writes outcomes as CSV after RFC 4180.
pub fn write_csv(outcomes: &[Outcome<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::writer(out);
    table.write_record(COLUMNS)?;
    for outcome in outcomes {
        table.serialize(Row::of(outcome))?;
    }
    table.flush()
}
