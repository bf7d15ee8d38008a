//! The first records of a text, split into cells with one syntax.

use super::sort::Sort;
use super::syntax::{After, Cursor, Syntax, is_hash};
use std::borrow::Cow;

/// The cells of a record.
pub(super) type TextRow<'a> = Vec<Cow<'a, str>>;

/// The most records that are inspected, and the number of cells that is enough.
const RECORDS: usize = 1000;
const CELLS: usize = 200_000;

/// A record of the start of a text, or a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TextRecord<'a> {
    /// Its place in the text.
    pub(super) start: usize,
    /// Its first line, counted from 1.
    pub(super) line: u64,
    pub(super) cells: TextRow<'a>,
    /// Whether it begins like a comment; then only the cells after the mark count.
    pub(super) is_comment: bool,
    /// The numbers of cells between quotes that end on their line, and of cells that do not.
    pub(super) quoted: usize,
    pub(super) quoted_over_lines: usize,
}

/// The start of a text under a syntax.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sampled<'a> {
    pub(super) records: Vec<TextRecord<'a>>,
    /// The place and line of a record with a quote that is open at the end of the text.
    pub(super) open: Option<(usize, u64)>,
}

/// The mark of comments in a text, if no option sets it: `%` if it begins with a note behind it, as MATLAB writes, and
/// `#` otherwise.
pub(super) fn mark_of_comments(text: &str) -> &'static str {
    let mut lines = text
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty());
    let is_percent = |line: &str| line.starts_with('%');
    let is_note = |line: &str| {
        let rest = line.trim_start_matches('%');
        is_percent(line) && (rest.is_empty() || rest.starts_with(char::is_whitespace))
    };
    // Lines of cells that begin with a percent sign do not end.
    if lines.next().is_some_and(is_note) && lines.take(100).any(|line| !is_percent(line)) {
        "%"
    } else {
        "#"
    }
}

/// The first records of a text from a place on, without blank lines.
pub(super) fn sampled<'a>(
    text: &'a str,
    from: usize,
    line: u64,
    syntax: Syntax,
    comment: &[u8],
) -> Sampled<'a> {
    let bytes = text.as_bytes();
    let mut cursor = Cursor::new(bytes.get(from..).unwrap_or_default(), syntax);
    let mut sampled = Sampled::default();
    let mut line = line;
    let mut cells_so_far = 0;
    while !cursor.rest().is_empty() {
        if cursor.is_at_blank_line() {
            cursor.skip_line();
            line += 1;
            continue;
        }
        let start = from + cursor.at();
        let begins = cursor.line().trim_ascii_start();
        let is_comment = match comment {
            b"" => false,
            b"#" => is_hash(begins),
            _ => begins.starts_with(comment),
        };
        let record = if is_comment {
            Some(TextRecord {
                is_comment,
                ..comment_record(cursor.skip_line(), comment, syntax)
            })
        } else {
            row(&mut cursor)
        };
        // The record ends outside of this part of the text, or never: the reader of all rows reports it.
        let Some(record) = record else {
            sampled.open = Some((start, line));
            break;
        };
        cells_so_far += record.cells.len();
        let line_ends = record.line;
        sampled.records.push(TextRecord {
            start,
            line,
            ..record
        });
        line += 1 + line_ends;
        let is_enough = sampled.records.len() >= RECORDS || cells_so_far >= CELLS;
        let is_wide = cells_so_far >= 2 * CELLS;
        if is_enough && sampled.records.len() >= if is_wide { 2 } else { 4 } {
            break;
        }
    }
    sampled
}

/// The record at the cursor, with the number of the lines that end within it; `None` if a quote is open at the end of
/// the text.
fn row<'a>(cursor: &mut Cursor<'a>) -> Option<TextRecord<'a>> {
    let mut record = TextRecord::default();
    loop {
        let (raw, after) = cursor.cell();
        record.line += raw.line_ends;
        record.quoted += usize::from(raw.is_quoted && raw.line_ends == 0);
        record.quoted_over_lines += usize::from(raw.is_quoted && raw.line_ends > 0);
        record.cells.push(text(raw.content()));
        match after {
            After::Cell => {}
            After::Record => return Some(record),
            After::OpenQuote => return None,
        }
    }
}

/// Lines that begin with `#` are rows if they have as many cells as most rows and come after the first row. The reader
/// of rows has the same rule.
pub(super) fn take_rows_with_hash<'a>(sampled: &mut Sampled<'a>, text: &'a str, syntax: Syntax) {
    let records = &mut sampled.records;
    let first = records.iter().position(|record| !record.is_comment);
    let (Some(first), Some((usual, _))) = (first, usual_width(records)) else {
        return;
    };
    for record in records.iter_mut().skip(first + 1) {
        let bytes = text.as_bytes().get(record.start..).unwrap_or_default();
        let line = Cursor::new(bytes, syntax).line();
        let whole = row(&mut Cursor::new(line, syntax));
        if let Some(whole) = whole.filter(|whole| usual > 1 && whole.cells.len() == usual)
            && record.is_comment
        {
            *record = TextRecord {
                start: record.start,
                line: record.line,
                ..whole
            };
        }
    }
}

/// The text after the mark of a comment, as a record.
fn comment_record<'a>(line: &'a [u8], comment: &[u8], syntax: Syntax) -> TextRecord<'a> {
    let line = line.trim_ascii();
    let mut rest = line.strip_prefix(comment).unwrap_or(line);
    while let Some(shorter) = rest.strip_prefix(comment) {
        rest = shorter;
    }
    row(&mut Cursor::new(rest.trim_ascii(), syntax)).unwrap_or_default()
}

fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// The number of cells that most records have, and how many have it.
pub(super) fn usual_width(records: &[TextRecord<'_>]) -> Option<(usize, usize)> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for record in records.iter().filter(|record| !record.is_comment) {
        let width = record.cells.len();
        match counts.iter_mut().find(|(known, _)| *known == width) {
            Some((_, count)) => *count += 1,
            None => counts.push((width, 1)),
        }
    }
    // Of two equally frequent widths, the larger: lines before a header and after the rows are short.
    counts
        .into_iter()
        .max_by_key(|&(width, count)| (count, width))
}

/// How well a syntax explains the start of a text: between 0 and 1.3.
pub(super) fn fit(records: &[TextRecord<'_>], syntax: Syntax) -> f64 {
    let Some((width, count)) = usual_width(records) else {
        return 0.0;
    };
    let all = records.iter().filter(|record| !record.is_comment).count();
    if width < 2 {
        return 0.0;
    }
    let (mut known, mut cells) = (0.0, 0.0);
    let rows = records
        .iter()
        .filter(|record| !record.is_comment && record.cells.len() == width);
    // The first row is usually the header, whose words say nothing about the types.
    let is_name =
        |cell: &Cow<'_, str>| Sort::of(cell) == Sort::Word && !cell.starts_with(['"', '\'']);
    let has_header = count > 1
        && rows
            .clone()
            .next()
            .is_some_and(|first| first.cells.iter().all(is_name));
    let rows = rows.skip(usize::from(has_header));
    for cell in rows.take(200).flat_map(|row| row.cells.iter().take(1000)) {
        cells += 1.0;
        known += match Sort::of(cell) {
            Sort::Missing => 0.5,
            // With the right quote, no quote remains around a cell.
            Sort::Word if cell.starts_with(['"', '\'']) => -0.1,
            Sort::Word if cell.contains([',', ';', '\t', '|']) => 0.0,
            // 12 % is one cell.
            Sort::Word if !cell.chars().any(char::is_alphanumeric) => 0.0,
            Sort::Word => 0.3,
            // A number and a word after it could also be two cells between spaces, with a decimal comma before them.
            // Other separators are rare within cells, so that they leave no such doubt.
            Sort::Number if syntax.separator == b',' && cell.contains(' ') => 0.25,
            _ => 1.0,
        };
    }
    let known: f64 = known / cells;
    // Words have spaces between them too.
    if syntax.separator == b' ' && known < 0.6 {
        return 0.0;
    }
    let consistency = count as f64 / all as f64;
    consistency * consistency * (known + 0.1)
}
