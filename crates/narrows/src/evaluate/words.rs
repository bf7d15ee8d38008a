//! An evaluation in sentences and tables, for terminal and report page alike.

use super::metric::{self, Metric};
use super::metrics::{self, Measured};
use super::{Bounded, Evaluation};
use crate::advice::Action;
use crate::text::{count_of, figures, fixed, grouped, sentence, thousands};

/// The comparison of a model's error with the error of PCA with the same number of components.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BesidePca {
    /// The two differ by less than half a percent.
    Same,
    /// The model's error is lower by this percentage of PCA's error.
    Below(f64),
    /// The model's error is higher by this percentage of PCA's error.
    Above(f64),
    /// PCA's error is almost 0, so a percentage of it says nothing.
    NearlyExact,
}

impl BesidePca {
    /// From the two mean squared errors.
    pub fn of(model: f64, pca: f64) -> BesidePca {
        /// Errors of PCA below this share of the model's error count as 0.
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

/// The most columns of a table in the list: the columns with the largest share of the score.
const LISTED: usize = 12;

impl Evaluation {
    /// The comparison of the model's test MSE with PCA's; `None` without PCA.
    pub fn beside_pca(&self) -> Option<BesidePca> {
        let pca = self.pca.as_ref()?;
        Some(BesidePca::of(self.model.test_mse, pca.test_mse))
    }

    /// The same in words: `70 % below PCA-32`; `None` without PCA.
    pub fn beside_pca_in_words(&self) -> Option<String> {
        let pca = self.pca_name();
        // A denoiser is for noisy rows, and a variational autoencoder trades some of its error for a simple code.
        let better = if self.denoising.is_none() && self.bounded.is_none() {
            ": a linear code of the same size is better"
        } else {
            ""
        };
        Some(match self.beside_pca()? {
            BesidePca::Same => format!("as {pca}"),
            BesidePca::Below(percent) => format!("{} % below {pca}", thousands(percent)),
            BesidePca::Above(percent) => format!("{} % above {pca}{better}", thousands(percent)),
            BesidePca::NearlyExact => format!("{pca} is nearly exact{better}"),
        })
    }

    /// The conclusions of the evaluation, in sentences.
    pub fn verdict(&self) -> Vec<String> {
        let mse = figures(self.model.test_mse);
        let mut sentences = vec![match (self.beside_pca_in_words(), &self.pca_left_out) {
            (Some(beside), _) => format!("The test MSE is {mse}, {beside}."),
            (None, Some(why)) => format!("The test MSE is {mse}. PCA is left out: {why}."),
            (None, None) => format!("The test MSE is {mse}."),
        }];
        if let Some(bounded) = &self.bounded {
            let Bounded {
                test_bound,
                test_reconstruction,
                test_kl,
                ..
            } = bounded;
            let name = if bounded.is_likelihood {
                "The negative evidence lower bound (ELBO) is"
            } else {
                "Cross-entropy + KL, which is not a likelihood, is"
            };
            let mut text = format!(
                "{name} {} nats a row: reconstruction {} plus KL {}. Of the code, {} of {} are active.",
                nats(*test_bound),
                nats(*test_reconstruction),
                nats(*test_kl),
                bounded.active_units,
                count_of(self.code_size, "value")
            );
            if let Some(ppca) = bounded.ppca_test_nll {
                text.push_str(&format!(
                    " For probabilistic PCA of the same size it is {}.",
                    nats(ppca)
                ));
            }
            if let Some(independent) = bounded.independent_test_nll {
                text.push_str(&format!(
                    " For a model of independent values it is {}.",
                    nats(independent)
                ));
            }
            sentences.push(text);
        }
        if let Some(denoising) = &self.denoising {
            let noise = sentence(&denoising.noise_in_words());
            let mut text = format!(
                "{noise} gives test rows a mean squared error of {}. The model reduces it to {}",
                figures(denoising.noisy_input_mse),
                figures(denoising.denoising_mse)
            );
            if let Some(affine) = denoising.affine_map_mse {
                text.push_str(&format!(
                    ", the best affine map reduces it to {}",
                    figures(affine)
                ));
            }
            text.push('.');
            if denoising.is_worse_than_noisy_input() {
                text.push_str(" The model is worse than no denoising.");
            } else if denoising.is_worse_than_affine_map() {
                text.push_str(" The affine map is better than the model.");
            }
            sentences.push(text);
        }
        sentences
    }

    /// The numbers of the model and of PCA side by side; the first row names the columns. Numbers that were not
    /// measured are left out.
    pub fn quality_table(&self) -> Vec<Vec<String>> {
        let has_accuracy = self.majority_accuracy.is_some();
        let mut heads = vec![String::new(), self.recipe.clone()];
        heads.extend(self.pca.as_ref().map(|_| self.pca_name()));
        heads.extend(has_accuracy.then(|| metric::MAJORITY.title.to_string()));
        let mut rows = vec![heads];
        for Measured { metric, of } in metrics::QUALITY {
            let model = of(&self.model);
            // A probe that could not be fitted has a line too; the reason is printed elsewhere.
            let is_refused = metric.name == "linear_probe_accuracy" && self.refusals().count() > 0;
            if model.is_none() && !is_refused {
                continue;
            }
            let mut cells = vec![metric.title.to_string(), shown(metric, model)];
            cells.extend(self.pca.as_ref().map(|pca| shown(metric, of(pca))));
            if has_accuracy {
                let majority = self.majority_accuracy.filter(|_| metric.is_accuracy());
                cells.push(shown(&metric::MAJORITY, majority));
            }
            rows.push(cells);
        }
        rows
    }

    /// The reasons why a linear probe could not be fitted, each with the name of the codes.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let of_model = self.model.probe_refusal.as_deref();
        let of_pca = self
            .pca
            .as_ref()
            .and_then(|pca| pca.probe_refusal.as_deref());
        let both = [("the model", of_model), ("PCA", of_pca)].into_iter();
        both.filter_map(|(name, why)| Some((name, why?)))
    }

    /// The evidence lower bound with its parts, and what stands beside it; none for a model whose bottleneck does not draw
    /// codes.
    pub fn bound_table(&self) -> Option<Vec<Vec<String>>> {
        let bounded = self.bounded.as_ref()?;
        let mut rows = vec![vec![bounded.title().to_string(), metric::NATS.to_string()]];
        rows.extend(bounded.lines().map(|(title, text)| vec![title, text]));
        if let Some(sampled) = &bounded.sampled {
            let title = if bounded.is_likelihood {
                "negative log likelihood"
            } else {
                "importance-weighted"
            };
            let samples = thousands(sampled.samples as f64);
            let rows_of = count_of(sampled.rows, "row");
            rows.push(vec![
                format!("{title} ({samples} samples, {rows_of})"),
                format!(
                    "{} ± {}",
                    nats(sampled.test_nll),
                    nats(sampled.nll_standard_error)
                ),
            ]);
        }
        Some(rows)
    }

    /// How near new rows are to test rows, and codes to the prior; `None` where it was not measured.
    pub fn generation_table(&self) -> Option<Vec<Vec<String>>> {
        let generation = self.generation.as_ref()?;
        let mut rows = vec![vec!["distance from test rows".to_string(), "MMD²".into()]];
        for Measured { metric, of } in metrics::GENERATION {
            let title = match (metric.name, &generation.fitted) {
                // Without what it was fitted to.
                ("fitted_mmd", Some(fitted)) => {
                    let kind = fitted.split_once(',').map_or(&fitted[..], |(kind, _)| kind);
                    format!("rows from {kind}")
                }
                _ => metric.title.to_string(),
            };
            rows.extend(of(generation).map(|mmd| vec![title, figures(mmd)]));
        }
        Some(rows)
    }

    /// The denoiser and its baselines; `None` for a model that was trained without noise.
    pub fn denoising_table(&self) -> Option<Vec<Vec<String>>> {
        let denoising = self.denoising.as_ref()?;
        let mut rows = vec![vec!["denoising".to_string(), "MSE".into()]];
        for Measured { metric, of } in metrics::DENOISING {
            let title = match metric.name {
                name if name == metric::DENOISING_MSE.name => &self.recipe,
                _ => metric.title,
            };
            rows.extend(of(denoising).map(|mse| vec![title.to_string(), figures(mse)]));
        }
        Some(rows)
    }

    /// The columns with the largest shares of the score, the largest first; `None` for images.
    pub fn column_table(&self) -> Option<Vec<Vec<String>>> {
        if self.columns.is_empty() {
            return None;
        }
        let mut columns: Vec<_> = self.columns.iter().collect();
        columns.sort_by(|a, b| b.score_share.total_cmp(&a.score_share));
        let titles = metrics::COLUMN
            .iter()
            .map(|one| one.metric.title.to_string());
        let mut rows = vec![
            std::iter::once("column".to_string())
                .chain(titles)
                .collect(),
        ];
        rows.extend(columns.iter().take(LISTED).map(|column| {
            let numbers = metrics::COLUMN.iter();
            let numbers = numbers.map(|one| shown(&one.metric, (one.of)(column)));
            std::iter::once(column.name.clone())
                .chain(numbers)
                .collect::<Vec<_>>()
        }));
        Some(rows)
    }

    /// A sentence about the columns that [`Evaluation::column_table`] leaves out.
    pub fn more_columns(&self) -> Option<String> {
        let more = self
            .columns
            .len()
            .checked_sub(LISTED)
            .filter(|&more| more > 0)?;
        Some(format!(
            "{} with smaller shares of the score ({} lists all)",
            count_of(more, "more column"),
            Action::ListMeasures
        ))
    }

    /// Notes on the rows and units of the numbers, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let held_out = if self.held_out {
            ", held out of the data"
        } else {
            ""
        };
        let mut notes = vec![format!(
            "Measured on {}{held_out} ({}). Errors are in scaled units unless a title says otherwise.",
            count_of(self.test_rows, "test row"),
            self.data
        )];
        if let Some(seed) = self.binarized_by {
            notes.push(format!(
                "Values are drawn once as 0 or 1, with the seed {seed}, as in training."
            ));
        }
        if let Some(denoising) = &self.denoising {
            if let Some(why) = &denoising.affine_map_left_out {
                notes.push(format!("The best affine map is left out: {why}."));
            }
            notes.push(format!(
                "Denoising MSE: {}, as in training, {} for each row; compared with the clean rows. Test MSE: rows \
                 without noise.",
                denoising.noise_in_words(),
                count_of(denoising.draws as usize, "noise"),
            ));
        }
        if let Some(range) = self.data_range {
            let range = if range.fract() == 0.0 {
                thousands(range)
            } else {
                figures(range)
            };
            let mut text = format!("PSNR: from the MSE over all pixels, with a range of {range}.");
            if self.model.ssim.is_some() {
                text.push_str(" SSIM: in windows of 7 × 7 pixels, mean over rows.");
            }
            notes.push(text);
        }
        if self.model.knn_accuracy.is_some() {
            notes.push(format!(
                "Accuracy: the share of test rows whose class is found from the code. The classifiers learn from {} \
                 training rows.",
                thousands(self.train_rows as f64)
            ));
        }
        if let Some(why) = &self.accuracy_left_out {
            notes.push(format!("No accuracy is measured: {why}."));
        }
        for (name, why) in self.refusals() {
            notes.push(format!("Linear probe of {name}: {why}."));
        }
        notes.extend(self.left_out.iter().map(|why| format!("Left out: {why}.")));
        notes
    }
}

impl Bounded {
    /// The bound, its parts and what stands beside it: what each is called, and its nats a row.
    pub fn lines(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let numbers = metrics::BOUNDED.iter();
        let numbers = numbers.filter(|one| one.metric.unit == metric::NATS);
        numbers.filter_map(|one| Some((one.metric.title.to_string(), nats((one.of)(self)?))))
    }

    /// What the bound is.
    pub fn title(&self) -> &'static str {
        if self.is_likelihood {
            "negative evidence lower bound (ELBO)"
        } else {
            "cross-entropy + KL, not a likelihood"
        }
    }
}

/// A number of nats.
pub(crate) fn nats(value: f64) -> String {
    grouped(value, 2)
}

impl Metric {
    fn is_accuracy(&self) -> bool {
        self.name.ends_with("accuracy")
    }
}

/// A number formatted for tables, by its unit.
fn shown(metric: &Metric, value: Option<f64>) -> String {
    match (value, metric.unit) {
        (None, _) => "-".into(),
        (Some(f64::INFINITY), metric::DECIBEL) => "infinite".into(),
        (Some(value), _) if !value.is_finite() => "too large".into(),
        (Some(share), metric::SHARE) => format!("{} %", fixed(100.0 * share, 1)),
        (Some(value), metric::DECIBEL) => format!("{} dB", fixed(value, 2)),
        (Some(value), metric::RATIO) => fixed(value, 3),
        (Some(value), _) => figures(value),
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
