//! Recipes and runs side by side: same data, same seeds.

use super::runs::{Planned, Work, make};
use super::{
    Done, StudyEvent, StudyOptions, check_empty, first_pictures, make_folder, robustness_figures,
    stopped,
};
use crate::corruption::Corruption;
use crate::data::{Source, rows_in_words};
use crate::error::Result;
use crate::isa;
use crate::parts::Parts;
use crate::recipe::{Override, Recipe};
use crate::report::{Cell, Report, Table};
use crate::run::{REPORT_FILE, check_done, check_recipe, is_run, load_for, write_report};
use crate::scaling::ScalingSpec;
use crate::text::{figures, mean_and_std, path_for_shell};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A measure over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a sample; none of one value.
    pub std: Option<f64>,
}

impl Measure {
    pub(super) fn of(values: &[f64]) -> Measure {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Measure {
            mean,
            std: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
        }
    }

    /// The mean, and the std behind it: `0.03376 ± 0.00016`.
    pub fn text(self) -> String {
        match self.std {
            Some(std) => mean_and_std(self.mean, std),
            None => figures(self.mean),
        }
    }

    pub(super) fn to_json(self) -> Value {
        json!({"mean": self.mean, "std": self.std})
    }
}

/// One of the autoencoders that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// As it was asked for.
    pub name: String,
    /// Whether it was trained before, from a seed of its own.
    pub is_finished: bool,
    /// The number of seeds; a run that was there has one.
    pub seeds: usize,
    /// The numbers of training, validation and test rows.
    pub rows: [usize; 3],
    /// The scaling with its settings: only errors of the same are in the same units.
    pub scaling: String,
    /// The values of a code.
    pub code_size: usize,
    /// The test error in scaled units; where the recipe corrupts its rows, of corrupted ones.
    pub test_mse: Measure,
    /// The test error of clean rows.
    pub clean_mse: Measure,
    /// Whether the recipe corrupts its rows.
    pub is_corrupted: bool,
    /// The error of PCA with as many components; none where those are all there are.
    pub pca_mse: Option<f64>,
    /// The error with Gaussian noise of std 0.8 on the input, on the first 500 test rows.
    pub noisy_mse: Measure,
    /// The mean Frobenius norm of the code's Jacobian, unless it would take too much time or memory.
    pub jacobian_norm: Option<Measure>,
    /// The time of training; where several runs were trained at a time, beside the others.
    pub seconds: Measure,
}

/// What a comparison found.
pub struct Comparison {
    /// In the order asked for.
    pub rows: Vec<Compared>,
    /// The report.
    pub report: PathBuf,
}

impl Comparison {
    /// What was found, as a JSON object.
    pub fn to_json(&self) -> Value {
        let row = |row: &Compared| {
            json!({
                "name": row.name,
                "finished": row.is_finished,
                "seeds": row.seeds,
                "train_rows": row.rows[0],
                "validation_rows": row.rows[1],
                "test_rows": row.rows[2],
                "scaling": row.scaling,
                "code_size": row.code_size,
                "test_mse": row.test_mse.to_json(),
                "clean_mse": row.clean_mse.to_json(),
                "pca_mse": row.pca_mse,
                "noisy_mse": row.noisy_mse.to_json(),
                "jacobian_norm": row.jacobian_norm.map(Measure::to_json),
                "seconds": row.seconds.to_json(),
            })
        };
        json!({
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "report": self.report.display().to_string(),
        })
    }

    /// The rows that a scaling has, scaling by scaling, in the order asked for.
    fn groups(&self) -> Vec<Vec<usize>> {
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

    /// The places of the rows with the smallest error on clean rows, one of each scaling that several rows have.
    fn best(&self) -> Vec<usize> {
        let groups = self.groups().into_iter().filter(|group| group.len() > 1);
        let error = |row: &usize| self.rows[*row].clean_mse.mean;
        let best = groups.filter_map(|group| {
            group
                .into_iter()
                .min_by(|a, b| error(a).total_cmp(&error(b)))
        });
        best.collect()
    }

    /// How many rows there were for training, validation and testing, in sentences: one for all, or one for each that
    /// has other numbers.
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

    /// What the comparison comes to, and what it does not say, in sentences.
    pub fn verdict(&self) -> Vec<String> {
        let several = self.groups().len() > 1;
        let mut verdict: Vec<String> = self
            .best()
            .into_iter()
            .map(|best| {
                let row = &self.rows[best];
                let among = match several {
                    true => format!(" of the models with {} scaling", row.scaling),
                    false => String::new(),
                };
                let error = row.clean_mse.text();
                format!(
                    "{} has the smallest error on clean rows{among}: {error}.",
                    row.name
                )
            })
            .collect();
        if several {
            verdict.push(
                "Models of different scalings are not ranked against each other: their errors are in different units."
                    .into(),
            );
        }
        if self.rows.iter().any(|row| row.is_finished) {
            verdict.push("Finished runs keep the seeds that they were trained with.".into());
        }
        verdict
    }
}

/// Trains each recipe with each seed and measures each run that is there already, all on one source. Recipes are changed
/// by `overrides` first. The runs and the report go to a folder of their own.
///
/// Several runs go on at a time. `observe` is called by several threads, one at a time.
///
/// # Errors
///
/// When a name is neither a recipe nor a run that has come to its end, or as [`crate::run::run`] for the first that fails,
/// which ends the others. [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) when it was told to stop.
pub fn compare(
    names: &[String],
    overrides: &[Override],
    source: &Source,
    options: &StudyOptions<'_>,
    observe: &mut (dyn FnMut(StudyEvent<'_>) + Send),
) -> Result<Comparison> {
    check_empty(options.out)?;
    let seeds = options.seeds.max(1);
    // Everything is read and checked against the data before the first recipe is trained.
    let parts = Parts::or_standard(options.parts);
    let mut recipes = Vec::new();
    for name in names {
        recipes.push(if is_run(Path::new(name)) {
            let run = Path::new(name);
            check_done(run, &load_for(run, source, options.parts)?)?;
            None
        } else {
            let recipe = parts.load(name, overrides)?;
            check_recipe(&recipe, source)?;
            Some(recipe)
        });
    }
    let (out, _lock) = make_folder(options.out, "compare")?;
    let mut planned = Vec::new();
    for (index, (name, recipe)) in names.iter().zip(&recipes).enumerate() {
        for seed in 0..seeds_of(recipe, seeds) {
            let title = match recipe {
                Some(_) if seeds > 1 => format!("{name}, seed {seed}"),
                _ => name.clone(),
            };
            let work = match recipe {
                Some(recipe) => {
                    let mut recipe = Box::new(recipe.clone());
                    recipe.seed = seed as u64;
                    let folder = format!("{}-{}-seed-{seed}", index + 1, recipe.name);
                    Work::Train(recipe, out.join(folder))
                }
                None => Work::Evaluate(Path::new(name)),
            };
            planned.push(Planned {
                title,
                label: name.clone(),
                work,
                has_pictures: seed == 0,
            });
        }
    }
    let hint = format!(
        "each of them goes on with `narrows train --resume {}/…`; `narrows compare` takes those that are done",
        path_for_shell(&out)
    );
    let made = make(&planned, source, options, observe);
    let mut made = made
        .map_err(|error| stopped(error, &out, &hint))?
        .into_iter();
    let (mut rows, mut first) = (Vec::new(), Vec::new());
    for (name, recipe) in names.iter().zip(&recipes) {
        let runs: Vec<Done> = made.by_ref().take(seeds_of(recipe, seeds)).collect();
        rows.push(compared(name, recipe.is_none(), &runs));
        first.extend(runs.into_iter().next());
    }
    let comparison = Comparison {
        rows,
        report: out.join(REPORT_FILE),
    };
    write_report(&out, &report(&comparison, &first)?)?;
    Ok(comparison)
}

/// How often it is trained; a run that is there already has its own seed.
fn seeds_of(recipe: &Option<Recipe>, seeds: usize) -> usize {
    recipe.as_ref().map_or(1, |_| seeds)
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
    match settings.is_empty() {
        true => scaling.name().into(),
        false => format!("{} ({})", scaling.name(), settings.join(", ")),
    }
}

fn compared(name: &str, is_finished: bool, runs: &[Done]) -> Compared {
    // Each is tested: a run without test rows is refused.
    let test_mse = |run: &Done| run.outcome.summary.test_mse.unwrap_or(f64::NAN);
    let measure = |of: &dyn Fn(&Done) -> f64| {
        let values: Vec<f64> = runs.iter().map(of).collect();
        Measure::of(&values)
    };
    let gaussian = Corruption::gaussian(0.8);
    let noisy = |done: &Done| {
        let mut curves = done.outcome.portrait.robustness.iter();
        let curve = curves.find(|curve| curve.noise.name() == gaussian.name());
        let point = curve.and_then(|curve| {
            curve
                .points
                .iter()
                .find(|(level, _)| (level - 0.8).abs() < 1e-6)
        });
        point.map_or(f64::NAN, |(_, mse)| *mse)
    };
    let norm = |done: &Done| {
        let jacobian = done.outcome.portrait.jacobian.as_ref();
        jacobian.map_or(f64::NAN, |jacobian| jacobian.mean_norm)
    };
    let has_norm = runs
        .iter()
        .all(|run| run.outcome.portrait.jacobian.is_some());
    let summary = runs.first().map(|run| &run.outcome.summary);
    Compared {
        name: name.to_string(),
        is_finished,
        seeds: runs.len(),
        rows: summary.map_or([0; 3], |summary| {
            [
                summary.train_rows,
                summary.validation_rows,
                summary.test_rows,
            ]
        }),
        scaling: described(runs.first().and_then(|run| run.outcome.scaling)),
        code_size: summary.map_or(0, |summary| summary.code_size),
        test_mse: measure(&test_mse),
        clean_mse: measure(&|run| {
            let corrupted = run.outcome.summary.corrupted;
            corrupted.map_or_else(|| test_mse(run), |errors| errors.clean_test_mse)
        }),
        is_corrupted: runs
            .iter()
            .any(|run| run.outcome.summary.corrupted.is_some()),
        pca_mse: summary
            .filter(|summary| summary.code_size < summary.inputs)
            .and_then(|summary| summary.pca_mse),
        noisy_mse: measure(&noisy),
        jacobian_norm: has_norm.then(|| measure(&norm)),
        seconds: measure(&|run| run.outcome.summary.seconds),
    }
}

fn report(comparison: &Comparison, first: &[Done]) -> Result<Report> {
    let best = comparison.best();
    let has_clean = comparison.rows.iter().any(|row| row.is_corrupted);
    let groups = comparison.groups();
    let several = groups.len() > 1;
    let rows = comparison
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| -> Vec<Cell> {
            let clean = Cell {
                text: row.clean_mse.text(),
                best: best.contains(&index),
            };
            let mut cells = vec![row.name.clone().into(), clean];
            if has_clean {
                // Without corruption it is the same number.
                cells.insert(1, row.test_mse.text().into());
            }
            let seeds = match row.is_finished {
                true => "its own".to_string(),
                false => row.seeds.to_string(),
            };
            cells.extend([
                row.pca_mse.map_or("-".to_string(), figures).into(),
                row.noisy_mse.text().into(),
                row.jacobian_norm
                    .map_or("-".to_string(), Measure::text)
                    .into(),
                row.code_size.to_string().into(),
                seeds.into(),
                format!("{:.1} s", row.seconds.mean).into(),
            ]);
            if several {
                cells.push(row.scaling.clone().into());
            }
            cells
        });
    let mut heads = vec![
        "",
        "test MSE",
        "PCA",
        "noisy MSE",
        "‖J‖_F",
        "code",
        "seeds",
        "training",
    ];
    if several {
        heads.push("scaling");
    }
    if has_clean {
        heads.insert(2, "clean MSE");
    }
    let mut sections = vec![crate::report::Section {
        title: "Robustness".into(),
        about: vec!["Each one's first seed, on the first 500 test rows.".into()],
        figures: Vec::new(),
    }];
    for group in &groups {
        let runs: Vec<&Done> = group.iter().filter_map(|&index| first.get(index)).collect();
        let about = match several {
            true => format!("{} scaling", comparison.rows[group[0]].scaling),
            false => "all models".into(),
        };
        sections[0]
            .figures
            .extend(robustness_figures(&runs, &about, false)?);
    }
    sections.extend(first.iter().enumerate().map(|(index, done)| {
        let mut section = done.outcome.section(&done.recipe);
        section.title = format!("{}-{}", index + 1, section.title);
        section
            .figures
            .retain(|figure| !figure.name.starts_with("robustness"));
        section
    }));
    let all: Vec<&Done> = first.iter().collect();
    Ok(Report {
        title: "Autoencoders compared".into(),
        lead: comparison.verdict(),
        table: Some(Table {
            heads: heads.into_iter().map(String::from).collect(),
            rows: rows.collect(),
            aside: None,
        }),
        notes: vec![
            "Same data and same seeds for all that were trained here; mean ± standard deviation over seeds. Mean \
             squared errors in the units of training, marked where they are the smallest on clean rows among \
             models of one scaling. Test MSE: of rows as the recipe corrupts them, if it does. Noisy MSE: with \
             Gaussian noise of std 0.8 on the first 500 test rows. ‖J‖_F: mean Frobenius norm of the code's \
             Jacobian at the first test rows. Training: where several runs were trained at a time, beside the others."
                .into(),
            comparison.rows_in_words().join(" "),
            isa::note(),
        ],
        first: first_pictures(&all, ""),
        sections,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, scaling: &str, test: f64, clean: f64) -> Compared {
        Compared {
            name: name.into(),
            is_finished: false,
            seeds: 1,
            rows: [90, 0, 10],
            scaling: scaling.into(),
            code_size: 4,
            test_mse: Measure::of(&[test]),
            clean_mse: Measure::of(&[clean]),
            is_corrupted: test != clean,
            pca_mse: None,
            noisy_mse: Measure::of(&[test]),
            jacobian_norm: None,
            seconds: Measure::of(&[1.0]),
        }
    }

    #[test]
    fn only_clean_errors_of_one_scaling_are_ranked() {
        let mut comparison = Comparison {
            rows: vec![
                row("plain", "unit", 0.02, 0.02),
                row("other units", "none", 0.001, 0.001),
                row("denoising", "unit", 0.03, 0.01),
            ],
            report: PathBuf::new(),
        };
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
        comparison.rows.push(row("more", "unit", 0.1, 0.1));
        comparison.rows[1].rows = [80, 10, 10];
        assert_eq!(comparison.rows_in_words().len(), 2);
        assert!(comparison.rows_in_words()[0].contains(rows));
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

    #[test]
    fn a_measure_is_mean_and_sample_std() {
        assert_eq!(
            Measure::of(&[1.0, 2.0, 3.0]),
            Measure {
                mean: 2.0,
                std: Some(1.0)
            }
        );
        assert_eq!(Measure::of(&[4.0]).std, None);
    }
}
