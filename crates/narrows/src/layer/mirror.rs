//! The decoder that is the mirror image of an encoder of dense layers.

use super::LayerSpec;
use super::dense::{DensePart, OUTPUTS};
use super::flatten::Flatten;
use super::reshape::Reshape;
use crate::declaration::{Part, Value};
use crate::error::{Error, ErrorKind, Result};

/// The dense layers of an encoder in reverse order, each with the width of its input there, and with the layers between
/// them. The last layer has the width of the data.
///
/// # Errors
///
/// [`ErrorKind::Recipe`] if the encoder has a layer without a mirror image; the error has its place.
pub(crate) fn mirrored(encoder: &[LayerSpec]) -> Result<Vec<LayerSpec>> {
    if let Some(place) = encoder.iter().position(|layer| !has_mirror(layer)) {
        return Err(Error::new(ErrorKind::Recipe, "this layer has no mirror")
            .at(format!("encoder[{place}]"))
            .expected("dense layers, activations and norms")
            .found(format!("`{}`", encoder[place].name()))
            .hint("give the decoder its own layers"));
    }
    let dense: Vec<usize> = (0..encoder.len())
        .filter(|&place| encoder[place].has_width())
        .collect();
    let mut decoder = Vec::new();
    for pair in dense.windows(2).rev() {
        let (outer, inner) = (pair[0], pair[1]);
        let width: Option<usize> = encoder[outer].get(OUTPUTS.name);
        decoder.push(of_width(&encoder[inner], width));
        decoder.extend_from_slice(&encoder[outer + 1..inner]);
    }
    decoder.extend(dense.first().map(|&first| of_width(&encoder[first], None)));
    Ok(decoder)
}

/// Whether it is a dense layer with its own weights, or a layer that keeps the width and the shape of its input.
fn has_mirror(layer: &LayerSpec) -> bool {
    let is = |part: &dyn Part| layer.name() == part.declaration().name;
    if layer.has_width() {
        is(&DensePart) && !layer.part().follows(layer.settings())
    } else {
        !is(&Flatten) && !is(&Reshape)
    }
}

/// The same dense layer with another width.
fn of_width(layer: &LayerSpec, width: Option<usize>) -> LayerSpec {
    let mut layer = layer.clone();
    layer.set(&OUTPUTS, width.map(Value::from));
    layer
}
