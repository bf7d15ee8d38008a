//! The trait of reconstruction losses.

use crate::declaration::{Key, Kind, Part, Preset, Settings, Spec};
use crate::error::Result;
use crate::layer::Activation;
use crate::onnx::Graph;
use crate::program::{Builder, Isa, TensorId, TensorSpec, Var};
use narrows_kernels::noise::Address;

/// A reconstruction loss with the values of its keys.
pub type Reconstruction = Spec<dyn ReconstructionPart>;

/// Whether a loss is in nats a row: a negative log likelihood, or as good as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InNats {
    /// It has no such meaning: a mean over the values of a row.
    Never,
    /// A mean over the values of a row; their sum beside a bottleneck that draws codes, whose divergence is in nats.
    BesideDivergence,
    /// It is a negative log likelihood.
    Always,
}

/// A negative log likelihood of one row after the other, for parameters that stand still.
pub trait Likelihood: Send + Sync {
    /// The negative log likelihood of a target, in nats, at what the decoder gives: the logits where the loss compares these.
    fn nats(&self, isa: Isa, output: &[f32], target: &[f32]) -> f32;

    /// For each value of the row, how many nats it adds above the least that any output could reach: never below 0, and 0
    /// where the output is the target.
    fn excess_of_values(&self, isa: Isa, output: &[f32], target: &[f32], excess: &mut [f32]);

    /// Draws a target for what the decoder gives; the address says which random numbers are used.
    fn draw(&self, isa: Isa, output: &[f32], address: Address, target: &mut [f32]);

    /// Adds nodes for the negative log likelihood of each value to a graph, of values whose last axis is that of a row; names begin
    /// with `name`. Gives the value that they make.
    fn nodes(&self, graph: &mut Graph, output: &str, target: &str, name: &str) -> String;
}

/// A kind of reconstruction loss: its declaration, and its computation.
pub trait ReconstructionPart: Part {
    /// Compares the decoder's output with the target, and reports a loss as `reconstruction`, or several parts of a
    /// loss as `reconstruction.NAME` each.
    ///
    /// # Errors
    ///
    /// If it is not defined for the decoder's output.
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()>;

    /// Whether it is in nats a row.
    fn in_nats(&self) -> InNats {
        InNats::Never
    }

    /// The tensors that it learns, for rows of so many values: a std, for example. They are stored with the model.
    fn tensors(&self, _settings: &Settings, _values: usize) -> Vec<TensorSpec> {
        Vec::new()
    }

    /// The likelihood that it is, for rows of so many values; `learned` are the numbers of its tensors, one after the other.
    /// None where it has no such meaning.
    fn likelihood(
        &self,
        _settings: &Settings,
        _learned: &[f32],
        _values: usize,
    ) -> Option<Box<dyn Likelihood>> {
        None
    }

    /// Whether it compares the logits of the sigmoid at the end of the decoder, not the sigmoid's output.
    fn compares_logits(&self) -> bool {
        false
    }

    /// What the model gives in place of the sigmoid whose logits it compares, if the sigmoid is not the mean of the
    /// likelihood.
    fn mean_of_logits(&self) -> Option<Activation> {
        None
    }

    /// Whether targets must be 0 or 1.
    fn needs_binary_targets(&self) -> bool {
        false
    }

    /// The smallest and the largest scaled value that a target may have.
    fn target_range(&self, _settings: &Settings) -> (f32, f32) {
        (f32::NEG_INFINITY, f32::INFINITY)
    }
}

/// The values that a reconstruction loss compares.
#[derive(Clone, Debug)]
pub struct ReconstructionPlace {
    /// The decoder's output, or the logits if the loss compares logits.
    pub output: Var,
    /// The clean rows.
    pub target: Var,
    /// Its own tensors, as [`ReconstructionPart::tensors`] lists them.
    pub tensors: Vec<TensorId>,
    /// What the rows of a sample are weighed by, where the bottleneck draws several codes.
    pub log_ratio: Option<Var>,
    /// Whether the objective is in nats a row; else it is a mean over the values of a row.
    pub in_nats: bool,
}

impl Spec<dyn ReconstructionPart> {
    /// The tensors that it learns, for rows of so many values.
    pub(crate) fn tensors(&self, values: usize) -> Vec<TensorSpec> {
        self.part().tensors(self.settings(), values)
    }
}

/// The key that names the reconstruction loss.
pub(crate) const RECONSTRUCTION: Key =
    Key::new("reconstruction", Kind::Name, "reconstruction loss").default(Preset::Text("mse"));
