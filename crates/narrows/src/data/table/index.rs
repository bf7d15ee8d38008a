//! Row indexes that tools such as pandas add as columns.

use super::tally::has_gaps;
use crate::advice::{Setting, set, setting};
use crate::data::column::{As, Cells, TableReader};
use crate::data::options::ReadOptions;
use crate::data::roles::{Index, IndexKind, is_first, is_stored_index, may_be_index};
use crate::data::schema::ColumnKind;
use crate::text::{count_of, list_shortly};
use crate::{Error, ErrorKind, Result};
use std::collections::HashSet;

/// The columns that tools such as pandas add as row indexes, found from the first rows.
pub(in crate::data) fn find_indexes(
    reader: &mut dyn TableReader,
    options: &ReadOptions,
) -> Result<Vec<Index>> {
    if options.model_columns.is_some() || !options.columns.is_empty() {
        return Ok(Vec::new());
    }
    let mut indexes = Vec::new();
    let mut may_count = Vec::new();
    let mut firsts = HashSet::new();
    for (place, column) in reader.columns().iter().enumerate() {
        if is_stored_index(&column.name) && column.kind.is_numeric() {
            let kind = IndexKind::Stored;
            indexes.push(Index { place, kind });
        } else if may_be_index(&column.name) && column.kind == ColumnKind::Integer {
            may_count.push(place);
            if is_first(&column.name, place) {
                firsts.insert(place);
            }
        }
    }
    first_block(reader, &may_count, As::Numbers, |place, cells| {
        if let Cells::Integers(values, gaps) = cells
            && !has_gaps(gaps)
            && let Some(kind) = IndexKind::of(values, firsts.contains(&place))
        {
            indexes.push(Index { place, kind });
        }
    })?;
    Ok(indexes)
}

/// The note on inputs that increase by one from row to row.
pub(in crate::data) fn counts_up(names: &[&str]) -> String {
    let list = list_shortly(names);
    match names {
        [name] => format!(
            "{list} increases by 1 in each row: it may be a row number ({} keeps it beside the rows, the model \
             does not learn from it)",
            set(Setting::Ids, name)
        ),
        _ => format!(
            "{} increase by 1 in each row: {list}; they may be row numbers ({} keeps them beside the rows, the model does not learn from them)",
            count_of(names.len(), "column"),
            setting(Setting::Ids)
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
