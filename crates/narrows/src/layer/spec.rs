//! Layers in a recipe: the list, and a layer with its settings.

use crate::declaration::{FromValue, Key, Kind, Part, Settings, Spec, Value};
use crate::error::Result;
use crate::onnx::{Graph, Place};
use crate::program::{Builder, Var};

/// The key that names the kind of a layer.
pub(crate) const LAYER: Key = Key::new("layer", Kind::Name, "layer");

/// The widest layer: it protects against typing errors; the code has no such limit.
pub(crate) const MAX_WIDTH: i64 = 1 << 24;

/// A layer with the values of its keys, as in a recipe.
pub type LayerSpec = Spec<dyn LayerPart>;

/// A kind of layer: its declaration, its operations in a network and its nodes in a graph.
pub trait LayerPart: Part {
    /// Whether it has parameters.
    fn has_parameters(&self) -> bool {
        false
    }

    /// The key of its width, if the decoder's last dense or convolution layer may take it from the data.
    fn open_width(&self) -> Option<OpenWidth> {
        None
    }

    /// Whether its width follows from another layer, so that the recipe does not give it.
    fn follows(&self, _settings: &Settings) -> bool {
        false
    }

    /// Whether its output has the same values as its input, possibly in another shape.
    fn keeps_values(&self) -> bool {
        false
    }

    /// The infimum and supremum of its output.
    fn output_range(&self, _settings: &Settings) -> (f32, f32) {
        (f32::NEG_INFINITY, f32::INFINITY)
    }

    /// Applies the layer to a value, in a network for data with rows of shape `data`; returns its output.
    ///
    /// # Errors
    ///
    /// If the layer cannot work on rows of this shape.
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        data: &[usize],
    ) -> Result<Var>;

    /// Adds its nodes to a graph; returns the name of their result.
    fn nodes(&self, settings: &Settings, graph: &mut Graph, place: Place<'_>) -> String;
}

/// A width that is taken from the data if it is left open.
#[derive(Clone, Copy, Debug)]
pub struct OpenWidth {
    /// The key of the width.
    pub key: &'static Key,
    /// The width for data with rows of a shape; an error if the shape does not determine it.
    pub of_data: fn(&[usize]) -> Result<usize>,
}

impl OpenWidth {
    /// The width in the settings, or otherwise the width of the data.
    pub(super) fn of(&self, settings: &Settings, data: &[usize]) -> Result<usize> {
        match usize::from_value(settings.value(self.key.name)) {
            Some(width) => Ok(width),
            None => (self.of_data)(data),
        }
    }
}

/// The last layer that changes the values of a list of layers, with its place.
pub(crate) fn last_of_values(layers: &[LayerSpec]) -> Option<(usize, &LayerSpec)> {
    let mut all = layers.iter().enumerate();
    all.rfind(|(_, layer)| !layer.part().keeps_values())
}

impl Spec<dyn LayerPart> {
    /// Whether it has parameters.
    pub fn has_parameters(&self) -> bool {
        self.part().has_parameters()
    }

    /// Whether its width is set by a key or taken from the data.
    pub(crate) fn has_width(&self) -> bool {
        self.part().open_width().is_some()
    }

    /// The key of its width, if it takes its width from the data.
    pub(crate) fn open_width(&self) -> Option<&'static str> {
        let key = self.part().open_width()?.key.name;
        let is_open = self.settings().value(key).is_none() && !self.part().follows(self.settings());
        is_open.then_some(key)
    }

    /// Sets the width that it takes from the data, which have rows of shape `data`.
    pub(crate) fn fill_width(&mut self, data: &[usize]) {
        if let Some(width) = self.part().open_width()
            && self.open_width().is_some()
            && let Ok(size) = (width.of_data)(data)
        {
            self.set(width.key, Value::from(size));
        }
    }

    /// The infimum and supremum of its output.
    pub(crate) fn output_range(&self) -> (f32, f32) {
        self.part().output_range(self.settings())
    }

    /// Applies the layer to a value, in a network for data with rows of shape `data`; returns its output.
    ///
    /// # Errors
    ///
    /// If the layer cannot work on rows of this shape.
    pub(crate) fn build(&self, builder: &mut Builder, x: Var, data: &[usize]) -> Result<Var> {
        self.part().build(self.settings(), builder, x, data)
    }

    /// Adds its nodes to a graph; returns the name of their result.
    pub(crate) fn nodes(&self, graph: &mut Graph, place: Place<'_>) -> String {
        self.part().nodes(self.settings(), graph, place)
    }
}
