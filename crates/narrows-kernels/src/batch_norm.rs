//! Batch normalization (Ioffe & Szegedy 2015), like PyTorch's `BatchNorm1d` and `BatchNorm2d`.
//!
//! Values are `[rows, channels, area]`: the area is 1 after a dense layer, and height × width after a convolution. A
//! channel is normalized over `n = rows · area` values.
//!
//! ```text
//! forward:   y = xhat · weight + bias          xhat = (x - mean) rstd, rstd = 1 / √(variance + eps)
//! backward:  dx = weight · rstd (dy - Σ dy / n - xhat · Σ (dy · xhat) / n)      the sums over the whole batch
//!            dweight = Σ dy · xhat,  dbias = Σ dy
//! ```
//!
//! So a training step has four parts; the first and the third are over the whole batch:
//!
//! 1. [`statistics`] of some channels, then [`update_running`] and [`rstd`] of the same channels;
//! 2. [`BatchNorm::forward`] of some rows;
//! 3. [`BatchNorm::sums`] of some channels, which are also the gradients of weight and bias;
//! 4. [`BatchNorm::backward`] of some rows.
//!
//! With the running mean and variance in place of the batch's, the second part alone is inference. Alternatively, call
//! [`BatchNorm::scale_and_shift`] once and [`affine`] for all rows: one multiply-add per value.
//!
//! **Order of the sums.** One thread computes a channel's sums, in double precision, row by row in order. Value `i` of
//! a row's `area` goes to partial sum `i mod 8`. The 8 partial sums continue through all rows and are added in order at
//! the end. So no bit depends on the channels of a call, and results have the same bits on every instruction set. Means
//! and variances are rounded to `f32` once. For values around 10,000 a mean is off by up to 0.0005, as in PyTorch; a
//! variance of 1 has only its own rounding error.
//!
//! Every function overwrites its outputs.

mod planes;
mod statistics;

use crate::lanes::{Isa, Lanes, multiversion};
use crate::moments::LANES;
pub use planes::Planes;
pub use statistics::{Running, rstd, statistics, update_running};
use statistics::{Terms, groups};
use std::ops::Range;

/// Σ dy and Σ dy · xhat over a whole batch, channel by channel.
#[derive(Clone, Copy, Debug)]
pub struct Sums<'a> {
    /// Σ dy, `[channels]`: the gradient of the bias.
    pub dy: &'a [f32],
    /// Σ dy · xhat, `[channels]`: the gradient of the weight.
    pub dy_xhat: &'a [f32],
    /// The number of values of a channel in the batch: `rows · area`.
    pub count: usize,
}

/// Outputs for Σ dy and Σ dy · xhat of some channels; each is as long as the number of channels.
#[derive(Debug)]
pub struct ChannelSums<'a> {
    /// Σ dy.
    pub dy: &'a mut [f32],
    /// Σ dy · xhat.
    pub dy_xhat: &'a mut [f32],
}

/// The parameters and statistics of the normalization, all of `[channels]`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// The number of values of a channel in a row.
    pub area: usize,
    /// The means, of a batch or running.
    pub mean: &'a [f32],
    /// `1 / √(variance + eps)`, from [`rstd`].
    pub rstd: &'a [f32],
    /// The factors of normalized values.
    pub weight: &'a [f32],
    /// The offsets, added after the factors.
    pub bias: &'a [f32],
}

impl BatchNorm<'_> {
    /// The shape of a row, after the lengths are checked.
    fn planes(&self) -> Planes {
        let channels = self.mean.len();
        let others = [self.rstd.len(), self.weight.len(), self.bias.len()];
        assert!(others == [channels; 3], "as many numbers as channels");
        Planes {
            channels,
            area: self.area,
        }
    }

    /// `y = (x - mean) rstd · weight + bias` of some rows, `[rows, channels, area]`.
    ///
    /// # Panics
    ///
    /// If lengths do not fit.
    pub fn forward(&self, isa: Isa, x: &[f32], y: &mut [f32]) {
        self.planes().rows(x);
        assert_eq!(x.len(), y.len());
        // SAFETY: the body has no conditions.
        unsafe { normalize(isa, *self, x, y) }
    }

    /// `Σ dy` and `Σ dy · xhat` of some channels over all rows, with `x` and `dy` of `[rows, channels, area]`.
    /// [`BatchNorm::backward`] needs them, and they are the gradients of bias and weight.
    ///
    /// # Panics
    ///
    /// If lengths do not fit.
    pub fn sums(
        &self,
        isa: Isa,
        channels: Range<usize>,
        x: &[f32],
        dy: &[f32],
        sums: ChannelSums<'_>,
    ) {
        let planes = self.planes();
        planes.rows(x);
        assert!(x.len() == dy.len() && channels.end <= planes.channels);
        assert!(sums.dy.len() == channels.len() && sums.dy_xhat.len() == channels.len());
        let results = sums.dy.chunks_mut(LANES);
        let results = results.zip(sums.dy_xhat.chunks_mut(LANES));
        for (group, (of_dy, of_dy_xhat)) in groups(channels).zip(results) {
            let mut mean = [0.0; LANES];
            for (mean, &of_channel) in mean.iter_mut().zip(&self.mean[group.clone()]) {
                *mean = f64::from(of_channel);
            }
            let terms = Terms {
                u: dy,
                p: [0.0; LANES],
                v: x,
                q: mean,
            };
            let sums = terms.sum(isa, planes, group.clone());
            for (lane, &rstd) in self.rstd[group].iter().enumerate() {
                of_dy[lane] = sums.first[lane] as f32;
                of_dy_xhat[lane] = (sums.second[lane] * f64::from(rstd)) as f32;
            }
        }
    }

    /// `dx = weight · rstd (dy - Σ dy / n - xhat · Σ (dy · xhat) / n)` of some rows, with the sums over all of them.
    ///
    /// # Panics
    ///
    /// If lengths do not fit.
    pub fn backward(&self, isa: Isa, sums: Sums<'_>, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        let planes = self.planes();
        planes.rows(x);
        assert!(x.len() == dy.len() && x.len() == dx.len() && sums.count > 0);
        assert!(sums.dy.len() == planes.channels && sums.dy_xhat.len() == planes.channels);
        // SAFETY: the body has no conditions.
        unsafe { differentiate(isa, *self, sums, x, dy, dx) }
    }

    /// The same map as one multiply-add per channel: `scale = weight · rstd` and `shift = bias - mean · scale`,
    /// computed in double precision.
    ///
    /// # Panics
    ///
    /// If lengths differ.
    pub fn scale_and_shift(&self, scale: &mut [f32], shift: &mut [f32]) {
        let channels = self.planes().channels;
        assert!(scale.len() == channels && shift.len() == channels);
        for c in 0..channels {
            let factor = f64::from(self.weight[c]) * f64::from(self.rstd[c]);
            scale[c] = factor as f32;
            shift[c] = (f64::from(self.bias[c]) - f64::from(self.mean[c]) * factor) as f32;
        }
    }
}

/// `y = x · scale + shift`, channel by channel, for some rows of `[rows, channels, area]`; `scale` and `shift` are
/// `[channels]`.
///
/// # Panics
///
/// If lengths do not fit.
pub fn affine(isa: Isa, area: usize, scale: &[f32], shift: &[f32], x: &[f32], y: &mut [f32]) {
    let channels = scale.len();
    Planes { channels, area }.rows(x);
    assert!(shift.len() == channels && x.len() == y.len());
    // SAFETY: the body has no conditions.
    unsafe { multiply_add(isa, area, scale, shift, x, y) }
}

multiversion! {
    unsafe fn normalize(norm: BatchNorm<'_>, x: &[f32], y: &mut [f32]) = normalize_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn normalize_body<L: Lanes>(norm: BatchNorm<'_>, x: &[f32], y: &mut [f32]) {
    let BatchNorm {
        area,
        mean,
        rstd,
        weight,
        bias,
    } = norm;
    let channels = mean.len();
    let (rstd, weight, bias) = (&rstd[..channels], &weight[..channels], &bias[..channels]);
    let width = channels * area;
    for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
        if area == 1 {
            let (x, y) = (&x[..channels], &mut y[..channels]);
            for c in 0..channels {
                y[c] = (x[c] - mean[c]) * rstd[c] * weight[c] + bias[c];
            }
            continue;
        }
        let planes = x.chunks_exact(area).zip(y.chunks_exact_mut(area));
        for (c, (x, y)) in planes.enumerate() {
            let (mean, rstd, weight, bias) = (mean[c], rstd[c], weight[c], bias[c]);
            for (y, x) in y.iter_mut().zip(x) {
                *y = (x - mean) * rstd * weight + bias;
            }
        }
    }
}

multiversion! {
    unsafe fn differentiate(norm: BatchNorm<'_>, sums: Sums<'_>, x: &[f32], dy: &[f32], dx: &mut [f32]) = differentiate_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn differentiate_body<L: Lanes>(
    norm: BatchNorm<'_>,
    sums: Sums<'_>,
    x: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) {
    let BatchNorm { area, mean, .. } = norm;
    let channels = mean.len();
    let (rstd, weight) = (&norm.rstd[..channels], &norm.weight[..channels]);
    let (of_dy, of_dy_xhat) = (&sums.dy[..channels], &sums.dy_xhat[..channels]);
    let part = 1.0 / sums.count as f32;
    let width = channels * area;
    let rows = x.chunks_exact(width).zip(dy.chunks_exact(width));
    for ((x, dy), dx) in rows.zip(dx.chunks_exact_mut(width)) {
        if area == 1 {
            let (x, dy, dx) = (&x[..channels], &dy[..channels], &mut dx[..channels]);
            for c in 0..channels {
                let xhat = (x[c] - mean[c]) * rstd[c];
                let centered = dy[c] - of_dy[c] * part - xhat * (of_dy_xhat[c] * part);
                dx[c] = centered * (weight[c] * rstd[c]);
            }
            continue;
        }
        let planes = x.chunks_exact(area).zip(dy.chunks_exact(area));
        for (c, ((x, dy), dx)) in planes.zip(dx.chunks_exact_mut(area)).enumerate() {
            let (mean, rstd, factor) = (mean[c], rstd[c], weight[c] * rstd[c]);
            let (level, slope) = (of_dy[c] * part, of_dy_xhat[c] * part);
            for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
                let xhat = (x - mean) * rstd;
                *dx = (dy - level - xhat * slope) * factor;
            }
        }
    }
}

multiversion! {
    unsafe fn multiply_add(area: usize, scale: &[f32], shift: &[f32], x: &[f32], y: &mut [f32]) = multiply_add_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn multiply_add_body<L: Lanes>(
    area: usize,
    scale: &[f32],
    shift: &[f32],
    x: &[f32],
    y: &mut [f32],
) {
    let width = scale.len() * area;
    for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
        if area == 1 {
            let channels = y.iter_mut().zip(x).zip(scale.iter().zip(shift));
            for ((y, x), (scale, shift)) in channels {
                *y = x * scale + shift;
            }
            continue;
        }
        let planes = x.chunks_exact(area).zip(y.chunks_exact_mut(area));
        for ((x, y), (scale, shift)) in planes.zip(scale.iter().zip(shift)) {
            for (y, x) in y.iter_mut().zip(x) {
                *y = x * scale + shift;
            }
        }
    }
}
