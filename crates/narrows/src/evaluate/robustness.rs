//! The robustness curve: reconstruction error against the level of noise on the input.

use super::moments::fill;
use super::{Matrix, block_rows, mse};
use crate::network::Rows;
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;
use std::ops::Range;

/// What noise does: to rows in scaled units, one after the other, at a level. The range says which
/// rows of the data they are, so that a row gets the same noise wherever it is cut out.
pub type Corrupt<'a> = dyn Fn(f64, Range<usize>, &mut [f32]) + Sync + 'a;

/// A noise and the levels that it is tried at.
#[derive(Clone, Copy)]
pub struct Noise<'a> {
    /// Its name.
    pub name: &'a str,
    /// The levels, in the noise's own measure.
    pub levels: &'a [f64],
    /// What it does.
    pub corrupt: &'a Corrupt<'a>,
}

/// Makes reconstructions `[rows, inputs]` of rows, both in scaled units.
pub type Reconstruct<'a> = dyn Fn(&dyn Rows, &mut Team, &mut [f32]) + 'a;

/// The mean squared error, against the clean rows, of the reconstructions that each of some
/// autoencoders makes of rows of `inputs` values with noise of a level on them. All are given the same
/// noisy rows.
pub fn noisy_errors(
    rows: &dyn Rows,
    inputs: usize,
    level: f64,
    corrupt: &Corrupt<'_>,
    autoencoders: &[&Reconstruct<'_>],
    team: &mut Team,
) -> Vec<f64> {
    let count = rows.count();
    let noisy = Noisy {
        rows,
        level,
        corrupt,
    };
    let mut sums = vec![0.0; autoencoders.len()];
    let block = block_rows(inputs).min(count) * inputs;
    let (mut clean, mut given, mut made) = (vec![0.0; block], vec![0.0; block], vec![0.0; block]);
    let mut errors = vec![0.0; block / inputs.max(1)];
    for start in (0..count).step_by(block_rows(inputs)) {
        let len = block_rows(inputs).min(count - start);
        let [clean, given, made] =
            [&mut clean, &mut given, &mut made].map(|block| &mut block[..len * inputs]);
        fill(rows, start, inputs, clean, team, |_| ());
        fill(&noisy, start, inputs, given, team, |_| ());
        for (reconstruct, sum) in autoencoders.iter().zip(&mut sums) {
            let given = Matrix {
                values: given,
                width: inputs,
            };
            reconstruct(&given, team, made);
            let errors = &mut errors[..len];
            let bounds = Bounds::even(len, team.threads());
            let mut scratch = vec![(); team.threads()];
            let (clean, made) = (&*clean, &*made);
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
    sums.iter().map(|sum| sum / count as f64).collect()
}

/// Rows with noise on them.
struct Noisy<'a> {
    rows: &'a dyn Rows,
    level: f64,
    corrupt: &'a Corrupt<'a>,
}

impl Rows for Noisy<'_> {
    fn count(&self) -> usize {
        self.rows.count()
    }
    fn write(&self, rows: Range<usize>, into: &mut [f32]) {
        self.rows.write(rows.clone(), into);
        (self.corrupt)(self.level, rows, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moves each value by the level, up in even rows and down in odd ones.
    fn shift(level: f64, rows: Range<usize>, values: &mut [f32]) {
        let width = values.len() / rows.len();
        for (row, values) in rows.zip(values.chunks_exact_mut(width)) {
            let sign = if row % 2 == 0 { 1.0 } else { -1.0 };
            values.iter_mut().for_each(|v| *v += sign * level as f32);
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
            |rows: &dyn Rows, _: &mut Team, out: &mut [f32]| rows.write(0..rows.count(), out);
        let half = |rows: &dyn Rows, _: &mut Team, out: &mut [f32]| {
            rows.write(0..rows.count(), out);
            out.iter_mut().for_each(|value| *value *= 0.5);
        };
        for threads in [1, 3] {
            let team = &mut Team::new(threads);
            let found = noisy_errors(&rows, 3, 0.5, &shift, &[&copy, &half], team);
            assert_eq!(found[0], 0.25);
            let expected: f64 = values
                .iter()
                .enumerate()
                .map(|(i, &value)| {
                    let noise = if (i / 3) % 2 == 0 { 0.5 } else { -0.5 };
                    (0.5 * (f64::from(value) + noise) - f64::from(value)).powi(2)
                })
                .sum();
            assert!((found[1] - expected / values.len() as f64).abs() < 1e-9);
            let clean = noisy_errors(&rows, 3, 0.0, &shift, &[&copy], team);
            assert_eq!(clean, [0.0]);
        }
    }
}
