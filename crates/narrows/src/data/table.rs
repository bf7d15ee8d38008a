//! Tables: from the blocks of a format to a dataset, the same way for all formats.
//!
//! Missing and unreadable cells are different. The options say whether missing cells are filled, refused, or dropped
//! with their rows. Unreadable cells are an error, which counts those of all columns at once, unless bad rows are left
//! out or kept without values (`table/bad.rs`).

mod bad;

use super::bad::BadRows;
use super::column::{As, Bad, Block, Cells, FileColumn, Gaps, Place, TableReader, Verdict};
use super::columns::TableRows;
use super::dataset::{Dataset, Ids};
use super::element::whole;
use super::number::Number;
use super::options::{Missing, OnBad, ReadOptions};
use super::roles::{Index, IndexKind, Roles, is_stored_index, is_unnamed, may_be_index};
use super::schema::{Column, ColumnKind};
use super::time::{Times, may_be_time};
use super::unreadable::Unreadable;
use super::values::Values;
use crate::text::{counted, for_shell, list_shortly};
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::collections::{HashMap, HashSet};

/// The columns that an error names before it only counts.
const NAMED: usize = 12;

/// The most columns of times that are looked at.
const MOST_TIMES: usize = 4;

/// Reads a whole table.
pub(super) fn read_table(reader: &mut dyn TableReader, options: &ReadOptions) -> Result<Dataset> {
    loop {
        let options = &options.with_lists(&reader.lists());
        let indexes = find_indexes(reader, options)?;
        let mut columns = reader.columns().to_vec();
        // Other files than text say which type a column has.
        if options.on_bad != OnBad::Refuse && reader.how().is_some() {
            count_as_numbers(&mut columns, options);
        }
        let roles = Roles::choose(&columns, &indexes, options)?;
        let mut table = Table::new(&columns, roles, options);
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

/// Takes the columns that are asked for, and those of a model, for columns of numbers whatever most cells hold, as a text
/// of few rows may hold more words than numbers. A word in them makes its row bad.
fn count_as_numbers(columns: &mut [FileColumn], options: &ReadOptions) {
    let of_model = options.model_columns.iter().flatten();
    let asked: HashSet<&String> = options.columns.iter().chain(of_model).collect();
    for column in columns
        .iter_mut()
        .filter(|column| asked.contains(&column.name))
    {
        if !column.kind.is_numeric() && column.kind != ColumnKind::Empty {
            column.kind = ColumnKind::Float;
        }
    }
}

/// The columns that tools such as pandas add to say which row is which. The first rows tell.
pub(super) fn find_indexes(
    reader: &mut dyn TableReader,
    options: &ReadOptions,
) -> Result<Vec<Index>> {
    if options.model_columns.is_some() || !options.columns.is_empty() {
        return Ok(Vec::new());
    }
    let mut indexes = Vec::new();
    let mut may_count = Vec::new();
    for (place, column) in reader.columns().iter().enumerate() {
        if is_stored_index(&column.name) && column.kind.is_numeric() {
            let kind = IndexKind::Stored;
            indexes.push(Index { place, kind });
        } else if may_be_index(&column.name, place) && column.kind == ColumnKind::Integer {
            may_count.push(place);
        }
    }
    first_block(reader, &may_count, As::Numbers, |place, cells| {
        if let Cells::Integers(values, gaps) = cells
            && !has_gaps(gaps)
            && let Some(kind) = IndexKind::of(values)
        {
            indexes.push(Index { place, kind });
        }
    })?;
    Ok(indexes)
}

fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What is said of columns that count up by one from row to row, and are inputs.
pub(super) fn counts_up(names: &[&str]) -> String {
    let list = list_shortly(names);
    match names {
        [name] => format!(
            "{list} increases by 1 in each row: it may be a row number (`--id {}` keeps it beside the rows, the model \
             does not learn from it)",
            for_shell(name)
        ),
        _ => format!(
            "{} columns increase by 1 in each row: {list}; they may be row numbers (`--id` keeps them beside the rows, \
             the model does not learn from them)",
            names.len()
        ),
    }
}

/// Reads the first rows of some columns.
fn first_block(
    reader: &mut dyn TableReader,
    places: &[usize],
    how: As,
    mut look: impl FnMut(usize, &Cells),
) -> Result<()> {
    if places.is_empty() {
        return Ok(());
    }
    let wanted: Vec<(usize, As)> = places.iter().map(|&place| (place, how)).collect();
    let looked = reader.read(&wanted, &mut |block| {
        for (&place, cells) in places.iter().zip(&block.columns) {
            look(place, cells);
        }
        Err(Error::new(ErrorKind::Interrupted, "looked at"))
    });
    match looked {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}

/// Whether a cell is missing: a list of them may say of all that they are there.
fn has_gaps(gaps: &Gaps) -> bool {
    gaps.as_ref().is_some_and(|gaps| gaps.contains(&true))
}

/// What is known of an input after all rows are read.
#[derive(Clone, Debug, Default)]
struct Tally {
    missing: u64,
    unreadable: Unreadable,
    /// The first missing cell's place.
    first: Option<String>,
    /// Sums about a first value, which keep their precision where values are far from 0.
    shift: Option<f64>,
    sum: f64,
    count: u64,
    /// The first value and the number of rows, while the values count up by one from row to row.
    counting: Option<(i64, i64)>,
    is_counting: bool,
}

/// The rows of a table as they are read.
struct Table<'a> {
    columns: &'a [FileColumn],
    roles: Roles,
    options: &'a ReadOptions,
    rows: TableRows,
    tallies: Vec<Tally>,
    labels: Words,
    ids: Vec<Vec<String>>,
    /// Columns of times, each with its place among those that are read.
    times: Vec<(usize, Times)>,
    dropped: usize,
    /// The rows that no model can take, where they are not refused.
    bad: BadRows,
    read: u64,
}

impl<'a> Table<'a> {
    fn new(columns: &'a [FileColumn], roles: Roles, options: &'a ReadOptions) -> Self {
        let inputs = roles.inputs.len();
        let counting = Tally {
            is_counting: true,
            ..Tally::default()
        };
        Table {
            rows: TableRows::new(),
            tallies: vec![counting; inputs],
            labels: Words::default(),
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

    /// Inputs, then ids, then the label, then what else may say in which order the rows are.
    fn wanted(&mut self) -> Vec<(usize, As)> {
        let inputs = self.roles.inputs.iter().map(|&place| (place, As::Numbers));
        let ids = self.roles.ids.iter().map(|&place| (place, As::Written));
        let label = self.roles.label.iter().map(|&place| (place, As::Texts));
        let mut wanted: Vec<(usize, As)> = inputs.chain(ids).chain(label).collect();
        // The order matters where rows are divided, and not to a model that is trained.
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
        let drops = self.options.missing == Missing::Drop && self.options.fill.is_none();
        let mut is_kept = vec![true; rows];
        for (cells, tally) in inputs.iter().zip(&mut self.tallies) {
            tally.add(cells, &place, drops.then_some(&mut is_kept));
        }
        for cell in &bad {
            // It counts as missing in its column, and is an error of its own.
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
        place: &Place,
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
                        .hint("leave such rows out of the file, or train without `--label`"));
                }
                self.labels.push(label);
            }
        }
        Ok(())
    }

    fn tally_bad(&mut self, bad: &[Bad], place: &Place) {
        for cell in bad {
            let column = self.roles.inputs.get(cell.column);
            let column = column.and_then(|&place| self.columns.get(place));
            if let (Some(tally), Some(column)) = (self.tallies.get_mut(cell.column), column) {
                let shown = || format!("{} \"{}\"", place.of(cell.row), cell.text);
                tally.unreadable.add(&cell.text, column, shown);
            }
        }
    }

    /// Refuses cells that cannot be read, all columns at once, and missing ones if nothing is to be done with them.
    fn check(&self) -> Result<()> {
        let with = |count: fn(&Tally) -> u64| -> Vec<(usize, &Tally)> {
            let all = self.tallies.iter().enumerate();
            all.filter(|(_, tally)| count(tally) > 0).collect()
        };
        let (bad, missing) = (
            with(|tally| tally.unreadable.count()),
            with(|tally| tally.missing),
        );
        let may_miss = self.options.fill.is_some() || self.options.missing != Missing::Refuse;
        // A model needs all of its columns.
        let is_of_model = self.options.model_columns.is_some();
        let list = |these: &[(usize, &Tally)], of: &dyn Fn(&Tally) -> String| {
            let shown = these.iter().take(NAMED);
            let shown =
                shown.map(|(input, tally)| format!("`{}`: {}", self.input_name(*input), of(tally)));
            let list = shown.collect::<Vec<_>>().join("; ");
            match these.len().saturating_sub(NAMED) {
                0 => list,
                more => format!(
                    "{list}; and {}",
                    counted(more, "more column", "more columns")
                ),
            }
        };
        let cells = |count: u64| counted(count as usize, "cell", "cells");
        let of_missing = |tally: &Tally| {
            let first = tally.first.as_deref().unwrap_or_default();
            format!("{} (the first on {first})", cells(tally.missing))
        };
        if !bad.is_empty() {
            let of_bad = |tally: &Tally| tally.unreadable.sentence();
            let mut found = list(&bad, &of_bad);
            if !missing.is_empty() && !may_miss {
                found.push_str(&format!("; also missing: {}", list(&missing, &of_missing)));
            }
            return Err(Error::new(
                ErrorKind::Data,
                "some cells in columns of numbers are unreadable",
            )
            .expected("numbers; missing cells are empty, `NA` and the like")
            .found(found)
            .hint(match is_of_model {
                true => "correct these cells, or leave their rows out with `--on-bad drop`: the model needs the columns",
                false => {
                    "correct these cells, or leave the columns out with `--drop` or their rows with `--on-bad drop`"
                }
            }));
        }
        if missing.is_empty() || may_miss {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Data, "some cells are missing")
            .expected("a number in each cell")
            .found(list(&missing, &of_missing))
            .hint(match is_of_model {
                true => {
                    "fill them with `--missing mean` or `--missing zero`, or leave their rows out with `--missing drop`"
                }
                false => {
                    "fill them with `--missing mean` or `--missing zero`, leave their rows out with `--missing drop`, \
                     or their columns with `--drop`"
                }
            }))
    }

    /// The table whole; `notes` say how it was read.
    fn finish(self, name: &str, notes: Vec<String>) -> Result<Dataset> {
        self.check()?;
        let rows = self.rows.count();
        let is_empty = rows == 0 && self.bad.are_kept() && self.bad.count() > 0;
        if rows == 0 && !is_empty {
            let found = match (self.dropped, self.bad.count()) {
                (0, 0) => "none".to_string(),
                (dropped, 0) => format!("none but {dropped} with missing cells, all left out"),
                (_, bad) => format!(
                    "none but {}, all left out: {}; the first: {}",
                    counted(bad, "bad row", "bad rows"),
                    self.bad.by_kind(),
                    self.bad.examples()
                ),
            };
            return Err(Error::new(ErrorKind::Data, "there are no rows")
                .expected("at least one row")
                .found(found));
        }
        let fill = self.fill()?;
        let mut data_notes = notes;
        data_notes.extend(self.roles.notes.iter().cloned());
        data_notes.extend(self.own_notes(rows));
        let schema = self.schema();
        let missing: u64 = self.tallies.iter().map(|tally| tally.missing).sum();
        let name_of = |place: usize| self.columns[place].name.clone();
        let columns: Vec<String> = self
            .roles
            .inputs
            .iter()
            .map(|&place| name_of(place))
            .collect();
        let is_filled = missing > 0;
        let is_mean = self.options.missing == Missing::Mean;
        let is_integer = |&place: &usize| self.columns[place].kind == ColumnKind::Integer;
        let all_integers = self.roles.inputs.iter().all(is_integer);
        let rounded = self.rows.rounded();
        if !rounded.is_empty() {
            let names: Vec<&str> = rounded
                .iter()
                .map(|&input| self.input_name(input))
                .collect();
            data_notes.push(format!(
                "whole numbers beyond 2^53 are rounded to float64, as no type of 64-bit integers holds all cells of the column: {}",
                list_shortly(&names)
            ));
        }
        let values = self.rows.finish(fill.clone().filter(|_| is_filled))?;
        let none = || Values::F32(Array2::zeros((0, self.roles.inputs.len())));
        let values = values.unwrap_or_else(none);
        data_notes.extend(self.labels.same_class());
        let (labels, label_names) = match self.roles.label {
            Some(_) => {
                let (labels, names) = self.labels.labels();
                (Some(labels), names)
            }
            None => (None, Vec::new()),
        };
        let data = match is_empty {
            true => Dataset::empty(name, values, labels)?,
            false => Dataset::of_table(name, values, all_integers, labels)?,
        };
        let mut data = data.with_columns(columns)?;
        data.label_names = label_names;
        data.bad = self.bad;
        if data.label_names.is_empty() && self.roles.label.is_some() {
            data.bad.map_text(self.roles.ids.len(), as_number);
        }
        data.label_column = self.roles.label.map(name_of);
        let ids = self.roles.ids.iter().zip(self.ids);
        data.ids = ids
            .map(|(&place, values)| Ids {
                name: name_of(place),
                values,
            })
            .collect();
        data.notes = data_notes;
        data.missing = missing as usize;
        data.fills_with_means = fill.is_some() && self.options.fill.is_none() && is_mean;
        data.fill = fill;
        data.in_order_of = self.times.into_iter().find_map(|(_, times)| times.order());
        data.schema = schema;
        Ok(data)
    }

    /// What stands for missing cells of each input: what a model says, else the means of the rows or 0.
    fn fill(&self) -> Result<Option<Vec<f64>>> {
        if let Some(fill) = &self.options.fill {
            return Ok(Some(fill.clone()));
        }
        let missing: u64 = self.tallies.iter().map(|tally| tally.missing).sum();
        match self.options.missing {
            Missing::Refuse | Missing::Drop => Ok(None),
            Missing::Zero => Ok((missing > 0).then(|| vec![0.0; self.tallies.len()])),
            // The means are kept where nothing was missing too: later rows may have gaps.
            Missing::Mean => {
                if let Some(input) = self.tallies.iter().position(|tally| tally.count == 0) {
                    return Err(Error::new(ErrorKind::Data, "a column has no numbers")
                        .at(format!("column `{}`", self.input_name(input)))
                        .hint("leave it out with `--drop`"));
                }
                Ok(Some(self.tallies.iter().map(Tally::mean).collect()))
            }
        }
    }

    /// What was done to the rows, and what is dubious about them.
    fn own_notes(&self, rows: usize) -> Vec<String> {
        let mut notes = Vec::new();
        let missing: u64 = self.tallies.iter().map(|tally| tally.missing).sum();
        let drops = self.options.missing == Missing::Drop && self.options.fill.is_none();
        if missing > 0 && !drops {
            let with = self
                .tallies
                .iter()
                .enumerate()
                .filter(|(_, tally)| tally.missing > 0);
            let names: Vec<&str> = with.map(|(input, _)| self.input_name(input)).collect();
            let how = match (&self.options.fill, self.options.missing) {
                (_, Missing::Zero) => "0",
                // Which rows' means, the division into rows for training and others decides.
                (None, _) => "means",
                (Some(_), _) => "the means of the training rows",
            };
            let cells = counted(missing as usize, "missing cell was", "missing cells were");
            notes.push(format!(
                "{cells} filled with {how}, in {}",
                list_shortly(&names)
            ));
        }
        notes.extend(self.bad.note(rows + self.dropped));
        if self.dropped > 0 {
            notes.push(format!(
                "{} left out for missing cells, {} left",
                counted(self.dropped, "row was", "rows were"),
                counted(rows, "row is", "rows are")
            ));
        }
        let counts = |tally: &Tally| tally.is_counting && rows > 2;
        let counting = self
            .tallies
            .iter()
            .enumerate()
            .filter(|(_, tally)| counts(tally));
        let names = counting.map(|(input, _)| self.input_name(input));
        let counting: Vec<&str> = names.filter(|name| !is_unnamed(name)).collect();
        if !counting.is_empty() && self.options.model_columns.is_none() {
            notes.push(counts_up(&counting));
        }
        notes
    }

    /// All columns of the file, with what is known of them.
    fn schema(&self) -> Vec<Column> {
        let mut missing: HashMap<usize, u64> = HashMap::new();
        for (&place, tally) in self.roles.inputs.iter().zip(&self.tallies) {
            missing.insert(place, tally.missing);
        }
        let roles = self.roles.all(self.columns.len());
        let columns = self.columns.iter().zip(roles).enumerate();
        columns
            .map(|(place, (column, role))| Column {
                name: column.name.clone(),
                kind: column.kind,
                role,
                unit: column.unit.clone(),
                missing: missing.get(&place).copied().unwrap_or_default(),
                rows: self.read,
            })
            .collect()
    }
}

impl Tally {
    /// Adds the cells of a block; rows with a missing one are no longer kept, where that is asked for.
    fn add(&mut self, cells: &Cells, place: &Place, is_kept: Option<&mut Vec<bool>>) {
        let mut missing = Vec::new();
        match cells {
            Cells::Integers(values, gaps) => {
                self.count_up(values, has_gaps(gaps));
                self.add_values(values, gaps.as_deref(), &mut missing);
            }
            Cells::Unsigned(values, gaps) => {
                self.is_counting = false;
                self.add_values(values, gaps.as_deref(), &mut missing);
            }
            Cells::Floats(values) => {
                self.is_counting = false;
                self.add_values(values, None, &mut missing);
            }
            Cells::Floats32(values) => {
                self.is_counting = false;
                self.add_values(values, None, &mut missing);
            }
            Cells::Texts(_) => {}
        }
        self.missing += missing.len() as u64;
        if let (None, Some(&row)) = (&self.first, missing.first()) {
            self.first = Some(place.of(row));
        }
        if let Some(is_kept) = is_kept {
            for row in missing {
                is_kept[row] = false;
            }
        }
    }

    fn add_values(
        &mut self,
        values: &[impl Number],
        gaps: Option<&[bool]>,
        missing: &mut Vec<usize>,
    ) {
        let mut shift = self.shift;
        let (mut sum, mut count) = (0.0, 0);
        for (row, value) in values.iter().enumerate() {
            if value.to_f64().is_nan() || gaps.is_some_and(|gaps| gaps[row]) {
                missing.push(row);
                continue;
            }
            sum += value.minus(*shift.get_or_insert(value.to_f64()));
            count += 1;
        }
        self.shift = shift;
        self.sum += sum;
        self.count += count;
    }

    fn count_up(&mut self, values: &[i64], has_gaps: bool) {
        let Some(&first) = values.first() else { return };
        let (start, before) = *self.counting.get_or_insert((first, 0));
        let is =
            |(row, &value): (usize, &i64)| value.checked_sub(start) == Some(before + row as i64);
        self.is_counting &= !has_gaps && values.iter().enumerate().all(is);
        self.counting = Some((start, before + values.len() as i64));
    }

    fn mean(&self) -> f64 {
        self.shift.unwrap_or_default() + self.sum / self.count.max(1) as f64
    }
}

/// Words by number, in the order in which they came.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, usize>,
    words: Vec<String>,
    rows: Vec<u32>,
}

impl Words {
    fn push(&mut self, word: &str) {
        let number = match self.numbers.get(word) {
            Some(&number) => number,
            None => {
                let number = self.words.len();
                self.numbers.insert(word.to_string(), number);
                self.words.push(word.to_string());
                number
            }
        };
        self.rows.push(number as u32);
    }

    /// The words as whole numbers, if all are such.
    fn as_numbers(&self) -> Option<Vec<i64>> {
        self.words.iter().map(|word| number_of(word)).collect()
    }

    /// What is said where a word with a 0 at its beginning becomes the class of another.
    fn same_class(&self) -> Option<String> {
        let numbers = self.as_numbers()?;
        let all = self.words.iter().zip(&numbers);
        let (zero, class) = all.clone().find(|(word, _)| has_leading_zero(word))?;
        let (other, _) = all
            .into_iter()
            .find(|(word, number)| *number == class && *word != zero)?;
        Some(format!(
            "labels are whole numbers: `{zero}` becomes class {class}, the same class as `{other}`"
        ))
    }

    /// Labels and what they stand for; whole numbers stand for themselves.
    fn labels(self) -> (Vec<i64>, Vec<String>) {
        if let Some(numbers) = self.as_numbers() {
            let label = |&row: &u32| numbers.get(row as usize).copied().unwrap_or_default();
            return (self.rows.iter().map(label).collect(), Vec::new());
        }
        let mut names = self.words.clone();
        names.sort();
        let place = |word| names.binary_search(word).unwrap_or_default() as i64;
        let places: Vec<i64> = self.words.iter().map(place).collect();
        let label = |&row: &u32| places.get(row as usize).copied().unwrap_or_default();
        (self.rows.iter().map(label).collect(), names)
    }
}

/// A word as a whole number. With a point too, as pandas writes integers of a column that once had a hole.
fn number_of(word: &str) -> Option<i64> {
    word.parse().ok().or_else(|| whole(word.parse().ok()?))
}

/// A word as the whole number that it is, as labels are written.
fn as_number(word: &str) -> String {
    number_of(word).map_or_else(|| word.to_string(), |number| number.to_string())
}

#[cfg(test)]
mod tests;
