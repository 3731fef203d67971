//! Coordinate reference systems, against PROJ.

use std::fs;

use arpent::crs::Crs;
use serde_json::{Value, json};

mod support;

use support::command::text;
use support::readers::read_by;

/// Every system that is known, at nine places about its origin.
#[test]
fn all_systems_are_those_of_proj() {
    let systems: Vec<Value> =
        (1..=u16::MAX).filter_map(|code| format!("EPSG:{code}").parse().ok()).map(known).collect();
    assert!(systems.len() > 2000, "{}", systems.len());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("systems.json");
    fs::write(&path, serde_json::to_vec(&systems).unwrap()).unwrap();
    read_by("systems.py", [text(&path)]);
}

fn known(crs: Crs) -> Value {
    let definition = crs.projjson();
    let parameters = definition["conversion"]["parameters"].as_array();
    let value = |start: &str| {
        let mut named = parameters.into_iter().flatten().filter(|p| p["name"].as_str().unwrap().starts_with(start));
        named.next().and_then(|p| p["value"].as_f64())
    };
    let (lon_deg, lat_deg) = (value("Longitude of").unwrap_or(3.0), value("Latitude of").unwrap_or(46.0));
    // The origin of many lies on the equator, of what they are for it does not.
    let middle = value("Latitude of 1st").unwrap_or(if lat_deg == 0.0 { 45.0 } else { lat_deg });
    let lats = [middle - 1.0, middle, middle + 1.5].map(|lat: f64| lat.clamp(-89.0, 89.0));
    let lons = [lon_deg - 2.0, lon_deg, lon_deg + 3.0].map(|lon| (lon + 540.0).rem_euclid(360.0) - 180.0);
    let places = lats.iter().flat_map(|lat| lons.map(|lon| (lon, *lat)));
    let places: Vec<Value> = places.map(|(lon, lat)| json!([lon, lat, crs.project(lon, lat)])).collect();
    json!({"code": crs.code(), "geographic": crs.is_geographic(), "projjson": definition, "places": places})
}
