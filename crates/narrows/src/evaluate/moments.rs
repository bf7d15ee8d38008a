//! The mean and the covariance of rows, for principal components and the ridge probe.

use crate::network::Rows;
use faer::Mat;
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;

/// The number of rows whose products are summed in single precision before the sum is added in double precision.
const BLOCK: usize = 1024;

/// The number of rows that a thread fills at a time, or of rows of the covariance that it sums at a time.
pub(super) const TILE: usize = 64;

/// The widest rows whose covariance is computed: it takes 8 bytes · width², here 128 MiB.
pub(super) const MAX_WIDTH: usize = 4096;

/// Above this width, a few components are found by iteration instead of all at once.
pub(super) const FEW_OF: usize = 1024;

/// Whether all components of rows of `inputs` values are found at once, from their covariance.
pub(super) fn is_whole(inputs: usize, components: usize) -> bool {
    let few = inputs > FEW_OF && components <= inputs / 16;
    inputs <= MAX_WIDTH && !few
}

/// The mean `[width]` and the covariance `[width, width]` of rows, both of the population (divided
/// by the number of rows).
pub(super) struct Moments {
    pub(super) mean: Vec<f64>,
    pub(super) covariance: Mat<f64>,
}

impl Moments {
    /// The moments of at least one row of `width` values, at least 1 and at most [`MAX_WIDTH`].
    ///
    /// They are summed block by block, so memory does not grow with the number of rows. The result does not depend on
    /// the team.
    pub(super) fn of(rows: &dyn Rows, width: usize, team: &mut Team) -> Moments {
        let count = rows.count();
        let mut covariance = vec![0.0f64; width * width];
        let mut sums = vec![0.0f64; width];
        let mut origin = vec![0.0f32; width];
        let mut block = vec![0.0f32; BLOCK.min(count) * width];
        let mut scratch = vec![vec![0.0f32; TILE * width]; team.threads()];
        for start in (0..count).step_by(BLOCK) {
            let len = (count - start).min(BLOCK);
            let block = &mut block[..len * width];
            fill(rows, start, width, block, team, |rows| {
                subtract(rows, &origin)
            });
            if start == 0 {
                // Any origin near the mean keeps the sums small; it is corrected below.
                let mut sums = vec![0.0f64; width];
                add_rows(block, &mut sums);
                origin = sums.iter().map(|sum| (sum / len as f64) as f32).collect();
                subtract(block, &origin);
            }
            add_rows(block, &mut sums);
            add_products(block, width, &mut covariance, &mut scratch, team);
        }
        let shift: Vec<f64> = sums.iter().map(|sum| sum / count as f64).collect();
        let covariance = Mat::from_fn(width, width, |i, j| {
            let (i, j) = if i < j { (j, i) } else { (i, j) };
            covariance[i * width + j] / count as f64 - shift[i] * shift[j]
        });
        let mean = origin.iter().zip(&shift);
        Moments {
            mean: mean.map(|(&o, s)| f64::from(o) + s).collect(),
            covariance,
        }
    }
}

/// Fills a block with rows of `width` values from `start` on, and lets `then` modify them.
pub(super) fn fill(
    rows: &dyn Rows,
    start: usize,
    width: usize,
    block: &mut [f32],
    team: &mut Team,
    then: impl Fn(&mut [f32]) + Sync,
) {
    let bounds = tiles(block.len() / width, width);
    let mut scratch = vec![(); team.threads()];
    team.run(
        &mut scratch,
        Parts::new(block, &bounds),
        |(), part, block| {
            let first = start + part * TILE;
            rows.write(first..first + block.len() / width, block);
            then(block);
        },
    );
}

/// Adds the products of the block's columns to the lower half of `sums`, `[width, width]`. The scratch memory of a
/// thread is [`TILE`] rows of it.
pub(super) fn add_products(
    block: &[f32],
    width: usize,
    sums: &mut [f64],
    scratch: &mut [Vec<f32>],
    team: &mut Team,
) {
    let (isa, len) = (Isa::best(), block.len() / width);
    let bounds = tiles(width, width);
    team.run(
        scratch,
        Parts::new(sums, &bounds),
        |products, part, sums| {
            let first = part * TILE;
            let rows = sums.len() / width;
            // Columns beyond the last row of the tile belong to the upper half.
            let columns = first + rows;
            let products = &mut products[..rows * columns];
            product(
                isa,
                (rows, columns, len),
                Left {
                    data: &block[first..],
                    row: 1,
                    column: width,
                },
                Right::row_major(block, width),
                Start::Zero,
                products,
                columns,
            );
            for (sums, products) in sums
                .chunks_exact_mut(width)
                .zip(products.chunks_exact(columns))
            {
                for (sum, &product) in sums.iter_mut().zip(products) {
                    *sum += f64::from(product);
                }
            }
        },
    );
}

/// `rows` rows of `width` in tiles.
pub(super) fn tiles(rows: usize, width: usize) -> Bounds {
    Bounds::new(
        (0..=rows.div_ceil(TILE))
            .map(|i| (i * TILE).min(rows) * width)
            .collect(),
    )
}

pub(super) fn subtract(rows: &mut [f32], origin: &[f32]) {
    for row in rows.chunks_exact_mut(origin.len()) {
        for (value, origin) in row.iter_mut().zip(origin) {
            *value -= origin;
        }
    }
}

/// Adds the rows of a block to `sums`.
pub(super) fn add_rows(block: &[f32], sums: &mut [f64]) {
    for row in block.chunks_exact(sums.len()) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
}
