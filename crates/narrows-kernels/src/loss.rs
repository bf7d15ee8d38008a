//! Reconstruction losses of one row: the sum over its elements, and the gradient.
//!
//! The sum of a row has a fixed order, so it does not depend on the thread.

use crate::lanes::{Isa, Lanes, multiversion};
use crate::math;

/// An elementwise loss between an output `y` and a target `t`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// `(y - t)²`
    Squared,
    /// `|y - t|`; its gradient at 0 is 0.
    Absolute,
    /// `d²/2` for `|d| <= delta`, otherwise `delta · (|d| - delta/2)`, with `d = y - t` (Huber 1964).
    Huber {
        /// The distance at which the parabola becomes a line.
        delta: f32,
    },
    /// Binary cross-entropy of `sigmoid(y)`: `softplus(y) - t y`.
    CrossEntropyOfLogits,
    /// The negative log density of the continuous Bernoulli distribution of parameter `p = sigmoid(y)` at a target in
    /// [0, 1] (Loaiza-Ganem & Cunningham 2019): binary cross-entropy less `ln C(p)`, with the normalizing constant
    /// `C(p) = 2 artanh(1 - 2p) / (1 - 2p) = y / tanh(y / 2)`.
    ContinuousBernoulliOfLogits,
}

impl Loss {
    /// The sum of the loss over a row.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn sum(self, isa: Isa, y: &[f32], target: &[f32]) -> f32 {
        assert_eq!(y.len(), target.len());
        // SAFETY: as many numbers at each pointer as the length says; no gradient is written.
        unsafe {
            row::<false>(
                isa,
                self,
                y.as_ptr(),
                target.as_ptr(),
                0.0,
                std::ptr::null_mut(),
                y.len(),
            )
        }
    }

    /// The sum of the loss over a row; `dy` is overwritten with `scale` times its gradient with respect to `y`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn sum_and_gradient(
        self,
        isa: Isa,
        y: &[f32],
        target: &[f32],
        scale: f32,
        dy: &mut [f32],
    ) -> f32 {
        assert!(y.len() == target.len() && y.len() == dy.len());
        // SAFETY: as many numbers at each pointer as the length says.
        unsafe {
            row::<true>(
                isa,
                self,
                y.as_ptr(),
                target.as_ptr(),
                scale,
                dy.as_mut_ptr(),
                y.len(),
            )
        }
    }
}

/// A loss and its gradient, over lanes.
trait Elementwise: Copy {
    /// # Safety
    ///
    /// As [`Lanes`].
    unsafe fn value<L: Lanes>(self, y: L, t: L) -> L;
    /// # Safety
    ///
    /// As [`Lanes`].
    unsafe fn gradient<L: Lanes>(self, y: L, t: L) -> L;
}

#[derive(Clone, Copy)]
struct Squared;
impl Elementwise for Squared {
    #[inline(always)]
    unsafe fn value<L: Lanes>(self, y: L, t: L) -> L {
        // SAFETY: passed on.
        unsafe { y.sub(t).mul(y.sub(t)) }
    }
    #[inline(always)]
    unsafe fn gradient<L: Lanes>(self, y: L, t: L) -> L {
        // SAFETY: passed on.
        unsafe { y.sub(t).add(y.sub(t)) }
    }
}

#[derive(Clone, Copy)]
struct Absolute;
impl Elementwise for Absolute {
    #[inline(always)]
    unsafe fn value<L: Lanes>(self, y: L, t: L) -> L {
        // SAFETY: passed on.
        unsafe { y.sub(t).max(t.sub(y)) }
    }
    #[inline(always)]
    unsafe fn gradient<L: Lanes>(self, y: L, t: L) -> L {
        // SAFETY: passed on.
        unsafe {
            // A difference that is neither above nor below 0 is 0, or it is NaN and stays NaN.
            let d = y.sub(t);
            let zero = L::splat(0.0);
            let below = zero.where_greater(d, L::splat(-1.0), d);
            d.where_greater(zero, L::splat(1.0), below)
        }
    }
}

#[derive(Clone, Copy)]
struct Huber {
    delta: f32,
}
impl Elementwise for Huber {
    #[inline(always)]
    unsafe fn value<L: Lanes>(self, y: L, t: L) -> L {
        // SAFETY: passed on.
        unsafe {
            let delta = L::splat(self.delta);
            let half = L::splat(0.5);
            let d = y.sub(t);
            let size = d.max(t.sub(y));
            let line = delta.mul(size.sub(half.mul(delta)));
            size.where_greater(delta, line, half.mul(d).mul(d))
        }
    }
    #[inline(always)]
    unsafe fn gradient<L: Lanes>(self, y: L, t: L) -> L {
        // SAFETY: passed on.
        unsafe { L::splat(-self.delta).max(L::splat(self.delta).min(y.sub(t))) }
    }
}

#[derive(Clone, Copy)]
struct CrossEntropyOfLogits;
impl Elementwise for CrossEntropyOfLogits {
    #[inline(always)]
    unsafe fn value<L: Lanes>(self, y: L, t: L) -> L {
        // softplus(y) = max(y, 0) + ln(1 + e^-|y|); the large parts cancel first, so that the small
        // loss of a confident and correct output keeps its digits.
        // SAFETY: passed on.
        unsafe {
            let zero = L::splat(0.0);
            let large = zero.sub(t).mul_add(y, zero.max(y));
            large.add(math::ln_1p_exp_of_minus_abs(y))
        }
    }
    #[inline(always)]
    unsafe fn gradient<L: Lanes>(self, y: L, t: L) -> L {
        // SAFETY: passed on.
        unsafe { math::sigmoid(y).sub(t) }
    }
}

#[derive(Clone, Copy)]
struct ContinuousBernoulliOfLogits;

/// Logits nearer to 0 take a series, as the closed forms are differences of nearly equal numbers there.
const NEAR: f32 = 0.5;

impl ContinuousBernoulliOfLogits {
    /// `|y|` and `e^-|y|`.
    ///
    /// # Safety
    ///
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn size<L: Lanes>(y: L) -> (L, L) {
        // SAFETY: passed on.
        unsafe {
            let below = y.min(L::splat(0.0).sub(y));
            (L::splat(0.0).sub(below), math::exp(below))
        }
    }
}

impl Elementwise for ContinuousBernoulliOfLogits {
    #[inline(always)]
    unsafe fn value<L: Lanes>(self, y: L, t: L) -> L {
        // ln C = ln(1 + u) + ln(|y| / (1 - u)) with u = e^-|y|. The first part is also in softplus(y), so that it cancels.
        // SAFETY: passed on.
        unsafe {
            let zero = L::splat(0.0);
            let large = zero.sub(t).mul_add(y, zero.max(y));
            let (size, u) = Self::size(y);
            let far = large.sub(math::ln_from_1(size.div(L::splat(1.0).sub(u))));
            let square = y.mul(y);
            let constant = math::polynomial(
                square,
                [
                    -127.0 / 4_838_400.0,
                    31.0 / 90_720.0,
                    -7.0 / 1_440.0,
                    1.0 / 12.0,
                    std::f32::consts::LN_2,
                ],
            );
            let near = large.add(math::ln_1p_exp_of_minus_abs(y)).sub(constant);
            size.where_greater(L::splat(NEAR), far, near)
        }
    }
    #[inline(always)]
    unsafe fn gradient<L: Lanes>(self, y: L, t: L) -> L {
        // The derivative of ln C is 1/y - 1/sinh(y), and 1/sinh|y| = 2u / (1 - u²).
        // SAFETY: passed on.
        unsafe {
            let (zero, one) = (L::splat(0.0), L::splat(1.0));
            let (size, u) = Self::size(y);
            let inverse = u.add(u).div(zero.sub(u).mul_add(u, one));
            let far = one.div(size).sub(inverse);
            let far = zero.where_greater(y, zero.sub(far), far);
            let series = math::polynomial(
                y.mul(y),
                [
                    73.0 / 3_421_440.0,
                    -127.0 / 604_800.0,
                    31.0 / 15_120.0,
                    -7.0 / 360.0,
                    1.0 / 6.0,
                ],
            );
            let near = y.mul(series);
            let constant = size.where_greater(L::splat(NEAR), far, near);
            math::sigmoid(y).sub(t).sub(constant)
        }
    }
}

multiversion! {
    unsafe fn row<const GRADIENT: bool>(
        loss: Loss, y: *const f32, t: *const f32, scale: f32, dy: *mut f32, len: usize,
    ) -> f32 = row_body
}

/// # Safety
///
/// `len` numbers at `y` and `t`; at `dy` too with `GRADIENT`.
#[inline(always)]
unsafe fn row_body<L: Lanes, const GRADIENT: bool>(
    loss: Loss,
    y: *const f32,
    t: *const f32,
    scale: f32,
    dy: *mut f32,
    len: usize,
) -> f32 {
    // SAFETY: passed on.
    unsafe {
        match loss {
            Loss::Squared => fold::<L, _, GRADIENT>(Squared, y, t, scale, dy, len),
            Loss::Absolute => fold::<L, _, GRADIENT>(Absolute, y, t, scale, dy, len),
            Loss::Huber { delta } => fold::<L, _, GRADIENT>(Huber { delta }, y, t, scale, dy, len),
            Loss::CrossEntropyOfLogits => {
                fold::<L, _, GRADIENT>(CrossEntropyOfLogits, y, t, scale, dy, len)
            }
            Loss::ContinuousBernoulliOfLogits => {
                fold::<L, _, GRADIENT>(ContinuousBernoulliOfLogits, y, t, scale, dy, len)
            }
        }
    }
}

/// # Safety
///
/// As [`row_body`].
#[inline(always)]
unsafe fn fold<L: Lanes, F: Elementwise, const GRADIENT: bool>(
    f: F,
    y: *const f32,
    t: *const f32,
    scale: f32,
    dy: *mut f32,
    len: usize,
) -> f32 {
    // SAFETY: indices stay below `len`; `lanes` holds the `L::N <= 16` lanes of a vector.
    unsafe {
        let factor = L::splat(scale);
        let mut sum = L::splat(0.0);
        let mut i = 0;
        while i + L::N <= len {
            let (y, t) = (L::load(y.add(i)), L::load(t.add(i)));
            sum = sum.add(f.value(y, t));
            if GRADIENT {
                f.gradient(y, t).mul(factor).store(dy.add(i));
            }
            i += L::N;
        }
        let mut lanes = [0.0f32; 16];
        sum.store(lanes.as_mut_ptr());
        let mut total: f32 = lanes.iter().sum();
        if i < len {
            let n = len - i;
            let (y, t) = (L::load_first(y.add(i), n), L::load_first(t.add(i), n));
            // The lanes beyond the end hold the loss of 0 against 0, which need not be 0.
            f.value(y, t).store(lanes.as_mut_ptr());
            total += lanes.iter().take(n).sum::<f32>();
            if GRADIENT {
                f.gradient(y, t).mul(factor).store_first(dy.add(i), n);
            }
        }
        total
    }
}
