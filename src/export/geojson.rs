//! GeoJSON after RFC 7946: a point feature a landmark, and the lineage as the member `survey`.

use std::io::{self, Write};

use serde::Serialize;

use crate::inventory::{Entry, Inventory};

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    geometry: Geometry,
    properties: &'a Entry,
}

#[derive(Serialize)]
struct Geometry {
    r#type: &'static str,
    coordinates: [f64; 2],
}

/// Writes an inventory, one feature a line, so that two files can be compared line by line.
pub fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\"type\":\"FeatureCollection\",\n\"survey\":")?;
    serde_json::to_writer(&mut *out, &inventory.lineage)?;
    out.write_all(b",\n\"features\":[")?;
    for (index, entry) in inventory.entries.iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        let geometry = Geometry { r#type: "Point", coordinates: [entry.lon_deg, entry.lat_deg] };
        serde_json::to_writer(&mut *out, &Feature { r#type: "Feature", geometry, properties: entry })?;
    }
    out.write_all(b"\n]}\n")
}
