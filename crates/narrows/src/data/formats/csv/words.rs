//! Sentences for the user about how a text was read.

use super::decimal::Decimal;
use super::dialect::counted;
use super::table::CsvTable;
use super::zipped::is_zip;
use crate::advice::{Setting, set};
use crate::data::TextOptions;
use crate::data::column::TableReader;
use crate::data::formats::unpack::is_gzipped;
use std::collections::HashSet;

/// How a text is read, in one sentence with a fixed order: separator, decimal sign and thousands separator, encoding,
/// quotes, header, units, lines left out at the end.
pub(super) fn how(table: &CsvTable, said: &TextOptions) -> String {
    let dialect = &table.dialect;
    let mut parts: Vec<String> = Vec::new();
    parts.push(match dialect.syntax.separator {
        _ if dialect.width == 1 => "one column".into(),
        b',' => "commas".into(),
        b';' => "semicolons".into(),
        b'\t' => "tabs".into(),
        b'|' => "bars between cells".into(),
        b' ' => "spaces between cells".into(),
        other => format!("\"{}\" between cells", char::from(other)),
    });
    let decimals = match table.decimal.sign() {
        b',' => "decimal commas",
        _ => "decimal points",
    };
    let has_first = table.options.model_columns.is_none() && said.usual_separator.is_some();
    let is_for_other = has_first || table.options.model_columns.is_some();
    let as_elsewhere = if has_first {
        "as in the first file"
    } else {
        "as in the file that the model was trained on"
    };
    parts.push(match table.decimal {
        Decimal::Usual(_) => format!("{decimals} {as_elsewhere}"),
        _ => decimals.into(),
    });
    parts.extend(said.thousands.or_else(|| table.group()).and_then(|group| {
        let (_, words) = GROUPS.iter().find(|(sign, _)| *sign == group)?;
        let is_of_model = said.thousands.is_none() && said.usual_thousands == Some(group);
        Some(match table.options.model_columns {
            Some(_) if is_of_model => format!("{words} for thousands {as_elsewhere}"),
            _ => format!("{words} for thousands"),
        })
    }));
    parts.extend(table.encoding.map(String::from));
    if dialect.syntax.quote != b'"' {
        let quote = char::from(dialect.syntax.quote);
        parts.push(format!("cells between {quote}"));
    }
    parts.push(match dialect.header_line {
        None if dialect.is_as_elsewhere && is_for_other => format!("no header {as_elsewhere}"),
        None => "no header".into(),
        Some(line) => format!("header on line {line}"),
    });
    parts.extend(
        dialect
            .units_line
            .map(|line| format!("units on line {line}")),
    );
    if let Some(lines) = said.skip_end.filter(|lines| *lines > 0) {
        parts.push(format!("without {} at the end", counted(lines, "line")));
    }
    if is_zip(&table.path).unwrap_or_default() {
        parts.push("in a ZIP archive".into());
    } else if is_gzipped(&table.path).unwrap_or_default() {
        parts.push("gzipped".into());
    }
    parts.join(", ")
}

/// Names of thousands separators.
const GROUPS: [(char, &str); 9] = [
    (',', "commas"),
    ('.', "points"),
    ('\'', "apostrophes"),
    ('’', "apostrophes"),
    (' ', "spaces"),
    ('\u{a0}', "spaces"),
    ('\u{202f}', "spaces"),
    ('\u{2009}', "spaces"),
    ('_', "underscores"),
];

/// What was found and left out.
pub(super) fn notes(table: &CsvTable, said: &TextOptions) -> Vec<String> {
    let mut notes: Vec<String> = table.note.clone().into_iter().collect();
    notes.extend(table.dialect.notes.iter().cloned());
    let seen = &table.seen;
    if table.hidden > 0 {
        notes.push(format!(
            "left out {} at the end without a name and without values",
            counted(table.hidden, "column")
        ));
    }
    if seen.surplus > 0 {
        let rows = counted(usize::try_from(seen.surplus).unwrap_or(usize::MAX), "row");
        notes.push(format!(
            "left out empty cells after the last column in {rows}"
        ));
    }
    if seen.comments > 0 {
        let lines = usize::try_from(seen.comments).unwrap_or(usize::MAX);
        notes.push(format!(
            "left out {} among the rows",
            counted(lines, "comment line")
        ));
    }
    // In a file with one column, an empty line could be a missing value.
    if seen.blank_lines > 0 && table.dialect.width == 1 {
        let lines = usize::try_from(seen.blank_lines).unwrap_or(usize::MAX);
        notes.push(format!("left out {}", counted(lines, "empty line")));
    }
    if seen.headers > 0 {
        let lines = usize::try_from(seen.headers).unwrap_or(usize::MAX);
        notes.push(format!(
            "left out {} among the rows",
            counted(lines, "repeated header")
        ));
    }
    if let Decimal::Ungrouped(sign, column) = table.decimal {
        let (mark, other) = match sign {
            b'.' => ("point", ","),
            _ => ("comma", "."),
        };
        notes.push(format!(
            "read the {mark} as the decimal sign, because the whole numbers of `{}` have no thousands separator; if \
             it separates thousands, set {}",
            table.name_of(column),
            set(Setting::Decimal, other)
        ));
    }
    if said.thousands.is_none() {
        notes.extend(grouped(table));
    }
    notes.extend(padded(table));
    notes
}

/// The columns that are read as numbers but hold codes such as 01067, which lose their zeros.
fn padded(table: &CsvTable) -> Option<String> {
    let options = &table.options;
    let [ids, drop, chosen] = [&options.ids, &options.drop, &options.columns]
        .map(|names| names.iter().map(String::as_str).collect::<HashSet<&str>>());
    let is_number = |name: &str| {
        let is_kept = ids.contains(name) || options.label.as_deref() == Some(name);
        let is_out = drop.contains(name) || (!chosen.is_empty() && !chosen.contains(name));
        !is_kept && !is_out
    };
    let columns = table.padded.iter();
    let columns: Vec<(&str, &str)> = columns
        .filter_map(|(column, padded)| Some((table.columns().get(*column)?, padded.as_str())))
        .filter(|(column, _)| column.kind.is_numeric() && is_number(&column.name))
        .map(|(column, padded)| (&*column.name, padded))
        .collect();
    let &(name, example) = columns.first()?;
    let id = set(Setting::Ids, name);
    Some(match columns.len() {
        1 => format!(
            "`{name}` has values that begin with 0, such as {example}, which are read as numbers: if they are ids, \
             {id} keeps them as they are"
        ),
        _ => {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            format!(
                "{} have values that begin with 0, such as {example}, which are read as numbers: if they are ids, \
                 {id} and the like keep them as they are",
                listed(&names)
            )
        }
    })
}

/// The thousands separators that the cells show.
fn grouped(table: &CsvTable) -> Vec<String> {
    let mut notes = Vec::new();
    for (group, words) in GROUPS {
        let columns = table.columns().iter().zip(&table.plan.columns);
        let names: Vec<&str> = columns
            .filter(|(column, plan)| plan.style.group == Some(group) && column.kind.is_numeric())
            .map(|(column, _)| &*column.name)
            .collect();
        if !names.is_empty() {
            notes.push(format!(
                "{words} stand between thousands in {}",
                listed(&names)
            ));
        }
    }
    notes
}

/// Whether a cell names a line of totals; in a column of words after the first only if it can hardly be one of its
/// values.
pub(super) fn is_total(cell: &str, is_among_words: bool) -> bool {
    const SURE: [&str; 13] = [
        "insgesamt",
        "total sum",
        "overall total",
        "total",
        "totals",
        "grand total",
        "subtotal",
        "gesamt",
        "gesamtsumme",
        "summe",
        "totale",
        "total général",
        "total general",
    ];
    const LIKELY: [&str; 14] = [
        "sum",
        "sums",
        "average",
        "averages",
        "avg",
        "mean",
        "means",
        "mittelwert",
        "durchschnitt",
        "somme",
        "moyenne",
        "suma",
        "media",
        "promedio",
    ];
    let word = cell
        .trim()
        .trim_end_matches([':', '.', '='])
        .trim_end()
        .to_lowercase();
    SURE.contains(&word.as_str()) || (!is_among_words && LIKELY.contains(&word.as_str()))
}

/// Columns in words, for notes: their number, and the first names.
fn listed(names: &[&str]) -> String {
    let first: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > 3 { " and others" } else { "" };
    format!(
        "{} ({}{more})",
        counted(names.len(), "column"),
        first.join(", ")
    )
}
