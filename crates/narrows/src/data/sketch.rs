//! A small sketch of the rows that a model was trained on: checksums of a few rows, by which training rows are
//! recognized.
//!
//! It keeps the smallest checksums (k minimum values, Bar-Yossef et al. 2002). The checksum of a row does not depend on
//! order, name or format. So among any rows, those with equally small checksums can be looked up in the sketch.

use super::dataset::Dataset;
use super::records::AT_ONCE;
use super::sample::on_all_threads;
use crate::Result;
use twox_hash::xxhash3_64::Hasher;

/// The most checksums of a sketch.
const KEPT: usize = 256;

/// The number of rows that a thread takes at a time.
const PIECE: usize = 4096;

/// The smallest different checksums of some rows, at most 256, in ascending order.
///
/// A row's checksum is XXH3 (64 bits) over its values as little-endian `f64`, after missing values are filled, with 0
/// in place of -0. It is the same for all formats and types that hold the same values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSketch {
    checksums: Vec<u64>,
}

/// How many of some rows are rows of the sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The number of rows that could be looked up: all rows, or the rows with a small checksum.
    pub looked_up: usize,
    /// The number of these rows that are in the sketch.
    pub found: usize,
}

impl Overlap {
    /// From this share on, the overlap is reported.
    const NOTICEABLE: f64 = 0.02;

    /// Whether the overlap is large enough to be reported.
    pub fn is_noticeable(self) -> bool {
        self.share() > Overlap::NOTICEABLE
    }

    /// The estimated share of the rows that are rows of the sketch; 0 if no row could be looked up.
    pub fn share(self) -> f64 {
        match self.looked_up {
            0 => 0.0,
            rows => self.found as f64 / rows as f64,
        }
    }
}

impl RowSketch {
    /// The sketch of all rows.
    ///
    /// # Errors
    ///
    /// If rows that stay in a file cannot be read.
    pub fn of(data: &Dataset) -> Result<RowSketch> {
        let mut all: Vec<u64> = pieces(data, |checksums| {
            let mut least = Vec::with_capacity(KEPT + 1);
            checksums.for_each(|checksum| keep(&mut least, checksum));
            least
        })
        .concat();
        all.sort_unstable();
        all.dedup();
        all.truncate(KEPT);
        data.check_readable()?;
        Ok(RowSketch { checksums: all })
    }

    /// A sketch from the checksums that a file stores.
    pub fn from_checksums(mut checksums: Vec<u64>) -> RowSketch {
        checksums.sort_unstable();
        checksums.dedup();
        checksums.truncate(KEPT);
        RowSketch { checksums }
    }

    /// The checksums, in ascending order.
    pub fn checksums(&self) -> &[u64] {
        &self.checksums
    }

    /// The overlap of the rows of `data` with the sketch.
    ///
    /// # Errors
    ///
    /// If rows that stay in a file cannot be read.
    pub fn overlap(&self, data: &Dataset) -> Result<Overlap> {
        // Fewer are the checksums of all rows there were.
        let most = match self.checksums.last() {
            Some(&last) if self.checksums.len() == KEPT => last,
            _ => u64::MAX,
        };
        let counts = pieces(data, |checksums| {
            let mut counts = (0, 0);
            for checksum in checksums.filter(|checksum| *checksum <= most) {
                counts.0 += 1;
                counts.1 += usize::from(self.checksums.binary_search(&checksum).is_ok());
            }
            counts
        });
        data.check_readable()?;
        Ok(Overlap {
            looked_up: counts.iter().map(|counts| counts.0).sum(),
            found: counts.iter().map(|counts| counts.1).sum(),
        })
    }
}

/// The results of `make` for the checksums of each piece of the rows.
fn pieces<T: Send>(
    data: &Dataset,
    make: impl Fn(&mut dyn Iterator<Item = u64>) -> T + Sync,
) -> Vec<T> {
    let rows = data.rows();
    on_all_threads(rows.div_ceil(PIECE), |piece| {
        let start = piece * PIECE;
        let these = start..(start + PIECE).min(rows);
        let mut bytes = Vec::new();
        make(&mut these.map(|row| checksum(data, row, &mut bytes)))
    })
}

/// The checksum of a row, whose bytes are collected in `bytes`, because hashing them at once is faster.
fn checksum(data: &Dataset, row: usize, bytes: &mut Vec<u8>) -> u64 {
    let mut buffer = [0.0; AT_ONCE];
    bytes.resize(8 * data.inputs(), 0);
    data.each_value(row, &mut buffer, |place, values| {
        let places = bytes.as_chunks_mut::<8>().0;
        for (bytes, value) in places[place..].iter_mut().zip(values) {
            *bytes = (value + 0.0).to_le_bytes();
        }
    });
    Hasher::oneshot(bytes)
}

/// Adds a checksum to the smallest checksums so far, which are in ascending order.
fn keep(least: &mut Vec<u64>, checksum: u64) {
    if least.len() == KEPT && least.last().is_some_and(|&last| checksum >= last) {
        return;
    }
    if let Err(place) = least.binary_search(&checksum) {
        least.insert(place, checksum);
        least.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn rows(numbers: impl Iterator<Item = usize>) -> Dataset {
        let numbers: Vec<usize> = numbers.collect();
        let value = |(row, column)| (numbers[row] * 3 + column) as f64 * 0.37 - 50.0;
        Dataset::from_array(Array2::from_shape_fn((numbers.len(), 3), value).view()).unwrap()
    }

    #[test]
    fn rows_are_known_again_whatever_their_order() {
        let sketch = RowSketch::of(&rows(0..8000)).unwrap();
        assert_eq!(sketch.checksums().len(), KEPT);
        // 8000 of 10,000, in reverse.
        let found = sketch.overlap(&rows((0..10_000).rev())).unwrap();
        assert_eq!(found.found, KEPT);
        assert!((found.share() - 0.8).abs() < 0.05, "{found:?}");
        let found = sketch.overlap(&rows(8000..20_000)).unwrap();
        assert_eq!(found.found, 0);
        assert!(found.looked_up > 256, "{found:?}");
    }

    #[test]
    fn of_few_rows_all_are_known() {
        let sketch = RowSketch::of(&rows(0..200)).unwrap();
        let found = sketch.overlap(&rows(0..300)).unwrap();
        assert_eq!((found.looked_up, found.found), (300, 200));
        let again = RowSketch::from_checksums(sketch.checksums().to_vec());
        assert_eq!(again, sketch);
    }

    #[test]
    fn a_checksum_is_of_values_and_stays_for_ever() {
        let whole = ndarray::array![[0_i64, 1, 200], [3, 4, 5]];
        let sketch = |data: Result<Dataset>| RowSketch::of(&data.unwrap()).unwrap();
        let expected = sketch(Dataset::from_array(whole.view()));
        assert_eq!(
            sketch(Dataset::from_array(whole.mapv(|v| v as f64).view())),
            expected
        );
        assert_eq!(
            sketch(Dataset::from_array(whole.mapv(|v| v as f32).view())),
            expected
        );
        assert_eq!(
            sketch(Dataset::from_array(whole.mapv(|v| v as u8).view())),
            expected
        );
        let zero = whole.mapv(|v| if v == 0 { -0.0 } else { v as f64 });
        assert_eq!(sketch(Dataset::from_array(zero.view())), expected);
        let known = [1_063_356_720_817_811_639, 10_803_384_368_072_483_242];
        // As `xxhash.xxh3_64_intdigest(struct.pack("<3d", 0, 1, 200))` has them in Python.
        assert_eq!(expected.checksums(), known);
        let long = Array2::from_shape_fn((1, 300), |(_, column)| column as f64 * 0.5);
        let known = [0xf18d_f4ad_b27e_5bc7];
        assert_eq!(sketch(Dataset::from_array(long.view())).checksums(), known);
    }
}
