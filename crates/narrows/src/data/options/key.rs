//! An option for reading data: what it is for, its values and its default, how a text sets it, and the text that it has in
//! a command line.

use super::values::{ReadOptions, list_of_names};
use crate::advice::Setting;
use crate::declaration::{one_of, with_meant};

/// An option for reading data.
#[derive(Debug)]
pub struct ReadingKey {
    /// Its name in messages.
    pub setting: Setting,
    /// The sources that it is for.
    pub scope: ReadingScope,
    /// What stands for its value in a line of usage.
    pub value: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Its default in words; empty if the file itself says it, or if nothing happens without the option.
    pub default: &'static str,
    /// Whether it may be given several times.
    pub is_list: bool,
    /// The option without which it has no meaning.
    pub needs: Option<Setting>,
    set: Set,
    text: fn(&ReadOptions) -> Option<String>,
}

/// Sets an option from its texts, one unless it is a list; otherwise the expected text.
type Set = fn(&mut ReadOptions, &[&str]) -> Result<(), String>;

/// The sources that an option is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingScope {
    /// All sources.
    All,
    /// Tables and arrays.
    Values,
    /// Tables.
    Tables,
    /// Tables in text.
    Text,
    /// Sources whose labels have a name.
    Labels,
    /// Images.
    Images,
    /// Arrays.
    Arrays,
}

impl ReadingScope {
    /// In words: `tables and arrays`.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            ReadingScope::All => "all sources",
            ReadingScope::Values => "tables and arrays",
            ReadingScope::Tables => "tables (CSV and Parquet)",
            ReadingScope::Text => "tables in text (CSV)",
            ReadingScope::Labels => "tables and NPZ files",
            ReadingScope::Images => "images",
            ReadingScope::Arrays => "arrays (NPY and NPZ)",
        }
    }
}

impl ReadingKey {
    pub(super) const fn new(
        setting: Setting,
        scope: ReadingScope,
        value: &'static str,
        about: &'static str,
        set: Set,
        text: fn(&ReadOptions) -> Option<String>,
    ) -> ReadingKey {
        ReadingKey {
            setting,
            scope,
            value,
            about,
            default: "",
            is_list: false,
            needs: None,
            set,
            text,
        }
    }

    pub(super) const fn default(self, default: &'static str) -> ReadingKey {
        ReadingKey { default, ..self }
    }

    pub(super) const fn list(self) -> ReadingKey {
        ReadingKey {
            is_list: true,
            ..self
        }
    }

    pub(super) const fn needs(self, setting: Setting) -> ReadingKey {
        ReadingKey {
            needs: Some(setting),
            ..self
        }
    }

    /// Sets the option. `texts` is one text, or more for a list.
    ///
    /// # Errors
    ///
    /// The expected text, if it is not a value of this option.
    pub fn set(&self, options: &mut ReadOptions, texts: &[&str]) -> Result<(), String> {
        (self.set)(options, texts)
    }

    /// The text that sets the option to its value, unless it has its default.
    pub fn text(&self, options: &ReadOptions) -> Option<String> {
        (self.text)(options)
    }
}

/// The text of an option that is no list.
pub(super) fn last<'a>(texts: &[&'a str]) -> &'a str {
    texts.last().copied().unwrap_or_default()
}

pub(super) fn text(texts: &[&str], to: &mut Option<String>) -> Result<(), String> {
    *to = Some(last(texts).to_string());
    Ok(())
}

pub(super) fn count(texts: &[&str], to: &mut Option<usize>) -> Result<(), String> {
    let expected = |_| "expected a whole number from 0".to_string();
    *to = Some(last(texts).parse().map_err(expected)?);
    Ok(())
}

/// Names of columns. An empty list is the name of a column without a name, which pandas writes above its index.
pub(super) fn names(texts: &[&str], to: &mut Vec<String>) -> Result<(), String> {
    let names = |list: &&str| match *list {
        "" => vec![String::new()],
        list => list_of_names(list),
    };
    *to = texts.iter().flat_map(names).collect();
    Ok(())
}

/// Names as one text; names with special characters are in double quotes, as in CSV.
pub(super) fn list_of(names: &[String]) -> Option<String> {
    let quoted = |name: &String| {
        let is_plain = !name.is_empty() && !name.contains(['"', ',', '\n', '\r']);
        if is_plain {
            name.clone()
        } else {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
    };
    let quoted: Vec<String> = names.iter().map(quoted).collect();
    (!quoted.is_empty()).then(|| quoted.join(","))
}

/// One of a list of names.
pub(super) fn named<T>(
    texts: &[&str],
    by_name: fn(&str) -> Option<T>,
    known: &[&str],
    to: &mut Option<T>,
) -> Result<(), String> {
    *to = Some(one_of(last(texts), by_name, known)?);
    Ok(())
}

pub(super) fn yes_or_no(texts: &[&str], to: &mut Option<bool>) -> Result<(), String> {
    let named = |word: &str| match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    *to = Some(one_of(last(texts), named, &["yes", "no"])?);
    Ok(())
}

pub(super) fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.into()
}

/// The characters that have a name.
const SIGNS: [(&str, char); 7] = [
    ("tab", '\t'),
    ("space", ' '),
    ("comma", ','),
    ("semicolon", ';'),
    ("bar", '|'),
    ("point", '.'),
    ("apostrophe", '\''),
];

/// A character, by itself or by its name.
pub(super) fn sign(texts: &[&str], to: &mut Option<char>) -> Result<(), String> {
    let text = last(texts);
    let mut characters = text.chars();
    let found = match (characters.next(), characters.next()) {
        (Some(character), None) => Some(character),
        _ if text == "\\t" => Some('\t'),
        _ => {
            let mut named = SIGNS.iter().filter(|(name, _)| *name == text);
            named.next().map(|&(_, sign)| sign)
        }
    };
    let expected = || {
        let expected = "expected one character, or `tab` or `space`".to_string();
        with_meant(expected, text, &SIGNS.map(|(name, _)| name))
    };
    *to = Some(found.ok_or_else(expected)?);
    Ok(())
}
