//! Flat shapes on a sign's face: x to the right, y up, metres.

pub type Point = (f64, f64);

pub enum Shape {
    Disc {
        at: Point,
        radius: f64,
    },
    /// All that is within `rounding` of a polygon.
    Polygon {
        corners: Vec<Point>,
        rounding: f64,
    },
    /// A line drawn with a round pen.
    Line {
        points: Vec<Point>,
        half_width: f64,
    },
}

impl Shape {
    pub fn contains(&self, p: Point) -> bool {
        match self {
            Self::Disc { at, radius } => (p.0 - at.0).hypot(p.1 - at.1) <= *radius,
            Self::Polygon { corners, rounding } => {
                is_inside(corners, p) || (*rounding > 0.0 && edges(corners).any(|e| distance(p, e) <= *rounding))
            }
            Self::Line { points, half_width } => points.windows(2).any(|w| distance(p, (w[0], w[1])) <= *half_width),
        }
    }

    /// Points around the shape whose hull is the shape's.
    pub fn rim(&self) -> Vec<Point> {
        match self {
            Self::Disc { at, radius } => circle(*at, *radius),
            Self::Polygon { corners, rounding } => corners.iter().flat_map(|c| circle(*c, *rounding)).collect(),
            Self::Line { points, half_width } => points.iter().flat_map(|p| circle(*p, *half_width)).collect(),
        }
    }
}

/// A regular polygon with rounded corners; `apothem` is from its middle to its edges, the first corner looks to
/// `first_deg`, counter-clockwise from the right.
pub fn regular(at: Point, sides: u32, apothem: f64, first_deg: f64, rounding: f64) -> Shape {
    let step = 360.0 / f64::from(sides);
    let reach = (apothem - rounding) / (step / 2.0).to_radians().cos();
    let corners = (0..sides).map(|i| on_circle(at, reach, first_deg + step * f64::from(i))).collect();
    Shape::Polygon { corners, rounding }
}

pub fn rectangle(at: Point, width: f64, height: f64, rounding: f64) -> Shape {
    let (w, h) = (width / 2.0 - rounding, height / 2.0 - rounding);
    let corners = [(-w, -h), (w, -h), (w, h), (-w, h)].map(|(x, y)| (at.0 + x, at.1 + y)).to_vec();
    Shape::Polygon { corners, rounding }
}

pub fn polygon(corners: &[Point]) -> Shape {
    Shape::Polygon { corners: corners.to_vec(), rounding: 0.0 }
}

pub fn line(points: &[Point], half_width: f64) -> Shape {
    Shape::Line { points: points.to_vec(), half_width }
}

pub fn disc(at: Point, radius: f64) -> Shape {
    Shape::Disc { at, radius }
}

/// Points along an elliptic arc, angles counter-clockwise from the right.
pub fn arc(at: Point, radii: (f64, f64), from_deg: f64, to_deg: f64) -> Vec<Point> {
    const STEPS: i32 = 16;
    let angle = |i: i32| (from_deg + (to_deg - from_deg) * f64::from(i) / f64::from(STEPS)).to_radians();
    (0..=STEPS).map(|i| (at.0 + radii.0 * angle(i).cos(), at.1 + radii.1 * angle(i).sin())).collect()
}

fn circle(at: Point, radius: f64) -> Vec<Point> {
    (0..72).map(|i| on_circle(at, radius, f64::from(i) * 5.0)).collect()
}

fn on_circle(at: Point, radius: f64, angle_deg: f64) -> Point {
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    (at.0 + radius * cos, at.1 + radius * sin)
}

fn edges(corners: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    let next = corners.iter().cycle().skip(1);
    corners.iter().copied().zip(next.copied())
}

fn is_inside(corners: &[Point], p: Point) -> bool {
    let crosses =
        |(a, b): (Point, Point)| (a.1 > p.1) != (b.1 > p.1) && p.0 < a.0 + (p.1 - a.1) / (b.1 - a.1) * (b.0 - a.0);
    edges(corners).filter(|e| crosses(*e)).count() % 2 == 1
}

fn distance(p: Point, (a, b): (Point, Point)) -> f64 {
    let (abx, aby, apx, apy) = (b.0 - a.0, b.1 - a.1, p.0 - a.0, p.1 - a.1);
    let share = ((abx * apx + aby * apy) / (abx * abx + aby * aby).max(1e-12)).clamp(0.0, 1.0);
    (apx - share * abx).hypot(apy - share * aby)
}
