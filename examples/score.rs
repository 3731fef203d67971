//! Scores the survey of the sample street against its truth: what was found, how far off, and how honest the
//! ellipses are.
//!
//! `cargo run --release --example score -- signs.geojson examples/street/truth.geojson`

mod common;

use anyhow::{Context, Result};
use common::{Place, places};

/// A sign and a landmark farther apart than this are not the same, metres.
const NEAR_M: f64 = 3.0;

/// Metres to the east and north from one place to another.
fn step(from: &Place, to: &Place) -> (f64, f64) {
    let per_degree = 111_195.0;
    let north = to.lon_lat.1 - from.lon_lat.1;
    let east = (to.lon_lat.0 - from.lon_lat.0) * from.lon_lat.1.to_radians().cos();
    (east * per_degree, north * per_degree)
}

/// Whether a step of metres from a landmark stays within its 95 % ellipse.
fn holds(landmark: &Place, step: (f64, f64)) -> bool {
    let number = |name| landmark.number(name).unwrap_or_default();
    let (sin, cos) = number("ellipse_azimuth_deg").to_radians().sin_cos();
    let (along, across) = (step.0 * sin + step.1 * cos, step.0 * cos - step.1 * sin);
    (along / number("ellipse_major_m")).powi(2) + (across / number("ellipse_minor_m")).powi(2) <= 1.0
}

fn main() -> Result<()> {
    let mut paths = std::env::args().skip(1);
    let found = places(&paths.next().context("the survey's GeoJSON file is wanted first")?)?;
    let truth = places(&paths.next().context("the truth's GeoJSON file is wanted second")?)?;
    let seen = |sign: &Place, pass| sign.number(pass).unwrap_or_default();
    let visible = |sign: &Place| seen(sign, "seen_pass_1") + seen(sign, "seen_pass_2") >= 2.0;

    // Pairs of one code or family first, then those of which the code was misread; the nearest first, each place once.
    let mut pairs = Vec::new();
    for (t, sign) in truth.iter().enumerate() {
        for (f, landmark) in found.iter().enumerate() {
            let (east, north) = step(landmark, sign);
            let distance = east.hypot(north);
            let class = landmark.text("class");
            let is_right = [sign.text("class"), sign.text("code")].contains(&class);
            if distance <= NEAR_M && (is_right || class.starts_with(char::is_uppercase)) {
                pairs.push((!is_right, distance, t, f));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut errors = Vec::new();
    let (mut of_sign, mut of_landmark) = (vec![false; truth.len()], vec![false; found.len()]);
    let (mut inside, mut read, mut misread) = (0, 0, 0);
    for (_, distance, t, f) in pairs {
        if !of_sign[t] && !of_landmark[f] {
            (of_sign[t], of_landmark[f]) = (true, true);
            errors.push(distance);
            let (code, class) = (truth[t].text("code"), found[f].text("class"));
            read += usize::from(code == class);
            misread += usize::from(code != class && class.starts_with(char::is_uppercase));
            inside += usize::from(holds(&found[f], step(&found[f], &truth[t])));
        }
    }
    let wanted = truth.iter().filter(|sign| visible(sign)).count();
    let hit = truth.iter().zip(&of_sign).filter(|(sign, hit)| visible(sign) && **hit).count();
    let median = errors.get(errors.len() / 2).copied().unwrap_or_default();
    println!("signs seen at 20 px or more in two pictures or more: {wanted}");
    println!("found within {NEAR_M} m:                               {hit}");
    println!("of the landmarks, code read right, wrong:           {read}, {misread}");
    println!("landmarks without a sign of their own:              {}", found.len() - errors.len());
    println!("median error:                                       {median:.2} m");
    println!("signs inside their landmark's 95 % ellipse:         {inside} of {}", errors.len());
    for sign in truth.iter().zip(&of_sign).filter(|(sign, hit)| visible(sign) && !**hit).map(|(sign, _)| sign) {
        println!("missed: {} {}", sign.text("id"), sign.text("code"));
    }
    Ok(())
}
