//! Compares the gradient of every part in the lists with central differences of the program's own loss. A new part is
//! checked without a case of its own.
//!
//! A tensor is moved by a small distance in both directions, along its gradient and along random signs. The loss must
//! change by the gradient times the distance that float32 has stored. The direction of the gradient shows a wrong
//! factor; the random directions show elements that the gradient lacks. Random draws depend on the epoch, so the noise
//! is always the same.
//!
//! An error is relative to the norm of the tensor's gradient. The error of smooth parts comes from the square of the
//! distance and from the rounding of float32; both are below [`BOUND`] at one or more of [`DISTANCES`]. A part with a
//! kink, such as ReLU, has an error if the kink is between the two points, which becomes rarer at smaller distances. A
//! wrong gradient has its full error at every distance. So the smallest error over all distances is compared.

use crate::samples::varied::{settings, settings_of_layer};
use crate::samples::{self, required, table};
use narrows::data::{Dataset, Values};
use narrows::declaration::{Declaration, Part, Settings};
use narrows::layer::LayerPart;
use narrows::onnx::{Graph, Place};
use narrows::parts::Parts;
use narrows::program::{Builder, Point, RowFunction, TensorSpec, Tile, Var};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper};
use narrows::{Recipe, Result};
use ndarray::Array2;

/// Enough rows for a batch's statistics to be smooth.
const ROWS: usize = 12;
const SHAPE: [usize; 3] = [1, 6, 5];

/// The lengths of moves.
const DISTANCES: [f64; 6] = [0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001];
/// The largest error, of the norm of the gradient.
const BOUND: f64 = 0.005;
/// A tensor whose gradient is next to nothing is compared with this share of the whole gradient: float32 sees no less.
const LEAST: f64 = 0.02;
/// How many directions of random signs are tried for each tensor.
const DIRECTIONS: u64 = 3;

fn hash(number: u64) -> u64 {
    let mixed = (number ^ 0x5851_F42D).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn norm(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// A step of a recipe with its data.
struct Tried {
    stepper: Stepper,
    data: Dataset,
    scaling: Scaling,
    order: Vec<u32>,
    /// What the objective is divided by.
    divisor: f64,
}

impl Tried {
    /// A recipe's step at parameters that are nothing special, as weights of 1 and biases of 0 would be.
    fn of(recipe: &Recipe) -> Tried {
        let pixels = Array2::from_shape_fn((ROWS, SHAPE.iter().product()), |(row, column)| {
            (hash((row * 1009 + column) as u64) >> 56) as u8
        });
        let data = Dataset::new("noise", Values::U8(pixels), SHAPE.to_vec(), None).unwrap();
        let network = recipe.network(&SHAPE).unwrap();
        let setting = Setting::of(recipe, network).unwrap();
        // An objective in nats is divided once.
        let divisor = match setting.objective.is_in_nats() {
            true => data.inputs() as f64,
            false => 1.0,
        };
        let mut stepper = Stepper::new(setting, ROWS, 1).unwrap();
        let moved = (0..).zip(stepper.parameters().flat());
        let moved = moved.map(|(i, p)| p + 0.3 * ((hash(i) >> 40) as f32 / (1 << 24) as f32 - 0.5));
        let moved: Vec<f32> = moved.collect();
        stepper.set_parameters(&moved).unwrap();
        Tried {
            stepper,
            divisor,
            scaling: Scaling::fit(&ScalingSpec::Unit, &data).unwrap(),
            data,
            order: (0..ROWS as u32).collect(),
        }
    }

    fn loss_and_gradient(&mut self) -> (f64, Vec<f64>) {
        let Tried {
            stepper,
            data,
            scaling,
            order,
            divisor,
        } = self;
        let (losses, gradient) = stepper.loss_and_gradient(data, scaling, 0, order);
        (
            losses.total / *divisor,
            gradient.into_iter().map(f64::from).collect(),
        )
    }

    /// The error of a gradient along a direction of norm 1 from some parameters, at the distance where it is least.
    fn error(&mut self, from: &[f32], gradient: &[f64], direction: &[f64]) -> f64 {
        let mut error_at = |distance: f64| {
            let mut moved = |by: f64| {
                let pairs = from.iter().zip(direction);
                let to: Vec<f32> = pairs
                    .map(|(p, d)| (f64::from(*p) + by * d) as f32)
                    .collect();
                self.stepper.set_parameters(&to).unwrap();
                (self.loss_and_gradient().0, to)
            };
            let ((above, forth), (below, back)) = (moved(distance), moved(-distance));
            let pairs = forth.iter().zip(&back).zip(gradient);
            let expected = pairs.map(|((a, b), g)| (f64::from(*a) - f64::from(*b)) * g);
            (above - below - expected.sum::<f64>()).abs() / (2.0 * distance)
        };
        let error = DISTANCES
            .iter()
            .map(|distance| error_at(*distance))
            .fold(f64::INFINITY, f64::min);
        self.stepper.set_parameters(from).unwrap();
        error
    }

    /// The first tensor with an error above the bound, and the direction.
    fn wrong(&mut self) -> Option<String> {
        let (_, gradient) = self.loss_and_gradient();
        let whole = norm(gradient.iter().copied());
        assert!(
            whole > 1e-3 && whole.is_finite(),
            "a gradient to compare: {whole}"
        );
        let from = self.stepper.parameters().flat().to_vec();
        for tensor in self.stepper.network().tensors().to_vec() {
            let of_tensor = &gradient[tensor.range.clone()];
            let size = norm(of_tensor.iter().copied());
            let signs = |seed: u64| -> Vec<f64> {
                let count = tensor.range.len() as f64;
                let sign = |i: u64| [1.0, -1.0][(hash(hash(i + 1) + seed) >> 63) as usize];
                (0..tensor.range.len() as u64)
                    .map(|i| sign(i) / count.sqrt())
                    .collect()
            };
            let along = (size > 0.0).then(|| of_tensor.iter().map(|g| g / size).collect());
            for (number, of_tensor) in along
                .into_iter()
                .chain((0..DIRECTIONS).map(signs))
                .enumerate()
            {
                let mut direction = vec![0.0; gradient.len()];
                direction[tensor.range.clone()].copy_from_slice(&of_tensor);
                let error = self.error(&from, &gradient, &direction) / size.max(LEAST * whole);
                if error.is_nan() || error > BOUND {
                    return Some(format!(
                        "{}, direction {number}: wrong by {error:.1e}",
                        tensor.name
                    ));
                }
            }
        }
        None
    }
}

fn recipe(text: &str, parts: &Parts) -> Recipe {
    let text = format!("name = 'a'\n{text}");
    parts
        .parse(&text, "test", &[])
        .unwrap_or_else(|error| panic!("{text}\n{error}"))
}

#[track_caller]
fn check(text: &str) {
    let wrong = Tried::of(&recipe(text, &Parts::standard())).wrong();
    assert!(wrong.is_none(), "{text}\n{}", wrong.unwrap());
}

const DENSE: &str = "{ layer = 'dense' }";

/// A layer in the encoder and in the decoder, on images of 2 × 6 × 5.
fn around(layer: &str) -> [String; 2] {
    let before = "{ layer = 'conv2d', channels = 2, kernel = 3, padding = 1 }, { layer = 'tanh' }";
    let code = "{ layer = 'dense', outputs = 5 }, { layer = 'tanh' }";
    let shaped = "{ layer = 'dense', outputs = 60 }, { layer = 'tanh' }, { layer = 'reshape', shape = [2, 6, 5] }";
    [
        format!("encoder = [{before}, {layer}, {code}]\ndecoder = [{DENSE}]"),
        format!("encoder = [{code}]\ndecoder = [{shaped}, {layer}, {DENSE}]"),
    ]
}

#[test]
fn gradients_of_every_layer_meet_central_differences() {
    for part in Parts::standard().layers().iter() {
        for values in settings_of_layer(part, &[2, 6, 5]) {
            around(&table("layer", part.declaration().name, &values))
                .iter()
                .for_each(|text| check(text));
        }
    }
}

#[test]
fn gradients_of_every_bottleneck_meet_central_differences() {
    for part in Parts::standard().bottlenecks().iter() {
        let declaration = part.declaration();
        // A mean and a log variance for each value, and a likelihood.
        let (outputs, loss) = match part.draws() {
            true => (14, "gaussian"),
            false => (7, "mse"),
        };
        let text = |values: &samples::Values| {
            let kind = table("kind", declaration.name, values);
            format!(
                "encoder = [{{ layer = 'dense', outputs = {outputs} }}, {{ layer = 'tanh' }}]\nbottleneck = {kind}\n\
                 decoder = [{{ layer = 'dense', outputs = 9 }}, {{ layer = 'tanh' }}, {DENSE}]\n\
                 objective = {{ reconstruction = '{loss}' }}"
            )
        };
        // What warms up is learned from with another weight than it counts.
        let fits = |values: &samples::Values| {
            let warms_up = values.iter().any(|(key, _)| *key == "warmup");
            let read =
                Parts::standard().parse(&format!("name = 'a'\n{}", text(values)), "test", &[]);
            !warms_up && read.is_ok_and(|recipe| recipe.network(&SHAPE).is_ok())
        };
        for values in settings(declaration, required(declaration, &[7]), &[7], fits) {
            check(&text(&values));
        }
    }
}

#[test]
fn gradients_of_every_loss_and_noise_meet_central_differences() {
    let parts = Parts::standard();
    let network = format!(
        "encoder = [{{ layer = 'dense', outputs = 5 }}, {{ layer = 'tanh' }}]\n\
         decoder = [{DENSE}, {{ layer = 'sigmoid' }}]\n"
    );
    let all = |declaration: &Declaration| {
        settings(declaration, required(declaration, &SHAPE), &SHAPE, |_| true)
    };
    for part in parts.reconstructions().iter() {
        for values in all(part.declaration()) {
            let loss = table("reconstruction", part.declaration().name, &values);
            check(&format!("{network}objective = {loss}"));
        }
    }
    for part in parts.corruptions().iter() {
        for values in all(part.declaration()) {
            let noise = table("kind", part.declaration().name, &values);
            check(&format!("{network}corruption = {noise}"));
        }
    }
}

#[test]
fn gradients_of_every_penalty_meet_central_differences() {
    let parts = Parts::standard();
    for part in parts.penalties().iter() {
        let declaration = part.declaration();
        for values in settings(declaration, required(declaration, &[4]), &[4], |_| true) {
            // A code of probabilities, which every penalty accepts, with a value of it on both sides of any mean.
            let text = |weight: f64| {
                let mut values = values.clone();
                values.push(("weight", weight.into()));
                let penalty = table("kind", declaration.name, &values);
                format!(
                    "encoder = [{{ layer = 'dense', outputs = 6 }}, {{ layer = 'tanh' }}, \
                     {{ layer = 'dense', outputs = 4 }}, {{ layer = 'sigmoid' }}]\ndecoder = [{DENSE}]\n\
                     objective = {{ penalties = [{penalty}] }}"
                )
            };
            // So large a weight that the penalty's gradient is larger than the reconstruction's.
            let gradient = |weight| {
                Tried::of(&recipe(&text(weight), &parts))
                    .loss_and_gradient()
                    .1
            };
            let [without, with] = [gradient(0.0), gradient(1.0)];
            let own = norm(with.iter().zip(&without).map(|(a, b)| a - b));
            assert!(own > 0.0, "`{}` has a gradient", declaration.name);
            check(&text(3.0 * norm(without) / own));
        }
    }
}

/// `y_j = w_j x_j`, with a backward or gradient that is wrong.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    width: usize,
    /// What the gradient by x is multiplied with.
    factor: f32,
    /// How many of the weights have a gradient.
    learns: usize,
}

impl RowFunction for Wrong {
    fn label(&self) -> String {
        "wrong".into()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], _: &mut [f32]) {
        for (i, y) in y.iter_mut().enumerate() {
            *y = at.tensors.tensor(0)[i % self.width] * at.x[i];
        }
    }

    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], _: &mut [f32]) {
        for (i, dx) in dx.iter_mut().enumerate() {
            *dx = self.factor * at.tensors.tensor(0)[i % self.width] * dy[i];
        }
    }

    fn gradient(&self, tile: &Tile, x: &[f32], dy: &[f32], gradient: &mut [f32], _: &mut [f32]) {
        assert!(!tile.adds);
        gradient.fill(0.0);
        for (i, (x, dy)) in x.iter().zip(dy).enumerate() {
            if i % self.width < self.learns {
                gradient[i % self.width] += x * dy;
            }
        }
    }
}

impl Part for Wrong {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("wrong", "a layer whose gradients are wrong") }
    }
}

impl LayerPart for Wrong {
    fn build(&self, _: &Settings, builder: &mut Builder, x: Var, _: &[usize]) -> Result<Var> {
        let shape = builder.shape(x).to_vec();
        let weight = builder.tensor(TensorSpec {
            name: "weight",
            shape: vec![self.width],
            fans: (1, 1),
            initial: Some(1.0),
            tile: self.width,
        })?;
        Ok(builder.apply(*self, vec![weight], x, shape))
    }

    fn nodes(&self, _: &Settings, _: &mut Graph, place: Place<'_>) -> String {
        place.input.into()
    }
}

#[test]
fn a_wrong_gradient_is_seen() {
    static RIGHT: Wrong = Wrong {
        width: 60,
        factor: 1.0,
        learns: 60,
    };
    static FACTOR: Wrong = Wrong {
        factor: 1.03,
        ..RIGHT
    };
    static LEFT_OUT: Wrong = Wrong {
        learns: 45,
        ..RIGHT
    };
    for (part, is_right) in [(&RIGHT, true), (&FACTOR, false), (&LEFT_OUT, false)] {
        let parts = Parts::standard().with_layer(part).unwrap();
        for text in around("{ layer = 'wrong' }") {
            let wrong = Tried::of(&recipe(&text, &parts)).wrong();
            assert_eq!(wrong.is_none(), is_right, "{part:?}: {wrong:?}");
        }
    }
}
