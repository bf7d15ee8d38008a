//! Words and numbers for people.

use std::path::Path;

/// A number with four significant digits, for errors and losses: `0.03312`, `1.254e-5`. From 1,000 on it is a whole
/// number, from 100,000 on it has an exponent.
pub fn figures(number: f64) -> String {
    significant(number, 4)
}

/// A mean and its standard deviation, with two digits of the deviation: `0.03376 ± 0.00016`. Without a deviation it is the
/// mean alone.
pub(crate) fn mean_and_std(mean: f64, std: Option<f64>) -> String {
    let mean = figures(mean);
    match std {
        None | Some(0.0) => mean,
        Some(std) if mean.contains('e') => format!("{mean} ± {std:.1e}"),
        Some(std) => format!("{mean} ± {}", significant(std, 2)),
    }
}

fn significant(number: f64, digits: i32) -> String {
    /// The most decimals that are easy to read.
    const DECIMALS: i32 = 7;
    if number == 0.0 {
        return "0".into();
    }
    let rounded = format!("{number:.*e}", digits as usize - 1);
    let exponent = rounded.split('e').nth(1).and_then(|e| e.parse().ok());
    match exponent.map(|exponent: i32| (exponent, digits - 1 - exponent)) {
        Some((3..5, ..=0)) => thousands(number),
        Some((..5, decimals @ ..=DECIMALS)) => {
            format!("{number:.*}", decimals.max(0) as usize)
        }
        // With an exponent, or not finite.
        _ => rounded,
    }
}

/// A number with this many decimals. A number that rounds to 0 has no minus sign.
pub fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| ['0', '.'].contains(&c)) => digits.into(),
        _ => text,
    }
}

/// A time: `4.2 ms`, `0.84 s`, `12.3 s`, `3 min 20 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match seconds {
        // A value that rounds to 1 of the next unit is written in that unit.
        ..0.000_05 => "less than 0.1 ms".into(),
        ..0.009_95 => format!("{:.1} ms", 1e3 * seconds),
        ..9.995 => format!("{seconds:.2} s"),
        ..59.95 => format!("{seconds:.1} s"),
        ..3599.5 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A number with the fewest characters that distinguish it from all others: `0.001`, `1e-8`.
pub(crate) fn short_number(number: f64) -> String {
    match number.abs() {
        0.0 | 1e-5..1e16 => number.to_string(),
        _ => format!("{number:e}"),
    }
}

/// A number in single precision in its short form: 0.1, not 0.10000000149.
pub(crate) fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

/// A whole number with separated thousands: `1,234,567`.
pub fn thousands(number: f64) -> String {
    grouped(number, 0)
}

/// A number with this many decimals and separated thousands: `1,234.50`.
pub fn grouped(number: f64, decimals: usize) -> String {
    let fixed = fixed(number, decimals);
    if !number.is_finite() {
        return fixed;
    }
    let (whole, fraction) = fixed.split_at(fixed.find('.').unwrap_or(fixed.len()));
    let digits = whole.trim_start_matches('-');
    let sign = &whole[..whole.len() - digits.len()];
    format!("{sign}{}{fraction}", separated(digits))
}

/// Digits with separated thousands.
fn separated(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things, with `one` the name of a single thing: `1 row`, `60,000 rows`.
pub fn count_of(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(number))
}

/// A whole number with separated thousands, of any size: `268,435,456`.
pub(crate) fn count(number: impl TryInto<u64>) -> String {
    let number: u64 = number.try_into().unwrap_or(u64::MAX);
    separated(&number.to_string())
}

/// A text as a string of Python, ready to be pasted: `"in/model.pt"`.
pub(crate) fn python_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The number of names of a list that an error shows; further names are only counted.
const SHOWN: usize = 12;

/// The first few of many names: `` `a`, `b` and 3 more``; `(no name)` stands for an empty one.
pub(crate) fn list_shortly(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| match name.as_ref() {
            "" => "(no name)".to_string(),
            name => format!("`{name}`"),
        })
        .collect();
    and_more(quoted, names.len())
}

/// The same without quotes.
pub(crate) fn first_of(names: &[&str]) -> String {
    let shown = names
        .iter()
        .take(SHOWN)
        .map(|name| name.to_string())
        .collect();
    and_more(shown, names.len())
}

fn and_more(shown: Vec<String>, all: usize) -> String {
    match all.saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A path quoted for a shell.
pub fn path_for_shell(path: &Path) -> String {
    for_shell(&path.display().to_string())
}

/// A word quoted for a shell.
pub fn for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,=+@%…".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_string();
    }
    if !word.chars().any(char::is_control) {
        return format!("'{}'", word.replace('\'', "'\\''"));
    }
    // Control characters for the terminal are written as escapes.
    let mut text = "$'".to_string();
    for c in word.chars() {
        match c {
            '\'' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    text.push_str(&format!("\\x{byte:02x}"));
                }
            }
            c => text.push(c),
        }
    }
    text.push('\'');
    text
}

/// `1 row is`, `3 rows are`
pub(crate) fn counted(count: usize, one: &str, several: &str) -> String {
    format!(
        "{} {}",
        thousands(count as f64),
        if count == 1 { one } else { several }
    )
}

/// The text with a capital first letter.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// The text with no-break spaces in groups that belong together: `λ = 5`, `12 %`, `± 0.001`.
pub(crate) fn unbroken(text: &str) -> String {
    text.replace(" = ", "\u{a0}=\u{a0}")
        .replace(" %", "\u{a0}%")
        .replace("± ", "±\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_are_read() {
        for (number, text) in [
            (0.033_123, "0.03312"),
            (0.6, "0.6000"),
            (12.345_67, "12.35"),
            (-12.345_67, "-12.35"),
            (9.999_96, "10.00"),
            (0.099_999_6, "0.1000"),
            (999.96, "1,000"),
            (-1234.5, "-1,234"),
            (12_345.6, "12,346"),
            (99_999.6, "1.000e5"),
            (0.000_123_45, "0.0001234"),
            (1.254e-5, "1.254e-5"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(figures(number), text);
        }
    }

    #[test]
    fn a_number_that_rounds_to_0_has_no_sign() {
        assert_eq!(fixed(-0.0004, 3), "0.000");
        assert_eq!(fixed(-0.0006, 3), "-0.001");
        assert_eq!(fixed(f64::NEG_INFINITY, 3), "-inf");
    }

    #[test]
    fn times_are_short_and_readable() {
        assert_eq!(duration(0.0), "less than 0.1 ms");
        assert_eq!(duration(0.004_21), "4.2 ms");
        assert_eq!(duration(0.009_96), "0.01 s");
        assert_eq!(duration(0.842), "0.84 s");
        assert_eq!(duration(200.4), "3 min 20 s");
        assert_eq!(duration(7500.0), "2 h 05 min");
        assert_eq!(duration(9.996), "10.0 s");
        assert_eq!(duration(59.96), "1 min 00 s");
        assert_eq!(duration(3599.7), "1 h 00 min");
    }

    #[test]
    fn a_std_has_two_digits() {
        for (mean, std, text) in [
            (0.033_76, Some(1.563e-4), "0.03376 ± 0.00016"),
            (0.8428, Some(1.325e-3), "0.8428 ± 0.0013"),
            (0.8359, Some(6.7e-5), "0.8359 ± 0.000067"),
            (0.8428, Some(3e-7), "0.8428 ± 3.0e-7"),
            (0.8428, Some(0.0), "0.8428"),
            (0.8428, None, "0.8428"),
            (21_300.0, Some(0.5), "21,300 ± 0.50"),
            (21_300.0, Some(148.0), "21,300 ± 148"),
            (1.5e5, Some(14_600.0), "1.500e5 ± 1.5e4"),
            (2e-6, Some(1.46e-6), "2.000e-6 ± 1.5e-6"),
        ] {
            assert_eq!(mean_and_std(mean, std), text);
        }
    }

    #[test]
    fn thousands_are_apart_and_one_is_no_plural() {
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(-0.4), "0");
        assert_eq!(thousands(-123.0), "-123");
        assert_eq!(thousands(-123_456.0), "-123,456");
        assert_eq!(thousands(f64::NEG_INFINITY), "-inf");
        assert_eq!(thousands(1000.0), "1,000");
        assert_eq!(grouped(-1234.5, 2), "-1,234.50");
        assert_eq!(grouped(999.999, 2), "1,000.00");
        assert_eq!(grouped(f64::NAN, 2), "NaN");
        assert_eq!(count_of(1, "row"), "1 row");
        assert_eq!(count_of(60_000, "row"), "60,000 rows");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn sentences_read_well() {
        assert_eq!(sentence("λ stays"), "Λ stays");
        assert_eq!(sentence("dense code"), "Dense code");
        assert_eq!(sentence(""), "");
        assert_eq!(unbroken("λ = 5: +94 %"), "λ\u{a0}=\u{a0}5: +94\u{a0}%");
        assert_eq!(unbroken("0.5 ± 0.1"), "0.5 ±\u{a0}0.1");
    }
}
