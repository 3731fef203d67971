//! An inventory as a reader of the file sees it.

use std::path::Path;

use serde_json::Value;

/// A written GeoJSON file.
pub struct Inventory(pub Value);

/// Something at a place, of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    pub id: String,
    pub class: String,
    /// What it is called where nobody can read its code.
    pub family: Option<String>,
    pub lon_deg: f64,
    pub lat_deg: f64,
}

impl Inventory {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(serde_json::from_str(&text).unwrap())
    }

    pub fn of(inventory: &arpent::inventory::Inventory) -> Self {
        let mut bytes = Vec::new();
        arpent::export::geojson::write(inventory, &mut bytes).unwrap();
        Self(serde_json::from_slice(&bytes).unwrap())
    }

    pub fn survey(&self) -> &Value {
        &self.0["survey"]
    }

    pub fn features(&self) -> &[Value] {
        self.0["features"].as_array().unwrap()
    }

    pub fn things(&self) -> Vec<Thing> {
        self.features().iter().map(Thing::read).collect()
    }

    /// A count of the pictures.
    #[track_caller]
    pub fn pictures(&self, name: &str) -> u64 {
        self.survey()["pictures"][name].as_u64().unwrap()
    }

    /// The failed pictures with their reasons, in the file's order.
    pub fn failed(&self) -> Vec<(&str, &str)> {
        let failed = self.survey()["pictures"]["failed_pictures"].as_array().unwrap();
        failed.iter().map(|f| (f["id"].as_str().unwrap(), f["reason"].as_str().unwrap())).collect()
    }

    /// Every picture and every detection ends somewhere, and every failure has a reason.
    #[track_caller]
    pub fn assert_counts_add_up(&self) {
        let pictures = |name| self.pictures(name);
        assert_eq!(pictures("found"), pictures("done") + pictures("empty") + pictures("failed"));
        let reasons = self.survey()["pictures"]["failures"].as_object().unwrap();
        assert_eq!(reasons.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), pictures("failed"));
        for (reason, number) in reasons {
            let named = self.failed().iter().filter(|(_, named)| named == reason).count() as u64;
            assert_eq!(number.as_u64().unwrap(), named, "{reason}");
        }

        let sightings = |name: &str| self.survey()["sightings"][name].as_u64().unwrap();
        assert_eq!(sightings("found"), sightings("in_landmarks") + sightings("left_out"));
        let in_features: u64 = self.features().iter().map(|f| f["properties"]["sightings"].as_u64().unwrap()).sum();
        assert_eq!(sightings("in_landmarks"), in_features);
    }
}

impl Thing {
    /// From a point feature with the properties `id` and `class`.
    pub fn read(feature: &Value) -> Self {
        let text = |name: &str| feature["properties"][name].as_str().unwrap().to_owned();
        let at = |axis: usize| feature["geometry"]["coordinates"][axis].as_f64().unwrap();
        Self { id: text("id"), class: text("class"), family: None, lon_deg: at(0), lat_deg: at(1) }
    }

    /// Whether a found thing is called what this true one is, by its code or its family.
    pub fn is_called_by(&self, found: &Self) -> bool {
        found.class == self.class || self.family.as_ref() == Some(&found.class)
    }

    /// The way to another thing, metres; good for neighbours.
    pub fn distance_m(&self, other: &Self) -> f64 {
        let metres_per_deg = 6_371_008.8_f64.to_radians();
        let east = (other.lon_deg - self.lon_deg) * self.lat_deg.to_radians().cos() * metres_per_deg;
        let north = (other.lat_deg - self.lat_deg) * metres_per_deg;
        east.hypot(north)
    }
}

/// Pairs of a true and a found thing of one code or family, as indices: the nearest first, each thing once.
pub fn pairs(truth: &[Thing], found: &[Thing], within_m: f64) -> Vec<(usize, usize)> {
    let mut near: Vec<(f64, usize, usize)> = Vec::new();
    for (t, wanted) in truth.iter().enumerate() {
        for (f, landmark) in found.iter().enumerate().filter(|(_, landmark)| wanted.is_called_by(landmark)) {
            let distance_m = wanted.distance_m(landmark);
            if distance_m <= within_m {
                near.push((distance_m, t, f));
            }
        }
    }
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for (_, t, f) in near {
        if taken.iter().all(|(other_t, other_f)| *other_t != t && *other_f != f) {
            taken.push((t, f));
        }
    }
    taken
}
