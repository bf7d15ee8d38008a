//! A run knows its data: commands without `--data`, moved data, changed rows, and more epochs.
#![cfg(unix)]

mod longer;
mod measured;
mod moved;

use serde_json::Value;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const RECIPE: &str = r#"
name = "small"
encoder = [{ layer = "dense", outputs = 6 }, { layer = "tanh" }, { layer = "dense", outputs = 2 }]
decoder = [{ layer = "dense", outputs = 6 }, { layer = "tanh" }, { layer = "dense" }]
[scaling]
kind = "standardize"
[training]
epochs = 4
batch_size = 16
"#;

/// A folder with a recipe and a table of as many rows.
struct Bench(TempDir);

impl Bench {
    fn new(rows: usize) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.toml"), RECIPE).unwrap();
        let bench = Bench(folder);
        fs::write(bench.path("rows.csv"), table(rows)).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        narrows(self.0.path(), arguments)
    }

    /// What a command says that goes well: its results, and the rest.
    fn said(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let rest = text(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {rest}");
        (text(&output.stdout), rest)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (result, _) = self.said(&[arguments, &["--json"]].concat());
        serde_json::from_str(&result).unwrap()
    }

    /// What a command says that is refused.
    fn refused(&self, arguments: &[&str], parts: &[&str]) {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
    }

    fn train(&self, out: &str, more: &[&str]) -> Value {
        let train = ["train", "small.toml", "--data", "rows.csv", "--out", out];
        self.json(&[&train[..], more].concat())
    }

    fn model(&self, run: &str) -> Vec<u8> {
        fs::read(self.path(run).join("model.safetensors")).unwrap()
    }

    fn lines(&self, file: &str) -> usize {
        fs::read_to_string(self.path(file)).map_or(0, |text| text.lines().count())
    }
}

fn narrows(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A table with a column of names and one of classes beside four of numbers.
fn table(rows: usize) -> String {
    let row = |row: usize| {
        let t = row as f64 / 7.0;
        let (a, b, c) = (t.sin(), t.cos(), (2.0 * t).sin());
        format!("r{row},{},{a:.4},{b:.4},{c:.4},{:.4}\n", row % 3, a * b)
    };
    let rows: String = (0..rows).map(row).collect();
    format!("name,kind,a,b,c,d\n{rows}")
}

const READ: [&str; 4] = ["--id", "name", "--label", "kind"];
