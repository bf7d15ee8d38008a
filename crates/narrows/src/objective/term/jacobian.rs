//! The contractive penalty of Rifai et al. 2011: probes are the basis vectors.

use super::TermKind;
use crate::settings::Choice;

pub(super) const CHOICE: Choice<TermKind> = Choice {
    name: "jacobian",
    about: "mean over the batch of the squared Frobenius norm of the encoder's Jacobian",
    keys: &[],
    read: |_| Ok(TermKind::Jacobian),
};

pub(super) fn fill(code_size: usize, probes: &mut [f32]) {
    probes.fill(0.0);
    probes
        .iter_mut()
        .step_by(code_size + 1)
        .for_each(|one| *one = 1.0);
}
