//! The names and types of the values that a model returns.

use crate::data::write::NumberType;
use crate::model::{InputColumn, Model};

/// The names of the values of a code in tables.
pub(super) fn code_names(model: &Model) -> Vec<String> {
    (0..model.code_size())
        .map(|index| format!("code{index}"))
        .collect()
}

/// The type of the pixels of a model's images, by the range of its training images.
pub(super) fn model_pixels(model: &Model) -> NumberType {
    match model.origin().range {
        Some((_, high)) if high > 255.0 => NumberType::U16,
        _ => NumberType::U8,
    }
}

/// The names of the values of a reconstruction.
pub(super) fn model_columns(model: &Model) -> Vec<String> {
    match &model.origin().columns {
        Some(columns) => columns.clone(),
        None => (0..model.network().inputs())
            .map(|index| format!("x{index}"))
            .collect(),
    }
}

/// The types of the values of a reconstruction: float64 if float32 would merge distinct values of the training rows.
pub(super) fn model_types(model: &Model) -> Vec<NumberType> {
    let of = |input: &InputColumn| {
        if input.needs_double {
            NumberType::F64
        } else {
            NumberType::F32
        }
    };
    model.input_columns().into_iter().map(of).collect()
}
