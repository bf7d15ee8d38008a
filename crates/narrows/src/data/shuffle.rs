//! The order in which training meets the rows.
//!
//! Rows in memory come in a uniformly random order. Rows that stay in a file come in two levels, so that
//! reading stays near to where the file is read: blocks of about [`BLOCK`] bytes in a random order are
//! dealt into pools of about [`POOL`] bytes, and the rows of a pool are shuffled among themselves. A
//! batch so meets rows of up to `POOL / BLOCK` places of the file, and the pool is what the operating system
//! is asked to have ready.

use super::{Dataset, Values};
use crate::rng::Draws;

/// The bytes of neighbouring rows that stay together in a pool.
const BLOCK: usize = 64 << 10;

/// The bytes of the rows that are shuffled among themselves.
const POOL: usize = 256 << 20;

impl Dataset {
    /// Puts the order of an epoch into `order`: every row once.
    pub fn shuffle(&self, draws: &Draws, epoch: u32, order: &mut Vec<u32>) {
        match &self.values {
            Values::U8(_) | Values::F32(_) => draws.permute(epoch, self.rows(), order),
            Values::Stored(stored) => {
                let bytes = self.inputs() * stored.element().size();
                let block = (BLOCK / bytes).max(1);
                in_pools(
                    self.rows(),
                    block,
                    (POOL / bytes).max(1).div_ceil(block),
                    draws,
                    epoch,
                    order,
                );
            }
        }
    }
}

/// Blocks of `block` rows in a random order, and within each `blocks` of them rows in a random order.
fn in_pools(
    rows: usize,
    block: usize,
    blocks: usize,
    draws: &Draws,
    epoch: u32,
    order: &mut Vec<u32>,
) {
    let mut places = Vec::new();
    draws.permute(epoch, rows.div_ceil(block), &mut places);
    order.clear();
    for pool in places.chunks(blocks) {
        let start = order.len();
        for &place in pool {
            let first = place as usize * block;
            order.extend(first as u32..(first + block).min(rows) as u32);
        }
        let pool = order.get_mut(start..).unwrap_or_default();
        for last in (1..pool.len()).rev() {
            // A number of its own for each place of the order, beyond those of the blocks.
            pool.swap(last, draws.below(epoch, !((start + last) as u32), last + 1));
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
        in_pools(1003, 10, 20, &draws, 0, &mut order);
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
        in_pools(1003, 10, 20, &draws, 1, &mut again);
        assert_ne!(order, again);
    }
}
