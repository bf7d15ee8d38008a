//! The output of `narrows data info`: for tables in `table.rs`, and here for arrays, images and rows in memory.

mod table;
mod text;

use crate::output::{KEPT, columns, command_line, thousands};
use narrows::data::{Info, ValuesInfo};
use table::describe_table;
use text::{LISTED, alike, clean, list, wrapped};

/// A summary for a person; `scaling` is that of arrays and images where a recipe says nothing.
pub fn describe(info: &Info, scaling: &str) -> String {
    match info {
        Info::Table(info) => describe_table(info),
        Info::Values(info) => describe_values(info, scaling),
        _ => String::new(),
    }
}

/// JSON as one line, in which a terminal finds nothing to obey.
pub fn json_line(info: &Info, scaling: &str) -> String {
    let json = match info {
        // A table may have a million columns.
        Info::Table(info) => {
            serde_json::to_string(info).unwrap_or_else(|_| info.to_json().to_string())
        }
        info => {
            let mut object = info.to_json();
            object["scaling"] = scaling.into();
            object.to_string()
        }
    };
    if !json.contains(char::is_control) {
        return json;
    }
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        // Such characters occur only inside strings.
        if c.is_control() {
            line.push_str(&format!("\\u{:04x}", u32::from(c)))
        } else {
            line.push(c)
        }
    }
    line
}

fn describe_values(info: &ValuesInfo, scaling: &str) -> String {
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
        .map(|(name, count)| format!("{}:{KEPT}{}", clean(name), thousands(*count as f64)))
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
        format!("`{scaling}`, unless the recipe sets another"),
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
    if let Some(training) = &info.training {
        let line = command_line(&format!("{training:#}"), "  ");
        parts.push(format!("To train on them:\n{line}"));
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
    let mut list = vec![["column", "min", "max", "mean", "std"].map(String::from)];
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
