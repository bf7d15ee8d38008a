//! A model in use: encode, decode, reconstruct, score.

use super::Model;
use super::rows::{Block, InMemory, row_major};
use crate::data::{Dataset, Number, Real};
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Pass, Passed, Rows, ScaledRows};
use crate::threads::available_threads;
use narrows_kernels::Isa;
use narrows_kernels::loss::Loss;
use narrows_kernels::team::Team;
use ndarray::{Array1, Array2, ArrayView2};

/// Rows below which more threads cost more than they bring.
const ROWS_PER_THREAD: usize = 256;

impl Model {
    /// The codes, `[rows, code]`, of rows `[rows, inputs]` in the data's units.
    ///
    /// # Errors
    ///
    /// When the rows have another width than the model's data, or hold a value that is not finite.
    pub fn encode<T: Number>(&self, rows: ArrayView2<'_, T>) -> Result<Array2<f32>> {
        let rows = self.scaled(rows)?;
        let codes = self.run(&self.encoder, &rows)?;
        rows.checked(codes)
    }

    /// The codes of the rows of data, which become `f32` no sooner than they are scaled.
    ///
    /// # Errors
    ///
    /// When the data have another width than the model's.
    pub(crate) fn codes_of(&self, data: &Dataset) -> Result<Array2<f32>> {
        self.check_width(data.inputs())?;
        let rows = ScaledRows {
            data,
            scaling: &self.scaling,
        };
        let codes = self.run(&self.encoder, &rows)?;
        data.check_readable()?;
        Ok(codes)
    }

    /// The reconstructions, `[rows, inputs]` in the data's units, of codes `[rows, code]`.
    ///
    /// # Errors
    ///
    /// When the codes have another width than the model's, or hold a value that is not finite.
    pub fn decode<T: Number>(&self, codes: ArrayView2<'_, T>) -> Result<Array2<T::Real>> {
        if codes.ncols() != self.code_size() {
            return Err(
                Error::new(ErrorKind::Data, "the codes do not fit the model")
                    .expected(format!("{} values each", self.code_size()))
                    .found(codes.ncols()),
            );
        }
        let codes = InMemory::new(row_major(codes), None, "codes");
        let rows = self.run(&self.decoder, &codes)?;
        self.in_own_units(codes.checked(rows)?)
    }

    /// The reconstructions, `[rows, inputs]`, of rows `[rows, inputs]`, both in the data's units.
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn reconstruct<T: Number>(&self, rows: ArrayView2<'_, T>) -> Result<Array2<T::Real>> {
        let rows = self.scaled(rows)?;
        let outputs = self.run(&self.reconstructor, &rows)?;
        self.in_own_units(rows.checked(outputs)?)
    }

    /// The mean squared error of each row's reconstruction, in the scaled units that the network
    /// was trained in.
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn score<T: Number>(&self, rows: ArrayView2<'_, T>) -> Result<Array1<f32>> {
        let rows = self.scaled(rows)?;
        let team = &mut self.team(rows.count());
        rows.checked(self.errors(&rows, team))
    }

    /// What each value contributes to the scores of rows, `[rows, inputs]`: its squared error in scaled
    /// units, divided by the number of values, so that a row's contributions add up to its score.
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn contributions<T: Number>(&self, rows: ArrayView2<'_, T>) -> Result<Array2<f32>> {
        let rows = self.scaled(rows)?;
        let (inputs, mut outputs) = rows.checked(self.scaled_reconstructions(&rows)?)?;
        let share = 1.0 / self.network.inputs() as f32;
        outputs.zip_mut_with(&inputs, |output, &input| {
            *output = (*output - input).powi(2) * share;
        });
        Ok(outputs)
    }

    /// The mean squared error over all rows and inputs of a dataset, in scaled units.
    ///
    /// # Errors
    ///
    /// When the dataset has another width than the model's data.
    pub fn mse(&self, data: &Dataset) -> Result<f64> {
        self.mse_on(data, &mut self.team(data.rows()))
    }

    /// As [`Model::mse`]. Where the error of a row is too large for single precision, all are formed in double precision,
    /// as the measures of an evaluation are.
    pub(crate) fn mse_on(&self, data: &Dataset, team: &mut Team) -> Result<f64> {
        let error = self.mse_in_single_precision(data, team)?;
        if error.is_finite() {
            return Ok(error);
        }
        let scaling = &self.scaling;
        let rows = ScaledRows { data, scaling };
        let (inputs, at_once) = (self.network.inputs(), ROWS_PER_THREAD * team.threads());
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
            self.reconstructor.run(&block, team, &mut made);
            let errors = given.iter().zip(&made);
            let errors = errors.map(|(&given, &made)| f64::from(given) - f64::from(made));
            sum += errors.map(|error| error * error).sum::<f64>();
        }
        Ok(sum / (data.rows() * inputs) as f64)
    }

    /// The same with the errors of rows in single precision, as training forms them.
    pub(crate) fn mse_in_single_precision(&self, data: &Dataset, team: &mut Team) -> Result<f64> {
        self.check_width(data.inputs())?;
        let rows = ScaledRows {
            data,
            scaling: &self.scaling,
        };
        let errors = self.errors(&rows, team);
        Ok(errors.iter().map(|&e| f64::from(e)).sum::<f64>() / errors.len() as f64)
    }

    /// Scaled rows, as wide as the model's data, as the network sees them and as it gives them back; both
    /// `[rows, inputs]`.
    ///
    /// # Errors
    ///
    /// Never for rows of the model's width.
    pub fn scaled_reconstructions(&self, rows: &dyn Rows) -> Result<(Array2<f32>, Array2<f32>)> {
        let mut inputs = Array2::zeros((rows.count(), self.network.inputs()));
        if let Some(inputs) = inputs.as_slice_mut() {
            rows.write(0..rows.count(), inputs);
        }
        let scaled = InMemory::new(inputs.view().into(), None, "rows");
        let outputs = self.run(&self.reconstructor, &scaled)?;
        Ok((inputs, outputs))
    }

    pub(crate) fn check_width(&self, width: usize) -> Result<()> {
        if width == self.network.inputs() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Data, "the data do not fit the model")
            .expected(format!(
                "rows of {} values (shape {:?})",
                self.network.inputs(),
                self.shape
            ))
            .found(format!("rows of {width}")))
    }

    fn scaled<'a, T: Number>(&'a self, rows: ArrayView2<'a, T>) -> Result<InMemory<'a, T>> {
        self.check_width(rows.ncols())?;
        Ok(InMemory::new(row_major(rows), Some(&self.scaling), "rows"))
    }

    fn in_own_units<T: Real>(&self, rows: Array2<f32>) -> Result<Array2<T>> {
        let mut out = Array2::from_elem(rows.dim(), T::default());
        if let (Some(rows), Some(out)) = (rows.as_slice(), out.as_slice_mut()) {
            self.scaling.unscale(rows, out);
        }
        Ok(out)
    }

    fn team(&self, rows: usize) -> Team {
        Team::new(available_threads().min(rows.div_ceil(ROWS_PER_THREAD)))
    }

    fn run(&self, pass: &Pass, rows: &dyn Rows) -> Result<Array2<f32>> {
        let mut out = Array2::zeros((rows.count(), pass.outputs()));
        if let Some(out) = out.as_slice_mut() {
            let team = &mut self.team(rows.count());
            pass.run(rows, team, out);
        }
        Ok(out)
    }

    pub(super) fn errors(&self, rows: &dyn Rows, team: &mut Team) -> Array1<f32> {
        let (isa, inputs) = (Isa::best(), self.network.inputs());
        let mut errors = vec![0.0; rows.count()];
        self.reconstructor.map(
            rows,
            team,
            &mut errors,
            |Passed {
                 inputs: given,
                 outputs: made,
             },
             errors| {
                let pairs = given.chunks_exact(inputs).zip(made.chunks_exact(inputs));
                for (error, (input, output)) in errors.iter_mut().zip(pairs) {
                    *error = Loss::Squared.sum(isa, output, input) / inputs as f32;
                }
            },
        );
        Array1::from(errors)
    }
}
