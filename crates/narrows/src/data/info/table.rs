//! The description of a table, even if training would refuse it: each column, and its problems.

use super::super::column::{As, Bad, Block, Cells, FileColumn, TableReader, Verdict};
use super::super::options::{Missing, OnBad, ReadOptions};
use super::super::roles::{Index, Roles, check_names};
use super::super::schema::{ColumnKind, Role};
use super::super::table::find_indexes;
use super::column::{distinct_limit, shortened};
use super::told::{ColumnInfo, NumbersInfo, Seen, TableInfo};
use super::{command, remarks};
use crate::advice::{Setting, set, setting};
use crate::text::{count_of, counted};
use crate::{Error, ErrorKind, Result};
use std::collections::HashSet;

/// The number of most frequent values that are kept for each column.
const FREQUENT: usize = 50;

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
    seen: Vec<Seen>,
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
        training: None,
        suggestions: Vec::new(),
        columns,
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
    let is_label = |name: &str| options.label.as_deref() == Some(name);
    let is_id = |name: &str| options.ids.iter().any(|id| id == name);
    for _ in 0..READINGS {
        let columns = reader.columns();
        let limit = distinct_limit(columns.len());
        let mut seen: Vec<Seen> = columns.iter().map(|_| Seen::new(limit)).collect();
        let places = columns.iter().enumerate().filter_map(|(place, column)| {
            let how = match column.kind {
                ColumnKind::Other | ColumnKind::Empty => return None,
                // An id keeps its text in the file, and a label its words.
                _ if is_id(&column.name) => As::Written,
                ColumnKind::Boolean if is_label(&column.name) => As::Texts,
                // Words are more informative than 1 and 0; both are counted.
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
            add(&mut seen, &kinds, &wanted, block);
            Ok(())
        })?;
        if verdict == Verdict::Done {
            return Ok(CountedTable {
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
    .hint("wait until nothing writes to the file"))
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

/// The role of each column in training, and the reason if it is left out.
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
            _ if !options.columns.is_empty() => {
                left_out(&format!("not among {}", setting(Setting::Columns)))
            }
            _ if dropped.contains(name) => left_out(&setting(Setting::Drop).to_string()),
            kind => match indexes.iter().find(|index| index.place == place) {
                Some(index) => left_out(&format!(
                    "{} ({} includes it)",
                    index.kind.words(),
                    setting(Setting::Columns)
                )),
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
        are_scalable: tally.numbers.are_scalable(),
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
