//! Principal component analysis: the best linear code of a size, and so the baseline of every
//! autoencoder.

use crate::error::{Error, ErrorKind, Result};
use crate::network::Rows;
use faer::{Mat, Side};
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;

/// Rows whose products are summed in single precision before they are added in double.
const BLOCK: usize = 1024;

/// Rows that a thread fills, or rows of the covariance that it sums, at a time.
const TILE: usize = 64;

/// The principal components of some rows.
#[derive(Clone, Debug)]
pub struct Pca {
    mean: Vec<f64>,
    /// Row-major `[components, inputs]`, the one of largest variance first.
    components: Vec<f32>,
    variances: Vec<f64>,
}

impl Pca {
    /// The principal components of rows of `inputs` values each.
    ///
    /// The covariance is summed block by block, so that memory does not grow with the rows; the
    /// result does not depend on `threads`.
    ///
    /// # Errors
    ///
    /// When there are no rows, or the eigenvalues cannot be found, as for values that are not finite.
    pub fn fit(rows: &dyn Rows, inputs: usize, threads: usize) -> Result<Pca> {
        let count = rows.count();
        if count == 0 || inputs == 0 {
            return Err(
                Error::new(ErrorKind::Data, "there is nothing to find components of")
                    .expected("one row of one value at least")
                    .found(format!("{count} rows of {inputs} values")),
            );
        }
        let mut team = Team::new(threads);
        let mut covariance = vec![0.0f64; inputs * inputs];
        let mut sums = vec![0.0f64; inputs];
        let mut origin = vec![0.0f32; inputs];
        let mut block = vec![0.0f32; BLOCK * inputs];
        let mut scratch = vec![vec![0.0f32; TILE * inputs]; team.threads()];
        for start in (0..count).step_by(BLOCK) {
            let len = (count - start).min(BLOCK);
            let block = &mut block[..len * inputs];
            fill(rows, start, &origin, block, &mut team);
            if start == 0 {
                // Any origin near the mean will do to keep the sums small; it is corrected below.
                origin = column_means(block, inputs);
                fill(rows, start, &origin, block, &mut team);
            }
            for row in block.chunks_exact(inputs) {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += f64::from(value);
                }
            }
            add_products(block, inputs, &mut covariance, &mut scratch, &mut team);
        }
        let shift: Vec<f64> = sums.iter().map(|sum| sum / count as f64).collect();
        let covariance = Mat::from_fn(inputs, inputs, |i, j| {
            let (i, j) = if i < j { (j, i) } else { (i, j) };
            covariance[i * inputs + j] / count as f64 - shift[i] * shift[j]
        });
        let eigen = covariance
            .self_adjoint_eigen(Side::Lower)
            .map_err(|error| {
                Error::new(
                    ErrorKind::Data,
                    format!("the principal components cannot be found: {error:?}"),
                )
            })?;
        // In ascending order there.
        let (values, vectors) = (eigen.S().column_vector(), eigen.U());
        let descending = || (0..inputs).rev();
        Ok(Pca {
            mean: origin
                .iter()
                .zip(&shift)
                .map(|(&o, s)| f64::from(o) + s)
                .collect(),
            components: descending()
                .flat_map(|c| (0..inputs).map(move |i| vectors[(i, c)] as f32))
                .collect(),
            variances: descending().map(|c| values[c].max(0.0)).collect(),
        })
    }

    /// The variance along each component, the largest first.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// The mean of the rows.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The components, row-major `[components, inputs]`: orthonormal, the one of largest variance first.
    pub fn components(&self) -> &[f32] {
        &self.components
    }

    /// The mean over rows and inputs of the squared error that is left when rows are projected on
    /// the first `code` components.
    pub fn reconstruction_mse(&self, code: usize, rows: &dyn Rows, threads: usize) -> f64 {
        let (isa, count, inputs) = (Isa::best(), rows.count(), self.mean.len());
        let code = code.min(inputs);
        let basis = &self.components[..code * inputs];
        let mean: Vec<f32> = self.mean.iter().map(|&m| m as f32).collect();
        let mut team = Team::new(threads);
        let mut errors = vec![0.0f64; count.div_ceil(TILE)];
        let bounds = Bounds::new((0..=errors.len()).collect());
        let mut scratch = vec![(vec![0.0; TILE * inputs], vec![0.0; TILE * code]); team.threads()];
        team.run(
            &mut scratch,
            Parts::new(&mut errors, &bounds),
            |(x, codes), part, error| {
                let start = part * TILE;
                let len = (count - start).min(TILE);
                let (x, codes) = (&mut x[..len * inputs], &mut codes[..len * code]);
                rows.write(start..start + len, x);
                subtract(x, &mean);
                product(
                    isa,
                    (len, code, inputs),
                    Left {
                        data: x,
                        row: inputs,
                        column: 1,
                    },
                    Right::transpose_of(basis, inputs),
                    Start::Zero,
                    codes,
                    code,
                );
                // What is left: x - codes · basis.
                codes.iter_mut().for_each(|value| *value = -*value);
                product(
                    isa,
                    (len, inputs, code),
                    Left {
                        data: codes,
                        row: code,
                        column: 1,
                    },
                    Right::row_major(basis, inputs),
                    Start::Accumulate,
                    x,
                    inputs,
                );
                error.fill(
                    x.iter()
                        .map(|&value| f64::from(value) * f64::from(value))
                        .sum(),
                );
            },
        );
        errors.iter().sum::<f64>() / (count * inputs) as f64
    }
}

/// Fills a block with rows from `start` on, less `origin`.
fn fill(rows: &dyn Rows, start: usize, origin: &[f32], block: &mut [f32], team: &mut Team) {
    let inputs = origin.len();
    let len = block.len() / inputs;
    let bounds = tiles(len, inputs);
    let mut scratch = vec![(); team.threads()];
    team.run(
        &mut scratch,
        Parts::new(block, &bounds),
        |(), part, block| {
            let first = start + part * TILE;
            rows.write(first..first + block.len() / inputs, block);
            subtract(block, origin);
        },
    );
}

/// Adds the products of the block's columns to the lower half of `sums`, `[inputs, inputs]`.
fn add_products(
    block: &[f32],
    inputs: usize,
    sums: &mut [f64],
    scratch: &mut [Vec<f32>],
    team: &mut Team,
) {
    let (isa, len) = (Isa::best(), block.len() / inputs);
    let bounds = tiles(inputs, inputs);
    team.run(
        scratch,
        Parts::new(sums, &bounds),
        |products, part, sums| {
            let first = part * TILE;
            let rows = sums.len() / inputs;
            // Columns beyond the last row of the tile belong to the upper half.
            let columns = first + rows;
            let products = &mut products[..rows * columns];
            product(
                isa,
                (rows, columns, len),
                Left {
                    data: &block[first..],
                    row: 1,
                    column: inputs,
                },
                Right::row_major(block, inputs),
                Start::Zero,
                products,
                columns,
            );
            for (sums, products) in sums
                .chunks_exact_mut(inputs)
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
fn tiles(rows: usize, width: usize) -> Bounds {
    Bounds::new(
        (0..=rows.div_ceil(TILE))
            .map(|i| (i * TILE).min(rows) * width)
            .collect(),
    )
}

fn subtract(rows: &mut [f32], origin: &[f32]) {
    for row in rows.chunks_exact_mut(origin.len()) {
        for (value, origin) in row.iter_mut().zip(origin) {
            *value -= origin;
        }
    }
}

fn column_means(block: &[f32], inputs: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; inputs];
    for row in block.chunks_exact(inputs) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let rows = (block.len() / inputs) as f64;
    sums.iter().map(|sum| (sum / rows) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Draws, Purpose, normal};
    use std::ops::Range;

    struct InMemory(Vec<Vec<f32>>);

    impl Rows for InMemory {
        fn count(&self) -> usize {
            self.0.len()
        }
        fn write(&self, rows: Range<usize>, into: &mut [f32]) {
            let values = self.0[rows].concat();
            into.copy_from_slice(&values);
        }
    }

    /// Rows of `inputs` values, spread widely in two directions and a little in all.
    fn spread(rows: u32, inputs: usize) -> InMemory {
        let draws = Draws::new(1, Purpose::Initialization);
        InMemory(
            (0..rows)
                .map(|row| {
                    let [a, b, c, d] = draws.words(0, row, 0);
                    let [x, y] = normal([a, b]);
                    let [mut e, _] = normal([c, d]);
                    (0..inputs)
                        .map(|i| {
                            let i = i as f32;
                            e = (e * 7.3 + 0.31).fract();
                            100.0 + 3.0 * x * (i * 0.7).sin() + 2.0 * y * (i * 0.3).cos() + 0.1 * e
                        })
                        .collect()
                })
                .collect(),
        )
    }

    #[test]
    fn components_are_orthonormal_and_in_order_of_variance() {
        let rows = spread(3000, 21);
        let pca = Pca::fit(&rows, 21, 3).unwrap();
        for i in 0..21 {
            for j in 0..21 {
                let row = |r: usize| &pca.components()[r * 21..r * 21 + 21];
                let dot: f32 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
                assert!((dot - f32::from(u8::from(i == j))).abs() < 1e-5);
            }
        }
        assert!(pca.variances().is_sorted_by(|a, b| a >= b));
        assert!(pca.variances()[1] > 100.0 * pca.variances()[2]);
    }

    #[test]
    fn mean_and_variance_are_those_of_the_definition() {
        let rows = spread(2500, 13);
        let pca = Pca::fit(&rows, 13, 2).unwrap();
        let n = rows.0.len() as f64;
        let mean: Vec<f64> = (0..13)
            .map(|i| rows.0.iter().map(|row| f64::from(row[i])).sum::<f64>() / n)
            .collect();
        for (found, mean) in pca.mean().iter().zip(&mean) {
            assert!((found - mean).abs() < 1e-6, "{found} {mean}");
        }
        for (c, variance) in pca.variances().iter().enumerate() {
            let along = |row: &Vec<f32>| -> f64 {
                (0..13)
                    .map(|i| {
                        (f64::from(row[i]) - mean[i]) * f64::from(pca.components()[c * 13 + i])
                    })
                    .sum()
            };
            let expected = rows.0.iter().map(|row| along(row).powi(2)).sum::<f64>() / n;
            assert!(
                (variance - expected).abs() < 1e-5 * expected + 1e-7,
                "{c}: {variance} {expected}"
            );
        }
    }

    #[test]
    fn the_error_on_the_fitted_rows_is_the_variance_that_is_left_out() {
        let rows = spread(1500, 17);
        let pca = Pca::fit(&rows, 17, 2).unwrap();
        for code in [0, 1, 2, 5, 16] {
            let left = pca.variances()[code..].iter().sum::<f64>() / 17.0;
            let mse = pca.reconstruction_mse(code, &rows, 2);
            assert!((mse - left).abs() < 1e-4 * left, "{code}: {mse} {left}");
        }
        assert!(pca.reconstruction_mse(17, &rows, 1) < 1e-9);
        assert!(pca.reconstruction_mse(99, &rows, 1) < 1e-9);
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let rows = spread(2100, 70);
        let alone = Pca::fit(&rows, 70, 1).unwrap();
        let together = Pca::fit(&rows, 70, 3).unwrap();
        assert_eq!(alone.components(), together.components());
        assert_eq!(
            alone.reconstruction_mse(3, &rows, 1).to_bits(),
            together.reconstruction_mse(3, &rows, 3).to_bits()
        );
    }

    #[test]
    fn few_rows_constant_columns_and_no_rows() {
        let one = InMemory(vec![vec![1.0, 2.0, 3.0]]);
        let pca = Pca::fit(&one, 3, 1).unwrap();
        assert_eq!(pca.variances(), [0.0; 3]);
        assert_eq!(pca.reconstruction_mse(1, &one, 1), 0.0);
        let few = InMemory(vec![vec![1.0, 5.0, 7.0], vec![3.0, 5.0, 7.0]]);
        let pca = Pca::fit(&few, 3, 1).unwrap();
        assert!((pca.variances()[0] - 1.0).abs() < 1e-6 && pca.variances()[1] < 1e-6);
        assert!(Pca::fit(&InMemory(Vec::new()), 3, 1).is_err());
    }
}
