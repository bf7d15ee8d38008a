//! Assigns the tensors of a file to the tensors of the recipe: by name, by name after a prefix that all share, or by
//! order and shape if only one assignment is possible.

use super::order::{self, LayerTensors};
use crate::Error;
use crate::advice::{Setting, place, set};
use crate::error::{ErrorKind, Result};
use crate::model::header::{Header, TensorInfo, format};
use crate::network::Network;
use crate::recipe::Recipe;
use std::collections::{BTreeMap, BTreeSet};

/// The number of names that an error or a note lists; further names are only counted.
const LISTED: usize = 16;

/// A tensor or state of the recipe.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
}

/// All tensors of a network, then its states.
pub(super) fn wanted(network: &Network) -> Vec<Wanted> {
    let tensors = network.tensors().iter();
    let tensors = tensors.map(|tensor| (&tensor.name, &tensor.shape));
    let states = network.states().iter();
    let all = tensors.chain(states.map(|state| (&state.name, &state.shape)));
    all.map(|(name, shape)| Wanted {
        name: name.clone(),
        shape: shape.clone(),
    })
    .collect()
}

/// For each tensor of the recipe, the tensor of the file; and a description of the assignment for the user.
pub(super) struct Assignment {
    pub(super) sources: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// A tensor of the file.
#[derive(Clone, Copy)]
struct Theirs<'a> {
    /// Its name in PyTorch.
    name: &'a str,
    /// Its name in the file, which differs from `name` if two names share one tensor.
    source: &'a str,
    shape: &'a [usize],
}

/// The state of BatchNorm besides its parameters.
const BATCH_NORM: [&str; 3] = ["running_mean", "running_var", "num_batches_tracked"];

/// Finds the tensors; `map` assigns some of them, as pairs of the file's name and our name.
pub(super) fn assign(
    expected: &[Wanted],
    header: &Header,
    map: &[(String, String)],
) -> Result<Assignment> {
    let mut notes = Vec::new();
    let theirs = theirs(header, &mut notes);
    let mut chosen = mapped(expected, &theirs, map)?;
    let used: BTreeSet<&str> = chosen.values().map(|theirs| theirs.name).collect();
    let ours = expected.iter();
    let ours: Vec<&Wanted> = ours
        .filter(|tensor| !chosen.contains_key(&*tensor.name))
        .collect();
    let rest: Vec<Theirs<'_>> = theirs
        .into_iter()
        .filter(|tensor| !used.contains(tensor.name))
        .collect();
    if !ours.is_empty() || map.is_empty() {
        chosen.extend(match_rest(&ours, &rest, &mut notes)?);
    } else if !rest.is_empty() {
        notes.push(format!(
            "not used, because the map names all tensors of the recipe: {}",
            list(rest.iter().map(|tensor| tensor.name.to_string()))
        ));
    }
    let sources = expected.iter().filter_map(|tensor| {
        let theirs = chosen.get(&*tensor.name)?;
        Some(theirs.source.to_string())
    });
    Ok(Assignment {
        sources: sources.collect(),
        notes,
    })
}

/// The tensors of a file. Tensors that share their memory are stored once; `safetensors.torch.save_model` lists their
/// other names in the metadata.
fn theirs<'a>(header: &'a Header, notes: &mut Vec<String>) -> Vec<Theirs<'a>> {
    let of = |name: &'a str, source: &'a str, info: &'a TensorInfo| Theirs {
        name,
        source,
        shape: &info.shape,
    };
    let stored = header.tensors.iter();
    let mut all: Vec<Theirs<'_>> = stored.map(|(name, info)| of(name, name, info)).collect();
    for (name, source) in &header.metadata {
        let is_new = !header.tensors.contains_key(name);
        if let Some(info) = header.tensors.get(source).filter(|_| is_new) {
            notes.push(format!("`{name}` shares the weights of `{source}`"));
            all.push(of(name, source, info));
        }
    }
    all
}

/// Refuses weights of BatchNorm if the recipe has none, for any shape of a row.
pub(super) fn refuse_others(header: &Header, recipe: &Recipe) -> Result<()> {
    let mut specs = recipe.encoder.iter().chain(&recipe.decoder);
    if specs.any(|layer| layer.name() == "batch-norm") {
        return Ok(());
    }
    let theirs = theirs(header, &mut Vec::new());
    let layers: BTreeSet<&str> = theirs
        .iter()
        .filter_map(|tensor| tensor.name.rsplit_once('.'))
        .filter(|(_, last)| BATCH_NORM.contains(last))
        .map(|(layer, _)| layer)
        .collect();
    if layers.is_empty() {
        return Ok(());
    }
    Err(
        format("the weights have BatchNorm, and the recipe has no `batch-norm` layer")
            .found(list(layers.iter().map(ToString::to_string)))
            .hint("put `{ layer = \"batch-norm\" }` into the recipe wherever the network has a BatchNorm"),
    )
}

/// The tensors that the map names. A name in the map is a tensor, or a layer with all of its tensors.
fn mapped<'a>(
    expected: &'a [Wanted],
    theirs: &[Theirs<'a>],
    map: &[(String, String)],
) -> Result<BTreeMap<&'a str, Theirs<'a>>> {
    let mut chosen = BTreeMap::new();
    let refuse = |what: String| Error::new(ErrorKind::Data, what);
    for (from, to) in map {
        let place = place(Setting::Map, &format!("{from}={to}"));
        let mut found = false;
        for tensor in theirs {
            let Some(rest) = tensor.name.strip_prefix(from.as_str()) else {
                continue;
            };
            if !(rest.is_empty() || rest.starts_with('.')) {
                continue;
            }
            found = true;
            let name = format!("{to}{rest}");
            let Some(ours) = expected.iter().find(|ours| ours.name == name) else {
                return Err(refuse(format!("the recipe has no tensor `{name}`"))
                    .at(place)
                    .expected(list(expected.iter().map(|ours| ours.name.clone()))));
            };
            if chosen.insert(ours.name.as_str(), *tensor).is_some() {
                return Err(refuse(format!("`{name}` is mapped twice")).at(place));
            }
        }
        if !found {
            return Err(
                refuse(format!("the file has no tensor and no layer `{from}`"))
                    .at(place)
                    .expected(list(theirs.iter().map(|tensor| tensor.name.to_string()))),
            );
        }
    }
    Ok(chosen)
}

/// Matches the tensors that the map does not name.
fn match_rest<'a>(
    ours: &[&'a Wanted],
    theirs: &[Theirs<'a>],
    notes: &mut Vec<String>,
) -> Result<BTreeMap<&'a str, Theirs<'a>>> {
    let prefixes = prefixes(theirs);
    let mut best = (0, "");
    for prefix in prefixes.iter().copied() {
        let by_name: BTreeMap<&str, Theirs<'a>> = theirs
            .iter()
            .map(|tensor| (tensor.name.get(prefix.len()..).unwrap_or_default(), *tensor))
            .collect();
        let found = ours.iter().filter_map(|tensor| {
            let theirs = by_name.get(&*tensor.name)?;
            Some((&*tensor.name, *theirs))
        });
        let found: BTreeMap<&str, Theirs<'_>> = found.collect();
        if found.len() == ours.len() && found.len() == theirs.len() {
            if !prefix.is_empty() {
                notes.push(format!("the prefix `{prefix}` of all names is removed"));
            }
            return Ok(found);
        }
        if found.len() > best.0 {
            best = (found.len(), prefix);
        }
    }
    // A prefix that leaves the name of its layer for every tensor.
    let leaves_layers = |prefix: &&&str| {
        let mut rest = theirs.iter().map(|tensor| tensor.name.get(prefix.len()..));
        rest.all(|rest| rest.is_some_and(|rest| rest.contains('.')))
    };
    let deepest = prefixes.iter().rev().find(leaves_layers);
    let deepest = deepest.copied().unwrap_or_default();
    let our_layers = order::layers(ours.iter().map(|tensor| (&*tensor.name, &*tensor.shape)));
    let their_layers = order::layers(theirs.iter().map(|tensor| {
        let name = tensor.name.get(deepest.len()..).unwrap_or_default();
        (name, tensor.shape)
    }));
    let matches = order::matches(&our_layers, &their_layers);
    if let [only] = &matches[..] {
        notes.push(said(deepest, &our_layers, &their_layers, only));
        let mut chosen = BTreeMap::new();
        for (layer, &at) in our_layers.iter().zip(only) {
            let Some(of) = their_layers.get(at) else {
                continue;
            };
            for (mine, its) in layer.tensors.iter().zip(&of.tensors) {
                if let (Some(ours), Some(theirs)) = (ours.get(mine.place), theirs.get(its.place)) {
                    chosen.insert(&*ours.name, *theirs);
                }
            }
        }
        return Ok(chosen);
    }
    Err(not_matched(ours, theirs, best.1, matches.len() > 1))
}

/// The prefixes that all names share, from none to the longest; a prefix consists of whole parts between dots.
fn prefixes<'a>(theirs: &[Theirs<'a>]) -> Vec<&'a str> {
    let mut prefixes = vec![""];
    let Some(first) = theirs.first().map(|tensor| tensor.name) else {
        return prefixes;
    };
    let ends = first.match_indices('.').map(|(at, _)| at + 1);
    let shared = ends
        .filter_map(|end| first.get(..end))
        .take_while(|prefix| theirs.iter().all(|tensor| tensor.name.starts_with(prefix)));
    prefixes.extend(shared);
    prefixes
}

/// The assignment of layers in words, for the user.
fn said(
    prefix: &str,
    ours: &[LayerTensors<'_>],
    theirs: &[LayerTensors<'_>],
    matching: &[usize],
) -> String {
    let pairs = ours.iter().zip(matching).filter_map(|(ours, &at)| {
        let theirs = theirs.get(at)?;
        Some(format!("{prefix}{} is {}", theirs.name, ours.name))
    });
    format!("the layers are matched by order and shape: {}", list(pairs))
}

/// The error for tensors that are missing, superfluous or have wrong names; it lists all of them.
fn not_matched(ours: &[&Wanted], theirs: &[Theirs<'_>], prefix: &str, is_ambiguous: bool) -> Error {
    let stripped = |tensor: &Theirs<'_>| {
        tensor
            .name
            .get(prefix.len()..)
            .unwrap_or_default()
            .to_string()
    };
    let names: BTreeSet<String> = theirs.iter().map(stripped).collect();
    let missing = ours.iter().filter(|tensor| !names.contains(&tensor.name));
    let missing: Vec<&Wanted> = missing.copied().collect();
    let is_extra = |tensor: &&Theirs<'_>| {
        let name = stripped(tensor);
        ours.iter().all(|ours| ours.name != name)
    };
    let extra: Vec<&Theirs<'_>> = theirs.iter().filter(is_extra).collect();
    let expected = list(
        missing
            .iter()
            .map(|tensor| shaped(&tensor.name, &tensor.shape)),
    );
    let found = list(extra.iter().map(|tensor| shaped(tensor.name, tensor.shape)));
    let layer = |name: &str| {
        name.rsplit_once('.')
            .map_or(name, |(layer, _)| layer)
            .to_string()
    };
    // A pair that may belong together: of the same shape, and not from different halves.
    let pairs = extra
        .iter()
        .flat_map(|theirs| missing.iter().map(move |ours| (theirs, ours)));
    let is_likely = |(theirs, ours): &(&&Theirs<'_>, &&Wanted)| {
        theirs.shape == ours.shape && !order::are_of_two_halves(theirs.name, &ours.name)
    };
    let is_possible = |(theirs, ours): &(&&Theirs<'_>, &&Wanted)| theirs.shape == ours.shape;
    let likely = pairs.clone().find(is_likely);
    let example = likely
        .or_else(|| pairs.clone().find(is_possible))
        .map(|(theirs, ours)| {
            if theirs.name.contains('.') {
                format!("{}={}", layer(theirs.name), layer(&ours.name))
            } else {
                format!("{}={}", theirs.name, ours.name)
            }
        });
    let map = match example {
        Some(example) => format!(
            "assign layers or tensors with {}, which may be repeated",
            set(Setting::Map, example)
        ),
        None => "no tensor has an expected shape: give the layers of the recipe the sizes of the layers in the file"
            .to_string(),
    };
    match (missing.is_empty(), extra.is_empty()) {
        (_, true) => {
            let error = format("tensors of the recipe are missing").expected(expected);
            if missing.iter().all(|tensor| tensor.name.ends_with(".bias")) {
                error.hint("let the recipe say `bias = false` where the layers have none")
            } else {
                error.hint(NAMES)
            }
        }
        (true, false) => format("there are tensors that the recipe does not have")
            .found(found)
            .hint(if extra.iter().any(|tensor| is_normalization(tensor)) {
                NORMALIZATION.to_string()
            } else {
                let mut layers: Vec<String> = Vec::new();
                for tensor in ours {
                    let layer = layer(&tensor.name);
                    let pair = format!("{prefix}{layer}={layer}");
                    if !layers.contains(&pair) {
                        layers.push(pair);
                    }
                }
                format!(
                    "to leave them out, name all layers of the recipe: {}",
                    set(Setting::Map, layers.join(","))
                )
            }),
        (false, false) => {
            let error = if is_ambiguous {
                format("the names fit the layers of the recipe in more than one way")
            } else {
                format("the tensors have other names than in the recipe")
            };
            let error = error.expected(expected).found(found);
            if extra.iter().any(|tensor| is_normalization(tensor)) {
                error.hint(format!("{NORMALIZATION}; else {map}"))
            } else {
                error.hint(format!(
                    "{map}; or name them as nn.Sequential does: `encoder.INDEX.weight`"
                ))
            }
        }
    }
}

/// The hint with the correct names.
const NAMES: &str = "name them `encoder.INDEX.weight` and so on, with indices that count every layer of the recipe, \
     as nn.Sequential does";

/// The hint for weights with one axis.
const NORMALIZATION: &str = "weights with one axis belong to LayerNorm (`layer-norm` in a recipe), or to GroupNorm or \
                             PReLU, which Narrows does not have";

fn is_normalization(tensor: &Theirs<'_>) -> bool {
    tensor.name.ends_with("weight") && tensor.shape.len() == 1
}

fn shaped(name: &str, shape: &[usize]) -> String {
    format!("{name} {shape:?}")
}

/// `a, b and 3 more`
fn list(mut names: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = names.by_ref().take(LISTED).collect();
    match names.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
