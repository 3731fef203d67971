//! Draws what a view sees: rays, light and shade, more rays where neighbouring pixels differ.

use image::{Rgb, RgbImage};
use rayon::prelude::*;

use crate::chance::cloudy;
use crate::colour::{Colour, rgb};
use crate::ground;
use crate::material::Material;
use crate::scene::Scene;
use crate::space::{Ray, UP, Vec3, ahead};
use crate::street::Street;
use crate::view::View;

const SUN_AZIMUTH_DEG: f64 = 166.0;
const SUN_UP_DEG: f64 = 44.0;
const SUN_LIGHT: f64 = 1.05;
const SKY_LIGHT: f64 = 0.52;
/// Plates are painted with paint that shines back at the road, so they are never quite dark.
const PLATE_LIGHT: (f64, f64) = (0.7, 0.32);
const FARTHEST_M: f64 = 900.0;
const HAZE_M: f64 = 900.0;
/// Rays across and down a pixel where neighbours differ.
const FINE: u32 = 4;
const CONTRAST: f64 = 0.05;

pub struct Painter<'a> {
    pub street: &'a Street,
    pub scene: &'a Scene,
}

/// What a ray sees.
#[derive(Clone, Copy)]
struct Sight {
    colour: Colour,
    surface: Option<usize>,
}

impl Painter<'_> {
    pub fn paint(&self, view: &View) -> RgbImage {
        let (width, height) = (view.width as usize, view.height as usize);
        let coarse: Vec<Sight> = (0..width * height)
            .into_par_iter()
            .map(|i| self.look(view, (i % width) as f64 + 0.5, (i / width) as f64 + 0.5))
            .collect();
        let pixels: Vec<[u8; 3]> = (0..width * height)
            .into_par_iter()
            .map(|i| {
                let (column, row) = (i % width, i / width);
                let here = coarse[i];
                let beside = [(column > 0).then(|| i - 1), (column + 1 < width).then_some(i + 1)];
                let above = [(row > 0).then(|| i - width), (row + 1 < height).then_some(i + width)];
                let mut around = beside.into_iter().chain(above).flatten().map(|j| coarse[j]);
                let is_edge = around
                    .any(|other| other.surface != here.surface || other.colour.contrast(here.colour) > CONTRAST);
                let colour = if is_edge { self.look_finely(view, column, row) } else { here.colour };
                colour.to_pixel()
            })
            .collect();
        RgbImage::from_fn(view.width, view.height, |x, y| Rgb(pixels[y as usize * width + x as usize]))
    }

    fn look_finely(&self, view: &View, column: usize, row: usize) -> Colour {
        let offset = |i: u32| (f64::from(i) + 0.5) / f64::from(FINE);
        let rays = (0..FINE * FINE)
            .map(|i| self.look(view, column as f64 + offset(i % FINE), row as f64 + offset(i / FINE)).colour);
        rays.reduce(|a, b| a + b).expect("there are rays") * (1.0 / f64::from(FINE * FINE))
    }

    fn look(&self, view: &View, u: f64, v: f64) -> Sight {
        let ray = view.ray(u, v);
        let ground = if ray.to.z < 0.0 { -ray.from.z / ray.to.z } else { f64::INFINITY };
        if let Some(hit) = self.scene.first_hit(&ray, ground.min(FARTHEST_M)) {
            let (point, distance) = (ray.at(hit.meeting.distance), hit.meeting.distance);
            let material = &self.scene.surfaces[hit.surface].material;
            let colour = material.colour(point, &hit.meeting, distance * view.pixel_angle());
            let light = self.light(point + hit.meeting.normal * 1e-3, hit.meeting.normal, material);
            return Sight { colour: hazy(colour.tinted(light), distance), surface: Some(hit.surface) };
        }
        if ground < FARTHEST_M {
            let point = ray.at(ground);
            let footprint = ground * view.pixel_angle() / -ray.to.z.min(-0.02);
            let colour = ground::colour(self.street, point.x, point.y, footprint);
            let light = self.light(point, UP, &Material::Tiles(colour));
            return Sight { colour: hazy(colour.tinted(light), ground), surface: None };
        }
        Sight { colour: sky(ray.to), surface: None }
    }

    /// The light that falls on a point.
    fn light(&self, point: Vec3, normal: Vec3, material: &Material) -> Colour {
        let to_sun = to_sun();
        let facing = normal.dot(to_sun).max(0.0);
        let in_sun = facing > 0.0 && self.scene.first_hit(&Ray { from: point, to: to_sun }, 80.0).is_none();
        let sun = if in_sun { facing } else { 0.0 };
        if matches!(material, Material::Plate { .. }) {
            return rgb(0xffffff) * (PLATE_LIGHT.0 + PLATE_LIGHT.1 * sun);
        }
        let open_sky = 0.72 + 0.28 * normal.z;
        rgb(0xfff4e4) * (SUN_LIGHT * sun) + rgb(0xe4eefb) * (SKY_LIGHT * open_sky)
    }
}

fn to_sun() -> Vec3 {
    let (sin, cos) = SUN_UP_DEG.to_radians().sin_cos();
    ahead(SUN_AZIMUTH_DEG) * cos + UP * sin
}

fn hazy(colour: Colour, distance: f64) -> Colour {
    colour.mix(rgb(0xc4cdd4), 1.0 - (-distance / HAZE_M).exp())
}

fn sky(to: Vec3) -> Colour {
    let up = to.z.max(0.0);
    let clear = rgb(0xcddce6).mix(rgb(0x6d9acc), up.powf(0.55));
    let spread = 1.0 / (up + 0.12);
    let cloud = ((cloudy(to.x * spread * 1.3, to.y * spread * 1.3, 2.0) - 0.5) * 4.0).clamp(0.0, 1.0);
    let overhead = clear.mix(rgb(0xf4f4f2), 0.8 * cloud);
    let (azimuth, hill_top) = (to.x.atan2(to.y), 0.016);
    let hill = hill_top + 0.02 * cloudy(azimuth.sin() * 4.0, azimuth.cos() * 4.0, 11.0);
    if to.z < hill { rgb(0x8b9c98) } else { overhead }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::passes;
    use crate::world::surfaces;

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let street = Street::sample();
        let scene = Scene::new(surfaces(&street));
        let painter = Painter { street: &street, scene: &scene };
        for pass in passes(&street) {
            let view = View { width: 64, height: 32, ..pass.shots[2].view };
            let painted = [1, 3].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| painter.paint(&view))
            });
            assert!(painted[0] == painted[1]);
        }
    }
}
