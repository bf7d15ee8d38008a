//! Data from files: the values of each kind of file, and the errors for unreadable files.

mod arrays;
mod images;
mod tables;

use narrows::data::write::{Head, Piece, Sink, number, write_data};
use narrows::data::{Dataset, Missing, OnBad, ReadOptions, Source, SplitPlan, Values};
use narrows::{Error, ErrorKind, Recipe, Result};
use ndarray::{Array2, array};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.spec(name)
    }

    fn spec(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_string()
    }
}

fn text(result: Result<Source>) -> String {
    result.unwrap_err().to_string()
}

fn labeled() -> ReadOptions {
    ReadOptions {
        label: Some("kind".into()),
        ids: vec!["name".into()],
        ..ReadOptions::default()
    }
}

fn missing(missing: Missing) -> ReadOptions {
    ReadOptions {
        missing: Some(missing),
        ..ReadOptions::default()
    }
}

/// An `.npy` file.
fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// Flipped bytes anywhere in a file are an error or other numbers, never a panic.
#[test]
fn files_with_flipped_bytes_do_not_panic() {
    let folder = Folder::new();
    let values = Array2::from_shape_fn((50, 3), |(row, column)| (row * 3 + column) as f32);
    let data = Dataset::new("rows", Values::F32(values), vec![3], None).unwrap();
    for name in ["rows.parquet", "rows.npy", "rows.csv"] {
        write_data(&data, &folder.path(name), |_| Ok(())).unwrap();
        let whole = fs::read(folder.path(name)).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            let _ = Source::open(&folder.put(&format!("flipped-{name}"), bytes));
        }
    }
}

#[test]
fn labels_choose_rows() {
    let source = Source::open_with(
        "mnist:test",
        &ReadOptions {
            classes: vec!["0-2".into(), "7".into()],
            ..ReadOptions::default()
        },
    );
    let labels = source.unwrap().train.labels().unwrap().to_vec();
    assert!(labels.iter().all(|label| [0, 1, 2, 7].contains(label)));
    assert_eq!(labels.len(), 980 + 1135 + 1032 + 1028);
    for classes in ["11", "cat"] {
        let options = ReadOptions {
            classes: vec![classes.into()],
            ..ReadOptions::default()
        };
        assert!(text(Source::open_with("mnist", &options)).contains("no row has the label"));
    }
}

#[test]
fn few_rows_and_constant_columns_train() {
    let folder = Folder::new();
    let one = folder.put("one.csv", "a,b\n1,2\n");
    let source = Source::open(&one).unwrap();
    assert!(
        source
            .split(0, &SplitPlan::with_validation(0.0))
            .unwrap()
            .is_tested_on_training_rows()
    );
    let error = source
        .split(0, &SplitPlan::with_validation(0.1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("too few rows"), "{error}");

    let constant = folder.put("constant.csv", "a,b\n1,2\n3,2\n5,2\n");
    let source = Source::open(&constant).unwrap();
    let mut recipe = Recipe::named("table").unwrap();
    let model = narrows::fit(&recipe, &source.train).unwrap();
    assert_eq!(model.scaling().factor()[1], 1.0);
    assert!(model.mse(&source.train).unwrap().is_finite());

    // Fewer rows than a batch are one batch.
    let few = folder.put("few.csv", "a,b\n1,2\n3,4\n5,7\n");
    recipe.epochs = 2;
    let model = narrows::fit(&recipe, &Source::open(&few).unwrap().train).unwrap();
    assert_eq!(model.code_size(), 4);
}

#[test]
fn a_file_that_is_begun_and_not_finished_leaves_the_old_one() {
    let folder = Folder::new();
    let path = folder.path("rows.csv");
    fs::write(&path, "old").unwrap();
    let head = Head {
        rows: 2,
        columns: vec!["a".into()],
        shape: vec![1],
        ..Head::default()
    };
    let mut sink = Sink::create(&path, &head).unwrap();
    sink.write(Piece {
        values: array![[1.0], [2.0]].view(),
        wide: &[],
        texts: &[],
        reasons: &[],
    })
    .unwrap();
    drop(sink);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}
