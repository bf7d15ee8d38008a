//! Layers as a recipe has them: the list, and a layer with its settings.

use crate::declaration::{FromValue, Key, Kind, Part, Settings, Spec, Value};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Var};

/// The key that names the kind of a layer.
pub(crate) const LAYER: Key = Key::new("layer", Kind::Name, "layer");

/// The widest layer: a guard against slips of the finger, not a limit of the code.
pub(crate) const MAX_WIDTH: i64 = 1 << 24;

/// A layer with the values of its keys: what a recipe says of it.
pub type LayerSpec = Spec<dyn LayerPart>;

/// A kind of layer: its declaration, and what it is in a network and in a graph.
pub trait LayerPart: Part {
    /// Whether it has parameters.
    fn has_parameters(&self) -> bool {
        false
    }

    /// The key of its width, where the decoder's last dense or convolution layer may leave it to the data.
    fn open_width(&self) -> Option<OpenWidth> {
        None
    }

    /// Whether its width follows from another layer's, so that none is given.
    fn follows(&self, _settings: &Settings) -> bool {
        false
    }

    /// Whether it gives the values that it gets, though perhaps in another shape.
    fn keeps_values(&self) -> bool {
        false
    }

    /// The infimum and supremum of what it can give.
    fn output_range(&self, _settings: &Settings) -> (f32, f32) {
        (f32::NEG_INFINITY, f32::INFINITY)
    }

    /// Applies the layer to a value, in a network for data of rows of the shape `data`; gives what it makes.
    ///
    /// # Errors
    ///
    /// When the layer cannot work on rows of this shape.
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        data: &[usize],
    ) -> Result<Var>;

    /// Adds its nodes to a graph; gives the value that they make.
    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String;
}

/// A width that is that of the data where it is left open.
#[derive(Clone, Copy, Debug)]
pub struct OpenWidth {
    /// The key of the width.
    pub key: &'static Key,
    /// The width for data of rows of a shape; an error where the shape does not say one.
    pub of_data: fn(&[usize]) -> Result<usize>,
}

impl OpenWidth {
    /// The width that the settings have, or else that of the data.
    pub(super) fn of(&self, settings: &Settings, data: &[usize]) -> Result<usize> {
        match usize::from_value(settings.value(self.key.name)) {
            Some(width) => Ok(width),
            None => (self.of_data)(data),
        }
    }
}

/// The last layer that decides which values a list of layers gives, with its place.
pub(crate) fn last_of_values(layers: &[LayerSpec]) -> Option<(usize, &LayerSpec)> {
    let mut all = layers.iter().enumerate();
    all.rfind(|(_, layer)| !layer.part().keeps_values())
}

impl Spec<dyn LayerPart> {
    /// Whether it has parameters.
    pub fn has_parameters(&self) -> bool {
        self.part().has_parameters()
    }

    /// Whether it is of a kind whose width a key gives, or leaves to the data.
    pub(crate) fn has_width(&self) -> bool {
        self.part().open_width().is_some()
    }

    /// The key of its width, where it is one that leaves its width to the data.
    pub(crate) fn open_width(&self) -> Option<&'static str> {
        let key = self.part().open_width()?.key.name;
        let is_open = self.settings().value(key).is_none() && !self.part().follows(self.settings());
        is_open.then_some(key)
    }

    /// Gives it the width that it leaves to the data, whose rows have the shape `data`.
    pub(crate) fn fill_width(&mut self, data: &[usize]) {
        if let Some(width) = self.part().open_width()
            && self.open_width().is_some()
            && let Ok(size) = (width.of_data)(data)
        {
            self.set(width.key, Value::from(size));
        }
    }

    /// The infimum and supremum of what it can give.
    pub(crate) fn output_range(&self) -> (f32, f32) {
        self.part().output_range(self.settings())
    }

    /// Applies the layer to a value, in a network for data of rows of the shape `data`; gives what it makes.
    ///
    /// # Errors
    ///
    /// When the layer cannot work on rows of this shape.
    pub(crate) fn build(&self, builder: &mut Builder, x: Var, data: &[usize]) -> Result<Var> {
        self.part().build(self.settings(), builder, x, data)
    }

    /// Adds its nodes to a graph; gives the value that they make.
    pub(crate) fn nodes(&self, graph: &mut Graph, place: Place<'_>) -> String {
        self.part().nodes(self.settings(), graph, place)
    }
}
