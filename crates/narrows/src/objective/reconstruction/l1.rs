//! The mean absolute error.

use super::part::{Reconstruction, ReconstructionPart, ReconstructionPlace};
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::Builder;
use narrows_kernels::loss::Loss;

/// The mean absolute error.
#[derive(Debug)]
pub(super) struct L1;

impl Part for L1 {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("l1", "mean absolute error").elsewhere(&["mae"]) }
    }
}

impl ReconstructionPart for L1 {
    fn build(
        &self,
        _: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        place.compare(builder, Loss::Absolute)
    }
}

impl Reconstruction {
    /// The mean absolute error.
    pub fn l1() -> Reconstruction {
        Reconstruction::unchecked(&L1, &[])
    }
}
