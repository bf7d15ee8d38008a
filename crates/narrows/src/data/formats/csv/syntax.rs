//! Records and cells: their bounds, for a separator and a quote.

use memchr::{memchr, memchr_iter};
use std::borrow::Cow;

/// The syntax of records and cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    /// The separator between cells; a space means a run of spaces and tabs.
    pub(super) separator: u8,
    /// The quote around cells that contain separators or line breaks.
    pub(super) quote: u8,
    /// The end of a line: a line feed, or a carriage return if the text has no line feeds.
    pub(super) end: u8,
}

/// The rule for comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Comments {
    /// Lines that begin with this text.
    Prefix(Vec<u8>),
    /// Lines that begin with `#` and have another number of cells than a row.
    Hash { width: usize },
}

impl Comments {
    /// Whether the line at the start of a text, which begins with a record, is a comment.
    #[inline]
    pub(super) fn is_at(&self, text: &[u8], syntax: Syntax) -> bool {
        match self {
            Comments::Prefix(prefix) => text.trim_ascii_start().starts_with(prefix),
            Comments::Hash { width } => {
                is_hash(text) && {
                    let line = Cursor::new(text, syntax).line();
                    cells_of_line(line, syntax) != *width
                }
            }
        }
    }
}

/// Whether a line begins with `#`, and not with a missing cell of Excel, `#N/A` or `#NA`.
pub(super) fn is_hash(line: &[u8]) -> bool {
    let is_missing = |rest: &[u8]| {
        let rest = rest.strip_prefix(b"N/A").or(rest.strip_prefix(b"NA"));
        rest.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    };
    line.strip_prefix(b"#")
        .is_some_and(|rest| !is_missing(rest))
}

/// How many cells a line has.
pub(super) fn cells_of_line(line: &[u8], syntax: Syntax) -> usize {
    let mut cursor = Cursor::new(line, syntax);
    let mut count = 1;
    while cursor.cell().1 == After::Cell {
        count += 1;
    }
    count
}

/// The place after a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Another cell of the record.
    Cell,
    /// The next record, or the end of the text.
    Record,
    /// The end of the text, within a quote.
    OpenQuote,
}

/// A cell as in the text, without its quotes and surrounding spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawCell<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) is_quoted: bool,
    /// The quote, if the cell has doubled quotes that stand for single ones.
    doubled: Option<u8>,
    /// How many lines end within the cell.
    pub(super) line_ends: u64,
}

impl<'a> RawCell<'a> {
    pub(super) fn plain(bytes: &'a [u8]) -> Self {
        RawCell {
            bytes: trimmed(bytes),
            is_quoted: false,
            doubled: None,
            line_ends: 0,
        }
    }

    /// The cell with single quotes for doubled ones.
    pub(super) fn content(&self) -> Cow<'a, [u8]> {
        let Some(quote) = self.doubled else {
            return Cow::Borrowed(self.bytes);
        };
        let mut content = Vec::with_capacity(self.bytes.len());
        let mut was_quote = false;
        for &byte in self.bytes {
            was_quote = byte == quote && !was_quote;
            if byte != quote || was_quote {
                content.push(byte);
            }
        }
        Cow::Owned(content)
    }
}

/// The bytes without the white space around them.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if *first > b' ' && *last > b' ' => bytes,
        _ => bytes.trim_ascii(),
    }
}

/// Goes through a text, a cell at a time.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    syntax: Syntax,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8], syntax: Syntax) -> Self {
        Cursor {
            text,
            at: 0,
            syntax,
        }
    }

    /// Where it stands in the text.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The rest of the line, which is passed.
    pub(super) fn skip_line(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = memchr(self.syntax.end, rest).unwrap_or(rest.len());
        self.at += (length + 1).min(rest.len());
        rest.get(..length).unwrap_or_default()
    }

    /// The line at the present place, without its end.
    pub(super) fn line(&self) -> &'a [u8] {
        let rest = self.rest();
        let length = memchr(self.syntax.end, rest).unwrap_or(rest.len());
        rest.get(..length).unwrap_or_default()
    }

    /// Whether the present line has only white space; then it is not a record. In a text with tabs, a line of tabs is a
    /// record without values.
    pub(super) fn is_at_blank_line(&self) -> bool {
        for &byte in self.rest() {
            if byte == self.syntax.end {
                return true;
            }
            if byte > b' ' || (byte == self.syntax.separator && byte != b' ') {
                return false;
            }
        }
        true
    }

    /// The next cell.
    #[inline]
    pub(super) fn cell(&mut self) -> (RawCell<'a>, After) {
        if self.syntax.separator == b' ' {
            self.skip_spaces();
        }
        let rest = self.rest();
        let first = match rest.first() {
            Some(b' ' | b'\t') => rest
                .iter()
                .copied()
                .find(|byte| !matches!(byte, b' ' | b'\t') || *byte == self.syntax.separator),
            first => first.copied(),
        };
        if first == Some(self.syntax.quote)
            && let Some(found) = self.quoted()
        {
            return found;
        }
        let (length, after) = self.up_to_stop(rest, 0);
        let raw = RawCell::plain(rest.get(..length).unwrap_or_default());
        (raw, after)
    }

    /// The end of the unquoted text that continues at `from` in `rest`, and what follows it; both are passed.
    #[inline]
    fn up_to_stop(&mut self, rest: &[u8], from: usize) -> (usize, After) {
        let Syntax { separator, end, .. } = self.syntax;
        let tail = rest.get(from..).unwrap_or_default();
        let is_spaced = separator == b' ';
        let length = tail
            .iter()
            .position(|&byte| byte == separator || byte == end || (is_spaced && byte == b'\t'))
            .map_or(rest.len(), |length| from + length);
        let is_cell = rest.get(length).is_some_and(|&byte| byte != end);
        self.at += (length + 1).min(rest.len());
        if !is_cell {
            return (length, After::Record);
        }
        if is_spaced && self.is_behind_last_cell() {
            return (length, After::Record);
        }
        (length, After::Cell)
    }

    /// Whether the last cell is behind: spaces at the end of a line are not separators.
    fn is_behind_last_cell(&mut self) -> bool {
        self.skip_spaces();
        match self.rest() {
            [] => true,
            [first, ..] if *first == self.syntax.end => {
                self.at += 1;
                true
            }
            [b'\r', second, ..] if *second == self.syntax.end => {
                self.at += 2;
                true
            }
            [b'\r'] => {
                self.at += 1;
                true
            }
            _ => false,
        }
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t'))
            .unwrap_or(rest.len());
    }

    /// The cell between quotes; `None` if text follows the closing quote, because then the quotes belong to the cell.
    fn quoted(&mut self) -> Option<(RawCell<'a>, After)> {
        let Syntax { quote, end, .. } = self.syntax;
        let rest = self.rest();
        let start = memchr(quote, rest)? + 1;
        let Some((close, doubled)) = closing(rest, start, quote) else {
            let bytes = rest.get(start..).unwrap_or_default();
            self.at = self.text.len();
            let raw = RawCell {
                bytes: trimmed(bytes),
                is_quoted: true,
                doubled: None,
                line_ends: memchr_iter(end, bytes).count() as u64,
            };
            return Some((raw, After::OpenQuote));
        };
        let bytes = rest.get(start..close).unwrap_or_default();
        let before = self.at;
        let (length, after) = self.up_to_stop(rest, close + 1);
        if !trimmed(rest.get(close + 1..length).unwrap_or_default()).is_empty() {
            self.at = before;
            return None;
        }
        let raw = RawCell {
            bytes: trimmed(bytes),
            is_quoted: true,
            doubled: doubled.then_some(quote),
            line_ends: memchr_iter(end, bytes).count() as u64,
        };
        Some((raw, after))
    }
}

/// The place of the quote that closes a cell whose content begins at `start`, and whether doubled ones come before it.
fn closing(text: &[u8], start: usize, quote: u8) -> Option<(usize, bool)> {
    let mut from = start;
    let mut doubled = false;
    loop {
        let close = from + memchr(quote, text.get(from..)?)?;
        if text.get(close + 1) != Some(&quote) {
            return Some((close, doubled));
        }
        doubled = true;
        from = close + 2;
    }
}

/// The end of the last whole record of a text that begins with a record, and the place of a later quote that is still
/// open at the end of the text.
pub(super) fn last_record_end(
    text: &[u8],
    syntax: Syntax,
    comments: &Comments,
) -> (usize, Option<usize>) {
    let Syntax { quote, end, .. } = syntax;
    let mut last = 0;
    let mut from = 0;
    while let Some(found) = memchr(quote, text.get(from..).unwrap_or_default()) {
        let open = from + found;
        let before = text.get(from..open).unwrap_or_default();
        if let Some(found) = memchr::memrchr(end, before) {
            last = from + found + 1;
        }
        if !opens(text, open, syntax) {
            from = open + 1;
            continue;
        }
        // Quotes in a comment have no meaning.
        let record = text.get(last..).unwrap_or_default();
        if comments.is_at(record, syntax) {
            let Some(length) = memchr(end, record) else {
                return (last, None);
            };
            last += length + 1;
            from = last;
            continue;
        }
        match closing(text, open + 1, quote) {
            None => return (last, Some(open)),
            // A doubled quote may be cut in two by the end of the text.
            Some((close, _)) if close + 1 == text.len() => return (last, Some(open)),
            Some((close, _)) => {
                if is_followed_by_stop(text, close + 1, syntax) {
                    from = close + 1
                } else {
                    from = open + 1
                }
            }
        }
    }
    if let Some(found) = memchr::memrchr(end, text.get(from..).unwrap_or_default()) {
        last = from + found + 1;
    }
    (last, None)
}

/// Whether a quote stands at the start of a cell.
fn opens(text: &[u8], at: usize, syntax: Syntax) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let other = before
        .iter()
        .rev()
        .find(|byte| !matches!(byte, b' ' | b'\t') || **byte == syntax.separator);
    match other {
        None => true,
        Some(byte) => *byte == syntax.separator || *byte == syntax.end,
    }
}

fn is_followed_by_stop(text: &[u8], from: usize, syntax: Syntax) -> bool {
    let mut rest = text.get(from..).unwrap_or_default().iter();
    let stop =
        rest.find(|byte| **byte > b' ' || **byte == syntax.separator || **byte == syntax.end);
    stop.is_none_or(|byte| *byte == syntax.separator || *byte == syntax.end)
}
