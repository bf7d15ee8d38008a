//! The kernels against the float64 reference, on every instruction set that this CPU has.

mod activation;
mod batch_norm;
mod bits;
mod conv;
mod convert;
mod counts;
mod dropout;
mod layer_norm;
mod loss;
mod memory;
mod mmd;
mod noise;
mod optimizer;
mod product;
mod reduce;
mod reference;
mod sparsity;
mod team;
mod tied;
mod top_k;
mod variational;

use narrows_kernels::Isa;

/// Numbers in -1..1, other ones for another `seed`.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut next = || {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z >> 40) as f32) / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().copied().map(f64::from).collect()
}

/// The central difference by each value of `x`; its error is some `h²` times the third derivative.
fn differences(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let h = 1e-5;
    let by = |i: usize| {
        let moved = |step: f64| {
            let mut x = x.to_vec();
            x[i] += step;
            f(&x)
        };
        (moved(h) - moved(-h)) / (2.0 * h)
    };
    (0..x.len()).map(by).collect()
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// NaN against NaN, an infinity against itself, else within `tolerance`.
fn agrees(found: f32, expected: f64, tolerance: f64) -> bool {
    let found = f64::from(found);
    (found.is_nan() && expected.is_nan())
        || found == expected
        || (found - expected).abs() <= tolerance
}

#[test]
fn instruction_sets_are_listed_fastest_first() {
    let all = Isa::available();
    assert_eq!(all[0], Isa::best());
    let names: Vec<_> = all.iter().map(|isa| isa.name()).collect();
    assert_eq!(names.last(), Some(&"portable"));
    let listed = ["AMX", "AVX-512", "AVX2", "portable"];
    assert!(listed.ends_with(&names), "{names:?}");
}

#[test]
fn the_peak_counts_its_operations() {
    for isa in Isa::available() {
        let (operations, value) = narrows_kernels::peak::multiply_adds(isa, 10);
        let lanes = match isa.name() {
            "AMX" | "AVX-512" => 16.0,
            _ => 8.0,
        };
        assert_eq!(operations, 2.0 * 12.0 * lanes * 10.0);
        // 0 + 1 + ... + 11 in each lane, all but unchanged.
        assert!((value - 66.0 * lanes as f32).abs() < 0.1, "{value}");
    }
}
