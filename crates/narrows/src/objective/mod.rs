//! The objective: one reconstruction loss and, beside it, any number of weighted terms.

mod operation;
mod spec;
mod term;

pub use spec::Reconstruction;
pub(crate) use spec::{RECONSTRUCTION, RECONSTRUCTIONS, TERMS};
pub(crate) use term::{KIND as TERM_KIND, TERMS as TERM_KINDS, WEIGHT};
pub use term::{Term, TermKind};

use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec, last_of_values};
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
    pub fn new(reconstruction: Reconstruction, decoder: &[LayerSpec]) -> Result<Objective> {
        let mut left_out = 0;
        let loss = match reconstruction {
            Reconstruction::Mse => Loss::Squared,
            Reconstruction::L1 => Loss::Absolute,
            Reconstruction::Huber { delta } => Loss::Huber { delta },
            Reconstruction::BinaryCrossEntropy => {
                let last = last_of_values(decoder);
                let Some((place, LayerSpec::Activation(Activation::Sigmoid))) = last else {
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
                Loss::CrossEntropyOfLogits
            }
        };
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
