//! A model in use: its passes over rows, and the threads that run them.

use super::Model;
use super::rows::InMemory;
use crate::data::{Dataset, IntoRows, Real, RealOf};
use crate::error::{Detail, Error, ErrorKind, Result};
use crate::network::{Pass, Rows, ScaledRows, Workers};
use crate::text::count_of;
use crate::threads::available_threads;
use narrows_kernels::Isa;
use narrows_kernels::loss::Loss;
use ndarray::{Array1, Array2, Axis};

/// With fewer rows per thread than this, more threads cost more than they gain.
pub(super) const ROWS_PER_THREAD: usize = 256;

/// A model that is applied to rows piece by piece. One team of threads, with the memory of each thread, exists from the
/// first piece to the last and ends with this value. The model itself holds no threads.
///
/// The result for a row depends neither on its piece nor on the number of threads.
///
/// ```
/// # use narrows::{Recipe, data::Dataset};
/// # use ndarray::{Array2, Axis};
/// # fn main() -> narrows::Result<()> {
/// # let rows = Array2::from_shape_fn((500, 6), |(i, j)| (i as f32 * (j + 1) as f32 / 50.0).sin());
/// # let mut recipe = Recipe::named("table")?;
/// # recipe.epochs = 1;
/// # let model = narrows::fit(&recipe, &Dataset::from_array(rows.view())?)?;
/// let mut in_use = model.in_use(100); // for pieces of 100 rows at the most
/// for piece in rows.axis_chunks_iter(Axis(0), 100) {
///     let codes = in_use.encode(piece)?;
///     assert_eq!(codes.dim(), (100, 4));
/// }
/// # Ok(())
/// # }
/// ```
pub struct InUse<'a> {
    model: &'a Model,
    workers: Workers,
}

impl Model {
    /// The model with threads for many pieces of at most `rows` rows each. Larger pieces are possible, but use no
    /// further threads.
    pub fn in_use(&self, rows: usize) -> InUse<'_> {
        InUse {
            model: self,
            workers: Workers::new(available_threads().min(rows.div_ceil(ROWS_PER_THREAD))),
        }
    }

    /// The error of each row: the mean over its values of the squared error of the reconstruction, in scaled units.
    pub(super) fn errors(&self, rows: &dyn Rows, workers: &mut Workers) -> Array1<f32> {
        let isa = Isa::best();
        let mut errors = vec![0.0; rows.count()];
        self.compare(rows, workers, &mut errors, |input, output, error| {
            error.fill(error_of(isa, input, output));
        });
        Array1::from(errors)
    }

    /// Applies `f` to each row and its reconstruction. `f` computes as many numbers as `out` has room for per row.
    fn compare(
        &self,
        rows: &dyn Rows,
        workers: &mut Workers,
        out: &mut [f32],
        f: impl Fn(&[f32], &[f32], &mut [f32]) + Sync,
    ) {
        let inputs = self.network.inputs();
        let width = out.len() / rows.count().max(1);
        self.reconstructor.map(rows, workers, out, |passed, out| {
            let given = passed.inputs.chunks_exact(inputs);
            let pairs = given.zip(passed.outputs.chunks_exact(inputs));
            for ((input, output), out) in pairs.zip(out.chunks_exact_mut(width)) {
                f(input, output, out);
            }
        });
    }

    fn scaled<'a, 'r: 'a, R: IntoRows<'r>>(&'a self, rows: R) -> Result<InMemory<'a, R::Number>> {
        let rows = rows.into_rows()?;
        self.check_width(rows.ncols())?;
        Ok(InMemory::new(rows, Some(&self.scaling), "rows"))
    }

    pub(super) fn in_own_units<T: Real>(&self, rows: &Array2<f32>) -> Array2<T> {
        let mut out = Array2::from_elem(rows.dim(), T::default());
        if let (Some(rows), Some(out)) = (rows.as_slice(), out.as_slice_mut()) {
            self.scaling.unscale(rows, out);
        }
        out
    }
}

impl<'a> InUse<'a> {
    /// As [`Model::encode`].
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn encode<'r>(&mut self, rows: impl IntoRows<'r>) -> Result<Array2<f32>> {
        let rows = self.model.scaled(rows)?;
        let codes = self.run(&self.model.encoder, &rows);
        rows.checked(codes)
    }

    /// The codes of the rows of data. Values are converted to `f32` only when they are scaled.
    ///
    /// # Errors
    ///
    /// If the width of the data differs from the model's.
    pub(crate) fn codes_of(&mut self, data: &Dataset) -> Result<Array2<f32>> {
        self.model.check_width(data.inputs())?;
        let scaling = &self.model.scaling;
        let codes = self.run(&self.model.encoder, &ScaledRows { data, scaling });
        data.check_readable()?;
        Ok(codes)
    }

    /// As [`Model::decode`].
    ///
    /// # Errors
    ///
    /// As [`Model::decode`].
    pub fn decode<'r, R: IntoRows<'r>>(&mut self, codes: R) -> Result<Array2<RealOf<'r, R>>> {
        let codes = codes.into_rows()?;
        let (expected, found) = (self.model.code_size(), codes.ncols());
        if found != expected {
            return Err(
                Error::new(ErrorKind::Data, "the codes do not fit the model")
                    .expected(format!("{} each", count_of(expected, "value")))
                    .found(found)
                    .with(Detail::Width { expected, found }),
            );
        }
        let codes = InMemory::new(codes, None, "codes");
        let rows = self.run(&self.model.decoder, &codes);
        Ok(self.model.in_own_units(&codes.checked(rows)?))
    }

    /// As [`Model::reconstruct`].
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn reconstruct<'r, R: IntoRows<'r>>(&mut self, rows: R) -> Result<Array2<RealOf<'r, R>>> {
        let rows = self.model.scaled(rows)?;
        let outputs = self.run(&self.model.reconstructor, &rows);
        Ok(self.model.in_own_units(&rows.checked(outputs)?))
    }

    /// As [`Model::score`].
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn score<'r>(&mut self, rows: impl IntoRows<'r>) -> Result<Array1<f32>> {
        let rows = self.model.scaled(rows)?;
        let scores = match &self.model.bound {
            None => self.model.errors(&rows, &mut self.workers),
            Some(bound) => Array1::from(bound.scores(&rows, &mut self.workers)),
        };
        rows.checked(scores)
    }

    /// The scores of rows and the contribution of each value, `[rows, 1 + inputs]`, from one pass. The first column has
    /// the same bits as [`Model::score`]; the others are [`Model::contributions`].
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn explain<'r>(&mut self, rows: impl IntoRows<'r>) -> Result<Array2<f32>> {
        let isa = Isa::best();
        if let Some(bound) = &self.model.bound {
            let rows = self.model.scaled(rows)?;
            let explained = bound.explained(&rows, &mut self.workers);
            return rows.checked(explained);
        }
        self.compare(
            rows,
            1 + self.model.network.inputs(),
            |input, output, explained| {
                if let Some((score, contributions)) = explained.split_first_mut() {
                    *score = error_of(isa, input, output);
                    contribute(input, output, contributions);
                }
            },
        )
    }

    /// As [`Model::contributions`].
    ///
    /// # Errors
    ///
    /// As [`Model::encode`].
    pub fn contributions<'r>(&mut self, rows: impl IntoRows<'r>) -> Result<Array2<f32>> {
        if self.model.bound.is_some() {
            let explained = self.explain(rows)?;
            let of_values = explained.slice_axis(Axis(1), (1..).into());
            return Ok(of_values.as_standard_layout().into_owned());
        }
        self.compare(rows, self.model.network.inputs(), contribute)
    }

    /// Applies `f` to each row and its reconstruction; `f` computes a fixed number of numbers per row.
    fn compare<'r>(
        &mut self,
        rows: impl IntoRows<'r>,
        width: usize,
        f: impl Fn(&[f32], &[f32], &mut [f32]) + Sync,
    ) -> Result<Array2<f32>> {
        let rows = self.model.scaled(rows)?;
        let mut out = Array2::zeros((rows.count(), width));
        if let Some(out) = out.as_slice_mut() {
            self.model.compare(&rows, &mut self.workers, out, f);
        }
        rows.checked(out)
    }

    /// As [`Model::scaled_reconstructions`].
    pub(super) fn scaled_reconstructions(&mut self, rows: &dyn Rows) -> [Array2<f32>; 2] {
        let mut inputs = Array2::zeros((rows.count(), self.model.network.inputs()));
        if let Some(inputs) = inputs.as_slice_mut() {
            rows.write(0..rows.count(), inputs);
        }
        let scaled = InMemory::new(inputs.view().into(), None, "rows");
        let outputs = self.run(&self.model.reconstructor, &scaled);
        [inputs, outputs]
    }

    pub(super) fn model(&self) -> &'a Model {
        self.model
    }

    pub(super) fn workers(&mut self) -> &mut Workers {
        &mut self.workers
    }

    fn run(&mut self, pass: &Pass, rows: &dyn Rows) -> Array2<f32> {
        let mut out = Array2::zeros((rows.count(), pass.outputs()));
        if let Some(out) = out.as_slice_mut() {
            pass.run(rows, &mut self.workers, out);
        }
        out
    }
}

/// The score of a row.
fn error_of(isa: Isa, input: &[f32], output: &[f32]) -> f32 {
    Loss::Squared.sum(isa, output, input) / input.len() as f32
}

/// The contribution of each value to the score of a row.
fn contribute(input: &[f32], output: &[f32], contributions: &mut [f32]) {
    let share = 1.0 / input.len() as f32;
    let values = input.iter().zip(output);
    for (contribution, (input, output)) in contributions.iter_mut().zip(values) {
        *contribution = (output - input).powi(2) * share;
    }
}
