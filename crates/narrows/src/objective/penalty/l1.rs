//! The mean over the batch of the sum of the absolute values of a code.

use super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use super::values::Summed;
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::Builder;

/// `Σ_j |z_j|` of a code z, averaged over rows: the usual penalty of sparse coding (Tibshirani 1996 for the penalty).
#[derive(Debug)]
pub(super) struct L1;

impl Part for L1 {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "l1",
                "the sum of the absolute values of a code, mean over rows",
            )
        }
    }
}

impl PenaltyPart for L1 {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        Summed::Absolute.apply(builder, place)
    }
}

impl PenaltyKind {
    /// The mean over the batch of the sum of the absolute values of a code.
    pub fn l1() -> PenaltyKind {
        PenaltyKind::unchecked(&L1, &[])
    }
}
