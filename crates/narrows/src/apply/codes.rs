//! From rows to codes, and from codes to rows.

use super::columns::{code_names, model_columns, model_pixels, model_types};
use super::fit::{check, check_names};
use super::stream::{Progress, piece_rows, stream};
use crate::advice::Action;
use crate::data::Dataset;
use crate::data::write::{Head, Output};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;

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
                .expected(format!("codes of {} values", model.code_size()))
                .found(format!("rows of {} values", codes.inputs()))
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
