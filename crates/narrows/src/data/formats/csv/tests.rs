//! Tables as people write them: the values that are read, and the tables that are refused.

mod damage;
mod dialects;
mod elsewhere;
mod faults;
mod headers;
mod look_alikes;
mod numbers;
mod pieces;

use super::CsvTable;
use super::table::Sizes;
use crate::data::ReadOptions;
use crate::data::column::{As, Block, Cells, Gaps, TableReader, Verdict};
use crate::data::fault::OnFault;
use std::path::PathBuf;
use tempfile::TempDir;

/// A file in its own folder.
pub(super) struct Written {
    folder: TempDir,
    name: String,
}

impl Written {
    fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }
}

pub(super) fn written(name: &str, bytes: &[u8]) -> Written {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    Written {
        folder,
        name: name.into(),
    }
}

pub(super) fn opened(bytes: &[u8], options: &ReadOptions) -> crate::Result<(Written, CsvTable)> {
    let file = written("table.csv", bytes);
    let table = CsvTable::open(&file.path(), "table.csv", options, OnFault::Refuse)?;
    Ok((file, table))
}

/// A table that is read in pieces of a number of bytes: its start, and chunks.
pub(super) fn in_parts(
    file: &Written,
    options: &ReadOptions,
    (start, chunk): (usize, usize),
    threads: usize,
) -> crate::Result<CsvTable> {
    let sizes = Sizes {
        start,
        chunk,
        threads: Some(threads),
    };
    CsvTable::open_in_parts(&file.path(), "t.csv", options, OnFault::Refuse, sizes)
}

#[test]
fn what_is_kept_for_each_of_a_million_columns_is_small() {
    use super::{output::ColumnOutput, plan::ColumnPlan, tally::ClassTally};
    use crate::data::column::FileColumn;
    assert!(size_of::<FileColumn>() <= 32 && size_of::<ColumnPlan>() <= 24);
    assert!(size_of::<ClassTally>() <= 40);
    // The cells of a block take the place of what collects them.
    assert!(size_of::<Cells>() <= 40 && size_of::<ColumnOutput>() == size_of::<Cells>());
}

/// A table with all its cells, as short text.
#[derive(Debug, PartialEq)]
pub(super) struct Whole {
    /// `name:kind`, with the unit in brackets.
    columns: Vec<String>,
    rows: Vec<String>,
    bad: Vec<String>,
    lines: Vec<String>,
    how: String,
    notes: Vec<String>,
}

/// Reads all columns: possible inputs as numbers, the others as text.
pub(super) fn whole(table: &mut CsvTable) -> crate::Result<Whole> {
    for _ in 0..3 {
        let wanted: Vec<(usize, As)> = table
            .columns()
            .iter()
            .map(|column| {
                if column.kind.is_numeric() {
                    As::Numbers
                } else {
                    As::Texts
                }
            })
            .enumerate()
            .collect();
        let mut blocks = Vec::new();
        let verdict = table.read(&wanted, &mut |block| {
            blocks.push(block);
            Ok(())
        })?;
        if verdict == Verdict::Done {
            return Ok(gathered(table, &blocks));
        }
    }
    panic!("it never comes to an end");
}

fn gathered(table: &CsvTable, blocks: &[Block]) -> Whole {
    let columns = table.columns().iter().map(|column| {
        let unit = column
            .unit
            .as_ref()
            .map_or(String::new(), |unit| format!(" [{unit}]"));
        format!("{}:{:?}{unit}", column.name, column.kind)
    });
    let mut whole = Whole {
        columns: columns.collect(),
        rows: Vec::new(),
        bad: Vec::new(),
        lines: Vec::new(),
        how: table.how().unwrap_or_default(),
        notes: table.notes(),
    };
    for block in blocks {
        for bad in &block.bad {
            whole.bad.push(format!(
                "{} {} {}",
                block.place.of(bad.row),
                bad.column,
                bad.text
            ));
        }
        for row in 0..block.rows {
            assert!(block.columns.iter().all(|cells| cells.len() == block.rows));
            let cells: Vec<String> = block.columns.iter().map(|cells| cell(cells, row)).collect();
            whole.rows.push(cells.join(" | "));
            whole.lines.push(block.place.of(row));
        }
    }
    whole
}

fn cell(cells: &Cells, row: usize) -> String {
    let or_gap = |gaps: &Gaps, text: String| match gaps {
        Some(gaps) if gaps[row] => "_".to_string(),
        _ => text,
    };
    match cells {
        Cells::Integers(values, gaps) => or_gap(gaps, values[row].to_string()),
        Cells::Unsigned(values, gaps) => or_gap(gaps, values[row].to_string()),
        Cells::Floats(values) if values[row].is_nan() => "_".into(),
        Cells::Floats(values) => format!("{:?}", values[row]),
        Cells::Floats32(values) => format!("{:?}", values[row]),
        Cells::Texts(texts) => format!("{:?}", texts.get(row)),
    }
}

pub(super) fn read(text: &str, options: &ReadOptions) -> crate::Result<Whole> {
    let (_file, mut table) = opened(text.as_bytes(), options)?;
    whole(&mut table)
}

pub(super) fn plain(text: &str) -> Whole {
    read(text, &ReadOptions::default()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

pub(super) fn refused(text: &str) -> String {
    match read(text, &ReadOptions::default()) {
        Ok(whole) => panic!("{text:?} was read: {whole:?}"),
        Err(error) => error.to_string(),
    }
}

/// Options with changed text options.
pub(super) fn with(change: impl FnOnce(&mut crate::data::TextOptions)) -> ReadOptions {
    let mut options = ReadOptions::default();
    change(&mut options.text);
    options
}
