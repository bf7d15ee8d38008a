//! From rows to codes, and from codes to rows.

use super::columns::{code_names, model_columns, model_pixels, model_types};
use super::fit::{check, check_names};
use super::stream::{Progress, piece_rows, stream};
use crate::advice::Action;
use crate::data::Dataset;
use crate::data::write::{Head, Output, pieces};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::text::count_of;
use ndarray::Array2;

/// The most rows to whose codes a prior is fitted, spread over all. More change its numbers by less than a percent.
pub const FITTED_ROWS: usize = 100_000;

/// Writes the code of each row, `[rows, code]`.
///
/// # Errors
///
/// If the data do not fit the model, or if the output cannot be written.
pub fn encode(
    model: &Model,
    data: &Dataset,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    check(model, data)?;
    let head = Head::beside(data, code_names(model), vec![model.code_size()]);
    let mut in_use = model.in_use(piece_rows(data.rows(), data.inputs()));
    stream(data, out.into(), &head, progress, |rows| {
        // In the type of the data, so that integers beyond 2^53 stay different.
        Ok(in_use.codes_of(&data.slice(rows)?)?.mapv(f64::from))
    })
}

/// As [`encode`], with the std of each value of the code behind the code, `[rows, 2 · code]`: the code of a variational
/// bottleneck is the mean of a normal distribution. In tables the further columns are called `code0_std`, `code1_std` and so
/// on.
///
/// # Errors
///
/// As [`encode`]; also if the bottleneck is not variational.
pub fn encode_with_stds(
    model: &Model,
    data: &Dataset,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    check(model, data)?;
    model.check_code_stds()?;
    let mut names = code_names(model);
    names.extend(code_names(model).iter().map(|name| format!("{name}_std")));
    let head = Head::beside(data, names, vec![2 * model.code_size()]);
    let mut in_use = model.in_use(piece_rows(data.rows(), data.inputs()));
    stream(data, out.into(), &head, progress, |rows| {
        let piece = data.slice(rows)?;
        Ok(in_use.codes_with_stds_of(&piece)?.mapv(f64::from))
    })
}

/// Writes the row that each code decodes to, in the units and the shape of the model's data.
///
/// # Errors
///
/// If the width of the rows differs from a code, if their columns have other names, or if the output cannot be written.
pub fn decode(
    model: &Model,
    codes: &Dataset,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    if codes.inputs() != model.code_size() {
        return Err(
            Error::new(ErrorKind::Data, "the rows do not fit the model's codes")
                .at(codes.name())
                .expected(format!("codes of {}", count_of(model.code_size(), "value")))
                .found(format!("rows of {}", count_of(codes.inputs(), "value")))
                .hint(format!("to encode data, use {}", Action::Encode)),
        );
    }
    // Without a header, the columns are named by their numbers.
    let is_named = |columns: &&[String]| !columns.iter().all(|name| name.parse::<u32>().is_ok());
    if let Some(columns) = codes.columns().filter(is_named) {
        check_names(&code_names(model), columns, codes.name())?;
    }
    let head = Head {
        types: model_types(model),
        pixels: Some(model_pixels(model)),
        ..Head::beside(codes, model_columns(model), model.shape().to_vec())
    };
    let mut in_use = model.in_use(piece_rows(codes.rows(), codes.inputs()));
    stream(codes, out.into(), &head, progress, |rows| {
        in_use.decode(codes.array_of(rows)?.view())
    })
}

/// The codes of at most so many rows, spread over all, `[rows, code]`: what a prior is fitted to.
///
/// # Errors
///
/// When the data do not fit the model, or cannot be read.
pub fn codes_of(
    model: &Model,
    data: &Dataset,
    most: usize,
    progress: Progress<'_>,
) -> Result<Array2<f32>> {
    check(model, data)?;
    let some;
    let data = if data.rows() > most {
        some = data.sample(most)?;
        &some
    } else {
        data
    };
    let width = model.code_size();
    crate::memory::require("codes", data.rows() * width * size_of::<f32>())?;
    let mut codes = Vec::with_capacity(data.rows() * width);
    let mut in_use = model.in_use(piece_rows(data.rows(), data.inputs()));
    for rows in pieces(data.rows(), data.inputs()) {
        codes.extend(in_use.codes_of(&data.slice(rows.clone())?)?);
        progress(rows.end)?;
    }
    Array2::from_shape_vec((data.rows(), width), codes).map_err(|error| {
        Error::new(ErrorKind::Data, "the codes do not fit together").caused_by(error)
    })
}
