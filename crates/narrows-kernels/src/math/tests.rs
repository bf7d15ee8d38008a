//! The error of each function, in ULPs, over a sweep of all single-precision numbers.

use super::*;
use crate::lanes::{Isa, multiversion};

/// The step between the numbers that are tried. It is odd, so that all patterns of low bits occur.
const STRIDE: usize = 1021;

#[derive(Clone, Copy, Debug)]
enum Function {
    Exp,
    Sigmoid,
    Tanh,
    Erf,
    Softplus,
    Ln1pExpOfMinusAbs,
    Reciprocal,
    Root,
}
use Function::*;

const ALL: [Function; 8] = [
    Exp,
    Sigmoid,
    Tanh,
    Erf,
    Softplus,
    Ln1pExpOfMinusAbs,
    Reciprocal,
    Root,
];

impl Function {
    fn truth(self, x: f64) -> f64 {
        match self {
            Exp => x.exp(),
            Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Tanh => x.tanh(),
            Erf => libm::erf(x),
            Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Ln1pExpOfMinusAbs => (-x.abs()).exp().ln_1p(),
            Reciprocal => x.recip(),
            Root => x.sqrt(),
        }
    }

    /// The documented bound in ULPs.
    fn bound(self) -> f64 {
        match self {
            Exp => 1.1,
            Reciprocal => 2.0,
            Sigmoid => 3.0,
            Tanh => 3.1,
            Erf => 8.0,
            Softplus | Ln1pExpOfMinusAbs | Root => 4.0,
        }
    }

    /// The value that replaces the function's result at `x`, if the result is too large or too small for a normal
    /// number.
    fn replaced(self, x: f32) -> Option<f32> {
        match self {
            Exp if x > 88.377 => Some(f32::INFINITY),
            Exp | Softplus if x < -87.684 => Some(0.0),
            Sigmoid if x < -88.377 => Some(0.0),
            Ln1pExpOfMinusAbs if x.abs() > 87.684 => Some(0.0),
            _ => None,
        }
    }

    /// Whether nothing is specified for `x`: between a documented end and the place from which [`Function::replaced`]
    /// certainly holds.
    fn is_open(self, x: f32) -> bool {
        match self {
            Exp => (88.376..=88.377).contains(&x) || (-87.684..=-87.683).contains(&x),
            Softplus => (-87.684..=-87.683).contains(&x),
            Ln1pExpOfMinusAbs => (87.683..=87.684).contains(&x.abs()),
            Sigmoid => (-88.377..=-88.376).contains(&x),
            Tanh | Erf => false,
            Reciprocal => !x.is_normal() || !x.recip().is_normal(),
            Root => !(x.is_normal() && x > 0.0),
        }
    }
}

multiversion! {
    unsafe fn map(f: Function, x: *const f32, y: *mut f32, len: usize) = map_body
}

/// # Safety
///
/// Both pointers point to `len` numbers, a multiple of 16.
#[inline(always)]
unsafe fn map_body<L: Lanes>(f: Function, x: *const f32, y: *mut f32, len: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        for i in (0..len).step_by(L::N) {
            let x = L::load(x.add(i));
            let value = match f {
                Exp => exp(x),
                Sigmoid => sigmoid(x),
                Tanh => tanh(x),
                Erf => erf(x),
                Softplus => softplus(x),
                Ln1pExpOfMinusAbs => ln_1p_exp_of_minus_abs(x),
                Reciprocal => L::splat(1.0).quick_ratio(x),
                Root => x.quick_root(),
            };
            value.store(y.add(i));
        }
    }
}

fn apply(isa: Isa, f: Function, x: &[f32]) -> Vec<f32> {
    let mut padded = x.to_vec();
    padded.resize(x.len().next_multiple_of(16), 0.0);
    let mut y = vec![0.0; padded.len()];
    // SAFETY: both hold `padded.len()` numbers, a multiple of 16.
    unsafe { map(isa, f, padded.as_ptr(), y.as_mut_ptr(), padded.len()) };
    y.truncate(x.len());
    y
}

/// The distance from the true value in units of its last place as an `f32`.
fn ulps(found: f32, truth: f64) -> f64 {
    let exponent = truth.abs().log2().floor().max(-126.0);
    (f64::from(found) - truth).abs() / (exponent - 23.0).exp2()
}

#[test]
fn errors_stay_within_the_documented_bounds() {
    let all: Vec<f32> = (0..=u32::MAX)
        .step_by(STRIDE)
        .map(f32::from_bits)
        .filter(|x| x.is_finite())
        .collect();
    for f in ALL {
        let mut worst = (0.0, 0.0, "");
        for x in all.chunks(4096) {
            let truth: Vec<f64> = x.iter().map(|&x| f.truth(f64::from(x))).collect();
            for isa in Isa::available() {
                for ((&x, &truth), y) in x.iter().zip(&truth).zip(apply(isa, f, x)) {
                    if matches!(f, Sigmoid | Tanh | Erf) {
                        assert!(y.abs() <= 1.0, "{f:?} of {x:e} is {y} on {}", isa.name());
                    }
                    if let Some(end) = f.replaced(x) {
                        assert_eq!(y, end, "{f:?} of {x:e} on {}", isa.name());
                    } else if !f.is_open(x) {
                        let error = ulps(y, truth);
                        // Not `error > worst`, which would accept NaN.
                        if !matches!(error.partial_cmp(&worst.0), Some(o) if o.is_le()) {
                            worst = (error, x, isa.name());
                        }
                    }
                }
            }
        }
        let (error, x, isa) = worst;
        println!("{f:?}: {error:.3} ULP at {x:e} on {isa}");
        assert!(
            error <= f.bound(),
            "{f:?} is {error} ULP off at {x:e} on {isa}"
        );
    }
}

#[test]
fn ends_zeros_and_nan() {
    let x = [
        f32::NEG_INFINITY,
        -f32::MAX,
        -0.0,
        0.0,
        f32::MAX,
        f32::INFINITY,
    ];
    let ln_2 = std::f32::consts::LN_2;
    for isa in Isa::available() {
        for (f, expected) in [
            (Exp, [0.0, 0.0, 1.0, 1.0, f32::INFINITY, f32::INFINITY]),
            (Sigmoid, [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]),
            (Tanh, [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]),
            (Erf, [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]),
            (Softplus, [0.0, 0.0, ln_2, ln_2, f32::MAX, f32::INFINITY]),
            (Ln1pExpOfMinusAbs, [0.0, 0.0, ln_2, ln_2, 0.0, 0.0]),
        ] {
            for ((x, y), expected) in x.iter().zip(apply(isa, f, &x)).zip(expected) {
                let close = (y - expected).abs() <= 2e-7 * expected.abs();
                assert!(
                    y == expected || close,
                    "{f:?} of {x} is {y} on {}",
                    isa.name()
                );
            }
            // In every lane, for NaN of either sign.
            for lane in 0..16 {
                for nan in [f32::NAN, -f32::NAN] {
                    let mut x = [0.25; 16];
                    x[lane] = nan;
                    for (i, y) in apply(isa, f, &x).iter().enumerate() {
                        assert_eq!(y.is_nan(), i == lane, "{f:?} on {}", isa.name());
                    }
                }
            }
        }
    }
}
