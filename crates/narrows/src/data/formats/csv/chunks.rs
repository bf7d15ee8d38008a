//! Splits a text into chunks of whole records.

use super::refusal::{open_quote, unreadable};
use super::syntax::{Comments, Syntax, last_record_end};
use crate::data::limits;
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use memchr::{memchr_iter, memrchr};
use std::io::Read;

/// The size of a chunk in bytes, if records are not larger.
pub(super) const CHUNK: usize = 1 << 20;

/// Neighboring records of a text.
pub(super) struct TextChunk {
    pub(super) text: Vec<u8>,
    /// The line that it begins with, counted from 1.
    pub(super) line: u64,
    /// Whether it is the last chunk.
    pub(super) is_last: bool,
}

/// Splits a text into chunks.
pub(super) struct Chunks<R> {
    text: R,
    syntax: Syntax,
    comments: Comments,
    size: usize,
    /// The number of lines at the end that are left out.
    skip_end: usize,
    /// The bytes that were read but not returned yet.
    carry: Vec<u8>,
    line: u64,
    is_at_end: bool,
    is_done: bool,
}

impl<R: Read> Chunks<R> {
    /// Splits a text that begins with a record, at a line.
    pub(super) fn new(text: R, syntax: Syntax, comments: Comments, line: u64) -> Self {
        Chunks {
            text,
            syntax,
            comments,
            size: CHUNK,
            skip_end: 0,
            carry: Vec::new(),
            line,
            is_at_end: false,
            is_done: false,
        }
    }

    /// The same with chunks of another size, and without a number of lines at the end.
    pub(super) fn with(mut self, size: usize, skip_end: usize) -> Self {
        self.size = size.max(1);
        self.skip_end = skip_end;
        self
    }

    /// The next chunk.
    pub(super) fn next(&mut self) -> Result<Option<TextChunk>> {
        let mut text = std::mem::take(&mut self.carry);
        let mut size = self.size.max(text.len());
        while !self.is_done {
            self.fill(&mut text, size)?;
            let (end, open) = last_record_end(&text, self.syntax, &self.comments);
            let kept = self.skip_end.min(usize::MAX - 1);
            let cut = if self.is_at_end {
                // A quote that is open at the end is refused when the cells are read.
                before_lines(&text, self.syntax.end, kept)
            } else {
                before_lines(text.get(..end).unwrap_or_default(), self.syntax.end, kept)
            };
            self.is_done = self.is_at_end;
            if cut == 0 && !self.is_at_end {
                self.refuse_long(&text, end, open)?;
                size = text.len().saturating_add(self.size);
                continue;
            }
            if !self.is_at_end {
                self.carry = text.split_off(cut);
            }
            text.truncate(cut);
            let line = self.line;
            self.line += memchr_iter(self.syntax.end, &text).count() as u64;
            return Ok(Some(TextChunk {
                text,
                line,
                is_last: self.is_done,
            }));
        }
        Ok(None)
    }

    fn fill(&mut self, text: &mut Vec<u8>, size: usize) -> Result<()> {
        let wanted = size.saturating_sub(text.len());
        text.reserve_exact(wanted);
        while text.len() < size {
            let left = (size - text.len()) as u64;
            let count = self
                .text
                .by_ref()
                .take(left)
                .read_to_end(text)
                .map_err(unreadable)?;
            if count == 0 {
                self.is_at_end = true;
                break;
            }
        }
        Ok(())
    }

    /// Refuses a text whose first record exceeds the limits.
    fn refuse_long(&self, text: &[u8], end: usize, open: Option<usize>) -> Result<()> {
        refuse_long(text, end, open, self.syntax, self.line)
    }
}

/// Refuses a text without a whole record after `end`, if a cell or the record exceeds its limit.
pub(super) fn refuse_long(
    text: &[u8],
    end: usize,
    open: Option<usize>,
    syntax: Syntax,
    line: u64,
) -> Result<()> {
    let line_at = |at: usize| {
        line + memchr_iter(syntax.end, text.get(..at).unwrap_or_default()).count() as u64
    };
    if let Some(open) = open
        && text.len() - open > limits::CELL
    {
        return Err(open_quote(line_at(open), syntax.quote)
            .expected(format!("its end within {}", count_of(limits::CELL, "byte")))
            .found(format!("none in {} bytes", text.len() - open)));
    }
    let at = format!("line {}", line_at(end));
    let tail_start = text.len().saturating_sub(limits::CELL + 1).max(end);
    let tail = text.get(tail_start..).unwrap_or_default();
    let has_stop = tail
        .iter()
        .any(|byte| *byte == syntax.separator || *byte == syntax.end);
    if open.is_none() && tail.len() > limits::CELL && !has_stop {
        return Err(too_long("a cell", limits::CELL).at(at));
    }
    let record = text.get(end..).unwrap_or_default();
    if record.len() > limits::RECORD {
        return Err(too_long("a row", limits::RECORD).at(at));
    }
    if open.is_none() && record.len() > limits::COLUMNS && cells(record, syntax) > limits::COLUMNS {
        return Err(too_many_columns().at(at));
    }
    Ok(())
}

/// The approximate number of cells of a text without quotes.
fn cells(record: &[u8], syntax: Syntax) -> usize {
    match syntax.separator {
        // A run of spaces counts as one separator.
        b' ' => record
            .windows(2)
            .filter(|pair| matches!(pair, [b' ' | b'\t', other] if *other > b' '))
            .count(),
        separator => memchr_iter(separator, record).count(),
    }
}

fn too_long(what: &str, limit: usize) -> Error {
    Error::new(ErrorKind::Data, format!("{what} of the text is too long"))
        .expected(format!("at most {}", count_of(limit, "byte")))
        .found("more")
}

pub(super) fn too_many_columns() -> Error {
    Error::new(ErrorKind::Data, "the table has too many columns")
        .expected(format!("at most {}", limits::COLUMNS))
        .found("more")
}

/// The place before a number of lines at the end of a text; blank lines are not counted.
fn before_lines(text: &[u8], end: u8, lines: usize) -> usize {
    let mut cut = text.len();
    let mut left = lines;
    while left > 0 && cut > 0 {
        let before = text.get(..cut - 1).unwrap_or_default();
        let start = memrchr(end, before).map_or(0, |at| at + 1);
        let line = text.get(start..cut).unwrap_or_default();
        left -= usize::from(!line.trim_ascii().is_empty());
        cut = start;
    }
    cut
}
