//! Principal components that several runs on the same rows share.

use super::Pca;
use super::moments::FEW_OF;
use crate::error::Result;
use crate::network::ScaledRows;
use crate::scaling::Scaling;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of cached fits: as many as the scalings that a study compares.
const KEPT: usize = 4;

/// A cache of principal components, used again for the same rows with the same scaling.
#[derive(Debug, Default)]
pub struct Baselines(Mutex<Vec<Baseline>>);

#[derive(Clone, Debug)]
struct Baseline {
    /// [`crate::data::Dataset::fingerprint`]
    rows: u32,
    scaling: Scaling,
    components: usize,
    /// Threads that need an entry wait until the first of them has fitted it.
    pca: Arc<Mutex<Option<Arc<Pca>>>>,
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
        // For so many, all components are found at once.
        let components = if inputs <= FEW_OF { inputs } else { components };
        let wanted = self.entry(rows, components);
        let mut pca = locked(&wanted.pca);
        if let Some(pca) = &*pca {
            return Ok(Arc::clone(pca));
        }
        let fitted = Arc::new(Pca::fit(rows, inputs, components, threads)?);
        *pca = Some(Arc::clone(&fitted));
        Ok(fitted)
    }

    /// The entry for these components, which may not be fitted yet.
    fn entry(&self, rows: &ScaledRows<'_>, components: usize) -> Baseline {
        let fingerprint = rows.data.fingerprint();
        let mut entries = locked(&self.0);
        let known = entries.iter().find(|known| {
            let is_same = known.rows == fingerprint && known.components == components;
            is_same && known.scaling == *rows.scaling
        });
        if let Some(known) = known {
            return known.clone();
        }
        if entries.len() == KEPT {
            entries.remove(0);
        }
        let entry = Baseline {
            rows: fingerprint,
            scaling: rows.scaling.clone(),
            components,
            pca: Arc::default(),
        };
        entries.push(entry.clone());
        entry
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Values};
    use crate::scaling::ScalingSpec;
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
        let minmax = ScalingSpec::MinMax {
            min: None,
            max: None,
        };
        assert!(!Arc::ptr_eq(&first, &fit(&one, &minmax, 2)));
    }
}
