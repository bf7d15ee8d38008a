//! The comparison with the data: the reconstruction loss, and the layers of the decoder that it skips.

use super::reconstruction::{Reconstruction, ReconstructionPlace};
use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec, activation, last_of_values};
use crate::program::{Builder, Var};

/// The objective of a network: the value that is compared with the data, and the loss.
#[derive(Clone, Debug)]
pub struct Objective {
    reconstruction: Reconstruction,
    /// The number of the decoder's last layers that the loss skips: the sigmoid whose logits it compares, and layers
    /// that only change the shape of the probabilities.
    left_out: usize,
}

impl Objective {
    /// The objective of a decoder.
    ///
    /// # Errors
    ///
    /// If the loss compares logits and the decoder does not end in a sigmoid, because its outputs are then not
    /// probabilities. Layers that only change the shape may follow the sigmoid.
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

    /// Compares a value with the target; `values` are the data and the outputs of the layers, in order.
    ///
    /// # Errors
    ///
    /// If the loss is not defined for the decoder's output.
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

    /// Refuses data for which the loss is not defined; `range` is the range of the scaled data.
    ///
    /// # Errors
    ///
    /// If scaled data leave the range of the loss's targets.
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
