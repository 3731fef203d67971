//! From metres in the street to degrees on the globe.

use crate::street::ORIGIN_DEG;

/// WGS 84.
const EQUATOR_RADIUS_M: f64 = 6_378_137.0;
const ECCENTRICITY_SQUARED: f64 = 6.694_379_990_141e-3;

/// Longitude and latitude of a point so many metres east and north of the street's origin.
pub fn lon_lat((east, north): (f64, f64)) -> (f64, f64) {
    let (lat, lon) = ORIGIN_DEG;
    let sin = lat.to_radians().sin();
    let bend = 1.0 - ECCENTRICITY_SQUARED * sin * sin;
    let across = EQUATOR_RADIUS_M / bend.sqrt() * lat.to_radians().cos();
    let along = EQUATOR_RADIUS_M * (1.0 - ECCENTRICITY_SQUARED) / bend.powf(1.5);
    (lon + (east / across).to_degrees(), lat + (north / along).to_degrees())
}
