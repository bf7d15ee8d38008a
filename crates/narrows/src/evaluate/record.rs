//! The record of an evaluation.

use super::{JacobianSummary, LayerUnits};
use crate::corruption::Corruption;
use serde_json::{Value, json};

/// What an evaluation found. What could not be measured is `None` or an empty list.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The recipe's name.
    pub recipe: String,
    /// What the test rows are called.
    pub data: String,
    /// The shape of a row.
    pub shape: Vec<usize>,
    /// The values of a code.
    pub code_size: usize,
    /// The rows that PCA and what tells the classes were fitted to.
    pub train_rows: usize,
    /// The rows that everything was measured on.
    pub test_rows: usize,
    /// Whether the test rows were held out of the training rows, as the source has none.
    pub held_out: bool,
    /// What PSNR and SSIM take the values to span, in the data's own units: 255 for 8-bit values, else
    /// from the smallest to the largest value of the test rows. None where rows are no images.
    pub data_range: Option<f64>,
    /// The noise that the model was trained with.
    pub corruption: Option<Corruption>,
    /// How many such noises each test row was given, for an error that is the mean over them; none without noise, or
    /// where it does nothing.
    pub noise_draws: Option<u32>,
    /// The model.
    pub model: Quality,
    /// Principal component analysis with as many components as a code has values (or as there are);
    /// none where they would take too much memory.
    pub pca: Option<Quality>,
    /// The error of each class of the test rows, by label; empty without labels.
    pub class_errors: Vec<ClassError>,
    /// The units of each layer but the last.
    pub units: Vec<LayerUnits>,
    /// The error against the level of noise.
    pub robustness: Vec<NoiseCurve>,
    /// The Jacobians of the code by the input, in scaled units, at the first test rows; none where they would take
    /// too much time or memory.
    pub jacobian: Option<JacobianSummary>,
    /// What was not measured for lack of memory, a sentence each, with what it needs and what there was.
    pub left_out: Vec<String>,
}

/// How good a code is.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// The mean squared error over all rows and values, in scaled units, of clean rows.
    pub mse: f64,
    /// The same where the model gets rows with the noise that it was trained with, against the clean rows; none
    /// without such noise.
    pub noisy_mse: Option<f64>,
    /// The peak signal-to-noise ratio in decibels, of the mean squared error over all rows and values
    /// in the data's own units, outputs as they are; none where rows are no images.
    pub psnr: Option<f64>,
    /// The mean over rows of the structural similarity in the data's own units; none where rows are
    /// no images of at least 7 × 7.
    pub ssim: Option<f64>,
    /// The share of test rows whose class a ridge classifier tells from the code; none without
    /// labels of two classes or more, or where the codes are too large.
    pub linear_probe_accuracy: Option<f64>,
    /// Why there is no probe, where there could be one.
    pub probe_refusal: Option<String>,
    /// The share of test rows whose class the five nearest training codes tell; none as before.
    pub knn_accuracy: Option<f64>,
}

/// The error of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassError {
    /// The label.
    pub label: i64,
    /// The name of the class, which is the label where it has none.
    pub name: String,
    /// The test rows of the class.
    pub rows: usize,
    /// The mean squared error of the model, in scaled units.
    pub mse: f64,
    /// The mean squared error of PCA.
    pub pca_mse: Option<f64>,
}

/// The errors under one noise.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseCurve {
    /// The noise's name.
    pub noise: String,
    /// In the order of the levels asked for.
    pub points: Vec<NoisePoint>,
}

/// The error at one level of noise, against the clean rows: with one noise for each row, or with
/// [`Evaluation::noise_draws`] at the level that the model was trained with.
#[derive(Clone, Debug, PartialEq)]
pub struct NoisePoint {
    /// The level, in the noise's own measure.
    pub level: f64,
    /// The mean squared error of the model, in scaled units.
    pub mse: f64,
    /// The mean squared error of PCA.
    pub pca_mse: Option<f64>,
}

impl Evaluation {
    /// The evaluation as a JSON object; what is missing is `null`, as is the PSNR of no error.
    pub fn to_json(&self) -> Value {
        let class_error = |class: &ClassError| {
            json!({
                "label": class.label,
                "name": class.name,
                "rows": class.rows,
                "mse": class.mse,
                "pca_mse": class.pca_mse,
            })
        };
        let units = |units: &LayerUnits| {
            json!({
                "layer": units.layer,
                "kind": units.kind,
                "is_code": units.is_code,
                "units": units.units,
                "dead": units.dead,
            })
        };
        let point = |point: &NoisePoint| json!({"level": point.level, "mse": point.mse, "pca_mse": point.pca_mse});
        let curve = |curve: &NoiseCurve| {
            let points: Vec<Value> = curve.points.iter().map(point).collect();
            json!({"noise": curve.noise, "points": points})
        };
        json!({
            "recipe": self.recipe,
            "data": self.data,
            "shape": self.shape,
            "code_size": self.code_size,
            "train_rows": self.train_rows,
            "test_rows": self.test_rows,
            "held_out": self.held_out,
            "data_range": self.data_range,
            "corruption": self.corruption.as_ref().map(|c| json!({"kind": c.name(), "strength": c.strength()})),
            "noise_draws": self.noise_draws,
            "model": self.model.to_json(),
            "pca": self.pca.as_ref().map(Quality::to_json),
            "class_errors": self.class_errors.iter().map(class_error).collect::<Vec<_>>(),
            "units": self.units.iter().map(units).collect::<Vec<_>>(),
            "robustness": self.robustness.iter().map(curve).collect::<Vec<_>>(),
            "jacobian": self.jacobian.as_ref().map(|jacobian| json!({
                "rows": jacobian.rows,
                "mean_norm": jacobian.mean_norm,
                "spectrum": jacobian.spectrum,
            })),
            "left_out": self.left_out,
        })
    }
}

impl Quality {
    fn to_json(&self) -> Value {
        json!({
            "mse": self.mse,
            "noisy_mse": self.noisy_mse,
            "psnr": self.psnr,
            "ssim": self.ssim,
            "linear_probe_accuracy": self.linear_probe_accuracy,
            "probe_refusal": self.probe_refusal,
            "knn_accuracy": self.knn_accuracy,
        })
    }
}
