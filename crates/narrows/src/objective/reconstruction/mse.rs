//! The mean squared error.

use super::part::{Reconstruction, ReconstructionPart};
use crate::declaration::{Declaration, Part, Settings};
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
    fn loss(&self, _: &Settings) -> Loss {
        Loss::Squared
    }
}

impl Reconstruction {
    /// The mean squared error.
    pub fn mse() -> Reconstruction {
        Reconstruction::unchecked(&Mse, &[])
    }
}
