//! The contractive penalty of Rifai et al. 2011: probes are the basis vectors.

use super::super::{PenaltyKind, PenaltyPart, Probes};
use crate::declaration::{Declaration, Part, Settings};

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
    fn probes(&self, _: &Settings, code_size: usize) -> usize {
        code_size
    }

    fn is_basis(&self) -> bool {
        true
    }

    fn factor(&self, _: &Settings, batch: usize) -> f64 {
        1.0 / batch as f64
    }

    fn fill(&self, _: &Settings, probes: Probes<'_>) {
        probes.values.fill(0.0);
        let diagonal = probes.values.iter_mut().step_by(probes.code_size + 1);
        diagonal.for_each(|one| *one = 1.0);
    }
}

impl PenaltyKind {
    /// The mean over the batch of `‖J‖²_F` (Rifai et al. 2011, "Contractive auto-encoders").
    pub fn jacobian() -> PenaltyKind {
        PenaltyKind::unchecked(&Jacobian, &[])
    }
}
