//! Settings other than the defaults, for tests that try a part in every way.

use super::{Values, of_layer, possible, shape_after, table};
use narrows::declaration::{Declaration, Settings};
use narrows::layer::LayerPart;

/// The settings to try a part with: those with the required keys alone, and those where as many other keys as possible have
/// another value than their default. `fits` says whether the part works with them where it is tried.
pub fn settings(
    declaration: &Declaration,
    least: Values,
    shape: &[usize],
    fits: impl Fn(&Values) -> bool,
) -> Vec<Values> {
    let mut varied = least.clone();
    for key in declaration.keys {
        let Some(preset) = key.preset() else { continue };
        let others = possible(&key.kind, shape).into_iter();
        let mut others = others.filter(|value| *value != preset).map(|value| {
            let mut values = varied.clone();
            values.push((key.name, value));
            values
        });
        let is_possible = |values: &Values| Settings::new(declaration, values).is_ok();
        if let Some(values) = others.find(|values| is_possible(values) && fits(values)) {
            varied = values;
        }
    }
    if varied == least {
        vec![least]
    } else {
        vec![least, varied]
    }
}

/// The settings to try a layer with on rows of a shape; see [`settings`].
pub fn settings_of_layer(part: &dyn LayerPart, shape: &[usize]) -> Vec<Values> {
    let name = part.declaration().name;
    let least = of_layer(part, shape);
    settings(part.declaration(), least, shape, |values| {
        shape_after(&table("layer", name, values), shape).is_ok()
    })
}
