//! Elementwise activations: value, and the gradient that flows back through them.
//!
//! Largest errors over every 1021st float (`tests/kernels/activation.rs`). The error of the value is in units in the
//! last place (ULPs). The error of the slope is absolute, because most slopes pass through 0 or approach it.
//!
//! | activation | value | slope |
//! |---|---|---|
//! | identity, ReLU | exact | exact |
//! | leaky ReLU | 0.5 | exact |
//! | ELU | 2.6 | 1e-7 |
//! | SiLU | 2.4 | 1e-6, at slopes about 1 |
//! | GELU | 5.6 above -1; below, 1.5e-7 of the smaller of -x and 6 | 2.2e-7 |
//! | tanh | 3.0 | 3.8e-7 |
//! | sigmoid | 2.4 | 9e-8 |
//! | softplus | 3.5 | 9e-8 |
//! | continuous Bernoulli mean | 1.6 | 4.4e-8 |

mod continuous_bernoulli;
mod function;

use crate::lanes::{Isa, Lanes, multiversion};
use crate::math;
use continuous_bernoulli::ContinuousBernoulliMean;
use function::Function;

/// An elementwise function between layers, as PyTorch defines it if PyTorch has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `x`
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x` if it is positive, otherwise `slope · x`.
    LeakyRelu {
        /// The slope of the negative part, 0.01 by default.
        slope: f32,
    },
    /// `x` if it is positive, otherwise `alpha · (eˣ - 1)` (Clevert et al. 2016).
    Elu {
        /// The limit of the negative part, 1 by default.
        alpha: f32,
    },
    /// `x · sigmoid(x)` (Elfwing et al. 2018).
    Silu,
    /// `x · Φ(x)`, by the error function, not its tanh approximation (Hendrycks & Gimpel 2016).
    Gelu,
    /// `tanh(x)`
    Tanh,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `1 / (1 - e⁻ˣ) - 1/x`, the mean of the continuous Bernoulli distribution of parameter `sigmoid(x)` (Loaiza-Ganem &
    /// Cunningham 2019).
    ContinuousBernoulliMean,
}

impl Activation {
    /// `y = f(x)`, element by element.
    ///
    /// # Panics
    ///
    /// When the lengths differ.
    pub fn forward(self, isa: Isa, x: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), y.len());
        // SAFETY: as many numbers at each pointer as the length says.
        unsafe { forward(isa, self, x.as_ptr(), y.as_mut_ptr(), x.len()) }
    }

    /// `dx = dy · f'(x)`, overwriting `dx`. Results with a magnitude below 1e-30 become 0. `y` is the output of
    /// [`Activation::forward`] for `x`.
    ///
    /// # Panics
    ///
    /// When the lengths differ.
    pub fn backward(self, isa: Isa, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]) {
        assert!(x.len() == y.len() && y.len() == dy.len() && dy.len() == dx.len());
        // SAFETY: as many numbers at each pointer as the length says.
        unsafe {
            backward(
                isa,
                self,
                x.as_ptr(),
                y.as_ptr(),
                dy.as_ptr(),
                dx.as_mut_ptr(),
                x.len(),
            )
        }
    }
}

impl Activation {
    /// `dx += w · v · f''(x)`: the gradient of `v · f'(x) · w` with respect to `x`, for penalties on derivatives. `y`
    /// is the output of [`Activation::forward`] for `x`.
    ///
    /// # Panics
    ///
    /// When the lengths differ.
    pub fn add_curvature(
        self,
        isa: Isa,
        x: &[f32],
        y: &[f32],
        w: &[f32],
        v: &[f32],
        dx: &mut [f32],
    ) {
        let len = x.len();
        assert!(y.len() == len && w.len() == len && v.len() == len && dx.len() == len);
        let (x, y, w, v) = (x.as_ptr(), y.as_ptr(), w.as_ptr(), v.as_ptr());
        // SAFETY: as many numbers at each pointer as the length says.
        unsafe { curvature(isa, self, [x, y, w, v], dx.as_mut_ptr(), len) }
    }
}

macro_rules! function {
    ($name:ident $({ $field:ident })?, |$self:ident, $x:ident| $value:expr, |$y:ident| $derivative:expr, $second:expr) => {
        #[derive(Clone, Copy)]
        struct $name { $($field: f32)? }
        impl Function for $name {
            #[inline(always)]
            #[allow(unused_unsafe)]
            unsafe fn value<L: Lanes>($self, $x: L) -> L {
                // SAFETY: passed on.
                unsafe { $value }
            }
            #[inline(always)]
            #[allow(unused_variables, unused_unsafe)]
            unsafe fn derivative<L: Lanes>($self, $x: L, $y: L) -> L {
                // SAFETY: passed on.
                unsafe { $derivative }
            }
            #[inline(always)]
            #[allow(unused_variables, unused_unsafe)]
            unsafe fn second_derivative<L: Lanes>($self, $x: L, $y: L) -> L {
                // SAFETY: passed on.
                unsafe { $second }
            }
        }
    };
}

function!(Identity, |self, x| x, |y| L::splat(1.0), L::splat(0.0));
// The order of the operands preserves a NaN, here and below.
function!(
    Relu,
    |self, x| L::splat(0.0).max(x),
    |y| x.where_greater(L::splat(0.0), L::splat(1.0), L::splat(0.0)),
    L::splat(0.0)
);
function!(
    LeakyRelu { slope },
    |self, x| x.where_greater(L::splat(0.0), x, x.mul(L::splat(self.slope))),
    |y| x.where_greater(L::splat(0.0), L::splat(1.0), L::splat(self.slope)),
    L::splat(0.0)
);
function!(
    Elu { alpha },
    |self, x| {
        // eˣ - 1 has cancellation near 0; in the form tanh(x/2) (eˣ + 1) it has none.
        let half = x.mul(L::splat(0.5));
        let expm1 = math::tanh(half).mul(math::exp(x).add(L::splat(1.0)));
        x.where_greater(L::splat(0.0), x, L::splat(self.alpha).mul(expm1))
    },
    |y| x.where_greater(
        L::splat(0.0),
        L::splat(1.0),
        L::splat(self.alpha).mul(math::exp(x))
    ),
    x.where_greater(
        L::splat(0.0),
        L::splat(0.0),
        L::splat(self.alpha).mul(math::exp(x))
    )
);
function!(
    Silu,
    |self, x| x.mul(math::sigmoid(x)),
    |y| {
        // s + y (1 - s)
        let s = math::sigmoid(x);
        y.mul(L::splat(1.0).sub(s)).add(s)
    },
    {
        // s (1 - s) (2 + x (1 - 2 s))
        let s = math::sigmoid(x);
        let slope = s.mul(L::splat(1.0).sub(s));
        let bend = L::splat(-2.0).mul_add(s, L::splat(1.0));
        slope.mul(x.mul_add(bend, L::splat(2.0)))
    }
);
function!(
    Gelu,
    |self, x| x.mul(normal_cdf(x)),
    // Φ(x) + x φ(x)
    |y| x.mul_add(normal_density(x), normal_cdf(x)),
    // φ(x) (2 - x²)
    normal_density(x).mul(L::splat(2.0).sub(x.mul(x)))
);
function!(
    Tanh,
    |self, x| math::tanh(x),
    |y| L::splat(1.0).sub(y.mul(y)),
    L::splat(-2.0).mul(y).mul(L::splat(1.0).sub(y.mul(y)))
);
function!(
    Sigmoid,
    |self, x| math::sigmoid(x),
    |y| y.mul(L::splat(1.0).sub(y)),
    {
        let slope = y.mul(L::splat(1.0).sub(y));
        slope.mul(L::splat(-2.0).mul_add(y, L::splat(1.0)))
    }
);
function!(
    Softplus,
    |self, x| math::softplus(x),
    |y| math::sigmoid(x),
    {
        let s = math::sigmoid(x);
        s.mul(L::splat(1.0).sub(s))
    }
);

/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
unsafe fn normal_density<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe { L::splat(0.398_942_3).mul(math::exp(x.mul(x).mul(L::splat(-0.5)))) }
}

/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
unsafe fn normal_cdf<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let erf = math::erf(x.mul(L::splat(std::f32::consts::FRAC_1_SQRT_2)));
        erf.mul_add(L::splat(0.5), L::splat(0.5))
    }
}

macro_rules! with_function {
    ($activation:expr, $call:ident::<$l:ident>($($arg:expr),*)) => {
        // SAFETY: passed on.
        unsafe {
            match $activation {
                Activation::Identity => $call::<$l, _>(Identity {}, $($arg),*),
                Activation::Relu => $call::<$l, _>(Relu {}, $($arg),*),
                Activation::LeakyRelu { slope } => $call::<$l, _>(LeakyRelu { slope }, $($arg),*),
                Activation::Elu { alpha } => $call::<$l, _>(Elu { alpha }, $($arg),*),
                Activation::Silu => $call::<$l, _>(Silu {}, $($arg),*),
                Activation::Gelu => $call::<$l, _>(Gelu {}, $($arg),*),
                Activation::Tanh => $call::<$l, _>(Tanh {}, $($arg),*),
                Activation::Sigmoid => $call::<$l, _>(Sigmoid {}, $($arg),*),
                Activation::Softplus => $call::<$l, _>(Softplus {}, $($arg),*),
                Activation::ContinuousBernoulliMean => {
                    $call::<$l, _>(ContinuousBernoulliMean, $($arg),*)
                }
            }
        }
    };
}

multiversion! {
    unsafe fn forward(f: Activation, x: *const f32, y: *mut f32, len: usize) = forward_body
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn forward_body<L: Lanes>(f: Activation, x: *const f32, y: *mut f32, len: usize) {
    with_function!(f, map::<L>(x, y, len))
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn map<L: Lanes, F: Function>(f: F, x: *const f32, y: *mut f32, len: usize) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let mut i = 0;
        while i + L::N <= len {
            f.value(L::load(x.add(i))).store(y.add(i));
            i += L::N;
        }
        if i < len {
            f.value(L::load_first(x.add(i), len - i))
                .store_first(y.add(i), len - i);
        }
    }
}

/// Smaller gradients become 0. A saturated sigmoid makes them arbitrarily small, and products with subnormal numbers
/// take a hundred times as long.
const SMALLEST: f32 = 1e-30;

/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
unsafe fn flushed<L: Lanes>(gradient: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let zero = L::splat(0.0);
        let size = gradient.max(zero.sub(gradient));
        // The direction of the comparison preserves a NaN.
        L::splat(SMALLEST).where_greater(size, zero, gradient)
    }
}

multiversion! {
    unsafe fn backward(
        f: Activation, x: *const f32, y: *const f32, dy: *const f32, dx: *mut f32, len: usize,
    ) = backward_body
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn backward_body<L: Lanes>(
    f: Activation,
    x: *const f32,
    y: *const f32,
    dy: *const f32,
    dx: *mut f32,
    len: usize,
) {
    with_function!(f, chain::<L>(x, y, dy, dx, len))
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn chain<L: Lanes, F: Function>(
    f: F,
    x: *const f32,
    y: *const f32,
    dy: *const f32,
    dx: *mut f32,
    len: usize,
) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let mut i = 0;
        while i + L::N <= len {
            let slope = f.derivative(L::load(x.add(i)), L::load(y.add(i)));
            flushed(slope.mul(L::load(dy.add(i)))).store(dx.add(i));
            i += L::N;
        }
        if i < len {
            let n = len - i;
            let slope = f.derivative(L::load_first(x.add(i), n), L::load_first(y.add(i), n));
            flushed(slope.mul(L::load_first(dy.add(i), n))).store_first(dx.add(i), n);
        }
    }
}

multiversion! {
    unsafe fn curvature(f: Activation, from: [*const f32; 4], dx: *mut f32, len: usize) = curvature_body
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn curvature_body<L: Lanes>(f: Activation, from: [*const f32; 4], dx: *mut f32, len: usize) {
    with_function!(f, bend::<L>(from, dx, len))
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn bend<L: Lanes, F: Function>(
    f: F,
    [x, y, w, v]: [*const f32; 4],
    dx: *mut f32,
    len: usize,
) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let mut i = 0;
        while i < len {
            let n = (len - i).min(L::N);
            let second =
                f.second_derivative(L::load_first(x.add(i), n), L::load_first(y.add(i), n));
            let product = L::load_first(w.add(i), n).mul(L::load_first(v.add(i), n));
            second
                .mul_add(product, L::load_first(dx.add(i), n))
                .store_first(dx.add(i), n);
            i += L::N;
        }
    }
}
