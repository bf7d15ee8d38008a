//! What the studies share: options, events, finished runs, the folder, figures.

use crate::advice::{Setting as Advised, setting};
use crate::corruption::Corruption;
use crate::data::{OtherRows, Watch};
use crate::evaluate::{Evaluation, NoiseCurve};
use crate::figures::{ERROR, robustness_chart, svg};
use crate::parts::Parts;
use crate::report::Figure;
use crate::run::{Event, Lock, Outcome, Sources, is_empty, new_folder};
use crate::text::count_of;
use crate::{Error, ErrorKind, Recipe, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// The options of a study.
#[derive(Clone, Debug, Default)]
pub struct StudyOptions<'a> {
    /// The number of seeds for each recipe, from 0 on; 0 counts as 1.
    pub seeds: usize,
    /// The folder of the runs and the report, which must be new or empty. By default it is `runs/NAME` with the study's
    /// name, or `runs/NAME-2`, `runs/NAME-3` and so on.
    pub out: Option<&'a Path>,
    /// The threads of all runs together. They do not change the results. 0 means all threads of the machine.
    pub threads: usize,
    /// The parts that recipes, and the recipes of finished runs, may name; `None` for the library's parts.
    pub parts: Option<&'a Parts>,
    /// The source of the data, so that runs can be resumed later.
    pub sources: Option<Sources>,
    /// Rows for validation and testing from sources of their own.
    pub other: OtherRows<'a>,
    /// The files of the data, recorded before they were opened: changes are noticed.
    pub watch: Option<&'a Watch>,
    /// Set it to stop the study: the runs in training are saved, and the study ends with [`ErrorKind::Interrupted`],
    /// unless all runs were finished by then.
    pub stop: Option<&'a AtomicBool>,
}

/// An event of a study in progress. Several of its runs may be in progress at the same time.
#[derive(Debug)]
pub enum StudyEvent<'a> {
    /// A run begins.
    Begin {
        /// The number of the run, from 1.
        which: usize,
        /// The titles of all runs.
        titles: &'a [&'a str],
    },
    /// An event of a run in progress.
    Run {
        /// The number of the run.
        which: usize,
        /// The epochs of its recipe.
        epochs: usize,
        /// The event.
        event: Event<'a>,
    },
    /// A run has ended.
    End {
        /// The number of the run.
        which: usize,
    },
}

/// A finished run of a study, with its plan.
pub(super) struct Done {
    pub(super) label: String,
    pub(super) recipe: Recipe,
    pub(super) outcome: Outcome,
}

impl Done {
    /// Its evaluation; a run of a study has test rows.
    pub(super) fn evaluation(&self) -> Option<&Evaluation> {
        self.outcome.summary.evaluation.as_ref()
    }

    /// A number of its evaluation; NaN if it was not measured.
    pub(super) fn number(&self, of: impl Fn(&Evaluation) -> Option<f64>) -> f64 {
        self.evaluation().and_then(of).unwrap_or(f64::NAN)
    }

    pub(super) fn robustness(&self) -> &[NoiseCurve] {
        self.evaluation()
            .map_or(&[], |evaluation| &evaluation.robustness)
    }

    pub(super) fn curve(&self, noise: &Corruption) -> Option<&NoiseCurve> {
        self.evaluation()?.curve(noise)
    }
}

/// Level and error of the model for each point of a curve.
pub(super) fn points(curve: &NoiseCurve) -> Vec<(f64, f64)> {
    let points = curve.points.iter();
    points.map(|point| (point.level, point.noisy_mse)).collect()
}

/// For a study that was asked to stop, its state and how to resume it; other errors stay unchanged.
pub(super) fn stopped(error: Error, out: &Path, hint: &str) -> Error {
    match error.kind() {
        ErrorKind::Interrupted => Error::new(
            ErrorKind::Interrupted,
            "the study was stopped; the runs in training are saved",
        )
        .at(out.display())
        .hint(hint),
        _ => error,
    }
}

/// Refuses a folder of a study that is not empty.
pub(super) fn check_empty(out: Option<&Path>) -> Result<()> {
    let has_entries = |out: &&Path| is_empty(out).is_ok_and(|is_empty| !is_empty);
    match out.filter(has_entries) {
        None => Ok(()),
        Some(out) => Err(
            Error::new(ErrorKind::Data, "the study's folder is not empty")
                .at(out.display())
                .expected("a folder that is new or empty")
                .hint(format!("choose another with {}", setting(Advised::Out))),
        ),
    }
}

/// The given folder of a study, or a new one of this name, locked for this study alone.
pub(super) fn make_folder(out: Option<&Path>, name: &str) -> Result<(PathBuf, Lock)> {
    let folder = match out {
        None => new_folder(name)?,
        Some(out) => {
            let refused = |error| Error::io("cannot make the folder", out, error);
            std::fs::create_dir_all(out).map_err(refused)?;
            out.to_path_buf()
        }
    };
    let lock = Lock::take(&folder)?;
    // Another study may have begun and ended since the first check.
    check_empty(Some(&folder))?;
    Ok((folder, lock))
}

/// The first pictures of a report of several runs: the reconstructions of the same images. If the recipe of a run has a
/// corruption or a contractive penalty, the images have noise. `about` is the caption of all of them.
pub(super) fn first_pictures(runs: &[&Done], about: &str) -> Vec<Figure> {
    let picture = |(place, done): (usize, &&Done)| {
        let wanted = if done.recipe.corruption.is_some() || !done.recipe.penalties.is_empty() {
            "noisy"
        } else {
            "reconstructions"
        };
        let figures = &done.outcome.figures;
        let figure = figures.iter().find(|figure| figure.name == wanted)?;
        Some(Figure {
            // Several runs may have the same name.
            name: format!("first-{}-{}", place + 1, done.recipe.name),
            caption: format!("{}{about}: {}", done.label, figure.caption),
            image: figure.image.clone(),
        })
    };
    runs.iter().enumerate().filter_map(picture).collect()
}

/// For each noise a chart with one line per run; `about` describes the runs.
pub(super) fn robustness_figures(runs: &[&Done], about: &str, log_y: bool) -> Result<Vec<Figure>> {
    // The characters that may occur in a file name.
    let words = about.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let slug = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let mut figures = Vec::new();
    for curve in runs.first().map_or(&[][..], |run| run.robustness()) {
        let lines = runs.iter().filter_map(|run| {
            let curve = run.curve(&curve.noise)?;
            Some((run.label.clone(), points(curve)))
        });
        let mut chart = robustness_chart(&curve.noise, ERROR, lines.collect());
        chart.log_y = log_y;
        let name = curve.noise.name();
        let caption = format!(
            "Error at each level of {name} noise, on the first {}, {about}",
            count_of(curve.rows, "test row")
        );
        figures.extend(svg(&format!("{name}-{slug}"), &caption, &chart)?);
    }
    Ok(figures)
}
