//! How near new rows are to test rows, and codes to the prior: squared maximum mean discrepancies (Gretton et al. 2012, "A kernel
//! two-sample test").

use super::Pca;
use super::evaluating::Evaluating;
use super::matrix::Matrix;
use super::record::Generation;
use crate::error::Result;
use crate::memory::{require, unless_left_out};
use crate::model::Prior;
use crate::network::Rows;
use crate::rng::{Draws, Purpose};
use narrows_kernels::Isa;
use narrows_kernels::mmd::{SCALES, Samples, scratch};
use narrows_kernels::noise::add_normal;
use narrows_kernels::variational::{LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE};
use std::sync::Arc;

/// The rows of each sample, at the most.
const COMPARED_ROWS: usize = 1000;

/// With fewer rows than this a discrepancy says nothing.
const LEAST_ROWS: usize = 50;

/// The principal components in which rows are compared, at the most.
const COMPARED_COMPONENTS: usize = 50;

// The definitions of the numbers name them.
const _: () = assert!(COMPARED_ROWS == 1000 && COMPARED_COMPONENTS == 50);

/// Two samples of as many rows.
struct Pair<'a> {
    width: usize,
    /// The variance of a row, summed over its values.
    variance: f64,
    rows: [&'a [f32]; 2],
}

impl Pair<'_> {
    /// Their squared discrepancy.
    fn discrepancy(&self) -> f64 {
        let [codes, draws] = self.rows;
        let count = codes.len() / self.width;
        let samples = Samples {
            width: self.width,
            variance: self.variance,
            codes,
            draws,
        };
        let mut shares = vec![0.0; count];
        let mut room = vec![0.0; scratch(count, self.width)];
        samples.shares(Isa::best(), 0..count, &mut shares, None, &mut room);
        shares.iter().map(|&share| f64::from(share)).sum::<f64>() / count as f64
    }

    /// The standard error that the discrepancy of two samples of one distribution has, if these are such samples: its variance
    /// is that of a U-statistic of pairs of rows, whose first order is 0.
    fn standard_error(&self) -> f64 {
        let [first, second] = self.rows.map(|rows| rows.chunks_exact(self.width));
        let pairs: Vec<(&[f32], &[f32])> = first.zip(second).collect();
        let scales = SCALES.map(|scale| 2.0 * self.variance * scale);
        let kernel = |a: &[f32], b: &[f32]| -> f64 {
            let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
            let distance: f64 = squares.sum();
            scales.iter().map(|scale| scale / (scale + distance)).sum()
        };
        let mut squares = 0.0;
        for (place, (a, p)) in pairs.iter().enumerate() {
            for (b, q) in &pairs[..place] {
                let both = kernel(a, b) + kernel(p, q) - kernel(a, q) - kernel(b, p);
                squares += both * both;
            }
        }
        let count = pairs.len() as f64;
        let pairs = 0.5 * count * (count - 1.0);
        (2.0 / (count * (count - 1.0)) * squares / pairs).sqrt()
    }
}

/// Some of the rows of a dataset, drawn without repetition: their order in a file may have a pattern. `side` tells datasets
/// apart.
fn chosen(count: usize, of: usize, side: u32) -> impl Iterator<Item = usize> {
    let order = Draws::new(0, Purpose::ComparedRows).permutation(side, of);
    order.into_iter().take(count).map(|row| row as usize)
}

impl Evaluating<'_> {
    /// The discrepancies; none for a model whose codes have no distribution to draw from.
    pub(super) fn generation(&mut self) -> Result<Option<Generation>> {
        let (model, inputs) = (self.model, self.test.inputs());
        if !model.recipe().makes_codes_normal() && model.prior().is_none() {
            return Ok(None);
        }
        let components = COMPARED_COMPONENTS.min(inputs);
        let count = COMPARED_ROWS.min(self.test.rows()).min(self.train.rows());
        let why = if count < LEAST_ROWS {
            Some(format!("fewer than {LEAST_ROWS} rows say nothing"))
        } else if Pca::is_feasible(inputs, components) {
            None
        } else {
            Some("principal components of such wide rows need too much memory".into())
        };
        if let Some(why) = why {
            self.left_out
                .push(format!("the discrepancy of new rows from test rows: {why}"));
            return Ok(None);
        }
        let found = self.generation_of(count, components);
        unless_left_out(found, &mut self.left_out)
    }

    fn generation_of(&mut self, count: usize, components: usize) -> Result<Generation> {
        let (model, inputs) = (self.model, self.test.inputs());
        // Training rows, test rows and new rows.
        let bytes = 3 * count * inputs * size_of::<f32>();
        require("new rows beside test rows", bytes)?;
        let stage = "new rows";
        self.tell(stage, 0, 4)?;
        let rows = self.scaled(self.train);
        let pca = match rows.draws {
            Some(_) => Arc::new(Pca::fit(&rows, inputs, components, self.threads)?),
            None => self.baselines.fit(&rows.rows, components, self.threads)?,
        };
        let threads = self.threads;
        let project = |values: &[f32]| -> Vec<f32> {
            let rows = Matrix {
                values,
                width: inputs,
            };
            let codes = pca.encode(components, &rows, threads);
            codes.into_raw_vec_and_offset().0
        };
        let [trained, tested] = [(self.train, 0), (self.test, 1)].map(|(data, side)| {
            let rows = self.scaled(data);
            let mut values = vec![0.0; count * inputs];
            let places = chosen(count, data.rows(), side);
            for (row, values) in places.zip(values.chunks_exact_mut(inputs)) {
                rows.write(row..row + 1, values);
            }
            values
        });
        let test = project(&tested);
        let variance = pca.variances()[..components].iter().sum();
        let from_test = |rows: &[f32]| {
            let pair = Pair {
                width: components,
                variance,
                rows: [rows, &test],
            };
            pair.discrepancy()
        };
        let training_mmd = from_test(&project(&trained));
        let standard = Prior::standard(model.code_size());
        self.tell(stage, 1, 4)?;
        let prior_mmd = from_test(&project(&self.decoded(&standard, count)));
        self.tell(stage, 2, 4)?;
        let fitted_mmd = model
            .prior()
            .map(|prior| from_test(&project(&self.decoded(prior, count))));
        self.tell(stage, 3, 4)?;
        let codes = self.drawn_codes(tested, count);
        // The second half serves as another sample of the prior.
        let draws = standard
            .draw(model.recipe().seed, 0..2 * count)
            .into_raw_vec_and_offset()
            .0;
        let (draws, others) = draws.split_at(codes.len());
        let of_codes = |rows| Pair {
            width: model.code_size(),
            variance: model.code_size() as f64,
            rows,
        };
        Ok(Generation {
            rows: count,
            components,
            prior_mmd,
            fitted_mmd,
            fitted: model.prior().map(Prior::in_words),
            training_mmd,
            code_mmd: of_codes([&codes, draws]).discrepancy(),
            code_mmd_standard_error: of_codes([draws, others]).standard_error(),
        })
    }

    /// New rows from draws of a prior, scaled: drawn from the likelihood where there is one, as test rows have its noise too.
    fn decoded(&mut self, prior: &Prior, count: usize) -> Vec<f32> {
        let (model, inputs) = (self.model, self.test.inputs());
        let seed = model.recipe().seed;
        let codes = prior.draw(seed, 0..count);
        if let Ok(drawing) = model.drawing(seed) {
            let rows = drawing.scaled(model, &mut self.workers, &codes, 0..count);
            return rows.into_raw_vec_and_offset().0;
        }
        let codes = Matrix {
            values: codes.as_slice().unwrap_or_default(),
            width: model.code_size(),
        };
        let mut rows = vec![0.0; count * inputs];
        model.decoder().run(&codes, &mut self.workers, &mut rows);
        rows
    }

    /// A code of each of some scaled rows: one that is drawn, where the bottleneck draws.
    fn drawn_codes(&mut self, rows: Vec<f32>, count: usize) -> Vec<f32> {
        let width = self.model.code_size();
        let mut codes = vec![0.0; count * width];
        let Some(bound) = self.model.bound() else {
            let rows = Matrix {
                values: &rows,
                width: self.test.inputs(),
            };
            self.model
                .encoder()
                .run(&rows, &mut self.workers, &mut codes);
            return codes;
        };
        let given = bound.encode(rows, &mut self.workers).given;
        let draws = Draws::new(self.model.recipe().seed, Purpose::TestCode);
        let rows = given.chunks_exact(2 * width).enumerate();
        for ((row, given), code) in rows.zip(codes.chunks_exact_mut(width)) {
            let address = draws.address(0, row as u32);
            add_normal(Isa::best(), address, 1.0, code);
            let (means, logs) = given.split_at(width);
            for (value, (mean, log)) in code.iter_mut().zip(means.iter().zip(logs)) {
                let log = log.clamp(LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE);
                *value = mean + *value * (0.5 * log).exp();
            }
        }
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(seed: u64, count: usize, width: usize) -> Vec<f32> {
        let rows = Prior::standard(width).draw(seed, 0..count);
        rows.into_raw_vec_and_offset().0
    }

    fn pair<'a>(width: usize, rows: [&'a [f32]; 2]) -> Pair<'a> {
        Pair {
            width,
            variance: width as f64,
            rows,
        }
    }

    #[test]
    fn the_standard_error_is_that_of_many_discrepancies_of_one_distribution() {
        let (count, width) = (60, 4);
        let mut found = Vec::new();
        let mut errors = Vec::new();
        for seed in 0..400 {
            let [a, b] = [2 * seed, 2 * seed + 1].map(|seed| normal(seed, count, width));
            let pair = pair(width, [&a, &b]);
            found.push(pair.discrepancy());
            errors.push(pair.standard_error());
        }
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let center = mean(&found);
        let squares: Vec<f64> = found.iter().map(|x| (x - center).powi(2)).collect();
        let ratio = mean(&errors) / mean(&squares).sqrt();
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
        assert!(center.abs() < 4.0 * mean(&errors) / 20.0, "{center}");
    }

    #[test]
    fn rows_of_another_distribution_are_far_away() {
        let (count, width) = (200, 3);
        let [a, b] = [1, 2].map(|seed| normal(seed, count, width));
        let error = pair(width, [&a, &b]).standard_error();
        let moved: Vec<f32> = a.iter().map(|x| 1.2 * x + 0.4).collect();
        assert!(pair(width, [&moved, &b]).discrepancy() > 10.0 * error);
    }

    #[test]
    fn rows_are_chosen_once_from_all() {
        let mut rows: Vec<usize> = chosen(900, 1000, 1).collect();
        assert!(!rows.is_sorted());
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 900);
        assert!(rows[899] > 950 && !chosen(900, 1000, 0).eq(chosen(900, 1000, 1)));
    }
}
