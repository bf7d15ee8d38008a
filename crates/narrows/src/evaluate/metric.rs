//! A metric that Narrows prints: its name, unit and definition.

use serde_json::Value;

/// A metric: its name, its unit and its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its key in JSON and in a model's file.
    pub name: &'static str,
    /// Its title in tables.
    pub title: &'static str,
    /// Its unit; empty for a count or a ratio.
    pub unit: &'static str,
    /// Its definition: the rows that it is computed from, and the values that it averages.
    pub about: &'static str,
}

impl Metric {
    pub(super) const fn new(
        name: &'static str,
        title: &'static str,
        unit: &'static str,
        about: &'static str,
    ) -> Metric {
        Metric {
            name,
            title,
            unit,
            about,
        }
    }
}

/// Units of numbers.
pub(super) const SCALED: &str = "scaled units²";
pub(super) const OWN: &str = "units² of the data";
pub(super) const SHARE: &str = "fraction from 0 to 1";
pub(super) const SCORE_UNIT: &str = "scaled units², or nats";
pub(super) const NATS: &str = "nats a row";
pub(super) const DECIBEL: &str = "dB";
pub(super) const RATIO: &str = "at most 1";

/// The mean squared error on test rows.
pub const TEST_MSE: Metric = Metric::new(
    "test_mse",
    "test MSE",
    SCALED,
    "mean squared error between test rows and their reconstructions, over all rows and values. The rows are without \
     noise, also if the model was trained with noise",
);

/// The mean squared error from noisy rows to clean ones.
pub const DENOISING_MSE: Metric = Metric::new(
    "denoising_mse",
    "denoising MSE",
    SCALED,
    "mean squared error between clean test rows and the model's outputs for noisy copies of them, with the noise of \
     training; mean over all rows, values and `draws` noises for each row",
);

/// The negative evidence lower bound.
pub const TEST_BOUND: Metric = Metric::new(
    "test_bound",
    "negative bound",
    NATS,
    "of a variational autoencoder: the negative evidence lower bound, `test_reconstruction` + `test_kl`; lower is \
     better. The divergence has its full weight 1, whatever `beta` is. With the Gaussian likelihood, the bound is of \
     scaled values. With binary cross-entropy of values between 0 and 1, it is not a bound of a likelihood",
);

/// The divergence of the code.
pub const TEST_KL: Metric = Metric::new(
    "test_kl",
    "KL",
    NATS,
    "the Kullback-Leibler divergence of a code's distribution from the standard normal distribution, in closed form and \
     without free bits; mean over the test rows",
);

/// The divergence of each value of the code.
pub const KL_OF_VALUES: Metric = Metric::new(
    "kl_of_values",
    "KL of each value",
    NATS,
    "the divergence of each value of the code, in the order of the code; the sum is `test_kl`",
);

/// The variance of each value of the code.
pub const VARIANCE_OF_VALUES: Metric = Metric::new(
    "variance_of_values",
    "variance of each value",
    "",
    "the variance of the mean of each value of the code over the test rows, in the order of the code. Above 0.01, the \
     value is active",
);

/// The accuracy of always answering the most frequent class.
pub const MAJORITY: Metric = Metric::new(
    "majority_accuracy",
    "majority class",
    SHARE,
    "the share of test rows with the most frequent class of the training rows. It is the accuracy of always answering \
     this class",
);

/// The mean norm of the code's Jacobian.
pub const JACOBIAN_NORM: Metric = Metric::new(
    "jacobian_norm",
    "mean ‖J‖_F",
    "",
    "the Frobenius norm of J, the derivatives of the code by the input, in scaled units; mean over the first `rows` \
     test rows (at most 64)",
);

/// The singular values of the code's Jacobian.
pub const SINGULAR_VALUES: Metric = Metric::new(
    "singular_values",
    "singular values",
    "",
    "the largest singular value of J, the second largest, and so on; each is a mean over the same rows",
);

/// The number of dead units of a layer.
pub const DEAD: Metric = Metric::new(
    "dead",
    "dead",
    "units",
    "the number of outputs of a layer, after its activation, that stay constant: over the test rows they change by no \
     more than a millionth of the layer's largest output",
);

/// The metrics of training.
pub const TRAINING: &[Metric] = &[
    Metric::new(
        "train_loss",
        "train loss",
        "",
        "the objective: reconstruction loss plus weighted penalties. It is measured during training, on batches with \
         the recipe's noise; mean over the rows of an epoch. For a run: of its last epoch. With a likelihood or a \
         variational bottleneck it is in nats a row, and the divergence has its full weight also during the warm-up. \
         `metrics.jsonl` has its parts; in `penalty.kl`, the divergence, each value of the code counts at least \
         `free_bits`",
    ),
    Metric::new(
        "validation_loss",
        "validation loss",
        "",
        "the objective on the validation rows after an epoch. Noise and codes are drawn as in training, the same in \
         each epoch; everything else is in inference mode. For a run: the lowest, of the epoch whose model is kept",
    ),
    Metric::new(
        "rows_per_second",
        "rows/s",
        "rows/s",
        "the training rows of all epochs, divided by the time of training without reading, validation and evaluation",
    ),
    Metric::new(
        "pca_test_mse",
        "PCA",
        SCALED,
        "`test_mse` of PCA with as many components as the code has values. It is the `pca.test_mse` of an evaluation, \
         under this name in `compare`, `reproduce` and the metrics of a model",
    ),
    Metric::new("seconds", "training", "s", "the time of training alone"),
];

/// The error of the best constant image.
pub const CONSTANT_MSE: Metric = Metric::new(
    "constant_mse",
    "one image for all",
    SCALED,
    "in `reproduce`: mean squared error of the test rows against the mean of the training rows, limited to the range of the \
     sigmoid. A network that ignores its input cannot have a lower error",
);

/// How much noise raises the error.
pub const NOISE_SENSITIVITY: Metric = Metric::new(
    "noise_sensitivity",
    "sensitivity to noise",
    "",
    "in `reproduce`: the relative increase of the error by Gaussian noise on the input, on the first 500 test rows; \
     mean over the levels of noise. 1 means twice the error without noise",
);

/// The error of PyTorch in the study.
pub const REFERENCE: Metric = Metric::new(
    "reference",
    "PyTorch",
    SCALED,
    "in `reproduce`: PyTorch's result for `metric`, from one seed with the same settings; none if it was not measured",
);

/// The error of PyTorch in the study, with noise.
pub const NOISY_REFERENCE: Metric = Metric::new(
    "noisy_reference",
    "PyTorch, noise 1.5",
    SCALED,
    "in `reproduce`: PyTorch's error with Gaussian noise of std 1.5 on the input, over all test rows",
);

/// The numbers that `reproduce` has in addition to those of each evaluation.
pub const STUDY: &[Metric] = &[REFERENCE, NOISY_REFERENCE, CONSTANT_MSE, NOISE_SENSITIVITY];

/// The metrics of scores.
pub const SCORES: &[Metric] = &[
    Metric::new(
        "score",
        "score",
        SCORE_UNIT,
        "of a row: the mean squared error between its values and their reconstructions. Of a variational autoencoder: \
         the negative evidence lower bound in nats. It is the divergence of the code plus the negative log \
         likelihood, mean over 16 codes whose noise is the same for every row. Values are taken as they are, also if \
         training drew them as 0 or 1",
    ),
    Metric::new(
        "threshold",
        "threshold",
        SCORE_UNIT,
        "the score above which a row counts as an anomaly: by default the 99 % quantile of the scores of at least 100 \
         validation rows",
    ),
    Metric::new(
        "roc_auc",
        "ROC AUC",
        SHARE,
        "the share of pairs of an anomaly and a normal row in which the anomaly has the higher score; ties count half",
    ),
    Metric::new(
        "pr_auc",
        "PR AUC",
        SHARE,
        "average precision: the mean of the precision at each anomaly, from the highest score down",
    ),
    Metric::new(
        "precision",
        "precision",
        SHARE,
        "the share of anomalies among the rows above the threshold; none if no row is above it",
    ),
    Metric::new(
        "recall",
        "recall",
        SHARE,
        "the share of the anomalies that are above the threshold",
    ),
    Metric::new(
        "f1",
        "F1",
        SHARE,
        "2 · precision · recall / (precision + recall); 0 if no anomaly is above the threshold",
    ),
];

/// A number as JSON. JSON has no infinity: an infinite number is written as a text with the reason.
pub fn number(value: Option<f64>) -> Value {
    match value {
        None => Value::Null,
        Some(value) if value.is_finite() => Value::from(value),
        Some(f64::INFINITY) => "infinite: too large for a number".into(),
        Some(f64::NEG_INFINITY) => "minus infinite: too large for a number".into(),
        Some(_) => {
            "not a number: the values that it is formed from are too large, or missing".into()
        }
    }
}
