//! Descriptions of a table and of its columns.

use super::super::column::{FileColumn, FileColumns};
use super::super::roles::is_unnamed;
use super::super::schema::{ColumnKind, Role};
use super::super::unreadable::Unreadable;
use super::column::{ColumnTally, Counted};
use super::fate::Fate;
use crate::advice::Action;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// The number of most frequent values that a description lists.
const FREQUENT: usize = 50;

/// The description of a table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TableInfo {
    /// The name of the table in messages.
    pub name: String,
    /// The number of rows.
    pub rows: u64,
    /// The syntax with which the table was read, such as `semicolons, decimal commas, header on line 3`.
    pub how: Option<String>,
    /// Notes on what was found and left out during reading, in sentences.
    pub notes: Vec<String>,
    /// The reasons why training would refuse the table with these options, in sentences; empty if it would not.
    pub refusals: Vec<String>,
    /// Remarks, in sentences.
    pub remarks: Vec<String>,
    /// What trains on the table, with all settings that this takes; none if nothing can be trained on.
    pub training: Option<Action>,
    /// Which of these settings are guesses, and why, in sentences.
    pub suggestions: Vec<String>,
    pub(super) seen: SeenColumns,
}

/// The columns of a table, as they were read.
#[derive(Clone, Debug)]
pub(super) struct SeenColumns {
    pub(super) rows: u64,
    pub(super) columns: FileColumns,
    pub(super) fates: Vec<Fate>,
    /// For each column its cells.
    pub(super) tallies: Vec<ColumnTally>,
    pub(super) facts: Vec<Facts>,
    /// The unreadable cells of the columns that have some.
    pub(super) unreadable: HashMap<usize, Unreadable>,
}

/// What the remarks need of every column. The cells of all columns are counted only once for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    distinct: u32,
    are_scalable: bool,
    /// Whether one value is far from all others.
    has_outlier: bool,
    /// Whether float32 merges distinct values.
    is_merged: bool,
}

impl Facts {
    pub(super) fn of(tally: &ColumnTally) -> Facts {
        let counted = tally.counted();
        let numbers = &counted.numbers;
        Facts {
            distinct: counted.distinct().0 as u32,
            are_scalable: numbers.are_scalable(),
            has_outlier: numbers.outlier().is_some(),
            is_merged: numbers.is_merged(),
        }
    }
}

/// The description of a column of a table. It refers to the description of the table.
#[derive(Clone, Copy)]
pub struct ColumnInfo<'a> {
    seen: &'a SeenColumns,
    place: usize,
}

/// The numbers of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumbersInfo {
    /// The smallest and the largest value.
    pub range: (f64, f64),
    /// The same exactly, if all are whole numbers.
    pub whole: Option<(i128, i128)>,
    /// The mean.
    pub mean: f64,
    /// The standard deviation (of the population).
    pub std: f64,
    /// Whether training can scale them. Values beyond about 1e150, and values that differ by less than about 1e-160,
    /// have squares that are not numbers in float64.
    pub are_scalable: bool,
}

/// What trains, as one line.
pub(super) fn line(training: Option<&Action>) -> Option<String> {
    training.map(|action| format!("{action:#}"))
}

impl<'a> ColumnInfo<'a> {
    fn column(self) -> &'a FileColumn {
        &self.seen.columns[self.place]
    }

    fn tally(self) -> &'a ColumnTally {
        &self.seen.tallies[self.place]
    }

    fn facts(self) -> Facts {
        self.seen.facts[self.place]
    }

    /// Its unreadable cells, if it has some.
    fn bad(self) -> Option<&'a Unreadable> {
        self.seen.unreadable.get(&self.place)
    }

    /// Its name in the file.
    pub fn name(self) -> &'a str {
        &self.column().name
    }

    /// The type of its cells.
    pub fn kind(self) -> ColumnKind {
        self.column().kind
    }

    /// Its unit, from its cells or from a line of units below the header.
    pub fn unit(self) -> Option<&'a str> {
        self.column().unit.as_deref().map(String::as_str)
    }

    /// Its role in training, with these options.
    pub fn role(self) -> Role {
        self.fate().role()
    }

    /// The reason if it is left out.
    pub fn reason(self) -> Option<String> {
        self.fate().reason(self.kind())
    }

    /// The number of cells that are present and can be read.
    pub fn present(self) -> u64 {
        self.tally().present()
    }

    /// The number of missing cells.
    pub fn missing(self) -> u64 {
        match self.kind() {
            ColumnKind::Empty => self.seen.rows,
            _ => self.tally().gaps().saturating_sub(self.unreadable()),
        }
    }

    /// The number of cells that are present but cannot be read as the type of the column.
    pub fn unreadable(self) -> u64 {
        self.bad().map_or(0, Unreadable::count)
    }

    /// The first unreadable cells, each with its place.
    pub fn examples(self) -> Vec<String> {
        self.bad().map(Unreadable::examples).unwrap_or_default()
    }

    /// The number of distinct values; `None` for columns that are not read.
    pub fn distinct(self) -> Option<usize> {
        let is_read = self.kind() != ColumnKind::Other;
        is_read.then_some(self.facts().distinct as usize)
    }

    /// Whether there are more distinct values than were counted.
    pub fn has_more(self) -> bool {
        !self.tally().has_all()
    }

    /// The statistics of its numbers; `None` for other columns.
    pub fn numbers(self) -> Option<NumbersInfo> {
        let counted = self.counted();
        let numbers = &counted.numbers;
        numbers.range().map(|range| NumbersInfo {
            range,
            whole: numbers.whole_range(),
            mean: numbers.mean(),
            std: numbers.std(),
            are_scalable: self.are_scalable(),
        })
    }

    /// The first and the last day, for dates that begin with a year.
    pub fn days(self) -> Option<(String, String)> {
        self.counted().words.days()
    }

    /// The most frequent of the counted values, with their counts.
    pub fn frequent(self) -> Vec<(String, u64)> {
        self.counted().most_frequent(FREQUENT)
    }

    /// Whether its whole numbers increase by one from row to row.
    pub fn counts_up(self) -> bool {
        self.tally().counts_up()
    }

    /// Whether all present cells have the same value.
    pub fn is_constant(self) -> bool {
        self.distinct() == Some(1) && !self.has_more() && self.unreadable() == 0
    }

    /// Its name in quotes, or words for a missing name.
    pub(super) fn quoted(self) -> String {
        match self.name() {
            "" => "the column without a name".to_string(),
            name => format!("`{name}`"),
        }
    }

    pub(super) fn is_unnamed(self) -> bool {
        is_unnamed(self.name())
    }

    pub(super) fn fate(self) -> Fate {
        self.seen.fates[self.place]
    }

    /// Whether it has numbers.
    pub(super) fn has_numbers(self) -> bool {
        self.tally().has_numbers()
    }

    /// Whether training can scale its numbers.
    pub(super) fn are_scalable(self) -> bool {
        self.facts().are_scalable
    }

    pub(super) fn has_outlier(self) -> bool {
        self.facts().has_outlier
    }

    /// Whether float32 merges some of its distinct values.
    pub(super) fn is_merged(self) -> bool {
        self.facts().is_merged
    }

    /// The problems of its unreadable cells, in a sentence.
    pub(super) fn problems(self) -> String {
        self.bad().map(Unreadable::sentence).unwrap_or_default()
    }

    /// The counts of its cells.
    pub(super) fn counted(self) -> Cow<'a, Counted> {
        self.tally().counted()
    }

    fn to_json(self) -> Value {
        let whole = |number: i128| match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => json!(number),
            (_, Ok(number)) => json!(number),
            _ => json!(number as f64),
        };
        let numbers = self.numbers();
        let (low, high) = match numbers {
            None => (Value::Null, Value::Null),
            Some(numbers) => match numbers.whole {
                Some((low, high)) => (whole(low), whole(high)),
                None => (json!(numbers.range.0), json!(numbers.range.1)),
            },
        };
        let frequent = self.frequent();
        let frequent: Vec<Value> = frequent
            .iter()
            .map(|(value, count)| json!({ "value": value, "rows": count }))
            .collect();
        let days = self.days();
        json!({
            "name": self.name(), "kind": self.kind(), "unit": self.unit(), "role": self.role(),
            "left_out": self.reason(), "present": self.present(), "missing": self.missing(),
            "unreadable": self.unreadable(), "unreadable_examples": self.examples(),
            "distinct": self.distinct(), "has_more_distinct": self.has_more(), "min": low, "max": high,
            "mean": numbers.map(|numbers| numbers.mean), "std": numbers.map(|numbers| numbers.std),
            "first_day": days.as_ref().map(|days| &days.0), "last_day": days.as_ref().map(|days| &days.1),
            "frequent": frequent, "counts_up": self.counts_up(),
        })
    }
}

impl fmt::Debug for ColumnInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("ColumnInfo");
        told.field("name", &self.name()).field("kind", &self.kind());
        told.field("role", &self.role()).finish_non_exhaustive()
    }
}

impl TableInfo {
    /// All columns, in the order of the file.
    pub fn columns(
        &self,
    ) -> impl ExactSizeIterator<Item = ColumnInfo<'_>> + DoubleEndedIterator + Clone {
        let seen = &self.seen;
        (0..seen.columns.len()).map(|place| ColumnInfo { seen, place })
    }

    /// The columns of a role.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = ColumnInfo<'_>> + Clone {
        self.columns().filter(move |column| column.role() == role)
    }

    /// As a JSON object. To write a table of very many columns, serialize the description itself: the object takes much
    /// more memory.
    pub fn to_json(&self) -> Value {
        json!(self)
    }
}

impl Serialize for TableInfo {
    /// In the order of the object's keys.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(9))?;
        map.serialize_entry("columns", &AllColumns(self))?;
        map.serialize_entry("command", &line(self.training.as_ref()))?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("notes", &self.notes)?;
        map.serialize_entry("read_as", &self.how)?;
        map.serialize_entry("refusals", &self.refusals)?;
        map.serialize_entry("remarks", &self.remarks)?;
        map.serialize_entry("rows", &self.rows)?;
        map.serialize_entry("suggestions", &self.suggestions)?;
        map.end()
    }
}

/// The columns, of which one at a time becomes an object.
struct AllColumns<'a>(&'a TableInfo);

impl Serialize for AllColumns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.columns().map(ColumnInfo::to_json))
    }
}
