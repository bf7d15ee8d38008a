//! A table as it is, whether it can be trained on or not: each column, and what is wrong with it.

use super::super::column::{As, Bad, Block, Cells, FileColumn, TableReader, Verdict};
use super::super::options::{Missing, OnBad, ReadOptions};
use super::super::roles::{Index, Roles, check_names, is_unnamed};
use super::super::schema::{ColumnKind, Role};
use super::super::table::find_indexes;
use super::super::unreadable::Unreadable;
use super::column::{Tally, distinct_limit, shortened};
use super::{command, remarks};
use crate::text::{count_of, counted};
use crate::{Error, ErrorKind, Result};
use serde_json::{Value, json};
use std::collections::HashSet;

/// The most frequent values that are kept for each column.
const FREQUENT: usize = 50;

/// The faults that are told one by one, as many files may have.
const FAULTS: usize = 12;

/// How often a reader may find, while it reads, that its columns are others than it said.
const READINGS: usize = 24;

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
    /// A command line that trains on the table; none if nothing can be trained on.
    pub command: Option<String>,
    /// Which options of the command line are guesses, and why, in sentences.
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

/// What was counted of a column.
pub(super) struct Seen {
    pub(super) tally: Tally,
    pub(super) unreadable: Unreadable,
}

/// All cells of a table, counted.
struct Table {
    rows: u64,
    /// The rows in which no input is missing.
    complete: u64,
    /// The rows that are left out as bad, where they are not refused.
    bad: u64,
    seen: Vec<Seen>,
}

/// Looks at all cells of a table once; `specs` name it in the command line that it ends with.
pub(super) fn describe(
    reader: &mut dyn TableReader,
    specs: &[String],
    options: &ReadOptions,
) -> Result<TableInfo> {
    let Table {
        rows,
        complete,
        bad,
        seen,
    } = see(reader, options)?;
    let columns = reader.columns().to_vec();
    let with_lists = options.with_lists(&reader.lists());
    check_names(&columns, &with_lists)?;
    let indexes = find_indexes(reader, options)?;
    let fates = fates(&columns, &indexes, &with_lists);
    let columns: Vec<ColumnInfo> = columns
        .iter()
        .zip(&seen)
        .zip(fates)
        .map(|((column, seen), (role, reason))| column_info(column, seen, rows, (role, reason)))
        .collect();
    let mut info = TableInfo {
        name: reader.name().to_string(),
        rows,
        how: reader.how(),
        notes: notes(reader, options),
        refusals: Vec::new(),
        remarks: Vec::new(),
        command: None,
        suggestions: Vec::new(),
        columns,
    };
    if options.missing == Missing::Drop && complete < rows {
        info.notes.push(format!(
            "`--missing drop` leaves out {} with missing cells: {}",
            count_of((rows - complete) as usize, "row"),
            counted(complete as usize, "row remains", "rows remain")
        ));
    }
    if bad > 0 {
        let count = count_of(bad as usize, "row");
        info.notes.push(format!(
            "`--on-bad drop` leaves out {count} with unreadable or missing cells, or another number of cells: {}",
            counted((rows - bad) as usize, "row remains", "rows remain")
        ));
    }
    info.refusals = remarks::refusals(&info, &seen, options);
    if let (Err(error), true) = (
        Roles::choose(reader.columns(), &indexes, &with_lists),
        info.refusals.is_empty(),
    ) {
        info.refusals.push(error.to_string());
    }
    info.remarks = remarks::remarks(&info, &seen, options);
    let faults = reader.faults();
    let mut mended = options.clone();
    for mend in faults.iter().filter_map(|fault| fault.mend.as_ref()) {
        mend.apply(&mut mended);
    }
    command::suggest(&mut info, specs, &mended);
    command::tell_of_mends(&mut info, &faults);
    let more = faults.len().saturating_sub(FAULTS);
    let sentences = faults.into_iter().map(|fault| fault.sentence).take(FAULTS);
    let more = (more > 0).then(|| {
        let noun = counted(more, "more fault", "more faults");
        format!("{noun} of this kind")
    });
    info.refusals.splice(..0, sentences.chain(more));
    Ok(info)
}

/// What was found and left out, and that no rows were, whatever the options say.
fn notes(reader: &dyn TableReader, options: &ReadOptions) -> Vec<String> {
    let mut notes = reader.notes();
    if !options.classes.is_empty() {
        notes.push("all rows are described; `--classes` chooses among them in training".into());
    }
    notes
}

/// Reads all columns that can be read, each as it is.
fn see(reader: &mut dyn TableReader, options: &ReadOptions) -> Result<Table> {
    let is_label = |name: &str| options.label.as_deref() == Some(name);
    let is_id = |name: &str| options.ids.iter().any(|id| id == name);
    for _ in 0..READINGS {
        let columns = reader.columns();
        let limit = distinct_limit(columns.len());
        let mut seen: Vec<Seen> = columns.iter().map(|_| Seen::new(limit)).collect();
        let places = columns.iter().enumerate().filter_map(|(place, column)| {
            let how = match column.kind {
                ColumnKind::Other | ColumnKind::Empty => return None,
                // An id stays what it is in the file, and a label the words that it is there.
                _ if is_id(&column.name) => As::Written,
                ColumnKind::Boolean if is_label(&column.name) => As::Texts,
                // Words say more than 1 and 0 do; both kinds are counted.
                kind if kind.is_numeric() => As::Numbers,
                _ => As::Texts,
            };
            Some((place, how))
        });
        let wanted: Vec<(usize, As)> = places.collect();
        let roles = fates(columns, &[], options);
        let is_input = |place: usize| roles.get(place).is_some_and(|fate| fate.0 == Role::Input);
        let kinds = columns.to_vec();
        let (mut rows, mut complete, mut bad) = (0, 0, 0);
        let verdict = reader.read(&wanted, &mut |block| {
            rows += block.rows as u64;
            let (block, odd) = block.without_odd();
            let inputs = block.columns.iter().zip(&wanted);
            let inputs = inputs.filter(|(_, (place, _))| is_input(*place));
            let inputs: Vec<&Cells> = inputs.map(|(cells, _)| cells).collect();
            let is_complete = |row: &usize| !inputs.iter().any(|cells| cells.is_missing(*row));
            complete += match options.missing {
                Missing::Drop => (0..block.rows).filter(is_complete).count() as u64,
                _ => 0,
            };
            if options.on_bad != OnBad::Refuse {
                let of_input = |bad: &&Bad| {
                    let place = wanted.get(bad.column);
                    place.is_some_and(|(place, _)| is_input(*place))
                };
                let unreadable = block.bad.iter().filter(of_input).map(|bad| bad.row);
                let unreadable: HashSet<usize> = unreadable.collect();
                let is_bad = |row: &usize| {
                    let has_gap = options.is_missing_bad() && !is_complete(row);
                    has_gap || unreadable.contains(row)
                };
                bad += (odd + (0..block.rows).filter(is_bad).count()) as u64;
            }
            add(&mut seen, &kinds, &wanted, block);
            Ok(())
        })?;
        if verdict == Verdict::Done {
            return Ok(Table {
                rows,
                complete,
                bad,
                seen,
            });
        }
    }
    Err(Error::new(
        ErrorKind::Format,
        "the columns changed while the file was read",
    )
    .at(reader.name())
    .hint("wait until the file is no longer written to"))
}

fn add(seen: &mut [Seen], columns: &[FileColumn], wanted: &[(usize, As)], block: Block) {
    for (cells, &(place, _)) in block.columns.iter().zip(wanted) {
        if let Some(seen) = seen.get_mut(place) {
            seen.tally.add(cells);
        }
    }
    for bad in &block.bad {
        let place = wanted
            .get(bad.column)
            .map_or(usize::MAX, |&(place, _)| place);
        if let (Some(seen), Some(column)) = (seen.get_mut(place), columns.get(place)) {
            let shown = || format!("{} \"{}\"", block.place.of(bad.row), shortened(&bad.text));
            seen.unreadable.add(&bad.text, column, shown);
        }
    }
}

impl Seen {
    fn new(limit: usize) -> Self {
        Seen {
            tally: Tally::new(limit),
            unreadable: Unreadable::default(),
        }
    }
}

/// What each column would be in training, and why it is left out.
fn fates(
    columns: &[FileColumn],
    indexes: &[Index],
    options: &ReadOptions,
) -> Vec<(Role, Option<String>)> {
    let set = |names: &'_ [String]| -> HashSet<String> { names.iter().cloned().collect() };
    let (taken, dropped) = (set(&options.columns), set(&options.drop));
    let ids = set(&options.ids);
    let fate = |(place, column): (usize, &FileColumn)| {
        let name = column.name.as_str();
        let left_out = |why: &str| (Role::Ignored, Some(why.to_string()));
        if taken.contains(name) && options.label.as_deref() != Some(name) {
            return (Role::Input, None);
        }
        match column.kind {
            _ if options.label.as_deref() == Some(name) => (Role::Label, None),
            _ if ids.contains(name) => (Role::Id, None),
            _ if !options.columns.is_empty() => left_out("not among `--columns`"),
            _ if dropped.contains(name) => left_out("`--drop`"),
            kind => match indexes.iter().find(|index| index.place == place) {
                Some(index) => {
                    left_out(&format!("{} (`--columns` includes it)", index.kind.words()))
                }
                None if kind == ColumnKind::Empty => left_out("empty"),
                None if kind.is_numeric() => (Role::Input, None),
                None if kind == ColumnKind::Other => left_out(kind.words()),
                None => left_out(&format!("{}, not numbers", kind.words())),
            },
        }
    };
    columns.iter().enumerate().map(fate).collect()
}

fn column_info(
    column: &FileColumn,
    seen: &Seen,
    rows: u64,
    (role, reason): (Role, Option<String>),
) -> ColumnInfo {
    let tally = &seen.tally;
    let is_read = column.kind != ColumnKind::Other;
    let (distinct, is_all) = tally.distinct();
    let numbers = tally.numbers.range().map(|range| NumbersInfo {
        range,
        whole: tally.numbers.whole_range(),
        mean: tally.numbers.mean(),
        std: tally.numbers.std(),
    });
    let missing = match column.kind {
        ColumnKind::Empty => rows,
        _ => tally.gaps.saturating_sub(seen.unreadable.count()),
    };
    ColumnInfo {
        name: column.name.clone(),
        kind: column.kind,
        unit: column.unit.clone(),
        role,
        reason,
        present: tally.present,
        missing,
        unreadable: seen.unreadable.count(),
        examples: seen.unreadable.examples(),
        distinct: is_read.then_some(distinct),
        has_more: !is_all,
        numbers,
        days: tally.words.days(),
        frequent: tally.most_frequent(FREQUENT),
        counts_up: tally.counts_up(),
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
            "command": self.command, "suggestions": self.suggestions,
        })
    }
}
