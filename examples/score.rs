//! Scores the survey of the sample street against its truth: what was found, how far off, and how honest the
//! ellipses are.
//!
//! `cargo run --release --example score -- signs.geojson examples/street/truth.geojson`

use anyhow::{Context, Result};
use geojson::{FeatureCollection, GeometryValue, JsonObject};

/// A sign and a landmark farther apart than this are not the same, metres.
const NEAR_M: f64 = 3.0;

struct Place {
    lon_lat: (f64, f64),
    properties: JsonObject,
}

impl Place {
    fn number(&self, name: &str) -> f64 {
        self.properties.get(name).and_then(|value| value.as_f64()).unwrap_or_default()
    }

    fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(|value| value.as_str()).unwrap_or_default()
    }

    /// Metres to the east and north of another place.
    fn from(&self, other: &Self) -> (f64, f64) {
        let per_degree = 111_195.0;
        let north = self.lon_lat.1 - other.lon_lat.1;
        let east = (self.lon_lat.0 - other.lon_lat.0) * self.lon_lat.1.to_radians().cos();
        (east * per_degree, north * per_degree)
    }

    /// Whether a step of metres from here stays within the 95 % ellipse.
    fn holds(&self, step: (f64, f64)) -> bool {
        let (sin, cos) = self.number("ellipse_azimuth_deg").to_radians().sin_cos();
        let (along, across) = (step.0 * sin + step.1 * cos, step.0 * cos - step.1 * sin);
        (along / self.number("ellipse_major_m")).powi(2) + (across / self.number("ellipse_minor_m")).powi(2) <= 1.0
    }
}

fn main() -> Result<()> {
    let mut paths = std::env::args().skip(1);
    let found = places(&paths.next().context("the survey's GeoJSON file is wanted first")?)?;
    let truth = places(&paths.next().context("the truth's GeoJSON file is wanted second")?)?;
    let visible = |sign: &Place| sign.number("seen_pass_1") + sign.number("seen_pass_2") >= 2.0;

    // The nearest pairs of one class first, each place once.
    let mut pairs = Vec::new();
    for (t, sign) in truth.iter().enumerate() {
        for (f, landmark) in found.iter().enumerate() {
            let step = sign.from(landmark);
            let distance = step.0.hypot(step.1);
            if distance <= NEAR_M && [sign.text("class"), sign.text("code")].contains(&landmark.text("class")) {
                pairs.push((distance, t, f));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut errors = Vec::new();
    let (mut of_sign, mut of_landmark) = (vec![false; truth.len()], vec![false; found.len()]);
    let mut inside = 0;
    for (distance, t, f) in pairs {
        if !of_sign[t] && !of_landmark[f] {
            (of_sign[t], of_landmark[f]) = (true, true);
            errors.push(distance);
            inside += usize::from(found[f].holds(truth[t].from(&found[f])));
        }
    }
    let wanted = truth.iter().filter(|sign| visible(sign)).count();
    let hit = truth.iter().zip(&of_sign).filter(|(sign, hit)| visible(sign) && **hit).count();
    let median = errors.get(errors.len() / 2).copied().unwrap_or_default();
    println!("signs seen at 20 px or more in two pictures or more: {wanted}");
    println!("found within {NEAR_M} m under their class:               {hit}");
    println!("landmarks without a sign of their own:              {}", found.len() - errors.len());
    println!("median error:                                       {median:.2} m");
    println!("signs inside their landmark's 95 % ellipse:         {inside} of {}", errors.len());
    for sign in truth.iter().zip(&of_sign).filter(|(sign, hit)| visible(sign) && !**hit).map(|(sign, _)| sign) {
        println!("missed: {} {}", sign.text("id"), sign.text("code"));
    }
    Ok(())
}

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
