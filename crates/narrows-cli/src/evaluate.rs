//! `narrows evaluate`

use crate::isa::IsaArgument;
use crate::number::{THREADS, whole};
use crate::output::{
    columns, count_of, figures, kept, note, print, print_json, table, thousands,
    wrapped_to_terminal,
};
use crate::progress::Display;
use crate::source::{DataArguments, open};
use crate::stop::Stop;
use clap::Args;
use narrows::data::OtherRows;
use narrows::evaluate::metric::{JACOBIAN_NORM, SINGULAR_VALUES};
use narrows::evaluate::metrics::{self, MetricSection};
use narrows::evaluate::{Evaluation, Measures, Measuring, Sampling, evaluate};
use narrows::run::load_model;
use narrows::{Error, ErrorKind, Result, apply};
use std::path::PathBuf;

/// Measure a trained model on rows that it has not seen, and compare it with PCA of the same code size. Without
/// --data, it is measured on the test rows of its run.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    #[arg(required_unless_present = "metrics")]
    model: Option<PathBuf>,
    /// Print the definition of every number.
    #[arg(long, conflicts_with = "model")]
    metrics: bool,
    /// Print the definitions as Markdown tables, as docs/METRICS.md has them.
    #[arg(long, requires = "metrics")]
    markdown: bool,
    #[command(flatten)]
    source: DataArguments,
    /// For a variational autoencoder: the number of codes that are drawn for each test row to estimate its log
    /// likelihood [default: 100, for the first 1,000 test rows]
    #[arg(long, value_name = "K", value_parser = whole::<u32>(1..=100_000))]
    samples: Option<u32>,
    /// The number of threads. It does not change the result [default: one for each core]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(THREADS))]
    threads: Option<u16>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows evaluate runs/basic
  narrows evaluate model.safetensors --data ~/fashion
  narrows evaluate runs/basic --json | jq .model.knn_accuracy
  narrows evaluate runs/vae --samples 5000
  narrows evaluate --metrics";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let Some(path) = &arguments.model else {
        if arguments.markdown {
            print(metrics::reference().trim_end());
        } else {
            let sections: Vec<String> = metrics::reference_sections().iter().map(defined).collect();
            print(&sections.join("\n\n"));
        }
        return Ok(());
    };
    let model = load_model(path)?;
    let (source, own);
    let split = if arguments.source.data.is_empty() {
        own = arguments.source.own(path, &model)?;
        arguments.source.own_split(&own)?
    } else {
        let reading = arguments.source.reading.options_without_null()?;
        let options = apply::options_for_split(&model, &reading)?;
        source = open(&arguments.source.data, &options)?;
        apply::check(&model, &source.train)?;
        let again = model.split_again(&source, OtherRows::default())?;
        if let Some(difference) = &again.difference {
            note(difference);
        }
        again.split
    };
    let stop = Stop::default();
    stop.ends("measuring");
    stop.listen();
    let mut display = Display::new();
    let mut measures = Measures::ALL;
    if let Some(samples) = arguments.samples {
        if !model.recipe().bottleneck.draws() {
            return Err(nothing_to_sample(path));
        }
        measures.likelihood = Some(Sampling {
            samples: samples as usize,
            rows: None,
        });
    }
    let how = Measuring {
        measures,
        threads: arguments.threads.map_or(0, usize::from),
        ..Measuring::default()
    };
    let evaluation = evaluate(&model, &split, &how, &mut |progress| {
        display.part(progress.stage, progress.done, progress.total);
        Ok(())
    });
    display.finish();
    let evaluation = evaluation?;
    if arguments.json {
        print_json(evaluation.to_json());
    } else {
        print(&describe(&evaluation));
    }
    Ok(())
}

/// The definitions of the metrics of one kind, for a terminal.
fn defined(section: &MetricSection) -> String {
    let title = format!("{} (in JSON: {})", section.title, section.place);
    let mut lines = vec![wrapped_to_terminal(&title, "", "  ")];
    for metric in &section.metrics {
        let unit = match metric.unit {
            "" => String::new(),
            unit => format!(", {unit}"),
        };
        lines.push(format!("  {}   {}{unit}", metric.name, metric.title));
        lines.push(wrapped_to_terminal(metric.about, "      ", "      "));
    }
    lines.join("\n")
}

/// Refuses samples of a model that has no distribution.
fn nothing_to_sample(model: &std::path::Path) -> Error {
    Error::new(
        ErrorKind::Data,
        "the model is not a variational autoencoder: there are no codes to draw",
    )
    .at(model.display())
    .hint("leave out `--samples`")
}

fn describe(evaluation: &Evaluation) -> String {
    let mut parts = vec![columns(&evaluation.quality_table())];
    parts.extend(evaluation.bound_table().map(|rows| columns(&rows)));
    parts.extend(evaluation.generation_table().map(|rows| columns(&rows)));
    parts.extend(evaluation.denoising_table().map(|rows| columns(&rows)));
    if let Some(rows) = evaluation.column_table() {
        let more = evaluation.more_columns();
        let more = more.map_or(String::new(), |more| {
            format!("\n{}", wrapped_to_terminal(&more, "  ", "  "))
        });
        parts.push(format!("{}{more}", columns(&rows)));
    }
    parts.extend(classes(evaluation));
    parts.extend(robustness(evaluation));
    parts.extend(units(evaluation));
    parts.extend(jacobian(evaluation));
    parts.push(said(&evaluation.verdict()));
    // The name of the data may be a path.
    let notes = evaluation.notes().into_iter();
    let notes = notes.map(|note| note.replace(&evaluation.data, &kept(&evaluation.data)));
    parts.push(said(&notes.collect::<Vec<_>>()));
    parts.join("\n\n")
}

/// Sentences, one below the other.
fn said(sentences: &[String]) -> String {
    let fitted = |line: &String| wrapped_to_terminal(line, "  ", "    ");
    sentences.iter().map(fitted).collect::<Vec<_>>().join("\n")
}

/// A table of numbers beside those of PCA, if there is PCA.
fn beside_pca(
    evaluation: &Evaluation,
    heads: &[&str],
    rows: impl Iterator<Item = (Vec<String>, Option<f64>)>,
) -> String {
    let has_pca = evaluation.pca.is_some();
    let mut heads: Vec<String> = heads.iter().map(ToString::to_string).collect();
    heads.extend(has_pca.then(|| evaluation.pca_name()));
    let mut table = vec![heads];
    table.extend(rows.map(|(mut cells, pca)| {
        cells.extend(has_pca.then(|| pca.map_or("-".into(), figures)));
        cells
    }));
    columns(&table)
}

fn classes(evaluation: &Evaluation) -> Option<String> {
    let rows = evaluation.classes.iter().map(|class| {
        let cells = vec![
            class.name.clone(),
            thousands(class.rows as f64),
            figures(class.class_mse),
        ];
        (cells, class.pca_class_mse)
    });
    let has_classes = !evaluation.classes.is_empty();
    has_classes.then(|| beside_pca(evaluation, &["class", "rows", "test MSE"], rows))
}

fn robustness(evaluation: &Evaluation) -> Option<String> {
    let first = evaluation.robustness.first()?;
    let points = evaluation.robustness.iter().flat_map(|curve| {
        let points = curve.points.iter();
        points.map(|point| (curve.noise.name().to_string(), point))
    });
    let rows = points.map(|(noise, point)| {
        let cells = vec![noise, point.level.to_string(), figures(point.noisy_mse)];
        (cells, point.pca_noisy_mse)
    });
    let table = beside_pca(evaluation, &["noise", "level", "MSE"], rows);
    let which = count_of(first.rows, "test row");
    let rows = format!("on the first {which}, with one noise for each, against the clean rows");
    Some(format!(
        "{table}\n{}",
        wrapped_to_terminal(&rows, "  ", "  ")
    ))
}

fn units(evaluation: &Evaluation) -> Option<String> {
    if evaluation.units.is_empty() {
        return None;
    }
    let mut rows = vec![["layer", "kind", "units", "dead"].map(String::from)];
    rows.extend(evaluation.units.iter().map(|units| {
        let code = if units.is_code { " (code)" } else { "" };
        [
            format!("{}{code}", units.layer),
            units.kind.clone(),
            thousands(units.units as f64),
            thousands(units.dead as f64),
        ]
    }));
    Some(columns(&rows))
}

fn jacobian(evaluation: &Evaluation) -> Option<String> {
    let Some(found) = &evaluation.jacobian else {
        return Some("  Jacobian: left out, because it would take too much time or memory".into());
    };
    let shown: Vec<String> = found.spectrum.iter().take(8).map(|&s| figures(s)).collect();
    let mut values = shown.join("  ");
    if let Some(&last) = found
        .spectrum
        .last()
        .filter(|_| found.spectrum.len() > shown.len())
    {
        values.push_str(&format!(" … {}", figures(last)));
    }
    let norm = format!(
        "{}   J: the derivatives of the code by the input, at the first {}",
        figures(found.mean_norm),
        count_of(found.rows, "test row")
    );
    Some(table(&[
        (JACOBIAN_NORM.title, norm),
        (SINGULAR_VALUES.title, values),
    ]))
}
