//! Training that diverged: the place, the first value that is not finite, and the advice.

use super::step::NotFinite;
use super::training::Training;
use crate::advice::Action;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::network::Workers;
use crate::scaling::ScalingSpec;
use crate::text::count_of;
use narrows_kernels::Isa;
use narrows_kernels::reduce::is_finite;

/// The number of training rows on which a model is checked before it is saved.
const TRIED: usize = 64;

impl Training<'_> {
    /// The error of a step whose loss is not finite: `step` of a number of steps, on some rows.
    pub(super) fn diverged(
        &self,
        (step, steps): (usize, usize),
        data: &Dataset,
        rows: &[u32],
    ) -> Error {
        let losses = self.stepper.last_losses();
        let columns = self.stepper.columns().zip(&losses.columns);
        let mut penalties = columns
            .filter_map(|(name, value)| Some((name.strip_prefix("penalty.")?.to_string(), value)));
        let penalty = penalties.find(|(_, value)| !value.is_finite());
        let part = match &penalty {
            _ if !losses.reconstruction.is_finite() => "the reconstruction loss".to_string(),
            Some((penalty, _)) => format!("the penalty `{penalty}`"),
            None => "the sum of the losses".to_string(),
        };
        let (scaling, epoch) = (&self.scaling, self.state.epochs_done as u32);
        let first = self
            .stepper
            .first_not_finite(data, scaling, epoch, rows)
            .unwrap_or(None);
        let place = match first {
            Some(NotFinite::Inputs) => "; the scaled rows themselves are not finite".to_string(),
            Some(NotFinite::Outputs(layer)) => format!(
                "; the first values that are not finite are the outputs of {}",
                self.layer_name(layer)
            ),
            None => "; the outputs of all layers are finite".to_string(),
        };
        let is_first_step = self.stepper.optimizer().state().0 == 0;
        let weight = penalty.map(|(penalty, _)| {
            // A part of a penalty has the weight of the whole penalty.
            let whole = penalty.split('.').next().unwrap_or(&penalty);
            format!("give `{whole}` a smaller weight")
        });
        let hint = match (first, weight) {
            (Some(NotFinite::Inputs), _) => self.smaller_values(),
            (_, weight) if is_first_step => format!(
                "this is the first step, so the learning rate is not the cause: {}",
                weight.unwrap_or_else(|| self.smaller_values())
            ),
            (_, Some(weight)) if losses.reconstruction.is_finite() => {
                format!("{weight}, or {}", self.slower())
            }
            _ => self.slower(),
        };
        Error::new(
            ErrorKind::Diverged,
            format!("training diverged: {part} is not finite{place}"),
        )
        .at(format!(
            "epoch {}, step {} of {steps}",
            self.state.epochs_done + 1,
            step + 1
        ))
        .expected("a finite loss")
        .found(losses.total)
        .hint(hint)
    }

    /// The hint against steps that are too large.
    fn slower(&self) -> String {
        let rate = self.recipe.optimizer.learning_rate();
        let clip = match self.recipe.clip_norm {
            0.0 => ", or training.clip_norm=1",
            _ => ", or a smaller training.clip_norm",
        };
        // 0.001, but 1e38.
        let rate = if (1e-4..1e6).contains(&rate) {
            format!("{rate}")
        } else {
            format!("{rate:e}")
        };
        format!("try a smaller learning rate than {rate}{clip}")
    }

    /// The hint against rows whose values are too large.
    fn smaller_values(&self) -> String {
        let is_scaled = matches!(
            self.recipe.scaling,
            Some(
                ScalingSpec::Standardize { mean: None, .. }
                    | ScalingSpec::MinMax { min: None, .. }
                    | ScalingSpec::Robust
                    | ScalingSpec::Quantile
            )
        );
        match (self.recipe.corruption.is_some(), is_scaled) {
            (true, true) => "use less noise".into(),
            (true, false) => {
                "use less noise, or scale the data with scaling.kind=standardize".into()
            }
            (false, false) => "scale the data, with scaling.kind=standardize".into(),
            (false, true) => format!("look for huge values with {}", Action::DescribeData),
        }
    }

    /// A layer as named in errors: ``encoder[2]` (dense)``.
    fn layer_name(&self, layer: usize) -> String {
        let encoder = self.recipe.encoder.len();
        let (side, index, specs) = match layer.checked_sub(encoder) {
            None => ("encoder", layer, &self.recipe.encoder),
            Some(index) => ("decoder", index, &self.recipe.decoder),
        };
        let kind = specs.get(index).map_or("layer", |spec| spec.name());
        format!("`{side}[{index}]` ({kind})")
    }

    /// The last step, as named in errors.
    fn place(&self) -> String {
        let in_step = self
            .recipe
            .batch_size
            .saturating_mul(self.recipe.accumulation);
        let steps = self.stepper.pieces(self.data.rows(), in_step).count();
        let (epoch, step) = match self.state.sums.rows {
            0 => (self.state.epochs_done, steps),
            rows => (
                self.state.epochs_done + 1,
                rows.div_ceil(in_step).min(steps),
            ),
        };
        format!("epoch {epoch}, after step {step} of {steps}")
    }

    /// Refuses parameters that are not finite. The loss of a step is computed before its update, so the very last step
    /// could make the parameters infinite unnoticed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Diverged`], with the first such tensor.
    pub fn check_parameters(&self) -> Result<()> {
        let isa = Isa::best();
        let best = &self.state.best;
        let now = self.stepper.parameters();
        self.check_states(now.states())?;
        self.check_states(&best.states)?;
        for all in [now.flat(), &best.parameters] {
            if is_finite(isa, all) {
                continue;
            }
            let tensors = self.stepper.network().tensors().iter();
            let mut values = tensors.filter_map(|tensor| {
                let these = all.get(tensor.range.clone())?;
                let at = these.iter().position(|value| !value.is_finite())?;
                Some((tensor.name.clone(), at, these[at]))
            });
            let Some((name, at, value)) = values.next() else {
                continue;
            };
            return Err(Error::new(
                ErrorKind::Diverged,
                format!("training diverged: the parameters `{name}` are not finite"),
            )
            .at(self.place())
            .expected("finite parameters")
            .found(format!("{value} at element {at}"))
            .hint(self.slower()));
        }
        Ok(())
    }

    /// Refuses running statistics and other states that are not finite.
    fn check_states(&self, all: &[f32]) -> Result<()> {
        for state in self.stepper.network().states() {
            let numbers = all.get(state.range.clone()).unwrap_or_default();
            if let Some((at, number)) = state.first_unsound(numbers) {
                return Err(Error::new(
                    ErrorKind::Diverged,
                    format!(
                        "training diverged: the state `{}` is not finite",
                        state.name
                    ),
                )
                .at(self.place())
                .expected("finite numbers")
                .found(format!("{number} at element {at}"))
                .hint(self.slower()));
            }
        }
        Ok(())
    }

    /// The model of [`Training::model`], after a check: its parameters must be finite, and so must its mean squared
    /// error on some training rows. Only such a model may replace another one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Diverged`] if the check fails. Also if training is over and no epoch had a finite validation loss,
    /// which is possible in runs of an earlier version.
    pub fn checked_model(&self) -> Result<Model> {
        self.check_parameters()?;
        let model = self.model()?;
        self.check_model(&model)?;
        match self.validation {
            Some(validation) if self.is_finished() && self.state.best.epoch == 0 => {
                Err(self.validation_rows_too_large(validation))
            }
            _ => Ok(model),
        }
    }

    /// Refuses a validation loss that is not finite, and names its cause: the parameters, their outputs for training
    /// rows, or otherwise the validation rows.
    pub(super) fn check_validation_loss(&self, loss: f64, validation: &Dataset) -> Result<()> {
        if loss.is_finite() {
            return Ok(());
        }
        self.check_parameters()?;
        self.check_model(&self.last_model()?)?;
        Err(self
            .validation_rows_too_large(validation)
            .expected("a finite loss")
            .found(loss))
    }

    /// The error if the validation loss is not finite although the model passes the check.
    fn validation_rows_too_large(&self, validation: &Dataset) -> Error {
        Error::new(
            ErrorKind::Diverged,
            format!(
                "the validation loss on rows of `{}` is not finite, while the training loss is",
                validation.name()
            ),
        )
        .at(self.place())
        .hint(format!(
            "some validation rows have huge values: look for them with {}, correct them or leave the rows out, and \
             start a new run",
            Action::DescribeData
        ))
    }

    /// Refuses a model whose mean squared error on some training rows is not finite.
    fn check_model(&self, model: &Model) -> Result<()> {
        let rows = self.data.head(TRIED.min(self.data.rows()))?;
        let error = model.mse_in_single_precision(&rows, &mut Workers::new(1))?;
        if error.is_finite() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Diverged,
            "training diverged: the model's mean squared error is not finite",
        )
        .at(self.place())
        .expected(format!(
            "a finite error on the first {}",
            count_of(rows.rows(), "training row")
        ))
        .found(error)
        .hint(format!(
            "{}; if the data have huge values, scale them with scaling.kind=standardize",
            self.slower()
        )))
    }
}
