//! A model from weights of another program: assignment of tensors, shape of a row, and checks.

use super::super::file::{KEY, is_usable_shape, open, read_tensors};
use super::super::header::{Header, check_values, format, read_header};
use super::super::{Model, Origin};
use super::names::{self, Assignment, Wanted};
use super::numbers::{self, ReadNumbers};
use super::ties;
use crate::advice::{Setting, key, set, setting};
use crate::data::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::network::{Network, Tensor};
use crate::recipe::Recipe;
use crate::scaling::{Scaling, ScalingSpec};
use crate::text::count_of;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// The number of widths of a row that are tried if nothing states the width.
const MAX_WIDTHS: usize = 16;

/// The options of [`Model::import`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions<'a> {
    /// The shape of a row. If it is `None`, the shape of the data is used; without data, the only width at which the
    /// weights fit the recipe.
    pub shape: Option<&'a [usize]>,
    /// The data that the scaling is fitted to; the model stores their description ([`Model::origin`]).
    pub data: Option<&'a Dataset>,
    /// Pairs of a tensor or layer of the file and a tensor or layer of the recipe: `fc1` and `encoder.0`.
    pub map: &'a [(String, String)],
}

/// A model of imported weights.
#[derive(Debug)]
pub struct Imported {
    /// The model.
    pub model: Model,
    /// Notes about names and types for the user, one sentence each.
    pub notes: Vec<String>,
}

impl Model {
    /// Makes a model from weights that another program trained. The file is a `.safetensors` of a PyTorch `state_dict`,
    /// in float32, float16, bfloat16 or float64; float64 is rounded.
    ///
    /// The names may be those of [`Model::save`] (`encoder.0.weight`; indices count activations, as in
    /// `nn.Sequential`), or the same names after a common prefix (`module.`). With other names, layers are matched if
    /// exactly one assignment fits the shapes and keeps the order of numbered names. If several assignments fit, use
    /// [`ImportOptions::map`]. [`Imported::notes`] describes the assignment.
    ///
    /// Without [`ImportOptions::data`], the scaling must not depend on data, see [`Scaling::without_data`].
    ///
    /// # Errors
    ///
    /// If the file is damaged or of another format; if its tensors differ from those of the recipe in number, shape or
    /// type; if shape, data and recipe do not fit together; or if the scaling needs data.
    pub fn import(
        path: impl AsRef<Path>,
        recipe: &Recipe,
        options: &ImportOptions<'_>,
    ) -> Result<Imported> {
        import(path.as_ref(), recipe, options)
    }
}

fn import(path: &Path, recipe: &Recipe, options: &ImportOptions<'_>) -> Result<Imported> {
    let (mut file, len) = open(path)?;
    read(&mut file, len, recipe, options).map_err(|error| error.at(path.display()))
}

/// Reads weights from their file of `len` bytes.
fn read(
    file: &mut impl Read,
    len: u64,
    recipe: &Recipe,
    options: &ImportOptions<'_>,
) -> Result<Imported> {
    let mut bytes = Vec::new();
    let header = read_header(file, len, &mut bytes)?;
    names::refuse_others(&header, recipe)?;
    let (shape, network) = plan(recipe, options, &header)?;
    let (spec, scaling) = scaling(recipe, options.data)?;
    let (wanted, assignment) = assign(&network, &header, options.map)?;
    let Assignment { sources, mut notes } = assignment;
    check_shapes(&wanted, &sources, &header)?;
    // Float64 is the widest supported type, and the map may leave tensors unused.
    let most = if options.map.is_empty() {
        2 * ties::bytes(&network)
    } else {
        len
    };
    let tensors = read_tensors(file, len, most, &mut bytes)?;
    let view = |source: &String| {
        tensors
            .tensor(source)
            .map_err(|error| format(format!("the tensor `{source}` is damaged")).caused_by(error))
    };
    let (of_tensors, rest) = sources.split_at(network.tensors().len().min(sources.len()));
    let (of_states, copies) = rest.split_at(network.states().len().min(rest.len()));
    let mut numbers = ReadNumbers::default();
    for source in of_tensors {
        numbers.add(source, &view(source)?)?;
    }
    notes.extend(ties::check(
        &network,
        &numbers.parameters,
        copies,
        &tensors,
    )?);
    notes.extend(numbers.notes());
    let mut states = Vec::new();
    for (state, source) in network.states().iter().zip(of_states) {
        states.extend(numbers::state(state, source, &view(source)?)?);
    }
    let mut recipe = recipe.clone();
    recipe.scaling = Some(spec);
    let mut model = Model::with_states(recipe, scaling, &shape, &numbers.parameters, &states)?;
    if let Some(data) = options.data {
        // Another program trained it, perhaps on other rows.
        model.set_origin(Origin {
            rows: None,
            ..Origin::of(data)?
        });
    }
    Ok(Imported { model, notes })
}

/// The tensors of a network in the file, with their places: all tensors that the network stores, followed by the copies
/// of tied weights if the file has them.
fn assign(
    network: &Network,
    header: &Header,
    map: &[(String, String)],
) -> Result<(Vec<Wanted>, Assignment)> {
    if !network.ties().is_empty() {
        let all = ties::with_copies(network);
        if let Ok(assignment) = names::assign(&all, header, map) {
            return Ok((all, assignment));
        }
    }
    let stored = names::wanted(network);
    let assignment = names::assign(&stored, header, map)?;
    Ok((stored, assignment))
}

/// The shape of a row, and the network for it. The shape is the given one, the shape of the data or of a model, or
/// the only width at which the weights fit.
fn plan(
    recipe: &Recipe,
    options: &ImportOptions<'_>,
    header: &Header,
) -> Result<(Vec<usize>, Network)> {
    let network = |shape: &[usize]| recipe.network(shape);
    if let Some(shape) = given_shape(options)?.or_else(|| stored_shape(header)) {
        let network = network(&shape)?;
        return Ok((shape, network));
    }
    let unknown = || {
        Error::new(ErrorKind::Data, "the shape of a row is not known")
            .expected("a shape, data, or dense layers that fit only one width")
            .hint(format!(
                "give {}, as in {} or {}, or {}",
                setting(Setting::Shape),
                set(Setting::Shape, "1x28x28"),
                set(Setting::Shape, 12),
                setting(Setting::Data)
            ))
    };
    let fits = |network: &Network| {
        let (wanted, assignment) = assign(network, header, options.map)?;
        check_shapes(&wanted, &assignment.sources, header)
    };
    let widths: BTreeSet<usize> = header
        .tensors
        .values()
        .filter_map(|tensor| match tensor.shape[..] {
            [_, width] => Some(width).filter(|&width| is_usable_shape(&[width])),
            _ => None,
        })
        .collect();
    let (mut plan, mut refusal) = (None, None);
    for &width in widths.iter().take(MAX_WIDTHS) {
        let Ok(network) = network(&[width]) else {
            continue;
        };
        match fits(&network) {
            Ok(()) if plan.is_some() => return Err(unknown()),
            Ok(()) => plan = Some((vec![width], network)),
            // Of all widths, the one at which the most shapes are right gives the most helpful error.
            Err(error) => {
                let right = right_shapes(&network, header);
                if refusal.as_ref().is_none_or(|&(most, _)| right >= most) {
                    refusal = Some((right, error));
                }
            }
        }
    }
    match (plan, refusal) {
        (Some(plan), _) => Ok(plan),
        (None, Some((_, error))) => Err(error),
        (None, None) => Err(unknown()),
    }
}

/// The shape of a row that a model of Narrows stores with its weights.
fn stored_shape(header: &Header) -> Option<Vec<usize>> {
    let text = header.metadata.get(KEY)?;
    check_values(text).ok()?;
    let known: serde_json::Value = serde_json::from_str(text).ok()?;
    let sizes = known.get("input_shape")?.as_array()?.iter();
    let size = |size: &serde_json::Value| usize::try_from(size.as_u64()?).ok();
    let shape: Vec<usize> = sizes.map(size).collect::<Option<_>>()?;
    is_usable_shape(&shape).then_some(shape)
}

/// The number of tensors of a network whose shape occurs in the file, directly or transposed.
fn right_shapes(network: &Network, header: &Header) -> usize {
    let is_there = |tensor: &&Tensor| {
        let mut found = header.tensors.values().map(|found| &found.shape);
        found.any(|found| *found == tensor.shape || found.iter().eq(tensor.shape.iter().rev()))
    };
    network.tensors().iter().filter(is_there).count()
}

/// The shape of a row, if it is given or the data have it.
fn given_shape(options: &ImportOptions<'_>) -> Result<Option<Vec<usize>>> {
    let refuse = |what| Error::new(ErrorKind::Data, what);
    let shape = match (options.shape, options.data) {
        (None, None) => return Ok(None),
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
                        "a shape of {}, as {:?}",
                        count_of(data.inputs(), "value"),
                        data.shape()
                    ))
                    .found(format!("{shape:?}")));
            }
            shape.to_vec()
        }
    };
    if !is_usable_shape(&shape) {
        return Err(refuse("a row cannot have this shape")
            .expected("one to four sizes above 0, of at most 2^28 values in all")
            .found(format!("{shape:?}")));
    }
    Ok(Some(shape))
}

/// The scaling of the recipe or of the data, as a setting and as offsets and factors.
fn scaling(recipe: &Recipe, data: Option<&Dataset>) -> Result<(ScalingSpec, Scaling)> {
    match (recipe.scaling, data) {
        (spec, Some(data)) => {
            let spec = spec.unwrap_or_else(|| ScalingSpec::usual(data));
            Ok((spec, Scaling::fit(&spec, data)?))
        }
        (Some(spec), None) => Ok((spec, Scaling::without_data(&spec)?)),
        (None, None) => Err(Error::new(
            ErrorKind::Recipe,
            "the recipe has no scaling, and there are no data to choose it by",
        )
        .hint(format!(
            "give {}, or choose a scaling with {}",
            setting(Setting::Data),
            key("scaling.kind", "unit")
        ))),
    }
}

/// Refuses tensors whose shape differs from the recipe's.
fn check_shapes(expected: &[Wanted], sources: &[String], header: &Header) -> Result<()> {
    for (tensor, source) in expected.iter().zip(sources) {
        let Some(found) = header.tensors.get(source).map(|found| &found.shape) else {
            return Err(format(format!("the tensor `{source}` is missing")));
        };
        if *found == tensor.shape {
            continue;
        }
        let error = format(if *source == tensor.name {
            format!("the tensor `{source}` does not fit the recipe")
        } else {
            format!(
                "the tensor `{source}` does not fit the recipe's `{}`",
                tensor.name
            )
        })
        .expected(format!("shape {:?}", tensor.shape))
        .found(format!("shape {found:?}"));
        let is_transposed = found.len() == 2 && found.iter().eq(tensor.shape.iter().rev());
        return Err(if is_transposed {
            error.hint(
                "PyTorch stores weights as [outputs, inputs]; transpose weights of Keras or JAX in Python: \
                 `w.T.copy()`",
            )
        } else {
            error
        });
    }
    Ok(())
}
