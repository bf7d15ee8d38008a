//! Reconstructions of rows, and rows with noise on them.

use super::columns::model_types;
use super::fit::check;
use super::stream::{Progress, piece_rows, stream};
use crate::advice::Action;
use crate::corruption::{CorruptedRows, Corruption};
use crate::data::Dataset;
use crate::data::write::{Head, NumberType, Output, column_names};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::network::{Rows, ScaledRows};
use crate::scaling::{Scaling, ScalingSpec};
use ndarray::Array2;
use std::ops::Range;

/// Writes the reconstruction of each row. If `corruption` is given, it is first applied to the rows.
///
/// # Errors
///
/// If the data do not fit the model, or if the output cannot be written.
pub fn reconstruct(
    model: &Model,
    data: &Dataset,
    corruption: Option<&Corruption>,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    check(model, data)?;
    let head = Head {
        types: model_types(model),
        ..Head::beside(data, column_names(data), data.shape().to_vec())
    };
    let noise = corruption.map(|corruption| ScaledNoise {
        corruption,
        scaling: model.scaling(),
        seed: model.recipe().seed,
    });
    let mut in_use = model.in_use(piece_rows(data.rows(), data.inputs()));
    stream(data, out.into(), &head, progress, |rows| {
        let given = match &noise {
            None => data.array_of(rows)?,
            Some(noise) => noise.on(data, rows)?,
        };
        in_use.reconstruct(given.view())
    })
}

/// Noise in scaled units.
struct ScaledNoise<'a> {
    corruption: &'a Corruption,
    scaling: &'a Scaling,
    seed: u64,
}

impl ScaledNoise<'_> {
    /// Some rows of data with noise, in the units of the data.
    fn on(&self, data: &Dataset, rows: Range<usize>) -> Result<Array2<f64>> {
        let (start, count) = (rows.start, rows.len());
        let piece = Dataset::from_array(data.array_of(rows)?.view())?;
        let scaled = ScaledRows {
            data: &piece,
            scaling: self.scaling,
        };
        let noisy =
            CorruptedRows::new(&scaled, piece.inputs(), self.corruption, self.seed).from_row(start);
        let mut scaled = vec![0.0; count * piece.inputs()];
        noisy.write(0..count, &mut scaled);
        let mut values = Array2::zeros((count, piece.inputs()));
        if let Some(values) = values.as_slice_mut() {
            self.scaling.unscale(&scaled, values);
        }
        Ok(values)
    }
}

/// Writes images with noise; no model is involved. The data are 8-bit, and their scaled units are 0 to 1. Values
/// outside of 0..=255 are clipped, as in any image file.
///
/// # Errors
///
/// [`ErrorKind::Data`] if the data are not 8-bit, or as [`crate::data::write::write_data`].
pub fn write_corrupted(
    data: &Dataset,
    corruption: &Corruption,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    if !data.is_8_bit() {
        return Err(Error::new(
            ErrorKind::Data,
            "noise can only be written on 8-bit images, because their range is known",
        )
        .at(data.name())
        .expected("8-bit values, from 0 to 255")
        .found(data.type_name())
        .hint(format!(
            "for other data, {} adds noise before the model reads them",
            Action::TryNoise
        )));
    }
    let scaling = Scaling::fit(&ScalingSpec::Unit, data)?;
    let head = Head {
        types: vec![NumberType::U8; data.inputs()],
        ..Head::beside(data, column_names(data), data.shape().to_vec())
    };
    let noise = ScaledNoise {
        corruption,
        scaling: &scaling,
        seed: 0,
    };
    stream(data, out.into(), &head, progress, |rows| {
        let mut noisy = noise.on(data, rows)?;
        noisy.mapv_inplace(|value| value.round().clamp(0.0, 255.0));
        Ok(noisy)
    })
}
