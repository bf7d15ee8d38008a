//! The unreadable cells of a column, grouped by reason.

use super::column::FileColumn;
use super::element::EXACT;
use super::schema::ColumnKind;
use crate::advice::{Setting, set};
use crate::text::counted;

/// The number of example cells for each reason.
const EXAMPLES: usize = 3;

/// The marks that may stand between thousands, and words for them.
const MARKS: [(char, &str); 7] = [
    (',', "commas"),
    ('.', "points"),
    (' ', "spaces"),
    ('\u{a0}', "spaces"),
    ('\u{202f}', "spaces"),
    ('\'', "apostrophes"),
    ('_', "underscores"),
];

/// The reason why a cell of a column of numbers is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::data) enum Reason {
    /// It is not a number.
    NotANumber,
    /// It has no unit, while the other cells have this unit.
    WithoutUnit(String),
    /// It has another currency than the other cells.
    OtherCurrency {
        own: char,
        others: String,
    },
    NotFinite,
    /// A whole number that does not fit into 64 bits.
    TooLarge,
    /// A whole number that fits only into 64 bits without a sign, while other cells of the column need a sign.
    WithoutSign,
    /// A whole number above 2^53 that would be rounded, because the column has fractions.
    Rounded,
}

/// The mark in 1,234, 1.234.567 or 953 973, if each group after a mark has three digits.
fn mark_of_thousands(text: &str) -> Option<char> {
    let digits = text.trim().trim_start_matches(['-', '+']);
    let mark = digits
        .chars()
        .find(|c| MARKS.iter().any(|(mark, _)| mark == c))?;
    let mut groups = digits.split(mark);
    let is_of_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next()?;
    let is_first = (1..=3).contains(&first.len()) && !first.starts_with('0') && is_of_digits(first);
    let are_groups = groups.all(|group| group.len() == 3 && is_of_digits(group));
    (is_first && are_groups).then_some(mark)
}

impl Reason {
    /// The reason why a cell of a column is refused, from its text.
    fn of(text: &str, column: &FileColumn) -> Reason {
        let text = text.trim();
        let is_currency = |c: &char| "$€£¥₹₩₽¢".contains(*c);
        let currency = text.chars().find(is_currency);
        if let (Some(own), Some(others)) = (currency, &column.unit)
            && others.chars().any(|c| is_currency(&c) && c != own)
            && text.contains(|c: char| c.is_ascii_digit())
        {
            let others = others.to_string();
            return Reason::OtherCurrency { own, others };
        }
        let digits = text.trim_start_matches(['-', '+']);
        let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match (text.parse::<f64>(), &column.unit) {
            (Ok(number), _) if !number.is_finite() => Reason::NotFinite,
            (Ok(_), Some(unit)) => Reason::WithoutUnit(unit.to_string()),
            (Ok(number), None) if is_whole && number.abs() >= EXACT => match column.kind {
                ColumnKind::Float if digits.len() < 20 => Reason::Rounded,
                _ if digits.parse::<u64>().is_ok() => Reason::WithoutSign,
                _ => Reason::TooLarge,
            },
            _ => Reason::NotANumber,
        }
    }

    /// The reason why a cell of a column is refused, in words such as `cannot be read as a number`; and whether the
    /// reason is that it is not finite.
    pub(in crate::data) fn of_one(text: &str, column: &FileColumn) -> (String, bool) {
        let reason = Reason::of(text, column);
        let words = reason.says_of(1);
        // The message begins with the count.
        let words = words.strip_prefix("1 cell ").unwrap_or(&words).to_string();
        (words, reason == Reason::NotFinite)
    }

    /// The words for a number of cells: `1 cell is not finite`.
    fn says_of(&self, count: u64) -> String {
        let is = |what: &str| {
            let cells = counted(count as usize, "cell is", "cells are");
            format!("{cells} {what}")
        };
        match self {
            Reason::NotANumber => counted(
                count as usize,
                "cell cannot be read as a number",
                "cells cannot be read as numbers",
            ),
            Reason::WithoutUnit(unit) => is(&format!("without the {unit} of the others")),
            Reason::OtherCurrency { own, others } => {
                is(&format!("in {own}, the others in {others}"))
            }
            Reason::NotFinite => is("not finite"),
            Reason::TooLarge => is("beyond the range of 64-bit integers"),
            Reason::WithoutSign => {
                is("beyond the signed 64-bit integers, which the column needs for negative values")
            }
            Reason::Rounded => is("not exact in float64, which the column needs for its fractions"),
        }
    }
}

/// The unreadable cells of a column. Few columns have any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unreadable(Option<Box<UnreadableCells>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct UnreadableCells {
    /// For each reason the number of cells, and the first cells, each with its place.
    groups: Vec<(Reason, u64, Vec<String>)>,
    /// A mark in some cells that could be a thousands separator.
    thousands: Option<char>,
}

impl Unreadable {
    /// Adds a cell of a column. `text` may be shortened; `shown` is the cell as displayed, with its place.
    pub(super) fn add(&mut self, text: &str, column: &FileColumn, shown: impl FnOnce() -> String) {
        let reason = Reason::of(text, column);
        let cells = self.0.get_or_insert_default();
        cells.thousands = cells.thousands.or_else(|| mark_of_thousands(text));
        let place = cells.groups.iter().position(|group| group.0 == reason);
        let place = place.unwrap_or_else(|| {
            cells.groups.push((reason, 0, Vec::new()));
            cells.groups.len() - 1
        });
        let (_, count, examples) = &mut cells.groups[place];
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(shown());
        }
    }

    fn groups(&self) -> &[(Reason, u64, Vec<String>)] {
        self.0.as_ref().map_or(&[], |cells| &cells.groups)
    }

    /// The number of cells.
    pub(super) fn count(&self) -> u64 {
        self.groups().iter().map(|(_, count, _)| count).sum()
    }

    /// A few cells, each with its place.
    pub(super) fn examples(&self) -> Vec<String> {
        let all = self.groups().iter().flat_map(|(.., examples)| examples);
        all.take(EXAMPLES).cloned().collect()
    }

    /// The problems, by reason: `2 cells cannot be read as numbers: line 5 "2,262", line 11 "(5)"`.
    pub(super) fn sentence(&self) -> String {
        let group = |(reason, count, examples): &(Reason, u64, Vec<String>)| {
            let first = if *count as usize > examples.len() {
                ", the first on "
            } else {
                ": "
            };
            format!("{}{first}{}", reason.says_of(*count), examples.join(", "))
        };
        let groups: Vec<String> = self.groups().iter().map(group).collect();
        let thousands = self.0.as_ref().and_then(|cells| cells.thousands);
        let known = MARKS.iter().find(|(mark, _)| Some(*mark) == thousands);
        let hint = known.map_or(String::new(), |(mark, words)| {
            let mark = if mark.is_whitespace() { ' ' } else { *mark };
            let option = set(Setting::Thousands, mark);
            format!(" (if {words} stand between thousands, use {option})")
        });
        format!("{}{hint}", groups.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_reason_is_the_one_that_a_person_can_correct() {
        let said = |kind, unit: Option<&str>, texts: &[&str]| {
            let column = FileColumn {
                name: "a".into(),
                kind,
                unit: unit.map(String::from).map(Arc::new),
            };
            let mut unreadable = Unreadable::default();
            for text in texts {
                unreadable.add(text, &column, || format!("\"{text}\""));
            }
            unreadable.sentence()
        };
        use ColumnKind::{Float, Integer};
        for (kind, unit, texts, expected) in [
            (
                Integer,
                Some("%"),
                &["0"][..],
                "1 cell is without the % of the others: \"0\"",
            ),
            (
                Float,
                Some("$"),
                &["€6", "x"],
                "1 cell is in €, the others in $: \"€6\"; 1 cell cannot be read as a number: \"x\"",
            ),
            (
                Float,
                None,
                &["inf", "1e400"],
                "2 cells are not finite: \"inf\", \"1e400\"",
            ),
            (
                Integer,
                None,
                &["18446744073709551615"],
                "1 cell is beyond the signed 64-bit integers, which the column needs for negative values: \"18446744073709551615\"",
            ),
            (
                Float,
                None,
                &["12345678901234567890123456"],
                "1 cell is beyond the range of 64-bit integers: \"12345678901234567890123456\"",
            ),
            (
                Float,
                None,
                &["9007199254740993"],
                "1 cell is not exact in float64, which the column needs for its fractions: \"9007199254740993\"",
            ),
            (
                Float,
                None,
                &["1,234", "2,345,678"],
                "2 cells cannot be read as numbers: \"1,234\", \"2,345,678\" (if commas stand between thousands, use `thousands = \",\"`)",
            ),
            (
                Integer,
                None,
                &["953\u{a0}973"],
                "1 cell cannot be read as a number: \"953\u{a0}973\" (if spaces stand between thousands, use `thousands = \" \"`)",
            ),
            (
                Float,
                None,
                &["1,5", "(5)", "a", "b"],
                "4 cells cannot be read as numbers, the first on \"1,5\", \"(5)\", \"a\"",
            ),
        ] {
            assert_eq!(said(kind, unit, texts), expected);
        }
    }
}
