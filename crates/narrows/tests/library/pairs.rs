//! Every part with every other part. A recipe with both trains with the same bits for any number of threads, and its
//! saved model is the same model. Or the recipe is refused, and the error names the part that does not fit.

use crate::samples::{of_layer, required, shape_after, table};
use narrows::data::{Dataset, Values};
use narrows::declaration::{Declaration, List, Part, Settings};
use narrows::layer::LayerPart;
use narrows::objective::{PenaltyPart, PenaltyPlace};
use narrows::onnx::{Graph, Place};
use narrows::parts::Parts;
use narrows::program::{Builder, Isa, JacobianNorm, Mean, Point, Probes, RowFunction, Tile, Var};
use narrows::train::{Described, Training, describe};
use narrows::{ErrorKind, Model, Recipe, Result};
use ndarray::Array2;
use std::fmt;
use std::sync::Arc;

const SHAPE: [usize; 3] = [1, 6, 5];
/// The shapes of rows where a layer is tried, and of the code.
const INNER: [usize; 3] = [2, 6, 5];
const CODE: [usize; 1] = [7];
/// From rows of [`SHAPE`] to rows of [`INNER`].
const CONVOLUTION: &str = "{ layer = 'conv2d', channels = 2, kernel = 3, padding = 1 }";

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

#[derive(Clone, Copy)]
struct Placed {
    role: Role,
    declaration: &'static Declaration,
    /// The part, where it is a layer.
    layer: Option<&'static dyn LayerPart>,
}

impl PartialEq for Placed {
    fn eq(&self, other: &Placed) -> bool {
        self.role == other.role && self.name() == other.name()
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.role, self.name())
    }
}

impl Placed {
    fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// Whether it is a bottleneck that draws codes, which needs a likelihood.
    fn draws(&self) -> bool {
        self.role == Role::Bottleneck && self.name() == "variational"
    }

    /// Whether it is a loss that is not a likelihood, beside a bottleneck that needs one; or a penalty on codes of a
    /// range, beside codes of any size.
    fn is_unfit_for_drawn_codes(&self) -> bool {
        let name = self.name();
        match self.role {
            Role::Reconstruction => ["mse", "l1", "huber"].contains(&name),
            Role::Penalty => name == "kl-sparsity",
            _ => false,
        }
    }

    /// The part with what it needs on rows of a shape, as a recipe has it.
    fn table(&self, selector: &str, shape: &[usize]) -> String {
        let mut values = match self.layer {
            Some(layer) => of_layer(layer, shape),
            None => required(self.declaration, shape),
        };
        if self.role == Role::Penalty {
            values.push(("weight", 0.01.into()));
        }
        table(selector, self.name(), &values)
    }
}

fn of<P: Part + ?Sized>(role: Role, list: &List<P>) -> Vec<Placed> {
    let placed = |part: &'static P| Placed {
        role,
        declaration: part.declaration(),
        layer: None,
    };
    list.iter().map(placed).collect()
}

fn layers_of(role: Role) -> Vec<Placed> {
    let placed = |part: &'static dyn LayerPart| Placed {
        role,
        declaration: part.declaration(),
        layer: Some(part),
    };
    Parts::standard().layers().iter().map(placed).collect()
}

/// Every part of every list, a layer once on each side.
fn all() -> Vec<Placed> {
    let parts = Parts::standard();
    [
        of(Role::Corruption, parts.corruptions()),
        layers_of(Role::Encoder),
        of(Role::Bottleneck, parts.bottlenecks()),
        layers_of(Role::Decoder),
        of(Role::Reconstruction, parts.reconstructions()),
        of(Role::Penalty, parts.penalties()),
    ]
    .concat()
}

/// The layers of a pair on one side, on rows of [`INNER`], and whether each fits the one before it.
fn side(pair: [Placed; 2], role: Role) -> (String, bool) {
    let (mut text, mut shape, mut fits) = (String::new(), INNER.to_vec(), true);
    for placed in pair.iter().filter(|placed| placed.role == role) {
        let layer = placed.table("layer", &shape);
        match shape_after(&layer, &shape) {
            Ok(after) => shape = after,
            Err(_) => fits = false,
        }
        text += &format!("{layer}, ");
    }
    (text, fits)
}

/// A recipe on images of [`SHAPE`] with two parts in it; its code lies in (0, 1), its reconstruction too.
fn text(pair: [Placed; 2]) -> String {
    let [(encoder, _), (decoder, _)] = [Role::Encoder, Role::Decoder].map(|role| side(pair, role));
    // A mean and a log variance for each value.
    let outputs = if pair.iter().any(Placed::draws) {
        14
    } else {
        7
    };
    let mut text = format!(
        "name = 'pair'
encoder = [{CONVOLUTION}, {encoder}\
{{ layer = 'dense', outputs = {outputs} }}, {{ layer = 'sigmoid' }}]
decoder = [{{ layer = 'dense', outputs = 60 }}, {{ layer = 'reshape', shape = [2, 6, 5] }}, {decoder}\
{{ layer = 'dense' }}, {{ layer = 'sigmoid' }}]
"
    );
    let mut penalties = Vec::new();
    let [one, other] = pair;
    for placed in [one].into_iter().chain((one != other).then_some(other)) {
        let table = |selector| placed.table(selector, &CODE);
        match placed.role {
            Role::Corruption => text += &format!("corruption = {}\n", table("kind")),
            Role::Bottleneck => text += &format!("bottleneck = {}\n", table("kind")),
            Role::Reconstruction => {
                text += &format!("objective.reconstruction = '{}'\n", placed.name());
                for (key, value) in required(placed.declaration, &CODE) {
                    text += &format!("objective.{key} = {value}\n");
                }
            }
            Role::Encoder | Role::Decoder => (),
            Role::Penalty => penalties.push(table("kind")),
        }
    }
    let has_loss = pair
        .iter()
        .any(|placed| placed.role == Role::Reconstruction);
    if pair.iter().any(Placed::draws) && !has_loss {
        text += "objective.reconstruction = 'binary-cross-entropy'\n";
    }
    let penalties = penalties.join(", ");
    text + &format!(
        "objective.penalties = [{penalties}]\n[training]\nbatch_size = 16\nepochs = 1\n"
    )
}

/// Noise, or noise of the darkest and the brightest pixels alone.
fn rows(is_binary: bool) -> Dataset {
    let byte = |i: usize| {
        let byte = ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
        if is_binary { 255 * (byte & 1) } else { byte }
    };
    let pixels = Array2::from_shape_fn((37, 30), |(r, c)| byte(r * 1009 + c));
    Dataset::new("noise", Values::U8(pixels), SHAPE.to_vec(), None).unwrap()
}

fn trained(recipe: &Recipe, data: &Dataset, threads: usize) -> narrows::Result<Model> {
    let mut training = Training::new(recipe, data, threads)?;
    training.epoch(|_| ())?;
    training.model()
}

/// The layers that cannot be differentiated twice, and the penalties that need it of the encoder and of the decoder: the program
/// says so of each, when it is planned beside a part of this test.
struct SecondOrder {
    lacking: Vec<&'static str>,
    needing: [(Role, Vec<&'static str>); 2],
}

impl SecondOrder {
    fn of(all: &[Placed]) -> SecondOrder {
        let parts = Parts::standard().with_layer(&Once).unwrap();
        let parts = parts.with_penalty(&Twice).unwrap();
        let is_planned = |role: Role, layer: &str, penalty: &str| {
            let of = |side| match side == role {
                true => format!("{layer}, "),
                false => String::new(),
            };
            let [encoder, decoder] = [Role::Encoder, Role::Decoder].map(of);
            let text = format!(
                "name = 'a'
encoder = [{CONVOLUTION}, {encoder}{{ layer = 'dense', outputs = 7 }}, {{ layer = 'sigmoid' }}]
decoder = [{decoder}{{ layer = 'dense' }}]
objective.penalties = [{penalty}]"
            );
            let recipe = parts.parse(&text, "a", &[]).unwrap();
            let described = Described {
                shape: SHAPE.to_vec(),
                threads: 1,
                is_raw: false,
            };
            describe(&recipe, &described).is_ok()
        };
        let (once, twice) = ("{ layer = 'once' }", "{ kind = 'twice', weight = 1 }");
        assert!(!is_planned(Role::Encoder, once, twice));
        let names = |role, is_wanted: &dyn Fn(&Placed) -> bool| {
            let wanted = all
                .iter()
                .filter(|placed| placed.role == role && is_wanted(placed));
            wanted.map(Placed::name).collect()
        };
        SecondOrder {
            lacking: names(Role::Encoder, &|layer| {
                !is_planned(Role::Encoder, &layer.table("layer", &INNER), twice)
            }),
            needing: [Role::Encoder, Role::Decoder].map(|role| {
                let needs =
                    |penalty: &Placed| !is_planned(role, once, &penalty.table("kind", &CODE));
                (role, names(Role::Penalty, &needs))
            }),
        }
    }

    /// Whether a layer of one side forbids a penalty.
    fn forbids(&self, [one, other]: [Placed; 2]) -> bool {
        let mut sides = self.needing.iter();
        let needs = sides.any(|(role, names)| one.role == *role && names.contains(&other.name()));
        other.role == Role::Penalty && needs && self.lacking.contains(&one.name())
    }
}

/// A layer that can be differentiated once.
#[derive(Debug)]
struct Once;

impl Part for Once {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("once", "the values themselves") }
    }
}

impl LayerPart for Once {
    fn build(&self, _: &Settings, builder: &mut Builder, x: Var, _: &[usize]) -> Result<Var> {
        let (width, shape) = (builder.width(x), builder.shape(x).to_vec());
        Ok(builder.apply(Copied(width), Vec::new(), x, shape))
    }

    fn nodes(&self, _: &Settings, _: &mut Graph, place: Place<'_>) -> String {
        place.input.into()
    }
}

/// `y = x`, which offers no derivative to differentiate again.
#[derive(Debug)]
struct Copied(usize);

impl RowFunction for Copied {
    fn label(&self) -> String {
        "once".into()
    }

    fn inputs(&self) -> usize {
        self.0
    }

    fn outputs(&self) -> usize {
        self.0
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], _: &mut [f32]) {
        y.copy_from_slice(at.x);
    }

    fn backward(&self, _: Point<'_>, dy: &[f32], dx: &mut [f32], _: &mut [f32]) {
        dx.copy_from_slice(dy);
    }

    fn gradient(&self, _: &Tile, _: &[f32], _: &[f32], _: &mut [f32], _: &mut [f32]) {}
}

/// A penalty on the Jacobian of the encoder.
#[derive(Debug)]
struct Twice;

impl Part for Twice {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("twice", "the squared derivatives of the sum of a code") }
    }
}

impl PenaltyPart for Twice {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        let norm = JacobianNorm {
            name: place.name.into(),
            weight: place.weight,
            probes: Arc::new(Ones),
        };
        norm.apply(builder, place.input, place.encoded)
    }
}

#[derive(Debug)]
struct Ones;

impl Probes for Ones {
    fn count(&self, _: usize) -> usize {
        1
    }

    fn fill(&self, _: Isa, _: u32, _: u32, _: usize, probes: &mut [f32]) {
        probes.fill(1.0);
    }

    fn mean(&self) -> Mean {
        Mean::OverRows(1)
    }
}

/// Whether a pair cannot be one recipe: a layer does not fit the shape that the other gives, or has no second derivatives
/// for a penalty.
fn is_refused(pair: [Placed; 2], second_order: &SecondOrder) -> bool {
    let fits = [Role::Encoder, Role::Decoder].map(|role| side(pair, role).1);
    let draws = pair.iter().any(Placed::draws);
    let is_unfit = draws && pair.iter().any(Placed::is_unfit_for_drawn_codes);
    fits != [true; 2] || second_order.forbids(pair) || is_unfit
}

#[test]
fn every_part_works_with_every_other_or_is_refused_with_its_name() {
    let (gray, binary) = (rows(false), rows(true));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let all = all();
    let second_order = SecondOrder::of(&all);
    // These layers have second derivatives; layer-norm has none.
    for layer in ["dense", "conv2d", "conv-transpose2d", "relu", "sigmoid"] {
        assert!(!second_order.lacking.contains(&layer), "{layer}");
    }
    assert!(second_order.lacking.contains(&"layer-norm"));
    let [(_, of_encoder), (_, of_decoder)] = &second_order.needing;
    assert!(of_encoder.contains(&"jacobian") && !of_encoder.contains(&"l1"));
    assert_eq!(of_decoder[..], ["decoder-jacobian"]);
    let mut wrong = Vec::new();
    let mut count = 0;
    for (index, &one) in all.iter().enumerate() {
        for &other in &all[index..] {
            let pair = [one, other];
            let is_single = !matches!(one.role, Role::Encoder | Role::Decoder | Role::Penalty);
            if is_single && one.role == other.role && one.name() != other.name() {
                continue;
            }
            count += 1;
            // The loss that needs values of 0 and 1 has them.
            let data = if pair.iter().any(|placed| placed.name() == "bernoulli") {
                &binary
            } else {
                &gray
            };
            let read = Recipe::parse(&text(pair), "pair.toml");
            let result = read.and_then(|recipe| Ok((trained(&recipe, data, 1)?, recipe)));
            let (model, recipe) = match result {
                Ok(made) if !is_refused(pair, &second_order) => made,
                Ok(_) => {
                    wrong.push(format!("{pair:?}: taken"));
                    continue;
                }
                Err(error) => {
                    let words = error.to_string();
                    let is_named = words.contains(one.name()) || words.contains(other.name());
                    if !is_refused(pair, &second_order)
                        || !is_named
                        || error.kind() != ErrorKind::Recipe
                    {
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
            let together = trained(&recipe, data, 3).unwrap();
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
