//! `narrows denoise`

use crate::destination::{FormatArguments, all_rows, without};
use crate::isa::IsaArgument;
use crate::output::{note, print, wrapped_to_terminal};
use crate::rows::go_over;
use crate::source::{DataArguments, keep_read_apart};
use clap::Args;
use narrows::run::load_model;
use narrows::{Result, apply};
use std::path::PathBuf;

/// Remove noise from rows with a denoising autoencoder.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder. The model should be trained with corruption.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// The file to write (.npy, .csv, .tsv, .parquet), or a folder for images; `-` is standard output.
    #[arg(short, long, value_name = "FILE|FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    isa: IsaArgument,
}

const EXAMPLES: &str = "\
Examples:
  narrows denoise runs/denoising --data noisy-scans -o clean-scans
  narrows denoise runs/sensors --data noisy.csv -o clean.csv";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let output = &arguments.output;
    keep_read_apart(output, &arguments.source.data, &arguments.model)?;
    let output = arguments.format.output(output, false, &[])?;
    let model = load_model(&arguments.model)?;
    if model.recipe().corruption.is_none() {
        note(
            "narrows: warning: the model was trained without corruption, so it may keep noise; train a recipe with a \
             section [corruption], such as `denoising`",
        );
    }
    let data = arguments
        .source
        .all_rows_for(&arguments.model, &model, Some(&output))?;
    let ((), display) = go_over("denoising", data.rows(), |progress| {
        apply::reconstruct(&model, &data, None, output.clone(), progress)
    })?;
    if let Some(text) = without(&data, "values", Some(&output)) {
        print(&wrapped_to_terminal(&text, "", "  "));
    }
    print(&display.written(&output.path, all_rows(&data)));
    Ok(())
}
