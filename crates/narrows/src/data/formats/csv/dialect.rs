//! How a text of a table is written, told from its start.
//!
//! Crates that detect dialects find a separator and a quote. Decimal signs, lines of units and comments that are
//! headers need the same look at the cells, so it is done here.

use super::chunks::open_quote;
use super::header;
use super::refusal::{Refusable, Refusal};
use super::sample::{self, Record, Row, fit, records};
use super::start::Start;
use super::syntax::{Comments, Syntax};
use crate::data::column::Texts;
use crate::data::fault::Mend;
use crate::data::{ReadOptions, TextOptions};
use crate::{Error, ErrorKind, Result};

/// How a text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) syntax: Syntax,
    pub(super) comments: Comments,
    /// The names of the columns, without those of surplus cells; `None` without a header.
    pub(super) names: Option<Texts>,
    pub(super) header_line: Option<u64>,
    pub(super) units: Option<Vec<String>>,
    pub(super) units_line: Option<u64>,
    /// The columns. A row may have more cells if those behind are empty.
    pub(super) width: usize,
    /// The cells of most rows.
    pub(super) usual_width: usize,
    /// Where the first row begins: its place in the text, and its line.
    pub(super) start: usize,
    pub(super) line: u64,
    /// What was found and decided, for a person.
    pub(super) notes: Vec<String>,
}

/// A text's first line where it names the separator, as Excel writes it.
fn named_separator(text: &str) -> Option<(u8, usize)> {
    let line = text.split(['\n', '\r']).next()?;
    let rest = line
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))?;
    match line.as_bytes().get(rest.len()..)? {
        [separator] => {
            let behind = text.get(line.len()..)?;
            let end = if behind.starts_with("\r\n") {
                2
            } else {
                behind.len().min(1)
            };
            Some((*separator, line.len() + end))
        }
        _ => None,
    }
}

impl Dialect {
    /// Tells the dialect of a text from its start, which ends with a whole record.
    pub(super) fn tell(text: &str, name: &str, options: &ReadOptions) -> Refusable<Self> {
        let said = &options.text;
        let end = if text.contains('\n') || !text.contains('\r') {
            b'\n'
        } else {
            b'\r'
        };
        let (named, mut from) = match named_separator(text) {
            Some((separator, length)) => (Some(separator), length),
            None => (None, 0),
        };
        let mut line = 1 + u64::from(from > 0);
        if let Some(skip) = said.skip_lines {
            (from, line) = behind_lines(text, end, skip);
        }
        let (syntax, mut records) = choose_syntax(text, from, line, end, named, name, said)?;
        let is_single =
            said.separator.or(named.map(char::from)).is_none() && is_one_column(&records, syntax);
        let mut doubt = None;
        let syntax = match is_single {
            false => syntax,
            true => {
                doubt = doubt_of_one_column(&records);
                let syntax = Syntax {
                    separator: b';',
                    ..syntax
                };
                let comment = said.comment.as_deref().unwrap_or("#").as_bytes();
                records = sample::records(text, from, line, syntax, comment);
                syntax
            }
        };
        let rest = text.get(from..).unwrap_or_default();
        if records.is_empty() && !rest.trim().is_empty() {
            let error = open_quote(line, syntax.quote);
            let other = if syntax.quote == b'"' { '\'' } else { '"' };
            return Err(match said.quote {
                None => Refusal::mended_by(error, Mend::Quote(other)),
                Some(_) => error.into(),
            });
        }
        let start = Start {
            records,
            syntax,
            options,
            end: (text.len(), line),
        };
        let mut dialect = start.dialect()?;
        dialect.notes.extend(doubt);
        Ok(dialect)
    }
}

/// The place behind so many lines, and the line there.
fn behind_lines(text: &str, end: u8, lines: usize) -> (usize, u64) {
    let ends = memchr::memchr_iter(end, text.as_bytes());
    let place = match lines.checked_sub(1) {
        None => 0,
        Some(last) => ends.map(|at| at + 1).nth(last).unwrap_or(text.len()),
    };
    (place, lines as u64 + 1)
}

/// A character of an option as a byte.
pub(super) fn ascii(option: Option<char>, name: &str) -> Result<Option<u8>> {
    match option.map(u8::try_from) {
        None => Ok(None),
        Some(Ok(byte))
            if byte.is_ascii()
                && !byte.is_ascii_alphanumeric()
                && !matches!(byte, b'\n' | b'\r' | 0) =>
        {
            Ok(Some(byte))
        }
        Some(_) => Err(
            Error::new(ErrorKind::Data, format!("this cannot be the {name}"))
                .expected("a character of ASCII that is neither a letter nor a digit")
                .found(option.map(|c| format!("\"{c}\"")).unwrap_or_default()),
        ),
    }
}

fn choose_syntax<'a>(
    text: &'a str,
    from: usize,
    line: u64,
    end: u8,
    named: Option<u8>,
    name: &str,
    said: &TextOptions,
) -> Result<(Syntax, Vec<Record<'a>>)> {
    let separators = match ascii(said.separator, "separator")?.or(named) {
        Some(separator) => vec![separator],
        None => {
            let name = name.to_ascii_lowercase();
            match [".tsv", ".tab", ".tsv.gz"]
                .iter()
                .any(|ending| name.ends_with(ending))
            {
                true => vec![b'\t', b',', b';', b'|', b' '],
                false => vec![b',', b';', b'\t', b'|', b' '],
            }
        }
    };
    let quotes = match ascii(said.quote, "quote")? {
        Some(quote) => vec![quote],
        None if text.contains('\'') => vec![b'"', b'\''],
        None => vec![b'"'],
    };
    let comment = said.comment.as_deref().unwrap_or("#").as_bytes();
    let cut = |separator, quote| {
        let syntax = Syntax {
            separator,
            quote,
            end,
        };
        (syntax, records(text, from, line, syntax, comment))
    };
    let (mut best, mut best_fit) = (None, if separators.len() == 1 { -1.0 } else { 0.05 });
    for &separator in &separators {
        for &quote in &quotes {
            let (syntax, records) = cut(separator, quote);
            // Spaces stand within the cells of other separators too.
            let margin = if separator == b' ' && best.is_some() {
                0.3
            } else {
                0.0
            };
            let fit = fit(&records, syntax) - margin;
            let is_times = separator == b' ' && separators.len() > 1 && are_times(text, from);
            if fit > best_fit && !is_times {
                (best, best_fit) = (Some((syntax, records)), fit);
            }
        }
    }
    let first = separators.first().copied().unwrap_or(b',');
    let is_wrapped = |quote: &u8| {
        let lines = text
            .get(from..)
            .unwrap_or_default()
            .split(['\n', '\r'])
            .map(str::trim);
        let is = |line: &str| {
            line.len() > 1
                && line
                    .as_bytes()
                    .iter()
                    .take(1)
                    .chain(line.as_bytes().last())
                    .all(|byte| byte == quote)
        };
        lines.filter(|line| is(line)).count()
    };
    // Without a separator that fits, a line is one cell; the separator is then the one that the name promises.
    let (syntax, records) = best.unwrap_or_else(|| {
        let quote = quotes.iter().rev().copied().max_by_key(is_wrapped);
        cut(first, quote.unwrap_or(b'"'))
    });
    Ok((syntax, records))
}

/// Whether commas in a text are decimal signs of its one column: below a name without commas, whole lines are numbers.
fn is_one_column(records: &[Record<'_>], syntax: Syntax) -> bool {
    let mut rows = records.iter().filter(|record| !record.is_comment);
    let is_name = rows
        .next()
        .is_some_and(|first| match first.cells.as_slice() {
            [name] => header::Sort::of(name) == header::Sort::Word,
            _ => false,
        });
    let is_number = |row: &Record<'_>| {
        row.cells.len() <= 2 && header::Sort::of(&row.cells.join(",")) == header::Sort::Number
    };
    let is_missing = |row: &Record<'_>| matches!(row.cells.as_slice(), [cell] if header::Sort::of(cell) == header::Sort::Missing);
    syntax.separator == b','
        && is_name
        && rows.clone().any(|row| row.cells.len() == 2)
        && rows.clone().all(|row| is_number(row) || is_missing(row))
        && !are_row_names(rows.map(|row| &row.cells))
}

/// What is said of one column of decimal commas where all of its lines could be two cells as well.
fn doubt_of_one_column(records: &[Record<'_>]) -> Option<String> {
    let mut rows = records.iter().filter(|record| !record.is_comment);
    let line = rows.next()?.line;
    rows.all(|row| row.cells.len() == 2).then(|| {
        format!(
            "below the one name on line {line}, the comma of each line was taken for a decimal sign; if it stands \
             between two cells, say `--separator , --skip-lines {line} --header no`"
        )
    })
}

/// Whether the first of two cells counts the rows from 0 or 1, as where a tool writes row names without a name.
fn are_row_names<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> bool {
    let firsts: Option<Vec<i64>> = rows
        .map(|row| match row.as_slice() {
            // The zero of 1,05 is no part of a whole number.
            [_, second] if second.len() > 1 && second.starts_with('0') => None,
            [first, _] => first.parse().ok(),
            _ => None,
        })
        .collect();
    firsts.is_some_and(|firsts| {
        matches!(firsts.first(), Some(0 | 1))
            && firsts.len() > 1
            && firsts
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if a.checked_add(1) == Some(*b)))
    })
}

/// Whether lines are points in time, whose space separates nothing.
fn are_times(text: &str, from: usize) -> bool {
    let lines = text.get(from..).unwrap_or_default();
    let lines = lines
        .split(['\n', '\r'])
        .filter(|line| !line.is_empty())
        .skip(1)
        .take(5);
    let mut lines = lines.map(|line| header::Sort::of(line.trim()) == header::Sort::Time);
    lines.next() == Some(true) && lines.all(|is_time| is_time)
}

/// A count and its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
