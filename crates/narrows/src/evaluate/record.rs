//! The record of an evaluation.

use super::{JacobianSummary, LayerUnits};
use crate::corruption::Corruption;

/// The variance over rows of the mean of a value of the code above which the value is active (Burda et al. 2016).
pub const ACTIVE: f64 = 0.01;

/// The results of an evaluation: every number that Narrows prints about a model is read from here. Numbers that were
/// not measured are `None` or an empty list. Definitions: [`metrics`](super::metrics).
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The recipe's name.
    pub recipe: String,
    /// The name of the test rows' data.
    pub data: String,
    /// The shape of a row.
    pub shape: Vec<usize>,
    /// The number of values of a code.
    pub code_size: usize,
    /// The number of training rows: PCA, probe, neighbors and the affine map are fitted on them.
    pub train_rows: usize,
    /// The number of test rows: everything is measured on them.
    pub test_rows: usize,
    /// Whether the test rows were held out of the training rows, because the source has no test rows.
    pub held_out: bool,
    /// For images, the range of their values in the data's own units: 255 for 8-bit values, otherwise the largest minus
    /// the smallest value of the test rows.
    pub data_range: Option<f64>,
    /// The model.
    pub model: Quality,
    /// Principal component analysis with as many components as a code has values.
    pub pca: Option<Quality>,
    /// The reason why there is no PCA, if there is none.
    pub pca_left_out: Option<String>,
    /// The seed by which the values of all rows were drawn as 0 or 1, if they were.
    pub binarized_by: Option<u64>,
    /// The evidence lower bound, where the bottleneck draws codes.
    pub bounded: Option<Bounded>,
    /// How near new rows are to test rows, where codes can be drawn: from the standard normal prior that training aims at, or from
    /// a fitted distribution that the model keeps.
    pub generation: Option<Generation>,
    /// The measures as a denoiser, if the model was trained with noise.
    pub denoising: Option<Denoising>,
    /// Each class of the test rows, by label.
    pub classes: Vec<ClassError>,
    /// The share of test rows that have the most frequent class of the training rows.
    pub majority_accuracy: Option<f64>,
    /// The reason why there is no accuracy, if it was requested.
    pub accuracy_left_out: Option<String>,
    /// Each column of a table.
    pub columns: Vec<ColumnError>,
    /// The units of each layer except the last.
    pub units: Vec<LayerUnits>,
    /// The error against the level of noise.
    pub robustness: Vec<NoiseCurve>,
    /// The Jacobians of the code with respect to the input; `None` if they would take too much time or memory.
    pub jacobian: Option<JacobianSummary>,
    /// The parts that were not measured for lack of memory: one sentence each, with the needed memory and the memory
    /// that there was.
    pub left_out: Vec<String>,
}

/// The quality of reconstructions and codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// The mean squared error of clean rows, in scaled units.
    pub test_mse: f64,
    /// The same in the data's own units, of images.
    pub data_mse: Option<f64>,
    /// The peak signal-to-noise ratio in decibels, of images.
    pub psnr: Option<f64>,
    /// The structural similarity, of images of at least 7 × 7.
    pub ssim: Option<f64>,
    /// The accuracy of a ridge classifier on the code; `None` without labels of two or more classes, or if the codes
    /// are too large.
    pub linear_probe_accuracy: Option<f64>,
    /// The reason why there is no probe, if there could be one.
    pub probe_refusal: Option<String>,
    /// The accuracy of the five nearest training codes; `None` in the same cases.
    pub knn_accuracy: Option<f64>,
}

/// The evidence lower bound of a variational autoencoder, in nats a row; all are means over the test rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded {
    /// Whether the reconstruction loss is a likelihood of the data, and the bound one of their log likelihood. It is not for
    /// cross-entropy of values between 0 and 1.
    pub is_likelihood: bool,
    /// The negative bound: the sum of the two that follow.
    pub test_bound: f64,
    /// The negative log likelihood of a row at a code that is drawn for it.
    pub test_reconstruction: f64,
    /// The divergence of the code from the prior.
    pub test_kl: f64,
    /// The number of values of the code that change over the rows.
    pub active_units: usize,
    /// The variance over the rows of the mean of each value of the code.
    pub variance_of_values: Vec<f64>,
    /// The divergence of each value of the code.
    pub kl_of_values: Vec<f64>,
    /// The log likelihood itself; none where it was not asked for.
    pub sampled: Option<SampledLikelihood>,
    /// The negative log likelihood of probabilistic PCA with as many components, beside a Gaussian likelihood.
    pub ppca_test_nll: Option<f64>,
    /// The negative log likelihood of independent values, beside a likelihood of binary values.
    pub independent_test_nll: Option<f64>,
}

impl Bounded {
    /// The values of the code that change over the rows, the one that changes most first.
    pub fn active_values(&self) -> Vec<usize> {
        let variances = self.variance_of_values.iter().enumerate();
        let mut active: Vec<(usize, &f64)> = variances.filter(|(_, own)| **own > ACTIVE).collect();
        active.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        active.into_iter().map(|(value, _)| value).collect()
    }
}

/// The log likelihood by importance sampling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampledLikelihood {
    /// The negative log likelihood in nats, mean over the rows.
    pub test_nll: f64,
    /// Its standard error over the rows.
    pub nll_standard_error: f64,
    /// The codes that were drawn for each row.
    pub samples: usize,
    /// The rows: the first of the test rows.
    pub rows: usize,
}

/// How near new rows are to test rows, and codes to the prior: squared maximum mean discrepancies, each between as many rows. They
/// may be negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The rows of each sample.
    pub rows: usize,
    /// The principal components of the training rows in which rows are compared.
    pub components: usize,
    /// Of rows decoded from standard normal codes.
    pub prior_mmd: f64,
    /// Of rows decoded from codes of the fitted distribution that the model keeps.
    pub fitted_mmd: Option<f64>,
    /// This distribution in words.
    pub fitted: Option<String>,
    /// Of training rows: no new rows can be expected to be nearer.
    pub training_mmd: f64,
    /// Of the codes of test rows from standard normal codes.
    pub code_mmd: f64,
    /// The standard error that the same has if the codes are standard normal.
    pub code_mmd_standard_error: f64,
}

/// How well a model removes the noise that it was trained with.
#[derive(Clone, Debug, PartialEq)]
pub struct Denoising {
    /// The noise.
    pub corruption: Corruption,
    /// The number of draws of noise for each test row; errors are the mean over them.
    pub draws: u32,
    /// The mean squared error of the outputs for noisy rows against the clean rows, in scaled units.
    pub denoising_mse: f64,
    /// The mean squared error of the noisy rows themselves.
    pub noisy_input_mse: f64,
    /// The mean squared error of the best affine map from noisy to clean rows.
    pub affine_map_mse: Option<f64>,
    /// The reason why there is no such map, if there is none.
    pub affine_map_left_out: Option<String>,
    /// The mean squared error of PCA on noisy rows.
    pub pca_denoising_mse: Option<f64>,
}

impl Denoising {
    /// Whether the model's output is further from the clean rows than its input.
    pub fn is_worse_than_noisy_input(&self) -> bool {
        self.denoising_mse > self.noisy_input_mse
    }

    /// Whether the best affine map is closer to the clean rows than the model.
    pub fn is_worse_than_affine_map(&self) -> bool {
        self.affine_map_mse
            .is_some_and(|affine| self.denoising_mse > affine)
    }

    /// The noise in words: `gaussian noise of std 0.8`.
    pub fn noise_in_words(&self) -> String {
        noise_in_words(&self.corruption)
    }
}

/// A noise in words: `gaussian noise of std 0.8`.
pub fn noise_in_words(noise: &Corruption) -> String {
    match noise.settings().values().first() {
        Some((key, _)) => format!("{} noise of {key} {}", noise.name(), noise.strength()),
        None => format!("{} noise", noise.name()),
    }
}

/// The error of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassError {
    /// The label.
    pub label: i64,
    /// The name of the class, or its label if it has no name.
    pub name: String,
    /// The number of its test rows.
    pub rows: usize,
    /// The mean squared error of the model, in scaled units.
    pub class_mse: f64,
    /// The mean squared error of PCA.
    pub pca_class_mse: Option<f64>,
}

/// The error of a column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnError {
    /// The column's name; its number, from 1, if it has none.
    pub name: String,
    /// The mean squared error, in the column's own units; infinite if it is too large for a number.
    pub column_mse: f64,
    /// The coefficient of determination against the mean of the training rows.
    pub r2: Option<f64>,
    /// The column's share of the scores of all test rows.
    pub score_share: f64,
}

/// The errors with one kind of noise.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseCurve {
    /// The noise, at one of its levels.
    pub noise: Corruption,
    /// The number of test rows.
    pub rows: usize,
    /// The points, from level 0 on.
    pub points: Vec<NoisePoint>,
}

impl NoiseCurve {
    /// The point of a level.
    pub fn at(&self, level: f64) -> Option<&NoisePoint> {
        let mut points = self.points.iter();
        points.find(|point| (point.level - level).abs() < 1e-6)
    }
}

/// The error at one level of noise, against the clean rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoisePoint {
    /// The level, in the unit of the noise.
    pub level: f64,
    /// The mean squared error of the model, in scaled units.
    pub noisy_mse: f64,
    /// The mean squared error of PCA.
    pub pca_noisy_mse: Option<f64>,
}

impl Evaluation {
    /// The number of values of a row.
    pub fn inputs(&self) -> usize {
        self.shape.iter().product()
    }

    /// The name of PCA in tables: `PCA-32`.
    pub fn pca_name(&self) -> String {
        format!("PCA-{}", self.code_size.min(self.inputs()))
    }

    /// The curve of a noise.
    pub fn curve(&self, noise: &Corruption) -> Option<&NoiseCurve> {
        let mut curves = self.robustness.iter();
        curves.find(|curve| curve.noise.name() == noise.name())
    }
}
