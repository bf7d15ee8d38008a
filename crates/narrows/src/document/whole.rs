//! A whole document: parsed or made in code, with values set over its own.

use super::notes::{Level, Notes, is_now, refuse, twice};
use super::section::Section;
use super::tree::{Node, Tree, table_of, value_of};
use crate::advice;
use crate::error::Result;
use toml::de::{DeTable, DeValue};

/// An older name of a section or of a list of sections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rename {
    /// The path of the section that contains it.
    section: &'static str,
    old: &'static str,
    new: &'static str,
}

/// A TOML document, possibly with overrides.
#[derive(Clone, Debug)]
pub struct Document {
    root: Node,
    renames: Vec<Rename>,
    notes: Notes,
}

/// The most parts of a path in an override.
pub(super) const MAX_PARTS: usize = 16;

impl Document {
    /// Parses TOML; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// If the text is not TOML.
    pub fn parse(text: &str, origin: &str) -> Result<Document> {
        let breaks: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let place = |offset: usize| {
            let line = breaks.partition_point(|&at| at < offset) + 1;
            format!("{origin}, line {line}")
        };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            refuse(format!("this is not TOML: {}", error.message())).at(place(at))
        })?;
        let root = Node {
            value: table_of(table.get_ref(), &(&place, Level::Text)),
            place: origin.to_string(),
            level: Level::Text,
        };
        Ok(Document::of_node(root))
    }

    /// A document whose values come from code or from another format; `origin` names it in errors.
    pub(crate) fn of(tree: Tree, origin: &str) -> Document {
        Document::of_node(Node::placed(tree, origin))
    }

    fn of_node(root: Node) -> Document {
        Document {
            root,
            renames: Vec::new(),
            notes: Notes::default(),
        }
    }

    /// The same document with `old` read as `new`; it is a list or section in the section at the path `section`. A note
    /// is added if the document has the older name.
    ///
    /// # Errors
    ///
    /// If the document has both names.
    pub fn renamed(
        mut self,
        section: &'static str,
        old: &'static str,
        new: &'static str,
    ) -> Result<Document> {
        self.renames.push(Rename { section, old, new });
        self.settle()?;
        Ok(self)
    }

    /// Renames older names in the tree to the newer ones.
    fn settle(&mut self) -> Result<()> {
        for Rename { section, old, new } in &self.renames {
            let mut node = Some(&mut self.root);
            for key in section.split('.') {
                node = node.and_then(|node| node.get_mut(key));
            }
            let Some(Tree::Table(entries)) = node.map(|node| &mut node.value) else {
                continue;
            };
            let has_new = entries.iter().any(|(name, _)| name == new);
            let Some((name, node)) = entries.iter_mut().find(|(name, _)| name == old) else {
                continue;
            };
            if has_new {
                let error = refuse(format!("`{old}` and `{new}` say the same thing twice"));
                return Err(twice(error, new)
                    .at(format!("{section}.{old}"))
                    .at(&node.place));
            }
            self.notes.add(&node.place, old, &is_now(new));
            *name = new.to_string();
        }
        Ok(())
    }

    /// Sets one value from `key=value`, where the key is a path such as `training.epochs` or
    /// `encoder[0].outputs`, and the value is TOML or a bare word; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// If there is no key or no `=`, or if the path leads through a value that is not a section or list.
    pub fn set(&mut self, assignment: &str, origin: &str, level: Level) -> Result<()> {
        let nothing = || {
            refuse("this sets no key")
                .at(origin)
                .expected("KEY=VALUE, for example training.epochs=3")
                .found(assignment)
        };
        let (path, text) = assignment.split_once('=').ok_or_else(nothing)?;
        if path.split('.').count() > MAX_PARTS {
            return Err(refuse("the key has too many parts")
                .at(origin)
                .expected(format!("at most {MAX_PARTS}, separated by dots")));
        }
        let from = (|_| origin.to_string(), level);
        let value = match DeValue::parse(text.trim()) {
            Ok(value) => value_of(value.get_ref(), &from),
            Err(_) => Tree::Text(text.trim().to_string()),
        };
        let mut node = &mut self.root;
        let mut walked = String::new();
        for part in path.split('.') {
            let (key, indices) = part
                .split_once('[')
                .map_or((part, None), |(key, rest)| (key, Some(rest)));
            let mut key = key.trim();
            if key.is_empty() {
                return Err(nothing());
            }
            let renames = self.renames.iter();
            let mut renames = renames.filter(|rename| rename.section == walked);
            if let Some(rename) = renames.find(|rename| rename.old == key) {
                self.notes.add(origin, key, &is_now(rename.new));
                key = rename.new;
            }
            if node.is_list() && key.bytes().all(|byte| byte.is_ascii_digit()) {
                let (dotted, index) = (format!("{walked}.{key}"), format!("{walked}[{key}]"));
                let path = path.replacen(&dotted, &index, 1);
                return Err(refuse("the elements of a list are written in brackets")
                    .at(origin)
                    .expected(format!(
                        "`{index}`, as in {}",
                        advice::key(&path, text.trim())
                    )));
            }
            node = node.child(key, origin, level)?;
            if let Some(rest) = indices {
                node = node.element(rest, origin)?;
            }
            if !walked.is_empty() {
                walked.push('.');
            }
            walked.push_str(part.trim());
        }
        *node = Node {
            value,
            place: origin.to_string(),
            level,
        };
        self.settle()
    }

    /// The whole document as a section.
    pub fn root(&self) -> Section<'_> {
        Section::of(&self.root, &self.notes)
    }

    /// Notes from reading: each older name that was read, with its place and the newer name.
    pub fn notes(&self) -> Vec<String> {
        self.notes.texts()
    }
}
