//! Studies: several autoencoders side by side, in a table, in words and in one report.

mod classic;
mod compare;

pub use classic::{Classic, ClassicRow, Setting, classic};
pub use compare::{Compared, Comparison, Measure, compare};

use crate::figures::robustness_chart;
use crate::report::{Figure, Image};
use crate::run::{Event, Outcome};
use crate::{Recipe, Result};

/// What a study tells while it goes on.
#[derive(Debug)]
pub enum StudyEvent<'a> {
    /// One of its runs begins: which, of how many, and what it is called.
    Begin(usize, usize, &'a str),
    /// The run that is going on tells something; its recipe trains for so many epochs.
    Run(usize, Event<'a>),
}

/// A run of a study, with what it was.
struct Done {
    label: String,
    recipe: Recipe,
    outcome: Outcome,
}

/// The pictures that a report of several runs begins with: what each makes of the same images.
fn first_pictures(runs: &[&Done]) -> Vec<Figure> {
    let picture = |done: &&Done| {
        let wanted = match done.recipe.corruption {
            Some(_) => "noisy",
            None => "reconstructions",
        };
        let figures = &done.outcome.portrait.figures;
        let figure = figures.iter().find(|figure| figure.name == wanted)?;
        Some(Figure {
            name: format!("first-{}", done.recipe.name),
            caption: format!("{}: {}", done.label, figure.caption),
            image: figure.image.clone(),
        })
    };
    runs.iter().filter_map(picture).collect()
}

/// For each noise a chart with a line for each run.
fn robustness_figures(runs: &[&Done], about: &str) -> Result<Vec<Figure>> {
    let mut names: Vec<&'static str> = Vec::new();
    for run in runs {
        for (name, _) in &run.outcome.portrait.robustness {
            if !names.contains(name) {
                names.push(name);
            }
        }
    }
    let mut figures = Vec::new();
    for name in names {
        let lines = runs.iter().filter_map(|run| {
            let curves = &run.outcome.portrait.robustness;
            let (_, points) = curves.iter().find(|(noise, _)| *noise == name)?;
            Some((run.label.clone(), points.clone()))
        });
        let svg = robustness_chart(name, lines.collect()).svg()?;
        figures.extend(svg.map(|svg| Figure {
            name: format!("robustness-{about}-{name}"),
            caption: format!("Error against the level of {name} noise: who loses least"),
            image: Image::Svg(svg),
        }));
    }
    Ok(figures)
}
