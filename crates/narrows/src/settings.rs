//! Checked reading of TOML settings.
//!
//! A document becomes a tree whose every value knows its place (a line of a file, or the `--set` it
//! came from), and sections of the tree are read key by key against lists of [`Key`]s. The lists
//! are the one place where keys are described: what is unknown is refused with the nearest name
//! from them, and the printed reference is made of them.

use crate::error::{Error, ErrorKind, Result};
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A key: its name and what to say of it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// The type and range of its value.
    pub value: &'static str,
    /// What holds where it is left out.
    pub default: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
}

/// One of several kinds of a part, with the keys that only this kind has.
#[derive(Debug)]
pub struct Choice<T: 'static> {
    /// The name in a recipe.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The keys that belong to it.
    pub keys: &'static [Key],
    /// Reads it from its section.
    pub read: fn(&Section<'_>) -> Result<T>,
}

/// Where a value comes from; what comes later in this list goes over what comes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The text of the document.
    Text,
    /// One of the document's variants.
    Variant,
    /// Whoever reads it.
    Set,
}

#[derive(Clone, Debug)]
struct Node {
    value: Value,
    place: String,
    level: Level,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Integer(i64),
    /// A whole number too large for every key, as it is written.
    Large(String),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
    Date,
}

impl Value {
    fn describe(&self) -> String {
        match self {
            Value::Text(text) => format!("\"{text}\""),
            Value::Integer(number) => number.to_string(),
            Value::Large(digits) => digits.clone(),
            Value::Float(number) => match number.abs() {
                0.0 | 1e-5..1e16 => number.to_string(),
                _ => format!("{number:e}"),
            },
            Value::Boolean(value) => value.to_string(),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a section".into(),
            Value::Date => "a date".into(),
        }
    }
}

/// A TOML document, perhaps with values set over it.
#[derive(Clone, Debug)]
pub struct Document {
    root: Node,
}

fn refuse(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Recipe, what)
}

/// The most parts of a key that is set.
const MAX_PARTS: usize = 16;

impl Document {
    /// Parses TOML; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// When the text is no TOML.
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
        Ok(Document { root })
    }

    /// Sets one value from `key=value`, where the key is a path such as `training.epochs` or
    /// `encoder[0].outputs`, and the value is TOML or a bare word; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// When there is no key or no `=`, or the path leads through something that is no section or list.
    pub fn set(&mut self, assignment: &str, origin: &str, level: Level) -> Result<()> {
        let nothing = || {
            refuse("this sets nothing")
                .at(origin)
                .expected("key=value")
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
            Err(_) => Value::Text(text.trim().to_string()),
        };
        let mut node = &mut self.root;
        for part in path.split('.') {
            let (key, indices) = part
                .split_once('[')
                .map_or((part, None), |(key, rest)| (key, Some(rest)));
            if key.trim().is_empty() {
                return Err(nothing());
            }
            node = node.child(key.trim(), origin, level)?;
            if let Some(rest) = indices {
                node = node.element(rest, origin)?;
            }
        }
        *node = Node {
            value,
            place: origin.to_string(),
            level,
        };
        Ok(())
    }

    /// The whole document as a section.
    pub fn root(&self) -> Section<'_> {
        Section {
            node: Some(&self.root),
            path: String::new(),
            origin: self.root.place.clone(),
        }
    }
}

/// The places of a text by their offset, and where all of it comes from.
type Origin<F> = (F, Level);

fn table_of(table: &DeTable<'_>, from: &Origin<impl Fn(usize) -> String>) -> Value {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let node = Node {
            value: value_of(value.get_ref(), from),
            place: from.0(key.span().start),
            level: from.1,
        };
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), node)
    };
    Value::Table(table.iter().map(entry).collect())
}

fn value_of(value: &DeValue<'_>, from: &Origin<impl Fn(usize) -> String>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Large(number.to_string()),
        },
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(
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
    /// The value of a key of this section, made where it is missing.
    fn child(&mut self, key: &str, origin: &str, level: Level) -> Result<&mut Node> {
        let found = self.value.describe();
        let Value::Table(entries) = &mut self.value else {
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
                    value: Value::Table(Vec::new()),
                    place: origin.to_string(),
                    level,
                };
                entries.push((key.to_string(), node));
                entries.len() - 1
            });
        entries
            .get_mut(index)
            .map(|(_, node)| node)
            .ok_or_else(|| refuse("this sets nothing").at(origin))
    }

    /// The element of this list that `rest`, as in `3]`, stands for.
    fn element(&mut self, rest: &str, origin: &str) -> Result<&mut Node> {
        let count = match &self.value {
            Value::List(items) => items.len(),
            _ => 0,
        };
        let index: Option<usize> = rest
            .strip_suffix(']')
            .and_then(|index| index.trim().parse().ok());
        match (&mut self.value, index) {
            (Value::List(items), Some(index)) if index < count => Ok(&mut items[index]),
            _ => Err(refuse("there is no such element")
                .at(origin)
                .expected(format!("an index below {count} in brackets"))
                .found(format!("[{rest}"))),
        }
    }
}

/// A section of a document; one that is left out reads as empty.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    node: Option<&'a Node>,
    path: String,
    origin: String,
}

impl<'a> Section<'a> {
    fn entries(&self) -> &'a [(String, Node)] {
        match self.node.map(|node| &node.value) {
            Some(Value::Table(entries)) => entries,
            _ => &[],
        }
    }

    fn get(&self, key: &str) -> Option<&'a Node> {
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
        refuse(what).at(self.path_of(key)).at(self.place(key))
    }

    /// The place of a key; that of the section where it is left out.
    pub fn place(&self, key: &str) -> &str {
        self.get(key)
            .or(self.node)
            .map_or(&self.origin, |node| &node.place)
    }

    fn wrong(&self, key: &str, node: &Node, expected: &str) -> Error {
        self.error(key, "this value is not possible")
            .expected(expected)
            .found(node.value.describe())
    }

    /// An error about a value that is neither a key's nor a section's, but an element's of a list.
    fn wrong_element(&self, key: &str, index: usize, node: &Node, expected: &str) -> Error {
        refuse("this value is not possible")
            .at(format!("{}[{index}]", self.path_of(key)))
            .at(&node.place)
            .expected(expected)
            .found(node.value.describe())
    }

    /// Refuses keys that are not in the list.
    ///
    /// # Errors
    ///
    /// With the key's path and place and the nearest name that is valid here.
    pub fn allow(&self, keys: &[Key]) -> Result<()> {
        self.allow_beside(&[keys], &[], Level::Text)
    }

    /// Refuses keys that are in none of the lists. `elsewhere` are keys that exist, but belong to
    /// another kind, which is named; they are passed over where the kind, of a `level`, went over one
    /// that they may have belonged to.
    fn allow_beside(&self, keys: &[&[Key]], elsewhere: &[(Key, &str)], level: Level) -> Result<()> {
        let known: Vec<&str> = keys.iter().copied().flatten().map(|key| key.name).collect();
        for (name, node) in self.entries() {
            if known.contains(&name.as_str()) {
                continue;
            }
            if let Some((_, owner)) = elsewhere.iter().find(|(key, _)| key.name == name) {
                if node.level < level {
                    continue;
                }
                return Err(self
                    .error(name, format!("`{name}` belongs to {owner}"))
                    .hint("remove it, or choose what it belongs to"));
            }
            let error = self.error(name, format!("there is no key `{name}` here"));
            return Err(suggest(error, name, &known));
        }
        Ok(())
    }

    /// A subsection; an empty one where it is left out.
    ///
    /// # Errors
    ///
    /// When there is a value instead.
    pub fn section(&self, key: &str) -> Result<Section<'a>> {
        let node = self.get(key);
        match node.map(|node| &node.value) {
            None | Some(Value::Table(_)) => Ok(Section {
                node,
                path: self.path_of(key),
                origin: self.origin.clone(),
            }),
            Some(_) => Err(self
                .error(key, "this value is not possible")
                .expected(format!("a section, as in [{key}]"))
                .found(node.map_or_else(String::new, |node| node.value.describe()))),
        }
    }

    /// Where the value of a key comes from, if it is there.
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
    /// When it is left out, or anything but a list of sections.
    pub fn sections(&self, key: &str) -> Result<Vec<Section<'a>>> {
        let expected = format!("a list of sections, as in [[{key}]]");
        match self.get(key) {
            Some(Node {
                value: Value::List(items),
                ..
            }) => items
                .iter()
                .enumerate()
                .map(|(index, node)| match node.value {
                    Value::Table(_) => Ok(Section {
                        node: Some(node),
                        path: format!("{}[{index}]", self.path_of(key)),
                        origin: self.origin.clone(),
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

    /// A whole number in a range.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn integer(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        match node.value {
            Value::Integer(number) if u64::try_from(number).is_ok_and(|n| range.contains(&n)) => {
                Ok(u64::try_from(number).ok())
            }
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.wrong(key, node, &expected))
            }
        }
    }

    /// A list of `N` whole numbers in a range.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn integers<const N: usize>(
        &self,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<[u64; N]>> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        let (start, end) = (range.start(), range.end());
        let expected = format!("a list of {N} whole numbers from {start} to {end}");
        let Value::List(items) = &node.value else {
            return Err(self.wrong(key, node, &expected));
        };
        let numbers: Option<Vec<u64>> = items
            .iter()
            .map(|item| match item.value {
                Value::Integer(number) => u64::try_from(number).ok().filter(|n| range.contains(n)),
                _ => None,
            })
            .collect();
        let numbers = numbers.and_then(|numbers| <[u64; N]>::try_from(numbers).ok());
        numbers.map(Some).ok_or_else(|| {
            let found: Vec<String> = items.iter().map(|item| item.value.describe()).collect();
            self.error(key, "this value is not possible")
                .expected(expected)
                .found(format!("[{}]", found.join(", ")))
        })
    }

    /// Two whole numbers in a range, as a list or as one number for both.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn pair(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<[u64; 2]>> {
        match self.get(key).map(|node| &node.value) {
            Some(Value::List(_)) => self.integers(key, range),
            _ => Ok(self.integer(key, range)?.map(|number| [number; 2])),
        }
    }

    /// A finite number that `is_possible`; `expected` says which are.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn number(
        &self,
        key: &str,
        expected: &str,
        is_possible: impl Fn(f64) -> bool,
    ) -> Result<Option<f64>> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        let number = match node.value {
            Value::Integer(number) => number as f64,
            Value::Float(number) => number,
            _ => f64::NAN,
        };
        if number.is_finite() && is_possible(number) {
            Ok(Some(number))
        } else {
            Err(self.wrong(key, node, expected))
        }
    }

    /// A yes or no.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Node {
                value: Value::Boolean(value),
                ..
            }) => Ok(Some(*value)),
            Some(node) => Err(self.wrong(key, node, "true or false")),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Node {
                value: Value::Text(text),
                ..
            }) => Ok(Some(text)),
            Some(node) => Err(self.wrong(key, node, "a text in quotes")),
        }
    }

    /// The keys of this section, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.entries().iter().map(|(name, _)| &name[..])
    }

    /// A list of texts.
    ///
    /// # Errors
    ///
    /// When it is anything else.
    pub fn texts(&self, key: &str) -> Result<Vec<&'a str>> {
        let expected = "a list of texts in quotes";
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Node {
                value: Value::List(items),
                ..
            }) => items
                .iter()
                .enumerate()
                .map(|(index, node)| match &node.value {
                    Value::Text(text) => Ok(&text[..]),
                    _ => Err(self.wrong_element(key, index, node, "a text in quotes")),
                })
                .collect(),
            Some(node) => Err(self.wrong(key, node, expected)),
        }
    }

    /// The kind that `selector` names in this section (the `default` where it is left out), read with
    /// its own keys and the `common` ones. Without name, default and keys there is none.
    ///
    /// # Errors
    ///
    /// When the name is missing or unknown, or a key belongs to no or another kind.
    pub fn choose<T>(
        &self,
        selector: &Key,
        default: Option<&str>,
        common: &[Key],
        choices: &[Choice<T>],
    ) -> Result<Option<T>> {
        let Some(name) = self.text(selector.name)?.or(default) else {
            if self.entries().is_empty() && self.node.is_none() {
                return Ok(None);
            }
            let missing = self.error(selector.name, format!("`{}` is missing", selector.name));
            return Err(missing.expected(names(choices)));
        };
        let Some(choice) = choices.iter().find(|choice| choice.name == name) else {
            let known: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
            let error = self
                .error(
                    selector.name,
                    format!("there is no {} `{name}`", selector.about),
                )
                .expected(names(choices));
            return Err(suggest(error, name, &known));
        };
        let elsewhere: Vec<(Key, String)> = choices
            .iter()
            .flat_map(|other| {
                other
                    .keys
                    .iter()
                    .map(move |key| (*key, format!("`{}`", other.name)))
            })
            .collect();
        let elsewhere: Vec<(Key, &str)> = elsewhere
            .iter()
            .map(|(key, owner)| (*key, owner.as_str()))
            .collect();
        let level = self.level(selector.name).unwrap_or(Level::Text);
        self.allow_beside(&[&[*selector], common, choice.keys], &elsewhere, level)?;
        (choice.read)(self).map(Some)
    }
}

fn names<T>(choices: &[Choice<T>]) -> String {
    let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
    format!("one of {}", names.join(", "))
}

/// Names that other programs have for what is meant.
const ALIASES: &[(&str, &str)] = &[
    ("mae", "l1"),
    ("l2", "mse"),
    ("bce", "binary-cross-entropy"),
    ("smooth-l1", "huber"),
    ("linear", "dense"),
    ("fully-connected", "dense"),
    ("swish", "silu"),
    ("logistic", "sigmoid"),
    ("zscore", "standardize"),
    ("z-score", "standardize"),
    ("lr", "learning_rate"),
    ("dropout", "masking"),
];

/// Adds the name that is meant to an error, by another name for it or as the nearest of the known ones where
/// one is near; else all of them.
pub fn suggest(error: Error, name: &str, known: &[&str]) -> Error {
    let meant = ALIASES.iter().find(|(alias, _)| *alias == name);
    if let Some((_, meant)) = meant.filter(|(_, meant)| known.contains(meant)) {
        return error.hint(format!("did you mean `{meant}`?"));
    }
    let nearest = known
        .iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, nearest)) if likeness >= 0.5 => {
            error.hint(format!("did you mean `{nearest}`?"))
        }
        None => error,
        Some(_) => error.hint(format!("there are {}", crate::text::first_of(known))),
    }
}
