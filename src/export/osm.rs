//! OSM XML for JOSM: a new node for each landmark that has tags for OpenStreetMap.
//!
//! The file forbids JOSM to upload it (`upload="never"`): each node is meant to be looked at, and what is right to be
//! merged into a layer of downloaded data. Beside its tags a node names the best picture, `panoramax=…`, where that is
//! one of a Panoramax server, and the day of the newest, `source:date=…`.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};

use crate::inventory::{self, Entry, Inventory};

/// The longest value that OpenStreetMap holds, characters.
const MAX_VALUE: usize = 255;

/// Writes an inventory.
pub fn write(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("osm")
        .with_attribute(("version", "0.6"))
        .with_attribute(("generator", inventory.lineage.tool.as_str()))
        .with_attribute(("upload", "never"))
        .write_inner_content(|xml| {
            let tagged = inventory.entries.iter().map(|entry| (entry, tags(entry)));
            for (number, (entry, tags)) in tagged.filter(|(_, tags)| !tags.is_empty()).enumerate() {
                write_node(xml, number, entry, &tags)?;
            }
            Ok(())
        })?;
    xml.get_mut().write_all(b"\n")
}

fn write_node(
    xml: &mut Writer<&mut dyn Write>,
    number: usize,
    entry: &Entry,
    tags: &[(&str, String)],
) -> io::Result<()> {
    xml.create_element("node")
        .with_attribute(("id", format!("-{}", number + 1).as_str()))
        .with_attribute(("action", "modify"))
        .with_attribute(("visible", "true"))
        .with_attribute(("lat", format!("{:.7}", entry.lat_deg).as_str()))
        .with_attribute(("lon", format!("{:.7}", entry.lon_deg).as_str()))
        .write_inner_content(|xml| {
            for (key, value) in tags {
                xml.create_element("tag")
                    .with_attribute(("k", *key))
                    .with_attribute(("v", value.as_str()))
                    .write_empty()?;
            }
            Ok(())
        })?;
    Ok(())
}

/// How many entries have no tags, and are left out.
pub fn left_out(inventory: &Inventory) -> usize {
    inventory.entries.iter().filter(|entry| tags(entry).is_empty()).count()
}

/// The tags of an entry's node; none where it has none for OpenStreetMap.
fn tags(entry: &Entry) -> Vec<(&str, String)> {
    let mut tags = inventory::tags(entry.osm_tags.as_deref().unwrap_or_default());
    tags.iter_mut().for_each(|(_, value)| *value = plain(value));
    tags.retain(|(_, value)| !value.is_empty() && value.chars().count() <= MAX_VALUE);
    if !tags.is_empty() {
        let best = entry.panoramax.split(';').next().unwrap_or_default();
        if is_uuid(best) {
            tags.push(("panoramax", best.to_owned()));
        }
        tags.extend(entry.last_seen.map(|time| ("source:date", time.strftime("%Y-%m-%d").to_string())));
    }
    tags
}

/// Without what XML cannot hold, which servers may have sent.
fn plain(text: &str) -> String {
    let allowed = |c: char| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c };
    text.chars().map(allowed).collect::<String>().trim().to_owned()
}

/// Whether an id is one of a picture on a server, not the path of a file.
fn is_uuid(id: &str) -> bool {
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && id.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags_of(osm_tags: &str, panoramax: &str) -> String {
        let entry = serde_json::json!({
            "id": "", "find": "signs", "class": "B14", "label": "", "class_confidence": 1.0, "probability": 1.0,
            "method": "triangulated", "accuracy_m": 1.0, "ellipse_major_m": 1.0, "ellipse_minor_m": 1.0,
            "ellipse_azimuth_deg": 0.0, "sightings": 1, "sequences": 1, "panoramax": panoramax, "osm_tags": osm_tags,
        });
        let entry: Entry = serde_json::from_value(entry).unwrap();
        let tags = tags(&entry);
        tags.iter().map(|(key, value)| format!("{key}|{value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_of_several_parts_stay_whole() {
        assert_eq!(
            tags_of("traffic_sign=FR:B14[50];direction=215", "a.jpg"),
            "traffic_sign|FR:B14[50] direction|215"
        );
        assert_eq!(tags_of("traffic_sign=FR:A1;FR:M9[a=b];x=1", ""), "traffic_sign|FR:A1;FR:M9[a=b] x|1");
        assert_eq!((tags_of("", ""), tags_of("nonsense", ""), tags_of("=;a b=c;", "")), Default::default());
    }

    #[test]
    fn only_pictures_of_a_server_are_named() {
        let id = "0b5e4bd5-0ab1-4b5c-a3a1-5b6d9a9f7d3e";
        assert_eq!(tags_of("a=b", &format!("{id};other")), format!("a|b panoramax|{id}"));
        assert_eq!(tags_of("a=b", "drive/0b5e4bd5.jpg"), "a|b");
    }

    #[test]
    fn what_openstreetmap_cannot_hold_is_left_out() {
        assert_eq!(tags_of(&format!("a={};b=c\u{1}\nd", "x".repeat(256)), ""), "b|c  d");
    }
}
