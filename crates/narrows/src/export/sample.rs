//! Rows for trying an exported model without data.

use crate::Model;
use crate::data::Real;
use crate::rng::{Draws, Purpose, uniform};
use crate::scaling::ScalingSpec;
use ndarray::Array2;

/// Rows for trying a model without data, `[count, inputs]` in the data's own units.
///
/// Each value is drawn uniformly from the usual range of scaled values: within two standard deviations of the mean if
/// the model's data are standardized (`standardize`, `robust`, `quantile`), otherwise in [0, 1). The rows are the same in every call.
pub fn sample_rows<T: Real>(model: &Model, count: usize) -> Array2<T> {
    let (low, high) = match model.recipe().scaling {
        Some(ScalingSpec::Standardize { .. } | ScalingSpec::Robust | ScalingSpec::Quantile) => {
            (-2.0, 2.0)
        }
        _ => (0.0, 1.0),
    };
    let draws = Draws::new(model.recipe().seed, Purpose::SampleRows);
    let mut rows = Array2::<f32>::zeros((count, model.network().inputs()));
    for (sample, mut row) in rows.rows_mut().into_iter().enumerate() {
        let words = (0u32..).flat_map(|block| draws.words(0, sample as u32, block));
        for (value, word) in row.iter_mut().zip(words) {
            *value = low + (high - low) * uniform(word);
        }
    }
    let mut own = Array2::from_elem(rows.dim(), T::default());
    if let (Some(rows), Some(own)) = (rows.as_slice(), own.as_slice_mut()) {
        model.scaling().unscale(rows, own);
    }
    own
}
