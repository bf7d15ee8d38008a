//! Decides whether a text table begins with the names of its columns.

use super::sample::TextRow;
use super::sort::Sort;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::RangeInclusive;

/// Whether the first row is a header, and whether the types of the cells show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextHeader {
    pub(super) is_there: bool,
    pub(super) is_certain: bool,
}

/// Decides between a header and a row, by the rows below.
pub(super) fn tell(first: &[Cow<'_, str>], below: &[&TextRow<'_>]) -> TextHeader {
    let certainly = |is_there| TextHeader {
        is_there,
        is_certain: true,
    };
    let perhaps = |is_there| TextHeader {
        is_there,
        is_certain: false,
    };
    let firsts: Vec<Sort> = first.iter().map(|cell| Sort::of(cell)).collect();
    let sorts: Vec<Sort> = (0..first.len())
        .map(|column| below_sort(below, column))
        .collect();
    // The name of a column is not one of its values, and a time in a column of times is not a name.
    let has_value =
        (0..)
            .zip(first)
            .zip(&firsts)
            .zip(&sorts)
            .any(|(((column, cell), sort), of_column)| match sort {
                Sort::Word => below.iter().any(|row| row.get(column) == Some(cell)),
                Sort::Time | Sort::Truth => sort == of_column,
                Sort::Number | Sort::Missing => false,
            });
    let row = FirstRow {
        cells: first,
        sorts: &firsts,
        of_columns: &sorts,
    };
    if !has_value && row.counts_up(below) {
        return perhaps(true);
    }
    if !firsts.contains(&Sort::Word) {
        // Numbers and missing cells are names only if they count up; a date or a yes is a value.
        let is_value = |sort: &Sort| matches!(sort, Sort::Time | Sort::Truth);
        return TextHeader {
            is_there: false,
            is_certain: firsts.iter().any(is_value),
        };
    }
    let typed = || {
        let pairs = firsts.iter().zip(&sorts);
        pairs.filter(|(_, below)| matches!(below, Sort::Number | Sort::Truth | Sort::Time))
    };
    let (mut names, mut values) = (0, 0);
    for (first, below) in typed() {
        match first {
            Sort::Word => names += 1,
            Sort::Missing => {}
            first if first == below => values += 1,
            _ => {}
        }
    }
    match (names, values) {
        (0, 0) => perhaps(true),
        (_, 0) => certainly(true),
        (0, _) if has_value => certainly(false),
        (0, _) => perhaps(false),
        _ => perhaps(names > values),
    }
}

/// The kind of most cells of a column below the first row.
fn below_sort(below: &[&TextRow<'_>], column: usize) -> Sort {
    let mut counts = [0_usize; 5];
    for row in below {
        let sort = Sort::of(row.get(column).map_or("", AsRef::as_ref));
        if let Some(count) = counts.get_mut(sort as usize) {
            *count += 1;
        }
    }
    let [_, numbers, truths, times, words] = counts;
    let present = numbers + truths + times + words;
    if present == 0 {
        Sort::Missing
    } else if 2 * numbers >= present {
        Sort::Number
    } else if 2 * truths >= present {
        Sort::Truth
    } else if 2 * times >= present {
        Sort::Time
    } else {
        Sort::Word
    }
}

/// Numbers that are years if they stand in a row of names.
const YEARS: RangeInclusive<i64> = 1800..=2200;

/// The first row of a text, with the sorts of its cells and of the columns below.
struct FirstRow<'a, 'c> {
    cells: &'a [Cow<'c, str>],
    sorts: &'a [Sort],
    of_columns: &'a [Sort],
}

impl FirstRow<'_, '_> {
    /// Whether the numbers of the row count up by one, as generated names and years do, while those of most rows below
    /// do not. After a word, three or more numbers may count in larger steps, as decades and wavelengths do.
    fn counts_up(&self, below: &[&TextRow<'_>]) -> bool {
        let is_number = |place: &usize| self.sorts[*place] == Sort::Number;
        let places: Vec<usize> = (0..self.cells.len()).filter(is_number).collect();
        let numbers = |row: &[Cow<'_, str>]| -> Option<Vec<i64>> {
            let numbers = places.iter().map(|&place| row.get(place)?.parse().ok());
            numbers.collect()
        };
        let Some(of_first) =
            numbers(self.cells).filter(|numbers| !below.is_empty() && !numbers.is_empty())
        else {
            return false;
        };
        let has_word = self.sorts.contains(&Sort::Word);
        let step = match of_first[..] {
            [a, b, _, ..] if has_word => b.saturating_sub(a).max(1),
            _ => 1,
        };
        let counts = |numbers: &[i64]| {
            let is_next = |pair: &[i64]| matches!(pair, [a, b] if a.checked_add(step) == Some(*b));
            numbers.windows(2).all(is_next)
        };
        let are_years = |numbers: &[i64]| numbers.iter().all(|number| YEARS.contains(number));
        let has_other = |sort: &Sort| !matches!(sort, Sort::Number | Sort::Missing);
        let is_enough = match of_first[..] {
            [number] => self.has_name(below) && (number == 0 || YEARS.contains(&number)),
            [_, _] if self.sorts.iter().any(has_other) => {
                self.has_name(below) || are_years(&of_first)
            }
            _ => true,
        };
        if !is_enough || !counts(&of_first) {
            return false;
        }
        let is_likewise = |row: &&&TextRow<'_>| {
            let is = |numbers: Vec<i64>| match of_first[..] {
                // Two years in a row are also a beginning and an end.
                [_] | [_, _] if are_years(&of_first) => are_years(&numbers),
                [_] => false,
                _ => counts(&numbers),
            };
            numbers(row).is_some_and(is)
        };
        let likewise = below.iter().filter(is_likewise).count();
        let is_next_likewise = below.first().is_some_and(|row| is_likewise(&row));
        2 * likewise <= below.len() && (has_word || !is_next_likewise)
    }

    /// Whether a cell can only be a name: a word above other values, or nothing above the index of the rows, as pandas
    /// writes it.
    fn has_name(&self, below: &[&TextRow<'_>]) -> bool {
        let mut pairs = self.sorts.iter().zip(self.of_columns);
        let is_above_values = pairs.any(|(first, column)| {
            *first == Sort::Word && matches!(column, Sort::Number | Sort::Truth | Sort::Time)
        });
        is_above_values
            || (self.cells.first().is_some_and(|cell| cell.is_empty()) && are_index(below))
    }
}

/// Whether the first cells of rows are an index: rising whole numbers, or other cells that all differ.
fn are_index(rows: &[&TextRow<'_>]) -> bool {
    let firsts: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.first().map(AsRef::as_ref))
        .collect();
    let sorts: HashSet<Sort> = firsts.iter().map(|cell| Sort::of(cell)).collect();
    if sorts.contains(&Sort::Missing) {
        return false;
    }
    if sorts.contains(&Sort::Number) {
        let numbers: Option<Vec<i64>> = firsts.iter().map(|cell| cell.parse().ok()).collect();
        return numbers.is_some_and(|numbers| numbers.is_sorted_by(|a, b| a < b));
    }
    let distinct: HashSet<&str> = firsts.iter().copied().collect();
    distinct.len() == firsts.len()
}

/// Whether the row after the header has the units of the columns: a word above numbers.
pub(super) fn are_units(row: &[Cow<'_, str>], below: &[&TextRow<'_>]) -> bool {
    if below.is_empty() {
        return false;
    }
    let mut units = 0;
    let mut empty = 0;
    for (column, cell) in row.iter().enumerate() {
        match below_sort(below, column) {
            Sort::Number => {}
            // A time in a column of times, or a yes or no in a column of them, shows a row.
            sort @ (Sort::Time | Sort::Truth) if Sort::of(cell) == sort => return false,
            _ => continue,
        }
        match Sort::of(cell) {
            Sort::Word if cell.chars().count() <= 16 && !cell.contains(['!', '#']) => units += 1,
            Sort::Missing if cell.len() <= 1 => empty += 1,
            _ => return false,
        }
    }
    // One word above a single column of numbers is probably a wrong value, unless it is in brackets.
    let is_bracketed = row.iter().any(|cell| cell.starts_with(['[', '(']));
    units > empty && (units > 1 || is_bracketed || looks_like_unit(row))
}

fn looks_like_unit(row: &[Cow<'_, str>]) -> bool {
    const UNITS: [&str; 40] = [
        "%", "°C", "°F", "K", "C", "m", "cm", "mm", "km", "g", "kg", "t", "s", "ms", "min", "h",
        "d", "V", "mV", "A", "mA", "W", "kW", "kWh", "Pa", "hPa", "kPa", "bar", "mbar", "Hz",
        "kHz", "MHz", "m/s", "km/h", "rpm", "€", "$", "EUR", "USD", "N",
    ];
    row.iter().any(|cell| UNITS.contains(&cell.as_ref()))
}

/// A unit without the brackets around it.
pub(super) fn bare_unit(cell: &str) -> Option<&str> {
    let bare = cell
        .trim_matches(|c| matches!(c, '[' | ']' | '(' | ')'))
        .trim();
    let is_unit = !bare.is_empty() && bare != "-";
    is_unit.then_some(bare)
}
