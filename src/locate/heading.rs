//! What the headings of a chunk are off: all of them together, and each on its own.

use std::f64::consts::FRAC_1_SQRT_2;

use super::associate::Chunk;
use super::scene::wrap;

/// Things nearer than this say little of a heading: where the camera stands matters more, metres.
const MIN_DISTANCE_M: f64 = 3.0;

/// Ridge regression of the residuals of a chunk's bearings: one offset of all headings ~ N(0, σ²/2) and one of each
/// picture ~ N(0, σ²/2), where σ is the standard deviation of a heading. Sets the corrected azimuths and the variance that
/// is left to each heading.
pub(super) fn correct(chunk: &mut Chunk<'_>) {
    // For each picture the weight of its residuals, their weighted sum and their number.
    let mut residuals = vec![(0.0, 0.0, 0_usize); chunk.cameras.len()];
    for (index, owner) in chunk.owner.iter().enumerate() {
        let Some(object) = owner else { continue };
        let (ray, camera) = (&chunk.rays[index], chunk.camera_of(index));
        let fix = &chunk.objects[*object].1;
        let distance2 = camera.place.distance2(fix.point);
        if distance2 < MIN_DISTANCE_M * MIN_DISTANCE_M {
            continue;
        }
        let error = wrap(ray.azimuth - camera.place.azimuth_to(fix.point));
        let place_variance = (camera.relative_variance + fix.covariance.mean().min(9.0)) / distance2;
        let variance = ray.pixel_variance + place_variance;
        let spread = variance + 1.5 * camera.heading_sd.powi(2);
        let weight = 1.0 / (variance * (1.0 + error * error / (9.0 * spread)));
        let sum = &mut residuals[ray.camera - chunk.first_camera];
        sum.0 += weight;
        sum.1 += weight * error;
        sum.2 += 1;
    }
    let own_variance = |heading_sd: f64| (heading_sd * FRAC_1_SQRT_2).powi(2);
    let (mut weights, mut sum, mut shared_variance) = (0.0, 0.0, 0.0_f64);
    for ((weight, error, _), camera) in residuals.iter().zip(chunk.cameras) {
        shared_variance = shared_variance.max(own_variance(camera.heading_sd));
        if *weight > 0.0 {
            let of_picture = 1.0 / (1.0 / weight + own_variance(camera.heading_sd));
            weights += of_picture;
            sum += of_picture * error / weight;
        }
    }
    let shared_information = weights + 1.0 / shared_variance.max(1e-9);
    let shared = sum / shared_information;
    for (number, (weight, error, rays)) in residuals.iter().enumerate() {
        let own_variance = own_variance(chunk.cameras[number].heading_sd);
        // What a ray says of its own heading it cannot say of its thing: the others count.
        let of_others = weight * rays.saturating_sub(1) as f64 / f64::max(*rays as f64, 1.0);
        chunk.heading_variances[number] = own_variance / (1.0 + of_others * own_variance) + 1.0 / shared_information;
        let own = match *weight > 0.0 {
            true => (error / weight - shared) * weight / (weight + 1.0 / own_variance),
            false => 0.0,
        };
        chunk.heading_offsets[number] = shared + own;
        for ray in chunk.rays_of(number) {
            chunk.azimuths[ray] = wrap(chunk.rays[ray].azimuth - shared - own);
        }
    }
}
