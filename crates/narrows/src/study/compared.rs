//! One of the autoencoders of a comparison, in numbers.

use super::vary::Variation;
use super::{Done, Measure};
use crate::corruption::Corruption;
use crate::evaluate::{Bounded, Evaluation};
use crate::objective::InNats;
use crate::scaling::ScalingSpec;
use crate::text::decimal;
use serde_json::{Value, json};

/// The std of the Gaussian noise for the error in the table.
const STD: f32 = 0.8;

/// One of the compared autoencoders.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The recipe or run as the user named it.
    pub recipe: String,
    /// The recipe or run, and the values of its variation.
    pub name: String,
    /// The values of its variation.
    pub variation: Variation,
    /// Whether it was trained before the comparison, from its own seed.
    pub is_finished: bool,
    /// The number of seeds; 1 for a finished run.
    pub seeds: usize,
    /// The numbers of training, validation and test rows.
    pub rows: [usize; 3],
    /// The scaling with its settings. Errors can be compared only if this is the same.
    pub scaling: String,
    /// The number of values of a code.
    pub code_size: usize,
    /// The test MSE.
    pub test_mse: Measure,
    /// The negative evidence lower bound, in nats a row; `None` if it is not variational.
    pub test_bound: Option<Measure>,
    /// What this bound is of. Bounds can be compared only if this and the scaling are the same.
    pub bound_of: Option<&'static str>,
    /// The denoising MSE, with the noise; `None` if the recipe has no corruption.
    pub denoising_mse: Option<(Corruption, Measure)>,
    /// The test MSE of PCA with the same number of components; each seed may have other training and test rows.
    pub pca_test_mse: Option<Measure>,
    /// The error with Gaussian noise of std 0.8 on the input, on the first 500 test rows.
    pub noisy_mse: Measure,
    /// The mean Frobenius norm of the code's Jacobian, unless it would take too much time or memory.
    pub jacobian_norm: Option<Measure>,
    /// The time of training, in seconds; if several runs were trained at the same time, they share the CPU. `None` for
    /// a model without the record of its training.
    pub seconds: Option<Measure>,
}

impl Compared {
    /// Combines the runs of one recipe, one for each seed.
    pub(super) fn of(
        (recipe, name, variation): (&str, &str, &Variation),
        is_finished: bool,
        runs: &[Done],
    ) -> Compared {
        let measure = |of: &dyn Fn(&Done) -> f64| {
            let values: Vec<f64> = runs.iter().map(of).collect();
            Measure::of(&values)
        };
        // `None` if it was not measured for one of them.
        let optional = |of: &dyn Fn(&Evaluation) -> Option<f64>| {
            let values = runs.iter().map(|run| run.evaluation().and_then(of));
            let values: Option<Vec<f64>> = values.collect();
            values.map(|values| Measure::of(&values))
        };
        let noise = runs
            .first()
            .and_then(|run| run.evaluation()?.denoising.as_ref());
        let gaussian = Corruption::gaussian(STD);
        let summary = runs.first().map(|run| &run.outcome.summary);
        Compared {
            recipe: recipe.to_string(),
            name: name.to_string(),
            variation: variation.clone(),
            is_finished,
            seeds: runs.len(),
            rows: summary.map_or([0; 3], |s| [s.train_rows, s.validation_rows, s.test_rows]),
            scaling: {
                let scaling = described(runs.first().and_then(|run| run.outcome.scaling));
                // Errors against drawn values are another thing than errors against the values themselves.
                if runs.first().is_some_and(|run| run.recipe.binarize) {
                    format!("{scaling} (drawn as 0 or 1)")
                } else {
                    scaling
                }
            },
            code_size: summary.map_or(0, |summary| summary.code_size),
            test_mse: measure(&|run| run.number(|e| Some(e.model.test_mse))),
            test_bound: optional(&|e| Some(e.bounded.as_ref()?.test_bound)),
            bound_of: runs.first().and_then(|run| {
                let likelihood = run.recipe.reconstruction.part();
                // Cross-entropy is a probability of values that are drawn; other likelihoods of such values are densities.
                let is_cross_entropy = likelihood.in_nats() == InNats::BesideDivergence;
                let is_binary =
                    likelihood.needs_binary_targets() || (run.recipe.binarize && is_cross_entropy);
                Some(kind_of(run.evaluation()?.bounded.as_ref()?, is_binary))
            }),
            denoising_mse: noise
                .map(|noise| noise.corruption.clone())
                .zip(optional(&|e| Some(e.denoising.as_ref()?.denoising_mse))),
            pca_test_mse: optional(&|e| Some(e.pca.as_ref()?.test_mse)),
            noisy_mse: measure(&|run| {
                run.number(|e| Some(e.curve(&gaussian)?.at(f64::from(STD))?.noisy_mse))
            }),
            jacobian_norm: optional(&|e| Some(e.jacobian.as_ref()?.mean_norm)),
            seconds: runs
                .iter()
                .all(|run| run.outcome.summary.epochs > 0)
                .then(|| measure(&|run| run.outcome.summary.seconds)),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let set = self.variation.iter().map(|set| &set.assignment);
        json!({
            "name": self.name,
            "recipe": self.recipe,
            "set": set.collect::<Vec<_>>(),
            "finished": self.is_finished,
            "seeds": self.seeds,
            "train_rows": self.rows[0],
            "validation_rows": self.rows[1],
            "test_rows": self.rows[2],
            "scaling": self.scaling,
            "code_size": self.code_size,
            "test_mse": self.test_mse.to_json(),
            "test_bound": self.test_bound.map(Measure::to_json),
            "bound_of": self.bound_of,
            "denoising": self.denoising_mse.as_ref().map(|(noise, mse)| json!({
                "noise": noise.name(),
                "level": decimal(noise.strength()),
                "denoising_mse": mse.to_json(),
            })),
            "pca_test_mse": self.pca_test_mse.map(Measure::to_json),
            "robustness": {"noise": "gaussian", "level": 0.8, "noisy_mse": self.noisy_mse.to_json()},
            "jacobian_norm": self.jacobian_norm.map(Measure::to_json),
            "seconds": self.seconds.map(Measure::to_json),
        })
    }
}

/// What a bound is of.
fn kind_of(bounded: &Bounded, is_binary: bool) -> &'static str {
    match (bounded.is_likelihood, is_binary) {
        (true, true) => "probabilities of values that are 0 or 1",
        (true, false) => "densities",
        (false, _) => "cross-entropies of values between 0 and 1",
    }
}

/// A scaling with its settings.
fn described(scaling: Option<ScalingSpec>) -> String {
    let Some(scaling) = scaling else {
        return "unknown".into();
    };
    let settings = scaling.settings();
    let values = settings.values().iter();
    let settings: Vec<String> = values
        .map(|(key, value)| format!("{key} {value}"))
        .collect();
    if settings.is_empty() {
        return scaling.name().into();
    }
    format!("{} ({})", scaling.name(), settings.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaling_is_known_by_its_settings() {
        let spec = ScalingSpec::Standardize {
            mean: Some(0.5),
            std: Some(0.25),
        };
        assert_eq!(described(Some(spec)), "standardize (mean 0.5, std 0.25)");
        assert_eq!(described(Some(ScalingSpec::Unit)), "unit");
    }
}
