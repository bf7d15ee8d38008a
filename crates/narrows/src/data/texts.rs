//! Many short texts in one allocation.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Many short texts in one allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    bytes: String,
    /// The end of each text.
    ends: Vec<usize>,
}

impl Texts {
    /// No texts, with room for so many.
    pub(crate) fn with_capacity(texts: usize) -> Self {
        Texts {
            bytes: String::new(),
            ends: Vec::with_capacity(texts),
        }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// Gives up the memory of texts that do not come any more.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of all texts together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The text at an index; empty if there is none.
    pub(crate) fn get(&self, index: usize) -> &str {
        let start = match index {
            0 => 0,
            _ => self.ends.get(index - 1).copied().unwrap_or_default(),
        };
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(all: I) -> Self {
        let mut texts = Texts::default();
        all.into_iter().for_each(|text| texts.push(text));
        texts.shrink_to_fit();
        texts
    }
}

/// A name among others in one allocation; a clone shares it.
#[derive(Clone)]
pub(crate) struct Name {
    all: Arc<Texts>,
    place: u32,
}

impl Name {
    /// The text at an index as a name; empty if there is none.
    pub(crate) fn at(texts: &Arc<Texts>, place: usize) -> Name {
        Name {
            all: Arc::clone(texts),
            // There are at most `limits::COLUMNS` names.
            place: u32::try_from(place).unwrap_or(u32::MAX),
        }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.all.get(self.place as usize)
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Name::at(&Arc::new([name].into_iter().collect()), 0)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        **self == **other
    }
}

impl Eq for Name {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
