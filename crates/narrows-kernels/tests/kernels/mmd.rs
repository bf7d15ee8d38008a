//! The squared maximum mean discrepancy between codes and draws.

use crate::{differences, numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::mmd::{SCALES, Samples, scratch};
use narrows_kernels::noise::{Address, add_normal};

/// The discrepancy by its definition: a double loop in double precision.
fn naive(width: usize, codes: &[f64], draws: &[f64]) -> f64 {
    let kernel = |a: &[f64], b: &[f64]| -> f64 {
        let distance: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
        let scales = SCALES.map(|scale| 2.0 * width as f64 * scale);
        scales.iter().map(|c| c / (c + distance)).sum()
    };
    let rows = codes.len() / width;
    let row = |of: &'_ [f64], i: usize| of[i * width..(i + 1) * width].to_vec();
    let (mut within, mut across) = (0.0, 0.0);
    for i in 0..rows {
        for j in 0..rows {
            if i != j {
                within += kernel(&row(codes, i), &row(codes, j));
                within += kernel(&row(draws, i), &row(draws, j));
            }
            across += kernel(&row(codes, i), &row(draws, j));
        }
    }
    let n = rows as f64;
    within / (n * (n - 1.0)) - 2.0 * across / (n * n)
}

/// The discrepancy, and its gradient times a weight, in pieces of so many rows.
fn found(isa: Isa, of: Samples<'_>, weight: f32, piece: usize) -> (f64, Vec<f32>) {
    let rows = of.codes.len() / of.width;
    let mut shares = vec![f32::NAN; rows];
    let mut gradient = vec![f32::NAN; of.codes.len()];
    let mut room = vec![f32::NAN; scratch(rows, of.width)];
    for start in (0..rows).step_by(piece) {
        let end = (start + piece).min(rows);
        let by = &mut gradient[start * of.width..end * of.width];
        let to = &mut shares[start..end];
        of.shares(isa, start..end, to, Some((weight, by)), &mut room);
    }
    (wide(&shares).iter().sum::<f64>() / rows as f64, gradient)
}

/// Standard normal numbers.
fn normals(count: usize, sample: u32) -> Vec<f32> {
    let mut to = vec![0.0; count];
    let address = Address {
        key: [5, 0],
        counter: [sample, 0, 3],
    };
    add_normal(Isa::best(), address, 1.0, &mut to);
    to
}

#[test]
fn value_and_gradient_are_those_of_the_definition_on_every_instruction_set() {
    for (rows, width) in [(2, 1), (3, 4), (17, 8), (40, 20)] {
        let codes: Vec<f32> = numbers(rows * width, 3)
            .iter()
            .map(|x| 2.0 * x + 0.5)
            .collect();
        let draws = numbers(rows * width, 4);
        let (wide_codes, wide_draws) = (wide(&codes), wide(&draws));
        let expected = naive(width, &wide_codes, &wide_draws);
        let slopes = differences(|codes| naive(width, codes, &wide_draws), &wide_codes);
        let of = Samples {
            width,
            variance: width as f64,
            codes: &codes,
            draws: &draws,
        };
        let first = found(Isa::best(), of, 0.5, rows);
        assert!((first.0 - expected).abs() < 1e-5, "{} {expected}", first.0);
        for (found, expected) in first.1.iter().zip(&slopes) {
            let error = (f64::from(*found) - 0.5 * expected).abs();
            assert!(error < 1e-6, "{found} {expected}");
        }
        for isa in Isa::available() {
            for piece in [1, 3, rows] {
                assert_eq!(found(isa, of, 0.5, piece), first, "{}", isa.name());
            }
        }
    }
}

#[test]
fn it_is_zero_on_average_where_both_are_draws_of_one_distribution_and_may_be_negative() {
    const PAIRS: usize = 10_000;
    let (rows, width) = (8, 3);
    let one = |pair: usize| {
        let [codes, draws] = [0, 1].map(|side| normals(rows * width, (2 * pair + side) as u32));
        let of = Samples {
            width,
            variance: width as f64,
            codes: &codes,
            draws: &draws,
        };
        found(Isa::best(), of, 1.0, rows).0
    };
    let all: Vec<f64> = (0..PAIRS).map(one).collect();
    let mean = all.iter().sum::<f64>() / PAIRS as f64;
    let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / PAIRS as f64;
    // Of pairs of a row and the draw of the same number, whose mean is that of all others.
    let error = (variance / PAIRS as f64).sqrt();
    assert!(mean.abs() < 4.0 * error, "{mean} {error}");
    assert!(all.iter().filter(|x| **x < 0.0).count() > PAIRS / 4);
}

#[test]
fn one_row_has_no_discrepancy() {
    let of = Samples {
        width: 2,
        variance: 2.0,
        codes: &[3.0, 4.0],
        draws: &[0.0, 0.0],
    };
    assert_eq!(found(Isa::best(), of, 1.0, 1), (0.0, vec![0.0; 2]));
}

#[test]
#[should_panic(expected = "assertion")]
fn draws_of_another_number_of_rows_are_refused() {
    let of = Samples {
        width: 2,
        variance: 2.0,
        codes: &[0.0; 4],
        draws: &[0.0; 6],
    };
    found(Isa::best(), of, 1.0, 2);
}
