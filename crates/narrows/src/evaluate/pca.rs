//! Principal component analysis: the best linear code of a size, and therefore the baseline of every autoencoder.

use super::eigen::{Eigen, not_found};
use super::moments::{MAX_WIDTH, Moments, TILE, is_whole, subtract, tiles};
use super::needs::of_pca;
use super::subspace;
use crate::error::{Error, ErrorKind, Result};
use crate::memory::require;
use crate::network::Rows;
use crate::text::count_of;
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;
use ndarray::Array2;

/// The first principal components of some rows.
#[derive(Clone, Debug)]
pub struct Pca {
    mean: Vec<f64>,
    /// Row-major `[components, inputs]`, the one of largest variance first.
    components: Vec<f32>,
    variances: Vec<f64>,
}

impl Pca {
    /// The first `components` principal components, or as many as there are, of rows of `inputs`
    /// values each.
    ///
    /// For rows of up to 4096 values, the covariance is decomposed. For wider rows the covariance would not fit into
    /// memory. For them, and for few components of rows of more than 1024 values, subspace iteration is used (Halko,
    /// Martinsson & Tropp 2011, "Finding structure with randomness"). It ends when the variance of the components no
    /// longer grows by a millionth. Memory does not grow with the number of rows, and the result does not depend on
    /// `threads`.
    ///
    /// # Errors
    ///
    /// If there are no rows; if the components would take too much memory (see [`Pca::is_feasible`]) or more than is
    /// left; or if the eigenvalues cannot be found, for example because values are not finite.
    pub fn fit(rows: &dyn Rows, inputs: usize, components: usize, threads: usize) -> Result<Pca> {
        Pca::fit_with(rows, inputs, components, &mut Team::new(threads))
    }

    /// Whether the first `components` principal components of rows of `inputs` values can be found. This is always so
    /// for rows of up to 4096 values. For wider rows the basis of the iteration must take at most 256 MiB; it has
    /// `inputs` columns, and one and a half times as many rows as there are components.
    pub fn is_feasible(inputs: usize, components: usize) -> bool {
        inputs <= MAX_WIDTH || subspace::is_feasible(inputs, components.min(inputs))
    }

    pub(super) fn fit_with(
        rows: &dyn Rows,
        inputs: usize,
        components: usize,
        team: &mut Team,
    ) -> Result<Pca> {
        let components = components.min(inputs);
        if rows.count() == 0 || inputs == 0 {
            return Err(
                Error::new(ErrorKind::Data, "there are no values to find components of")
                    .expected("one row of one value at least")
                    .found(format!(
                        "{} of {}",
                        count_of(rows.count(), "row"),
                        count_of(inputs, "value")
                    )),
            );
        }
        if !Pca::is_feasible(inputs, components) {
            return Err(Error::new(
                ErrorKind::Data,
                "so many principal components of such wide rows need too much memory",
            )
            .expected(format!(
                "at most {} of {} each",
                subspace::most_components(inputs),
                count_of(inputs, "value")
            ))
            .found(components));
        }
        require(
            "principal component analysis",
            of_pca(inputs, components, team.threads()),
        )?;
        let pca = if is_whole(inputs, components) {
            let Moments { mean, covariance } = Moments::of(rows, inputs, team);
            let eigen = Eigen::of(covariance.as_ref())?;
            let vectors = (0..components).flat_map(|c| eigen.vector(c));
            Pca {
                mean,
                components: vectors.map(|value| value as f32).collect(),
                variances: eigen.values(components),
            }
        } else {
            let (mean, components, variances) = subspace::iterate(rows, inputs, components, team)?;
            Pca {
                mean,
                components,
                variances,
            }
        };
        if pca.variances.iter().all(|variance| variance.is_finite()) {
            Ok(pca)
        } else {
            Err(not_found("the variance of the rows is not finite"))
        }
    }

    /// The variance along each component, the largest first, of the population (divided by the number
    /// of rows).
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// The mean of the rows.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The components, row-major `[components, inputs]`: orthonormal, the one of largest variance first.
    pub fn components(&self) -> &[f32] {
        &self.components
    }

    /// The codes of rows, `[rows, code]`: the coordinates of the rows, minus the mean, along the first `code`
    /// components, or along all components if there are fewer.
    pub fn encode(&self, code: usize, rows: &dyn Rows, threads: usize) -> Array2<f32> {
        let code = code.min(self.variances.len());
        let mut codes = Array2::zeros((rows.count(), code));
        if let Some(codes) = codes.as_slice_mut() {
            let bounds = tiles(rows.count(), code);
            let (codes, mut team) = (Parts::new(codes, &bounds), Team::new(threads));
            self.project(code, rows, &mut team, codes, |p, codes| {
                codes.copy_from_slice(p.codes);
            });
        }
        codes
    }

    /// The reconstructions of rows, `[rows, inputs]`, from their codes.
    pub fn reconstruct(&self, code: usize, rows: &dyn Rows, threads: usize) -> Array2<f32> {
        let mut out = Array2::zeros((rows.count(), self.mean.len()));
        if let Some(out) = out.as_slice_mut() {
            self.reconstruct_with(code, rows, &mut Team::new(threads), out);
        }
        out
    }

    /// As [`Pca::reconstruct`], with existing memory.
    pub(super) fn reconstruct_with(
        &self,
        code: usize,
        rows: &dyn Rows,
        team: &mut Team,
        out: &mut [f32],
    ) {
        let inputs = self.mean.len();
        let mean = self.single_mean();
        let bounds = tiles(rows.count(), inputs);
        let out = Parts::new(out, &bounds);
        self.project(code, rows, team, out, |p, out| {
            product(
                Isa::best(),
                (out.len() / inputs, inputs, p.code),
                Left {
                    data: p.codes,
                    row: p.code,
                    column: 1,
                },
                Right::row_major(p.basis, inputs),
                Start::Bias(&mean),
                out,
                inputs,
            );
        });
    }

    /// The mean over rows and inputs of the squared error of the reconstructions from the first `code` components.
    pub fn reconstruction_mse(&self, code: usize, rows: &dyn Rows, threads: usize) -> f64 {
        let (count, inputs) = (rows.count(), self.mean.len());
        let mut errors = vec![0.0f64; count.div_ceil(TILE)];
        let bounds = Bounds::new((0..=errors.len()).collect());
        let team = &mut Team::new(threads);
        let parts = Parts::new(&mut errors, &bounds);
        self.project(code, rows, team, parts, |p, error| {
            // The residual: x - codes · basis.
            p.codes.iter_mut().for_each(|value| *value = -*value);
            product(
                Isa::best(),
                (p.x.len() / inputs, inputs, p.code),
                Left {
                    data: p.codes,
                    row: p.code,
                    column: 1,
                },
                Right::row_major(p.basis, inputs),
                Start::Accumulate,
                p.x,
                inputs,
            );
            let squares = p.x.iter().map(|&value| f64::from(value) * f64::from(value));
            error.fill(squares.sum());
        });
        errors.iter().sum::<f64>() / (count * inputs) as f64
    }

    fn single_mean(&self) -> Vec<f32> {
        self.mean.iter().map(|&mean| mean as f32).collect()
    }

    /// Projects rows on the first `code` components, one tile at a time, and lets `f` compute the part of `out` for the
    /// tile.
    fn project<T: Send>(
        &self,
        code: usize,
        rows: &dyn Rows,
        team: &mut Team,
        out: Parts<'_, T>,
        f: impl Fn(Projected<'_>, &mut [T]) + Sync,
    ) {
        let (count, inputs) = (rows.count(), self.mean.len());
        let code = code.min(self.variances.len());
        let basis = &self.components[..code * inputs];
        let mean = self.single_mean();
        let mut scratch = vec![(vec![0.0; TILE * inputs], vec![0.0; TILE * code]); team.threads()];
        team.run(&mut scratch, out, |(x, codes), part, out| {
            let start = part * TILE;
            let len = (count - start).min(TILE);
            let (x, codes) = (&mut x[..len * inputs], &mut codes[..len * code]);
            rows.write(start..start + len, x);
            subtract(x, &mean);
            product(
                Isa::best(),
                (len, code, inputs),
                Left {
                    data: x,
                    row: inputs,
                    column: 1,
                },
                Right::transpose_of(basis, inputs),
                Start::Zero,
                codes,
                code,
            );
            f(
                Projected {
                    x,
                    codes,
                    basis,
                    code,
                },
                out,
            );
        });
    }
}

/// A tile of rows and its projections.
struct Projected<'a> {
    /// The rows minus the mean, `[rows, inputs]`.
    x: &'a mut [f32],
    /// Their codes, `[rows, code]`.
    codes: &'a mut [f32],
    /// The components, `[code, inputs]`.
    basis: &'a [f32],
    code: usize,
}

#[cfg(test)]
mod tests;
