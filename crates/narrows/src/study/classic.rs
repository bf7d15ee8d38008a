//! The classic study of linear, denoising and contractive autoencoders on MNIST: its eight experiments, each
//! as the original had it and corrected, and what becomes of its claims.

use super::{Done, StudyEvent, first_pictures, robustness_figures};
use crate::corruption::Corruption;
use crate::data::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::recipe::Recipe;
use crate::report::{Cell, Report, Section, Table};
use crate::run::{Options, REPORT_FILE, run, write_report};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// An experiment in both settings: original first, corrected second.
struct Experiment {
    name: &'static str,
    recipes: [&'static str; 2],
    epochs: usize,
    /// What PyTorch 2.15 reached from one seed, where it was measured: the test error.
    reference: [Option<f64>; 2],
}

/// Whether an experiment is as the original had it, flaws included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Inputs that leave [0, 1] though the decoder ends in a sigmoid; masking that keeps 20 %.
    Original,
    /// Inputs in [0, 1].
    Corrected,
}

impl Setting {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Setting::Original => "original",
            Setting::Corrected => "corrected",
        }
    }
}

const EXPERIMENTS: [Experiment; 8] = [
    Experiment {
        name: "deep linear",
        recipes: ["deep-linear:original", "deep-linear"],
        epochs: 10,
        reference: [Some(0.838), Some(0.0501)],
    },
    Experiment {
        name: "simple linear",
        recipes: ["simple-linear:original", "simple-linear"],
        epochs: 10,
        reference: [Some(0.602), Some(0.0333)],
    },
    Experiment {
        name: "denoising, Gaussian",
        recipes: ["denoising:original", "denoising"],
        epochs: 3,
        reference: [None, Some(0.0338)],
    },
    Experiment {
        name: "denoising, salt and pepper",
        recipes: ["denoising-salt-pepper:original", "denoising-salt-pepper"],
        epochs: 3,
        reference: [None, None],
    },
    Experiment {
        name: "denoising, masking",
        recipes: ["denoising-masking:original", "denoising-masking"],
        epochs: 3,
        reference: [Some(0.882), None],
    },
    Experiment {
        name: "contractive, λ = 5",
        recipes: ["contractive-strong:original", "contractive-strong"],
        epochs: 10,
        reference: [Some(0.631), Some(0.0383)],
    },
    Experiment {
        name: "contractive, λ = 1e-4",
        recipes: ["contractive:original", "contractive"],
        epochs: 10,
        reference: [Some(0.554), Some(0.0161)],
    },
    Experiment {
        name: "contractive, λ = 0",
        recipes: ["contractive:original-free", "contractive:free"],
        epochs: 10,
        reference: [Some(0.521), Some(0.0098)],
    },
];

/// The places of the experiments that the claims are about.
const DEEP: usize = 0;
const SIMPLE: usize = 1;
const STRONG: usize = 5;
const LIGHT: usize = 6;
const FREE: usize = 7;

/// The epochs of an experiment in the quick study.
const QUICK_EPOCHS: usize = 1;

/// What the study found.
pub struct Classic {
    /// Each experiment in each setting.
    pub rows: Vec<ClassicRow>,
    /// Which of the original's claims hold, in sentences.
    pub claims: Vec<String>,
    /// Whether there were fewer epochs than the study has.
    pub quick: bool,
    /// The time that it took.
    pub seconds: f64,
    /// The report.
    pub report: PathBuf,
}

/// An experiment in one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassicRow {
    /// Its name.
    pub experiment: &'static str,
    /// The setting.
    pub setting: Setting,
    /// The epochs trained.
    pub epochs: usize,
    /// The test error in scaled units; for denoising, of corrupted rows against the clean ones.
    pub test_mse: f64,
    /// The test error of PyTorch from one seed, where it was measured.
    pub reference: Option<f64>,
    /// The error of PCA with as many components as the code has values.
    pub pca_mse: Option<f64>,
    /// The error with Gaussian noise of deviation 1.5 on the input, relative to the error without:
    /// 1 means twice as large.
    pub sensitivity: f64,
}

impl ClassicRow {
    /// What noise adds to the error, in percent.
    pub fn added(&self) -> String {
        let percent = (100.0 * self.sensitivity).round();
        // Without the sign of a rounded 0.
        match percent == 0.0 {
            true => "0 %".into(),
            false => format!("{percent:+.0} %"),
        }
    }
}

impl Classic {
    /// What was found, as a JSON object.
    pub fn to_json(&self) -> Value {
        let row = |row: &ClassicRow| {
            json!({
                "experiment": row.experiment,
                "setting": row.setting.name(),
                "epochs": row.epochs,
                "test_mse": row.test_mse,
                "reference": row.reference,
                "pca_mse": row.pca_mse,
                "noise_sensitivity": row.sensitivity,
            })
        };
        json!({
            "quick": self.quick,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "claims": self.claims,
            "seconds": self.seconds,
            "report": self.report.display().to_string(),
        })
    }
}

/// Trains all experiments on the built-in MNIST and writes one report; every run has its own folder in
/// `out`, which must be new or empty. `quick` trains each for one epoch.
///
/// # Errors
///
/// When the folder is not empty or the system refuses to write.
pub fn classic(
    out: &Path,
    quick: bool,
    threads: usize,
    observe: &mut dyn FnMut(StudyEvent<'_>),
) -> Result<Classic> {
    let start = Instant::now();
    if out
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some())
    {
        return Err(
            Error::new(ErrorKind::Data, "the study's folder is not empty")
                .at(out.display())
                .expected("a folder that is new or empty")
                .hint("choose another with --out, or remove this one"),
        );
    }
    let source = Source::open("mnist")?;
    let total = 2 * EXPERIMENTS.len();
    let mut done: Vec<Done> = Vec::with_capacity(total);
    for experiment in &EXPERIMENTS {
        for (place, name) in experiment.recipes.into_iter().enumerate() {
            let mut recipe = Recipe::load(name, &[])?;
            recipe.epochs = if quick {
                QUICK_EPOCHS
            } else {
                experiment.epochs
            };
            let setting = [Setting::Original, Setting::Corrected][place];
            let label = format!("{} ({})", experiment.name, setting.name());
            observe(StudyEvent::Begin(done.len() + 1, total, &label));
            let epochs = recipe.epochs;
            let folder = out.join(&recipe.name);
            let options = Options {
                out: Some(&folder),
                threads,
                ..Options::default()
            };
            let outcome = run(&recipe, &source, &options, &mut |event| {
                observe(StudyEvent::Run(epochs, event));
            })?;
            done.push(Done {
                label: experiment.name.to_string(),
                recipe,
                outcome,
            });
        }
    }
    let rows: Vec<ClassicRow> = done.iter().enumerate().map(row).collect();
    let claims = claims(&rows, &done);
    let mut classic = Classic {
        rows,
        claims,
        quick,
        seconds: start.elapsed().as_secs_f64(),
        report: out.join(REPORT_FILE),
    };
    write_report(out, &report(&classic, &done)?)?;
    classic.seconds = start.elapsed().as_secs_f64();
    Ok(classic)
}

fn row((place, done): (usize, &Done)) -> ClassicRow {
    let experiment = &EXPERIMENTS[place / 2];
    let summary = &done.outcome.summary;
    ClassicRow {
        experiment: experiment.name,
        setting: [Setting::Original, Setting::Corrected][place % 2],
        epochs: summary.epochs,
        test_mse: summary.test_mse,
        reference: experiment.reference[place % 2],
        // As many components as there are values lose nothing, and say nothing.
        pca_mse: summary
            .pca_mse
            .filter(|_| summary.code_size < summary.inputs),
        sensitivity: sensitivity(done, Some(1.5)),
    }
}

/// How much larger the error is with Gaussian noise than without, relative to that: at one level, or in the
/// mean over all.
fn sensitivity(done: &Done, at: Option<f64>) -> f64 {
    let name = Corruption::Gaussian { deviation: 1.0 }.name();
    let curves = &done.outcome.portrait.robustness;
    let Some((_, points)) = curves.iter().find(|(noise, _)| *noise == name) else {
        return f64::NAN;
    };
    let clean = points.first().map_or(f64::NAN, |(_, mse)| *mse);
    let noisy: Vec<f64> = points
        .iter()
        .skip(1)
        .filter(|(level, _)| at.is_none_or(|at| (level - at).abs() < 1e-6))
        .map(|(_, mse)| mse / clean - 1.0)
        .collect();
    noisy.iter().sum::<f64>() / noisy.len() as f64
}

/// The original's claims, judged by the numbers of these runs.
fn claims(rows: &[ClassicRow], done: &[Done]) -> Vec<String> {
    let mut claims = Vec::new();
    let holds = |yes: [bool; 2]| match yes {
        [true, true] => "holds in both settings",
        [true, false] => "holds in the original setting only",
        [false, true] => "holds in the corrected setting only",
        [false, false] => "does not hold in either setting",
    };
    let mse = |experiment: usize, setting: usize| rows[2 * experiment + setting].test_mse;
    let worse = [0, 1].map(|setting| mse(DEEP, setting) > mse(SIMPLE, setting));
    claims.push(format!(
        "\"The deep model is worse than the simple one\" {}: {:.3} against {:.3} as the original had it, {:.4} \
         against {:.4} corrected. The deep one has a code of 3 values, the simple one of 8, so this says \
         nothing of depth.",
        holds(worse),
        mse(DEEP, 0),
        mse(SIMPLE, 0),
        mse(DEEP, 1),
        mse(SIMPLE, 1),
    ));
    let of = |experiment: usize, setting: usize| sensitivity(&done[2 * experiment + setting], None);
    let more = [0, 1].map(|setting| of(STRONG, setting) > of(LIGHT, setting));
    let words = [0, 1].map(|setting| {
        format!(
            "{:.0} % for λ = 5, {:.0} % for λ = 1e-4 and {:.0} % without the penalty",
            100.0 * of(STRONG, setting),
            100.0 * of(LIGHT, setting),
            100.0 * of(FREE, setting),
        )
    });
    claims.push(format!(
        "\"λ = 5 is more sensitive to noise than λ = 1e-4\" {}: in the mean over the levels of Gaussian noise, \
         noise adds to the clean error {} in the original setting, {} in the corrected one.",
        holds(more),
        words[0],
        words[1],
    ));
    claims
}

fn report(classic: &Classic, done: &[Done]) -> Result<Report> {
    let number = |value: Option<f64>| value.map_or("-".to_string(), figures);
    let rows = classic.rows.iter().map(|row| -> Vec<Cell> {
        vec![
            row.experiment.into(),
            row.setting.name().into(),
            row.epochs.to_string().into(),
            figures(row.test_mse).into(),
            number(row.reference).into(),
            number(row.pca_mse).into(),
            row.added().into(),
        ]
    });
    let heads = [
        "experiment",
        "setting",
        "epochs",
        "test MSE",
        "PyTorch",
        "PCA",
        "with noise",
    ];
    let mut notes = vec![
        "Test MSE: mean squared error on the 10,000 test images in the units of training, which differ between \
         the settings; for denoising, of what becomes of noisy images, against the clean ones. PyTorch: the \
         same from one seed, where it was measured. PCA: as many components as the code has values, on clean \
         images. With noise: how much Gaussian noise of deviation 1.5 on the input adds to the error of the \
         first 500 test images."
            .to_string(),
        "Original: the pixels leave [0, 1], though the decoder ends in a sigmoid, so that no model can come \
         below the error of clamping them to [0, 1]; the contractive penalty is the squared gradient of the \
         summed code, summed over the batch; masking keeps 20 % of the pixels. Corrected: pixels in [0, 1], and \
         masking drops 20 %."
            .to_string(),
    ];
    let mut title = "The classic study of autoencoders on MNIST".to_string();
    if classic.quick {
        title.push_str(" (quick: one epoch each)");
        notes.insert(
            0,
            "A quick study: one epoch for each experiment, where the study has 3 or 10. Errors are larger than \
             the references for that reason."
                .into(),
        );
    }
    let of = |setting: usize| -> Vec<&Done> { done.iter().skip(setting).step_by(2).collect() };
    let mut sections = vec![Section {
        title: "Robustness".into(),
        about: vec![
            "All experiments in the corrected setting, on the first 500 test images.".into(),
        ],
        figures: robustness_figures(&of(1), "corrected")?,
    }];
    sections.extend(done.iter().map(|done| {
        let mut section = done.outcome.section(&done.recipe);
        // The curves are in the common charts.
        section
            .figures
            .retain(|figure| !figure.name.starts_with("robustness"));
        section
    }));
    Ok(Report {
        title,
        lead: classic.claims.clone(),
        table: Some(Table {
            heads: heads.map(String::from).to_vec(),
            rows: rows.collect(),
        }),
        notes,
        first: first_pictures(&of(1)),
        sections,
    })
}

/// Four digits that count.
fn figures(value: f64) -> String {
    match value.abs() {
        0.1.. => format!("{value:.4}"),
        0.01.. => format!("{value:.5}"),
        _ => format!("{value:.6}"),
    }
}
