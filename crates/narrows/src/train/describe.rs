//! The programs of a recipe as text.

use super::step::Programs;
use crate::error::Result;
use crate::network::PlannedPass;
use crate::recipe::Recipe;

/// The programs that [`describe`] prints.
#[derive(Clone, Debug)]
pub struct Described {
    /// The shape of a row of data: `[channels, height, width]` for images, `[columns]` for tables.
    pub shape: Vec<usize>,
    /// The number of threads; 0 means as many as a step has work for.
    pub threads: usize,
    /// Whether to skip the passes that make a program cheaper, so that it shows the operations as the parts applied
    /// them.
    pub is_raw: bool,
}

/// The programs of a recipe as text: training and validation at its batch size, and inference from rows to their
/// reconstructions. Each shows its stages and their operations. The inputs of an operation are before `->`, its outputs
/// after `->`, and the buffers that it adds to after `+>`. The brackets show the multiply-adds per row. The buffers
/// with their places follow.
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
/// If the recipe does not fit rows of this shape, or if its parts do not fit together.
pub fn describe(recipe: &Recipe, described: &Described) -> Result<String> {
    let network = recipe.network(&described.shape)?;
    let inference = PlannedPass::new(&network, network.layers(), false, !described.is_raw)?;
    let (batch, threads) = (recipe.batch_size, described.threads);
    let steps = Programs::of(recipe, network, batch, threads, !described.is_raw)?;
    let [training, validation] = steps.describe();
    let inference = inference.plan.describe();
    Ok([training, validation, inference].join("\n\n"))
}
