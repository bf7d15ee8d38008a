//! `narrows decode`

use crate::output::print;
use crate::progress::Display;
use crate::source::ReadingArguments;
use clap::Args;
use narrows::run::load_model;
use narrows::{Result, apply};
use std::path::PathBuf;

/// Write what codes decode to, in the units and shape of the model's data.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    /// The codes: a table or an array with as many columns as a code has values.
    #[arg(long, value_name = "SOURCE")]
    data: String,
    #[command(flatten)]
    reading: ReadingArguments,
    /// The file (.npy, .csv, .tsv, .parquet), or for images a folder.
    #[arg(short, long, value_name = "FILE|FOLDER")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  narrows decode runs/simple-linear --data codes.npy -o images
  narrows decode runs/table --data codes.csv --id customer -o decoded.csv";

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = load_model(&arguments.model)?;
    let codes = arguments.reading.open(&arguments.data)?.into_rows();
    let mut display = Display::new();
    let written = apply::decode(&model, &codes, &arguments.output, &mut |done| {
        display.rows("decoding", done, codes.rows());
    });
    display.finish();
    written?;
    print(&display.written(&arguments.output, codes.rows()));
    Ok(())
}
