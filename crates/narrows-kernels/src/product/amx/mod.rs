//! Products of `f32` numbers on the tiles of AMX, which multiply bfloat16 numbers.
//!
//! A `f32` has 24 significant bits, a bfloat16 has 8 and the same exponents: a number is the exact sum of
//! three of them, `x = h + m + l`, each some 256 times smaller than the one before. Of the nine products of
//! the parts of two numbers six are worked out, each exactly, and added up in `f32`; the three left out are
//! below the last bit of the sum. (Henry, Tang and Heinecke 2019, "Leveraging the bfloat16 artificial
//! intelligence datatype for higher-precision computations".) A tile multiplies sixteen times as fast as
//! vectors do, so that six products are still more than twice as fast, and the sums are as accurate, as the
//! tests show.
//!
//! What differs from vectors: numbers below some 1e-33 lose bits, products below the normal numbers are 0,
//! and a factor that is infinite gives NaN.
//!
//! One side of the product stays: up to 128 of its rows or columns are packed into parts at once. The other
//! passes by, a block of 32 at a time. Each element is summed over `k` in the same order wherever it lies.

mod beside;
mod multiply;
mod pack;
mod sizes;
mod staying;
mod tiles;
mod way;

pub(super) use multiply::{prepare, run, takes};
