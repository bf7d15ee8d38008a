//! Numbers and sentences about data, as a terminal shows them.

use crate::output::{figures, fixed, stdout_width};

/// The columns that are listed, of those with one role.
pub(super) const LISTED: usize = 40;

/// The width that everything but commands and long numbers fits into.
pub(super) const WIDTH: usize = 80;

/// Numbers with as many decimals each as tell values at a distance of `spread` apart, or all with an exponent.
pub(super) fn alike<const N: usize>(values: [f64; N], spread: f64) -> [String; N] {
    /// The letters that a number may take.
    const LONG: usize = 12;
    /// The digits of the spread that are shown, fewer where that makes a number too long.
    const DIGITS: [i32; 3] = [4, 3, 2];
    let shortest = |value: f64| {
        if f64::from(value as f32) == value {
            (value as f32).to_string()
        } else {
            value.to_string()
        }
    };
    let decimals_of = |value: f64| match shortest(value).split_once('.') {
        Some((_, decimals)) => decimals.len(),
        None => 0,
    };
    // If all values are equal, the digits follow from their size.
    let scale = if spread > 0.0 && spread.is_finite() {
        spread
    } else {
        values.iter().fold(0.0, |most, value| value.abs().max(most))
    };
    let needed = values.into_iter().map(decimals_of).max().unwrap_or(0);
    let wanted = if scale > 0.0 {
        DIGITS.map(|digits| (digits - 1 - scale.log10().floor() as i32).max(0) as usize)
    } else {
        [0; 3]
    };
    let is_seen = |(text, value): (&String, f64)| {
        value.abs() < scale * 1e-9 || text.parse().is_ok_and(|read: f64| read != 0.0)
    };
    let is_short = |texts: &[String; N]| {
        let are_seen = texts.iter().zip(values).all(is_seen);
        are_seen && texts.iter().all(|text| text.len() <= LONG)
    };
    wanted
        .into_iter()
        .map(|decimals| values.map(|value| fixed(value, decimals.min(needed))))
        .find(is_short)
        // Values are written as in their file, without separators.
        .unwrap_or_else(|| values.map(|value| figures(value).replace(',', "")))
}

/// The text on one line, without characters that a terminal obeys.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        // Characters that change the direction of text would hide the text after them.
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            cleaned.push_str(&format!("\\x{:02x}", u32::from(c)))
        } else {
            cleaned.push(c)
        }
    }
    cleaned
}

pub(super) fn list(title: &str, sentences: &[String]) -> String {
    format!("{title}\n{}", items(sentences))
}

pub(super) fn items(sentences: &[String]) -> String {
    let lines: Vec<String> = sentences
        .iter()
        .map(|sentence| wrapped(&clean(sentence), "  - ", "    "))
        .collect();
    lines.join("\n")
}

/// A text in lines of [`WIDTH`], or of a narrower terminal; the first and the others with what they begin with.
pub(super) fn wrapped(text: &str, first: &str, others: &str) -> String {
    let width = stdout_width().unwrap_or(WIDTH).min(WIDTH);
    crate::output::wrapped(text, first, others, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_column_have_the_same_decimals() {
        for (values, spread, texts) in [
            (
                [20_240_101.0, 20_240_115.533_333],
                8.66,
                ["20240101.000", "20240115.533"],
            ),
            ([0.25, 0.5], 0.25, ["0.25", "0.50"]),
            ([515_800.0, 553_451.6], 37_651.6, ["515800", "553452"]),
            ([f64::from(0.1_f32), 1.0], 0.9, ["0.1", "1.0"]),
            ([0.31, 47_000.5], 47_000.0, ["0.3100", "47000"]),
            ([-0.0, 2.0 / 3.0], 2.0 / 3.0, ["0.0000", "0.6667"]),
            ([-1e-17, 1.0], 1.0, ["0.000", "1.000"]),
            ([1.0 / 3.0, 1.0 / 3.0], 0.0, ["0.3333", "0.3333"]),
            (
                [1.767e9 + 0.25, 1.767e9 + 3600.5],
                3600.25,
                ["1767000000", "1767003600"],
            ),
            ([1_767_225_613.8, 9.908], 9.908, ["1767225613.8", "9.9"]),
            ([1e30, 2e30], 1e30, ["1.000e30", "2.000e30"]),
        ] {
            assert_eq!(alike(values, spread), texts);
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_obeys() {
        assert_eq!(
            clean("a\u{1b}[31mb\n\u{9b}\u{202e}ü"),
            "a\\x1b[31mb\\x0a\\x9b\\x202eü"
        );
    }
}
