//! From a tree to TOML.

use super::tree::{Node, Tree};
use std::fmt::{self, Display, Write};

impl Tree {
    /// Whether it is written under a header: a section as `[key]`, or a list of sections as `[[key]]`.
    fn is_below_a_head(&self) -> bool {
        match self {
            Tree::Table(_) => true,
            Tree::List(items) => items
                .iter()
                .all(|item| matches!(item.value, Tree::Table(_))),
            _ => false,
        }
    }
}

/// A value as TOML; a whole document is written with its sections under their headers.
impl Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Text(text) => write!(f, "{}", toml::Value::from(text.as_str())),
            Tree::Integer(number) => write!(f, "{number}"),
            Tree::Large(digits) => f.write_str(digits),
            Tree::Float(number) if number.is_nan() => f.write_str("nan"),
            // With a decimal point, so that programs that read TOML by types read a floating-point number.
            Tree::Float(number) => write!(f, "{number:?}"),
            Tree::Boolean(value) => write!(f, "{value}"),
            Tree::List(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    let before = if index == 0 { "" } else { ", " };
                    write!(f, "{before}{}", item.value)?;
                }
                f.write_char(']')
            }
            Tree::Table(entries) => section(f, "", entries),
            // No tree with a date is written.
            Tree::Date => f.write_str("\"\""),
        }
    }
}

/// The values of a section, followed by its subsections.
fn section(f: &mut fmt::Formatter<'_>, path: &str, entries: &[(String, Node)]) -> fmt::Result {
    let (below, values): (Vec<_>, Vec<_>) = entries
        .iter()
        .partition(|(_, node)| node.value.is_below_a_head());
    for (key, node) in values {
        writeln!(f, "{key} = {}", node.value)?;
    }
    for (key, node) in below {
        let path = match path {
            "" => key.clone(),
            _ => format!("{path}.{key}"),
        };
        let items = match &node.value {
            Tree::List(items) => &items[..],
            _ => &[],
        };
        for item in items {
            writeln!(f, "\n[[{path}]]")?;
            if let Tree::Table(entries) = &item.value {
                section(f, &path, entries)?;
            }
        }
        if let Tree::Table(entries) = &node.value {
            writeln!(f, "\n[{path}]")?;
            section(f, &path, entries)?;
        }
    }
    Ok(())
}
