//! The mean over the batch of the squared norm of a code.

use super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use super::values::Summed;
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::Builder;

/// `Σ_j z_j²` of a code z, averaged over rows: it keeps the codes of a regularized autoencoder near 0 (Ghosh et al. 2020,
/// "From variational to deterministic autoencoders").
#[derive(Debug)]
pub(super) struct CodeNorm;

impl Part for CodeNorm {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "code-norm",
                "the squared norm of a code, mean over rows; for regularized autoencoders",
            )
        }
    }
}

impl PenaltyPart for CodeNorm {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        Summed::Squares.apply(builder, place)
    }
}

impl PenaltyKind {
    /// The mean over the batch of the squared norm of a code (Ghosh et al. 2020).
    pub fn code_norm() -> PenaltyKind {
        PenaltyKind::unchecked(&CodeNorm, &[])
    }
}
