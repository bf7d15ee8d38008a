//! Rows that are drawn from the likelihood of a model.

use super::likelihood::likelihood_of;
use super::prior::noise_of_row;
use super::rows::Block;
use super::{InUse, Model};
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Pass, Workers};
use crate::objective::{InNats, Likelihood};
use narrows_kernels::Isa;
use ndarray::Array2;
use std::ops::Range;

/// Draws rows from the likelihood of a model.
pub(crate) struct Drawing {
    /// From codes to what the likelihood compares.
    decoder: Pass,
    likelihood: Box<dyn Likelihood>,
    seed: u64,
}

impl Model {
    /// What draws rows from the likelihood, by a seed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the reconstruction loss is not a likelihood.
    pub(crate) fn drawing(&self, seed: u64) -> Result<Drawing> {
        let reconstruction = &self.recipe.reconstruction;
        // Cross-entropy is a likelihood only of values that are drawn as 0 or 1.
        let is_likelihood =
            self.recipe.binarize || reconstruction.part().in_nats() == InNats::Always;
        let found = likelihood_of(&self.recipe, &self.network, &self.parameters)?;
        let Some(found) = found.filter(|_| is_likelihood) else {
            let error = Error::new(
                ErrorKind::Data,
                "the model has no likelihood from which rows could be drawn",
            )
            .expected("the reconstruction loss gaussian, bernoulli or continuous-bernoulli")
            .found(reconstruction.name());
            return Err(match reconstruction.part().in_nats() {
                InNats::Never => error,
                _ => error.hint(
                    "cross-entropy is a likelihood only if training draws the values as 0 or 1: `scaling.draw = \
                     \"bernoulli\"`",
                ),
            });
        };
        Ok(Drawing {
            decoder: self.pass(found.compared)?,
            likelihood: found.likelihood,
            seed,
        })
    }
}

impl Drawing {
    /// Rows in the data's units, each drawn for a code of `[rows, code]`; `numbers` are the numbers of the rows.
    pub(crate) fn rows(
        &self,
        in_use: &mut InUse<'_>,
        codes: &Array2<f32>,
        numbers: Range<usize>,
    ) -> Array2<f64> {
        let model = in_use.model();
        let drawn = self.scaled(model, in_use.workers(), codes, numbers);
        model.in_own_units(&drawn)
    }

    /// The same in scaled units.
    pub(crate) fn scaled(
        &self,
        model: &Model,
        workers: &mut Workers,
        codes: &Array2<f32>,
        numbers: Range<usize>,
    ) -> Array2<f32> {
        let isa = Isa::best();
        let shape = (codes.nrows(), model.network.inputs());
        let (mut outputs, mut drawn) = (Array2::zeros(shape), Array2::zeros(shape));
        if let (Some(codes), Some(outputs)) = (codes.as_slice(), outputs.as_slice_mut()) {
            let block = Block {
                given: codes,
                inputs: model.code_size(),
            };
            self.decoder.run(&block, workers, outputs);
        }
        let rows = outputs.rows().into_iter().zip(drawn.rows_mut());
        for ((output, mut row), number) in rows.zip(numbers) {
            if let (Some(output), Some(row)) = (output.as_slice(), row.as_slice_mut()) {
                let address = noise_of_row(self.seed, number);
                self.likelihood.draw(isa, output, address, row);
            }
        }
        drawn
    }
}
