//! Tasks for MapRoulette in its line-by-line form: each line is a collection of one point feature, with the columns of
//! an entry for the placeholders of a challenge (`{{class}}`), `name`, and `instructions` to begin with.
//!
//! There are no record separators (RFC 7464): MapRoulette does without them, and so do other programs for lines of JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::geojson::Feature;
use crate::inventory::{Entry, Inventory};
use crate::picture::is_address;

#[derive(Serialize)]
struct Task<'a> {
    r#type: &'static str,
    features: [Feature<Properties<'a>>; 1],
}

#[derive(Serialize)]
struct Properties<'a> {
    name: String,
    instructions: String,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// Writes an inventory.
pub fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    for entry in &inventory.entries {
        let properties = Properties { name: name(entry), instructions: instructions(entry), entry };
        // A challenge that is built anew knows by the id which tasks it has.
        let feature = Feature::new(Some(&entry.id), entry.lon_deg, entry.lat_deg, properties);
        let task = Task { r#type: "FeatureCollection", features: [feature] };
        serde_json::to_writer(&mut *out, &task)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// What stands there: `B14 50: Speed limit`.
fn name(entry: &Entry) -> String {
    let value = entry.value.as_ref().map_or_else(String::new, |value| format!(" {value}"));
    if entry.label == entry.class {
        format!("{}{value}", entry.class)
    } else {
        format!("{}{value}: {}", entry.class, entry.label)
    }
}

/// What a mapper is to do, in Markdown.
fn instructions(entry: &Entry) -> String {
    let mut text = format!(
        "Is there **{}** within about {:.0} m of this place, and is it on the map?",
        name(entry),
        entry.accuracy_m.max(1.0)
    );
    if let Some(url) = entry.picture_url.as_deref().filter(|url| is_address(url)) {
        text.push_str(&format!(" Look at [the picture]({url}) first."));
    }
    if let Some(tags) = &entry.osm_tags {
        text.push_str(&format!(" Its tags may be `{tags}`."));
    }
    text
}
