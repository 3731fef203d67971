//! A Panoramax server as a source: every oddity of the API, played by a scripted server.
//!
//! `tests/recorded` holds answers of a true one (GeoVisio 2.15.1), its address replaced by `http://127.0.0.1`.

mod failures;
mod fetch;
mod items;
mod search;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use arpent::area::Area;
use arpent::source::panoramax::Settings;
use arpent::source::{HttpSettings, Listing, Panoramax, Query, Source};
use serde_json::{Value, json};
use support::server::{Reply, Server};

const EMPTY: &str = include_str!("../recorded/empty.json");

/// Patient where the machine may be slow, impatient where the script makes a test wait.
fn http_settings() -> HttpSettings {
    HttpSettings {
        connect_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(10),
        attempts: 3,
        patient_attempts: 8,
        backoff: Duration::from_millis(1),
        max_retry_after: Duration::from_millis(150),
        ..HttpSettings::default()
    }
}

fn settings() -> Settings {
    Settings { http: http_settings(), ..Settings::default() }
}

fn source(server: &Server) -> Panoramax {
    Panoramax::with_settings(&server.url("/api"), None, settings()).unwrap()
}

/// Asks for so many pictures at once.
fn limited(server: &Server, search_limit: u32, max_search_limit: u32) -> Panoramax {
    let settings = Settings { search_limit, max_search_limit, ..settings() };
    Panoramax::with_settings(&server.url("/api"), None, settings).unwrap()
}

fn query(bbox: &str) -> Query {
    Query { area: Some(Area::parse_bbox(bbox).unwrap()), ..Query::default() }
}

/// All the world but the poles.
fn everywhere() -> Query {
    query("-180,-89,180,89")
}

/// What is listed where every search is answered with this.
fn list_answer(answer: String) -> Listing {
    let server = Server::start(move |_| Reply::json(answer.clone()));
    source(&server).list(&everywhere()).unwrap()
}

fn collection(items: &[Value]) -> String {
    json!({"type": "FeatureCollection", "features": items, "links": []}).to_string()
}

/// A sound item; tests spoil it.
fn item(id: &str, lon_deg: f64, lat_deg: f64) -> Value {
    json!({
        "type": "Feature", "id": id, "collection": "drive",
        "geometry": {"type": "Point", "coordinates": [lon_deg, lat_deg]},
        "properties": {
            "datetime": "2024-05-06T08:00:05+00:00", "license": "etalab-2.0", "view:azimuth": 10,
            "exif": {"Exif.GPSInfo.GPSImgDirection": "1025/100"}, "geovisio:producer": "Ada",
            "quality:horizontal_accuracy": 2.448
        },
        "assets": {"hd": {"href": "/hd.jpg"}},
        "links": [{"rel": "next", "type": "application/geo+json"}]
    })
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.pictures.iter().map(|p| p.id.as_str()).collect()
}
