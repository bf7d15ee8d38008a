//! The figures of a report: pictures of a model's rows, of its code and of its parameters, and charts of an evaluation.

mod charts;
mod codes;
mod loss;
mod pictures;
mod samples;

pub(crate) use charts::svg;
pub use charts::{ERROR, robustness_chart};
pub use loss::loss_figures;
pub use pictures::{PICTURES, is_image, reconstruction_picture, strip_picture};
pub use samples::{check_picture, samples_picture, traversal_picture};

use crate::corruption::Corruption;
use crate::data::Dataset;
use crate::error::Result;
use crate::evaluate::Evaluation;
use crate::model::Model;
use crate::report::Figure;
use crate::text::count_of;
use crate::train::EpochRecord;
use charts::{kl_of_values, robustness_figure, spectrum};

/// The noise in the picture of noisy images, for a model that was trained without noise: one of the levels of the
/// curves.
const USUAL_STD: f32 = 0.4;

/// The figures of a model, its evaluation and its training.
///
/// # Errors
///
/// If the rows do not fit the model, if there is too little memory, or if a chart cannot be drawn.
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
    if let Some(bounded) = &evaluation.bounded {
        let caption = format!(
            "KL of each value of the code, mean over the test rows. {} of {} are active; a value with a KL of 0 is \
             not used",
            bounded.active_units, evaluation.code_size
        );
        figures.extend(svg("kl-of-values", &caption, &kl_of_values(bounded))?);
    }
    if is_image(test.shape()) && model.recipe().makes_codes_normal() {
        figures.push(samples::new_images(model)?);
    }
    if let Some(bounded) = &evaluation.bounded
        && is_image(test.shape())
    {
        figures.extend(samples::traversals(model, bounded, test)?);
    }
    for curve in &evaluation.robustness {
        figures.extend(robustness_figure(evaluation, curve)?);
    }
    figures.extend(codes::code_figures(model, test, threads)?);
    if let Some(jacobian) = &evaluation.jacobian {
        let caption = format!(
            "Singular values of the code's Jacobian, mean over the first {}. The number of large values is the number \
             of directions in which the code follows the input",
            count_of(jacobian.rows, "test row")
        );
        figures.extend(svg("spectrum", &caption, &spectrum(jacobian))?);
    }
    Ok(figures)
}

#[cfg(test)]
mod tests;
