//! A recipe in code: its fields, and what can be read from them.

use crate::advice::{Setting, place};
use crate::bottleneck::Bottleneck;
use crate::corruption::Corruption;
use crate::declaration::{List, Part};
use crate::error::Result;
use crate::layer::{Initialization, LayerSpec};
use crate::network::Network;
use crate::objective::{Penalty, Reconstruction, decoder_of_model};
use crate::optimizer::{OptimizerSpec, ScheduleSpec};
use crate::parts::{Parts, add_new};
use crate::scaling::ScalingSpec;
use std::path::Path;

/// An autoencoder and its training, complete except for the values that depend on the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// A short name, for folders and tables.
    pub name: String,
    /// A description in one line.
    pub about: String,
    /// The scaling; `None` chooses it from the data.
    pub scaling: Option<ScalingSpec>,
    /// Whether each scaled value, from 0 to 1, is drawn as 0 or 1 with itself as the probability: anew in each epoch of
    /// training, and once in validation and evaluation. A model in use takes values as they are.
    pub binarize: bool,
    /// Noise on the encoder's input.
    pub corruption: Option<Corruption>,
    /// The initialization of the parameters.
    pub initialization: Initialization,
    /// The layers from the data to the code.
    pub encoder: Vec<LayerSpec>,
    /// The bottleneck, applied to the code.
    pub bottleneck: Bottleneck,
    /// The layers from the code back to the data.
    pub decoder: Vec<LayerSpec>,
    /// The reconstruction loss.
    pub reconstruction: Reconstruction,
    /// The penalties, which are added to the reconstruction loss.
    pub penalties: Vec<Penalty>,
    /// The optimizer.
    pub optimizer: OptimizerSpec,
    /// The number of epochs; an epoch is one pass over all training rows.
    pub epochs: usize,
    /// The number of rows in a batch.
    pub batch_size: usize,
    /// The seed of all random numbers of a run.
    pub seed: u64,
    /// The learning rate over time.
    pub schedule: ScheduleSpec,
    /// The fraction of the training rows that is held out for validation, 0 for none. In a run, `None` decides from the
    /// data, as described at [`SplitPlan::validation`](crate::data::SplitPlan::validation); elsewhere `None` is 0.
    pub validation: Option<f64>,
    /// Training stops after this many epochs without a lower loss, 0 for never.
    pub patience: usize,
    /// The largest norm of the gradient over all parameters, 0 for no limit.
    pub clip_norm: f64,
    /// The number of batches whose gradients form one step.
    pub accumulation: usize,
    /// Notes from reading the recipe; see [`Recipe::notes`].
    pub notes: Notes,
}

/// The notes from reading a recipe, for example about older names. They are ignored when recipes are compared.
#[derive(Clone, Debug, Default)]
pub struct Notes(pub(super) Vec<String>);

impl PartialEq for Notes {
    fn eq(&self, _: &Notes) -> bool {
        true
    }
}

/// The most layers of an encoder or a decoder: a limit that protects against damaged files.
pub(crate) const MAX_LAYERS: usize = 4096;

/// A value that overrides a value of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// `key=value`, as in `encoder[0].outputs=64`.
    pub assignment: String,
    /// The name of this override in errors: the text that the user wrote.
    pub origin: String,
}

impl Override {
    /// Of `key=value`.
    pub fn set(assignment: &str) -> Override {
        Override {
            assignment: assignment.to_string(),
            origin: place(Setting::Overrides, &shortened(assignment)),
        }
    }

    fn all(assignments: &[String]) -> Vec<Override> {
        assignments.iter().map(|text| Override::set(text)).collect()
    }
}

impl Recipe {
    /// Reads a recipe from TOML; `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// If a key is unknown or a value is impossible; the error has the path and the line of the key.
    pub fn parse(text: &str, origin: &str) -> Result<Recipe> {
        Recipe::parse_with(text, origin, &[])
    }

    /// As [`Recipe::parse`], with overrides such as `training.epochs=3` or `encoder[0].outputs=64`. If an override sets
    /// the `kind` of a section, or the `layer`, keys of the text that the new kind does not have are dropped.
    ///
    /// # Errors
    ///
    /// As [`Recipe::parse`]; an error about an override names it.
    pub fn parse_with(text: &str, origin: &str, overrides: &[String]) -> Result<Recipe> {
        Parts::standard().parse(text, origin, &Override::all(overrides))
    }

    /// Reads a shipped recipe by its name, or a file by its path (a text with a separator, or that ends in `.toml`),
    /// and applies overrides. `NAME:VARIANT` first applies the settings of a variant of the recipe.
    ///
    /// # Errors
    ///
    /// If it does not exist, or as [`Recipe::parse_with`].
    pub fn load(name_or_path: &str, overrides: &[String]) -> Result<Recipe> {
        Recipe::load_with(name_or_path, &Override::all(overrides))
    }

    /// As [`Recipe::load`], with overrides that have names of their own in errors.
    ///
    /// # Errors
    ///
    /// As [`Recipe::load`].
    pub fn load_with(name_or_path: &str, overrides: &[Override]) -> Result<Recipe> {
        Parts::standard().load(name_or_path, overrides)
    }

    /// Reads a recipe from a file and applies overrides, which have names of their own in errors.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or as [`Recipe::parse_with`].
    pub fn load_file(path: &Path, overrides: &[Override]) -> Result<Recipe> {
        Parts::standard().load_file(path, overrides)
    }

    /// Notes from reading the recipe: each older name of a key, with its place and the newer name. Empty for a model's
    /// recipe.
    pub fn notes(&self) -> &[String] {
        &self.notes.0
    }

    /// The same recipe without notes.
    pub(crate) fn without_notes(self) -> Recipe {
        Recipe {
            notes: Notes::default(),
            ..self
        }
    }

    /// The library's parts, and the parts of this recipe.
    pub fn parts(&self) -> Parts {
        self.parts_beside(Parts::standard())
    }

    /// These parts, and the parts of this recipe.
    pub(crate) fn parts_beside(&self, mut parts: Parts) -> Parts {
        fn add<P: Part + ?Sized>(list: &mut List<P>, of_recipe: impl Iterator<Item = &'static P>) {
            of_recipe.for_each(|part| add_new(list, part));
        }
        let layers = self.encoder.iter().chain(&self.decoder);
        add(&mut parts.layers, layers.map(LayerSpec::part));
        let noises = self.corruption.iter().map(Corruption::part);
        add(&mut parts.corruptions, noises);
        add(
            &mut parts.bottlenecks,
            std::iter::once(self.bottleneck.part()),
        );
        let losses = std::iter::once(self.reconstruction.part());
        add(&mut parts.reconstructions, losses);
        let penalties = self.penalties.iter().map(|penalty| penalty.kind.part());
        add(&mut parts.penalties, penalties);
        parts
    }

    /// Whether a penalty compares the rows of a batch.
    pub(crate) fn has_coupled_penalty(&self) -> bool {
        let mut penalties = self.penalties.iter();
        penalties.any(|penalty| penalty.weight > 0.0 && penalty.kind.couples_rows())
    }

    /// Whether training draws codes towards the standard normal distribution, from which new rows can then be drawn: by a
    /// variational bottleneck, or by the penalty `mmd`.
    pub fn makes_codes_normal(&self) -> bool {
        let mut penalties = self.penalties.iter();
        let has_penalty =
            penalties.any(|penalty| penalty.weight > 0.0 && penalty.kind.makes_codes_normal());
        self.bottleneck.draws() || has_penalty
    }

    /// The network for rows of a shape: `[channels, height, width]` for images, `[columns]` for tables.
    ///
    /// # Errors
    ///
    /// As [`Network::with_bottleneck`].
    pub fn network(&self, shape: &[usize]) -> Result<Network> {
        let of_loss = self.reconstruction.tensors(shape.iter().product());
        Network::with_bottleneck(
            &self.encoder,
            &self.bottleneck,
            &decoder_of_model(&self.reconstruction, &self.decoder),
            shape,
            of_loss,
        )
    }

    /// How many bytes the tensors and states of its network would take in a file, before anything is laid out for it.
    ///
    /// # Errors
    ///
    /// As [`Recipe::network`], but for the shape of the output.
    pub(crate) fn network_bytes(&self, shape: &[usize]) -> Result<u64> {
        // Sizes of a file: their product may be too large.
        let values = shape
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size));
        let of_loss = self.reconstruction.tensors(values.unwrap_or(usize::MAX));
        Network::count_bytes(
            &self.encoder,
            &self.bottleneck,
            &self.decoder,
            shape,
            of_loss,
        )
    }

    /// Checks the values of a recipe that was made or changed in code.
    ///
    /// # Errors
    ///
    /// As [`Recipe::parse`].
    pub fn check(&self) -> Result<()> {
        let origin = format!("recipe {}", self.name);
        self.parts().read_tree(self.to_tree(), &origin).map(|_| ())
    }

    /// The recipe with its open width filled in from the data, for data with rows of a shape that fits.
    pub(crate) fn with_widths_of(mut self, data: &[usize]) -> Recipe {
        self.decoder
            .iter_mut()
            .for_each(|layer| layer.fill_width(data));
        self
    }
}

/// A text for an error, shortened if it is long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
