//! Tables: from the blocks of a format to a dataset, in the same way for all formats.
//!
//! Missing and unreadable cells are different. The options decide whether missing cells are filled, refused, or dropped
//! with their rows. Unreadable cells are an error that counts the cells of all columns at once, unless bad rows are
//! left out or kept without values (`table/bad.rs`).

mod bad;
mod finish;
mod index;
mod tally;
mod words;

pub(super) use index::{counts_up, find_indexes};

use super::bad::BadRows;
use super::column::{
    As, Bad, Block, BlockPlace, Cells, FileColumn, FileColumns, TableReader, Verdict,
};
use super::columns::TableRows;
use super::dataset::Dataset;
use super::options::{Missing, OnBad, ReadOptions};
use super::roles::Roles;
use super::schema::ColumnKind;
use super::time::{Times, may_be_time};
use crate::advice::{Setting, setting};
use crate::{Error, ErrorKind, Result};
use std::collections::HashSet;
use std::sync::Arc;
use tally::InputTally;
use words::LabelWords;

/// The most columns of times that are checked.
const MOST_TIMES: usize = 4;

/// Reads a whole table.
pub(super) fn read_table(reader: &mut dyn TableReader, options: &ReadOptions) -> Result<Dataset> {
    loop {
        let options = &options.with_lists(&reader.lists());
        let indexes = find_indexes(reader, options)?;
        let mut columns = FileColumns::clone(reader.columns());
        // Formats other than text state the types of columns.
        if options.on_bad != OnBad::Refuse && reader.how().is_some() {
            count_as_numbers(&mut columns, options);
        }
        let roles = Roles::choose(&columns, &indexes, options)?;
        let mut table = GatheredTable::new(&columns, roles, options);
        let wanted = table.wanted();
        match reader.read(&wanted, &mut |block| table.push(block))? {
            Verdict::Again => continue,
            Verdict::Done => {}
        }
        let how = reader.how().map(|how| format!("read as: {how}"));
        let notes = how.into_iter().chain(reader.notes()).collect();
        let data = table.finish(reader.name(), notes)?;
        return Ok(match reader.resolved() {
            Some(text) => data.read_as(&ReadOptions {
                text,
                ..options.clone()
            }),
            None => data,
        });
    }
}

/// Treats the requested columns, and those of a model, as columns of numbers, even if most cells are words, because a
/// text of few rows may hold more words than numbers. A word in these columns makes its row bad.
fn count_as_numbers(columns: &mut FileColumns, options: &ReadOptions) {
    let of_model = options.model_columns.iter().flatten();
    let asked = options.columns.iter().chain(of_model).map(String::as_str);
    let asked: HashSet<&str> = asked.collect();
    let columns = Arc::make_mut(columns).iter_mut();
    for column in columns.filter(|column| asked.contains(&*column.name)) {
        if !column.kind.is_numeric() && column.kind != ColumnKind::Empty {
            column.kind = ColumnKind::Float;
        }
    }
}

/// The rows of a table during reading.
struct GatheredTable<'a> {
    columns: &'a [FileColumn],
    roles: Roles,
    options: &'a ReadOptions,
    rows: TableRows,
    tallies: Vec<InputTally>,
    labels: LabelWords,
    ids: Vec<Vec<String>>,
    /// Columns of times, each with its place among the columns that are read.
    times: Vec<(usize, Times)>,
    dropped: usize,
    /// The bad rows, if they are not refused.
    bad: BadRows,
    read: u64,
}

impl<'a> GatheredTable<'a> {
    fn new(columns: &'a [FileColumn], roles: Roles, options: &'a ReadOptions) -> Self {
        let inputs = roles.inputs.len();
        let counting = InputTally {
            is_counting: true,
            ..InputTally::default()
        };
        GatheredTable {
            rows: TableRows::new(),
            tallies: vec![counting; inputs],
            labels: LabelWords::default(),
            ids: vec![Vec::new(); roles.ids.len()],
            times: Vec::new(),
            dropped: 0,
            bad: BadRows::new(options.on_bad),
            read: 0,
            columns,
            roles,
            options,
        }
    }

    /// The columns to read: inputs, then ids, then the label, then columns that may show the order of the rows.
    fn wanted(&mut self) -> Vec<(usize, As)> {
        let inputs = self.roles.inputs.iter().map(|&place| (place, As::Numbers));
        let ids = self.roles.ids.iter().map(|&place| (place, As::Written));
        let label = self.roles.label.iter().map(|&place| (place, As::Texts));
        let mut wanted: Vec<(usize, As)> = inputs.chain(ids).chain(label).collect();
        // The order of rows matters when they are split, but not for a trained model.
        if self.options.model_columns.is_none() {
            let times = self.columns.iter().enumerate();
            let times = times.filter(|(_, column)| may_be_time(&column.name, column.kind));
            for (place, column) in times.take(MOST_TIMES) {
                let index = wanted.iter().position(|(wanted, _)| *wanted == place);
                let index = index.unwrap_or(wanted.len());
                if index == wanted.len() {
                    wanted.push((place, As::Written));
                }
                self.times.push((index, Times::new(&column.name)));
            }
        }
        wanted
    }

    fn input_name(&self, input: usize) -> &str {
        self.roles
            .inputs
            .get(input)
            .map_or("", |&place| &self.columns[place].name)
    }

    fn push(&mut self, block: Block) -> Result<()> {
        self.read += block.rows as u64;
        let block = match self.options.on_bad {
            OnBad::Refuse => block,
            OnBad::Null | OnBad::Drop => self.take_bad(block),
        };
        let Block {
            rows,
            columns,
            bad,
            odd: _,
            place,
        } = block;
        for (index, times) in &mut self.times {
            if let Some(cells) = columns.get(*index) {
                times.add(cells);
            }
        }
        if rows == 0 {
            return Ok(());
        }
        let (inputs, texts) = columns.split_at(self.roles.inputs.len().min(columns.len()));
        self.tally_bad(&bad, &place);
        let drops = self.options.missing == Some(Missing::Drop) && self.options.fill.is_none();
        let mut is_kept = vec![true; rows];
        for (cells, tally) in inputs.iter().zip(&mut self.tallies) {
            tally.add(cells, &place, drops.then_some(&mut is_kept));
        }
        for cell in &bad {
            // It counts as missing in its column, and is also an error of its own.
            if let Some(tally) = self.tallies.get_mut(cell.column) {
                tally.missing = tally.missing.saturating_sub(1);
            }
        }
        let kept = is_kept.iter().filter(|is_kept| **is_kept).count();
        self.dropped += rows - kept;
        let is_kept = (kept < rows).then_some(&is_kept[..]);
        self.rows.push(inputs, is_kept)?;
        self.push_texts(texts, is_kept, &place)
    }

    fn push_texts(
        &mut self,
        texts: &[Cells],
        is_kept: Option<&[bool]>,
        place: &BlockPlace,
    ) -> Result<()> {
        let is_kept = |row: usize| is_kept.is_none_or(|is_kept| is_kept[row]);
        for (index, cells) in texts.iter().enumerate() {
            let Cells::Texts(texts) = cells else { continue };
            let kept = texts.iter().enumerate().filter(|(row, _)| is_kept(*row));
            if let Some(ids) = self.ids.get_mut(index) {
                ids.extend(kept.map(|(_, text)| text.to_string()));
                continue;
            }
            if self.roles.label.is_none() || index > self.ids.len() {
                break;
            }
            for (row, label) in kept {
                if label.is_empty() {
                    let column = self
                        .roles
                        .label
                        .map_or("", |place| &self.columns[place].name);
                    return Err(Error::new(ErrorKind::Data, "a label is missing")
                        .at(format!("{}, column `{column}`", place.of(row)))
                        .hint(format!(
                            "leave such rows out of the file, or train without {}",
                            setting(Setting::Label)
                        )));
                }
                self.labels.push(label);
            }
        }
        Ok(())
    }

    fn tally_bad(&mut self, bad: &[Bad], place: &BlockPlace) {
        for cell in bad {
            let column = self.roles.inputs.get(cell.column);
            let column = column.and_then(|&place| self.columns.get(place));
            if let (Some(tally), Some(column)) = (self.tallies.get_mut(cell.column), column) {
                let shown = || format!("{} \"{}\"", place.of(cell.row), cell.text);
                tally.unreadable.add(&cell.text, column, shown);
            }
        }
    }
}

#[cfg(test)]
mod tests;
