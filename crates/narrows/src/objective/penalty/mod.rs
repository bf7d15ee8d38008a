//! Weighted penalties, which are added to the reconstruction loss.

mod code_norm;
mod contractive;
mod kl_sparsity;
mod l1;
mod mmd;
mod part;
mod values;

pub(crate) use part::{KIND, OLDER_PENALTIES, PENALTIES, WEIGHT};
pub use part::{Penalty, PenaltyKind, PenaltyPart, PenaltyPlace};

/// The penalties, in the order in which they are listed.
pub(crate) const PARTS: &[&dyn PenaltyPart] = &[
    &contractive::Jacobian,
    &contractive::Hutchinson,
    &contractive::Summed,
    &l1::L1,
    &kl_sparsity::KlSparsity,
    &code_norm::CodeNorm,
    &contractive::DecoderJacobian,
    &mmd::Mmd,
];
