//! The possible readings of one cell, before the decimal sign of its file is known.

use super::class::Class;
use super::dates;

/// The largest number of digits that never overflow 64 bits.
const DIGITS: usize = 19;

/// A number of at most 19 digits, optionally with a sign and one point or comma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlainNumber {
    pub(super) is_negative: bool,
    /// All digits.
    pub(super) digits: u64,
    /// The number of digits before and after the mark.
    before: usize,
    pub(super) after: usize,
    /// The point or comma.
    mark: Option<u8>,
    begins_with_zero: bool,
}

impl PlainNumber {
    #[inline]
    pub(super) fn of(cell: &[u8]) -> Option<Self> {
        let (is_negative, rest) = match cell {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        if rest.len() > DIGITS + 1 {
            return None;
        }
        let mut digits = 0_u64;
        let mut mark = None;
        let mut before = rest.len();
        for (at, &byte) in rest.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                // At most 20 bytes, of which one may be the mark: it overflows only if all are digits.
                digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
            } else if (byte == b'.' || byte == b',') && mark.is_none() {
                mark = Some(byte);
                before = at;
            } else {
                return None;
            }
        }
        let after = rest.len() - before - usize::from(mark.is_some());
        (before + after > 0 && before + after <= DIGITS).then_some(PlainNumber {
            is_negative,
            digits,
            before,
            after,
            mark,
            begins_with_zero: rest.first() == Some(&b'0'),
        })
    }

    /// Whether it is a whole number with leading zeros, as in codes.
    #[inline]
    pub(super) fn is_padded(&self) -> bool {
        self.begins_with_zero && self.before > 1 && self.mark.is_none()
    }

    #[inline]
    pub(super) fn class(&self) -> Class {
        let is_long = self.before >= 5;
        let is_either = self.after == 3 && (1..=3).contains(&self.before) && !self.begins_with_zero;
        match self.mark {
            None if self.is_negative && self.digits > 1 << 63 => Class::WholeHuge,
            None if self.is_negative => Class::WholeNegative,
            None if self.digits > i64::MAX as u64 => Class::WholeUnsigned,
            None if is_long => Class::WholeLong,
            None => Class::Whole,
            Some(b'.') if is_either => Class::EitherPoint,
            Some(b'.') if is_long => Class::PointLong,
            Some(b'.') => Class::Point,
            Some(_) if is_either => Class::EitherComma,
            Some(_) if is_long => Class::CommaLong,
            Some(_) => Class::Comma,
        }
    }
}

/// The class of a number with an exponent, the usual form of very small and large numbers: `1.5e-07`.
pub(super) fn scientific(cell: &[u8]) -> Option<Class> {
    let at = memchr::memchr2(b'e', b'E', cell)?;
    let exponent = match cell.get(at + 1..)? {
        [b'+' | b'-', digits @ ..] | digits => digits,
    };
    if exponent.is_empty() || !exponent.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mantissa = PlainNumber::of(cell.get(..at)?)?;
    Some(match mantissa.mark {
        None => Class::Exponent,
        Some(b'.') => Class::Point,
        Some(_) => Class::Comma,
    })
}

/// The readings of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundCell<'a> {
    pub(super) class: Class,
    /// The text before or after the number: `%`, `kg`, `€`.
    pub(super) unit: Option<&'a str>,
    /// The separator of groups of digits, if it is neither a point nor a comma.
    pub(super) group: Option<char>,
    /// The sign and digits of a number, its points and commas.
    pub(super) number: String,
}

impl FoundCell<'_> {
    fn only(class: Class) -> Self {
        FoundCell {
            class,
            unit: None,
            group: None,
            number: String::new(),
        }
    }
}

/// Classifies a cell that is not a [`PlainNumber`]. It must have no surrounding spaces of ASCII; others, such as those
/// that do not break a line, are left out.
pub(super) fn find(cell: &str) -> FoundCell<'_> {
    let cell = cell.trim();
    if is_missing(cell) {
        return FoundCell::only(Class::Missing);
    }
    if let Some(is_yes) = truth(cell) {
        return FoundCell::only(match cell {
            "T" | "t" => Class::LetterT,
            "F" | "f" => Class::LetterF,
            "Y" | "y" => Class::LetterY,
            "N" | "n" => Class::LetterN,
            _ if is_yes => Class::Yes,
            _ => Class::No,
        });
    }
    if is_infinite(cell) {
        return FoundCell::only(Class::Infinite);
    }
    if !cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return FoundCell::only(Class::Word);
    }
    if let Some(class) = dates::class(cell) {
        return FoundCell::only(class);
    }
    measured(cell).unwrap_or_else(|| FoundCell::only(Class::Word))
}

/// Whether a cell is missing in a column of any type: the markers in upper or lower case.
pub(super) fn is_missing_word(cell: &str) -> bool {
    const MARKERS: [&str; 19] = [
        "na", "n/a", "nan", "null", "-", "?", "#n/a", "<na>", "nat", "#na", "#n/a n/a", "-nan",
        "+nan", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "n.a.", "(null)",
    ];
    cell.is_empty()
        || (cell.len() <= 8 && MARKERS.iter().any(|known| cell.eq_ignore_ascii_case(known)))
}

/// Whether a cell is missing in a column of numbers. In a column of words, these texts may be words.
pub(super) fn is_missing(cell: &str) -> bool {
    const MARKERS: [&str; 5] = ["none", "nil", "missing", ".", "--"];
    is_missing_word(cell) || MARKERS.iter().any(|known| cell.eq_ignore_ascii_case(known))
}

/// Whether a text after a number is probably a cell of its own.
fn is_marker(suffix: &str) -> bool {
    !suffix.is_empty() && (is_missing(suffix) || (suffix.len() > 1 && truth(suffix).is_some()))
}

fn is_infinite(cell: &str) -> bool {
    let bare = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    ["inf", "infinity", "1.#inf", "∞"]
        .iter()
        .any(|known| bare.eq_ignore_ascii_case(known))
}

/// The truth value of a yes or a no.
pub(super) fn truth(cell: &str) -> Option<bool> {
    const YES: [&str; 4] = ["true", "yes", "t", "y"];
    const NO: [&str; 4] = ["false", "no", "f", "n"];
    if cell.len() > 5 {
        return None;
    }
    let is = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    match (is(&YES), is(&NO)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// A number, optionally with a unit, an exponent or groups of digits.
fn measured(cell: &str) -> Option<FoundCell<'_>> {
    let (is_negative, rest) = signed(cell);
    let (prefix, rest) = currency(rest);
    let (is_negative, rest) = match prefix {
        Some(_) if !is_negative => signed(rest),
        _ => (is_negative, rest),
    };
    if !rest.starts_with(|first: char| first.is_ascii_digit() || first == '.' || first == ',') {
        return None;
    }
    let is_in_number = |c: char| c.is_ascii_digit() || ".,'’_ \u{a0}\u{202f}\u{2009}".contains(c);
    let length = rest.find(|c| !is_in_number(c)).unwrap_or(rest.len());
    let (body, suffix) = rest.split_at_checked(length)?;
    // 001.png is the name of a file.
    if body.ends_with(['.', ',']) && suffix.starts_with(char::is_alphabetic) {
        return None;
    }
    let body = body.trim_end();
    let (exponent, suffix) = exponent(suffix).unwrap_or(("", suffix));
    let suffix = suffix.trim();
    if suffix.contains(char::is_whitespace) || rest.contains('\t') || is_marker(suffix) {
        return None;
    }
    let unit = match (prefix, suffix) {
        (None, "") => None,
        (Some(prefix), "") => Some(prefix),
        (None, suffix) if is_unit(suffix) => Some(suffix),
        _ => return None,
    };
    let (group, digits) = ungrouped(body)?;
    let class = match (class_of(&digits)?, exponent) {
        (class, "") => class,
        (Class::Whole | Class::WholeLong | Class::WholeUnsigned | Class::WholeHuge, _) => {
            Class::Exponent
        }
        (Class::Point | Class::PointLong | Class::EitherPoint, _) => Class::Point,
        (Class::Comma | Class::CommaLong | Class::EitherComma, _) => Class::Comma,
        _ => return None,
    };
    let class = match class {
        Class::Whole | Class::WholeLong if is_negative => Class::WholeNegative,
        Class::WholeUnsigned if is_negative => Class::WholeHuge,
        class => class,
    };
    let sign = if is_negative { "-" } else { "" };
    Some(FoundCell {
        class,
        unit,
        group,
        number: format!("{sign}{digits}{}", exponent.replace(['d', 'D'], "e")),
    })
}

/// Whether the text begins with a minus, and the text without its sign.
fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A sign or code of a currency before a number.
fn currency(text: &str) -> (Option<&str>, &str) {
    let sign = text.chars().next().filter(|c| is_currency(*c));
    let length = match sign {
        Some(sign) => sign.len_utf8(),
        None => {
            let code = text.bytes().take_while(u8::is_ascii_uppercase).count();
            let is_spaced = text.as_bytes().get(code) == Some(&b' ');
            if code == 3 && is_spaced { code } else { 0 }
        }
    };
    match text.split_at_checked(length) {
        Some((unit, rest)) if length > 0 => (Some(unit), rest.trim_start()),
        _ => (None, text),
    }
}

fn is_currency(c: char) -> bool {
    "$€£¥₹₽₩₺₪₫₴¢".contains(c)
}

/// An exponent at the start of a text, and the rest. Fortran writes a `D` for double precision, with a sign behind it:
/// `1.5D+03`. Without a sign it is part of a code: `2D05`.
fn exponent(text: &str) -> Option<(&str, &str)> {
    let behind = text.strip_prefix(['e', 'E', 'd', 'D'])?;
    let digits = behind.strip_prefix(['+', '-']).unwrap_or(behind);
    if text.starts_with(['d', 'D']) && digits.len() == behind.len() {
        return None;
    }
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return None;
    }
    text.split_at_checked(text.len() - digits.len() + count)
}

/// Whether a text after a number can be its unit: `%`, `°C`, `kg/m²`, `m3`.
fn is_unit(text: &str) -> bool {
    // A code, or an exponent of Fortran without its sign.
    let behind = text.strip_prefix(['d', 'D']).unwrap_or_default();
    if !behind.is_empty() && behind.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let mut chars = text.chars();
    // A digit would be an exponent; other digits occur in times and codes, such as 08h30 and 2024Q1.
    let mut pairs = text.chars().zip(text.chars().skip(1).chain(['/']));
    let mut is_behind_letter = false;
    let has_code = pairs.any(|(c, next)| {
        let is_exponent = matches!(c, '2' | '3') && is_behind_letter && !next.is_alphanumeric();
        is_behind_letter = c.is_alphabetic() || c == '-';
        c.is_ascii_digit() && !is_exponent && !(c == '1' && text.contains('-'))
    });
    if has_code {
        return false;
    }
    let begins = chars
        .next()
        .is_some_and(|c| c.is_alphabetic() || is_currency(c) || "%‰°".contains(c));
    begins
        && text.chars().count() <= 12
        && chars.all(|c| c.is_alphanumeric() || "%°²³·*/^-⁻¹".contains(c))
}

/// The digits without group separators other than points and commas, if the groups have three digits.
fn ungrouped(body: &str) -> Option<(Option<char>, String)> {
    let is_group = |c: char| !c.is_ascii_digit() && c != '.' && c != ',';
    let Some(group) = body.chars().find(|c| is_group(*c)) else {
        return Some((None, body.to_string()));
    };
    let length = body.find(['.', ',']).unwrap_or(body.len());
    let (whole, fraction) = body.split_at_checked(length)?;
    let mut groups = whole.split(group);
    let first = groups.next()?;
    let all_of_three = groups.all(|group| group.len() == 3 && is_digits(group));
    let is_right = (1..=3).contains(&first.len()) && is_digits(first) && all_of_three;
    let fraction_digits = fraction.get(1..).unwrap_or_default();
    if !is_right || !is_digits(fraction_digits) {
        return None;
    }
    let mut digits: String = whole.chars().filter(|c| *c != group).collect();
    digits.push_str(fraction);
    Some((Some(group), digits))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The class of digits with points and commas.
fn class_of(digits: &str) -> Option<Class> {
    if let Some(plain) = PlainNumber::of(digits.as_bytes()) {
        return Some(plain.class());
    }
    let points = digits.matches('.').count();
    let commas = digits.matches(',').count();
    let is_by = |group: char, whole: &str| {
        let mut groups = whole.split(group);
        groups
            .next()
            .is_some_and(|first| (1..=3).contains(&first.len()) && !first.starts_with('0'))
            && groups.all(|group| group.len() == 3)
    };
    match (points, commas) {
        (0, 0) if digits.is_empty() => None,
        (0, 0) if digits.parse::<u64>().is_ok() => Some(Class::WholeUnsigned),
        (0, 0) => Some(Class::WholeHuge),
        (1, 0) if digits.len() > 1 => Some(long(digits, '.', Class::Point, Class::PointLong)),
        (0, 1) if digits.len() > 1 => Some(long(digits, ',', Class::Comma, Class::CommaLong)),
        (0, _) => is_by(',', digits).then_some(Class::ByCommas),
        (3, 0) if is_by('.', digits) && is_address(digits) => Some(Class::Address),
        (_, 0) => is_by('.', digits).then_some(Class::ByPoints),
        // The decimal sign comes after the groups.
        _ if points == 1 && digits.rfind('.') > digits.rfind(',') => {
            let whole = digits.split_once('.')?.0;
            is_by(',', whole).then_some(Class::ByCommasPoint)
        }
        _ if commas == 1 && digits.rfind(',') > digits.rfind('.') => {
            let whole = digits.split_once(',')?.0;
            is_by('.', whole).then_some(Class::ByPointsComma)
        }
        _ => None,
    }
}

/// Whether all parts between points are at most 255.
fn is_address(digits: &str) -> bool {
    digits.split('.').all(|part| part.parse::<u8>().is_ok())
}

fn long(digits: &str, mark: char, short: Class, long: Class) -> Class {
    match digits.find(mark) {
        Some(before) if before >= 5 => long,
        _ => short,
    }
}
