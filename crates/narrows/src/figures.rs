//! What a report shows of a trained autoencoder: pictures of its rows, of its code and of its parameters.

mod loss;

use crate::corruption::{CorruptedRows, Corruption};
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluate::{
    JacobianSummary, Matrix, Pca, TestNoise, noisy_errors, require_passes, standard_noises,
};
use crate::memory::unless_left_out;
use crate::model::Model;
use crate::network::{Rows, ScaledRows, Workers};
use crate::report::{Chart, Figure, Image, Mark, PictureRow, Series, picture_rows};
use crate::text::thousands;
use crate::train::EpochRecord;
use loss::loss_figures;
use ndarray::{Array2, Axis};
use std::collections::BTreeMap;

/// The images in a row of a picture.
pub const PICTURES: usize = 8;

/// The test rows that a map of the codes shows.
const MAPPED: usize = 1000;

/// The test rows that a robustness curve is measured on.
const NOISY_ROWS: usize = 500;

/// The most filters of a first layer that are shown.
const FILTERS: usize = 32;

/// The error against the strength of a noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The noise, at some strength.
    pub noise: Corruption,
    /// Strength and mean squared error, from the error without noise on.
    pub points: Vec<(f64, f64)>,
}

/// What there is to show of a model, beside its figures.
pub struct Portrait {
    /// All figures.
    pub figures: Vec<Figure>,
    /// The error against the level of each noise, on the first test rows.
    pub robustness: Vec<Curve>,
    /// The Jacobians of its code, unless they would take too much time or memory.
    pub jacobian: Option<JacobianSummary>,
    /// What is not shown for lack of memory, a sentence each, with what it needs and what there was.
    pub left_out: Vec<String>,
}

impl Portrait {
    /// What there is to show of training alone, without test rows.
    ///
    /// # Errors
    ///
    /// When a chart cannot be drawn.
    pub fn of_training(records: &[EpochRecord]) -> Result<Portrait> {
        Ok(Portrait {
            figures: loss_figures(records)?,
            robustness: Vec::new(),
            jacobian: None,
            left_out: Vec::new(),
        })
    }

    /// Draws a model and its training. `noise` is what the picture of noisy images shows.
    ///
    /// # Errors
    ///
    /// When the rows do not fit the model, when there is too little memory, or when what the model makes of the rows is not
    /// finite.
    pub fn of(
        model: &Model,
        records: &[EpochRecord],
        test: &Dataset,
        noise: &Corruption,
        threads: usize,
    ) -> Result<Portrait> {
        require_passes("what the report shows of the model", model, test, threads)?;
        let mut figures = Vec::new();
        let mut add = |name: &str, caption: &str, image: Option<Image>| {
            figures.extend(image.map(|image| Figure {
                name: name.into(),
                caption: caption.into(),
                image,
            }));
        };
        let robustness = robustness(model, test, threads)?;
        let mut left_out = Vec::new();
        let jacobian = JacobianSummary::of_first(model, test, threads);
        let jacobian = unless_left_out(jacobian, &mut left_out)?.flatten();
        if is_image(test.shape()) {
            if model.recipe().corruption.is_none() {
                let clean = reconstruction_picture(model, test, None)?;
                let caption = "Test images and their reconstructions: what the code keeps";
                add("reconstructions", caption, Some(Image::Png(clean)));
            }
            let noisy = reconstruction_picture(model, test, Some(noise))?;
            let caption = format!(
                "Clean, with {} noise of {}, and what the model makes of the noisy ones",
                noise.name(),
                noise.strength()
            );
            add("noisy", &caption, Some(Image::Png(noisy)));
            let caption = "Latent interpolation: images decoded on a straight line from the code of one test image to \
                           that of another";
            add(
                "interpolation",
                caption,
                interpolation(model, test)?.map(Image::Png),
            );
            let caption = "The first layer's filters, gray being 0: what the encoder looks for";
            add("filters", caption, filters(model)?.map(Image::Png));
        }
        let chart = |chart: Chart| -> Result<Option<Image>> { Ok(chart.svg()?.map(Image::Svg)) };
        for figure in loss_figures(records)? {
            add(&figure.name, &figure.caption, Some(figure.image));
        }
        for curve in &robustness {
            let one = (model.recipe().name.clone(), curve.points.clone());
            let name = curve.noise.name();
            let caption = format!("Error against the level of {name} noise on the input");
            let image = chart(robustness_chart(&curve.noise, ERROR, vec![one]))?;
            add(&format!("robustness-{name}"), &caption, image);
        }
        let mapped = thousands(MAPPED.min(test.rows()) as f64);
        for (name, how, map) in code_maps(model, test, threads)? {
            let caption = format!(
                "The codes of {mapped} test rows by class ({how}): which classes lie apart"
            );
            add(&name, &caption, chart(map)?);
        }
        if let Some(jacobian) = &jacobian {
            let caption = "Singular values of the code's Jacobian, averaged over test rows: in how many \
                           directions the code follows the input";
            add("spectrum", caption, chart(spectrum(jacobian))?);
        }
        Ok(Portrait {
            figures,
            robustness,
            jacobian,
            left_out,
        })
    }
}

/// What the vertical axis of a robustness curve shows.
pub const ERROR: &str = "mean squared error";

/// A chart of errors against the level of a noise, a line for each model; `y` says what the errors are.
pub fn robustness_chart(
    noise: &Corruption,
    y: &str,
    lines: Vec<(String, Vec<(f64, f64)>)>,
) -> Chart {
    Chart {
        x: format!("{} noise: {}", noise.name(), noise.measure()),
        y: y.into(),
        series: lines
            .into_iter()
            .map(|(name, points)| Series { name, points })
            .collect(),
        mark: Mark::Line,
        whole_x: false,
        log_y: false,
    }
}

fn spectrum(jacobian: &JacobianSummary) -> Chart {
    let points = jacobian.spectrum.iter().enumerate();
    Chart {
        x: "number of the singular value".into(),
        y: "singular value".into(),
        series: vec![Series {
            name: "J".into(),
            points: points.map(|(k, &value)| ((k + 1) as f64, value)).collect(),
        }],
        mark: Mark::Line,
        whole_x: true,
        log_y: false,
    }
}

fn robustness(model: &Model, test: &Dataset, threads: usize) -> Result<Vec<Curve>> {
    let test = test.head(NOISY_ROWS)?;
    let rows = ScaledRows {
        data: &test,
        scaling: model.scaling(),
    };
    let reconstruct = |rows: &dyn Rows, workers: &mut Workers, out: &mut [f32]| {
        model.reconstructor().run(rows, workers, out);
    };
    let workers = &mut Workers::new(threads);
    let clean = model.mse_on(&test, workers)?;
    let mut curves = Vec::new();
    for noises in standard_noises(model.recipe().corruption.as_ref()) {
        let mut points = vec![(0.0, clean)];
        for noise in &noises {
            let one = TestNoise {
                corruption: noise.clone(),
                seed: model.recipe().seed,
                draws: 1,
            };
            let errors = noisy_errors(&rows, test.inputs(), &one, &[&reconstruct], workers);
            points.push((f64::from(noise.strength()), errors[0]));
        }
        curves.extend(noises.first().map(|noise| Curve {
            noise: noise.clone(),
            points,
        }));
    }
    Ok(curves)
}

/// The codes of test rows in two dimensions, in one map or more: the name of each, how the codes come to have two
/// dimensions, and the chart.
fn code_maps(
    model: &Model,
    test: &Dataset,
    threads: usize,
) -> Result<Vec<(String, String, Chart)>> {
    let test = test.sample(MAPPED)?;
    let codes = model.codes_of(&test)?;
    // The values on the axes, each axis by its column and its name.
    let (values, how, pairs) = match codes.ncols() {
        1 => (codes, "its one value on both axes", vec![(0, 0)]),
        2 => (codes, "the code itself", vec![(0, 1)]),
        3 => (
            codes,
            "two of its three values",
            vec![(0, 1), (0, 2), (1, 2)],
        ),
        width if Pca::is_feasible(width, 2) => {
            let rows = Matrix {
                values: codes.as_slice().unwrap_or_default(),
                width,
            };
            if let Ok(pca) = Pca::fit(&rows, width, 2, threads) {
                let how = "its first two principal components";
                let axes = ["first", "second"].map(|which| format!("{which} principal component"));
                let map = code_map(&test, &pca.encode(2, &rows, threads), [0, 1], axes);
                return Ok(vec![("codes".into(), how.into(), map)]);
            }
            // Of codes beyond what the squares in their covariance can hold.
            let how = "its first two values, as huge ones leave no principal components";
            (codes, how, vec![(0, 1)])
        }
        _ => (codes, "its first two values", vec![(0, 1)]),
    };
    let several = pairs.len() > 1;
    let maps = pairs.into_iter().map(|(x, y)| {
        let axes = [x, y].map(|value| format!("code {}", value + 1));
        let name = match several {
            true => format!("codes-{}-{}", x + 1, y + 1),
            false => "codes".into(),
        };
        (
            name,
            how.to_string(),
            code_map(&test, &values, [x, y], axes),
        )
    });
    Ok(maps.collect())
}

/// Two columns of values of some rows, by the rows' class.
fn code_map(
    rows: &Dataset,
    values: &Array2<f32>,
    columns: [usize; 2],
    [x, y]: [String; 2],
) -> Chart {
    let mut classes: BTreeMap<i64, Vec<(f64, f64)>> = BTreeMap::new();
    for (row, value) in values.rows().into_iter().enumerate() {
        let label = rows.labels().map_or(0, |labels| labels[row]);
        if let [Some(&x), Some(&y)] = columns.map(|column| value.get(column)) {
            classes.entry(label).or_default().push((x.into(), y.into()));
        }
    }
    let series = classes.into_iter().map(|(label, points)| Series {
        name: rows.label_text(label),
        points,
    });
    Chart {
        x,
        y,
        series: series.collect(),
        mark: Mark::Dot,
        whole_x: false,
        log_y: false,
    }
}

/// Rows of images decoded from the codes on the way between test images of different classes.
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

/// The weights of the first layer as images, where they have the shape of images.
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
        // Each by its own largest weight.
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

/// What the values of images span: 0 to 255 or 0 to 1 where they lie there, or from their extremes.
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

/// The rows that pictures show: the first, or where those are all of one class of several, because rows are in the
/// order of their labels, rows that are spread over all.
fn pictured(data: &Dataset) -> Result<Dataset> {
    let first = data.head(PICTURES.min(data.rows()))?;
    let is_sorted = first
        .labels()
        .zip(data.labels())
        .is_some_and(|(first, all)| {
            let class = first.first();
            first.iter().all(|label| Some(label) == class)
                && all.iter().any(|label| Some(label) != class)
        });
    match is_sorted {
        true => data.sample(PICTURES),
        false => Ok(first),
    }
}

/// The first rows of a dataset, or some of each class, and their reconstructions, as the bytes of a PNG; with a corruption, what is
/// reconstructed are the corrupted rows, which are shown between the two.
///
/// # Errors
///
/// When the rows are no images or do not fit the model.
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

/// Rows in the data's units in a row of pictures, as a PNG; the data give their shape and range.
///
/// # Errors
///
/// When the rows are no images.
pub fn strip_picture(data: &Dataset, rows: &Array2<f64>, label: &str) -> Result<Vec<u8>> {
    let (low, high) = data.range();
    // Data of one value have no range: what is above it is white.
    let range = if high > low { high - low } else { 1.0 };
    let images = rows.mapv(|value| ((value - low) / range) as f32);
    let rows = [PictureRow {
        label,
        images: images.view(),
    }];
    picture_rows(&rows, data.shape(), &[])
}

/// Scaled rows in their own units, mapped to [0, 1] from what those span.
fn shown(model: &Model, mut rows: Array2<f32>, (low, high): (f32, f32)) -> Array2<f32> {
    for mut row in rows.axis_iter_mut(Axis(0)) {
        if let Some(row) = row.as_slice_mut() {
            model.scaling().undo(row);
        }
    }
    rows.mapv_inplace(|value| (value - low) / (high - low));
    rows
}
