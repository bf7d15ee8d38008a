//! Whole files: written and read back, damaged, and read by several threads.

use super::*;

#[test]
fn what_is_written_is_read_back() {
    use crate::data::formats::parquet::typed::{ColumnType, TypedSink};
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
    let mut texts = crate::data::texts::Texts::default();
    ["x", "", "ü"].iter().for_each(|text| texts.push(text));
    let cells = [
        Cells::Integers(
            vec![i64::MIN, 0, i64::MAX],
            Some(vec![false, true, false].into()),
        ),
        Cells::Unsigned(vec![u64::MAX, 0, 1], None),
        Cells::Floats32(vec![0.1, f32::NAN, -1.0]),
        Cells::Floats(vec![0.1, f64::NAN, 1e300]),
        Cells::Integers(vec![1, 0, 0], Some(vec![false, false, true].into())),
        Cells::Texts(Box::new(texts)),
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
    use crate::data::formats::parquet::typed::{ColumnType, TypedSink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let rows = 50_000;
    let names = ["a", "b", "c", "d", "t"].map(String::from);
    let mut types = [ColumnType::Float64; 5];
    types[4] = ColumnType::Text;
    let file = crate::files::OutputFile::create(&path).unwrap();
    let mut sink = TypedSink::create(file, &names, &types).unwrap();
    let mut texts = crate::data::texts::Texts::default();
    (0..rows).for_each(|row| texts.push(&format!("row {row}")));
    let mut cells: Vec<Cells> = (0..4)
        .map(|column| Cells::Floats((0..rows).map(|row| f64::from(row * 4 + column)).collect()))
        .collect();
    cells.push(Cells::Texts(Box::new(texts)));
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
