//! The evidence lower bound of test rows (Kingma & Welling 2014), its parts, and the log likelihood that it bounds, by
//! importance sampling (Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders").

use super::evaluating::Evaluating;
use super::record::{ACTIVE, Bounded, SampledLikelihood};
use super::{Pca, block_rows};
use crate::error::Result;
use crate::model::{Bound, Encoded};
use crate::network::Rows;
use crate::objective::{InNats, Objective};
use crate::rng::{Draws, Purpose};
use narrows_kernels::Isa;
use narrows_kernels::noise::add_normal;
use narrows_kernels::variational::{LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE};
use std::f64::consts::PI;
use std::ops::Range;

/// The codes of a row that are decoded at a time.
const DRAWS_AT_ONCE: usize = 1024;

/// The share of the mean variance below which a variance is taken for rounding.
const LEAST: f64 = 1e-6;

/// How the log likelihood is estimated: with so many codes of each row, on the first rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// The codes that are drawn for each row, at least 1.
    pub samples: usize,
    /// The rows at the most; none for all.
    pub rows: Option<usize>,
}

impl Sampling {
    /// What an evaluation does unless it is told otherwise: few codes of few rows.
    pub const USUAL: Sampling = Sampling {
        samples: 100,
        rows: Some(1000),
    };
}

/// Sums over rows, value by value of the code.
#[derive(Clone, Default)]
struct OfCode {
    mean: Vec<f64>,
    square: Vec<f64>,
    divergence: Vec<f64>,
}

impl OfCode {
    fn new(code: usize) -> OfCode {
        OfCode {
            mean: vec![0.0; code],
            square: vec![0.0; code],
            divergence: vec![0.0; code],
        }
    }

    fn add(&mut self, given: &[f32]) {
        let code = self.mean.len();
        for row in given.chunks_exact(2 * code) {
            let (means, logs) = row.split_at(code);
            for (value, (&mean, &log)) in means.iter().zip(logs).enumerate() {
                let (mean, log) = (f64::from(mean), f64::from(log));
                let log = log.clamp(LEAST_LOG_VARIANCE.into(), MOST_LOG_VARIANCE.into());
                self.mean[value] += mean;
                self.square[value] += mean * mean;
                self.divergence[value] += 0.5 * (mean * mean + log.exp() - 1.0 - log);
            }
        }
    }

    /// The variance over the rows of each mean.
    fn variances(&self, rows: usize) -> Vec<f64> {
        let rows = rows as f64;
        let sums = self.mean.iter().zip(&self.square);
        let variances = sums.map(|(mean, square)| square / rows - (mean / rows).powi(2));
        variances.map(|variance| variance.max(0.0)).collect()
    }
}

impl Evaluating<'_> {
    /// The bound and its parts on the test rows; none for a model whose bottleneck does not draw codes.
    pub(super) fn bounded(&mut self, sampling: Option<Sampling>) -> Result<Option<Bounded>> {
        let (model, test, inputs) = (self.model, self.test, self.test.inputs());
        let Some(bound) = model.bound() else {
            return Ok(None);
        };
        let rows = self.scaled(test);
        let recipe = model.recipe();
        let objective =
            Objective::new(&recipe.reconstruction, &recipe.bottleneck, &recipe.decoder)?;
        if let Err(error) = objective.check_binary(inputs, &rows) {
            self.left_out
                .push(format!("the evidence lower bound: {error}"));
            return Ok(None);
        }
        let mut of_code = OfCode::new(model.code_size());
        let (mut nats, mut divergence) = (0.0, 0.0);
        let step = block_rows(inputs).min(bound.rows_at_once(1));
        for start in (0..test.rows()).step_by(step) {
            self.tell("the evidence lower bound", start, test.rows())?;
            let end = (start + step).min(test.rows());
            let encoded = self.encoded(bound, &rows, start..end);
            of_code.add(&encoded.given);
            let mut noise = self.noise_of(start..end, 0..1);
            let of_rows = bound.nats(&encoded, 1, &mut noise, &mut self.workers);
            nats += of_rows.iter().map(|&nats| f64::from(nats)).sum::<f64>();
            divergence += encoded
                .divergences
                .iter()
                .map(|&kl| f64::from(kl))
                .sum::<f64>();
        }
        let count = test.rows() as f64;
        let (test_reconstruction, test_kl) = (nats / count, divergence / count);
        let test_bound = test_reconstruction + test_kl;
        if !test_bound.is_finite() {
            self.left_out.push(
                "the evidence lower bound, which is not finite for some test rows: their values, or those of the model, are \
                 too large"
                    .into(),
            );
            return Ok(None);
        }
        let reconstruction = &recipe.reconstruction;
        let variance_of_values = of_code.variances(test.rows());
        let active = variance_of_values.iter().filter(|&&own| own > ACTIVE);
        Ok(Some(Bounded {
            // Cross-entropy of values that are drawn as 0 or 1 is their likelihood.
            is_likelihood: recipe.binarize || reconstruction.part().in_nats() == InNats::Always,
            test_bound,
            test_reconstruction,
            test_kl,
            active_units: active.count(),
            variance_of_values,
            kl_of_values: of_code
                .divergence
                .iter()
                .map(|divergence| divergence / count)
                .collect(),
            sampled: match sampling {
                Some(sampling) => Some(self.sampled(bound, sampling)?),
                None => None,
            },
            ppca_test_nll: None,
            independent_test_nll: None,
        }))
    }

    fn encoded(&mut self, bound: &Bound, rows: &dyn Rows, places: Range<usize>) -> Encoded {
        let mut scaled = vec![0.0; places.len() * self.test.inputs()];
        rows.write(places, &mut scaled);
        bound.encode(scaled, &mut self.workers)
    }

    /// The noise of so many codes of some rows, `[rows, draws, code]`.
    fn noise_of(&self, rows: Range<usize>, draws: Range<usize>) -> Vec<f32> {
        let code = self.model.code_size();
        let addresses = Draws::new(self.model.recipe().seed, Purpose::TestCode);
        let mut noise = vec![0.0; rows.len() * draws.len() * code];
        let of_rows = noise.chunks_exact_mut(draws.len() * code);
        for (row, noise) in rows.zip(of_rows) {
            for (number, noise) in draws.clone().zip(noise.chunks_exact_mut(code)) {
                let address = addresses.address(number as u32, row as u32);
                add_normal(Isa::best(), address, 1.0, noise);
            }
        }
        noise
    }

    /// The log likelihood by importance sampling: of each row the logarithm of the mean weight of its codes.
    fn sampled(&mut self, bound: &Bound, sampling: Sampling) -> Result<SampledLikelihood> {
        let (test, code) = (self.test, self.model.code_size());
        let draws = sampling.samples.max(1);
        let count = sampling.rows.unwrap_or(usize::MAX).min(test.rows());
        let rows = self.scaled(test);
        let (mut sum, mut squares) = (0.0, 0.0);
        let at_once = draws.min(DRAWS_AT_ONCE);
        let step = block_rows(test.inputs()).min(bound.rows_at_once(at_once));
        for start in (0..count).step_by(step) {
            self.tell("the log likelihood", start, count)?;
            let end = (start + step).min(count);
            let encoded = self.encoded(bound, &rows, start..end);
            let mut weights = vec![Vec::with_capacity(draws); end - start];
            for first in (0..draws).step_by(at_once) {
                let these = first..(first + at_once).min(draws);
                let drawn = these.len();
                let noise = self.noise_of(start..end, these);
                let mut codes = noise.clone();
                let nats = bound.nats(&encoded, drawn, &mut codes, &mut self.workers);
                let of_rows = encoded.given.chunks_exact(2 * code);
                let of_rows = of_rows.zip(nats.chunks_exact(drawn)).zip(&mut weights);
                let pairs = noise.chunks_exact(drawn * code);
                let pairs = pairs.zip(codes.chunks_exact(drawn * code));
                for (((given, nats), weights), (noise, codes)) in of_rows.zip(pairs) {
                    let pairs = noise.chunks_exact(code).zip(codes.chunks_exact(code));
                    weights.extend(pairs.zip(nats).map(|((noise, codes), &nats)| {
                        log_ratio(&given[code..], noise, codes) - f64::from(nats)
                    }));
                }
            }
            for weights in weights {
                let nll = -log_mean_exp(weights);
                sum += nll;
                squares += nll * nll;
            }
        }
        let rows = count as f64;
        let mean = sum / rows;
        let variance = (squares / rows - mean * mean).max(0.0) * rows / (rows - 1.0).max(1.0);
        Ok(SampledLikelihood {
            test_nll: mean,
            nll_standard_error: (variance / rows).sqrt(),
            samples: draws,
            rows: count,
        })
    }
}

/// `ln p(z) - ln q(z | x)` of a code z that was drawn with some noise: the constants cancel.
fn log_ratio(log_variances: &[f32], noise: &[f32], code: &[f32]) -> f64 {
    let values = log_variances.iter().zip(noise.iter().zip(code));
    let ratios = values.map(|(&log, (&noise, &z))| {
        let log = f64::from(log.clamp(LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE));
        0.5 * (f64::from(noise).powi(2) - f64::from(z).powi(2) + log)
    });
    ratios.sum()
}

/// The logarithm of the mean of the exponentials of at least one number.
fn log_mean_exp(logs: Vec<f64>) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    most + (sum / logs.len() as f64).ln()
}

/// The negative log likelihood of test rows under probabilistic PCA (Tipping & Bishop 1999) of so many components, fitted on
/// training rows by maximum likelihood: the closed form of a linear variational autoencoder. None where it has no density, as
/// the components leave no variance.
pub(super) fn ppca_nll(
    pca: &Pca,
    code: usize,
    [train, test]: [&dyn Rows; 2],
    threads: usize,
) -> Option<f64> {
    let inputs = pca.mean().len();
    let code = code.min(pca.variances().len());
    if code >= inputs {
        return None;
    }
    let rest = (inputs - code) as f64;
    let left = |rows: &dyn Rows| pca.reconstruction_mse(code, rows, threads) * inputs as f64;
    let variance = left(train) / rest;
    let variances = pca.variances().get(..code)?;
    // Where the components leave next to nothing, what is left is rounding.
    let mean = (variances.iter().sum::<f64>() + rest * variance) / inputs as f64;
    let is_sound = variance > LEAST * mean && variances.iter().all(|&own| own > LEAST * mean);
    if !is_sound {
        return None;
    }
    let codes = pca.encode(code, test, threads);
    let squares: f64 = codes
        .rows()
        .into_iter()
        .map(|row| {
            let values = row.iter().zip(variances);
            let squares = values.map(|(&z, own)| f64::from(z).powi(2) / own);
            squares.sum::<f64>()
        })
        .sum();
    let logs: f64 = variances.iter().map(|own| own.ln()).sum();
    let constant = inputs as f64 * (2.0 * PI).ln() + logs + rest * variance.ln();
    let nll = 0.5 * (constant + squares / test.count() as f64 + left(test) / variance);
    nll.is_finite().then_some(nll)
}

/// The negative log likelihood of binary test rows under independent values with the means of the training rows. A value
/// that is the same in all of n training rows has the mean 1/(2n) or 1 - 1/(2n), so that others are possible.
pub(super) fn independent_nll(inputs: usize, [train, test]: [&dyn Rows; 2]) -> f64 {
    let means = |rows: &dyn Rows| {
        let mut sums = vec![0.0f64; inputs];
        let mut values = vec![0.0; inputs];
        for row in 0..rows.count() {
            rows.write(row..row + 1, &mut values);
            sums.iter_mut()
                .zip(&values)
                .for_each(|(sum, &value)| *sum += f64::from(value));
        }
        sums.iter_mut().for_each(|sum| *sum /= rows.count() as f64);
        sums
    };
    let least = 0.5 / train.count() as f64;
    let pairs = means(train).into_iter().zip(means(test));
    let nats = pairs.map(|(trained, tested)| {
        let p = trained.clamp(least, 1.0 - least);
        -(tested * p.ln() + (1.0 - tested) * (1.0 - p).ln())
    });
    nats.sum()
}

impl Evaluating<'_> {
    /// What stands beside the bound: probabilistic PCA beside a Gaussian likelihood, independent values beside a binary one.
    pub(super) fn beside_bound(&mut self, bounded: &mut Bounded, pca: Option<&Pca>) -> Result<()> {
        let (model, inputs) = (self.model, self.test.inputs());
        let [train, test] = [self.train, self.test].map(|data| self.scaled(data));
        let reconstruction = &model.recipe().reconstruction;
        if reconstruction.part().needs_binary_targets() || model.recipe().binarize {
            self.tell("independent values", 0, 1)?;
            bounded.independent_test_nll = Some(independent_nll(inputs, [&train, &test]));
        } else if reconstruction.name() == "gaussian"
            && let Some(pca) = pca
        {
            self.tell("probabilistic PCA", 0, 1)?;
            let rows: [&dyn Rows; 2] = [&train, &test];
            bounded.ppca_test_nll = ppca_nll(pca, model.code_size(), rows, self.threads);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_of_a_mean_of_exponentials() {
        for (logs, expected) in [
            (vec![0.0], 0.0),
            (vec![-1e4, -1e4], -1e4),
            (vec![-1e4, -1e4 + 3f64.ln()], -1e4 + 2f64.ln()),
            (vec![f64::NEG_INFINITY], f64::NEG_INFINITY),
        ] {
            let found = log_mean_exp(logs.clone());
            assert!(
                found == expected || (found - expected).abs() < 1e-9,
                "{logs:?}: {found}"
            );
        }
    }

    /// `ln p(z) - ln q(z)` from the densities.
    #[test]
    fn the_ratio_of_densities_is_that_of_prior_and_posterior() {
        let (mean, log, noise) = (0.7f32, -0.9f32, -1.3f32);
        let std = (0.5 * log).exp();
        let z = mean + std * noise;
        let normal = |x: f64, mean: f64, std: f64| {
            -0.5 * ((x - mean) / std).powi(2) - std.ln() - 0.5 * (2.0 * PI).ln()
        };
        let prior = normal(z.into(), 0.0, 1.0);
        let posterior = normal(z.into(), mean.into(), std.into());
        let found = log_ratio(&[log], &[noise], &[z]);
        assert!((found - (prior - posterior)).abs() < 1e-5, "{found}");
    }
}
