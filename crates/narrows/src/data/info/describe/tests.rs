//! Tables that are described through a reader of columns in memory, in blocks of a few rows.

use crate::Result;
use crate::data::column::{
    As, Bad, Block, BlockPlace, Cells, FileColumn, TableReader, Texts, Verdict,
};
use crate::data::info::{ColumnInfo, Info, TableInfo};
use crate::data::schema::{ColumnKind, Role};
use crate::data::{Missing, ReadOptions};

/// A table in memory: cells as texts, `!` before one that cannot be read.
struct Memory {
    columns: Vec<FileColumn>,
    cells: Vec<Vec<String>>,
    /// How often the first reading turns out wrong.
    again: usize,
}

const BLOCK: usize = 7;

impl Memory {
    fn new(columns: Vec<(&str, ColumnKind, Vec<String>)>) -> Self {
        let column = |(name, kind, _): &(&str, ColumnKind, Vec<String>)| FileColumn {
            name: name.to_string(),
            kind: *kind,
            unit: None,
        };
        Memory {
            columns: columns.iter().map(column).collect(),
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

    fn columns(&self) -> &[FileColumn] {
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
                        Cells::Texts(texts)
                    }
                    (As::Numbers, ColumnKind::Integer | ColumnKind::Boolean) => {
                        let gaps: Vec<bool> = cells
                            .iter()
                            .map(|cell| cell.parse::<i64>().is_err())
                            .collect();
                        let gaps = gaps.contains(&true).then_some(gaps);
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

fn column<'a>(info: &'a TableInfo, name: &str) -> &'a ColumnInfo {
    info.columns
        .iter()
        .find(|column| column.name == name)
        .unwrap()
}

/// Thirty rows with something of everything.
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

#[test]
fn a_table_that_training_refuses_is_described() {
    let info = of(people());
    assert_eq!((info.rows, info.columns.len()), (30, 10));
    assert_eq!(info.how.as_deref(), Some("semicolons, decimal commas"));
    assert_eq!(info.notes, ["a note"]);
    let price = column(&info, "price");
    assert_eq!((price.missing, price.unreadable, price.present), (0, 2, 28));
    assert_eq!(price.examples, ["line 5 \"2,262\"", "line 11 \"(5)\""]);
    let age = column(&info, "age");
    assert_eq!((age.missing, age.unreadable, age.distinct), (1, 0, Some(9)));
    let day = column(&info, "day").numbers.unwrap();
    assert_eq!(day.whole, Some((20240101, 20240111)));
    let days: Vec<f64> = (0..30).map(|row| f64::from(20240101 + row % 11)).collect();
    let mean = days.iter().sum::<f64>() / 30.0;
    let std = (days.iter().map(|day| (day - mean).powi(2)).sum::<f64>() / 30.0).sqrt();
    assert!(
        (day.mean - mean).abs() < 1e-6 && (day.std - std).abs() < 1e-9,
        "{day:?}"
    );
    assert_eq!(
        column(&info, "kind").frequent,
        [("cat".to_string(), 15), ("dog".to_string(), 15)]
    );
    assert_eq!(
        column(&info, "born").days,
        Some(("2001-02-01".into(), "2001-02-20".into()))
    );
    assert_eq!(
        (
            column(&info, "empty").missing,
            column(&info, "lists").distinct
        ),
        (30, None)
    );
    let reasons: Vec<Option<&str>> = info
        .columns
        .iter()
        .map(|column| column.reason.as_deref())
        .collect();
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
             thousands, use `--thousands ,`)",
            "1 cell is missing, in `age` (`--missing mean` fills them)",
        ]
    );
    let remarks = info.remarks.join("\n");
    for part in [
        "1 column is constant: `same`; it trains, but carries no information",
        "`row` increases by 1 in each row: it may be a row number (`--id row` keeps",
        "every value of `name` is different: `--id name` copies it to outputs",
        "`day`: float32 would merge its 11 distinct values into 7; Narrows scales in float64, so all 11 stay distinct",
    ] {
        assert!(remarks.contains(part), "{remarks}");
    }
    assert_eq!(
        info.command.as_deref(),
        Some(
            "narrows train table --data 'my t.csv' --drop price --label kind --id row,name --missing mean"
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
        info.command.as_deref(),
        Some("narrows train table --data 'my t.csv'")
    );
}

#[test]
fn options_are_shown_and_kept_and_names_that_are_not_there_refused() {
    let options = ReadOptions {
        label: Some("kind".into()),
        ids: vec!["name".into()],
        drop: vec!["row".into(), "price".into()],
        missing: Missing::Zero,
        header: Some(true),
        ..ReadOptions::default()
    };
    let info = described(Memory::new(people()), &options);
    let role = |name: &str| column(&info, name).role;
    assert_eq!(
        (role("kind"), role("name"), role("row")),
        (Role::Label, Role::Id, Role::Ignored)
    );
    assert_eq!(column(&info, "row").reason.as_deref(), Some("`--drop`"));
    assert_eq!(info.refusals, [""; 0]);
    assert_eq!(
        info.command.as_deref(),
        Some(
            "narrows train table --data 'my t.csv' --drop row,price --label kind --id name --missing zero \
             --header yes"
        )
    );
    for (options, expected) in [
        (
            ReadOptions {
                label: Some("knd".into()),
                ..ReadOptions::default()
            },
            "did you mean `kind`?",
        ),
        (
            ReadOptions {
                drop: vec!["pric".into()],
                ..ReadOptions::default()
            },
            "did you mean `price`?",
        ),
        (
            ReadOptions {
                ids: vec!["nme".into()],
                ..ReadOptions::default()
            },
            "which `id` asks for",
        ),
        (
            ReadOptions {
                columns: vec!["agee".into()],
                ..ReadOptions::default()
            },
            "did you mean `age`?",
        ),
    ] {
        let error = Info::of_table(&mut Memory::new(people()), &[], &options)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Words as inputs are refused in training, and told here.
    let chosen = ReadOptions {
        columns: vec!["age".into(), "born".into()],
        ..ReadOptions::default()
    };
    let info = described(Memory::new(people()), &chosen);
    assert_eq!(info.of_role(Role::Input).count(), 2);
    assert!(
        info.refusals
            .iter()
            .any(|text| text == "`born` has no numbers"),
        "{:?}",
        info.refusals
    );
    assert!(
        info.command
            .unwrap()
            .contains("--columns age --label kind --id name --missing mean")
    );
}

#[test]
fn two_columns_of_one_name_are_described_and_dropped() {
    let info = of(vec![
        ("a", ColumnKind::Float, texts([0.5, 1.5, 4.0])),
        ("a", ColumnKind::Float, texts([2.5, 1.5, 4.0])),
        ("b", ColumnKind::Float, texts([2.5, 0.5, 4.0])),
    ]);
    assert_eq!(info.refusals, ["several columns are called `a`"]);
    assert_eq!(
        info.command.as_deref(),
        Some("narrows train table --data 'my t.csv' --drop a")
    );
}

#[test]
fn a_column_without_a_name_that_counts_is_left_out_as_in_training() {
    let info = of(vec![
        ("", ColumnKind::Integer, texts(0..9)),
        (
            "b",
            ColumnKind::Float,
            texts((0..9).map(|row| row as f64 / 2.0)),
        ),
    ]);
    let index = column(&info, "");
    assert_eq!(index.role, Role::Ignored);
    assert!(index.reason.as_ref().unwrap().starts_with("a row index"));
    assert_eq!(
        info.command.as_deref(),
        Some("narrows train table --data 'my t.csv'")
    );
}

#[test]
fn what_nothing_can_be_learnt_from_has_no_command() {
    let words = of(vec![("w", ColumnKind::Text, texts(["a", "b", "c"]))]);
    assert_eq!(words.command, None);
    assert_eq!(words.refusals, ["no column of numbers is left to train on"]);
    let none = of(vec![("a", ColumnKind::Float, Vec::new())]);
    assert_eq!((none.rows, none.command), (0, None));
    assert!(none.refusals.iter().any(|text| text == "there are no rows"));
    let columns = of(Vec::new());
    assert_eq!((columns.columns.len(), columns.command), (0, None));
}

#[test]
fn rows_that_are_read_again_count_once() {
    let again = Memory {
        again: 2,
        ..Memory::new(people())
    };
    assert_eq!(described(again, &ReadOptions::default()), of(people()));
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

#[test]
fn one_value_far_from_all_others_is_told() {
    let with = |odd: f64| {
        of(vec![
            (
                "x",
                ColumnKind::Float,
                texts((0..30).map(|row| {
                    if row % 10 == 3 {
                        odd
                    } else {
                        f64::from(row % 7) / 8.0
                    }
                })),
            ),
            (
                "y",
                ColumnKind::Float,
                texts((0..30).map(|row| f64::from(row % 11) / 8.0)),
            ),
        ])
    };
    for (odd, shown) in [(-999.0, "-999"), (1e30, "1e30")] {
        let remarks = with(odd).remarks;
        let expected = format!(
            "`x`: {shown} (3 times) is far from all other values, 0 to 0.75; is it a code for a missing value?"
        );
        assert_eq!(remarks, [expected]);
    }
    assert_eq!(with(1.5).remarks, [""; 0]);
    // Two values are no crowd and an outlier.
    let flags = of(vec![(
        "x",
        ColumnKind::Integer,
        texts((0..30).map(|row| if row % 5 == 0 { 1000 } else { 0 })),
    )]);
    assert_eq!(flags.remarks, [""; 0]);
}

#[test]
fn a_label_is_guessed_where_one_suggests_itself() {
    let measured = || texts((0..40).map(|row| format!("{}.25", row * 7 % 11)));
    let few = |count: usize| texts((0..40).map(move |row| row % count));
    let guess = |columns| {
        of(columns)
            .command
            .unwrap()
            .split_once("--label ")
            .map(|(_, rest)| rest.to_string())
    };
    let (float, integer) = (ColumnKind::Float, ColumnKind::Integer);
    let named = vec![("Species", integer, few(3)), ("x", float, measured())];
    assert_eq!(guess(named).as_deref(), Some("Species"));
    let last = vec![("x", float, measured()), ("k", integer, few(3))];
    assert_eq!(guess(last).as_deref(), Some("k"));
    let first = vec![("k", integer, few(3)), ("x", float, measured())];
    assert_eq!(guess(first), None);
    let pixels = vec![("p0", integer, few(5)), ("p1", integer, few(3))];
    assert_eq!(guess(pixels), None);
    let many = vec![("x", float, measured()), ("k", integer, few(13))];
    assert_eq!(guess(many), None);
    let target = vec![("x", float, measured()), ("y", float, measured())];
    assert_eq!(guess(target), None);
}

#[test]
fn more_distinct_values_than_are_counted_are_told() {
    use super::column::{ColumnTally, DISTINCT, distinct_limit};
    assert_eq!((distinct_limit(1), distinct_limit(0)), (DISTINCT, DISTINCT));
    assert!(distinct_limit(1000) <= 1000 && distinct_limit(1 << 30) >= 100);
    let mut tally = ColumnTally::new(3);
    tally.add(&Cells::Floats(vec![0.5, 0.5, -0.0, 0.0, f64::NAN]));
    assert_eq!((tally.distinct(), tally.gaps), ((2, true), 1));
    tally.add(&Cells::Unsigned(vec![u64::MAX, 5, 0, u64::MAX], None));
    assert_eq!(tally.distinct(), (3, false));
    assert_eq!(tally.most_frequent(1), [("0".to_string(), 3)]);
    let mut words = ColumnTally::new(2);
    let mut texts = Texts::default();
    ["a", "b", "", "c", "b"]
        .into_iter()
        .for_each(|text| texts.push(text));
    words.add(&Cells::Texts(texts));
    assert_eq!(
        (words.distinct(), words.gaps, words.present),
        ((2, false), 1, 4)
    );
    assert_eq!(
        words.most_frequent(9),
        [("b".to_string(), 2), ("a".to_string(), 1)]
    );
}

#[test]
fn names_are_quoted_for_a_shell() {
    use crate::text::for_shell;
    for (word, quoted) in [
        ("a.csv", "a.csv"),
        ("", "''"),
        ("my file.csv", "'my file.csv'"),
        ("it's", "'it'\\''s'"),
        ("$HOME;rm *", "'$HOME;rm *'"),
        ("größe", "größe"),
        ("a\u{1b}[31m'b\\", "$'a\\x1b[31m\\'b\\\\'"),
    ] {
        assert_eq!(for_shell(word), quoted);
    }
    let odd = of(vec![
        ("-x", ColumnKind::Float, texts(["!1,5", "2", "3"])),
        ("a,\"b", ColumnKind::Float, texts(["!1,5", "2", "3"])),
        ("c", ColumnKind::Float, texts(["1", "2", "4"])),
    ]);
    assert_eq!(
        odd.command.as_deref(),
        Some("narrows train table --data 'my t.csv' --drop='-x,\"a,\"\"b\"'")
    );
}

/// A shell reads back each word.
#[cfg(unix)]
#[test]
fn a_shell_reads_back_what_is_quoted() {
    let words = [
        "",
        "a b",
        "it's",
        "$(ls)\\`",
        "\u{1b}[31m",
        "ü\u{85}\n'x",
        "!1",
        "~",
        "*",
        "#a",
        "\\x41",
        "a=b",
    ];
    for word in words {
        let line = format!("printf %s {}", crate::text::for_shell(word));
        // Without such a shell there is nothing to try.
        if let Ok(said) = std::process::Command::new("bash")
            .args(["-c", &line])
            .output()
        {
            assert_eq!(String::from_utf8_lossy(&said.stdout), word);
        }
    }
}

#[test]
fn statistics_are_those_of_the_values_however_far_from_0() {
    for shift in [0, 1_700_000_000_i64, -(1 << 40)] {
        let values: Vec<i64> = (0..50).map(|row| (row * row * 37) % 101).collect();
        let info = of(vec![(
            "x",
            ColumnKind::Integer,
            texts(values.iter().map(|value| value + shift)),
        )]);
        let numbers = info.columns[0].numbers.unwrap();
        let mean = values.iter().sum::<i64>() as f64 / 50.0;
        let squares = values.iter().map(|&value| (value as f64 - mean).powi(2));
        let std = (squares.sum::<f64>() / 50.0).sqrt();
        assert!(
            (numbers.mean - mean - shift as f64).abs() < 1e-3,
            "{numbers:?}"
        );
        assert!((numbers.std - std).abs() < 1e-3, "{numbers:?} {std}");
        let (low, high) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        assert_eq!(
            numbers.whole,
            Some((i128::from(low + shift), i128::from(high + shift)))
        );
        let mut distinct = values;
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(info.columns[0].distinct, Some(distinct.len()));
    }
}

/// What is said of a file, or several, of which each has a name and a content.
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

/// The command line behind the file.
fn arguments(info: &TableInfo) -> &str {
    let command = info.command.as_ref().unwrap();
    command.rsplit_once("csv").unwrap().1.trim_start()
}

#[test]
fn a_text_that_training_refuses_is_described_with_the_option_that_mends_it() {
    for (text, refusal, arguments_then, how, suggestion) in [
        (
            &b"a,b\n1.5,2\n2.5,3\n3.5,5\nTotals:,\n"[..],
            "line 5: the line looks like a line of totals (\"Totals:\") (leave it out with `--skip-end 1`, or keep it \
             with `--skip-end 0`)",
            "--skip-end 1",
            "without 1 line at the end",
            "",
        ),
        (
            b"a,gr\xf6\xdfe\n1,2\n3,4\n6,5\n",
            "line 1, character 5: the text is not UTF-8: expected UTF-8 text, found [f6, df, 65, 0a] (say its encoding",
            "--encoding windows-1252",
            "windows-1252",
            "`--encoding windows-1252` is a guess",
        ),
        (
            b"a;b\n124.355;20.377\n20.377;1.125\n3.125;7.377\n",
            "column `a`: the decimal sign is in doubt",
            "--decimal , --thousands .",
            "semicolons, decimal commas",
            "if 124.355 means about 124, use `--decimal .` instead",
        ),
        (
            b"a\nb\nc,d\n1,2\n3,4\n2,9\n4,1\n",
            "",
            "",
            "header on line 3",
            "",
        ),
        (
            b"one,two,three\n1,2\n3,4\n2,9\n4,1\n",
            "line 1: the lines differ in length: expected 2 cells, as in most lines, found 3",
            "--header no --skip-lines 1",
            "no header",
            "columns are called 0, 1 and so on",
        ),
        (
            b"a,b\n1,2\n3\n4,5\n6,7\n",
            "line 3: the lines differ in length: expected 2 cells, as in most lines, found 1 (this description",
            "",
            "header on line 1",
            "training refuses this file until you correct the lines above; no option helps",
        ),
    ] {
        let (_folder, info) = of_files(&[("t.csv", text)], &ReadOptions::default());
        match refusal {
            "" => assert_eq!(info.refusals, [""; 0]),
            refusal => assert!(info.refusals[0].starts_with(refusal), "{:?}", info.refusals),
        }
        assert!(info.refusals.len() < 2, "{:?}", info.refusals);
        assert_eq!(arguments(&info), arguments_then);
        assert!(info.how.as_ref().unwrap().contains(how), "{:?}", info.how);
        match suggestion {
            "" => assert_eq!(info.suggestions, [""; 0]),
            said => assert!(info.suggestions[0].contains(said), "{:?}", info.suggestions),
        }
    }
}

#[test]
fn faults_of_several_files_name_the_file_and_are_mended_where_all_have_them() {
    let total = &b"a,b\n1.5,2.5\n2.5,3.5\n3.5,5.5\nTotal,\n"[..];
    let plain = &b"a,b\n1.5,2.5\n2.5,3.5\n3.5,5.5\n"[..];
    let options = ReadOptions::default();
    let (_folder, info) = of_files(&[("x.csv", total), ("y.csv", total)], &options);
    assert_eq!((info.rows, info.refusals.len()), (6, 2));
    assert!(info.refusals[1].contains("y.csv: line 5: the line looks like a line of totals"));
    assert_eq!(arguments(&info), "--skip-end 1");
    let (_folder, info) = of_files(&[("x.csv", total), ("y.csv", plain)], &options);
    assert_eq!((info.rows, info.refusals.len()), (6, 1));
    assert!(info.refusals[0].ends_with("; but options hold for all files: mend this one"));
    assert_eq!(arguments(&info), "");
    assert!(info.suggestions[0].contains("no option helps"));
    // Each of many is not listed.
    let names: Vec<String> = (0..15).map(|place| format!("{place:02}.csv")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), total)).collect();
    let (_folder, info) = of_files(&files, &options);
    assert_eq!((info.rows, info.refusals.len()), (45, 13));
    assert_eq!(info.refusals[12], "3 more faults of this kind");
    assert_eq!(arguments(&info), "--skip-end 1");
}

#[test]
fn classes_choose_in_training_alone() {
    let options = ReadOptions {
        classes: vec!["0".into()],
        label: Some("kind".into()),
        ..ReadOptions::default()
    };
    let info = described(Memory::new(people()), &options);
    assert_eq!(info.rows, 30);
    assert!(info.notes[1].starts_with("all rows are described; `--classes`"));
    assert!(info.command.unwrap().contains("--classes 0"));
}

#[test]
fn the_std_of_integers_beyond_float64_is_theirs() {
    let start = 1_i64 << 60;
    let info = of(vec![(
        "big",
        ColumnKind::Integer,
        texts((0..40).map(|row| start + 3 * row)),
    )]);
    let numbers = info.columns[0].numbers.unwrap();
    assert!((numbers.std - 34.630_19).abs() < 1e-4, "{numbers:?}");
    let expected = "`big`: float64 holds 1 of its 40 distinct values: a model is trained on the differences, but scores \
                    and reconstructions are formed from float64; better subtract a constant from the column in the file";
    assert_eq!(info.remarks, [expected]);
}

#[test]
fn where_every_column_has_a_fault_there_is_no_command_and_that_is_said() {
    let info = of(vec![("a", ColumnKind::Float, texts(["1.5", "!x", "2.5"]))]);
    assert_eq!(info.command, None);
    assert!(
        info.refusals[1].starts_with("no command line trains on this file until"),
        "{:?}",
        info.refusals
    );
}

#[test]
fn ids_are_suggested_where_one_input_is_left() {
    let info = of(vec![
        ("row", ColumnKind::Integer, texts(1..41)),
        (
            "name",
            ColumnKind::Text,
            texts((0..40).map(|row| format!("n{row}"))),
        ),
        (
            "x",
            ColumnKind::Float,
            texts((0..40).map(|row| (row * 7 % 11) as f64 / 2.0)),
        ),
    ]);
    let command = info.command.unwrap();
    assert!(command.ends_with("--id row,name"), "{command}");
}

#[test]
fn huge_numbers_are_shown_with_an_exponent() {
    let values = (0..40).map(|row| if row == 7 { 1e300 } else { f64::from(row % 5) });
    let info = of(vec![("x", ColumnKind::Float, texts(values))]);
    assert!(
        info.remarks[0].starts_with("`x`: 1e300 (once) is far from all other values, 0 to 4;"),
        "{:?}",
        info.remarks
    );
}

#[test]
fn rows_that_missing_drop_leaves_out_are_counted() {
    let options = ReadOptions {
        missing: Missing::Drop,
        ..ReadOptions::default()
    };
    let cells = texts(["0.5", "", "1.5", "2.5", ""]);
    let info = described(Memory::new(vec![("x", ColumnKind::Float, cells)]), &options);
    assert_eq!(info.rows, 5);
    assert!(
        info.notes.contains(
            &"`--missing drop` leaves out 2 rows with missing cells: 3 rows remain".to_string()
        ),
        "{:?}",
        info.notes
    );
}

#[test]
fn a_label_that_some_rows_lack_is_kept_as_an_id() {
    let options = ReadOptions {
        label: Some("iso".into()),
        ..ReadOptions::default()
    };
    let (_folder, info) = of_files(
        &[("t.csv", b"iso,gdp\nNA,12.5\nDE,40.1\nFR,38.2\n")],
        &options,
    );
    assert_eq!(arguments(&info), "--id iso");
    assert!(
        info.suggestions[0].contains("keeps `iso` as an id"),
        "{:?}",
        info.suggestions
    );
}

#[test]
fn zeros_at_the_beginning_are_told_in_training_too() {
    let text = b"zip,x\n01067,1.5\n10115,2.5\n80331,0.5\n";
    let (folder, info) = of_files(&[("t.csv", text)], &ReadOptions::default());
    let said = "`zip` has values that begin with 0, such as 01067, which are read as numbers: if they are ids, `--id zip` \
                keeps them as they are";
    assert!(info.notes.contains(&said.to_string()), "{:?}", info.notes);
    let source = folder.path().join("t.csv");
    let source = crate::data::Source::open(&source.display().to_string()).unwrap();
    assert!(source.train.notes().contains(&said.to_string()));
}
