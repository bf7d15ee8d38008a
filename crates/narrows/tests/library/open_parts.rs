//! Parts of another crate may do more than Narrows' own parts: have parameters in a bottleneck, or several losses in
//! one part. Parts that a model could not store are refused.

use narrows::bottleneck::BottleneckPart;
use narrows::data::{Dataset, Values};
use narrows::declaration::{Declaration, Part, Settings};
use narrows::network::Network;
use narrows::objective::{PenaltyPart, PenaltyPlace, ReconstructionPart, ReconstructionPlace};
use narrows::onnx::{Graph, Place};
use narrows::parts::Parts;
use narrows::program::{
    Buffer, Builder, ColumnContext, ColumnOperation, ColumnPart, Coupled, Element, Lower, Mean,
    Node, Operation, Part as StepPart, Point, RowContext, RowFunction, RowOperation, TensorSpec,
    Tile, Uses, Var,
};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper, Training};
use narrows::{ErrorKind, Model, Result};
use ndarray::Array2;
use std::sync::Arc;

/// Each value of the code times a factor of its own, which is learned.
#[derive(Debug)]
struct Stretch;

/// A penalty that asks for a parameter, which no model would keep.
#[derive(Debug)]
struct Learned;

/// A penalty of two parts: the sum of a code's values, mean over rows, and the sum over the batch, squared.
#[derive(Debug)]
struct Sums;

/// The squared error of each half of the values, as a part of its own.
#[derive(Debug)]
struct Halves;

impl Part for Stretch {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("stretch", "a factor for each value of the code") }
    }
}

impl Part for Learned {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("learned", "a penalty with a parameter") }
    }
}

impl Part for Sums {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("sums", "sums of the code") }
    }
}

impl Part for Halves {
    fn declaration(&self) -> &Declaration {
        const { &Declaration::new("halves", "the squared error of each half") }
    }
}

fn weight(width: usize) -> TensorSpec {
    TensorSpec {
        name: "weight",
        shape: vec![width],
        fans: (1, 1),
        initial: Some(0.5),
        tile: width,
    }
}

impl BottleneckPart for Stretch {
    fn build(&self, _: &Settings, builder: &mut Builder, code: Var) -> Result<Var> {
        let (width, shape) = (builder.width(code), builder.shape(code).to_vec());
        let factors = builder.tensor(weight(width))?;
        Ok(builder.apply(Times { width }, vec![factors], code, shape))
    }

    fn nodes(&self, _: &Settings, graph: &mut Graph, place: Place<'_>) -> String {
        let factors = format!("{}.weight", place.name);
        graph.node("Mul", &[place.input, &factors], &[], place.name)
    }
}

impl PenaltyPart for Learned {
    fn build(&self, _: &Settings, builder: &mut Builder, _: &PenaltyPlace) -> Result<()> {
        builder.tensor(weight(3)).map(|_| ())
    }
}

/// `y_j = w_j x_j`
#[derive(Debug)]
struct Times {
    width: usize,
}

impl Times {
    fn multiply(&self, at: Point<'_>, from: &[f32], to: &mut [f32]) {
        let rows = from.chunks_exact(self.width);
        for (from, to) in rows.zip(to.chunks_exact_mut(self.width)) {
            for ((to, from), factor) in to.iter_mut().zip(from).zip(at.tensors.tensor(0)) {
                *to = from * factor;
            }
        }
    }
}

impl RowFunction for Times {
    fn label(&self) -> String {
        "stretch".into()
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
}

impl PenaltyPart for Sums {
    fn build(&self, _: &Settings, builder: &mut Builder, place: &PenaltyPlace) -> Result<()> {
        builder.node(Arc::new(SumsOf), Vec::new(), vec![place.code], Vec::new());
        Ok(())
    }
}

/// Both sums; they say nothing of gradients, as a test looks at values alone.
#[derive(Debug)]
struct SumsOf;

impl Operation for SumsOf {
    fn label(&self) -> String {
        "sums".into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let code = lower.buffer_of(node.inputs[0]);
        let of_rows = lower.buffer("sums of rows", 1);
        lower.rows(SumOfRow { code, of_rows });
        lower.loss("sums.rows", 0.25, of_rows, Mean::OverRows(1));
        let of_batch = lower.whole::<f64>("sum of the batch", 1, 1);
        lower.columns(SumOfBatch { of_rows, of_batch });
        lower.coupled_loss("sums.batch", 0.125, of_batch, Arc::new(Squared));
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

/// The square of the mean over all rows.
#[derive(Debug)]
struct Squared;

impl Coupled for Squared {
    fn value(&self, sums: &[f64], rows: usize) -> f64 {
        (sums[0] / rows as f64).powi(2)
    }
}

#[derive(Debug)]
struct SumOfRow {
    code: Buffer,
    of_rows: Buffer,
}

impl RowOperation for SumOfRow {
    fn label(&self) -> String {
        "sums of rows".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.code]).writes([self.of_rows])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([code], sums) = context.buffers.read_write([self.code], self.of_rows);
        let width = code.len() / sums.len();
        for (sum, code) in sums.iter_mut().zip(code.chunks_exact(width)) {
            *sum = code.iter().sum();
        }
    }
}

#[derive(Debug)]
struct SumOfBatch {
    of_rows: Buffer,
    of_batch: Buffer<f64>,
}

impl ColumnOperation for SumOfBatch {
    fn label(&self) -> String {
        "sum of the batch".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Penalties
    }

    fn uses(&self) -> Uses {
        Uses::new().reads([self.of_rows]).writes([self.of_batch])
    }

    fn parts(&self) -> Vec<ColumnPart> {
        vec![ColumnPart {
            writes: vec![self.of_batch.rect(0..1, 0..1)],
            work: 0,
            read: 1,
        }]
    }

    fn run(&self, context: &mut ColumnContext<'_>) {
        let ([rows], sum) = context.read_and_row([self.of_rows]);
        f64::view_mut(sum)[0] = rows.iter().map(|&row| f64::from(row)).sum();
    }
}

impl ReconstructionPart for Halves {
    fn build(
        &self,
        _: &Settings,
        builder: &mut Builder,
        place: &ReconstructionPlace,
    ) -> Result<()> {
        let inputs = vec![place.output, place.target];
        builder.node(Arc::new(Compared), Vec::new(), inputs, Vec::new());
        Ok(())
    }
}

#[derive(Debug)]
struct Compared;

impl Operation for Compared {
    fn label(&self) -> String {
        "halves".into()
    }

    fn forward(&self, node: &Node, lower: &mut Lower<'_>) -> Result<()> {
        let [output, target] = [0, 1].map(|input| lower.buffer_of(node.inputs[input]));
        let width = lower.width_of(node.inputs[1]);
        let half = width / 2;
        for (name, columns) in [("first", 0..half), ("second", half..width)] {
            let errors = lower.buffer(format!("errors of the {name} half"), 1);
            lower.rows(ErrorOfRow {
                buffers: [output, target],
                errors,
                columns,
                width,
            });
            let mean = Mean::OverRows(width);
            lower.loss(format!("reconstruction.{name}"), 1.0, errors, mean);
        }
        Ok(())
    }

    fn backward(&self, _: &Node, _: &mut Lower<'_>) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct ErrorOfRow {
    buffers: [Buffer; 2],
    errors: Buffer,
    columns: std::ops::Range<usize>,
    width: usize,
}

impl RowOperation for ErrorOfRow {
    fn label(&self) -> String {
        "errors".into()
    }

    fn part(&self) -> StepPart {
        StepPart::Loss
    }

    fn uses(&self) -> Uses {
        Uses::new().reads(self.buffers).writes([self.errors])
    }

    fn run(&self, context: &mut RowContext<'_>) {
        let ([output, target], errors) = context.buffers.read_write(self.buffers, self.errors);
        let rows = output
            .chunks_exact(self.width)
            .zip(target.chunks_exact(self.width));
        for (error, (output, target)) in errors.iter_mut().zip(rows) {
            let [output, target] = [output, target].map(|row| &row[self.columns.clone()]);
            let squares = output.iter().zip(target).map(|(y, t)| (y - t) * (y - t));
            *error = squares.sum();
        }
    }
}

const ROWS: usize = 50;

fn data() -> Dataset {
    let byte = |(r, c): (usize, usize)| ((r * 37 + c * 101 + r * c * 13) % 256) as u8;
    let values = Values::U8(Array2::from_shape_fn((ROWS, 8), byte));
    Dataset::new("pattern", values, vec![8], None).unwrap()
}

fn parts() -> Parts {
    let parts = Parts::standard().with_bottleneck(&Stretch).unwrap();
    let parts = parts.with_penalty(&Learned).unwrap();
    let parts = parts.with_penalty(&Sums).unwrap();
    parts.with_reconstruction(&Halves).unwrap()
}

/// A recipe with something in its sentence beside plain layers; batches of 16, so that the last has 2 rows.
fn recipe(bottleneck: &str, objective: &str) -> String {
    format!(
        "name = 'open'\nencoder = [{{ layer = 'dense', outputs = 3 }}, {{ layer = 'sigmoid' }}]\n\
         decoder = [{{ layer = 'dense' }}, {{ layer = 'sigmoid' }}]\n\
         [bottleneck]\nkind = '{bottleneck}'\n[objective]\n{objective}\n\
         [training]\nbatch_size = 16\nepochs = 2\n"
    )
}

#[test]
fn a_bottleneck_may_have_parameters() {
    let recipe = parts().parse(&recipe("stretch", ""), "it", &[]).unwrap();
    let data = data();
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    while !training.is_finished() {
        training.epoch(|_| ()).unwrap();
    }
    let model = training.model().unwrap();
    let names = model.network().tensors().iter().map(|t| t.name.as_str());
    let order = ["encoder.0.weight", "encoder.0.bias", "bottleneck.weight"];
    assert!(names.take(3).eq(order));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let loaded = Model::load_of(&path, &parts()).unwrap();
    let rows = data.to_array();
    for model in [&model, &loaded] {
        let codes = model.encode(rows.view()).unwrap();
        let through = model.decode(codes.view()).unwrap();
        assert_eq!(through, model.reconstruct(rows.view()).unwrap());
    }
}

#[test]
fn parameters_that_a_model_would_not_keep_are_refused() {
    let text = recipe("plain", "penalties = [{ kind = 'learned', weight = 1 }]");
    let recipe = parts().parse(&text, "it", &[]).unwrap();
    let data = data();
    let Err(error) = Training::new(&recipe, &data, 1) else {
        panic!("the penalty has a parameter");
    };
    assert_eq!(error.kind(), ErrorKind::Recipe);
    assert!(
        error
            .to_string()
            .contains("`penalty.learned.weight` of shape [3]"),
        "{error}"
    );
}

#[test]
fn each_loss_of_a_part_has_a_column() {
    let objective = "reconstruction = 'halves'\n\
                     penalties = [{ kind = 'sums', weight = 1 }, { kind = 'l1', weight = 0.5 }]";
    let recipe = parts()
        .parse(&recipe("plain", objective), "it", &[])
        .unwrap();
    let data = data();
    let training = Training::new(&recipe, &data, 1).unwrap();
    let mut training = training.with_validation(&data).unwrap();
    let record = training.epoch(|_| ()).unwrap();
    let column = |name: &str| {
        let found = record.columns.iter().find(|(column, _)| column == name);
        found.unwrap_or_else(|| panic!("{name} in {record:?}")).1
    };
    assert_eq!(record.columns.len(), 5);
    let halves = column("reconstruction.first") + column("reconstruction.second");
    let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
    close(record.reconstruction, halves);
    // A code behind a sigmoid is its own absolute value.
    close(column("penalty.sums.rows"), column("penalty.l1"));
    let penalties = 0.25 * column("penalty.sums.rows")
        + 0.125 * column("penalty.sums.batch")
        + 0.5 * column("penalty.l1");
    close(record.train_loss, halves + penalties);
    assert!(record.validation_loss.unwrap().is_finite());
}

/// The losses on all rows, in batches of so many.
fn measured(text: &str, batch: usize) -> Vec<f64> {
    let recipe = parts().parse(text, "it", &[]).unwrap();
    let network = Network::new(&recipe.encoder, &recipe.decoder, &[8]).unwrap();
    let setting = Setting::of(&recipe, network).unwrap();
    let mut stepper = Stepper::new(setting, batch, 1).unwrap();
    let data = data();
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    stepper.losses(&data, &scaling, &rows).columns
}

#[test]
fn no_loss_of_a_validation_depends_on_its_batches() {
    let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
    let objective = "reconstruction = 'halves'\npenalties = [{ kind = 'sums', weight = 1 }]";
    let text = recipe("plain", objective);
    let (whole, cut) = (measured(&text, ROWS), measured(&text, 16));
    assert_eq!(whole.len(), 4);
    for (whole, cut) in whole.iter().zip(&cut) {
        close(*whole, *cut);
    }
    // The square of a mean over all rows differs from the mean of the batches' squares.
    close(whole[3], whole[2] * whole[2]);
    // A sum over the batch is that of a full one.
    let text = recipe("plain", "penalties = [{ kind = 'summed', weight = 1 }]");
    let (whole, cut) = (measured(&text, ROWS), measured(&text, 16));
    close(whole[0] * 16.0 / ROWS as f64, cut[0]);
}
