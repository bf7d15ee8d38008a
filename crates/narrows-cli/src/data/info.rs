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

/// A number with the digits that tell it from others at a distance of `spread`.
fn measure(value: f64, spread: f64) -> String {
    /// The letters that a number may take without a word.
    const SHORT: usize = 8;
    /// Those that it may take if it has that many digits.
    const LONG: usize = 12;
    let value = value + 0.0;
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let is_single = f64::from(value as f32) == value;
    let shortest = if is_single {
        (value as f32).to_string()
    } else {
        value.to_string()
    };
    if shortest.len() <= SHORT {
        return shortest;
    }
    // Four digits are enough where values are not much farther from 0 than from each other.
    if spread >= value.abs() / 20.0 || spread.is_nan() || spread == 0.0 {
        return figures(value);
    }
    let decimals = (2.0 - spread.log10().floor()).clamp(0.0, 9.0);
    let text = format!("{value:.*}", decimals as usize);
    let is_seen = text.parse().is_ok_and(|read: f64| read != 0.0);
    match text.len() <= LONG && is_seen {
        true => text,
        false => figures(value),
    }
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
    let mut lines = Vec::new();
    let mut line = first.to_string();
    let mut is_begun = false;
    for word in text.split(' ') {
        let length = line.chars().count() + word.chars().count() + usize::from(is_begun);
        if is_begun && length > WIDTH {
            lines.push(std::mem::replace(&mut line, others.to_string()));
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line);
    lines.join("\n")
}

fn describe_values(info: &ValuesInfo) -> String {
    let shape: Vec<String> = info.shape.iter().map(ToString::to_string).collect();
    let (low, high) = info.range;
    let place = if info.in_file {
        ", read from the file as needed"
    } else {
        ""
    };
    let spread = high - low;
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
        (
            "range",
            format!("{} to {}", measure(low, spread), measure(high, spread)),
        ),
        (
            "mean",
            format!(
                "{}   std {}",
                measure(info.mean, info.std),
                figures(info.std)
            ),
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
    if let Some(command) = &info.command {
        parts.push(format!("To train on them:\n  {command}"));
    }
    parts.join("\n\n")
}

fn constant(info: &ValuesInfo) -> String {
    let mut names: Vec<String> = info
        .constant
        .iter()
        .take(LISTED)
        .map(|name| clean(name))
        .collect();
    if info.constant.len() > LISTED {
        names.push(format!("{} more", info.constant.len() - LISTED));
    }
    format!(
        "{}: the same in every row, scaled by 1, nothing to learn from",
        names.join(", ")
    )
}

fn values_columns(info: &ValuesInfo) -> String {
    let mut list = vec![["column", "smallest", "largest", "mean", "std"].map(String::from)];
    list.extend(info.columns.iter().take(LISTED).map(|column| {
        let (low, high) = column.range;
        [
            clean(&column.name),
            measure(low, high - low),
            measure(high, high - low),
            measure(column.mean, column.std),
            figures(column.std),
        ]
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
    fn numbers_keep_the_digits_that_tell_them_apart() {
        for (value, spread, text) in [
            (20_240_101.0, 8.0, "20240101"),
            (20_240_115.533_333, 8.66, "20240115.53"),
            (0.1, 1.0, "0.1"),
            (f64::from(0.1_f32), 1.0, "0.1"),
            (1.0 / 3.0, 1.0, "0.3333"),
            (1e30, 1e30, "1.000e30"),
            (1.234_567_8e-7, 100.0, "1.235e-7"),
            (-0.0, 1.0, "0"),
            (2.0 / 3.0, 0.0, "0.6667"),
        ] {
            assert_eq!(measure(value, spread), text, "{value} {spread}");
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_obeys() {
        assert_eq!(
            clean("a\u{1b}[31mb\n\u{9b}\u{202e}ü"),
            "a\\x1b[31mb\\x0a\\x9b\\x202eü"
        );
    }

    #[test]
    fn lines_are_broken_between_words() {
        let text = "word ".repeat(40);
        let lines = wrapped(text.trim(), "  - ", "    ");
        assert!(
            lines.lines().count() == 3 && lines.lines().all(|line| line.chars().count() <= WIDTH)
        );
        assert_eq!(wrapped("", "  a ", "    "), "  a ");
        let long = "x".repeat(100);
        assert_eq!(
            wrapped(&format!("a {long}"), "", "  "),
            format!("a\n  {long}")
        );
    }
}
