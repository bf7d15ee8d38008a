//! Matrix products: `C = start + A · B`, for the shapes of a training step.
//!
//! One micro-kernel serves the three products of a dense layer: it multiplies whole vectors of one
//! side by single numbers of the other, which may lie anyhow.
//!
//! | product | `A` | `B` | sum over |
//! |---|---|---|---|
//! | forward, `y = x Wᵀ + b` | `x`, by rows | `W`, transposed | inputs |
//! | gradient of the input, `dx = dy W` | `dy`, by rows | `W` | outputs |
//! | gradient of the weights, `dW = dyᵀ x` | `dyᵀ`, by columns | `x` | rows of the batch |
//!
//! A layer that uses the transpose of another's weights (tied weights, `y = x W + b`) takes the same three: its
//! forward pass is the second with a bias, its gradient of the input `dy Wᵀ` the first without one, and its
//! gradient of some rows of `W`, `xᵀ dy`, the third, added to that of the other use.
//!
//! The vectors of the micro-kernel run along whichever side lies ready for it:
//!
//! - where `A` lies by rows (forward, gradient of the input) they run down the rows of `C`: a panel of
//!   rows of `A` is transposed once, and the weights are read one number at a time as they lie;
//! - where `A` lies by columns (gradient of the weights), where `B` is a panel that lies side by side (the
//!   tiles of a convolution), where `C` is added to, or where `B` is not transposed and vectors have 8
//!   lanes or `A` has fewer rows than they have, they run along the rows of `C`: `A` is copied a block at a time,
//!   and `B` is read as it lies.
//!
//! So what is copied is a batch, never the far larger weights. In pseudo-code, for the first way:
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
//! Each element is thus summed over `k` in order, one multiply-add at a time, whatever the size
//! of `C`, the place of the element in it, or the way: cutting the rows or columns of a product among
//! threads does not change a bit. (Storing and reloading an accumulator is exact.)
//!
//! Where the CPU has tiles (AMX), sums over 32 numbers or more are left to them: see `amx`. Their order too
//! follows from `k` alone. Sums that go on are not: those may be cut along `k` too.

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
