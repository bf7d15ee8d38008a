//! The metadata of a graph: what whoever scores rows with it needs to know beside the graph.

use crate::Model;
use crate::onnx::proto::Entry;
use serde_json::{Value, json};

/// The most offsets that are listed; others are tensors of the graph only.
const LISTED: usize = 1 << 16;

/// The entries; the module above says what each is.
pub(super) fn entries(model: &Model) -> Vec<Entry> {
    let (origin, recipe) = (model.origin(), model.recipe());
    let list = |values: &Option<Vec<String>>| values.as_ref().map(|names| json!(names).to_string());
    let threshold = model.threshold().map(|threshold| {
        let mut threshold = threshold.to_json();
        threshold["unusual"] = "score > value".into();
        threshold.to_string()
    });
    let entries = [
        ("producer", Some("narrows".to_string())),
        ("producer_version", Some(env!("CARGO_PKG_VERSION").into())),
        ("recipe", Some(recipe.name.clone())),
        ("columns", list(&origin.columns)),
        ("units", units(model)),
        (
            "fill",
            origin.fill.as_ref().map(|fill| json!(fill).to_string()),
        ),
        ("scaling", Some(scaling(model).to_string())),
        ("score", Some(score(model).into())),
        ("threshold", threshold),
    ];
    let known = entries.into_iter().filter_map(|(key, value)| {
        Some(Entry {
            key: Some(key.into()),
            value: Some(value?),
        })
    });
    known.collect()
}

/// The unit of each input, `null` where it has none; nothing if no input has one.
fn units(model: &Model) -> Option<String> {
    let columns = model.columns()?.iter();
    let mut inputs: Vec<(usize, &Option<String>)> = columns
        .filter_map(|column| Some((column.input.as_ref()?.place, &column.unit)))
        .collect();
    inputs.sort_unstable_by_key(|(place, _)| *place);
    let units: Vec<&Option<String>> = inputs.into_iter().map(|(_, unit)| unit).collect();
    units
        .iter()
        .any(|unit| unit.is_some())
        .then(|| json!(units).to_string())
}

/// What the score is.
fn score(model: &Model) -> &'static str {
    match model.bound() {
        None => {
            "mean over the values of a row of the squared error in scaled units: mean((scaled - scaled reconstruction)^2)"
        }
        Some(_) => {
            "negative evidence lower bound in nats: KL of the code from N(0, I) + negative log likelihood of the scaled row, \
             mean over codes whose noise is a constant of the graph"
        }
    }
}

fn scaling(model: &Model) -> Value {
    let scaling = model.scaling();
    let list = |values: &[f64], name: &str| {
        if values.len() <= LISTED {
            json!(values)
        } else {
            json!(format!("the tensor {name} of the graph"))
        }
    };
    let mut entry = json!({
        "kind": model.recipe().scaling.map_or("none", |spec| spec.name()),
        "formula": "scaled = (input - offset) * factor",
        "offset": list(scaling.offset(), "scaling.offset"),
        "factor": list(scaling.factor(), "scaling.factor"),
    });
    if !scaling.curves().is_empty() {
        entry["formula"] = "scaled = curve((input - offset) * factor), through the quantiles at even levels from 0 to 1 and \
                            the standard normal quantiles of their levels, in straight segments"
            .into();
        let quantiles = scaling.curves().iter().map(|curve| curve.quantiles());
        entry["quantiles"] = json!(quantiles.collect::<Vec<_>>());
    }
    entry
}
