//! The one error type of the library.
//!
//! An error says what is wrong, where, what was expected, what was found and what to do
//! next; [`ErrorKind`] lets a program tell the sorts apart without reading the text.

use std::fmt;

/// A `Result` with Narrows' [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The sort of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused to read or write a file.
    Io,
    /// A file is not what its format says it should be.
    Format,
    /// A recipe has an unknown key, an impossible value or parts that do not fit together.
    Recipe,
    /// The data cannot be used as asked: no rows, a wrong width, a value that is not finite.
    Data,
    /// Training was given up, because the loss was no longer a finite number.
    Diverged,
    /// Training was told to stop, and can go on from where it was saved.
    Interrupted,
}

/// What went wrong, where, what was expected and found, and what to do.
///
/// The parts are set with the builder methods; [`fmt::Display`] joins those that are there:
/// `place: what: expected …, found … (hint)`.
pub struct Error(Box<Parts>);

struct Parts {
    kind: ErrorKind,
    what: String,
    place: Option<String>,
    expected: Option<String>,
    found: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of one kind; `what` is a short clause in lower case, without a full stop.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Error(Box::new(Parts {
            kind,
            what: what.into(),
            place: None,
            expected: None,
            found: None,
            hint: None,
            source: None,
        }))
    }

    /// Where: a file, with a byte offset or line where that helps; a key's path; a row and column.
    ///
    /// A place that is set already is kept and becomes the inner part: `outer: inner`.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.place = Some(match self.0.place.take() {
            Some(inner) => format!("{place}: {inner}"),
            None => place.to_string(),
        });
        self
    }

    /// What would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.0.expected = Some(expected.to_string());
        self
    }

    /// What was there instead.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.0.found = Some(found.to_string());
        self
    }

    /// What to do about it, in the imperative.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.0.hint = Some(hint.to_string());
        self
    }

    /// The error that caused this one.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// An operating system's error about a file.
    pub fn io(what: impl Into<String>, path: &std::path::Path, source: std::io::Error) -> Self {
        Error::new(ErrorKind::Io, what)
            .at(path.display())
            .caused_by(source)
    }

    /// The sort of error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where it went wrong, if that is known.
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// What would have been right, if that can be said.
    pub fn what_was_expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What to do about it, if that can be said.
    pub fn what_to_do(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What was there instead, if that can be said.
    pub fn what_was_found(&self) -> Option<&str> {
        self.0.found.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            what,
            place,
            expected,
            found,
            hint,
            source,
            ..
        } = &*self.0;
        if let Some(place) = place {
            write!(f, "{place}: ")?;
        }
        f.write_str(what)?;
        match (expected, found) {
            (Some(expected), Some(found)) => write!(f, ": expected {expected}, found {found}")?,
            (Some(expected), None) => write!(f, ": expected {expected}")?,
            (None, Some(found)) => write!(f, ": found {found}")?,
            (None, None) => {}
        }
        if let Some(source) = source {
            write!(f, ": {source}")?;
        }
        if let Some(hint) = hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
