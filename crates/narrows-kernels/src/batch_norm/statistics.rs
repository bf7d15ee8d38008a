//! Statistics of channels over a whole batch, and the running statistics.

use super::planes::Planes;
use crate::lanes::{Isa, Lanes, multiversion};
use crate::moments::{LANES, Moments, mean_and_variance};
use std::ops::Range;

/// Mean and biased variance of some channels over the rows of `x`, `[rows, channels, area]`. `mean` and `variance` are
/// as long as the number of channels in the range.
///
/// # Panics
///
/// If lengths do not fit, or if there are no rows.
pub fn statistics(
    isa: Isa,
    planes: Planes,
    channels: Range<usize>,
    x: &[f32],
    mean: &mut [f32],
    variance: &mut [f32],
) {
    let rows = planes.rows(x);
    let len = channels.len();
    assert!(channels.end <= planes.channels && mean.len() == len && variance.len() == len);
    assert!(rows > 0, "statistics of at least one row");
    let count = rows * planes.area;
    let results = mean.chunks_mut(LANES).zip(variance.chunks_mut(LANES));
    for (group, (mean, variance)) in groups(channels).zip(results) {
        let mut near = [0.0; LANES];
        for (near, channel) in near.iter_mut().zip(group.clone()) {
            *near = f64::from(x[channel * planes.area]);
        }
        let terms = Terms {
            u: x,
            p: near,
            v: x,
            q: near,
        };
        let sums = terms.sum(isa, planes, group);
        for (lane, (mean, variance)) in mean.iter_mut().zip(variance).enumerate() {
            let (first, second) = (sums.first[lane], sums.second[lane]);
            let (of_mean, of_variance) = mean_and_variance(near[lane], first, second, count);
            (*mean, *variance) = (of_mean as f32, of_variance as f32);
        }
    }
}

/// `1 / √(variance + eps)`, channel by channel.
///
/// # Panics
///
/// When the lengths differ.
pub fn rstd(eps: f64, variance: &[f32], rstd: &mut [f32]) {
    assert_eq!(variance.len(), rstd.len());
    for (rstd, &variance) in rstd.iter_mut().zip(variance) {
        *rstd = (1.0 / (f64::from(variance) + eps).sqrt()) as f32;
    }
}

/// Running statistics of some channels, for inference.
#[derive(Debug)]
pub struct Running<'a> {
    /// The running mean; it starts at 0.
    pub mean: &'a mut [f32],
    /// The running unbiased variance; it starts at 1.
    pub variance: &'a mut [f32],
}

/// `running = (1 - momentum) running + momentum · batch`, channel by channel, with the batch's unbiased variance:
/// `variance · count / (count - 1)`. `momentum` is defined as in PyTorch: the weight of the new value, 0.1 by default.
/// For a plain average over batches it is 1 / (the number of batches so far, including this one).
///
/// `count` is the number of values of a channel, `rows · area`; `mean` and `variance` come from [`statistics`].
///
/// # Panics
///
/// If the lengths differ, or if `count` is below 2, because a single value has no unbiased variance.
pub fn update_running(
    momentum: f64,
    count: usize,
    mean: &[f32],
    variance: &[f32],
    running: Running<'_>,
) {
    let len = mean.len();
    assert!(variance.len() == len && running.mean.len() == len && running.variance.len() == len);
    assert!(
        count >= 2,
        "at least two values for an unbiased variance, not {count}"
    );
    let correction = count as f64 / (count - 1) as f64;
    let mix = |running: &mut f32, batch: f64| {
        *running = ((1.0 - momentum) * f64::from(*running) + momentum * batch) as f32;
    };
    for (running, &mean) in running.mean.iter_mut().zip(mean) {
        mix(running, f64::from(mean));
    }
    for (running, &variance) in running.variance.iter_mut().zip(variance) {
        mix(running, f64::from(variance) * correction);
    }
}

/// Channels in groups of at most [`LANES`]. If the area is 1, each channel of a group has a partial sum.
pub(super) fn groups(channels: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = channels;
    let group = move |start: usize| start..(start + LANES).min(end);
    (start..end).step_by(LANES).map(group)
}

/// Two matrices of `[rows, channels, area]`, and the values that are subtracted from each, by channel of a group.
pub(super) struct Terms<'a> {
    pub(super) u: &'a [f32],
    pub(super) p: [f64; LANES],
    pub(super) v: &'a [f32],
    pub(super) q: [f64; LANES],
}

impl Terms<'_> {
    /// `Σ (u - p)` and `Σ (u - p)(v - q)` over all rows, for each channel of a group.
    pub(super) fn sum(&self, isa: Isa, planes: Planes, group: Range<usize>) -> Moments {
        // SAFETY: the body has no conditions.
        unsafe { sum(isa, self, planes, group) }
    }
}

multiversion! {
    unsafe fn sum(terms: &Terms<'_>, planes: Planes, group: Range<usize>) -> Moments = sum_body
}

/// # Safety
///
/// None.
#[inline(always)]
unsafe fn sum_body<L: Lanes>(terms: &Terms<'_>, planes: Planes, group: Range<usize>) -> Moments {
    let Terms { u, p, v, q } = terms;
    let width = planes.width();
    let rows = || u.chunks_exact(width).zip(v.chunks_exact(width));
    let mut sums = Moments::ZERO;
    if planes.area == 1 {
        // The only value of a channel in a row goes to its first partial sum, because a group of channels has one sum
        // each.
        for (u, v) in rows() {
            let (u, v) = (&u[group.clone()], &v[group.clone()]);
            match (u.first_chunk(), v.first_chunk()) {
                (Some(u), Some(v)) => sums.add(u, p, v, q),
                _ => {
                    let (mut padded_u, mut padded_v) = ([0.0; LANES], [0.0; LANES]);
                    padded_u[..u.len()].copy_from_slice(u);
                    padded_v[..v.len()].copy_from_slice(v);
                    sums.add(&padded_u, p, &padded_v, q);
                }
            }
        }
        return sums;
    }
    for (lane, channel) in group.enumerate() {
        let plane = channel * planes.area..(channel + 1) * planes.area;
        let mut of_channel = Moments::ZERO;
        for (u, v) in rows() {
            of_channel.add_run(&u[plane.clone()], p[lane], &v[plane.clone()], q[lane]);
        }
        (sums.first[lane], sums.second[lane]) = of_channel.total();
    }
    sums
}
