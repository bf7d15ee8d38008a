//! How a text of a table is written, told from its start.
//!
//! The crates that tell dialects give a separator and a quote; none gives decimal signs, lines of units or comments
//! that are headers, which the same look at the cells tells.

use super::chunks::open_quote;
use super::header::{self, Header};
use super::sample::{Record, Row, fit, records, usual_width};
use super::syntax::{Comments, Syntax};
use crate::data::{ReadOptions, TextOptions};
use crate::{Error, ErrorKind, Result};

/// How a text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) syntax: Syntax,
    pub(super) comments: Comments,
    /// The names of the columns, without those of surplus cells; `None` without a header.
    pub(super) names: Option<Vec<String>>,
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
    pub(super) fn tell(text: &str, name: &str, options: &ReadOptions) -> Result<Self> {
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
        let (syntax, records) = choose_syntax(text, from, line, end, named, name, said)?;
        let rest = text.get(from..).unwrap_or_default();
        if records.is_empty() && !rest.trim().is_empty() {
            return Err(open_quote(line, syntax.quote));
        }
        Found {
            records,
            syntax,
            options,
            end: (text.len(), line),
        }
        .dialect()
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
            let fit = fit(&records, syntax);
            let is_times = separator == b' ' && separators.len() > 1 && are_times(text, from);
            if fit > best_fit && !is_times {
                (best, best_fit) = (Some((syntax, records)), fit);
            }
        }
    }
    let first = separators.first().copied().unwrap_or(b',');
    let quote = quotes.first().copied().unwrap_or(b'"');
    // Without a separator that fits, a line is one cell; the separator is then the one that the name promises.
    Ok(best.unwrap_or_else(|| cut(first, quote)))
}

/// Whether lines are points in time, whose space separates nothing.
fn are_times(text: &str, from: usize) -> bool {
    let lines = text.get(from..).unwrap_or_default().lines().skip(1).take(5);
    let mut lines = lines.map(|line| header::Sort::of(line.trim()) == header::Sort::Time);
    lines.next() == Some(true) && lines.all(|is_time| is_time)
}

/// The records of a text's start, of which the header and the first row are told.
struct Found<'a> {
    records: Vec<Record<'a>>,
    syntax: Syntax,
    options: &'a ReadOptions,
    /// Where the text ends, for one without rows.
    end: (usize, u64),
}

impl Found<'_> {
    fn dialect(self) -> Result<Dialect> {
        let Some((usual, _)) = usual_width(&self.records) else {
            return Err(Error::new(ErrorKind::Data, "there are no rows")
                .expected("lines of values")
                .found("an empty file"));
        };
        let first = self.first_of_table(usual);
        let mut dialect = Dialect {
            syntax: self.syntax,
            comments: match &self.options.text.comment {
                Some(prefix) => Comments::Prefix(prefix.as_bytes().to_vec()),
                None => Comments::Hash { width: usual },
            },
            names: None,
            header_line: None,
            units: None,
            units_line: None,
            width: usual,
            usual_width: usual,
            start: self.end.0,
            line: self.end.1,
            notes: Vec::new(),
        };
        let row = match self.is_header(first, &mut dialect)? {
            true => self.take_header(first, usual, &mut dialect)?,
            false => first,
        };
        self.refuse_lines_before(first, usual, &mut dialect)?;
        let row = self.take_units(row, &mut dialect);
        let last = self.records.last();
        (dialect.start, dialect.line) = match self.records.get(row) {
            Some(record) => (record.start, record.line),
            None => (self.end.0, last.map_or(self.end.1, |last| last.line + 1)),
        };
        Ok(dialect)
    }

    fn cells(&self, at: usize) -> &Row<'_> {
        const NONE: &Row<'static> = &Vec::new();
        self.records.get(at).map_or(NONE, |record| &record.cells)
    }

    fn rows_from(&self, at: usize) -> Vec<Row<'_>> {
        let rows = self.records.get(at..).unwrap_or_default().iter();
        let rows = rows.filter(|record| !record.is_comment).take(200);
        rows.map(|record| record.cells.clone()).collect()
    }

    /// The header, or the first row without one: where the number of cells becomes that of the rows.
    fn first_of_table(&self, usual: usize) -> usize {
        let is_row = |record: &Record<'_>| !record.is_comment;
        let plain = self
            .records
            .iter()
            .position(is_row)
            .unwrap_or(self.records.len());
        if self.options.text.skip_lines.is_some() {
            return plain;
        }
        let is_usual = |record: &Record<'_>| is_row(record) && record.cells.len() == usual;
        let Some(first) = self.records.iter().position(is_usual) else {
            return plain;
        };
        // A header may have other trailing delimiters than the rows.
        match first.checked_sub(1) {
            Some(before)
                if !self.cells(before).is_empty() && self.differs_by_empty(before, usual) =>
            {
                before
            }
            _ => first,
        }
    }

    /// Whether a record is a row of names that has more or fewer cells than the rows, all of which are empty.
    fn differs_by_empty(&self, at: usize, usual: usize) -> bool {
        let Some(record) = self.records.get(at).filter(|record| !record.is_comment) else {
            return false;
        };
        let names = record.cells.len();
        if names >= usual {
            return record.cells.iter().skip(usual).all(|cell| cell.is_empty());
        }
        let rows = self.records.get(at + 1..).unwrap_or_default().iter();
        let mut rows = rows.filter(|row| !row.is_comment).peekable();
        rows.peek().is_some()
            && rows.all(|row| row.cells.iter().skip(names).all(|cell| cell.is_empty()))
    }

    /// Whether the first record of the table has the names.
    fn is_header(&self, first: usize, dialect: &mut Dialect) -> Result<bool> {
        if let Some(is_header) = self.options.header {
            return Ok(is_header);
        }
        if self.records.get(first).is_none() {
            return Ok(false);
        }
        let cells = self.cells(first);
        let is_model = self.options.model_columns.as_ref().is_some_and(|columns| {
            let known: std::collections::HashSet<&str> = cells.iter().map(AsRef::as_ref).collect();
            !columns.is_empty() && columns.iter().all(|column| known.contains(column.as_str()))
        });
        if is_model {
            return Ok(true);
        }
        let Header {
            is_there,
            is_certain,
        } = header::tell(cells, &self.rows_from(first + 1));
        if !is_certain && self.comment_header(first).is_none() {
            let line = self.records.get(first).map_or(0, |record| record.line);
            dialect.notes.push(match is_there {
                true => format!(
                    "line {line} was taken for the names of the columns; if it is a row, say `--header no`"
                ),
                false => format!(
                    "line {line} was taken for a row; if it has the names of the columns, say `--header yes`"
                ),
            });
        }
        Ok(is_there && (is_certain || self.comment_header(first).is_none()))
    }

    /// The comment right before the first row, where it has as many cells: NumPy writes names so.
    fn comment_header(&self, first: usize) -> Option<&Record<'_>> {
        let comment = self.records.get(first.checked_sub(1)?)?;
        let cells = &comment.cells;
        let is_header = comment.is_comment
            && cells.len() == self.cells(first).len()
            && cells.iter().all(|cell| !cell.is_empty())
            && (cells.len() > 1 || !cells.iter().any(|cell| cell.contains(' ')));
        is_header.then_some(comment)
    }

    /// Takes the names, and gives the record behind them.
    fn take_header(&self, first: usize, usual: usize, dialect: &mut Dialect) -> Result<usize> {
        let cells = self.cells(first);
        let line = self.records.get(first).map_or(1, |record| record.line);
        let mut names: Vec<String> = cells.iter().map(|cell| cell.trim().to_string()).collect();
        let has_rows = self
            .records
            .iter()
            .skip(first + 1)
            .any(|record| !record.is_comment);
        if has_rows && names.len() > usual && self.differs_by_empty(first, usual) {
            names.truncate(usual);
        }
        if has_rows && names.len() != usual && !self.differs_by_empty(first, usual) {
            return Err(self.other_width(first, usual, line));
        }
        dialect.width = names.len();
        if !has_rows {
            dialect.usual_width = names.len();
        }
        dialect.names = Some(names);
        dialect.header_line = Some(line);
        Ok(first + 1)
    }

    fn other_width(&self, at: usize, usual: usize, line: u64) -> Error {
        let found = self.cells(at).len();
        let error = Error::new(ErrorKind::Format, "the lines differ in length")
            .at(format!("line {line}"))
            .expected(format!("{usual} cells, as in most lines"))
            .found(found);
        if found + 1 == usual {
            return error.hint(
                "the rows have one cell more than the header, as where a tool writes row names without a name: give \
                 their column a name",
            );
        }
        error
    }

    /// Leaves out the lines before the header where it is plain that they are none of the table, and says so.
    fn refuse_lines_before(&self, first: usize, usual: usize, dialect: &mut Dialect) -> Result<()> {
        if self.options.text.skip_lines.is_some() {
            return Ok(());
        }
        let before: Vec<&Record<'_>> = self
            .records
            .iter()
            .take(first)
            .filter(|record| !record.is_comment)
            .collect();
        let all: Vec<&Record<'_>> = self.records.iter().take(first).collect();
        if dialect.names.is_none()
            && self.options.header != Some(false)
            && let Some(comment) = self.comment_header(first)
        {
            let names: Vec<String> = comment
                .cells
                .iter()
                .map(|cell| cell.trim().to_string())
                .collect();
            dialect.names = Some(names);
            dialect.header_line = Some(comment.line);
            dialect.notes.push(format!(
                "the names of the columns are the comment on line {}",
                comment.line
            ));
        }
        let comments = all
            .iter()
            .filter(|record| record.is_comment && Some(record.line) != dialect.header_line)
            .count();
        if comments > 0 {
            dialect.notes.push(format!(
                "left out {} before the table",
                counted(comments, "comment line")
            ));
        }
        let Some(line_before) = before.first() else {
            return Ok(());
        };
        let line = self.records.get(first).map_or(1, |record| record.line);
        let is_plain = before.iter().all(|record| record.cells.len() < usual)
            && dialect.names.is_some()
            && header::tell(self.cells(first), &self.rows_from(first + 1))
                == Header {
                    is_there: true,
                    is_certain: true,
                };
        if is_plain || (dialect.names.is_some() && self.options.header == Some(true)) {
            dialect.notes.push(format!(
                "left out {} before the header on line {line}",
                counted(before.len(), "line")
            ));
            return Ok(());
        }
        if before.len() == 1 && line_before.cells.len() > 1 && line_before.cells.len() + 1 == usual
        {
            return Err(self.other_width(first - 1, usual, line_before.line));
        }
        let skip = line - 1;
        Err(Error::new(ErrorKind::Format, "the lines differ in length")
            .at(format!("line {}", line_before.line))
            .expected(format!("{usual} cells, as in most lines"))
            .found(line_before.cells.len())
            .hint(match dialect.names.is_some() {
                true => format!("the header seems to stand on line {line}: `--skip-lines {skip}`"),
                false => format!(
                    "the rows seem to begin on line {line}: `--skip-lines {skip} --header no`"
                ),
            }))
    }

    /// Takes the line of units, if there is one, and gives the record behind it.
    fn take_units(&self, row: usize, dialect: &mut Dialect) -> usize {
        let Some(record) = self.records.get(row).filter(|record| !record.is_comment) else {
            return row;
        };
        let are_units = match self.options.text.units {
            Some(are_units) => are_units,
            None => {
                dialect.names.is_some()
                    && header::are_units(&record.cells, &self.rows_from(row + 1))
            }
        };
        if !are_units {
            return row;
        }
        dialect.units = Some(record.cells.iter().map(ToString::to_string).collect());
        dialect.units_line = Some(record.line);
        dialect
            .notes
            .push(format!("line {} has the units of the columns", record.line));
        row + 1
    }
}

/// A count and its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
