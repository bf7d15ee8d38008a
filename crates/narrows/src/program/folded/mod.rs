//! Runs of affine maps with nothing between them, computed through their narrow end.
//!
//! Layers `W₁ … W_k` without activations between them are one affine map; its rank is at most the width of their narrow
//! end. With `r` this width and `w` the widths of the layers, a row needs `Σ w w'` multiply-adds in each of the three
//! products of a step. Through the narrow end, a row needs `r` times the width of the wide end, and a batch needs
//! `r Σ w w'` once for each of three chains of products. For 784-128-64-32-16-8 and back, this is a fifth of the
//! arithmetic at 64 rows, and a fifteenth at 1024.
//!
//! For a run that narrows (an encoder), with `x` the batch, `d` the gradient of the code and `1` a column of ones:
//!
//! ```text
//! outward   O_k = I,  O_(j-1) = O_j W_j                    [r, width], from the narrow end to the wide one
//! forward   code = x O_0ᵀ + Σ O_j b_j
//! inward    I_0 = dᵀ x,  I_j = I_(j-1) W_jᵀ + (dᵀ 1) b_jᵀ  [r, width], from the wide end to the narrow one
//! gradient  dW_j = O_jᵀ I_(j-1),  db_j = O_jᵀ (dᵀ 1)
//! ```
//!
//! and for a run that widens (a decoder), with `z` the codes, `e` the gradient of the output, and the offsets as one
//! more row of each factor, so that `1̃` is 1 in this row and 0 in the others:
//!
//! ```text
//! outward   O_0 = I,  O_j = O_(j-1) W_jᵀ + 1̃ b_jᵀ          [r + 1, width]
//! forward   output = [z 1] O_k
//! centered  z̃ = [z - mean 1], and the offsets of each O_j become those at the mean
//! inward    I_k = z̃ᵀ e,  I_(j-1) = I_j W_j                 [r + 1, width]
//! gradient  dW_j = I_jᵀ O_(j-1),  db_j = I_jᵀ 1̃
//! ```
//!
//! These are the gradients of the original layers, with another order of multiplication: the number of parameters does
//! not change, and Adam sees each of them. Values between the layers are never computed. The columns of each factor are
//! split among threads, but sums are not, so the bits do not depend on threads.

mod factors;
mod gradient;
mod operation;
mod rows;
mod shape;

pub(super) use operation::Folded;
pub(super) use shape::Layer;
