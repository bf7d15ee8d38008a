//! Rows in production: rows that cannot be read, pipes, standard input and output, links, and text for terminals.
#![cfg(unix)]

mod bad;
mod streams;

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.at(name), text).unwrap();
        self.at(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }
}

fn narrows(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command.args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

fn narrows_given(input: &[u8], arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_narrows"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn good(output: Output) -> Output {
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    output
}

fn bad(output: &Output, text: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", err(output));
    assert!(err(output).contains(text), "{}", err(output));
}

/// Rows for training, without a gap.
const TRAINING: &str = "id,a,b,kind\n";

fn training() -> String {
    let row = |i: u32| format!("t{i},{},{},{}\n", i % 7, (3 * i) % 11, i % 2);
    (0..60).fold(TRAINING.to_string(), |text, i| text + &row(i))
}

/// Rows of which every kind of bad row is one.
const ROWS: &str = "id,a,b,kind\n\
    r0,1,2,0\n\
    r1,,2,1\n\
    r2,2,x,0\n\
    r3,2\n\
    r4,inf,2,1\n\
    r5,3,4,1\n";

/// A folder with a model of a table, and another of arrays and of images, made once.
fn models() -> &'static Folder {
    static MODELS: OnceLock<Folder> = OnceLock::new();
    MODELS.get_or_init(|| {
        let folder = Folder::new();
        let table = folder.write("train.csv", training());
        let array = folder.write(
            "train.npy",
            npy(&[[1.0, 2.0], [2.0, 3.0], [3.0, 5.0], [4.0, 4.0]]),
        );
        let train = |data: &str, out: &str, more: &[&str]| {
            let out = folder.at(out);
            let mut arguments = vec![
                "train", "table", "--data", data, "--epochs", "1", "--out", &out,
            ];
            arguments.extend(more);
            good(narrows(&arguments));
        };
        train(&table, "table", &["--id", "id", "--label", "kind"]);
        train(&array, "array", &[]);
        folder
    })
}

fn npy(rows: &[[f32; 2]]) -> Vec<u8> {
    let header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 2), }}",
        rows.len()
    );
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// The values of an array of float32, as `write` has them.
fn values(bytes: &[u8]) -> Vec<f32> {
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let values = bytes[start..].chunks_exact(4);
    values
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

#[test]
fn what_a_terminal_obeys_is_shown_and_an_error_fits_a_screen() {
    let folder = Folder::new();
    let escape = "\u{1b}]0;owned\u{7}";
    let named = folder.write(
        &format!("{escape}\n\u{202e}.csv"),
        format!("a,{escape}b\n1,{escape}\n2,3\n4,5\n"),
    );
    for arguments in [
        &["data", "info", &named][..],
        &["data", "info", escape],
        &["train", "table", "--data", &named],
        &[escape],
    ] {
        let output = narrows(arguments);
        let text = out(&output) + &err(&output);
        let is_obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(is_obeyed), "{text:?}");
        assert!(text.contains("\\x1b]0;owned\\x07"), "{text}");
    }
    let long = "x".repeat(300_000);
    let recipe = folder.write(
        "long.toml",
        format!("name = \"{long}\"\nencoder = \"{long}\"\n"),
    );
    let output = narrows(&["train", &recipe]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).chars().count() < 24 * 80,
        "{}",
        err(&output).len()
    );
}

#[test]
fn an_empty_list_or_name_is_not_shown() {
    let folder = Folder::new();
    let array = folder.write("rows.npy", npy(&[[1.0, 2.0], [2.0, 3.0], [3.0, 5.0]]));
    let out = folder.at("no");
    let train = |more: &[&str]| {
        let all = [&["train", "table", "--data", &array, "--out", &out], more].concat();
        narrows(&all)
    };
    let refused = train(&["--group", "0"]);
    bad(&refused, "there is no column `0` to group the rows by");
    assert!(!err(&refused).contains("there are"), "{}", err(&refused));
    bad(&train(&["--test="]), "`--test` is empty");
    bad(&train(&["--validation="]), "`--validation` is empty");
    let nameless = narrows(&["train", "table", "--data=", "--out", &out]);
    bad(&nameless, "error: the name of a source of data is empty");
}
