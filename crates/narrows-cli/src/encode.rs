//! `narrows encode`

use crate::destination::{FormatArguments, all_rows, without};
use crate::isa::IsaArgument;
use crate::output::{print, wrapped_to_terminal};
use crate::rows::go_over;
use crate::source::{DataArguments, keep_read_apart};
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
    /// The file of the codes: .npy, .csv, .tsv or .parquet, or `-` for standard output. Tables keep labels and ids.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// For a variational bottleneck, also write the std of each value of the code, in the columns `code0_std`,
    /// `code1_std` and so on behind the code.
    #[arg(long)]
    std: bool,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    isa: IsaArgument,
}

const EXAMPLES: &str = "\
Examples:
  narrows encode runs/basic --data mnist:train -o codes.npy
  narrows encode runs/table --data new.csv --id customer -o codes.csv
  narrows encode runs/table --data big.parquet -o codes.parquet
  narrows encode runs/vae-table --data new.csv --std -o codes.csv
  zcat new.csv.gz | narrows encode runs/table --data - -o - --on-bad null | sort";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let output = &arguments.output;
    keep_read_apart(output, &arguments.source.data, &arguments.model)?;
    let output = arguments.format.output(output, false, &[])?;
    let model = load_model(&arguments.model)?;
    let data = arguments
        .source
        .all_rows_for(&arguments.model, &model, Some(&output))?;
    let encode = |progress: apply::Progress<'_>| {
        if arguments.std {
            apply::encode_with_stds(&model, &data, output.clone(), progress)
        } else {
            apply::encode(&model, &data, output.clone(), progress)
        }
    };
    let ((), display) = go_over("encoding", data.rows(), encode)?;
    if let Some(text) = without(&data, "code", Some(&output)) {
        print(&wrapped_to_terminal(&text, "", "  "));
    }
    print(&display.written(&output.path, all_rows(&data)));
    Ok(())
}
