//! Errors and notes from reading a document.

use crate::error::{Error, ErrorKind};
use std::cell::RefCell;

/// The source of a value; later entries of this list override earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The text of the document.
    Text,
    /// One of the document's variants.
    Variant,
    /// An override by the caller.
    Set,
}

/// Notes from reading a document about renamed keys. Each is reported once.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(RefCell<Vec<(String, String)>>);

impl Notes {
    /// Adds the note that `old` at `place` has a newer name.
    pub(super) fn add(&self, place: &str, old: &str, text: &str) {
        let about = format!("`{old}` {text}");
        let mut notes = self.0.borrow_mut();
        if !notes.iter().any(|(_, known)| *known == about) {
            notes.push((place.to_string(), about));
        }
    }

    /// The notes, each with its place.
    pub(super) fn texts(&self) -> Vec<String> {
        let notes = self.0.borrow();
        let text = |(place, about): &(String, String)| format!("{place}: {about}");
        notes.iter().map(text).collect()
    }
}

pub(crate) fn refuse(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Recipe, what)
}

/// An error about an older and the newer name of one key, or two older names, that are given together.
pub(crate) fn twice(error: Error, new: &str) -> Error {
    error.expected(format!("`{new}` alone"))
}

/// The note about an older name.
pub(crate) fn is_now(new: &str) -> String {
    format!("is now called `{new}`")
}
