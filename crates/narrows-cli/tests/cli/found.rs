//! Files as people have them, read by the command. Tests the messages for each file, that the command line at the end
//! of `data info` trains when it is pasted, and that values are written as they were read.
#![cfg(unix)]

mod arrays;
mod images;
mod tables;
mod weights;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder of files that the command reads.
struct Folder(TempDir);

/// What is known of a file, and what training on it said.
struct Tried {
    /// The parts of the file as `data info --json` has them.
    parts: Vec<Value>,
    /// What the pasted command line wrote to standard error, without its progress.
    said: String,
    /// What it wrote to standard output.
    table: String,
}

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// A command line as a person types it, in this folder.
    fn shell(&self, line: &str) -> Output {
        let here = Path::new(env!("CARGO_BIN_EXE_narrows")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new("sh")
            .args(["-c", line])
            .current_dir(self.0.path())
            .env("PATH", format!("{}:{path}", here.display()))
            .output()
            .unwrap()
    }

    /// What `narrows LINE` writes to standard output and to standard error.
    #[track_caller]
    fn both(&self, line: &str) -> (String, String) {
        let output = self.shell(&format!("narrows {line}"));
        let said = text(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        (text(&output.stdout), said)
    }

    #[track_caller]
    fn ok(&self, line: &str) -> String {
        self.both(line).0
    }

    /// What the command says beside its result.
    #[track_caller]
    fn said(&self, line: &str) -> String {
        self.both(line).1
    }

    /// What the command says when it refuses, which has all of `parts`.
    #[track_caller]
    fn refused(&self, line: &str, parts: &[&str]) -> String {
        let output = self.shell(&format!("narrows {line}"));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {said}");
        for part in parts {
            assert!(said.contains(part), "{line}: no {part:?} in {said}");
        }
        said
    }

    /// What `data info` knows of each part of a file.
    #[track_caller]
    fn info(&self, arguments: &str) -> Vec<Value> {
        let found = self.ok(&format!("data info {arguments} --json"));
        let parts = found
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        parts.collect()
    }

    /// Looks at a file, and pastes the command line that is to train on it.
    #[track_caller]
    fn tried(&self, arguments: &str) -> Tried {
        let parts = self.info(arguments);
        let command = parts[0]["command"].as_str().unwrap();
        let run = self.0.path().join("pasted");
        let output = self.shell(&format!(
            "{command} --epochs 1 --force --out {}",
            run.display()
        ));
        let said = text(&output.stderr);
        assert!(output.status.success(), "{command}: {said}");
        let is_usual = |line: &str| {
            line.starts_with("epoch") || line.starts_with("rows: ") || line.contains(" -> ")
        };
        let is_told = |line: &&str| !is_usual(line);
        Tried {
            parts,
            said: said.lines().filter(is_told).collect::<Vec<_>>().join("\n"),
            table: text(&output.stdout),
        }
    }

    /// The table that a file is read as, in CSV with commas and decimal points.
    #[track_caller]
    fn converted(&self, arguments: &str) -> String {
        self.ok(&format!("data convert --data {arguments} -o converted.csv"));
        let text = self.text("converted.csv");
        fs::remove_file(self.path("converted.csv")).unwrap();
        text
    }
}

impl Tried {
    /// The columns of a table as `name:role`, one after the other.
    fn columns(&self) -> String {
        let columns = self.parts[0]["columns"].as_array().unwrap().iter();
        let each = columns.map(|column| {
            let word = |key: &str| column[key].as_str().unwrap().to_string();
            format!("{}:{}", word("name"), word("role"))
        });
        each.collect::<Vec<_>>().join(" ")
    }

    fn command(&self) -> &str {
        self.parts[0]["command"].as_str().unwrap()
    }

    fn read_as(&self) -> &str {
        self.parts[0]["read_as"].as_str().unwrap()
    }

    fn rows(&self) -> u64 {
        self.parts[0]["rows"].as_u64().unwrap()
    }

    /// The sentences of a list, such as `notes` or `refusals`.
    fn list(&self, key: &str) -> Vec<&str> {
        let all = self.parts[0][key].as_array().unwrap().iter();
        all.map(|text| text.as_str().unwrap()).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number from 0 to below 1 that looks like chance.
fn chance(i: usize) -> f64 {
    let z = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 40) as f64 / (1u64 << 24) as f64
}

/// The cells of a table of numbers between 10 and 30, with two digits behind the point, the last of which is not 0.
fn cells(rows: usize, columns: usize) -> Vec<Vec<String>> {
    let cell = |at: usize| {
        let hundredths =
            1000 + 10 * (200.0 * chance(at)) as usize + 1 + (8.0 * chance(at + 1)) as usize;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    };
    let row = |row: usize| {
        (0..columns)
            .map(|column| cell(7 * (row * columns + column)))
            .collect()
    };
    (0..rows).map(row).collect()
}

/// Lines of cells with a separator between them, under a header.
fn lines(header: &str, cells: &[Vec<String>], separator: &str) -> String {
    let mut text = format!("{}\n", header.replace(',', separator));
    for row in cells {
        text.push_str(&row.join(separator));
        text.push('\n');
    }
    text
}

/// An array as NumPy writes it.
fn npy(kind: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let len = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((len as u16).to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = len - 1).bytes());
    bytes.extend(data);
    bytes
}

/// Arrays in one file, as NumPy writes it.
fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
