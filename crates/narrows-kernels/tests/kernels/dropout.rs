//! Dropout: the values that are kept, their number, and their scaling.

use crate::{bits, numbers};
use narrows_kernels::Isa;
use narrows_kernels::dropout::{apply, draw_mask, words};
use narrows_kernels::noise::{Address, fill_uniform};
use narrows_kernels::reference;

const ADDRESS: Address = Address {
    key: [7, 11],
    counter: [13, 17, 19],
};

fn mask(isa: Isa, p: f32, len: usize) -> Vec<u64> {
    let mut mask = vec![u64::MAX; words(len)];
    draw_mask(isa, ADDRESS, p, len, &mut mask);
    mask
}

#[test]
fn values_are_kept_and_grow_as_the_uniform_numbers_say() {
    for isa in Isa::available() {
        for len in (0..=130).chain([784, 16384]) {
            let mut draws = vec![0.0; len];
            fill_uniform(isa, ADDRESS, &mut draws);
            let x = numbers(len, 1);
            for p in [0.0, 0.1, 0.5, 0.999] {
                let mask = mask(isa, p, len);
                let mut y = vec![f32::NAN; len];
                apply(isa, p, &mask, &x, &mut y);
                for i in 0..len {
                    let draw = f64::from(draws[i]);
                    let expected = reference::dropout(f64::from(p), draw, f64::from(x[i]));
                    let error = (f64::from(y[i]) - expected).abs();
                    assert!(error <= 1.2e-7 * expected.abs(), "{i} of {len}, p = {p}");
                }
                let bits: usize = mask.iter().map(|word| word.count_ones() as usize).sum();
                let kept = draws.iter().filter(|&&draw| draw >= p).count();
                assert_eq!(bits, kept, "bits behind the last value are 0");
            }
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for len in [1, 63, 64, 65, 784] {
        let x = numbers(len, 1);
        let on = |isa| {
            let mask = mask(isa, 0.3, len);
            let mut y = vec![f32::NAN; len];
            apply(isa, 0.3, &mask, &x, &mut y);
            (mask, bits(&y))
        };
        let best = on(Isa::best());
        for isa in Isa::available() {
            assert!(on(isa) == best, "{len} on {}", isa.name());
        }
    }
}

#[test]
fn as_many_are_dropped_as_p_says() {
    const LEN: usize = 1 << 20;
    for p in [0.1f32, 0.5, 0.9] {
        let mask = mask(Isa::best(), p, LEN);
        let kept: u32 = mask.iter().map(|word| word.count_ones()).sum();
        let (kept, p) = (f64::from(kept), f64::from(p));
        let std = (LEN as f64 * p * (1.0 - p)).sqrt();
        assert!((kept - LEN as f64 * (1.0 - p)).abs() < 5.0 * std);
    }
}

#[test]
fn without_dropout_nothing_changes_and_dropped_values_are_zero_whatever_they_are() {
    for isa in Isa::available() {
        let x = numbers(77, 1);
        let mut y = vec![f32::NAN; 77];
        apply(isa, 0.0, &mask(isa, 0.0, 77), &x, &mut y);
        assert_eq!(x, y);
        let x = [f32::NAN, f32::INFINITY, 1.0, f32::NAN];
        let mut y = [f32::NAN; 4];
        apply(isa, 0.75, &[0b1100], &x, &mut y);
        assert_eq!(y[..3], [0.0, 0.0, 4.0]);
        assert!(y[3].is_nan());
    }
}

#[test]
#[should_panic(expected = "a probability to drop in [0, 1), not 1")]
fn dropping_everything_is_refused() {
    apply(Isa::best(), 1.0, &[0], &[0.0], &mut [0.0]);
}

#[test]
#[should_panic(expected = "words of a mask of 65 values")]
fn another_mask_is_refused() {
    draw_mask(Isa::best(), ADDRESS, 0.5, 65, &mut [0]);
}
