//! The k largest values against a sort.

use crate::{numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::reference;
use narrows_kernels::top_k::{NONE, TopK};

/// Values of a row, its best values and the gradient through them, against the reference.
fn check(isa: Isa, x: &[f32], k: usize) {
    let width = x.len();
    let top = TopK { width, k };
    let expected = reference::top_k(&wide(x), k);
    let (mut y, mut chosen) = (vec![f32::NAN; width], vec![7; k]);
    top.forward(isa, x, &mut y, &mut chosen);
    let what = format!("{k} of {width} on {}", isa.name());
    let found: Vec<usize> = chosen
        .iter()
        .take_while(|&&index| index != NONE)
        .map(|&index| index as usize)
        .collect();
    assert_eq!(found, expected, "{what}");
    assert!(chosen[found.len()..].iter().all(|&index| index == NONE));
    let dy = numbers(width, 99);
    let mut dx = vec![f32::NAN; width];
    top.backward(&chosen, &dy, &mut dx);
    for i in 0..width {
        let is_kept = expected.binary_search(&i).is_ok();
        let of = |value: f32| if is_kept { value } else { 0.0 };
        assert_eq!(y[i].to_bits(), of(x[i]).to_bits(), "{i}: {what}");
        assert_eq!(dx[i].to_bits(), of(dy[i]).to_bits(), "{i}: {what}");
    }
}

#[test]
fn the_largest_are_kept() {
    for isa in Isa::available() {
        for width in (1..=50usize).chain([127, 784, 4096, 16384]) {
            for k in [1, 2, 3, 8, 31, 32, width.div_ceil(2), width, width + 3] {
                check(isa, &numbers(width, (width + k) as u64), k);
            }
        }
    }
}

#[test]
fn of_equal_values_those_of_the_lower_index() {
    for isa in Isa::available() {
        for width in [1, 5, 16, 17, 33, 100, 1000] {
            for k in [1, 2, 7, 16, 40, width] {
                check(isa, &vec![0.25; width], k);
                check(isa, &vec![f32::INFINITY; width], k);
                check(isa, &vec![f32::from_bits(1); width], k);
                // Four values, of which two are below 0.
                let few = |x: f32| (4.0 * x).floor().clamp(-2.0, 2.0);
                let x: Vec<f32> = numbers(width, 3).into_iter().map(few).collect();
                check(isa, &x, k);
            }
        }
    }
}

#[test]
fn nothing_above_zero_nothing_kept() {
    for isa in Isa::available() {
        for width in [1, 8, 9, 100] {
            check(isa, &vec![0.0; width], 3);
            check(isa, &vec![-0.0; width], 3);
            check(isa, &vec![-1.0; width], 3);
            check(isa, &vec![f32::NEG_INFINITY; width], 3);
            let mut one = vec![-1.0; width];
            one[width / 2] = f32::MIN_POSITIVE / 8.0;
            check(isa, &one, 3);
        }
    }
}

/// Numbers of all magnitudes, infinities and NaN of both signs among them: bits at random.
#[test]
fn any_bits() {
    let bits = |seed: u64, len: usize| -> Vec<f32> {
        let (high, low) = (numbers(len, seed), numbers(len, seed + 1));
        let word = |x: f32| ((f64::from(x) + 1.0) * f64::from(1 << 15)) as u32 & 0xffff;
        let number = |(high, low): (&f32, &f32)| f32::from_bits(word(*high) << 16 | word(*low));
        high.iter().zip(&low).map(number).collect()
    };
    for isa in Isa::available() {
        for seed in 0..200 {
            let mut x = bits(seed, 1 + seed as usize % 90);
            if seed % 3 == 0 {
                let at = x.len() / 2;
                x[at] = f32::INFINITY;
                x[0] = f32::NAN;
                let last = x.len() - 1;
                x[last] = -f32::NAN;
            }
            for k in [1, 2, 3, 5, 20, 90] {
                check(isa, &x, k);
            }
        }
    }
}

#[test]
fn nan_is_kept_before_all_numbers() {
    for isa in Isa::available() {
        check(isa, &[f32::NAN; 40], 3);
        check(isa, &[f32::INFINITY, f32::NAN, 1.0, f32::NAN], 2);
        check(isa, &[f32::INFINITY, f32::NAN, 1.0, f32::NAN], 3);
        let mut y = [0.0; 4];
        let top = TopK { width: 4, k: 1 };
        top.forward(isa, &[1.0, 2.0, f32::NAN, 3.0], &mut y, &mut [0]);
        assert!(y[2].is_nan() && y[3] == 0.0);
    }
}

#[test]
fn rows_are_apart() {
    let (rows, top) = (11, TopK { width: 37, k: 5 });
    let x = numbers(rows * top.width, 4);
    let (mut y, mut chosen) = (vec![f32::NAN; x.len()], vec![0; rows * top.k]);
    top.forward(Isa::best(), &x, &mut y, &mut chosen);
    let mut dx = vec![f32::NAN; x.len()];
    top.backward(&chosen, &x, &mut dx);
    assert_eq!(dx, y, "the gradient x gives back what was kept");
    for row in 0..rows {
        let x = &x[row * top.width..][..top.width];
        let (mut one, mut of_one) = (vec![f32::NAN; top.width], vec![0; top.k]);
        top.forward(Isa::best(), x, &mut one, &mut of_one);
        assert_eq!(one, y[row * top.width..][..top.width]);
        assert_eq!(of_one, chosen[row * top.k..][..top.k]);
    }
}

#[test]
#[should_panic(expected = "5 indices a row")]
fn other_lengths_are_refused() {
    let top = TopK { width: 4, k: 5 };
    top.forward(Isa::best(), &[0.0; 8], &mut [0.0; 8], &mut [0; 9]);
}
