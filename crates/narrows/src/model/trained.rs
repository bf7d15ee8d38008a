//! A trained autoencoder: its parts.

use super::bound::Bound;
use super::columns::{InputColumn, ModelColumn};
use super::origin::{Origin, Threshold};
use super::prior::Prior;
use crate::scaling::Scaling;

use crate::error::{Detail, Error, ErrorKind, Result};
use crate::network::{Network, Parameters, Pass};
use crate::recipe::Recipe;
use crate::text::count_of;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A trained autoencoder with everything that is needed to use it: recipe, scaling, shape and parameters.
///
/// Inputs and outputs are in the data's own units; the model scales and unscales them. Inputs may be of any type of
/// [`Number`](crate::data::Number): the offset of the scaling is subtracted in double precision.
#[derive(Debug)]
pub struct Model {
    pub(super) recipe: Recipe,
    pub(super) scaling: Scaling,
    pub(super) shape: Vec<usize>,
    pub(super) network: Network,
    pub(super) parameters: Arc<Parameters>,
    pub(super) encoder: Pass,
    pub(super) decoder: Pass,
    /// Encoder and decoder.
    pub(super) reconstructor: Pass,
    /// What the evidence lower bound is measured with, where the bottleneck draws codes.
    pub(super) bound: Option<Bound>,
    pub(super) metrics: BTreeMap<String, f64>,
    pub(super) origin: Origin,
    pub(super) threshold: Option<Threshold>,
    pub(super) prior: Option<Prior>,
}

/// Refuses a list of numbers whose length differs from the network's.
pub(super) fn check_count(what: &str, numbers: &[f32], expected: usize) -> Result<()> {
    if numbers.len() == expected {
        Ok(())
    } else {
        Err(Error::new(
            ErrorKind::Data,
            format!("the {what} do not fit the network"),
        )
        .expected(count_of(expected, "number"))
        .found(numbers.len()))
    }
}

impl Model {
    /// A model from its parts; `parameters` are in the order of the network's tensors. Its states are as before
    /// training.
    ///
    /// # Errors
    ///
    /// If the parts do not fit together.
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
    /// If the parts do not fit together.
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

    /// A model from a network and its parameters.
    pub(super) fn of(
        recipe: Recipe,
        scaling: Scaling,
        network: Network,
        parameters: Parameters,
    ) -> Result<Model> {
        let parameters = Arc::new(parameters);
        let pass = |layers| Pass::new(&network, &parameters, layers);
        let (shape, metrics) = (network.shape(0).to_vec(), BTreeMap::new());
        Ok(Model {
            encoder: pass(network.encoder())?,
            decoder: pass(network.decoder())?,
            reconstructor: pass(network.layers())?,
            bound: Bound::of(&recipe, &network, &parameters)?,
            recipe,
            scaling,
            shape,
            network,
            parameters,
            metrics,
            origin: Origin::default(),
            threshold: None,
            prior: None,
        })
    }

    /// The recipe that the model was trained with.
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

    /// The pass from scaled rows to codes.
    pub fn encoder(&self) -> &Pass {
        &self.encoder
    }

    /// The pass from codes to scaled rows.
    pub fn decoder(&self) -> &Pass {
        &self.decoder
    }

    /// The pass from scaled rows to their reconstructions.
    pub fn reconstructor(&self) -> &Pass {
        &self.reconstructor
    }

    /// What the evidence lower bound is measured with; none where the bottleneck does not draw codes.
    pub(crate) fn bound(&self) -> Option<&Bound> {
        self.bound.as_ref()
    }

    /// The pass from the input of the first of some layers to the output of the last.
    ///
    /// # Errors
    ///
    /// Never, if the network has these layers.
    pub fn pass(&self, layers: Range<usize>) -> Result<Pass> {
        Pass::new(&self.network, &self.parameters, layers)
    }

    /// The number of values in a code.
    pub fn code_size(&self) -> usize {
        self.network.code_size()
    }

    /// Named metrics that are stored with the model, such as `test_mse`.
    pub fn metrics(&self) -> &BTreeMap<String, f64> {
        &self.metrics
    }

    /// The metrics to store with the model.
    pub fn metrics_mut(&mut self) -> &mut BTreeMap<String, f64> {
        &mut self.metrics
    }

    /// What the model stores about its training data.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Sets what the model stores about its training data.
    pub fn set_origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// The columns of the training table, including columns that the model does not learn from, or the values of a row
    /// of an array. `None` for images, and for models of format versions 1 and 2, which know only names
    /// ([`Origin::columns`]).
    pub fn columns(&self) -> Option<&[ModelColumn]> {
        let table = &self.origin.table[..];
        (!table.is_empty()).then_some(table)
    }

    /// The statistics of each value of a row, in order; empty if there are no columns.
    pub fn input_columns(&self) -> Vec<&InputColumn> {
        let columns = self.origin.table.iter();
        let mut inputs: Vec<&InputColumn> = columns.filter_map(|c| c.input.as_ref()).collect();
        inputs.sort_by_key(|input| input.place);
        inputs
    }

    /// Whether float32 would merge distinct values of a column in the data's own units. If so, pass rows as float64 and
    /// take results as float64.
    pub fn needs_double(&self) -> bool {
        let columns = self.origin.table.iter();
        let mut inputs = columns.filter_map(|column| column.input.as_ref());
        inputs.any(|input| input.needs_double)
    }

    /// The score above which a row is unusual, if one was chosen.
    pub fn threshold(&self) -> Option<&Threshold> {
        self.threshold.as_ref()
    }

    /// Sets the score above which a row is unusual.
    pub fn set_threshold(&mut self, threshold: Threshold) {
        self.threshold = Some(threshold);
    }

    /// The distribution of its codes that was fitted to them, if one was.
    pub fn prior(&self) -> Option<&Prior> {
        self.prior.as_ref()
    }

    /// Keeps a distribution of the codes with the model.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if it is one of codes of another width.
    pub fn set_prior(&mut self, prior: Prior) -> Result<()> {
        self.check_prior(&prior)?;
        self.prior = Some(prior);
        Ok(())
    }

    /// Refuses a distribution of codes of another width.
    pub(crate) fn check_prior(&self, prior: &Prior) -> Result<()> {
        let (expected, found) = (self.code_size(), prior.width());
        if expected == found {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::Data, "the prior does not fit the model")
                .expected(format!("one of codes of {}", count_of(expected, "value")))
                .found(found)
                .with(Detail::Width { expected, found }),
        )
    }
}
