//! The ridge probe: how well a linear map predicts the classes from the codes.

use super::moments::{MAX_WIDTH, TILE, tiles};
use crate::error::{Error, ErrorKind, Result};
use crate::text::count_of;
use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use narrows_kernels::split::Parts;
use narrows_kernels::team::Team;
use ndarray::{Array2, ArrayView1, ArrayView2};

/// The weight of the penalty `α · ‖w‖²`, as in scikit-learn's `RidgeClassifier`.
const ALPHA: f64 = 1.0;

/// The share of its mean that the deviation of a code must exceed; a smaller deviation is only rounding.
const LEAST_DEVIATION: f64 = 1e-7;

/// The number of codes that are standardized at a time.
const BLOCK: usize = 512;

/// A ridge classifier on standardized codes. A value that is the same in all codes has weight 0.
///
/// Each class has a target, 1 for its rows and -1 for the others. A linear map with intercept is fitted to it:
/// `min Σ (y - w·x - b)² + ‖w‖²`, in closed form. A row gets the class whose map has the largest output. For two
/// classes there is only one map, and its sign decides. This is scikit-learn's
/// `make_pipeline(StandardScaler(), RidgeClassifier(alpha=1))`.
#[derive(Clone, Debug)]
pub struct RidgeProbe {
    /// In ascending order.
    classes: Vec<i64>,
    /// Row-major `[maps, code]`, for codes that are not standardized.
    weights: Vec<f64>,
    /// One for each map.
    intercepts: Vec<f64>,
    width: usize,
}

impl RidgeProbe {
    /// Fits the probe to codes `[rows, code]` and a label for each.
    ///
    /// # Errors
    ///
    /// If the number of labels differs from the number of codes, if there are fewer than two classes, if codes have no
    /// or more than 4096 values, or if values are not finite.
    pub fn fit(codes: ArrayView2<'_, f32>, labels: &[i64], threads: usize) -> Result<RidgeProbe> {
        let (rows, width) = codes.dim();
        let refuse = |what| Error::new(ErrorKind::Data, what);
        if labels.len() != rows {
            return Err(refuse("the labels do not fit the codes")
                .expected(count_of(rows, "label"))
                .found(labels.len()));
        }
        if !is_feasible(width) {
            return Err(refuse("no ridge probe can be fitted to codes of this size")
                .expected(format!("1 to {MAX_WIDTH} values"))
                .found(width));
        }
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() < 2 {
            return Err(refuse("there is nothing to tell apart")
                .expected("two classes or more")
                .found(classes.len()));
        }
        let codes = codes.as_standard_layout();
        let values = codes.as_slice().unwrap_or_default();
        if !values.iter().all(|value| value.is_finite()) {
            return Err(refuse(
                "the ridge probe cannot be fitted to codes that are not finite",
            ));
        }
        let n = rows as f64;
        let (mean, scale) = standardization(values, width);
        // With X the standardized codes: Xᵀ X + α.
        let products = products(values, &mean, &scale, &mut Team::new(threads));
        let normal = Mat::from_fn(width, width, |i, j| {
            if i == j {
                products[i * width + i] + ALPHA
            } else {
                products[i.max(j) * width + i.min(j)]
            }
        });
        // Xᵀ Y; the constant part of Y contributes nothing, because the columns of X have mean 0. The result is twice
        // the sum of the rows of a class.
        let index = |label: &i64| classes.binary_search(label).unwrap_or_default();
        let mut sums = Mat::<f64>::zeros(width, classes.len());
        let mut counts = vec![0.0; classes.len()];
        for (row, label) in values.chunks_exact(width).zip(labels) {
            let class = index(label);
            counts[class] += 1.0;
            for (i, &value) in row.iter().enumerate() {
                sums[(i, class)] += 2.0 * (f64::from(value) - mean[i]) * scale[i];
            }
        }
        let cholesky = normal.llt(Side::Lower).map_err(|error| {
            refuse("the ridge probe cannot be fitted").caused_by(format!("{error:?}"))
        })?;
        let solution = cholesky.solve(&sums);
        // For two classes, the map belongs to the second one.
        let maps = if classes.len() == 2 {
            1..2
        } else {
            0..classes.len()
        };
        let weights: Vec<f64> = maps
            .clone()
            .flat_map(|map| (0..width).map(move |i| (i, map)))
            .map(|(i, map)| solution[(i, map)] * scale[i])
            .collect();
        let intercepts: Vec<f64> = maps
            .zip(weights.chunks_exact(width))
            .map(|(map, weights)| {
                let shift: f64 = weights.iter().zip(&mean).map(|(w, mean)| w * mean).sum();
                2.0 * counts[map] / n - 1.0 - shift
            })
            .collect();
        if !weights.iter().chain(&intercepts).all(|w| w.is_finite()) {
            return Err(refuse(
                "the ridge probe cannot be fitted to codes that are not finite",
            ));
        }
        Ok(RidgeProbe {
            classes,
            weights,
            intercepts,
            width,
        })
    }

    /// The outputs of the maps for codes `[rows, code]`: `[rows, classes]`, or `[rows, 1]` for two classes.
    ///
    /// # Panics
    ///
    /// If the codes have another size.
    pub fn decision(&self, codes: ArrayView2<'_, f32>) -> Array2<f64> {
        assert_eq!(codes.ncols(), self.width, "codes of the same size");
        Array2::from_shape_fn((codes.nrows(), self.intercepts.len()), |(row, map)| {
            let weights = &self.weights[map * self.width..(map + 1) * self.width];
            let products = codes.row(row).into_iter().zip(weights);
            self.intercepts[map] + products.map(|(&x, w)| f64::from(x) * w).sum::<f64>()
        })
    }

    /// The predicted classes of codes `[rows, code]`.
    ///
    /// # Panics
    ///
    /// If the codes have another size.
    pub fn predict(&self, codes: ArrayView2<'_, f32>) -> Vec<i64> {
        let decision = self.decision(codes);
        let class = |scores: ArrayView1<'_, f64>| match scores.as_slice() {
            Some(&[score]) => usize::from(score > 0.0),
            _ => {
                let scores = scores.iter().enumerate();
                let best = scores.reduce(|best, next| if next.1 > best.1 { next } else { best });
                best.map_or(0, |(class, _)| class)
            }
        };
        let classes = decision.rows().into_iter().map(class);
        classes.map(|class| self.classes[class]).collect()
    }
}

/// The mean of each of `width` values, and the factor that makes its deviation 1: 0 for a value that is the same in all
/// rows.
fn standardization(values: &[f32], width: usize) -> (Vec<f64>, Vec<f64>) {
    let rows = (values.len() / width) as f64;
    let mut mean = vec![0.0; width];
    for row in values.chunks_exact(width) {
        for (sum, &value) in mean.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= rows);
    let mut squares = vec![0.0; width];
    for row in values.chunks_exact(width) {
        for ((square, mean), &value) in squares.iter_mut().zip(&mean).zip(row) {
            *square += (f64::from(value) - mean).powi(2);
        }
    }
    let scale = |(square, mean): (f64, &f64)| match (square / rows).sqrt() {
        deviation if deviation > LEAST_DEVIATION * mean.abs() => 1.0 / deviation,
        _ => 0.0,
    };
    let scale = squares.into_iter().zip(&mean).map(scale).collect();
    (mean, scale)
}

/// The products of the standardized values of all rows, the lower half of `[width, width]`.
///
/// In double precision: if values depend on each other, only the penalty keeps this matrix from being singular, and the
/// rounding of single precision is larger than the penalty.
fn products(values: &[f32], mean: &[f64], scale: &[f64], team: &mut Team) -> Vec<f64> {
    let width = mean.len();
    let mut sums = vec![0.0; width * width];
    let bounds = tiles(width, width);
    let mut scratch = vec![(); team.threads()];
    for rows in values.chunks(BLOCK * width) {
        let standard = |row: &[f32]| -> Vec<f64> {
            let values = row.iter().zip(mean).zip(scale);
            values
                .map(|((&x, mean), scale)| (f64::from(x) - mean) * scale)
                .collect()
        };
        let block: Vec<f64> = rows.chunks_exact(width).flat_map(standard).collect();
        let block = MatRef::from_row_major_slice(&block, rows.len() / width, width);
        team.run(
            &mut scratch,
            Parts::new(&mut sums, &bounds),
            |(), part, sums| {
                let (first, count) = (part * TILE, sums.len() / width);
                let sums = MatMut::from_row_major_slice_mut(sums, count, width);
                // Columns beyond the last row of the tile belong to the upper half.
                let columns = first + count;
                matmul(
                    sums.subcols_mut(0, columns),
                    Accum::Add,
                    block.subcols(first, count).transpose(),
                    block.subcols(0, columns),
                    1.0,
                    Par::Seq,
                );
            },
        );
    }
    sums
}

/// Whether the probe's equations fit into memory.
pub(super) fn is_feasible(width: usize) -> bool {
    (1..=MAX_WIDTH).contains(&width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, array};

    #[test]
    fn what_one_line_parts_is_told_apart() {
        let codes = array![
            [0.0, 1.0],
            [1.0, 1.0],
            [0.0, 5.0],
            [1.0, 5.0],
            [0.0, 9.0],
            [1.0, 9.0]
        ];
        let labels = [7, 7, 4, 4, 7, 7];
        // No line parts the middle from both sides.
        let probe = RidgeProbe::fit(codes.view(), &labels, 1).unwrap();
        assert_eq!(probe.predict(codes.view()), [7; 6]);
        let labels = [-1, -1, 4, 4];
        let first = codes.select(Axis(0), &[0, 1, 2, 3]);
        let probe = RidgeProbe::fit(first.view(), &labels, 1).unwrap();
        assert_eq!(probe.predict(codes.view()), [-1, -1, 4, 4, 4, 4]);
    }

    #[test]
    fn values_that_follow_from_each_other_and_hardly_change_are_fitted() {
        const ROWS: usize = 16_000;
        // Two things in many mixtures and sizes; the first rows, as in sorted data, lie far from the others.
        let first = |row: usize| {
            let far = if row < 1024 { 300.0 } else { 0.0 };
            (row * 37 % 101) as f32 / 101.0 + far
        };
        let second = |row: usize| (row * 53 % 103) as f32 / 103.0;
        let codes = Array2::from_shape_fn((ROWS, 400), |(row, column)| {
            let size = 10f32.powi(-((column % 7) as i32));
            match column {
                0 => 3.0,
                _ => size * (first(row) + (column / 7) as f32 * second(row)),
            }
        });
        let labels: Vec<i64> = (0..ROWS).map(|row| i64::from(second(row) > 0.5)).collect();
        let probe = RidgeProbe::fit(codes.view(), &labels, 2).unwrap();
        assert_eq!(probe.weights[0], 0.0, "what never changes");
        let found = probe.predict(codes.view());
        let right = found.iter().zip(&labels).filter(|(a, b)| a == b).count();
        assert!(right > ROWS * 99 / 100, "{right}");
        let alone = RidgeProbe::fit(codes.view(), &labels, 1).unwrap();
        assert_eq!(alone.weights, probe.weights);
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let codes = array![[0.0, 1.0], [1.0, 0.0]];
        let refusal = |codes: Array2<f32>, labels: &[i64]| {
            let error = RidgeProbe::fit(codes.view(), labels, 1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data);
            error.to_string()
        };
        assert!(refusal(codes.clone(), &[1]).contains("expected 2 labels, found 1"));
        assert!(refusal(codes.clone(), &[1, 1]).contains("two classes or more"));
        assert!(refusal(Array2::zeros((2, 0)), &[1, 2]).contains("found 0"));
        assert!(refusal(Array2::zeros((2, 5000)), &[1, 2]).contains("found 5000"));
        assert!(refusal(Array2::zeros((0, 2)), &[]).contains("two classes or more"));
        for value in [f32::NAN, f32::INFINITY] {
            refusal(array![[0.0, value], [1.0, 0.0]], &[1, 2]);
        }
    }
}
