//! The order in which training meets the rows, and how rows that stay in a file are read in it.
//!
//! Rows in memory come in a uniformly random order. Rows that stay in a file come in two levels, so that
//! reading stays near to where the file is read: blocks of about [`BLOCK`] bytes of neighbouring rows come in
//! a random order, this is cut into pools of about [`POOL`] bytes, and the rows of a pool are shuffled among
//! themselves. A batch so meets rows of up to `POOL / BLOCK` places of the file. A pool is read into memory
//! at once, block by block in the order of the file.

use super::element::{Element, Kind};
use super::{Dataset, Stored, Values};
use crate::rng::Draws;
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::num::NonZero;
use std::thread;

/// The bytes of neighbouring rows that stay together in a pool.
const BLOCK: usize = 64 << 10;

/// The bytes of the rows that are shuffled among themselves.
const POOL: usize = 256 << 20;

impl Dataset {
    /// Puts the order of an epoch into `order`: every row once. Steps take `in_step` rows.
    pub(crate) fn shuffle(&self, draws: &Draws, epoch: u32, in_step: usize, order: &mut Vec<u32>) {
        match self.pool(in_step) {
            None => draws.permute(epoch, self.rows(), order),
            Some(pool) => {
                let block = (BLOCK / self.row_bytes()).max(1);
                in_pools(self.rows(), (block, pool), draws, epoch, order);
            }
        }
    }

    /// The rows of a pool, a whole number of steps; none where rows are in memory anyway.
    pub(crate) fn pool(&self, in_step: usize) -> Option<usize> {
        let is_stored = matches!(self.values, Values::Stored(_));
        // Of 8-bit values, or of floats that other types are converted to.
        let bytes = self.inputs() * if self.is_8_bit() { 1 } else { size_of::<f32>() };
        let steps = (POOL / bytes / in_step).max(1);
        is_stored.then_some(steps.saturating_mul(in_step))
    }

    fn row_bytes(&self) -> usize {
        self.inputs() * self.values.element().size()
    }

    /// Rows that stay in a file, read into memory in the order of `rows`; the first of them then counts as
    /// row `first`. The memory of the pool before is used again, as new memory takes long to get.
    pub(crate) fn pooled(
        &self,
        rows: &[u32],
        first: usize,
        before: Option<Dataset>,
    ) -> Result<Dataset> {
        let Values::Stored(stored) = &self.values else {
            return Ok(self.clone());
        };
        let (inputs, len) = (self.inputs(), rows.len() * self.inputs());
        let before = before.map(|pool| pool.values);
        let values = if stored.is_plain(Element::little(Kind::U8)) {
            let mut values = match before {
                Some(Values::U8(values)) => values.into_raw_vec_and_offset().0,
                _ => Vec::new(),
            };
            values.resize(len, 0);
            let copy = |bytes: &[u8], out: &mut [u8]| out.copy_from_slice(bytes);
            gather(stored, rows, inputs, &mut values, copy)?;
            Values::U8(array(values, inputs)?)
        } else {
            let mut values = match before {
                Some(Values::F32(values)) => values.into_raw_vec_and_offset().0,
                _ => Vec::new(),
            };
            values.resize(len, 0.0);
            let convert = |bytes: &[u8], out: &mut [f32]| stored.convert(bytes, out);
            gather(stored, rows, inputs, &mut values, convert)?;
            Values::F32(array(values, inputs)?)
        };
        Ok(Dataset {
            values,
            first,
            labels: None,
            ids: Vec::new(),
            extremes: super::Extremes::default(),
            ..self.without_rows()
        })
    }
}

fn array<T>(values: Vec<T>, inputs: usize) -> Result<Array2<T>> {
    Array2::from_shape_vec((values.len() / inputs, inputs), values).map_err(|error| {
        Error::new(ErrorKind::Data, "the rows do not fit together").caused_by(error)
    })
}

/// Reads rows into their places, each thread its share of the file.
fn gather<T: Send>(
    stored: &Stored,
    rows: &[u32],
    inputs: usize,
    values: &mut [T],
    convert: impl Fn(&[u8], &mut [T]) + Sync,
) -> Result<()> {
    // Each row's place in the file and in memory, in the order of the file.
    let mut places: Vec<(usize, &mut [T])> = rows
        .iter()
        .map(|&row| stored.place(row as usize))
        .zip(values.chunks_exact_mut(inputs))
        .collect();
    places.sort_unstable_by_key(|(place, _)| *place);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = places.len().div_ceil(threads).max(1);
    let most = (BLOCK / stored.stride()).max(1);
    let read = |places: &mut [(usize, &mut [T])]| -> Result<()> {
        // Rows that lie within a block of the file are read at once.
        let mut rest = places;
        while let Some((start, _)) = rest.first() {
            let start = *start;
            let near = rest.partition_point(|(place, _)| *place < start + most);
            let (these, after) = rest.split_at_mut(near);
            let end = these.last().map_or(start, |(place, _)| *place);
            let bytes = stored.read_bytes(start..end + 1)?;
            for (place, out) in these {
                let at = (*place - start) * stored.stride();
                convert(bytes.get(at..at + stored.stride()).unwrap_or_default(), out);
            }
            rest = after;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let readers: Vec<_> = places
            .chunks_mut(share)
            .map(|places| scope.spawn(|| read(places)))
            .collect();
        let results = readers.into_iter().map(|reader| match reader.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.collect()
    })
}

/// Blocks of rows in a random order, cut into pools whose rows are shuffled.
fn in_pools(
    rows: usize,
    (block, pool): (usize, usize),
    draws: &Draws,
    epoch: u32,
    order: &mut Vec<u32>,
) {
    let mut blocks = Vec::new();
    draws.permute(epoch, rows.div_ceil(block), &mut blocks);
    order.clear();
    for place in blocks {
        let first = place as usize * block;
        order.extend(first as u32..(first + block).min(rows) as u32);
    }
    for (index, pool_rows) in order.chunks_mut(pool).enumerate() {
        for last in (1..pool_rows.len()).rev() {
            // A number of its own for each place of the order, beyond those of the blocks.
            let sample = !((index * pool + last) as u32);
            pool_rows.swap(last, draws.below(epoch, sample, last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    #[test]
    fn every_row_comes_once_and_pools_mix_distant_rows() {
        let draws = Draws::new(5, Purpose::Shuffle);
        let mut order = Vec::new();
        in_pools(1003, (10, 200), &draws, 0, &mut order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1003));
        // 200 rows of 20 blocks: spread over the file, and neighbours are rarely together.
        let pool = &order[..200];
        let spread = pool.iter().max().unwrap() - pool.iter().min().unwrap();
        assert!(spread > 700, "{spread}");
        let together = pool
            .windows(2)
            .filter(|pair| pair[0].abs_diff(pair[1]) == 1);
        assert!(together.count() < 12);
        let mut again = Vec::new();
        in_pools(1003, (10, 200), &draws, 1, &mut again);
        assert_ne!(order, again);
    }

    #[test]
    fn a_pool_is_its_rows_in_order() {
        use crate::data::builder::Rows;
        let mut rows = Rows::with_limit(3, 8);
        for row in 0..500 {
            let row = row as f32;
            rows.push(&[row, f32::NAN, -row]).unwrap();
        }
        let values = rows.finish(Some(vec![0.0, 7.0, 0.0])).unwrap();
        let data = Dataset::new("rows", values, vec![3], None).unwrap();
        // Some are left out, as where others are for validation.
        let kept: Vec<usize> = (0..500).filter(|row| row % 10 != 3).collect();
        let data = data.select(&kept).unwrap();
        let order: Vec<u32> = (0..400).map(|n| n * 7 % 450).collect();
        let pool = data.pooled(&order, 1000, None).unwrap();
        let scaling = crate::data::scaling::Scaling::none();
        for (n, &row) in order.iter().enumerate() {
            let (mut found, mut expected) = ([0.0; 3], [0.0; 3]);
            scaling.gather(&pool, 1000 + n, &mut found);
            scaling.gather(&data, row as usize, &mut expected);
            assert_eq!(found, expected);
            assert_eq!(
                found,
                [kept[row as usize] as f32, 7.0, -(kept[row as usize] as f32)]
            );
        }
    }
}
