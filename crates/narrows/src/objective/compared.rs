//! The comparison with the data: the reconstruction loss, and the layers of the decoder that it skips.

use super::reconstruction::{InNats, Likelihood, Reconstruction, ReconstructionPlace};
use crate::bottleneck::Bottleneck;
use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Activation, LayerSpec, activation, last_of_values};
use crate::network::{Built, Rows};
use crate::program::{Builder, Var};
use std::borrow::Cow;

/// The objective of a network: the value that is compared with the data, and the loss.
#[derive(Clone, Debug)]
pub struct Objective {
    reconstruction: Reconstruction,
    /// The number of the decoder's last layers that the loss skips: the sigmoid whose logits it compares, and layers
    /// that only change the shape of the probabilities.
    left_out: usize,
    in_nats: bool,
}

impl Objective {
    /// The objective of a bottleneck and a decoder.
    ///
    /// # Errors
    ///
    /// When the loss compares logits and the decoder does not end in a sigmoid, as its outputs are then not probabilities;
    /// layers that only change the shape may follow the sigmoid. When the bottleneck draws codes, and the loss has no
    /// likelihood that its divergence could be added to.
    pub fn new(
        reconstruction: &Reconstruction,
        bottleneck: &Bottleneck,
        decoder: &[LayerSpec],
    ) -> Result<Objective> {
        let in_nats = match reconstruction.part().in_nats() {
            InNats::Always => true,
            InNats::BesideDivergence => bottleneck.draws(),
            InNats::Never if bottleneck.draws() => {
                return Err(no_likelihood(reconstruction, bottleneck));
            }
            InNats::Never => false,
        };
        let mut left_out = 0;
        if reconstruction.part().compares_logits() {
            let Some(place) = place_of_sigmoid(decoder) else {
                let last = last_of_values(decoder);
                let last = last.map(|(_, last)| format!("`{}`", last.name()));
                let found = last.unwrap_or_else(|| "no layer".into());
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
                .hint(if bottleneck.draws() {
                    "add a sigmoid layer to the decoder, or choose gaussian"
                } else {
                    "add a sigmoid layer to the decoder, or choose mse, l1 or huber"
                }));
            };
            left_out = decoder.len() - place;
        }
        Ok(Objective {
            reconstruction: reconstruction.clone(),
            left_out,
            in_nats,
        })
    }

    /// Whether it is in nats a row: a sum over the values of a row, not a mean. Its gradient is divided by their number.
    pub fn is_in_nats(&self) -> bool {
        self.in_nats
    }

    /// How many of the decoder's last layers the loss does without.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }

    /// The likelihood of rows of so many values, with the numbers that the loss has learned.
    pub(crate) fn likelihood(&self, learned: &[f32], values: usize) -> Option<Box<dyn Likelihood>> {
        let Objective { reconstruction, .. } = self;
        let settings = reconstruction.settings();
        reconstruction.part().likelihood(settings, learned, values)
    }

    /// Compares what the decoder gives with the target.
    ///
    /// # Errors
    ///
    /// If the loss is not defined for the decoder's output.
    pub(crate) fn build(&self, builder: &mut Builder, built: &Built, target: Var) -> Result<()> {
        builder.at("objective");
        let values = &built.values;
        let place = ReconstructionPlace {
            output: values[values.len() - 1 - self.left_out],
            target,
            tensors: built.of_loss.clone(),
            in_nats: self.in_nats,
            log_ratio: builder.log_ratio(),
        };
        let Objective { reconstruction, .. } = self;
        let built = reconstruction
            .part()
            .build(reconstruction.settings(), builder, &place);
        built.map_err(|error| error.at("objective.reconstruction"))
    }

    /// Refuses a scaled value that the loss has no meaning for, of those that [`Objective::check_targets`] lets through; for
    /// losses that need binary targets. Nothing is looked at for others.
    ///
    /// # Errors
    ///
    /// With the place of the first value that is not 0 or 1.
    pub fn check_binary(&self, inputs: usize, rows: &dyn Rows) -> Result<()> {
        let Objective { reconstruction, .. } = self;
        if !reconstruction.part().needs_binary_targets() {
            return Ok(());
        }
        let mut values = vec![0.0; inputs];
        for row in 0..rows.count() {
            rows.write(row..row + 1, &mut values);
            let found = values
                .iter()
                .position(|&value| value != 0.0 && value != 1.0);
            if let Some(column) = found {
                let name = reconstruction.name();
                return Err(Error::new(
                    ErrorKind::Recipe,
                    format!("the loss `{name}` needs data that are 0 or 1 once they are scaled"),
                )
                .at(format!("row {}, value {}", row + 1, column + 1))
                .expected("0 or 1")
                .found(values[column])
                .hint(
                    "for values between 0 and 1 choose continuous-bernoulli, which is their likelihood, or \
                     binary-cross-entropy, which is not a likelihood",
                ));
            }
        }
        Ok(())
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

/// The place of the sigmoid that a decoder ends in; only layers that keep the values may follow it.
fn place_of_sigmoid(decoder: &[LayerSpec]) -> Option<usize> {
    let (place, last) = last_of_values(decoder)?;
    (*last == activation(Activation::Sigmoid)).then_some(place)
}

/// The decoder that a model applies. If the loss takes the output of the decoder's sigmoid for the parameter of a
/// distribution, the mean of this distribution is in the place of the sigmoid. The loss
/// compares what comes before it; a penalty on the decoder's Jacobian acts on the mean.
pub(crate) fn decoder_of_model<'d>(
    reconstruction: &Reconstruction,
    decoder: &'d [LayerSpec],
) -> Cow<'d, [LayerSpec]> {
    let mean = reconstruction.part().mean_of_logits();
    let Some((mean, place)) = mean.zip(place_of_sigmoid(decoder)) else {
        return Cow::Borrowed(decoder);
    };
    let mut decoder = decoder.to_vec();
    decoder[place] = activation(mean);
    Cow::Owned(decoder)
}

/// That a bottleneck draws codes, and the loss is not a likelihood.
fn no_likelihood(reconstruction: &Reconstruction, bottleneck: &Bottleneck) -> Error {
    let (loss, bottleneck) = (reconstruction.name(), bottleneck.name());
    Error::new(
        ErrorKind::Recipe,
        format!("the bottleneck `{bottleneck}` needs a likelihood, and the loss `{loss}` is not one"),
    )
    .at("objective.reconstruction")
    .expected("gaussian, bernoulli, continuous-bernoulli or binary-cross-entropy")
    .found(loss)
    .hint(
        "for real numbers choose gaussian: it is the squared error in nats, with a std that is given or learned, so that \
         it can be added to the divergence of the code",
    )
}
