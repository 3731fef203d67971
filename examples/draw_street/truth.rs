//! What the pictures show, known from the drawing: pixel boxes, signs, poses.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::geo::lon_lat;
use crate::material::Material;
use crate::pass::Pass;
use crate::scene::Scene;
use crate::space::{Ray, UP, Vec3, ahead};
use crate::street::{Sign, Street};
use crate::view::{Lens, View};

/// Signs farther away are not looked for.
const FARTHEST_M: f64 = 70.0;
/// Boxes whose smaller side is below this are left out, pixels.
const SMALLEST_PX: f64 = 6.0;
/// From when on a front counts as seen.
const SEEN_PX: f64 = 20.0;
const SEEN_SHARE: f64 = 0.8;
const SEEN_WITHIN_DEG: f64 = 70.0;
/// Points across and down a plate that are tried for being visible.
const PROBES: u32 = 16;

/// Where a picture shows a sign.
pub struct Sighting<'a> {
    pub pass: &'static str,
    pub picture: String,
    pub sign: &'a Sign,
    /// Left, top, right, bottom, the whole plate even where something hides it. In a 360° picture the right edge may
    /// run over the seam.
    pub pixels: [f64; 4],
    /// Share of the plate that the picture shows.
    pub visible: f64,
    pub distance: f64,
    pub is_front: bool,
    /// Between the plate's normal and the camera.
    off_normal_deg: f64,
}

impl Sighting<'_> {
    pub fn smaller_side(&self) -> f64 {
        let [left, top, right, bottom] = self.pixels;
        (right - left).min(bottom - top)
    }

    /// Whether a person or a detector could tell what the sign says.
    pub fn is_seen(&self) -> bool {
        self.is_front
            && self.off_normal_deg <= SEEN_WITHIN_DEG
            && self.visible >= SEEN_SHARE
            && self.smaller_side() >= SEEN_PX
    }
}

/// Every sign that every picture shows.
pub fn sightings<'a>(street: &'a Street, scene: &Scene, passes: &[Pass]) -> Vec<Sighting<'a>> {
    let shots = passes.iter().flat_map(|pass| pass.shots.iter().map(move |shot| (pass.name, shot)));
    let seen = shots.flat_map(|(pass, shot)| {
        let signs = street.signs.iter().enumerate();
        signs.filter_map(move |(number, sign)| {
            let pixels = pixel_box(&shot.view, sign)?;
            let to_eye = shot.view.eye - sign.centre;
            let cosine = ahead(sign.facing_deg).dot(to_eye.unit());
            let sighting = Sighting {
                pass,
                picture: shot.picture.clone(),
                sign,
                pixels,
                visible: visible_share(&shot.view, scene, number, sign),
                distance: to_eye.length(),
                is_front: cosine > 0.0,
                off_normal_deg: cosine.abs().acos().to_degrees(),
            };
            let counts = sighting.visible > 0.05 && sighting.smaller_side() >= SMALLEST_PX;
            (counts && sighting.distance <= FARTHEST_M).then_some(sighting)
        })
    });
    seen.collect()
}

fn pixel_box(view: &View, sign: &Sign) -> Option<[f64; 4]> {
    let width = f64::from(view.width);
    let rim: Option<Vec<_>> = sign.face.rim().into_iter().map(|p| view.pixel(on_plate(sign, p))).collect();
    let mut rim = rim?;
    let over_seam = view.lens == Lens::Equirectangular && rim.iter().any(|p| (p.0 - rim[0].0).abs() > width / 2.0);
    if over_seam {
        rim.iter_mut().filter(|p| p.0 < width / 2.0).for_each(|p| p.0 += width);
    }
    let extreme =
        |axis: fn(&(f64, f64)) -> f64, pick: fn(f64, f64) -> f64, start| rim.iter().map(axis).fold(start, pick);
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    Some([
        extreme(|p| p.0, f64::min, low),
        extreme(|p| p.1, f64::min, low),
        extreme(|p| p.0, f64::max, high),
        extreme(|p| p.1, f64::max, high),
    ])
}

fn visible_share(view: &View, scene: &Scene, number: usize, sign: &Sign) -> f64 {
    let offset = |i: u32, size: f64| ((f64::from(i) + 0.5) / f64::from(PROBES) - 0.5) * size;
    let (width, height) = sign.face.size;
    let points = (0..PROBES * PROBES).map(|i| (offset(i % PROBES, width), offset(i / PROBES, height)));
    let on_plate: Vec<Vec3> = points.filter(|p| sign.face.is_on_plate(*p)).map(|p| on_plate(sign, p)).collect();
    let is_shown = |point: &&Vec3| {
        let inside = view.pixel(**point).is_some_and(|(u, v)| {
            (0.0..f64::from(view.width)).contains(&u) && (0.0..f64::from(view.height)).contains(&v)
        });
        let to = (**point - view.eye).unit();
        let hit = scene.first_hit(&Ray { from: view.eye, to }, FARTHEST_M);
        let is_sign = |surface: usize| matches!(scene.surfaces[surface].material, Material::Plate { sign, .. } if sign == number);
        inside && hit.is_some_and(|h| is_sign(h.surface))
    };
    on_plate.iter().filter(is_shown).count() as f64 / on_plate.len() as f64
}

/// A point of a face in the world.
fn on_plate(sign: &Sign, (right, up): (f64, f64)) -> Vec3 {
    sign.centre + ahead(sign.facing_deg - 90.0) * right + UP * up
}

/// The signs as GeoJSON points.
pub fn signs(street: &Street, sightings: &[Sighting]) -> Value {
    let features = street.signs.iter().map(|sign| {
        let (lon, lat) = lon_lat((sign.centre.x, sign.centre.y));
        let seen =
            |pass: &str| sightings.iter().filter(|s| s.sign.id == sign.id && s.pass == pass && s.is_seen()).count();
        json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [rounded(lon, 8), rounded(lat, 8)] },
            "properties": {
                "id": sign.id,
                "code": sign.face.code,
                "class": sign.face.class,
                "value": sign.face.value,
                "direction_deg": rounded(sign.facing_deg, 1),
                "height_m": rounded(sign.centre.z, 3),
                "size_m": rounded(sign.face.size.1, 3),
                "pole": format!("p{:02}", sign.pole + 1),
                "seen_pass_1": seen("pass-1"),
                "seen_pass_2": seen("pass-2"),
            },
        })
    });
    json!({ "type": "FeatureCollection", "features": features.collect::<Vec<_>>() })
}

pub fn boxes(sightings: &[Sighting]) -> String {
    let mut table = "picture,sign,x0,y0,x1,y1,visible,front,seen,distance_m\n".to_owned();
    for s in sightings {
        let [x0, y0, x1, y1] = s.pixels;
        let (front, seen) = (u8::from(s.is_front), u8::from(s.is_seen()));
        writeln!(
            table,
            "{},{},{x0:.1},{y0:.1},{x1:.1},{y1:.1},{:.2},{front},{seen},{:.2}",
            s.picture, s.sign.id, s.visible, s.distance
        )
        .expect("strings take everything");
    }
    table
}

pub fn poses(passes: &[Pass]) -> String {
    let mut table =
        "picture,taken_at,true_lon,true_lat,true_heading_deg,true_height_m,lon,lat,heading_deg\n".to_owned();
    for shot in passes.iter().flat_map(|pass| &pass.shots) {
        let (true_lon, true_lat) = lon_lat((shot.view.eye.x, shot.view.eye.y));
        let (lon, lat) = lon_lat(shot.recorded_place);
        writeln!(
            table,
            "{},{}+02:00,{true_lon:.8},{true_lat:.8},{:.2},{:.2},{lon:.8},{lat:.8},{:.2}",
            shot.picture, shot.taken_at, shot.view.heading_deg, shot.view.eye.z, shot.recorded_heading_deg
        )
        .expect("strings take everything");
    }
    table
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::passes;
    use crate::world::surfaces;

    #[test]
    fn most_signs_are_seen_twice() {
        let street = Street::sample();
        let scene = Scene::new(surfaces(&street));
        let passes = passes(&street);
        let sightings = sightings(&street, &scene, &passes);
        let times = |sign: &Sign| sightings.iter().filter(|s| s.sign.id == sign.id && s.is_seen()).count();
        let twice = street.signs.iter().filter(|sign| times(sign) >= 2).count();
        assert!(twice >= 16, "only {twice} of {} signs", street.signs.len());
    }

    #[test]
    fn boxes_lie_around_the_middle_of_their_plates() {
        let street = Street::sample();
        let scene = Scene::new(surfaces(&street));
        let passes = passes(&street);
        for sighting in sightings(&street, &scene, &passes) {
            let mut shots = passes.iter().flat_map(|pass| &pass.shots);
            let view = shots.find(|shot| shot.picture == sighting.picture).unwrap().view;
            let (u, v) = view.pixel(sighting.sign.centre).unwrap();
            let [left, top, right, bottom] = sighting.pixels;
            let beyond_seam = u + f64::from(view.width);
            assert!((left..right).contains(&u) || (left..right).contains(&beyond_seam), "{}", sighting.picture);
            assert!((top..bottom).contains(&v), "{}", sighting.picture);
        }
    }
}
