//! An index of points by the cells of a square grid.

use std::collections::HashMap;

use super::plane::Point;

/// Numbered points, to be asked for those near a point.
pub(super) struct Grid {
    side_m: f64,
    /// First and last but one of a cell's numbers.
    cells: HashMap<(i32, i32), (u32, u32)>,
    numbers: Vec<u32>,
}

impl Grid {
    /// Points are found up to `side_m` metres away.
    pub(super) fn new(points: impl Iterator<Item = Point>, side_m: f64) -> Self {
        let mut of_cell: Vec<((i32, i32), u32)> =
            (0..).zip(points).map(|(number, point)| (cell(point, side_m), number)).collect();
        of_cell.sort_unstable();
        let mut cells = HashMap::new();
        for (at, (cell, _)) in (0..).zip(&of_cell) {
            cells.entry(*cell).or_insert((at, at)).1 = at + 1;
        }
        Self { side_m, cells, numbers: of_cell.into_iter().map(|(_, number)| number).collect() }
    }

    /// The numbers of all points within `side_m` and of some beyond.
    pub(super) fn near(&self, point: Point) -> impl Iterator<Item = usize> {
        let (column, row) = cell(point, self.side_m);
        let around = (-1..=1).flat_map(move |dy| (-1..=1).map(move |dx| (column + dx, row + dy)));
        around
            .filter_map(|at| self.cells.get(&at))
            .flat_map(|(first, end)| &self.numbers[*first as usize..*end as usize])
            .map(|number| *number as usize)
    }
}

/// Points farther out than a planet is large share the outermost cells.
fn cell(point: Point, side_m: f64) -> (i32, i32) {
    let at = |v: f64| (v / side_m).floor().clamp(-1e9, 1e9) as i32;
    (at(point.x), at(point.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_in_reach_is_near_once(x in -1e5..1e5, y in -1e5..1e5, azimuth in 0.0..6.3, far in 0.0..8.0) {
            let there = Point { x, y }.towards(azimuth, far);
            let grid = Grid::new([there, Point { x: x + 30.0, y }].into_iter(), 8.0);
            prop_assert_eq!(grid.near(Point { x, y }).collect::<Vec<_>>(), vec![0]);
        }
    }
}
