//! The kind of a cell, for distinguishing names from values.

use super::cell::{PlainNumber, find};
use super::class::Class;

/// The kind of a cell, for distinguishing names from values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Missing,
    Number,
    Truth,
    Time,
    Word,
}

impl Sort {
    pub(super) fn of(cell: &str) -> Self {
        let class = match PlainNumber::of(cell.as_bytes()) {
            Some(plain) => plain.class(),
            None => find(cell).class,
        };
        match class {
            Class::Missing => Sort::Missing,
            Class::Yes | Class::No => Sort::Truth,
            Class::Date | Class::Time | Class::Timestamp => Sort::Time,
            Class::Word | Class::LetterT | Class::LetterF | Class::LetterY | Class::LetterN => {
                Sort::Word
            }
            _ => Sort::Number,
        }
    }
}
