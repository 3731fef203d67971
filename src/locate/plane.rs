//! The tangent plane about a place, and positions in it.

/// Semi-major axis of WGS 84, metres.
const A_M: f64 = 6_378_137.0;
/// Square of its first eccentricity.
const E2: f64 = 6.694_379_990_14e-3;

/// A vector from the centre of the earth, metres; z points to the north pole, x to longitude 0.
pub(crate) type Geocentric = [f64; 3];

/// The plane that touches WGS 84 at a place, x to the east and y to the north there, metres.
///
/// Places on the ellipsoid are dropped onto it along its vertical, so lengths shrink by d²/2R² at a distance d from
/// the place: by 3 mm over the 40 m that things are seen from, 55 km away; by 1 cm, 100 km away. The pole and the
/// antimeridian are places like others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    origin: Geocentric,
    east: Geocentric,
    north: Geocentric,
    up: Geocentric,
}

/// A point of a plane, metres.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Point {
    pub x: f64,
    pub y: f64,
}

impl Point {
    pub(super) fn distance2(self, other: Self) -> f64 {
        let (dx, dy) = (self.x - other.x, self.y - other.y);
        dx * dx + dy * dy
    }

    pub(crate) fn distance(self, other: Self) -> f64 {
        self.distance2(other).sqrt()
    }

    /// The point `range` metres away in the direction of an azimuth in radians.
    pub(super) fn towards(self, azimuth: f64, range: f64) -> Self {
        Self { x: self.x + range * azimuth.sin(), y: self.y + range * azimuth.cos() }
    }

    pub(super) fn plus(self, x: f64, y: f64) -> Self {
        Self { x: self.x + x, y: self.y + y }
    }

    /// The azimuth from here to another point, radians.
    pub(crate) fn azimuth_to(self, other: Self) -> f64 {
        (other.x - self.x).atan2(other.y - self.y)
    }
}

/// (N cos φ cos λ, N cos φ sin λ, N(1 − e²) sin φ) with N = a/√(1 − e² sin² φ).
pub(crate) fn geocentric(lon_deg: f64, lat_deg: f64) -> Geocentric {
    let ((sin_lon, cos_lon), (sin_lat, cos_lat)) = (lon_deg.to_radians().sin_cos(), lat_deg.to_radians().sin_cos());
    let n = A_M / (1.0 - E2 * sin_lat * sin_lat).sqrt();
    [n * cos_lat * cos_lon, n * cos_lat * sin_lon, n * (1.0 - E2) * sin_lat]
}

/// The unit vector to the north along the ground.
fn northwards(lon_deg: f64, lat_deg: f64) -> Geocentric {
    let ((sin_lon, cos_lon), (sin_lat, cos_lat)) = (lon_deg.to_radians().sin_cos(), lat_deg.to_radians().sin_cos());
    [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat]
}

fn dot(a: Geocentric, b: Geocentric) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl Plane {
    pub(crate) fn about(lon_deg: f64, lat_deg: f64) -> Self {
        let ((sin_lon, cos_lon), (sin_lat, cos_lat)) =
            (lon_deg.to_radians().sin_cos(), lat_deg.to_radians().sin_cos());
        Self {
            origin: geocentric(lon_deg, lat_deg),
            east: [-sin_lon, cos_lon, 0.0],
            north: northwards(lon_deg, lat_deg),
            up: [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        }
    }

    /// The plane about the middle of some places; about 0, 0 where there are none, or all round the earth.
    pub(super) fn about_middle(places: impl Iterator<Item = Geocentric>) -> Self {
        let sum = places.fold([0.0; 3], |sum: Geocentric, p| [sum[0] + p[0], sum[1] + p[1], sum[2] + p[2]]);
        let lat = sum[2].atan2((1.0 - E2) * sum[0].hypot(sum[1]));
        Self::about(sum[1].atan2(sum[0]).to_degrees(), lat.to_degrees())
    }

    pub(crate) fn point(&self, lon_deg: f64, lat_deg: f64) -> Point {
        let g = geocentric(lon_deg, lat_deg);
        let step = [g[0] - self.origin[0], g[1] - self.origin[1], g[2] - self.origin[2]];
        Point { x: dot(step, self.east), y: dot(step, self.north) }
    }

    /// Longitude and latitude of the place on the ellipsoid that is dropped onto a point, degrees.
    pub(super) fn lon_lat(&self, point: Point) -> (f64, f64) {
        let flat: Vec<f64> =
            (0..3).map(|i| self.origin[i] + point.x * self.east[i] + point.y * self.north[i]).collect();
        // Where flat + h·up meets (X² + Y²)/a² + Z²/b² = 1: a h² + 2 b h + c = 0, the root next to nothing.
        let metric = [1.0, 1.0, 1.0 / (1.0 - E2)];
        let product = |u: &[f64], v: &[f64]| (0..3).map(|i| metric[i] * u[i] * v[i]).sum::<f64>();
        let (a, b) = (product(&self.up, &self.up), product(&self.up, &flat));
        let c = product(&flat, &flat) - A_M * A_M;
        let h = -c / (b + (b * b - a * c).max(0.0).sqrt());
        let [x, y, z] = [0, 1, 2].map(|i| flat[i] + h * self.up[i]);
        (y.atan2(x).to_degrees(), z.atan2((1.0 - E2) * x.hypot(y)).to_degrees())
    }

    /// The azimuth that the north of a place has in the plane, radians: nothing about the plane's own place.
    pub(super) fn north_of(&self, lon_deg: f64, lat_deg: f64) -> f64 {
        let north = northwards(lon_deg, lat_deg);
        dot(north, self.east).atan2(dot(north, self.north))
    }
}

/// Covariance of a position in a plane, square metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Covariance {
    /// Variance to the east.
    pub xx: f64,
    /// Covariance of east and north.
    pub xy: f64,
    /// Variance to the north.
    pub yy: f64,
}

/// The ellipse that holds the true position with a probability of 95 %, if the errors are what they are taken for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipse {
    /// Semi-major axis, metres.
    pub major_m: f64,
    /// Semi-minor axis, metres.
    pub minor_m: f64,
    /// Azimuth of the major axis, degrees, 0 ≤ a < 180.
    pub azimuth_deg: f64,
}

/// 95 % quantile of χ² with two degrees of freedom: −2 ln 0.05.
const CHI2_95: f64 = 5.991_464_547_107_98;

impl Ellipse {
    /// The covariance whose 95 % ellipse this is.
    pub(crate) fn covariance(&self) -> Covariance {
        let sd = CHI2_95.sqrt();
        Covariance::along(self.azimuth_deg.to_radians(), self.major_m / sd, self.minor_m / sd)
    }

    /// Whether a step from its middle, metres to the east and north, stays within it.
    pub(crate) fn holds(&self, east: f64, north: f64) -> bool {
        let (sin, cos) = self.azimuth_deg.to_radians().sin_cos();
        let (along, across) = (east * sin + north * cos, east * cos - north * sin);
        (along / self.major_m).powi(2) + (across / self.minor_m).powi(2) <= 1.0
    }
}

impl Covariance {
    /// The covariance of a position known along and across an azimuth in radians.
    pub(crate) fn along(azimuth: f64, along_sd: f64, across_sd: f64) -> Self {
        let (sin, cos) = azimuth.sin_cos();
        let (along, across) = (along_sd * along_sd, across_sd * across_sd);
        Self {
            xx: along * sin * sin + across * cos * cos,
            xy: (along - across) * sin * cos,
            yy: along * cos * cos + across * sin * sin,
        }
    }

    /// Weight times the outer product of a vector with itself.
    pub(super) fn outer(weight: f64, x: f64, y: f64) -> Self {
        Self { xx: weight * x * x, xy: weight * x * y, yy: weight * y * y }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { xx: self.xx + other.xx, xy: self.xy + other.xy, yy: self.yy + other.yy }
    }

    /// Plus the same variance in all directions.
    pub(crate) fn plus_round(self, variance: f64) -> Self {
        Self { xx: self.xx + variance, yy: self.yy + variance, ..self }
    }

    /// The inverse of an information matrix, kept finite where rays are parallel.
    pub(super) fn inverse(self) -> Self {
        let determinant = (self.xx * self.yy - self.xy * self.xy).max(1e-12);
        Self { xx: self.yy / determinant, xy: -self.xy / determinant, yy: self.xx / determinant }
    }

    /// Times a vector.
    pub(super) fn times(self, x: f64, y: f64) -> (f64, f64) {
        (self.xx * x + self.xy * y, self.xy * x + self.yy * y)
    }

    /// Squared Mahalanobis length of a step.
    pub(crate) fn distance2(self, x: f64, y: f64) -> f64 {
        self.inverse().towards(x, y)
    }

    /// Variance along a direction, given as a unit vector.
    pub(super) fn towards(self, x: f64, y: f64) -> f64 {
        (self.xx * x * x + 2.0 * self.xy * x * y + self.yy * y * y).max(0.0)
    }

    /// Mean of the variances along the axes.
    pub(super) fn mean(self) -> f64 {
        (self.xx + self.yy) / 2.0
    }

    /// The same ellipse in axes that are turned clockwise by an angle in radians.
    pub(super) fn turned(self, angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        // The new axes as seen from the old: east (cos, −sin), north (sin, cos).
        Self {
            xx: self.towards(cos, -sin),
            xy: (self.xx - self.yy) * sin * cos + self.xy * (cos * cos - sin * sin),
            yy: self.towards(sin, cos),
        }
    }

    /// The 95 % ellipse: axes √(χ²₀.₉₅ λ) along the eigenvectors.
    pub fn ellipse(&self) -> Ellipse {
        let middle = (self.xx + self.yy) / 2.0;
        let spread = ((self.xx - self.yy) / 2.0).hypot(self.xy);
        let axis = |variance: f64| (CHI2_95 * variance.max(0.0)).sqrt();
        // The direction of the larger eigenvalue, as an angle from north: tan 2α = 2·xy / (yy − xx).
        let azimuth = (0.5 * (2.0 * self.xy).atan2(self.yy - self.xx)).to_degrees().rem_euclid(180.0) % 180.0;
        Ellipse { major_m: axis(middle + spread), minor_m: axis(middle - spread), azimuth_deg: azimuth }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_minute_of_latitude_is_a_nautical_mile() {
        let point = Plane::about(7.0, 45.0).point(7.0, 45.0 + 1.0 / 60.0);
        assert!((point.y - 1852.2).abs() < 0.5, "{point:?}");
        // At 45° a degree of longitude measures 78 847 m; a hundredth of it is still flat.
        assert!((Plane::about(7.0, 45.0).point(7.01, 45.0).x - 788.468).abs() < 0.01);
    }

    #[test]
    fn the_pole_and_the_antimeridian_are_places_like_others() {
        let pole = Plane::about(12.0, 90.0);
        let (a, b) = (pole.point(0.0, 89.9999), pole.point(180.0, 89.9999));
        assert!((a.distance(b) - 22.339).abs() < 0.01, "{}", a.distance(b));
        let line = Plane::about(180.0, 10.0);
        assert!((line.point(-179.9999, 10.0).x - 10.964).abs() < 0.01);
        // North is the other way on the other side of the pole.
        let turned = pole.north_of(192.0, 89.9999).abs();
        assert!((turned - std::f64::consts::PI).abs() < 1e-9 && pole.north_of(12.0, 89.9999).abs() < 1e-9);
    }

    #[test]
    fn the_ellipse_lies_along_the_ray() {
        let ellipse = Covariance::along(120.0_f64.to_radians(), 4.0, 1.0).ellipse();
        assert!((ellipse.azimuth_deg - 120.0).abs() < 1e-9);
        assert!((ellipse.major_m - 4.0 * 2.4477).abs() < 1e-3 && (ellipse.minor_m - 2.4477).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn positions_come_back(lon in -180.0..180.0, lat in -90.0..90.0, x in -1e5..1e5, y in -1e5..1e5) {
            let plane = Plane::about(lon, lat);
            let (lon2, lat2) = plane.lon_lat(Point { x, y });
            prop_assert!((-180.0..=180.0).contains(&lon2) && (-90.0..=90.0).contains(&lat2));
            let back = plane.point(lon2, lat2);
            prop_assert!((back.x - x).abs() < 1e-6 && (back.y - y).abs() < 1e-6);
        }

        #[test]
        fn ellipses_are_sound(azimuth in 0.0..6.3, along in 0.0..50.0, across in 0.0..50.0, turn in 0.0..6.3) {
            let covariance = Covariance::along(azimuth, along, across);
            let ellipse = covariance.ellipse();
            prop_assert!(ellipse.major_m >= ellipse.minor_m && (0.0..180.0).contains(&ellipse.azimuth_deg));
            let turned = covariance.turned(turn).ellipse();
            prop_assert!((turned.major_m - ellipse.major_m).abs() < 1e-6);
            if ellipse.major_m > ellipse.minor_m + 0.1 {
                let difference = (ellipse.azimuth_deg - turn.to_degrees() - turned.azimuth_deg).rem_euclid(180.0);
                prop_assert!(difference.min(180.0 - difference) < 1e-3);
            }
        }
    }
}
