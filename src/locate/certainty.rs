//! How sure the offsets of the tracks are once sequences are in line.
//!
//! The inverse of the whole system is too large, and what is far away says little: each section of a track is looked
//! at with the sections about it only. What is left out can only make the answer less sure.

use rayon::prelude::*;

use super::Thing;
use super::align::tie_weight;
use super::grid::Grid;
use super::merge::Local;
use super::plane::Point;
use super::scene::Scene;
use super::track::Tracks;

/// Nodes of a section.
const NODES: usize = 3;
/// The distance within which sections are looked at together, metres.
const REACH_M: f64 = 150.0;
/// Sections that are looked at together at most, the nearest ones.
const SECTIONS: usize = 48;

/// A few consecutive nodes of a chunk, taken as one.
struct Section {
    middle: Point,
    chunk: usize,
    /// Variance of the offset along each axis, square metres.
    variance: f64,
    /// Correlation with the section before.
    correlation: f64,
}

/// The share that each section has in a place; the shares add up to one.
type Shares = Vec<(usize, f64)>;

/// The sections and what ties them to each other.
struct Network {
    sections: Vec<Section>,
    /// For each section the others that it is tied to, and the information of that, 1/m².
    ties: Vec<Vec<(usize, f64)>>,
}

/// For each group of objects that are one thing, the variance that the offsets of the tracks leave to its place along
/// each axis, square metres.
pub(super) fn offset_variances(
    scene: &Scene,
    tracks: &Tracks,
    locals: &[Local],
    groups: &[Vec<usize>],
    things: &[Thing],
) -> Vec<f64> {
    let (mut network, of_node) = Network::new(tracks);
    for group in groups {
        let weight = |local: &Local| (of_node[local.node], tie_weight(local, tracks));
        let (shares, sum) = shares(group.iter().map(|local| weight(&locals[*local])));
        network.tie(&shares, sum);
    }
    network.gather_ties();
    let section = |ray: &usize| (of_node[tracks.of_camera[scene.rays[*ray].camera]], 1.0);
    let shares: Vec<Shares> = things.iter().map(|thing| shares(thing.rays.iter().map(section)).0).collect();
    // Things are looked at together that hang on the same section most.
    let mut of_section: Vec<Vec<usize>> = vec![Vec::new(); network.sections.len()];
    for (thing, shares) in shares.iter().enumerate() {
        let heaviest = shares.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((section, _)) = heaviest {
            of_section[*section].push(thing);
        }
    }
    let grid = Grid::new(network.sections.iter().map(|section| section.middle), REACH_M);
    let found: Vec<(usize, f64)> = (0..of_section.len())
        .into_par_iter()
        .filter(|section| !of_section[*section].is_empty())
        .flat_map_iter(|section| {
            let about = network.about(section, &grid);
            let factor = cholesky(network.information(&about), about.len());
            let variance = |thing: &usize| variance(&factor, &about, &shares[*thing]);
            of_section[section].iter().map(|thing| (*thing, variance(thing))).collect::<Vec<_>>()
        })
        .collect();
    let mut variances = vec![0.0; things.len()];
    for (thing, variance) in found {
        variances[thing] = variance;
    }
    variances
}

/// Weights of sections made to shares, and their sum.
fn shares(weights: impl Iterator<Item = (usize, f64)>) -> (Shares, f64) {
    let mut shares: Shares = weights.collect();
    add_up(&mut shares);
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    shares.iter_mut().for_each(|(_, share)| *share /= sum);
    (shares, sum)
}

/// Adds up the numbers of the same section.
fn add_up(numbers: &mut Vec<(usize, f64)>) {
    numbers.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    numbers.dedup_by(|next, first| {
        let same = next.0 == first.0;
        first.1 += if same { next.1 } else { 0.0 };
        same
    });
}

impl Network {
    /// The sections of tracks, and the section of each node.
    fn new(tracks: &Tracks) -> (Self, Vec<usize>) {
        let mut sections: Vec<Section> = Vec::new();
        let mut of_node = Vec::with_capacity(tracks.nodes.len());
        let mut nodes = 0;
        for node in &tracks.nodes {
            match sections.last_mut().filter(|section| section.chunk == node.chunk && nodes < NODES) {
                // The link between sections is that between their first nodes.
                Some(_) => nodes += 1,
                None => {
                    sections.push(Section {
                        middle: node.middle,
                        chunk: node.chunk,
                        variance: node.variance,
                        correlation: 0.0,
                    });
                    nodes = 1;
                }
            }
            of_node.push(sections.len() - 1);
        }
        for (index, node) in tracks.nodes.iter().enumerate().skip(1) {
            let (before, section) = (of_node[index - 1], of_node[index]);
            // Correlations multiply along the way; within a section half of the way lies on either side.
            if section != before {
                sections[section].correlation = node.correlation.powi(NODES as i32);
            }
        }
        let ties = vec![Vec::new(); sections.len()];
        (Self { sections, ties }, of_node)
    }

    /// Ties the sections of one thing: eliminating its place leaves w_i w_j / Σw between each two.
    fn tie(&mut self, shares: &Shares, weight: f64) {
        for (a, share_a) in shares {
            for (b, share_b) in shares.iter().filter(|(b, _)| b != a) {
                self.ties[*a].push((*b, weight * share_a * share_b));
            }
        }
    }

    /// Adds up the ties between the same two sections.
    fn gather_ties(&mut self) {
        self.ties.iter_mut().for_each(add_up);
    }

    /// The sections about one, ascending.
    fn about(&self, section: usize, grid: &Grid) -> Vec<usize> {
        let middle = self.sections[section].middle;
        let mut near: Vec<(f64, usize)> = grid
            .near(middle)
            .map(|other| (middle.distance2(self.sections[other].middle), other))
            .filter(|(distance2, _)| *distance2 <= REACH_M * REACH_M)
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.truncate(SECTIONS);
        let mut about: Vec<usize> = near.into_iter().map(|(_, other)| other).collect();
        about.sort_unstable();
        about
    }

    /// Information of the offsets of some sections, ascending, as a square matrix: their prior as Gauss–Markov
    /// chains and the ties among them.
    fn information(&self, about: &[usize]) -> Vec<f64> {
        let n = about.len();
        let mut matrix = vec![0.0; n * n];
        for (row, section) in about.iter().enumerate() {
            let before = row.checked_sub(1);
            let correlation = before.map_or(0.0, |before| {
                let way = &self.sections[about[before] + 1..=*section];
                way.iter().take(16).map(|s| s.correlation).product::<f64>() * f64::from(u8::from(way.len() <= 16))
            });
            let variance = self.sections[*section].variance.max(1e-4);
            let information = 1.0 / (variance * (1.0 - correlation * correlation));
            matrix[row * n + row] += information;
            if let Some(before) = before.filter(|_| correlation > 0.0) {
                matrix[before * n + before] += information * correlation * correlation;
                matrix[row * n + before] -= information * correlation;
                matrix[before * n + row] -= information * correlation;
            }
            for (other, weight) in &self.ties[*section] {
                if let Ok(column) = about.binary_search(other) {
                    matrix[row * n + row] += weight;
                    matrix[row * n + column] -= weight;
                }
            }
        }
        matrix
    }
}

/// The lower triangle L with L·Lᵀ = a positive definite matrix.
fn cholesky(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    for row in 0..n {
        for column in 0..=row {
            let (of_row, of_column) = (&matrix[row * n..row * n + column], &matrix[column * n..column * n + column]);
            let rest = matrix[row * n + column] - of_row.iter().zip(of_column).map(|(a, b)| a * b).sum::<f64>();
            matrix[row * n + column] =
                if row == column { rest.max(1e-12).sqrt() } else { rest / matrix[column * n + column] };
        }
    }
    matrix
}

/// sᵀ(L·Lᵀ)⁻¹s for the shares of a thing; sections that are not looked at leave their share to the others.
fn variance(factor: &[f64], about: &[usize], shares: &Shares) -> f64 {
    let n = about.len();
    let mut solved = vec![0.0; n];
    let mut sum = 0.0;
    for (section, share) in shares {
        if let Ok(row) = about.binary_search(section) {
            solved[row] = *share;
            sum += share;
        }
    }
    for row in 0..n {
        let known: f64 = (0..row).map(|column| factor[row * n + column] * solved[column]).sum();
        solved[row] = (solved[row] - known) / factor[row * n + row];
    }
    solved.iter().map(|v| v * v).sum::<f64>() / f64::max(sum * sum, 1e-12)
}
