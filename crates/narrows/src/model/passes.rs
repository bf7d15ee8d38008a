//! A model applied to all rows at once: encode, decode, reconstruct, score.

use super::Model;
use super::in_use::ROWS_PER_THREAD;
use super::rows::Block;
use crate::data::{Dataset, IntoRows, RealOf};
use crate::error::{Detail, Error, ErrorKind, Result};
use crate::network::{Rows, ScaledRows, Workers};
use crate::text::count_of;
use ndarray::{Array1, Array2};

impl Model {
    /// The codes, `[rows, code]`, of rows `[rows, inputs]` in the data's units.
    ///
    /// Rows are an array, a slice with a width, or arrays or vectors of numbers ([`IntoRows`]).
    ///
    /// # Errors
    ///
    /// If the width of the rows differs from the model's data, or if a value is not finite.
    pub fn encode<'r>(&self, rows: impl IntoRows<'r>) -> Result<Array2<f32>> {
        let rows = rows.into_rows()?;
        self.in_use(rows.nrows()).encode(&rows)
    }

    /// The codes of the rows of data. Values are converted to `f32` only when they are scaled.
    ///
    /// # Errors
    ///
    /// If the width of the data differs from the model's.
    pub(crate) fn codes_of(&self, data: &Dataset) -> Result<Array2<f32>> {
        self.in_use(data.rows()).codes_of(data)
    }

    /// The reconstructions, `[rows, inputs]` in the data's units, of codes `[rows, code]`.
    ///
    /// # Errors
    ///
    /// If the width of the codes differs from the model's, or if a value is not finite.
    pub fn decode<'r, R: IntoRows<'r>>(&self, codes: R) -> Result<Array2<RealOf<'r, R>>> {
        let codes = codes.into_rows()?;
        self.in_use(codes.nrows()).decode(&codes)
    }

    /// The reconstructions, `[rows, inputs]`, of rows `[rows, inputs]`, both in the data's units.
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn reconstruct<'r, R: IntoRows<'r>>(&self, rows: R) -> Result<Array2<RealOf<'r, R>>> {
        let rows = rows.into_rows()?;
        self.in_use(rows.nrows()).reconstruct(&rows)
    }

    /// The score of each row, which is higher the less it is like the training rows: the mean squared error of its
    /// reconstruction, in the scaled units that the network was trained in.
    ///
    /// For a bottleneck that draws codes it is the negative evidence lower bound in nats: the divergence of the code, and
    /// the negative log likelihood of the row, its mean over [`SCORE_DRAWS`](super::SCORE_DRAWS) codes. Their noise
    /// follows from the recipe's seed and is the same for every row, so that the score of a row depends on the row alone.
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn score<'r>(&self, rows: impl IntoRows<'r>) -> Result<Array1<f32>> {
        let rows = rows.into_rows()?;
        self.in_use(rows.nrows()).score(&rows)
    }

    /// The contribution of each value to the score of its row, `[rows, inputs]`: its squared error in scaled units,
    /// divided by the number of values. The contributions of a row add up to its score. If the bottleneck draws codes, the
    /// contribution is the number of nats that the value adds above the least that any output could reach; such contributions
    /// do not add up to the score.
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn contributions<'r>(&self, rows: impl IntoRows<'r>) -> Result<Array2<f32>> {
        let rows = rows.into_rows()?;
        self.in_use(rows.nrows()).contributions(&rows)
    }

    /// The mean squared error over all rows and inputs of a dataset, in scaled units.
    ///
    /// # Errors
    ///
    /// If the width of the dataset differs from the model's data.
    pub fn mse(&self, data: &Dataset) -> Result<f64> {
        self.mse_on(data, self.in_use(data.rows()).workers())
    }

    /// As [`Model::mse`]. If the error of a row is too large for single precision, all errors are computed in double
    /// precision, like the measures of an evaluation.
    pub(crate) fn mse_on(&self, data: &Dataset, workers: &mut Workers) -> Result<f64> {
        let error = self.mse_in_single_precision(data, workers)?;
        if error.is_finite() {
            return Ok(error);
        }
        let scaling = &self.scaling;
        let rows = ScaledRows { data, scaling };
        let inputs = self.network.inputs();
        let at_once = ROWS_PER_THREAD * workers.threads();
        let mut sum = 0.0;
        for start in (0..data.rows()).step_by(at_once) {
            let count = at_once.min(data.rows() - start);
            let mut given = vec![0.0; count * inputs];
            rows.write(start..start + count, &mut given);
            let mut made = vec![0.0; count * inputs];
            let block = Block {
                given: &given,
                inputs,
            };
            self.reconstructor.run(&block, workers, &mut made);
            let errors = given.iter().zip(&made);
            let errors = errors.map(|(&given, &made)| f64::from(given) - f64::from(made));
            sum += errors.map(|error| error * error).sum::<f64>();
        }
        Ok(sum / (data.rows() * inputs) as f64)
    }

    /// The same with the errors of rows in single precision, as in training.
    pub(crate) fn mse_in_single_precision(
        &self,
        data: &Dataset,
        workers: &mut Workers,
    ) -> Result<f64> {
        self.check_width(data.inputs())?;
        let rows = ScaledRows {
            data,
            scaling: &self.scaling,
        };
        let errors = self.errors(&rows, workers);
        Ok(errors.iter().map(|&e| f64::from(e)).sum::<f64>() / errors.len() as f64)
    }

    /// Scaled rows of the model's width as the network's input, and the network's output for them; both
    /// `[rows, inputs]`.
    ///
    /// # Errors
    ///
    /// Never for rows of the model's width.
    pub fn scaled_reconstructions(&self, rows: &dyn Rows) -> Result<(Array2<f32>, Array2<f32>)> {
        let [inputs, outputs] = self.in_use(rows.count()).scaled_reconstructions(rows);
        Ok((inputs, outputs))
    }

    pub(crate) fn check_width(&self, width: usize) -> Result<()> {
        if width == self.network.inputs() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Data, "the data do not fit the model")
            .expected(format!(
                "rows of {} (shape {:?})",
                count_of(self.network.inputs(), "value"),
                self.shape
            ))
            .found(format!("rows of {width}"))
            .with(Detail::Width {
                expected: self.network.inputs(),
                found: width,
            }))
    }
}
