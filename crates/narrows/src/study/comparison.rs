//! The results of a comparison, in numbers and sentences.

use super::vary::{Variation, number_of};
use super::{Done, Measure};
use crate::corruption::Corruption;
use crate::data::rows_in_words;
use crate::error::Result;
use crate::evaluate::Evaluation;
use crate::figures::svg;
use crate::report::{Chart, Figure, Mark, Series};
use crate::scaling::ScalingSpec;
use crate::text::{decimal, duration, thousands};
use serde_json::{Value, json};
use std::path::PathBuf;

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
                match runs.first().is_some_and(|run| run.recipe.binarize) {
                    true => format!("{scaling} (drawn as 0 or 1)"),
                    false => scaling,
                }
            },
            code_size: summary.map_or(0, |summary| summary.code_size),
            test_mse: measure(&|run| run.number(|e| Some(e.model.test_mse))),
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

    fn to_json(&self) -> Value {
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

/// The results of a comparison.
pub struct Comparison {
    /// In the order of the request.
    pub rows: Vec<Compared>,
    /// The report.
    pub report: PathBuf,
}

impl Comparison {
    /// The results as a JSON object.
    pub fn to_json(&self) -> Value {
        json!({
            "rows": self.rows.iter().map(Compared::to_json).collect::<Vec<_>>(),
            "report": self.report.display().to_string(),
        })
    }

    /// The numbers of each row; the first row names the columns. A column without any number is left out.
    pub fn table(&self) -> Vec<Vec<String>> {
        let is_denoising = self.rows.iter().any(|row| row.denoising_mse.is_some());
        let has_scalings = self.groups().len() > 1;
        let mut heads = vec!["", "test MSE"];
        heads.extend(is_denoising.then_some("denoising MSE"));
        heads.extend([
            "PCA",
            "MSE, noise 0.8",
            "‖J‖_F",
            "code",
            "seeds",
            "training",
        ]);
        heads.extend(has_scalings.then_some("scaling"));
        let optional = |measure: Option<Measure>| measure.map_or("-".into(), Measure::text);
        let mut table = vec![heads.into_iter().map(String::from).collect()];
        table.extend(self.rows.iter().map(|row| {
            let mut cells = vec![row.name.clone(), row.test_mse.text()];
            let denoising = row.denoising_mse.as_ref();
            let denoising = denoising.map(|(noise, mse)| {
                format!("{} ({} {})", mse.text(), noise.name(), noise.strength())
            });
            cells.extend(is_denoising.then(|| denoising.unwrap_or_else(|| "-".into())));
            let seeds = if row.is_finished {
                "own".to_string()
            } else {
                row.seeds.to_string()
            };
            cells.extend([
                optional(row.pca_test_mse),
                row.noisy_mse.text(),
                optional(row.jacobian_norm),
                thousands(row.code_size as f64),
                seeds,
                row.seconds
                    .map_or("-".into(), |seconds| duration(seconds.mean)),
            ]);
            cells.extend(has_scalings.then(|| row.scaling.clone()));
            cells
        }));
        table
    }

    /// The indices of the rows with the same scaling, in the order of the request.
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let same = |group: &&mut Vec<usize>| self.rows[group[0]].scaling == row.scaling;
            match groups.iter_mut().find(same) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        groups
    }

    /// The indices of the rows with the smallest test MSE, one for each scaling that several rows have.
    pub(super) fn best(&self) -> Vec<usize> {
        let groups = self.groups().into_iter().filter(|group| group.len() > 1);
        let error = |row: &usize| self.rows[*row].test_mse.mean;
        let best = groups.filter_map(|group| {
            group
                .into_iter()
                .min_by(|a, b| error(a).total_cmp(&error(b)))
        });
        best.collect()
    }

    /// The numbers of rows for training, validation and testing, in sentences: one sentence for all, or one for each
    /// row with other numbers.
    pub fn rows_in_words(&self) -> Vec<String> {
        let said = |row: &Compared| rows_in_words(row.rows);
        match &self.rows[..] {
            [first, others @ ..] if others.iter().all(|row| row.rows == first.rows) => {
                vec![format!("Rows: {}.", said(first))]
            }
            rows => {
                let each = rows.iter();
                each.map(|row| format!("Rows of {}: {}.", row.name, said(row)))
                    .collect()
            }
        }
    }

    /// The conclusions of the comparison and their limits, in sentences.
    pub fn verdict(&self) -> Vec<String> {
        let several = self.groups().len() > 1;
        let sentence = |best: usize| {
            let row = &self.rows[best];
            let mut among = String::new();
            if several {
                among = format!(" of the models with {} scaling", row.scaling);
            }
            format!(
                "{} has the smallest test MSE{among}: {}.",
                row.name,
                row.test_mse.text()
            )
        };
        let mut verdict: Vec<String> = self.best().into_iter().map(sentence).collect();
        if several {
            verdict.push(
                "Models of different scalings are not ranked against each other: their errors are in different units."
                    .into(),
            );
        }
        if self.rows.iter().any(|row| row.is_finished) {
            verdict.push(
                "Finished runs keep the seeds and settings that they were trained with.".into(),
            );
        }
        verdict
    }

    /// The test MSE against the values of the key that varies, if exactly one numeric key varies: one line for each
    /// recipe, and one for PCA if the size of the code varies.
    pub(super) fn sweep(&self) -> Result<Option<Figure>> {
        let mut series: Vec<Series> = Vec::new();
        let mut axis = "";
        let add = |series: &mut Vec<Series>, name: &str, point: (f64, f64)| match series
            .iter_mut()
            .find(|line| line.name == name)
        {
            Some(line) => line.points.push(point),
            None => series.push(Series {
                name: name.to_string(),
                points: vec![point],
            }),
        };
        // Errors with different scalings have no common axis.
        if self.groups().len() > 1 {
            return Ok(None);
        }
        let varies = |recipe: &str| {
            let mut sizes: Vec<usize> = self
                .rows
                .iter()
                .filter(|row| row.recipe == recipe)
                .map(|row| row.code_size)
                .collect();
            sizes.dedup();
            sizes.len() > 1
        };
        for row in &self.rows {
            let Some((key, value)) = number_of(&row.variation) else {
                continue;
            };
            axis = key;
            add(&mut series, &row.recipe, (value, row.test_mse.mean));
            if let Some(pca) = row.pca_test_mse.filter(|_| varies(&row.recipe)) {
                add(
                    &mut series,
                    &format!("PCA beside {}", row.recipe),
                    (value, pca.mean),
                );
            }
        }
        for line in &mut series {
            line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let chart = Chart {
            x: axis.into(),
            y: "test MSE".into(),
            series,
            mark: Mark::Line,
            whole_x: false,
            log_y: false,
        };
        let caption = format!("The test MSE for each value of {axis}, mean over seeds");
        match axis {
            "" => Ok(None),
            _ => svg("sweep", &caption, &chart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::vary::{called, variations};
    use super::*;

    fn row(name: &str, scaling: &str, test: f64, denoising: Option<f64>) -> Compared {
        Compared {
            recipe: name.into(),
            name: name.into(),
            variation: Vec::new(),
            is_finished: false,
            seeds: 1,
            rows: [90, 0, 10],
            scaling: scaling.into(),
            code_size: 4,
            test_mse: Measure::of(&[test]),
            denoising_mse: denoising.map(|mse| (Corruption::gaussian(0.5), Measure::of(&[mse]))),
            pca_test_mse: None,
            noisy_mse: Measure::of(&[test]),
            jacobian_norm: None,
            seconds: Some(Measure::of(&[1.0])),
        }
    }

    fn comparison() -> Comparison {
        Comparison {
            rows: vec![
                row("plain", "unit", 0.02, None),
                row("other units", "none", 0.001, None),
                row("denoising", "unit", 0.01, Some(0.03)),
            ],
            report: PathBuf::new(),
        }
    }

    #[test]
    fn only_errors_of_one_scaling_are_ranked() {
        let mut comparison = comparison();
        assert_eq!(comparison.best(), [2]);
        let verdict = comparison.verdict();
        assert!(
            verdict[0].starts_with("denoising") && verdict[0].contains("unit scaling"),
            "{verdict:?}"
        );
        assert!(
            verdict[1].contains("not ranked") && verdict.len() == 2,
            "{verdict:?}"
        );
        comparison.rows.truncate(1);
        comparison.rows[0].is_finished = true;
        assert!(comparison.best().is_empty(), "nothing to be better than");
        assert!(comparison.verdict()[0].contains("keep the seeds"));
        let rows = "90 for training, none for validation, 10 for testing.";
        assert_eq!(comparison.rows_in_words(), [format!("Rows: {rows}")]);
        comparison.rows.push(row("more", "unit", 0.1, None));
        comparison.rows[1].rows = [80, 10, 10];
        assert_eq!(comparison.rows_in_words().len(), 2);
        assert!(comparison.rows_in_words()[0].contains(rows));
    }

    #[test]
    fn columns_that_none_needs_are_not_there() {
        let mut comparison = comparison();
        let heads = |comparison: &Comparison| comparison.table()[0].join("|");
        assert!(heads(&comparison).contains("denoising MSE"));
        assert!(heads(&comparison).ends_with("scaling"));
        comparison.rows.truncate(1);
        assert!(!heads(&comparison).contains("denoising"));
        assert!(!heads(&comparison).contains("scaling"));
        assert!(comparison.table().iter().all(|row| row.len() == 8));
    }

    #[test]
    fn one_varied_key_of_numbers_has_a_curve() {
        let mut comparison = comparison();
        assert_eq!(comparison.sweep().unwrap(), None);
        let of = variations(&["encoder[0].outputs=16,8".into()]).unwrap();
        comparison.rows = of
            .into_iter()
            .zip([16, 8])
            .map(|(variation, code_size)| Compared {
                name: called(&variation),
                variation,
                code_size,
                pca_test_mse: Some(Measure::of(&[0.5])),
                ..row("plain", "unit", 0.02, None)
            })
            .collect();
        let figure = comparison.sweep().unwrap().unwrap();
        assert!(figure.caption.contains("encoder[0].outputs"));
        let (_, bytes) = figure.file();
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(text.contains("PCA beside plain"), "{text}");
    }

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
