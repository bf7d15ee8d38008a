use super::*;
use crate::rng::{Draws, Purpose, normal};
use std::ops::Range;

struct InMemory(Vec<Vec<f32>>);

impl Rows for InMemory {
    fn count(&self) -> usize {
        self.0.len()
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        let values = self.0[rows].concat();
        into.copy_from_slice(&values);
    }
}

/// Rows of `inputs` values with a large variance in two directions and a small one in all.
fn spread(rows: u32, inputs: usize) -> InMemory {
    let draws = Draws::new(1, Purpose::Initialization);
    InMemory(
        (0..rows)
            .map(|row| {
                let [a, b, c, d] = draws.words(0, row, 0);
                let [x, y] = normal([a, b]);
                let [mut e, _] = normal([c, d]);
                (0..inputs)
                    .map(|i| {
                        let i = i as f32;
                        e = (e * 7.3 + 0.31).fract();
                        100.0 + 3.0 * x * (i * 0.7).sin() + 2.0 * y * (i * 0.3).cos() + 0.1 * e
                    })
                    .collect()
            })
            .collect(),
    )
}

#[test]
fn components_are_orthonormal_and_in_order_of_variance() {
    let rows = spread(3000, 21);
    let pca = Pca::fit(&rows, 21, 21, 3).unwrap();
    for i in 0..21 {
        for j in 0..21 {
            let row = |r: usize| &pca.components()[r * 21..r * 21 + 21];
            let dot: f32 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
            assert!((dot - f32::from(u8::from(i == j))).abs() < 1e-5);
        }
    }
    assert!(pca.variances().is_sorted_by(|a, b| a >= b));
    assert!(pca.variances()[1] > 100.0 * pca.variances()[2]);
}

#[test]
fn mean_and_variance_are_those_of_the_definition() {
    let rows = spread(2500, 13);
    let pca = Pca::fit(&rows, 13, 13, 2).unwrap();
    let n = rows.0.len() as f64;
    let mean: Vec<f64> = (0..13)
        .map(|i| rows.0.iter().map(|row| f64::from(row[i])).sum::<f64>() / n)
        .collect();
    for (found, mean) in pca.mean().iter().zip(&mean) {
        assert!((found - mean).abs() < 1e-6, "{found} {mean}");
    }
    for (c, variance) in pca.variances().iter().enumerate() {
        let along = |row: &Vec<f32>| -> f64 {
            (0..13)
                .map(|i| (f64::from(row[i]) - mean[i]) * f64::from(pca.components()[c * 13 + i]))
                .sum()
        };
        let expected = rows.0.iter().map(|row| along(row).powi(2)).sum::<f64>() / n;
        // Products are summed in single precision, at the scale of the largest variance.
        let bound = 1e-6 * pca.variances()[0];
        assert!(
            (variance - expected).abs() < bound,
            "{c}: {variance} {expected}"
        );
    }
}

#[test]
fn the_error_on_the_fitted_rows_is_the_variance_that_is_left_out() {
    let rows = spread(1500, 17);
    let pca = Pca::fit(&rows, 17, 17, 2).unwrap();
    for code in [0, 1, 2, 5, 16] {
        let left = pca.variances()[code..].iter().sum::<f64>() / 17.0;
        let mse = pca.reconstruction_mse(code, &rows, 2);
        assert!(
            (mse - left).abs() < 1e-6 * pca.variances()[0],
            "{code}: {mse} {left}"
        );
    }
    assert!(pca.reconstruction_mse(17, &rows, 1) < 1e-9);
    assert!(pca.reconstruction_mse(99, &rows, 1) < 1e-9);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let rows = spread(2100, 70);
    let alone = Pca::fit(&rows, 70, 70, 1).unwrap();
    let together = Pca::fit(&rows, 70, 70, 3).unwrap();
    assert_eq!(alone.components(), together.components());
    assert_eq!(
        alone.reconstruction_mse(3, &rows, 1).to_bits(),
        together.reconstruction_mse(3, &rows, 3).to_bits()
    );
}

#[test]
fn few_rows_constant_columns_and_no_rows() {
    let one = InMemory(vec![vec![1.0, 2.0, 3.0]]);
    let pca = Pca::fit(&one, 3, 3, 1).unwrap();
    assert_eq!(pca.variances(), [0.0; 3]);
    assert_eq!(pca.reconstruction_mse(1, &one, 1), 0.0);
    let few = InMemory(vec![vec![1.0, 5.0, 7.0], vec![3.0, 5.0, 7.0]]);
    let pca = Pca::fit(&few, 3, 3, 1).unwrap();
    assert!((pca.variances()[0] - 1.0).abs() < 1e-6 && pca.variances()[1] < 1e-6);
    assert!(Pca::fit(&InMemory(Vec::new()), 3, 3, 1).is_err());
}

#[test]
fn fewer_components_are_the_first_of_all() {
    let rows = spread(900, 19);
    let all = Pca::fit(&rows, 19, 19, 1).unwrap();
    let two = Pca::fit(&rows, 19, 2, 1).unwrap();
    assert_eq!(two.components(), &all.components()[..2 * 19]);
    assert_eq!(two.variances(), &all.variances()[..2]);
    assert_eq!(
        two.reconstruction_mse(5, &rows, 1),
        all.reconstruction_mse(2, &rows, 1)
    );
}

#[test]
fn codes_and_reconstructions_are_those_of_the_definition() {
    let rows = spread(150, 11);
    let pca = Pca::fit(&rows, 11, 3, 2).unwrap();
    let codes = pca.encode(3, &rows, 2);
    let outputs = pca.reconstruct(3, &rows, 2);
    assert_eq!((codes.dim(), outputs.dim()), ((150, 3), (150, 11)));
    let mut error = 0.0;
    for (r, row) in rows.0.iter().enumerate() {
        for c in 0..3 {
            let along: f64 = (0..11)
                .map(|i| {
                    (f64::from(row[i]) - pca.mean()[i]) * f64::from(pca.components()[c * 11 + i])
                })
                .sum();
            assert!((f64::from(codes[[r, c]]) - along).abs() < 1e-4);
        }
        for i in 0..11 {
            let sum: f64 = (0..3)
                .map(|c| f64::from(codes[[r, c]]) * f64::from(pca.components()[c * 11 + i]))
                .sum();
            assert!((f64::from(outputs[[r, i]]) - sum - pca.mean()[i]).abs() < 1e-4);
            error += f64::from(row[i] - outputs[[r, i]]).powi(2);
        }
    }
    let mse = pca.reconstruction_mse(3, &rows, 1);
    assert!((error / (150.0 * 11.0) - mse).abs() < 1e-4 * mse);
}

#[test]
fn wide_rows_get_the_components_that_the_covariance_has() {
    let rows = spread(700, 60);
    let exact = Pca::fit(&rows, 60, 4, 2).unwrap();
    let mut team = Team::new(2);
    let (mean, components, variances) = subspace::iterate(&rows, 60, 4, &mut team).unwrap();
    for (found, mean) in mean.iter().zip(exact.mean()) {
        assert!((found - mean).abs() < 1e-6);
    }
    for (found, variance) in variances.iter().zip(exact.variances()) {
        assert!((found - variance).abs() < 1e-5 * exact.variances()[0]);
    }
    // Directions have no sign. Only the first two stand apart from the rest.
    for c in 0..2 {
        let [a, b] =
            [&components, &exact.components].map(|components| &components[c * 60..c * 60 + 60]);
        let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        assert!((dot.abs() - 1.0).abs() < 1e-4, "{c}: {dot}");
    }
    let wide = Pca {
        mean,
        components,
        variances,
    };
    let [found, least] = [&wide, &exact].map(|pca| pca.reconstruction_mse(4, &rows, 1));
    assert!((found - least).abs() < 1e-3 * least, "{found} {least}");
}

#[test]
fn rows_wider_than_a_covariance_may_be_are_fitted() {
    let rows = spread(40, 5000);
    let pca = Pca::fit(&rows, 5000, 2, 2).unwrap();
    assert_eq!(pca.components().len(), 2 * 5000);
    let one = Pca::fit(&rows, 5000, 2, 1).unwrap();
    assert_eq!(pca.components(), one.components());
    // Two directions hold nearly all the variance of these rows.
    let mean_square: f64 = pca.variances().iter().sum::<f64>() / 5000.0;
    assert!(pca.reconstruction_mse(2, &rows, 1) < 1e-2 * mean_square);
    // There are more components than rows: the rest of the basis is zero.
    let few = Pca::fit(&spread(3, 5000), 5000, 8, 2).unwrap();
    assert!(
        few.variances()[3..]
            .iter()
            .all(|v| *v < 1e-6 * few.variances()[0])
    );
}

#[test]
fn what_would_not_fit_the_memory_is_refused() {
    let inputs = 3 * 256 * 256;
    assert!(Pca::is_feasible(784, 784) && Pca::is_feasible(inputs, 128));
    assert!(!Pca::is_feasible(inputs, 4096) && !Pca::is_feasible(usize::MAX, 1));
    let rows = InMemory(vec![vec![0.0; inputs]]);
    let error = Pca::fit(&rows, inputs, 4096, 1).unwrap_err().to_string();
    assert!(error.contains("expected at most"), "{error}");
    assert!(error.contains("found 4096"), "{error}");
}
