//! Rows from a program's memory.

use crate::data::Number;
use crate::error::{Error, ErrorKind, Result};
use crate::network::Rows;
use crate::scaling::Scaling;
use narrows_kernels::Isa;
use narrows_kernels::reduce::is_finite;
use ndarray::{CowArray, Ix2};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Scaled rows, one after the other.
pub(super) struct Block<'a> {
    pub(super) given: &'a [f32],
    pub(super) inputs: usize,
}

impl Rows for Block<'_> {
    fn count(&self) -> usize {
        self.given.len() / self.inputs
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        into.copy_from_slice(&self.given[rows.start * self.inputs..rows.end * self.inputs]);
    }
}

/// Rows in memory, row-major. If there is a scaling, they are scaled when they are read. Values are checked while they
/// are in the cache.
pub(super) struct InMemory<'a, T: Number> {
    rows: CowArray<'a, T, Ix2>,
    scaling: Option<&'a Scaling>,
    /// A word for the rows in messages.
    what: &'static str,
    is_finite: AtomicBool,
}

impl<'a, T: Number> InMemory<'a, T> {
    pub(super) fn new(
        rows: CowArray<'a, T, Ix2>,
        scaling: Option<&'a Scaling>,
        what: &'static str,
    ) -> Self {
        InMemory {
            rows,
            scaling,
            what,
            is_finite: AtomicBool::new(true),
        }
    }

    /// Returns `made`, the result computed from the rows, if all values of the rows are finite.
    pub(super) fn checked<U>(&self, made: U) -> Result<U> {
        if self.is_finite.load(Ordering::Relaxed) {
            return Ok(made);
        }
        let mut values = self.rows.indexed_iter();
        match values.find(|(_, value)| !value.to_f64().is_finite()) {
            None => Ok(made),
            Some(((row, column), value)) => Err(Error::new(
                ErrorKind::Data,
                format!("the {} hold a value that is not finite", self.what),
            )
            .at(format!("row {row}, column {column}"))
            .found(value.to_f64())),
        }
    }
}

impl<T: Number> Rows for InMemory<'_, T> {
    fn count(&self) -> usize {
        self.rows.nrows()
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        let (isa, width) = (Isa::best(), self.rows.ncols());
        let Some(values) = self.rows.as_slice() else {
            return;
        };
        let from = values[rows.start * width..rows.end * width].chunks_exact(width);
        let mut all_finite = true;
        for (from, into) in from.zip(into.chunks_exact_mut(width)) {
            match self.scaling {
                Some(scaling) => scaling.scale(from, into),
                None => from
                    .iter()
                    .zip(&mut *into)
                    .for_each(|(from, into)| *into = from.to_f32()),
            }
            // A value that is not finite stays so when it is scaled.
            all_finite &= is_finite(isa, into);
        }
        if !all_finite {
            self.is_finite.store(false, Ordering::Relaxed);
        }
    }
}
