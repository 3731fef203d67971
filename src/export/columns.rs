//! The columns of an entry with their types, for formats whose columns have one.

use jiff::Timestamp;

use crate::inventory::Entry;

/// A column: its name, and how to get its value from an entry.
pub struct Column {
    /// Its name in every format.
    pub name: &'static str,
    /// Its type and its values; `None` for what is not known of an entry.
    pub values: Values,
}

/// The type of a column with what gets its values.
#[derive(Clone, Copy)]
pub enum Values {
    /// Texts.
    Text(fn(&Entry) -> Option<&str>),
    /// Floating-point numbers of 64 bits.
    Real(fn(&Entry) -> Option<f64>),
    /// Counts.
    Integer(fn(&Entry) -> Option<usize>),
    /// Times in UTC.
    Time(fn(&Entry) -> Option<Timestamp>),
}

use Values::{Integer, Real, Text, Time};

const fn column(name: &'static str, values: Values) -> Column {
    Column { name, values }
}

/// The columns in the order of [`Entry::COLUMNS`].
pub const COLUMNS: [Column; Entry::COLUMNS.len()] = [
    column("id", Text(|e| Some(&e.id))),
    column("find", Text(|e| Some(&e.find))),
    column("class", Text(|e| Some(&e.class))),
    column("value", Text(|e| e.value.as_deref())),
    column("label", Text(|e| Some(&e.label))),
    column("class_confidence", Real(|e| Some(e.class_confidence))),
    column("probability", Real(|e| Some(e.probability))),
    column("method", Text(|e| Some(e.method.name()))),
    column("accuracy_m", Real(|e| Some(e.accuracy_m))),
    column("ellipse_major_m", Real(|e| Some(e.ellipse_major_m))),
    column("ellipse_minor_m", Real(|e| Some(e.ellipse_minor_m))),
    column("ellipse_azimuth_deg", Real(|e| Some(e.ellipse_azimuth_deg))),
    column("direction_deg", Real(|e| e.direction_deg)),
    column("direction_sd_deg", Real(|e| e.direction_sd_deg)),
    column("support", Text(|e| e.support.as_deref())),
    column("installation", Text(|e| e.installation.as_deref())),
    column("surface_m2", Real(|e| e.surface_m2)),
    column("surface_sd_m2", Real(|e| e.surface_sd_m2)),
    column("sightings", Integer(|e| Some(e.sightings))),
    column("sequences", Integer(|e| Some(e.sequences))),
    column("first_seen", Time(|e| e.first_seen)),
    column("last_seen", Time(|e| e.last_seen)),
    column("panoramax", Text(|e| Some(&e.panoramax))),
    column("picture_url", Text(|e| e.picture_url.as_deref())),
    column("picture_box", Text(|e| e.picture_box.as_deref())),
    column("license", Text(|e| e.license.as_deref())),
    column("producer", Text(|e| e.producer.as_deref())),
    column("osm_tags", Text(|e| e.osm_tags.as_deref())),
    column("reviewed", Text(|e| e.reviewed.as_deref())),
];

/// A time to the millisecond as GeoPackage and others want it: `2026-05-12T08:14:05.123Z`.
pub fn time_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_an_entry() {
        assert_eq!(COLUMNS.map(|column| column.name), Entry::COLUMNS);
    }

    #[test]
    fn a_time_has_three_decimals() {
        let text = |time: &str| time_text(time.parse().unwrap());
        assert_eq!(text("2026-05-12T08:14:05.123456789Z"), "2026-05-12T08:14:05.123Z");
        assert_eq!(text("2026-05-12T08:14:05Z"), "2026-05-12T08:14:05.000Z");
    }
}
