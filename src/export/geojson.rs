//! GeoJSON after RFC 7946: a point feature a landmark, and the lineage as the member `survey`.

use std::io::{self, Write};

use serde::Serialize;

use crate::inventory::Inventory;

/// A point feature.
#[derive(Serialize)]
pub(crate) struct Feature<P> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    geometry: Geometry,
    properties: P,
}

#[derive(Serialize)]
struct Geometry {
    r#type: &'static str,
    coordinates: [f64; 2],
}

impl<P: Serialize> Feature<P> {
    /// At a place, degrees.
    pub fn new(id: Option<&str>, lon_deg: f64, lat_deg: f64, properties: P) -> Self {
        let geometry = Geometry { r#type: "Point", coordinates: [lon_deg, lat_deg] };
        Self { r#type: "Feature", id: id.map(str::to_owned), geometry, properties }
    }
}

/// Writes features, one a line, and the end of their collection.
pub(crate) fn write_features<P: Serialize>(
    features: impl Iterator<Item = Feature<P>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(b"\"features\":[")?;
    for (index, feature) in features.enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &feature)?;
    }
    out.write_all(b"\n]}\n")
}

/// Writes an inventory, one feature a line, so that two files can be compared line by line.
pub fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\"type\":\"FeatureCollection\",\n\"survey\":")?;
    serde_json::to_writer(&mut *out, &inventory.lineage)?;
    out.write_all(b",\n")?;
    let entries = inventory.entries.iter();
    write_features(entries.map(|entry| Feature::new(None, entry.lon_deg, entry.lat_deg, entry)), out)
}
