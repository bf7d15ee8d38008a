//! The results of a training run: its state, to resume it, and its model.

use super::state::State;
use super::training::Training;
use crate::data::{Checksums, Dataset, OtherRows, RowSketch};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, Origin, SplitRecord};
use crate::network::Network;
use crate::text::count_of;

impl<'a> Training<'a> {
    /// The number of finished epochs, and the number of finished rows of the next epoch.
    pub fn position(&self) -> (usize, usize) {
        (self.state.epochs_done, self.state.sums.rows)
    }

    /// Stores with the model the split of the rows, and the names of other sources for validation and testing.
    pub fn record_split(&mut self, split: SplitRecord, other: OtherRows<'_>) {
        self.origin = std::mem::take(&mut self.origin).with_split(split, other);
    }

    /// Stores with the model the checksums of the rows that it will be tested on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if rows that stay in a file cannot be read.
    pub fn record_test(&mut self, test: &Dataset) -> Result<()> {
        self.checksums.test = Some(test.checksum()?);
        Ok(())
    }

    /// Stores with the model the instruction sets of the training, in order, if there is more than the current one.
    pub fn record_isa(&mut self, isa: Vec<String>) {
        self.origin.isa = isa;
    }

    /// Checksums of some training rows, by which they are recognized.
    pub fn row_sketch(&self) -> Option<&RowSketch> {
        self.origin.rows.as_ref()
    }

    /// Checksums over the training rows, and over the rows for validation and testing that are known.
    pub fn checksums(&self) -> &Checksums {
        &self.checksums
    }

    /// The training rows.
    pub fn data(&self) -> &'a Dataset {
        self.data
    }

    /// The rows for validation, if there are any.
    pub fn validation(&self) -> Option<&'a Dataset> {
        self.validation
    }

    /// The shape of a row.
    pub fn shape(&self) -> &[usize] {
        self.data.shape()
    }

    /// The number of values of a row.
    pub fn inputs(&self) -> usize {
        self.data.inputs()
    }

    /// The number of values of a code.
    pub(crate) fn code_size(&self) -> usize {
        self.stepper.network().code_size()
    }

    /// The number of parameters.
    pub(crate) fn parameter_count(&self) -> usize {
        self.stepper.network().parameter_count()
    }

    /// The numbers of all states.
    pub(crate) fn state_count(&self) -> usize {
        self.stepper.parameters().states().len()
    }

    /// Everything besides recipe and data that is needed to resume from here.
    pub fn state(&self) -> State {
        let mut state = self.state.clone();
        let (steps, first, second) = self.stepper.optimizer().state();
        state.parameters = self.stepper.parameters().flat().to_vec();
        state.states = self.stepper.parameters().states().to_vec();
        state.steps = steps;
        state.first = first.to_vec();
        state.second = second.to_vec();
        state
    }

    /// Restores the state of a run of the same recipe on the same data. The following steps have the same bits as if
    /// that run had continued, for any number of threads.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] if the state does not fit the recipe or the data.
    pub fn restore(&mut self, state: State) -> Result<()> {
        let refuse = |what: &str| Error::new(ErrorKind::Format, what);
        let in_step = self
            .recipe
            .batch_size
            .saturating_mul(self.recipe.accumulation);
        let count = self.stepper.parameters().flat().len();
        let rows = state.sums.rows;
        // All rows: only the validation of the epoch is missing.
        let is_trained = rows == self.data.rows() && self.validation.is_some();
        let steps = self.stepper.pieces(self.data.rows(), in_step).count();
        if !is_trained && (rows / in_step >= steps || !rows.is_multiple_of(in_step)) {
            return Err(refuse("the state lies at no step of these data")
                .expected(format!(
                    "a multiple of {} below {}",
                    count_of(in_step, "row"),
                    steps.saturating_mul(in_step)
                ))
                .found(rows));
        }
        if state.sums.columns.len() != self.state.sums.columns.len() {
            return Err(refuse("the state has other losses than the recipe"));
        }
        if !state.best.parameters.is_empty() && state.best.parameters.len() != count {
            return Err(refuse("the best parameters do not fit the network")
                .expected(count)
                .found(state.best.parameters.len()));
        }
        let states = self.stepper.parameters().states().len();
        if !state.best.parameters.is_empty() && state.best.states.len() != states {
            return Err(refuse("the best states do not fit the network")
                .expected(states)
                .found(state.best.states.len()));
        }
        self.stepper.set_states(&state.states)?;
        let optimizer = (state.steps, &state.first[..], &state.second[..]);
        self.stepper.restore(&state.parameters, optimizer)?;
        self.state = state;
        Ok(())
    }

    /// Starts with the parameters of another model with the same layers, instead of random parameters.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the tensors of the two models differ.
    pub fn init_from(&mut self, model: &Model) -> Result<()> {
        let named = |network: &Network| -> Vec<(String, Vec<usize>)> {
            let tensors = network.tensors().iter();
            let tensors = tensors.map(|tensor| (tensor.name.clone(), tensor.shape.clone()));
            let states = network.states().iter();
            let states = states.map(|state| (state.name.clone(), state.shape.clone()));
            tensors.chain(states).collect()
        };
        let (ours, theirs) = (named(self.stepper.network()), named(model.network()));
        if ours != theirs {
            let differing = ours.iter().zip(&theirs).find(|(a, b)| a != b);
            let error = Error::new(ErrorKind::Data, "the model to start from has other layers");
            return Err(match differing {
                Some((ours, theirs)) => error
                    .expected(format!("`{}` of shape {:?}", ours.0, ours.1))
                    .found(format!("`{}` of shape {:?}", theirs.0, theirs.1)),
                None => error
                    .expected(format!("{} tensors", ours.len()))
                    .found(theirs.len()),
            });
        }
        self.stepper.set_states(model.parameters().states())?;
        self.stepper.set_parameters(model.parameters().flat())
    }

    /// The model: with validation, the one with the lowest validation loss; otherwise the current one.
    ///
    /// # Errors
    ///
    /// Never, for a run that [`Training::new`] accepted.
    pub fn model(&self) -> Result<Model> {
        let best = &self.state.best;
        if best.parameters.is_empty() {
            self.last_model()
        } else {
            self.model_of(&best.parameters, &best.states)
        }
    }

    /// The model with the current parameters.
    pub(super) fn last_model(&self) -> Result<Model> {
        let parameters = self.stepper.parameters();
        self.model_of(parameters.flat(), parameters.states())
    }

    /// The model with these parameters and states.
    pub(super) fn model_of(&self, parameters: &[f32], states: &[f32]) -> Result<Model> {
        let mut model = Model::with_states(
            self.recipe.clone(),
            self.scaling.clone(),
            self.data.shape(),
            parameters,
            states,
        )?;
        model.set_origin(Origin {
            checksums: Some(self.checksums),
            ..self.origin.clone()
        });
        Ok(model)
    }
}
