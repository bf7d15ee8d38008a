//! Reading a section of a document.

use super::notes::{Level, Notes, refuse};
use super::tree::{Node, Tree};
use crate::error::{Error, Result};

/// A section of a document; a missing section reads as empty.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    node: Option<&'a Node>,
    path: String,
    origin: String,
    notes: &'a Notes,
}

impl<'a> Section<'a> {
    pub(super) fn of(root: &'a Node, notes: &'a Notes) -> Section<'a> {
        Section {
            node: Some(root),
            path: String::new(),
            origin: root.place.clone(),
            notes,
        }
    }

    /// Whether the section is missing.
    pub(crate) fn is_missing(&self) -> bool {
        self.node.is_none()
    }

    /// Notes that the older name `old` was read; `text` names the newer one.
    pub(crate) fn note(&self, old: &str, text: &str) {
        self.note_value(old, old, text);
    }

    /// Notes that the value of `key` is an older name; `text` names the newer one.
    pub(crate) fn note_value(&self, key: &str, old: &str, text: &str) {
        self.notes.add(self.place(key), old, text);
    }

    pub(crate) fn entries(&self) -> &'a [(String, Node)] {
        match self.node.map(|node| &node.value) {
            Some(Tree::Table(entries)) => entries,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_string()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// An error about a key of this section, with its place and path.
    pub fn error(&self, key: &str, what: impl Into<String>) -> Error {
        self.locate(refuse(what), key)
    }

    /// The place of a key, or of the section if the key is missing.
    pub fn place(&self, key: &str) -> &str {
        self.get(key)
            .or(self.node)
            .map_or(&self.origin, |node| &node.place)
    }

    /// An error with the place and path of a key of this section.
    pub(crate) fn locate(&self, error: Error, key: &str) -> Error {
        let path = self.path_of(key);
        error.at(&path).at(self.place(key)).of_key(path)
    }

    pub(crate) fn wrong(&self, key: &str, node: &Node, expected: &str) -> Error {
        self.error(key, "this value is not possible")
            .expected(expected)
            .found(node.value.describe())
    }

    /// An error about an element of a list.
    fn wrong_element(&self, key: &str, index: usize, node: &Node, expected: &str) -> Error {
        refuse("this value is not possible")
            .at(format!("{}[{index}]", self.path_of(key)))
            .at(&node.place)
            .expected(expected)
            .found(node.value.describe())
    }

    /// A subsection; empty if it is missing.
    ///
    /// # Errors
    ///
    /// If there is a value instead.
    pub fn section(&self, key: &str) -> Result<Section<'a>> {
        let node = self.get(key);
        match node.map(|node| &node.value) {
            None | Some(Tree::Table(_)) => Ok(Section {
                node,
                path: self.path_of(key),
                origin: self.origin.clone(),
                notes: self.notes,
            }),
            Some(_) => Err(self
                .error(key, "this value is not possible")
                .expected(format!("a section, as in [{key}]"))
                .found(node.map_or_else(String::new, |node| node.value.describe()))),
        }
    }

    /// The source of the value of a key, if the key is there.
    pub fn level(&self, key: &str) -> Option<Level> {
        self.get(key).map(|node| node.level)
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A list of sections.
    ///
    /// # Errors
    ///
    /// If it is missing, or is not a list of sections.
    pub fn sections(&self, key: &str) -> Result<Vec<Section<'a>>> {
        let expected = format!("a list of sections, as in [[{key}]]");
        match self.get(key) {
            Some(Node {
                value: Tree::List(items),
                ..
            }) => items
                .iter()
                .enumerate()
                .map(|(index, node)| match node.value {
                    Tree::Table(_) => Ok(Section {
                        node: Some(node),
                        path: format!("{}[{index}]", self.path_of(key)),
                        origin: self.origin.clone(),
                        notes: self.notes,
                    }),
                    _ => Err(self.wrong_element(key, index, node, "a section")),
                })
                .collect(),
            Some(node) => Err(self.wrong(key, node, &expected)),
            None => Err(self
                .error(key, format!("`{key}` is missing"))
                .expected(expected)),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// If it is not a text.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Node {
                value: Tree::Text(text),
                ..
            }) => Ok(Some(text)),
            Some(node) => Err(self.wrong(key, node, "a text in quotes")),
        }
    }

    /// The keys of this section, in order.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.entries().iter().map(|(name, _)| &name[..])
    }

    /// A list of texts.
    ///
    /// # Errors
    ///
    /// If it is not a list of texts.
    pub fn texts(&self, key: &str) -> Result<Vec<&'a str>> {
        let expected = "a list of texts in quotes";
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Node {
                value: Tree::List(items),
                ..
            }) => items
                .iter()
                .enumerate()
                .map(|(index, node)| match &node.value {
                    Tree::Text(text) => Ok(&text[..]),
                    _ => Err(self.wrong_element(key, index, node, "a text in quotes")),
                })
                .collect(),
            Some(node) => Err(self.wrong(key, node, expected)),
        }
    }
}
