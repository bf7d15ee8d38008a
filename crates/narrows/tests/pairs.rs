//! Every part with every other: a recipe that holds both trains, with the same bits for any number of threads, and is the
//! same model when it is saved; or it is refused with the name of what does not fit.

use narrows::data::{Dataset, Values};
use narrows::declaration::{List, Part};
use narrows::parts::Parts;
use narrows::train::Training;
use narrows::{ErrorKind, Model, Recipe};
use ndarray::Array2;

const SHAPE: [usize; 3] = [1, 6, 5];

/// Settings that a part needs, and those that keep an image's shape.
const SETTINGS: &[(&str, &str)] = &[
    ("dense", "outputs = 60"),
    ("conv2d", "channels = 2, kernel = 3, padding = 1"),
    ("conv-transpose2d", "channels = 2, kernel = 3, padding = 1"),
    ("dropout", "fraction = 0.2"),
    ("reshape", "shape = [2, 6, 5]"),
    ("gaussian", "std = 0.2"),
    ("masking", "fraction = 0.2"),
    ("salt-and-pepper", "fraction = 0.2"),
    ("top-k", "k = 3"),
];

/// Where a part is in the recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Corruption,
    Encoder,
    Bottleneck,
    Decoder,
    Reconstruction,
    Penalty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Placed {
    role: Role,
    name: &'static str,
}

impl Placed {
    fn table(self, selector: &str) -> String {
        let settings = SETTINGS.iter().find(|(name, _)| *name == self.name);
        let mut text = format!("{{ {selector} = '{}'", self.name);
        if let Some((_, settings)) = settings {
            text.push_str(", ");
            text.push_str(settings);
        }
        if self.role == Role::Penalty {
            text.push_str(", weight = 0.01");
        }
        text.push_str(" }");
        text
    }
}

fn of<P: Part + ?Sized>(role: Role, list: &List<P>) -> Vec<Placed> {
    let names = list.iter().map(|part| part.declaration().name);
    names.map(|name| Placed { role, name }).collect()
}

/// Every part of every list, a layer once on each side.
fn all() -> Vec<Placed> {
    let parts = Parts::standard();
    [
        of(Role::Corruption, parts.corruptions()),
        of(Role::Encoder, parts.layers()),
        of(Role::Bottleneck, parts.bottlenecks()),
        of(Role::Decoder, parts.layers()),
        of(Role::Reconstruction, parts.reconstructions()),
        of(Role::Penalty, parts.penalties()),
    ]
    .concat()
}

/// A recipe on images of [`SHAPE`] with two parts in it; its code lies in (0, 1), its reconstruction too.
fn text(pair: [Placed; 2]) -> String {
    let of = |role, selector: &str| -> Vec<String> {
        let placed = pair.iter().filter(|placed| placed.role == role);
        placed.map(|placed| placed.table(selector)).collect()
    };
    let layers = |role| -> String {
        of(role, "layer")
            .into_iter()
            .map(|layer| layer + ", ")
            .collect()
    };
    let (encoder, decoder) = (layers(Role::Encoder), layers(Role::Decoder));
    let mut text = format!(
        "name = 'pair'
encoder = [{{ layer = 'conv2d', channels = 2, kernel = 3, padding = 1 }}, {encoder}\
{{ layer = 'dense', outputs = 7 }}, {{ layer = 'sigmoid' }}]
decoder = [{{ layer = 'dense', outputs = 60 }}, {{ layer = 'reshape', shape = [2, 6, 5] }}, {decoder}\
{{ layer = 'dense' }}, {{ layer = 'sigmoid' }}]
"
    );
    let [one, other] = pair;
    for placed in [one].into_iter().chain((one != other).then_some(other)) {
        match placed.role {
            Role::Corruption => text += &format!("corruption = {}\n", placed.table("kind")),
            Role::Bottleneck => text += &format!("bottleneck = {}\n", placed.table("kind")),
            Role::Reconstruction => {
                text += &format!("objective.reconstruction = '{}'\n", placed.name);
            }
            Role::Encoder | Role::Decoder | Role::Penalty => (),
        }
    }
    let mut penalties = of(Role::Penalty, "kind");
    penalties.dedup();
    let penalties = penalties.join(", ");
    text + &format!(
        "objective.penalties = [{penalties}]\n[training]\nbatch_size = 16\nepochs = 1\n"
    )
}

fn rows() -> Dataset {
    let byte = |i: usize| ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
    let pixels = Array2::from_shape_fn((37, 30), |(r, c)| byte(r * 1009 + c));
    Dataset::new("noise", Values::U8(pixels), SHAPE.to_vec(), None).unwrap()
}

fn trained(recipe: &Recipe, data: &Dataset, threads: usize) -> narrows::Result<Model> {
    let mut training = Training::new(recipe, data, threads)?;
    training.epoch(|_| ())?;
    training.model()
}

/// Whether a pair cannot be one recipe.
fn is_refused([one, other]: [Placed; 2]) -> bool {
    let is_image = |name| matches!(name, "conv2d" | "conv-transpose2d");
    let is_flat = |name| matches!(name, "dense" | "flatten");
    let is_contractive = |name| matches!(name, "jacobian" | "hutchinson" | "summed");
    let is_singly = |name| matches!(name, "batch-norm" | "layer-norm" | "dropout");
    // Convolutions need images.
    (one.role == other.role && is_flat(one.name) && is_image(other.name))
        // These have no second derivatives.
        || (one.role == Role::Encoder && is_singly(one.name) && is_contractive(other.name))
}

#[test]
fn every_part_works_with_every_other_or_is_refused_with_its_name() {
    let data = rows();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let all = all();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (index, &one) in all.iter().enumerate() {
        for &other in &all[index..] {
            let pair = [one, other];
            let is_single = !matches!(one.role, Role::Encoder | Role::Decoder | Role::Penalty);
            if is_single && one.role == other.role && one.name != other.name {
                continue;
            }
            count += 1;
            let read = Recipe::parse(&text(pair), "pair.toml");
            let result = read.and_then(|recipe| Ok((trained(&recipe, &data, 1)?, recipe)));
            let (model, recipe) = match result {
                Ok(made) if !is_refused(pair) => made,
                Ok(_) => {
                    wrong.push(format!("{pair:?}: taken"));
                    continue;
                }
                Err(error) => {
                    let words = error.to_string();
                    let is_named = words.contains(one.name) || words.contains(other.name);
                    if !is_refused(pair) || !is_named || error.kind() != ErrorKind::Recipe {
                        wrong.push(format!("{pair:?}: {words}"));
                    }
                    continue;
                }
            };
            let bits = |model: &Model| -> Vec<u32> {
                let numbers = model.parameters().flat().iter();
                numbers.map(|number| number.to_bits()).collect()
            };
            assert!(model.parameters().flat().iter().all(|x| x.is_finite()));
            let together = trained(&recipe, &data, 3).unwrap();
            if bits(&model) != bits(&together) {
                wrong.push(format!("{pair:?}: threads give other bits"));
            }
            let rows = data.to_array();
            let codes = model.encode(rows.view()).unwrap();
            let whole = model.reconstruct(rows.view()).unwrap();
            model.save(&path).unwrap();
            let loaded = Model::load(&path).unwrap();
            if loaded.encode(rows.view()).unwrap() != codes
                || loaded.reconstruct(rows.view()).unwrap() != whole
            {
                wrong.push(format!("{pair:?}: another model when loaded"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 500, "{count} pairs");
}
