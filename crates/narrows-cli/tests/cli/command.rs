//! The command, run as a person or a script runs it.

mod models;
mod refused;
mod train;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECIPE: &str = r#"
name = "tiny"
about = "a test"
encoder = [{ layer = "dense", outputs = 12 }, { layer = "relu" }, { layer = "dense", outputs = 3 }]
decoder = [{ layer = "dense" }, { layer = "sigmoid" }]
[training]
epochs = 3
batch_size = 8
"#;

/// IDX bytes of `count` images of 6 × 5 pixels.
fn images(count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for size in [count, 6, 5] {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend((0..count * 30).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
    bytes
}

fn labels(count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 1];
    bytes.extend(count.to_be_bytes());
    bytes.extend((0..count).map(|i| (i % 10) as u8));
    bytes
}

/// A folder with a recipe and with data of a training and a test split.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("tiny.toml", RECIPE.as_bytes());
    fs::create_dir(folder.path().join("data")).unwrap();
    write("data/train-images-idx3-ubyte", &images(50));
    write("data/train-labels-idx1-ubyte", &labels(50));
    write("data/t10k-images-idx3-ubyte", &images(10));
    write("data/t10k-labels-idx1-ubyte", &labels(10));
    folder
}

fn narrows(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_narrows"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let output = narrows(folder, arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(output.stdout.is_empty());
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

const DENOISING: &str = r#"
name = "tiny-denoising"
encoder = [{ layer = "dense", outputs = 9 }, { layer = "tanh" }]
decoder = [{ layer = "dense" }, { layer = "sigmoid" }]
[corruption]
kind = "gaussian"
std = 0.3
[objective]
penalties = [{ kind = "jacobian", weight = 1e-3 }]
[training]
epochs = 2
batch_size = 8
[variants]
masked = ["corruption.kind=masking", "corruption.fraction=0.5"]
"#;
