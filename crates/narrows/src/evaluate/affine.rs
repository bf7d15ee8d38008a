//! The best affine map from noisy rows to clean ones: the linear baseline of a denoiser.

use super::moments::{MAX_WIDTH, Moments, subtract, tiles};
use super::needs::of_affine_map;
use super::robustness::TestNoise;
use crate::corruption::CorruptedRows;
use crate::error::{Error, ErrorKind, Result};
use crate::memory::require;
use crate::network::Rows;
use crate::text::count_of;
use faer::Side;
use faer::linalg::solvers::Solve;
use narrows_kernels::Isa;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::split::Parts;
use narrows_kernels::team::Team;
use std::ops::Range;

/// The ridge, as a share of the mean variance of the noisy values.
const RIDGE: f64 = 1e-6;

/// An affine map of rows: `clean ≈ (noisy - mean of noisy) W + mean of clean`.
#[derive(Clone, Debug)]
pub(super) struct AffineMap {
    inputs: usize,
    /// The mean of the noisy rows.
    mean: Vec<f32>,
    /// Row-major `[noisy, clean]`.
    weights: Vec<f32>,
    /// The mean of the clean rows.
    bias: Vec<f32>,
}

/// Rows of twice as many values: the noisy row, followed by the clean row.
struct Pairs<'a> {
    clean: &'a dyn Rows,
    inputs: usize,
    noise: &'a TestNoise,
}

impl Rows for Pairs<'_> {
    /// Each row occurs once for each of its noises.
    fn count(&self) -> usize {
        self.clean.count() * self.noise.draws as usize
    }

    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        let inputs = self.inputs;
        for (row, pair) in rows.zip(into.chunks_exact_mut(2 * inputs)) {
            let (place, draw) = (row % self.clean.count(), row / self.clean.count());
            let (noisy, clean) = pair.split_at_mut(inputs);
            // The draws of test rows begin with 0.
            let draw = draw as u32 + FIRST_DRAW;
            CorruptedRows::new(self.clean, inputs, &self.noise.corruption, self.noise.seed)
                .drawn_again(draw)
                .write(place..place + 1, noisy);
            self.clean.write(place..place + 1, clean);
        }
    }
}

/// The number of the first draw for training rows. It differs from the draws for test rows, so that test rows at the
/// same places have other noise.
const FIRST_DRAW: u32 = 1 << 16;

impl AffineMap {
    /// Whether the map can be computed for rows of `inputs` values: at most 2048.
    pub(super) fn is_feasible(inputs: usize) -> bool {
        (1..=MAX_WIDTH / 2).contains(&inputs)
    }

    /// The map of the lowest squared error on scaled training rows of `inputs` values. Each row is used with
    /// `noise.draws` draws of noise (ridge regression; Hoerl & Kennard 1970).
    ///
    /// The result does not depend on the team.
    ///
    /// # Errors
    ///
    /// If the rows are not more than the values of a row, if they are too wide ([`AffineMap::is_feasible`]), if there
    /// is too little memory, or if values are not finite.
    pub(super) fn fit(
        rows: &dyn Rows,
        inputs: usize,
        noise: &TestNoise,
        team: &mut Team,
    ) -> Result<AffineMap> {
        if !AffineMap::is_feasible(inputs) || rows.count() <= inputs {
            return Err(
                Error::new(ErrorKind::Data, "there is no best affine map of these rows")
                    .expected("1 to 2,048 values in a row, and more rows than values")
                    .found(format!(
                        "{} of {}",
                        count_of(rows.count(), "row"),
                        count_of(inputs, "value")
                    )),
            );
        }
        require(
            "the best affine map from noisy to clean rows",
            of_affine_map(inputs, team.threads()),
        )?;
        let pairs = Pairs {
            clean: rows,
            inputs,
            noise,
        };
        let Moments {
            mean,
            mut covariance,
        } = Moments::of(&pairs, 2 * inputs, team);
        let cross = covariance
            .as_ref()
            .submatrix(0, inputs, inputs, inputs)
            .to_owned();
        let variance = (0..inputs).map(|i| covariance[(i, i)]).sum::<f64>() / inputs as f64;
        // If all rows have the same value, there is no variance: the map is then the mean.
        let ridge = if variance > 0.0 {
            RIDGE * variance
        } else {
            1.0
        };
        for i in 0..inputs {
            covariance[(i, i)] += ridge;
        }
        let refuse = |why: String| {
            Error::new(ErrorKind::Data, "the best affine map cannot be found").caused_by(why)
        };
        let noisy = covariance.as_ref().submatrix(0, 0, inputs, inputs);
        let cholesky = noisy.llt(Side::Lower).map_err(|_| {
            refuse(
                "the variances of the noisy values differ too much in size, or are not finite"
                    .into(),
            )
        })?;
        let solution = cholesky.solve(&cross);
        let weights: Vec<f32> = (0..inputs)
            .flat_map(|i| (0..inputs).map(move |j| (i, j)))
            .map(|place| solution[place] as f32)
            .collect();
        let single = |means: &[f64]| means.iter().map(|&mean| mean as f32).collect::<Vec<f32>>();
        let (mean, bias) = (single(&mean[..inputs]), single(&mean[inputs..]));
        if weights.iter().chain(&bias).all(|value| value.is_finite()) {
            Ok(AffineMap {
                inputs,
                mean,
                weights,
                bias,
            })
        } else {
            Err(refuse("its values are not finite".into()))
        }
    }

    /// The outputs of the map for noisy rows, into `[rows, inputs]`.
    pub(super) fn apply(&self, rows: &dyn Rows, team: &mut Team, out: &mut [f32]) {
        let inputs = self.inputs;
        let bounds = tiles(rows.count(), inputs);
        let mut scratch = vec![Vec::new(); team.threads()];
        team.run(
            &mut scratch,
            Parts::new(out, &bounds),
            |noisy: &mut Vec<f32>, tile, out| {
                let start = bounds.range(tile).start / inputs;
                noisy.resize(out.len(), 0.0);
                rows.write(start..start + out.len() / inputs, noisy);
                subtract(noisy, &self.mean);
                product(
                    Isa::best(),
                    (out.len() / inputs, inputs, inputs),
                    Left {
                        data: noisy,
                        row: inputs,
                        column: 1,
                    },
                    Right::row_major(&self.weights, inputs),
                    Start::Bias(&self.bias),
                    out,
                    inputs,
                );
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Matrix, mse};
    use super::*;
    use crate::corruption::Corruption;
    use crate::rng::{Draws, Purpose, normal};

    const INPUTS: usize = 3;

    /// Rows of normally distributed values with the stds 2, 1 and 0.5 around 5; the first two are correlated.
    fn rows(count: usize, seed: u64) -> Vec<f32> {
        let draws = Draws::new(seed, Purpose::Initialization);
        let row = |row: usize| {
            let [a, b, c, d] = draws.words(0, row as u32, 0);
            let ([x, y], [z, _]) = (normal([a, b]), normal([c, d]));
            [5.0 + 2.0 * x, 5.0 + 0.6 * x + 0.8 * y, 5.0 + 0.5 * z]
        };
        (0..count).flat_map(row).collect()
    }

    fn matrix(values: &[f32]) -> Matrix<'_> {
        Matrix {
            values,
            width: INPUTS,
        }
    }

    fn noise(corruption: Corruption, draws: u32) -> TestNoise {
        TestNoise {
            corruption,
            seed: 7,
            draws,
        }
    }

    #[test]
    fn of_normal_rows_it_is_the_wiener_filter() {
        let train = rows(40_000, 1);
        let noise = noise(Corruption::gaussian(1.0), 2);
        let mut team = Team::new(2);
        let map = AffineMap::fit(&matrix(&train), INPUTS, &noise, &mut team).unwrap();
        // C (C + I)⁻¹ of C = [[4, 1.2, 0], [1.2, 1, 0], [0, 0, 0.25]].
        let determinant = 5.0 * 2.0 - 1.2 * 1.2;
        let first = (4.0 * 2.0 - 1.2 * 1.2) / determinant;
        let second = (1.2 * 5.0 - 4.0 * 1.2) / determinant;
        assert!(
            (f64::from(map.weights[0]) - first).abs() < 0.01,
            "{:?}",
            map.weights
        );
        assert!(
            (f64::from(map.weights[3]) - second).abs() < 0.01,
            "{:?}",
            map.weights
        );
        assert!((map.weights[8] - 0.2).abs() < 0.01, "{:?}", map.weights);
        // A row at the mean stays there.
        let mut out = [0.0; INPUTS];
        map.apply(&matrix(&[5.0; INPUTS]), &mut team, &mut out);
        assert!(
            out.iter().all(|value| (value - 5.0).abs() < 0.05),
            "{out:?}"
        );
        let again = AffineMap::fit(&matrix(&train), INPUTS, &noise, &mut Team::new(1)).unwrap();
        assert_eq!((again.weights, again.bias), (map.weights, map.bias));
    }

    #[test]
    fn it_takes_more_noise_out_than_it_puts_in() {
        let (train, test) = (rows(2000, 1), rows(500, 2));
        for corruption in [
            Corruption::gaussian(1.0),
            Corruption::masking(0.5),
            Corruption::salt_and_pepper(0.5),
        ] {
            let noise = noise(corruption, 4);
            let mut team = Team::new(1);
            let map = AffineMap::fit(&matrix(&train), INPUTS, &noise, &mut team).unwrap();
            let clean = matrix(&test);
            let noisy = CorruptedRows::new(&clean, INPUTS, &noise.corruption, 7);
            let mut given = vec![0.0; test.len()];
            noisy.write(0..500, &mut given);
            let mut made = vec![0.0; test.len()];
            map.apply(&noisy, &mut team, &mut made);
            let (before, after) = (mse(&test, &given), mse(&test, &made));
            assert!(after < 0.8 * before, "{after} of {before}");
        }
    }

    #[test]
    fn rows_that_are_too_few_or_all_the_same_are_no_surprise() {
        let noise = noise(Corruption::masking(0.5), 1);
        let fit =
            |values: &[f32]| AffineMap::fit(&matrix(values), INPUTS, &noise, &mut Team::new(1));
        assert!(fit(&rows(3, 1)).is_err());
        let zero = fit(&[0.0; 30]).unwrap();
        let mut out = [1.0; INPUTS];
        zero.apply(&matrix(&[3.0; INPUTS]), &mut Team::new(1), &mut out);
        assert_eq!(out, [0.0; INPUTS]);
        let error = fit(&[f32::NAN; 30]).unwrap_err().to_string();
        assert!(
            error.contains("cannot be found") && !error.contains("Pivot"),
            "{error}"
        );
        assert!(!AffineMap::is_feasible(2049) && !AffineMap::is_feasible(0));
    }
}
