//! A layer and a penalty that Narrows does not have, added from another crate: `cargo run --release --example custom_penalty`.
//!
//! The layer multiplies each value by a factor that is learned. The penalty is the mean squared length of the codes.

use narrows::declaration::{Declaration, Part, Settings};
use narrows::layer::LayerPart;
use narrows::objective::{PenaltyPart, PenaltyPlace};
use narrows::onnx::{Graph, Place};
use narrows::parts::Parts;
use narrows::program::{
    Buffer, Builder, Derivative, Linear, Lower, Mean, Node, Operation, Part as StepPart, Point,
    RowContext, RowFunction, RowOperation, TensorSpec, Tile, Uses, Var,
};
use narrows::{Result, data::Source, train::Training};
use std::sync::Arc;

/// The layer `scale`.
#[derive(Debug)]
struct Scale;

impl Part for Scale {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("scale", "each value times a factor of its own") }
    }
}

impl LayerPart for Scale {
    fn has_parameters(&self) -> bool {
        true
    }

    fn build(&self, _: &Settings, builder: &mut Builder, x: Var, _: &[usize]) -> Result<Var> {
        let (width, shape) = (builder.width(x), builder.shape(x).to_vec());
        let factors = builder.tensor(TensorSpec {
            name: "weight",
            shape: vec![width],
            fans: (1, 1),
            initial: None,
            tile: width,
        })?;
        Ok(builder.apply(Product { width }, vec![factors], x, shape))
    }

    fn nodes(&self, _: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let factors = format!("{}.weight", place.name);
        graph.node("Mul", &[place.input, &factors], &[], place.name)
    }
}

/// `y_j = w_j x_j`
#[derive(Debug)]
struct Product {
    width: usize,
}

impl Product {
    /// Each row times the factors.
    fn multiply(&self, at: Point<'_>, from: &[f32], to: &mut [f32]) {
        let factors = at.tensors.tensor(0);
        let rows = from.chunks_exact(self.width);
        for (from, to) in rows.zip(to.chunks_exact_mut(self.width)) {
            for ((to, from), factor) in to.iter_mut().zip(from).zip(factors) {
                *to = from * factor;
            }
        }
    }
}

impl RowFunction for Product {
    fn label(&self) -> String {
        "scale".into()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    fn forward(&self, at: Point<'_>, y: &mut [f32], _: &mut [f32]) {
        self.multiply(at, at.x, y);
    }

    fn backward(&self, at: Point<'_>, dy: &[f32], dx: &mut [f32], _: &mut [f32]) {
        self.multiply(at, dy, dx);
    }

    fn gradient(&self, tile: &Tile, x: &[f32], dy: &[f32], gradient: &mut [f32], _: &mut [f32]) {
        if !tile.adds {
            gradient.fill(0.0);
        }
        let rows = x.chunks_exact(self.width).zip(dy.chunks_exact(self.width));
        for (x, dy) in rows {
            let values = x[tile.place.clone()].iter().zip(&dy[tile.place.clone()]);
            for (gradient, (x, dy)) in gradient.iter_mut().zip(values) {
                *gradient += x * dy;
            }
        }
    }

    // Offered, so that contractive penalties may stand over the layer.
    fn derivative(&self) -> Option<&dyn Derivative> {
        Some(self)
    }
}

impl Linear for Product {
    fn push(&self, at: Point<'_>, dx: &[f32], dy: &mut [f32], _: &mut [f32]) {
        self.multiply(at, dx, dy);
    }
}

/// The penalty `length`: `Σ_j z_j²` of a code z, mean over rows.
#[derive(Debug)]
struct Length;

impl Part for Length {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("length", "the squared length of a code, mean over rows") }
    }
}

impl PenaltyPart for Length {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        let operation = Squares {
            name: place.name,
            weight: place.weight,
        };
        builder.node(
            Arc::new(operation),
            Vec::new(),
            vec![place.code],
            Vec::new(),
        );
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Squares {
    name: &'static str,
    weight: f32,
}

impl Operation for Squares {
    fn label(&self) -> String {
        self.name.into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let code = lower.buffer_of(node.inputs[0]);
        let width = lower.width_of(node.inputs[0]);
        let values = lower.buffer("squared lengths", 1);
        lower.rows(Sum {
            code,
            values,
            width,
        });
        lower.loss(self.name, self.weight, values, Mean::OverRows(1));
        Ok(())
    }

    fn backward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let (code, weight) = (lower.buffer_of(node.inputs[0]), self.weight);
        lower.add_later(node.inputs[0], move |gradient| Add {
            code,
            gradient,
            weight,
        });
        Ok(())
    }
}

/// The value of each row.
#[derive(Debug)]
struct Sum {
    code: Buffer,
    values: Buffer,
    width: usize,
}

impl RowOperation for Sum {
    fn label(&self) -> String {
        "squared lengths".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).writes([self.values])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([code], values) = context.buffers.read_write([self.code], self.values);
        for (value, code) in values.iter_mut().zip(code.chunks_exact(self.width)) {
            *value = code.iter().map(|z| z * z).sum();
        }
    }
}

/// The gradient by the code, which is added to that of the reconstruction loss.
#[derive(Debug)]
struct Add {
    code: Buffer,
    gradient: Buffer,
    weight: f32,
}

impl RowOperation for Add {
    fn label(&self) -> String {
        "add the code".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).adds([self.gradient])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let factor = 2.0 * self.weight / context.batch.rows() as f32;
        let ([code], gradient) = context.buffers.read_write([self.code], self.gradient);
        for (gradient, z) in gradient.iter_mut().zip(code) {
            *gradient += factor * z;
        }
    }
}

const RECIPE: &str = r#"
name = "scaled"
encoder = [{ layer = "dense", outputs = 16 }, { layer = "scale" }]
decoder = [{ layer = "dense" }, { layer = "sigmoid" }]
[objective]
penalties = [{ kind = "length", weight = 1e-3 }, { kind = "jacobian", weight = 1e-5 }]
[training]
epochs = 2
"#;

fn main() -> Result<()> {
    let parts = Parts::standard()
        .with_layer(&Scale)?
        .with_penalty(&Length)?;
    let recipe = parts.parse(RECIPE, "the example", &[])?;
    let data = Source::open("mnist")?.train.head(6_000)?;
    let mut training = Training::new(&recipe, &data, 0)?;
    while !training.is_finished() {
        let record = training.epoch(|_| ())?;
        println!(
            "epoch {}: objective {:.4}, reconstruction {:.4}, {}",
            record.epoch,
            record.train_loss,
            record.reconstruction,
            record
                .columns
                .iter()
                .map(|(name, value)| format!("{name} {value:.3}"))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    let model = training.model()?;
    println!("a code of {} values", model.code_size());
    Ok(())
}
