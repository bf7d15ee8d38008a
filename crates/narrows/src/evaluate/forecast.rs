//! A forecast of posterior collapse: how many values of a variational code can stay active.
//!
//! For a linear variational autoencoder with a Gaussian likelihood of a given std, only directions of the data whose
//! variance is above beta times the variance of the likelihood lower the objective; all others collapse (Lucas et al.
//! 2019, "Don't blame the ELBO! A linear VAE perspective on posterior collapse").

use super::Pca;
use crate::data::Dataset;
use crate::declaration::Value;
use crate::error::{ErrorKind, Result};
use crate::layer::LayerSpec;
use crate::network::ScaledRows;
use crate::recipe::Recipe;
use crate::scaling::Scaling;

/// The layers that are linear, apart from a bias.
const LINEAR: [&str; 6] = [
    "dense",
    "conv2d",
    "conv-transpose2d",
    "flatten",
    "reshape",
    "identity",
];

/// A forecast of the active values of a code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// The values of a code that can stay active.
    pub active: usize,
    /// The values of a code.
    pub code: usize,
    /// The variance above which a direction of the data can stay active, in scaled units²: beta · std².
    pub variance: f64,
    /// Whether the decoder is linear, so that the forecast is exact. Otherwise it is an estimate.
    pub is_linear: bool,
}

impl Forecast {
    /// The forecast for a recipe on its training rows; `None` unless the bottleneck is `variational` and the likelihood is
    /// Gaussian with a given std, and if the principal components would need too much memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if rows that stay in a file cannot be read.
    pub fn of(
        recipe: &Recipe,
        code: usize,
        train: &Dataset,
        scaling: &Scaling,
        threads: usize,
    ) -> Result<Option<Forecast>> {
        let given = |value: Option<&Value>| match value {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        };
        let bottleneck = &recipe.bottleneck;
        let reconstruction = &recipe.reconstruction;
        let std = given(reconstruction.settings().value("std"));
        let beta = given(bottleneck.settings().value("beta"));
        // What else acts on the code or the rows makes the forecast untrue.
        let samples = bottleneck.settings().value("samples");
        let is_plain = given(bottleneck.settings().value("free_bits")) == Some(0.0)
            && samples == Some(&Value::Whole(1))
            && bottleneck.settings().value("bound").is_none()
            && recipe.corruption.is_none()
            && recipe.penalties.iter().all(|penalty| penalty.weight == 0.0)
            && !recipe.binarize;
        let is_gaussian = reconstruction.name() == "gaussian" && bottleneck.draws() && is_plain;
        let (true, Some(std), Some(beta)) = (is_gaussian, std, beta) else {
            return Ok(None);
        };
        let inputs = train.inputs();
        if !Pca::is_feasible(inputs, code) {
            return Ok(None);
        }
        let rows = ScaledRows {
            data: train,
            scaling,
        };
        let pca = Pca::fit(&rows, inputs, code, threads);
        train.check_readable()?;
        let pca = match pca {
            Ok(pca) => pca,
            // Without components there is no forecast, and nothing is lost but that.
            Err(error) if [ErrorKind::Memory, ErrorKind::Data].contains(&error.kind()) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let variance = beta * std * std;
        let above = pca.variances().iter().filter(|&&own| own > variance);
        let is_linear = |layer: &LayerSpec| LINEAR.contains(&layer.name());
        Ok(Some(Forecast {
            active: above.count(),
            code,
            variance,
            is_linear: recipe.decoder.iter().all(is_linear),
        }))
    }
}
