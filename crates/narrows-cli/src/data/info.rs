//! What `narrows data info` prints.

use crate::output::{columns, count_of, figures, thousands};
use narrows::data::{ColumnInfo, ColumnKind, Info, NumbersInfo, Role, TableInfo, ValuesInfo};

/// The columns that are listed, of those with one role.
const LISTED: usize = 40;

/// The classes and words that are shown of a column.
const WORDS: usize = 12;

/// The width that everything but commands and long numbers fits into.
const WIDTH: usize = 80;

/// The letters of a name that are shown, and those that are where the line is too long.
const NAME: (usize, usize) = (24, 12);

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

fn describe_table(info: &TableInfo) -> String {
    let mut head = vec![
        ("data", clean(&info.name)),
        ("rows", thousands(info.rows as f64)),
        ("columns", kinds(info.columns.iter())),
    ];
    if let Some(how) = &info.how {
        head.push(("read as", clean(how)));
    }
    let head: Vec<String> = head
        .iter()
        .map(|(name, value)| wrapped(value, &format!("  {name:<7}   "), &" ".repeat(12)))
        .collect();
    let mut parts = vec![head.join("\n")];
    if !info.notes.is_empty() {
        parts.push(list("While it was read:", &info.notes));
    }
    let inputs: Vec<&ColumnInfo> = info.of_role(Role::Input).collect();
    if !inputs.is_empty() {
        let title = format!("To learn from, {}:", count_of(inputs.len(), "column"));
        parts.push(format!("{title}\n{}", inputs_table(&inputs)));
    }
    for (role, title) in [
        (Role::Label, "As label:"),
        (Role::Id, "As id, beside the rows:"),
    ] {
        let these: Vec<&ColumnInfo> = info.of_role(role).collect();
        if !these.is_empty() {
            parts.push(format!("{title}\n{}", others(&these)));
        }
    }
    let left_out: Vec<&ColumnInfo> = info.of_role(Role::Ignored).collect();
    if !left_out.is_empty() {
        let title = format!("Left out, {}:", count_of(left_out.len(), "column"));
        parts.push(format!("{title}\n{}", others(&left_out)));
    }
    if !info.refusals.is_empty() {
        parts.push(list("Training would refuse this:", &info.refusals));
    }
    if !info.remarks.is_empty() {
        parts.push(list("Worth a look:", &info.remarks));
    }
    if let Some(command) = &info.command {
        // It is pasted, and so never broken into lines; names in it are spelt out for a shell already.
        let mut text = format!("To train on it:\n  {command}");
        if !info.suggestions.is_empty() {
            text.push('\n');
            text.push_str(&items(&info.suggestions));
        }
        parts.push(text);
    }
    parts.join("\n\n")
}

/// `6: 3 of numbers, 2 of words`
fn kinds<'a>(all: impl Iterator<Item = &'a ColumnInfo>) -> String {
    let mut counts: Vec<(ColumnKind, usize)> = Vec::new();
    let mut number = 0;
    for column in all {
        number += 1;
        // Numbers of 32 and of 64 bits are called the same.
        let same = |(kind, _): &&mut (ColumnKind, usize)| kind.words() == column.kind.words();
        match counts.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => counts.push((column.kind, 1)),
        }
    }
    let counts = counts.iter().map(|(kind, count)| match kind {
        ColumnKind::Empty => format!("{} with nothing in it", thousands(*count as f64)),
        kind => format!("{} of {}", thousands(*count as f64), kind.words()),
    });
    let counts: Vec<String> = counts.collect();
    match counts.is_empty() {
        true => "none".to_string(),
        false => format!("{}: {}", thousands(number as f64), counts.join(", ")),
    }
}

/// The columns to learn from, as a table, or stacked where that would be too wide.
fn inputs_table(inputs: &[&ColumnInfo]) -> String {
    let listed = &inputs[..inputs.len().min(LISTED)];
    let has_missing = listed.iter().any(|column| column.missing > 0);
    let has_unreadable = listed.iter().any(|column| column.unreadable > 0);
    let made = |letters: usize| {
        let mut title = vec!["column", "kind"];
        title.extend(has_missing.then_some("missing"));
        title.extend(has_unreadable.then_some("unreadable"));
        title.extend(["distinct", "smallest", "largest", "mean", "std"]);
        let mut rows = vec![title.iter().map(ToString::to_string).collect::<Vec<_>>()];
        rows.extend(listed.iter().map(|column| {
            let mut row = vec![named(column, letters), short_kind(column.kind).to_string()];
            row.extend(has_missing.then(|| thousands(column.missing as f64)));
            row.extend(has_unreadable.then(|| thousands(column.unreadable as f64)));
            row.push(distinct(column).unwrap_or_else(|| "-".into()));
            row.extend(match &column.numbers {
                Some(numbers) => statistics(numbers),
                None => std::array::from_fn(|_| "-".to_string()),
            });
            row
        }));
        columns(&rows)
    };
    let fits = |text: &String| text.lines().all(|line| line.chars().count() <= WIDTH);
    let mut text = [NAME.0, NAME.1]
        .into_iter()
        .map(made)
        .find(fits)
        .unwrap_or_else(|| {
            listed
                .iter()
                .map(|column| stacked(column))
                .collect::<Vec<_>>()
                .join("\n")
        });
    text.push_str(&rest(inputs));
    text
}

/// A column to learn from in lines of its own.
fn stacked(column: &ColumnInfo) -> String {
    let mut parts = vec![column.kind.words().to_string()];
    let count =
        |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", thousands(count as f64)));
    parts.extend(count(column.missing, "missing"));
    parts.extend(count(column.unreadable, "unreadable"));
    parts.extend(distinct(column).map(|count| format!("{count} distinct")));
    if let Some(numbers) = &column.numbers {
        let [low, high, mean, std] = statistics(numbers);
        parts.extend([
            format!("{low} to {high}"),
            format!("mean {mean}"),
            format!("std {std}"),
        ]);
    }
    let name = format!("  {}", named(column, WIDTH - 4));
    format!("{name}\n{}", wrapped(&parts.join(", "), "      ", "      "))
}

/// The columns that are not listed, by their kinds.
fn rest(all: &[&ColumnInfo]) -> String {
    match all.get(LISTED..).unwrap_or_default() {
        [] => String::new(),
        [_] => "\n  and 1 more column".to_string(),
        more => {
            let kinds = kinds(more.iter().copied());
            let (count, kinds) = kinds.split_once(": ").unwrap_or((&kinds, ""));
            format!(
                "\n{}",
                wrapped(&format!("and {count} more columns: {kinds}"), "  ", "  ")
            )
        }
    }
}

/// Labels, ids and columns that are left out: each with what it holds.
fn others(all: &[&ColumnInfo]) -> String {
    let listed = &all[..all.len().min(LISTED)];
    let names: Vec<String> = listed.iter().map(|column| named(column, NAME.0)).collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let lines: Vec<String> = names
        .iter()
        .zip(listed)
        .map(|(name, column)| {
            let indent = " ".repeat(width + 5);
            wrapped(&contents(column), &format!("  {name:<width$}   "), &indent)
        })
        .collect();
    format!("{}{}", lines.join("\n"), rest(all))
}

/// What a column holds that is not learnt from, and why it is not.
fn contents(column: &ColumnInfo) -> String {
    // The kind is the reason for most.
    let mut parts = match &column.reason {
        Some(reason) if reason.starts_with(column.kind.words()) => vec![reason.clone()],
        Some(reason) if column.kind == ColumnKind::Empty => vec![reason.clone()],
        Some(reason) => vec![reason.clone(), column.kind.words().to_string()],
        None => vec![column.kind.words().to_string()],
    };
    if column.missing > 0 && column.kind != ColumnKind::Empty {
        parts.push(format!("{} missing", thousands(column.missing as f64)));
    }
    if column.unreadable > 0 {
        parts.push(format!(
            "{} unreadable",
            thousands(column.unreadable as f64)
        ));
    }
    let count = distinct(column).filter(|_| column.present > 0);
    parts.extend(count.map(|count| format!("{count} distinct")));
    let is_label = column.role == Role::Label;
    match (&column.numbers, &column.days) {
        (Some(numbers), _) if !is_label => {
            let [low, high, ..] = statistics(numbers);
            parts.push(format!("{low} to {high}"));
            parts.join(", ")
        }
        (_, Some((first, last))) if !is_label => {
            parts.push(format!("{} to {}", clean(first), clean(last)));
            parts.join(", ")
        }
        _ => match examples(column) {
            None => parts.join(", "),
            Some(examples) => format!("{}: {examples}", parts.join(", ")),
        },
    }
}

/// The most frequent values with their rows, or a few if none comes twice.
fn examples(column: &ColumnInfo) -> Option<String> {
    let (_, most) = column.frequent.first()?;
    let counts = *most > 1;
    let shown = if column.role == Role::Label {
        LISTED
    } else {
        WORDS / 2
    };
    let value = |(value, count): &(String, u64)| match counts {
        true => format!("{} ({})", clean(value), thousands(*count as f64)),
        false => clean(value),
    };
    let mut values: Vec<String> = column.frequent.iter().take(shown).map(value).collect();
    if column.has_more || column.distinct > Some(shown) {
        values.push("…".to_string());
    }
    Some(values.join(", "))
}

fn distinct(column: &ColumnInfo) -> Option<String> {
    let count = column.distinct?;
    let more = if column.has_more { ">" } else { "" };
    Some(format!("{more}{}", thousands(count as f64)))
}

/// A name of at most so many letters, with its unit.
fn named(column: &ColumnInfo, letters: usize) -> String {
    let name = match column.name.as_str() {
        "" => "(no name)".to_string(),
        name => clean(name),
    };
    let name = match &column.unit {
        Some(unit) => format!("{name} [{}]", clean(unit)),
        None => name,
    };
    match name.chars().count() > letters {
        true => name.chars().take(letters - 1).chain(['…']).collect(),
        false => name,
    }
}

fn short_kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "whole",
        ColumnKind::Boolean => "yes/no",
        kind => kind.words(),
    }
}

/// The smallest, the largest, the mean and the deviation.
fn statistics(numbers: &NumbersInfo) -> [String; 4] {
    let (low, high) = numbers.range;
    let (smallest, largest) = match numbers.whole {
        Some((low, high)) => (low.to_string(), high.to_string()),
        None => (measure(low, high - low), measure(high, high - low)),
    };
    [
        smallest,
        largest,
        measure(numbers.mean, numbers.std),
        figures(numbers.std),
    ]
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
    let decimals = (2.0 - spread.log10().floor()).clamp(0.0, 9.0);
    let text = format!("{value:.*}", decimals as usize);
    let is_seen = text.parse().is_ok_and(|read: f64| read != 0.0);
    match spread > 0.0 && text.len() <= LONG && is_seen {
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
            (1.0 / 3.0, 1.0, "0.33"),
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
