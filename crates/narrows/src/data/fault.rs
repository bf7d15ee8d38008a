//! Faults of a table that training refuses. A description of the table can continue in spite of them.

use super::options::ReadOptions;
use crate::advice::{Setting, set, setting};

/// How to handle a fault that can be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFault {
    /// It is an error.
    Refuse,
    /// It is stored, and reported with the description of the rest.
    Tell,
}

/// The reason why training would refuse a table, with the option that solves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The message of training.
    pub(crate) sentence: String,
    /// The change of the options with which the table is described, and with which it could be trained on.
    pub(crate) mend: Option<Mend>,
}

/// A change of the options that makes a table readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mend {
    /// The encoding.
    Encoding(&'static str),
    /// The decimal sign and the thousands separator.
    Decimal { decimal: char, thousands: char },
    /// The quote around cells.
    Quote(char),
    /// The lines before the table, and whether it has a header, if the following lines do not show this.
    SkipLines { lines: usize, header: Option<bool> },
    /// The lines at the end that are left out.
    SkipEnd(usize),
    /// A column that is left out.
    Drop(String),
}

impl Mend {
    /// Changes the options.
    pub(crate) fn apply(&self, options: &mut ReadOptions) {
        let text = &mut options.text;
        match *self {
            Mend::Encoding(name) => text.encoding = Some(name.into()),
            Mend::Decimal { decimal, thousands } => {
                (text.decimal, text.thousands) = (Some(decimal), Some(thousands));
            }
            Mend::Quote(quote) => text.quote = Some(quote),
            Mend::SkipLines { lines, header } => {
                text.skip_lines = Some(lines);
                options.header = header.or(options.header);
            }
            Mend::SkipEnd(lines) => text.skip_end = Some(lines),
            Mend::Drop(ref name) => options.drop.push(name.clone()),
        }
    }

    /// A hint for the user if the change is a guess.
    pub(crate) fn doubt(self) -> Option<String> {
        match self {
            Mend::Encoding(name) => Some(format!(
                "{} is a guess: check that the names and words look right",
                set(Setting::Encoding, name)
            )),
            Mend::Decimal { decimal, thousands } => Some(format!(
                "{} is a guess: if 124{thousands}355 means about 124, use {} instead",
                set(Setting::Decimal, decimal).with(Setting::Thousands, thousands),
                set(Setting::Decimal, thousands)
            )),
            Mend::Quote(quote) => Some(format!(
                "{} is a guess: it takes {quote} for the quotes of cells; closing the quote in the file is better",
                setting(Setting::Quote)
            )),
            Mend::SkipLines {
                lines,
                header: Some(false),
            } => Some(format!(
                "{} skips the lines before the rows, so the columns are called 0, 1 and so on",
                set(Setting::Header, "no").with(Setting::SkipLines, lines)
            )),
            Mend::SkipLines { .. } | Mend::SkipEnd(_) | Mend::Drop(_) => None,
        }
    }
}
