//! What is compared with the data: the reconstruction loss, and the layers of the decoder that it does without.

use super::reconstruction::{Reconstruction, ReconstructionPlace};
use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec, activation, last_of_values};
use crate::program::{Builder, Var};

/// The objective of a network: what is compared with the data, and how.
#[derive(Clone, Debug)]
pub struct Objective {
    reconstruction: Reconstruction,
    /// How many of the decoder's last layers the loss does without: the sigmoid whose logits it compares,
    /// and what only brings the probabilities into another shape.
    left_out: usize,
}

impl Objective {
    /// The objective of a decoder.
    ///
    /// # Errors
    ///
    /// When the loss compares logits and the decoder does not end in a sigmoid, as its
    /// outputs are then no probabilities. Layers that only bring them into another shape may follow.
    pub fn new(reconstruction: &Reconstruction, decoder: &[LayerSpec]) -> Result<Objective> {
        let mut left_out = 0;
        if reconstruction.part().compares_logits() {
            let last = last_of_values(decoder);
            let sigmoid = activation(Activation::Sigmoid);
            let Some((place, _)) = last.filter(|(_, last)| **last == sigmoid) else {
                let found =
                    last.map_or("no layer".into(), |(_, last)| format!("`{}`", last.name()));
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!(
                        "the loss `{}` compares probabilities, and the decoder gives none",
                        reconstruction.name()
                    ),
                )
                .at("objective.reconstruction")
                .expected("a decoder that ends in a sigmoid layer")
                .found(found)
                .hint("add a sigmoid layer to the decoder, or choose mse, l1 or huber"));
            };
            left_out = decoder.len() - place;
        }
        Ok(Objective {
            reconstruction: reconstruction.clone(),
            left_out,
        })
    }

    /// Compares a value with the target; `values` are the data and what the layers gave, one after the other.
    ///
    /// # Errors
    ///
    /// When the loss has no meaning for what the decoder gives.
    pub(crate) fn build(&self, builder: &mut Builder, values: &[Var], target: Var) -> Result<()> {
        builder.at("objective");
        let place = ReconstructionPlace {
            output: values[values.len() - 1 - self.left_out],
            target,
        };
        let Objective { reconstruction, .. } = self;
        let built = reconstruction
            .part()
            .build(reconstruction.settings(), builder, &place);
        built.map_err(|error| error.at("objective.reconstruction"))
    }

    /// Refuses data that the loss has no meaning for; `range` is that of the scaled data.
    ///
    /// # Errors
    ///
    /// When scaled data leave the range of the loss's targets.
    pub fn check_targets(&self, range: (f32, f32)) -> Result<()> {
        let Objective { reconstruction, .. } = self;
        let (low, high) = reconstruction
            .part()
            .target_range(reconstruction.settings());
        if range.0 >= low && range.1 <= high {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Recipe,
            format!(
                "the loss `{}` needs data in [{low}, {high}]",
                reconstruction.name()
            ),
        )
        .at("objective.reconstruction")
        .expected(format!("scaled data in [{low}, {high}]"))
        .found(format!("[{}, {}]", range.0, range.1))
        .hint("use the scaling `unit` for 8-bit data or `minmax`, or choose mse, l1 or huber"))
    }
}
