//! The Gaussian likelihood with a std for each value of a row.
//!
//! ```text
//! sum        Σ_j d_j² w_j               with d = y - t and w_j = 1 / variance_j
//! gradient   dy_j  = scale · d_j w_j    of half the sum
//!            dl_j  = scale · r_j (1 - d_j² w_j)
//! ```
//!
//! `r` is the derivative of half the logarithm of the variance by what is learned.

use crate::lanes::{Isa, Lanes, multiversion};

/// The precision of each value, `1 / variance`, and the derivative of half the logarithm of the variance by what is learned.
#[derive(Clone, Copy, Debug)]
pub struct Precisions<'a> {
    /// `1 / variance` of each value.
    pub precisions: &'a [f32],
    /// The derivative of `ln(variance) / 2` by what is learned.
    pub ratios: &'a [f32],
}

/// The sum over a row of squared differences times precisions.
///
/// # Panics
///
/// When the lengths differ.
pub fn sum(isa: Isa, y: &[f32], target: &[f32], of: Precisions<'_>) -> f32 {
    assert!(y.len() == target.len() && y.len() == of.precisions.len());
    let none = std::ptr::null_mut();
    let inputs = [y, target, of.precisions, of.precisions].map(<[f32]>::as_ptr);
    // SAFETY: as many numbers at each pointer as the length says; no gradient is written.
    unsafe { row::<false>(isa, inputs, 0.0, [none; 2], y.len()) }
}

/// The same; `dy` is overwritten with `scale` times the gradient of half the sum by `y`, and `by_stds` with `scale` times
/// that of the whole negative log likelihood by what is learned for each value.
///
/// # Panics
///
/// When the lengths differ.
pub fn sum_and_gradients(
    isa: Isa,
    y: &[f32],
    target: &[f32],
    of: Precisions<'_>,
    scale: f32,
    [dy, by_stds]: [&mut [f32]; 2],
) -> f32 {
    let len = y.len();
    assert!(len == target.len() && len == of.precisions.len() && len == of.ratios.len());
    assert!(len == dy.len() && len == by_stds.len());
    let inputs = [y, target, of.precisions, of.ratios].map(<[f32]>::as_ptr);
    let outputs = [dy, by_stds].map(<[f32]>::as_mut_ptr);
    // SAFETY: as many numbers at each pointer as the length says.
    unsafe { row::<true>(isa, inputs, scale, outputs, len) }
}

multiversion! {
    unsafe fn row<const GRADIENT: bool>(
        of: [*const f32; 4], scale: f32, to: [*mut f32; 2], len: usize,
    ) -> f32 = row_body
}

/// # Safety
///
/// `len` numbers at each pointer of `of`; at those of `to` with `GRADIENT`.
#[inline(always)]
unsafe fn row_body<L: Lanes, const GRADIENT: bool>(
    [y, target, precisions, ratios]: [*const f32; 4],
    scale: f32,
    [dy, by_stds]: [*mut f32; 2],
    len: usize,
) -> f32 {
    // SAFETY: indices stay below `len`; `lanes` holds the `L::N <= 16` lanes of a vector.
    unsafe {
        let (factor, one) = (L::splat(scale), L::splat(1.0));
        let mut sum = L::splat(0.0);
        let mut i = 0;
        while i < len {
            let n = L::N.min(len - i);
            let load = |from: *const f32| L::load_first(from.add(i), n);
            let d = load(y).sub(load(target));
            // Behind the row all are 0.
            let weighted = d.mul(load(precisions));
            let square = weighted.mul(d);
            sum = sum.add(square);
            if GRADIENT {
                weighted.mul(factor).store_first(dy.add(i), n);
                let by_std = one.sub(square).mul(load(ratios)).mul(factor);
                by_std.store_first(by_stds.add(i), n);
            }
            i += n;
        }
        let mut lanes = [0.0f32; 16];
        sum.store(lanes.as_mut_ptr());
        lanes.iter().sum()
    }
}
