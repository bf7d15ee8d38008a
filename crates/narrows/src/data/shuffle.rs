//! The order of the rows in training, and how rows that stay in a file are read in this order.
//!
//! Rows in memory come in a uniformly random order. Rows that stay in a file are shuffled in two levels, so that
//! successive reads are close to each other in the file: blocks of about [`BLOCK`] bytes of neighboring rows come in a
//! random order, this order is cut into pools of about [`POOL`] bytes, and the rows of a pool are shuffled among
//! themselves. So a batch has rows from up to `POOL / BLOCK` places of the file. A pool is read into memory at once,
//! block by block in the order of the file. The order is also computed one pool at a time, because for many narrow rows
//! the whole order would take more memory than a pool.

use super::dataset::{Dataset, Extremes};
use super::element::NumberKind;
use super::records::Records;
use super::values::Values;
use crate::rng::Draws;
use crate::threads::available_threads;
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The bytes of neighboring rows that stay together.
const BLOCK: usize = 64 << 10;

/// The bytes of the rows of a pool, which are shuffled among themselves.
pub(super) const POOL: usize = 256 << 20;

/// The bytes per row of a pool besides its values: its numbers in the order and in the pool, and its place during
/// reading.
const BESIDE: usize = 2 * size_of::<u32>() + size_of::<(usize, &mut [u8])>();

/// The order of the rows in one epoch, pool by pool. Rows in memory are one pool.
pub(crate) struct Order<'a> {
    draws: &'a Draws,
    epoch: u32,
    rows: usize,
    pool: usize,
    /// Whether the last row belongs to the pool before, if it would be alone in its pool.
    joins: bool,
    /// The number of rows of a block and the order of the blocks, for rows that stay in a file.
    blocks: Option<(usize, Vec<u32>)>,
}

impl<'a> Order<'a> {
    /// The order of an epoch with steps of `in_step` rows.
    pub(crate) fn new(data: &Dataset, draws: &'a Draws, epoch: u32, in_step: usize) -> Order<'a> {
        let rows = data.rows();
        match data.pool(in_step) {
            None => Order {
                draws,
                epoch,
                rows,
                pool: rows,
                joins: false,
                blocks: None,
            },
            Some(pool) => {
                let block = (BLOCK / data.row_bytes()).max(1);
                Order::of_blocks(rows, (block, pool), draws, epoch)
            }
        }
    }

    fn of_blocks(
        rows: usize,
        (block, pool): (usize, usize),
        draws: &'a Draws,
        epoch: u32,
    ) -> Order<'a> {
        let blocks = draws.permutation(epoch, rows.div_ceil(block));
        Order {
            draws,
            epoch,
            rows,
            pool,
            joins: false,
            blocks: Some((block, blocks)),
        }
    }

    /// The same for steps of which the last one includes the last row, if that row would be a step of its own.
    pub(crate) fn joined(mut self, joins: bool) -> Order<'a> {
        self.joins = joins;
        self
    }

    /// The pool of a place in the epoch.
    pub(crate) fn pool_of(&self, place: usize) -> usize {
        place / self.pool
    }

    /// The place in the epoch of the first row of a pool.
    pub(crate) fn start_of(&self, pool: usize) -> usize {
        pool * self.pool
    }

    /// Writes the rows of a pool, in their order, into `order`.
    pub(crate) fn rows_of(&self, pool: usize, order: &mut Vec<u32>) {
        let Some((block, blocks)) = &self.blocks else {
            return self.draws.permute(self.epoch, self.rows, order);
        };
        let start = self.start_of(pool);
        let most = start + self.pool + usize::from(self.joins);
        let end = if most >= self.rows {
            self.rows
        } else {
            start + self.pool
        };
        order.clear();
        let mut at = 0;
        for &place in blocks {
            let first = place as usize * block;
            let len = (first + block).min(self.rows) - first;
            // The part of the block that is in the pool.
            let (from, to) = (start.clamp(at, at + len), end.clamp(at, at + len));
            order.extend((first + from - at) as u32..(first + to - at) as u32);
            at += len;
        }
        for last in (1..order.len()).rev() {
            // An additional draw for each place of the order, after the draws of the blocks.
            let sample = !((start + last) as u32);
            order.swap(last, self.draws.below(self.epoch, sample, last + 1));
        }
    }
}

impl Dataset {
    /// The number of rows of a pool, a whole number of steps; `None` if rows are in memory.
    fn pool(&self, in_step: usize) -> Option<usize> {
        let steps = (POOL / (self.row_bytes() + BESIDE) / in_step).max(1);
        self.is_in_file().then_some(steps.saturating_mul(in_step))
    }

    /// Whether the rows stay in their file.
    pub(crate) fn is_in_file(&self) -> bool {
        matches!(&self.values, Values::Records(records) if records.is_in_file())
    }

    /// The bytes of a row in memory or in its file.
    fn row_bytes(&self) -> usize {
        match &self.values {
            Values::Records(records) => records.stride(),
            values => self.inputs() * values.element().size(),
        }
    }

    /// Rows that stay in a file, read into memory in the order of `rows`. Each row keeps its identity. The memory of
    /// the previous pool is used again, because new memory takes long to get.
    pub(crate) fn pooled(&self, rows: &[u32], before: Option<Dataset>) -> Result<Dataset> {
        let Values::Records(records) = &self.values else {
            return Ok(self.clone());
        };
        let stride = records.stride();
        let (values, identities) = before.map(|pool| (pool.values, pool.identities)).unzip();
        let mut identities: Vec<u32> = identities.unwrap_or_default();
        identities.clear();
        identities.extend_from_slice(rows);
        let mut bytes = match values {
            Some(Values::U8(values)) => values.into_raw_vec_and_offset().0,
            Some(Values::Records(records)) => records.into_bytes().unwrap_or_default(),
            Some(Values::F32(_)) | None => Vec::new(),
        };
        bytes.resize(rows.len() * stride, 0);
        gather(records, rows, &mut bytes)?;
        let values = if records.is_plain(NumberKind::U8) {
            Values::U8(array(bytes, self.inputs())?)
        } else {
            Values::Records(records.with_bytes(bytes))
        };
        Ok(Dataset {
            values,
            identities,
            labels: None,
            ids: Vec::new(),
            extremes: Extremes::default(),
            ..self.without_rows()
        })
    }
}

pub(super) fn array<T>(values: Vec<T>, inputs: usize) -> Result<Array2<T>> {
    Array2::from_shape_vec((values.len() / inputs, inputs), values).map_err(|error| {
        Error::new(ErrorKind::Data, "the rows do not fit together").caused_by(error)
    })
}

/// Reads rows into their places; each thread reads its share of the file.
fn gather(records: &Records, rows: &[u32], into: &mut [u8]) -> Result<()> {
    // Each row's place in the file and in memory, in the order of the file.
    let mut places: Vec<(usize, &mut [u8])> = rows
        .iter()
        .map(|&row| records.place(row as usize))
        .zip(into.chunks_exact_mut(records.stride()))
        .collect();
    places.sort_unstable_by_key(|(place, _)| *place);
    let threads = available_threads();
    let share = places.len().div_ceil(threads).max(1);
    let most = (BLOCK / records.stride()).max(1);
    let read = |places: &mut [(usize, &mut [u8])]| -> Result<()> {
        // Neighboring rows within a block of the file are read at once.
        let mut rest = places;
        while let Some((start, _)) = rest.first() {
            let start = *start;
            let near = rest.partition_point(|(place, _)| *place < start + most);
            let (these, after) = rest.split_at_mut(near);
            let end = these.last().map_or(start, |(place, _)| *place);
            let bytes = records.read_bytes(start..end + 1)?;
            for (place, out) in these {
                let at = (*place - start) * out.len();
                out.copy_from_slice(bytes.get(at..at + out.len()).unwrap_or_default());
            }
            rest = after;
        }
        Ok(())
    };
    let parts = Mutex::new(places.chunks_mut(share));
    let go = || -> Result<()> {
        loop {
            let part = parts.lock().unwrap_or_else(PoisonError::into_inner).next();
            match part {
                Some(places) => read(places)?,
                None => return Ok(()),
            }
        }
    };
    thread::scope(|scope| {
        // If the system refuses further threads, the existing ones read all parts.
        let readers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, go).ok())
            .collect();
        let first = go();
        let results = readers.into_iter().map(|reader| match reader.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        std::iter::once(first).chain(results).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    #[test]
    fn every_row_comes_once_and_pools_mix_distant_rows() {
        let draws = Draws::new(5, Purpose::Shuffle);
        let all = |epoch| {
            let order = Order::of_blocks(1003, (10, 200), &draws, epoch);
            let (mut all, mut rows) = (Vec::new(), Vec::new());
            for pool in 0..6 {
                assert_eq!(order.start_of(pool), all.len());
                order.rows_of(pool, &mut rows);
                all.extend_from_slice(&rows);
            }
            all
        };
        let order = all(0);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1003));
        // 200 rows of 20 blocks: spread over the file, and neighbors are rarely together.
        let pool = &order[..200];
        let spread = pool.iter().max().unwrap() - pool.iter().min().unwrap();
        assert!(spread > 700, "{spread}");
        let together = pool
            .windows(2)
            .filter(|pair| pair[0].abs_diff(pair[1]) == 1);
        assert!(together.count() < 12);
        assert_ne!(order, all(1));
    }

    #[test]
    fn a_last_row_that_joins_is_of_the_last_pool_that_is_read() {
        let draws = Draws::new(5, Purpose::Shuffle);
        for (rows, pools) in [(1001, 5), (1003, 6)] {
            let order = Order::of_blocks(rows, (10, 200), &draws, 0).joined(rows == 1001);
            let (mut all, mut of_pool) = (Vec::new(), Vec::new());
            for pool in 0..pools {
                assert_eq!(order.start_of(pool), all.len());
                order.rows_of(pool, &mut of_pool);
                all.extend_from_slice(&of_pool);
            }
            all.sort_unstable();
            assert!(all.into_iter().eq(0..rows as u32));
        }
    }

    #[test]
    fn a_pool_is_its_rows_in_order() {
        use crate::data::builder::RowsBuilder;
        use crate::data::element::{Element, NumberKind};
        use crate::data::records::RowType;
        let row = RowType::all(Element::little(NumberKind::F32), 3);
        let mut rows = RowsBuilder::with_limit(row, 8);
        for row in 0..500 {
            let row = row as f32;
            let bytes = [row, f32::NAN, -row].map(f32::to_le_bytes).concat();
            rows.push(&bytes).unwrap();
        }
        let values = rows.finish(Some(vec![0.0, 7.0, 0.0])).unwrap();
        let data = Dataset::new("rows", values, vec![3], None).unwrap();
        // Some are left out, as where others are for validation.
        let kept: Vec<usize> = (0..500).filter(|row| row % 10 != 3).collect();
        let data = data.select(&kept).unwrap();
        let order: Vec<u32> = (0..400).map(|n| n * 7 % 450).collect();
        let pool = data.pooled(&order, None).unwrap();
        let (found, all) = (pool.to_array(), data.to_array());
        for (n, &row) in order.iter().enumerate() {
            assert_eq!(pool.identity(n as u32), row);
            assert_eq!(found.row(n), all.row(row as usize));
            let first = kept[row as usize] as f32;
            assert_eq!(found.row(n).to_vec(), [first, 7.0, -first]);
        }
    }
}
