//! The metrics of an evaluation, with the fields that hold them. These lists generate the JSON of an evaluation, its
//! tables and `docs/METRICS.md`.

use super::metric::{
    DEAD, DECIBEL, DENOISING_MSE, JACOBIAN_NORM, KL_OF_VALUES, MAJORITY, Metric, NATS, OWN, RATIO,
    SCALED, SCORES, SHARE, SINGULAR_VALUES, STUDY, TEST_BOUND, TEST_KL, TEST_MSE, TRAINING,
    VARIANCE_OF_VALUES, number,
};
use super::{Bounded, Generation, SampledLikelihood};
use super::{ClassError, ColumnError, Denoising, NEIGHBORS, NOISY_ROWS, NoisePoint, Quality};
use serde_json::{Map, Value};
use std::fmt::Write;

// The texts below name these numbers.
const _: () = assert!(NEIGHBORS == 5 && NOISY_ROWS == 500);

/// A metric of a record, with the field that holds it.
pub struct Measured<T: 'static> {
    /// The metric.
    pub metric: Metric,
    /// The number; `None` if it could not be measured.
    pub of: fn(&T) -> Option<f64>,
}

impl<T> Measured<T> {
    /// The number as JSON. A PSNR is infinite if there is no error.
    fn json(&self, value: Option<f64>) -> Value {
        match value {
            Some(f64::INFINITY) if self.metric.unit == DECIBEL => {
                "infinite: there is no error".into()
            }
            value => number(value),
        }
    }

    const fn new(metric: Metric, of: fn(&T) -> Option<f64>) -> Measured<T> {
        Measured { metric, of }
    }
}

/// The metrics of a [`Quality`]: of the model, and of PCA for comparison.
pub const QUALITY: &[Measured<Quality>] = &[
    Measured::new(TEST_MSE, |q| Some(q.test_mse)),
    Measured::new(
        Metric::new(
            "data_mse",
            "MSE in data units",
            OWN,
            "for images: the same in the units of the pixels as they are in their files (gray levels from 0 to 255 for \
             8 bits); reconstructions are neither rounded nor clipped",
        ),
        |q| q.data_mse,
    ),
    Measured::new(
        Metric::new(
            "psnr",
            "PSNR",
            DECIBEL,
            "for images: 10 · log₁₀(`data_range`² / `data_mse`), one value from the error over all rows and pixels (not \
             the mean of each image's PSNR); `data_range` is 255 for 8-bit pixels, else the largest less the smallest \
             value of the test rows",
        ),
        |q| q.psnr,
    ),
    Measured::new(
        Metric::new(
            "ssim",
            "SSIM",
            RATIO,
            "for images of at least 7 × 7: structural similarity (Wang et al. 2004) in windows of 7 × 7 pixels of equal \
             weight, K₁ = 0.01, K₂ = 0.03, sample covariances; mean over windows, channels and rows; scikit-image's \
             default",
        ),
        |q| q.ssim,
    ),
    Measured::new(
        Metric::new(
            "linear_probe_accuracy",
            "linear-probe accuracy",
            SHARE,
            "the share of test rows whose class a ridge classifier finds from the code; it is fitted on the codes of the \
             training rows",
        ),
        |q| q.linear_probe_accuracy,
    ),
    Measured::new(
        Metric::new(
            "knn_accuracy",
            "5-NN accuracy",
            SHARE,
            "the share of test rows whose class the five nearest codes of training rows have most often (Euclidean \
             distance)",
        ),
        |q| q.knn_accuracy,
    ),
];

/// The metrics of a [`Denoising`].
pub const DENOISING: &[Measured<Denoising>] = &[
    Measured::new(DENOISING_MSE, |d| Some(d.denoising_mse)),
    Measured::new(
        Metric::new(
            "noisy_input_mse",
            "noisy input",
            SCALED,
            "the same of the noisy rows themselves: the error of leaving the noise in",
        ),
        |d| Some(d.noisy_input_mse),
    ),
    Measured::new(
        Metric::new(
            "affine_map_mse",
            "best affine map",
            SCALED,
            "the same of the affine map from noisy to clean rows with the lowest error on the training rows (least \
             squares with a ridge of a millionth of the mean variance); left out, with the reason, for rows of more than \
             2,048 values and where there are no more training rows than values",
        ),
        |d| d.affine_map_mse,
    ),
    Measured::new(
        Metric::new(
            "pca_denoising_mse",
            "PCA of noisy rows",
            SCALED,
            "the same of the reconstructions by PCA of the noisy rows",
        ),
        |d| d.pca_denoising_mse,
    ),
];

/// The numbers of a [`Bounded`].
pub const BOUNDED: &[Measured<Bounded>] = &[
    Measured::new(TEST_BOUND, |b| Some(b.test_bound)),
    Measured::new(
        Metric::new(
            "test_reconstruction",
            "reconstruction",
            NATS,
            "the negative log likelihood of a test row at one code drawn for it; mean over the rows. Of binary \
             cross-entropy: the sum of the loss over the values",
        ),
        |b| Some(b.test_reconstruction),
    ),
    Measured::new(TEST_KL, |b| Some(b.test_kl)),
    Measured::new(
        Metric::new(
            "active_units",
            "active values of the code",
            "",
            "the values of the code whose mean has a variance above 0.01 over the test rows (Burda et al. 2016)",
        ),
        |b| Some(b.active_units as f64),
    ),
    Measured::new(
        Metric::new(
            "ppca_test_nll",
            "probabilistic PCA",
            NATS,
            "beside a Gaussian likelihood: the negative log likelihood of the test rows under probabilistic PCA with as many \
             components as the code has values, fitted on the training rows by maximum likelihood (Tipping & Bishop 1999), \
             in the same scaling",
        ),
        |b| b.ppca_test_nll,
    ),
    Measured::new(
        Metric::new(
            "independent_test_nll",
            "independent values",
            NATS,
            "beside a Bernoulli likelihood: the negative log likelihood of the test rows under independent values with the \
             means of the training rows (at least 1/(2n) from 0 and 1, for n rows)",
        ),
        |b| b.independent_test_nll,
    ),
];

/// The numbers of a [`SampledLikelihood`].
pub const SAMPLED: &[Measured<SampledLikelihood>] = &[
    Measured::new(
        Metric::new(
            "test_nll",
            "negative log likelihood",
            NATS,
            "an upper bound of the negative log likelihood that falls with `samples`: of each row the logarithm of the mean \
             importance weight p(x|z) p(z) / q(z|x) of `samples` codes z drawn for it (Burda et al. 2016); mean over the \
             first `rows` test rows",
        ),
        |s| Some(s.test_nll),
    ),
    Measured::new(
        Metric::new(
            "nll_standard_error",
            "standard error",
            NATS,
            "the standard deviation of `test_nll` over these rows, divided by the square root of their number",
        ),
        |s| Some(s.nll_standard_error),
    ),
];

/// The numbers of a [`Generation`].
pub const GENERATION: &[Measured<Generation>] = &[
    Measured::new(
        Metric::new(
            "prior_mmd",
            "rows from the standard normal prior",
            "",
            "squared maximum mean discrepancy (Gretton et al. 2012) between `rows` rows (at most 1,000) from standard normal codes, \
             drawn from the likelihood where there is one, and as many test rows; in the first 50 principal components of the \
             training rows, with variance v; a U-statistic with the kernels c / (c + distance²), c = 2 v s, s = 0.1, 0.2, 0.5, 1, \
             2, 5, 10. It is 0 on average for rows of one distribution, and may be negative",
        ),
        |g| Some(g.prior_mmd),
    ),
    Measured::new(
        Metric::new(
            "fitted_mmd",
            "rows from the fitted distribution",
            "",
            "the same of rows from codes of the distribution that `narrows fit-prior` has kept in the model, which `fitted` describes",
        ),
        |g| g.fitted_mmd,
    ),
    Measured::new(
        Metric::new(
            "training_mmd",
            "training rows",
            "",
            "the same of training rows, drawn from all: new rows cannot be expected to be nearer",
        ),
        |g| Some(g.training_mmd),
    ),
    Measured::new(
        Metric::new(
            "code_mmd",
            "test codes, from the prior",
            "",
            "the same discrepancy between the codes of these test rows (a draw for each row, where the bottleneck draws) and \
             standard normal codes, with v the number of values of a code",
        ),
        |g| Some(g.code_mmd),
    ),
    Measured::new(
        Metric::new(
            "code_mmd_standard_error",
            "standard error, if normal",
            "",
            "the standard error that `code_mmd` has if the codes are standard normal, from pairs of standard normal codes",
        ),
        |g| Some(g.code_mmd_standard_error),
    ),
];

/// The metrics of a [`ColumnError`], for the columns of a table.
pub const COLUMN: &[Measured<ColumnError>] = &[
    Measured::new(
        Metric::new(
            "column_mse",
            "MSE",
            OWN,
            "mean squared error of a column of the test rows, in the column's own units",
        ),
        |c| Some(c.column_mse),
    ),
    Measured::new(
        Metric::new(
            "r2",
            "R²",
            RATIO,
            "1 - (squared error of the column) / (its squared distance from the column's mean over the training rows), \
             over the test rows: 1 is exact, 0 is as good as the training mean; none for a column without distance",
        ),
        |c| c.r2,
    ),
    Measured::new(
        Metric::new(
            "score_share",
            "share of the score",
            SHARE,
            "the column's share of the squared error of all test rows in scaled units, whose mean is the test MSE and, but for a \
             variational autoencoder, the score: it is large where a column \
             is reconstructed badly",
        ),
        |c| Some(c.score_share),
    ),
];

/// The metrics of a [`ClassError`].
pub const CLASS: &[Measured<ClassError>] = &[
    Measured::new(
        Metric::new(
            "class_mse",
            "test MSE",
            SCALED,
            "`test_mse` over the test rows of one class",
        ),
        |c| Some(c.class_mse),
    ),
    Measured::new(
        Metric::new(
            "pca_class_mse",
            "PCA",
            SCALED,
            "the same of the reconstructions by PCA",
        ),
        |c| c.pca_class_mse,
    ),
];

/// The metrics of a [`NoisePoint`].
pub const NOISE: &[Measured<NoisePoint>] = &[
    Measured::new(
        Metric::new(
            "noisy_mse",
            "MSE",
            SCALED,
            "mean squared error between the first 500 test rows and what the model makes of them with this kind and \
             level of noise on them, one noise for each row; level 0 is without noise",
        ),
        |p| Some(p.noisy_mse),
    ),
    Measured::new(
        Metric::new(
            "pca_noisy_mse",
            "PCA",
            SCALED,
            "the same of the reconstructions by PCA",
        ),
        |p| p.pca_noisy_mse,
    ),
];

/// A record as a JSON object, metric by metric.
pub(super) fn object<T>(list: &[Measured<T>], record: &T) -> Map<String, Value> {
    let numbers = list
        .iter()
        .map(|one| (one.metric.name.to_string(), one.json((one.of)(record))));
    numbers.collect()
}

/// The metrics of one kind.
#[derive(Clone, Debug)]
pub struct MetricSection {
    /// What they measure.
    pub title: &'static str,
    /// Where they are in the JSON, as Markdown.
    pub place: &'static str,
    /// The metrics.
    pub metrics: Vec<Metric>,
}

/// All metrics by kind.
pub fn reference_sections() -> Vec<MetricSection> {
    fn metrics<T>(list: &[Measured<T>]) -> Vec<Metric> {
        list.iter().map(|one| one.metric).collect()
    }
    let evaluation = [
        (
            "The model, and PCA beside it",
            "`model`, `pca`",
            metrics(QUALITY),
        ),
        (
            "The evidence lower bound, for a variational autoencoder",
            "`variational`",
            [metrics(BOUNDED), vec![KL_OF_VALUES, VARIANCE_OF_VALUES]].concat(),
        ),
        (
            "The log likelihood, for a variational autoencoder",
            "`variational.sampled`",
            metrics(SAMPLED),
        ),
        (
            "New rows, for a model with a distribution of codes",
            "`generation`; `rows` and `components` say of how many",
            metrics(GENERATION),
        ),
        (
            "Denoising, for a model trained with noise",
            "`denoising`",
            metrics(DENOISING),
        ),
        ("Columns of a table", "`columns`", metrics(COLUMN)),
        (
            "Classes, for data with labels",
            "`classes`; `majority_accuracy` stands beside it",
            [metrics(CLASS), vec![MAJORITY]].concat(),
        ),
        (
            "Robustness against noise",
            "`robustness[].points`",
            metrics(NOISE),
        ),
        (
            "The code's Jacobian",
            "`jacobian`",
            vec![JACOBIAN_NORM, SINGULAR_VALUES],
        ),
        ("Units", "`units`", vec![DEAD]),
    ];
    let others = [
        (
            "Training",
            "the JSON of `narrows train` and the metrics of a model",
            TRAINING.to_vec(),
        ),
        ("Scores", "the JSON of `narrows score`", SCORES.to_vec()),
        (
            "The classic study",
            "`rows` in the JSON of `narrows reproduce classic`",
            STUDY.to_vec(),
        ),
    ];
    let all = evaluation.into_iter().chain(others);
    all.map(|(title, place, metrics)| MetricSection {
        title,
        place,
        metrics,
    })
    .collect()
}

/// All metrics as Markdown tables: the page `docs/METRICS.md`.
pub fn reference() -> String {
    let mut text = String::new();
    for section in reference_sections() {
        let MetricSection {
            title,
            place,
            metrics,
        } = section;
        let _ = write!(
            text,
            "## {title}\n\nIn JSON: {place}.\n\n| name | in tables | unit | definition |\n|---|---|---|---|\n"
        );
        for metric in metrics {
            let Metric {
                name,
                title,
                unit,
                about,
            } = metric;
            let _ = writeln!(text, "| `{name}` | {title} | {unit} | {about} |");
        }
        text.push('\n');
    }
    text
}
