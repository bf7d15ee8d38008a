//! A distribution of codes, and draws from it.

use super::gaussian::Gaussian;
use super::lower::Lower;
use crate::error::{Error, ErrorKind, Result};
use crate::rng::normal_quantile;
use crate::rng::{Draws, Purpose};
use crate::text::count_of;
use narrows_kernels::Isa;
use narrows_kernels::noise::{Address, add_normal};
use ndarray::Array2;
use std::ops::Range;

/// The parts that draw for [`Purpose::Samples`]: the normal numbers of a code, the component that it is of, where the fit of
/// a mixture starts, and a row around what its code decodes to.
const COMPONENT: u32 = 1;
pub(super) const START: u32 = 2;
const ROW: u32 = 3;

/// The sort of a [`Prior`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PriorKind {
    /// N(0, I): what training with a variational bottleneck makes of the codes (Kingma & Welling 2014, "Auto-encoding
    /// variational Bayes"), or with the penalty `mmd` (Tolstikhin et al. 2018, "Wasserstein auto-encoders").
    Standard,
    /// One Gaussian with a full covariance, fitted to codes.
    Gaussian,
    /// A mixture of Gaussians with full covariances, fitted to codes (Ghosh et al. 2020, "From variational to deterministic
    /// autoencoders").
    Mixture,
}

impl PriorKind {
    /// The names, in the order of the variants.
    pub const NAMES: [&str; 3] = ["standard", "gaussian", "mixture"];

    /// By its name.
    ///
    /// ```
    /// use narrows::model::PriorKind;
    /// assert_eq!(PriorKind::named("mixture"), Some(PriorKind::Mixture));
    /// assert_eq!(PriorKind::named("uniform"), None);
    /// ```
    pub fn named(name: &str) -> Option<PriorKind> {
        use PriorKind::{Gaussian, Mixture, Standard};
        let all = [Standard, Gaussian, Mixture];
        all.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        PriorKind::NAMES[self as usize]
    }
}

/// One of the Gaussians of a [`Prior`].
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The share of the codes that are of it.
    pub weight: f64,
    /// Their distribution.
    pub gaussian: Gaussian,
}

/// A distribution of codes, from which new codes are drawn.
///
/// A code that is drawn depends on the prior, the seed and the code's number alone: code 7 of a seed is the same whether 8
/// codes are drawn or a million, and on any number of threads.
///
/// ```
/// use narrows::model::Prior;
///
/// let prior = Prior::standard(3);
/// let codes = prior.draw(1, 0..1000);
/// assert_eq!(codes.dim(), (1000, 3));
/// assert_eq!(prior.draw(1, 7..8).row(0), codes.row(7));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    kind: PriorKind,
    width: usize,
    /// None for the standard normal distribution.
    components: Vec<Component>,
    rows: usize,
    source: Option<String>,
}

impl Prior {
    /// N(0, I) over codes of `width` values.
    pub fn standard(width: usize) -> Prior {
        Prior {
            kind: PriorKind::Standard,
            width,
            components: Vec::new(),
            rows: 0,
            source: None,
        }
    }

    /// One that was fitted to the codes of so many rows.
    pub(super) fn fitted(
        kind: PriorKind,
        width: usize,
        components: Vec<Component>,
        rows: usize,
    ) -> Prior {
        Prior {
            kind,
            width,
            components,
            rows,
            source: None,
        }
    }

    /// The same with what the source of the rows is called that it was fitted to, where these are not the rows that the
    /// model was trained on.
    #[must_use]
    pub fn from_source(self, source: Option<String>) -> Prior {
        Prior { source, ..self }
    }

    /// Its sort.
    pub fn kind(&self) -> PriorKind {
        self.kind
    }

    /// The number of values of a code.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The Gaussians that it consists of, with weights that sum to 1; none for [`PriorKind::Standard`].
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The number of rows to whose codes it was fitted.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What the source of these rows is called; none if they are the rows that the model was trained on.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// What it is, in words: `a mixture of 10 Gaussians, fitted to the codes of 54,000 training rows`.
    pub fn in_words(&self) -> String {
        let what = match self.kind {
            PriorKind::Standard => return "the standard normal distribution".into(),
            PriorKind::Gaussian => "a Gaussian".to_string(),
            PriorKind::Mixture => {
                format!(
                    "a mixture of {}",
                    count_of(self.components.len(), "Gaussian")
                )
            }
        };
        match &self.source {
            None => format!(
                "{what}, fitted to the codes of {}",
                count_of(self.rows, "training row")
            ),
            Some(source) => format!(
                "{what}, fitted to the codes of {} of {source}",
                count_of(self.rows, "row")
            ),
        }
    }

    /// The codes of these numbers, `[codes, width]`, drawn by a seed.
    pub fn draw(&self, seed: u64, numbers: Range<usize>) -> Array2<f32> {
        let mut codes = Array2::zeros((numbers.len(), self.width));
        let mut normal = vec![0.0; self.width];
        for (mut code, number) in codes.rows_mut().into_iter().zip(numbers) {
            if let Some(code) = code.as_slice_mut() {
                normals(seed, number, code);
                if let Some(component) = self.component(seed, number) {
                    for (wide, number) in normal.iter_mut().zip(&*code) {
                        *wide = f64::from(*number);
                    }
                    component.gaussian.code(&normal, code);
                }
            }
        }
        codes
    }

    /// The Gaussian that a code is drawn from, by the weights.
    fn component(&self, seed: u64, number: usize) -> Option<&Component> {
        if let [] | [_] = &self.components[..] {
            return self.components.first();
        }
        let drawn = uniform(seed, COMPONENT, number);
        let mut sum = 0.0;
        let found = self.components.iter().find(|component| {
            sum += component.weight;
            drawn < sum
        });
        // Weights sum to 1 but for rounding.
        found.or(self.components.last())
    }

    /// The mean of each value of a code.
    pub fn mean(&self) -> Vec<f64> {
        let mean = |index| self.sum(|gaussian| gaussian.mean()[index]);
        (0..self.width).map(mean).collect()
    }

    /// The standard deviation of each value of a code.
    pub fn stds(&self) -> Vec<f64> {
        if self.components.is_empty() {
            return vec![1.0; self.width];
        }
        let mean = self.mean();
        let variance = |index: usize| {
            self.sum(|gaussian| {
                gaussian.lower().diagonal(index) + (gaussian.mean()[index] - mean[index]).powi(2)
            })
        };
        (0..self.width)
            .map(|index| variance(index).sqrt())
            .collect()
    }

    /// The Gaussian with the mean and the covariance of the codes.
    ///
    /// # Errors
    ///
    /// Never for a prior that was fitted or read from a file, but for values beyond double precision.
    pub fn moments(&self) -> Result<Gaussian> {
        let mean = self.mean();
        let mut covariance = Lower::zeros(self.width);
        if self.components.is_empty() {
            covariance.add_to_diagonal(1.0);
        }
        for row in 0..self.width {
            for (column, value) in covariance.row_mut(row).iter_mut().enumerate() {
                *value += self.sum(|gaussian| {
                    let away = |index: usize| gaussian.mean()[index] - mean[index];
                    gaussian.lower().row(row)[column] + away(row) * away(column)
                });
            }
        }
        Gaussian::new(mean, covariance.numbers().to_vec())
    }

    /// A weighted sum over the components.
    fn sum(&self, of: impl Fn(&Gaussian) -> f64) -> f64 {
        let parts = self.components.iter();
        parts.map(|part| part.weight * of(&part.gaussian)).sum()
    }

    /// The codes that quantiles stand for, `[codes, width]`: the mean and L times the standard normal quantile of each
    /// number of a row, L being Cholesky's factor of the covariance. Evenly spaced numbers give codes that lie the denser
    /// the more codes are there (Kingma & Welling 2014, appendix A).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the rows have another width than the codes, or a number is not above 0 and below 1.
    pub fn at_quantiles(&self, quantiles: &Array2<f64>) -> Result<Array2<f32>> {
        if quantiles.ncols() != self.width {
            return Err(
                Error::new(ErrorKind::Data, "the quantiles do not fit the code")
                    .expected(format!("{} of each code", self.width))
                    .found(quantiles.ncols()),
            );
        }
        let moments = self.moments()?;
        let mut codes = Array2::zeros(quantiles.dim());
        for (mut code, quantiles) in codes.rows_mut().into_iter().zip(quantiles.rows()) {
            let normal: Option<Vec<f64>> = quantiles
                .iter()
                .map(|&quantile| normal_quantile(quantile))
                .collect();
            let normal = normal.ok_or_else(|| {
                Error::new(ErrorKind::Data, "a quantile is not possible").expected("0 < q < 1")
            })?;
            if let Some(code) = code.as_slice_mut() {
                moments.code(&normal, code);
            }
        }
        Ok(codes)
    }
}

/// Draws for one of the parts, at a number of 64 bits.
fn draws(seed: u64, part: u32, number: usize) -> (Draws, [u32; 2]) {
    let draws = Draws::new(seed, Purpose::Samples).of_part(part);
    let number = number as u64;
    (draws, [(number >> 32) as u32, number as u32])
}

/// The standard normal numbers of a code.
pub(crate) fn normals(seed: u64, number: usize, code: &mut [f32]) {
    let (draws, [epoch, sample]) = draws(seed, 0, number);
    code.fill(0.0);
    add_normal(Isa::best(), draws.address(epoch, sample), 1.0, code);
}

/// The address of the noise of a row, around what its code decodes to.
pub(crate) fn noise_of_row(seed: u64, number: usize) -> Address {
    let (draws, [epoch, sample]) = draws(seed, ROW, number);
    draws.address(epoch, sample)
}

/// A number uniform in [0, 1).
pub(super) fn uniform(seed: u64, part: u32, number: usize) -> f64 {
    let (draws, [epoch, sample]) = draws(seed, part, number);
    let [low, high, ..] = draws.words(epoch, sample, 0);
    let bits = (u64::from(high) << 32 | u64::from(low)) >> 11;
    bits as f64 / (1u64 << 53) as f64
}
