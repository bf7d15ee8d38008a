//! The reasons why a text is refused, with the options that solve them.

use crate::advice::{Setting, set, setting};
use crate::data::ReadOptions;
use crate::data::fault::{Fault, Mend};
use crate::data::formats::unpack::is_damage;
use crate::text::{count_of, counted};
use crate::{Error, ErrorKind, Result};
use std::io;

/// The most changes of options that are tried for one text. Each reads the text again.
const MENDS: usize = 8;

/// The most lines at the end of a text that may follow the table; for so many, an option is suggested.
pub(super) const END_LINES: usize = 10;

/// The examples that are kept of records that are no rows.
const EXAMPLES: usize = 3;

/// An error about a text, with the change of options that solves it, if there is one.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Error,
    pub(super) mend: Option<Mend>,
}

/// The result for a text that may be refused.
pub(super) type Refusable<T> = std::result::Result<T, Refusal>;

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal { error, mend: None }
    }
}

impl Refusal {
    pub(super) fn mended_by(error: Error, mend: Mend) -> Self {
        Refusal {
            error,
            mend: Some(mend),
        }
    }

    /// Changes the options so that the text can be read, after `before` earlier changes; returns the error if this is
    /// impossible.
    pub(super) fn mend(self, options: &mut ReadOptions, before: usize) -> Result<Fault> {
        match self.mend {
            Some(mend) if before < MENDS => {
                mend.apply(options);
                Ok(Fault {
                    sentence: self.error.to_string(),
                    mend: Some(mend),
                })
            }
            _ => Err(self.error),
        }
    }
}

/// The reason why a record is not a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefusalReason {
    /// It has this number of cells, which differs from most lines.
    Cells(usize),
    /// It has a quote that is not closed, so that the rest of the text belongs to it.
    OpenQuote,
    /// It has a zero byte in it.
    Zero,
}

/// The records of a text that are not rows; a description leaves them out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Odd {
    count: u64,
    /// The first of them, each with its line.
    examples: Vec<(u64, RefusalReason)>,
    tail: Tail,
}

/// Those after the last row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tail {
    first: Option<(u64, RefusalReason)>,
    /// The lines in them that are not blank, and the comments behind the first.
    lines: u64,
    comments: u64,
}

impl Odd {
    pub(super) fn add(&mut self, line: u64, reason: RefusalReason, lines: u64) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push((line, reason));
        }
        self.tail.first.get_or_insert((line, reason));
        self.tail.lines += lines;
    }

    /// Records a row.
    pub(super) fn add_row(&mut self) {
        if self.tail.first.is_some() {
            self.tail = Tail::default();
        }
    }

    /// Records a comment.
    pub(super) fn add_comment(&mut self) {
        self.tail.comments += u64::from(self.tail.first.is_some());
    }

    /// Adds the records of a later part of the text, which has this number of rows and comments.
    pub(super) fn merge(&mut self, later: Odd, rows: u64, comments: u64) {
        self.count += later.count;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(later.examples.into_iter().take(room));
        if rows > 0 || self.tail.first.is_none() {
            self.tail = later.tail;
        } else {
            self.tail.lines += later.tail.lines;
            self.tail.comments += comments;
        }
    }

    /// The message of training about one of them. Those at the end come first, because an option leaves them out;
    /// `skip_end` lines are left out already. No option leaves out the others.
    pub(super) fn refusal(&self, width: usize, quote: u8, skip_end: usize) -> Option<Refusal> {
        let error = |(line, reason)| match reason {
            RefusalReason::Cells(found) => other_width(line, width, found),
            RefusalReason::OpenQuote => open_quote(line, quote),
            RefusalReason::Zero => zero_byte(line),
        };
        let lines = self.tail.lines + self.tail.comments;
        if let Some(first) = self.tail.first
            && lines <= END_LINES as u64
        {
            let skip = skip_end.saturating_add(usize::try_from(lines).unwrap_or(usize::MAX));
            let when = match first.1 {
                RefusalReason::OpenQuote => "close it, or",
                _ => "if the table ends before it,",
            };
            let error = error(first).hint(format!(
                "{when} leave the rest out with {}",
                set(Setting::SkipEnd, skip)
            ));
            return Some(Refusal::mended_by(error, Mend::SkipEnd(skip)));
        }
        let &first = self.examples.first()?;
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let hint = match count {
            1 => "this description leaves the line out, and training refuses the file: correct the line".into(),
            _ => format!(
                "{} are not rows: {}. This description leaves them out, and training refuses the file: correct these \
                 lines",
                counted(count, "record", "records"),
                self.places()
            ),
        };
        Some(error(first).hint(hint).into())
    }

    fn places(&self) -> String {
        let places = self.examples.iter().map(|(line, reason)| match reason {
            RefusalReason::Cells(found) => {
                format!("line {line} ({})", counted(*found, "cell", "cells"))
            }
            RefusalReason::OpenQuote => format!("line {line} (an open quote)"),
            RefusalReason::Zero => format!("line {line} (a zero byte)"),
        });
        let places: Vec<String> = places.collect();
        if self.count > places.len() as u64 {
            format!("{} and others", places.join(", "))
        } else {
            places.join(", ")
        }
    }
}

/// An error for a record with a wrong number of cells.
pub(super) fn other_width(line: u64, width: usize, found: usize) -> Error {
    Error::new(ErrorKind::Format, "the lines differ in length")
        .at(format!("line {line}"))
        .expected(format!("{}, as in most lines", count_of(width, "cell")))
        .found(found)
}

/// An error for a zero byte, which text never has.
pub(super) fn zero_byte(line: u64) -> Error {
    Error::new(ErrorKind::Format, "the file is not text")
        .at(format!("line {line}"))
        .expected("characters")
        .found("a zero byte")
        .hint(format!(
            "if it is UTF-16 without a byte order mark, give {}",
            set(Setting::Encoding, "utf-16le")
        ))
}

/// An error for a quote that is not closed.
pub(super) fn open_quote(line: u64, quote: u8) -> Error {
    Error::new(ErrorKind::Format, "a quote is not closed")
        .at(format!("line {line}"))
        .hint(format!(
            "close it with {}, or name another quote with {}",
            char::from(quote),
            setting(Setting::Quote)
        ))
}

/// An error of reading, as one of the library.
pub(super) fn unreadable(error: io::Error) -> Error {
    match (is_damage(&error), error.get_ref().is_some()) {
        (true, true) => {
            Error::new(ErrorKind::Format, "the file is damaged or cut off").caused_by(error)
        }
        (true, false) => {
            Error::new(ErrorKind::Format, "the packed data are damaged or cut off").caused_by(error)
        }
        _ => Error::new(ErrorKind::Io, "cannot be read").caused_by(error),
    }
}
