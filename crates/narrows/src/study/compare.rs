//! Recipes and runs side by side: same data, same seeds.

use super::{Done, StudyEvent, first_pictures, robustness_figures};
use crate::data::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::recipe::Recipe;
use crate::report::{Cell, Report, Table};
use crate::run::{Options, REPORT_FILE, evaluate_run, is_run, run, write_report};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A measure over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a sample; none of one value.
    pub deviation: Option<f64>,
}

impl Measure {
    fn of(values: &[f64]) -> Measure {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Measure {
            mean,
            deviation: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
        }
    }

    fn to_json(self) -> Value {
        json!({"mean": self.mean, "deviation": self.deviation})
    }
}

/// One of the autoencoders that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// As it was asked for.
    pub name: String,
    /// The number of seeds; a run that was there has one.
    pub seeds: usize,
    /// The values of a code.
    pub code_size: usize,
    /// The test error in scaled units.
    pub test_mse: Measure,
    /// The error of PCA with as many components.
    pub pca_mse: Option<f64>,
    /// The error with Gaussian noise of deviation 0.8 on the input, on the first 500 test rows.
    pub noisy_mse: Measure,
    /// The mean Frobenius norm of the code's Jacobian, unless the code is too wide.
    pub jacobian_norm: Option<Measure>,
    /// The time of training.
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
                "seeds": row.seeds,
                "code_size": row.code_size,
                "test_mse": row.test_mse.to_json(),
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

    /// Which row has the smallest test error.
    pub fn best(&self) -> Option<&Compared> {
        let error = |row: &&Compared| row.test_mse.mean;
        self.rows
            .iter()
            .min_by(|a, b| error(a).total_cmp(&error(b)))
    }
}

/// Trains each recipe with the seeds 0 to `seeds` - 1 and measures each run that is there already, all on
/// one source. Recipes are changed by `overrides` first. The runs and the report go to `out`, which must be
/// new or empty.
///
/// # Errors
///
/// When a name is neither a recipe nor a run, or as [`run`].
pub fn compare(
    names: &[String],
    overrides: &[String],
    source: &Source,
    seeds: usize,
    out: &Path,
    threads: usize,
    observe: &mut dyn FnMut(StudyEvent<'_>),
) -> Result<Comparison> {
    if out
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(
            Error::new(ErrorKind::Data, "the comparison's folder is not empty")
                .at(out.display())
                .expected("a folder that is new or empty")
                .hint("choose another with --out, or remove this one"),
        );
    }
    // All names are read before the first is trained.
    let mut recipes = Vec::new();
    for name in names {
        recipes.push(match is_run(Path::new(name)) {
            true => None,
            false => Some(Recipe::load(name, overrides)?),
        });
    }
    let total = recipes
        .iter()
        .map(|recipe| recipe.as_ref().map_or(1, |_| seeds));
    let total: usize = total.sum();
    let (mut rows, mut first, mut begun) = (Vec::new(), Vec::new(), 0);
    for (index, (name, recipe)) in names.iter().zip(&recipes).enumerate() {
        let mut runs = Vec::new();
        for seed in 0..recipe.as_ref().map_or(1, |_| seeds) {
            begun += 1;
            let label = match recipe {
                Some(_) if seeds > 1 => format!("{name}, seed {seed}"),
                _ => name.clone(),
            };
            observe(StudyEvent::Begin(begun, total, &label));
            let (recipe, outcome) = match recipe {
                Some(recipe) => {
                    let mut recipe = recipe.clone();
                    recipe.seed = seed as u64;
                    let folder = out.join(format!("{}-{}-seed-{seed}", index + 1, recipe.name));
                    let epochs = recipe.epochs;
                    let options = Options {
                        out: Some(&folder),
                        threads,
                        ..Options::default()
                    };
                    let outcome = run(&recipe, source, &options, &mut |event| {
                        observe(StudyEvent::Run(epochs, event));
                    })?;
                    (recipe, outcome)
                }
                None => evaluate_run(Path::new(name), source, threads)?,
            };
            runs.push(Done {
                label: name.clone(),
                recipe,
                outcome,
            });
        }
        rows.push(compared(name, &runs));
        first.extend(runs.into_iter().next());
    }
    let comparison = Comparison {
        rows,
        report: out.join(REPORT_FILE),
    };
    std::fs::create_dir_all(out).map_err(|e| Error::io("cannot make the folder", out, e))?;
    write_report(out, &report(&comparison, &first)?)?;
    Ok(comparison)
}

fn compared(name: &str, runs: &[Done]) -> Compared {
    let measure = |of: &dyn Fn(&Done) -> f64| {
        let values: Vec<f64> = runs.iter().map(of).collect();
        Measure::of(&values)
    };
    let noisy = |done: &Done| {
        let curves = &done.outcome.portrait.robustness;
        let points = curves.iter().find(|(noise, _)| *noise == "gaussian");
        let point =
            points.and_then(|(_, p)| p.iter().find(|(level, _)| (level - 0.8).abs() < 1e-6));
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
        seeds: runs.len(),
        code_size: summary.map_or(0, |summary| summary.code_size),
        test_mse: measure(&|run| run.outcome.summary.test_mse),
        pca_mse: summary.and_then(|summary| summary.pca_mse),
        noisy_mse: measure(&noisy),
        jacobian_norm: has_norm.then(|| measure(&norm)),
        seconds: measure(&|run| run.outcome.summary.seconds),
    }
}

fn report(comparison: &Comparison, first: &[Done]) -> Result<Report> {
    let figures = |value: f64| format!("{value:.5}");
    let measure = |measure: Measure| match measure.deviation {
        Some(deviation) => format!("{} ± {}", figures(measure.mean), figures(deviation)),
        None => figures(measure.mean),
    };
    let best = comparison.best().map(|row| row.name.clone());
    let rows = comparison.rows.iter().map(|row| -> Vec<Cell> {
        let test = Cell {
            text: measure(row.test_mse),
            best: Some(&row.name) == best.as_ref(),
        };
        vec![
            row.name.clone().into(),
            row.seeds.to_string().into(),
            row.code_size.to_string().into(),
            test,
            row.pca_mse.map_or("-".to_string(), figures).into(),
            measure(row.noisy_mse).into(),
            row.jacobian_norm.map_or("-".to_string(), measure).into(),
            format!("{:.1} s", row.seconds.mean).into(),
        ]
    });
    let heads = [
        "",
        "seeds",
        "code",
        "test MSE",
        "PCA",
        "noisy MSE",
        "‖J‖_F",
        "training",
    ];
    let lead = comparison.best().map(|row| {
        format!(
            "The smallest test error is that of {}: {}.",
            row.name,
            measure(row.test_mse)
        )
    });
    let all: Vec<&Done> = first.iter().collect();
    let mut sections = vec![crate::report::Section {
        title: "Robustness".into(),
        about: vec!["Each one's first seed, on the first 500 test rows.".into()],
        figures: robustness_figures(&all, "all")?,
    }];
    sections.extend(first.iter().enumerate().map(|(index, done)| {
        let mut section = done.outcome.section(&done.recipe);
        section.title = format!("{}-{}", index + 1, section.title);
        section
            .figures
            .retain(|figure| !figure.name.starts_with("robustness"));
        section
    }));
    Ok(Report {
        title: "Autoencoders compared".into(),
        lead: lead.into_iter().collect(),
        table: Some(Table {
            heads: heads.map(String::from).to_vec(),
            rows: rows.collect(),
        }),
        notes: vec![
            "Same data and same seeds for all; mean ± standard deviation over seeds. Mean squared errors in the \
             units of training: compare them between models of the same scaling. Noisy MSE: with Gaussian noise \
             of deviation 0.8 on the first 500 test rows. ‖J‖_F: mean Frobenius norm of the code's Jacobian."
                .into(),
        ],
        first: first_pictures(&all),
        sections,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_mean_and_sample_deviation() {
        assert_eq!(
            Measure::of(&[1.0, 2.0, 3.0]),
            Measure {
                mean: 2.0,
                deviation: Some(1.0)
            }
        );
        assert_eq!(Measure::of(&[4.0]).deviation, None);
    }
}
