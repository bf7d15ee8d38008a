//! Selects rows of a dataset: the first rows, neighboring rows, or the rows of a list.

use super::dataset::{Dataset, Ids};
use super::shuffle;
use super::values::Values;
use crate::memory::require;
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::ops::Range;

impl Dataset {
    /// The first `count` rows, or all of them if there are fewer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if `count` is 0.
    pub fn head(&self, count: usize) -> Result<Self> {
        self.slice(0..count.min(self.rows()))
    }

    /// Neighboring rows, in order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the range is empty or ends beyond [`Dataset::rows`].
    pub fn slice(&self, rows: Range<usize>) -> Result<Self> {
        if rows.end > self.rows() {
            return Err(Error::new(ErrorKind::Data, "there are not so many rows")
                .at(&self.name)
                .expected(format!("at most {}", self.rows()))
                .found(rows.end));
        }
        self.choose((rows.start as u32..rows.end as u32).collect())
    }

    /// The rows at `indices`, in that order; a row may occur several times.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are no indices or one of them is not below [`Dataset::rows`].
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        let rows = self.rows();
        if let Some(index) = indices.iter().find(|&&index| index >= rows) {
            return Err(Error::new(ErrorKind::Data, "there is no such row")
                .at(&self.name)
                .expected(format!("a row from 0 to {}", rows - 1))
                .found(index));
        }
        self.choose(indices.iter().map(|&index| index as u32).collect())
    }

    /// The memory of a selection of almost all rows, in bytes. If rows stay in a file, it is the list that training
    /// keeps.
    pub(crate) fn chosen_bytes(&self) -> usize {
        match &self.values {
            Values::Records(records) if records.is_in_file() => shuffle::POOL,
            // A selection shares the values, and has its own list.
            Values::Records(_) => self.rows() * size_of::<u32>(),
            values @ (Values::U8(_) | Values::F32(_)) => {
                self.rows() * self.inputs() * values.element().size()
            }
        }
    }

    /// The rows at `indices`, which must exist, in that order. For rows that stay in a file, only the list is stored.
    pub(crate) fn choose(&self, indices: Vec<u32>) -> Result<Self> {
        if indices.is_empty() {
            return Err(Error::new(ErrorKind::Data, "there are no rows")
                .at(&self.name)
                .expected("at least one row")
                .found("none"));
        }
        fn chosen<T: Clone>(all: &[T], indices: &[u32]) -> Vec<T> {
            let these = indices.iter().filter_map(|&index| all.get(index as usize));
            these.cloned().collect()
        }
        fn rows<T: Clone>(all: &Array2<T>, indices: &[u32]) -> Result<Array2<T>> {
            let values = indices.len() * all.ncols();
            require("dividing the rows", values * size_of::<T>())?;
            let mut values = Vec::with_capacity(values);
            for &index in indices {
                values.extend(all.row(index as usize).iter().cloned());
            }
            shuffle::array(values, all.ncols())
        }
        let labels = self.labels.as_ref().map(|labels| chosen(labels, &indices));
        let ids = self.ids.iter().map(|ids| Ids {
            name: ids.name.clone(),
            values: chosen(&ids.values, &indices),
        });
        let ids = ids.collect();
        let bad = self.bad.among(&indices);
        let values = match &self.values {
            Values::U8(values) => Values::U8(rows(values, &indices)?),
            Values::F32(values) => Values::F32(rows(values, &indices)?),
            Values::Records(records) => Values::Records(records.choose(indices)),
        };
        Ok(Dataset {
            values,
            labels,
            ids,
            bad,
            ..self.without_rows()
        })
    }

    /// At most `count` rows, evenly spread over all rows, in order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if `count` is 0.
    pub fn sample(&self, count: usize) -> Result<Self> {
        let (rows, count) = (self.rows(), count.min(self.rows()));
        let indices = (0..count)
            .map(|index| (index as u128 * rows as u128 / count as u128) as u32)
            .collect();
        self.choose(indices)
    }
}
