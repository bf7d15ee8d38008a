//! The defaults of a recipe, from the declarations.

use super::keys::TRAINING_KEYS;
use super::{Notes, Recipe};
use crate::bottleneck::Bottleneck;
use crate::declaration::Settings;
use crate::layer::Initialization;
use crate::objective::Reconstruction;
use crate::optimizer::{OptimizerSpec, ScheduleSpec};

/// The default value of every key, under the name `autoencoder`. It has no layers yet, so [`Recipe::check`] refuses it.
///
/// ```
/// use narrows::{Recipe, layer::dense};
///
/// let recipe = Recipe {
///     name: "narrow".into(),
///     encoder: vec![dense(4)],
///     decoder: vec![dense(None)], // as wide as the data
///     epochs: 20,
///     ..Recipe::default()
/// };
/// recipe.check()?;
/// assert_eq!((recipe.batch_size, recipe.optimizer.name()), (64, "adam"));
/// # Ok::<(), narrows::Error>(())
/// ```
impl Default for Recipe {
    fn default() -> Recipe {
        let mut recipe = Recipe {
            name: "autoencoder".into(),
            about: String::new(),
            scaling: None,
            binarize: false,
            corruption: None,
            initialization: Initialization::default(),
            encoder: Vec::new(),
            bottleneck: Bottleneck::default(),
            decoder: Vec::new(),
            reconstruction: Reconstruction::default(),
            penalties: Vec::new(),
            optimizer: OptimizerSpec::default(),
            epochs: 0,
            batch_size: 0,
            seed: 0,
            schedule: ScheduleSpec::default(),
            validation: None,
            patience: 0,
            clip_norm: 0.0,
            accumulation: 0,
            notes: Notes::default(),
        };
        recipe.set_training(&Settings::presets(&TRAINING_KEYS));
        recipe
    }
}
