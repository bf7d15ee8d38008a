//! Detects the dialect of a text table from its start.
//!
//! Crates for this purpose detect a separator and a quote. Decimal signs, lines of units and comments that are headers
//! need the same inspection of the cells, so this module does everything.

use super::dialect::Dialect;
use super::refusal::{Refusable, Refusal, open_quote};
use super::sample::{self, Sampled, TextRecord, fit, usual_width};
use super::sort::Sort;
use super::start::StartRecords;
use super::syntax::{Cursor, Syntax};
use crate::advice::{Setting, set};
use crate::data::fault::Mend;
use crate::data::{ReadOptions, TextOptions};
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// Detects the dialect of a text from its start, which ends with a whole record.
pub(super) fn dialect(text: &str, name: &str, options: &ReadOptions) -> Refusable<Dialect> {
    let mut options = options.clone();
    let mark = sample::mark_of_comments(text);
    if options.text.comment.is_none() && mark != "#" {
        options.text.comment = Some(mark.to_string());
    }
    let options = &options;
    let said = &options.text;
    said.check()?;
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
    let starts = Starts {
        text,
        from,
        line,
        end,
        comment: said.comment.as_deref(),
    };
    let (syntax, mut sampled) = choose_syntax(&starts, named, name, said)?;
    let is_told = said.separator.or(named.map(char::from)).is_none();
    let commas = if is_told {
        commas_of(&sampled.records, syntax, options)
    } else {
        Commas::Separate
    };
    let doubt = commas.doubt(&sampled.records);
    let syntax = match commas {
        Commas::Separate | Commas::PerhapsSeparate => syntax,
        Commas::Decimal => {
            let syntax = Syntax {
                separator: b';',
                ..syntax
            };
            let comment = said.comment.as_deref().unwrap_or("#").as_bytes();
            sampled = sample::sampled(text, from, line, syntax, comment);
            syntax
        }
    };
    if said.comment.is_none() {
        sample::take_rows_with_hash(&mut sampled, text, syntax);
    }
    let Sampled { records, open } = sampled;
    let rest = text.get(from..).unwrap_or_default();
    if records.is_empty() && !rest.trim().is_empty() {
        let error = open_quote(line, syntax.quote);
        let other = if syntax.quote == b'"' { '\'' } else { '"' };
        return Err(match said.quote {
            None => Refusal::mended_by(error, Mend::Quote(other)),
            Some(_) => error.into(),
        });
    }
    let start = StartRecords {
        records,
        syntax,
        options,
        open,
        end: (text.len(), line),
    };
    let (mut dialect, header_at) = start.dialect()?;
    dialect.header = header_at.map(|at| {
        let line = Cursor::new(text.as_bytes().get(at..).unwrap_or_default(), syntax).line();
        line.trim_ascii_end().to_vec()
    });
    dialect.notes.extend(doubt);
    Ok(dialect)
}

/// The separator that a text's first line names, as Excel writes it.
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

/// The place after a number of lines, and the line there.
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

/// The syntax that fits the start of a text best, with its records. `named` is the separator that the text names,
/// `name` the name of the file.
fn choose_syntax<'a>(
    starts: &Starts<'a, '_>,
    named: Option<u8>,
    name: &str,
    said: &TextOptions,
) -> Result<(Syntax, Sampled<'a>)> {
    let separators = match ascii(said.separator, "separator")?.or(named) {
        Some(separator) => vec![separator],
        None => {
            let name = name.to_ascii_lowercase();
            if [".tsv", ".tab", ".tsv.gz"]
                .iter()
                .any(|ending| name.ends_with(ending))
            {
                vec![b'\t', b',', b';', b'|', b' ']
            } else {
                vec![b',', b';', b'\t', b'|', b' ']
            }
        }
    };
    let quote = ascii(said.quote, "quote")?;
    let (mut best, mut best_fit) = (None, if separators.len() == 1 { -1.0 } else { 0.05 });
    for &separator in &separators {
        let (syntax, sampled) = starts.under(separator, quote);
        let records = &sampled.records;
        // Spaces also occur within the cells of files with other separators.
        let margin = match &best {
            Some((
                Syntax {
                    separator: b',', ..
                },
                _,
            )) if are_decimal_commas(records) => 0.0,
            Some(_) if separator == b' ' => 0.3,
            _ => 0.0,
        };
        let fit = fit(records, syntax) - margin;
        let is_times =
            separator == b' ' && separators.len() > 1 && are_times(starts.text, starts.from);
        if fit > best_fit && !is_times {
            (best, best_fit) = (Some((syntax, sampled)), fit);
        }
    }
    let first = separators.first().copied().unwrap_or(b',');
    // If no separator fits, a line is one cell; the separator is then the one that the file's ending suggests.
    Ok(best.unwrap_or_else(|| starts.under(first, quote)))
}

/// The start of a text, for splitting into records.
struct Starts<'a, 's> {
    text: &'a str,
    from: usize,
    line: u64,
    end: u8,
    comment: Option<&'s str>,
}

impl<'a> Starts<'a, '_> {
    /// The records for a separator, with the given quote, or with a quote that encloses cells.
    fn under(&self, separator: u8, said: Option<u8>) -> (Syntax, Sampled<'a>) {
        if let Some(quote) = said {
            return self.cut(separator, quote);
        }
        let (syntax, plain) = self.cut(separator, b'"');
        if !self.text.contains('\'') || quoted_cells(&plain) > 0 {
            return (syntax, plain);
        }
        let (other, wrapped) = self.cut(separator, b'\'');
        // An apostrophe is a letter of many words.
        let is_quote = are_wrapped(&wrapped, b'\'')
            && fit(&wrapped.records, other) >= fit(&plain.records, syntax);
        if is_quote {
            (other, wrapped)
        } else {
            (syntax, plain)
        }
    }

    fn cut(&self, separator: u8, quote: u8) -> (Syntax, Sampled<'a>) {
        let syntax = Syntax {
            separator,
            quote,
            end: self.end,
        };
        let cut =
            |comment: &[u8]| sample::sampled(self.text, self.from, self.line, syntax, comment);
        let sampled = cut(self.comment.unwrap_or("#").as_bytes());
        let is_hidden = self.comment.is_none()
            && sampled.records.len() > 1
            && sampled.records.iter().all(|record| record.is_comment);
        if is_hidden {
            // If all lines begin with `#`, for example colors, they are rows if they have equal numbers of cells.
            let rows = cut(b"");
            let all = rows.records.len();
            if usual_width(&rows.records).is_some_and(|(width, count)| width > 1 && count == all) {
                return (syntax, rows);
            }
        }
        (syntax, sampled)
    }
}

/// The cells between quotes.
fn quoted_cells(sampled: &Sampled<'_>) -> usize {
    let records = sampled.records.iter();
    records
        .map(|record| record.quoted + record.quoted_over_lines)
        .sum()
}

/// Whether a quote encloses cells: some are quoted, most of them end on their line, and no cell only begins with it.
fn are_wrapped(sampled: &Sampled<'_>, quote: u8) -> bool {
    let rows = || sampled.records.iter().filter(|record| !record.is_comment);
    let on_a_line: usize = rows().map(|record| record.quoted).sum();
    let over_lines: usize = rows().map(|record| record.quoted_over_lines).sum();
    let begins = |cell: &Cow<'_, str>| cell.as_bytes().first() == Some(&quote);
    sampled.open.is_none()
        && on_a_line > over_lines
        && !rows().any(|record| record.cells.iter().any(begins))
}

/// Whether the commas in cells between spaces are decimal signs.
fn are_decimal_commas(records: &[TextRecord<'_>]) -> bool {
    let cells = || {
        let rows = records.iter().filter(|record| !record.is_comment).skip(1);
        rows.flat_map(|row| row.cells.iter().filter(|cell| cell.contains(',')))
    };
    let is_number = |cell: &Cow<'_, str>| Sort::of(cell) == Sort::Number && !cell.ends_with(',');
    cells().next().is_some() && cells().all(is_number)
}

/// The meaning of commas in a text whose lines are single numbers if the comma is a decimal sign.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commas {
    Separate,
    /// Unknown: nothing in the text shows it.
    PerhapsSeparate,
    /// They are decimal commas of one column.
    Decimal,
}

/// Decides the meaning of commas.
fn commas_of(records: &[TextRecord<'_>], syntax: Syntax, options: &ReadOptions) -> Commas {
    let mut rows = records
        .iter()
        .filter(|record| !record.is_comment)
        .map(|record| record.cells.as_slice())
        .peekable();
    let has_name = match (rows.peek(), options.header) {
        (Some([_]), Some(is_header)) => is_header,
        (Some([name]), None) => Sort::of(name) == Sort::Word,
        _ => false,
    };
    let rows = || rows.clone().skip(usize::from(has_name));
    let sort = |row: &[Cow<'_, str>]| Sort::of(&row.join(","));
    let is_number = |row: &[Cow<'_, str>]| {
        sort(row) == Sort::Number || (row.len() == 1 && sort(row) == Sort::Missing)
    };
    let has_commas = rows().any(|row| row.len() > 1);
    // 100,200,300 on each line are three cells.
    let are_many = rows().all(|row| row.len() > 2);
    if syntax.separator != b',' || !has_commas || are_many || !rows().all(is_number) {
        return Commas::Separate;
    }
    let said = [options.text.decimal, options.text.thousands];
    if said.contains(&Some(',')) {
        return Commas::Decimal;
    }
    let shows = |row: &[Cow<'_, str>]| match row {
        [first, second] => {
            (second.len() > 1 && second.starts_with('0')) || matches!(first.as_ref(), "-0" | "+0")
        }
        _ => false,
    };
    let has_single = rows().any(|row| row.len() == 1 && sort(row) == Sort::Number);
    if has_name && are_row_names(rows()) {
        Commas::Separate
    } else if has_name || has_single || rows().any(shows) {
        Commas::Decimal
    } else {
        Commas::PerhapsSeparate
    }
}

impl Commas {
    /// A note if the commas may have another meaning.
    fn doubt(self, records: &[TextRecord<'_>]) -> Option<String> {
        match self {
            Commas::Separate => None,
            Commas::PerhapsSeparate => Some(format!(
                "the comma on each line was read as a separator; if it is a decimal sign, use {}",
                set(Setting::Decimal, ',')
            )),
            Commas::Decimal => doubt_of_one_column(records),
        }
    }
}

/// A note for one column of decimal commas, if each of its lines could also be two cells.
fn doubt_of_one_column(records: &[TextRecord<'_>]) -> Option<String> {
    let mut rows = records.iter().filter(|record| !record.is_comment);
    let name = rows.next()?;
    let line = name.line;
    (name.cells.len() == 1 && rows.all(|row| row.cells.len() == 2)).then(|| {
        format!(
            "the commas below the single name on line {line} were read as decimal signs; if they separate cells, use \
             {}",
            set(Setting::Separator, ',').with(Setting::SkipLines, line).with(Setting::Header, "no")
        )
    })
}

/// Whether the first of two cells counts the rows from 0 or 1, as row names without a header do.
fn are_row_names<'a>(rows: impl Iterator<Item = &'a [Cow<'a, str>]>) -> bool {
    let firsts: Option<Vec<i64>> = rows
        .map(|row| match row {
            // The zero of 1,05 does not belong to a whole number.
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

/// Whether lines are points in time, in which a space is not a separator.
fn are_times(text: &str, from: usize) -> bool {
    let lines = text.get(from..).unwrap_or_default();
    let lines = lines
        .split(['\n', '\r'])
        .filter(|line| !line.is_empty())
        .skip(1)
        .take(5);
    let mut lines = lines.map(|line| Sort::of(line.trim()) == Sort::Time);
    lines.next() == Some(true) && lines.all(|is_time| is_time)
}
