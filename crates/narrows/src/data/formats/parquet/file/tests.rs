//! What pyarrow and pandas write is read as it is; what is damaged is refused.

use super::*;
use crate::data::column::{Bad, Cells};
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parquet");
    Path::new(folder).join(format!("{name}.parquet"))
}

fn open_fixture(name: &str) -> ParquetTable {
    ParquetTable::open(&fixture(name), name).unwrap()
}

fn place(table: &ParquetTable, name: &str) -> usize {
    let found = table.columns().iter().position(|c| c.name == name);
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

/// The cells of a column as text, and its bad cells with the row in the file.
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
    let gap = |gaps: &Option<Vec<bool>>| gaps.as_ref().is_some_and(|gaps| gaps[row]);
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

#[test]
fn numbers_are_read_in_their_own_type() {
    for file in ["types", "types-v2"] {
        let least_and_most = [
            ("i8", ["-128", "127"]),
            ("i16", ["-32768", "32767"]),
            ("i32", ["-2147483648", "2147483647"]),
            ("i64", ["-9223372036854775808", "9223372036854775807"]),
            ("u8", ["0", "255"]),
            ("u16", ["0", "65535"]),
            ("u32", ["0", "4294967295"]),
            ("u64", ["0", "18446744073709551615"]),
        ];
        for (column, [least, most]) in least_and_most {
            let right = [least, most, "-", "0", "1", "2"];
            assert_eq!(numbers(file, column), right, "{file} {column}");
            let right = [least, most, "", "0", "1", "2"];
            assert_eq!(texts(file, column), right, "{file} {column}");
        }
        assert_eq!(numbers(file, "flag"), ["1", "0", "-", "1", "0", "1"]);
        let words = ["true", "false", "", "true", "false", "true"];
        assert_eq!(texts(file, "flag"), words);
        assert_eq!(
            numbers(file, "number_category"),
            ["10", "20", "-", "10", "20", "10"]
        );
        assert_eq!(numbers(file, "nothing"), ["-"; 6]);
        assert_eq!(
            numbers(file, "point.x"),
            ["1.0", "-", "-", "4.0", "4.0", "4.0"]
        );
        assert_eq!(numbers(file, "point.y"), ["2", "3", "-", "5", "5", "5"]);
    }
}

#[test]
fn infinite_numbers_are_bad_cells_and_nan_is_missing() {
    for file in ["types", "types-v2"] {
        let read = |column| shown(&mut open_fixture(file), column, As::Numbers);
        let half = ["0.5", "-65504.0", "-", "-", "5.9604645e-8", "-0.0"];
        let half = half.map(String::from).to_vec();
        assert_eq!(read("f16"), (half, vec![(3, "inf".into())]), "{file}");
        let single = ["0.1", "3.4e38", "-", "-", "-", "1.0"].map(String::from);
        assert_eq!(read("f32"), (single.to_vec(), vec![(3, "-inf".into())]));
        let double = ["0.1", "1.7e308", "-", "-", "-", "-1e-300"].map(String::from);
        assert_eq!(read("f64"), (double.to_vec(), vec![(3, "inf".into())]));
        let as_text = ["0.1", "1.7e308", "", "inf", "", "-1e-300"];
        assert_eq!(texts(file, "f64"), as_text);
    }
}

#[test]
fn decimals_are_exact_as_text_and_nearest_as_numbers() {
    for file in ["types", "types-v2"] {
        let nine = ["1.25", "-0.05", "-", "9999999.99", "0.0", "7.0"];
        assert_eq!(numbers(file, "d9"), nine);
        let nine = ["1.25", "-0.05", "", "9999999.99", "0.00", "7.00"];
        assert_eq!(texts(file, "d9"), nine);
        assert_eq!(
            numbers(file, "d18")[1],
            format!("{:?}", "-123456789012345.678".parse::<f64>().unwrap())
        );
        assert_eq!(texts(file, "d18")[1], "-123456789012345.678");
        assert_eq!(numbers(file, "d38")[0], "0.1");
        assert_eq!(numbers(file, "d38")[1], format!("{:?}", -4.0_f64 / 3.0));
        assert_eq!(texts(file, "d38")[1], format!("-1.{}", "3".repeat(37)));
        assert_eq!(texts(file, "d76")[0], format!("{}.50", "1".repeat(60)));
        assert_eq!(texts(file, "d76")[1], "-0.10");
        let nearest: f64 = format!("{}.5", "1".repeat(60)).parse().unwrap();
        assert_eq!(numbers(file, "d76")[0], format!("{nearest:?}"));
    }
}

#[test]
fn decimals_without_digits_behind_the_point_are_whole_numbers() {
    for file in ["whole-decimals", "whole-decimals-as-integers"] {
        for column in ["d17", "d18"] {
            let most = "9".repeat(17);
            let (least, gap) = (format!("-{most}"), String::new());
            assert_eq!(numbers(file, column), [&most, &least, "-"], "{file}");
            assert_eq!(texts(file, column), [most, least, gap], "{file}");
        }
    }
}

#[test]
fn integers_that_their_type_does_not_have_are_damage() {
    let error = everything(ParquetTable::open(&fixture("wrapped"), "w")).unwrap_err();
    let right = "expected integers of 8 bits, found 333";
    assert!(error.to_string().contains(right), "{error}");
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
fn words_and_times_are_read_as_text() {
    for file in ["types", "types-v2"] {
        assert_eq!(texts(file, "text"), ["x", "", "", "émile", "5", "x"]);
        assert_eq!(texts(file, "bytes"), ["ab", "0xff00", "", "", "c", "d"]);
        assert_eq!(texts(file, "category"), ["x", "y", "", "x", "y", "x"]);
        let days = [
            "1970-01-01",
            "1969-12-31",
            "",
            "2024-02-29",
            "2000-02-29",
            "0000-01-01",
        ];
        assert_eq!(texts(file, "day"), days);
        assert_eq!(texts(file, "clock")[1], "23:59:59.999999");
    }
    let zoned = texts("types", "zoned");
    assert_eq!(zoned[1], "1969-12-31T23:59:59.999Z");
    assert_eq!(zoned[3], "2024-02-29T00:00:00.123Z");
    assert_eq!(texts("types", "when")[3], "2024-02-29T00:00:00.123");
    let nanos = texts("types-v2", "when");
    assert_eq!(nanos[1], "1969-12-31T23:59:59.999999999");
    assert_eq!(nanos[2], "");
    assert_eq!(
        texts("types", "span")[..4],
        ["00:00:00.000", "-00:00:00.001", "", "25:01:01.001"]
    );
    let int96 = texts("int96", "when");
    let right = [
        "1970-01-01T00:00:00.000000000",
        "2024-01-01T00:00:00.123456789",
        "",
    ];
    assert_eq!(int96, right);
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
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
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

    // Some of the places, in another order, beside another column.
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
fn wide_decimals_are_whole_where_64_bits_hold_them_and_else_it_is_said() {
    for file in ["wide-decimals", "wide-decimals-plain"] {
        let signed = ["9007199254740993", "-9007199254740992", "-"];
        assert_eq!(numbers(file, "signed"), signed, "{file}");
        let unsigned = ["18446744073709551615", "18446744073709551614", "0"];
        assert_eq!(numbers(file, "unsigned"), unsigned, "{file}");
        assert_eq!(texts(file, "unsigned"), unsigned, "{file}");
        assert_eq!(
            numbers(file, "wider"),
            ["1.8446744073709552e19", "-1.0", "0.0"]
        );
        let notes = open_fixture(file).notes().join("; ");
        assert!(
            notes.contains("beyond 64 bits are rounded to float64: `wider`"),
            "{notes}"
        );
        // Without statistics it is not known whether a column has fewer digits than it may have.
        let rounded = match file {
            "wide-decimals" => "15 digits are rounded to float64: `price`",
            _ => "15 digits are rounded to float64: `price`, `small`",
        };
        assert!(notes.ends_with(rounded), "{notes}");
    }
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
fn numbers_that_are_text_are_named() {
    let notes = open_fixture("numbers-as-text").notes();
    assert!(
        notes[0].starts_with("numbers as text, which are read as text: `t`;"),
        "{notes:?}"
    );
}

#[test]
fn the_header_of_a_page_has_its_fields_in_their_types() {
    use thrift::PageHeader;
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
    assert!(row.contains("at most 4194304, found 5000000"), "{row}");
    // Long texts are read fewer rows at a time.
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

/// Some bytes as a file, which is open as long as the folder is kept.
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
        // A damaged count may promise rows without end.
        if rows > 1 << 16 {
            Err(Error::new(ErrorKind::Data, "enough"))
        } else {
            Ok(())
        }
    })?;
    Ok(all)
}

#[test]
fn what_is_written_is_read_back() {
    use typed::{ColumnType, TypedSink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let types = [
        ColumnType::Integer,
        ColumnType::Unsigned,
        ColumnType::Float32,
        ColumnType::Float64,
        ColumnType::Boolean,
        ColumnType::Text,
    ];
    let names = ["i", "u", "f", "d", "b", "t"].map(String::from);
    let file = crate::files::OutputFile::create(&path).unwrap();
    let mut sink = TypedSink::create(file, &names, &types).unwrap();
    let mut texts = crate::data::column::Texts::default();
    ["x", "", "ü"].iter().for_each(|text| texts.push(text));
    let cells = [
        Cells::Integers(vec![i64::MIN, 0, i64::MAX], Some(vec![false, true, false])),
        Cells::Unsigned(vec![u64::MAX, 0, 1], None),
        Cells::Floats32(vec![0.1, f32::NAN, -1.0]),
        Cells::Floats(vec![0.1, f64::NAN, 1e300]),
        Cells::Integers(vec![1, 0, 0], Some(vec![false, false, true])),
        Cells::Texts(texts),
    ];
    sink.write(&cells).unwrap();
    sink.write(&cells).unwrap();
    for (place, wrong) in [
        (0, Cells::Floats(vec![1.5])),
        (1, Cells::Integers(vec![-1], None)),
        (2, Cells::Floats(vec![0.1])),
        (4, Cells::Integers(vec![2], None)),
    ] {
        let file = crate::files::OutputFile::create(&folder.path().join("u.parquet")).unwrap();
        let kind = &types[place..=place];
        let mut one = TypedSink::create(file, &names[..1], kind).unwrap();
        let error = one.write(&[wrong]).unwrap_err().to_string();
        assert!(error.contains("column `i`: a cell does not fit"), "{error}");
    }
    sink.finish().unwrap();
    let all = everything(ParquetTable::open(&path, "t")).unwrap();
    let once = [
        ["-9223372036854775808", "", "9223372036854775807"],
        ["18446744073709551615", "0", "1"],
        ["0.1", "", "-1"],
        ["0.1", "", "1e300"],
        ["true", "false", ""],
        ["x", "", "ü"],
    ];
    assert_eq!(all, once.map(|column| [column, column].concat()));
}

#[test]
fn damaged_files_are_refused_or_read_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for name in [
        "types",
        "types-v2",
        "lists",
        "pandas",
        "encodings",
        "int96",
        "codec-gzip",
    ] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let right = everything(ParquetTable::open(&fixture(name), name)).unwrap();
        let footer = u32::from_le_bytes(*whole[whole.len() - 8..].first_chunk().unwrap());
        let pages = whole.len() - 8 - footer as usize;
        for _ in 0..40 {
            let cut = random(whole.len());
            assert!(
                everything(open_bytes(&folder, &whole[..cut])).is_err(),
                "{name} {cut}"
            );
        }
        for turn in 0..300 {
            let mut bytes = whole.clone();
            // Only pages have checksums, and pandas wrote none.
            let in_pages = turn % 2 == 0;
            let at = if in_pages {
                random(pages)
            } else {
                random(bytes.len())
            };
            bytes[at] ^= 1 << random(8);
            let read = everything(open_bytes(&folder, &bytes));
            if let (true, Ok(read)) = (in_pages && name != "pandas", read) {
                assert_eq!(read, right, "{name}, byte {at}");
            }
        }
    }
}

#[test]
fn threads_give_the_same_blocks_in_order_and_stop_when_told() {
    use typed::{ColumnType, TypedSink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let rows = 50_000;
    let names = ["a", "b", "c", "d", "t"].map(String::from);
    let mut types = [ColumnType::Float64; 5];
    types[4] = ColumnType::Text;
    let file = crate::files::OutputFile::create(&path).unwrap();
    let mut sink = TypedSink::create(file, &names, &types).unwrap();
    let mut texts = crate::data::column::Texts::default();
    (0..rows).for_each(|row| texts.push(&format!("row {row}")));
    let mut cells: Vec<Cells> = (0..4)
        .map(|column| Cells::Floats((0..rows).map(|row| f64::from(row * 4 + column)).collect()))
        .collect();
    cells.push(Cells::Texts(texts));
    sink.write(&cells).unwrap();
    sink.finish().unwrap();
    let wanted = [
        (3, As::Numbers),
        (4, As::Texts),
        (0, As::Numbers),
        (1, As::Texts),
    ];
    for threads in [1, 2, 3, 8] {
        crate::threads::on_share(threads, || {
            let mut table = ParquetTable::open(&path, "t").unwrap();
            let mut row = 0_u64;
            let verdict = table.read(&wanted, &mut |block| {
                assert_eq!(block.place, BlockPlace::Rows(row));
                for at in 0..block.rows {
                    let found = [0, 1, 2, 3].map(|column| cell(&block.columns[column], at));
                    let number = |column| format!("{:?}", (row * 4 + column) as f64);
                    let text = (row * 4 + 1).to_string();
                    assert_eq!(found, [number(3), format!("row {row}"), number(0), text]);
                    row += 1;
                }
                Ok(())
            });
            assert_eq!((verdict.unwrap(), row), (Verdict::Done, rows as u64));
            let mut blocks = 0;
            let stopped = table.read(&wanted, &mut |_| {
                blocks += 1;
                Err(Error::new(ErrorKind::Data, "enough"))
            });
            assert_eq!(
                (stopped.unwrap_err().to_string(), blocks),
                ("enough".into(), 1)
            );
        });
    }
}
