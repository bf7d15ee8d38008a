//! The penalty on the gradient of the summed code: the one probe is all ones.

use super::super::part::{PenaltyKind, PenaltyPart, PenaltyPlace};
use super::apply::apply;
use crate::declaration::{Declaration, Part, Settings};
use crate::error::Result;
use crate::program::{Builder, Mean, Probes};
use narrows_kernels::Isa;

/// The sum over the batch of `‖Jᵀ 1‖²`.
#[derive(Debug)]
pub(in super::super) struct Summed;

impl Part for Summed {
    fn declaration(&self) -> &Declaration {
        const {
            &Declaration::new(
                "summed",
                "sum over the batch of the squared gradient of the summed code; its weight grows with the batch",
            )
        }
    }
}

impl PenaltyPart for Summed {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        apply(builder, place, Ones)
    }
}

impl PenaltyKind {
    /// The sum over the batch of `‖Jᵀ 1‖²`, the squared gradient of the sum of the code: what some
    /// public implementations take for the contractive penalty. Its weight grows with the batch. In validation it is
    /// scaled to a full batch.
    pub fn summed() -> PenaltyKind {
        PenaltyKind::unchecked(&Summed, &[])
    }
}

/// The vector of ones.
#[derive(Debug)]
struct Ones;

impl Probes for Ones {
    fn count(&self, _: usize) -> usize {
        1
    }

    fn fill(&self, _: Isa, _: u32, _: u32, _: usize, probes: &mut [f32]) {
        probes.fill(1.0);
    }

    fn mean(&self) -> Mean {
        Mean::Sum
    }
}
