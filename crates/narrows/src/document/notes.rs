//! What reading has to say: errors, and notes of older names.

use crate::error::{Error, ErrorKind};
use std::cell::RefCell;

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

/// What reading a document has to tell beside what was read: that a name has become another. Each is told once.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(RefCell<Vec<(String, String)>>);

impl Notes {
    /// Notes that `old`, which stands at `place`, has become another.
    pub(super) fn add(&self, place: &str, old: &str, text: &str) {
        let about = format!("`{old}` {text}");
        let mut notes = self.0.borrow_mut();
        if !notes.iter().any(|(_, known)| *known == about) {
            notes.push((place.to_string(), about));
        }
    }

    /// Each with its place.
    pub(super) fn texts(&self) -> Vec<String> {
        let notes = self.0.borrow();
        let text = |(place, about): &(String, String)| format!("{place}: {about}");
        notes.iter().map(text).collect()
    }
}

pub(crate) fn refuse(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Recipe, what)
}

/// An error about an older and the newer name of one key, or two older ones, which are given together.
pub(crate) fn twice(error: Error, new: &str) -> Error {
    error.expected(format!("`{new}` alone"))
}

/// What a note says of an older name.
pub(crate) fn is_now(new: &str) -> String {
    format!("is now called `{new}`")
}
