//! The robustness curve: reconstruction error against the level of noise on the input.

use super::moments::fill;
use super::{Matrix, block_rows, mse};
use crate::corruption::{CorruptedRows, Corruption};
use crate::network::{Rows, Workers};
use narrows_kernels::split::{Bounds, Parts};

/// Computes reconstructions `[rows, inputs]` of rows, both in scaled units.
pub type Reconstruct<'a> = dyn Fn(&dyn Rows, &mut Workers, &mut [f32]) + 'a;

/// The noises of the robustness curve, each from weak to strong; they include the noise of the model's training.
pub fn standard_noises(own: Option<&Corruption>) -> [Vec<Corruption>; 3] {
    let gaussian = [0.1, 0.2, 0.4, 0.8, 1.2, 1.5, 2.0];
    let salt_and_pepper = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5];
    let masking = [0.1, 0.25, 0.5, 0.75, 0.9];
    let mut noises = [
        gaussian.map(Corruption::gaussian).to_vec(),
        salt_and_pepper.map(Corruption::salt_and_pepper).to_vec(),
        masking.map(Corruption::masking).to_vec(),
    ];
    if let Some(own) = own.filter(|own| own.strength() > 0.0) {
        let is_same = |levels: &&mut Vec<Corruption>| levels[0].name() == own.name();
        if let Some(levels) = noises.iter_mut().find(is_same)
            && !levels.contains(own)
        {
            let place = levels.partition_point(|level| level.strength() < own.strength());
            levels.insert(place, own.clone());
        }
    }
    noises
}

/// Noise for a test.
#[derive(Clone, Debug)]
pub struct TestNoise {
    /// Its kind and strength.
    pub corruption: Corruption,
    /// Its seed.
    pub seed: u64,
    /// The number of draws for each row: 1 or more.
    pub draws: u32,
}

/// The number of draws of the training noise for each of `rows` test rows of `inputs` values. The error with this noise
/// is reported as a number, while other noises are points of a curve.
///
/// This error is an expectation over the noise, and one draw per row gives only a sample of it. For 10,000 images of
/// MNIST and the denoising network, the sample is off by 0.00006 of 0.034. Each further draw takes as long as the
/// first, so the draws end at 2²⁵ values in total, or at 16 draws per row.
pub fn noise_draws(rows: usize, inputs: usize) -> u32 {
    let values = rows.saturating_mul(inputs).max(1);
    (1usize << 25).div_ceil(values).min(16) as u32
}

/// The mean squared error of each autoencoder against the clean rows, when it reads rows of `inputs` values with noise;
/// averaged over the draws. All autoencoders get the same noisy rows.
pub fn noisy_errors(
    rows: &dyn Rows,
    inputs: usize,
    noise: &TestNoise,
    autoencoders: &[&Reconstruct<'_>],
    workers: &mut Workers,
) -> Vec<f64> {
    let count = rows.count();
    let mut sums = vec![0.0; autoencoders.len()];
    let block = block_rows(inputs).min(count) * inputs;
    let (mut clean, mut given, mut made) = (vec![0.0; block], vec![0.0; block], vec![0.0; block]);
    let mut errors = vec![0.0; block / inputs.max(1)];
    for start in (0..count).step_by(block_rows(inputs)) {
        let len = block_rows(inputs).min(count - start);
        let [clean, given, made] =
            [&mut clean, &mut given, &mut made].map(|block| &mut block[..len * inputs]);
        fill(rows, start, inputs, clean, workers.team(), |_| ());
        let clean = Matrix {
            values: clean,
            width: inputs,
        };
        for draw in 0..noise.draws {
            let noisy = CorruptedRows::new(&clean, inputs, &noise.corruption, noise.seed)
                .from_row(start)
                .drawn_again(draw);
            fill(&noisy, 0, inputs, given, workers.team(), |_| ());
            for (reconstruct, sum) in autoencoders.iter().zip(&mut sums) {
                let given = Matrix {
                    values: given,
                    width: inputs,
                };
                reconstruct(&given, workers, made);
                let team = workers.team();
                let errors = &mut errors[..len];
                let bounds = Bounds::even(len, team.threads());
                let mut scratch = vec![(); team.threads()];
                let (clean, made) = (clean.values, &*made);
                team.run(
                    &mut scratch,
                    Parts::new(errors, &bounds),
                    |(), part, errors| {
                        for (row, error) in bounds.range(part).zip(errors) {
                            let values = row * inputs..(row + 1) * inputs;
                            *error = mse(&clean[values.clone()], &made[values]);
                        }
                    },
                );
                *sum += errors.iter().sum::<f64>();
            }
        }
    }
    let tried = count as f64 * f64::from(noise.draws);
    sums.iter().map(|sum| sum / tried).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_noise_is_among_the_levels_once() {
        let levels = |own| standard_noises(own).map(|levels| levels.len());
        let usual = levels(None);
        let own = Corruption::gaussian(0.8);
        assert_eq!(levels(Some(&own)), usual, "it is there already");
        let own = Corruption::masking(0.8);
        let [_, _, masking] = standard_noises(Some(&own));
        assert_eq!(masking.len(), usual[2] + 1);
        assert!(masking.contains(&own));
        assert!(masking.is_sorted_by(|a, b| a.strength() < b.strength()));
    }

    #[test]
    fn noise_is_drawn_more_often_for_fewer_values() {
        assert_eq!(noise_draws(10_000, 784), 5);
        assert_eq!(noise_draws(60_000, 784), 1);
        assert_eq!(noise_draws(100, 4), 16);
        assert_eq!(noise_draws(0, 0), 16);
        assert_eq!(noise_draws(usize::MAX, 3), 1);
    }

    #[test]
    fn several_noises_are_averaged() {
        // More rows than a block has.
        let values: Vec<f32> = (0..3 * 2500).map(|i| (i % 5) as f32).collect();
        let rows = Matrix {
            values: &values,
            width: 3,
        };
        let copy =
            |rows: &dyn Rows, _: &mut Workers, out: &mut [f32]| rows.write(0..rows.count(), out);
        let noise = TestNoise {
            corruption: Corruption::gaussian(0.5),
            seed: 4,
            draws: 3,
        };
        let of_draw = |draw| {
            let mut noisy = vec![0.0; values.len()];
            CorruptedRows::new(&rows, 3, &noise.corruption, noise.seed)
                .drawn_again(draw)
                .write(0..2500, &mut noisy);
            mse(&values, &noisy)
        };
        let each: Vec<f64> = (0..3).map(of_draw).collect();
        assert!(each[0] != each[1] && each[1] != each[2] && each[0] != each[2]);
        for threads in [1, 3] {
            let workers = &mut Workers::new(threads);
            let found = noisy_errors(&rows, 3, &noise, &[&copy], workers)[0];
            let mean = each.iter().sum::<f64>() / 3.0;
            assert!((found - mean).abs() < 1e-12, "{found} {mean}");
        }
    }

    #[test]
    fn errors_are_against_the_clean_rows() {
        let values: Vec<f32> = (0..3 * 2500).map(|i| (i % 7) as f32).collect();
        let rows = Matrix {
            values: &values,
            width: 3,
        };
        let copy =
            |rows: &dyn Rows, _: &mut Workers, out: &mut [f32]| rows.write(0..rows.count(), out);
        let half = |rows: &dyn Rows, _: &mut Workers, out: &mut [f32]| {
            rows.write(0..rows.count(), out);
            out.iter_mut().for_each(|value| *value *= 0.5);
        };
        let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 7500.0;
        for threads in [1, 3] {
            let workers = &mut Workers::new(threads);
            let mut errors = |corruption| {
                let noise = TestNoise {
                    corruption,
                    seed: 1,
                    draws: 1,
                };
                noisy_errors(&rows, 3, &noise, &[&copy, &half], workers)
            };
            let all = errors(Corruption::masking(1.0));
            assert!((all[0] - square).abs() < 1e-9 && (all[1] - square).abs() < 1e-9);
            let none = errors(Corruption::masking(0.0));
            assert!(none[0] == 0.0 && (none[1] - square / 4.0).abs() < 1e-9);
            let noise = errors(Corruption::gaussian(0.5));
            assert!((noise[0] - 0.25).abs() < 0.02, "{noise:?}");
        }
    }
}
