//! Penalties that make codes sparse: the KL divergence of mean activations, and the L1 norm.
//!
//! **KL** (Ng's sparse autoencoder, CS294A lecture notes, 2011). With `rho_hat_j` the mean of code `j` over a batch,
//! a number in (0, 1), and `rho` the mean that is wanted:
//!
//! ```text
//! value      Σ_j rho ln(rho / rho_hat_j) + (1 - rho) ln((1 - rho) / (1 - rho_hat_j))
//! gradient   by rho_hat_j:  (1 - rho) / (1 - rho_hat_j) - rho / rho_hat_j
//! ```
//!
//! and the gradient by a row's code `j` is that by `rho_hat_j` divided by the number of rows. A mean of 0 or 1, where
//! all codes are saturated, has an infinite divergence. So means are first clamped to `[1e-7, 1 - 1e-7]`
//! ([`CLOSEST`], the epsilon of Keras), and both value and gradient are those at the clamped mean. This differs from
//! `torch.clamp`, whose gradient outside is 0: here the gradient still points back inside. It cannot explode:
//! behind a sigmoid it meets the factor `c (1 - c)`, whose mean over the batch is at most `rho_hat`, and at most
//! `1 - rho_hat`.
//!
//! **L1**: `Σ |x|` of a row, with the gradient `sign(x)`, which is 0 at 0.

use crate::lanes::{Isa, Lanes, multiversion};
use crate::moments::LANES;

/// How close a mean may be to 0 or 1; closer ones are clamped to it.
pub const CLOSEST: f64 = 1e-7;

/// The divergence of the means `sums / rows` from `rho`, summed over the columns in order; `gradient` is overwritten
/// with its gradient by each mean. Everything inside is in double precision.
///
/// `sums` are the column sums of the codes of `rows` rows ([`crate::reduce::add_column_sums`]), `gradient` is as long.
/// Both may be those of some columns: then so is the divergence.
///
/// # Panics
///
/// When `rho` is not in (0, 1), `rows` is 0, or the lengths differ.
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

/// `Σ |x|` of each row of `x`, `[rows, width]` with as many rows as `sums` is long, in double precision and
/// rounded once.
///
/// # Panics
///
/// When `x` is not that many rows of one width.
pub fn l1(isa: Isa, x: &[f32], sums: &mut [f32]) {
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
        // SAFETY: the body has no conditions.
        *sum = unsafe { magnitude(isa, x) };
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
    // The order of `moments`, and so the same bits on every instruction set.
    let mut sums = [0.0; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for x in whole {
        for lane in 0..LANES {
            sums[lane] += f64::from(x[lane].abs());
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += f64::from(x.abs());
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
