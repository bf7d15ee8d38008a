//! The built-in MNIST as a source.

use crate::data::source::MNIST;
use crate::data::{Dataset, ReadOptions, Source, Values};
use crate::memory::require;
use crate::{Error, ErrorKind, Result};
use narrows_mnist::{PIXELS, SIDE, Split};
use ndarray::Array2;
use std::io;

/// The rows for training and testing together.
const ROWS: usize = 70_000;

/// MNIST if `spec` is its name.
pub(in crate::data) fn open(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    if spec != MNIST {
        return Ok(None);
    }
    options.refuse_all(spec, "MNIST")?;
    options.refuse_layout(spec, "MNIST")?;
    require("the built-in MNIST", ROWS * (PIXELS + 2 * size_of::<i64>()))?;
    let train = dataset("mnist, training images", narrows_mnist::train())?;
    let test = dataset("mnist, test images", narrows_mnist::test())?;
    Source::new(train, Some(test)).map(Some)
}

fn dataset(name: &str, split: io::Result<Split>) -> Result<Dataset> {
    let damaged = |what| Error::new(ErrorKind::Data, what).at(name);
    let Split { images, labels, .. } = split
        .map_err(|source| damaged("the built-in data cannot be unpacked").caused_by(source))?;
    let values = Array2::from_shape_vec((labels.len(), PIXELS), images)
        .map_err(|source| damaged("the built-in data are damaged").caused_by(source))?;
    let labels = labels.into_iter().map(i64::from).collect();
    let mut data = Dataset::new(name, Values::U8(values), vec![1, SIDE, SIDE], Some(labels))?;
    data.is_built_in = true;
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnist_opens_by_name() {
        let source = Source::open("mnist").unwrap();
        let test = source.test.unwrap();
        assert_eq!(
            (source.train.rows(), source.train.shape()),
            (60_000, &[1, 28, 28][..])
        );
        assert_eq!((test.rows(), test.shape()), (10_000, &[1, 28, 28][..]));
        assert_eq!(source.train.labels().unwrap()[..4], [5, 0, 4, 1]);
        assert_eq!(test.labels().unwrap()[..4], [7, 2, 1, 0]);
    }
}
