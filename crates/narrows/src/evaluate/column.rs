//! The error of each column of a table.

use super::moments::{add_rows, fill};
use super::{ColumnError, block_rows};
use crate::data::Dataset;
use crate::network::Rows;
use crate::scaling::Scaling;
use narrows_kernels::team::Team;

/// Sums over test rows, column by column, in scaled units.
pub(super) struct ColumnSums<'a> {
    scaling: &'a Scaling,
    /// The means of the training rows.
    mean: Vec<f64>,
    /// Squared errors of the reconstructions.
    errors: Vec<f64>,
    /// The same in the data's units, for scalings that are not a factor and an offset.
    in_units: Option<Vec<f64>>,
    /// Squared distances from the mean of the training rows.
    distances: Vec<f64>,
    rows: usize,
}

impl<'a> ColumnSums<'a> {
    /// The sums before any test row. `train` are the scaled training rows.
    pub(super) fn new(
        train: &dyn Rows,
        inputs: usize,
        scaling: &'a Scaling,
        team: &mut Team,
    ) -> ColumnSums<'a> {
        let mut mean = vec![0.0; inputs];
        let step = block_rows(inputs).min(train.count().max(1));
        let mut block = vec![0.0; step * inputs];
        for start in (0..train.count()).step_by(step) {
            let len = step.min(train.count() - start);
            let block = &mut block[..len * inputs];
            fill(train, start, inputs, block, team, |_| ());
            add_rows(block, &mut mean);
        }
        let count = train.count() as f64;
        mean.iter_mut().for_each(|sum| *sum /= count);
        ColumnSums {
            scaling,
            mean,
            errors: vec![0.0; inputs],
            in_units: (!scaling.curves().is_empty()).then(|| vec![0.0; inputs]),
            distances: vec![0.0; inputs],
            rows: 0,
        }
    }

    /// Adds rows `[rows, inputs]` and their reconstructions, both in scaled units.
    pub(super) fn add(&mut self, clean: &[f32], reconstructed: &[f32]) {
        let inputs = self.mean.len();
        let rows = clean.chunks_exact(inputs);
        for (clean, reconstructed) in rows.zip(reconstructed.chunks_exact(inputs)) {
            for (column, (&clean, &made)) in clean.iter().zip(reconstructed).enumerate() {
                let clean = f64::from(clean);
                self.errors[column] += (clean - f64::from(made)).powi(2);
                self.distances[column] += (clean - self.mean[column]).powi(2);
            }
            for (column, error) in self.in_units.iter_mut().flatten().enumerate() {
                let of = |values: &[f32]| self.scaling.unscaled(column, values[column]);
                *error += (of(clean) - of(reconstructed)).powi(2);
            }
            self.rows += 1;
        }
    }

    /// The error of each column, in the order of the table.
    pub(super) fn errors(&self, data: &Dataset) -> Vec<ColumnError> {
        let all: f64 = self.errors.iter().sum();
        let names = data.columns();
        let columns = self.errors.iter().zip(&self.distances).enumerate();
        let columns = columns.map(|(column, (&error, &distance))| {
            let (_, factor) = self.scaling.of(column);
            let rows = self.rows as f64;
            let column_mse = match &self.in_units {
                Some(errors) => errors[column] / rows,
                None => error / rows / factor / factor,
            };
            let name = names.and_then(|names| names.get(column));
            ColumnError {
                name: name.map_or_else(|| (column + 1).to_string(), String::clone),
                column_mse,
                r2: (distance > 0.0).then(|| 1.0 - error / distance),
                score_share: if all > 0.0 { error / all } else { 0.0 },
            }
        });
        columns.collect()
    }
}
