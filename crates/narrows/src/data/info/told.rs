//! Descriptions of a table and of its columns.

use super::super::roles::is_unnamed;
use super::super::schema::{ColumnKind, Role};
use super::super::unreadable::Unreadable;
use super::column::ColumnTally;
use crate::advice::Action;
use serde_json::{Value, json};

/// The description of a table.
#[derive(Clone, Debug, PartialEq)]
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
    /// All columns, in the order of the file.
    pub columns: Vec<ColumnInfo>,
    /// The reasons why training would refuse the table with these options, in sentences; empty if it would not.
    pub refusals: Vec<String>,
    /// Remarks, in sentences.
    pub remarks: Vec<String>,
    /// What trains on the table, with all settings that this takes; none if nothing can be trained on.
    pub training: Option<Action>,
    /// Which of these settings are guesses, and why, in sentences.
    pub suggestions: Vec<String>,
}

/// The description of a column of a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// Its name in the file.
    pub name: String,
    /// The type of its cells.
    pub kind: ColumnKind,
    /// Its unit, from its cells or from a line of units below the header.
    pub unit: Option<String>,
    /// Its role in training, with these options.
    pub role: Role,
    /// The reason if it is left out.
    pub reason: Option<String>,
    /// The number of cells that are present and can be read.
    pub present: u64,
    /// The number of missing cells.
    pub missing: u64,
    /// The number of cells that are present but cannot be read as the type of the column.
    pub unreadable: u64,
    /// The first unreadable cells, each with its place.
    pub examples: Vec<String>,
    /// The number of distinct values; `None` for columns that are not read.
    pub distinct: Option<usize>,
    /// Whether there are more distinct values than were counted.
    pub has_more: bool,
    /// The statistics of its numbers; `None` for other columns.
    pub numbers: Option<NumbersInfo>,
    /// The first and the last day, for dates that begin with a year.
    pub days: Option<(String, String)>,
    /// The most frequent of the counted values, with their counts.
    pub frequent: Vec<(String, u64)>,
    /// Whether its whole numbers increase by one from row to row.
    pub counts_up: bool,
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

/// The statistics of a column.
pub(super) struct Seen {
    pub(super) tally: ColumnTally,
    pub(super) unreadable: Unreadable,
}

impl Seen {
    pub(super) fn new(limit: usize) -> Self {
        Seen {
            tally: ColumnTally::new(limit),
            unreadable: Unreadable::default(),
        }
    }
}

impl ColumnInfo {
    /// Whether all present cells have the same value.
    pub fn is_constant(&self) -> bool {
        self.distinct == Some(1) && !self.has_more && self.unreadable == 0
    }

    /// Its name in quotes, or words for a missing name.
    pub(super) fn quoted(&self) -> String {
        match self.name.as_str() {
            "" => "the column without a name".to_string(),
            name => format!("`{name}`"),
        }
    }

    pub(super) fn is_unnamed(&self) -> bool {
        is_unnamed(&self.name)
    }

    fn to_json(&self) -> Value {
        let whole = |number: i128| match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => json!(number),
            (_, Ok(number)) => json!(number),
            _ => json!(number as f64),
        };
        let (low, high) = match self.numbers {
            None => (Value::Null, Value::Null),
            Some(numbers) => match numbers.whole {
                Some((low, high)) => (whole(low), whole(high)),
                None => (json!(numbers.range.0), json!(numbers.range.1)),
            },
        };
        let frequent = self.frequent.iter();
        let frequent: Vec<Value> = frequent
            .map(|(value, count)| json!({ "value": value, "rows": count }))
            .collect();
        json!({
            "name": self.name, "kind": self.kind, "unit": self.unit, "role": self.role,
            "left_out": self.reason, "present": self.present, "missing": self.missing,
            "unreadable": self.unreadable, "unreadable_examples": self.examples,
            "distinct": self.distinct, "has_more_distinct": self.has_more, "min": low, "max": high,
            "mean": self.numbers.map(|numbers| numbers.mean), "std": self.numbers.map(|numbers| numbers.std),
            "first_day": self.days.as_ref().map(|days| &days.0),
            "last_day": self.days.as_ref().map(|days| &days.1),
            "frequent": frequent, "counts_up": self.counts_up,
        })
    }
}

impl TableInfo {
    /// The columns of a role.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &ColumnInfo> {
        self.columns
            .iter()
            .filter(move |column| column.role == role)
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Value {
        let columns: Vec<Value> = self.columns.iter().map(ColumnInfo::to_json).collect();
        json!({
            "name": self.name, "rows": self.rows, "read_as": self.how, "notes": self.notes,
            "columns": columns, "refusals": self.refusals, "remarks": self.remarks,
            "command": line(self.training.as_ref()), "suggestions": self.suggestions,
        })
    }
}
