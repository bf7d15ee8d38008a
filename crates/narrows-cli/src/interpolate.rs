//! `narrows interpolate`

use crate::output::print;
use crate::source::DataArguments;
use clap::Args;
use narrows::data::write::{Head, Sink, column_names};
use narrows::figures::strip_picture;
use narrows::files::write_whole;
use narrows::run::load_model;
use narrows::{Result, apply};
use std::path::PathBuf;

/// Walk in a straight line through code space from one row to another, and decode on the way.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// The row to begin with, counted from 0.
    #[arg(long, value_name = "ROW", default_value_t = 0)]
    from: usize,
    /// The row to end with.
    #[arg(long, value_name = "ROW", default_value_t = 1)]
    to: usize,
    /// Rows on the way, both ends included.
    #[arg(long, value_name = "N", default_value_t = 8)]
    steps: usize,
    /// A .png file gets one picture; .npy, .csv, .tsv, .parquet or a folder of images get every row.
    #[arg(
        short,
        long,
        value_name = "FILE|FOLDER",
        default_value = "interpolation.png"
    )]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  narrows interpolate runs/simple-linear --from 0 --to 1
  narrows interpolate runs/table --data table.csv --from 3 --to 8 --steps 5 -o way.csv";

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = load_model(&arguments.model)?;
    let data = arguments.source.rows_for(&model)?;
    let rows = apply::interpolate(&model, &data, arguments.from, arguments.to, arguments.steps)?;
    let output = &arguments.output;
    if output.extension().is_some_and(|ending| ending == "png") {
        let label = format!("row {} to row {}", arguments.from, arguments.to);
        write_whole(output, &strip_picture(&data, &rows, &label)?)?;
    } else {
        let head = Head {
            rows: rows.nrows(),
            columns: column_names(&data),
            shape: data.shape().to_vec(),
            ..Head::default()
        };
        let mut sink = Sink::create(output, &head)?;
        sink.write(rows.view(), &[])?;
        sink.finish()?;
    }
    print(&format!("{}", output.display()));
    Ok(())
}
