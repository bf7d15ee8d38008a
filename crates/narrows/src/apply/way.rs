//! The path from one row to another through code space.

use super::columns::{model_columns, model_pixels, model_types};
use super::fit::check;
use super::stream::{Progress, piece_rows};
use crate::data::Dataset;
use crate::data::write::{Head, Output, Piece, Sink, pieces};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{InUse, Model};
use crate::text::count;
use ndarray::Array2;
use std::ops::Range;

/// The most rows of a path. More rows show nothing new, and a typing error should not fill the disk.
const MOST_STEPS: usize = 1_000_000;

/// The straight path through code space from one row to another, and the reconstructions of its codes.
pub struct Way<'a> {
    model: &'a Model,
    /// The codes of the two rows.
    ends: Array2<f32>,
    steps: usize,
}

impl<'a> Way<'a> {
    /// The path from row `from` to row `to` of some data, in `steps` rows, both ends included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] if the data do not fit the model or have no such row, or if `steps` is below 2 or above a
    /// million.
    pub fn between(
        model: &'a Model,
        data: &Dataset,
        from: usize,
        to: usize,
        steps: usize,
    ) -> Result<Way<'a>> {
        check(model, data)?;
        if !(2..=MOST_STEPS).contains(&steps) {
            return Err(
                Error::new(ErrorKind::Data, "this number of steps is not possible")
                    .expected(format!("2 to {}", count(MOST_STEPS)))
                    .found(steps),
            );
        }
        let ends = model.encode(data.select(&[from, to])?.to_array_f64().view())?;
        Ok(Way { model, ends, steps })
    }

    /// Some of the rows, in the units of the model's data. The first and the last row of the path are the
    /// reconstructions of the two ends.
    ///
    /// # Errors
    ///
    /// As [`Model::decode`].
    pub fn rows(&self, rows: Range<usize>) -> Result<Array2<f64>> {
        self.rows_of(&mut self.model.in_use(rows.len()), rows)
    }

    fn rows_of(&self, in_use: &mut InUse<'_>, rows: Range<usize>) -> Result<Array2<f64>> {
        let codes = Array2::from_shape_fn((rows.len(), self.ends.ncols()), |(row, value)| {
            let share = (rows.start + row) as f32 / (self.steps - 1) as f32;
            // Codes are float32; their reconstructions may need float64.
            f64::from((1.0 - share) * self.ends[[0, value]] + share * self.ends[[1, value]])
        });
        in_use.decode(codes.view())
    }

    /// Writes all of the rows.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn write(&self, out: impl Into<Output>, progress: Progress<'_>) -> Result<()> {
        let head = Head {
            rows: self.steps,
            columns: model_columns(self.model),
            types: model_types(self.model),
            pixels: Some(model_pixels(self.model)),
            shape: self.model.shape().to_vec(),
            ..Head::default()
        };
        let mut sink = Sink::create(out, &head)?;
        let inputs = self.model.network().inputs();
        let mut in_use = self.model.in_use(piece_rows(self.steps, inputs));
        for rows in pieces(self.steps, inputs) {
            sink.write(Piece {
                values: self.rows_of(&mut in_use, rows.clone())?.view(),
                wide: &[],
                texts: &[],
                reasons: &[],
            })?;
            progress(rows.end)?;
        }
        sink.finish()
    }
}
