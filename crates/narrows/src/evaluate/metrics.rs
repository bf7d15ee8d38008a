//! The metrics of an evaluation, with the fields that hold them. These lists generate the JSON of an evaluation, its
//! tables and `docs/METRICS.md`.

mod reference;

use super::metric::{
    DECIBEL, DENOISING_MSE, Metric, NATS, OWN, RATIO, SCALED, SHARE, TEST_BOUND, TEST_KL, TEST_MSE,
    number,
};
use super::{Bounded, Generation, SampledLikelihood};
use super::{ClassError, ColumnError, Denoising, NEIGHBORS, NOISY_ROWS, NoisePoint, Quality};
pub use reference::{MetricSection, reference, reference_sections};
use serde_json::{Map, Value};

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
            "for images: `test_mse` in the units of the pixels in the files (gray levels from 0 to 255 for 8 bits). \
             Reconstructions are neither rounded nor clipped",
        ),
        |q| q.data_mse,
    ),
    Measured::new(
        Metric::new(
            "psnr",
            "PSNR",
            DECIBEL,
            "for images: 10 · log₁₀(`data_range`² / `data_mse`). It is computed once, from the error over all rows \
             and pixels; it is not the mean of each image's PSNR. `data_range` is 255 for 8-bit pixels, else the \
             largest minus the smallest value of the test rows",
        ),
        |q| q.psnr,
    ),
    Measured::new(
        Metric::new(
            "ssim",
            "SSIM",
            RATIO,
            "for images of at least 7 × 7: structural similarity (Wang et al. 2004) in windows of 7 × 7 pixels of \
             equal weight, K₁ = 0.01, K₂ = 0.03, sample covariances; mean over windows, channels and rows. These are \
             the defaults of scikit-image",
        ),
        |q| q.ssim,
    ),
    Measured::new(
        Metric::new(
            "linear_probe_accuracy",
            "linear-probe accuracy",
            SHARE,
            "the share of test rows whose class a ridge classifier finds from the code. The classifier is fitted on \
             the codes of the training rows",
        ),
        |q| q.linear_probe_accuracy,
    ),
    Measured::new(
        Metric::new(
            "knn_accuracy",
            "5-NN accuracy",
            SHARE,
            "the share of test rows whose class is the most frequent class among the five nearest codes of training \
             rows (Euclidean distance)",
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
            "the same for the noisy rows themselves: the error if the noise is left in",
        ),
        |d| Some(d.noisy_input_mse),
    ),
    Measured::new(
        Metric::new(
            "affine_map_mse",
            "best affine map",
            SCALED,
            "the same for the affine map from noisy to clean rows with the lowest error on the training rows (least \
             squares, with a ridge of a millionth of the mean variance). It is left out, with the reason, for rows of \
             more than 2,048 values, and if there are no more training rows than values",
        ),
        |d| d.affine_map_mse,
    ),
    Measured::new(
        Metric::new(
            "pca_denoising_mse",
            "PCA of noisy rows",
            SCALED,
            "the same for the reconstructions of the noisy rows by PCA",
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
            "the negative log likelihood of a test row at one code drawn for it; mean over the rows. For binary \
             cross-entropy it is the sum of the loss over the values",
        ),
        |b| Some(b.test_reconstruction),
    ),
    Measured::new(TEST_KL, |b| Some(b.test_kl)),
    Measured::new(
        Metric::new(
            "active_units",
            "active values of the code",
            "",
            "the number of values of the code whose mean has a variance above 0.01 over the test rows (Burda et al. \
             2016)",
        ),
        |b| Some(b.active_units as f64),
    ),
    Measured::new(
        Metric::new(
            "ppca_test_nll",
            "probabilistic PCA",
            NATS,
            "for comparison with a Gaussian likelihood: the negative log likelihood of the test rows under \
             probabilistic PCA (Tipping & Bishop 1999), in the same scaling. It has as many components as the code \
             has values, and is fitted on the training rows by maximum likelihood",
        ),
        |b| b.ppca_test_nll,
    ),
    Measured::new(
        Metric::new(
            "independent_test_nll",
            "independent values",
            NATS,
            "for comparison with a Bernoulli likelihood: the negative log likelihood of the test rows if all values \
             are independent and have the means of the training rows. These means are kept at least 1/(2n) away from \
             0 and 1, for n rows",
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
            "an upper bound of the negative log likelihood; it falls if `samples` grows. For each row, `samples` \
             codes z are drawn from q(z|x). The bound is minus the logarithm of the mean of their weights p(x|z) p(z) \
             / q(z|x) (Burda et al. 2016); mean over the first `rows` test rows",
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
            "squared maximum mean discrepancy (Gretton et al. 2012) between `rows` new rows (at most 1,000) and as \
             many test rows. The new rows are decoded from standard normal codes, and drawn from the likelihood if \
             there is one. Distances are taken in the first 50 principal components of the training rows, whose \
             variance is v. A U-statistic with the kernels c / (c + distance²), c = 2 v s, s = 0.1, 0.2, 0.5, 1, 2, \
             5, 10. It is 0 on average for rows of one distribution, and may be negative",
        ),
        |g| Some(g.prior_mmd),
    ),
    Measured::new(
        Metric::new(
            "fitted_mmd",
            "rows from the fitted distribution",
            "",
            "the same for rows from codes of the distribution that `narrows fit-prior` has stored in the model; \
             `fitted` describes it",
        ),
        |g| g.fitted_mmd,
    ),
    Measured::new(
        Metric::new(
            "training_mmd",
            "training rows",
            "",
            "the same for training rows, drawn from all of them. New rows cannot be expected to be nearer",
        ),
        |g| Some(g.training_mmd),
    ),
    Measured::new(
        Metric::new(
            "code_mmd",
            "codes: distance from the prior",
            "",
            "the same discrepancy between the codes of these test rows and standard normal codes; here v is the \
             number of values of a code. If the bottleneck draws codes, one code is drawn for each row",
        ),
        |g| Some(g.code_mmd),
    ),
    Measured::new(
        Metric::new(
            "code_mmd_standard_error",
            "codes: standard error if normal",
            "",
            "the standard error of `code_mmd` if the codes are standard normal; computed from pairs of standard \
             normal codes",
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
            "1 - (squared error of the column) / (its squared distance from the column's mean over the training \
             rows), over the test rows: 1 is exact, 0 is as good as the training mean. Left out if this distance is 0",
        ),
        |c| c.r2,
    ),
    Measured::new(
        Metric::new(
            "score_share",
            "share of the score",
            SHARE,
            "the column's share of the squared error of all test rows, in scaled units: a column that is \
             reconstructed badly has a large share. Scores have the same shares, except those of a variational \
             autoencoder",
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
            "the same for the reconstructions by PCA",
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
            "mean squared error between the first 500 test rows and the model's outputs for noisy copies of them, \
             with this kind and level of noise. Each row gets one noise; level 0 is without noise",
        ),
        |p| Some(p.noisy_mse),
    ),
    Measured::new(
        Metric::new(
            "pca_noisy_mse",
            "PCA",
            SCALED,
            "the same for the reconstructions by PCA",
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
