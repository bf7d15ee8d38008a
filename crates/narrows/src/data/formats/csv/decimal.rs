//! The decimal sign of a file, from the cells of all columns.

use super::class::Class;
use super::number::Style;
use super::tally::ClassTally;
use std::sync::Arc;

/// The decimal sign of a file, and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    /// The user sets it.
    Said(u8),
    /// Cells show it.
    Shown(u8),
    /// The file does not show it; it is the sign of the file that a model was trained on.
    Usual(u8),
    /// The file has numbers with ambiguous marks, and files of this kind usually use this sign.
    Likely(u8),
    /// The file has numbers with ambiguous marks, and whole numbers of five or more digits in the column of this place, which
    /// have no thousands separator: so the mark is the decimal sign.
    Ungrouped(u8, usize),
    /// There are no numbers with marks.
    None,
    /// Undecided: the place of a column of values like 124.355 or 124,355, and their mark.
    Doubtful(usize, u8),
}

/// The decimal sign of another file: the training file of a model, or the first of several files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usual {
    pub(super) sign: u8,
    /// The separator of that file.
    pub(super) separator: Option<u8>,
}

impl Usual {
    /// Whether it applies to a file with this separator: with commas as separator, decimal commas are rare.
    fn holds(self, separator: u8) -> bool {
        separator != b',' || self.sign != b',' || self.separator == Some(b',')
    }
}

impl Decimal {
    /// The sign of a file with this separator and these columns.
    pub(super) fn decide(
        tallies: &[ClassTally],
        separator: u8,
        said: Option<u8>,
        usual: Option<Usual>,
    ) -> Self {
        if let Some(said) = said {
            return Decimal::Said(said);
        }
        let numbers = || tallies.iter().filter(|tally| tally.is_of_numbers());
        let (points, commas) = numbers().fold((0_u64, 0_u64), |(points, commas), tally| {
            let (more_points, more_commas) = tally.votes(separator);
            (points + more_points, commas + more_commas)
        });
        if points != commas {
            return Decimal::Shown(if points > commas { b'.' } else { b',' });
        }
        let has = |class| numbers().any(|tally| tally.of(&[class]) > 0);
        let is_either = has(Class::EitherPoint) || has(Class::EitherComma);
        if !is_either && points == 0 {
            return Decimal::None;
        }
        if let Some(usual) = usual.filter(|usual| usual.holds(separator)) {
            return Decimal::Usual(usual.sign);
        }
        // 20340 in any column shows that the file has no thousands separators. Dates such as 20240101, and ids, have none in any
        // file, so a note says which column has decided.
        let sign = match (has(Class::EitherPoint), has(Class::EitherComma)) {
            (true, false) => Some(b'.'),
            (false, true) if separator != b',' => Some(b','),
            _ => None,
        };
        let is_long = |tally: &ClassTally| tally.is_of_numbers() && tally.has_long();
        if let (Some(sign), Some(column)) = (sign, tallies.iter().position(is_long)) {
            return Decimal::Ungrouped(sign, column);
        }
        if points > 0 {
            return Decimal::Likely(if separator == b',' { b'.' } else { b',' });
        }
        let doubtful = |class| {
            let is = |tally: &ClassTally| tally.is_of_numbers() && tally.of(&[class]) > 0;
            tallies.iter().position(is)
        };
        // With semicolons as separator, the comma is probably a decimal sign; with other separators it may separate
        // thousands.
        match (
            separator,
            doubtful(Class::EitherPoint),
            doubtful(Class::EitherComma),
        ) {
            (b';', _, Some(_)) => Decimal::Likely(b','),
            (b';', Some(column), None) => Decimal::Doubtful(column, b'.'),
            (b',', ..) | (_, _, None) => Decimal::Likely(b'.'),
            (_, _, Some(column)) => Decimal::Doubtful(column, b','),
        }
    }

    /// The sign.
    pub(super) fn sign(self) -> u8 {
        match self {
            Decimal::Said(sign)
            | Decimal::Shown(sign)
            | Decimal::Usual(sign)
            | Decimal::Likely(sign)
            | Decimal::Ungrouped(sign, _) => sign,
            Decimal::None | Decimal::Doubtful(..) => b'.',
        }
    }

    /// The style of a column.
    /// `thousands` is the thousands separator that the user sets, `others` the one that other columns show, and `usual`
    /// the one of another file.
    pub(super) fn style(
        self,
        tally: &ClassTally,
        thousands: Option<char>,
        others: Option<char>,
        usual: Option<char>,
    ) -> Style {
        let sign = self.sign();
        let trained_on_commas = self == Decimal::Usual(b',') && tally.of(&[Class::EitherPoint]) > 0;
        let group = match thousands {
            Some(thousands) => Some(thousands),
            // In a file with decimal commas, 124.355 can only be a whole number.
            None if trained_on_commas => Some('.'),
            None => tally
                .group(sign)
                .or(others.filter(|_| tally.may_group(sign)))
                .or(usual.filter(|group| *group != char::from(sign) && tally.may_have(*group))),
        };
        Style {
            decimal: sign,
            group,
            unit: if tally.is_of_numbers() {
                tally.unit().map(String::from).map(Arc::new)
            } else {
                None
            },
        }
    }
}
