//! Layer normalization of rows (Ba et al. 2016), like PyTorch's `LayerNorm` over the last axis.
//!
//! ```text
//! forward:   y = xhat · weight + bias          xhat = (x - mean) rstd, rstd = 1 / √(variance + eps)
//! backward:  dx = rstd (g - mean(g) - xhat · mean(g · xhat))      g = dy · weight
//!            dweight = Σ dy · xhat over the rows,  dbias = Σ dy over the rows
//! ```
//!
//! Mean and (biased) variance of a row are computed in double precision and rounded once, so values far from 0 lose
//! nothing in the sums. The forward pass keeps mean and rstd of each row; the backward pass computes `xhat` again from
//! these two numbers. The gradient of the bias is [`crate::reduce::column_sums`] of `dy`. Every function overwrites its
//! outputs. The results of a row depend only on this row, and have the same bits on every instruction set.

use crate::lanes::{Isa, Lanes, multiversion};
use crate::moments::{Moments, mean_and_variance};

/// The numbers that the forward pass keeps of each row: mean and rstd.
pub const KEPT: usize = 2;

/// The factors and the offsets of normalized values.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// The factors, `[width]`.
    pub weight: &'a [f32],
    /// The offsets, `[width]`.
    pub bias: &'a [f32],
}

/// Asserts that matrices have `rows` rows of `width`.
fn check(rows: usize, width: usize, lengths: &[usize]) {
    assert!(
        lengths.iter().all(|&len| len == rows * width),
        "matrices of {rows} rows of {width} numbers, not of {lengths:?} numbers"
    );
}

/// `y = (x - mean) rstd · weight + bias`, row by row: `x` and `y` are `[rows, width]`, with the width of the weight.
/// `kept`, `[rows, 2]`, gets mean and rstd of each row. `eps` is added to the variance.
///
/// # Panics
///
/// If lengths do not fit.
pub fn forward(isa: Isa, eps: f64, affine: Affine<'_>, x: &[f32], y: &mut [f32], kept: &mut [f32]) {
    let (width, rows) = (affine.weight.len(), kept.len() / KEPT);
    assert!(kept.len().is_multiple_of(KEPT) && affine.bias.len() == width);
    check(rows, width, &[x.len(), y.len()]);
    // SAFETY: the body has no conditions.
    unsafe { normalize(isa, eps, affine, x, y, kept) }
}

/// `dx = rstd (g - mean(g) - xhat · mean(g · xhat))` with `g = dy · weight`, row by row: the gradient of `x`. `x`, `dy`
/// and `dx` are `[rows, width]`; `kept` comes from [`forward`] for `x`.
///
/// # Panics
///
/// If lengths do not fit.
pub fn backward(isa: Isa, weight: &[f32], x: &[f32], kept: &[f32], dy: &[f32], dx: &mut [f32]) {
    check(
        kept.len() / KEPT,
        weight.len(),
        &[x.len(), dy.len(), dx.len()],
    );
    // SAFETY: the body has no conditions.
    unsafe { differentiate(isa, weight, x, kept, dy, dx) }
}

/// `gradient = Σ dy · xhat`, from the first row to the last: the gradient of the weight, which has the same width as
/// `gradient`. `x` and `dy` are `[rows, width]`; `kept` comes from [`forward`] for `x`.
///
/// # Panics
///
/// If lengths do not fit.
pub fn weight_gradient(isa: Isa, x: &[f32], kept: &[f32], dy: &[f32], gradient: &mut [f32]) {
    check(kept.len() / KEPT, gradient.len(), &[x.len(), dy.len()]);
    // SAFETY: the body has no conditions.
    unsafe { by_weight(isa, x, kept, dy, gradient) }
}

multiversion! {
    unsafe fn normalize(eps: f64, affine: Affine<'_>, x: &[f32], y: &mut [f32], kept: &mut [f32]) = normalize_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn normalize_body<L: Lanes>(
    eps: f64,
    affine: Affine<'_>,
    x: &[f32],
    y: &mut [f32],
    kept: &mut [f32],
) {
    let Affine { weight, bias } = affine;
    let width = weight.len();
    if width == 0 {
        return;
    }
    let rows = x.chunks_exact(width).zip(y.chunks_exact_mut(width));
    for ((x, y), kept) in rows.zip(kept.chunks_exact_mut(KEPT)) {
        let near = f64::from(x[0]);
        let mut moments = Moments::ZERO;
        moments.add_run(x, near, x, near);
        let (first, second) = moments.total();
        let (mean, variance) = mean_and_variance(near, first, second, width);
        let (mean, rstd) = (mean as f32, (1.0 / (variance + eps).sqrt()) as f32);
        kept.copy_from_slice(&[mean, rstd]);
        for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
            *y = (x - mean) * rstd * weight + bias;
        }
    }
}

multiversion! {
    unsafe fn differentiate(weight: &[f32], x: &[f32], kept: &[f32], dy: &[f32], dx: &mut [f32]) = differentiate_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn differentiate_body<L: Lanes>(
    weight: &[f32],
    x: &[f32],
    kept: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) {
    let width = weight.len();
    if width == 0 {
        return;
    }
    let rows = x.chunks_exact(width).zip(dy.chunks_exact(width));
    let rows = rows.zip(kept.chunks_exact(KEPT));
    for (((x, dy), kept), dx) in rows.zip(dx.chunks_exact_mut(width)) {
        let (mean, rstd) = (kept[0], kept[1]);
        for ((dx, dy), weight) in dx.iter_mut().zip(dy).zip(weight) {
            *dx = dy * weight;
        }
        let mut moments = Moments::ZERO;
        moments.add_run(dx, 0.0, x, f64::from(mean));
        let (g, g_times_distance) = moments.total();
        // With the mean of g · xhat, xhat · mean(g · xhat) is (x - mean) times this slope.
        let slope = g_times_distance * f64::from(rstd) * f64::from(rstd) / width as f64;
        let (level, slope) = ((g / width as f64) as f32, slope as f32);
        for (dx, x) in dx.iter_mut().zip(x) {
            *dx = (*dx - level - (x - mean) * slope) * rstd;
        }
    }
}

multiversion! {
    unsafe fn by_weight(x: &[f32], kept: &[f32], dy: &[f32], gradient: &mut [f32]) = by_weight_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn by_weight_body<L: Lanes>(x: &[f32], kept: &[f32], dy: &[f32], gradient: &mut [f32]) {
    let width = gradient.len();
    if width == 0 {
        return;
    }
    gradient.fill(0.0);
    let rows = x.chunks_exact(width).zip(dy.chunks_exact(width));
    for ((x, dy), kept) in rows.zip(kept.chunks_exact(KEPT)) {
        let (mean, rstd) = (kept[0], kept[1]);
        for ((sum, x), dy) in gradient.iter_mut().zip(x).zip(dy) {
            *sum += dy * ((x - mean) * rstd);
        }
    }
}
