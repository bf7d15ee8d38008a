//! Settings of any part, derived from its declared keys. Tests over the lists of parts need no case for a new part.

pub mod varied;

use narrows::Recipe;
use narrows::declaration::{Declaration, End, Key, Kind, Preset, Range, Settings, Value};
use narrows::layer::LayerPart;

/// Values for some of a part's keys.
pub type Values = Vec<(&'static str, Value)>;

/// The values of the keys that must have one, for a part that acts on rows of a shape.
///
/// # Panics
///
/// When a key must have a text: no value follows from its declaration.
pub fn required(declaration: &Declaration, shape: &[usize]) -> Values {
    let must = |key: &&Key| key.default == Preset::Required;
    let keys: Vec<_> = declaration.keys.iter().filter(must).collect();
    let choices: Vec<Vec<Value>> = keys.iter().map(|key| possible(&key.kind, shape)).collect();
    for (key, choices) in keys.iter().zip(&choices) {
        let part = declaration.name;
        assert!(!choices.is_empty(), "`{part}.{}` needs a default", key.name);
    }
    // The first values that go together.
    let count = choices.iter().map(Vec::len).product();
    let combination = |mut number: usize| -> Values {
        let value = |(key, choices): (&&Key, &Vec<Value>)| {
            let value = choices[number % choices.len()].clone();
            number /= choices.len();
            (key.name, value)
        };
        keys.iter().zip(&choices).map(value).collect()
    };
    (0..count)
        .map(combination)
        .find(|values| Settings::new(declaration, values).is_ok())
        .unwrap_or_else(|| panic!("values of `{}` that go together", declaration.name))
}

/// The values that a layer needs at any place of a network: its required keys and a width.
pub fn of_layer(part: &dyn LayerPart, shape: &[usize]) -> Values {
    let mut values = required(part.declaration(), shape);
    let open = part.open_width().map(|width| width.key);
    if let Some(key) = open.filter(|key| key.default != Preset::Required) {
        let width = possible(&key.kind, shape).swap_remove(0);
        values.push((key.name, width));
    }
    values
}

/// A part and its values as a recipe has them.
pub fn table(selector: &str, name: &str, values: &Values) -> String {
    let values = values
        .iter()
        .map(|(key, value)| format!(", {key} = {value}"));
    format!("{{ {selector} = '{name}'{} }}", values.collect::<String>())
}

/// The shape that a layer gives for rows of a shape.
pub fn shape_after(layer: &str, shape: &[usize]) -> narrows::Result<Vec<usize>> {
    let text = format!(
        "name = 'a'\nencoder = [{layer}, {{ layer = 'dense', outputs = 1 }}]\n\
                       decoder = [{{ layer = 'dense' }}]"
    );
    let network = Recipe::parse(&text, "one layer")?.network(shape)?;
    Ok(network.shape(1).to_vec())
}

/// Some values that a key may have, the usual ones first; none of a text, which only its part understands.
pub fn possible(kind: &Kind, shape: &[usize]) -> Vec<Value> {
    let mut values: Vec<Value> = match *kind {
        Kind::Whole { least, most } => {
            let near = [3, 2, 4].map(|n: i64| n.clamp(least, most));
            near.map(Value::Whole).to_vec()
        }
        Kind::Number(range) => [0.2, 0.5, 0.8].map(|at| inside(range, at)).to_vec(),
        Kind::Flag => vec![Value::Flag(true), Value::Flag(false)],
        Kind::Pair { .. } => [[3, 3], [2, 1], [1, 2], [1, 0], [0, 1]]
            .map(|pair| Value::Wholes(pair.to_vec()))
            .to_vec(),
        Kind::Triple { .. } => vec![Value::from(image(shape))],
        Kind::OneOf(words) => words.iter().map(|word| Value::from(*word)).collect(),
        Kind::Text | Kind::Name | Kind::Section(_) | Kind::List(_) => Vec::new(),
    };
    values.retain(|value| kind.accept(value.clone()).is_some());
    values.dedup();
    values
}

/// A number of a range: a share of the way from its low end to the high one, or to 1 above it.
fn inside(range: Range, share: f64) -> Value {
    let end = |end: End| match end {
        End::None => None,
        End::Closed(number) | End::Open(number) => Some(number),
    };
    let (low, high) = match (end(range.low), end(range.high)) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low + 1.0),
        (None, Some(high)) => (high - 1.0, high),
        (None, None) => (0.0, 1.0),
    };
    Value::Number(low + share * (high - low))
}

/// An image of as many values as rows of a shape have, as nearly square as can be; their own shape, if they are images.
fn image(shape: &[usize]) -> [usize; 3] {
    if let &[channels, height, width] = shape {
        return [channels, height, width];
    }
    let values: usize = shape.iter().product();
    let divides = |height: &usize| height * height <= values && values.is_multiple_of(*height);
    let height = (1..=values).rev().find(divides).unwrap_or(1);
    [1, height, values / height]
}
