//! Readers and writers of a format whose feature is off.

use crate::data::column::{As, Block, FileColumns, TableReader, Verdict};
use crate::data::output::Piece;
use crate::{Detail, Error, ErrorKind, Result};
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

/// An error about a source or an output that needs a feature.
pub(super) fn needs(name: &'static str, place: impl fmt::Display) -> Error {
    let what = format!("this program was built without the feature `{name}` of the crate narrows");
    Error::new(ErrorKind::Format, what)
        .at(place)
        .hint(format!("build it with `features = [\"{name}\"]`"))
        .with(Detail::Feature { name })
}

/// A table of a format `F` whose feature is off: it cannot be opened.
pub(in crate::data) struct NoTable<F>(Infallible, PhantomData<F>);

impl<F> NoTable<F> {
    pub(in crate::data) fn noting(self, _: Option<String>) -> Self {
        self
    }

    pub(in crate::data) fn alone(self) -> Self {
        self
    }
}

impl<F> TableReader for NoTable<F> {
    fn name(&self) -> &str {
        match self.0 {}
    }

    fn columns(&self) -> &FileColumns {
        match self.0 {}
    }

    fn how(&self) -> Option<String> {
        match self.0 {}
    }

    fn notes(&self) -> Vec<String> {
        match self.0 {}
    }

    fn read(
        &mut self,
        _: &[(usize, As)],
        _: &mut dyn FnMut(Block) -> Result<()>,
    ) -> Result<Verdict> {
        match self.0 {}
    }
}

/// An output in a format `F` whose feature is off: it cannot be created.
pub(in crate::data) struct NoOutput<F>(Infallible, PhantomData<F>);

impl<F> NoOutput<F> {
    pub(in crate::data) fn write(&mut self, _: Piece<'_>) -> Result<()> {
        match self.0 {}
    }

    pub(in crate::data) fn finish(self) -> Result<()> {
        match self.0 {}
    }
}
