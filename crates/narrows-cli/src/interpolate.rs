//! `narrows interpolate`

use crate::destination::{FormatArguments, called};
use crate::isa::IsaArgument;
use crate::number::{ANY, whole};
use crate::output::{count_of, print};
use crate::rows::go_over;
use crate::source::{DataArguments, keep_read_apart};
use clap::Args;
use narrows::figures::strip_picture;
use narrows::files::write_output;
use narrows::run::load_model;
use narrows::{Error, ErrorKind, Result, apply};
use std::path::PathBuf;

/// Latent interpolation: decode the points on a straight line between the codes of two rows.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// The first row, counted from 0.
    #[arg(long, value_name = "ROW", default_value_t = 0, value_parser = whole::<usize>(ANY))]
    from: usize,
    /// The last row, counted from 0.
    #[arg(long, value_name = "ROW", default_value_t = 1, value_parser = whole::<usize>(ANY))]
    to: usize,
    /// The number of rows to decode, including both ends.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = whole::<usize>(ANY))]
    steps: usize,
    /// A .png file gets one picture; .npy, .csv, .tsv, .parquet or a folder of images get every row; `-` is standard
    /// output.
    #[arg(
        short,
        long,
        value_name = "FILE|FOLDER",
        default_value = "interpolation.png"
    )]
    output: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    isa: IsaArgument,
}

const EXAMPLES: &str = "\
Examples:
  narrows interpolate runs/basic --from 0 --to 1
  narrows interpolate runs/table --data table.csv --from 3 --to 8 -o way.csv";

/// The most rows in a picture, which has them side by side.
const MOST_IN_PICTURE: usize = 1000;

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let output = &arguments.output;
    keep_read_apart(output, &arguments.source.data, &arguments.model)?;
    let picture = (".png", "one picture");
    let rows = arguments.format.unless_picture(output, picture)?;
    let model = load_model(&arguments.model)?;
    let data = arguments
        .source
        .rows_for(&arguments.model, &model, Some(output))?;
    let &Arguments {
        from, to, steps, ..
    } = arguments;
    let way = apply::Way::between(&model, &data, from, to, steps)?;
    if let Some(rows) = rows {
        go_over("interpolating", steps, |progress| way.write(rows, progress))?;
    } else if steps > MOST_IN_PICTURE {
        return Err(
            Error::new(ErrorKind::Data, "a picture cannot show this many steps")
                .expected(format!("at most {}", count_of(MOST_IN_PICTURE, "step")))
                .found(steps)
                .hint("write the rows instead, with `-o FILE.npy`"),
        );
    } else {
        let label = format!("row {from} to row {to}");
        write_output(output, &strip_picture(&data, &way.rows(0..steps)?, &label)?)?;
    }
    print(&called(output));
    Ok(())
}
