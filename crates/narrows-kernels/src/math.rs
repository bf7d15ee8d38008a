//! Elementary functions over [`Lanes`].
//!
//! Each function states its error bound against float64, which the tests check, and the largest error that the tests
//! find, in units in the last place (ULPs) of the true value. The tests use every 1021st single-precision number, on
//! every instruction set: all magnitudes, but not all numbers.

use crate::lanes::Lanes;

/// Evaluates a polynomial by Horner's rule; the coefficient of the highest power comes first.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn polynomial<L: Lanes, const N: usize>(x: L, coefficients: [f32; N]) -> L {
    // SAFETY: passed on.
    unsafe {
        let mut sum = L::splat(coefficients[0]);
        for &coefficient in &coefficients[1..] {
            sum = sum.mul_add(x, L::splat(coefficient));
        }
        sum
    }
}

/// `eˣ`, within 1.1 ULP (1.01 found) from -87.683 to 88.376; below 0, above infinite. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn exp<L: Lanes>(x: L) -> L {
    // x = n ln 2 + r with |r| <= ln 2 / 2, so that eˣ = 2ⁿ eʳ; ln 2 is split in two, the first part
    // short enough for n times it to be exact. The polynomial is taken from Cephes' expf.
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
                5e-1,
            ],
        );
        let e = p.mul_add(r.mul(r), r).add(L::splat(1.0));
        e.mul(n.power_of_two())
    }
}

/// `1 / (1 + e⁻ˣ)`, within 3 ULP (2.4 found) from -88.376 up; below 0. NaN stays NaN.
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

/// `tanh x`, within 3.1 ULP (3.0 found). NaN stays NaN.
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
                -3.333_328e-1,
            ],
        );
        let near = p.mul(square).mul_add(x, x);
        let far = one.sub(L::splat(2.0).div(exp(x.add(x)).add(one)));
        square.where_greater(L::splat(0.625 * 0.625), far, near)
    }
}

/// The error function, within 8 ULP (6.1 found) and never beyond 1. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn erf<L: Lanes>(x: L) -> L {
    // An odd rational function (the minimax fit of Eigen) up to where erf rounds to 1, and so does
    // this: the normal distribution function that is made of it must vanish far to the left, and
    // nowhere be negative.
    // SAFETY: passed on.
    unsafe {
        let end = L::splat(3.832_507);
        let x = L::splat(-3.832_507).max(end.min(x));
        let square = x.mul(x);
        let p = polynomial(
            square,
            [
                2.123_732_2e-6,
                2.861_979_6e-4,
                3.658_048_3e-3,
                5.243_302e-2,
                1.874_160_8e-1,
                std::f32::consts::FRAC_2_SQRT_PI,
            ],
        );
        let q = polynomial(
            square,
            [
                3.891_857_3e-5,
                1.143_296e-3,
                1.475_208_8e-2,
                1.129_456_76e-1,
                4.994_258e-1,
                1.0,
            ],
        );
        let one = L::splat(1.0);
        L::splat(-1.0).max(one.min(x.mul(p).div(q)))
    }
}

/// `ln(1 + eˣ)`, within 4 ULP from -87.683 up; below 0. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn softplus<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe { L::splat(0.0).max(x).add(ln_1p_exp_of_minus_abs(x)) }
}

/// `ln(1 + e^-|x|)`, which [`softplus`] adds to `max(x, 0)`; within 4 ULP (3.5 found) up to `|x|` = 87.683, and 0
/// beyond. NaN stays NaN.
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

/// `ln x` for x from 1 to infinity, within 1e-6 of the larger of 1 and the logarithm. NaN stays NaN.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn ln_from_1<L: Lanes>(x: L) -> L {
    // x = 2ⁿ r with r in [1, 2], n bit by bit; then ln r = 2 artanh(s) with s = (r - 1) / (r + 1) <= 1/3.
    // SAFETY: passed on.
    unsafe {
        let (mut r, mut n) = (x, L::splat(0.0));
        for bits in [64.0f32, 32.0, 16.0, 8.0, 4.0, 2.0, 1.0] {
            let limit = L::splat(bits.exp2());
            n = r.where_greater(limit, n.add(L::splat(bits)), n);
            r = r.where_greater(limit, r.mul(L::splat((-bits).exp2())), r);
        }
        let one = L::splat(1.0);
        let s = r.sub(one).div(r.add(one));
        let square = s.mul(s);
        let series = polynomial(
            square,
            [
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
        n.mul_add(L::splat(std::f32::consts::LN_2), s.add(s).mul(series))
    }
}

#[cfg(test)]
mod tests;
