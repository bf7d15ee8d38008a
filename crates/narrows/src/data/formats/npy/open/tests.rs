//! Arrays and archives of arrays: all that are read, and every reason to refuse one.

mod archives;

use super::*;
use crate::data::{Layout, Values};
use ndarray::array;
use std::fs;
use std::io::Write;
use tempfile::TempDir;
use zip::CompressionMethod;

/// An array with a header as NumPy writes it.
fn npy(descr: &str, is_fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if is_fortran { "True" } else { "False" };
    let descr = if descr.starts_with('[') {
        descr.to_string()
    } else {
        format!("'{descr}'")
    };
    with_header(
        &format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"),
        data,
    )
}

fn with_header(text: &str, data: &[u8]) -> Vec<u8> {
    let len = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((len as u16).to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = len - 1).bytes());
    bytes.extend(data);
    bytes
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_string()
    }

    fn npz(&self, arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> String {
        let path = self.0.path().join("arrays.npz");
        let mut writer = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, bytes) in arrays {
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            writer.start_file(format!("{name}.npy"), options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        path.to_str().unwrap().to_string()
    }

    fn stored(&self, arrays: &[(&str, Vec<u8>)]) -> String {
        self.npz(arrays, CompressionMethod::Stored)
    }
}

fn refusal(result: Result<Source>) -> String {
    result.unwrap_err().to_string()
}

fn rows(count: usize) -> Vec<u8> {
    let data = bytes_of(&vec![1.0; 2 * count]);
    npy("<f4", false, &format!("({count}, 2)"), &data)
}

fn labels(values: &[i64]) -> Vec<u8> {
    let data: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    npy("<i8", false, &format!("({},)", values.len()), &data)
}

#[test]
fn half_precision_of_both_kinds_is_read() {
    let folder = Folder::new();
    for (descr, bytes) in [
        ("<f2", [0x00, 0x3e, 0x00, 0xc0]),
        (">f2", [0x3e, 0x00, 0xc0, 0x00]),
        ("<V2", [0xc0, 0x3f, 0x00, 0xc0]),
        ("bfloat16", [0xc0, 0x3f, 0x00, 0xc0]),
    ] {
        let spec = folder.put("half.npy", &npy(descr, false, "(1, 2)", &bytes));
        let data = Source::open(&spec).unwrap().train;
        assert_eq!(data.to_array(), array![[1.5, -2.0]], "{descr}");
        assert_eq!(data.notes().len(), usize::from(descr == "<V2"));
    }
    let said = refusal(Source::open(
        &folder.put("raw.npy", &npy("|V2", false, "(1, 2)", &[0; 4])),
    ));
    assert!(said.contains("view(ml_dtypes.bfloat16)"), "{said}");
}

#[test]
fn what_is_no_number_is_refused_with_the_way_out() {
    let folder = Folder::new();
    for (descr, found) in [
        ("|O", "numpy.stack(a)"),
        ("[('a', '<f4'), ('b', '<i4')]", "`a`, `b`"),
        ("[('a', '<f4'), ('b', '<i4')]", "structured_to_unstructured"),
        ("<M8[ns]", "astype(\"int64\")"),
        ("<c16", "a.real"),
        ("<f16", "astype(\"float64\")"),
        ("<U4", "found words"),
        ("<q9", "the type is not one of NumPy"),
    ] {
        let said = refusal(Source::open(
            &folder.put("x.npy", &npy(descr, false, "(1, 2)", &[0; 64])),
        ));
        assert!(said.contains(found), "{descr}: {said}");
    }
    let said = refusal(Source::open(&folder.put("p.npy", b"\x80\x04\x95 a pickle")));
    assert!(said.contains("a pickle of Python"), "{said}");
}

#[test]
fn headers_are_read_as_python_reads_them() {
    let folder = Folder::new();
    let data = bytes_of(&[1.0, 2.0, 3.0, 4.0]);
    let open = |text: &str| Source::open(&folder.put("x.npy", &with_header(text, &data)));
    for text in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
        "{\"shape\":(2,2,),\"descr\":\"<f4\",\"fortran_order\":False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 2L), }",
    ] {
        assert_eq!(
            open(text).unwrap().train.to_array(),
            array![[1.0, 2.0], [3.0, 4.0]]
        );
    }
    for text in [
        "{'descr': '<f4', 'fortran_order': Tzue, 'shape': (2, 2), }",
        "{'descr': '<f4', 'fortran_order': Truee, 'shape': (2, 2), }",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2, 2], }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 02), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), } x",
        "('descr', '<f4')",
        "{'descr' '<f4', 'fortran_order': False, 'shape': (2, 2), }",
    ] {
        let said = refusal(open(text));
        assert!(said.contains("the header cannot be read"), "{text}: {said}");
    }
    let nested = "(".repeat(30_000);
    assert!(refusal(open(&nested)).contains("nested too deeply"));
}

#[test]
fn a_flipped_bit_of_a_header_is_noticed() {
    let folder = Folder::new();
    let whole = npy(
        "<f4",
        false,
        "(2, 3)",
        &bytes_of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    );
    let good = Source::open(&folder.put("x.npy", &whole)).unwrap().train;
    let taken = (0..128 * 8).filter(|bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Source::open(&folder.put("x.npy", &bytes)).is_ok_and(|source| {
            let is_other_type = source.train.type_name() != good.type_name();
            let is_big = bytes.windows(3).any(|letters| letters == b">f4");
            // Bits of the type that give another type of the same width cannot be detected.
            is_other_type || is_big || source.train.values() == good.values()
        })
    });
    let taken: Vec<usize> = taken.map(|bit| bit / 8).collect();
    let at = whole
        .windows(3)
        .position(|letters| letters == b"<f4")
        .unwrap();
    assert!(
        taken.iter().all(|byte| (at..at + 3).contains(byte)),
        "{taken:?}"
    );
}

#[test]
fn arrays_of_any_order_are_read_row_by_row() {
    let folder = Folder::new();
    // Shape (2, 3, 2), with the first dimension fastest.
    let data: Vec<u8> = (0..12).collect();
    let spec = folder.put("x.npy", &npy("|u1", true, "(2, 3, 2)", &data));
    // More rows than are transposed at a time, with two bytes for each value.
    let tall: Vec<u8> = (0..300_u16).flat_map(u16::to_le_bytes).collect();
    let tall = folder.put("tall.npy", &npy("<u2", true, "(100, 3)", &tall));
    let tall = Source::open(&tall).unwrap().train.to_array();
    for row in 0..100 {
        let first = row as f32;
        let expected = [first, first + 100.0, first + 200.0];
        assert_eq!(tall.row(row).to_vec(), expected);
    }
    let source = Source::open(&spec).unwrap();
    let expected = array![[0, 6, 2, 8, 4, 10], [1, 7, 3, 9, 5, 11]];
    assert_eq!(source.train.values(), &Values::U8(expected));
}

#[test]
fn channels_last_are_turned_with_a_word() {
    let folder = Folder::new();
    let data: Vec<u8> = (0..75).collect();
    let whole = npy("|u1", false, "(1, 5, 5, 3)", &data);
    for spec in [
        folder.put("x.npy", &whole),
        folder.stored(&[("x_train", whole.clone())]),
    ] {
        let train = Source::open(&spec).unwrap().train;
        assert_eq!(train.shape(), [3, 5, 5]);
        assert!(
            train.notes()[0].contains("channels-last images"),
            "{:?}",
            train.notes()
        );
        assert_eq!(train.to_array()[[0, 1]], 3.0);
        assert_eq!(train.to_array()[[0, 25]], 1.0);
        let layout = |layout| ReadOptions {
            layout: Some(layout),
            ..ReadOptions::default()
        };
        let first = Source::open_with(&spec, &layout(Layout::ChannelsFirst))
            .unwrap()
            .train;
        assert_eq!((first.shape(), first.notes().len()), (&[5, 5, 3][..], 0));
        let last = Source::open_with(&spec, &layout(Layout::ChannelsLast))
            .unwrap()
            .train;
        assert_eq!((last.values(), last.notes().len()), (train.values(), 0));
    }
    let table = folder.put("table.csv", b"a,b\n1,2\n3,4\n");
    let options = ReadOptions {
        layout: Some(Layout::ChannelsLast),
        ..ReadOptions::default()
    };
    assert!(refusal(Source::open_with(&table, &options)).contains("`layout` is an option"));
}

#[test]
fn missing_values_of_an_array_are_refused_or_filled() {
    let folder = Folder::new();
    let values = [1.0_f32, f32::NAN, 3.0, 4.0].map(f32::to_le_bytes).concat();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
    let spec = folder.put("gaps.npy", &with_header(header, &values));
    let read = |missing| {
        let options = ReadOptions {
            missing: Some(missing),
            ..ReadOptions::default()
        };
        Source::open_with(&spec, &options).map(|source| source.train)
    };
    assert!(read(crate::data::Missing::Refuse).is_err());
    let mean = read(crate::data::Missing::Mean).unwrap();
    assert_eq!(mean.to_array(), ndarray::array![[1.0, 4.0], [3.0, 4.0]]);
    assert_eq!((mean.missing(), mean.fill().unwrap()), (1, &[2.0, 4.0][..]));
    let zero = read(crate::data::Missing::Zero).unwrap();
    assert_eq!(zero.to_array(), ndarray::array![[1.0, 0.0], [3.0, 4.0]]);
    assert!(
        zero.notes()[0].contains("filled with 0"),
        "{:?}",
        zero.notes()
    );
    assert!(
        read(crate::data::Missing::Drop)
            .unwrap_err()
            .to_string()
            .contains("`on_bad = drop`")
    );
    let error = read(crate::data::Missing::Refuse).unwrap_err().to_string();
    assert!(error.contains("`missing = mean`"), "{error}");
    // The fill values of a model replace missing values, for any rows.
    let options = ReadOptions {
        fill: Some(vec![7.0, 8.0]),
        ..ReadOptions::default()
    };
    let data = Source::open_with(&spec, &options).unwrap().train;
    assert_eq!(data.to_array(), ndarray::array![[1.0, 8.0], [3.0, 4.0]]);
    assert!(
        data.notes()[0].ends_with("the means of the training data"),
        "{:?}",
        data.notes()
    );
    let described = crate::data::describe(&[&spec], &ReadOptions::default()).unwrap();
    let crate::data::Info::Values(info) = &described[0] else {
        panic!("an array is no table");
    };
    assert_eq!(info.missing, 1);
    assert!(
        info.training
            .as_ref()
            .unwrap()
            .to_string()
            .ends_with("missing = mean)`")
    );
    let nothing = [f32::NAN, f32::NAN, 3.0, f32::NAN]
        .map(f32::to_le_bytes)
        .concat();
    let spec = folder.put("nothing.npy", &with_header(header, &nothing));
    let options = ReadOptions {
        missing: Some(crate::data::Missing::Mean),
        ..ReadOptions::default()
    };
    let error = refusal(Source::open_with(&spec, &options));
    assert!(error.contains("column 1 (counted from 0)"), "{error}");
}

#[test]
fn means_of_the_training_rows_fill_the_test_rows_too() {
    let folder = Folder::new();
    let gaps = |values: [f32; 4]| npy("<f4", false, "(2, 2)", &bytes_of(&values));
    let spec = folder.stored(&[
        ("x_train", gaps([1.0, f32::NAN, 3.0, 4.0])),
        ("x_test", gaps([10.0, 20.0, f32::NAN, f32::NAN])),
    ]);
    let options = ReadOptions {
        missing: Some(crate::data::Missing::Mean),
        ..ReadOptions::default()
    };
    let test = Source::open_with(&spec, &options).unwrap().test.unwrap();
    assert_eq!(test.to_array(), ndarray::array![[10.0, 20.0], [2.0, 4.0]]);
}
