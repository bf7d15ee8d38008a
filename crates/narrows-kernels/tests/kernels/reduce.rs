//! Sums and small vector operations.

use crate::{numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::reduce::{
    add, add_column_sums, add_scaled, column_sums, dot, is_finite, scale,
};
use narrows_kernels::reference;

#[test]
fn sums_of_columns() {
    for isa in Isa::available() {
        for columns in (1..=70).chain([127, 784]) {
            for rows in [0, 1, 2, 3, 17, 64] {
                let matrix = numbers(rows * columns, 8);
                let wide = wide(&matrix);
                let expected = reference::column_sums(&wide, columns);
                let mut sums = vec![9.0; columns];
                column_sums(isa, &matrix, &mut sums);
                for (j, (&sum, expected)) in sums.iter().zip(expected).enumerate() {
                    let magnitude: f64 =
                        wide.iter().skip(j).step_by(columns).map(|x| x.abs()).sum();
                    let tolerance = rows as f64 * f64::from(f32::EPSILON) * magnitude;
                    assert!(
                        (f64::from(sum) - expected).abs() <= tolerance,
                        "{rows} x {columns} on {}",
                        isa.name()
                    );
                    // From the first row to the last, whatever the columns beside it.
                    let in_order = matrix.iter().skip(j).step_by(columns).sum::<f32>();
                    assert_eq!(sum, in_order, "{rows} x {columns} on {}", isa.name());
                }
            }
        }
        column_sums(isa, &[], &mut []);
    }
}

#[test]
#[should_panic(expected = "a whole number of rows")]
fn column_sums_refuses_a_broken_row() {
    column_sums(Isa::best(), &[0.0; 7], &mut [0.0; 3]);
}

/// Sums over batches: from the first row to the last, whatever the cuts of rows and columns.
#[test]
fn sums_of_columns_over_several_batches() {
    for isa in Isa::available() {
        for (rows, width) in [(1, 1), (5, 7), (64, 33), (300, 784)] {
            let matrix = numbers(rows * width, 5);
            let expected: Vec<f64> = (0..width)
                .map(|j| wide(&matrix).iter().skip(j).step_by(width).sum())
                .collect();
            for batch in [1, 3, rows] {
                for part in [1, 5, width] {
                    let mut sums = vec![0.0; width];
                    for first in (0..width).step_by(part) {
                        let columns = first..(first + part).min(width);
                        for rows in matrix.chunks(batch * width) {
                            add_column_sums(
                                isa,
                                rows,
                                width,
                                columns.clone(),
                                &mut sums[columns.clone()],
                            );
                        }
                    }
                    assert!(sums == expected, "{rows} x {width} on {}", isa.name());
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "a whole number of rows")]
fn sums_over_batches_refuse_a_broken_row() {
    add_column_sums(Isa::best(), &[0.0; 7], 3, 0..3, &mut [0.0; 3]);
}

#[test]
fn numbers_that_are_not_finite_are_found_anywhere() {
    for isa in Isa::available() {
        assert!(is_finite(isa, &[]));
        for len in (1..70).chain([784]) {
            let mut all = numbers(len, 1);
            all[len / 3] = f32::MAX;
            all[len / 2] = f32::MIN_POSITIVE / 2.0;
            assert!(is_finite(isa, &all));
            for at in 0..len {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let before = std::mem::replace(&mut all[at], bad);
                    assert!(!is_finite(isa, &all), "{at} of {len} on {}", isa.name());
                    all[at] = before;
                }
            }
        }
    }
}

#[test]
fn dot_products() {
    for isa in Isa::available() {
        for len in (0..70).chain([784, 16384]) {
            let (a, b) = (numbers(len, 1), numbers(len, 2));
            let terms = || a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b));
            let magnitude: f64 = terms().map(f64::abs).sum();
            let error = (f64::from(dot(isa, &a, &b)) - terms().sum::<f64>()).abs();
            assert!(
                error <= 2e-6 * magnitude,
                "{len} on {}: {error}",
                isa.name()
            );
        }
    }
}

#[test]
fn scaling_and_adding() {
    for isa in Isa::available() {
        for len in 0..70 {
            let (a, b) = (numbers(len, 1), numbers(len, 2));
            let mut scaled = a.clone();
            scale(isa, &mut scaled, 0.7);
            assert!(scaled.iter().zip(&a).all(|(s, a)| *s == a * 0.7));
            let mut sum = a.clone();
            add(isa, &mut sum, &b);
            assert!(
                sum.iter()
                    .zip(a.iter().zip(&b))
                    .all(|(s, (a, b))| *s == a + b)
            );
            let mut sum = a.clone();
            // Half a number is exact, so that one rounding and two are the same.
            add_scaled(isa, &mut sum, 0.5, &b);
            assert!(
                sum.iter()
                    .zip(a.iter().zip(&b))
                    .all(|(s, (a, b))| *s == a + 0.5 * b)
            );
        }
    }
}

#[test]
#[should_panic]
fn dot_refuses_other_lengths() {
    dot(Isa::best(), &[0.0; 3], &[0.0; 2]);
}

#[test]
#[should_panic]
fn add_refuses_other_lengths() {
    add(Isa::best(), &mut [0.0; 3], &[0.0; 2]);
}
