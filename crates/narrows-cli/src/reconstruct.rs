//! `narrows reconstruct`

use crate::destination::{FormatArguments, all_rows, without};
use crate::isa::IsaArgument;
use crate::output::{print, shown_path, wrapped_to_terminal};
use crate::rows::{corruption_of, go_over};
use crate::source::{DataArguments, keep_read_apart};
use clap::Args;
use narrows::figures::reconstruction_picture;
use narrows::files::write_output;
use narrows::run::{PICTURE_FILE, load_model};
use narrows::{Result, apply};
use std::path::PathBuf;

/// Draw images beside their reconstructions, or write the reconstruction of each row.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    #[command(flatten)]
    source: DataArguments,
    /// Reconstruct noisy rows: `gaussian=0.8`, `salt-and-pepper=0.05`, `masking=0.8` (the fraction of values that
    /// become 0), in scaled units.
    #[arg(long, value_name = "NOISE=STRENGTH")]
    corrupt: Option<String>,
    /// A .png file gets a picture of eight rows; .npy, .csv, .tsv, .parquet or a folder of images get every row; `-`
    /// is standard output.
    #[arg(short, long, value_name = "FILE|FOLDER", default_value = PICTURE_FILE)]
    output: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    isa: IsaArgument,
}

const EXAMPLES: &str = "\
Examples:
  narrows reconstruct runs/basic
  narrows reconstruct model.safetensors --data digits -o look.png
  narrows reconstruct runs/denoising --corrupt gaussian=0.5
  narrows reconstruct runs/table --data table.csv -o reconstructed.csv";

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.isa.pin()?;
    let output = &arguments.output;
    keep_read_apart(output, &arguments.source.data, &arguments.model)?;
    let picture = (".png", "a picture of eight rows");
    let rows = arguments.format.unless_picture(output, picture)?;
    let model = load_model(&arguments.model)?;
    let corruption = corruption_of(arguments.corrupt.as_deref())?;
    let Some(rows) = rows else {
        let data = arguments
            .source
            .rows_for(&arguments.model, &model, Some(output))?;
        let picture = reconstruction_picture(&model, &data, corruption.as_ref())?;
        write_output(output, &picture)?;
        print(&shown_path(output));
        return Ok(());
    };
    let data = arguments
        .source
        .all_rows_for(&arguments.model, &model, Some(&rows))?;
    let ((), display) = go_over("reconstructing", data.rows(), |progress| {
        apply::reconstruct(&model, &data, corruption.as_ref(), rows.clone(), progress)
    })?;
    if let Some(text) = without(&data, "reconstruction", Some(&rows)) {
        print(&wrapped_to_terminal(&text, "", "  "));
    }
    print(&display.written(&rows.path, all_rows(&data)));
    Ok(())
}
