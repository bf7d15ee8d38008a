//! Weights that another program trained: a PyTorch `state_dict` as `.safetensors`, with the names of the
//! model file. The file is as hostile as a model file, and read as that is.

use super::file::{add_finite, format, is_usable_shape, open, read_header, read_tensors};
use super::{Model, Origin};
use crate::data::Dataset;
use crate::data::scaling::{Scaling, ScalingSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::layer::LayerSpec;
use crate::network::{Network, Tensor};
use crate::recipe::Recipe;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// How many names an error lists before it only counts.
const LISTED: usize = 8;

/// The one key of a header that names no tensor.
const METADATA: &str = "__metadata__";

pub(super) fn import(
    path: &Path,
    recipe: &Recipe,
    shape: Option<&[usize]>,
    data: Option<&Dataset>,
) -> Result<Model> {
    let (mut file, len) = open(path)?;
    read(&mut file, len, recipe, shape, data).map_err(|error| error.at(path.display()))
}

/// Reads weights from their file of `len` bytes.
fn read(
    file: &mut impl Read,
    len: u64,
    recipe: &Recipe,
    shape: Option<&[usize]>,
    data: Option<&Dataset>,
) -> Result<Model> {
    let mut bytes = Vec::new();
    let header = read_header(file, len, &mut bytes)?;
    let shape = row_shape(recipe, shape, data, &header)?;
    let network = Network::new(&recipe.encoder, &recipe.decoder, &shape)?;
    let (spec, scaling) = scaling(recipe, data)?;
    check_names(network.tensors(), &header)?;
    check_shapes(network.tensors(), &header)?;
    // Float64 is the widest that is read.
    let most = 8 * network.parameter_count() as u64;
    let tensors = read_tensors(file, len, most, &mut bytes)?;
    let mut parameters = Vec::new();
    for tensor in network.tensors() {
        let view = tensors.tensor(&tensor.name).map_err(|error| {
            format(format!("the tensor `{}` is damaged", tensor.name)).caused_by(error)
        })?;
        add(&mut parameters, &tensor.name, &view)?;
    }
    let mut recipe = recipe.clone();
    recipe.scaling = Some(spec);
    let mut model = Model::new(recipe, scaling, &shape, &parameters)?;
    if let Some(data) = data {
        model.set_origin(Origin::of(data));
    }
    Ok(model)
}

/// The shape of a row: as it is given, else that of the data, else what the first dense layer reads.
fn row_shape(
    recipe: &Recipe,
    shape: Option<&[usize]>,
    data: Option<&Dataset>,
    header: &Value,
) -> Result<Vec<usize>> {
    let refuse = |what| Error::new(ErrorKind::Data, what);
    let shape = match (shape, data) {
        (Some(shape), None) => shape.to_vec(),
        (None, Some(data)) => data.shape().to_vec(),
        (Some(shape), Some(data)) => {
            if shape
                .iter()
                .try_fold(1usize, |n, &size| n.checked_mul(size))
                != Some(data.inputs())
            {
                return Err(refuse("the shape does not fit the data")
                    .at(data.name())
                    .expected(format!(
                        "a shape of {} values, as {:?}",
                        data.inputs(),
                        data.shape()
                    ))
                    .found(format!("{shape:?}")));
            }
            shape.to_vec()
        }
        (None, None) => vec![first_width(recipe, header).ok_or_else(|| {
            refuse("the shape of a row is not known")
                .expected(
                    "a shape, data, or the weights of a dense layer that the encoder begins with",
                )
                .hint("give --shape, as in `--shape 1x28x28`, or --data")
        })?],
    };
    if !is_usable_shape(&shape) {
        return Err(refuse("this is no shape of a row")
            .expected("one to four sizes above 0, of at most 2^28 values in all")
            .found(format!("{shape:?}")));
    }
    Ok(shape)
}

/// What the encoder's first layer with parameters reads, where it is a dense one of flat rows.
fn first_width(recipe: &Recipe, header: &Value) -> Option<usize> {
    let is_flat =
        |layer: &LayerSpec| matches!(layer, LayerSpec::Flatten | LayerSpec::Activation(_));
    let index = recipe.encoder.iter().position(|layer| !is_flat(layer))?;
    match recipe.encoder.get(index)? {
        LayerSpec::Dense { .. } => {
            let tensor = header.get(format!("encoder.{index}.weight"))?;
            usize::try_from(tensor.get("shape")?.get(1)?.as_u64()?).ok()
        }
        _ => None,
    }
}

/// The scaling that the recipe or the data say, and what it comes down to.
fn scaling(recipe: &Recipe, data: Option<&Dataset>) -> Result<(ScalingSpec, Scaling)> {
    match (recipe.scaling, data) {
        (spec, Some(data)) => {
            let spec = spec.unwrap_or_else(|| ScalingSpec::usual(data));
            Ok((spec, Scaling::fit(&spec, data)?))
        }
        (Some(spec), None) => Ok((spec, Scaling::without_data(&spec)?)),
        (None, None) => Err(Error::new(
            ErrorKind::Recipe,
            "the recipe leaves the scaling to the data, and there are none",
        )
        .hint("give --data, or say which with `--set scaling.kind=unit`")),
    }
}

/// Refuses tensors that are missing or too many, all of them at once.
fn check_names(expected: &[Tensor], header: &Value) -> Result<()> {
    let keys = header
        .as_object()
        .into_iter()
        .flat_map(|header| header.keys());
    let names: Vec<&str> = keys
        .map(String::as_str)
        .filter(|&key| key != METADATA)
        .collect();
    let missing = expected.iter().map(|tensor| tensor.name.as_str());
    let missing: Vec<&str> = missing.filter(|name| !names.contains(name)).collect();
    let is_extra = |name: &&str| expected.iter().all(|tensor| tensor.name != *name);
    let extra: Vec<&str> = names.iter().copied().filter(is_extra).collect();
    let error = match (missing.is_empty(), extra.is_empty()) {
        (true, true) => return Ok(()),
        (false, true) => format("tensors of the recipe are missing").expected(list(&missing)),
        (true, false) => {
            format("there are tensors that the recipe does not have").found(list(&extra))
        }
        (false, false) => format("the tensors are named otherwise than the recipe's")
            .expected(list(&missing))
            .found(list(&extra)),
    };
    Err(error.hint(
        "name them `encoder.INDEX.weight` and so on, with indices that count every layer of the recipe, \
         as nn.Sequential does",
    ))
}

/// `a, b and 3 more`
fn list(names: &[&str]) -> String {
    let (shown, rest) = names.split_at(names.len().min(LISTED));
    match rest.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Refuses tensors of another shape than the recipe's.
fn check_shapes(expected: &[Tensor], header: &Value) -> Result<()> {
    for tensor in expected {
        let found = header
            .get(&tensor.name)
            .and_then(|found| found.get("shape"))
            .and_then(|shape| serde_json::from_value::<Vec<usize>>(shape.clone()).ok());
        if found.as_ref() != Some(&tensor.shape) {
            return Err(format(format!(
                "the tensor `{}` does not fit the recipe",
                tensor.name
            ))
            .expected(format!("shape {:?}", tensor.shape))
            .found(found.map_or("none".into(), |shape| format!("shape {shape:?}"))));
        }
    }
    Ok(())
}

/// Adds the numbers of a tensor to the parameters, as float32.
fn add(parameters: &mut Vec<f32>, name: &str, found: &TensorView<'_>) -> Result<()> {
    match found.dtype() {
        Dtype::F32 => {
            let (numbers, _) = found.data().as_chunks::<4>();
            let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
            add_finite(parameters, name, numbers)
        }
        Dtype::F64 => {
            let (numbers, _) = found.data().as_chunks::<8>();
            let numbers = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32);
            add_finite(parameters, name, numbers)
        }
        other => Err(format(format!("the tensor `{name}` is of a type that is not read"))
            .expected("F32 or F64")
            .found(format!("{other:?}"))
            .hint("save the weights as float32: `{k: v.float() for k, v in model.state_dict().items()}`")),
    }
}
