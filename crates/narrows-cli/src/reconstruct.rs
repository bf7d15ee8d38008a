//! `narrows reconstruct`

use crate::output::print;
use clap::Args;
use narrows::Result;
use narrows::corruption::Corruption;
use narrows::data::Source;
use narrows::figures::reconstruction_picture;
use narrows::files::write_whole;
use narrows::run::{PICTURE_FILE, load_model};
use std::path::PathBuf;

/// Draw images and what a trained model makes of them.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A model file, or a run's folder.
    model: PathBuf,
    /// `mnist`, or a folder or file of IDX data; its first eight test images are drawn.
    #[arg(long, value_name = "SOURCE", default_value = "mnist")]
    data: String,
    /// Reconstruct noisy images: `gaussian=0.8`, `salt-and-pepper=0.05` or `masking=0.5`, in scaled units.
    #[arg(long, value_name = "NOISE=STRENGTH")]
    corrupt: Option<String>,
    /// The picture's file.
    #[arg(short, long, value_name = "FILE.png", default_value = PICTURE_FILE)]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  narrows reconstruct runs/simple-linear
  narrows reconstruct model.safetensors -o look.png
  narrows reconstruct runs/denoising --corrupt gaussian=0.5
  narrows reconstruct model.safetensors --data ~/fashion -o fashion.png";

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = load_model(&arguments.model)?;
    let source = Source::open(&arguments.data)?;
    let corruption = arguments.corrupt.as_deref().map(Corruption::parse);
    let data = source.test.as_ref().unwrap_or(&source.train);
    let picture = reconstruction_picture(&model, data, corruption.transpose()?)?;
    write_whole(&arguments.output, &picture)?;
    print(&format!("{}", arguments.output.display()));
    Ok(())
}
