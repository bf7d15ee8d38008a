//! Measures with noise on the test rows.

use super::affine::AffineMap;
use super::evaluating::{Evaluating, of_model, of_pca};
use super::robustness::{Reconstruct, TestNoise, noise_draws, noisy_errors, standard_noises};
use super::{Denoising, NoiseCurve, NoisePoint, Pca};
use crate::corruption::Corruption;
use crate::data::Dataset;
use crate::error::{ErrorKind, Result};
use crate::network::{Rows, Workers};
use crate::text::{count_of, decimal, thousands};

/// The number of test rows for robustness curves: the first rows.
pub const NOISY_ROWS: usize = 500;

impl Evaluating<'_> {
    /// The model with the noise of its training, and the baselines that a denoiser should beat.
    pub(super) fn denoising(&mut self, noise: &Corruption, pca: Option<&Pca>) -> Result<Denoising> {
        let (model, inputs) = (self.model, self.test.inputs());
        let of_test = self.noise(noise, self.test);
        let (affine, affine_map_left_out) = match self.fit_affine_map(noise)? {
            Ok(map) => (Some(map), None),
            Err(why) => (None, Some(why)),
        };
        self.tell("denoising", 0, 1)?;
        let of_model = of_model(model);
        let copy = |rows: &dyn Rows, _: &mut Workers, out: &mut [f32]| {
            rows.write(0..rows.count(), out);
        };
        let of_affine = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
            if let Some(map) = &affine {
                map.apply(rows, workers.team(), out);
            }
        };
        let of_pca = pca.map(|pca| of_pca(pca, model.code_size()));
        let mut maps: Vec<&Reconstruct<'_>> = vec![&of_model, &copy];
        if affine.is_some() {
            maps.push(&of_affine);
        }
        maps.extend(of_pca.iter().map(|map| map as &Reconstruct<'_>));
        let rows = self.scaled(self.test);
        let errors = noisy_errors(&rows, inputs, &of_test, &maps, &mut self.workers);
        if let Some(&error) = errors[..2].iter().find(|error| !error.is_finite()) {
            return Err(self.not_finite("the mean squared error on noisy test rows", error));
        }
        let mut others = errors[2..].iter().copied();
        Ok(Denoising {
            corruption: noise.clone(),
            draws: of_test.draws,
            denoising_mse: errors[0],
            noisy_input_mse: errors[1],
            affine_map_mse: affine.as_ref().and_then(|_| others.next()),
            affine_map_left_out,
            pca_denoising_mse: pca.and_then(|_| others.next()),
        })
    }

    /// The noise of training on rows, with enough draws of each row for a precise mean error.
    fn noise(&self, noise: &Corruption, rows: &Dataset) -> TestNoise {
        TestNoise {
            corruption: noise.clone(),
            seed: self.model.recipe().seed,
            draws: noise_draws(rows.rows(), rows.inputs()),
        }
    }

    /// The best affine map from noisy to clean training rows, or the reason why there is none.
    fn fit_affine_map(
        &mut self,
        noise: &Corruption,
    ) -> Result<std::result::Result<AffineMap, String>> {
        let (train, inputs) = (self.train, self.train.inputs());
        if !AffineMap::is_feasible(inputs) {
            return Ok(Err(format!(
                "rows of {} values are wider than the limit of 2,048",
                thousands(inputs as f64)
            )));
        }
        if train.rows() <= inputs {
            return Ok(Err(format!(
                "{} are too few for rows of {}",
                count_of(train.rows(), "training row"),
                count_of(inputs, "value")
            )));
        }
        self.tell("the best affine map", 0, 1)?;
        let (rows, noise) = (self.scaled(train), self.noise(noise, train));
        let map = AffineMap::fit(&rows, inputs, &noise, self.workers.team());
        train.check_readable()?;
        match map {
            Ok(map) => Ok(Ok(map)),
            Err(error) if [ErrorKind::Data, ErrorKind::Memory].contains(&error.kind()) => {
                Ok(Err(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn robustness(&mut self, pca: Option<&Pca>) -> Result<Vec<NoiseCurve>> {
        let model = self.model;
        let test = self.test.head(NOISY_ROWS.min(self.test.rows()))?;
        let rows = self.scaled(&test);
        let of_model = of_model(model);
        let of_pca = pca.map(|pca| of_pca(pca, model.code_size()));
        let mut maps: Vec<&Reconstruct<'_>> = vec![&of_model];
        maps.extend(of_pca.iter().map(|map| map as &Reconstruct<'_>));
        let noises = standard_noises(model.recipe().corruption.as_ref());
        let total = noises.iter().map(Vec::len).sum();
        let (mut done, mut curves) = (0, Vec::new());
        for levels in noises {
            let mut points = Vec::new();
            for noise in &levels {
                self.tell("robustness", done, total)?;
                done += 1;
                let test_noise = TestNoise {
                    corruption: noise.clone(),
                    seed: model.recipe().seed,
                    draws: 1,
                };
                let errors =
                    noisy_errors(&rows, test.inputs(), &test_noise, &maps, &mut self.workers);
                points.push(point(decimal(noise.strength()), &errors));
            }
            curves.extend(levels.into_iter().next().map(|noise| NoiseCurve {
                noise,
                rows: test.rows(),
                points,
            }));
        }
        // Without noise all kinds have the same error.
        let clean = clean_errors(&rows, test.inputs(), &maps, &mut self.workers);
        for curve in &mut curves {
            curve.points.insert(0, point(0.0, &clean));
        }
        Ok(curves)
    }
}

/// A point of a curve, from the errors of the model and of PCA.
fn point(level: f64, errors: &[f64]) -> NoisePoint {
    NoisePoint {
        level,
        noisy_mse: errors[0],
        pca_noisy_mse: errors.get(1).copied(),
    }
}

/// The errors of some autoencoders on rows without noise.
fn clean_errors(
    rows: &dyn Rows,
    inputs: usize,
    maps: &[&Reconstruct<'_>],
    workers: &mut Workers,
) -> Vec<f64> {
    let none = TestNoise {
        corruption: Corruption::masking(0.0),
        seed: 0,
        draws: 1,
    };
    noisy_errors(rows, inputs, &none, maps, workers)
}
