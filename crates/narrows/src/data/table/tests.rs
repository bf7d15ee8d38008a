use super::super::column::{Block, BlockPlace, Cells, FileColumn, FileColumns};
use super::super::schema::Role;
use super::super::texts::Texts;
use super::*;
use crate::data::Values;
use ndarray::array;

/// A table in memory, a block at a time.
struct Memory {
    columns: FileColumns,
    blocks: Vec<Vec<Cells>>,
    bad: Vec<Bad>,
}

impl TableReader for Memory {
    fn name(&self) -> &str {
        "memory"
    }
    fn columns(&self) -> &FileColumns {
        &self.columns
    }
    fn how(&self) -> Option<String> {
        None
    }
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        let mut first = 0;
        for block in &self.blocks {
            let columns = wanted
                .iter()
                .map(|&(place, how)| match (how, &block[place]) {
                    (As::Texts | As::Written, Cells::Integers(values, _)) => texts(values),
                    (_, cells) => cells.clone(),
                });
            let rows = block[0].len();
            each(Block {
                rows,
                columns: columns.collect(),
                bad: if first == 0 {
                    self.bad.clone()
                } else {
                    Vec::new()
                },
                odd: Vec::new(),
                place: BlockPlace::Rows(first),
            })?;
            first += rows as u64;
        }
        Ok(Verdict::Done)
    }
}

fn texts(values: &[impl ToString]) -> Cells {
    let mut texts = Texts::default();
    values
        .iter()
        .for_each(|value| texts.push(&value.to_string()));
    Cells::Texts(Box::new(texts))
}

fn table(columns: &[(&str, ColumnKind)], blocks: Vec<Vec<Cells>>) -> Memory {
    let column = |&(name, kind): &(&str, ColumnKind)| FileColumn {
        name: name.into(),
        kind,
        unit: None,
    };
    Memory {
        columns: FileColumns::new(columns.iter().map(column).collect()),
        blocks,
        bad: Vec::new(),
    }
}

fn integers(values: &[i64]) -> Cells {
    Cells::Integers(values.to_vec(), None)
}

fn floats(values: &[f64]) -> Cells {
    Cells::Floats(values.to_vec())
}

fn options() -> ReadOptions {
    ReadOptions::default()
}

#[test]
fn columns_keep_their_types_and_values_through_wider_blocks() {
    use ColumnKind::{Float, Integer};
    let big = i64::MAX - 1;
    let blocks = vec![
        vec![integers(&[3, 200]), floats(&[0.5, 1.0]), integers(&[1, 2])],
        vec![
            integers(&[-7, big]),
            floats(&[0.1, 1e300]),
            integers(&[3, 40_000]),
        ],
        vec![integers(&[0, 1]), floats(&[2.0, 3.0]), integers(&[-1, 5])],
    ];
    let mut memory = table(&[("a", Integer), ("b", Float), ("c", Integer)], blocks);
    let data = read_table(&mut memory, &options()).unwrap();
    let expected = array![
        [3.0, 0.5, 1.0],
        [200.0, 1.0, 2.0],
        [-7.0, 0.1, 3.0],
        [big as f64, 1e300, 40_000.0],
        [0.0, 2.0, -1.0],
        [1.0, 3.0, 5.0],
    ];
    assert_eq!(data.to_array_f64(), expected);
    let Values::Records(records) = data.values() else {
        panic!()
    };
    assert_eq!(records.integer(3, 0, None), Some(i128::from(big)));
    assert_eq!(data.type_name(), "64-bit floating-point values");
    assert!(
        data.schema()
            .iter()
            .all(|column| column.role == Role::Input && column.rows == 6)
    );
}

#[test]
fn columns_take_no_more_memory_than_they_need() {
    use ColumnKind::{Boolean, Float, Integer};
    let columns = [("a", Boolean), ("b", Float), ("c", Integer), ("d", Float)];
    let cells = vec![
        integers(&[1, 0]),
        floats(&[0.5, -2.0]),
        integers(&[0, -300]),
        floats(&[0.1, 0.2]),
    ];
    let data = read_table(&mut table(&columns, vec![cells]), &options()).unwrap();
    let Values::Records(records) = data.values() else {
        panic!()
    };
    assert_eq!(records.stride(), 1 + 4 + 2 + 8);
}

#[test]
fn missing_cells_are_refused_with_their_counts_filled_or_dropped() {
    use ColumnKind::{Float, Integer};
    let gaps = |values: &[i64], gaps: &[bool]| {
        Cells::Integers(values.to_vec(), Some(gaps.to_vec().into()))
    };
    let cells = || {
        vec![vec![
            gaps(&[10, 0, 30], &[false, true, false]),
            floats(&[f64::NAN, 2.0, f64::NAN]),
            integers(&[5, 7, 5]),
        ]]
    };
    let columns = [("a", Integer), ("b", Float), ("c", Integer)];
    let with = |missing| ReadOptions {
        missing: Some(missing),
        ..options()
    };
    let error = read_table(&mut table(&columns, cells()), &with(Missing::Refuse)).unwrap_err();
    assert_eq!(
        error.what_was_found(),
        Some(
            "`a`: 1 cell (the first on row 1 (counted from 0)); `b`: 2 cells (the first on row 0 (counted from 0))"
        )
    );
    let mean = read_table(&mut table(&columns, cells()), &with(Missing::Mean)).unwrap();
    assert_eq!(
        mean.to_array_f64(),
        array![[10.0, 2.0, 5.0], [20.0, 2.0, 7.0], [30.0, 2.0, 5.0]]
    );
    assert_eq!((mean.missing(), mean.fill().unwrap()[2]), (3, 17.0 / 3.0));
    let zero = read_table(&mut table(&columns, cells()), &with(Missing::Zero)).unwrap();
    assert_eq!(
        zero.to_array_f64(),
        array![[10.0, 0.0, 5.0], [0.0, 2.0, 7.0], [30.0, 0.0, 5.0]]
    );
    let error = read_table(&mut table(&columns, cells()), &with(Missing::Drop)).unwrap_err();
    assert_eq!(
        error.what_was_found(),
        Some("only 3 with missing cells, left out")
    );
    assert_eq!(mean.schema()[1].missing, 2);
}

#[test]
fn cells_that_cannot_be_read_are_refused_all_at_once_whatever_is_done_with_missing_ones() {
    use ColumnKind::Float;
    let cells = vec![
        floats(&[f64::NAN, 1.0, f64::NAN]),
        floats(&[f64::NAN, f64::NAN, 1.0]),
    ];
    let mut memory = table(&[("a", Float), ("b", Float)], vec![cells]);
    let bad = |row, column, text: &str| Bad {
        row,
        column,
        text: text.into(),
    };
    memory.bad = vec![
        bad(0, 0, "2,262"),
        bad(0, 1, "(5)"),
        bad(1, 1, "x"),
        bad(2, 0, "1.2.3"),
    ];
    for missing in [Missing::Refuse, Missing::Mean, Missing::Zero, Missing::Drop] {
        let options = ReadOptions {
            missing: Some(missing),
            ..options()
        };
        let error = read_table(&mut memory, &options).unwrap_err();
        let found = error.what_was_found().unwrap();
        assert!(
            found.starts_with(
                "`a`: 2 cells cannot be read as numbers: row 0 (counted from 0) \"2,262\", row 2"
            ),
            "{found}"
        );
        assert!(found.contains("`b`: 2 cells"), "{found}");
        assert!(!error.to_string().contains("`missing"), "{error}");
    }
}

#[test]
fn words_are_left_out_with_a_word_and_kept_as_labels_and_ids() {
    use ColumnKind::{Integer, Text};
    let columns = [("a", Integer), ("city", Text), ("kind", Text)];
    let cells = || {
        vec![vec![
            integers(&[4, 2]),
            texts(&["Rome", "Oslo"]),
            texts(&["x", "y"]),
        ]]
    };
    let data = read_table(&mut table(&columns, cells()), &options()).unwrap();
    assert_eq!(data.columns().unwrap(), ["a"]);
    assert_eq!(
        data.notes(),
        [
            "left out 2 columns that are not numeric: `city`, `kind` (words). To keep them in outputs, use `ids` or \
             `label`"
        ]
    );
    let options = ReadOptions {
        label: Some("kind".into()),
        ids: vec!["city".into(), "a".into()],
        ..options()
    };
    let error = read_table(&mut table(&columns, cells()), &options).unwrap_err();
    assert!(
        error.to_string().contains("no column of numbers is left"),
        "{error}"
    );
    let options = ReadOptions {
        ids: vec!["city".into()],
        ..options
    };
    let data = read_table(&mut table(&columns, cells()), &options).unwrap();
    assert_eq!(
        (data.labels().unwrap(), data.label_names()),
        (&[0, 1][..], &["x".to_string(), "y".into()][..])
    );
    assert_eq!(data.ids()[0].values, ["Rome", "Oslo"]);
}

#[test]
fn a_column_without_a_name_that_counts_rows_is_left_out_and_a_named_one_is_warned_of() {
    use ColumnKind::{Float, Integer};
    for name in ["", "Unnamed: 0", "__index_level_0__"] {
        let columns = [(name, Integer), ("a", Float)];
        let cells = vec![integers(&[0, 1, 2, 3]), floats(&[0.5, 0.25, 0.0, 1.0])];
        let mut memory = table(&columns, vec![cells]);
        let data = read_table(&mut memory, &options()).unwrap();
        assert_eq!(data.columns().unwrap(), ["a"]);
        assert!(
            data.notes()[0].starts_with("left out ") && data.notes()[0].contains("index"),
            "{:?}",
            data.notes()
        );
        let back = ReadOptions {
            columns: vec![name.into(), "a".into()],
            ..options()
        };
        assert_eq!(read_table(&mut memory, &back).unwrap().inputs(), 2);
    }
    // A list of missing cells may say that no cell is missing.
    for (is_gap, inputs) in [(false, 1), (true, 2)] {
        let gaps = Some(vec![false, false, is_gap].into());
        let counting = Cells::Integers(vec![0, 1, 2], gaps);
        let cells = vec![counting.clone(), counting];
        let read = ReadOptions {
            missing: Some(Missing::Zero),
            ..options()
        };
        let mut memory = table(&[("", Integer), ("n", Integer)], vec![cells]);
        let data = read_table(&mut memory, &read).unwrap();
        assert_eq!(data.inputs(), inputs);
        let is_counting = |note: &String| note.starts_with("`n` increases by 1 in each row");
        assert_eq!(data.notes().iter().any(is_counting), !is_gap);
    }
    let columns = [("", Integer), ("n", Integer)];
    let cells = vec![integers(&[5, 5, 7, 9]), integers(&[7, 8, 9, 10])];
    let data = read_table(&mut table(&columns, vec![cells]), &options()).unwrap();
    assert_eq!(data.inputs(), 2);
    assert!(
        data.notes()[0].starts_with("the unnamed column (place 0, counted from 0) is an input"),
        "{:?}",
        data.notes()
    );
    assert!(
        data.notes()[1].starts_with("`n` increases by 1 in each row"),
        "{:?}",
        data.notes()
    );
}

#[test]
fn whole_numbers_that_no_type_holds_beside_gaps_are_said_to_be_rounded() {
    let values = vec![u64::MAX, 5];
    let gaps = Some(vec![false, true].into());
    let mut memory = table(
        &[("a", ColumnKind::Integer)],
        vec![vec![Cells::Unsigned(values, gaps)]],
    );
    let options = ReadOptions {
        missing: Some(Missing::Zero),
        ..options()
    };
    let data = read_table(&mut memory, &options).unwrap();
    assert!(
        data.notes()
            .iter()
            .any(|note| note.contains("rounded to float64")),
        "{:?}",
        data.notes()
    );
}

/// Distinct whole numbers without a name are data, unless they rise from the first column on.
#[test]
fn only_numbers_that_rise_are_an_index() {
    use ColumnKind::{Float, Integer};
    let inputs = |place: usize, name: &str, values: &[i64]| {
        let mut columns = vec![("a", Float), ("b", Float)];
        let mut cells = vec![floats(&[0.5, 0.25, 0.0]); 2];
        columns.insert(place, (name, Integer));
        cells.insert(place, integers(values));
        let data = read_table(&mut table(&columns, vec![cells]), &options()).unwrap();
        (data.inputs(), data.notes().join("\n"))
    };
    for (place, name, values, expected, said) in [
        (0, "", [0, 1, 2], 2, "which increases by 1 in each row"),
        // Rows were chosen.
        (0, "Unnamed: 0", [3, 8, 40], 2, "that rise from row to row"),
        (0, "", [37, 41, 29], 3, "`drop = \"\"` leaves it out"),
        (0, "Unnamed: 0", [9, 2, 5], 3, "`drop = \"Unnamed: 0\"`"),
        (
            2,
            "",
            [430, 850, 1200],
            3,
            "(place 2, counted from 0) is an input",
        ),
        (
            1,
            "__index_level_0__",
            [7, 2, 2],
            2,
            "the index that pandas stores",
        ),
    ] {
        let (found, notes) = inputs(place, name, &values);
        assert_eq!(found, expected, "{name} {values:?}: {notes}");
        assert!(notes.contains(said), "{notes}");
    }
}

#[test]
fn columns_that_cannot_be_kept_are_not_said_to_be() {
    use ColumnKind::{Empty, Float, Other, Text};
    let columns = [("a", Float), ("e", Empty), ("l", Other), ("", Text)];
    let words = || texts(&["x", "y"]);
    let cells = vec![floats(&[0.5, 1.0]), words(), words(), words()];
    let data = read_table(&mut table(&columns, vec![cells]), &options()).unwrap();
    assert_eq!(
        data.notes(),
        [
            "left out 1 column that is not numeric: (no name) (words). To keep it in outputs, use `ids` or `label`",
            "left out 1 empty column: `e`",
            "left out 1 column of unsupported type (lists of different lengths, maps or bytes): `l`",
        ]
    );
}

/// A model needs its columns; leaving one out would be refused too.
#[test]
fn missing_cells_of_a_model_s_columns_are_not_to_be_dropped() {
    let cells = || vec![vec![floats(&[f64::NAN, 1.0])]];
    let columns = [("a", ColumnKind::Float)];
    let refused = |options: &ReadOptions| {
        let error = read_table(&mut table(&columns, cells()), options).unwrap_err();
        error.to_string()
    };
    assert!(refused(&options()).contains("`drop`"));
    let of_model = ReadOptions {
        model_columns: Some(vec!["a".into()]),
        ..options()
    };
    let said = refused(&of_model);
    assert!(
        said.contains("`missing = drop`") && !said.contains("`drop`"),
        "{said}"
    );
}

#[test]
fn labels_that_lose_their_zeros_are_told() {
    use ColumnKind::{Float, Integer};
    let columns = [("a", Float), ("k", Integer)];
    let cells = |labels: &[&str]| vec![vec![floats(&[0.5, 1.0, 2.0]), texts(labels)]];
    let options = ReadOptions {
        label: Some("k".into()),
        ..options()
    };
    let notes = |labels: &[&str]| {
        let data = read_table(&mut table(&columns, cells(labels)), &options).unwrap();
        data.notes().join("\n")
    };
    assert_eq!(notes(&["1", "2", "2"]), "");
    assert_eq!(
        notes(&["01", "1", "2.0"]),
        "labels are whole numbers: `01` becomes class 1, the same class as `1`"
    );
}
