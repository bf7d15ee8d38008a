//! Applying a model to rows of any number: encode, decode, reconstruct, score, interpolate.
//!
//! Rows are read, worked on and written in pieces, so that memory does not grow with them. Ids and labels
//! stay beside their rows, and values have the units and shapes of the original data.

use crate::corruption::{CorruptedRows, Corruption};
use crate::data::write::{Head, NumberType, Output, Piece, Sink, column_names, pieces};
use crate::data::{Dataset, Missing, ReadOptions, Woven};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{InputColumn, Model};
use crate::network::ScaledRows;
use crate::scaling::{Scaling, ScalingSpec};
use ndarray::{Array2, ArrayView2, Axis};
use std::ops::Range;

/// Called with the rows done so far. An error ends the work with it, and no output is left.
pub type Progress<'a> = &'a mut dyn FnMut(usize) -> Result<()>;

/// The most rows on the way from one row to another: more show no more, and a slip should fill no disk.
const MOST_STEPS: usize = 1_000_000;

/// How to read a table for a model: its columns are matched by name, its missing values are filled as in training, and
/// numbers that could be read in two ways are read as in the training file, unless the options say otherwise.
///
/// `--missing mean` fills with the means of the columns, which every model of format version 3 has.
///
/// # Errors
///
/// [`ErrorKind::Data`] if missing values are to become means and the model has none: those of the rows at hand
/// would make what a row gives depend on its neighbours.
pub fn options_for(model: &Model, options: &ReadOptions) -> Result<ReadOptions> {
    let origin = model.origin();
    let reading = origin.reading.as_ref();
    let zeros = reading.is_some_and(|reading| reading.missing == Missing::Zero);
    let means = || -> Option<Vec<f64>> {
        let inputs = model.input_columns();
        let mean = |input: &&InputColumn| if zeros { input.mean } else { input.fill };
        (!inputs.is_empty()).then(|| inputs.iter().map(mean).collect())
    };
    let (missing, fill) = match options.missing {
        // A model that was trained with zeros goes on with them.
        Missing::Refuse if zeros => (Missing::Zero, None),
        Missing::Refuse => (Missing::Refuse, origin.fill.clone()),
        Missing::Mean => (Missing::Mean, means().or_else(|| origin.fill.clone())),
        Missing::Zero | Missing::Drop => (options.missing, None),
    };
    if missing == Missing::Mean && fill.is_none() {
        return Err(Error::new(
            ErrorKind::Data,
            "the model knows no means to put in place of missing values",
        )
        .expected("a model of a table that this version of Narrows trained, or one trained with `--missing mean`")
        .hint("train with `--missing mean`, or give `--missing zero` or `--missing drop`"));
    }
    let mut text = options.text.clone();
    if let (None, Some(reading)) = (text.usual_decimal, reading) {
        text.usual_decimal = reading.text.decimal;
        text.usual_separator = reading.text.separator;
    }
    let channels = match *model.shape() {
        [channels @ (1 | 3), _, _] => Some(channels),
        _ => None,
    };
    Ok(ReadOptions {
        model_columns: origin.columns.clone(),
        channels,
        bits: channels.and_then(|_| image_bits(model)),
        missing,
        fill,
        text,
        ..options.clone()
    })
}

/// The same with the column whose groups were kept together for training, for [`Model::split_again`].
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

/// The bits of the values of the images that a model was trained on, as its scaling tells, else their range; none where
/// both are possible.
fn image_bits(model: &Model) -> Option<u8> {
    let (low, high) = model.origin().range?;
    let is_whole = low >= 0.0 && low.fract() == 0.0 && high.fract() == 0.0;
    let (offset, factor) = model.scaling().of(0);
    let is_unit = |most: f64| offset == 0.0 && (factor * most - 1.0).abs() < 1e-6;
    match is_whole {
        _ if is_unit(65_535.0) => Some(16),
        _ if is_unit(255.0) => Some(8),
        true if high > 255.0 && high <= 65_535.0 => Some(16),
        _ => None,
    }
}

/// How to read codes for a model: the columns of a table are matched by the names that [`encode`] gives them. A
/// table without a header has no names, and its columns count as they stand.
pub fn options_for_codes(model: &Model, options: &ReadOptions) -> ReadOptions {
    ReadOptions {
        model_columns: Some(code_names(model)),
        unnamed_as_they_stand: true,
        ..options.clone()
    }
}

/// What the values of a code are called in tables.
fn code_names(model: &Model) -> Vec<String> {
    (0..model.code_size())
        .map(|index| format!("code{index}"))
        .collect()
}

/// Whether rows are of the kind that the model was trained on.
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
                "bring the images to the model's size with `--image-size {width}x{height}`"
            ))
        }
        _ => error,
    };
    model
        .check_width(data.inputs())
        .map_err(|error| resized(error.at(data.name())))?;
    // A flat row may hold an image, and the other way round.
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

/// The inputs whose unit in the data is another than in training: the name, the unit in training, the unit found.
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

/// Whether columns have the names that a model knows them by, in its order.
fn check_names(columns: &[String], found: &[String], name: &str) -> Result<()> {
    match columns.iter().zip(found).find(|(a, b)| a != b) {
        None => Ok(()),
        Some((expected, found)) => {
            Err(Error::new(ErrorKind::Data, "the data do not fit the model")
                .at(name)
                .expected(format!("the column `{expected}`"))
                .found(format!("`{found}` in its place"))
                .hint("leave the columns to the model, which matches them by name"))
        }
    }
}

/// What is dubious about choosing a threshold from these rows: that the model was trained on some of them, which score
/// lower than new rows.
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
    let how = match overlap.looked_up == data.rows() {
        true => format!("{share:.0} %"),
        false => format!("about {share:.0} %"),
    };
    Ok(Some(format!(
        "{how} of these rows are equal to training rows of the model, which score lower than new rows: the threshold comes \
         out too low, and more than the wanted share of new normal rows will lie above it; choose it from normal rows that \
         training has not seen"
    )))
}

/// What is dubious about applying the model to these rows: a unit in only one of training and these rows, or values of
/// another size than in training.
pub fn warning(model: &Model, data: &Dataset) -> Option<String> {
    if let Some((name, trained, found)) = units(model, data).next() {
        let unit = |unit: Option<&str>| match unit {
            Some(unit) => format!("the unit {unit}"),
            None => "no unit".into(),
        };
        return Some(format!(
            "the column `{name}` has {}, in training it had {}: are the values in the same units?",
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
            "the values lie in {found_low} to {found_high}, those of training in {low} to {high}: are they \
             in the same units?"
        )
    })
}

/// Writes what `make` makes of each piece of the rows.
fn stream(
    data: &Dataset,
    out: Output,
    head: &Head,
    progress: Progress<'_>,
    mut make: impl FnMut(ArrayView2<'_, f64>, usize) -> Result<Array2<f64>>,
) -> Result<()> {
    let mut sink = Woven::create(data, out, head)?;
    for rows in pieces(data.rows(), data.inputs()) {
        let values = data.array_of(rows.clone())?;
        let made = make(values.view(), rows.start)?;
        sink.write(rows.clone(), made.view())?;
        progress(rows.end)?;
    }
    sink.finish()
}

/// Writes the code of each row, `[rows, code]`.
///
/// # Errors
///
/// When the data do not fit the model, or the output cannot be written.
pub fn encode(
    model: &Model,
    data: &Dataset,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    check(model, data)?;
    let head = Head::beside(data, code_names(model), vec![model.code_size()]);
    stream(data, out.into(), &head, progress, |rows, start| {
        // As the data hold them, so that integers beyond 2^53 stay apart.
        let rows = data.slice(start..start + rows.nrows())?;
        Ok(model.codes_of(&rows)?.mapv(f64::from))
    })
}

/// Writes what each code decodes to, in the units and the shape of the model's data.
///
/// # Errors
///
/// When the rows have another width than a code or their columns other names, or the output cannot be written.
pub fn decode(
    model: &Model,
    codes: &Dataset,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    if codes.inputs() != model.code_size() {
        return Err(
            Error::new(ErrorKind::Data, "these are no codes of the model")
                .at(codes.name())
                .expected(format!("{} values a row", model.code_size()))
                .found(codes.inputs()),
        );
    }
    // Without a header the columns are called by their numbers.
    let is_named = |columns: &&[String]| !columns.iter().all(|name| name.parse::<u32>().is_ok());
    if let Some(columns) = codes.columns().filter(is_named) {
        check_names(&code_names(model), columns, codes.name())?;
    }
    let head = Head {
        types: model_types(model),
        pixels: Some(model_pixels(model)),
        ..Head::beside(codes, model_columns(model), model.shape().to_vec())
    };
    stream(codes, out.into(), &head, progress, |rows, _| {
        model.decode(rows)
    })
}

/// The type of the pixels of a model's images, by the range of those that it was trained on.
fn model_pixels(model: &Model) -> NumberType {
    match model.origin().range {
        Some((_, high)) if high > 255.0 => NumberType::U16,
        _ => NumberType::U8,
    }
}

/// The names of the values that a model gives back.
fn model_columns(model: &Model) -> Vec<String> {
    match &model.origin().columns {
        Some(columns) => columns.clone(),
        None => (0..model.network().inputs())
            .map(|index| format!("x{index}"))
            .collect(),
    }
}

/// The types of the values that a model gives back: float64 where float32 would merge distinct values of the training
/// rows.
fn model_types(model: &Model) -> Vec<NumberType> {
    let of = |input: &InputColumn| match input.needs_double {
        true => NumberType::F64,
        false => NumberType::F32,
    };
    model.input_columns().into_iter().map(of).collect()
}

/// Writes the reconstruction of each row, of what is left of it after `corruption` if that is given.
///
/// # Errors
///
/// When the data do not fit the model, or the output cannot be written.
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
    stream(
        data,
        out.into(),
        &head,
        progress,
        |rows, start| match corruption {
            None => model.reconstruct(rows),
            Some(corruption) => {
                let noisy = corrupted(
                    model.scaling(),
                    model.recipe().seed,
                    rows,
                    start,
                    corruption,
                )?;
                model.reconstruct(noisy.view())
            }
        },
    )
}

/// Rows with noise on them, in their own units; the first is row `start` of all.
fn corrupted(
    scaling: &Scaling,
    seed: u64,
    rows: ArrayView2<'_, f64>,
    start: usize,
    corruption: &Corruption,
) -> Result<Array2<f64>> {
    let piece = Dataset::from_array(rows)?;
    let scaled = ScaledRows {
        data: &piece,
        scaling,
    };
    let noisy = CorruptedRows::new(&scaled, piece.inputs(), corruption, seed).from_row(start);
    let mut scaled = vec![0.0; rows.len()];
    crate::network::Rows::write(&noisy, 0..rows.nrows(), &mut scaled);
    let mut values = Array2::zeros(rows.dim());
    if let Some(values) = values.as_slice_mut() {
        scaling.unscale(&scaled, values);
    }
    Ok(values)
}

/// Writes images with noise on them, and no model: 8-bit data, whose scaled units are 0 to 1. What the noise
/// drives out of 0..=255 is cut off, as in any image.
///
/// # Errors
///
/// [`ErrorKind::Data`] when the data are not 8-bit, or as [`crate::data::write::write_data`].
pub fn write_corrupted(
    data: &Dataset,
    corruption: &Corruption,
    out: impl Into<Output>,
    progress: Progress<'_>,
) -> Result<()> {
    if !data.is_8_bit() {
        return Err(Error::new(
            ErrorKind::Data,
            "noise can be written on 8-bit images alone, whose range is known",
        )
        .at(data.name())
        .expected("8-bit values, from 0 to 255")
        .found(data.type_name())
        .hint("`narrows reconstruct --corrupt` tries a model on other data with noise"));
    }
    let scaling = Scaling::fit(&ScalingSpec::Unit, data)?;
    let head = Head {
        types: vec![NumberType::U8; data.inputs()],
        ..Head::beside(data, column_names(data), data.shape().to_vec())
    };
    stream(data, out.into(), &head, progress, |rows, start| {
        let mut noisy = corrupted(&scaling, 0, rows, start, corruption)?;
        noisy.mapv_inplace(|value| value.round().clamp(0.0, 255.0));
        Ok(noisy)
    })
}

/// The scores of all rows with values, and into `out`, if that is given, each row's `score`, whether it is `above` the
/// model's threshold, if it has one, and with `explain` what each value contributes to the score.
///
/// # Errors
///
/// When the data do not fit the model, or the output cannot be written.
pub fn score(
    model: &Model,
    data: &Dataset,
    out: Option<&Output>,
    explain: bool,
    progress: Progress<'_>,
) -> Result<Vec<f32>> {
    check(model, data)?;
    let threshold = model.threshold().map(|threshold| threshold.value);
    let mut columns = vec!["score".to_string()];
    columns.extend(threshold.map(|_| "above".to_string()));
    if explain {
        columns.extend(
            column_names(data)
                .into_iter()
                .map(|name| format!("error_{name}")),
        );
    }
    let head = Head {
        shape: vec![columns.len()],
        ..Head::beside(data, columns, Vec::new())
    };
    let sink = out.map(|out| Woven::create(data, out.clone(), &head));
    let mut sink = sink.transpose()?;
    let mut scores = Vec::with_capacity(data.rows());
    for rows in pieces(data.rows(), data.inputs()) {
        let values = data.array_of(rows.clone())?;
        let found = model.score(values.view())?;
        scores.extend(&found);
        if let Some(sink) = &mut sink {
            let mut table = found.insert_axis(Axis(1));
            if let Some(threshold) = threshold {
                let above = table.mapv(|score| if score > threshold { 1.0 } else { 0.0 });
                table = beside(&table, &above)?;
            }
            if explain {
                table = beside(&table, &model.contributions(values.view())?)?;
            }
            sink.write(rows.clone(), table.mapv(f64::from).view())?;
        }
        progress(rows.end)?;
    }
    if let Some(sink) = sink {
        sink.finish()?;
    }
    Ok(scores)
}

fn beside(left: &Array2<f32>, right: &Array2<f32>) -> Result<Array2<f32>> {
    ndarray::concatenate(Axis(1), &[left.view(), right.view()]).map_err(|error| {
        Error::new(ErrorKind::Data, "the columns do not fit together").caused_by(error)
    })
}

/// The straight way through code space from one row to another, and what its codes decode to.
pub struct Way<'a> {
    model: &'a Model,
    /// The codes of the two rows.
    ends: Array2<f32>,
    steps: usize,
}

impl<'a> Way<'a> {
    /// The way from row `from` of some data to row `to`, in `steps` rows, both ends included.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Data`] when the data do not fit the model or have no such row, or if there are fewer than 2 or
    /// more than a million steps.
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
                Error::new(ErrorKind::Data, "so many steps are not possible")
                    .expected(format!("2 to {MOST_STEPS}"))
                    .found(steps),
            );
        }
        let ends = model.encode(data.select(&[from, to])?.to_array_f64().view())?;
        Ok(Way { model, ends, steps })
    }

    /// Some of the rows, in the units of the model's data; the first and the last of all are the reconstructions of
    /// the two ends.
    ///
    /// # Errors
    ///
    /// As [`Model::decode`].
    pub fn rows(&self, rows: Range<usize>) -> Result<Array2<f64>> {
        let codes = Array2::from_shape_fn((rows.len(), self.ends.ncols()), |(row, value)| {
            let share = (rows.start + row) as f32 / (self.steps - 1) as f32;
            // Codes are float32; what they decode to may need more.
            f64::from((1.0 - share) * self.ends[[0, value]] + share * self.ends[[1, value]])
        });
        self.model.decode(codes.view())
    }

    /// Writes all of the rows.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
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
        for rows in pieces(self.steps, self.model.network().inputs()) {
            sink.write(Piece {
                values: self.rows(rows.clone())?.view(),
                wide: &[],
                texts: &[],
                reasons: &[],
            })?;
            progress(rows.end)?;
        }
        sink.finish()
    }
}
