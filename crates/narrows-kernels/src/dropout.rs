//! Dropout (Srivastava et al. 2014): dropped values become 0, and the others are scaled up so that the mean stays the
//! same.
//!
//! ```text
//! forward:   y  = kept ? x  / (1 - p) : 0
//! backward:  dx = kept ? dy / (1 - p) : 0
//! ```
//!
//! The kept values of a row are drawn once, as bits: bit `i mod 64` of word `i / 64` belongs to value `i`. The bits
//! depend only on the row's [`Address`], and are the same on every instruction set. A dropped value is 0 for any `x`,
//! including NaN.

use crate::lanes::{Isa, Lanes, multiversion};
use crate::noise::{Address, GROUP, uniform_group};

/// The number of values of a word of a mask.
pub const WORD: usize = u64::BITS as usize;

// A group of uniform numbers is drawn for each word.
const _: () = assert!(GROUP == WORD);

/// The number of words of a mask for `len` values.
pub const fn words(len: usize) -> usize {
    len.div_ceil(WORD)
}

/// Asserts that `p` is a probability below 1.
fn check(p: f32) {
    assert!(
        (0.0..1.0).contains(&p),
        "a probability to drop in [0, 1), not {p}"
    );
}

/// Draws which of `len` values are kept, each with probability `1 - p`: value `i` is kept if number `i` of
/// [`crate::noise::fill_uniform`] is at least `p`. Bits after the last value are 0.
///
/// # Panics
///
/// If `p` is not in [0, 1), or if the length of the mask is not [`words`] of `len`.
pub fn draw_mask(isa: Isa, address: Address, p: f32, len: usize, mask: &mut [u64]) {
    check(p);
    assert_eq!(mask.len(), words(len), "words of a mask of {len} values");
    // SAFETY: the body has no conditions.
    unsafe { draw(isa, address, p, mask) }
    if let (Some(last), rest @ 1..) = (mask.last_mut(), len % WORD) {
        *last &= (1 << rest) - 1;
    }
}

/// `y = x / (1 - p)` if the mask has a 1, otherwise 0: for the values of a row, or for their gradient.
///
/// # Panics
///
/// If `p` is not in [0, 1), or if lengths do not fit.
pub fn apply(isa: Isa, p: f32, mask: &[u64], x: &[f32], y: &mut [f32]) {
    check(p);
    assert!(x.len() == y.len() && mask.len() == words(x.len()));
    let factor = (1.0 / (1.0 - f64::from(p))) as f32;
    // SAFETY: `x` and `y` have `x.len()` numbers, and the mask a bit for each.
    unsafe {
        keep(
            isa,
            factor,
            mask.as_ptr(),
            x.as_ptr(),
            y.as_mut_ptr(),
            x.len(),
        )
    }
}

multiversion! {
    unsafe fn draw(address: Address, p: f32, mask: &mut [u64]) = draw_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn draw_body<L: Lanes>(address: Address, p: f32, mask: &mut [u64]) {
    for (group, word) in mask.iter_mut().enumerate() {
        let numbers = uniform_group(address, group as u32);
        let mut dropped = 0;
        for i in (0..WORD).step_by(L::N) {
            // SAFETY: vectors of 8 or 16 numbers end with the group.
            let below = unsafe { L::splat(p).bits_above(L::load(numbers.as_ptr().add(i))) };
            dropped |= u64::from(below) << i;
        }
        *word = !dropped;
    }
}

multiversion! {
    unsafe fn keep(factor: f32, mask: *const u64, x: *const f32, y: *mut f32, len: usize) = keep_body
}

/// # Safety
///
/// `len` numbers at `x` and `y`, and a bit for each at `mask`.
#[inline(always)]
unsafe fn keep_body<L: Lanes>(
    factor: f32,
    mask: *const u64,
    x: *const f32,
    y: *mut f32,
    len: usize,
) {
    // SAFETY: indices stay below `len`; vectors of 8 or 16 numbers do not straddle words.
    unsafe {
        let factor = L::splat(factor);
        let mut i = 0;
        while i < len {
            let n = (len - i).min(L::N);
            let bits = (*mask.add(i / WORD) >> (i % WORD)) as u32;
            let (x, y) = (x.add(i), y.add(i));
            if n == L::N {
                L::load(x).mul(factor).keep(bits).store(y);
            } else {
                L::load_first(x, n).mul(factor).keep(bits).store_first(y, n);
            }
            i += n;
        }
    }
}
