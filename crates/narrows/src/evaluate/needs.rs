//! The memory of the measures, in bytes. A measure that needs more than there is, is refused before it begins.
//!
//! The numbers are upper bounds for memory that grows with rows, inputs and codes. Small allocations are not counted;
//! [`require`] keeps memory for them.

use super::moments::{MAX_WIDTH, is_whole};
use super::{block_rows, subspace};
use crate::data::Dataset;
use crate::error::Result;
use crate::memory::require;
use crate::model::Model;

/// The memory that the products of `faer` keep for each thread that uses them: 4.4 MiB.
const PRODUCTS: usize = 5 << 20;

/// The memory of the decomposition of a symmetric matrix, with its vectors, in multiples of the matrix. Measured for
/// widths from 300 to 1500: 4.2 to 4.8.
const DECOMPOSITION: usize = 5;

fn singles(values: usize) -> usize {
    values.saturating_mul(size_of::<f32>())
}

fn doubles(values: usize) -> usize {
    values.saturating_mul(size_of::<f64>())
}

/// For passes of blocks of rows through a model: the memory of the threads, and the blocks before and after.
pub(crate) fn of_passes(model: &Model, threads: usize) -> usize {
    let network = model.network();
    let widths = (0..=network.layers().end).map(|layer| network.width(layer));
    let widest = widths.fold(0, usize::max);
    let of_threads = threads.saturating_mul(model.reconstructor().thread_numbers());
    let blocks = block_rows(network.inputs()).saturating_mul(4 * widest);
    singles(of_threads.saturating_add(blocks))
}

/// For the principal components of rows of `inputs` values.
pub(super) fn of_pca(inputs: usize, components: usize, threads: usize) -> usize {
    if is_whole(inputs, components) {
        let square = doubles(inputs.saturating_mul(inputs));
        let rows = inputs.saturating_mul(block_rows(inputs) + 64 * threads);
        square.saturating_mul(DECOMPOSITION) + singles(rows) + PRODUCTS
    } else {
        singles(subspace::values(inputs, components)).saturating_add(PRODUCTS)
    }
}

/// For the best affine map of rows of `inputs` values: the covariance of noisy and clean values as it is summed, the
/// parts of it that are solved, and blocks of rows.
pub(super) fn of_affine_map(inputs: usize, threads: usize) -> usize {
    let square = doubles(inputs.saturating_mul(inputs));
    let rows = inputs.saturating_mul(2 * 1024 + 3 * 64 * threads);
    square.saturating_mul(2 * 4 + 4) + singles(rows) + PRODUCTS
}

/// For the accuracies: the codes of the training rows, two further copies for the neighbors, and the probe.
pub(super) fn of_classes(rows: usize, code: usize) -> usize {
    let probe = doubles(code.min(MAX_WIDTH).saturating_pow(2)).saturating_mul(4);
    singles(rows.saturating_mul(code))
        .saturating_mul(3)
        .saturating_add(probe)
        .saturating_add(PRODUCTS)
}

/// For Jacobians at rows, one per thread: the tangents before and after a layer, and the Gram matrix of the narrower
/// side.
pub(super) fn of_jacobians(model: &Model, threads: usize) -> usize {
    let network = model.network();
    let outputs = network.encoder().map(|index| network.width(index + 1));
    let widest = outputs.fold(model.code_size(), usize::max);
    let tangents = singles(network.inputs().saturating_mul(2 * widest));
    let code = model.code_size().min(network.inputs());
    let squares = doubles(code.saturating_mul(network.inputs() + 4 * code));
    threads.saturating_mul(tangents.saturating_add(squares).saturating_add(PRODUCTS))
}

/// Refuses passes of rows through a model if there is too little memory; `what` names their purpose.
///
/// # Errors
///
/// [`ErrorKind::Memory`](crate::ErrorKind::Memory), with the needed and the available memory.
pub(crate) fn require_passes(
    what: &str,
    model: &Model,
    rows: &Dataset,
    threads: usize,
) -> Result<()> {
    let codes = singles(rows.rows().saturating_mul(model.code_size() + 2));
    require(what, of_passes(model, threads).saturating_add(codes))
}
