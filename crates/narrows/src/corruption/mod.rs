//! Corruption: noise on what the encoder reads, while the clean row stays the target; a file per noise.
//!
//! It touches rows in scaled units. Its numbers are drawn by their address (seed, purpose, epoch, sample,
//! element), so that they do not depend on threads or on how a batch is cut up.

mod gaussian;
mod masking;
mod operation;
mod parse;
mod part;
mod rows;
mod salt_and_pepper;

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
