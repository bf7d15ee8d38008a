//! Contractive penalties: each is a choice of probes, a file each.

mod hutchinson;
mod jacobian;
mod summed;

use super::PenaltyPart;

/// The contractive penalties, in the order in which they are listed.
pub(super) const PARTS: &[&dyn PenaltyPart] = &[
    &jacobian::Jacobian,
    &hutchinson::Hutchinson,
    &summed::Summed,
];
