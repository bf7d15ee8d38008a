//! Decides whether a text table begins with the names of its columns.

use super::sample::TextRow;
use super::sort::Sort;
use std::borrow::Cow;

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
    if !has_value && counts_up(first, &firsts, below) {
        return perhaps(true);
    }
    let has_words = firsts.contains(&Sort::Word);
    if !has_words {
        // Numbers, dates and missing cells are not names, unless they count up.
        let is_certain = firsts.iter().any(|sort| *sort != Sort::Number);
        return TextHeader {
            is_there: false,
            is_certain,
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

/// Whether the numbers of the first row count up by one, as generated names and years do, while those of most rows
/// below do not. After a word they may count in larger steps, as decades and wavelengths do.
fn counts_up(first: &[Cow<'_, str>], sorts: &[Sort], below: &[&TextRow<'_>]) -> bool {
    let has_words = sorts
        .iter()
        .any(|sort| !matches!(sort, Sort::Number | Sort::Missing));
    let counts = |row: &[Cow<'_, str>]| {
        let numbers: Vec<i64> = row.iter().filter_map(|cell| cell.parse().ok()).collect();
        let step = match numbers.as_slice() {
            [a, b, ..] if sorts.contains(&Sort::Word) => b.saturating_sub(*a).max(1),
            _ => 1,
        };
        let is_counting = numbers.windows(2).all(|pair| match pair {
            [a, b] => a.checked_add(step) == Some(*b),
            _ => true,
        });
        (numbers.len(), is_counting)
    };
    let (numbers, is_counting) = counts(first);
    let all_numbers = sorts.iter().filter(|sort| **sort == Sort::Number).count();
    let least = if has_words { 3 } else { 2 };
    if !is_counting || numbers < least || numbers != all_numbers {
        return false;
    }
    let is_likewise = |row: &&&TextRow<'_>| counts(row) == (numbers, true);
    let likewise = below.iter().filter(is_likewise).count();
    let is_next_likewise = below.first().is_some_and(|row| is_likewise(&row));
    let has_name = sorts.contains(&Sort::Word);
    !below.is_empty() && 2 * likewise <= below.len() && (has_name || !is_next_likewise)
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
pub(super) fn bare_unit(cell: &str) -> Option<String> {
    let bare = cell
        .trim_matches(|c| matches!(c, '[' | ']' | '(' | ')'))
        .trim();
    let is_unit = !bare.is_empty() && bare != "-";
    is_unit.then(|| bare.to_string())
}
