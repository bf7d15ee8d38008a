//! The properties and messages of each kind of source: types, transparency, decimals, labels, missing values.

mod columns;
mod images;

use narrows::Recipe;
use narrows::data::{Info, Missing, ReadOptions, Source, ValuesInfo, describe, list_of_names};
use narrows::scaling::ScalingSpec;
use narrows::train::Training;
use ndarray::{Array2, array};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.spec(name)
    }

    fn spec(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_string()
    }
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn refused(spec: &str, options: &ReadOptions) -> String {
    Source::open_with(spec, options).unwrap_err().to_string()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.into()).collect()
}

fn drop(dropped: &[&str]) -> ReadOptions {
    ReadOptions {
        drop: names(dropped),
        ..ReadOptions::default()
    }
}

fn label(name: &str) -> ReadOptions {
    ReadOptions {
        label: Some(name.into()),
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

#[test]
fn the_type_is_that_of_the_file() {
    let folder = Folder::new();
    let type_name = |kind: &str, bytes: Vec<u8>| {
        let spec = folder.put("rows.npy", npy(kind, "(2, 1)", &bytes));
        summary(&spec).type_name
    };
    let of_64 = type_name("<f8", [0.5_f64, 1.0].map(f64::to_le_bytes).concat());
    assert_eq!(of_64, "64-bit floating-point values");
    let of_16 = type_name("<i2", [1_i16, 2].map(i16::to_le_bytes).concat());
    assert_eq!(of_16, "16-bit integers");
    let unsigned = type_name("<u8", [0, u64::MAX].map(u64::to_le_bytes).concat());
    assert_eq!(unsigned, "64-bit integers without a sign");
    let of_32 = type_name("<f4", [0.5_f32, 1.0].map(f32::to_le_bytes).concat());
    assert_eq!(of_32, "32-bit floating-point values");
}

/// What is said of arrays and images.
fn summary(spec: &str) -> ValuesInfo {
    match describe(&[spec], &ReadOptions::default())
        .unwrap()
        .remove(0)
    {
        Info::Values(info) => info,
        other => panic!("{other:?}"),
    }
}

#[test]
fn data_of_0_and_1_are_not_squeezed() {
    let folder = Folder::new();
    let bits = [1, 0, 0, 1, 1, 1];
    let booleans = folder.put("bool.npy", npy("|b1", "(3, 2)", &bits));
    let booleans = Source::open(&booleans).unwrap().train;
    assert_eq!(
        booleans.to_array(),
        array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    );
    assert!(!booleans.is_8_bit());
    assert_eq!(booleans.type_name(), "booleans");
    assert_eq!(ScalingSpec::usual(&booleans).name(), "standardize");

    let bytes = folder.put("u8.npy", npy("|u1", "(3, 2)", &bits));
    let bytes = Source::open(&bytes).unwrap().train;
    assert_eq!(ScalingSpec::usual(&bytes), ScalingSpec::None);
    let mut recipe = Recipe::named("simple-linear").unwrap();
    let warnings = |recipe: &Recipe| -> String {
        let training = Training::new(recipe, &bytes, 1).unwrap();
        let warnings = training.warnings().iter().map(ToString::to_string);
        warnings.collect()
    };
    assert!(warnings(&recipe).contains("turns 1 into 0.003922"));
    recipe.scaling = None;
    assert!(!warnings(&recipe).contains("scaling"));
    let pixels = folder.put("pixels.npy", npy("|u1", "(3, 2)", &[1, 0, 0, 2, 0, 0]));
    let pixels = Source::open(&pixels).unwrap().train;
    assert_eq!(ScalingSpec::usual(&pixels), ScalingSpec::Unit);
}

#[test]
fn an_array_with_gaps_is_described_and_what_training_says_is_told() {
    let folder = Folder::new();
    let values = [1.0_f32, f32::NAN, 3.0, 4.0];
    let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
    let spec = folder.put("gaps.npy", npy("<f4", "(2, 2)", &bytes));
    let described = |missing| {
        let options = ReadOptions {
            missing: Some(missing),
            ..ReadOptions::default()
        };
        let info = describe(&[&spec], &options).unwrap().remove(0);
        match info {
            Info::Values(info) => (info.refusals, info.training.unwrap().to_string()),
            _ => panic!("an array is no table"),
        }
    };
    let (refusals, command) = described(Missing::Refuse);
    assert!(refusals[0].contains("missing = mean"), "{refusals:?}");
    assert!(command.contains("missing = mean"), "{command}");
    assert_eq!(described(Missing::Mean).0, [""; 0]);
}

#[test]
fn an_error_names_its_file_once_and_large_numbers_are_read() {
    let folder = Folder::new();
    let spec = folder.put(
        "rows.npy",
        npy(
            "<f8",
            "(2, 1)",
            &[0.0, 1e300].map(f64::to_le_bytes).concat(),
        ),
    );
    // No float32 is as large, and none needs to be before the values are scaled.
    let data = Source::open(&spec).unwrap().train;
    assert_eq!(data.range(), (0.0, 1e300));
    let spec = folder.put("rows.npy", npy("<f4", "(1, 1)", &f32::NAN.to_le_bytes()));
    let said = refused(&spec, &ReadOptions::default());
    assert!(said.contains("missing values"), "{said}");
    assert_eq!(said.matches("rows.npy").count(), 1, "{said}");
}

#[test]
fn whole_numbers_with_a_point_are_labels_of_numbers() {
    let folder = Folder::new();
    let spec = folder.put("table.csv", "a,y\n1,0.0\n2,1.0\n3,1\n");
    let data = Source::open_with(&spec, &label("y")).unwrap().train;
    assert_eq!(data.labels().unwrap(), [0, 1, 1]);
    assert!(data.label_names().is_empty());
    let spec = folder.put("table.csv", "a,y\n1,0.5\n2,1.0\n");
    let data = Source::open_with(&spec, &label("y")).unwrap().train;
    assert_eq!(data.label_names(), ["0.5", "1.0"]);
}

fn npz(folder: &Folder, arrays: &[(&str, Vec<u8>)]) -> String {
    let mut writer = zip::ZipWriter::new(fs::File::create(folder.path("arrays.npz")).unwrap());
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    folder.spec("arrays.npz")
}

#[test]
fn labels_of_an_archive_may_be_floats_and_a_column() {
    let folder = Folder::new();
    let x = npy("<f4", "(2, 3)", &[0; 24]);
    let floats = |values: [f64; 2], shape| {
        let bytes = values.map(f64::to_le_bytes).concat();
        npy("<f8", shape, &bytes)
    };
    for shape in ["(2,)", "(2, 1)"] {
        for options in [ReadOptions::default(), label("y")] {
            let spec = npz(
                &folder,
                &[("x", x.clone()), ("y", floats([1.0, 0.0], shape))],
            );
            let data = Source::open_with(&spec, &options).unwrap().train;
            assert_eq!((data.inputs(), data.labels().unwrap()), (3, &[1, 0][..]));
        }
        let spec = npz(
            &folder,
            &[("x", x.clone()), ("y", floats([1.0, 0.5], shape))],
        );
        let data = Source::open(&spec).unwrap().train;
        assert!(data.labels().is_none());
        assert!(
            data.notes()[0].contains("array `y`") && data.notes()[0].contains("0.5"),
            "{:?}",
            data.notes()
        );
        let said = refused(&spec, &label("y"));
        assert!(
            said.contains("row 1") && said.contains("found 0.5 among 64-bit"),
            "{said}"
        );
    }
    let spec = npz(
        &folder,
        &[("x", x.clone()), ("hot", floats([1.0, 0.5], "(1, 2)"))],
    );
    let said = refused(&spec, &label("hot"));
    assert!(
        said.contains("array `hot`: these are not labels") && said.contains("[1, 2]"),
        "{said}"
    );
    let data = Source::open(&spec).unwrap().train;
    assert!(
        data.notes()[0].starts_with("the rows are `x`; left out: `hot`"),
        "{:?}",
        data.notes()
    );
    // A lone column is rows, whatever it is called.
    let spec = npz(&folder, &[("y", floats([1.0, 0.5], "(2, 1)"))]);
    assert_eq!(Source::open(&spec).unwrap().train.rows(), 2);
}
