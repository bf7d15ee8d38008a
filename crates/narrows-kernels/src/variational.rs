//! The code of a variational autoencoder (Kingma & Welling 2014, "Auto-encoding variational Bayes"): drawn from a normal
//! distribution that the encoder gives, with its Kullback-Leibler divergence from the standard normal distribution.
//!
//! A row of what the encoder gives is `q` means m and then `q` log variances l; `e` is standard normal noise.
//!
//! ```text
//! forward:   l = clamp(l, -30, 20)
//!            z = m + e exp(l / 2)
//!            KL_j = (m² + exp(l) - 1 - l) / 2,  summed over j as max(KL_j, free)
//! backward:  dm = dz + w m
//!            dl = (dz e exp(l / 2) + w (exp(l) - 1)) / 2,  0 where l was clamped
//!            with w = 0 where KL_j < free
//! ```
//!
//! Where several codes are drawn for a row, each is weighed by `w = p(x | z) p(z) / q(z | x)` (Burda et al. 2016, "Importance
//! weighted autoencoders"), of which [`Weighed`] has the part `ln p(z) - ln q(z | x) = Σ (e² - z² + l) / 2`.
//!
//! `free` is the divergence that costs nothing, in nats a value ("free bits", Kingma et al. 2016, "Improving variational
//! inference with inverse autoregressive flow", here for each row).

use crate::lanes::{Isa, Lanes, multiversion};
use crate::math;

/// Log variances are clamped to at least this.
pub const LEAST_LOG_VARIANCE: f32 = -30.0;
/// Log variances are clamped to at most this.
pub const MOST_LOG_VARIANCE: f32 = 20.0;

/// Makes codes `z`, `[rows, q]`, of means and log variances `encoded`, `[rows, 2 q]`, and `noise`, `[rows, q]`; `divergences` gets
/// the divergence of each row, in nats.
///
/// # Panics
///
/// When lengths do not fit.
pub fn draw(
    isa: Isa,
    encoded: &[f32],
    noise: &[f32],
    free: f32,
    z: &mut [f32],
    divergences: &mut [f32],
) {
    let q = width(noise.len(), divergences.len());
    assert!(encoded.len() == 2 * noise.len() && z.len() == noise.len());
    if q == 0 {
        return divergences.fill(0.0);
    }
    let rows = encoded.chunks_exact(2 * q).zip(noise.chunks_exact(q));
    let made = z.chunks_exact_mut(q).zip(divergences);
    for ((encoded, noise), (z, divergence)) in rows.zip(made) {
        let (means, logs) = encoded.split_at(q);
        // SAFETY: q numbers in each slice.
        *divergence = unsafe {
            draw_row(
                isa,
                means.as_ptr(),
                logs.as_ptr(),
                noise.as_ptr(),
                free,
                z.as_mut_ptr(),
                q,
            )
        };
    }
}

/// The divergence of each row alone, as [`draw`] gives it.
///
/// # Panics
///
/// When lengths do not fit.
pub fn divergences(isa: Isa, encoded: &[f32], free: f32, divergences: &mut [f32]) {
    let q = width(encoded.len() / 2, divergences.len());
    if q == 0 {
        return divergences.fill(0.0);
    }
    let mut z = vec![0.0; q];
    let noise = vec![0.0; q];
    for (encoded, divergence) in encoded.chunks_exact(2 * q).zip(divergences) {
        draw(
            isa,
            encoded,
            &noise,
            free,
            &mut z,
            std::slice::from_mut(divergence),
        );
    }
}

/// Overwrites `gradient`, `[rows, 2 q]`, with the gradient by means and log variances, from that by the codes, `dz`, and from
/// `weight` times that of the divergence.
///
/// # Panics
///
/// When lengths do not fit.
pub fn draw_back(
    isa: Isa,
    q: usize,
    (encoded, noise, dz): (&[f32], &[f32], &[f32]),
    free: f32,
    weight: f32,
    gradient: &mut [f32],
) {
    assert!(encoded.len() == 2 * noise.len() && dz.len() == noise.len());
    assert!(gradient.len() == encoded.len());
    assert!(q > 0 && noise.len().is_multiple_of(q));
    let rows = encoded.chunks_exact(2 * q).zip(noise.chunks_exact(q));
    let rows = rows.zip(dz.chunks_exact(q));
    for (((encoded, noise), dz), gradient) in rows.zip(gradient.chunks_exact_mut(2 * q)) {
        let (means, logs) = encoded.split_at(q);
        let (by_means, by_logs) = gradient.split_at_mut(q);
        // SAFETY: q numbers in each slice.
        unsafe {
            back_row(
                isa,
                [means.as_ptr(), logs.as_ptr(), noise.as_ptr(), dz.as_ptr()],
                free,
                weight,
                [by_means.as_mut_ptr(), by_logs.as_mut_ptr()],
                q,
            );
        }
    }
}

/// Codes of a row, and what is needed to weigh them: several for each row.
#[derive(Clone, Copy, Debug)]
pub struct Weighed<'a> {
    /// The codes that are drawn for a row.
    pub samples: usize,
    /// Means and log variances, `[rows, 2 q]`.
    pub encoded: &'a [f32],
    /// The noise of the codes, `[rows, samples, q]`.
    pub noise: &'a [f32],
}

impl Weighed<'_> {
    /// The values of a code, for so many rows.
    fn code(&self, rows: usize) -> usize {
        let q = width(self.encoded.len() / 2, rows);
        assert_eq!(self.noise.len(), rows * self.samples * q);
        q
    }

    /// Makes codes `z`, `[rows, samples, q]`; `ratios`, `[rows, samples]`, gets `ln p(z) - ln q(z | x)` of each, in nats.
    ///
    /// # Panics
    ///
    /// When lengths do not fit.
    pub fn draw(&self, isa: Isa, z: &mut [f32], ratios: &mut [f32]) {
        let samples = self.samples;
        assert!(samples > 0 && ratios.len().is_multiple_of(samples));
        let q = self.code(ratios.len() / samples);
        assert_eq!(z.len(), self.noise.len());
        if q == 0 {
            return ratios.fill(0.0);
        }
        let noise = self.noise.chunks_exact(q);
        let made = z.chunks_exact_mut(q).zip(ratios);
        for (pair, (noise, (z, ratio))) in noise.zip(made).enumerate() {
            let row = &self.encoded[pair / samples * 2 * q..][..2 * q];
            let (means, logs) = row.split_at(q);
            let of = [means.as_ptr(), logs.as_ptr(), noise.as_ptr()];
            // SAFETY: q numbers in each slice.
            *ratio = unsafe { ratio_row(isa, of, z.as_mut_ptr(), q) };
        }
    }

    /// Overwrites `gradient`, `[rows, 2 q]`, with the gradient by means and log variances. `dz`, `[rows, samples, q]`, is the
    /// gradient by the codes of what the decoder makes of them; `by_ratios`, `[rows, samples]`, that by the ratios, which is
    /// `-scale` times the weight of the sample.
    ///
    /// `is_doubly` takes the doubly reparametrized estimator (Tucker et al. 2019, "Doubly reparameterized gradient estimators
    /// for Monte Carlo objectives"): each sample counts by the square of its weight, and the direct dependence of `ln q` on
    /// means and log variances is left out.
    ///
    /// # Panics
    ///
    /// When lengths do not fit.
    pub fn draw_back(
        &self,
        isa: Isa,
        (dz, by_ratios): (&[f32], &[f32]),
        scale: f32,
        is_doubly: bool,
        gradient: &mut [f32],
    ) {
        let samples = self.samples;
        assert!(samples > 0 && by_ratios.len().is_multiple_of(samples));
        let q = self.code(by_ratios.len() / samples);
        assert!(dz.len() == self.noise.len() && gradient.len() == self.encoded.len());
        gradient.fill(0.0);
        if q == 0 {
            return;
        }
        let pairs = self.noise.chunks_exact(q).zip(dz.chunks_exact(q));
        for (pair, ((noise, dz), &by_ratio)) in pairs.zip(by_ratios).enumerate() {
            let row = pair / samples * 2 * q;
            let (means, logs) = self.encoded[row..row + 2 * q].split_at(q);
            let (by_means, by_logs) = gradient[row..row + 2 * q].split_at_mut(q);
            let of = [means.as_ptr(), logs.as_ptr(), noise.as_ptr(), dz.as_ptr()];
            let to = [by_means.as_mut_ptr(), by_logs.as_mut_ptr()];
            let by = [by_ratio, -by_ratio / scale];
            // SAFETY: q numbers in each slice.
            unsafe {
                if is_doubly {
                    ratio_back_row::<true>(isa, of, by, to, q);
                } else {
                    ratio_back_row::<false>(isa, of, by, to, q);
                }
            }
        }
    }
}

/// The numbers of a row.
fn width(numbers: usize, rows: usize) -> usize {
    if rows == 0 {
        assert_eq!(numbers, 0, "as many rows as divergences");
        return 0;
    }
    assert!(numbers.is_multiple_of(rows), "as many rows as divergences");
    numbers / rows
}

/// A mean and a log variance, with what both ways need of them.
struct Normal<L> {
    log: L,
    std: L,
    variance: L,
    divergence: L,
}

impl<L: Lanes> Normal<L> {
    /// # Safety
    ///
    /// As [`Lanes`].
    #[inline(always)]
    unsafe fn new(mean: L, log: L) -> Normal<L> {
        // SAFETY: passed on.
        unsafe {
            let half = L::splat(0.5);
            let most = L::splat(MOST_LOG_VARIANCE);
            let log = L::splat(LEAST_LOG_VARIANCE).max(most.min(log));
            let std = math::exp(half.mul(log));
            let variance = std.mul(std);
            let rest = variance.sub(L::splat(1.0)).sub(log);
            Normal {
                divergence: half.mul(mean.mul_add(mean, rest)),
                log,
                std,
                variance,
            }
        }
    }
}

multiversion! {
    unsafe fn draw_row(
        means: *const f32, logs: *const f32, noise: *const f32, free: f32, z: *mut f32, q: usize,
    ) -> f32 = draw_body
}

/// # Safety
///
/// `q` numbers at each pointer.
#[inline(always)]
unsafe fn draw_body<L: Lanes>(
    means: *const f32,
    logs: *const f32,
    noise: *const f32,
    free: f32,
    z: *mut f32,
    q: usize,
) -> f32 {
    // SAFETY: indices stay below `q`; `lanes` holds the `L::N <= 16` lanes of a vector.
    unsafe {
        let free = L::splat(free);
        let mut lanes = [0.0f32; 16];
        let mut sum = L::splat(0.0);
        let mut total = 0.0;
        let mut i = 0;
        while i < q {
            let n = L::N.min(q - i);
            let load = |from: *const f32| match n == L::N {
                true => L::load(from.add(i)),
                false => L::load_first(from.add(i), n),
            };
            let (mean, noise) = (load(means), load(noise));
            let normal = Normal::new(mean, load(logs));
            let divergence = normal.divergence;
            let divergence = free.where_greater(divergence, free, divergence);
            let code = noise.mul_add(normal.std, mean);
            if n == L::N {
                code.store(z.add(i));
                sum = sum.add(divergence);
            } else {
                code.store_first(z.add(i), n);
                // The lanes beyond hold the divergence of nothing.
                divergence.store(lanes.as_mut_ptr());
                total = lanes.iter().take(n).sum::<f32>();
            }
            i += n;
        }
        lanes = [0.0; 16];
        sum.store(lanes.as_mut_ptr());
        lanes.iter().sum::<f32>() + total
    }
}

multiversion! {
    unsafe fn back_row(
        of: [*const f32; 4], free: f32, weight: f32, to: [*mut f32; 2], q: usize,
    ) = back_body
}

/// # Safety
///
/// `q` numbers at each pointer.
#[inline(always)]
unsafe fn back_body<L: Lanes>(
    [means, logs, noise, dz]: [*const f32; 4],
    free: f32,
    weight: f32,
    [by_means, by_logs]: [*mut f32; 2],
    q: usize,
) {
    // SAFETY: indices stay below `q`.
    unsafe {
        let (zero, half, one) = (L::splat(0.0), L::splat(0.5), L::splat(1.0));
        let (free, weight) = (L::splat(free), L::splat(weight));
        let mut i = 0;
        while i < q {
            let n = L::N.min(q - i);
            let load = |from: *const f32| L::load_first(from.add(i), n);
            let (mean, given) = (load(means), load(logs));
            let (noise, dz) = (load(noise), load(dz));
            let normal = Normal::new(mean, given);
            let weight = free.where_greater(normal.divergence, zero, weight);
            let by_mean = weight.mul_add(mean, dz);
            let of_code = dz.mul(noise).mul(normal.std);
            let by_log = half.mul(weight.mul_add(normal.variance.sub(one), of_code));
            // What was clamped does not follow its input.
            let by_log = given.where_greater(normal.log, zero, by_log);
            let by_log = normal.log.where_greater(given, zero, by_log);
            by_mean.store_first(by_means.add(i), n);
            by_log.store_first(by_logs.add(i), n);
            i += n;
        }
    }
}

multiversion! {
    unsafe fn ratio_row(of: [*const f32; 3], z: *mut f32, q: usize) -> f32 = ratio_body
}

/// # Safety
///
/// `q` numbers at each pointer.
#[inline(always)]
unsafe fn ratio_body<L: Lanes>(
    [means, logs, noise]: [*const f32; 3],
    z: *mut f32,
    q: usize,
) -> f32 {
    // SAFETY: indices stay below `q`; `lanes` holds the `L::N <= 16` lanes of a vector.
    unsafe {
        let mut sum = L::splat(0.0);
        let mut i = 0;
        while i < q {
            let n = L::N.min(q - i);
            let load = |from: *const f32| L::load_first(from.add(i), n);
            let (mean, noise) = (load(means), load(noise));
            // Behind the row all are 0, and so is what they add.
            let normal = Normal::new(mean, load(logs));
            let code = noise.mul_add(normal.std, mean);
            code.store_first(z.add(i), n);
            let squares = noise.mul(noise).sub(code.mul(code));
            sum = sum.add(squares.add(normal.log));
            i += n;
        }
        let mut lanes = [0.0f32; 16];
        sum.store(lanes.as_mut_ptr());
        0.5 * lanes.iter().sum::<f32>()
    }
}

multiversion! {
    unsafe fn ratio_back_row<const DOUBLY: bool>(
        of: [*const f32; 4], by: [f32; 2], to: [*mut f32; 2], q: usize,
    ) = ratio_back_body
}

/// Adds to the gradient what one sample contributes; `by` is the gradient by its ratio, and its weight.
///
/// # Safety
///
/// `q` numbers at each pointer.
#[inline(always)]
unsafe fn ratio_back_body<L: Lanes, const DOUBLY: bool>(
    [means, logs, noise, dz]: [*const f32; 4],
    [by_ratio, weight]: [f32; 2],
    [by_means, by_logs]: [*mut f32; 2],
    q: usize,
) {
    // SAFETY: indices stay below `q`.
    unsafe {
        let (zero, half) = (L::splat(0.0), L::splat(0.5));
        let (by_ratio, weight) = (L::splat(by_ratio), L::splat(weight));
        let mut i = 0;
        while i < q {
            let n = L::N.min(q - i);
            let load = |from: *const f32| L::load_first(from.add(i), n);
            let (mean, given) = (load(means), load(logs));
            let (noise, dz) = (load(noise), load(dz));
            let normal = Normal::new(mean, given);
            let code = noise.mul_add(normal.std, mean);
            let by_code = if DOUBLY {
                // weight · dz - by_ratio · weight · (z - e / s)
                let of_densities = code.sub(noise.div(normal.std)).mul(by_ratio);
                weight.mul(dz.sub(of_densities))
            } else {
                dz.sub(by_ratio.mul(code))
            };
            let mut by_log = half.mul(by_code).mul(noise).mul(normal.std);
            if !DOUBLY {
                by_log = by_log.add(half.mul(by_ratio));
            }
            // What was clamped does not follow its input.
            let by_log = given.where_greater(normal.log, zero, by_log);
            let by_log = normal.log.where_greater(given, zero, by_log);
            load(by_means).add(by_code).store_first(by_means.add(i), n);
            load(by_logs).add(by_log).store_first(by_logs.add(i), n);
            i += n;
        }
    }
}
