//! Matrix products: `C = start + A · B`, for the shapes of a training step.
//!
//! One micro-kernel serves the three products of a dense layer: it multiplies whole vectors of one side by single
//! numbers of the other side, which may have any layout.
//!
//! | product | `A` | `B` | sum over |
//! |---|---|---|---|
//! | forward, `y = x Wᵀ + b` | `x`, by rows | `W`, transposed | inputs |
//! | gradient of the input, `dx = dy W` | `dy`, by rows | `W` | outputs |
//! | gradient of the weights, `dW = dyᵀ x` | `dyᵀ`, by columns | `x` | rows of the batch |
//!
//! A layer that uses the transpose of another layer's weights (tied weights, `y = x W + b`) needs the same three
//! products: its forward pass is the second one with a bias, its input gradient `dy Wᵀ` is the first one without a
//! bias, and its gradient of some rows of `W`, `xᵀ dy`, is the third one, added to the gradient of the other use.
//!
//! The vectors of the micro-kernel run along the side whose layout suits them:
//!
//! - if `A` is stored by rows (forward, gradient of the input), they run down the rows of `C`: a panel of rows of `A`
//!   is transposed once, and the weights are read in place, one number at a time;
//! - they run along the rows of `C` if `A` is stored by columns (gradient of the weights), if `B` is a contiguous panel
//!   (the tiles of a convolution), if `C` is added to, or if `B` is not transposed and vectors have 8 lanes or `A` has
//!   fewer rows than lanes: `A` is copied one block at a time, and `B` is read in place.
//!
//! So only a batch is copied, never the far larger weights. In pseudo-code, for the first way:
//!
//! ```text
//! for each panel of rows of A:
//!     copy its transpose side by side
//!     for each tile of columns of B:
//!         acc[columns][rows] = start
//!         for k:  acc[j][i] += B[k][j] * A[i][k]   every i, j of the tile, in registers
//!         C = transpose of acc
//! ```
//!
//! Thus each element is summed over `k` in order, one multiply-add at a time, for any size of `C`, any place of the
//! element in it, and both ways. So splitting the rows or columns of a product among threads does not change a bit.
//! (Storing and reloading an accumulator is exact.)
//!
//! If the CPU has tiles (AMX), sums over 32 numbers or more run on them: see `amx`. Their order too depends only on
//! `k`. Continued sums (`Start::Accumulate`) stay on vectors, because they may also be cut along `k`.

#[cfg(target_arch = "x86_64")]
mod amx;
mod buffer;
mod copies;
mod job;
mod multiply;
mod operands;
mod tile;
mod ways;

pub use job::PANEL;
pub use multiply::{prepare, product};
pub use operands::{Left, Right, Start};
