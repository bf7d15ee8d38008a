//! What is known of a table and of its columns.

use super::super::roles::is_unnamed;
use super::super::schema::{ColumnKind, Role};
use super::super::unreadable::Unreadable;
use super::column::ColumnTally;
use crate::advice::Action;
use serde_json::{Value, json};

/// What is known of a table at a glance.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TableInfo {
    /// What messages call the table.
    pub name: String,
    /// The number of rows.
    pub rows: u64,
    /// How the table was read, such as `semicolons, decimal commas, header on line 3`.
    pub how: Option<String>,
    /// What was found and left out while it was read, in sentences.
    pub notes: Vec<String>,
    /// All columns, in the order of the file.
    pub columns: Vec<ColumnInfo>,
    /// Why training would refuse the table with these options, in sentences; empty if it would not.
    pub refusals: Vec<String>,
    /// What to look at besides, in sentences.
    pub remarks: Vec<String>,
    /// What trains on the table, with all settings that this takes; none if nothing can be trained on.
    pub training: Option<Action>,
    /// Which of these settings are guesses, and why, in sentences.
    pub suggestions: Vec<String>,
}

/// A column of a table at a glance.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// Its name in the file.
    pub name: String,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// Its unit, from its cells or from a line of units below the header.
    pub unit: Option<String>,
    /// Its role in training, with these options.
    pub role: Role,
    /// Why it is left out, if it is.
    pub reason: Option<String>,
    /// The cells that are present and can be read.
    pub present: u64,
    /// The cells that are missing.
    pub missing: u64,
    /// The cells that are present and cannot be read as the kind of the column.
    pub unreadable: u64,
    /// The first of them, each with its place.
    pub examples: Vec<String>,
    /// The distinct values; none for what is not read.
    pub distinct: Option<usize>,
    /// Whether there are more distinct values than were counted.
    pub has_more: bool,
    /// What is known of numbers; none for other columns.
    pub numbers: Option<NumbersInfo>,
    /// The first and the last day of dates that begin with a year.
    pub days: Option<(String, String)>,
    /// The most frequent values that were counted with their counts.
    pub frequent: Vec<(String, u64)>,
    /// Whether its whole numbers count up by one from row to row.
    pub counts_up: bool,
}

/// The numbers of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumbersInfo {
    /// The smallest and the largest.
    pub range: (f64, f64),
    /// The same exactly, where all are whole numbers.
    pub whole: Option<(i128, i128)>,
    /// The mean.
    pub mean: f64,
    /// The std (of the population).
    pub std: f64,
}

/// What trains, as one line.
pub(super) fn line(training: Option<&Action>) -> Option<String> {
    training.map(|action| format!("{action:#}"))
}

/// What was counted of a column.
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
    /// Whether all cells that are there have the same value.
    pub fn is_constant(&self) -> bool {
        self.distinct == Some(1) && !self.has_more && self.unreadable == 0
    }

    /// Its name in quotes, or that it has none.
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
