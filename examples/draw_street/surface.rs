//! The surfaces that the world is built of, and where a ray meets them.

use crate::chance::noise;
use crate::material::Material;
use crate::space::{Ray, UP, Vec3, vec3};

/// A ray does not meet the surface it starts on.
const CLEARANCE_M: f64 = 1e-4;

pub struct Surface {
    pub form: Form,
    pub material: Material,
}

pub enum Form {
    /// Flat: one corner and the two sides that leave it.
    Patch { corner: Vec3, right: Vec3, up: Vec3, cut: Cut },
    /// A ball of leaves with gaps at its rim.
    Crown { centre: Vec3, radius: f64 },
    /// An upright round post.
    Post { foot: Vec3, radius: f64, height: f64 },
}

/// What of a patch's parallelogram is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cut {
    Whole,
    /// Narrower upwards: at the top each side stands in by this share of the width, so ½ is a triangle.
    Tapered(f64),
    /// The ellipse that touches all sides.
    Round,
}

/// Where a ray meets a surface.
#[derive(Debug, Clone, Copy)]
pub struct Meeting {
    pub distance: f64,
    /// Unit vector, to the side that the ray comes from.
    pub normal: Vec3,
    /// Place on a patch, in metres from its corner.
    pub on_patch: (f64, f64),
    /// Whether the ray comes from the side where right × up points to.
    pub is_front: bool,
}

impl Surface {
    pub fn bounds(&self) -> Bounds {
        match self.form {
            Form::Patch { corner, right, up, .. } => {
                Bounds::around(&[corner, corner + right, corner + up, corner + right + up])
            }
            Form::Crown { centre, radius } => {
                let reach = vec3(radius, radius, radius);
                Bounds::around(&[centre - reach, centre + reach])
            }
            Form::Post { foot, radius, height } => {
                let reach = vec3(radius, radius, 0.0);
                Bounds::around(&[foot - reach, foot + reach + UP * height])
            }
        }
    }

    pub fn meet(&self, ray: &Ray) -> Option<Meeting> {
        match self.form {
            Form::Patch { corner, right, up, cut } => meet_patch(ray, corner, right, up, cut),
            Form::Crown { centre, radius } => meet_crown(ray, centre, radius),
            Form::Post { foot, radius, height } => meet_post(ray, foot, radius, height),
        }
    }
}

fn meet_patch(ray: &Ray, corner: Vec3, right: Vec3, up: Vec3, cut: Cut) -> Option<Meeting> {
    let normal = right.cross(up);
    let slope = ray.to.dot(normal);
    let distance = (corner - ray.from).dot(normal) / slope;
    // Written so that it holds for a ray along the patch, whose distance is not a number.
    if !(distance > CLEARANCE_M && distance.is_finite()) {
        return None;
    }
    let reach = ray.at(distance) - corner;
    let area = normal.dot(normal);
    let (u, v) = (reach.cross(up).dot(normal) / area, right.cross(reach).dot(normal) / area);
    let is_there = (0.0..=1.0).contains(&u)
        && (0.0..=1.0).contains(&v)
        && match cut {
            Cut::Whole => true,
            Cut::Tapered(inset) => inset * v <= u.min(1.0 - u),
            Cut::Round => (u - 0.5).hypot(v - 0.5) <= 0.5,
        };
    let is_front = slope < 0.0;
    is_there.then(|| Meeting {
        distance,
        normal: normal.unit() * if is_front { 1.0 } else { -1.0 },
        on_patch: (u * right.length(), v * up.length()),
        is_front,
    })
}

fn meet_crown(ray: &Ray, centre: Vec3, radius: f64) -> Option<Meeting> {
    let (near, far) = ball(ray, centre, radius)?;
    [near, far].into_iter().filter(|d| *d > CLEARANCE_M).find_map(|distance| {
        let point = ray.at(distance);
        let outward = (point - centre).unit();
        let facing = outward.dot(ray.to).abs();
        let leaf = noise(point.x * 6.5, point.y * 6.5, point.z * 6.5);
        if leaf > 0.22 + 0.75 * facing {
            return None;
        }
        let ruffle = |shift: f64| noise(point.x * 3.0 + shift, point.y * 3.0, point.z * 3.0) - 0.5;
        let normal = (outward + vec3(ruffle(0.0), ruffle(17.0), ruffle(43.0)) * 1.1).unit();
        Some(Meeting { distance, normal, on_patch: (0.0, 0.0), is_front: true })
    })
}

fn meet_post(ray: &Ray, foot: Vec3, radius: f64, height: f64) -> Option<Meeting> {
    let (level_from, level_to) = (ray.from - foot, vec3(ray.to.x, ray.to.y, 0.0));
    let spread = level_to.length();
    if spread < 1e-9 {
        return None;
    }
    let level = Ray { from: vec3(level_from.x, level_from.y, 0.0), to: level_to * (1.0 / spread) };
    let (near, _) = ball(&level, vec3(0.0, 0.0, 0.0), radius)?;
    let distance = near / spread;
    let rise = ray.at(distance).z - foot.z;
    (distance > CLEARANCE_M && (0.0..=height).contains(&rise)).then(|| Meeting {
        distance,
        normal: level.at(near) * (1.0 / radius),
        on_patch: (0.0, rise),
        is_front: true,
    })
}

/// Where a ray enters and leaves a ball.
fn ball(ray: &Ray, centre: Vec3, radius: f64) -> Option<(f64, f64)> {
    let from = ray.from - centre;
    let middle = -from.dot(ray.to);
    let half = (middle * middle - from.dot(from) + radius * radius).max(-1.0);
    (half > 0.0).then(|| (middle - half.sqrt(), middle + half.sqrt()))
}

/// A box along the axes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub low: Vec3,
    pub high: Vec3,
}

impl Bounds {
    fn around(points: &[Vec3]) -> Self {
        let fold = |pick: fn(f64, f64) -> f64| points.iter().skip(1).fold(points[0], |a, b| a.each(*b, pick));
        Self { low: fold(f64::min), high: fold(f64::max) }
    }

    pub fn join(self, other: Self) -> Self {
        Self { low: self.low.each(other.low, f64::min), high: self.high.each(other.high, f64::max) }
    }

    /// Whether a ray passes the box before `limit`.
    pub fn is_met(&self, ray: &Ray, limit: f64) -> bool {
        let (mut enter, mut leave) = (0.0_f64, limit);
        for (((low, high), from), to) in
            self.low.axes().into_iter().zip(self.high.axes()).zip(ray.from.axes()).zip(ray.to.axes())
        {
            let (a, b) = ((low - from) / to, (high - from) / to);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
        enter <= leave + 1e-9
    }
}
