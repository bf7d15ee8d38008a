//! How to read data for a model.

use super::columns::code_names;
use crate::advice::{Setting, set};
use crate::data::{Missing, ReadOptions, TextOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{InputColumn, Model};

/// The options to read a table for a model. Its columns are matched by name. Unless the options say otherwise, its
/// missing values are handled as in training, and numbers that could be read in two ways are read as in the training
/// file.
///
/// `--missing mean` fills with the means of the columns, which are stored in every model of format version 3.
///
/// # Errors
///
/// [`ErrorKind::Data`] if missing values are to become means and the model has no means. The means of the rows at hand
/// are not used, because the result of a row would then depend on its neighbors.
pub fn options_for(model: &Model, options: &ReadOptions) -> Result<ReadOptions> {
    let origin = model.origin();
    let reading = origin.reading.as_ref();
    let zeros = reading.is_some_and(|reading| reading.missing == Some(Missing::Zero));
    let means = || -> Option<Vec<f64>> {
        let inputs = model.input_columns();
        let mean = |input: &&InputColumn| if zeros { input.mean } else { input.fill };
        (!inputs.is_empty()).then(|| inputs.iter().map(mean).collect())
    };
    let (missing, fill) = match options.missing {
        // A model that was trained with zeros in place of missing cells uses zeros for later data too.
        None if zeros => (Some(Missing::Zero), None),
        None => (None, origin.fill.clone()),
        Some(Missing::Mean) => (options.missing, means().or_else(|| origin.fill.clone())),
        Some(Missing::Refuse | Missing::Zero | Missing::Drop) => (options.missing, None),
    };
    if missing == Some(Missing::Mean) && fill.is_none() {
        let missing = |how| set(Setting::Missing, how);
        return Err(Error::new(
            ErrorKind::Data,
            "the model has no column means to fill missing cells with",
        )
        .expected(format!(
            "a model of a table that this version of Narrows trained, or one trained with {}",
            missing("mean")
        ))
        .hint(format!(
            "train with {}, or give {} or {}",
            missing("mean"),
            missing("zero"),
            missing("drop")
        )));
    }
    let text = options.text.clone();
    let text = match reading {
        Some(reading) => text.like(&TextOptions {
            usual_header: reading.header.or(reading.text.usual_header),
            ..reading.text.clone()
        }),
        None => text,
    };
    let channels = match *model.shape() {
        [channels @ (1 | 3), _, _] => Some(channels),
        _ => None,
    };
    Ok(ReadOptions {
        model_columns: origin.columns.clone(),
        truths: origin.truths(),
        channels,
        bits: channels.and_then(|_| image_bits(model)),
        missing,
        fill,
        text,
        ..options.clone()
    })
}

/// The same, with the column of groups that training kept together, for [`Model::split_again`].
///
/// # Errors
///
/// As [`options_for`].
pub fn options_for_split(model: &Model, options: &ReadOptions) -> Result<ReadOptions> {
    let split = model.origin().split.as_ref();
    Ok(ReadOptions {
        group: split.and_then(|split| split.plan.group.clone()),
        ..options_for(model, options)?
    })
}

/// The bits of the pixels that a model was trained on, from its scaling or from the range of the images; `None` if both
/// are possible.
fn image_bits(model: &Model) -> Option<u8> {
    let (low, high) = model.origin().range?;
    let is_whole = low >= 0.0 && low.fract() == 0.0 && high.fract() == 0.0;
    let (offset, factor) = model.scaling().of(0);
    let is_unit = |most: f64| offset == 0.0 && (factor * most - 1.0).abs() < 1e-6;
    if is_unit(65_535.0) {
        Some(16)
    } else if is_unit(255.0) {
        Some(8)
    } else if is_whole && high > 255.0 && high <= 65_535.0 {
        Some(16)
    } else {
        None
    }
}

/// The options to read codes for a model. The columns of a table are matched by the names that
/// [`encode`](super::encode) gives them. A table without a header has no names; its columns are used in their order.
pub fn options_for_codes(model: &Model, options: &ReadOptions) -> ReadOptions {
    ReadOptions {
        model_columns: Some(code_names(model)),
        unnamed_as_they_stand: true,
        ..options.clone()
    }
}
