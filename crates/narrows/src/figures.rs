//! The figures of a report: pictures of a model's rows, of its code and of its parameters, and charts of an evaluation.

mod codes;
mod loss;
mod pictures;

pub use loss::loss_figures;
pub use pictures::{PICTURES, is_image, reconstruction_picture, strip_picture};

use crate::corruption::Corruption;
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluate::{Evaluation, JacobianSummary, NoiseCurve};
use crate::model::Model;
use crate::report::{Chart, Figure, Image, Mark, Series};
use crate::text::count_of;
use crate::train::EpochRecord;

/// The noise in the picture of noisy images of a model that was trained without noise: that of the study of contractive
/// autoencoders that the recipes come from.
const USUAL_STD: f32 = 1.5;

/// The figures of a model, its evaluation and its training.
///
/// # Errors
///
/// When the rows do not fit the model, when there is too little memory, or when a chart cannot be drawn.
pub fn figures_of(
    model: &Model,
    evaluation: &Evaluation,
    records: &[EpochRecord],
    test: &Dataset,
    threads: usize,
) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if is_image(test.shape()) {
        let usual = Corruption::gaussian(USUAL_STD);
        let noise = model.recipe().corruption.as_ref().unwrap_or(&usual);
        figures.extend(pictures::picture_figures(model, test, noise)?);
    }
    figures.extend(loss_figures(records)?);
    for curve in &evaluation.robustness {
        figures.extend(robustness_figure(evaluation, curve)?);
    }
    figures.extend(codes::code_figures(model, test, threads)?);
    if let Some(jacobian) = &evaluation.jacobian {
        let caption = format!(
            "Singular values of the code's Jacobian, mean over the first {}: in how many directions the code follows \
             the input",
            count_of(jacobian.rows, "test row")
        );
        figures.extend(svg("spectrum", &caption, &spectrum(jacobian))?);
    }
    Ok(figures)
}

/// A chart as a figure, unless it has nothing to show.
pub(crate) fn svg(name: &str, caption: &str, chart: &Chart) -> Result<Option<Figure>> {
    Ok(chart.svg()?.map(|svg| Figure {
        name: name.into(),
        caption: caption.into(),
        image: Image::Svg(svg),
    }))
}

/// What the vertical axis of a robustness curve shows.
pub const ERROR: &str = "mean squared error";

/// A chart of errors against the level of a noise, a line for each model; `y` says what the errors are.
pub fn robustness_chart(
    noise: &Corruption,
    y: &str,
    lines: Vec<(String, Vec<(f64, f64)>)>,
) -> Chart {
    let series = lines.into_iter();
    Chart {
        x: format!("{} noise: {}", noise.name(), noise.measure()),
        y: y.into(),
        series: series
            .map(|(name, points)| Series { name, points })
            .collect(),
        mark: Mark::Line,
        whole_x: false,
        log_y: false,
    }
}

/// The curve of a model, with that of PCA where there is one.
fn robustness_figure(evaluation: &Evaluation, curve: &NoiseCurve) -> Result<Option<Figure>> {
    let points = curve.points.iter();
    let of_model = points.clone().map(|p| (p.level, p.noisy_mse)).collect();
    let of_pca: Vec<_> = points
        .filter_map(|p| Some((p.level, p.pca_noisy_mse?)))
        .collect();
    let mut lines = vec![(evaluation.recipe.clone(), of_model)];
    if !of_pca.is_empty() {
        lines.push((evaluation.pca_name(), of_pca));
    }
    let name = curve.noise.name();
    let caption = format!(
        "Error against the level of {name} noise on the first {}",
        count_of(curve.rows, "test row")
    );
    let chart = robustness_chart(&curve.noise, ERROR, lines);
    svg(&format!("robustness-{name}"), &caption, &chart)
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
