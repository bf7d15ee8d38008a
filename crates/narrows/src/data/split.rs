//! The rows to train on and the rows to test on.

use super::dataset::Dataset;
use super::source::Source;
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
    /// The rows that training watches, if any are set apart.
    pub validation: Option<Cow<'a, Dataset>>,
    /// The rows to test on.
    pub test: Cow<'a, Dataset>,
    /// Whether the test rows were held out of the training rows, as the source has none.
    pub is_held_out: bool,
}

impl Split<'_> {
    /// Whether there is but one row, so that what training does is tested on what it saw.
    pub fn is_tested_on_training_rows(&self) -> bool {
        !self.is_held_out && std::ptr::eq(&*self.train, &*self.test)
    }
}

impl Source {
    /// The source's own split. If it has no test rows, one row in ten is held out, drawn with `seed`; a single row is
    /// used for both. The fraction `validation` of the remaining training rows is set apart, drawn with `seed` too;
    /// none if it is 0.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are too few rows, or if the share is not from 0 to below 1.
    pub fn split(&self, seed: u64, validation: f64) -> Result<Split<'_>> {
        let mut split = self.without_validation(seed)?;
        if let Some((train, validation)) = split.train.watched(seed, validation)? {
            split.train = Cow::Owned(train);
            split.validation = Some(Cow::Owned(validation));
        }
        Ok(split)
    }

    fn without_validation(&self, seed: u64) -> Result<Split<'_>> {
        if let Some(test) = &self.test {
            return Ok(Split {
                train: Cow::Borrowed(&self.train),
                validation: None,
                test: Cow::Borrowed(test),
                is_held_out: false,
            });
        }
        if self.train.rows() == 1 {
            // Whether one row can be learnt at all is a question too; what it is tested on is said.
            return Ok(Split {
                train: Cow::Borrowed(&self.train),
                validation: None,
                test: Cow::Borrowed(&self.train),
                is_held_out: false,
            });
        }
        let count = (self.train.rows() / HOLD_OUT).max(1);
        let (train, test) = set_apart(&self.train, count, seed, Purpose::HoldOut)?;
        Ok(Split {
            train: Cow::Owned(train),
            validation: None,
            test: Cow::Owned(test),
            is_held_out: true,
        })
    }
}

impl Dataset {
    /// The rows to learn from and those that training watches, the share `validation` of all, drawn with `seed`; none
    /// if the share is 0, so that all are to learn from.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are too few rows, or if the share is not from 0 to below 1.
    pub fn watched(&self, seed: u64, validation: f64) -> Result<Option<(Dataset, Dataset)>> {
        if !(0.0..1.0).contains(&validation) {
            return Err(
                Error::new(ErrorKind::Data, "this share for validation is not possible")
                    .expected("a number from 0 to below 1")
                    .found(validation),
            );
        }
        if validation == 0.0 {
            return Ok(None);
        }
        let count = (self.rows() as f64 * validation).round().max(1.0) as usize;
        set_apart(self, count, seed, Purpose::Validation).map(Some)
    }
}

/// All rows but `count`, and these; both in the source's order, so that pictures show its first rows.
fn set_apart(
    data: &Dataset,
    count: usize,
    seed: u64,
    purpose: Purpose,
) -> Result<(Dataset, Dataset)> {
    if count >= data.rows() {
        return Err(
            Error::new(ErrorKind::Data, "there are too few rows to set some apart")
                .at(data.name())
                .expected(format!(
                    "more than {count} rows, which validation or testing take"
                ))
                .found(data.rows()),
        );
    }
    let mut kept = Draws::new(seed, purpose).permutation(0, data.rows());
    let mut held: Vec<u32> = kept.drain(..count).collect();
    held.sort_unstable();
    kept.sort_unstable();
    kept.shrink_to_fit();
    Ok((data.choose(kept)?, data.choose(held)?))
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
        let split = source.split(3, 0.0).unwrap();
        let (train, test) = (values(&split.train), values(&split.test));
        assert!(split.is_held_out);
        assert_eq!(test.len(), 5);
        assert!(train.is_sorted() && test.is_sorted());
        let mut all = [train, test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..57).collect::<Vec<_>>());
        assert_ne!(test, values(&source.split(4, 0.0).unwrap().test));
        assert_eq!(test, values(&source.split(3, 0.0).unwrap().test));
    }

    #[test]
    fn the_source_s_own_test_rows_are_taken_as_they_are() {
        let (train, test) = (source(3).train, source(1).train);
        let both = Source::new(train.clone(), Some(test.clone())).unwrap();
        let split = both.split(1, 0.0).unwrap();
        assert!(!split.is_held_out);
        assert_eq!((&*split.train, &*split.test), (&train, &test));
    }

    #[test]
    fn a_share_of_the_training_rows_is_set_apart_for_validation() {
        let source = source(57);
        let split = source.split(3, 0.1).unwrap();
        let validation = values(split.validation.as_ref().unwrap());
        assert_eq!(
            (validation.len(), split.train.rows(), split.test.rows()),
            (5, 47, 5)
        );
        let mut all = [values(&split.train), validation, values(&split.test)].concat();
        all.sort_unstable();
        assert_eq!(all, (0..57).collect::<Vec<_>>());
        for share in [-0.1, 1.0, f64::NAN, 0.999] {
            assert!(source.split(3, share).is_err());
        }
    }

    #[test]
    fn one_row_is_trained_and_tested_on_and_two_are_parted() {
        let one = source(1);
        let split = one.split(1, 0.0).unwrap();
        assert!(split.is_tested_on_training_rows());
        assert_eq!((split.train.rows(), split.test.rows()), (1, 1));
        assert!(one.split(1, 0.5).is_err());
        let two = source(2);
        let split = two.split(1, 0.0).unwrap();
        assert!(!split.is_tested_on_training_rows());
        assert_eq!((split.train.rows(), split.test.rows()), (1, 1));
    }
}
