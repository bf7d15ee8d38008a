//! Principal components that several runs on the same rows share.

use super::Pca;
use super::pca::FEW_OF;
use crate::data::scaling::Scaling;
use crate::error::Result;
use crate::network::ScaledRows;
use std::sync::{Arc, Mutex, PoisonError};

/// How many are kept: as many as there are scalings that a study compares.
const KEPT: usize = 4;

/// Principal components that were fitted, to be used again for the same rows in the same scaling.
#[derive(Debug, Default)]
pub struct Baselines(Mutex<Vec<Baseline>>);

#[derive(Debug)]
struct Baseline {
    /// [`crate::data::Dataset::fingerprint`]
    rows: u32,
    scaling: Scaling,
    components: usize,
    pca: Arc<Pca>,
}

impl Baselines {
    /// At least the first `components` principal components of rows, as [`Pca::fit`] finds them.
    ///
    /// # Errors
    ///
    /// As [`Pca::fit`].
    pub fn fit(
        &self,
        rows: &ScaledRows<'_>,
        components: usize,
        threads: usize,
    ) -> Result<Arc<Pca>> {
        let inputs = rows.data.inputs();
        // So many are found all at once.
        let components = match inputs <= FEW_OF {
            true => inputs,
            false => components,
        };
        let mut fitted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fingerprint = rows.data.fingerprint();
        let known = fitted.iter().find(|known| {
            let is_same = known.rows == fingerprint && known.components == components;
            is_same && known.scaling == *rows.scaling
        });
        if let Some(known) = known {
            return Ok(Arc::clone(&known.pca));
        }
        let pca = Arc::new(Pca::fit(rows, inputs, components, threads)?);
        if fitted.len() == KEPT {
            fitted.remove(0);
        }
        fitted.push(Baseline {
            rows: fingerprint,
            scaling: rows.scaling.clone(),
            components,
            pca: Arc::clone(&pca),
        });
        Ok(pca)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scaling::ScalingSpec;
    use crate::data::{Dataset, Values};
    use ndarray::Array2;

    fn data(factor: f32) -> Dataset {
        let values =
            Array2::from_shape_fn((50, 6), |(r, c)| factor * ((r * 7 + c * c) % 11) as f32);
        Dataset::new("pattern", Values::F32(values), vec![6], None).unwrap()
    }

    #[test]
    fn the_same_rows_in_the_same_scaling_are_fitted_once() {
        let (one, other) = (data(1.0), data(2.0));
        let baselines = Baselines::default();
        let fit = |data: &Dataset, spec: &ScalingSpec, components| {
            let scaling = Scaling::fit(spec, data).unwrap();
            let rows = ScaledRows {
                data,
                scaling: &scaling,
            };
            let shared = baselines.fit(&rows, components, 1).unwrap();
            let own = Pca::fit(&rows, 6, components, 1).unwrap();
            let first = &shared.components()[..components * 6];
            assert_eq!(first, own.components());
            shared
        };
        let none = ScalingSpec::None;
        let first = fit(&one, &none, 2);
        assert!(Arc::ptr_eq(&first, &fit(&one, &none, 3)));
        assert!(!Arc::ptr_eq(&first, &fit(&other, &none, 2)));
        let minmax = ScalingSpec::MinMax;
        assert!(!Arc::ptr_eq(&first, &fit(&one, &minmax, 2)));
    }
}
