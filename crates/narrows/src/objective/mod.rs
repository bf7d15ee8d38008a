//! The objective: one reconstruction loss, and any number of weighted penalties.

mod compared;
mod penalty;
mod reconstruction;

pub use compared::Objective;
pub(crate) use compared::decoder_of_model;
pub(crate) use penalty::{
    KIND as PENALTY_KIND, OLDER_PENALTIES, PARTS as PENALTY_KINDS, PENALTIES, WEIGHT,
};
pub use penalty::{Penalty, PenaltyKind, PenaltyPart, PenaltyPlace};
pub use reconstruction::{
    InNats, Likelihood, Reconstruction, ReconstructionPart, ReconstructionPlace,
};
pub(crate) use reconstruction::{RECONSTRUCTION, RECONSTRUCTIONS};
