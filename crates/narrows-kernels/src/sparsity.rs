//! Penalties that make codes sparse: the KL divergence of mean activations, and the L1 norm.
//!
//! **KL** (Ng's sparse autoencoder, CS294A lecture notes, 2011). `rho_hat_j` is the mean of code `j` over a batch, a
//! number in (0, 1), and `rho` is the target mean:
//!
//! ```text
//! value      Σ_j rho ln(rho / rho_hat_j) + (1 - rho) ln((1 - rho) / (1 - rho_hat_j))
//! gradient   by rho_hat_j:  (1 - rho) / (1 - rho_hat_j) - rho / rho_hat_j
//! ```
//!
//! The gradient of a row's code `j` is the gradient of `rho_hat_j` divided by the number of rows. A mean of 0 or 1, for
//! fully saturated codes, has an infinite divergence. So means are first clamped to `[1e-7, 1 - 1e-7]` ([`CLOSEST`],
//! the epsilon of Keras), and value and gradient are those at the clamped mean. This differs from `torch.clamp`, whose
//! gradient outside of the range is 0: here the gradient still points back inside. It cannot explode: after a sigmoid
//! it is multiplied by `c (1 - c)`, whose mean over the batch is at most `rho_hat`, and at most `1 - rho_hat`.
//!
//! **L1**: `Σ |x|` of a row, with the gradient `sign(x)`, which is 0 at 0. The squared norm `Σ x²`, which makes codes small, is
//! beside it.

use crate::lanes::{Isa, Lanes, multiversion};
use crate::moments::LANES;

/// The smallest distance of a mean from 0 or 1; closer means are clamped.
pub const CLOSEST: f64 = 1e-7;

/// The divergence of the means `sums / rows` from `rho`, summed over the columns in order. `gradient` is overwritten
/// with its gradient with respect to each mean. All computations are in double precision.
///
/// `sums` are the column sums of the codes of `rows` rows ([`crate::reduce::add_column_sums`]); `gradient` has the same
/// length. Both may be for only some of the columns; then the divergence is too.
///
/// # Panics
///
/// If `rho` is not in (0, 1), if `rows` is 0, or if the lengths differ.
pub fn kl_divergence(rho: f64, rows: usize, sums: &[f64], gradient: &mut [f32]) -> f64 {
    assert!(
        rho > 0.0 && rho < 1.0,
        "a mean activation in (0, 1), not {rho}"
    );
    assert!(rows > 0 && sums.len() == gradient.len());
    let mut value = 0.0;
    for (&sum, gradient) in sums.iter().zip(gradient) {
        // NaN stays NaN.
        let mean = (sum / rows as f64).clamp(CLOSEST, 1.0 - CLOSEST);
        let rest = 1.0 - mean;
        value += rho * (rho / mean).ln() + (1.0 - rho) * ((1.0 - rho) / rest).ln();
        *gradient = ((1.0 - rho) / rest - rho / mean) as f32;
    }
    value
}

/// `Σ |x|` of each row of `x`, `[rows, width]`, with one row for each element of `sums`; in double precision, rounded
/// once.
///
/// # Panics
///
/// If `x` does not have this number of rows.
pub fn l1(isa: Isa, x: &[f32], sums: &mut [f32]) {
    // SAFETY: the body has no conditions.
    of_rows(x, sums, |x| unsafe { magnitude(isa, x) });
}

/// `Σ x²` of each row, as [`l1`].
///
/// # Panics
///
/// As [`l1`].
pub fn squared_norms(isa: Isa, x: &[f32], sums: &mut [f32]) {
    // SAFETY: the body has no conditions.
    of_rows(x, sums, |x| unsafe { square(isa, x) });
}

/// A sum of each row.
fn of_rows(x: &[f32], sums: &mut [f32], sum_of: impl Fn(&[f32]) -> f32) {
    if sums.is_empty() {
        assert!(x.is_empty(), "as many rows as sums");
        return;
    }
    assert!(x.len().is_multiple_of(sums.len()), "as many rows as sums");
    let width = x.len() / sums.len();
    if width == 0 {
        return sums.fill(0.0);
    }
    for (x, sum) in x.chunks_exact(width).zip(sums) {
        *sum = sum_of(x);
    }
}

/// `dx += factor · sign(x)`, with 0 for the sign of 0 and of NaN: adds the gradient of [`l1`] times `factor`.
///
/// # Panics
///
/// When the lengths differ.
pub fn add_sign(isa: Isa, factor: f32, x: &[f32], dx: &mut [f32]) {
    assert_eq!(x.len(), dx.len());
    // SAFETY: the body has no conditions.
    unsafe { sign(isa, factor, x, dx) }
}

multiversion! {
    unsafe fn magnitude(x: &[f32]) -> f32 = magnitude_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn magnitude_body<L: Lanes>(x: &[f32]) -> f32 {
    sum_of(x, |x| f64::from(x.abs()))
}

multiversion! {
    unsafe fn square(x: &[f32]) -> f32 = square_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn square_body<L: Lanes>(x: &[f32]) -> f32 {
    sum_of(x, |x| f64::from(x) * f64::from(x))
}

/// A sum in double precision, rounded once.
#[inline(always)]
fn sum_of(x: &[f32], value: impl Fn(f32) -> f64) -> f32 {
    // The order of `moments`, and so the same bits on every instruction set.
    let mut sums = [0.0; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for x in whole {
        for lane in 0..LANES {
            sums[lane] += value(x[lane]);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += value(*x);
    }
    sums.iter().sum::<f64>() as f32
}

multiversion! {
    unsafe fn sign(factor: f32, x: &[f32], dx: &mut [f32]) = sign_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn sign_body<L: Lanes>(factor: f32, x: &[f32], dx: &mut [f32]) {
    for (dx, &x) in dx.iter_mut().zip(x) {
        *dx += match x {
            x if x > 0.0 => factor,
            x if x < 0.0 => -factor,
            _ => 0.0,
        };
    }
}
