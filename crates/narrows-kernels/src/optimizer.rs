//! Optimizers on flat slices: one pass reads the gradient and updates state and parameters.

use crate::lanes::{Isa, Lanes, multiversion};

/// One step of stochastic gradient descent with momentum, like PyTorch's `SGD`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub learning_rate: f32,
    /// The fraction of the last velocity that is kept.
    pub momentum: f32,
    /// L2 weight decay, added to the gradient.
    pub weight_decay: f32,
}

impl Sgd {
    /// `g += weight_decay p; v = momentum v + g; p -= learning_rate v`. The velocity starts at 0; a velocity below
    /// 1e-36 becomes 0.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn step(self, isa: Isa, parameters: &mut [f32], velocity: &mut [f32], gradient: &[f32]) {
        assert!(parameters.len() == velocity.len() && velocity.len() == gradient.len());
        // SAFETY: as many numbers at each pointer as the length says.
        unsafe {
            sgd(
                isa,
                self,
                parameters.as_mut_ptr(),
                velocity.as_mut_ptr(),
                gradient.as_ptr(),
                gradient.len(),
            )
        }
    }
}

/// Velocities and moments with a smaller magnitude become 0.
const SMALLEST: f32 = 1e-36;

/// Without a gradient, velocity and moments decay towards subnormal numbers, which take a hundred times as long.
///
/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
unsafe fn without_fading<L: Lanes>(x: L) -> L {
    // SAFETY: passed on.
    unsafe {
        let zero = L::splat(0.0);
        let size = x.max(zero.sub(x));
        // The direction of the comparison preserves a NaN.
        L::splat(SMALLEST).where_greater(size, zero, x)
    }
}

multiversion! {
    unsafe fn sgd(s: Sgd, p: *mut f32, v: *mut f32, g: *const f32, len: usize) = sgd_body
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn sgd_body<L: Lanes>(s: Sgd, p: *mut f32, v: *mut f32, g: *const f32, len: usize) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let mut i = 0;
        while i < len {
            let n = (len - i).min(L::N);
            let (p, v, g) = (p.add(i), v.add(i), g.add(i));
            if n == L::N {
                let (p1, v1) = sgd_lanes(s, L::load(p), L::load(v), L::load(g));
                p1.store(p);
                v1.store(v);
            } else {
                let (p0, v0) = (L::load_first(p, n), L::load_first(v, n));
                let (p1, v1) = sgd_lanes(s, p0, v0, L::load_first(g, n));
                p1.store_first(p, n);
                v1.store_first(v, n);
            }
            i += n;
        }
    }
}

/// # Safety
///
/// As [`Lanes`].
// This is a function, not a closure, because only a function can be inlined by force into its caller, which has the
// target feature.
#[inline(always)]
unsafe fn sgd_lanes<L: Lanes>(s: Sgd, p: L, v: L, g: L) -> (L, L) {
    // SAFETY: passed on.
    unsafe {
        let g = p.mul_add(L::splat(s.weight_decay), g);
        let v = without_fading(v.mul_add(L::splat(s.momentum), g));
        (v.mul_add(L::splat(-s.learning_rate), p), v)
    }
}

/// One step of Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019), like PyTorch's, with precomputed bias
/// corrections for step `t`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The weight of the gradient in the first moment, `1 - beta1`. The caller computes it in double precision, and
    /// `second_share` too: `1 - 0.999` in single precision is off by 5e-5.
    pub first_share: f32,
    /// The weight of the squared gradient in the second moment, `1 - beta2`.
    pub second_share: f32,
    /// Added to the square root of the second moment.
    pub epsilon: f32,
    /// L2 weight decay, added to the gradient (Adam).
    pub weight_decay: f32,
    /// The factor that is first applied to parameters: `1 - learning_rate · decay` for AdamW, otherwise 1.
    pub shrink: f32,
    /// `learning_rate / (1 - beta1ᵗ)`
    pub step_size: f32,
    /// `1 / √(1 - beta2ᵗ)`
    pub second_correction: f32,
}

impl Adam {
    /// `m += first_share (g - m); v += second_share (g² - v);`
    /// `p = shrink p - step_size m / (√v · second_correction + epsilon)`. Moments below 1e-36 become 0.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn step(
        self,
        isa: Isa,
        parameters: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient: &[f32],
    ) {
        let len = gradient.len();
        assert!(parameters.len() == len && first.len() == len && second.len() == len);
        // SAFETY: as many numbers at each pointer as the length says.
        unsafe {
            adam(
                isa,
                self,
                parameters.as_mut_ptr(),
                first.as_mut_ptr(),
                second.as_mut_ptr(),
                gradient.as_ptr(),
                len,
            )
        }
    }
}

multiversion! {
    unsafe fn adam(s: Adam, p: *mut f32, m: *mut f32, v: *mut f32, g: *const f32, len: usize) = adam_body
}

/// # Safety
///
/// `len` numbers at each pointer.
#[inline(always)]
unsafe fn adam_body<L: Lanes>(
    s: Adam,
    p: *mut f32,
    m: *mut f32,
    v: *mut f32,
    g: *const f32,
    len: usize,
) {
    // SAFETY: indices stay below `len`.
    unsafe {
        let mut i = 0;
        while i < len {
            let n = (len - i).min(L::N);
            let (p, m, v, g) = (p.add(i), m.add(i), v.add(i), g.add(i));
            if n == L::N {
                let (p1, m1, v1) = adam_lanes(s, L::load(p), L::load(m), L::load(v), L::load(g));
                p1.store(p);
                m1.store(m);
                v1.store(v);
            } else {
                let (p0, m0, v0) = (
                    L::load_first(p, n),
                    L::load_first(m, n),
                    L::load_first(v, n),
                );
                let (p1, m1, v1) = adam_lanes(s, p0, m0, v0, L::load_first(g, n));
                p1.store_first(p, n);
                m1.store_first(m, n);
                v1.store_first(v, n);
            }
            i += n;
        }
    }
}

/// # Safety
///
/// As [`Lanes`].
#[inline(always)]
unsafe fn adam_lanes<L: Lanes>(s: Adam, p: L, m: L, v: L, g: L) -> (L, L, L) {
    // SAFETY: passed on.
    unsafe {
        let g = p.mul_add(L::splat(s.weight_decay), g);
        // beta m + (1 - beta) g, with one rounding fewer.
        let m = g.sub(m).mul_add(L::splat(s.first_share), m);
        let v = g.mul(g).sub(v).mul_add(L::splat(s.second_share), v);
        let (m, v) = (without_fading(m), without_fading(v));
        let root = v.quick_root();
        let scale = root.mul_add(L::splat(s.second_correction), L::splat(s.epsilon));
        let move_by = L::splat(s.step_size).mul(m).quick_ratio(scale);
        (p.mul(L::splat(s.shrink)).sub(move_by), m, v)
    }
}
