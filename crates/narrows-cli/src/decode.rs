//! `narrows decode`

use crate::destination::{FormatArguments, all_rows, without};
use crate::isa::IsaArgument;
use crate::output::{print, wrapped_to_terminal};
use crate::rows::go_over;
use crate::source::{ReadingArguments, keep_read_apart};
use clap::Args;
use narrows::run::load_model;
use narrows::{Result, apply};
use std::path::PathBuf;

/// Decode codes into rows, in the units and shape of the training data.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    /// The codes: a table with the columns `code0`, `code1` and so on, in any order. An array, or a table without a
    /// header, has one column for each value of a code.
    #[arg(long, value_name = "SOURCE", required = true)]
    data: Vec<String>,
    #[command(flatten)]
    reading: ReadingArguments,
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
  narrows decode runs/basic --data codes.npy -o images
  narrows decode runs/table --data codes.csv --id customer -o decoded.csv";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let output = &arguments.output;
    keep_read_apart(output, &arguments.data, &arguments.model)?;
    let output = arguments.format.output(output, false, &[])?;
    arguments
        .reading
        .keep_reasons_apart(&output, &arguments.data)?;
    let model = load_model(&arguments.model)?;
    let codes = arguments.reading.open_codes(&arguments.data, &model)?;
    let codes = codes.into_rows();
    let decode =
        |progress: apply::Progress<'_>| apply::decode(&model, &codes, output.clone(), progress);
    let ((), display) = go_over("decoding", codes.rows(), decode)?;
    if let Some(text) = without(&codes, "values", Some(&output)) {
        print(&wrapped_to_terminal(&text, "", "  "));
    }
    print(&display.written(&output.path, all_rows(&codes)));
    Ok(())
}
