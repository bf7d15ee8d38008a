//! The mean of the continuous Bernoulli distribution (Loaiza-Ganem & Cunningham 2019) as a function of its logit.
//!
//! With `u = e^-|x|` the mean is `1/|x| - u / (1 - u)` for negative x, and 1 less this for positive x. Near 0, where the two
//! terms are large and nearly the same, it is the series `1/2 + Σ B₂ₖ x²ᵏ⁻¹ / (2k)!`, which converges for `|x| < 2π`.

use super::function::Function;
use crate::lanes::Lanes;
use crate::math;

/// Below it in magnitude, the series is used.
const NEAR: f32 = 2.0;

/// The coefficients of `x²ᵏ⁻¹`, for k from 8 to 1.
const SERIES: [f64; 8] = [
    -3_617.0 / 10_670_622_842_880_000.0,
    1.0 / 74_724_249_600.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 47_900_160.0,
    -1.0 / 1_209_600.0,
    1.0 / 30_240.0,
    -1.0 / 720.0,
    1.0 / 12.0,
];

/// The coefficients of the series after so many derivatives, of 0 to 2. The second leaves out the last, which is 0.
const fn series(derivatives: u32) -> [f32; 8] {
    let mut coefficients = [0.0; 8];
    let mut place = 0;
    while place < 8 {
        let power = (15 - 2 * place) as f64;
        let factor = match derivatives {
            0 => 1.0,
            1 => power,
            _ => power * (power - 1.0),
        };
        coefficients[place] = (SERIES[place] * factor) as f32;
        place += 1;
    }
    coefficients
}

/// The mean as a function of the logit.
#[derive(Clone, Copy)]
pub(super) struct ContinuousBernoulliMean;

impl ContinuousBernoulliMean {
    /// `|x|`, and `u = e^-|x|`.
    ///
    /// # Safety
    ///
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn size<L: Lanes>(x: L) -> (L, L) {
        // SAFETY: passed on.
        unsafe {
            let zero = L::splat(0.0);
            let below = x.min(zero.sub(x));
            (zero.sub(below), math::exp(below))
        }
    }
}

impl Function for ContinuousBernoulliMean {
    #[inline(always)]
    unsafe fn value<L: Lanes>(self, x: L) -> L {
        // SAFETY: passed on.
        unsafe {
            let one = L::splat(1.0);
            let (size, u) = Self::size(x);
            let low = one.div(size).sub(u.div(one.sub(u)));
            let far = x.where_greater(L::splat(0.0), one.sub(low), low);
            let near = x.mul_add(
                math::polynomial(x.mul(x), const { series(0) }),
                L::splat(0.5),
            );
            size.where_greater(L::splat(NEAR), far, near)
        }
    }

    #[inline(always)]
    unsafe fn derivative<L: Lanes>(self, x: L, _: L) -> L {
        // 1/x² - u / (1 - u)²
        // SAFETY: passed on.
        unsafe {
            let one = L::splat(1.0);
            let (size, u) = Self::size(x);
            let inverse = one.div(size);
            let rest = one.sub(u);
            let far = inverse.mul(inverse).sub(u.div(rest.mul(rest)));
            let near = math::polynomial(x.mul(x), const { series(1) });
            size.where_greater(L::splat(NEAR), far, near)
        }
    }

    #[inline(always)]
    unsafe fn second_derivative<L: Lanes>(self, x: L, _: L) -> L {
        // u (1 + u) / (1 - u)³ - 2/x³ for positive x, and odd.
        // SAFETY: passed on.
        unsafe {
            let (zero, one) = (L::splat(0.0), L::splat(1.0));
            let (size, u) = Self::size(x);
            let inverse = one.div(size);
            let rest = one.sub(u);
            let bend = u.mul(one.add(u)).div(rest.mul(rest).mul(rest));
            let cube = inverse.mul(inverse).mul(inverse);
            let bend = bend.sub(cube.add(cube));
            let far = x.where_greater(zero, bend, zero.sub(bend));
            let coefficients: [f32; 7] = const {
                let [first, second, third, fourth, fifth, sixth, seventh, _] = series(2);
                [first, second, third, fourth, fifth, sixth, seventh]
            };
            let near = x.mul(math::polynomial(x.mul(x), coefficients));
            size.where_greater(L::splat(NEAR), far, near)
        }
    }
}
