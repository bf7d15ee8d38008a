//! Errors about files that cannot be read.

use crate::advice::{Setting, setting};
use crate::data::ColumnKind;
use crate::data::column::FileColumn;
use crate::{Error, ErrorKind, Result};
use parquet::errors::ParquetError;

pub(super) const DAMAGED: &str =
    "the Parquet file is damaged, cut short or of a kind that is not understood";

/// Refuses a column without numbers.
pub(super) fn not_numeric(column: &FileColumn) -> Result<()> {
    if column.kind.is_numeric() || column.kind == ColumnKind::Empty {
        return Ok(());
    }
    Err(
        Error::new(ErrorKind::Data, "the column does not hold numbers")
            .at(format!("column `{}`", column.name))
            .expected("integers, floating-point numbers, decimals or booleans")
            .found(column.kind.words())
            .hint(format!(
                "leave it out with {}, or keep it beside the rows with {} or {}",
                setting(Setting::Drop),
                setting(Setting::Label),
                setting(Setting::Ids)
            )),
    )
}

/// An error of the decoder; an error of our own is returned unchanged.
pub(super) fn damaged(error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::new(ErrorKind::Format, DAMAGED).caused_by(other),
        },
        error => Error::new(ErrorKind::Format, DAMAGED).caused_by(error),
    }
}
