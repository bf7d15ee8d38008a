//! Makes the files under `data/` from the four canonical IDX files of MNIST:
//!
//! ```text
//! cargo run --release -p narrows-mnist --example make -- FOLDER
//! ```
//!
//! FOLDER contains `train-images-idx3-ubyte.gz`, `train-labels-idx1-ubyte.gz`, `t10k-images-idx3-ubyte.gz` and
//! `t10k-labels-idx1-ubyte.gz`. The crate's tests then check that the new files decompress to the published files.

use flate2::read::GzDecoder;
use std::error::Error;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use zstd::zstd_safe::CParameter;

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// The highest level there is: compressing takes a minute, decompressing no longer than otherwise.
const LEVEL: i32 = 22;

/// 2^27 bytes: longer than any of the files, and the most that a decoder takes by default.
const WINDOW_LOG: u32 = 27;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: make FOLDER")?);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let mut total = 0;
    for name in NAMES {
        let source = folder.join(format!("{name}.gz"));
        let file = fs::File::open(&source).map_err(|e| format!("{}: {e}", source.display()))?;
        let mut bytes = Vec::new();
        GzDecoder::new(file).read_to_end(&mut bytes)?;

        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        compressor.set_parameter(CParameter::EnableLongDistanceMatching(true))?;
        let compressed = compressor.compress(&bytes)?;

        fs::write(data.join(format!("{name}.zst")), &compressed)?;
        println!(
            "{name}: {} bytes, {} compressed",
            bytes.len(),
            compressed.len()
        );
        total += compressed.len();
    }
    println!("{total} bytes in all");
    Ok(())
}
