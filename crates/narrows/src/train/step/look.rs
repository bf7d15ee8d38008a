//! Where the numbers of the last step stopped being finite.

use super::{Losses, Stepper};
use narrows_kernels::reduce::is_finite;

/// What was not finite first, in the order in which a step works it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::train) enum NotFinite {
    /// The scaled rows, with their noise.
    Inputs,
    /// The outputs of a layer, counted from the first of the encoder.
    Outputs(usize),
}

impl Stepper {
    /// The losses of the last step.
    pub(in crate::train) fn last_losses(&self) -> &Losses {
        &self.losses
    }

    /// What was not finite first in the last step, which was on so many rows; none where only a sum was too large. Of a
    /// step of several batches the last is looked at. Between linear layers that are folded nothing is worked out.
    pub(in crate::train) fn first_not_finite(&self, rows: usize) -> Option<NotFinite> {
        let rows = rows.checked_sub(1)? % self.plan.batch + 1;
        let is_sound = |slab: usize| is_finite(self.isa, self.slabs.rows(slab, rows));
        if !is_sound(0) || !is_sound(self.plan.target) {
            return Some(NotFinite::Inputs);
        }
        (0..self.plan.layers)
            .find(|layer| !is_sound(layer + 1))
            .map(NotFinite::Outputs)
    }
}
