//! A trained autoencoder: encode, decode, reconstruct and score; save and load.

mod again;
pub(crate) mod checksums;
mod columns;
mod file;
mod foreign;
mod header;
mod import;
mod origin;
mod states;

pub use again::SplitAgain;
pub use columns::{InputColumn, ModelColumn};
pub use import::{ImportOptions, Imported};
pub use origin::{Origin, Rule, SplitRecord, Threshold, ThresholdRows};

use crate::data::scaling::Scaling;
use crate::data::{Dataset, Number, Real};
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Network, Parameters, Pass, Passed, Rows, ScaledRows};
use crate::recipe::Recipe;
use crate::threads::available_threads;
use narrows_kernels::Isa;
use narrows_kernels::loss::Loss;
use narrows_kernels::reduce::is_finite;
use narrows_kernels::team::Team;
use ndarray::{Array1, Array2, ArrayView2, CowArray, Ix2};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A trained autoencoder, with all that its use needs: recipe, scaling, shape and parameters.
///
/// Rows go in and come out in the data's own units; scaling is done and undone inside. They may be of any type of
/// [`Number`]: what the scaling subtracts is subtracted in double precision.
#[derive(Debug)]
pub struct Model {
    recipe: Recipe,
    scaling: Scaling,
    shape: Vec<usize>,
    network: Network,
    parameters: Arc<Parameters>,
    encoder: Pass,
    decoder: Pass,
    /// Encoder and decoder.
    reconstructor: Pass,
    metrics: BTreeMap<String, f64>,
    origin: Origin,
    threshold: Option<Threshold>,
}

/// Refuses numbers that are more or fewer than a network has.
fn check_count(what: &str, numbers: &[f32], expected: usize) -> Result<()> {
    match numbers.len() == expected {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Data,
            format!("the {what} do not fit the network"),
        )
        .expected(format!("{expected} numbers"))
        .found(numbers.len())),
    }
}

/// Rows below which more threads cost more than they bring.
const ROWS_PER_THREAD: usize = 256;

impl Model {
    /// A model from its parts; `parameters` lie as the network's tensors do. Its states are as they are before training.
    ///
    /// # Errors
    ///
    /// When the parts do not fit together.
    pub fn new(
        recipe: Recipe,
        scaling: Scaling,
        shape: &[usize],
        parameters: &[f32],
    ) -> Result<Model> {
        let network = recipe.network(shape)?;
        check_count("parameters", parameters, network.parameter_count())?;
        let parameters = Parameters::new(&network, parameters);
        Model::of(recipe, scaling, network, parameters)
    }

    /// As [`Model::new`], with the numbers of the network's [states](Network::states).
    ///
    /// # Errors
    ///
    /// When the parts do not fit together.
    pub fn with_states(
        recipe: Recipe,
        scaling: Scaling,
        shape: &[usize],
        parameters: &[f32],
        states: &[f32],
    ) -> Result<Model> {
        let network = recipe.network(shape)?;
        check_count("parameters", parameters, network.parameter_count())?;
        check_count("states", states, network.state_count())?;
        let parameters = Parameters::new(&network, parameters).with_states(states);
        Model::of(recipe, scaling, network, parameters)
    }

    /// A model of a network and its parameters.
    fn of(
        recipe: Recipe,
        scaling: Scaling,
        network: Network,
        parameters: Parameters,
    ) -> Result<Model> {
        let parameters = Arc::new(parameters);
        let pass = |layers| Pass::new(&network, &parameters, layers);
        let (shape, metrics) = (network.shape(0).to_vec(), BTreeMap::new());
        Ok(Model {
            recipe,
            scaling,
            shape,
            encoder: pass(network.encoder())?,
            decoder: pass(network.decoder())?,
            reconstructor: pass(network.layers())?,
            network,
            parameters,
            metrics,
            origin: Origin::default(),
            threshold: None,
        })
    }

    /// The recipe that it was trained by.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The scaling between the data's units and the network's.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// The shape of one row: `[channels, height, width]` for images, `[columns]` for tables.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The layers and tensors.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// From scaled rows to codes.
    pub fn encoder(&self) -> &Pass {
        &self.encoder
    }

    /// From codes to scaled rows.
    pub fn decoder(&self) -> &Pass {
        &self.decoder
    }

    /// From scaled rows to their reconstructions.
    pub fn reconstructor(&self) -> &Pass {
        &self.reconstructor
    }

    /// From what some of the layers read to what they give.
    ///
    /// # Errors
    ///
    /// Never for layers that the network has.
    pub fn pass(&self, layers: Range<usize>) -> Result<Pass> {
        Pass::new(&self.network, &self.parameters, layers)
    }

    /// The number of values in a code.
    pub fn code_size(&self) -> usize {
        self.network.code_size()
    }

    /// Named figures that are kept with the model, such as `test_mse`.
    pub fn metrics(&self) -> &BTreeMap<String, f64> {
        &self.metrics
    }

    /// Figures to keep with the model.
    pub fn metrics_mut(&mut self) -> &mut BTreeMap<String, f64> {
        &mut self.metrics
    }

    /// What it knows of the data that it was trained on.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What to keep of the data that it was trained on.
    pub fn set_origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// The columns of the table that it was trained on, those that it does not learn from among them, or the values of a
    /// row of an array; none for images, and for models of format versions 1 and 2, which know names alone
    /// ([`Origin::columns`]).
    pub fn columns(&self) -> Option<&[ModelColumn]> {
        let table = &self.origin.table[..];
        (!table.is_empty()).then_some(table)
    }

    /// What it knows of the numbers of each value of a row, in their order; nothing where there are no columns.
    pub fn input_columns(&self) -> Vec<&InputColumn> {
        let columns = self.origin.table.iter();
        let mut inputs: Vec<&InputColumn> = columns.filter_map(|c| c.input.as_ref()).collect();
        inputs.sort_by_key(|input| input.place);
        inputs
    }

    /// Whether float32 would merge distinct values of a column in the data's own units, so that rows are better given
    /// and taken in float64.
    pub fn needs_double(&self) -> bool {
        let columns = self.origin.table.iter();
        let mut inputs = columns.filter_map(|column| column.input.as_ref());
        inputs.any(|input| input.needs_double)
    }

    /// The score above which a row is unusual, if one was chosen.
    pub fn threshold(&self) -> Option<&Threshold> {
        self.threshold.as_ref()
    }

    /// Chooses the score above which a row is unusual.
    pub fn set_threshold(&mut self, threshold: Threshold) {
        self.threshold = Some(threshold);
    }

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

    fn errors(&self, rows: &dyn Rows, team: &mut Team) -> Array1<f32> {
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

/// Scaled rows, one after the other.
struct Block<'a> {
    given: &'a [f32],
    inputs: usize,
}

impl Rows for Block<'_> {
    fn count(&self) -> usize {
        self.given.len() / self.inputs
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        into.copy_from_slice(&self.given[rows.start * self.inputs..rows.end * self.inputs]);
    }
}

/// Rows in memory, row-major; scaled on the way where there is a scaling, and checked while they are in the cache.
struct InMemory<'a, T: Number> {
    rows: CowArray<'a, T, Ix2>,
    scaling: Option<&'a Scaling>,
    /// What they are, for people.
    what: &'static str,
    is_finite: AtomicBool,
}

impl<'a, T: Number> InMemory<'a, T> {
    fn new(rows: CowArray<'a, T, Ix2>, scaling: Option<&'a Scaling>, what: &'static str) -> Self {
        InMemory {
            rows,
            scaling,
            what,
            is_finite: AtomicBool::new(true),
        }
    }

    /// What was made of the rows, once all were read, if all their values are finite.
    fn checked<U>(&self, made: U) -> Result<U> {
        if self.is_finite.load(Ordering::Relaxed) {
            return Ok(made);
        }
        let mut values = self.rows.indexed_iter();
        match values.find(|(_, value)| !value.to_f64().is_finite()) {
            None => Ok(made),
            Some(((row, column), value)) => Err(Error::new(
                ErrorKind::Data,
                format!("the {} hold a value that is not finite", self.what),
            )
            .at(format!("row {row}, column {column}"))
            .found(value.to_f64())),
        }
    }
}

impl<T: Number> Rows for InMemory<'_, T> {
    fn count(&self) -> usize {
        self.rows.nrows()
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        let (isa, width) = (Isa::best(), self.rows.ncols());
        let Some(values) = self.rows.as_slice() else {
            return;
        };
        let from = values[rows.start * width..rows.end * width].chunks_exact(width);
        let mut all_finite = true;
        for (from, into) in from.zip(into.chunks_exact_mut(width)) {
            match self.scaling {
                Some(scaling) => scaling.scale(from, into),
                None => from
                    .iter()
                    .zip(&mut *into)
                    .for_each(|(from, into)| *into = from.to_f32()),
            }
            // What is not finite stays so when it is scaled.
            all_finite &= is_finite(isa, into);
        }
        if !all_finite {
            self.is_finite.store(false, Ordering::Relaxed);
        }
    }
}

/// The same rows one after the other; copied only if they are not.
fn row_major<T: Number>(rows: ArrayView2<'_, T>) -> CowArray<'_, T, Ix2> {
    match rows.is_standard_layout() {
        true => rows.into(),
        false => rows.as_standard_layout().into_owned().into(),
    }
}
