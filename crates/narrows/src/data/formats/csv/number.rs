//! Converts cells to numbers in the style of a column.

use super::cell::{FoundCell, PlainNumber};
use super::class::Class;
use std::sync::Arc;

/// The style of a column's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// A point or a comma.
    pub(super) decimal: u8,
    /// The possible separator of groups of three digits.
    pub(super) group: Option<char>,
    /// The text before or after each number.
    pub(super) unit: Option<Arc<String>>,
}

/// Whether two separators of groups are the same; one space is as good as another.
pub(super) fn is_same_group(a: char, b: char) -> bool {
    a == b || (a.is_whitespace() && b.is_whitespace())
}

/// The value of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum CellValue {
    Missing,
    /// A whole number that fits into 64 bits.
    Whole(i128),
    Float(f64),
    /// Not a number of this column.
    Bad,
}

/// The powers of ten that are exact as floating-point numbers.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Whole numbers up to here are exact as floating-point numbers.
pub(super) const EXACT: u64 = 1 << 53;

impl Style {
    /// Whether a cell of a class is a number, and whether its mark is a decimal sign; `None` if it is not a number.
    fn reading(&self, class: Class) -> Option<Reading> {
        use Class::{
            Address, ByCommas, ByCommasPoint, ByPoints, ByPointsComma, Comma, CommaLong,
            EitherComma, EitherPoint, Exponent, Point, PointLong, Whole, WholeHuge, WholeLong,
            WholeNegative, WholeUnsigned,
        };
        let is_point = self.decimal == b'.';
        let by_commas = is_point && self.group == Some(',');
        let by_points = !is_point && self.group == Some('.');
        match class {
            Whole | WholeNegative | WholeLong | WholeUnsigned | WholeHuge => Some(Reading::Whole),
            Exponent => Some(Reading::Decimals),
            Point | PointLong if is_point => Some(Reading::Decimals),
            Comma | CommaLong if !is_point => Some(Reading::Decimals),
            EitherPoint if is_point => Some(Reading::Decimals),
            EitherComma if !is_point => Some(Reading::Decimals),
            EitherPoint | ByPoints | Address if by_points => Some(Reading::Whole),
            EitherComma | ByCommas if by_commas => Some(Reading::Whole),
            ByCommasPoint if by_commas => Some(Reading::Decimals),
            ByPointsComma if by_points => Some(Reading::Decimals),
            _ => None,
        }
    }

    /// Whether numbers of a class have decimals in this style.
    pub(super) fn has_decimals(&self, class: Class) -> bool {
        self.reading(class) == Some(Reading::Decimals)
    }

    /// The value of a cell that is a plain number, whose text it has.
    #[inline]
    pub(super) fn plain(&self, plain: &PlainNumber, class: Class, cell: &[u8]) -> CellValue {
        if self.unit.is_some() {
            return CellValue::Bad;
        }
        match self.reading(class) {
            None => CellValue::Bad,
            Some(Reading::Whole) => {
                let whole = i128::from(plain.digits);
                CellValue::Whole(if plain.is_negative { -whole } else { whole })
            }
            // Both numbers are exact, so their quotient is rounded only once.
            Some(Reading::Decimals) if plain.digits <= EXACT => {
                let power = POWERS.get(plain.after).copied().unwrap_or(f64::NAN);
                let value = plain.digits as f64 / power;
                CellValue::Float(if plain.is_negative { -value } else { value })
            }
            Some(Reading::Decimals) => self.float(cell),
        }
    }

    /// The value of a cell with an exponent, of a class.
    pub(super) fn scientific(&self, class: Class, cell: &[u8]) -> CellValue {
        if self.unit.is_none() && self.reading(class).is_some() {
            self.float(cell)
        } else {
            CellValue::Bad
        }
    }

    /// The floating-point number that is nearest to a cell without groups.
    fn float(&self, cell: &[u8]) -> CellValue {
        let parsed = |cell: &[u8]| std::str::from_utf8(cell).ok()?.parse::<f64>().ok();
        let value = match memchr::memchr(b',', cell) {
            None => parsed(cell),
            Some(at) => {
                let mut with_point = cell.to_vec();
                if let Some(mark) = with_point.get_mut(at) {
                    *mark = b'.';
                }
                parsed(&with_point)
            }
        };
        match value {
            Some(value) if value.is_finite() => CellValue::Float(value),
            _ => CellValue::Bad,
        }
    }

    /// The value of a cell that is not a plain number.
    pub(super) fn found(&self, found: &FoundCell<'_>) -> CellValue {
        if found.class == Class::Missing {
            return CellValue::Missing;
        }
        let is_grouped_so = match (found.group, self.group) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(found), Some(group)) => is_same_group(found, group),
        };
        match self.reading(found.class) {
            Some(reading)
                if is_grouped_so && found.unit == self.unit.as_ref().map(|unit| unit.as_str()) =>
            {
                self.parsed(&found.number, reading)
            }
            _ => CellValue::Bad,
        }
    }

    fn parsed(&self, number: &str, reading: Reading) -> CellValue {
        let decimal = char::from(self.decimal);
        let plain: String = number
            .chars()
            .filter(|c| !matches!(c, '.' | ',') || (*c == decimal && reading == Reading::Decimals))
            .map(|c| if c == ',' { '.' } else { c })
            .collect();
        if reading == Reading::Decimals {
            return match plain.parse::<f64>() {
                Ok(value) if value.is_finite() => CellValue::Float(value),
                _ => CellValue::Bad,
            };
        }
        match plain.parse::<i128>() {
            Ok(whole) if i64::try_from(whole).is_ok() || u64::try_from(whole).is_ok() => {
                CellValue::Whole(whole)
            }
            // A whole number beyond 64 bits is accepted only if a floating-point number is exactly equal.
            _ => match plain.parse::<f64>() {
                Ok(value) if value.is_finite() && is_exact(&plain, value) => {
                    CellValue::Float(value)
                }
                _ => CellValue::Bad,
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Whole,
    Decimals,
}

fn is_exact(digits: &str, value: f64) -> bool {
    let is_negative = digits.starts_with('-');
    let bare = digits
        .trim_start_matches(['-', '+'])
        .trim_start_matches('0');
    let sign = if is_negative { "-" } else { "" };
    format!("{value:.0}") == format!("{sign}{bare}")
}

/// A whole number as a floating-point one, if it is the same.
pub(super) fn exact_float(whole: i128) -> Option<f64> {
    let float = whole as f64;
    (float as i128 == whole).then_some(float)
}
