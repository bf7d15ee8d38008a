//! Metrics for data with labels: the error of each class, and how well classes can be predicted from codes.

use super::needs::of_classes;
use super::{ClassError, RidgeProbe, nearest_neighbors};
use crate::data::Dataset;
use crate::error::Result;
use crate::memory::require;
use ndarray::Array2;
use std::collections::BTreeMap;

/// The most values of the codes of the training rows: 2 GiB.
const MAX_CODE_VALUES: usize = 1 << 29;

/// The error of each class of the test rows, from the errors of its rows.
pub(super) fn class_errors(test: &Dataset, model: &[f64], pca: Option<&[f64]>) -> Vec<ClassError> {
    let mut classes: BTreeMap<i64, (usize, f64, f64)> = BTreeMap::new();
    for (row, &label) in test.labels().unwrap_or_default().iter().enumerate() {
        let (rows, mse, pca_mse) = classes.entry(label).or_default();
        *rows += 1;
        *mse += model[row];
        *pca_mse += pca.map_or(0.0, |pca| pca[row]);
    }
    let classes = classes.into_iter();
    let classes = classes.map(|(label, (rows, mse, pca_mse))| ClassError {
        label,
        name: test.label_text(label),
        rows,
        class_mse: mse / rows as f64,
        pca_class_mse: pca.map(|_| pca_mse / rows as f64),
    });
    classes.collect()
}

/// The accuracy of always answering the most frequent class of the training rows. If several are most frequent, the
/// smallest label is used.
pub(super) fn majority_accuracy(train: &Dataset, test: &Dataset) -> Option<f64> {
    let (known, truth) = (train.labels()?, test.labels()?);
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for &label in known {
        *counts.entry(label).or_default() += 1;
    }
    let most = counts.values().max()?;
    let (majority, _) = counts.iter().find(|(_, count)| *count == most)?;
    share(truth, |label| label == majority)
}

fn share(truth: &[i64], is_right: impl Fn(&i64) -> bool) -> Option<f64> {
    let right = truth.iter().filter(|label| is_right(label)).count();
    (!truth.is_empty()).then(|| right as f64 / truth.len() as f64)
}

/// The reason why there is no accuracy for data with labels.
pub(super) fn why_no_accuracy(train: &Dataset, test: &Dataset) -> &'static str {
    let (Some(known), Some(_)) = (train.labels(), test.labels()) else {
        return "the data have no labels";
    };
    if known.iter().all(|label| Some(label) == known.first()) {
        return "the training rows are all of one class";
    }
    "the codes take too much memory"
}

/// Whether there are classes to predict, and codes of a size that allows it.
///
/// # Errors
///
/// [`ErrorKind::Memory`](crate::ErrorKind::Memory), with the needed and the available memory.
pub(super) fn has_room(known: &[i64], train_rows: usize, code: usize) -> Result<bool> {
    let values = train_rows.checked_mul(code);
    let is_one_class = known.iter().all(|label| Some(label) == known.first());
    if is_one_class || values.is_none_or(|values| values > MAX_CODE_VALUES) {
        return Ok(false);
    }
    require(
        "telling the classes from the codes",
        of_classes(train_rows, code),
    )?;
    Ok(true)
}

/// How well classes are predicted from codes.
pub(super) struct Accuracies {
    pub(super) linear_probe: Option<f64>,
    pub(super) probe_refusal: Option<String>,
    pub(super) knn: Option<f64>,
}

/// Fits both classifiers to the codes of training rows, and predicts the classes of test rows.
pub(super) fn accuracies(
    (known_codes, known): (&Array2<f32>, &[i64]),
    (codes, truth): (&Array2<f32>, &[i64]),
    threads: usize,
    observe: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Accuracies> {
    let accuracy = |found: &[i64]| {
        let right = found.iter().zip(truth).filter(|(a, b)| a == b).count();
        Some(right as f64 / truth.len() as f64)
    };
    let (linear_probe, probe_refusal) = match RidgeProbe::fit(known_codes.view(), known, threads) {
        Ok(probe) => (accuracy(&probe.predict(codes.view())), None),
        Err(error) => (None, Some(error.to_string())),
    };
    observe(0)?;
    let mut stopped = Ok(());
    let found = nearest_neighbors(
        known_codes.view(),
        known,
        codes.view(),
        threads,
        &mut |done| {
            if stopped.is_ok() {
                stopped = observe(done);
            }
        },
    )?;
    stopped?;
    Ok(Accuracies {
        linear_probe,
        probe_refusal,
        knn: accuracy(&found),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;

    fn labeled(labels: &[i64]) -> Dataset {
        let values = Values::F32(Array2::zeros((labels.len(), 1)));
        Dataset::new("labeled", values, vec![1], Some(labels.to_vec())).unwrap()
    }

    #[test]
    fn the_majority_is_that_of_the_training_rows() {
        let train = labeled(&[7, 3, 7, 7, 3]);
        // One test row in four is of it, though another class is more frequent there.
        assert_eq!(
            majority_accuracy(&train, &labeled(&[3, 3, 7, 3])),
            Some(0.25)
        );
        // Of classes that are as frequent the smaller label.
        assert_eq!(
            majority_accuracy(&labeled(&[5, 2]), &labeled(&[2, 2, 5])),
            Some(2.0 / 3.0)
        );
        let unlabeled = Dataset::from_array(&[[1.0f32], [2.0]]).unwrap();
        assert_eq!(majority_accuracy(&unlabeled, &train), None);
    }
}
