//! The squared maximum mean discrepancy (MMD) between two samples, such as codes and draws of a prior (Gretton et al. 2012, "A kernel two-sample test";
//! as the penalty of an autoencoder, Tolstikhin et al. 2018, "Wasserstein auto-encoders").
//!
//! With n codes z and n draws p, it is the U-statistic of Tolstikhin et al., which may be negative:
//!
//! ```text
//! MMD² = Σ_{i≠j} (k(z_i, z_j) + k(p_i, p_j)) / (n (n - 1)) - 2 Σ_{i,j} k(z_i, p_j) / n²
//! k(a, b) = Σ_s c_s / (c_s + |a - b|²),  c_s = 2 v s,  s = 0.1, 0.2, 0.5, 1, 2, 5, 10
//! ```
//!
//! v is the variance of a draw, summed over its values: 2 v is the mean squared distance of two draws. For the standard normal
//! distribution it is the number of values.

use crate::lanes::{Isa, Lanes, multiversion};
use crate::moments::LANES;
use std::ops::Range;

/// The scales of the kernels.
pub const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Codes and as many draws of the prior, `[rows, width]` each.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The values of a row.
    pub width: usize,
    /// The variance of a draw, summed over its values.
    pub variance: f64,
    /// The codes.
    pub codes: &'a [f32],
    /// The draws.
    pub draws: &'a [f32],
}

/// The scratch numbers that [`Samples::shares`] needs for a number of rows.
pub fn scratch(rows: usize, width: usize) -> usize {
    2 * rows * width + rows
}

impl Samples<'_> {
    /// The shares of some rows in the squared discrepancy: its value is their mean over all rows. `gradient` is overwritten with a
    /// weight times the gradient by the codes of these rows, `[rows.len(), width]`. One row alone has no discrepancy: share and
    /// gradient are 0.
    ///
    /// The results of a row do not depend on which other rows are asked for.
    ///
    /// # Panics
    ///
    /// When lengths do not fit.
    pub fn shares(
        &self,
        isa: Isa,
        rows: Range<usize>,
        shares: &mut [f32],
        mut gradient: Option<(f32, &mut [f32])>,
        scratch: &mut [f32],
    ) {
        let (width, count) = (self.width, self.codes.len() / self.width.max(1));
        assert!(self.codes.len() == count * width && self.draws.len() == count * width);
        assert!(rows.end <= count && shares.len() == rows.len());
        if let Some((_, gradient)) = &mut gradient {
            assert_eq!(gradient.len(), rows.len() * width);
            gradient.fill(0.0);
        }
        if count < 2 {
            return shares.fill(0.0);
        }
        let (codes, rest) = scratch.split_at_mut(count * width);
        let (draws, rest) = rest.split_at_mut(count * width);
        let slopes = &mut rest[..count];
        transpose(self.codes, width, codes);
        transpose(self.draws, width, draws);
        let scales = SCALES.map(|scale| (2.0 * self.variance * scale) as f32);
        let all = count as f64;
        let (within, across) = (1.0 / (all * (all - 1.0)), 2.0 / (all * all));
        for (place, (at, share)) in rows.zip(shares).enumerate() {
            let row = at * width..(at + 1) * width;
            let (code, draw) = (&self.codes[row.clone()], &self.draws[row]);
            let mut by_code = gradient.as_mut().map(|(weight, gradient)| {
                let gradient = &mut gradient[place * width..(place + 1) * width];
                (f64::from(*weight), gradient)
            });
            let mut sum = 0.0;
            // SAFETY: the bodies have no conditions.
            unsafe {
                sum += within * similarity(isa, scales, draw, draws, Some(at), slopes);
                sum += within * similarity(isa, scales, code, codes, Some(at), slopes);
                if let Some((weight, gradient)) = &mut by_code {
                    pull(isa, *weight * 4.0 * within, code, codes, slopes, gradient);
                }
                sum -= across * similarity(isa, scales, code, draws, None, slopes);
                if let Some((weight, gradient)) = &mut by_code {
                    pull(isa, *weight * -2.0 * across, code, draws, slopes, gradient);
                }
            }
            *share = (all * sum) as f32;
        }
    }
}

/// The transpose of `[rows, width]`.
fn transpose(matrix: &[f32], width: usize, to: &mut [f32]) {
    let rows = matrix.len() / width;
    for (column, to) in to.chunks_exact_mut(rows).enumerate() {
        let from = matrix[column..].iter().step_by(width);
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
}

multiversion! {
    unsafe fn similarity(scales: [f32; 7], point: &[f32], others: &[f32], own: Option<usize>, slopes: &mut [f32]) -> f64 = similarity_body
}

/// The sum of the kernel between a point and others, `[width, count]`; `slopes` gets its derivatives by the squared distances.
/// The other of number `own` is the point itself, and does not count.
///
/// # Safety
///
/// None.
#[inline(always)]
unsafe fn similarity_body<L: Lanes>(
    scales: [f32; 7],
    point: &[f32],
    others: &[f32],
    own: Option<usize>,
    slopes: &mut [f32],
) -> f64 {
    let distances = &mut *slopes;
    distances.fill(0.0);
    for (&x, others) in point.iter().zip(others.chunks_exact(distances.len())) {
        for (distance, other) in distances.iter_mut().zip(others) {
            *distance += (x - other) * (x - other);
        }
    }
    // The order of `moments`, and so the same bits on every instruction set.
    let mut sums = [0.0; LANES];
    for (block, numbers) in slopes.chunks_mut(LANES).enumerate() {
        let mut values = [0.0; LANES];
        for (number, value) in numbers.iter_mut().zip(&mut values) {
            let distance = *number;
            let mut slope = 0.0;
            for scale in scales {
                let inverse = 1.0 / (scale + distance);
                *value += scale * inverse;
                slope -= scale * inverse * inverse;
            }
            *number = slope;
        }
        if let Some(at) = own.and_then(|own| own.checked_sub(block * LANES))
            && at < numbers.len()
        {
            (numbers[at], values[at]) = (0.0, 0.0);
        }
        for (sum, &value) in sums.iter_mut().zip(&values[..numbers.len()]) {
            *sum += f64::from(value);
        }
    }
    sums.iter().sum()
}

multiversion! {
    unsafe fn pull(factor: f64, point: &[f32], others: &[f32], slopes: &[f32], gradient: &mut [f32]) = pull_body
}

/// Adds `factor · Σ slope (point - other)` to the gradient.
///
/// # Safety
///
/// None.
#[inline(always)]
unsafe fn pull_body<L: Lanes>(
    factor: f64,
    point: &[f32],
    others: &[f32],
    slopes: &[f32],
    gradient: &mut [f32],
) {
    let rows = others.chunks_exact(slopes.len());
    for ((&x, others), gradient) in point.iter().zip(rows).zip(gradient) {
        let mut sums = [0.0; LANES];
        for (slopes, others) in slopes.chunks(LANES).zip(others.chunks(LANES)) {
            let pairs = slopes.iter().zip(others);
            for (sum, (&slope, &other)) in sums.iter_mut().zip(pairs) {
                *sum += f64::from(slope * (x - other));
            }
        }
        *gradient += (factor * sums.iter().sum::<f64>()) as f32;
    }
}
