//! Checks that data fit a model, and warnings about suspicious data.

use crate::advice::{Setting, set};
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;

/// Checks that rows are of the kind that the model was trained on.
///
/// # Errors
///
/// [`ErrorKind::Data`] if they differ in width or shape, or if the columns have other names or other units.
pub fn check(model: &Model, data: &Dataset) -> Result<()> {
    let refuse = || Error::new(ErrorKind::Data, "the data do not fit the model").at(data.name());
    let (shape, found) = (model.shape(), data.shape());
    let resized = |error: Error| match (shape, found) {
        (&[channels, height, width], &[of_these, _, _])
            if channels == of_these && data.is_folder_of_images() =>
        {
            error.hint(format!(
                "resize the images to the model's size with {}",
                set(Setting::ImageSize, format_args!("{width}x{height}"))
            ))
        }
        _ => error,
    };
    model
        .check_width(data.inputs())
        .map_err(|error| resized(error.at(data.name())))?;
    // A flat row may hold an image, and an image may be passed as a flat row.
    if shape != found && shape.len() > 1 && found.len() > 1 {
        let error = refuse().expected(format!("rows of shape {shape:?}"));
        return Err(resized(error.found(format!("{found:?}"))));
    }
    if let (Some(columns), Some(found)) = (&model.origin().columns, data.columns()) {
        check_names(columns, found, data.name())?;
    }
    match units(model, data).find(|units| matches!(units, (_, Some(_), Some(_)))) {
        None => Ok(()),
        Some((name, trained, found)) => Err(refuse()
            .expected(format!(
                "the unit {} of the column `{name}`, as in training",
                trained.unwrap_or_default()
            ))
            .found(found.unwrap_or_default())
            .hint("write the column in the unit of the training data")),
    }
}

/// The inputs whose unit in the data differs from training: the name, the unit in training, the unit found.
fn units<'a>(
    model: &'a Model,
    data: &'a Dataset,
) -> impl Iterator<Item = (&'a str, Option<&'a str>, Option<&'a str>)> {
    let known = model.columns().unwrap_or_default().iter();
    known
        .filter(|column| column.input.is_some())
        .filter_map(|column| {
            let mut schema = data.schema().iter();
            let found = schema.find(|found| found.name == column.name)?;
            let differs = found.unit != column.unit;
            differs.then_some((
                column.name.as_str(),
                column.unit.as_deref(),
                found.unit.as_deref(),
            ))
        })
}

/// Checks that columns have the names that a model knows, in its order.
pub(super) fn check_names(columns: &[String], found: &[String], name: &str) -> Result<()> {
    match columns.iter().zip(found).find(|(a, b)| a != b) {
        None => Ok(()),
        Some((expected, found)) => {
            Err(Error::new(ErrorKind::Data, "the data do not fit the model")
                .at(name)
                .expected(format!("the column `{expected}`"))
                .found(format!("`{found}` in its place"))
                .hint("leave the option out: the model matches columns by name"))
        }
    }
}

/// A warning about choosing a threshold from these rows: the model was trained on some of them, and training rows have
/// lower scores than new rows.
///
/// # Errors
///
/// If rows that stay in a file cannot be read.
pub fn training_rows_warning(model: &Model, data: &Dataset) -> Result<Option<String>> {
    let Some(sketch) = &model.origin().rows else {
        return Ok(None);
    };
    let overlap = sketch.overlap(data)?;
    if !overlap.is_noticeable() {
        return Ok(None);
    }
    let share = 100.0 * overlap.share();
    let how = if overlap.looked_up == data.rows() {
        format!("{share:.0} %")
    } else {
        format!("about {share:.0} %")
    };
    Ok(Some(format!(
        "{how} of these rows are equal to training rows of the model. Training rows score lower than new rows, so the \
         threshold is too low: more new normal rows than you asked for will be above it. Choose it from normal rows \
         that training has not seen"
    )))
}

/// A warning about applying the model to these rows: a column has a unit only in training or only in these rows, or
/// values differ in size from training.
pub fn warning(model: &Model, data: &Dataset) -> Option<String> {
    if let Some((name, trained, found)) = units(model, data).next() {
        let unit = |unit: Option<&str>| match unit {
            Some(unit) => format!("the unit {unit}"),
            None => "no unit".into(),
        };
        return Some(format!(
            "the column `{name}` has {}, but had {} in training: are the values in the same units?",
            unit(found),
            unit(trained)
        ));
    }
    let (low, high) = model.origin().range?;
    let (found_low, found_high) = data.range();
    let (span, found) = (high - low, found_high - found_low);
    let differs = found > 10.0 * span || (found < span / 10.0 && data.rows() > 1);
    differs.then(|| {
        format!(
            "the values are from {found_low} to {found_high}, but were from {low} to {high} in training: are they in \
             the same units?"
        )
    })
}
