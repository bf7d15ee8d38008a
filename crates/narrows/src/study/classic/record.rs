//! The results of the classic study.

use super::super::Measure;
use crate::evaluate::metric::{
    CONSTANT_MSE, Metric, NOISE_SENSITIVITY, NOISY_REFERENCE, REFERENCE,
};
use crate::text::{figures, thousands};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The setting of an experiment: original, with its flaws, or corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Inputs outside of [0, 1] although the decoder ends in a sigmoid; masking that keeps only 20 %.
    Original,
    /// Inputs in [0, 1].
    Corrected,
}

impl Setting {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Setting::Original => "original",
            Setting::Corrected => "corrected",
        }
    }
}

/// The std of the Gaussian noise in the part of the study about contractive autoencoders.
const STD: f64 = 1.5;

/// The results of the study.
pub struct Classic {
    /// Each experiment in each setting.
    pub rows: Vec<ClassicRow>,
    /// Which of the original's claims hold, in sentences.
    pub claims: Vec<String>,
    /// Whether there were fewer epochs than in the full study.
    pub quick: bool,
    /// The number of seeds from which each experiment was trained.
    pub seeds: usize,
    /// The time of the study, in seconds.
    pub seconds: f64,
    /// The report.
    pub report: PathBuf,
}

/// An experiment in one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassicRow {
    /// Its name.
    pub experiment: &'static str,
    /// The setting.
    pub setting: Setting,
    /// The epochs trained.
    pub epochs: usize,
    /// The metric of its error: the test MSE, or for a denoiser the denoising MSE.
    pub metric: Metric,
    /// The error, in scaled units, from the first seed.
    pub mse: f64,
    /// The same over all seeds.
    pub over_seeds: Measure,
    /// The error of PyTorch from one seed, if it was measured.
    pub reference: Option<f64>,
    /// The test MSE of PCA with as many components as the code has values.
    pub pca_mse: Option<f64>,
    /// The test error of the best constant image, which is the mean of the training images, limited to the range of the
    /// sigmoid.
    pub constant_mse: f64,
    /// Pairs of a std of Gaussian noise on the input and the error with this noise, on the first 500 test images. The
    /// first pair is without noise.
    pub gaussian: Vec<(f64, f64)>,
    /// The test error of PyTorch with noise of std 1.5 on the input, if it was measured.
    pub noisy_reference: Option<f64>,
}

impl ClassicRow {
    /// The error with Gaussian noise of std 1.5 on the input, on the first 500 test images.
    pub fn noisy_mse(&self) -> f64 {
        let point = self
            .gaussian
            .iter()
            .find(|(level, _)| (level - STD).abs() < 1e-6);
        point.map_or(f64::NAN, |(_, mse)| *mse)
    }

    /// The relative increase of the error by Gaussian noise, averaged over the levels: 1 means twice as large as
    /// without noise.
    pub fn sensitivity(&self) -> f64 {
        let Some(((_, clean), noisy)) = self.gaussian.split_first() else {
            return f64::NAN;
        };
        let added = noisy.iter().map(|(_, mse)| mse / clean - 1.0);
        added.sum::<f64>() / noisy.len() as f64
    }

    /// The error with noise of std 1.5, and its increase over the error without noise: `0.04500 (+50 %)`,
    /// `0.5344 (×280)`.
    pub fn noisy(&self) -> String {
        let clean = self.gaussian.first().map_or(f64::NAN, |(_, mse)| *mse);
        let times = self.noisy_mse() / clean;
        let percent = (100.0 * (times - 1.0)).round();
        let more = match percent {
            900.0.. => format!("×{}", thousands(times)),
            // Without the sign of a rounded 0.
            0.0 => "0 %".into(),
            _ => format!("{percent:+.0} %"),
        };
        format!("{} ({more})", figures(self.noisy_mse()))
    }
}

impl Classic {
    /// The results as a JSON object.
    pub fn to_json(&self) -> Value {
        let row = |row: &ClassicRow| {
            json!({
                "experiment": row.experiment,
                "setting": row.setting.name(),
                "epochs": row.epochs,
                "metric": row.metric.name,
                row.metric.name: row.mse,
                "over_seeds": row.over_seeds.to_json(),
                REFERENCE.name: row.reference,
                "pca_test_mse": row.pca_mse,
                CONSTANT_MSE.name: row.constant_mse,
                "robustness": {"noise": "gaussian", "level": STD, "noisy_mse": row.noisy_mse()},
                NOISY_REFERENCE.name: row.noisy_reference,
                NOISE_SENSITIVITY.name: row.sensitivity(),
            })
        };
        json!({
            "quick": self.quick,
            "seeds": self.seeds,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "claims": self.claims,
            "seconds": self.seconds,
            "report": self.report.display().to_string(),
        })
    }
}
