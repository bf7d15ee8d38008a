//! The description of a table, even if training would refuse it: each column, and its problems.

use super::super::column::{As, Bad, FileColumns, TableReader, Verdict};
use super::super::options::{Missing, OnBad, ReadOptions};
use super::super::roles::{Roles, check_names};
use super::super::schema::ColumnKind;
use super::super::table::find_indexes;
use super::super::unreadable::Unreadable;
use super::column::{ColumnTally, distinct_limit};
use super::fate::Fate;
use super::told::{Facts, SeenColumns, TableInfo};
use super::words::shortened;
use super::{command, remarks};
use crate::advice::{Setting, set, setting};
use crate::text::{count_of, counted};
use crate::{Error, ErrorKind, Result};
use std::collections::{HashMap, HashSet};

/// The number of faults that are listed; many files may have many.
const FAULTS: usize = 12;

/// How often a reader may report during reading that its columns have changed.
const READINGS: usize = 24;

/// All cells of a table, counted.
struct CountedTable {
    rows: u64,
    /// The number of rows without a missing input.
    complete: u64,
    /// The number of bad rows that are left out, if they are not refused.
    bad: u64,
    tallies: Vec<ColumnTally>,
    unreadable: HashMap<usize, Unreadable>,
}

/// Reads all cells of a table once; `specs` name the table in the suggested command line.
pub(super) fn describe(
    reader: &mut dyn TableReader,
    specs: &[String],
    options: &ReadOptions,
) -> Result<TableInfo> {
    let CountedTable {
        rows,
        complete,
        bad,
        tallies,
        unreadable,
    } = see(reader, options)?;
    let columns = FileColumns::clone(reader.columns());
    let with_lists = options.with_lists(&reader.lists());
    check_names(&columns, &with_lists)?;
    let indexes = find_indexes(reader, options)?;
    let seen = SeenColumns {
        rows,
        fates: Fate::all(&columns, &indexes, &with_lists),
        columns,
        facts: tallies.iter().map(Facts::of).collect(),
        tallies,
        unreadable,
    };
    let mut info = TableInfo {
        name: reader.name().to_string(),
        rows,
        how: reader.how(),
        notes: notes(reader, options),
        refusals: Vec::new(),
        remarks: Vec::new(),
        training: None,
        suggestions: Vec::new(),
        seen,
    };
    if options.missing == Some(Missing::Drop) && complete < rows {
        info.notes.push(format!(
            "{} leaves out {} with missing cells: {}",
            set(Setting::Missing, "drop"),
            count_of((rows - complete) as usize, "row"),
            counted(complete as usize, "row remains", "rows remain")
        ));
    }
    if bad > 0 {
        let count = count_of(bad as usize, "row");
        info.notes.push(format!(
            "{} leaves out {count} with unreadable or missing cells, or with a wrong number of cells: {}",
            set(Setting::OnBad, "drop"),
            counted((rows - bad) as usize, "row remains", "rows remain")
        ));
    }
    info.refusals = remarks::refusals(&info, options);
    if let (Err(error), true) = (
        Roles::choose(reader.columns(), &indexes, &with_lists),
        info.refusals.is_empty(),
    ) {
        info.refusals.push(error.to_string());
    }
    info.remarks = remarks::remarks(&info, options);
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

/// Notes on what was found and left out; with `--classes` also the note that all rows are described.
fn notes(reader: &dyn TableReader, options: &ReadOptions) -> Vec<String> {
    let mut notes = reader.notes();
    if !options.classes.is_empty() {
        notes.push(format!(
            "all rows are described; in training, {} selects some of them",
            setting(Setting::Classes)
        ));
    }
    notes
}

/// Reads all readable columns, each in its own type.
fn see(reader: &mut dyn TableReader, options: &ReadOptions) -> Result<CountedTable> {
    let ids: HashSet<&str> = options.ids.iter().map(String::as_str).collect();
    let is_label = |name: &str| options.label.as_deref() == Some(name);
    for _ in 0..READINGS {
        let columns = FileColumns::clone(reader.columns());
        let limit = distinct_limit(columns.len());
        let mut wanted: Vec<(usize, As)> = Vec::with_capacity(columns.len());
        wanted.extend(columns.iter().enumerate().filter_map(|(place, column)| {
            let how = match column.kind {
                ColumnKind::Other | ColumnKind::Empty => return None,
                // An id keeps its text in the file, and a label its words.
                _ if ids.contains(&*column.name) => As::Written,
                ColumnKind::Boolean if is_label(&column.name) => As::Texts,
                // Words are more informative than 1 and 0; both are counted.
                kind if kind.is_numeric() => As::Numbers,
                _ => As::Texts,
            };
            Some((place, how))
        }));
        // For each column that is read.
        let mut tallies: Vec<ColumnTally> = Vec::new();
        let mut unreadable: HashMap<usize, Unreadable> = HashMap::new();
        let roles = Fate::all(&columns, &[], options);
        let is_input = |place: usize| roles.get(place) == Some(&Fate::Input);
        let (mut rows, mut complete, mut bad) = (0, 0, 0);
        let verdict = reader.read(&wanted, &mut |block| {
            rows += block.rows as u64;
            let (block, odd) = block.without_odd();
            let is_complete = |row: &usize| {
                let mut inputs = block.columns.iter().zip(&wanted);
                !inputs.any(|(cells, (place, _))| is_input(*place) && cells.is_missing(*row))
            };
            complete += match options.missing_or_refuse() {
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
            for bad in &block.bad {
                let place = wanted.get(bad.column).map_or(usize::MAX, |wanted| wanted.0);
                if let Some(column) = columns.get(place) {
                    let shown =
                        || format!("{} \"{}\"", block.place.of(bad.row), shortened(&bad.text));
                    let cells = unreadable.entry(place).or_default();
                    cells.add(&bad.text, column, shown);
                }
            }
            if tallies.is_empty() {
                // They take the place of the cells in memory.
                let first = block.columns.into_iter();
                tallies = first.map(|cells| ColumnTally::of(cells, limit)).collect();
            } else {
                for (tally, cells) in tallies.iter_mut().zip(block.columns) {
                    tally.add(cells, limit);
                }
            }
            Ok(())
        })?;
        if verdict == Verdict::Done {
            return Ok(CountedTable {
                rows,
                complete,
                bad,
                tallies: of_all(columns.len(), &wanted, tallies),
                unreadable,
            });
        }
    }
    Err(Error::new(
        ErrorKind::Format,
        "the columns changed while the file was read",
    )
    .at(reader.name())
    .hint("wait until nothing writes to the file"))
}

/// The tallies of all columns; the columns that are not read have empty ones.
fn of_all(
    columns: usize,
    wanted: &[(usize, As)],
    mut tallies: Vec<ColumnTally>,
) -> Vec<ColumnTally> {
    tallies.resize_with(columns, ColumnTally::default);
    // From the last one on, each moves up to the place of its column.
    for (at, &(place, _)) in wanted.iter().enumerate().rev() {
        tallies.swap(at, place);
    }
    tallies.shrink_to_fit();
    tallies
}
