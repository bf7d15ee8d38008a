//! Tables that are described through a reader of columns in memory, in blocks of a few rows.

mod command;
mod files;
mod statistics;

use crate::Result;
use crate::advice::{Action, Setting, Settings};
use crate::data::column::{
    As, Bad, Block, BlockPlace, Cells, FileColumn, FileColumns, TableReader, Verdict,
};
use crate::data::info::{ColumnInfo, Info, TableInfo};
use crate::data::schema::{ColumnKind, Role};
use crate::data::texts::Texts;
use crate::data::{Missing, ReadOptions};

/// A table in memory: cells as texts, with `!` before a cell that cannot be read.
struct Memory {
    columns: FileColumns,
    cells: Vec<Vec<String>>,
    /// The number of times that the first reading turns out to be wrong.
    again: usize,
}

const BLOCK: usize = 7;

impl Memory {
    fn new(columns: Vec<(&str, ColumnKind, Vec<String>)>) -> Self {
        let column = |(name, kind, _): &(&str, ColumnKind, Vec<String>)| FileColumn {
            name: (*name).into(),
            kind: *kind,
            unit: None,
        };
        Memory {
            columns: FileColumns::new(columns.iter().map(column).collect()),
            cells: columns.into_iter().map(|(_, _, cells)| cells).collect(),
            again: 0,
        }
    }

    fn rows(&self) -> usize {
        self.cells.first().map_or(0, Vec::len)
    }
}

impl TableReader for Memory {
    fn name(&self) -> &str {
        "t.csv"
    }

    fn columns(&self) -> &FileColumns {
        &self.columns
    }

    fn how(&self) -> Option<String> {
        Some("semicolons, decimal commas".into())
    }

    fn notes(&self) -> Vec<String> {
        vec!["a note".into()]
    }

    fn read(
        &mut self,
        wanted: &[(usize, As)],
        each: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        for start in (0..self.rows()).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.rows());
            let mut bad = Vec::new();
            let mut columns = Vec::new();
            for (index, &(place, how)) in wanted.iter().enumerate() {
                let kind = self.columns[place].kind;
                let cells = &self.cells[place][start..end];
                let wrong = cells.iter().enumerate();
                bad.extend(
                    wrong
                        .filter(|(_, cell)| cell.starts_with('!'))
                        .map(|(row, cell)| Bad {
                            row,
                            column: index,
                            text: cell[1..].to_string(),
                        }),
                );
                columns.push(match (how, kind) {
                    (As::Texts | As::Written, _) => {
                        let mut texts = Texts::default();
                        cells.iter().for_each(|cell| texts.push(cell));
                        Cells::Texts(Box::new(texts))
                    }
                    (As::Numbers, ColumnKind::Integer | ColumnKind::Boolean) => {
                        let gaps: Vec<bool> = cells
                            .iter()
                            .map(|cell| cell.parse::<i64>().is_err())
                            .collect();
                        let gaps = gaps.contains(&true).then_some(gaps.into());
                        let values = cells.iter().map(|cell| cell.parse().unwrap_or_default());
                        Cells::Integers(values.collect(), gaps)
                    }
                    (As::Numbers, _) => Cells::Floats(
                        cells
                            .iter()
                            .map(|cell| cell.parse().unwrap_or(f64::NAN))
                            .collect(),
                    ),
                });
            }
            let lines = (start..end).map(|row| row as u64 + 2).collect();
            each(Block {
                rows: end - start,
                columns,
                bad,
                odd: Vec::new(),
                place: BlockPlace::Lines(lines),
            })?;
        }
        match self.again {
            0 => Ok(Verdict::Done),
            _ => {
                self.again -= 1;
                Ok(Verdict::Again)
            }
        }
    }
}

fn texts<T: ToString>(cells: impl IntoIterator<Item = T>) -> Vec<String> {
    cells.into_iter().map(|cell| cell.to_string()).collect()
}

fn described(mut reader: Memory, options: &ReadOptions) -> TableInfo {
    match Info::of_table(&mut reader, &["my t.csv".to_string()], options).unwrap() {
        Info::Table(info) => info,
        other => panic!("{other:?}"),
    }
}

fn of(columns: Vec<(&str, ColumnKind, Vec<String>)>) -> TableInfo {
    described(Memory::new(columns), &ReadOptions::default())
}

fn column<'a>(info: &'a TableInfo, name: &str) -> ColumnInfo<'a> {
    let mut columns = info.columns();
    columns.find(|column| column.name() == name).unwrap()
}

/// Thirty rows with columns of every sort.
fn people() -> Vec<(&'static str, ColumnKind, Vec<String>)> {
    let rows = 0..30;
    let price = |row: usize| match row {
        3 => "!2,262".to_string(),
        9 => "!(5)".to_string(),
        row => format!("{}.5", row % 4),
    };
    vec![
        ("row", ColumnKind::Integer, texts(100..130)),
        (
            "name",
            ColumnKind::Text,
            rows.clone().map(|row| format!("p{row}")).collect(),
        ),
        (
            "price",
            ColumnKind::Float,
            rows.clone().map(price).collect(),
        ),
        (
            "age",
            ColumnKind::Integer,
            texts(rows.clone().map(|row| {
                if row == 4 {
                    String::new()
                } else {
                    (20 + row % 9).to_string()
                }
            })),
        ),
        (
            "day",
            ColumnKind::Integer,
            texts(rows.clone().map(|row| 20240101 + row % 11)),
        ),
        ("same", ColumnKind::Integer, texts(rows.clone().map(|_| 7))),
        (
            "born",
            ColumnKind::Date,
            rows.clone()
                .map(|row| format!("2001-02-{:02}", row % 20 + 1))
                .collect(),
        ),
        ("empty", ColumnKind::Empty, texts(rows.clone().map(|_| ""))),
        (
            "lists",
            ColumnKind::Other,
            texts(rows.clone().map(|_| "[]")),
        ),
        (
            "kind",
            ColumnKind::Text,
            texts(rows.map(|row| ["cat", "dog"][row % 2])),
        ),
    ]
}

/// The description of one or more files. Each has a name and a content.
fn of_files(files: &[(&str, &[u8])], options: &ReadOptions) -> (tempfile::TempDir, TableInfo) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, bytes) in files {
        std::fs::write(path(name), bytes).unwrap();
    }
    let specs: Vec<String> = files
        .iter()
        .map(|(name, _)| path(name).to_str().unwrap().to_string())
        .collect();
    match super::describe(&specs, options).unwrap().remove(0) {
        Info::Table(info) => (folder, info),
        other => panic!("{other:?}"),
    }
}

/// What trains on the table, in words.
fn training(info: &TableInfo) -> Option<String> {
    let training = info.training.as_ref();
    training.map(|action| format!("{action:#}"))
}

/// The settings that train on the table, without those that name it.
fn settings(info: &TableInfo) -> String {
    let Some(Action::Train { settings, .. }) = &info.training else {
        panic!("{:?}", info.training);
    };
    let others = settings.0.iter().filter(|(of, _)| *of != Setting::Data);
    let others = Settings(others.cloned().collect());
    format!("{others:#}")
}

#[test]
fn a_table_that_training_refuses_is_described() {
    let info = of(people());
    assert_eq!((info.rows, info.columns().len()), (30, 10));
    assert_eq!(info.how.as_deref(), Some("semicolons, decimal commas"));
    assert_eq!(info.notes, ["a note"]);
    let price = column(&info, "price");
    assert_eq!(
        (price.missing(), price.unreadable(), price.present()),
        (0, 2, 28)
    );
    assert_eq!(price.examples(), ["line 5 \"2,262\"", "line 11 \"(5)\""]);
    let age = column(&info, "age");
    assert_eq!(
        (age.missing(), age.unreadable(), age.distinct()),
        (1, 0, Some(9))
    );
    let day = column(&info, "day").numbers().unwrap();
    assert_eq!(day.whole, Some((20240101, 20240111)));
    let days: Vec<f64> = (0..30).map(|row| f64::from(20240101 + row % 11)).collect();
    let mean = days.iter().sum::<f64>() / 30.0;
    let std = (days.iter().map(|day| (day - mean).powi(2)).sum::<f64>() / 30.0).sqrt();
    assert!(
        (day.mean - mean).abs() < 1e-6 && (day.std - std).abs() < 1e-9,
        "{day:?}"
    );
    assert_eq!(
        column(&info, "kind").frequent(),
        [("cat".to_string(), 15), ("dog".to_string(), 15)]
    );
    assert_eq!(
        column(&info, "born").days(),
        Some(("2001-02-01".into(), "2001-02-20".into()))
    );
    assert_eq!(
        (
            column(&info, "empty").missing(),
            column(&info, "lists").distinct()
        ),
        (30, None)
    );
    let reasons: Vec<Option<String>> = info.columns().map(ColumnInfo::reason).collect();
    let reasons: Vec<Option<&str>> = reasons.iter().map(Option::as_deref).collect();
    assert_eq!(
        reasons,
        [
            None,
            Some("words, not numbers"),
            None,
            None,
            None,
            None,
            Some("dates, not numbers"),
            Some("empty"),
            Some("unsupported type (lists of different lengths, maps or bytes)"),
            Some("words, not numbers"),
        ]
    );
    assert_eq!(
        info.refusals,
        [
            "`price`: 2 cells cannot be read as numbers: line 5 \"2,262\", line 11 \"(5)\" (if commas stand between \
             thousands, use `thousands = \",\"`)",
            "1 cell is missing, in `age` (`missing = mean` fills them)",
        ]
    );
    let remarks = info.remarks.join("\n");
    for part in [
        "1 column is constant: `same`; it has no information",
        "`row` increases by 1 in each row: it may be a row number (`ids = row` keeps",
        "every value of `name` is different: `ids = name` copies it to outputs",
        "`day`: float32 would merge its 11 distinct values into 7; Narrows scales in float64, so all 11 stay distinct",
    ] {
        assert!(remarks.contains(part), "{remarks}");
    }
    assert_eq!(
        training(&info).as_deref(),
        Some(
            "run::run(\"table\", data = \"my t.csv\", drop = price, label = kind, ids = \"row,name\", missing = mean)"
        )
    );
    assert_eq!(info.suggestions.len(), 4);
}

#[test]
fn a_table_without_faults_has_nothing_to_say() {
    let measured =
        |shift: usize| texts((0..40).map(|row| format!("{}.25", (row * 7 + shift) % 11)));
    let info = of(vec![
        ("a", ColumnKind::Float, measured(0)),
        ("b", ColumnKind::Float, measured(3)),
    ]);
    assert_eq!(
        (
            info.refusals.len(),
            info.remarks.len(),
            info.suggestions.len()
        ),
        (0, 0, 0)
    );
    assert_eq!(
        training(&info).as_deref(),
        Some("run::run(\"table\", data = \"my t.csv\")")
    );
}

#[test]
fn rows_that_are_read_again_count_once() {
    let again = Memory {
        again: 2,
        ..Memory::new(people())
    };
    let again = described(again, &ReadOptions::default());
    assert_eq!(again.to_json(), of(people()).to_json());
    let mut never = Memory {
        again: 99,
        ..Memory::new(people())
    };
    let error = Info::of_table(&mut never, &[], &ReadOptions::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the columns changed while the file was read"),
        "{error}"
    );
}
