//! A normal distribution with a full covariance.

use super::lower::{Lower, dot};
use crate::error::{Error, ErrorKind, Result};
use crate::text::count_of;

/// A normal distribution of codes with a full covariance, in the units of the code, in double precision.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    mean: Vec<f64>,
    covariance: Lower,
    /// Cholesky's factor L of the covariance, which is L Lᵀ.
    factor: Lower,
}

impl Gaussian {
    /// From its mean, `[width]`, and the lower half of its covariance row by row, the diagonal included:
    /// `width · (width + 1) / 2` numbers.
    ///
    /// ```
    /// use narrows::model::Gaussian;
    ///
    /// let gaussian = Gaussian::new(vec![0.0, 5.0], vec![4.0, 1.0, 9.0])?;
    /// assert_eq!(gaussian.covariance(0, 1), Some(1.0));
    /// assert_eq!(gaussian.std(1), Some(3.0));
    /// // A correlation beyond 1 is not possible.
    /// assert!(Gaussian::new(vec![0.0, 5.0], vec![4.0, 7.0, 9.0]).is_err());
    /// # Ok::<(), narrows::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the numbers are too many or too few, or not finite, or if the covariance is not positive
    /// definite.
    pub fn new(mean: Vec<f64>, covariance: Vec<f64>) -> Result<Gaussian> {
        let refused = |what: &str| Error::new(ErrorKind::Data, what);
        let (width, found) = (mean.len(), covariance.len());
        if !mean.iter().chain(&covariance).all(|n| n.is_finite()) {
            return Err(refused("a number of the Gaussian is not finite"));
        }
        let covariance = Lower::of(width, covariance)
            .filter(|covariance| covariance.width() > 0)
            .ok_or_else(|| {
                refused("the covariance does not fit the mean")
                    .expected(format!(
                        "the lower half of a matrix of {}, which is {}",
                        count_of(width, "row"),
                        count_of(super::lower::count(width), "number")
                    ))
                    .found(found)
            })?;
        let factor = covariance.cholesky(0.0).ok_or_else(|| {
            refused("the covariance is not positive definite").expected(
                "a covariance of values of which none is constant or follows from the others",
            )
        })?;
        Ok(Gaussian {
            mean,
            covariance,
            factor,
        })
    }

    /// The number of values of a code.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// The mean of each value.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The covariance of two values; none if there are no such values.
    pub fn covariance(&self, a: usize, b: usize) -> Option<f64> {
        let (row, column) = (a.max(b), a.min(b));
        (row < self.width()).then(|| self.covariance.row(row)[column])
    }

    /// The standard deviation of a value; none if there is no such value.
    pub fn std(&self, index: usize) -> Option<f64> {
        self.covariance(index, index).map(f64::sqrt)
    }

    /// The lower half of the covariance.
    pub(super) fn lower(&self) -> &Lower {
        &self.covariance
    }

    /// The code that standard normal numbers stand for: the mean and L times them.
    pub(super) fn code(&self, normal: &[f64], code: &mut [f32]) {
        let means = self.mean.iter().zip(code).enumerate();
        for (index, (mean, value)) in means {
            let row = self.factor.row(index);
            *value = (mean + dot(row, &normal[..row.len()])) as f32;
        }
    }
}
