//! The one error type of the library.
//!
//! An error says what is wrong, where, what was expected, what was found and what to do next. A program can distinguish
//! errors by their [`ErrorKind`] without reading the text.

use crate::plain;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// A `Result` with Narrows' [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system could not read or write a file.
    Io,
    /// A file does not conform to its format.
    Format,
    /// A recipe has an unknown key, an impossible value or parts that do not fit together.
    Recipe,
    /// The data cannot be used as asked: no rows, a wrong width, a value that is not finite.
    Data,
    /// The work needs more memory than the machine has left, or than a limit of the process leaves. The work is not
    /// begun.
    Memory,
    /// Training ended because the loss was no longer finite.
    Diverged,
    /// Training was asked to stop, and can be resumed from its last save.
    Interrupted,
}

/// The details of an [`Error`] in addition to its [`ErrorKind`], as values for a program.
///
/// ```
/// use narrows::{Detail, Model, Recipe};
///
/// let error = Recipe::named("tabel").unwrap_err();
/// let Some(Detail::UnknownName { name, suggestion }) = error.detail() else {
///     panic!("{error}");
/// };
/// assert_eq!((&name[..], suggestion.as_deref()), ("tabel", Some("table")));
///
/// let error = Model::load("no/model.safetensors").unwrap_err();
/// let Some(Detail::File { path, kind }) = error.detail() else {
///     panic!("{error}");
/// };
/// assert_eq!((path.to_str(), *kind), (Some("no/model.safetensors"), std::io::ErrorKind::NotFound));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// The number of values of rows or codes differs from the model, or from the rows before.
    Width {
        /// The expected number of values of a row.
        expected: usize,
        /// The number of values found.
        found: usize,
    },
    /// The operating system could not open, read or write a file or folder.
    File {
        /// Its path.
        path: PathBuf,
        /// The reason.
        kind: io::ErrorKind,
    },
    /// There is no key, part, recipe or variant with this name.
    UnknownName {
        /// The name.
        name: String,
        /// The name that was probably meant.
        suggestion: Option<String>,
    },
    /// The build lacks a cargo feature of Narrows.
    Feature {
        /// The name of the feature.
        name: &'static str,
    },
}

/// An error: what went wrong, where, what was expected and found, and what to do.
///
/// The parts are set with the builder methods; [`fmt::Display`] joins the parts that are set: `place: what: expected …,
/// found … (hint)`.
pub struct Error(Box<Parts>);

struct Parts {
    kind: ErrorKind,
    what: String,
    place: Option<String>,
    expected: Option<String>,
    found: Option<String>,
    hint: Option<String>,
    key: Option<String>,
    detail: Option<Detail>,
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
            key: None,
            detail: None,
            source: None,
        }))
    }

    /// The place: a file, with a byte offset or line if that helps; the path of a key; a row and column.
    ///
    /// If a place is already set, it is kept and becomes the inner part: `outer: inner`.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.place = Some(match self.0.place.take() {
            Some(inner) => format!("{place}: {inner}"),
            None => place.to_string(),
        });
        self
    }

    /// What was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.0.expected = Some(expected.to_string());
        self
    }

    /// What was found.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.0.found = Some(found.to_string());
        self
    }

    /// The advice, in the imperative.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.0.hint = Some(hint.to_string());
        self
    }

    /// The same error with each of its texts changed.
    #[must_use]
    pub(crate) fn map_text(mut self, new: impl Fn(&str) -> String) -> Self {
        let parts = &mut *self.0;
        parts.what = new(&parts.what);
        for part in [
            &mut parts.place,
            &mut parts.expected,
            &mut parts.found,
            &mut parts.hint,
        ] {
            *part = part.as_deref().map(&new);
        }
        self
    }

    /// The same with details for programs.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Self {
        self.0.detail = Some(detail);
        self
    }

    /// The same for a recipe's key at a path.
    #[must_use]
    pub(crate) fn of_key(mut self, path: String) -> Self {
        self.0.key = Some(path);
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
            .with(Detail::File {
                path: path.to_path_buf(),
                kind: source.kind(),
            })
            .caused_by(source)
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The details for programs, if there are any.
    pub fn detail(&self) -> Option<&Detail> {
        self.0.detail.as_ref()
    }

    /// The path of the recipe's key, such as `training.epochs` or `encoder[0].outputs`, if the error is about a key.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The place, if it is known.
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// What was expected, if it is set.
    pub fn what_was_expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// The advice, if it is set.
    pub fn what_to_do(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What was found, if it is set.
    pub fn what_was_found(&self) -> Option<&str> {
        self.0.found.as_deref()
    }
}

/// The most characters of each part of an error: its place, what is wrong, what was expected, what was found, the cause
/// and the advice. If the parts together are longer than [`LONGEST`], they are cut to the second of the two numbers.
const PARTS: [(usize, usize); 6] = [
    (400, 240),
    (600, 240),
    (600, 300),
    (900, 420),
    (400, 240),
    (900, 380),
];

/// The most characters of an error, so that it fits on a screen of 24 lines.
const LONGEST: usize = 1840;

impl fmt::Display for Error {
    /// On one line, without control characters for the terminal, and at most one screen long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        let source = parts.source.as_ref().map(ToString::to_string);
        let all = [
            parts.place.as_deref(),
            Some(parts.what.as_str()),
            parts.expected.as_deref(),
            parts.found.as_deref(),
            source.as_deref(),
            parts.hint.as_deref(),
        ];
        let cut = |is_long: bool| {
            let most = PARTS.map(|(usual, least)| if is_long { least } else { usual });
            let mut most = most.into_iter();
            all.map(|part| {
                let most = most.next().unwrap_or_default();
                // Each character is shown as up to eight.
                let part = plain::shortened(part?, most);
                Some(plain::shortened(&plain::line(&part), most).into_owned())
            })
        };
        let usual = cut(false);
        let length: usize = usual
            .iter()
            .flatten()
            .map(|part| part.chars().count())
            .sum();
        let [place, what, expected, found, source, hint] =
            if length > LONGEST { cut(true) } else { usual };
        if let Some(place) = place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&what.unwrap_or_default())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_that_fits_a_screen() {
        let long = "x\u{1b}[2J\n".repeat(10_000);
        let error = Error::new(ErrorKind::Data, &long)
            .at(&long)
            .expected(&long)
            .found(&long)
            .hint(&long)
            .caused_by(long.clone());
        let text = error.to_string();
        assert!(text.chars().count() <= 24 * 80, "{}", text.chars().count());
        assert!(
            !text.contains(char::is_control) && text.contains('…'),
            "{text}"
        );
        assert_eq!(error.what_was_found(), Some(&*long));
    }

    #[test]
    fn an_error_about_a_recipe_knows_its_key() {
        let mut recipe = crate::Recipe::named("table").unwrap();
        recipe.epochs = 0;
        let error = recipe.check().unwrap_err();
        assert_eq!(error.key(), Some("training.epochs"));
        let text = crate::Recipe::text("table").unwrap();
        let set = ["encoder[0].outptus=3".to_string()];
        let error = crate::Recipe::parse_with(text, "a text", &set).unwrap_err();
        assert_eq!(error.key(), Some("encoder[0].outptus"));
        let unknown = Detail::UnknownName {
            name: "outptus".into(),
            suggestion: Some("outputs".into()),
        };
        assert_eq!(error.detail(), Some(&unknown));
    }

    #[test]
    fn a_name_stays_on_its_line() {
        let error = Error::new(ErrorKind::Data, "there is no such column").found("a\nb");
        assert_eq!(error.to_string(), "there is no such column: found a\\nb");
    }
}
