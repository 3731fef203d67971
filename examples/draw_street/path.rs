//! The centre line of a road: straights and arcs, and the coordinates along and beside it.

use crate::space::ahead;

/// A line through the plane. The first and last pieces go on for ever.
pub struct Path {
    pieces: Vec<Piece>,
}

struct Piece {
    from_m: f64,
    length_m: f64,
    start: (f64, f64),
    heading_deg: f64,
    /// How much the heading turns to the right.
    turn_deg: f64,
}

/// A place beside a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// Metres along the path.
    pub along: f64,
    /// Metres to the right of the path.
    pub right: f64,
}

impl Path {
    /// A path from pieces of a length in metres and a turn to the right in degrees.
    pub fn new(start: (f64, f64), heading_deg: f64, pieces: &[(f64, f64)]) -> Self {
        let mut path = Self { pieces: Vec::new() };
        let (mut start, mut heading_deg, mut from_m) = (start, heading_deg, 0.0);
        for &(length_m, turn_deg) in pieces {
            let piece = Piece { from_m, length_m, start, heading_deg, turn_deg };
            start = piece.place(from_m + length_m, 0.0);
            heading_deg += turn_deg;
            from_m += length_m;
            path.pieces.push(piece);
        }
        path
    }

    /// The point `right` metres to the right of the place `along` metres down the path.
    pub fn place(&self, along: f64, right: f64) -> (f64, f64) {
        self.piece(along).place(along, right)
    }

    /// Azimuth of travel.
    pub fn heading_deg(&self, along: f64) -> f64 {
        self.piece(along).heading_at(along).rem_euclid(360.0)
    }

    /// Where a point lies beside the path; `None` where it is nowhere abreast of it.
    pub fn locate(&self, x: f64, y: f64) -> Option<Beside> {
        let last = self.pieces.len() - 1;
        let abreast = self.pieces.iter().enumerate().filter_map(|(i, piece)| {
            let beside = piece.locate(x, y);
            let begun = i == 0 || beside.along >= piece.from_m;
            let not_over = i == last || beside.along <= piece.from_m + piece.length_m;
            (begun && not_over).then_some(beside)
        });
        abreast.min_by(|a, b| a.right.abs().total_cmp(&b.right.abs()))
    }

    fn piece(&self, along: f64) -> &Piece {
        self.pieces.iter().rev().find(|p| along >= p.from_m).unwrap_or(&self.pieces[0])
    }
}

impl Piece {
    fn heading_at(&self, along: f64) -> f64 {
        self.heading_deg + self.turn_deg * (along - self.from_m) / self.length_m
    }

    /// Radius and centre of an arc; the radius is negative where it turns to the left.
    fn circle(&self) -> Option<(f64, (f64, f64))> {
        (self.turn_deg != 0.0).then(|| {
            let radius = self.length_m / self.turn_deg.to_radians();
            let right = ahead(self.heading_deg + 90.0);
            (radius, (self.start.0 + radius * right.x, self.start.1 + radius * right.y))
        })
    }

    fn place(&self, along: f64, right: f64) -> (f64, f64) {
        match self.circle() {
            Some((radius, centre)) => {
                let side = ahead(self.heading_at(along) + 90.0);
                (centre.0 + (right - radius) * side.x, centre.1 + (right - radius) * side.y)
            }
            None => {
                let (front, side) = (ahead(self.heading_deg), ahead(self.heading_deg + 90.0));
                let gone = along - self.from_m;
                (self.start.0 + gone * front.x + right * side.x, self.start.1 + gone * front.y + right * side.y)
            }
        }
    }

    fn locate(&self, x: f64, y: f64) -> Beside {
        match self.circle() {
            Some((radius, centre)) => {
                let (dx, dy) = (x - centre.0, y - centre.1);
                let outward = -radius.signum();
                let side_deg = (dx * outward).atan2(dy * outward).to_degrees();
                let turned = (side_deg - 90.0 - self.heading_deg + 180.0).rem_euclid(360.0) - 180.0;
                Beside {
                    along: self.from_m + turned / self.turn_deg * self.length_m,
                    right: radius + outward * dx.hypot(dy),
                }
            }
            None => {
                let (front, side) = (ahead(self.heading_deg), ahead(self.heading_deg + 90.0));
                let (dx, dy) = (x - self.start.0, y - self.start.1);
                Beside { along: self.from_m + dx * front.x + dy * front.y, right: dx * side.x + dy * side.y }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_again() {
        for turn_deg in [30.0, -30.0] {
            let path = Path::new((3.0, -2.0), 20.0, &[(95.0, 0.0), (20.0, turn_deg), (80.0, 0.0)]);
            for along in [-10.0, 0.0, 50.0, 95.5, 105.0, 114.5, 150.0, 220.0] {
                for right in [-6.0, 0.0, 4.0] {
                    let (x, y) = path.place(along, right);
                    let found = path.locate(x, y).unwrap();
                    assert!((found.along - along).abs() < 1e-9 && (found.right - right).abs() < 1e-9, "{found:?}");
                }
            }
        }
    }
}
