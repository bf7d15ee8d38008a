//! The evaluation: one function that computes the measures that the caller chooses.

use super::classes::{class_errors, majority_accuracy, why_no_accuracy};
use super::evaluating::{Evaluating, Progress};
use super::quality::Images;
use super::{Baselines, Evaluation, Sampling, require_passes};
use crate::advice::{Setting, setting};
use crate::data::{Dataset, Split};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::network::Workers;
use crate::threads::available_threads;

/// The slow measures, which the caller may turn off. All other measures are always computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// The accuracies of predicting classes from the codes.
    pub accuracies: bool,
    /// The dead units of each layer.
    pub units: bool,
    /// The log likelihood of a variational autoencoder by importance sampling; none leaves it out.
    pub likelihood: Option<Sampling>,
    /// How near new rows are to test rows.
    pub generation: bool,
}

impl Measures {
    /// All measures.
    pub const ALL: Measures = Measures {
        accuracies: true,
        units: true,
        likelihood: Some(Sampling::USUAL),
        generation: true,
    };

    /// The measures after training: none of the slow ones.
    pub const OF_A_RUN: Measures = Measures {
        accuracies: false,
        units: false,
        likelihood: None,
        generation: false,
    };
}

/// The measures, and the resources for them.
#[derive(Clone, Copy, Debug)]
pub struct Measuring<'a> {
    /// The measures.
    pub measures: Measures,
    /// The number of threads, 0 for one per core; it does not change the result.
    pub threads: usize,
    /// A cache of principal components from other evaluations on the same rows.
    pub baselines: Option<&'a Baselines>,
}

impl Default for Measuring<'_> {
    /// All measures, on all cores.
    fn default() -> Self {
        Measuring {
            measures: Measures::ALL,
            threads: 0,
            baselines: None,
        }
    }
}

/// Evaluates a model on the test rows of a split. PCA, the affine map, the probe and the neighbors are fitted on the
/// training rows.
///
/// `observe` is called with the progress, and can end the evaluation by returning an error. A measure that needs more
/// memory than there is, is left out, and [`Evaluation::left_out`] says so.
///
/// # Errors
///
/// If there are no test rows, if there is too little memory to pass rows through the model, if the rows do not fit the
/// model, or if the reconstructions are not finite. Also returns an error of `observe`.
pub fn evaluate(
    model: &Model,
    split: &Split<'_>,
    how: &Measuring<'_>,
    observe: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Evaluation> {
    let train = &*split.train;
    let test = split
        .test
        .as_deref()
        .ok_or_else(|| no_test_rows(train.name()))?;
    let found = evaluate_on(model, split, test, how, observe);
    // Rows that stay in a file may become unreadable late; then none of the measures is valid.
    test.check_readable()?;
    train.check_readable()?;
    found
}

fn evaluate_on(
    model: &Model,
    split: &Split<'_>,
    test: &Dataset,
    how: &Measuring<'_>,
    observe: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Evaluation> {
    let train = &*split.train;
    model.check_width(train.inputs())?;
    model.check_width(test.inputs())?;
    let threads = match how.threads {
        0 => available_threads(),
        threads => threads,
    };
    let own = Baselines::default();
    let mut evaluating = Evaluating {
        model,
        train,
        test,
        images: Images::of(test),
        threads,
        workers: Workers::new(threads),
        baselines: how.baselines.unwrap_or(&own),
        observe,
        left_out: Vec::new(),
    };
    require_passes("the evaluation", model, test, threads)?;
    let mut measured = evaluating.of_model()?;
    let (pca, mut beside, pca_left_out) = match evaluating.beside()? {
        Ok((pca, beside)) => (Some(pca), Some(beside), None),
        Err(why) => (None, None, Some(why)),
    };
    let mut bounded = evaluating.bounded(how.measures.likelihood)?;
    if let Some(bounded) = &mut bounded {
        evaluating.beside_bound(bounded, pca.as_deref())?;
    }
    let generation = if how.measures.generation {
        evaluating.generation()?
    } else {
        None
    };
    let denoising = match &model.recipe().corruption {
        Some(noise) => Some(evaluating.denoising(noise, pca.as_deref())?),
        None => None,
    };
    let robustness = evaluating.robustness(pca.as_deref())?;
    let jacobian = evaluating.jacobian()?;
    let mut units = Vec::new();
    if how.measures.units {
        units = evaluating.units()?;
    }
    if how.measures.accuracies {
        evaluating.accuracies(&mut measured, None)?;
        if let (Some(pca), Some(beside)) = (&pca, &mut beside) {
            evaluating.accuracies(beside, Some(pca))?;
        }
    }
    let has_accuracy = measured.quality.knn_accuracy.is_some();
    let is_missing = how.measures.accuracies && !has_accuracy;
    let accuracy_left_out = is_missing.then(|| why_no_accuracy(train, test).to_string());
    Ok(Evaluation {
        recipe: model.recipe().name.clone(),
        data: test.name().to_string(),
        shape: test.shape().to_vec(),
        code_size: model.code_size(),
        train_rows: train.rows(),
        test_rows: test.rows(),
        held_out: split.is_held_out,
        data_range: evaluating.images.map(|images| images.data_range),
        classes: class_errors(
            test,
            &measured.errors,
            beside.as_ref().map(|beside| &beside.errors[..]),
        ),
        majority_accuracy: majority_accuracy(train, test).filter(|_| has_accuracy),
        accuracy_left_out,
        columns: measured.columns,
        binarized_by: model.recipe().binarize.then_some(model.recipe().seed),
        bounded,
        generation,
        denoising,
        model: measured.quality,
        pca: beside.map(|beside| beside.quality),
        pca_left_out,
        units,
        robustness,
        jacobian,
        left_out: evaluating.left_out,
    })
}

/// The error if there are no test rows.
pub(crate) fn no_test_rows(data: &str) -> Error {
    Error::new(ErrorKind::Data, "there are no rows to measure the model on")
        .at(data)
        .expected("test rows, which were kept out of training")
        .found("none")
        .hint(format!(
            "give other rows with {}: rows that training has not seen",
            setting(Setting::Data)
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corruption::Corruption;
    use crate::data::{Source, SplitPlan, rows_and_their_file};
    use crate::recipe::Recipe;
    use ndarray::Array2;

    /// If a file is truncated during the evaluation, the result is an error of reading; the measure is not left out.
    #[test]
    fn rows_that_can_no_longer_be_read_are_an_error() {
        let rows = Array2::from_shape_fn((60, 3), |(i, j)| ((i * (j + 2)) as f32 / 7.0).sin());
        let recipe = Recipe {
            epochs: 1,
            corruption: Some(Corruption::gaussian(0.5)),
            ..Recipe::named("table").unwrap()
        };
        let model = crate::fit(&recipe, &Dataset::from_array(rows.view()).unwrap()).unwrap();
        for stage in [
            "testing",
            "the best affine map",
            "denoising",
            "robustness",
            "units",
        ] {
            for cut in ["train", "test"] {
                let (train, train_file) = rows_and_their_file(&rows);
                let (test, test_file) = rows_and_their_file(&rows);
                let source = Source::new(train, Some(test)).unwrap();
                let split = source.split(1, &SplitPlan::with_validation(0.0)).unwrap();
                let file = if cut == "train" {
                    train_file
                } else {
                    test_file
                };
                // Training rows are read no more after the map.
                let is_read = cut == "test" || ["testing", "the best affine map"].contains(&stage);
                let found = evaluate(&model, &split, &Measuring::default(), &mut |progress| {
                    if progress.stage == stage {
                        file.set_len(0).unwrap();
                    }
                    Ok(())
                });
                match found {
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Io, "{stage}, {cut}: {error}")
                    }
                    Ok(_) => assert!(!is_read, "{stage}, {cut}"),
                }
            }
        }
    }
}
