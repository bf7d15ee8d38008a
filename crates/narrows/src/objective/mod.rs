//! The objective: one reconstruction loss and, beside it, any number of weighted penalties.

mod operation;
mod penalty;
mod reconstruction;

pub(crate) use penalty::{
    KIND as PENALTY_KIND, OLDER_PENALTIES, PARTS as PENALTY_KINDS, PENALTIES, WEIGHT,
};
pub use penalty::{Penalty, PenaltyKind, PenaltyPart, PenaltyPlace};
pub(crate) use reconstruction::{RECONSTRUCTION, RECONSTRUCTIONS};
pub use reconstruction::{Reconstruction, ReconstructionPart};

use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec, activation, last_of_values};
use narrows_kernels::loss::Loss;

/// The objective of a network: what is compared with the data, and how.
#[derive(Clone, Copy, Debug)]
pub struct Objective {
    loss: Loss,
    /// How many of the decoder's last layers the loss does without: the sigmoid whose logits it compares,
    /// and what only brings the probabilities into another shape.
    left_out: usize,
}

impl Objective {
    /// The objective of a decoder.
    ///
    /// # Errors
    ///
    /// When the loss is binary cross-entropy and the decoder does not end in a sigmoid, as its
    /// outputs are then no probabilities. Layers that only bring them into another shape may follow.
    pub fn new(reconstruction: &Reconstruction, decoder: &[LayerSpec]) -> Result<Objective> {
        let loss = reconstruction.part().loss(reconstruction.settings());
        let mut left_out = 0;
        if loss == Loss::CrossEntropyOfLogits {
            let last = last_of_values(decoder);
            let sigmoid = activation(Activation::Sigmoid);
            let Some((place, _)) = last.filter(|(_, last)| **last == sigmoid) else {
                let found =
                    last.map_or("no layer".into(), |(_, last)| format!("`{}`", last.name()));
                return Err(Error::new(
                    ErrorKind::Recipe,
                    "binary cross-entropy compares probabilities, and the decoder gives none",
                )
                .at("objective.reconstruction")
                .expected("a decoder that ends in a sigmoid layer")
                .found(found)
                .hint("add a sigmoid layer to the decoder, or choose mse, l1 or huber"));
            };
            left_out = decoder.len() - place;
        }
        Ok(Objective { loss, left_out })
    }

    /// Refuses data that the loss has no meaning for; `range` is that of the scaled data.
    ///
    /// # Errors
    ///
    /// When the loss is binary cross-entropy and the data leave [0, 1].
    pub fn check_targets(&self, range: (f32, f32)) -> Result<()> {
        if self.loss != Loss::CrossEntropyOfLogits || (range.0 >= 0.0 && range.1 <= 1.0) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Recipe,
            "binary cross-entropy needs data in [0, 1]",
        )
        .at("objective.reconstruction")
        .expected("scaled data in [0, 1]")
        .found(format!("[{}, {}]", range.0, range.1))
        .hint("use the scaling `unit` for 8-bit data or `minmax`, or choose mse, l1 or huber"))
    }
}
