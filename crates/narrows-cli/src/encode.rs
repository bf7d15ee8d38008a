//! `narrows encode`

use crate::output::print;
use crate::rows::go_over;
use crate::source::{DataArguments, keep_apart};
use clap::Args;
use narrows::run::load_model;
use narrows::{Result, apply};
use std::path::PathBuf;

/// Write the code of each row.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// The codes' file: .npy, .csv, .tsv or .parquet; tables keep labels and ids.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  narrows encode runs/simple-linear --data mnist:train -o codes.npy
  narrows encode runs/table --data new.csv --id customer -o codes.csv
  narrows encode runs/table --data big.parquet -o codes.parquet";

pub fn run(arguments: &Arguments) -> Result<()> {
    let output = &arguments.output;
    keep_apart(output, &arguments.source.data)?;
    let model = load_model(&arguments.model)?;
    let data = arguments
        .source
        .rows_for(&arguments.model, &model, Some(output))?;
    let encode = |progress: apply::Progress<'_>| apply::encode(&model, &data, output, progress);
    let ((), display) = go_over("encoding", data.rows(), encode)?;
    print(&display.written(output, data.rows()));
    Ok(())
}
