//! Penalties that make codes sparse.

use crate::{differences, numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::reduce::add_column_sums;
use narrows_kernels::reference;
use narrows_kernels::sparsity::{CLOSEST, add_sign, kl_divergence, l1, squared_norms};

#[test]
fn the_derivative_of_the_divergence_is_that_of_finite_differences() {
    for rho in [0.01, 0.05, 0.5, 0.9] {
        for i in 1..100 {
            let mean = f64::from(i) / 100.0;
            let found = reference::kl_derivative(rho, mean);
            let expected = differences(|x| reference::kl_divergence(rho, x[0]), &[mean])[0];
            let error = (found - expected).abs() / expected.abs().max(1.0);
            assert!(error < 1e-6, "{rho}, {mean}: {found}, {expected}");
        }
        assert_eq!(reference::kl_divergence(rho, rho), 0.0);
    }
}

#[test]
fn the_divergence_is_that_of_the_batch_means() {
    for (rows, width) in [(1, 1), (3, 7), (64, 33), (100, 500)] {
        // Codes behind a sigmoid.
        let code = |x: f32| 1.0 / (1.0 + (-4.0 * x).exp());
        let codes: Vec<f32> = numbers(rows * width, 6).into_iter().map(code).collect();
        let mut sums = vec![0.0; width];
        add_column_sums(Isa::best(), &codes, width, 0..width, &mut sums);
        for rho in [0.05, 0.3] {
            let mut gradient = vec![f32::NAN; width];
            let found = kl_divergence(rho, rows, &sums, &mut gradient);
            let mut expected = 0.0;
            for (j, &gradient) in gradient.iter().enumerate() {
                let column = wide(&codes).into_iter().skip(j).step_by(width);
                let mean = column.sum::<f64>() / rows as f64;
                expected += reference::kl_divergence(rho, mean);
                let slope = reference::kl_derivative(rho, mean);
                assert!((f64::from(gradient) - slope).abs() <= 1e-7 * slope.abs());
            }
            assert!((found - expected).abs() <= 1e-12 * expected, "{found}");
        }
    }
}

#[test]
fn means_of_zero_and_one_are_clamped_and_pushed_back() {
    let mut gradient = [f32::NAN; 4];
    let found = kl_divergence(0.05, 2, &[0.0, 2.0, 1e-9, 3.0], &mut gradient);
    let (low, high) = (CLOSEST, 1.0 - CLOSEST);
    let expected =
        2.0 * (reference::kl_divergence(0.05, low) + reference::kl_divergence(0.05, high));
    assert!((found - expected).abs() < 1e-12 * expected);
    assert_eq!(gradient[0], reference::kl_derivative(0.05, low) as f32);
    assert_eq!(gradient[1], reference::kl_derivative(0.05, high) as f32);
    assert!(gradient[2] < -1e5 && gradient[3] > 1e5);
    let found = kl_divergence(0.05, 2, &[f64::NAN], &mut gradient[..1]);
    assert!(found.is_nan() && gradient[0].is_nan());
}

#[test]
#[should_panic(expected = "a mean activation in (0, 1), not 0")]
fn a_mean_of_zero_is_refused() {
    kl_divergence(0.0, 1, &[0.5], &mut [0.0]);
}

#[test]
fn magnitudes_signs_and_squares() {
    for width in (1..=70).chain([784, 4096]) {
        for rows in [1, 5] {
            let mut x = numbers(rows * width, 8);
            x[width / 2] = 0.0;
            let before = numbers(rows * width, 9);
            let mut all = Vec::new();
            for isa in Isa::available() {
                let mut sums = vec![f32::NAN; rows];
                l1(isa, &x, &mut sums);
                for (x, &sum) in x.chunks(width).zip(&sums) {
                    let expected: f64 = wide(x).iter().map(|x| x.abs()).sum();
                    let error = (f64::from(sum) - expected).abs();
                    assert!(error <= 6e-8 * expected, "{width} on {}", isa.name());
                }
                let mut squares = vec![f32::NAN; rows];
                squared_norms(isa, &x, &mut squares);
                for (x, &sum) in x.chunks(width).zip(&squares) {
                    let expected: f64 = wide(x).iter().map(|x| x * x).sum();
                    let error = (f64::from(sum) - expected).abs();
                    assert!(error <= 6e-8 * expected, "{width} on {}", isa.name());
                }
                let mut dx = before.clone();
                add_sign(isa, 0.25, &x, &mut dx);
                for ((dx, before), x) in dx.iter().zip(&before).zip(&x) {
                    let step = 0.25 * reference::sign(f64::from(*x));
                    assert_eq!(*dx, before + step as f32);
                }
                all.push((sums, squares, dx));
            }
            assert!(all.iter().all(|one| *one == all[0]), "the same bits");
        }
    }
}

#[test]
fn signs_of_zero_and_nan_are_zero_and_a_sum_keeps_nan() {
    for isa in Isa::available() {
        let x = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let mut dx = [1.0; 5];
        add_sign(isa, 2.0, &x, &mut dx);
        assert_eq!(dx, [1.0, 1.0, 1.0, 3.0, -1.0]);
        let mut sums = [0.0];
        l1(isa, &x, &mut sums);
        assert!(sums[0].is_nan());
        l1(isa, &[], &mut []);
    }
}

#[test]
#[should_panic(expected = "as many rows as sums")]
fn a_broken_row_is_refused() {
    l1(Isa::best(), &[0.0; 7], &mut [0.0; 3]);
}
