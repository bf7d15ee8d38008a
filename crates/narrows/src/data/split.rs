//! The rows to train on and the rows to test on.

use super::{Dataset, Source};
use crate::rng::{Draws, Purpose};
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// The share of the rows that is held out where a source has no test rows: one in ten.
const HOLD_OUT: usize = 10;

/// The rows of a source, to train on and to test on.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    /// The rows to train on.
    pub train: Cow<'a, Dataset>,
    /// The rows to test on.
    pub test: Cow<'a, Dataset>,
    /// Whether the test rows were held out of the training rows, as the source has none.
    pub is_held_out: bool,
}

impl Source {
    /// The source's own split; or, without test rows, one row in ten held out, drawn with `seed`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are no test rows and fewer than two rows to hold some out of.
    pub fn split(&self, seed: u64) -> Result<Split<'_>> {
        if let Some(test) = &self.test {
            return Ok(Split {
                train: Cow::Borrowed(&self.train),
                test: Cow::Borrowed(test),
                is_held_out: false,
            });
        }
        let data = &self.train;
        if data.rows() < 2 {
            return Err(Error::new(
                ErrorKind::Data,
                "there are too few rows to train and test on",
            )
            .at(data.name())
            .expected("2 or more")
            .found(data.rows()));
        }
        let order = Draws::new(seed, Purpose::HoldOut).permutation(0, data.rows());
        let mut held: Vec<usize> = order.into_iter().map(|row| row as usize).collect();
        let mut kept = held.split_off((data.rows() / HOLD_OUT).max(1));
        // In the source's order, so that pictures show its first rows.
        held.sort_unstable();
        kept.sort_unstable();
        Ok(Split {
            train: Cow::Owned(data.select(&kept)?),
            test: Cow::Owned(data.select(&held)?),
            is_held_out: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;
    use ndarray::Array2;

    fn source(rows: usize) -> Source {
        let values = Array2::from_shape_fn((rows, 1), |(row, _)| row as f32);
        let train = Dataset::new("rows", Values::F32(values), vec![1], None).unwrap();
        Source::new(train, None).unwrap()
    }

    fn values(data: &Dataset) -> Vec<usize> {
        data.to_array()
            .iter()
            .map(|&value| value as usize)
            .collect()
    }

    #[test]
    fn one_row_in_ten_is_held_out_and_none_is_lost() {
        let source = source(57);
        let split = source.split(3).unwrap();
        let (train, test) = (values(&split.train), values(&split.test));
        assert!(split.is_held_out);
        assert_eq!(test.len(), 5);
        assert!(train.is_sorted() && test.is_sorted());
        let mut all = [train, test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..57).collect::<Vec<_>>());
        assert_ne!(test, values(&source.split(4).unwrap().test));
        assert_eq!(test, values(&source.split(3).unwrap().test));
    }

    #[test]
    fn the_source_s_own_test_rows_are_taken_as_they_are() {
        let (train, test) = (source(3).train, source(1).train);
        let both = Source::new(train.clone(), Some(test.clone())).unwrap();
        let split = both.split(1).unwrap();
        assert!(!split.is_held_out);
        assert_eq!((&*split.train, &*split.test), (&train, &test));
    }

    #[test]
    fn one_row_is_too_few_and_two_are_enough() {
        let error = source(1).split(1).unwrap_err();
        assert_eq!(error.what_was_found(), Some("1"));
        let two = source(2);
        let split = two.split(1).unwrap();
        assert_eq!((split.train.rows(), split.test.rows()), (1, 1));
    }
}
