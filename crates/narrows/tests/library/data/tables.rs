//! Tables: columns, labels, missing cells, and damage.

use super::*;

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
        error.contains("`b`: 2 cells (the first on line 3)") && error.contains("`missing = mean`"),
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
        assert!(!error.contains("`missing"), "{error}");
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
        error.contains("line 3, character 4") && error.contains("`encoding = windows-1252`"),
        "{error}"
    );
    for (name, content, said) in [
        ("empty.csv", "", "it is empty"),
        ("head.csv", "a,b\n", "no column has a value"),
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
