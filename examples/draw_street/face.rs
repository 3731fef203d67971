//! The faces of the signs that stand in the sample street, at their true sizes.

use crate::colour::{Colour, rgb};
use crate::glyph::written;
use crate::pictogram::{bicycle, walker, zebra};
use crate::shape::{Point, Shape, arc, disc, line, polygon, rectangle, regular};

const RED: u32 = 0xd30f1c;
const BLUE: u32 = 0x063f9c;
const WHITE: u32 = 0xf7f7f5;
const INK: u32 = 0x141416;
const YELLOW: u32 = 0xffd210;

/// Width of the white rim around a face.
const RIM_M: f64 = 0.012;
const DISC_M: f64 = 0.65;
pub const TRIANGLE_M: f64 = 0.7;
pub const LARGE_TRIANGLE_M: f64 = 1.0;
const OCTAGON_M: f64 = 0.8;

/// What is painted on a sign.
pub struct Face {
    /// Name in the French catalogue of signs.
    pub code: &'static str,
    /// The family that a detector has to tell.
    pub class: &'static str,
    /// What the sign says beyond its code.
    pub value: Option<&'static str>,
    /// Width and height of the plate.
    pub size: (f64, f64),
    layers: Vec<(Shape, Colour)>,
}

impl Face {
    fn new(code: &'static str, class: &'static str, layers: Vec<(Shape, u32)>) -> Self {
        let layers: Vec<_> = layers.into_iter().map(|(shape, colour)| (shape, rgb(colour))).collect();
        let rim = layers[0].0.rim();
        let reach = |axis: fn(&Point) -> f64| 2.0 * rim.iter().map(|p| axis(p).abs()).fold(0.0, f64::max);
        let size = (reach(|p| p.0), reach(|p| p.1));
        Self { code, class, value: None, size, layers }
    }

    fn with(mut self, shapes: impl IntoIterator<Item = Shape>, colour: u32) -> Self {
        self.layers.extend(shapes.into_iter().map(|shape| (shape, rgb(colour))));
        self
    }

    /// The colour at a point of the plate; `None` beside it.
    pub fn colour(&self, p: Point) -> Option<Colour> {
        let on_plate = self.layers[0].0.contains(p);
        on_plate.then(|| self.layers.iter().rev().find(|(shape, _)| shape.contains(p)).map(|(_, colour)| *colour))?
    }

    pub fn is_on_plate(&self, p: Point) -> bool {
        self.layers[0].0.contains(p)
    }

    /// Points around the plate.
    pub fn rim(&self) -> Vec<Point> {
        self.layers[0].0.rim()
    }
}

pub fn speed_limit(value: &'static str) -> Face {
    let digits = written(value, (0.135, 0.235), 0.152, 0.02);
    Face { value: Some(value), ..red_ring("B14").with(digits, INK) }
}

pub fn no_entry() -> Face {
    disc_face("B1", "prohibition", RED).with([rectangle((0.0, 0.0), 0.46, 0.115, 0.0)], WHITE)
}

pub fn no_left_turn() -> Face {
    let arrow = [
        line(
            &[vec![(0.07, -0.13), (0.07, 0.0)], arc((0.02, 0.0), (0.05, 0.06), 0.0, 90.0), vec![(-0.06, 0.06)]]
                .concat(),
            0.02,
        ),
        polygon(&[(-0.05, 0.105), (-0.14, 0.06), (-0.05, 0.015)]),
    ];
    red_ring("B2a").with(arrow, INK).with([slash(0.022)], RED)
}

pub fn no_parking() -> Face {
    disc_face("B6a1", "prohibition", RED).with([disc((0.0, 0.0), 0.232)], BLUE).with([slash(0.033)], RED)
}

pub fn no_bicycles() -> Face {
    red_ring("B9b").with(bicycle(0.34, 0.012), INK)
}

pub fn bicycles_only() -> Face {
    blue_disc("B22a").with(bicycle(0.46, 0.013), WHITE)
}

pub fn turn_right() -> Face {
    let shaft = rectangle((-0.02, 0.0), 0.38, 0.075, 0.0);
    let upper = polygon(&[(0.02, 0.15), (0.10, 0.15), (0.24, 0.0), (0.14, 0.0)]);
    let lower = polygon(&[(0.02, -0.15), (0.10, -0.15), (0.24, 0.0), (0.14, 0.0)]);
    blue_disc("B21-1").with([shaft, upper, lower], WHITE)
}

pub fn children() -> Face {
    let figures = [walker((-0.055, -0.055), 0.25), walker((0.075, -0.08), 0.19)];
    danger("A13a").with(figures.into_iter().flatten(), INK)
}

pub fn bend_to_left() -> Face {
    let shaft = [vec![(0.085, -0.19), (0.085, -0.08)], arc((-0.03, -0.08), (0.115, 0.115), 0.0, 80.0)].concat();
    let head = polygon(&[(0.0, 0.085), (-0.09, 0.035), (0.0, -0.025)]);
    danger("A1b").with([line(&shaft, 0.025), head], INK)
}

pub fn other_danger() -> Face {
    let mark = Shape::Polygon {
        corners: vec![(0.016, 0.085), (0.004, -0.085), (-0.004, -0.085), (-0.016, 0.085)],
        rounding: 0.014,
    };
    danger("A14").with([mark, disc((0.0, -0.152), 0.03)], INK)
}

pub fn yield_way(side: f64) -> Face {
    triangle("AB3a", "yield", side, -90.0, 0.57)
}

pub fn stop() -> Face {
    let octagon = |inset: f64| regular((0.0, 0.0), 8, OCTAGON_M / 2.0 - inset, 22.5, 0.01);
    let letters = written("STOP", (0.135, 0.26), 0.168, 0.02);
    Face::new("AB4", "stop", vec![(octagon(0.0), WHITE), (octagon(0.018), RED)]).with(letters, WHITE)
}

pub fn priority_road() -> Face {
    let diamond = |side: f64, rounding| regular((0.0, 0.0), 4, side / 2.0, 90.0, rounding);
    let layers = vec![
        (diamond(0.5, 0.02), WHITE),
        (diamond(0.472, 0.01), INK),
        (diamond(0.464, 0.01), WHITE),
        (diamond(0.335, 0.0), INK),
        (diamond(0.325, 0.0), YELLOW),
    ];
    Face::new("AB6", "other", layers)
}

pub fn crossing() -> Face {
    let white = polygon(&[(0.0, 0.265), (-0.285, -0.215), (0.285, -0.215)]);
    let figure = walker((0.0, -0.02), 0.29);
    blue_square("C20a").with([white], WHITE).with(figure, INK).with(zebra(-0.175, 0.4), INK)
}

pub fn dead_end() -> Face {
    let post = rectangle((0.0, -0.08), 0.1, 0.42, 0.0);
    let bar = |inset: f64| rectangle((0.0, 0.18), 0.26 - inset, 0.17 - inset, 0.0);
    blue_square("C13a").with([post, bar(0.0)], WHITE).with([bar(0.03)], RED)
}

fn disc_face(code: &'static str, class: &'static str, ground: u32) -> Face {
    let outer = DISC_M / 2.0;
    Face::new(code, class, vec![(disc((0.0, 0.0), outer), WHITE)]).with([disc((0.0, 0.0), outer - RIM_M)], ground)
}

fn red_ring(code: &'static str) -> Face {
    disc_face(code, "prohibition", RED).with([disc((0.0, 0.0), 0.225)], WHITE)
}

fn blue_disc(code: &'static str) -> Face {
    Face::new(code, "obligation", vec![(disc((0.0, 0.0), DISC_M / 2.0), WHITE)])
        .with([disc((0.0, 0.0), DISC_M / 2.0 - 0.022)], BLUE)
}

fn blue_square(code: &'static str) -> Face {
    let square = |inset: f64| rectangle((0.0, 0.0), 0.7 - inset, 0.7 - inset, 0.035);
    Face::new(code, "other", vec![(square(0.0), WHITE), (square(0.05), BLUE)])
}

fn danger(code: &'static str) -> Face {
    triangle(code, "danger", TRIANGLE_M, 90.0, 0.7)
}

/// A triangle whose white ground takes `ground_share` of its outer size. The middle of its height is the origin.
fn triangle(code: &'static str, class: &'static str, side: f64, first_deg: f64, ground_share: f64) -> Face {
    const ROUNDING: f64 = 0.03;
    let apothem = side / 12_f64.sqrt();
    let middle = (0.0, -first_deg.signum() * (apothem - ROUNDING) / 2.0);
    let layers = vec![
        (regular(middle, 3, apothem, first_deg, ROUNDING), WHITE),
        (regular(middle, 3, apothem - RIM_M, first_deg, ROUNDING - RIM_M), RED),
        (regular(middle, 3, apothem * ground_share, first_deg, 0.004), WHITE),
    ];
    Face::new(code, class, layers)
}

/// The bar of a prohibition, from the upper left to the lower right.
fn slash(half_width: f64) -> Shape {
    let reach = 0.25 / 2_f64.sqrt();
    line(&[(-reach, reach), (reach, -reach)], half_width)
}
