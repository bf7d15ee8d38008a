//! First and second moments in double precision: the sums of both normalizations.
//!
//! Every sum that a normalization needs has the form `Σ (u - p)` or `Σ (u - p)(v - q)`:
//!
//! | sum | `u` | `p` | `v` | `q` |
//! |---|---|---|---|---|
//! | mean and variance of `x` | `x` | a value near the mean | `x` | the same value |
//! | `Σ g` and `Σ g (x - mean)`, for the gradient | `g` | 0 | `x` | the mean |
//!
//! The order depends only on the shape: value `i` of a run of numbers goes to partial sum `i mod 8`, runs follow each
//! other in order, and the 8 partial sums are added in order at the end. All of it is plain arithmetic in double
//! precision without a fused multiply-add, so a sum has the same bits on every instruction set.

use std::array::from_fn;

/// The number of partial sums: as many as stay in registers together with the terms, on every instruction set.
pub(crate) const LANES: usize = 8;

/// Partial sums of `u - p` and of `(u - p)(v - q)`.
#[derive(Clone, Copy)]
pub(crate) struct Moments {
    /// Of `u - p`.
    pub(crate) first: [f64; LANES],
    /// Of `(u - p)(v - q)`.
    pub(crate) second: [f64; LANES],
}

impl Moments {
    /// Sums over nothing.
    pub(crate) const ZERO: Moments = Moments {
        first: [0.0; LANES],
        second: [0.0; LANES],
    };

    /// Adds one value to each partial sum.
    #[inline(always)]
    pub(crate) fn add(
        &mut self,
        u: &[f32; LANES],
        p: &[f64; LANES],
        v: &[f32; LANES],
        q: &[f64; LANES],
    ) {
        // Arrays are passed as values, because these stay in registers; arrays that are modified in place do not.
        let d: [f64; LANES] = from_fn(|lane| f64::from(u[lane]) - p[lane]);
        let e: [f64; LANES] = from_fn(|lane| f64::from(v[lane]) - q[lane]);
        self.first = from_fn(|lane| self.first[lane] + d[lane]);
        self.second = from_fn(|lane| self.second[lane] + d[lane] * e[lane]);
    }

    /// Adds a run of values, the first of them to the first partial sum; `u` and `v` are equally long.
    #[inline(always)]
    pub(crate) fn add_run(&mut self, u: &[f32], p: f64, v: &[f32], q: f64) {
        let mut sums = *self;
        let (whole_u, rest_u) = u.as_chunks();
        let (whole_v, rest_v) = v.as_chunks();
        for (u, v) in whole_u.iter().zip(whole_v) {
            sums.add(u, &[p; LANES], v, &[q; LANES]);
        }
        // Whole groups again, padded with terms of 0: a partial sum that is selected by its index would keep all of
        // them out of registers.
        let mut padded = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for (lane, (&u, &v)) in rest_u.iter().zip(rest_v).enumerate() {
            (padded.0[lane], padded.1[lane]) = (u, p);
            (padded.2[lane], padded.3[lane]) = (v, q);
        }
        if !rest_u.is_empty() {
            sums.add(&padded.0, &padded.1, &padded.2, &padded.3);
        }
        *self = sums;
    }

    /// Both sums, over all partial sums in order.
    // Not inlined: loops that end in it would unpack and pack their vectors in each turn.
    #[inline(never)]
    pub(crate) fn total(&self) -> (f64, f64) {
        (self.first.iter().sum(), self.second.iter().sum())
    }
}

/// Mean and biased variance of `count` values, from their moments relative to `near` (`p` and `q`).
///
/// Both forms, with `d = x - near`:
///
/// ```text
/// mean     = Σ x / n             = near + Σ d / n
/// variance = Σ (x - mean)² / n   = Σ d² / n - (Σ d / n)²
/// ```
///
/// The right side reads the values only once. The difference has little cancellation, because `near` is one of the
/// values; if it is far from all others, the variance is correspondingly large.
#[inline(always)]
pub(crate) fn mean_and_variance(near: f64, first: f64, second: f64, count: usize) -> (f64, f64) {
    let shift = first / count as f64;
    let variance = second / count as f64 - shift * shift;
    // Rounding may leave a tiny negative number; the direction of the comparison preserves a NaN.
    let variance = if variance < 0.0 { 0.0 } else { variance };
    (near + shift, variance)
}
