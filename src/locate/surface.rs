//! The surface of a flat thing after the angles that it spans and how far away it is.

use super::place::{Placed, Poses};

/// A surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// Square metres.
    pub surface_m2: f64,
    /// Standard deviation, square metres.
    pub surface_sd_m2: f64,
}

/// The share of a tilted surface that is seen from the street, and its standard deviation: a roof of 30 to 45 degrees,
/// seen from its front or aslant from below.
const SEEN_SHARE: (f64, f64) = (0.6, 0.2);
/// How far the sides of a box are off those of what it holds, relative to them.
const SIDES_RELATIVE_SD: f64 = 0.15;

/// r²·w·h/s for the distance r along the ground, the tangents w and h of the angles that it spans and the share s of it
/// that is seen; the median of its sightings. The relative variance is (2σ_r/r)² + (σ_s/s)² + (2σ_side)²/n.
pub(super) fn surface(poses: &Poses<'_>, placed: &Placed) -> Option<Surface> {
    let mut seen: Vec<(f64, f64)> = Vec::new();
    for ray in placed.rays.iter().map(|ray| &poses.scene.rays[*ray]) {
        let Some((width, height)) = ray.spans else { continue };
        let place = poses.place(ray.camera);
        let distance = place.distance(placed.fix.point).max(1.0);
        let (sin, cos) = place.azimuth_to(placed.fix.point).sin_cos();
        let relative_variance = placed.relative.towards(sin, cos) / (distance * distance);
        seen.push((distance * distance * width * height / SEEN_SHARE.0, relative_variance));
    }
    seen.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (surface_m2, of_distance) = *seen.get(seen.len() / 2)?;
    let of_sides = (2.0 * SIDES_RELATIVE_SD).powi(2) / seen.len() as f64;
    let relative_variance = 4.0 * of_distance + (SEEN_SHARE.1 / SEEN_SHARE.0).powi(2) + of_sides;
    let surface = Surface { surface_m2, surface_sd_m2: surface_m2 * relative_variance.sqrt() };
    (surface_m2.is_finite() && surface_m2 > 0.0).then_some(surface)
}
