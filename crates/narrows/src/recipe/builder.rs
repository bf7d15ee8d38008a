//! Recipes made in code.

use super::Recipe;
use crate::bottleneck::Bottleneck;
use crate::corruption::Corruption;
use crate::error::Result;
use crate::layer::{Initialization, LayerSpec, mirrored};
use crate::objective::{Penalty, Reconstruction};
use crate::optimizer::{OptimizerSpec, ScheduleSpec};
use crate::scaling::ScalingSpec;

/// A recipe under construction, from [`Recipe::builder`]. Values that are not set have the defaults of
/// [`Recipe::default`].
///
/// ```
/// use narrows::Recipe;
/// use narrows::corruption::Corruption;
/// use narrows::layer::{Activation, activation, dense};
///
/// let recipe = Recipe::builder()
///     .name("denoiser")
///     .corruption(Corruption::gaussian(0.3))
///     .encoder([dense(64), activation(Activation::Silu), dense(8)])
///     .epochs(20)
///     .build()?;
/// // Without a decoder of its own it has the mirror of the encoder.
/// assert_eq!(recipe.decoder, [dense(64), activation(Activation::Silu), dense(None)]);
///
/// let error = Recipe::builder().encoder([dense(8)]).epochs(0).build().unwrap_err();
/// assert_eq!(error.key(), Some("training.epochs"));
/// # Ok::<(), narrows::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "`build` gives the recipe"]
pub struct RecipeBuilder {
    recipe: Recipe,
    has_decoder: bool,
    output: Option<LayerSpec>,
}

impl Recipe {
    /// Starts a recipe.
    pub fn builder() -> RecipeBuilder {
        RecipeBuilder {
            recipe: Recipe::default(),
            has_decoder: false,
            output: None,
        }
    }
}

impl RecipeBuilder {
    /// The name: 1 to 64 letters, digits, `-`, `_` or `.`; `autoencoder` by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.recipe.name = name.into();
        self
    }

    /// A description in one line.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.recipe.about = about.into();
        self
    }

    /// Draws each scaled value as 0 or 1; see [`Recipe::binarize`].
    pub fn binarize(mut self) -> Self {
        self.recipe.binarize = true;
        self
    }

    /// The scaling; by default it is chosen from the data.
    pub fn scaling(mut self, scaling: ScalingSpec) -> Self {
        self.recipe.scaling = Some(scaling);
        self
    }

    /// Noise on the encoder's input; none by default.
    pub fn corruption(mut self, corruption: Corruption) -> Self {
        self.recipe.corruption = Some(corruption);
        self
    }

    /// The initialization of the parameters.
    pub fn initialization(mut self, initialization: Initialization) -> Self {
        self.recipe.initialization = initialization;
        self
    }

    /// The layers from the data to the code, made by the functions of [`layer`](crate::layer). The code is the output
    /// of the last layer that has a width.
    pub fn encoder(mut self, layers: impl IntoIterator<Item = LayerSpec>) -> Self {
        self.recipe.encoder = layers.into_iter().collect();
        self
    }

    /// The bottleneck, applied to the code; `plain` (the identity) by default.
    pub fn bottleneck(mut self, bottleneck: Bottleneck) -> Self {
        self.recipe.bottleneck = bottleneck;
        self
    }

    /// The layers from the code back to the data. By default the decoder is the mirror image of the encoder: its dense
    /// layers in reverse order, each with the width of its input there. Each of them except the last is followed by the
    /// activations and norms that follow a layer of this width in the encoder.
    pub fn decoder(mut self, layers: impl IntoIterator<Item = LayerSpec>) -> Self {
        self.recipe.decoder = layers.into_iter().collect();
        self.has_decoder = true;
        self
    }

    /// A layer after the last layer of the decoder, also after a mirrored decoder: for example a sigmoid for values
    /// from 0 to 1.
    pub fn output(mut self, layer: LayerSpec) -> Self {
        self.output = Some(layer);
        self
    }

    /// The reconstruction loss; the mean squared error by default.
    pub fn reconstruction(mut self, reconstruction: Reconstruction) -> Self {
        self.recipe.reconstruction = reconstruction;
        self
    }

    /// Adds a penalty to the objective.
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.recipe.penalties.push(penalty);
        self
    }

    /// The optimizer; Adam by default.
    pub fn optimizer(mut self, optimizer: OptimizerSpec) -> Self {
        self.recipe.optimizer = optimizer;
        self
    }

    /// The learning rate over time; constant by default.
    pub fn schedule(mut self, schedule: ScheduleSpec) -> Self {
        self.recipe.schedule = schedule;
        self
    }

    /// The number of epochs; an epoch is one pass over all training rows.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.recipe.epochs = epochs;
        self
    }

    /// The number of rows in a batch.
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.recipe.batch_size = rows;
        self
    }

    /// The seed of all random numbers of a run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.recipe.seed = seed;
        self
    }

    /// The fraction of the training rows that is held out for validation; the model with the lowest loss on these rows
    /// is kept.
    pub fn validation(mut self, fraction: f64) -> Self {
        self.recipe.validation = Some(fraction);
        self
    }

    /// Training stops after this many epochs without a lower loss; 0 for never.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.recipe.patience = epochs;
        self
    }

    /// The largest norm of the gradient over all parameters; 0 for no limit.
    pub fn clip_norm(mut self, norm: f64) -> Self {
        self.recipe.clip_norm = norm;
        self
    }

    /// The number of batches whose gradients form one step.
    pub fn accumulation(mut self, batches: usize) -> Self {
        self.recipe.accumulation = batches;
        self
    }

    /// The recipe, checked.
    ///
    /// # Errors
    ///
    /// As [`Recipe::check`]. Also if there is no decoder and the encoder has layers without a mirror image, such as
    /// convolutions.
    pub fn build(self) -> Result<Recipe> {
        let mut recipe = self.recipe;
        if !self.has_decoder {
            recipe.decoder = mirrored(&recipe.encoder)?;
        }
        recipe.decoder.extend(self.output);
        recipe.check()?;
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{
        Activation, activation, batch_norm, conv2d, dense, dropout, flatten, tied_dense,
    };

    #[test]
    fn a_mirror_has_the_layers_in_reverse_order() {
        let silu = || activation(Activation::Silu);
        let encoder = [
            dropout(0.1),
            dense(32),
            batch_norm(),
            silu(),
            dense(16),
            activation(Activation::Tanh),
            dense(4),
            silu(),
        ];
        let recipe = Recipe::builder()
            .encoder(encoder)
            .output(activation(Activation::Sigmoid))
            .build()
            .unwrap();
        let expected = [
            dense(16),
            activation(Activation::Tanh),
            dense(32),
            batch_norm(),
            silu(),
            dense(None),
            activation(Activation::Sigmoid),
        ];
        assert_eq!(recipe.decoder, expected);
        let shallow = Recipe::builder().encoder([dense(3)]).build().unwrap();
        assert_eq!(shallow.decoder, [dense(None)]);
    }

    #[test]
    fn what_has_no_mirror_needs_a_decoder() {
        for layer in [conv2d(2, [3, 3]), flatten(), tied_dense(0)] {
            let name = layer.name();
            let builder = Recipe::builder().encoder([layer, dense(3)]);
            let error = builder.clone().build().unwrap_err().to_string();
            assert!(
                error.starts_with("encoder[0]: ") && error.contains(name),
                "{error}"
            );
            let own = builder.decoder([dense(None)]).build();
            assert!(own.is_ok() || name == "dense", "{own:?}");
        }
        let error = Recipe::builder().build().unwrap_err();
        assert_eq!(error.key(), Some("encoder"), "{error}");
    }
}
