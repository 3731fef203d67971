//! Pairs of rows and columns with the least cost in all, each row and each column once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A chain of exchanges that is longer than this is given up, and the row that asks for it stays alone: only points that
/// are crowded beyond all sense need one.
const LONGEST_SEARCH: usize = 1000;

/// A row and a column that may be a pair, and what that costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub row: usize,
    pub column: usize,
    /// Not negative.
    pub cost: f64,
}

/// The pairs for which the costs of all and `alone` for every row without one are least, by rows.
///
/// Shortest augmenting paths after Jonker and Volgenant (1987) on a sparse graph: the rows come one after the other, and
/// each finds by Dijkstra's search the cheapest chain of exchanges that ends at a free column or leaves a row alone. So
/// the search goes no farther than `alone` is worth, and for points in a plane the time is near linear.
pub(crate) fn assign(rows: usize, columns: usize, mut edges: Vec<Edge>, alone: f64) -> Vec<(usize, usize)> {
    edges.sort_by(|a, b| (a.row, a.column).cmp(&(b.row, b.column)).then(a.cost.total_cmp(&b.cost)));
    let mut starts = vec![0; rows + 1];
    edges.iter().for_each(|edge| starts[edge.row + 1] += 1);
    (0..rows).for_each(|row| starts[row + 1] += starts[row]);
    let mut search = Search {
        edges: &edges,
        starts: &starts,
        price: vec![0.0; columns],
        row_of: vec![None; columns],
        column_of: vec![None; rows],
        distance: vec![f64::INFINITY; columns],
        before: vec![0; columns],
        is_settled: vec![false; columns],
    };
    (0..rows).for_each(|row| search.place(row, alone));
    let mut pairs: Vec<(usize, usize)> = search
        .row_of
        .iter()
        .enumerate()
        .filter_map(|(column, row)| row.map(|edge| (edges[edge].row, column)))
        .collect();
    pairs.sort_unstable();
    pairs
}

struct Search<'a> {
    edges: &'a [Edge],
    /// Where the edges of each row begin.
    starts: &'a [usize],
    /// What a column takes off the cost of its edges; not positive.
    price: Vec<f64>,
    /// The edge by which a column has its row.
    row_of: Vec<Option<usize>>,
    column_of: Vec<Option<usize>>,
    /// From the row that is being placed; infinite between two searches.
    distance: Vec<f64>,
    /// The edge by which a column was reached.
    before: Vec<usize>,
    /// Whether nothing shorter leads to a column, but for what rounding makes of it; unset between two searches.
    is_settled: Vec<bool>,
}

/// Where a chain of exchanges ends.
enum End {
    /// At a column that was free.
    Free(usize),
    /// By leaving alone the row that had this column.
    Leaving(usize),
}

/// A distance and a column, ordered by the first.
#[derive(PartialEq)]
struct Reached(f64, usize);

impl Eq for Reached {}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reached {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl Search<'_> {
    /// Finds a column for a row, moving others where that is cheaper, or leaves one of them alone.
    fn place(&mut self, row: usize, alone: f64) {
        let mut heap = BinaryHeap::new();
        let (mut touched, mut scanned) = (Vec::new(), Vec::new());
        // What leaving this row alone costs, until a cheaper end is found.
        let (mut best, mut end) = (alone, None);
        self.relax(row, 0.0, &mut heap, &mut touched);
        while let Some(Reverse(Reached(distance, column))) = heap.pop() {
            if self.is_settled[column] {
                continue;
            }
            if distance >= best {
                break;
            }
            let Some(edge) = self.row_of[column] else {
                (best, end) = (distance, Some(End::Free(column)));
                break;
            };
            if scanned.len() == LONGEST_SEARCH {
                end = None;
                break;
            }
            scanned.push(column);
            self.is_settled[column] = true;
            let Edge { row: next, cost, .. } = self.edges[edge];
            let behind = distance - (cost - self.price[column]);
            if behind + alone < best {
                (best, end) = (behind + alone, Some(End::Leaving(column)));
            }
            self.relax(next, behind, &mut heap, &mut touched);
        }
        if let Some(end) = end {
            for column in scanned {
                self.price[column] += self.distance[column] - best;
            }
            self.exchange(end);
        }
        for column in touched {
            (self.distance[column], self.is_settled[column]) = (f64::INFINITY, false);
        }
    }

    /// Reaches the columns of a row that is `distance` away.
    fn relax(
        &mut self,
        row: usize,
        distance: f64,
        heap: &mut BinaryHeap<Reverse<Reached>>,
        touched: &mut Vec<usize>,
    ) {
        for at in self.starts[row]..self.starts[row + 1] {
            let Edge { column, cost, .. } = self.edges[at];
            let there = distance + cost - self.price[column];
            if there < self.distance[column] && !self.is_settled[column] {
                if self.distance[column].is_infinite() {
                    touched.push(column);
                }
                (self.distance[column], self.before[column]) = (there, at);
                heap.push(Reverse(Reached(there, column)));
            }
        }
    }

    /// Gives the column at the end to the row that reached it, that row's own to the one before, and so on.
    fn exchange(&mut self, end: End) {
        let mut column = match end {
            End::Free(column) => column,
            End::Leaving(column) => {
                if let Some(edge) = self.row_of[column] {
                    self.column_of[self.edges[edge].row] = None;
                }
                column
            }
        };
        loop {
            let edge = self.before[column];
            self.row_of[column] = Some(edge);
            match self.column_of[self.edges[edge].row].replace(column) {
                Some(given_up) => column = given_up,
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The least cost by trying everything.
    fn least(rows: usize, edges: &[Edge], alone: f64, taken: &mut Vec<usize>) -> f64 {
        let Some(row) = rows.checked_sub(1) else { return 0.0 };
        let mut best = alone + least(row, edges, alone, taken);
        for edge in edges.iter().filter(|edge| edge.row == row) {
            if !taken.contains(&edge.column) {
                taken.push(edge.column);
                best = best.min(edge.cost + least(row, edges, alone, taken));
                taken.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn nothing_is_cheaper(costs in proptest::collection::vec((0..6_usize, 0..6_usize, 0..20_u8), 0..24)) {
            let edges: Vec<Edge> =
                costs.iter().map(|(row, column, cost)| Edge { row: *row, column: *column, cost: f64::from(*cost) }).collect();
            for alone in [6.0, 1e3] {
                let pairs = assign(6, 6, edges.clone(), alone);
                let cost = |(row, column): &(usize, usize)| {
                    let of_pair = edges.iter().filter(|e| (e.row, e.column) == (*row, *column));
                    of_pair.map(|edge| edge.cost).fold(f64::INFINITY, f64::min)
                };
                let total: f64 = pairs.iter().map(cost).sum::<f64>() + alone * (6 - pairs.len()) as f64;
                prop_assert_eq!(total, least(6, &edges, alone, &mut Vec::new()));
                let mut columns: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
                columns.sort_unstable();
                columns.dedup();
                prop_assert_eq!(columns.len(), pairs.len());
            }
        }
    }

    #[test]
    fn a_crowd_ends() {
        let edges = |row| (0..32).map(move |step| Edge { row, column: (row + step * step) % 2000, cost: 1.0 });
        let pairs = assign(4000, 2000, (0..4000).flat_map(edges).collect(), 1e6);
        assert!(pairs.len() > 1000, "{}", pairs.len());
    }
}
