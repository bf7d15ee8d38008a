//! `narrows calibrate`

use crate::destination::{called, check_stream, save};
use crate::isa::IsaArgument;
use crate::number::number;
use crate::output::{figures, note, print, print_json, table};
use crate::rows::go_over;
use crate::source::{DataArguments, keep_apart};
use clap::Args;
use narrows::evaluate::threshold;
use narrows::model::{Rule, Threshold, ThresholdRows};
use narrows::run::{Lock, MODEL_FILE, folder_of, load_model};
use narrows::{Result, apply};
use std::path::PathBuf;

/// Choose a threshold from the scores of normal rows, and store it in the model: a row with a higher score is an
/// anomaly. The rows must be new to the model; without --data, they are the validation rows of the run.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// Use this quantile of the scores as the threshold. 1 gives the largest score.
    #[arg(long, value_name = "Q", value_parser = number, conflicts_with = "false_positive_rate")]
    quantile: Option<f64>,
    /// At most this share of the normal rows scores above the threshold. 0 gives the largest score [default: 0.01]
    #[arg(long, value_name = "RATE", value_parser = number)]
    false_positive_rate: Option<f64>,
    /// The model file to write, `-` for standard output [default: the model itself]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    isa: IsaArgument,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  narrows calibrate runs/normal --false-positive-rate 0.01
      From the validation rows of the run.
  narrows calibrate runs/normal --data normal.csv --false-positive-rate 0.01
  narrows calibrate runs/digits --data mnist:test --classes 0-8 --quantile 0.99";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let path = match (&arguments.output, arguments.model.is_dir()) {
        (Some(output), _) => output.clone(),
        (None, true) => arguments.model.join(MODEL_FILE),
        (None, false) => arguments.model.clone(),
    };
    keep_apart(&path, &arguments.source.data)?;
    check_stream(&path, arguments.json)?;
    // Before the model is read, so that no training replaces it meanwhile.
    let run = folder_of(&arguments.model).filter(|_| arguments.output.is_none());
    let _lock = run.as_deref().map(Lock::take).transpose()?;
    let mut model = load_model(&arguments.model)?;
    let rule = match (arguments.quantile, arguments.false_positive_rate) {
        (Some(level), _) => Rule::Quantile(level),
        (None, level) => Rule::FalsePositiveRate(level.unwrap_or(0.01)),
    };
    let data = arguments
        .source
        .rows_to_calibrate(&arguments.model, &model, &path)?;
    let is_own = arguments.source.data.is_empty();
    // A run is not trained on its validation rows.
    if !is_own && let Some(warning) = apply::training_rows_warning(&model, &data)? {
        note(&format!("narrows: warning: {warning}"));
    }
    let (scores, _) = go_over("scoring", data.rows(), |progress| {
        apply::score(&model, &data, None, false, progress)
    })?;
    let from = if is_own {
        ThresholdRows::Validation
    } else {
        ThresholdRows::Source(data.short_name())
    };
    let chosen = Threshold {
        from,
        ..threshold(&scores, rule)?
    };
    model.set_threshold(chosen.clone());
    save(&model, &path)?;
    if arguments.json {
        print_json(chosen.to_json());
        return Ok(());
    }
    let (name, level) = rule.parts();
    print(&table(&[
        ("threshold", figures(chosen.value.into())),
        ("chosen by", format!("{name} of {level}")),
        ("from", chosen.rows_in_words()),
        ("kept in", called(&path)),
    ]));
    Ok(())
}
