//! The programs of a recipe as text.

use super::step::Programs;
use crate::error::Result;
use crate::network::PlannedPass;
use crate::recipe::Recipe;

/// Of which programs [`describe`] is to speak.
#[derive(Clone, Debug)]
pub struct Described {
    /// The shape of a row of data: `[channels, height, width]` of images, `[columns]`.
    pub shape: Vec<usize>,
    /// The number of threads; 0 means as many as a step has work for.
    pub threads: usize,
    /// Whether to leave out the passes that make a program cheaper, so that it is what the parts applied.
    pub is_raw: bool,
}

/// The programs of a recipe as text: training and validation at its batch size, and inference from rows to their
/// reconstructions. Each shows its stages with their operations, what these read (before `->`), write (behind it) and
/// change (behind `+>`), multiply-adds for one row in brackets, and the buffers with their places.
///
/// ```
/// # fn main() -> narrows::Result<()> {
/// use narrows::{Recipe, train::{Described, describe}};
///
/// let described = Described { shape: vec![1, 28, 28], threads: 2, is_raw: false };
/// let text = describe(&Recipe::named("simple-linear")?, &described)?;
/// assert!(text.contains("training, batch 64, threads 2"));
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// When the recipe does not fit rows of this shape, or its parts do not fit together.
pub fn describe(recipe: &Recipe, described: &Described) -> Result<String> {
    let network = recipe.network(&described.shape)?;
    let inference = PlannedPass::new(&network, network.layers(), false, !described.is_raw)?;
    let (batch, threads) = (recipe.batch_size, described.threads);
    let steps = Programs::of(recipe, network, batch, threads, !described.is_raw)?;
    let [training, validation] = steps.describe();
    let inference = inference.plan.describe();
    Ok([training, validation, inference].join("\n\n"))
}
