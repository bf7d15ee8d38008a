//! Products of `f32` numbers on the tiles of AMX, which multiply bfloat16 numbers.
//!
//! A `f32` has 24 significant bits; a bfloat16 has 8, and the same exponents. So a number is the exact sum of three
//! bfloat16 numbers, `x = h + m + l`, each about 256 times smaller than the one before. Of the nine products of the
//! parts of two numbers, six are computed, each exactly, and added in `f32`. The other three are below the last bit of
//! the sum. (Henry, Tang and Heinecke 2019, "Leveraging the bfloat16 artificial intelligence datatype for
//! higher-precision computations".) A tile multiplies sixteen times as fast as vectors do, so six products are still
//! more than twice as fast. The tests show that the sums are as accurate.
//!
//! Differences from vectors: numbers below about 1e-33 lose bits, subnormal products are 0, and an infinite factor
//! gives NaN.
//!
//! One side of the product stays: up to 128 of its rows or columns are packed into parts at once. The other side passes
//! by, in blocks of 32. Each element is summed over `k` in the same order, at any place.

mod beside;
mod multiply;
mod pack;
mod sizes;
mod staying;
mod tiles;
mod way;

pub(super) use multiply::{prepare, run, takes};
