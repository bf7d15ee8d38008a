//! The model file: one `.safetensors`.
//!
//! Tensors are named as the `state_dict` of the equivalent pair of `nn.Sequential` in PyTorch names
//! them. Everything else is JSON under the key `narrows` of the metadata: `format_version`,
//! `recipe`, `scaling`, `input_shape` and `metrics`.

use super::Model;
use crate::data::scaling::Scaling;
use crate::error::{Error, ErrorKind, Result};
use crate::files::write_whole;
use crate::network::Network;
use crate::recipe::Recipe;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;

/// Raised when an older Narrows could no longer read the file.
const FORMAT_VERSION: u64 = 1;

/// The key of the metadata.
const KEY: &str = "narrows";

pub(super) fn save(model: &Model, path: &Path) -> Result<()> {
    let broken = |error: String| Error::new(ErrorKind::Format, error).at(path.display());
    let recipe: toml::Table = toml::from_str(&model.recipe.to_toml())
        .map_err(|error| broken("cannot write the recipe".into()).caused_by(error))?;
    let about = json!({
        "format_version": FORMAT_VERSION,
        "recipe": recipe,
        "scaling": model.scaling.to_json(),
        "input_shape": model.shape,
        "metrics": model.metrics,
    });
    let bytes: Vec<u8> = model
        .parameters
        .flat()
        .iter()
        .flat_map(|p| p.to_le_bytes())
        .collect();
    let mut views = Vec::new();
    for tensor in model.network.tensors() {
        let these = bytes
            .get(tensor.range.start * 4..tensor.range.end * 4)
            .unwrap_or_default();
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), these)
            .map_err(|error| broken(format!("cannot write {}", tensor.name)).caused_by(error))?;
        views.push((tensor.name.as_str(), view));
    }
    let metadata = HashMap::from([(KEY.to_string(), about.to_string())]);
    let file = safetensors::serialize(views, Some(metadata))
        .map_err(|error| broken("cannot write the model".into()).caused_by(error))?;
    write_whole(path, &file)
}

pub(super) fn load(path: &Path) -> Result<Model> {
    let bytes =
        std::fs::read(path).map_err(|error| Error::io("cannot read the model", path, error))?;
    read(&bytes).map_err(|error| error.at(path.display()))
}

fn format(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Format, what)
}

/// Reads a model from the bytes of its file.
fn read(bytes: &[u8]) -> Result<Model> {
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| format("this is no safetensors file").caused_by(error))?;
    let about = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(KEY))
        .ok_or_else(|| {
            format("this safetensors file is no model of Narrows")
                .expected(format!("`{KEY}` in its metadata"))
                .found("none")
        })?;
    let about: Value = serde_json::from_str(about)
        .map_err(|error| format(format!("the metadata `{KEY}` are no JSON")).caused_by(error))?;
    check_version(&about)?;
    let recipe = read_recipe(&about)?;
    let shape = read_shape(&about)?;
    let inputs = shape.iter().product();
    let scaling = Scaling::from_json(about.get("scaling").unwrap_or(&Value::Null), inputs)?;
    let network = Network::new(&recipe.encoder, &recipe.decoder, &shape)?;
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|error| format("the tensors are damaged").caused_by(error))?;
    let parameters = read_parameters(&network, &tensors)?;
    let mut model = Model::new(recipe, scaling, &shape, &parameters)?;
    if let Some(metrics) = about.get("metrics").and_then(Value::as_object) {
        let numbers = metrics
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)));
        model.metrics.extend(numbers);
    }
    Ok(model)
}

fn check_version(about: &Value) -> Result<()> {
    match about.get("format_version").and_then(Value::as_u64) {
        Some(1..=FORMAT_VERSION) => Ok(()),
        Some(newer) => Err(
            format("the model's format is not known to this version of Narrows")
                .expected(format!("format version {FORMAT_VERSION} or older"))
                .found(newer)
                .hint("update Narrows"),
        ),
        None => Err(format("the model's format version is missing")),
    }
}

fn read_recipe(about: &Value) -> Result<Recipe> {
    let table: toml::Table = about
        .get("recipe")
        .cloned()
        .ok_or_else(|| format("the model's recipe is missing"))
        .and_then(|recipe| {
            serde_json::from_value(recipe)
                .map_err(|error| format("the model's recipe is damaged").caused_by(error))
        })?;
    let text = toml::to_string(&table)
        .map_err(|error| format("the model's recipe is damaged").caused_by(error))?;
    Recipe::parse(&text, "the model's recipe")
}

fn read_shape(about: &Value) -> Result<Vec<usize>> {
    let damaged = || {
        format("the model's `input_shape` is damaged")
            .expected("one to four positive whole numbers")
            .found(about.get("input_shape").unwrap_or(&Value::Null))
    };
    let sizes = about
        .get("input_shape")
        .and_then(Value::as_array)
        .ok_or_else(damaged)?;
    let shape: Option<Vec<usize>> = sizes
        .iter()
        .map(|size| usize::try_from(size.as_u64()?).ok().filter(|&n| n > 0))
        .collect();
    let shape = shape
        .filter(|shape| (1..=4).contains(&shape.len()))
        .ok_or_else(damaged)?;
    // A row that no file could describe is no row.
    let values = shape
        .iter()
        .try_fold(1usize, |product, &n| product.checked_mul(n));
    values.filter(|&n| n <= 1 << 28).ok_or_else(damaged)?;
    Ok(shape)
}

fn read_parameters(network: &Network, tensors: &SafeTensors<'_>) -> Result<Vec<f32>> {
    let mut parameters = Vec::new();
    for tensor in network.tensors() {
        let view = tensors
            .tensor(&tensor.name)
            .map_err(|_| format(format!("the tensor `{}` is missing", tensor.name)))?;
        if view.dtype() != Dtype::F32 || view.shape() != tensor.shape {
            return Err(format(format!(
                "the tensor `{}` does not fit the recipe",
                tensor.name
            ))
            .expected(format!("F32 of shape {:?}", tensor.shape))
            .found(format!("{:?} of shape {:?}", view.dtype(), view.shape())));
        }
        let (numbers, _) = view.data().as_chunks::<4>();
        let start = parameters.len();
        parameters.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        if let Some(at) = parameters[start..].iter().position(|p| !p.is_finite()) {
            return Err(format("a parameter is not finite")
                .at(format!("tensor `{}`, element {at}", tensor.name)));
        }
    }
    if let Some(extra) = tensors
        .names()
        .into_iter()
        .find(|name| network.tensors().iter().all(|tensor| tensor.name != **name))
    {
        return Err(format(format!(
            "the tensor `{extra}` does not belong to the recipe"
        )));
    }
    Ok(parameters)
}
