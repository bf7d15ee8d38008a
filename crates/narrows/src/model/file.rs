//! The model file: one `.safetensors`.
//!
//! Tensors have the names of the `state_dict` of the equivalent pair of `nn.Sequential` in PyTorch. Everything else is
//! JSON under the key `narrows` of the metadata. In format version 3:
//!
//! | key | what it is |
//! |---|---|
//! | `format_version` | 3 |
//! | `sections` | the names of the sections that the file needs; a reader refuses a section that it does not know |
//! | `recipe` | the recipe, as in TOML |
//! | `scaling` | offsets and factors in double precision, and the precision in which they are applied |
//! | `input_shape` | the shape of a row |
//! | `metrics` | metrics by name |
//! | `data` | the name, range and split of the data, and the options for reading them |
//! | `threshold` | the score above which a row is unusual: value, rule, level and rows |
//! | `columns` | a section: each column of a table: name, role, type, unit, missing cells, statistics, levels of labels |
//! | `buffers` | a section: the names of the tensors that are not parameters, such as running statistics |
//! | `prior` | a section: the distribution of the codes that `narrows fit-prior` fitted |
//!
//! Two more keys are checksums, see [`checksums`]. A file that does not match one of them is refused.
//!
//! Versions 1 and 2 have no checksums. They have `origin` in place of `data`, and no sections. Their scaling is applied
//! in single precision.

use super::header::{Header, MAX_HEADER, check_values, format, read_header, read_up_to};
use super::prior::section::{self, PRIOR};
use super::states::{self, BUFFERS};
use super::{Model, Origin, Threshold, checksums, foreign};
use crate::advice::Action;
use crate::document::Tree;
use crate::error::{Error, ErrorKind, Result};
use crate::files::write_whole;
use crate::network::Network;
use crate::parts::Parts;
use crate::recipe::{MAX_LAYERS, Recipe};
use crate::scaling::Scaling;
use crate::text::count_of;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::Path;

/// Increased when older versions of Narrows can no longer read the file.
const FORMAT_VERSION: u64 = 3;

/// The name of the model's file in a run's folder.
pub const MODEL_FILE: &str = "model.safetensors";

/// The section of the columns.
const COLUMNS: &str = "columns";

/// The sections that this version knows.
const SECTIONS: [&str; 3] = [COLUMNS, BUFFERS, PRIOR];

/// The key of the metadata that belongs to Narrows.
pub(super) const KEY: &str = "narrows";

impl Model {
    /// Writes the model into one `.safetensors` file; see [`Model::load`].
    ///
    /// # Errors
    ///
    /// If the system cannot write the file; a file that existed before stays unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save(self, path.as_ref())
    }

    /// Reads a model that [`Model::save`] wrote, from its file or from the folder of a run.
    ///
    /// # Errors
    ///
    /// If the file is not a model of Narrows, is damaged, or has a newer format.
    pub fn load(path: impl AsRef<Path>) -> Result<Model> {
        Model::load_of(path, &Parts::standard())
    }

    /// As [`Model::load`], for a model whose recipe uses these parts.
    ///
    /// # Errors
    ///
    /// As [`Model::load`]. Also if its recipe names a part that is not in the lists; the error gives the part's name.
    pub fn load_of(path: impl AsRef<Path>, parts: &Parts) -> Result<Model> {
        let path = path.as_ref();
        if path.is_dir() {
            load(&path.join(MODEL_FILE), parts)
        } else {
            load(path, parts)
        }
    }
}

fn save(model: &Model, path: &Path) -> Result<()> {
    let broken = |error: String| Error::new(ErrorKind::Format, error).at(path.display());
    let recipe = serde_json::to_value(model.recipe.to_tree())
        .map_err(|error| broken("cannot write the recipe".into()).caused_by(error))?;
    let columns = model.origin.columns_to_json().map(|json| (COLUMNS, json));
    let buffers = states::to_json(&model.network).map(|json| (BUFFERS, json));
    let prior = model
        .prior
        .as_ref()
        .map(|prior| (PRIOR, section::to_json(prior)));
    let sections = || columns.iter().chain(&buffers).chain(&prior);
    let names: Vec<&str> = sections().map(|&(name, _)| name).collect();
    let mut about = json!({
        "format_version": FORMAT_VERSION,
        "sections": names,
        "recipe": recipe,
        "scaling": model.scaling.to_json(),
        "input_shape": model.shape,
        "metrics": model.metrics,
        "data": model.origin.to_json(),
        "threshold": model.threshold.as_ref().map(Threshold::to_json),
    });
    for (name, section) in sections() {
        about[*name] = section.clone();
    }
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
    let network = model.network.states().iter();
    let states: Vec<_> = network
        .map(|state| (state, states::to_file(state, model.parameters.states())))
        .collect();
    for (state, (kind, bytes)) in &states {
        let view = TensorView::new(*kind, state.shape.clone(), bytes)
            .map_err(|error| broken(format!("cannot write {}", state.name)).caused_by(error))?;
        views.push((state.name.as_str(), view));
    }
    let about = checksums::sealed(about, &views);
    // Quotes are escaped, and each tensor has a line of its own.
    let header = about.len() + about.matches(['"', '\\']).count() + 256 * views.len();
    if header as u64 > MAX_HEADER {
        return Err(broken("the model's metadata are too long".into())
            .expected(format!("at most {MAX_HEADER} bytes"))
            .found(header));
    }
    let metadata = HashMap::from([(KEY.to_string(), about)]);
    let file = safetensors::serialize(views, Some(metadata))
        .map_err(|error| broken("cannot write the model".into()).caused_by(error))?;
    write_whole(path, &file)
}

/// The hint for a model file that was changed after it was written.
fn damaged_hint() -> String {
    let import = Action::Import { weights: None };
    format!(
        "copy the file again; if another program changed it on purpose, {import} makes a model of it"
    )
}

fn load(path: &Path, parts: &Parts) -> Result<Model> {
    let (mut file, len) = open(path)?;
    read(&mut file, len, parts).map_err(|error| error.at(path.display()))
}

/// Opens a safetensors file, and returns its length in bytes.
pub(super) fn open(path: &Path) -> Result<(File, u64)> {
    let refused = |error| Error::io("cannot read the model", path, error);
    let metadata = fs::metadata(path).map_err(refused)?;
    // Anything else may have no end, or reading it may block.
    if !metadata.is_file() {
        return Err(format("this is not a file")
            .at(path.display())
            .expected("a model file"));
    }
    let mut file = File::open(path).map_err(refused)?;
    let mut beginning = Vec::new();
    (&mut file)
        .take(foreign::BEGINNING)
        .read_to_end(&mut beginning)
        .map_err(refused)?;
    if let Some(error) = foreign::refuse(&beginning, &path.to_string_lossy()) {
        return Err(error.at(path.display()));
    }
    file.rewind().map_err(refused)?;
    Ok((file, metadata.len()))
}

/// Reads a model from its file of `len` bytes.
///
/// The header alone gives the size of the rest, so only as many bytes are read as the model needs.
fn read(file: &mut impl Read, len: u64, parts: &Parts) -> Result<Model> {
    let mut bytes = Vec::new();
    let (text, about) = about(&read_header(file, len, &mut bytes)?)?;
    check_version(&about)?;
    let recipe = read_recipe(&about, parts)?;
    let shape = read_shape(&about)?;
    let inputs = shape.iter().product();
    let scaling = Scaling::from_json(about.get("scaling").unwrap_or(&Value::Null), inputs)?;
    // The sizes in a header are compared with the file before memory is allocated.
    let tensors = recipe.network_bytes(&shape)?;
    let needed = tensors.saturating_add(bytes.len() as u64);
    if len < needed {
        return Err(format("the file is too small for its recipe")
            .expected(format!("at least {}", count_of(needed, "byte")))
            .found(len));
    }
    let network = recipe.network(&shape)?;
    let tensors = read_tensors(file, len, network.bytes(), &mut bytes)?;
    if version(&about) >= Some(3) {
        checksums::check_tensors(&text, &about, &tensors)
            .map_err(|error| error.hint(damaged_hint()))?;
    }
    let parameters = read_parameters(&network, &tensors)?;
    states::check_names(&network, about.get(BUFFERS))?;
    let states = states::read(&network, &tensors)?;
    let mut model = Model::with_states(recipe, scaling, &shape, &parameters, &states)?;
    if let Some(metrics) = about.get("metrics").and_then(Value::as_object) {
        let numbers = metrics
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)));
        model.metrics.extend(numbers);
    }
    // Up to version 2, the error of a denoiser was computed from noisy rows.
    if version(&about) < Some(3)
        && model.recipe().corruption.is_some()
        && let Some(error) = model.metrics.remove("test_mse")
    {
        model.metrics.insert("denoising_mse".into(), error);
    }
    model.origin = read_origin(&about, inputs)?;
    model.threshold = Threshold::from_json(about.get("threshold").unwrap_or(&Value::Null))?;
    if has_section(&about, PRIOR) {
        let section = about.get(PRIOR).unwrap_or(&Value::Null);
        model.prior = Some(section::from_json(section, model.code_size())?);
    }
    Ok(model)
}

/// Reads the part after the header, which should be `expected` bytes.
pub(super) fn read_tensors<'a>(
    file: &mut impl Read,
    len: u64,
    expected: u64,
    bytes: &'a mut Vec<u8>,
) -> Result<SafeTensors<'a>> {
    let expected = bytes.len() as u64 + expected;
    if len > 2 * expected {
        return Err(format("the file is too large for its recipe")
            .expected(count_of(expected, "byte"))
            .found(len));
    }
    read_up_to(file, len, bytes)?;
    SafeTensors::deserialize(bytes)
        .map_err(|error| format("the tensors are damaged").caused_by(error))
}

/// The metadata of Narrows in the header: its text and the parsed value.
fn about(header: &Header) -> Result<(String, Value)> {
    let about = header.metadata.get(KEY).ok_or_else(|| {
        format("this safetensors file is not a model of Narrows")
            .expected(format!("`{KEY}` in its metadata"))
            .found("none")
            .hint(format!(
                "{} makes a model of the weights of a PyTorch state_dict",
                Action::Import { weights: None }
            ))
    })?;
    check_values(about)?;
    checksums::check_text(about).map_err(|error| error.hint(damaged_hint()))?;
    let json = serde_json::from_str(about)
        .map_err(|error| format(format!("the metadata `{KEY}` are no JSON")).caused_by(error))?;
    Ok((about.clone(), json))
}

fn version(about: &Value) -> Option<u64> {
    about.get("format_version").and_then(Value::as_u64)
}

fn check_version(about: &Value) -> Result<()> {
    // Checkpoints have this key, models do not. The versions of checkpoints are separate.
    if about.get("epochs_done").is_some() {
        return Err(format("this is the checkpoint of a run, not a model")
            .expected("a model")
            .hint("use the model.safetensors beside it, or the run's folder"));
    }
    match version(about) {
        Some(1 | 2) => Ok(()),
        Some(FORMAT_VERSION) => check_sections(about),
        Some(newer @ 1..) => Err(format(
            "the model's format is not known to this version of Narrows",
        )
        .expected(format!("format version {FORMAT_VERSION} or older"))
        .found(newer)
        .hint("update Narrows")),
        Some(0) | None => Err(format("the model's format version is missing or damaged")),
    }
}

/// The names of the sections that a file of version 3 needs.
fn sections(about: &Value) -> Option<Vec<&str>> {
    let list = about.get("sections")?.as_array()?;
    list.iter().map(Value::as_str).collect()
}

/// Whether a file of version 3 has a section, and says so.
fn has_section(about: &Value, name: &str) -> bool {
    version(about) == Some(3) && sections(about).is_some_and(|sections| sections.contains(&name))
}

/// Refuses a file if this version does not know one of its sections, because the model would be incomplete without it.
/// Also refuses a file that lacks a section it lists.
fn check_sections(about: &Value) -> Result<()> {
    let sections = sections(about).ok_or_else(|| {
        format("the model's list of sections is missing or damaged").expected("a list of names")
    })?;
    if let Some(unknown) = sections.iter().find(|name| !SECTIONS.contains(name)) {
        return Err(format(format!(
            "the model needs the section `{unknown}`, which this version of Narrows does not know"
        ))
        .expected(format!("no sections but `{}`", SECTIONS.join("`, `")))
        .hint("update Narrows"));
    }
    match sections.iter().find(|name| about.get(**name).is_none()) {
        None => Ok(()),
        Some(missing) => Err(format(format!(
            "the section `{missing}` of the model is missing"
        ))),
    }
}

fn read_origin(about: &Value, inputs: usize) -> Result<Origin> {
    let of = |key: &str| about.get(key).unwrap_or(&Value::Null);
    if version(about) < Some(3) {
        return Origin::from_older_json(of("origin"), inputs);
    }
    let columns = has_section(about, COLUMNS).then(|| of(COLUMNS));
    Origin::from_json(of("data"), columns, inputs)
}

fn read_recipe(about: &Value, parts: &Parts) -> Result<Recipe> {
    let recipe = about
        .get("recipe")
        .ok_or_else(|| format("the model's recipe is missing"))?;
    for side in ["encoder", "decoder"] {
        let layers = recipe
            .get(side)
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        if layers > MAX_LAYERS {
            return Err(format(format!("the model's {side} has too many layers"))
                .expected(format!("at most {MAX_LAYERS}"))
                .found(layers));
        }
    }
    // serde's message would quote the whole text.
    let tree: Tree = serde_json::from_value(recipe.clone())
        .ok()
        .filter(|_| recipe.is_object())
        .ok_or_else(|| format("the model's recipe is damaged").expected("a table as in TOML"))?;
    let recipe = parts.read_tree(tree, "the model's recipe")?;
    // An older model has older names, which is not the user's mistake.
    Ok(recipe.without_notes())
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
    shape
        .filter(|shape| is_usable_shape(shape))
        .ok_or_else(damaged)
}

/// Whether the shape has one to four sizes above 0, and a product that is allowed for a row.
pub(super) fn is_usable_shape(shape: &[usize]) -> bool {
    // A row larger than any file can describe is invalid.
    let values = shape
        .iter()
        .try_fold(1usize, |product, &n| product.checked_mul(n));
    (1..=4).contains(&shape.len()) && values.is_some_and(|n| (1..=1 << 28).contains(&n))
}

/// Adds the numbers of a tensor to the parameters.
pub(super) fn add_finite(
    parameters: &mut Vec<f32>,
    name: &str,
    numbers: impl Iterator<Item = f32>,
) -> Result<()> {
    let start = parameters.len();
    parameters.extend(numbers);
    match parameters[start..].iter().position(|p| !p.is_finite()) {
        None => Ok(()),
        Some(at) => {
            Err(format("a parameter is not finite").at(format!("tensor `{name}`, element {at}")))
        }
    }
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
        let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
        add_finite(&mut parameters, &tensor.name, numbers)?;
    }
    let tensor_names = network.tensors().iter().map(|tensor| &tensor.name);
    let state_names = network.states().iter().map(|state| &state.name);
    let known: HashSet<&str> = tensor_names
        .chain(state_names)
        .map(String::as_str)
        .collect();
    let is_extra = |name: &&str| !known.contains(*name);
    if let Some(extra) = tensors.names().into_iter().find(is_extra) {
        return Err(format(format!(
            "the tensor `{extra}` does not belong to the recipe"
        )));
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests;
