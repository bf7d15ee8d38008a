//! Corruption: noise on the encoder's input; the target is the clean row. One file per noise. Beside these stands the draw
//! of values as 0 or 1, which changes the target too.
//!
//! It changes rows in scaled units. Its random numbers are drawn by their address (seed, purpose, epoch, sample,
//! element), so they do not depend on threads or on how a batch is split.

mod binarize;
mod gaussian;
mod masking;
mod operation;
mod parse;
mod part;
mod rows;
mod salt_and_pepper;

pub(crate) use binarize::{binarize, binarize_row};
pub(crate) use part::KIND;
pub use part::{Corruption, CorruptionPart, Target};
pub use rows::CorruptedRows;

/// The noises, in the order in which they are listed.
pub(crate) const CORRUPTIONS: &[&dyn CorruptionPart] = &[
    &gaussian::Gaussian,
    &salt_and_pepper::SaltAndPepper,
    &masking::Masking,
];

#[cfg(test)]
mod tests;
