//! A mixture of Gaussians by expectation maximization (Dempster, Laird & Rubin 1977), in double precision.
//!
//! The codes are in units in which each value has mean 0 and std 1. A component's covariance is
//! `(S + λ I) / N`, with S the weighted sum of the outer products around its mean and N the sum of its weights. This is the
//! best covariance for the likelihood with a penalty `λ/2 · tr(Σ⁻¹)` on each component: no component shrinks to a
//! single code, and the penalized likelihood never falls.
//!
//! Rows are cut into the same parts on any number of threads, and the sums of the parts are added in their order.

use super::lower::Lower;
use crate::data::sample::on_all_threads;
use crate::error::Result;

/// What λ is for a component of as many codes as all have on average, for each of its codes.
pub(super) const FLOOR: f64 = 1e-6;

/// The fit ends when the mean log-likelihood of a code changes by less than this share of it.
const TOLERANCE: f64 = 1e-6;

/// The parts of the rows, which threads share.
const PARTS: usize = 16;

/// The rows that go through all components at once, and those that go through one together, which registers hold.
const BLOCK: usize = 64;
const LANES: usize = 16;

/// Below this weight a code adds nothing to a component.
const LEAST_WEIGHT: f64 = 1e-12;

/// A component of so few codes is left out.
const LEAST_MASS: f64 = 1e-6;

/// A component, with Cholesky's factor of its covariance.
pub(super) struct Part {
    pub(super) weight: f64,
    pub(super) mean: Vec<f64>,
    pub(super) covariance: Lower,
    factor: Lower,
}

/// What the fit came to.
pub(super) struct Fit {
    pub(super) parts: Vec<Part>,
    /// The mean log-likelihood of a code in each iteration, and the same with the penalty.
    pub(super) history: Vec<[f64; 2]>,
    pub(super) has_converged: bool,
}

/// Sums over rows, for each component.
struct Sums {
    log_likelihood: f64,
    parts: Vec<PartSums>,
}

#[derive(Clone)]
struct PartSums {
    mass: f64,
    /// Around the mean so far.
    first: Vec<f64>,
    second: Lower,
}

impl PartSums {
    fn zeros(width: usize) -> PartSums {
        PartSums {
            mass: 0.0,
            first: vec![0.0; width],
            second: Lower::zeros(width),
        }
    }

    /// Adds codes, `[codes, width]`, each with a weight, by their differences from the mean; four at a time go through the
    /// sums.
    fn add(&mut self, weights: &[f64], differences: &[f64]) {
        let width = self.first.len();
        for (weights, four) in weights.chunks(4).zip(differences.chunks(4 * width)) {
            self.mass += weights.iter().sum::<f64>();
            let code = |index: usize| four.get(index * width..(index + 1) * width);
            let [Some(a), Some(b), Some(c), Some(d)] = [0, 1, 2, 3].map(code) else {
                for (weight, code) in weights.iter().zip(four.chunks_exact(width)) {
                    self.add_one(*weight, code);
                }
                continue;
            };
            for row in 0..width {
                let factors = [a, b, c, d].map(|code| code[row]);
                let [e, f, g, h] = std::array::from_fn(|code| weights[code] * factors[code]);
                self.first[row] += e + f + g + h;
                let values = a.iter().zip(b).zip(c).zip(d);
                for (sum, (((a, b), c), d)) in self.second.row_mut(row).iter_mut().zip(values) {
                    *sum += e * a + f * b + g * c + h * d;
                }
            }
        }
    }

    fn add_one(&mut self, weight: f64, difference: &[f64]) {
        for (row, &value) in difference.iter().enumerate() {
            let weighted = weight * value;
            self.first[row] += weighted;
            for (sum, other) in self.second.row_mut(row).iter_mut().zip(difference) {
                *sum += weighted * other;
            }
        }
    }

    fn add_all(&mut self, other: &PartSums) {
        self.mass += other.mass;
        let sums = self.first.iter_mut().chain(self.second.numbers_mut());
        for (sum, more) in sums.zip(other.first.iter().chain(other.second.numbers())) {
            *sum += more;
        }
    }

    /// The component of these sums around `mean`, of `rows` codes; none if it has hardly any.
    fn part(&self, mean: &[f64], rows: usize, floor: f64) -> Option<Part> {
        if self.mass < LEAST_MASS {
            return None;
        }
        let moved: Vec<f64> = self.first.iter().map(|sum| sum / self.mass).collect();
        let mut covariance = self.second.clone();
        for row in 0..moved.len() {
            for (number, other) in covariance.row_mut(row).iter_mut().zip(&moved) {
                *number = *number / self.mass - moved[row] * other;
            }
        }
        covariance.add_to_diagonal(floor / self.mass);
        let factor = covariance.cholesky(0.0)?;
        Some(Part {
            weight: self.mass / rows as f64,
            mean: mean.iter().zip(&moved).map(|(a, b)| a + b).collect(),
            covariance,
            factor,
        })
    }
}

/// Fits a mixture to codes, `[rows, width]`, beginning with components of the codes that are `assigned` to them.
///
/// # Errors
///
/// What `progress` ends it with, which is told the iterations that are done.
pub(super) fn fit(
    codes: &[f64],
    width: usize,
    (assigned, components): (&[usize], usize),
    iterations: usize,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Fit> {
    let rows = codes.len() / width;
    let floor = FLOOR * rows as f64 / components as f64;
    let mut sums = vec![PartSums::zeros(width); components];
    for (code, &part) in codes.chunks_exact(width).zip(assigned) {
        sums[part].add(&[1.0], code);
    }
    let origin = vec![0.0; width];
    let mut parts: Vec<Part> = sums
        .iter()
        .filter_map(|sums| sums.part(&origin, rows, floor))
        .collect();
    let mut history: Vec<[f64; 2]> = Vec::new();
    let mut has_converged = false;
    for iteration in 0..iterations {
        let sums = pass(codes, width, &parts);
        let penalty: f64 = parts
            .iter()
            .map(|part| 0.5 * floor * trace_of_inverse(&part.factor))
            .sum();
        let now = [sums.log_likelihood, sums.log_likelihood - penalty].map(|sum| sum / rows as f64);
        let change = history.last().map(|before| (now[1] - before[1]).abs());
        history.push(now);
        has_converged = change.is_some_and(|change| change < TOLERANCE * now[1].abs().max(1.0));
        progress(iteration + 1)?;
        // Those of which the likelihood is known are kept.
        if has_converged || iteration + 1 == iterations {
            break;
        }
        let updated = sums.parts.iter().zip(&parts);
        let updated: Vec<Part> = updated
            .filter_map(|(sums, part)| sums.part(&part.mean, rows, floor))
            .collect();
        if updated.is_empty() {
            break;
        }
        parts = updated;
        let all: f64 = parts.iter().map(|part| part.weight).sum();
        parts.iter_mut().for_each(|part| part.weight /= all);
    }
    Ok(Fit {
        parts,
        history,
        has_converged,
    })
}

/// Both steps of an iteration: the likelihood of the codes, and the sums that the next components follow from.
fn pass(codes: &[f64], width: usize, parts: &[Part]) -> Sums {
    let rows = codes.len() / width;
    let of_part = rows.div_ceil(PARTS).next_multiple_of(BLOCK);
    let sums = on_all_threads(rows.div_ceil(of_part), |index| {
        let end = rows.min((index + 1) * of_part);
        of_rows(&codes[index * of_part * width..end * width], width, parts)
    });
    let mut all = Sums {
        log_likelihood: 0.0,
        parts: vec![PartSums::zeros(width); parts.len()],
    };
    for sums in sums {
        all.log_likelihood += sums.log_likelihood;
        for (all, more) in all.parts.iter_mut().zip(&sums.parts) {
            all.add_all(more);
        }
    }
    all
}

fn of_rows(codes: &[f64], width: usize, parts: &[Part]) -> Sums {
    let mut sums = Sums {
        log_likelihood: 0.0,
        parts: vec![PartSums::zeros(width); parts.len()],
    };
    // What goes before the square of a component's log-density.
    let constants: Vec<f64> = parts
        .iter()
        .map(|part| {
            let volume: f64 = (0..width).map(|i| part.factor.diagonal(i).ln()).sum();
            part.weight.ln() - volume - 0.5 * width as f64 * std::f64::consts::TAU.ln()
        })
        .collect();
    let mut solved = vec![[0.0; LANES]; width];
    let mut densities = vec![[0.0; BLOCK]; parts.len()];
    let (mut weights, mut differences) = (Vec::new(), Vec::new());
    for block in codes.chunks(BLOCK * width) {
        let count = block.len() / width;
        for ((part, densities), constant) in parts.iter().zip(&mut densities).zip(&constants) {
            let lanes = block.chunks(LANES * width).zip(densities.chunks_mut(LANES));
            for (codes, densities) in lanes {
                let squares = squares(codes, width, part, &mut solved);
                for (density, square) in densities.iter_mut().zip(squares) {
                    *density = constant - 0.5 * square;
                }
            }
        }
        let mut likelihoods = [0.0; BLOCK];
        for (row, likelihood) in likelihoods.iter_mut().enumerate().take(count) {
            let largest = densities
                .iter()
                .fold(f64::NEG_INFINITY, |a, d| a.max(d[row]));
            let sum: f64 = densities.iter().map(|d| (d[row] - largest).exp()).sum();
            *likelihood = largest + sum.ln();
            sums.log_likelihood += *likelihood;
        }
        let all = parts.iter().zip(&densities).zip(&mut sums.parts);
        for ((part, densities), sums) in all {
            weights.clear();
            differences.clear();
            let rows = block.chunks_exact(width).zip(densities).zip(&likelihoods);
            for ((code, density), likelihood) in rows {
                let weight = (density - likelihood).exp();
                if weight >= LEAST_WEIGHT {
                    weights.push(weight);
                    differences.extend(code.iter().zip(&part.mean).map(|(a, b)| a - b));
                }
            }
            sums.add(&weights, &differences);
        }
    }
    sums
}

/// The squared distance of each of some codes from a component, `(x - μ)ᵀ Σ⁻¹ (x - μ)`, by forward substitution.
fn squares(codes: &[f64], width: usize, part: &Part, solved: &mut [[f64; LANES]]) -> [f64; LANES] {
    let mut squares = [0.0; LANES];
    for index in 0..width {
        let mut now = [0.0; LANES];
        for (now, code) in now.iter_mut().zip(codes.chunks_exact(width)) {
            *now = code[index] - part.mean[index];
        }
        let row = part.factor.row(index);
        for (factor, before) in row[..index].iter().zip(&*solved) {
            for (now, before) in now.iter_mut().zip(before) {
                *now -= factor * before;
            }
        }
        let inverse = 1.0 / row[index];
        for (now, square) in now.iter_mut().zip(&mut squares) {
            *now *= inverse;
            *square += *now * *now;
        }
        solved[index] = now;
    }
    squares
}

/// The trace of the inverse of a matrix from its factor: the sum of the squares of the factor's inverse.
fn trace_of_inverse(factor: &Lower) -> f64 {
    let width = factor.width();
    let mut trace = 0.0;
    let mut column = vec![0.0; width];
    for unit in 0..width {
        for index in unit..width {
            let row = factor.row(index);
            let known = super::lower::dot(&row[unit..index], &column[unit..index]);
            let given = if index == unit { 1.0 } else { 0.0 };
            column[index] = (given - known) / row[index];
            trace += column[index] * column[index];
        }
    }
    trace
}
