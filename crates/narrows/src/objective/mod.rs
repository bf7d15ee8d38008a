//! The objective: one reconstruction loss (and, beside it, any number of weighted terms).

use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec};
use narrows_kernels::Isa;
use narrows_kernels::loss::Loss;
use narrows_kernels::split::RowBlock;

/// The reconstruction loss, averaged over the batch and the inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reconstruction {
    /// Mean squared error.
    Mse,
    /// Mean absolute error.
    L1,
    /// Huber's loss (Huber 1964), as PyTorch's `HuberLoss`: `d²/2` up to `delta`, then `delta · (|d| - delta/2)`.
    Huber {
        /// Where the parabola turns into a line, 1 by default.
        delta: f32,
    },
    /// Binary cross-entropy, worked out from the logits of the sigmoid that the decoder ends in.
    BinaryCrossEntropy,
}

/// The objective of a network: what is compared with the data, and how.
#[derive(Clone, Copy, Debug)]
pub struct Objective {
    loss: Loss,
}

impl Objective {
    /// The objective of a decoder.
    ///
    /// # Errors
    ///
    /// When the loss is binary cross-entropy and the decoder does not end in a sigmoid, as its
    /// outputs are then no probabilities.
    pub fn new(reconstruction: Reconstruction, decoder: &[LayerSpec]) -> Result<Objective> {
        let loss = match reconstruction {
            Reconstruction::Mse => Loss::Squared,
            Reconstruction::L1 => Loss::Absolute,
            Reconstruction::Huber { delta } => Loss::Huber { delta },
            Reconstruction::BinaryCrossEntropy => {
                if decoder.last() != Some(&LayerSpec::Activation(Activation::Sigmoid)) {
                    return Err(Error::new(
                        ErrorKind::Recipe,
                        "binary cross-entropy compares probabilities, and the decoder gives none",
                    )
                    .at("objective.reconstruction")
                    .expected("a decoder that ends in a sigmoid layer")
                    .found("another last layer")
                    .hint("add a sigmoid layer to the decoder, or choose mse, l1 or huber"));
                }
                Loss::CrossEntropyOfLogits
            }
        };
        Ok(Objective { loss })
    }

    /// Whether the loss is worked out from what the last layer is given, not from what it gives.
    pub(crate) fn from_logits(&self) -> bool {
        self.loss == Loss::CrossEntropyOfLogits
    }

    /// The sum of the loss over one row of a block, whose slab 0 is the target and slab `compared`
    /// what is compared with it. The gradient, times `scale`, goes to slab `gradients + compared`.
    pub(crate) fn row(
        &self,
        isa: Isa,
        block: &mut RowBlock<'_>,
        row: usize,
        compared: usize,
        gradients: usize,
        scale: f32,
    ) -> f32 {
        let rows = block.rows().len();
        let ([target, output], gradient) =
            block.read_write([0, compared], gradients + compared);
        let width = target.len() / rows;
        let this = row * width..(row + 1) * width;
        self.loss.sum_and_gradient(
            isa,
            &output[this.clone()],
            &target[this.clone()],
            scale,
            &mut gradient[this],
        )
    }
}
