//! Data from files: what is read of each kind, and how what cannot be read is refused.

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
        missing,
        ..ReadOptions::default()
    }
}

const TABLE: &str = "name,height,kind,width\nann,1.5,cat,2\nbob,-3e2,dog,4\ncid,0,cat,6\n";

#[test]
fn a_table_has_columns_labels_and_ids() {
    let folder = Folder::new();
    let plain = folder.put("table.csv", TABLE);
    let tabs = folder.put("table.tsv", TABLE.replace(',', "\t"));
    let semicolons = folder.put("other.csv", TABLE.replace(',', ";"));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(TABLE.as_bytes()).unwrap();
    let packed = folder.put("packed.csv.gz", packed.finish().unwrap());
    for spec in [plain, tabs, semicolons, packed] {
        let source = Source::open_with(&spec, &labeled()).unwrap();
        let data = source.train;
        assert_eq!(
            data.to_array(),
            array![[1.5, 2.0], [-300.0, 4.0], [0.0, 6.0]]
        );
        assert_eq!(data.columns().unwrap(), ["height", "width"]);
        assert_eq!(data.labels().unwrap(), [0, 1, 0]);
        assert_eq!(
            (data.label_text(1), data.label_column()),
            ("dog".into(), "kind")
        );
        assert_eq!(data.ids()[0].values, ["ann", "bob", "cid"]);
    }
}

#[test]
fn columns_are_chosen_left_out_and_matched_by_name() {
    let folder = Folder::new();
    let spec = folder.put("table.csv", "a,b,c\n1,2,3\n4,5,6\n");
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.into())
            .collect::<Vec<String>>()
    };
    let read = |options: &ReadOptions| Source::open_with(&spec, options).map(|source| source.train);
    let chosen = ReadOptions {
        columns: names(&["c", "a"]),
        ..ReadOptions::default()
    };
    assert_eq!(
        read(&chosen).unwrap().to_array(),
        array![[3.0, 1.0], [6.0, 4.0]]
    );
    let dropped = ReadOptions {
        drop: names(&["b"]),
        ..ReadOptions::default()
    };
    assert_eq!(read(&dropped).unwrap().columns().unwrap(), ["a", "c"]);
    let of_model = ReadOptions {
        model_columns: Some(names(&["b", "a"])),
        ..ReadOptions::default()
    };
    assert_eq!(
        read(&of_model).unwrap().to_array(),
        array![[2.0, 1.0], [5.0, 4.0]]
    );
    let of_other = ReadOptions {
        model_columns: Some(names(&["b", "height"])),
        ..ReadOptions::default()
    };
    let error = read(&of_other).unwrap_err();
    assert_eq!(error.what_was_expected(), Some("the columns `b`, `height`"));
    assert_eq!(
        error.what_was_found(),
        Some("`a`, `b`, `c`, without `height`")
    );
    let unknown = ReadOptions {
        columns: names(&["a", "bb"]),
        ..ReadOptions::default()
    };
    let error = read(&unknown).unwrap_err().to_string();
    assert!(
        error.contains("there is no column `bb`") && error.contains("`b`"),
        "{error}"
    );
}

#[test]
fn a_table_may_have_no_header() {
    let folder = Folder::new();
    let spec = folder.put("table.csv", "1,2\n3,4\n");
    let data = Source::open(&spec).unwrap().train;
    assert_eq!(
        (data.rows(), data.columns().unwrap()),
        (2, &["0".to_string(), "1".into()][..])
    );
    let with = ReadOptions {
        header: Some(true),
        ..ReadOptions::default()
    };
    let data = Source::open_with(&spec, &with).unwrap().train;
    assert_eq!(
        (data.rows(), data.columns().unwrap()),
        (1, &["1".to_string(), "2".into()][..])
    );
}

#[test]
fn a_missing_cell_is_refused_with_its_place_or_filled() {
    let folder = Folder::new();
    let spec = folder.put("table.csv", "a,b\n1,2\n3,\n5,NA\n6,4\n");
    let error = text(Source::open(&spec));
    assert!(
        error.contains("`b`: 2 cells (the first on line 3)") && error.contains("--missing mean"),
        "{error}"
    );
    // What is there and no number is never filled.
    let other = folder.put("other.csv", "a,b\n1,2\n3,\n5,x\n6,4\n");
    for how in [Missing::Refuse, Missing::Mean, Missing::Zero, Missing::Drop] {
        let error = text(Source::open_with(&other, &missing(how)));
        assert!(
            error.contains("`b`: 1 cell cannot be read as a number: line 4 \"x\""),
            "{error}"
        );
        assert!(!error.contains("--missing"), "{error}");
    }
    let read = |how| Source::open_with(&spec, &missing(how)).unwrap().train;
    let zero = read(Missing::Zero);
    assert_eq!(
        zero.to_array(),
        array![[1.0, 2.0], [3.0, 0.0], [5.0, 0.0], [6.0, 4.0]]
    );
    let mean = read(Missing::Mean);
    assert_eq!(
        mean.to_array(),
        array![[1.0, 2.0], [3.0, 3.0], [5.0, 3.0], [6.0, 4.0]]
    );
    assert_eq!(
        (mean.missing(), mean.fill().unwrap()),
        (2, &[3.75, 3.0][..])
    );
    let dropped = read(Missing::Drop);
    assert_eq!(dropped.to_array(), array![[1.0, 2.0], [6.0, 4.0]]);
    assert!(dropped.notes()[1].contains("2 rows were left out"));
    let none = folder.put("none.csv", "a,b\n1,x\n2,y\n");
    let data = Source::open_with(&none, &missing(Missing::Mean))
        .unwrap()
        .train;
    assert_eq!(data.columns().unwrap(), ["a"]);
    assert!(
        data.notes().iter().any(|note| note.contains("`b` (words)")),
        "{:?}",
        data.notes()
    );
    let columns = ReadOptions {
        columns: vec!["b".into()],
        ..ReadOptions::default()
    };
    let refused = text(Source::open_with(&none, &columns));
    assert!(
        refused.contains("column `b`: a model learns from numbers")
            && refused.contains("found words"),
        "{refused}"
    );
}

#[test]
fn what_is_not_finite_is_refused_with_row_and_column() {
    let folder = Folder::new();
    for value in ["inf", "-inf", "1e400"] {
        let spec = folder.put("table.csv", format!("a,b\n1,2\n3,{value}\n"));
        let error = text(Source::open(&spec));
        assert!(
            error.contains(&format!("`b`: 1 cell is not finite: line 3 \"{value}\"")),
            "{error}"
        );
    }
    let spec = folder.put("nan.csv", "a,b\n1,2\nnan,3\n");
    let error = text(Source::open(&spec));
    assert!(
        error.contains("some cells are missing")
            && error.contains("`a`: 1 cell (the first on line 3)"),
        "{error}"
    );
    for value in [f32::NAN, f32::INFINITY] {
        let rows = [1.0, 2.0, value, 4.0].map(f32::to_le_bytes).concat();
        let spec = folder.put("rows.npy", npy("<f4", "(2, 2)", &rows));
        let error = text(Source::open(&spec));
        assert!(
            error.contains("row 1, column 0 (counted from 0): a value is not finite"),
            "{error}"
        );
    }
}

#[test]
fn damaged_tables_are_refused() {
    let folder = Folder::new();
    let ragged = folder.put("ragged.csv", "a,b\n1,2\n3,4,5\n");
    let error = text(Source::open(&ragged));
    assert!(
        error.contains("line 3: the lines differ in length"),
        "{error}"
    );
    let latin = folder.put("latin.csv", b"a,b\n1,2\n3,4\xe9\n");
    let error = text(Source::open(&latin));
    assert!(
        error.contains("line 3, character 4") && error.contains("--encoding windows-1252"),
        "{error}"
    );
    for (name, content, said) in [
        ("empty.csv", "", "it is empty"),
        ("head.csv", "a,b\n", "there are no rows with a value"),
    ] {
        let error = text(Source::open(&folder.put(name, content)));
        assert!(error.contains(said), "{error}");
    }
    let twice = folder.put("twice.csv", "a,a\n1,2\n");
    for columns in [vec!["a".into()], Vec::new()] {
        let options = ReadOptions {
            columns,
            ..ReadOptions::default()
        };
        let error = text(Source::open_with(&twice, &options));
        assert!(error.contains("several columns are called `a`"), "{error}");
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(TABLE.repeat(100).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let cut = folder.put("cut.csv.gz", &packed[..packed.len() / 2]);
    assert!(text(Source::open(&cut)).contains("damaged or cut off"));
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
fn arrays_have_rows_of_any_shape_and_type() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0..12).collect();
    for (shape, row) in [
        ("(3, 4)", &[4][..]),
        ("(3, 2, 2)", &[1, 2, 2]),
        ("(3, 1, 2, 2)", &[1, 2, 2]),
    ] {
        let data = Source::open(&folder.put("rows.npy", npy("|u1", shape, &bytes)))
            .unwrap()
            .train;
        assert_eq!((data.rows(), data.shape()), (3, row));
        assert!(data.is_8_bit());
    }
    let of = |kind: &str, bytes: Vec<u8>| {
        let spec = folder.put("rows.npy", npy(kind, "(2, 1)", &bytes));
        Source::open(&spec).unwrap().train.to_array()
    };
    let expected = array![[2.0], [-3.0]];
    assert_eq!(
        of("<f8", [2.0_f64, -3.0].map(f64::to_le_bytes).concat()),
        expected
    );
    assert_eq!(
        of(">f4", [2.0_f32, -3.0].map(f32::to_be_bytes).concat()),
        expected
    );
    assert_eq!(
        of("<i8", [2_i64, -3].map(i64::to_le_bytes).concat()),
        expected
    );
    assert_eq!(
        of("<i2", [2_i16, -3].map(i16::to_le_bytes).concat()),
        expected
    );
    assert_eq!(of("|i1", vec![2, 253]), expected);
}

#[test]
fn arrays_stored_column_by_column_are_turned() {
    let folder = Folder::new();
    let rows = [1.0_f32, 4.0, 2.0, 5.0, 3.0, 6.0]
        .map(f32::to_le_bytes)
        .concat();
    let bytes = npy("<f4", "(2, 3)", &rows);
    let text = String::from_utf8_lossy(&bytes[10..90]).replace("False", "True ");
    let mut turned = bytes[..10].to_vec();
    turned.extend(text.as_bytes());
    turned.extend(&bytes[90..]);
    let head = bytes.len() - rows.len();
    assert!(head > 60);
    let mut file = bytes[..10].to_vec();
    file.extend(
        String::from_utf8_lossy(&bytes[10..head])
            .replace("False", "True ")
            .as_bytes(),
    );
    file.extend(&rows);
    let data = Source::open(&folder.put("rows.npy", file)).unwrap().train;
    assert_eq!(data.to_array(), array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
}

#[test]
fn damaged_and_foreign_arrays_are_refused() {
    let folder = Folder::new();
    let good = npy("<f4", "(2, 2)", &[0; 16]);
    let refuse = |bytes: &[u8]| text(Source::open(&folder.put("rows.npy", bytes)));
    let error = refuse(&good[..good.len() - 5]);
    assert!(
        error.contains("the file ends too soon") && error.contains("found 11 bytes"),
        "{error}"
    );
    for length in [0, 3, 9, 30] {
        assert!(refuse(&good[..length]).contains("header"), "{length}");
    }
    assert!(refuse(b"PK\x03\x04 and so on, for long").contains("a ZIP archive that is damaged"));
    assert!(refuse(b"hello").contains("not an NPY file"));
    assert!(refuse(&npy("<c8", "(2, 2)", &[0; 32])).contains("a type that is not read"));
    assert!(refuse(&npy("|O", "(2, 2)", &[0; 32])).contains("type"));
    assert!(refuse(&npy("<f4", "(0, 2)", &[])).contains("at least 1"));
    assert!(refuse(&npy("<f4", "(4,)", &[0; 16])).contains("does not hold rows"));
    assert!(refuse(&npy("<f4", "(99999999999, 99999999999)", &[0; 16])).contains("rows"));
    assert!(refuse(&npy("<f4", "(4000000000, 9000000000)", &[0; 16])).contains("promises"));
    assert!(refuse(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").contains("too long"));
    let spec = folder.put("rows.npy", &good);
    let options = ReadOptions {
        columns: vec!["a".into()],
        ..ReadOptions::default()
    };
    assert!(text(Source::open_with(&spec, &options)).contains("setting for tables"));
}

fn npz(folder: &Folder, name: &str, arrays: &[(&str, Vec<u8>)]) -> String {
    let mut writer = zip::ZipWriter::new(fs::File::create(folder.path(name)).unwrap());
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    folder.spec(name)
}

#[test]
fn arrays_in_an_archive_may_have_labels_and_parts() {
    let folder = Folder::new();
    let rows = |count: u8| {
        npy(
            "|u1",
            &format!("({count}, 2, 2)"),
            &vec![7; 4 * count as usize],
        )
    };
    let labels = |count: i64| {
        let bytes: Vec<u8> = (0..count).flat_map(i64::to_le_bytes).collect();
        npy("<i8", &format!("({count},)"), &bytes)
    };
    let parts = npz(
        &folder,
        "parts.npz",
        &[
            ("x_train", rows(3)),
            ("y_train", labels(3)),
            ("x_test", rows(2)),
            ("y_test", labels(2)),
        ],
    );
    let source = Source::open(&parts).unwrap();
    assert_eq!(source.train.labels().unwrap(), [0, 1, 2]);
    assert_eq!(source.test.unwrap().labels().unwrap(), [0, 1]);
    let test = Source::open(&format!("{parts}:test")).unwrap();
    assert_eq!((test.train.rows(), test.test.is_none()), (2, true));
    let one = npz(&folder, "one.npz", &[("a", rows(3)), ("which", labels(3))]);
    assert!(Source::open(&one).unwrap().train.labels().is_none());
    let options = ReadOptions {
        label: Some("which".into()),
        ..ReadOptions::default()
    };
    let with = Source::open_with(&one, &options).unwrap().train;
    assert_eq!(with.labels().unwrap(), [0, 1, 2]);
    // Told by the header: the labels themselves are cut off.
    let mut many = labels(4_000_000);
    many.truncate(200);
    let many = npz(&folder, "many.npz", &[("a", rows(3)), ("labels", many)]);
    let error = text(Source::open(&many));
    assert!(
        error.contains("array `labels`: the labels do not fit the rows: expected 3 labels, one a row, found 4000000"),
        "{error}"
    );
    let two = npz(&folder, "two.npz", &[("a", rows(3)), ("b", rows(3))]);
    assert!(text(Source::open(&two)).contains("several arrays could be meant"));
    let whole = fs::read(&one).unwrap();
    assert!(
        text(Source::open(
            &folder.put("cut.npz", &whole[..whole.len() / 2])
        ))
        .contains("damaged")
    );
    assert!(text(Source::open("mnist:tset")).contains("no such file"));
    assert!(text(Source::open(&format!("{one}:test"))).contains("there is no part `test`"));
}

#[test]
fn a_parquet_table_is_read_as_it_was_written() {
    let folder = Folder::new();
    let values =
        Array2::from_shape_fn((10_000, 3), |(row, column)| (row * 3 + column) as f32 / 8.0);
    let labels = (0..10_000).map(|row| row % 3).collect();
    let names = vec!["a".to_string(), "b".into(), "c".into()];
    let data = Dataset::new("rows", Values::F32(values), vec![3], Some(labels)).unwrap();
    let data = data.with_columns(names).unwrap();
    for name in ["rows.parquet", "rows.csv", "rows.csv.gz", "rows.tsv"] {
        write_data(&data, &folder.path(name), |_| Ok(())).unwrap();
        let options = ReadOptions {
            label: Some("label".into()),
            ..ReadOptions::default()
        };
        let read = Source::open_with(&folder.spec(name), &options)
            .unwrap()
            .train;
        assert_eq!(read.to_array(), data.to_array());
        assert_eq!(
            (read.labels(), read.columns()),
            (data.labels(), data.columns())
        );
    }
    write_data(&data, &folder.path("rows.npy"), |_| Ok(())).unwrap();
    let read = Source::open(&folder.spec("rows.npy")).unwrap().train;
    assert_eq!(read.to_array(), data.to_array());
    let whole = fs::read(folder.path("rows.parquet")).unwrap();
    for length in [0, 5, whole.len() / 2, whole.len() - 1] {
        let error = text(Source::open(&folder.put("cut.parquet", &whole[..length])));
        assert!(error.contains("damaged, cut short"), "{error}");
    }
}

#[test]
fn eight_bits_stay_eight_bits_in_an_array() {
    let folder = Folder::new();
    let values = Array2::from_shape_fn((9, 4), |(row, column)| (row * 28 + column) as u8);
    let data = Dataset::new("rows", Values::U8(values), vec![1, 2, 2], None).unwrap();
    write_data(&data, &folder.path("rows.npy"), |_| Ok(())).unwrap();
    let file = fs::read(folder.path("rows.npy")).unwrap();
    assert!(file.ends_with(&[224, 225, 226, 227]));
    let read = Source::open(&folder.spec("rows.npy")).unwrap().train;
    assert_eq!((read.values(), read.shape()), (data.values(), data.shape()));
}

#[test]
fn numbers_are_written_short_and_read_back_the_same() {
    let of_bits = (0..2000_u32)
        .map(|n| f32::from_bits(n * 2_147_483))
        .filter(|x| x.is_finite());
    let known = [
        0.0,
        1e-40,
        1.5e-7,
        1e-5,
        0.1,
        -1234.5,
        16_777_216.0,
        3e15,
        1e16,
        f32::MAX,
        f32::MIN_POSITIVE,
    ];
    let numbers: Vec<f32> = known.into_iter().chain(of_bits).collect();
    for &value in &numbers {
        let text = number(value);
        assert_eq!(text.parse(), Ok(value), "{text}");
        assert!(text.len() <= 18, "{text}");
    }
    assert_eq!(
        [1e-40, 1.5e-7, 0.1, 16_777_216.0, 1e30].map(number),
        ["1e-40", "1.5e-7", "0.1", "16777216", "1e30"]
    );
    let folder = Folder::new();
    let values = Array2::from_shape_vec((numbers.len(), 1), numbers).unwrap();
    let data = Dataset::from_array(values.view()).unwrap();
    write_data(&data, &folder.path("rows.csv"), |_| Ok(())).unwrap();
    let read = Source::open(&folder.spec("rows.csv")).unwrap().train;
    assert_eq!(read.to_array(), values);
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

fn picture(path: &Path, width: u32, height: u32, is_color: bool) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let shade = |x: u32, y: u32| (x * 10 + y) as u8;
    if is_color {
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb([shade(x, y), 0, 255])).save(path)
    } else {
        image::GrayImage::from_fn(width, height, |x, y| image::Luma([shade(x, y)])).save(path)
    }
    .unwrap();
}

#[test]
fn a_folder_of_images_has_labels_and_names() {
    let folder = Folder::new();
    picture(&folder.path("cat/b.png"), 4, 3, false);
    picture(&folder.path("cat/a.png"), 4, 3, false);
    picture(&folder.path("dog/c.png"), 4, 3, false);
    let spec = folder.0.path().to_str().unwrap().to_string();
    let data = Source::open(&spec).unwrap().train;
    assert_eq!((data.rows(), data.shape()), (3, &[1, 3, 4][..]));
    assert_eq!(
        data.ids()[0].values,
        ["cat/a.png", "cat/b.png", "dog/c.png"]
    );
    assert_eq!(data.labels().unwrap(), [0, 0, 1]);
    assert_eq!(data.label_text(1), "dog");
    assert_eq!(data.to_array()[[0, 4 + 2]], 21.0);
    let only = ReadOptions {
        classes: vec!["dog".into()],
        ..ReadOptions::default()
    };
    assert_eq!(Source::open_with(&spec, &only).unwrap().train.rows(), 1);

    picture(&folder.path("dog/d.png"), 4, 3, true);
    let data = Source::open(&spec).unwrap().train;
    assert_eq!(data.shape(), [3, 3, 4]);
    assert_eq!(data.to_array()[[3, 12 + 12]], 255.0);

    picture(&folder.path("dog/e.png"), 8, 6, false);
    assert!(text(Source::open(&spec)).contains("e.png: the images differ in size"));
    let resized = ReadOptions {
        image_size: Some((2, 2)),
        ..ReadOptions::default()
    };
    let data = Source::open_with(&spec, &resized).unwrap().train;
    assert_eq!((data.rows(), data.shape()), (5, &[3, 2, 2][..]));
}

#[test]
fn an_image_that_does_not_decode_is_named_or_left_out() {
    let folder = Folder::new();
    for name in ["a.png", "b.png", "c.png"] {
        picture(&folder.path(name), 9, 9, false);
    }
    let whole = fs::read(folder.path("b.png")).unwrap();
    folder.put("b.png", &whole[..whole.len() / 2]);
    folder.put("d.jpg", b"no image at all");
    let spec = folder.0.path().to_str().unwrap().to_string();
    let error = Source::open(&spec).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    assert!(
        error
            .to_string()
            .contains("d.jpg: the image cannot be read"),
        "{error}"
    );
    let options = ReadOptions {
        on_bad: OnBad::Drop,
        ..ReadOptions::default()
    };
    let data = Source::open_with(&spec, &options).unwrap().train;
    assert_eq!(data.ids()[0].values, ["a.png", "c.png"]);
    assert!(
        data.notes()[0].starts_with("2 of 4 rows left out"),
        "{:?}",
        data.notes()
    );
    fs::remove_file(folder.path("d.jpg")).unwrap();
    assert!(text(Source::open(&spec)).contains("b.png: the image cannot be read"));
}

#[test]
fn images_are_written_as_they_were_read() {
    let folder = Folder::new();
    picture(&folder.path("in/x/a.png"), 4, 3, true);
    picture(&folder.path("in/y/b.png"), 4, 3, true);
    let data = Source::open(&folder.spec("in")).unwrap().train;
    write_data(&data, &folder.path("out"), |_| Ok(())).unwrap();
    let again = Source::open(&folder.spec("out")).unwrap().train;
    assert_eq!(again.to_array(), data.to_array());
    assert_eq!(again.ids(), data.ids());
    let error = write_data(&data, &folder.path("out"), |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    let error = write_data(&data, &folder.path("out.xyz"), |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains(".parquet"), "{error}");
}

#[test]
fn images_that_break_off_leave_the_folder_free() {
    let folder = Folder::new();
    // More than a piece.
    let values = Array2::from_shape_fn((5000, 4), |(row, column)| (row + column) as u8);
    let data = Dataset::new("rows", Values::U8(values), vec![1, 2, 2], None).unwrap();
    let broken = write_data(&data, &folder.path("out"), |done| {
        if done < 5000 {
            Err(Error::new(ErrorKind::Io, "broken off"))
        } else {
            Ok(())
        }
    });
    assert!(broken.unwrap_err().to_string().contains("broken off"));
    assert_eq!(fs::read_dir(folder.path("out")).unwrap().count(), 0);
    write_data(&data, &folder.path("out"), |_| Ok(())).unwrap();
    assert_eq!(fs::read_dir(folder.path("out")).unwrap().count(), 5000);
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
