//! The first principal components of rows too wide for their covariance, by subspace iteration
//! (Halko, Martinsson & Tropp 2011, "Finding structure with randomness", algorithm 4.4).
//!
//! With `X` of `[rows, inputs]` the rows minus their mean, and a basis `Q` of `[inputs, size]` with orthonormal
//! columns, one pass over the rows computes both
//!
//! ```text
//! Qᵀ Xᵀ X Q      whose eigenvalues are what the basis holds of the variance
//! Xᵀ (X Q)       whose columns, made orthonormal, are the next basis
//! ```
//!
//! A basis is stored as its transpose, `[size, inputs]`, like the components.

use super::eigen::Eigen;
use super::moments::{TILE, add_products, add_rows, fill, subtract, tiles};
use crate::error::Result;
use crate::network::Rows;
use crate::rng::{Draws, Purpose, normal};
use faer::MatRef;
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;

/// The most values of a basis, and of a block of rows: 256 MiB.
const MAX_VALUES: usize = 1 << 26;

/// The most passes over the rows.
const MAX_PASSES: usize = 40;

/// The iteration ends when the variance of the components grows by less than this share.
const TOLERANCE: f64 = 1e-6;

/// The most rows that are in memory at a time.
const BLOCK: usize = 1024;

/// The number of vectors of a basis from which a number of components is taken. More vectors than components make the
/// iteration converge faster.
fn size(components: usize) -> usize {
    components.saturating_add(components / 2).saturating_add(16)
}

pub(super) fn is_feasible(inputs: usize, components: usize) -> bool {
    components <= most_components(inputs)
}

/// The most values in memory at a time: a block of rows with its codes, and eight bases, because the QR decomposition
/// takes six.
pub(super) fn values(inputs: usize, components: usize) -> usize {
    let size = size(components).min(inputs);
    let rows = (MAX_VALUES / inputs.max(1)).clamp(1, BLOCK);
    let block = rows.saturating_mul(inputs.saturating_add(size));
    block.saturating_add(size.saturating_mul(inputs).saturating_mul(8))
}

/// The most components that the memory allows, for wide rows.
pub(super) fn most_components(inputs: usize) -> usize {
    let size = MAX_VALUES / inputs;
    // The inverse of `size`.
    (size.saturating_sub(16) * 2).div_ceil(3)
}

/// The mean, the first components, `[components, inputs]`, and their variances.
pub(super) fn iterate(
    rows: &dyn Rows,
    inputs: usize,
    components: usize,
    team: &mut Team,
) -> Result<(Vec<f64>, Vec<f32>, Vec<f64>)> {
    let size = size(components).min(inputs);
    let count = rows.count();
    let mut block = vec![0.0f32; (MAX_VALUES / inputs).clamp(1, BLOCK.min(count)) * inputs];
    let mean = mean_of(rows, inputs, &mut block, team);
    let origin: Vec<f32> = mean.iter().map(|&mean| mean as f32).collect();
    let mut basis = random(size, inputs);
    let mut held = f64::NAN;
    let mut passes = 0;
    loop {
        passes += 1;
        let (image, products) = apply(rows, &origin, &basis, &mut block, team);
        let products = MatRef::from_row_major_slice(&products, size, size);
        let eigen = Eigen::of(products)?;
        let variances: Vec<f64> = eigen.values(components);
        let sum: f64 = variances.iter().sum();
        if passes >= MAX_PASSES || sum - held <= TOLERANCE * sum {
            let rotation: Vec<f32> = (0..components)
                .flat_map(|c| eigen.vector(c))
                .map(|value| value as f32)
                .collect();
            let variances = variances.iter().map(|v| v / count as f64).collect();
            let components = rotated(&rotation, &basis, components, inputs, team);
            return Ok((mean, components, variances));
        }
        held = sum;
        basis = orthonormal(&image, size, inputs);
    }
}

fn mean_of(rows: &dyn Rows, inputs: usize, block: &mut [f32], team: &mut Team) -> Vec<f64> {
    let (count, step) = (rows.count(), block.len() / inputs);
    let mut sums = vec![0.0; inputs];
    for start in (0..count).step_by(step) {
        let block = &mut block[..step.min(count - start) * inputs];
        fill(rows, start, inputs, block, team, |_| ());
        add_rows(block, &mut sums);
    }
    sums.iter().map(|sum| sum / count as f64).collect()
}

/// A random basis to start from.
fn random(size: usize, inputs: usize) -> Vec<f32> {
    let draws = Draws::new(0, Purpose::Subspace);
    let mut values = Vec::with_capacity(size * inputs);
    for vector in 0..size {
        let blocks = (0..inputs.div_ceil(4)).flat_map(|block| {
            let [a, b, c, d] = draws.words(0, vector as u32, block as u32);
            let ([a, b], [c, d]) = (normal([a, b]), normal([c, d]));
            [a, b, c, d]
        });
        values.extend(blocks.take(inputs));
    }
    orthonormal(&values, size, inputs)
}

/// Orthonormal vectors that span the same space, by QR.
fn orthonormal(vectors: &[f32], size: usize, inputs: usize) -> Vec<f32> {
    // Rows stored one after the other are the columns of the transpose.
    let q = MatRef::from_column_major_slice(vectors, inputs, size)
        .qr()
        .compute_thin_Q();
    (0..size).flat_map(|c| q.col(c).iter().copied()).collect()
}

/// `Qᵀ Xᵀ X`, `[size, inputs]`, and the lower half of `Qᵀ Xᵀ X Q`.
fn apply(
    rows: &dyn Rows,
    origin: &[f32],
    basis: &[f32],
    block: &mut [f32],
    team: &mut Team,
) -> (Vec<f32>, Vec<f64>) {
    let (inputs, count) = (origin.len(), rows.count());
    let (size, step) = (basis.len() / inputs, block.len() / inputs);
    let mut image = vec![0.0f32; basis.len()];
    let mut products = vec![0.0f64; size * size];
    let mut codes = vec![0.0f32; step * size];
    let mut scratch = vec![vec![0.0f32; TILE * size]; team.threads()];
    for start in (0..count).step_by(step) {
        let len = step.min(count - start);
        let (x, codes) = (&mut block[..len * inputs], &mut codes[..len * size]);
        fill(rows, start, inputs, x, team, |rows| subtract(rows, origin));
        let x = &*x;
        team.run(
            &mut scratch,
            Parts::new(codes, &tiles(len, size)),
            |_, part, codes| {
                product(
                    Isa::best(),
                    (codes.len() / size, size, inputs),
                    Left {
                        data: &x[part * TILE * inputs..],
                        row: inputs,
                        column: 1,
                    },
                    Right::transpose_of(basis, inputs),
                    Start::Zero,
                    codes,
                    size,
                );
            },
        );
        add_products(codes, size, &mut products, &mut scratch, team);
        multiply(
            Left {
                data: codes,
                row: 1,
                column: size,
            },
            x,
            (size, inputs, len),
            Start::Accumulate,
            &mut image,
            team,
        );
    }
    (image, products)
}

/// The basis multiplied by a rotation `[components, size]`: vectors `[components, inputs]`.
fn rotated(
    rotation: &[f32],
    basis: &[f32],
    components: usize,
    inputs: usize,
    team: &mut Team,
) -> Vec<f32> {
    let size = basis.len() / inputs;
    let mut out = vec![0.0; components * inputs];
    let left = Left {
        data: rotation,
        row: size,
        column: 1,
    };
    let shape = (components, inputs, size);
    multiply(left, basis, shape, Start::Zero, &mut out, team);
    out
}

/// A product with a row-major matrix, its rows cut among the threads.
fn multiply(
    left: Left<'_>,
    right: &[f32],
    (m, n, k): (usize, usize, usize),
    start: Start<'_>,
    out: &mut [f32],
    team: &mut Team,
) {
    // Only as many parts as keep the threads busy, because each part reads all of `right`.
    let cut = Bounds::even(m, team.threads());
    let places = (0..cut.count()).map(|part| cut.range(part).end * n);
    let bounds = Bounds::new(std::iter::once(0).chain(places).collect());
    let mut scratch = vec![(); team.threads()];
    team.run(&mut scratch, Parts::new(out, &bounds), |(), part, out| {
        let rows = cut.range(part);
        if !rows.is_empty() {
            let data = &left.data[rows.start * left.row..];
            let left = Left { data, ..left };
            let shape = (rows.len(), n, k);
            let right = Right::row_major(right, n);
            product(Isa::best(), shape, left, right, start, out, n);
        }
    });
}
