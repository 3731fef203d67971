//! A sparse system of unknown offsets that are pulled towards each other.

use super::track::Node;

/// Steps of the conjugate gradients at most.
const STEPS: usize = 60;
/// The residual at which they stop, relative to the right-hand side's length.
const TOLERANCE: f64 = 1e-5;

/// A vector of the plane for each unknown.
pub(super) type Offsets = Vec<[f64; 2]>;

/// Says that unknown `a` less unknown `b` is a step, and how surely.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spring {
    pub a: u32,
    pub b: u32,
    /// Inverse of the variance, 1/m².
    pub weight: f64,
    pub step: [f64; 2],
}

/// The offsets b that minimise Σ weight·|b_a − b_b − step|² plus what is known of them before: the first node's of a
/// track is N(0, σ²), the next one's ρ times that of the node before plus N(0, σ²(1 − ρ²)), a Gauss–Markov chain.
/// Unknowns beyond the nodes are free.
///
/// Preconditioned conjugate gradients from a start.
pub(super) fn relax(nodes: &[Node], springs: &[Spring], offsets: &mut Offsets) {
    let n = offsets.len();
    let mut diagonal = vec![1e-9; n];
    let mut right = vec![[0.0; 2]; n];
    for (index, node) in nodes.iter().enumerate() {
        let (rho, information) = link(node);
        diagonal[index] += information;
        if rho > 0.0 {
            diagonal[index - 1] += information * rho * rho;
        }
    }
    for spring in springs {
        let (a, b) = (spring.a as usize, spring.b as usize);
        diagonal[a] += spring.weight;
        diagonal[b] += spring.weight;
        let pull = spring.step.map(|step| spring.weight * step);
        right[a] = [right[a][0] + pull[0], right[a][1] + pull[1]];
        right[b] = [right[b][0] - pull[0], right[b][1] - pull[1]];
    }
    let times = |v: &[[f64; 2]], out: &mut [[f64; 2]]| {
        for (index, value) in v.iter().enumerate() {
            out[index] = value.map(|value| diagonal[index] * value);
        }
        for (index, node) in nodes.iter().enumerate() {
            let (rho, information) = link(node);
            if rho > 0.0 {
                for axis in 0..2 {
                    out[index][axis] -= information * rho * v[index - 1][axis];
                    out[index - 1][axis] -= information * rho * v[index][axis];
                }
            }
        }
        for spring in springs {
            let (a, b) = (spring.a as usize, spring.b as usize);
            for axis in 0..2 {
                out[a][axis] -= spring.weight * v[b][axis];
                out[b][axis] -= spring.weight * v[a][axis];
            }
        }
    };
    let dot = |u: &[[f64; 2]], v: &[[f64; 2]]| {
        let mut sum = [0.0; 2];
        for (u, v) in u.iter().zip(v) {
            sum[0] += u[0] * v[0];
            sum[1] += u[1] * v[1];
        }
        sum
    };
    let mut product = vec![[0.0; 2]; n];
    times(offsets, &mut product);
    let mut residual: Offsets = (0..n).map(|i| [right[i][0] - product[i][0], right[i][1] - product[i][1]]).collect();
    let precondition =
        |r: &Offsets| -> Offsets { r.iter().zip(&diagonal).map(|(r, d)| [r[0] / d, r[1] / d]).collect() };
    let mut scaled = precondition(&residual);
    let mut direction = scaled.clone();
    let mut length = dot(&residual, &scaled);
    let wanted = dot(&right, &precondition(&right)).map(|l| l * TOLERANCE * TOLERANCE);
    for _ in 0..STEPS {
        if length[0] <= wanted[0] && length[1] <= wanted[1] {
            break;
        }
        times(&direction, &mut product);
        let curvature = dot(&direction, &product);
        let step = [0, 1].map(|axis| if curvature[axis] > 0.0 { length[axis] / curvature[axis] } else { 0.0 });
        for index in 0..n {
            for axis in 0..2 {
                offsets[index][axis] += step[axis] * direction[index][axis];
                residual[index][axis] -= step[axis] * product[index][axis];
            }
        }
        scaled = precondition(&residual);
        let next = dot(&residual, &scaled);
        let share = [0, 1].map(|axis| if length[axis] > 0.0 { next[axis] / length[axis] } else { 0.0 });
        for index in 0..n {
            for axis in 0..2 {
                direction[index][axis] = scaled[index][axis] + share[axis] * direction[index][axis];
            }
        }
        length = next;
    }
}

/// Correlation with the node before, and the information that a node's prior has beside it.
fn link(node: &Node) -> (f64, f64) {
    (node.correlation, 1.0 / (node.variance.max(1e-4) * (1.0 - node.correlation * node.correlation)))
}
