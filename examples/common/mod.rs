//! Points of GeoJSON files, as the examples read them.

use anyhow::{Context, Result};
use geojson::{FeatureCollection, GeometryValue, JsonObject};

/// A point with its properties.
pub struct Place {
    /// Longitude and latitude, degrees.
    pub lon_lat: (f64, f64),
    properties: JsonObject,
}

impl Place {
    /// A property that is a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.properties.get(name)?.as_f64()
    }

    /// A property that is a text; empty where it is none.
    pub fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(|value| value.as_str()).unwrap_or_default()
    }
}

/// The points of a file.
pub fn places(path: &str) -> Result<Vec<Place>> {
    let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
    let features = text.parse::<FeatureCollection>().with_context(|| path.to_owned())?.features;
    let points = features.into_iter().filter_map(|feature| match feature.geometry?.value {
        GeometryValue::Point { coordinates } => {
            let lon_lat = (*coordinates.as_slice().first()?, *coordinates.as_slice().get(1)?);
            Some(Place { lon_lat, properties: feature.properties.unwrap_or_default() })
        }
        _ => None,
    });
    Ok(points.collect())
}
