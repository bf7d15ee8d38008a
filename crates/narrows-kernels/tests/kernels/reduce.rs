//! Reductions.

use crate::numbers;
use narrows_kernels::Isa;
use narrows_kernels::reduce::column_sums;
use narrows_kernels::reference;

#[test]
fn sums_of_columns() {
    for isa in Isa::available() {
        for columns in (1..=70).chain([127, 784]) {
            for rows in [0, 1, 2, 3, 17, 64] {
                let matrix = numbers(rows * columns, 8);
                let wide: Vec<f64> = matrix.iter().copied().map(f64::from).collect();
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
