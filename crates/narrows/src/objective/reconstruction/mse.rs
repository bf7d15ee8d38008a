//! The mean squared error.

use super::part::{Reconstruction, ReconstructionPart, ReconstructionPlace};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::Builder;
use narrows_kernels::loss::Loss;

/// The mean squared error.
#[derive(Debug)]
pub(super) struct Mse;

impl Part for Mse {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("mse", "mean squared error").elsewhere(&["l2"]) }
    }
}

impl ReconstructionPart for Mse {
    fn build(
        &self,
        _: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        place.compare(builder, Loss::Squared)
    }
}

impl Reconstruction {
    /// The mean squared error.
    pub fn mse() -> Reconstruction {
        Reconstruction::unchecked(&Mse, &[])
    }
}
