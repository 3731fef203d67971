//! Tasks for MapRoulette in its line-by-line form: each line is a collection of one point feature, with the columns of
//! an entry for the placeholders of a challenge (`{{class}}`), `name`, and `instructions` to begin with.
//!
//! There are no record separators (RFC 7464): MapRoulette does without them, and so do other programs for lines of JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::geojson::Feature;
use crate::inventory::{Entry, Inventory, language_of};
use crate::picture::is_address;
use crate::taxonomy::Language;

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
    let language = language_of(&inventory.entries);
    for entry in &inventory.entries {
        let properties =
            Properties { name: name(entry, language), instructions: instructions(entry, language), entry };
        // A challenge that is built anew knows by the id which tasks it has.
        let feature = Feature::new(Some(&entry.id), entry.lon_deg, entry.lat_deg, properties);
        let task = Task { r#type: "FeatureCollection", features: [feature] };
        serde_json::to_writer(&mut *out, &task)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// What stands there: `B14 50: Speed limit`.
fn name(entry: &Entry, language: Language) -> String {
    let value = entry.value.as_ref().map_or_else(String::new, |value| format!(" {value}"));
    let colon = match language {
        Language::En => ":",
        Language::Fr => " :",
    };
    if entry.label == entry.class {
        format!("{}{value}", entry.class)
    } else {
        format!("{}{value}{colon} {}", entry.class, entry.label)
    }
}

/// What a mapper is to do, in Markdown and the language of the labels.
fn instructions(entry: &Entry, language: Language) -> String {
    let (name, within) = (name(entry, language), entry.accuracy_m.max(1.0));
    let picture = entry.picture_url.as_deref().filter(|url| is_address(url));
    let (task, look, tags) = match language {
        Language::En => (
            format!("Is there **{name}** within about {within:.0} m of this place, and is it on the map?"),
            picture.map(|url| format!(" Look at [the picture]({url}) first.")),
            entry.osm_tags.as_ref().map(|tags| format!(" Its tags may be `{tags}`.")),
        ),
        Language::Fr => (
            format!("Y a-t-il **{name}** à moins de {within:.0} m environ de ce point, et est-ce sur la carte ?"),
            picture.map(|url| format!(" Regardez d'abord [la photo]({url}).")),
            entry.osm_tags.as_ref().map(|tags| format!(" Ses attributs peuvent être `{tags}`.")),
        ),
    };
    [Some(task), look, tags].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Lineage;

    fn task(label: &str) -> Value {
        let entry = json!({
            "id": "a", "find": "signs", "class": "B14", "value": "50", "label": label, "class_confidence": 0.5,
            "probability": 1.0, "method": "range", "accuracy_m": 1.25, "ellipse_major_m": 1.25, "ellipse_minor_m": 0.5,
            "ellipse_azimuth_deg": 0.0, "sightings": 1, "sequences": 1, "panoramax": "p",
            "picture_url": "https://example.org/p", "osm_tags": "traffic_sign=FR:B14[50]",
        });
        let entries = vec![serde_json::from_value(entry).unwrap()];
        let mut line = Vec::new();
        write(&Inventory { entries, lineage: Lineage::of_this_tool() }, &mut line).unwrap();
        serde_json::from_slice::<Value>(&line).unwrap()["features"][0]["properties"].take()
    }

    #[test]
    fn a_task_speaks_the_language_of_its_label() {
        let english = task("Speed limit");
        assert_eq!(english["name"], "B14 50: Speed limit");
        assert_eq!(
            english["instructions"],
            "Is there **B14 50: Speed limit** within about 1 m of this place, and is it on the map? Look at [the \
             picture](https://example.org/p) first. Its tags may be `traffic_sign=FR:B14[50]`."
        );
        let label = crate::taxonomy::name_of("B14", Language::Fr).unwrap();
        let french = task(label);
        assert_eq!(french["name"], format!("B14 50 : {label}"));
        assert_eq!(
            french["instructions"],
            format!(
                "Y a-t-il **B14 50 : {label}** à moins de 1 m environ de ce point, et est-ce sur la carte ? Regardez \
                 d'abord [la photo](https://example.org/p). Ses attributs peuvent être `traffic_sign=FR:B14[50]`."
            )
        );
    }
}
