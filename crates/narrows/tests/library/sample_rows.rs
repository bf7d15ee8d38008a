//! A sample may have several rows between two parts. A layer in this file makes several copies of each sample, the
//! layers after it process all of them, and another layer averages them.

use narrows::data::{Dataset, Values};
use narrows::declaration::{Declaration, Key, Kind, Part, Settings};
use narrows::layer::LayerPart;
use narrows::network::Network;
use narrows::onnx::{Graph, Place};
use narrows::parts::Parts;
use narrows::program::{
    Buffer, Builder, Lower, Mode, Node, Operation, Part as StepPart, RowContext, RowOperation,
    Uses, Var,
};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper};
use narrows::{ErrorKind, Result};
use ndarray::Array2;
use std::sync::Arc;

const COUNT: Key = Key::new(
    "count",
    Kind::Whole { least: 1, most: 9 },
    "the rows of a sample",
);

/// So many copies of each row.
#[derive(Debug)]
struct Copies;

/// The mean of a sample's rows.
#[derive(Debug)]
struct Average;

impl Part for Copies {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("copies", "copies of each row").keys(&[COUNT]) }
    }
}

impl Part for Average {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("average", "the mean of a sample's rows") }
    }
}

impl LayerPart for Copies {
    fn build(
        &self,
        settings: &Settings,
        builder: &mut Builder,
        x: Var,
        _: &[usize],
    ) -> Result<Var> {
        // A model in use has one.
        let count = match builder.mode() {
            Mode::Training | Mode::Validation => settings.get(&COUNT),
            Mode::Inference => 1,
        };
        Ok(apply(builder, x, count, true))
    }

    fn nodes(&self, _: &Settings, _: &mut Graph, place: Place<'_>) -> String {
        place.input.to_string()
    }
}

impl LayerPart for Average {
    fn build(&self, _: &Settings, builder: &mut Builder, x: Var, _: &[usize]) -> Result<Var> {
        let count = builder.rows(x);
        Ok(apply(builder, x, count, false))
    }

    fn nodes(&self, _: &Settings, _: &mut Graph, place: Place<'_>) -> String {
        place.input.to_string()
    }
}

fn apply(builder: &mut Builder, x: Var, count: usize, copies: bool) -> Var {
    let (shape, width) = (builder.shape(x).to_vec(), builder.width(x));
    let operation = Arc::new(Between {
        count,
        width,
        copies,
    });
    let rows = if copies { count } else { 1 };
    builder.node(operation, Vec::new(), vec![x], vec![(shape, rows)])[0]
}

/// Between one row of a sample and several: `copies`, or else their mean.
#[derive(Clone, Copy, Debug)]
struct Between {
    count: usize,
    width: usize,
    copies: bool,
}

impl Operation for Between {
    fn label(&self) -> String {
        if self.copies {
            format!("{} copies", self.count)
        } else {
            format!("mean of {}", self.count)
        }
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (from, to) = (
            lower.buffer_of(node.inputs[0]),
            lower.buffer_of(node.outputs[0]),
        );
        lower.rows(Move {
            between: *self,
            factor: if self.copies {
                1.0
            } else {
                1.0 / self.count as f32
            },
            from,
            to,
        });
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let Some(from) = lower.gradient_of(node.outputs[0]) else {
            return Ok(());
        };
        lower.contribute(node.inputs[0], |lower, to| {
            let between = Between {
                copies: !self.copies,
                ..*self
            };
            lower.rows(Move {
                between,
                factor: if self.copies {
                    1.0
                } else {
                    1.0 / self.count as f32
                },
                from,
                to,
            });
        });
        Ok(())
    }
}

/// Copies a row, or adds up rows, times a factor.
#[derive(Debug)]
struct Move {
    between: Between,
    factor: f32,
    from: Buffer,
    to: Buffer,
}

impl RowOperation for Move {
    fn label(&self) -> String {
        self.between.label()
    }

    fn part(&self) -> StepPart {
        StepPart::ForwardElementwise
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.from]).writes([self.to])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let Between {
            count,
            width,
            copies,
        } = self.between;
        let ([from], to) = context.buffers.read_write([self.from], self.to);
        to.fill(0.0);
        let (many, few) = (width * count, width);
        let (from_size, to_size) = if copies { (few, many) } else { (many, few) };
        for (from, to) in from
            .chunks_exact(from_size)
            .zip(to.chunks_exact_mut(to_size))
        {
            for row in 0..count {
                let (from, to) = if copies {
                    (from, &mut to[row * width..(row + 1) * width])
                } else {
                    (&from[row * width..(row + 1) * width], &mut *to)
                };
                for (to, from) in to.iter_mut().zip(from) {
                    *to += self.factor * from;
                }
            }
        }
    }
}

fn parts() -> Parts {
    let parts = Parts::standard().with_layer(&Copies).unwrap();
    parts.with_layer(&Average).unwrap()
}

/// A network that has several rows a sample from the first `{copies}` to the `{average}`.
fn recipe(copies: &str, average: &str) -> String {
    let layers = |list: &[&str]| {
        let layers: Vec<String> = list
            .iter()
            .filter(|layer| !layer.is_empty())
            .map(|layer| format!("{{ layer = {layer} }}"))
            .collect();
        layers.join(", ")
    };
    let encoder = layers(&[
        "'dense', outputs = 12",
        "'tanh'",
        copies,
        "'layer-norm'",
        "'dense', outputs = 5",
    ]);
    let decoder = layers(&[
        "'dense', outputs = 12, bias = false",
        "'dense', outputs = 12",
        "'sigmoid'",
        "'dense', outputs = 9",
        average,
    ]);
    format!(
        "name = 'several-rows'\nencoder = [{encoder}]\ndecoder = [{decoder}]\n[training]\nbatch_size = 20\n"
    )
}

const ROWS: usize = 20;

fn data() -> Dataset {
    let byte = |(r, c): (usize, usize)| ((r * 37 + c * 101 + r * c * 13) % 256) as u8;
    let values = Values::U8(Array2::from_shape_fn((ROWS, 9), byte));
    Dataset::new("pattern", values, vec![9], None).unwrap()
}

/// The losses on a batch, and the gradient by all parameters.
fn step(text: &str, threads: usize) -> (f64, Vec<f32>) {
    let recipe = parts().parse(text, "the recipe", &[]).unwrap();
    let network = Network::new(&recipe.encoder, &recipe.decoder, &[9]).unwrap();
    let setting = Setting::of(&recipe, network).unwrap();
    let mut stepper = Stepper::new(setting, ROWS, threads).unwrap();
    let data = data();
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let (losses, gradient) = stepper.loss_and_gradient(&data, &scaling, 0, &rows);
    (losses.total, gradient)
}

fn assert_close(found: &[f32], expected: &[f32], bound: f32) {
    assert_eq!(found.len(), expected.len());
    let most = expected.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= bound * most,
            "{found} {expected}"
        );
    }
}

#[test]
fn copies_give_the_loss_and_gradient_of_one_row() {
    let (expected, gradient) = step(&recipe("", ""), 1);
    for count in [1, 2, 3, 7] {
        let text = recipe(&format!("'copies', count = {count}"), "'average'");
        let (loss, found) = step(&text, 1);
        assert!((loss / expected - 1.0).abs() < 1e-6, "{loss} {expected}");
        assert_close(&found, &gradient, 1e-5);
    }
}

#[test]
fn several_rows_have_the_same_bits_on_any_number_of_threads() {
    let text = recipe("'copies', count = 3", "'average'");
    let one = step(&text, 1);
    for threads in [2, 3, 5] {
        assert_eq!(step(&text, threads), one, "{threads} threads");
    }
}

#[test]
fn dropout_draws_anew_for_each_row_of_a_sample() {
    let text = |copies: &str, average: &str| {
        recipe(copies, average).replace("'layer-norm'", "'dropout', fraction = 0.5")
    };
    let one = step(&text("", ""), 1).0;
    let (several, _) = step(&text("'copies', count = 5", "'average'"), 1);
    // Rounding alone is far less.
    assert!((several / one - 1.0).abs() > 1e-3, "{one} {several}");
    let same = step(&text("'copies', count = 1", "'average'"), 1).0;
    assert!((same / one - 1.0).abs() < 1e-6);
}

#[test]
fn a_loss_of_several_rows_a_sample_is_refused() {
    let text = recipe("'copies', count = 3", "");
    let recipe = parts().parse(&text, "the recipe", &[]).unwrap();
    let network = Network::new(&recipe.encoder, &recipe.decoder, &[9]).unwrap();
    let setting = Setting::of(&recipe, network).unwrap();
    let Err(error) = Stepper::new(setting, ROWS, 1) else {
        panic!("mse compares one row with another");
    };
    assert_eq!(error.kind(), ErrorKind::Recipe);
    let text = error.to_string();
    assert!(
        text.contains("the reconstruction loss") && text.contains("3 rows"),
        "{text}"
    );
}
