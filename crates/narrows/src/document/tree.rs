//! The tree of a document: values with their places.

use super::notes::{Level, refuse};
use crate::error::Result;
use crate::text::short_number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its source.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Tree,
    pub(crate) place: String,
    pub(crate) level: Level,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Text(String),
    Integer(i64),
    /// A whole number that is too large for every key, as written.
    Large(String),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
    Date,
}

/// The most elements of a list that an error shows.
const SHOWN: usize = 8;

impl Tree {
    /// A list of values from code.
    pub(crate) fn list(items: impl IntoIterator<Item = Tree>) -> Tree {
        Tree::List(items.into_iter().map(Node::made).collect())
    }

    /// Adds a value to a section.
    pub(crate) fn push(&mut self, key: &str, value: Tree) {
        if let Tree::Table(entries) = self {
            entries.push((key.to_string(), Node::made(value)));
        }
    }

    /// A section with values from code.
    pub(crate) fn table<K: Into<String>>(entries: impl IntoIterator<Item = (K, Tree)>) -> Tree {
        let entries = entries.into_iter();
        let entry = |(key, value): (K, Tree)| (key.into(), Node::made(value));
        Tree::Table(entries.map(entry).collect())
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Tree::Text(text) => format!("\"{text}\""),
            Tree::Integer(number) => number.to_string(),
            Tree::Large(digits) => digits.clone(),
            Tree::Float(number) => short_number(*number),
            Tree::Boolean(value) => value.to_string(),
            Tree::List(items) if items.len() <= SHOWN => {
                let describe = |item: &Node| match item.value {
                    Tree::List(_) => "a list".into(),
                    _ => item.value.describe(),
                };
                let items: Vec<String> = items.iter().map(describe).collect();
                format!("[{}]", items.join(", "))
            }
            Tree::List(_) => "a list".into(),
            Tree::Table(_) => "a section".into(),
            Tree::Date => "a date".into(),
        }
    }
}

/// The place of each offset in a text, and the source of the text.
pub(super) type Origin<F> = (F, Level);

pub(super) fn table_of(table: &DeTable<'_>, from: &Origin<impl Fn(usize) -> String>) -> Tree {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let node = Node {
            value: value_of(value.get_ref(), from),
            place: from.0(key.span().start),
            level: from.1,
        };
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), node)
    };
    Tree::Table(table.iter().map(entry).collect())
}

pub(super) fn value_of(value: &DeValue<'_>, from: &Origin<impl Fn(usize) -> String>) -> Tree {
    match value {
        DeValue::String(text) => Tree::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Tree::Integer(number),
            Err(_) => Tree::Large(number.to_string()),
        },
        DeValue::Float(number) => Tree::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Tree::Boolean(*value),
        DeValue::Datetime(_) => Tree::Date,
        DeValue::Array(items) => Tree::List(
            items
                .iter()
                .map(|item| Node {
                    value: value_of(item.get_ref(), from),
                    place: from.0(item.span().start),
                    level: from.1,
                })
                .collect(),
        ),
        DeValue::Table(table) => table_of(table, from),
    }
}

impl Node {
    /// A value without a place; the document gives it one.
    fn made(value: Tree) -> Node {
        Node {
            value,
            place: String::new(),
            level: Level::Text,
        }
    }

    /// Gives it, and everything in it, the same place.
    fn place_at(&mut self, place: &str) {
        self.place = place.to_string();
        match &mut self.value {
            Tree::List(items) => items.iter_mut().for_each(|item| item.place_at(place)),
            Tree::Table(entries) => entries
                .iter_mut()
                .for_each(|(_, node)| node.place_at(place)),
            _ => {}
        }
    }

    /// A value from code; `place` names it in errors.
    pub(super) fn placed(value: Tree, place: &str) -> Node {
        let mut node = Node::made(value);
        node.place_at(place);
        node
    }

    /// The value of a key, if this is a section that has the key.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let Tree::Table(entries) = &mut self.value else {
            return None;
        };
        let entry = entries.iter_mut().find(|(name, _)| name == key);
        entry.map(|(_, node)| node)
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, Tree::List(_))
    }

    /// The value of a key of this section; it is created if it is missing.
    pub(super) fn child(&mut self, key: &str, origin: &str, level: Level) -> Result<&mut Node> {
        let found = self.value.describe();
        let Tree::Table(entries) = &mut self.value else {
            return Err(refuse(format!("`{key}` cannot be set inside a value"))
                .at(origin)
                .expected("a section")
                .found(found));
        };
        let index = entries
            .iter()
            .position(|(name, _)| name == key)
            .unwrap_or_else(|| {
                let node = Node {
                    value: Tree::Table(Vec::new()),
                    place: origin.to_string(),
                    level,
                };
                entries.push((key.to_string(), node));
                entries.len() - 1
            });
        entries
            .get_mut(index)
            .map(|(_, node)| node)
            .ok_or_else(|| refuse("this sets no key").at(origin))
    }

    /// The element of this list that `rest` selects, for example `3]`.
    pub(super) fn element(&mut self, rest: &str, origin: &str) -> Result<&mut Node> {
        let count = match &self.value {
            Tree::List(items) => items.len(),
            _ => 0,
        };
        let index: Option<usize> = rest
            .strip_suffix(']')
            .and_then(|index| index.trim().parse().ok());
        match (&mut self.value, index) {
            (Tree::List(items), Some(index)) if index < count => Ok(&mut items[index]),
            _ => Err(refuse("there is no such element")
                .at(origin)
                .expected(format!("an index below {count} in brackets"))
                .found(format!("[{rest}"))),
        }
    }
}
