//! Priors fitted to codes.

use super::distribution::{Component, Prior, PriorKind};
use super::em;
use super::gaussian::Gaussian;
use super::lower::{self, Lower};
use super::start::start;
use crate::error::{Error, ErrorKind, Result};
use crate::memory::require;
use crate::text::{count_of, thousands};
use ndarray::{ArrayView1, ArrayView2, Axis};

/// The most numbers of a prior: what a model's file has room for.
const MOST_NUMBERS: usize = 500_000;

/// The share of zeros in codes from which on Gaussians describe them badly.
const MANY_ZEROS: f64 = 0.1;

/// The most iterations of the fit of a mixture.
pub const MOST_ITERATIONS: usize = 200;

/// What is fitted to codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PriorSpec {
    /// One Gaussian with a full covariance: mean and covariance of the codes (maximum likelihood).
    Gaussian,
    /// A mixture of at most so many Gaussians with full covariances, by expectation maximization from a start by k-means++.
    Mixture {
        /// The number of Gaussians, 1 to 1000.
        components: usize,
    },
}

impl PriorSpec {
    /// A mixture of 10 Gaussians, as Ghosh et al. 2020 fit to the codes of their autoencoders.
    pub const USUAL: PriorSpec = PriorSpec::Mixture { components: 10 };
}

/// A prior that was fitted, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedPrior {
    /// The prior.
    pub prior: Prior,
    /// The mean log-likelihood of a code, in nats: of the density of codes in their own units.
    pub log_likelihood: f64,
    /// The iterations that the fit of a mixture took; 0 for a Gaussian.
    pub iterations: usize,
    /// What was done otherwise than asked for, and what is dubious, in sentences.
    pub notes: Vec<String>,
}

/// The units in which codes are fitted: in them each value has mean 0 and std 1.
struct Units {
    mean: Vec<f64>,
    std: Vec<f64>,
    /// How many values are the same in all codes, and which.
    constant: usize,
    is_constant: Vec<bool>,
}

impl Units {
    fn of(codes: ArrayView2<'_, f32>) -> Units {
        let rows = codes.nrows() as f64;
        let width = codes.ncols();
        let mut mean = vec![0.0; width];
        for code in codes.rows() {
            for (sum, &value) in mean.iter_mut().zip(code) {
                *sum += f64::from(value);
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= rows);
        let mut std = vec![0.0; width];
        for code in codes.rows() {
            for ((sum, &value), mean) in std.iter_mut().zip(code).zip(&mean) {
                *sum += (f64::from(value) - mean).powi(2);
            }
        }
        std.iter_mut().for_each(|sum| *sum = (*sum / rows).sqrt());
        let is_constant =
            |(std, mean): (&f64, &f64)| *std <= 1e-12 * mean.abs() || *std < f64::MIN_POSITIVE;
        let constant: Vec<bool> = std.iter().zip(&mean).map(is_constant).collect();
        // A value that never changes keeps a spread that is nothing beside those of the others.
        let largest = std.iter().fold(0.0, |a: f64, &b| a.max(b));
        let tiny = if largest > 0.0 { 1e-3 * largest } else { 1e-3 };
        for (std, _) in std.iter_mut().zip(&constant).filter(|(_, is)| **is) {
            *std = tiny;
        }
        Units {
            mean,
            std,
            constant: constant.iter().filter(|is| **is).count(),
            is_constant: constant,
        }
    }

    /// The share of zeros among the values that change.
    fn share_of_zeros(&self, codes: ArrayView2<'_, f32>) -> f64 {
        let changing = self.is_constant.len() - self.constant;
        let zeros = |code: ArrayView1<'_, f32>| {
            let values = code.into_iter().zip(&self.is_constant);
            values.filter(|(value, is)| **value == 0.0 && !**is).count()
        };
        let zeros: usize = codes.rows().into_iter().map(zeros).sum();
        zeros as f64 / (codes.nrows() * changing).max(1) as f64
    }

    /// Codes in these units, row by row.
    fn of_codes(&self, codes: ArrayView2<'_, f32>) -> Vec<f64> {
        let mut scaled = Vec::with_capacity(codes.len());
        for code in codes.rows() {
            let units = self.mean.iter().zip(&self.std);
            let values = code.iter().zip(units);
            scaled.extend(values.map(|(&value, (mean, std))| (f64::from(value) - mean) / std));
        }
        scaled
    }

    /// A Gaussian of these units in those of the code.
    fn gaussian(&self, mean: &[f64], covariance: &Lower) -> Result<Gaussian> {
        let units = self.mean.iter().zip(&self.std);
        let mean = mean
            .iter()
            .zip(units)
            .map(|(value, (mean, std))| value * std + mean);
        let mut own = covariance.clone();
        for row in 0..own.width() {
            for (column, number) in own.row_mut(row).iter_mut().enumerate() {
                *number *= self.std[row] * self.std[column];
            }
        }
        Gaussian::new(mean.collect(), own.numbers().to_vec())
    }

    /// What is added to the logarithm of a density of these units to have it in those of the code.
    fn log_volume(&self) -> f64 {
        -self.std.iter().map(|std| std.ln()).sum::<f64>()
    }
}

impl Prior {
    /// Fits a prior to codes, `[rows, width]`. `seed` draws where the fit of a mixture starts.
    ///
    /// A Gaussian has the mean and the covariance of the codes. Where the covariance is singular (a value that never
    /// changes, values that follow from others, few rows), 1e-6 of each variance is added to it, and a note says so. A
    /// mixture has fewer components than asked for where a component would have fewer codes than a code has values and
    /// one; a note says so. Its fit ends when the mean log-likelihood changes by less than 1e-6 of its size, or after 200
    /// iterations. A note also says where many values are exactly 0, which Gaussians do not describe. The result does not
    /// depend on the number of threads.
    ///
    /// ```
    /// use narrows::model::{Prior, PriorSpec};
    /// use ndarray::Array2;
    ///
    /// // Two groups of codes.
    /// let codes = Array2::from_shape_fn((200, 1), |(i, _)| (i % 2 * 10) as f32 + (i as f32).sin());
    /// let fitted = Prior::fit(codes.view(), PriorSpec::Mixture { components: 2 }, 1, &mut |_| Ok(()))?;
    /// let mut means: Vec<f64> = fitted.prior.components().iter().map(|c| c.gaussian.mean()[0]).collect();
    /// means.sort_by(f64::total_cmp);
    /// assert!(means[0].abs() < 0.1 && (means[1] - 10.0).abs() < 0.1);
    /// # Ok::<(), narrows::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if there are fewer than two codes, if one is not finite, if the components are none or more than
    /// 1000, or if the prior would have more numbers than a model's file has room for; [`ErrorKind::Memory`] if there is
    /// too little of it; and what `progress` ends it with, which is told the iterations that are done.
    pub fn fit(
        codes: ArrayView2<'_, f32>,
        spec: PriorSpec,
        seed: u64,
        progress: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<FittedPrior> {
        let asked = match spec {
            PriorSpec::Gaussian => 1,
            PriorSpec::Mixture { components } => components,
        };
        let components = check(codes, asked)?;
        let units = Units::of(codes);
        let scaled = units.of_codes(codes);
        let mut notes = Vec::new();
        if units.constant > 0 {
            notes.push(format!(
                "{} of {} of the code {} the same in all rows: in draws {} std is 1e-6 of the largest std",
                units.constant,
                count_of(codes.ncols(), "value"),
                if units.constant == 1 { "is" } else { "are" },
                if units.constant == 1 { "its" } else { "their" },
            ));
        }
        let zeros = units.share_of_zeros(codes);
        if zeros >= MANY_ZEROS {
            notes.push(format!(
                "{:.0} % of the code's values that change are exactly 0, as after ReLU or in a sparse code. Gaussians \
                 do not have such values, so new rows may be unlike the data",
                100.0 * zeros
            ));
        }
        match spec {
            PriorSpec::Gaussian => gaussian(&units, &scaled, notes),
            PriorSpec::Mixture { .. } => {
                if components < asked {
                    let rows = count_of(codes.nrows(), "row");
                    notes.push(format!(
                        "{} instead of {asked}: {rows} are too few for more, because each needs {} or more on average",
                        count_of(components, "Gaussian"),
                        codes.ncols() + 1
                    ));
                }
                mixture(&units, &scaled, components, seed, notes, progress)
            }
        }
    }
}

/// Refuses what cannot be fitted; gives the number of components that there are codes for.
fn check(codes: ArrayView2<'_, f32>, asked: usize) -> Result<usize> {
    let refused = |what: &str| Error::new(ErrorKind::Data, what);
    let (rows, width) = codes.dim();
    if !(1..=1000).contains(&asked) {
        return Err(refused("this number of Gaussians is not possible")
            .expected("1 to 1,000")
            .found(asked));
    }
    if rows < 2 || width == 0 {
        return Err(refused("a prior cannot be fitted to so few codes")
            .expected("two rows or more")
            .found(rows));
    }
    if let Some(row) = codes
        .axis_iter(Axis(0))
        .position(|code| code.iter().any(|value| !value.is_finite()))
    {
        return Err(refused("a code is not finite").at(format!("row {row}")));
    }
    let components = asked.min((rows / (width + 1)).max(1));
    let of_one = lower::count(width).saturating_add(width + 1);
    let numbers = of_one.saturating_mul(components);
    if numbers > MOST_NUMBERS {
        return Err(refused("the prior would be too large for a model's file")
            .expected(format!(
                "at most {} numbers",
                thousands(MOST_NUMBERS as f64)
            ))
            .found(format!(
                "{} of codes of {}: {}",
                count_of(components, "Gaussian"),
                count_of(width, "value"),
                thousands(numbers as f64)
            ))
            .hint("fit fewer Gaussians, or train a model with a smaller code"));
    }
    require(
        "fitting a prior to the codes",
        (rows * width + 20 * numbers) * size_of::<f64>(),
    )?;
    Ok(components)
}

/// What is said where [`em::FLOOR`] of each variance is added.
const SINGULAR: &str = "the covariance of the codes is singular, because some of their values never change or follow \
                        from others: 1e-6 of each variance is added to it";

fn gaussian(units: &Units, scaled: &[f64], mut notes: Vec<String>) -> Result<FittedPrior> {
    /// The smallest share of a variance that the other values must leave unexplained.
    const LEAST: f64 = 1e-10;
    let width = units.mean.len();
    let rows = scaled.len() / width;
    let mut covariance = Lower::zeros(width);
    for code in scaled.chunks_exact(width) {
        for (row, &value) in code.iter().enumerate() {
            for (sum, other) in covariance.row_mut(row).iter_mut().zip(code) {
                *sum += value * other;
            }
        }
    }
    for number in covariance.numbers_mut() {
        *number /= rows as f64;
    }
    let factor = match covariance.cholesky(LEAST) {
        Some(factor) => Some(factor),
        None => {
            covariance.add_to_diagonal(em::FLOOR);
            notes.push(SINGULAR.into());
            covariance.cholesky(0.0)
        }
    };
    let factor = factor.ok_or_else(|| {
        Error::new(
            ErrorKind::Data,
            "the covariance of the codes is not positive definite",
        )
        .hint("fit to more rows")
    })?;
    let volume: f64 = (0..width).map(|i| factor.diagonal(i).ln()).sum();
    // The mean square of a code's distance is their number of values, but for what was added.
    let log_likelihood =
        units.log_volume() - volume - 0.5 * width as f64 * (std::f64::consts::TAU.ln() + 1.0);
    let component = Component {
        weight: 1.0,
        gaussian: units.gaussian(&vec![0.0; width], &covariance)?,
    };
    Ok(FittedPrior {
        prior: Prior::fitted(PriorKind::Gaussian, width, vec![component], rows),
        log_likelihood,
        iterations: 0,
        notes,
    })
}

fn mixture(
    units: &Units,
    scaled: &[f64],
    asked: usize,
    seed: u64,
    mut notes: Vec<String>,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<FittedPrior> {
    let width = units.mean.len();
    let rows = scaled.len() / width;
    let (assigned, components) = start(scaled, width, asked, seed);
    let fit = em::fit(
        scaled,
        width,
        (&assigned, components),
        MOST_ITERATIONS,
        progress,
    )?;
    let found = fit.parts.len();
    if found < asked {
        notes.push(format!(
            "{} instead of {asked}: there are no more distinct codes, or the other Gaussians have lost all of theirs",
            count_of(found, "Gaussian")
        ));
    }
    if !fit.has_converged {
        notes.push(format!(
            "the fit ended after {MOST_ITERATIONS} iterations, although the log-likelihood was still rising"
        ));
    }
    let component = |part: &em::Part| -> Result<Component> {
        Ok(Component {
            weight: part.weight,
            gaussian: units.gaussian(&part.mean, &part.covariance)?,
        })
    };
    let components: Result<Vec<Component>> = fit.parts.iter().map(component).collect();
    let last = fit
        .history
        .last()
        .map_or(f64::NAN, |[likelihood, _]| *likelihood);
    Ok(FittedPrior {
        prior: Prior::fitted(PriorKind::Mixture, width, components?, rows),
        log_likelihood: last + units.log_volume(),
        iterations: fit.history.len(),
        notes,
    })
}
