//! The trait of bottlenecks.

use crate::declaration::{Key, Kind, Part, Preset, Settings, Spec};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Var};

/// A bottleneck with the values of its keys.
pub type Bottleneck = Spec<dyn BottleneckPart>;

/// A kind of bottleneck: its declaration, and the function that it applies to the code.
pub trait BottleneckPart: Part {
    /// Applies it to the encoder's output; returns the code.
    ///
    /// # Errors
    ///
    /// If it cannot work on a code of this shape.
    fn build(&self, settings: &Settings, builder: &mut Builder, code: Var) -> Result<Var>;

    /// The infimum and supremum of a value of the code, from the ones of the encoder's output.
    fn output_range(&self, _settings: &Settings, given: (f32, f32)) -> (f32, f32) {
        given
    }

    /// How many values of a code may be nonzero at a time.
    fn most_active(&self, _settings: &Settings, code: usize) -> usize {
        code
    }

    /// What penalties on derivatives of the encoder act on: what the encoder gives, or the part of it that is the code in
    /// use.
    fn in_use(&self, _settings: &Settings, _builder: &mut Builder, encoded: Var) -> Var {
        encoded
    }

    /// Whether it draws the code from a distribution, in training and validation. The objective is then in nats a row, and
    /// [`BottleneckPart::build`] reports a divergence.
    fn draws(&self) -> bool {
        false
    }

    /// The epochs until what it reports counts in full.
    fn warmup(&self, _settings: &Settings) -> usize {
        0
    }

    /// Adds its nodes to a graph; returns the name of their result.
    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String;
}

/// The key that names the bottleneck.
pub(crate) const KIND: Key =
    Key::new("kind", Kind::Name, "bottleneck").default(Preset::Text("plain"));

impl Spec<dyn BottleneckPart> {
    /// Applies it to the encoder's output; returns the code.
    ///
    /// # Errors
    ///
    /// If it cannot work on a code of this shape.
    pub(crate) fn build(&self, builder: &mut Builder, code: Var) -> Result<Var> {
        self.part().build(self.settings(), builder, code)
    }

    /// The infimum and supremum of a value of the code, from the ones of the encoder's output.
    pub(crate) fn output_range(&self, given: (f32, f32)) -> (f32, f32) {
        self.part().output_range(self.settings(), given)
    }

    /// How many values of a code may be nonzero at a time.
    pub(crate) fn most_active(&self, code: usize) -> usize {
        self.part().most_active(self.settings(), code)
    }

    /// What penalties on derivatives of the encoder act on.
    pub(crate) fn in_use(&self, builder: &mut Builder, encoded: Var) -> Var {
        self.part().in_use(self.settings(), builder, encoded)
    }

    /// Whether it draws the code from a distribution.
    pub fn draws(&self) -> bool {
        self.part().draws()
    }

    /// The epochs until what it reports counts in full.
    pub(crate) fn warmup(&self) -> usize {
        self.part().warmup(self.settings())
    }

    /// Adds its nodes to a graph; returns the name of their result.
    pub(crate) fn nodes(&self, graph: &mut Graph, place: Place<'_>) -> String {
        self.part().nodes(self.settings(), graph, place)
    }
}
