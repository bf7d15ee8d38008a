//! The reference of all metrics: the page `docs/METRICS.md`, and the same for a terminal.

use super::{BOUNDED, CLASS, COLUMN, DENOISING, GENERATION, Measured, NOISE, QUALITY, SAMPLED};
use crate::evaluate::metric::{
    DEAD, JACOBIAN_NORM, KL_OF_VALUES, MAJORITY, Metric, SCORES, SINGULAR_VALUES, STUDY, TRAINING,
    VARIANCE_OF_VALUES,
};
use std::fmt::Write;

/// The metrics of one kind.
#[derive(Clone, Debug)]
pub struct MetricSection {
    /// What they measure.
    pub title: &'static str,
    /// Where they are in the JSON, as Markdown.
    pub place: &'static str,
    /// The metrics.
    pub metrics: Vec<Metric>,
}

/// All metrics by kind.
pub fn reference_sections() -> Vec<MetricSection> {
    fn metrics<T>(list: &[Measured<T>]) -> Vec<Metric> {
        list.iter().map(|one| one.metric).collect()
    }
    let evaluation = [
        (
            "The model, and PCA beside it",
            "`model`, `pca`",
            metrics(QUALITY),
        ),
        (
            "The evidence lower bound, for a variational autoencoder",
            "`variational`",
            [metrics(BOUNDED), vec![KL_OF_VALUES, VARIANCE_OF_VALUES]].concat(),
        ),
        (
            "The log likelihood, for a variational autoencoder",
            "`variational.sampled`",
            metrics(SAMPLED),
        ),
        (
            "New rows, for a model with a distribution of codes",
            "`generation`; `rows` and `components` give their numbers",
            metrics(GENERATION),
        ),
        (
            "Denoising, for a model trained with noise",
            "`denoising`",
            metrics(DENOISING),
        ),
        ("Columns of a table", "`columns`", metrics(COLUMN)),
        (
            "Classes, for data with labels",
            "`classes`; `majority_accuracy` stands beside it",
            [metrics(CLASS), vec![MAJORITY]].concat(),
        ),
        (
            "Robustness against noise",
            "`robustness[].points`",
            metrics(NOISE),
        ),
        (
            "The code's Jacobian",
            "`jacobian`",
            vec![JACOBIAN_NORM, SINGULAR_VALUES],
        ),
        ("Units", "`units`", vec![DEAD]),
    ];
    let others = [
        (
            "Training",
            "the JSON of `narrows train` and the metrics of a model",
            TRAINING.to_vec(),
        ),
        ("Scores", "the JSON of `narrows score`", SCORES.to_vec()),
        (
            "The classic study",
            "`rows` in the JSON of `narrows reproduce classic`",
            STUDY.to_vec(),
        ),
    ];
    let all = evaluation.into_iter().chain(others);
    all.map(|(title, place, metrics)| MetricSection {
        title,
        place,
        metrics,
    })
    .collect()
}

/// All metrics as Markdown tables: the page `docs/METRICS.md`.
pub fn reference() -> String {
    let mut text = String::new();
    for section in reference_sections() {
        let MetricSection {
            title,
            place,
            metrics,
        } = section;
        let _ = write!(
            text,
            "## {title}\n\nIn JSON: {place}.\n\n| name | in tables | unit | definition |\n|---|---|---|---|\n"
        );
        for metric in metrics {
            let Metric {
                name,
                title,
                unit,
                about,
            } = metric;
            // A bar would end the cell.
            let about = about.replace('|', "\\|");
            let _ = writeln!(text, "| `{name}` | {title} | {unit} | {about} |");
        }
        text.push('\n');
    }
    text
}
