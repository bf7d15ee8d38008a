//! What `narrows data info` prints: of tables in `table.rs`, and here of arrays, images and rows in memory.

mod table;

use crate::output::{columns, figures, thousands};
use narrows::data::{Info, ValuesInfo};
use table::describe_table;

/// The columns that are listed, of those with one role.
const LISTED: usize = 40;

/// The width that everything but commands and long numbers fits into.
const WIDTH: usize = 80;

/// A summary for a person.
pub fn describe(info: &Info) -> String {
    match info {
        Info::Table(info) => describe_table(info),
        Info::Values(info) => describe_values(info),
        _ => String::new(),
    }
}

/// JSON as one line, in which a terminal finds nothing to obey.
pub fn json_line(info: &Info) -> String {
    let mut line = String::new();
    for c in info.to_json().to_string().chars() {
        // Such characters stand in strings alone.
        match c.is_control() {
            true => line.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => line.push(c),
        }
    }
    line
}

/// Numbers with as many decimals each as tell values at a distance of `spread` apart, or all with an exponent.
fn alike<const N: usize>(values: [f64; N], spread: f64) -> [String; N] {
    /// The letters that a number may take.
    const LONG: usize = 12;
    /// The digits of the spread that are shown, fewer where that makes a number too long.
    const DIGITS: [i32; 3] = [4, 3, 2];
    let values = values.map(|value| value + 0.0);
    let shortest = |value: f64| match f64::from(value as f32) == value {
        true => (value as f32).to_string(),
        false => value.to_string(),
    };
    let decimals_of = |value: f64| match shortest(value).split_once('.') {
        Some((_, decimals)) => decimals.len(),
        None => 0,
    };
    // Where all are the same, the digits of their own size.
    let scale = match spread > 0.0 && spread.is_finite() {
        true => spread,
        false => values.iter().fold(0.0, |most, value| value.abs().max(most)),
    };
    let needed = values.into_iter().map(decimals_of).max().unwrap_or(0);
    let wanted = match scale > 0.0 {
        true => DIGITS.map(|digits| (digits - 1 - scale.log10().floor() as i32).max(0) as usize),
        false => [0; 3],
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
        .map(|decimals| values.map(|value| format!("{value:.*}", decimals.min(needed))))
        .find(is_short)
        .unwrap_or_else(|| values.map(figures))
}

/// The text on one line, without characters that a terminal obeys.
fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        // Signs that turn the direction of writing hide what follows.
        match c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            true => cleaned.push_str(&format!("\\x{:02x}", u32::from(c))),
            false => cleaned.push(c),
        }
    }
    cleaned
}

fn list(title: &str, sentences: &[String]) -> String {
    format!("{title}\n{}", items(sentences))
}

fn items(sentences: &[String]) -> String {
    let lines: Vec<String> = sentences
        .iter()
        .map(|sentence| wrapped(&clean(sentence), "  - ", "    "))
        .collect();
    lines.join("\n")
}

/// A text in lines of [`WIDTH`], the first and the others with what they begin with.
fn wrapped(text: &str, first: &str, others: &str) -> String {
    crate::output::wrapped(text, first, others, WIDTH)
}

fn describe_values(info: &ValuesInfo) -> String {
    let shape: Vec<String> = info.shape.iter().map(ToString::to_string).collect();
    let (low, high) = info.range;
    let place = if info.in_file {
        ", read from the file as needed"
    } else {
        ""
    };
    let mut rows = vec![
        ("data", clean(&info.name)),
        ("rows", thousands(info.rows as f64)),
        (
            "shape",
            format!(
                "{} ({} values)",
                shape.join(" × "),
                thousands(info.shape.iter().product::<usize>() as f64)
            ),
        ),
        ("type", format!("{}{place}", info.type_name)),
        ("range", alike([low, high], high - low).join(" to ")),
        (
            "mean",
            alike([info.mean, info.std], info.std).join("   std "),
        ),
    ];
    if let Some(how) = &info.how {
        rows.insert(1, ("read as", how.clone()));
    }
    if info.missing > 0 {
        rows.push((
            "missing",
            format!("{} values", thousands(info.missing as f64)),
        ));
    }
    let mut labels: Vec<String> = info
        .labels
        .iter()
        .take(LISTED)
        .map(|(name, count)| format!("{}: {}", clean(name), thousands(*count as f64)))
        .collect();
    if info.labels.len() > LISTED {
        labels.push(format!("and {} more", info.labels.len() - LISTED));
    }
    if labels.is_empty() {
        labels.push("none".to_string());
    }
    rows.push(("labels", labels.join(", ")));
    rows.push((
        "scaling",
        format!("`{}`, unless a recipe says otherwise", info.scaling),
    ));
    if !info.constant.is_empty() {
        rows.push(("constant", constant(info)));
    }
    let rows: Vec<String> = rows
        .iter()
        .map(|(name, value)| wrapped(value, &format!("  {name:<8}   "), &" ".repeat(13)))
        .collect();
    let mut parts = vec![rows.join("\n")];
    if !info.columns.is_empty() {
        parts.push(values_columns(info));
    }
    if !info.notes.is_empty() {
        parts.push(list("While they were read:", &info.notes));
    }
    if !info.refusals.is_empty() {
        parts.push(list("Training would refuse this:", &info.refusals));
    }
    if let Some(command) = &info.command {
        parts.push(format!("To train on them:\n  {command}"));
    }
    parts.join("\n\n")
}

/// What stands behind the number of a column without a name; said once for several.
const COUNTED: &str = " (counted from 0)";

fn constant(info: &ValuesInfo) -> String {
    let mut names: Vec<String> = info
        .constant
        .iter()
        .take(LISTED)
        .map(|name| clean(name.strip_suffix(COUNTED).unwrap_or(name)))
        .collect();
    if info.constant.len() > LISTED {
        names.push(format!("{} more", info.constant.len() - LISTED));
    }
    let is_counted = info.constant.iter().any(|name| name.ends_with(COUNTED));
    format!(
        "{}{}: constant, no information",
        names.join(", "),
        if is_counted { COUNTED } else { "" }
    )
}

fn values_columns(info: &ValuesInfo) -> String {
    let mut list = vec![["column", "smallest", "largest", "mean", "std"].map(String::from)];
    list.extend(info.columns.iter().take(LISTED).map(|column| {
        let (low, high) = column.range;
        let [low, high] = alike([low, high], high - low);
        let [mean, std] = alike([column.mean, column.std], column.std);
        [clean(&column.name), low, high, mean, std]
    }));
    let mut text = columns(&list);
    if info.columns.len() > LISTED {
        text.push_str(&format!(
            "\n  and {} more columns",
            info.columns.len() - LISTED
        ));
    }
    text
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
