//! The tangent plane about a point, and positions in it.

/// Semi-major axis of WGS 84, metres.
const A_M: f64 = 6_378_137.0;
/// Square of its first eccentricity.
const E2: f64 = 6.694_379_990_14e-3;

/// The tangent plane of WGS 84 about a point, x to the east and y to the north, metres; exact to millimetres within
/// a few hundred metres, which is all that one landmark and its cameras need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane {
    lon_deg: f64,
    lat_deg: f64,
    x_per_degree: f64,
    y_per_degree: f64,
}

/// A point of a plane, metres.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Point {
    pub x: f64,
    pub y: f64,
}

impl Point {
    pub(super) fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point `range` metres away in the direction of an azimuth in radians.
    pub(super) fn towards(self, azimuth: f64, range: f64) -> Self {
        Self { x: self.x + range * azimuth.sin(), y: self.y + range * azimuth.cos() }
    }
}

impl Plane {
    /// x = Δlon·N·cos φ, y = Δlat·M, with the radii of curvature N = a/w and M = a(1−e²)/w³, w = √(1 − e² sin² φ).
    pub(super) fn about(lon_deg: f64, lat_deg: f64) -> Self {
        let phi = lat_deg.to_radians();
        let w = (1.0 - E2 * phi.sin().powi(2)).sqrt();
        Self {
            lon_deg,
            lat_deg,
            // At the poles a degree of longitude is nothing; a millimetre keeps the way back finite.
            x_per_degree: (A_M / w * phi.cos()).to_radians().max(1e-3),
            y_per_degree: (A_M * (1.0 - E2) / w.powi(3)).to_radians(),
        }
    }

    pub(super) fn point(&self, lon_deg: f64, lat_deg: f64) -> Point {
        let east = crate::camera::wrap_degrees(lon_deg - self.lon_deg);
        Point { x: east * self.x_per_degree, y: (lat_deg - self.lat_deg) * self.y_per_degree }
    }

    /// Longitude and latitude of a point, degrees.
    pub(super) fn lon_lat(&self, point: Point) -> (f64, f64) {
        let lon = self.lon_deg + point.x / self.x_per_degree;
        (crate::camera::wrap_degrees(lon), self.lat_deg + point.y / self.y_per_degree)
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

impl Covariance {
    /// The covariance of a position known along and across an azimuth in radians.
    pub(super) fn along(azimuth: f64, along_sd: f64, across_sd: f64) -> Self {
        let (sin, cos) = azimuth.sin_cos();
        let (along, across) = (along_sd * along_sd, across_sd * across_sd);
        Self {
            xx: along * sin * sin + across * cos * cos,
            xy: (along - across) * sin * cos,
            yy: along * cos * cos + across * sin * sin,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { xx: self.xx + other.xx, xy: self.xy + other.xy, yy: self.yy + other.yy }
    }

    pub(super) fn plus_round(self, sd: f64) -> Self {
        Self { xx: self.xx + sd * sd, yy: self.yy + sd * sd, ..self }
    }

    /// The inverse of an information matrix, kept finite where rays are parallel.
    pub(super) fn inverse(self) -> Self {
        let determinant = (self.xx * self.yy - self.xy * self.xy).max(1e-12);
        Self { xx: self.yy / determinant, xy: -self.xy / determinant, yy: self.xx / determinant }
    }

    /// Squared Mahalanobis length of a step.
    pub(super) fn distance2(self, x: f64, y: f64) -> f64 {
        let i = self.inverse();
        i.xx * x * x + 2.0 * i.xy * x * y + i.yy * y * y
    }

    /// Variance along a direction, given as a unit vector.
    pub(super) fn towards(self, x: f64, y: f64) -> f64 {
        (self.xx * x * x + 2.0 * self.xy * x * y + self.yy * y * y).max(0.0)
    }

    /// Mean of the variances along the axes.
    pub(super) fn mean(self) -> f64 {
        (self.xx + self.yy) / 2.0
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
        // At 45° a degree of longitude measures 78 847 m.
        assert!((Plane::about(7.0, 45.0).point(8.0, 45.0).x - 78_846.8).abs() < 1.0);
    }

    #[test]
    fn the_ellipse_lies_along_the_ray() {
        let ellipse = Covariance::along(120.0_f64.to_radians(), 4.0, 1.0).ellipse();
        assert!((ellipse.azimuth_deg - 120.0).abs() < 1e-9);
        assert!((ellipse.major_m - 4.0 * 2.4477).abs() < 1e-3 && (ellipse.minor_m - 2.4477).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn positions_come_back(lon in -180.0..180.0, lat in -85.0..85.0, x in -300.0..300.0, y in -300.0..300.0) {
            let plane = Plane::about(lon, lat);
            let (lon2, lat2) = plane.lon_lat(Point { x, y });
            let back = plane.point(lon2, lat2);
            prop_assert!((back.x - x).abs() < 1e-5 && (back.y - y).abs() < 1e-5);
        }

        #[test]
        fn ellipses_are_sound(azimuth in 0.0..6.3, along in 0.0..50.0, across in 0.0..50.0) {
            let ellipse = Covariance::along(azimuth, along, across).ellipse();
            prop_assert!(ellipse.major_m >= ellipse.minor_m && (0.0..180.0).contains(&ellipse.azimuth_deg));
        }
    }
}
