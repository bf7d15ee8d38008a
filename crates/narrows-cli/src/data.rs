//! `narrows data`

mod info;

use crate::destination::FormatArguments;
use crate::number::{ANY, whole};
use crate::output::{count_of, described, kept, note, print};
use crate::rows::{corruption_of, go_over};
use crate::source::{DataArguments, ReadingArguments, keep_apart, keep_runs_whole};
use clap::{Args, Subcommand};
use info::{describe, json_line};
use narrows::data::write::write_data;
use narrows::data::{Info, SOURCE_KINDS};
use narrows::scaling::ScalingSpec;
use narrows::{Error, ErrorKind, Result, apply};
use std::path::PathBuf;

/// Describe data, convert them, or list what can be read.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Describe data, and print a command line that trains on them.
    ///
    /// For a table: how it was read, what each column holds, which columns a model would learn from, and what stops
    /// training. For arrays and images: shape, type, range and labels. Nothing is trained.
    Info {
        /// The data, as for `--data` of other commands; several files or a pattern are one table.
        #[arg(required = true)]
        source: Vec<String>,
        #[command(flatten)]
        reading: ReadingArguments,
        /// Print one JSON object for each part of the data.
        #[arg(long)]
        json: bool,
    },
    /// Write data as .npy, .csv, .tsv, .parquet, or a folder of images.
    Convert(ConvertArguments),
    /// List the kinds of data that can be read.
    Kinds,
}

#[derive(Args)]
struct ConvertArguments {
    #[command(flatten)]
    source: DataArguments,
    /// Leave out this many rows at the start.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = whole::<u32>(ANY))]
    skip: u32,
    /// Write at most this many rows.
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=u32::MAX.into()))]
    rows: Option<u32>,
    /// Add noise to 8-bit images: `gaussian=0.4`, `salt-and-pepper=0.05`, `masking=0.5` (the fraction of pixels that
    /// become black). Strengths are in units where black is 0 and white is 1. The noise is the same each time.
    #[arg(long, value_name = "NOISE=STRENGTH")]
    corrupt: Option<String>,
    /// The file or folder to write. Its ending decides the format; a name without an ending is a folder, and `-` is
    /// standard output.
    #[arg(short, long, value_name = "FILE|FOLDER")]
    output: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

const EXAMPLES: &str = "\
Examples:
  narrows data info mnist
  narrows data info table.csv --label species
  narrows data info 'days/*.csv'
      Many files as one table.
  narrows data convert --data mnist:test --rows 500 -o digits
      A folder of PNG images, in a subfolder for each digit.
  narrows data convert --data mnist:test --corrupt gaussian=0.4 -o noisy
      The images with noise on them.
  narrows data convert --data table.csv.gz -o table.parquet
  narrows data kinds";

pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Kinds => {
            let kinds = SOURCE_KINDS.iter();
            let rows: Vec<(&str, &str)> = kinds.map(|kind| (kind.spec, kind.description)).collect();
            print(&described(&rows));
            Ok(())
        }
        Command::Info {
            source,
            reading,
            json,
        } => {
            let infos = narrows::data::describe(source, &reading.options_without_null()?)?;
            // Test rows are scaled as the training rows, which come first.
            let scaling = infos.iter().find_map(|info| match info {
                Info::Values(info) => Some(ScalingSpec::usual_for(info).name()),
                _ => None,
            });
            let scaling = scaling.unwrap_or_default();
            let lines: Vec<String> = infos
                .iter()
                .map(|info| {
                    if *json {
                        json_line(info, scaling)
                    } else {
                        describe(info, scaling)
                    }
                })
                .collect();
            print(&lines.join(if *json { "\n" } else { "\n\n" }));
            Ok(())
        }
        Command::Convert(arguments) => convert(arguments),
    }
}

fn convert(arguments: &ConvertArguments) -> Result<()> {
    let corruption = corruption_of(arguments.corrupt.as_deref())?;
    let output = &arguments.output;
    keep_apart(output, &arguments.source.data)?;
    keep_runs_whole(output)?;
    let output = arguments.format.output(output, false, &[])?;
    let source = arguments.source.open()?;
    if source.test.is_some() {
        note(&format!(
            "using the test rows; `--data {}:train` selects the training rows",
            arguments.source.specs().join(" ")
        ));
    }
    let data = source.into_rows();
    if data.fills_with_means() && data.missing() > 0 {
        note(&format!(
            "{}: missing values are filled with the means of all {}",
            kept(data.name()),
            count_of(data.rows(), "row")
        ));
    }
    let skip = arguments.skip as usize;
    if skip >= data.rows() {
        return Err(Error::new(ErrorKind::Data, "--skip leaves no rows")
            .at(data.name())
            .expected(format!("fewer than its {}", count_of(data.rows(), "row")))
            .found(skip));
    }
    let most = arguments.rows.map_or(usize::MAX, |rows| rows as usize);
    let end = data.rows().min(skip.saturating_add(most));
    let data = if end - skip == data.rows() {
        data
    } else {
        data.slice(skip..end)?
    };
    let ((), display) = go_over("writing", data.rows(), |progress| match &corruption {
        Some(corruption) => apply::write_corrupted(&data, corruption, output.clone(), progress),
        None => write_data(&data, output.clone(), progress),
    })?;
    print(&display.written(&output.path, data.rows()));
    Ok(())
}
