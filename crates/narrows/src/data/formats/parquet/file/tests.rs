//! Files from pyarrow and pandas are read unchanged; damaged files are refused.

mod numbers;
mod whole;

use super::*;
use crate::data::column::{Bad, Cells, Gaps};
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parquet");
    Path::new(folder).join(format!("{name}.parquet"))
}

fn open_fixture(name: &str) -> ParquetTable {
    ParquetTable::open(&fixture(name), name).unwrap()
}

fn place(table: &ParquetTable, name: &str) -> usize {
    let found = table.columns().iter().position(|c| *c.name == *name);
    found.unwrap_or_else(|| panic!("no column {name}"))
}

fn blocks(table: &mut ParquetTable, wanted: &[(usize, As)]) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    table.read(wanted, &mut |block| {
        blocks.push(block);
        Ok(())
    })?;
    Ok(blocks)
}

/// The cells of a column as text, and its bad cells with their row in the file.
fn shown(table: &mut ParquetTable, name: &str, how: As) -> (Vec<String>, Vec<(u64, String)>) {
    let wanted = [(place(table, name), how)];
    let (mut cells, mut bad) = (Vec::new(), Vec::new());
    for block in blocks(table, &wanted).unwrap() {
        let BlockPlace::Rows(first) = block.place else {
            panic!("rows have numbers");
        };
        assert_eq!(first, cells.len() as u64);
        let found = block.bad.into_iter().map(|Bad { row, column, text }| {
            assert_eq!(column, 0);
            (first + row as u64, text)
        });
        bad.extend(found);
        for row in 0..block.rows {
            cells.push(cell(&block.columns[0], row));
        }
    }
    (cells, bad)
}

/// A missing cell is `-`.
fn cell(cells: &Cells, row: usize) -> String {
    let gap = |gaps: &Gaps| gaps.as_ref().is_some_and(|gaps| gaps[row]);
    match cells {
        Cells::Integers(_, gaps) | Cells::Unsigned(_, gaps) if gap(gaps) => "-".into(),
        Cells::Integers(values, _) => values[row].to_string(),
        Cells::Unsigned(values, _) => values[row].to_string(),
        Cells::Floats(values) if values[row].is_nan() => "-".into(),
        Cells::Floats(values) => format!("{:?}", values[row]),
        Cells::Floats32(values) if values[row].is_nan() => "-".into(),
        Cells::Floats32(values) => format!("{:?}", values[row]),
        Cells::Texts(texts) => texts.get(row).to_string(),
    }
}

use crate::data::column::BlockPlace;

fn numbers(name: &str, column: &str) -> Vec<String> {
    shown(&mut open_fixture(name), column, As::Numbers).0
}

fn texts(name: &str, column: &str) -> Vec<String> {
    shown(&mut open_fixture(name), column, As::Texts).0
}

/// Some bytes as a file that is open as long as the folder exists.
fn open_bytes(folder: &tempfile::TempDir, bytes: &[u8]) -> Result<ParquetTable> {
    let path = folder.path().join("t.parquet");
    std::fs::write(&path, bytes).unwrap();
    ParquetTable::open(&path, "t.parquet")
}

/// All cells of all columns as text, or the error.
fn everything(table: Result<ParquetTable>) -> Result<Vec<Vec<String>>> {
    let mut table = table?;
    let wanted: Vec<(usize, As)> = (0..table.columns().len()).map(|c| (c, As::Texts)).collect();
    let mut all = vec![Vec::new(); wanted.len()];
    let mut rows = 0;
    table.read(&wanted, &mut |block| {
        for (all, cells) in all.iter_mut().zip(&block.columns) {
            all.extend((0..block.rows).map(|row| cell(cells, row)));
        }
        rows += block.rows;
        // A damaged count may promise an unlimited number of rows.
        if rows > 1 << 16 {
            Err(Error::new(ErrorKind::Data, "enough"))
        } else {
            Ok(())
        }
    })?;
    Ok(all)
}

#[test]
fn a_damaged_schema_of_arrow_is_damage() {
    let mut bytes = std::fs::read(fixture("types")).unwrap();
    let key = b"ARROW:schema";
    let at = bytes.windows(key.len()).position(|part| part == key);
    bytes[at.unwrap() + 100] = b'!';
    let folder = tempfile::tempdir().unwrap();
    let error = open_bytes(&folder, &bytes).err().unwrap().to_string();
    assert!(error.contains("the types of the columns"), "{error}");
}

#[test]
fn columns_have_the_kinds_of_the_file() {
    let kinds = [
        ("flag", ColumnKind::Boolean),
        ("u64", ColumnKind::Integer),
        ("f16", ColumnKind::Float32),
        ("f32", ColumnKind::Float32),
        ("f64", ColumnKind::Float),
        ("d9", ColumnKind::Float),
        ("text", ColumnKind::Text),
        ("bytes", ColumnKind::Other),
        ("day", ColumnKind::Date),
        ("clock", ColumnKind::Time),
        ("when", ColumnKind::Timestamp),
        ("zoned", ColumnKind::Timestamp),
        ("span", ColumnKind::Duration),
        ("category", ColumnKind::Text),
        ("number_category", ColumnKind::Integer),
        ("nothing", ColumnKind::Empty),
        ("point.x", ColumnKind::Float),
    ];
    let table = open_fixture("types");
    for (name, kind) in kinds {
        assert_eq!(table.columns()[place(&table, name)].kind, kind, "{name}");
    }
    let mut table = open_fixture("types");
    for name in ["text", "bytes", "day", "clock", "when", "span"] {
        let wanted = [(place(&table, name), As::Numbers)];
        let error = blocks(&mut table, &wanted).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{error}");
        assert!(
            error.to_string().contains(&format!("column `{name}`")),
            "{error}"
        );
    }
}

#[test]
fn lists_of_one_length_are_columns_and_others_are_counted() {
    let mut table = open_fixture("lists");
    let names: Vec<&str> = table.columns().iter().map(|c| &*c.name).collect();
    let right = [
        "id",
        "list_0",
        "list_1",
        "list_2",
        "fixed_0",
        "fixed_1",
        "fixed_2",
        "large_0",
        "large_1",
        "ragged",
        "words",
        "nested",
        "map",
        "inner.v_0",
        "inner.v_1",
        "pairs",
    ];
    assert_eq!(names, right);
    for name in ["list", "fixed"] {
        let read = |table: &mut _, place| shown(table, &format!("{name}_{place}"), As::Numbers).0;
        assert_eq!(read(&mut table, 0), ["1.5", "4.5", "-", "7.5"]);
        assert_eq!(read(&mut table, 1), ["2.5", "-", "-", "8.5"]);
        assert_eq!(read(&mut table, 2), ["3.5", "6.5", "-", "9.5"]);
    }
    assert_eq!(numbers("lists", "large_1"), ["2", "4", "-", "6"]);
    assert_eq!(numbers("lists", "inner.v_0"), ["1", "3", "-", "-"]);
    assert_eq!(texts("lists", "list_1"), ["2.5", "", "", "8.5"]);
    for name in ["ragged", "words", "nested", "map", "pairs"] {
        assert_eq!(
            table.columns()[place(&table, name)].kind,
            ColumnKind::Other,
            "{name}"
        );
    }
    assert_eq!(
        texts("lists", "ragged"),
        ["[1 value]", "[2 values]", "[0 values]", ""]
    );
    assert_eq!(
        texts("lists", "nested"),
        ["[2 values]", "[1 value]", "", "[0 values]"]
    );
    assert_eq!(
        texts("lists", "map"),
        ["[1 value]", "[0 values]", "", "[2 values]"]
    );
    let notes = table.notes().join("\n");
    assert!(
        notes.contains("column `list` holds lists of 3 numbers"),
        "{notes}"
    );
    assert!(
        notes.contains("column `ragged` holds lists of different lengths (1 and 2)"),
        "{notes}"
    );

    // Some of the rows, in another order, and another column.
    let wanted = [
        (place(&table, "list_2"), As::Numbers),
        (place(&table, "id"), As::Texts),
        (place(&table, "list_0"), As::Numbers),
        (place(&table, "list_0"), As::Texts),
    ];
    let block = blocks(&mut table, &wanted).unwrap().remove(0);
    let row: Vec<String> = block.columns.iter().map(|cells| cell(cells, 3)).collect();
    assert_eq!(row, ["9.5", "d", "7.5", "7.5"]);
}

#[test]
fn what_pandas_adds_is_known() {
    let mut table = open_fixture("pandas");
    place(&table, "__index_level_0__");
    assert!(table.notes().iter().all(|note| !note.contains("index")));
    assert_eq!(shown(&mut table, "took", As::Texts).0[1], "00:01:01.000000");
    assert_eq!(
        table.columns()[place(&table, "took")].kind,
        ColumnKind::Duration
    );
    assert_eq!(shown(&mut table, "n", As::Numbers).0, ["1", "-", "3"]);
    assert_eq!(shown(&mut table, "kind", As::Texts).0, ["x", "y", "x"]);
}

#[test]
fn every_encoding_and_compression_is_read() {
    let delta: Vec<String> = (0..300).map(|i| (i * i).to_string()).collect();
    assert_eq!(numbers("encodings", "delta"), delta);
    let words: Vec<String> = (0..300).map(|i| format!("prefix-{:04}", i / 2)).collect();
    assert_eq!(texts("encodings", "lengths"), words);
    assert_eq!(texts("encodings", "prefixes"), words);
    let split = numbers("encodings", "split");
    assert_eq!((split[0].as_str(), split[299].as_str()), ("-1.0", "1.0"));
    assert_eq!(numbers("encodings", "split32")[299], "1.0");
    let flags: Vec<&str> = (0..300)
        .map(|i| if i % 3 == 0 { "1" } else { "0" })
        .collect();
    assert_eq!(numbers("encodings", "flags"), flags);
    assert_eq!(numbers("encodings", "repeated")[299], "2");
    for codec in ["none", "gzip", "lz4"] {
        let values = numbers(&format!("codec-{codec}"), "v");
        let right: Vec<String> = (0..200)
            .map(|i| format!("{:?}", f64::from(i) / 8.0))
            .collect();
        assert_eq!(values, right, "{codec}");
        assert_eq!(texts(&format!("codec-{codec}"), "t"), ["row"; 200]);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    for name in ["encrypted", "encrypted-columns"] {
        let error = ParquetTable::open(&fixture(name), "f")
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("encrypted"), "{error}");
    }
}

#[test]
fn pages_of_brotli_are_unpacked() {
    assert_eq!(numbers("../brotli", "a"), ["1.0", "2.0", "3.0"]);
}

#[test]
fn lists_that_differ_in_length_late_are_not_read() {
    let mut table = open_fixture("uneven-lists");
    let all = |table: &ParquetTable| -> Vec<(usize, As)> {
        let columns = table.columns().iter().enumerate();
        let numeric = columns.filter(|(_, column)| column.kind.is_numeric());
        numeric.map(|(place, _)| (place, As::Numbers)).collect()
    };
    assert_eq!(table.lists()[0].1, ["v_0", "v_1"]);
    let wanted = all(&table);
    let verdict = table.read(&wanted, &mut |_| Ok(())).unwrap();
    assert_eq!(verdict, Verdict::Again);
    let names: Vec<&str> = table.columns().iter().map(|c| &*c.name).collect();
    assert_eq!(names, ["v", "w_0", "x"]);
    let notes = table.notes().join("; ");
    assert!(
        notes.contains("`v` holds lists of different lengths (2 and 3)"),
        "{notes}"
    );
    assert!(!notes.contains("v_0"), "{notes}");
    let wanted = all(&table);
    assert_eq!(blocks(&mut table, &wanted).unwrap()[0].columns.len(), 2);

    let spec = fixture("uneven-lists").to_str().unwrap().to_string();
    let options = crate::data::ReadOptions {
        drop: vec!["v".into()],
        ..Default::default()
    };
    let data = crate::data::Source::open_with(&spec, &options)
        .unwrap()
        .train;
    assert_eq!(data.columns().unwrap(), ["w_0", "x"]);
}

#[test]
fn the_header_of_a_page_has_its_fields_in_their_types() {
    use crate::data::formats::parquet::thrift::PageHeader;
    // A data page of 3 values: kind, unpacked and packed size; then number, encoding and the two of the levels.
    let fields = [0x15, 0x06, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06];
    let header = |fields: &[u8]| {
        let before = [0x15, 0x00, 0x15, 0x30, 0x15, 0x30, 0x2c];
        let bytes = [&before[..], fields, &[0, 0]].concat();
        PageHeader::read(&bytes)
    };
    assert_eq!(header(&fields).map(|header| header.values), Some(3));
    assert_eq!(header(&fields[..6]), None);
    for place in (0..8).step_by(2) {
        let mut wide = fields;
        wide[place] = 0x16;
        assert_eq!(header(&wide), None, "{place}");
    }
}

#[test]
fn small_files_that_unpack_to_much_are_refused() {
    let error = |name| everything(ParquetTable::open(&fixture(name), name)).unwrap_err();
    let row = error("bomb-row").to_string();
    assert!(row.contains("at most 4,194,304, found 5,000,000"), "{row}");
    // Long texts are read in pieces of fewer rows.
    let mut table = open_fixture("bomb-text");
    let wanted = [(0, As::Texts)];
    let verdict = table.read(&wanted, &mut |_| Ok(())).unwrap();
    assert_eq!(verdict, Verdict::Again);
    let blocks = blocks(&mut table, &wanted).unwrap();
    assert_eq!((blocks.len(), blocks[0].rows), (5, 8));
}

#[test]
fn files_are_told_by_their_first_bytes() {
    assert!(begins_as_parquet(b"PAR1\x15\x04"));
    assert!(begins_as_parquet(b"PARE\x15\x04"));
    assert!(!begins_as_parquet(b"PAR"));
    assert!(!begins_as_parquet(b"a,b\n1,2\n"));
}
