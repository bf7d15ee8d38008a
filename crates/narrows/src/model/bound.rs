//! The evidence lower bound of rows (Kingma & Welling 2014), of a model whose bottleneck draws codes.

use super::likelihood::{LikelihoodOf, likelihood_of};
use super::rows::Block;
use crate::error::Result;
use crate::network::{Network, Parameters, Pass, Rows, Workers};
use crate::objective::Likelihood;
use crate::recipe::Recipe;
use crate::rng::{Draws, Purpose};
use narrows_kernels::Isa;
use narrows_kernels::noise::add_normal;
use narrows_kernels::variational::{LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE, divergences, draw};
use ndarray::Array2;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The codes that a score is the mean over.
pub const SCORE_DRAWS: usize = 16;

/// The bottleneck whose bound is measured.
const VARIATIONAL: &str = "variational";

/// The most numbers that are decoded at a time, where rows are wide.
const NUMBERS: usize = 1 << 23;

/// The pairs of a row and a code that are decoded at a time: enough for all threads.
const PAIRS: usize = 8192;

/// The passes of a model whose bottleneck draws codes, and its likelihood.
pub(crate) struct Bound {
    /// From scaled rows to means and log variances.
    encoder: Pass,
    /// From codes to what the likelihood compares.
    decoder: Pass,
    likelihood: Box<dyn Likelihood>,
    /// The layers of the decoder up to what the likelihood compares.
    compared: Range<usize>,
    /// The values of a row and of a code.
    inputs: usize,
    code: usize,
    /// The noise of scores, `[SCORE_DRAWS, code]`.
    of_scores: Vec<f32>,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bound of codes of {} values", self.code)
    }
}

/// Some scaled rows with what the encoder gives for them.
pub(crate) struct Encoded {
    /// `[rows, inputs]`
    pub(crate) scaled: Vec<f32>,
    /// Means and log variances, `[rows, 2 code]`.
    pub(crate) given: Vec<f32>,
    /// The divergence of each row, in nats.
    pub(crate) divergences: Vec<f32>,
}

/// Encoded rows with the codes that were drawn for each.
struct Drawn<'a> {
    of: &'a Encoded,
    /// The codes of a row.
    draws: usize,
    /// `[rows, draws, code]`
    codes: &'a [f32],
}

impl Bound {
    /// What is needed to measure the bound of a recipe's network; none where its bottleneck does not draw codes.
    pub(super) fn of(
        recipe: &Recipe,
        network: &Network,
        parameters: &Arc<Parameters>,
    ) -> Result<Option<Bound>> {
        if !recipe.bottleneck.draws() {
            return Ok(None);
        }
        let (inputs, code) = (network.inputs(), network.code_size());
        let Some(found) = likelihood_of(recipe, network, parameters)? else {
            return Ok(None);
        };
        let LikelihoodOf {
            likelihood,
            compared,
        } = found;
        let mut of_scores = vec![0.0; SCORE_DRAWS * code];
        let draws = Draws::new(recipe.seed, Purpose::ScoreCode);
        for (number, noise) in (0..).zip(of_scores.chunks_exact_mut(code)) {
            add_normal(Isa::best(), draws.address(number, 0), 1.0, noise);
        }
        let encoder = Pass::before_bottleneck(network, parameters)?;
        // Another crate's bottleneck may draw from something else than a normal distribution.
        if recipe.bottleneck.name() != VARIATIONAL || encoder.outputs() != 2 * code {
            return Ok(None);
        }
        Ok(Some(Bound {
            encoder,
            decoder: Pass::new(network, parameters, compared.clone())?,
            compared,
            likelihood,
            inputs,
            code,
            of_scores,
        }))
    }

    /// The layers of the decoder up to what the likelihood compares.
    pub(crate) fn compared(&self) -> Range<usize> {
        self.compared.clone()
    }

    pub(crate) fn likelihood(&self) -> &dyn Likelihood {
        &*self.likelihood
    }

    /// The noise of the codes that a score is the mean over, `[SCORE_DRAWS, code]`.
    pub(crate) fn noise_of_scores(&self) -> &[f32] {
        &self.of_scores
    }

    /// Some of the rows, encoded.
    pub(crate) fn encode(&self, scaled: Vec<f32>, workers: &mut Workers) -> Encoded {
        let rows = scaled.len() / self.inputs;
        let block = Block {
            given: &scaled,
            inputs: self.inputs,
        };
        let mut given = vec![0.0; rows * 2 * self.code];
        self.encoder.run(&block, workers, &mut given);
        let mut of_rows = vec![0.0; rows];
        divergences(Isa::best(), &given, 0.0, &mut of_rows);
        Encoded {
            scaled,
            given,
            divergences: of_rows,
        }
    }

    /// How many rows to encode at a time, where each has so many draws.
    pub(crate) fn rows_at_once(&self, draws: usize) -> usize {
        let pairs = PAIRS.min(NUMBERS / self.inputs.max(1));
        (pairs / draws.max(1)).max(1)
    }

    /// The negative log likelihood of each row at each of `draws` codes, `[rows, draws]`, in nats; `noise`, of
    /// `[rows, draws, code]`, is what the codes are drawn with and becomes the codes.
    pub(crate) fn nats(
        &self,
        of: &Encoded,
        draws: usize,
        noise: &mut [f32],
        workers: &mut Workers,
    ) -> Vec<f32> {
        let isa = Isa::best();
        let pairs = of.divergences.len() * draws;
        let mut codes = vec![0.0; pairs * self.code];
        let given = of.given.chunks_exact(2 * self.code);
        let of_rows = noise.chunks_exact(draws * self.code).zip(given);
        let made = codes.chunks_exact_mut(draws * self.code);
        for ((noise, given), codes) in of_rows.zip(made) {
            let each = noise.chunks_exact(self.code);
            for (noise, code) in each.zip(codes.chunks_exact_mut(self.code)) {
                draw(isa, given, noise, 0.0, code, &mut [0.0]);
            }
        }
        noise.copy_from_slice(&codes);
        let mut nats = vec![0.0; pairs];
        let drawn = Drawn {
            of,
            draws,
            codes: &codes,
        };
        self.compare(&drawn, workers, &mut nats, |output, target, out| {
            out.fill(self.likelihood.nats(isa, output, target));
        });
        nats
    }

    /// Lets `f` make numbers of what each code decodes to and the row that it is of.
    fn compare(
        &self,
        drawn: &Drawn<'_>,
        workers: &mut Workers,
        out: &mut [f32],
        f: impl Fn(&[f32], &[f32], &mut [f32]) + Sync,
    ) {
        let Drawn { of, draws, codes } = drawn;
        let block = Block {
            given: codes,
            inputs: self.code,
        };
        let (width, inputs) = (out.len() / block.count().max(1), self.inputs);
        self.decoder.map(&block, workers, out, |passed, out| {
            let outputs = passed.outputs.chunks_exact(inputs);
            for ((pair, output), out) in passed.rows.zip(outputs).zip(out.chunks_exact_mut(width)) {
                let row = pair / *draws;
                f(output, &of.scaled[row * inputs..(row + 1) * inputs], out);
            }
        });
    }

    /// The means and, behind them, the stds of the codes of rows, `[rows, 2 code]`.
    pub(super) fn codes_with_stds(&self, rows: &dyn Rows, workers: &mut Workers) -> Vec<f32> {
        let mut codes = Vec::with_capacity(rows.count() * 2 * self.code);
        self.each_block(rows, 1, workers, |encoded, _| {
            for given in encoded.given.chunks_exact(2 * self.code) {
                let (means, logs) = given.split_at(self.code);
                codes.extend_from_slice(means);
                codes.extend(logs.iter().map(|&log| {
                    let log = log.clamp(LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE);
                    (0.5 * f64::from(log)).exp() as f32
                }));
            }
        });
        codes
    }

    /// The scores of rows: the divergence, and the mean negative log likelihood over the draws of scores.
    pub(super) fn scores(&self, rows: &dyn Rows, workers: &mut Workers) -> Vec<f32> {
        let mut scores = Vec::with_capacity(rows.count());
        self.each_block(rows, SCORE_DRAWS, workers, |encoded, workers| {
            let mut noise = self.of_scores.repeat(encoded.divergences.len());
            let nats = self.nats(&encoded, SCORE_DRAWS, &mut noise, workers);
            scores.extend(scores_of(&encoded, &nats));
        });
        scores
    }

    /// The scores of rows and what each value contributes: the nats that it adds above the least that any output could
    /// reach, mean over the draws. `[rows, 1 + inputs]`
    pub(super) fn explained(&self, rows: &dyn Rows, workers: &mut Workers) -> Array2<f32> {
        let isa = Isa::best();
        let mut all = Vec::with_capacity(rows.count() * (1 + self.inputs));
        self.each_block(rows, SCORE_DRAWS, workers, |encoded, workers| {
            let mut codes = self.of_scores.repeat(encoded.divergences.len());
            let nats = self.nats(&encoded, SCORE_DRAWS, &mut codes, workers);
            let mut of_values = vec![0.0; nats.len() * self.inputs];
            let drawn = Drawn {
                of: &encoded,
                draws: SCORE_DRAWS,
                codes: &codes,
            };
            self.compare(&drawn, workers, &mut of_values, |output, target, out| {
                self.likelihood.excess_of_values(isa, output, target, out)
            });
            let scores = scores_of(&encoded, &nats);
            let of_rows = of_values.chunks_exact(SCORE_DRAWS * self.inputs);
            for (score, of_draws) in scores.zip(of_rows) {
                all.push(score);
                all.extend((0..self.inputs).map(|value| {
                    let of_value = of_draws.iter().skip(value).step_by(self.inputs);
                    let sum: f64 = of_value.map(|&nats| f64::from(nats)).sum();
                    (sum / SCORE_DRAWS as f64) as f32
                }));
            }
        });
        Array2::from_shape_vec((rows.count(), 1 + self.inputs), all).unwrap_or_default()
    }

    /// Encodes all rows, block by block.
    fn each_block(
        &self,
        rows: &dyn Rows,
        draws: usize,
        workers: &mut Workers,
        mut each: impl FnMut(Encoded, &mut Workers),
    ) {
        let step = self.rows_at_once(draws);
        for start in (0..rows.count()).step_by(step) {
            let end = (start + step).min(rows.count());
            let mut scaled = vec![0.0; (end - start) * self.inputs];
            rows.write(start..end, &mut scaled);
            let encoded = self.encode(scaled, workers);
            each(encoded, workers);
        }
    }
}

/// The scores of rows from what was measured of them, `[rows, SCORE_DRAWS]`.
fn scores_of<'a>(of: &'a Encoded, nats: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    let of_rows = nats.chunks_exact(SCORE_DRAWS);
    of_rows.zip(&of.divergences).map(|(nats, &divergence)| {
        let sum: f64 = nats.iter().map(|&nats| f64::from(nats)).sum();
        (f64::from(divergence) + sum / SCORE_DRAWS as f64) as f32
    })
}
