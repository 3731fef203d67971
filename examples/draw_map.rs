//! Draws the result of a survey as a map in SVG: landmarks with their 95 % ellipses and the way they face, the
//! cameras, and the truth where one is known.
//!
//! `cargo run --release --example draw_map -- signs.geojson --pictures examples/street \
//!     --truth examples/street/truth.geojson -o docs/street.svg`

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use arpent::source::{Folder, Query, Source};
use clap::Parser;
use geojson::{FeatureCollection, GeometryValue, JsonObject};

/// Pixels per metre.
const SCALE: f64 = 9.0;
/// Metres round what is drawn.
const MARGIN_M: f64 = 12.0;

#[derive(Parser)]
struct Arguments {
    /// Result of `arpent survey`
    survey: String,
    /// Folder of the pictures
    #[arg(long)]
    pictures: PathBuf,
    /// Points where things truly are
    #[arg(long)]
    truth: Option<String>,
    /// The map to write
    #[arg(short, long)]
    output: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let landmarks = places(&arguments.survey)?;
    let truth = arguments.truth.as_deref().map(places).transpose()?.unwrap_or_default();
    let pictures = Folder::open(&arguments.pictures)?.list(&Query::default())?.pictures;
    let cameras: Vec<(f64, f64, f64, &str)> =
        pictures.iter().map(|p| (p.lon_deg, p.lat_deg, p.pose.heading_deg, p.sequence.as_str())).collect();
    let svg = draw(&landmarks, &truth, &cameras).context("there is nothing to draw")?;
    std::fs::write(&arguments.output, svg).with_context(|| arguments.output.display().to_string())
}

/// The map, or nothing where there is no point.
fn draw(landmarks: &[Place], truth: &[Place], cameras: &[(f64, f64, f64, &str)]) -> Option<String> {
    let all: Vec<(f64, f64)> = landmarks
        .iter()
        .chain(truth)
        .map(|place| place.lon_lat)
        .chain(cameras.iter().map(|camera| (camera.0, camera.1)))
        .collect();
    let least = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).reduce(f64::min);
    let most = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).reduce(f64::max);
    let (west, east) = (least(|p| p.0)?, most(|p| p.0)?);
    let (south, north) = (least(|p| p.1)?, most(|p| p.1)?);
    let per_degree = (111_320.0 * ((south + north) / 2.0).to_radians().cos(), 111_195.0);
    let at = |lon: f64, lat: f64| {
        let x = ((lon - west) * per_degree.0 + MARGIN_M) * SCALE;
        let y = ((north - lat) * per_degree.1 + MARGIN_M) * SCALE;
        (x, y)
    };
    let (width, height) = at(east + MARGIN_M / per_degree.0, south - MARGIN_M / per_degree.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#f7f6f2\"/>\n"
    );
    let mut sequences: Vec<&str> = cameras.iter().map(|camera| camera.3).collect();
    sequences.sort_unstable();
    sequences.dedup();
    for (lon, lat, heading, sequence) in cameras {
        let (x, y) = at(*lon, *lat);
        let colour = if sequences.first() == Some(sequence) { "#7d8ba1" } else { "#b39a6b" };
        let _ = writeln!(
            svg,
            "<path d=\"M0,-14 L7,9 L0,4 L-7,9 Z\" fill=\"{colour}\" transform=\"translate({x:.1},{y:.1}) rotate({heading:.0})\"/>"
        );
    }
    for place in truth {
        let (x, y) = at(place.lon_lat.0, place.lon_lat.1);
        let _ = writeln!(
            svg,
            "<path d=\"M{:.1},{y:.1} h16 M{x:.1},{:.1} v16\" stroke=\"#111\" stroke-width=\"2.5\"/>",
            x - 8.0,
            y - 8.0
        );
    }
    let mut labels: Vec<(f64, f64)> = Vec::new();
    for place in landmarks {
        let (x, y) = at(place.lon_lat.0, place.lon_lat.1);
        let number = |name| place.number(name).unwrap_or_default();
        let (major, minor) = (number("ellipse_major_m") * SCALE, number("ellipse_minor_m") * SCALE);
        // The major axis points up before it is turned by its azimuth.
        let _ = writeln!(
            svg,
            "<ellipse rx=\"{minor:.1}\" ry=\"{major:.1}\" fill=\"#d3273e\" fill-opacity=\".1\" stroke=\"#d3273e\" \
             stroke-opacity=\".5\" transform=\"translate({x:.1},{y:.1}) rotate({:.1})\"/>",
            number("ellipse_azimuth_deg")
        );
        if let Some(direction) = place.number("direction_deg") {
            let _ = writeln!(
                svg,
                "<path d=\"M0,0 V-30\" stroke=\"#d3273e\" stroke-width=\"3\" transform=\"translate({x:.1},{y:.1}) rotate({direction:.0})\"/>"
            );
        }
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"#d3273e\"/>");
        // Things on one pole have their names below each other.
        let mut label = (x + 11.0, y - 9.0);
        while labels.iter().any(|taken| (taken.0 - label.0).abs() < 90.0 && (taken.1 - label.1).abs() < 17.0) {
            label.1 += 3.0;
        }
        labels.push(label);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"17\" fill=\"#7a0f20\">{}</text>",
            label.0,
            label.1,
            place.text("class")
        );
    }
    let (left, bottom) = (MARGIN_M * SCALE / 2.0, height - 22.0);
    let _ = writeln!(
        svg,
        "<path d=\"M{left},{bottom} h{}\" stroke=\"#111\" stroke-width=\"4\"/>\n\
         <text x=\"{left}\" y=\"{}\" font-size=\"18\">20 m, north is up</text>\n</svg>",
        20.0 * SCALE,
        bottom - 9.0
    );
    Some(svg)
}

/// A point with its properties.
struct Place {
    /// Longitude and latitude, degrees.
    lon_lat: (f64, f64),
    properties: JsonObject,
}

impl Place {
    /// A property that is a number.
    fn number(&self, name: &str) -> Option<f64> {
        self.properties.get(name)?.as_f64()
    }

    /// A property that is a text; empty where it is none.
    fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(|value| value.as_str()).unwrap_or_default()
    }
}

/// The points of a file.
fn places(path: &str) -> Result<Vec<Place>> {
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
