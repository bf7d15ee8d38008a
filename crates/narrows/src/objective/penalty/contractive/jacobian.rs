//! The contractive penalty of Rifai et al. 2011: probes are the basis vectors.

use super::super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use super::apply::apply;
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::{Builder, Mean, Probes};
use narrows_kernels::Isa;

/// The mean over the batch of `‖J‖²_F`.
#[derive(Debug)]
pub(in super::super) struct Jacobian;

impl Part for Jacobian {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "jacobian",
                "mean over the batch of the squared Frobenius norm of the encoder's Jacobian",
            )
        }
    }
}

impl PenaltyPart for Jacobian {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        apply(builder, place, Basis)
    }
}

impl PenaltyKind {
    /// The mean over the batch of `‖J‖²_F` (Rifai et al. 2011, "Contractive auto-encoders").
    pub fn jacobian() -> PenaltyKind {
        PenaltyKind::unchecked(&Jacobian, &[])
    }
}

/// All basis vectors.
#[derive(Debug)]
pub(super) struct Basis;

impl Probes for Basis {
    fn count(&self, width: usize) -> usize {
        width
    }

    fn fill(&self, _: Isa, _: u32, _: u32, width: usize, probes: &mut [f32]) {
        probes.fill(0.0);
        let diagonal = probes.iter_mut().step_by(width + 1);
        diagonal.for_each(|one| *one = 1.0);
    }

    fn is_basis(&self) -> bool {
        true
    }

    fn mean(&self) -> Mean {
        Mean::OverRows(1)
    }
}
