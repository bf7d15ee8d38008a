//! What came of a run: figures, and what the report says of them.

use crate::figures::Portrait;
use crate::isa;
use crate::model::Threshold;
use crate::recipe::Recipe;
use crate::report::{Cell, Report, Section, Table};
use crate::scaling::ScalingSpec;
use crate::text::{count_of, figures, sentence, thousands};
use crate::train::{Profile, Training};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What came of a run.
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
    /// The mean squared error on the test rows, in scaled units; where the recipe corrupts its rows, of
    /// what becomes of corrupted ones, against the clean ones. None without test rows.
    pub test_mse: Option<f64>,
    /// Where the recipe corrupts its rows: what becomes of clean ones, and how far the corrupted ones
    /// themselves are from the clean ones.
    pub corrupted: Option<CorruptedErrors>,
    /// The same of principal component analysis with as many components as a code has values; none
    /// without test rows, and where they would take too much memory (see [`Pca::is_feasible`](crate::evaluate::Pca::is_feasible)).
    pub pca_mse: Option<f64>,
    /// The values of a row.
    pub inputs: usize,
    /// The values of a code.
    pub code_size: usize,
    /// The number of parameters.
    pub parameters: usize,
    /// The rows trained on.
    pub train_rows: usize,
    /// The rows that training watched.
    pub validation_rows: usize,
    /// The rows tested on.
    pub test_rows: usize,
    /// Whether the test rows were held out of the training rows, as the source has none.
    pub held_out: bool,
    /// The score above which a row is unusual, if one was chosen.
    pub threshold: Option<Threshold>,
    /// The time spent training, in seconds.
    pub seconds: f64,
    /// Rows a second while training.
    pub rows_per_second: f64,
    /// The instruction set that this was computed with ([`crate::isa::name`]).
    pub isa: &'static str,
    /// The run's folder.
    pub run: PathBuf,
    /// The epoch of the lowest validation loss, whose model it is, and that loss; none without validation.
    pub best: Option<(usize, f64)>,
    /// Whether training stopped before all epochs, as the loss no longer fell.
    pub stopped_early: bool,
    /// Whether there is a picture: there is one for images only, of test rows.
    pub has_picture: bool,
    /// What follows training and was left out for lack of memory, a sentence each, with what it needs and what there was.
    pub left_out: Vec<String>,
    /// Where the time of a step went, if that was asked for and there was a step.
    pub profile: Option<Profile>,
}

/// The mean squared errors beside that of a denoising autoencoder, in scaled units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorruptedErrors {
    /// Of the reconstructions of clean test rows.
    pub clean_test_mse: f64,
    /// Of the corrupted test rows themselves.
    pub noise_mse: f64,
    /// How many noises each test row was given: errors of corrupted rows are the mean over them.
    pub noise_draws: u32,
}

/// How a model's error stands beside that of PCA with as many components.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BesidePca {
    /// The two differ by less than half a percent.
    Same,
    /// The model's error is lower, by so many percent of PCA's.
    Below(f64),
    /// It is higher, by so many percent of PCA's.
    Above(f64),
    /// PCA loses next to nothing, so that a share of its error says nothing.
    NearlyExact,
}

impl BesidePca {
    /// From the two mean squared errors.
    pub fn of(model: f64, pca: f64) -> BesidePca {
        /// Errors of PCA below this share of the model's count as none.
        const NONE: f64 = 1e-3;
        let percent = 100.0 * (model - pca) / pca;
        match percent {
            _ if model == pca => BesidePca::Same,
            _ if pca < NONE * model => BesidePca::NearlyExact,
            _ if percent.abs() < 0.5 => BesidePca::Same,
            ..0.0 => BesidePca::Below(-percent),
            _ => BesidePca::Above(percent),
        }
    }
}

impl Summary {
    /// What training itself knows, whatever is left of the record of its epochs.
    pub(super) fn trained(&mut self, training: &Training<'_>) {
        self.epochs = training.position().0;
        self.train_loss = training.train_loss();
        self.seconds = training.seconds();
        self.rows_per_second = (self.epochs * self.train_rows) as f64 / self.seconds;
    }

    /// The summary as a JSON object.
    pub fn to_json(&self) -> Value {
        let mut object = json!({
            "recipe": self.recipe,
            "data": self.data,
            "epochs": self.epochs,
            "train_loss": self.train_loss,
            "test_mse": self.test_mse,
            "pca_mse": self.pca_mse,
            "inputs": self.inputs,
            "code_size": self.code_size,
            "parameters": self.parameters,
            "train_rows": self.train_rows,
            "validation_rows": self.validation_rows,
            "test_rows": self.test_rows,
            "held_out": self.held_out,
            "threshold": self.threshold.as_ref().map(Threshold::to_json),
            "seconds": self.seconds,
            "rows_per_second": self.rows_per_second,
            "isa": self.isa,
            "run": self.run.display().to_string(),
            "left_out": self.left_out,
        });
        if let Some((epoch, loss)) = self.best {
            object["best_epoch"] = json!(epoch);
            object["validation_loss"] = json!(loss);
        }
        object["stopped_early"] = json!(self.stopped_early);
        if let Some(corrupted) = &self.corrupted {
            object["clean_test_mse"] = json!(corrupted.clean_test_mse);
            object["noise_mse"] = json!(corrupted.noise_mse);
            object["noise_draws"] = json!(corrupted.noise_draws);
        }
        if let Some(profile) = &self.profile {
            object["profile"] = profile.to_json();
        }
        object
    }
}

/// What came of a run, and what there is to show of it.
pub struct Outcome {
    /// In figures.
    pub summary: Summary,
    /// In pictures.
    pub portrait: Portrait,
    /// The units that errors are measured in; none where the model came without its recipe.
    pub scaling: Option<ScalingSpec>,
}

impl Outcome {
    /// The run as a section of a report.
    pub fn section(&self, recipe: &Recipe) -> Section {
        let summary = &self.summary;
        let mut about = vec![format!(
            "{} of {} in {:.1} s, {}, a code of {} for {}.",
            count_of(summary.epochs, "epoch"),
            count_of(summary.train_rows, "row"),
            summary.seconds,
            count_of(summary.parameters, "parameter"),
            thousands(summary.code_size as f64),
            count_of(summary.inputs, "value"),
        )];
        if !recipe.about.is_empty() {
            about.insert(0, format!("{}.", sentence(&recipe.about)));
        }
        about.push(match &self.portrait.jacobian {
            Some(jacobian) => format!(
                "The Frobenius norm of the code's Jacobian is {}, averaged over the first {}.",
                figures(jacobian.mean_norm),
                count_of(jacobian.rows, "test row")
            ),
            None if summary.test_mse.is_none() => {
                "There are no test rows, so that nothing is shown of what the model does on rows that it has not seen."
                    .into()
            }
            None => "The Jacobian of so wide a code would take too much time or memory, so that its spectrum is \
                     left out."
                .into(),
        });
        Section {
            title: recipe.name.clone(),
            about,
            figures: self.portrait.figures.clone(),
        }
    }

    pub(super) fn report(&self, recipe: &Recipe) -> Report {
        let summary = &self.summary;
        let figure = |value: f64| -> Cell { figures(value).into() };
        // Without the folders, which differ where a run went on elsewhere.
        let data = Path::new(&summary.data).file_name();
        let data = data.map_or(summary.data.as_str().into(), |name| name.to_string_lossy());
        let title = format!("{} on {data}", summary.recipe);
        let Some(test_mse) = summary.test_mse else {
            return Report {
                title,
                lead: vec!["The run is without test rows, so that there is no test error.".into()],
                table: None,
                notes: vec![isa::note()],
                first: Vec::new(),
                sections: vec![self.section(recipe)],
            };
        };
        let mut heads = vec!["".to_string(), "test MSE".into()];
        let mut row: Vec<Cell> = vec![summary.recipe.clone().into(), figure(test_mse)];
        if let Some(corrupted) = &summary.corrupted {
            heads.extend(["clean MSE".into(), "noise itself".into()]);
            row.extend([corrupted.clean_test_mse, corrupted.noise_mse].map(figure));
        }
        if let Some(pca) = summary.pca_mse {
            heads.push(format!("PCA-{}", summary.code_size.min(summary.inputs)));
            row.push(figure(pca));
        }
        let lead = match (summary.pca_mse, &summary.corrupted) {
            (_, Some(corrupted)) => format!(
                "From noisy test rows, {} away from the clean ones, it gives back rows that are {} away.",
                figures(corrupted.noise_mse),
                figures(test_mse)
            ),
            (Some(pca), None) => format!(
                "Its test error of {} is {} that of PCA with as many components, {}.",
                figures(test_mse),
                match BesidePca::of(test_mse, pca) {
                    BesidePca::Same => "as good as".into(),
                    BesidePca::Below(percent) => format!("{percent:.0} % below"),
                    BesidePca::Above(percent) => format!("{percent:.0} % above"),
                    BesidePca::NearlyExact => "far above the nearly exact one,".into(),
                },
                figures(pca)
            ),
            (None, None) => format!("Its test error is {}.", figures(test_mse)),
        };
        Report {
            title,
            lead: vec![lead],
            table: Some(Table {
                heads,
                rows: vec![row],
                aside: None,
            }),
            notes: vec![
                format!(
                    "Mean squared errors over {}{}, in the units of training.",
                    count_of(summary.test_rows, "test row"),
                    summary.corrupted.map_or(String::new(), |corrupted| {
                        let noises = count_of(corrupted.noise_draws as usize, "noise");
                        format!(", of noisy ones averaged over {noises} for each")
                    })
                ),
                isa::note(),
            ],
            first: Vec::new(),
            sections: vec![self.section(recipe)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_beside_one_of_nothing_has_no_percentage() {
        for (model, pca, expected) in [
            (0.5, 0.0, BesidePca::NearlyExact),
            (0.5, 1e-9, BesidePca::NearlyExact),
            (0.0, 0.0, BesidePca::Same),
            (1.001, 1.0, BesidePca::Same),
            (1.5, 1.0, BesidePca::Above(50.0)),
            (0.75, 1.0, BesidePca::Below(25.0)),
            (0.0, 1.0, BesidePca::Below(100.0)),
        ] {
            assert_eq!(BesidePca::of(model, pca), expected, "{model} beside {pca}");
        }
    }
}
