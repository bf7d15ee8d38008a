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

/// `eˣ`, within 2 ULP from -87.3 to 88; beyond, the value at that end. NaN stays NaN.
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
        // The operands' order keeps a NaN.
        let bounded = L::splat(-87.336_54).max(L::splat(88.0).min(x));
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
    // max(x, 0) + ln(1 + u) with u = e^-|x| in (0, 1], and ln(1 + u) = 2 artanh(s) with
    // s = u / (2 + u) <= 1/3, as its power series.
    // SAFETY: passed on.
    unsafe {
        let zero = L::splat(0.0);
        let u = exp(x.min(zero.sub(x)));
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
        zero.max(x).add(s.add(s).mul(series))
    }
}
