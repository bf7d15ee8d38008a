//! The penalty on the gradient of the summed code: the one probe is all ones.

use super::super::{PenaltyKind, PenaltyPart, Probes};
use crate::declaration::{Declaration, Part, Settings};

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
    fn probes(&self, _: &Settings, _: usize) -> usize {
        1
    }

    fn factor(&self, _: &Settings, _: usize) -> f64 {
        1.0
    }

    fn fill(&self, _: &Settings, probes: Probes<'_>) {
        probes.values.fill(1.0);
    }
}

impl PenaltyKind {
    /// The sum over the batch of `‖Jᵀ 1‖²`, the squared gradient of the sum of the code: what some
    /// public implementations take for the contractive penalty. Its weight grows with the batch.
    pub fn summed() -> PenaltyKind {
        PenaltyKind::unchecked(&Summed, &[])
    }
}
