//! Studies: several autoencoders side by side, in a table, in words and in one report.

mod classic;
mod compare;
mod comparison;
mod measure;
mod runs;
mod vary;

pub use classic::{Classic, ClassicRow, NOISY_NOTE, Setting, classic};
pub use compare::{ToCompare, compare};
pub use comparison::{Compared, Comparison};
pub use measure::Measure;
pub use vary::{Variation, variations};

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

/// How a study goes on.
#[derive(Clone, Debug, Default)]
pub struct StudyOptions<'a> {
    /// How many seeds each recipe is trained with, from 0 on; 0 counts as 1.
    pub seeds: usize,
    /// The folder of the runs and the report, which must be new or empty; by default one in `runs` with the study's name,
    /// or with that and `-2`, `-3` and so on.
    pub out: Option<&'a Path>,
    /// The threads of all runs together, without influence on the result; 0 means as many as the machine runs at once.
    pub threads: usize,
    /// The parts that recipes, and those of runs that are there already, may name; none for those of the library.
    pub parts: Option<&'a Parts>,
    /// Where the data come from, for runs that may go on later.
    pub sources: Option<Sources>,
    /// Rows for validation and testing from sources of their own.
    pub other: OtherRows<'a>,
    /// The files of the data, as they were before these were opened: their changes are noticed.
    pub watch: Option<&'a Watch>,
    /// Set to stop: what is being trained is saved, and the study ends with [`ErrorKind::Interrupted`], unless all runs
    /// were done by then.
    pub stop: Option<&'a AtomicBool>,
}

/// What a study tells while it goes on; several of its runs may go on at a time.
#[derive(Debug)]
pub enum StudyEvent<'a> {
    /// One of its runs begins.
    Begin {
        /// Which, from 1 on.
        which: usize,
        /// What all of them are called.
        titles: &'a [&'a str],
    },
    /// One that is going on tells something.
    Run {
        /// Which.
        which: usize,
        /// The epochs that its recipe trains for.
        epochs: usize,
        /// What it tells.
        event: Event<'a>,
    },
    /// One has come to its end.
    End {
        /// Which.
        which: usize,
    },
}

/// A run of a study, with what it was.
struct Done {
    label: String,
    recipe: Recipe,
    outcome: Outcome,
}

impl Done {
    /// What was measured; a run of a study has test rows.
    fn evaluation(&self) -> Option<&Evaluation> {
        self.outcome.summary.evaluation.as_ref()
    }

    /// A number of its evaluation; not a number where it was not measured.
    fn number(&self, of: impl Fn(&Evaluation) -> Option<f64>) -> f64 {
        self.evaluation().and_then(of).unwrap_or(f64::NAN)
    }

    fn robustness(&self) -> &[NoiseCurve] {
        self.evaluation()
            .map_or(&[], |evaluation| &evaluation.robustness)
    }

    fn curve(&self, noise: &Corruption) -> Option<&NoiseCurve> {
        self.evaluation()?.curve(noise)
    }
}

/// Level and error of the model for each point of a curve.
fn points(curve: &NoiseCurve) -> Vec<(f64, f64)> {
    let points = curve.points.iter();
    points.map(|point| (point.level, point.noisy_mse)).collect()
}

/// Of a study that was told to stop, what became of it, and how it goes on; other errors as they are.
fn stopped(error: Error, out: &Path, hint: &str) -> Error {
    match error.kind() {
        ErrorKind::Interrupted => Error::new(
            ErrorKind::Interrupted,
            "the study was stopped, and what was being trained is saved",
        )
        .at(out.display())
        .hint(hint),
        _ => error,
    }
}

/// Refuses a study's folder that has something in it.
fn check_empty(out: Option<&Path>) -> Result<()> {
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

/// The folder that a study was given, or a new one of this name, for this study alone.
fn make_folder(out: Option<&Path>, name: &str) -> Result<(PathBuf, Lock)> {
    let folder = match out {
        None => new_folder(name)?,
        Some(out) => {
            let refused = |error| Error::io("cannot make the folder", out, error);
            std::fs::create_dir_all(out).map_err(refused)?;
            out.to_path_buf()
        }
    };
    let lock = Lock::take(&folder)?;
    // Another may have begun and ended since it was looked at first.
    check_empty(Some(&folder))?;
    Ok((folder, lock))
}

/// The pictures that a report of several runs begins with: what each makes of the same images, of noisy ones where its
/// recipe is about noise, be it by corruption or by a contractive penalty. `about` is said of all.
fn first_pictures(runs: &[&Done], about: &str) -> Vec<Figure> {
    let picture = |(place, done): (usize, &&Done)| {
        let wanted = if done.recipe.corruption.is_some() || !done.recipe.penalties.is_empty() {
            "noisy"
        } else {
            "reconstructions"
        };
        let figures = &done.outcome.figures;
        let figure = figures.iter().find(|figure| figure.name == wanted)?;
        Some(Figure {
            // Runs may have one name.
            name: format!("first-{}-{}", place + 1, done.recipe.name),
            caption: format!("{}{about}: {}", done.label, figure.caption),
            image: figure.image.clone(),
        })
    };
    runs.iter().enumerate().filter_map(picture).collect()
}

/// For each noise a chart with a line for each run; `about` says which runs these are.
fn robustness_figures(runs: &[&Done], about: &str, log_y: bool) -> Result<Vec<Figure>> {
    // What may stand in a file's name.
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
            "Error against the level of {name} noise on the first {}, {about}: who loses least",
            count_of(curve.rows, "test row")
        );
        figures.extend(svg(&format!("{name}-{slug}"), &caption, &chart)?);
    }
    Ok(figures)
}
