//! The classic study of linear, denoising and contractive autoencoders on MNIST: its eight experiments, each with the
//! original settings and with corrected settings, and a check of its claims.

mod claims;
mod record;
mod tables;

use super::runs::{Planned, Work, make};
use super::{
    Done, Measure, StudyEvent, StudyOptions, check_empty, first_pictures, make_folder, points,
    robustness_figures, stopped,
};
use crate::advice::{Action, Settings};
use crate::corruption::Corruption;
use crate::data::Source;
use crate::error::Result;
use crate::evaluate::NOISY_ROWS;
use crate::evaluate::metric::{DENOISING_MSE, Metric, TEST_MSE};
use crate::figures::{robustness_chart, svg};
use crate::files::write_whole;
use crate::isa;
use crate::recipe::Recipe;
use crate::report::{Report, Section};
use crate::run::{REPORT_FILE, Sources, write_report};
use crate::scaling::{Scaling, ScalingSpec};
use crate::text::count_of;
use claims::claims;
pub use record::{Classic, ClassicRow, Setting};
use std::path::Path;
use std::time::Instant;
use tables::{markdown, page_table};

/// An experiment in both settings: original first, corrected second.
struct Experiment {
    name: &'static str,
    recipes: [&'static str; 2],
    epochs: usize,
    /// The test error of PyTorch 2.15 from one seed, if it was measured.
    reference: [Option<f64>; 2],
    /// The same with noise of std [`STD`] on the input.
    noisy_reference: [Option<f64>; 2],
}

const SETTINGS: [Setting; 2] = [Setting::Original, Setting::Corrected];

const EXPERIMENTS: [Experiment; 8] = [
    Experiment {
        name: "deep linear",
        recipes: ["deep-linear:original", "deep-linear"],
        epochs: 10,
        reference: [Some(0.838), Some(0.0501)],
        noisy_reference: [None, None],
    },
    Experiment {
        name: "simple linear",
        recipes: ["simple-linear:original", "simple-linear"],
        epochs: 10,
        reference: [Some(0.602), Some(0.0333)],
        noisy_reference: [None, None],
    },
    Experiment {
        name: "denoising, Gaussian",
        recipes: ["denoising:original", "denoising"],
        epochs: 3,
        reference: [None, Some(0.0338)],
        noisy_reference: [None, None],
    },
    Experiment {
        name: "denoising, salt and pepper",
        recipes: ["denoising-salt-pepper:original", "denoising-salt-pepper"],
        epochs: 3,
        reference: [None, None],
        noisy_reference: [None, None],
    },
    Experiment {
        name: "denoising, masking",
        recipes: ["denoising-masking:original", "denoising-masking"],
        epochs: 3,
        reference: [Some(0.882), None],
        noisy_reference: [None, None],
    },
    Experiment {
        name: "contractive, λ = 5",
        recipes: ["contractive-strong:original", "contractive-strong"],
        epochs: 10,
        reference: [Some(0.631), Some(0.0383)],
        noisy_reference: [Some(0.644), Some(0.0743)],
    },
    Experiment {
        name: "contractive, λ = 1e-4",
        recipes: ["contractive:original", "contractive"],
        epochs: 10,
        reference: [Some(0.554), Some(0.0161)],
        noisy_reference: [Some(0.584), Some(0.0587)],
    },
    Experiment {
        name: "contractive, λ = 0",
        recipes: ["contractive:original-free", "contractive:free"],
        epochs: 10,
        reference: [Some(0.521), Some(0.0098)],
        noisy_reference: [Some(0.563), Some(0.0712)],
    },
];

/// The experiments that differ only in the weight of the contractive penalty.
const CONTRACTIVE: std::ops::Range<usize> = 5..8;

/// The definition and the notation of the noisy error.
pub const NOISY_NOTE: &str = "noise 1.5: the MSE with Gaussian noise of std 1.5 on the first 500 test images. In \
                              parentheses is its increase over the MSE without noise: in percent, or as a factor of \
                              ten or more";

/// The name of the file with the results as a Markdown table.
pub const TABLE_FILE: &str = "table.md";

/// The epochs of an experiment in the quick study.
const QUICK_EPOCHS: usize = 1;

/// Trains all experiments on the built-in MNIST, each from the seeds 0 to `seeds` - 1. Writes one report, of the first
/// seed, and a Markdown table. Every run has its own folder inside the folder of the study. `quick` trains each for one
/// epoch. The options `sources` and `parts` are ignored; `observe` is called as in [`super::compare()`].
///
/// # Errors
///
/// If the folder is not empty, or as [`crate::run::run`] for the first run that fails, which ends the others.
/// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) if it was asked to stop.
pub fn classic(
    quick: bool,
    options: &StudyOptions<'_>,
    observe: &mut (dyn FnMut(StudyEvent<'_>) + Send),
) -> Result<Classic> {
    let start = Instant::now();
    check_empty(options.out)?;
    let options = StudyOptions {
        sources: Some(Sources {
            data: vec!["mnist".into()],
            ..Sources::default()
        }),
        ..options.clone()
    };
    let source = Source::open("mnist")?;
    let (out, _lock) = make_folder(options.out, if quick { "classic-quick" } else { "classic" })?;
    let seeds = options.seeds.max(1);
    let planned = planned(&out, quick, seeds)?;
    let hint = format!(
        "to finish a run, use {}; the study itself starts again from the beginning",
        Action::GoOn {
            run: out.join("…"),
            settings: Settings::default()
        }
    );
    let made = make(&planned, &source, &options, observe);
    let mut made = made
        .map_err(|error| stopped(error, &out, &hint))?
        .into_iter();
    let (mut done, mut rows, mut constants) = (Vec::<Done>::new(), Vec::new(), Vec::new());
    for experiment in &EXPERIMENTS {
        for place in 0..SETTINGS.len() {
            let runs: Vec<Done> = made.by_ref().take(seeds).collect();
            let errors: Vec<f64> = runs.iter().map(|run| error_of(run).1).collect();
            if let Some(first) = runs.into_iter().next() {
                let constant = constant_error(&source, first.outcome.scaling, &mut constants)?;
                rows.push(row(experiment, place, &first, constant, &errors));
                done.push(first);
            }
        }
    }
    let claims = claims(&rows);
    let mut classic = Classic {
        rows,
        claims,
        quick,
        seeds,
        seconds: start.elapsed().as_secs_f64(),
        report: out.join(REPORT_FILE),
    };
    write_report(&out, &report(&classic, &done)?)?;
    write_whole(&out.join(TABLE_FILE), markdown(&classic).as_bytes())?;
    classic.seconds = start.elapsed().as_secs_f64();
    Ok(classic)
}

/// All runs: experiment by experiment, setting by setting, seed by seed.
fn planned(out: &Path, quick: bool, seeds: usize) -> Result<Vec<Planned<'static>>> {
    let mut planned = Vec::new();
    for experiment in &EXPERIMENTS {
        for (setting, name) in SETTINGS.into_iter().zip(experiment.recipes) {
            let mut recipe = Recipe::load(name, &[])?;
            let mut about = setting.name().to_string();
            recipe.epochs = experiment.epochs;
            if quick {
                recipe.epochs = QUICK_EPOCHS;
                let short = count_of(QUICK_EPOCHS, "epoch");
                recipe.about = format!("{} (quick: {short})", recipe.about);
                about.push_str(", quick");
            }
            for seed in 0..seeds {
                let mut title = format!("{} ({about})", experiment.name);
                let mut folder = out.join(&recipe.name);
                if seed > 0 {
                    title.push_str(&format!(", seed {seed}"));
                    folder = out.join(format!("{}-seed-{seed}", recipe.name));
                }
                recipe.seed = seed as u64;
                planned.push(Planned {
                    title,
                    label: experiment.name.to_string(),
                    work: Work::Train(Box::new(recipe.clone()), folder),
                    has_pictures: seed == 0,
                });
            }
        }
    }
    Ok(planned)
}

fn row(
    experiment: &Experiment,
    place: usize,
    first: &Done,
    constant_mse: f64,
    errors: &[f64],
) -> ClassicRow {
    let summary = &first.outcome.summary;
    let gaussian = first.curve(&Corruption::gaussian(1.0));
    let (metric, mse) = error_of(first);
    ClassicRow {
        experiment: experiment.name,
        setting: SETTINGS[place],
        epochs: summary.epochs,
        metric,
        mse,
        over_seeds: Measure::of(errors),
        reference: experiment.reference[place],
        constant_mse,
        gaussian: gaussian.map_or(Vec::new(), points),
        noisy_reference: experiment.noisy_reference[place],
        pca_mse: first
            .evaluation()
            .and_then(|evaluation| Some(evaluation.pca.as_ref()?.test_mse)),
    }
}

/// The error of a run in the study: the denoising MSE for a denoiser, otherwise the test MSE.
fn error_of(run: &Done) -> (Metric, f64) {
    let denoising = run
        .evaluation()
        .and_then(|evaluation| evaluation.denoising.as_ref());
    match denoising {
        Some(denoising) => (DENOISING_MSE, denoising.denoising_mse),
        None => (
            TEST_MSE,
            run.number(|evaluation| Some(evaluation.model.test_mse)),
        ),
    }
}

/// The test error of one constant image for all inputs, in the range of a decoder that ends in a sigmoid; `known`
/// caches earlier results.
fn constant_error(
    source: &Source,
    scaling: Option<ScalingSpec>,
    known: &mut Vec<(Option<ScalingSpec>, f64)>,
) -> Result<f64> {
    if let Some((_, error)) = known.iter().find(|(other, _)| *other == scaling) {
        return Ok(*error);
    }
    let (train, test) = (&source.train, source.test.as_ref().unwrap_or(&source.train));
    let spec = scaling.unwrap_or_else(|| ScalingSpec::usual(train));
    let fitted = Scaling::fit(&spec, train)?;
    let mut row = vec![0.0; train.inputs()];
    let mut mean = vec![0.0; train.inputs()];
    for index in 0..train.rows() {
        fitted.gather(train, index, &mut row);
        for (sum, &value) in mean.iter_mut().zip(&row) {
            *sum += f64::from(value) / train.rows() as f64;
        }
    }
    let mut squares = 0.0;
    for index in 0..test.rows() {
        fitted.gather(test, index, &mut row);
        let pairs = row.iter().zip(&mean);
        squares += pairs
            .map(|(&value, mean)| (f64::from(value) - mean.clamp(0.0, 1.0)).powi(2))
            .sum::<f64>();
    }
    let error = squares / (test.rows() * test.inputs()) as f64;
    known.push((scaling, error));
    Ok(error)
}

fn report(classic: &Classic, done: &[Done]) -> Result<Report> {
    let mut notes = vec![
        "MSE: the test MSE on 10,000 test images. It is in scaled units, which differ between the settings. For the \
         denoising experiments it is the denoising MSE: of the reconstructions of noisy images against the clean \
         images, mean over several noises for each image. PyTorch: its MSE from one seed, where it was measured. PCA: \
         its test MSE with as many components as the code has values, on clean images. "
            .to_string()
            + NOISY_NOTE
            + ".",
        "Original setting: pixels lie outside of [0, 1], but the decoder ends in a sigmoid. So no model can have a \
         lower error than pixels that are clamped to [0, 1]. Masking keeps 20 % of the pixels. Corrected setting: \
         pixels lie in [0, 1], and masking drops 20 % of them. Both settings use the contractive penalty of the \
         original study: the squared gradient of the summed code, summed over the batch. It is not the norm of the \
         Jacobian; the recipe contractive:jacobian has that penalty."
            .to_string(),
        isa::note(),
    ];
    if classic.seeds > 1 {
        notes.push(format!(
            "{} seeds: mean ± standard deviation. All other numbers and figures are from the first seed.",
            classic.seeds
        ));
    }
    let mut title = "The classic study of autoencoders on MNIST".to_string();
    if classic.quick {
        title.push_str(" (quick: one epoch each)");
        notes.insert(
            0,
            "A quick study: each experiment was trained for one epoch, instead of 3 or 10. Therefore the errors are \
             larger than those of PyTorch."
                .into(),
        );
    }
    let of = |setting: usize| -> Vec<&Done> { done.iter().skip(setting).step_by(2).collect() };
    let mut sections = vec![robustness(&of(0), &of(1))?];
    sections.extend(done.iter().map(|done| {
        let mut section = done.outcome.section(&done.recipe);
        // The common charts show the curves of every model side by side.
        section
            .figures
            .retain(|figure| !figure.name.starts_with("robustness"));
        section
    }));
    Ok(Report {
        title,
        lead: classic.claims.clone(),
        table: Some(page_table(classic)),
        notes,
        first: first_pictures(&of(1), " (corrected)"),
        sections,
    })
}

/// The robustness curves of all experiments, and the curves for the claim about the contractive penalty.
fn robustness(original: &[&Done], corrected: &[&Done]) -> Result<Section> {
    let (mut figures, mut others) = (Vec::new(), Vec::new());
    for (about, runs) in [("original", original), ("corrected", corrected)] {
        let noise = Corruption::gaussian(1.0);
        let lines = runs[CONTRACTIVE].iter().filter_map(|run| {
            let points = points(run.curve(&noise)?);
            let (_, clean) = *points.first()?;
            let relative = points.iter().map(|&(level, mse)| (level, mse / clean));
            Some((run.label.clone(), relative.collect()))
        });
        let chart = robustness_chart(&noise, "error / clean error", lines.collect());
        let caption = format!(
            "The error of each contractive model on the first {NOISY_ROWS} test images with noise, divided by its \
             error without noise ({about} setting). The claim is about this ratio"
        );
        figures.extend(svg(&format!("contractive-{about}"), &caption, &chart)?);
        // The errors of the corrected models are far apart.
        others.extend(robustness_figures(runs, about, about == "corrected")?);
    }
    figures.extend(others);
    Ok(Section {
        title: "Robustness".into(),
        about: vec!["All experiments in both settings, on the first 500 test images. The errors of the two settings \
                     are in different units."
            .into()],
        table: None,
        figures,
    })
}
