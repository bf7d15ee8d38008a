//! Elementary functions over [`Lanes`].
//!
//! Each states its largest error against float64, which the tests find by a sweep over the range
//! (in units in the last place, ULPs, of the true value).

use crate::lanes::Lanes;

/// Evaluates a polynomial by Horner's rule; the coefficient of the highest power comes first.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
unsafe fn polynomial<L: Lanes, const N: usize>(x: L, coefficients: [f32; N]) -> L {
    // SAFETY: passed on.
    unsafe {
        let mut sum = L::splat(coefficients[0]);
        for &coefficient in &coefficients[1..] {
            sum = sum.mul_add(x, L::splat(coefficient));
        }
        sum
    }
}

/// `eˣ`, within 2 ULP from -87.68 to 88.37; below 0, above infinite. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn exp<L: Lanes>(x: L) -> L {
    // x = n ln 2 + r with |r| <= ln 2 / 2, so that eˣ = 2ⁿ eʳ; ln 2 is split in two, the first part
    // short enough for n times it to be exact. The polynomial is that of Cephes' expf.
    // SAFETY: passed on.
    unsafe {
        // At the bounds n is -127 and 128, for which 2ⁿ is 0 and infinite. The operands' order
        // keeps a NaN.
        let bounded = L::splat(-88.0).max(L::splat(89.0).min(x));
        let n = bounded.mul(L::splat(std::f32::consts::LOG2_E)).round();
        let r = n.mul_add(L::splat(-0.693_359_4), bounded);
        let r = n.mul_add(L::splat(2.121_944_4e-4), r);
        let p = polynomial(
            r,
            [
                1.987_569_1e-4,
                1.398_199_9e-3,
                8.333_452e-3,
                4.166_579_6e-2,
                1.666_666_5e-1,
                5.000_000_1e-1,
            ],
        );
        let e = p.mul_add(r.mul(r), r).add(L::splat(1.0));
        e.mul(n.power_of_two())
    }
}

/// `1 / (1 + e⁻ˣ)`, within 4 ULP from -87 up; below, the value there. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn sigmoid<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let one = L::splat(1.0);
        one.div(one.add(exp(L::splat(0.0).sub(x))))
    }
}

/// `tanh x`, within 4 ULP. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn tanh<L: Lanes>(x: L) -> L {
    // Near 0 an odd polynomial (Cephes' tanhf), as 1 - 2 / (e²ˣ + 1) would cancel there.
    // SAFETY: passed on.
    unsafe {
        let one = L::splat(1.0);
        let square = x.mul(x);
        let p = polynomial(
            square,
            [
                -5.704_988_7e-3,
                2.063_909e-2,
                -5.373_971_6e-2,
                1.333_144_2e-1,
                -3.333_328_2e-1,
            ],
        );
        let near = p.mul(square).mul_add(x, x);
        let far = one.sub(L::splat(2.0).div(exp(x.add(x)).add(one)));
        square.where_greater(L::splat(0.625 * 0.625), far, near)
    }
}

/// The error function, within 2e-7 absolutely and 1e-6 relatively. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn erf<L: Lanes>(x: L) -> L {
    // An odd rational function up to 4, where erf is 1 in single precision (the minimax fit of Eigen).
    // SAFETY: passed on.
    unsafe {
        let x = L::splat(-4.0).max(L::splat(4.0).min(x));
        let square = x.mul(x);
        let p = polynomial(
            square,
            [
                -2.726_142_2e-10,
                2.770_681_4e-8,
                -2.101_024e-6,
                -5.692_506_4e-5,
                -7.349_906_3e-4,
                -2.954_599_8e-3,
                -1.609_603_3e-2,
            ],
        );
        let q = polynomial(
            square,
            [
                -1.456_607_2e-5,
                -2.133_740_6e-4,
                -1.682_827e-3,
                -7.373_329e-3,
                -1.426_473_9e-2,
            ],
        );
        x.mul(p).div(q)
    }
}

/// `ln(1 + eˣ)`, within 4 ULP from -87 up; below, the value there. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn softplus<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe { L::splat(0.0).max(x).add(ln_1p_exp_of_minus_abs(x)) }
}

/// `ln(1 + e^-|x|)`: what [`softplus`] adds to `max(x, 0)`, as exact. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn ln_1p_exp_of_minus_abs<L: Lanes>(x: L) -> L {
    // ln(1 + u) = 2 artanh(s) with s = u / (2 + u) <= 1/3 for u = e^-|x|, as its power series.
    // SAFETY: passed on.
    unsafe {
        let u = exp(x.min(L::splat(0.0).sub(x)));
        let s = u.div(L::splat(2.0).add(u));
        let square = s.mul(s);
        let series = polynomial(
            square,
            [
                1.0 / 17.0,
                1.0 / 15.0,
                1.0 / 13.0,
                1.0 / 11.0,
                1.0 / 9.0,
                1.0 / 7.0,
                1.0 / 5.0,
                1.0 / 3.0,
                1.0,
            ],
        );
        s.add(s).mul(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Isa, multiversion};

    #[derive(Clone, Copy, Debug)]
    enum Function {
        Exp,
        Sigmoid,
        Tanh,
        Erf,
        Softplus,
        Ln1pExpOfMinusAbs,
    }
    use Function::*;

    const ALL: [Function; 6] = [Exp, Sigmoid, Tanh, Erf, Softplus, Ln1pExpOfMinusAbs];

    multiversion! {
        unsafe fn map(f: Function, x: *const f32, y: *mut f32, len: usize) = map_body
    }

    /// # Safety
    ///
    /// `len` numbers at both pointers, a multiple of 16.
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

    fn truth(f: Function, x: f64) -> f64 {
        match f {
            Exp => x.exp(),
            Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Tanh => x.tanh(),
            Erf => libm::erf(x),
            Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Ln1pExpOfMinusAbs => (-x.abs()).exp().ln_1p(),
        }
    }

    /// The distance from the true value in units of its last place as an `f32`.
    fn ulps(found: f32, truth: f64) -> f64 {
        let exponent = (truth.abs().log2().floor()).max(-126.0);
        (f64::from(found) - truth).abs() / (exponent - 23.0).exp2()
    }

    #[test]
    fn explore() {
        let step: u32 = std::env::var("STEP").map_or(509, |s| s.parse().unwrap());
        for f in ALL {
            for isa in Isa::available() {
                let mut worst = vec![(0.0, 0.0f32, 0.0f32); 40];
                let mut bits = 0u32;
                loop {
                    let mut x = vec![];
                    while x.len() < 4096 {
                        let v = f32::from_bits(bits);
                        if v.is_finite() {
                            x.push(v);
                        }
                        match bits.checked_add(step) {
                            Some(b) => bits = b,
                            None => break,
                        }
                    }
                    if x.is_empty() {
                        break;
                    }
                    let n = x.len();
                    for (&x, y) in x.iter().zip(apply(isa, f, &x)) {
                        let t = truth(f, f64::from(x));
                        let e = ulps(y, t);
                        let b = if x.abs() < 1e-3 {
                            0
                        } else if x.abs() < 0.7 {
                            1
                        } else if x.abs() < 4.0 {
                            2
                        } else if x.abs() < 80.0 {
                            3
                        } else if x.abs() < 87.3 {
                            4
                        } else if x.abs() < 87.68 {
                            5
                        } else if x.abs() < 88.37 {
                            6
                        } else {
                            7
                        } + if x < 0.0 { 20 } else { 0 };
                        if !(e <= worst[b].0) {
                            worst[b] = (e, x, y);
                        }
                    }
                    if n < 4096 {
                        break;
                    }
                }
                for (b, w) in worst.iter().enumerate() {
                    if w.0 > 0.0 {
                        println!(
                            "{f:?} {} bin {b}: {:.3} at {:?} -> {:?} vs {:e}",
                            isa.name(),
                            w.0,
                            w.1,
                            w.2,
                            truth(f, w.1 as f64)
                        );
                    }
                }
            }
        }
    }
}
