//! The output of `narrows data info` for a table.

use super::text::{LISTED, WIDTH, alike, clean, items, list, wrapped};
use crate::output::{
    KEPT, columns_that_fit, command_line, count_of, kept, padded, shortened, stdout_width,
    thousands,
};
use narrows::data::{ColumnInfo, ColumnKind, NumbersInfo, Role, TableInfo};
use std::collections::HashSet;
use unicode_width::UnicodeWidthStr;

/// The classes and words that are shown of a column.
const WORDS: usize = 12;

/// The most columns of the terminal that a name takes in a table, and the fewest where the line is too long.
const NAME: (usize, usize) = (40, 12);

pub(super) fn describe_table(info: &TableInfo) -> String {
    let mut head = vec![
        ("data", clean(&info.name)),
        ("rows", thousands(info.rows as f64)),
        ("columns", kinds(info.columns())),
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
    let inputs: Vec<ColumnInfo<'_>> = info.of_role(Role::Input).collect();
    if !inputs.is_empty() {
        let title = format!("To learn from, {}:", count_of(inputs.len(), "column"));
        parts.push(format!("{title}\n{}", inputs_table(&inputs)));
    }
    for (role, title) in [
        (Role::Label, "As label:"),
        (Role::Id, "As id, beside the rows:"),
    ] {
        let these: Vec<ColumnInfo<'_>> = info.of_role(role).collect();
        if !these.is_empty() {
            parts.push(format!("{title}\n{}", others(&these)));
        }
    }
    let left_out: Vec<ColumnInfo<'_>> = info.of_role(Role::Ignored).collect();
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
    if let Some(training) = &info.training {
        let line = command_line(&format!("{training:#}"), "  ");
        let mut text = format!("To train on it:\n{line}");
        if !info.suggestions.is_empty() {
            text.push('\n');
            text.push_str(&items(&info.suggestions));
        }
        parts.push(text);
    }
    parts.join("\n\n")
}

/// `6: 3 of numbers, 2 of words`
fn kinds<'a>(all: impl Iterator<Item = ColumnInfo<'a>>) -> String {
    let mut counts: Vec<(ColumnKind, usize)> = Vec::new();
    let mut number = 0;
    for column in all {
        number += 1;
        // Numbers of 32 and of 64 bits have the same name.
        let same = |(kind, _): &&mut (ColumnKind, usize)| kind.words() == column.kind().words();
        match counts.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => counts.push((column.kind(), 1)),
        }
    }
    let counts = counts.iter().map(|(kind, count)| match kind {
        ColumnKind::Empty => format!("{} empty", thousands(*count as f64)),
        kind => format!("{} of {}", thousands(*count as f64), kind.words()),
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() {
        "none".to_string()
    } else {
        format!("{}: {}", thousands(number as f64), counts.join(", "))
    }
}

/// The columns to learn from, as a table, or stacked where that would be too wide.
fn inputs_table(inputs: &[ColumnInfo<'_>]) -> String {
    let listed = &inputs[..inputs.len().min(LISTED)];
    let has_missing = listed.iter().any(|column| column.missing() > 0);
    let has_unreadable = listed.iter().any(|column| column.unreadable() > 0);
    let made = |letters: usize| {
        let mut title = vec!["column", "kind"];
        title.extend(has_missing.then_some("missing"));
        title.extend(has_unreadable.then_some("unreadable"));
        title.extend(["distinct", "min", "max", "mean", "std"]);
        let mut rows = vec![title.iter().map(ToString::to_string).collect::<Vec<_>>()];
        rows.extend(listed.iter().map(|column| {
            let mut row = vec![
                named(*column, letters),
                short_kind(column.kind()).to_string(),
            ];
            row.extend(has_missing.then(|| thousands(column.missing() as f64)));
            row.extend(has_unreadable.then(|| thousands(column.unreadable() as f64)));
            row.push(distinct(*column).unwrap_or_else(|| "-".into()));
            row.extend(match column.numbers() {
                Some(numbers) => statistics(&numbers),
                None => std::array::from_fn(|_| "-".to_string()),
            });
            row
        }));
        columns_that_fit(&rows, stdout_width().unwrap_or(WIDTH))
    };
    let names = |letters: usize| -> HashSet<String> {
        listed
            .iter()
            .map(|column| named(*column, letters))
            .collect()
    };
    let tells_apart = |letters: &usize| names(*letters).len() == names(usize::MAX).len();
    let longest = names(usize::MAX).iter().map(|name| name.width()).max();
    let mut text = (NAME.1..=longest.unwrap_or(0).max(NAME.1))
        .rev()
        .filter(tells_apart)
        .find_map(made)
        .unwrap_or_else(|| {
            listed
                .iter()
                .map(|column| stacked(*column))
                .collect::<Vec<_>>()
                .join("\n")
        });
    text.push_str(&rest(inputs));
    text
}

/// A column to learn from in lines of its own.
fn stacked(column: ColumnInfo<'_>) -> String {
    let mut parts = vec![column.kind().words().to_string()];
    let count =
        |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", thousands(count as f64)));
    parts.extend(count(column.missing(), "missing"));
    parts.extend(count(column.unreadable(), "unreadable"));
    parts.extend(distinct(column).map(|count| format!("{count} distinct")));
    if let Some(numbers) = column.numbers() {
        let [low, high, mean, std] = statistics(&numbers);
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
fn rest(all: &[ColumnInfo<'_>]) -> String {
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
fn others(all: &[ColumnInfo<'_>]) -> String {
    let listed = &all[..all.len().min(LISTED)];
    let names: Vec<String> = listed.iter().map(|column| named(*column, NAME.0)).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let lines: Vec<String> = names
        .iter()
        .zip(listed)
        .map(|(name, column)| {
            let indent = " ".repeat(width + 5);
            let first = format!("  {}   ", padded(name, width));
            wrapped(&contents(*column), &first, &indent)
        })
        .collect();
    format!("{}{}", lines.join("\n"), rest(all))
}

/// What a column holds that is not learned from, and why it is not.
fn contents(column: ColumnInfo<'_>) -> String {
    // For most columns, the kind is the reason.
    let mut parts = match column.reason() {
        Some(reason) if reason.starts_with(column.kind().words()) => vec![reason],
        Some(reason) if column.kind() == ColumnKind::Empty => vec![reason],
        Some(reason) => vec![reason, column.kind().words().to_string()],
        None => vec![column.kind().words().to_string()],
    };
    if column.missing() > 0 && column.kind() != ColumnKind::Empty {
        parts.push(format!("{} missing", thousands(column.missing() as f64)));
    }
    if column.unreadable() > 0 {
        parts.push(format!(
            "{} unreadable",
            thousands(column.unreadable() as f64)
        ));
    }
    let count = distinct(column).filter(|_| column.present() > 0);
    parts.extend(count.map(|count| format!("{count} distinct")));
    let is_label = column.role() == Role::Label;
    match (column.numbers(), column.days()) {
        (Some(numbers), _) if !is_label => {
            let [low, high, ..] = statistics(&numbers);
            parts.push(format!("{low} to {high}"));
            parts.join(", ")
        }
        (_, Some((first, last))) if !is_label => {
            parts.push(format!("{} to {}", clean(&first), clean(&last)));
            parts.join(", ")
        }
        _ => match examples(column) {
            None => parts.join(", "),
            Some(examples) => format!("{}: {examples}", parts.join(", ")),
        },
    }
}

/// A value of a few words stays on one line.
fn whole(value: &str) -> String {
    const SHORT: usize = 24;
    let value = clean(value);
    if value.width() > SHORT {
        return value;
    }
    kept(&value)
}

/// The most frequent values with their rows, or a few if none comes twice.
fn examples(column: ColumnInfo<'_>) -> Option<String> {
    let frequent = column.frequent();
    let (_, most) = frequent.first()?;
    let counts = *most > 1;
    let shown = if column.role() == Role::Label {
        LISTED
    } else {
        WORDS / 2
    };
    let value = |(value, count): &(String, u64)| {
        if counts {
            format!("{}{KEPT}({})", whole(value), thousands(*count as f64))
        } else {
            whole(value)
        }
    };
    let mut values: Vec<String> = frequent.iter().take(shown).map(value).collect();
    if column.has_more() || column.distinct() > Some(shown) {
        values.push("…".to_string());
    }
    Some(values.join(", "))
}

fn distinct(column: ColumnInfo<'_>) -> Option<String> {
    let count = column.distinct()?;
    let more = if column.has_more() { ">" } else { "" };
    Some(format!("{more}{}", thousands(count as f64)))
}

/// A name with its unit, cut in the middle where it is wider than `most`.
fn named(column: ColumnInfo<'_>, most: usize) -> String {
    let name = match column.name() {
        "" => "(no name)".to_string(),
        name => clean(name),
    };
    let name = match column.unit() {
        Some(unit) => format!("{name} [{}]", clean(unit)),
        None => name,
    };
    shortened(&name, most).into_owned()
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
    let [smallest, largest] = match numbers.whole {
        Some((low, high)) => [low.to_string(), high.to_string()],
        None => alike([low, high], high - low),
    };
    let [mean, std] = alike([numbers.mean, numbers.std], numbers.std);
    [smallest, largest, mean, std]
}
