//! Pictures of new rows.

use super::pictures::{PICTURES, is_image};
use crate::apply::Samples;
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::evaluate::Bounded;
use crate::model::{Model, Prior};
use crate::report::{Figure, Image, PictureRow, picture_grid, picture_rows};
use crate::text::count_of;
use ndarray::{Array2, Axis};

/// The most images in a picture.
const MOST_IN_PICTURE: usize = 1000;

/// The number of new images in the figure of samples.
const SAMPLES: usize = 4 * PICTURES;

/// The most values of the code in the figure of traversals, and the images of each.
const TRAVERSED: usize = 20;
const STEPS: usize = 9;

/// New images of a model whose codes follow the standard normal distribution.
pub(super) fn new_images(model: &Model) -> Result<Figure> {
    let prior = Prior::standard(model.code_size());
    let drawn = Samples::drawn(model, &prior, SAMPLES, model.recipe().seed)?;
    Ok(Figure {
        name: "samples".into(),
        caption: "New images: codes drawn from the standard normal distribution, decoded".into(),
        image: Image::Png(samples_picture(model, &drawn, PICTURES)?),
    })
}

/// Traversals from the code of the first test image, along the active values of the code; none if no value is active.
pub(super) fn traversals(
    model: &Model,
    bounded: &Bounded,
    test: &Dataset,
) -> Result<Option<Figure>> {
    let mut active = bounded.active_values();
    let all = active.len();
    active.truncate(TRAVERSED);
    if active.is_empty() {
        return Ok(None);
    }
    let which = if all > TRAVERSED {
        format!(
            "the {TRAVERSED} most active of {}",
            count_of(all, "active value")
        )
    } else {
        "all active values".into()
    };
    let prior = Prior::standard(model.code_size());
    let code = model.codes_of(&test.head(1)?)?;
    let along = Samples::along_values(model, &prior, code.as_slice(), active, STEPS)?;
    Ok(Some(Figure {
        name: "traversals".into(),
        caption: format!(
            "Traversals: the code of the first test image, decoded while one value moves from -3 to +3 (3 standard \
             deviations of the prior to each side). Shown: {which}, the most active first"
        ),
        image: Image::Png(traversal_picture(model, &along, STEPS)?),
    }))
}

/// New images in a grid of so many columns, as the bytes of a PNG. Black and white are the ends of the values of the
/// training images.
///
/// # Errors
///
/// [`ErrorKind::Data`] when the model's rows are no images, or there are more than 1000.
pub fn samples_picture(model: &Model, samples: &Samples<'_>, columns: usize) -> Result<Vec<u8>> {
    let images = shown(model, samples)?;
    picture_grid(images.view(), columns, model.shape())
}

/// What values of a code do ([`Samples::along`], in so many steps), as the bytes of a PNG: a row of images for each,
/// with the place of each column in stds below.
///
/// # Errors
///
/// As [`samples_picture`].
pub fn traversal_picture(model: &Model, samples: &Samples<'_>, steps: usize) -> Result<Vec<u8>> {
    let images = shown(model, samples)?;
    let moved = samples.moved().iter();
    let labels: Vec<String> = moved.map(|value| format!("code{value}")).collect();
    let rows: Vec<PictureRow<'_>> = labels
        .iter()
        .zip(images.axis_chunks_iter(Axis(0), steps.max(1)))
        .map(|(label, images)| PictureRow { label, images })
        .collect();
    let captions: Vec<String> = (0..steps)
        .map(|step| signed(Samples::stds(step, steps)))
        .collect();
    picture_rows(&rows, model.shape(), &captions)
}

/// Refuses a picture of so many rows of a model.
///
/// # Errors
///
/// [`ErrorKind::Data`] when the model's rows are no images, or there are more than 1000.
pub fn check_picture(model: &Model, count: usize) -> Result<()> {
    if !is_image(model.shape()) {
        let none = Array2::zeros((0, 0));
        return picture_grid(none.view(), 1, model.shape()).map(drop);
    }
    if count <= MOST_IN_PICTURE {
        return Ok(());
    }
    Err(
        Error::new(ErrorKind::Data, "a picture cannot show this many images")
            .expected(format!("at most {}", count_of(MOST_IN_PICTURE, "image")))
            .found(count)
            .hint("write the rows instead, with `-o FILE.npy` or into a folder"),
    )
}

/// The images, from 0 for black to 1 for white.
fn shown(model: &Model, samples: &Samples<'_>) -> Result<Array2<f32>> {
    check_picture(model, samples.count())?;
    let rows = samples.rows(0..samples.count())?;
    let (low, high) = match model.origin().range {
        Some((low, high)) if low >= 0.0 && high <= 1.0 => (0.0, 1.0),
        Some((low, high)) if low >= 0.0 && high <= 255.0 => (0.0, 255.0),
        Some(range) => range,
        None => Dataset::from_array(rows.view())?.range(),
    };
    let range = if high > low { high - low } else { 1.0 };
    Ok(rows.mapv(|value| ((value - low) / range) as f32))
}

/// A number of stds as it stands below a column: `-3`, `0`, `+0.75`.
fn signed(stds: f64) -> String {
    if stds.abs() < 0.005 {
        return "0".into();
    }
    let text = format!("{stds:+.2}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}
