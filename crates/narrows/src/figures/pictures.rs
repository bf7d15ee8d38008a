//! Pictures of images: reconstructions, latent interpolation, filters.

use crate::corruption::{CorruptedRows, Corruption};
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluate::noise_in_words;
use crate::model::Model;
use crate::network::ScaledRows;
use crate::report::{Figure, Image, PictureRow, picture_rows};
use ndarray::{Array2, Axis};

/// The number of images in a row of a picture.
pub const PICTURES: usize = 8;

/// The most filters of a first layer that are shown.
const FILTERS: usize = 32;

/// The pictures of a model of images. `noise` is the noise in the picture of noisy images.
pub(super) fn picture_figures(
    model: &Model,
    test: &Dataset,
    noise: &Corruption,
) -> Result<Vec<Figure>> {
    let which = which_pictured(test)?;
    let mut figures = Vec::new();
    let mut add = |name: &str, caption: String, png: Option<Vec<u8>>| {
        figures.extend(png.map(|png| Figure {
            name: name.into(),
            caption,
            image: Image::Png(png),
        }));
    };
    if model.recipe().corruption.is_none() {
        let clean = reconstruction_picture(model, test, None)?;
        let caption = format!("{which} and their reconstructions");
        add("reconstructions", caption, Some(clean));
    }
    let noisy = reconstruction_picture(model, test, Some(noise))?;
    let caption = format!(
        "{which}, the same images with {}, and the model's reconstructions of the noisy images",
        noise_in_words(noise)
    );
    add("noisy", caption, Some(noisy));
    let caption = "Latent interpolation: images decoded along a straight line from the code of one test image to the \
                   code of another";
    add("interpolation", caption.into(), interpolation(model, test)?);
    let caption =
        "The first layer's filters (gray is 0): the patterns that the encoder responds to";
    add("filters", caption.into(), filters(model)?);
    Ok(figures)
}

/// Describes which test images the pictures show.
fn which_pictured(test: &Dataset) -> Result<String> {
    let shown = PICTURES.min(test.rows());
    Ok(if is_sorted(test)? {
        format!("{shown} test images, spread over all")
    } else {
        format!("The first {shown} test images")
    })
}

/// Rows of images decoded from the codes between test images of different classes.
fn interpolation(model: &Model, test: &Dataset) -> Result<Option<Vec<u8>>> {
    let rows = pictured(test)?;
    let codes = model.codes_of(&rows)?;
    let pairs = [(0, 1), (2, 3), (4, 5), (6, 7)];
    let mut pictures = Vec::new();
    for (from, to) in pairs.into_iter().filter(|&(_, to)| to < rows.rows()) {
        let steps = Array2::from_shape_fn((PICTURES, codes.ncols()), |(step, value)| {
            let share = step as f32 / (PICTURES - 1) as f32;
            (1.0 - share) * codes[[from, value]] + share * codes[[to, value]]
        });
        let label = match rows.labels() {
            Some(labels) => format!(
                "{} to {}",
                rows.label_text(labels[from]),
                rows.label_text(labels[to])
            ),
            None => format!("row {from} to row {to}"),
        };
        pictures.push((label, model.decode(steps.view())?));
    }
    if pictures.is_empty() {
        return Ok(None);
    }
    let (low, high) = span(&rows.to_array());
    let rows: Vec<(String, Array2<f32>)> = pictures
        .into_iter()
        .map(|(label, images)| (label, images.mapv(|v| (v - low) / (high - low))))
        .collect();
    let rows: Vec<PictureRow<'_>> = rows
        .iter()
        .map(|(label, images)| PictureRow {
            label,
            images: images.view(),
        })
        .collect();
    picture_rows(&rows, model.shape(), &[]).map(Some)
}

/// The weights of the first layer as images, if they have the shape of images.
fn filters(model: &Model) -> Result<Option<Vec<u8>>> {
    let Some(tensor) = model.network().tensors().first() else {
        return Ok(None);
    };
    let shape = match (&tensor.shape[..], model.shape()) {
        (&[_, inputs], shape) if inputs == shape.iter().product::<usize>() => shape.to_vec(),
        (&[_, channels @ (1 | 3), height, width], _) => vec![channels, height, width],
        _ => return Ok(None),
    };
    let count = tensor.shape[0].min(FILTERS);
    let width = shape.iter().product();
    let weights = &model.parameters().flat()[tensor.range.clone()][..count * width];
    let mut rows = Vec::new();
    for (index, row) in weights.chunks(PICTURES * width).enumerate() {
        let mut images =
            Array2::from_shape_fn((row.len() / width, width), |(i, j)| row[i * width + j]);
        // Each is scaled by its own largest weight.
        for mut image in images.rows_mut() {
            let largest = image.iter().fold(1e-12f32, |a, w| a.max(w.abs()));
            image.mapv_inplace(|w| 0.5 + 0.5 * w / largest);
        }
        let last = index * PICTURES + images.nrows();
        rows.push((format!("{} to {last}", index * PICTURES + 1), images));
    }
    let rows: Vec<PictureRow<'_>> = rows
        .iter()
        .map(|(label, images)| PictureRow {
            label,
            images: images.view(),
        })
        .collect();
    picture_rows(&rows, &shape, &[]).map(Some)
}

/// The range of values for drawing: 0 to 255 or 0 to 1 if the values are inside, otherwise from the smallest to the
/// largest value.
fn span(rows: &Array2<f32>) -> (f32, f32) {
    let low = rows.iter().copied().fold(f32::INFINITY, f32::min);
    let high = rows.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    match (low >= 0.0, high) {
        (true, ..=1.0) => (0.0, 1.0),
        (true, ..=255.0) => (0.0, 255.0),
        _ if high > low => (low, high),
        _ => (low, low + 1.0),
    }
}

/// Whether rows of a shape can be shown as pictures: gray or RGB, `[channels, height, width]`.
pub fn is_image(shape: &[usize]) -> bool {
    matches!(shape, [1 | 3, _, _])
}

/// The rows that pictures show: the first rows. If these are all of one of several classes, because the rows are sorted
/// by label, the pictures show rows spread over all.
fn pictured(data: &Dataset) -> Result<Dataset> {
    if is_sorted(data)? {
        data.sample(PICTURES)
    } else {
        data.head(PICTURES.min(data.rows()))
    }
}

/// Whether the first rows are all of one of several classes.
fn is_sorted(data: &Dataset) -> Result<bool> {
    let first = data.head(PICTURES.min(data.rows()))?;
    let both = first.labels().zip(data.labels());
    Ok(both.is_some_and(|(first, all)| {
        let class = first.first();
        first.iter().all(|label| Some(label) == class)
            && all.iter().any(|label| Some(label) != class)
    }))
}

/// The first rows of a dataset, or some of each class, and their reconstructions, as the bytes of a PNG. With a
/// corruption, the model reads the corrupted rows, which are shown between the two.
///
/// # Errors
///
/// If the rows are not images or do not fit the model.
pub fn reconstruction_picture(
    model: &Model,
    data: &Dataset,
    corruption: Option<&Corruption>,
) -> Result<Vec<u8>> {
    model.check_width(data.inputs())?;
    let data = pictured(data)?;
    let clean = ScaledRows {
        data: &data,
        scaling: model.scaling(),
    };
    let (inputs, mut outputs) = model.scaled_reconstructions(&clean)?;
    let range = span(&data.to_array());
    let original = shown(model, inputs, range);
    let mut corrupted = None;
    if let Some(corruption) = corruption {
        let noisy = CorruptedRows::new(&clean, data.inputs(), corruption, model.recipe().seed);
        let (inputs, from_noisy) = model.scaled_reconstructions(&noisy)?;
        outputs = from_noisy;
        corrupted = Some((corruption, shown(model, inputs, range)));
    }
    let reconstruction = shown(model, outputs, range);
    let labels = data.labels().unwrap_or_default();
    let captions: Vec<String> = labels.iter().map(|&label| data.label_text(label)).collect();
    let mut rows = vec![PictureRow {
        label: "original",
        images: original.view(),
    }];
    rows.extend(corrupted.as_ref().map(|(corruption, images)| PictureRow {
        label: corruption.name(),
        images: images.view(),
    }));
    rows.push(PictureRow {
        label: "reconstruction",
        images: reconstruction.view(),
    });
    picture_rows(&rows, model.shape(), &captions)
}

/// Rows in the data's units as one row of images, as a PNG; shape and range come from the data.
///
/// # Errors
///
/// If the rows are not images.
pub fn strip_picture(data: &Dataset, rows: &Array2<f64>, label: &str) -> Result<Vec<u8>> {
    let (low, high) = data.range();
    // Data with a single value have no range: larger values are white.
    let range = if high > low { high - low } else { 1.0 };
    let images = rows.mapv(|value| ((value - low) / range) as f32);
    let rows = [PictureRow {
        label,
        images: images.view(),
    }];
    picture_rows(&rows, data.shape(), &[])
}

/// Scaled rows in their own units, mapped from their range to [0, 1].
fn shown(model: &Model, mut rows: Array2<f32>, (low, high): (f32, f32)) -> Array2<f32> {
    for mut row in rows.axis_iter_mut(Axis(0)) {
        if let Some(row) = row.as_slice_mut() {
            model.scaling().undo(row);
        }
    }
    rows.mapv_inplace(|value| (value - low) / (high - low));
    rows
}
