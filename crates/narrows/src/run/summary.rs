//! The results of a run.

use super::names::TRAIN_LOSS;
use crate::evaluate::Evaluation;
use crate::evaluate::metric::{DENOISING_MSE, TEST_BOUND, TEST_MSE, number};
use crate::model::Threshold;
use crate::report::Figure;
use crate::scaling::ScalingSpec;
use crate::train::{Profile, Training};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The results of a run in numbers.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The recipe's name.
    pub recipe: String,
    /// The source of the data.
    pub data: String,
    /// The epochs trained.
    pub epochs: usize,
    /// The mean of the objective over the last epoch.
    pub train_loss: f64,
    /// The number of values of a row.
    pub inputs: usize,
    /// The number of values of a code.
    pub code_size: usize,
    /// The number of parameters.
    pub parameters: usize,
    /// The number of rows trained on.
    pub train_rows: usize,
    /// The number of validation rows.
    pub validation_rows: usize,
    /// The number of test rows.
    pub test_rows: usize,
    /// Whether the test rows were held out of the training rows, because the source has no test rows.
    pub held_out: bool,
    /// The score above which a row is unusual, if one was chosen.
    pub threshold: Option<Threshold>,
    /// The time spent training, in seconds.
    pub seconds: f64,
    /// Rows per second during training.
    pub rows_per_second: f64,
    /// The instruction set of the computation ([`crate::isa::name`]).
    pub isa: &'static str,
    /// The run's folder.
    pub run: PathBuf,
    /// The epoch with the lowest validation loss, which gave the model, and this loss; `None` without validation.
    pub best: Option<(usize, f64)>,
    /// Whether early stopping ended training before the last epoch.
    pub stopped_early: bool,
    /// Whether the rows are images that can be drawn.
    pub is_of_images: bool,
    /// The evaluation on the test rows; `None` without test rows.
    pub evaluation: Option<Evaluation>,
    /// The parts after training that were left out for lack of memory: one sentence each, with the needed memory and
    /// the memory that there was.
    pub left_out: Vec<String>,
    /// The time of the parts of a step, if it was requested and there was a step.
    pub profile: Option<Profile>,
}

impl Summary {
    /// Fills in the values that training itself knows, without the record of its epochs.
    pub(super) fn trained(&mut self, training: &Training<'_>) {
        self.epochs = training.position().0;
        self.train_loss = training.train_loss();
        self.seconds = training.seconds();
        self.rows_per_second = (self.epochs * self.train_rows) as f64 / self.seconds;
    }

    /// Whether there is a picture of reconstructions: only for test rows that are images.
    pub fn has_picture(&self) -> bool {
        self.is_of_images && self.evaluation.is_some()
    }

    /// The metrics that the model file stores: name and value of each.
    pub(super) fn metrics(&self) -> Vec<(String, f64)> {
        let evaluation = self.evaluation.as_ref();
        let denoising = evaluation.and_then(|evaluation| evaluation.denoising.as_ref());
        let bounded = evaluation.and_then(|evaluation| evaluation.bounded.as_ref());
        let pca = evaluation.and_then(|evaluation| evaluation.pca.as_ref());
        let all = [
            (TRAIN_LOSS, Some(self.train_loss)),
            ("validation_loss", self.best.map(|(_, loss)| loss)),
            (TEST_MSE.name, evaluation.map(|e| e.model.test_mse)),
            (TEST_BOUND.name, bounded.map(|b| b.test_bound)),
            (DENOISING_MSE.name, denoising.map(|d| d.denoising_mse)),
            ("pca_test_mse", pca.map(|pca| pca.test_mse)),
        ];
        let known = all.into_iter();
        known
            .filter_map(|(name, value)| Some((name.to_string(), value?)))
            .collect()
    }

    /// The summary as a JSON object.
    pub fn to_json(&self) -> Value {
        // A model without its run has no record of its training.
        let trained = self.epochs > 0;
        let mut object = json!({
            "recipe": self.recipe,
            "data": self.data,
            "epochs": self.epochs,
            "train_loss": number(trained.then_some(self.train_loss)),
            "inputs": self.inputs,
            "code_size": self.code_size,
            "parameters": self.parameters,
            "train_rows": self.train_rows,
            "validation_rows": self.validation_rows,
            "test_rows": self.test_rows,
            "held_out": self.held_out,
            "threshold": self.threshold.as_ref().map(Threshold::to_json),
            "seconds": self.seconds,
            "rows_per_second": number(trained.then_some(self.rows_per_second)),
            "isa": self.isa,
            "run": self.run.display().to_string(),
            "left_out": self.left_out,
            "stopped_early": self.stopped_early,
            "evaluation": self.evaluation.as_ref().map(Evaluation::to_json),
        });
        if let Some((epoch, loss)) = self.best {
            object["best_epoch"] = json!(epoch);
            object["validation_loss"] = json!(loss);
        }
        if let Some(profile) = &self.profile {
            object["profile"] = profile.to_json();
        }
        object
    }
}

/// The results of a run in numbers, pictures and charts.
pub struct Outcome {
    /// The numbers.
    pub summary: Summary,
    /// The pictures and charts.
    pub figures: Vec<Figure>,
    /// The scaling, which gives the units of errors; `None` if the model came without its recipe.
    pub scaling: Option<ScalingSpec>,
}
