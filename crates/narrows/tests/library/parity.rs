//! Parity with PyTorch: outputs, every gradient, and the course of training, compared with fixtures.
//! `scripts/parity.py` makes the fixtures with PyTorch in float64 from the same parameters and inputs.
//!
//! A difference is relative to the scale of its tensor, because numbers near 0 remain when large numbers cancel. An
//! element is compared with the largest element, a sum over a row or column with the largest sum of magnitudes, and a
//! projection on random signs with the norm. The bound is 1e-5.
//!
//! For parameters after twenty steps of Adam the bound is twice as large. Adam divides a gradient by its own size, so a
//! gradient that is only a rounding error still moves its parameter by a whole step. PyTorch's own float32 differs from
//! its float64 by 1.2e-5 there (`scripts/parity.py --float32`).

mod codes;
mod networks;
mod training;

use narrows::bottleneck::Bottleneck;
use narrows::data::{Dataset, Values};
use narrows::layer::{self, Activation, LayerSpec, activation};
use narrows::network::{Network, Parameters, Pass, ScaledRows, StateKind, Tensor, Workers};
use narrows::objective::{Objective, Penalty, PenaltyKind, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec, Plateau, ScheduleSpec};
use narrows::program::TensorSpec;
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::train::{Setting, Stepper};
use ndarray::Array2;
use safetensors::{Dtype, SafeTensors};

const BOUND: f64 = 1e-5;

/// The bound for a tensor of a fixture.
fn bound(name: &str) -> f64 {
    if name.starts_with("final/") {
        2.0 * BOUND
    } else {
        BOUND
    }
}

fn hash(i: u64) -> u64 {
    let mut z = i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number in [0, 1) of 24 bits, the same in Python.
fn value(i: u64) -> f32 {
    (hash(i) >> 40) as f32 / 16_777_216.0
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&x| f64::from(x)).collect()
}

#[test]
fn the_formula_gives_the_numbers_that_python_gave() {
    assert_eq!(hash(0), 0xe220_a839_7b1d_cdaf);
    assert_eq!(hash(1 << 57), 0x5769_3783_4ae0_48a8);
}

/// A network with its parameters and data by the formula.
struct Case {
    encoder: Vec<LayerSpec>,
    bottleneck: Bottleneck,
    decoder: Vec<LayerSpec>,
    shape: Vec<usize>,
    batch: usize,
    data: Dataset,
    scaling: Scaling,
    penalties: Vec<Penalty>,
    clip_norm: f64,
    accumulation: usize,
    /// The tensors that the loss learns.
    of_loss: Vec<TensorSpec>,
}

impl Case {
    fn new(
        encoder: Vec<LayerSpec>,
        decoder: Vec<LayerSpec>,
        shape: &[usize],
        batch: usize,
    ) -> Case {
        let inputs = shape.iter().product();
        let pool = Array2::from_shape_fn((20 * batch, inputs), |(s, j)| {
            let u = value((1 << 56) + (s * inputs + j) as u64);
            u * u
        });
        let data = Dataset::new("formula", Values::F32(pool), shape.to_vec(), None).unwrap();
        let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
        Case {
            encoder,
            bottleneck: Bottleneck::plain(),
            decoder,
            shape: shape.to_vec(),
            batch,
            data,
            scaling,
            penalties: Vec::new(),
            clip_norm: 0.0,
            accumulation: 1,
            of_loss: Vec::new(),
        }
    }

    fn network(&self) -> Network {
        Network::with_bottleneck(
            &self.encoder,
            &self.bottleneck,
            &self.decoder,
            &self.shape,
            self.of_loss.clone(),
        )
        .unwrap()
    }

    fn parameters(&self) -> Parameters {
        let network = self.network();
        let mut flat = Vec::new();
        for (t, tensor) in network.tensors().iter().enumerate() {
            let scale = 1.0f32 / (tensor.fans.0 as f32).sqrt();
            flat.extend((0..tensor.range.len()).map(|i| {
                let u = value(((t as u64) << 32) + i as u64);
                // What a loss learns begins as it says.
                match tensor.initial() {
                    Some(initial) if tensor.name.starts_with("objective.") => initial,
                    _ => (2.0 * u - 1.0) * scale,
                }
            }));
        }
        Parameters::new(&network, &flat)
    }

    fn stepper(&self, reconstruction: &Reconstruction, optimizer: OptimizerSpec) -> Stepper {
        let network = self.network();
        let optimizer = Optimizer::new(optimizer, &network);
        let objective = Objective::new(reconstruction, &self.bottleneck, &self.decoder).unwrap();
        let setting = Setting {
            network,
            parameters: self.parameters(),
            corruption: None,
            objective,
            penalties: self.penalties.clone(),
            optimizer,
            seed: 0,
            binarize: false,
            clip_norm: self.clip_norm,
            accumulation: self.accumulation,
        };
        Stepper::new(setting, self.batch, 2).unwrap()
    }

    fn rows(&self, step: usize) -> Vec<u32> {
        (step * self.batch..(step + 1) * self.batch)
            .map(|row| row as u32)
            .collect()
    }

    /// Twenty steps: the loss before each, and the parameters after all.
    fn train(&self, optimizer: OptimizerSpec) -> (Vec<f64>, Vec<f32>) {
        self.train_by(&Reconstruction::mse(), optimizer)
    }

    /// The same with another loss.
    fn train_by(
        &self,
        reconstruction: &Reconstruction,
        optimizer: OptimizerSpec,
    ) -> (Vec<f64>, Vec<f32>) {
        let mut stepper = self.stepper(reconstruction, optimizer);
        let losses = (0..20)
            .map(|step| {
                stepper
                    .step(&self.data, &self.scaling, 0, &self.rows(step), 1.0)
                    .total
            })
            .collect();
        (losses, stepper.parameters().flat().to_vec())
    }

    /// What some of the layers make of the first batch.
    fn forward(&self, layers: std::ops::Range<usize>, width: usize) -> Vec<f64> {
        self.forward_with(self.parameters(), layers, width)
    }

    /// The same with other parameters.
    fn forward_with(
        &self,
        parameters: Parameters,
        layers: std::ops::Range<usize>,
        width: usize,
    ) -> Vec<f64> {
        let first = self.data.head(self.batch).unwrap();
        let mut out = vec![0.0; self.batch * width];
        let rows = ScaledRows {
            data: &first,
            scaling: &self.scaling,
        };
        let mut workers = Workers::new(2);
        let parameters = std::sync::Arc::new(parameters);
        let pass = Pass::new(&self.network(), &parameters, layers).unwrap();
        pass.run(&rows, &mut workers, &mut out);
        out.into_iter().map(f64::from).collect()
    }
}

fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

struct Fixture<'a>(SafeTensors<'a>);

impl Fixture<'_> {
    fn get(&self, name: &str) -> Vec<f64> {
        let view = self
            .0
            .tensor(name)
            .unwrap_or_else(|_| panic!("{name} is missing"));
        match view.dtype() {
            Dtype::F64 => view
                .data()
                .chunks_exact(8)
                .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
                .collect(),
            Dtype::F32 => view
                .data()
                .chunks_exact(4)
                .map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().unwrap())))
                .collect(),
            other => panic!("{name} is {other:?}"),
        }
    }

    #[track_caller]
    fn compare(&self, name: &str, found: &[f64]) {
        self.compare_at(name, found, largest(&self.get(name)));
    }

    #[track_caller]
    fn compare_at(&self, name: &str, found: &[f64], scale: f64) {
        let expected = self.get(name);
        assert_eq!(found.len(), expected.len(), "{name}");
        assert!(scale > 0.0, "{name}: something to compare");
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let error = (found - expected).abs() / scale;
            assert!(
                error <= bound(name),
                "{name}[{at}]: {found}, and PyTorch {expected}: {error:.1e}"
            );
        }
    }

    /// Compares the digest of a tensor, in which every element has a part.
    #[track_caller]
    fn compare_digest(&self, group: &str, tensor: &Tensor, found: &[f32]) {
        let name = format!("{group}/{}", tensor.name);
        let found: Vec<f64> = found.iter().map(|&x| f64::from(x)).collect();
        if tensor.shape.len() == 1 {
            return self.compare(&name, &found);
        }
        let (rows, columns) = (tensor.shape[0], tensor.shape[1]);
        let along_rows = |f: fn(f64) -> f64| -> Vec<f64> {
            found
                .chunks_exact(columns)
                .map(|row| row.iter().map(|&x| f(x)).sum())
                .collect()
        };
        let along_columns = |f: fn(f64) -> f64| -> Vec<f64> {
            (0..columns)
                .map(|c| (0..rows).map(|r| f(found[r * columns + c])).sum())
                .collect()
        };
        let (sums, sizes) = (along_rows(|x| x), along_rows(f64::abs));
        self.compare_at(&format!("{name}/row_sums"), &sums, largest(&sizes));
        let (sums, sizes) = (along_columns(|x| x), along_columns(f64::abs));
        self.compare_at(&format!("{name}/column_sums"), &sums, largest(&sizes));
        let frobenius = found.iter().map(|x| x * x).sum::<f64>().sqrt();
        self.compare(&format!("{name}/norms"), &[largest(&found), frobenius]);
        let project = |p: u64| {
            let sign = |i: usize| match hash((2 << 56) + (p << 40) + i as u64) >> 63 {
                0 => 1.0,
                _ => -1.0,
            };
            found.iter().enumerate().map(|(i, x)| sign(i) * x).sum()
        };
        let projections: Vec<f64> = (0..16).map(project).collect();
        self.compare_at(&format!("{name}/projections"), &projections, frobenius);
        let sample = |i: usize| found[i * found.len() / 64];
        self.compare(
            &format!("{name}/samples"),
            &(0..64).map(sample).collect::<Vec<f64>>(),
        );
    }
}

fn with_fixture(name: &str, mut test: impl FnMut(&Fixture<'_>)) {
    let path = format!(
        "{}/tests/fixtures/parity-{name}.safetensors",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(path).unwrap();
    test(&Fixture(SafeTensors::deserialize(&bytes).unwrap()));
}

const fn adam(learning_rate: f64, weight_decay: f64) -> OptimizerSpec {
    OptimizerSpec::Adam {
        learning_rate,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay,
    }
}

/// A small network in which every activation occurs.
fn every_activation() -> Case {
    let dense = |outputs| layer::dense(outputs);
    let f = activation;
    let encoder = vec![
        dense(10),
        f(Activation::Relu),
        dense(9),
        f(Activation::LeakyRelu { slope: 0.01 }),
        dense(8),
        f(Activation::Elu { alpha: 1.0 }),
        dense(7),
        f(Activation::Silu),
        dense(5),
    ];
    let decoder = vec![
        dense(7),
        f(Activation::Gelu),
        dense(8),
        f(Activation::Tanh),
        dense(9),
        f(Activation::Softplus),
        dense(10),
        f(Activation::Identity),
        dense(12),
        f(Activation::Sigmoid),
    ];
    Case::new(encoder, decoder, &[12], 6)
}
