//! Parity with PyTorch: outputs, every gradient, and the course of training, against fixtures that
//! `scripts/parity.py` makes with PyTorch in float64 from the same parameters and inputs.
//!
//! A difference is measured against the scale of the tensor that it is in, because numbers near 0 are
//! what is left when large ones cancel: an element against the largest element, a sum over a row or
//! column against the largest sum of magnitudes, a projection on random signs against the norm. The
//! bound is 1e-5.
//!
//! Parameters after twenty steps of Adam have twice that: Adam divides a gradient by its own size, so
//! that one that is nothing but rounding still moves its parameter by a whole step. PyTorch's own
//! float32 is 1.2e-5 away from its float64 there (`scripts/parity.py --float32`).

use narrows::bottleneck::Bottleneck;
use narrows::data::{Dataset, Values};
use narrows::layer::{self, Activation, LayerSpec, activation};
use narrows::network::{Network, Parameters, Pass, ScaledRows, StateKind, Tensor, Workers};
use narrows::objective::{Objective, Penalty, PenaltyKind, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec, Plateau, ScheduleSpec};
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
        }
    }

    fn network(&self) -> Network {
        Network::with_bottleneck(&self.encoder, &self.bottleneck, &self.decoder, &self.shape)
            .unwrap()
    }

    fn parameters(&self) -> Parameters {
        let network = self.network();
        let mut flat = Vec::new();
        for (t, tensor) in network.tensors().iter().enumerate() {
            let scale = 1.0f32 / (tensor.fans.0 as f32).sqrt();
            flat.extend((0..tensor.range.len()).map(|i| {
                let u = value(((t as u64) << 32) + i as u64);
                (2.0 * u - 1.0) * scale
            }));
        }
        Parameters::new(&network, &flat)
    }

    fn stepper(&self, reconstruction: &Reconstruction, optimizer: OptimizerSpec) -> Stepper {
        let network = self.network();
        let optimizer = Optimizer::new(optimizer, &network);
        let objective = Objective::new(reconstruction, &self.decoder).unwrap();
        let setting = Setting {
            network,
            parameters: self.parameters(),
            corruption: None,
            objective,
            penalties: self.penalties.clone(),
            optimizer,
            seed: 0,
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
        let mut stepper = self.stepper(&Reconstruction::mse(), optimizer);
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

fn recipe(name: &str) {
    let recipe = narrows::Recipe::named(name).unwrap();
    assert_eq!(recipe.optimizer, adam(1e-3, 0.0));
    let case = Case::new(recipe.encoder, recipe.decoder, &[784], 64);
    let network = case.network();
    with_fixture(name, |fixture| {
        fixture.compare(
            "code",
            &case.forward(network.encoder(), network.code_size()),
        );
        let outputs = case.forward(network.layers(), 784);
        fixture.compare("output", &outputs[..2 * 784]);
        let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-3, 0.0));
        let (loss, gradient) =
            stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
        let (losses, last) = case.train(adam(1e-3, 0.0));
        assert_eq!(loss.total, losses[0]);
        fixture.compare("loss", &losses);
        for tensor in network.tensors() {
            fixture.compare_digest("grad", tensor, &gradient[tensor.range.clone()]);
            fixture.compare_digest("final", tensor, &last[tensor.range.clone()]);
        }
    });
}

#[test]
fn simple_linear() {
    recipe("simple-linear");
}

#[test]
fn deep_linear() {
    recipe("deep-linear");
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

#[test]
fn every_loss() {
    let case = every_activation();
    let network = case.network();
    with_fixture("activations", |fixture| {
        fixture.compare("code", &case.forward(network.encoder(), 5));
        fixture.compare("output", &case.forward(network.layers(), 12));
        for reconstruction in [
            Reconstruction::mse(),
            Reconstruction::l1(),
            Reconstruction::huber(0.5),
            Reconstruction::binary_cross_entropy(),
        ] {
            let name = reconstruction.name();
            let mut stepper = case.stepper(&reconstruction, adam(1e-3, 0.0));
            let (loss, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            fixture.compare(&format!("{name}/loss"), &[loss.total]);
            for tensor in network.tensors() {
                let found: Vec<f64> = gradient[tensor.range.clone()]
                    .iter()
                    .map(|&g| f64::from(g))
                    .collect();
                fixture.compare(&format!("{name}/grad/{}", tensor.name), &found);
            }
        }
    });
}

#[test]
fn every_optimizer() {
    let case = every_activation();
    let network = case.network();
    let sgd = |weight_decay| OptimizerSpec::Sgd {
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay,
    };
    let adamw = OptimizerSpec::AdamW {
        learning_rate: 1e-2,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
    };
    with_fixture("activations", |fixture| {
        for (name, optimizer) in [
            ("adam", adam(1e-2, 0.0)),
            ("adam-weight-decay", adam(1e-2, 0.01)),
            ("adamw", adamw),
            ("sgd", sgd(0.0)),
            ("sgd-weight-decay", sgd(0.01)),
        ] {
            let (losses, last) = case.train(optimizer);
            fixture.compare(&format!("{name}/loss"), &losses);
            for tensor in network.tensors() {
                let found: Vec<f64> = last[tensor.range.clone()]
                    .iter()
                    .map(|&p| f64::from(p))
                    .collect();
                fixture.compare(&format!("{name}/final/{}", tensor.name), &found);
            }
        }
    });
}

#[test]
fn contractive_penalties() {
    let dense = |outputs| layer::dense(outputs);
    let f = activation;
    let encoder = vec![
        dense(10),
        f(Activation::Silu),
        dense(9),
        f(Activation::Tanh),
        dense(7),
        f(Activation::Softplus),
        dense(5),
        f(Activation::Sigmoid),
    ];
    let decoder = vec![dense(12), f(Activation::Sigmoid)];
    let mut case = Case::new(encoder, decoder, &[12], 6);
    let network = case.network();
    with_fixture("contractive", |fixture| {
        for (kind, weight) in [
            (PenaltyKind::jacobian(), 0.3),
            (PenaltyKind::summed(), 0.05),
        ] {
            let name = kind.name();
            case.penalties = vec![kind.weighted(weight)];
            let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
            let (losses, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            fixture.compare(&format!("{name}/value"), &losses.columns);
            for tensor in network.tensors() {
                let found: Vec<f64> = gradient[tensor.range.clone()]
                    .iter()
                    .map(|&g| f64::from(g))
                    .collect();
                fixture.compare(&format!("{name}/grad/{}", tensor.name), &found);
            }
            let (losses, _) = case.train(adam(1e-2, 0.0));
            fixture.compare(&format!("{name}/loss"), &losses);
        }
    });
}

/// Penalties where the code's activation stops probes, behind convolutions, and with random probes, which PyTorch is given
/// from the same generator.
#[test]
fn penalties_of_every_kind_of_encoder() {
    let dense = |outputs| format!("{{ layer = \"dense\", outputs = {outputs} }}");
    let smooth = format!(
        "{}, {{ layer = \"silu\" }}, {}, {{ layer = \"tanh\" }}, {}, {{ layer = \"softplus\" }}, {}, {{ layer = \"sigmoid\" }}",
        dense(10),
        dense(9),
        dense(7),
        dense(5)
    );
    let relu = format!(
        "{}, {{ layer = \"relu\" }}, {}, {{ layer = \"relu\" }}",
        dense(10),
        dense(6)
    );
    let convolutions = r#"
        { layer = "conv2d", channels = 4, kernel = 3, stride = 2, padding = 1 }, { layer = "silu" },
        { layer = "conv2d", channels = 3, kernel = [3, 2], stride = [1, 2], padding = [1, 0] }, { layer = "tanh" },
    "#;
    with_fixture("penalties", |fixture| {
        for (kind, encoder, shape) in [
            ("smooth", &*smooth, &[12][..]),
            ("relu", &relu, &[12]),
            ("convolutions", convolutions, &[2, 7, 6]),
        ] {
            let text = format!(
                "name = \"test\"\nencoder = [{encoder}]\ndecoder = [{}, {{ layer = \"sigmoid\" }}]",
                dense(shape.iter().product::<usize>())
            );
            let recipe = narrows::Recipe::parse(&text, "test").unwrap();
            let mut case = Case::new(recipe.encoder, recipe.decoder, shape, 6);
            for (penalty, weight) in [
                (PenaltyKind::jacobian(), 0.3),
                (PenaltyKind::summed(), 0.05),
                (PenaltyKind::hutchinson(3), 0.3),
            ] {
                case.penalties = vec![penalty.clone().weighted(weight)];
                let name = format!("{kind}/{}", penalty.name());
                let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
                let (losses, gradient) =
                    stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
                fixture.compare(&format!("{name}/value"), &losses.columns);
                for tensor in case.network().tensors() {
                    let found = wide(&gradient[tensor.range.clone()]);
                    fixture.compare(&format!("{name}/grad/{}", tensor.name), &found);
                }
            }
        }
    });
}

/// Convolutions and transposed convolutions of every option, between dense layers.
#[test]
fn convolutions() {
    let text = r#"
        name = "convolutions"
        encoder = [
          { layer = "conv2d", channels = 5, kernel = 3, stride = 2, padding = 1 }, { layer = "silu" },
          { layer = "conv2d", channels = 6, kernel = [3, 2], stride = [1, 2], padding = [1, 0], bias = false },
          { layer = "flatten" }, { layer = "dense", outputs = 7 },
        ]
        decoder = [
          { layer = "dense", outputs = 18 }, { layer = "reshape", shape = [3, 3, 2] }, { layer = "tanh" },
          { layer = "conv-transpose2d", channels = 5, kernel = 2, stride = 2 }, { layer = "gelu" },
          { layer = "conv-transpose2d", channels = 4, kernel = [3, 4], stride = [1, 3], padding = [0, 3],
            output_padding = [0, 1], bias = false }, { layer = "silu" },
          { layer = "conv2d", channels = 2, kernel = [2, 3], padding = 1 }, { layer = "sigmoid" },
        ]
    "#;
    let recipe = narrows::Recipe::parse(text, "test").unwrap();
    let case = Case::new(recipe.encoder, recipe.decoder, &[2, 9, 8], 6);
    let network = case.network();
    let wide = |numbers: &[f32]| -> Vec<f64> { numbers.iter().map(|&x| f64::from(x)).collect() };
    with_fixture("convolutions", |fixture| {
        fixture.compare("code", &case.forward(network.encoder(), 7));
        fixture.compare("output", &case.forward(network.layers(), 144));
        let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
        let (_, gradient) = stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
        let (losses, last) = case.train(adam(1e-2, 0.0));
        fixture.compare("loss", &losses);
        for tensor in network.tensors() {
            let (name, range) = (&tensor.name, tensor.range.clone());
            fixture.compare(&format!("grad/{name}"), &wide(&gradient[range.clone()]));
            fixture.compare(&format!("final/{name}"), &wide(&last[range]));
        }
    });
}

/// Layers that normalize and drop, and weights that two layers share, on which decay acts once.
#[test]
fn layers_of_rows() {
    let networks: [(&str, &[usize], usize, &str, &str); 5] = [
        (
            "normalized",
            &[12],
            7,
            "{ layer = 'dense', outputs = 10 }, { layer = 'layer-norm' }, { layer = 'silu' },
             { layer = 'dense', outputs = 7 }, { layer = 'layer-norm', epsilon = 0.01 }",
            "{ layer = 'layer-norm' }, { layer = 'dense', outputs = 9 }, { layer = 'tanh' },
             { layer = 'dense' }, { layer = 'layer-norm' }",
        ),
        (
            "images",
            &[2, 7, 6],
            7,
            "{ layer = 'conv2d', channels = 4, kernel = 3, stride = 2, padding = 1 },
             { layer = 'layer-norm' }, { layer = 'silu' }, { layer = 'dense', outputs = 7 }",
            "{ layer = 'dense' }, { layer = 'layer-norm' }",
        ),
        (
            "dropped",
            &[12],
            5,
            "{ layer = 'dense', outputs = 70 }, { layer = 'tanh' }, { layer = 'dropout', fraction = 0.2 },
             { layer = 'dense', outputs = 5 }",
            "{ layer = 'dropout', fraction = 0.1 }, { layer = 'dense', outputs = 9 }, { layer = 'silu' },
             { layer = 'dropout', fraction = 0.5 }, { layer = 'dense' }",
        ),
        (
            "tied",
            &[12],
            5,
            "{ layer = 'dense', outputs = 10 }, { layer = 'silu' }, { layer = 'dense', outputs = 5 }",
            "{ layer = 'dense', tied = 'encoder[2]' }, { layer = 'tanh' },
             { layer = 'dense', tied = 'encoder[0]' }",
        ),
        (
            "all",
            &[12],
            5,
            "{ layer = 'dense', outputs = 10 }, { layer = 'layer-norm' }, { layer = 'silu' },
             { layer = 'dropout', fraction = 0.25 }, { layer = 'dense', outputs = 5 }",
            "{ layer = 'dense', tied = 'encoder[4]', bias = false }, { layer = 'dropout', fraction = 0.25 },
             { layer = 'layer-norm' }, { layer = 'tanh' }, { layer = 'dense', tied = 'encoder[0]' }",
        ),
    ];
    with_fixture("layers", |fixture| {
        for (kind, shape, code, encoder, decoder) in networks {
            let text = format!(
                "name = \"test\"\nencoder = [{encoder}]\ndecoder = [{decoder}, {{ layer = \"sigmoid\" }}]"
            );
            let recipe = narrows::Recipe::parse(&text, "test").unwrap();
            let case = Case::new(recipe.encoder, recipe.decoder, shape, 6);
            let network = case.network();
            let name = |of: &str| format!("{kind}/{of}");
            fixture.compare(&name("code"), &case.forward(network.encoder(), code));
            let width = shape.iter().product();
            fixture.compare(&name("output"), &case.forward(network.layers(), width));
            let optimizer = adam(1e-2, 0.01);
            let mut stepper = case.stepper(&Reconstruction::mse(), optimizer);
            let (_, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            let (losses, last) = case.train(optimizer);
            fixture.compare(&name("loss"), &losses);
            for tensor in network.tensors() {
                let range = tensor.range.clone();
                let grad = name(&format!("grad/{}", tensor.name));
                fixture.compare(&grad, &wide(&gradient[range.clone()]));
                let end = name(&format!("final/{}", tensor.name));
                fixture.compare(&end, &wide(&last[range]));
            }
        }
    });
}

/// A bottleneck and penalties on the code, alone and together.
#[test]
fn codes() {
    let dense = |outputs| layer::dense(outputs);
    let f = activation;
    let top_k = Bottleneck::top_k;
    let (l1, kl) = (
        PenaltyKind::l1().weighted(0.02),
        PenaltyKind::kl_sparsity(0.2).weighted(0.05),
    );
    let networks: [(&str, Vec<LayerSpec>, Bottleneck, Vec<Penalty>); 4] = [
        ("top-k", vec![dense(20)], top_k(4), vec![]),
        (
            "l1",
            vec![dense(10), f(Activation::Silu), dense(7)],
            Bottleneck::plain(),
            vec![l1.clone()],
        ),
        (
            "kl-sparsity",
            vec![dense(10), f(Activation::Sigmoid)],
            Bottleneck::plain(),
            vec![kl.clone()],
        ),
        (
            "all",
            vec![dense(9), f(Activation::Sigmoid)],
            top_k(8),
            vec![l1, kl],
        ),
    ];
    with_fixture("codes", |fixture| {
        for (kind, encoder, bottleneck, penalties) in networks.clone() {
            let decoder = vec![dense(12), f(Activation::Sigmoid)];
            let mut case = Case::new(encoder, decoder, &[12], 6);
            (case.bottleneck, case.penalties) = (bottleneck, penalties);
            let network = case.network();
            let name = |of: &str| format!("{kind}/{of}");
            let code = case.forward(network.encoder(), network.code_size());
            fixture.compare(&name("code"), &code);
            fixture.compare(&name("output"), &case.forward(network.layers(), 12));
            let optimizer = adam(1e-2, 0.0);
            let mut stepper = case.stepper(&Reconstruction::mse(), optimizer);
            let (losses, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            if !losses.columns.is_empty() {
                fixture.compare(&name("values"), &losses.columns);
            }
            let gradient = gradient.to_vec();
            let (losses, last) = case.train(optimizer);
            fixture.compare(&name("loss"), &losses);
            for tensor in network.tensors() {
                let range = tensor.range.clone();
                let grad = name(&format!("grad/{}", tensor.name));
                fixture.compare(&grad, &wide(&gradient[range.clone()]));
                let end = name(&format!("final/{}", tensor.name));
                fixture.compare(&end, &wide(&last[range]));
            }
        }
    });
}

/// Batch normalization: gradients through the statistics of the batch, the course of training, running statistics, and
/// what a model makes of rows with them.
#[test]
fn batch_norm() {
    let text = r#"
        name = "batch-norm"
        encoder = [
          { layer = "conv2d", channels = 5, kernel = 3, stride = 2, padding = 1, bias = false },
          { layer = "batch-norm" }, { layer = "silu" },
          { layer = "dense", outputs = 19, bias = false }, { layer = "batch-norm", momentum = 0.3 }, { layer = "tanh" },
          { layer = "dense", outputs = 4 },
        ]
        decoder = [
          { layer = "dense", outputs = 11 }, { layer = "silu" }, { layer = "batch-norm", epsilon = 1e-3 },
          { layer = "dense", outputs = 84 }, { layer = "sigmoid" },
        ]
    "#;
    let recipe = narrows::Recipe::parse(text, "test").unwrap();
    let case = Case::new(recipe.encoder, recipe.decoder, &[2, 7, 6], 9);
    let network = case.network();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 0.0,
    };
    with_fixture("batch-norm", |fixture| {
        let mut stepper = case.stepper(&Reconstruction::mse(), sgd);
        let (_, gradient) = stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
        let losses: Vec<f64> = (0..20)
            .map(|step| {
                let rows = case.rows(step);
                stepper.step(&case.data, &case.scaling, 0, &rows, 1.0).total
            })
            .collect();
        fixture.compare("loss", &losses);
        let parameters = stepper.parameters();
        for tensor in network.tensors() {
            let (name, range) = (&tensor.name, tensor.range.clone());
            fixture.compare(&format!("grad/{name}"), &wide(&gradient[range.clone()]));
            fixture.compare(&format!("final/{name}"), &wide(&parameters.flat()[range]));
        }
        for state in network.states() {
            let numbers = &parameters.states()[state.range.clone()];
            let found = match state.kind {
                StateKind::Count => numbers.iter().map(|x| f64::from(x.to_bits())).collect(),
                StateKind::Number | StateKind::NotNegative => wide(numbers),
            };
            fixture.compare(&format!("state/{}", state.name), &found);
        }
        let parameters = parameters.clone();
        let run = |layers, width| case.forward_with(parameters.clone(), layers, width);
        fixture.compare("code", &run(network.encoder(), 4));
        fixture.compare("output", &run(network.layers(), 84));
    });
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&x| f64::from(x)).collect()
}

/// A small smooth network, for what stands between the gradient and the step.
fn smooth() -> Case {
    let dense = |outputs| layer::dense(outputs);
    let f = activation;
    let encoder = vec![dense(10), f(Activation::Silu), dense(5)];
    let decoder = vec![
        dense(10),
        f(Activation::Tanh),
        dense(12),
        f(Activation::Sigmoid),
    ];
    Case::new(encoder, decoder, &[12], 6)
}

#[test]
fn clipping() {
    let mut case = smooth();
    case.clip_norm = 0.035;
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 1.0,
        momentum: 0.9,
        weight_decay: 0.0,
    };
    with_fixture("training", |fixture| {
        for (name, optimizer) in [("clip-adam", adam(1e-2, 0.01)), ("clip-sgd", sgd)] {
            let mut stepper = case.stepper(&Reconstruction::mse(), optimizer);
            let (mut norms, mut losses) = (Vec::new(), Vec::new());
            for step in 0..20 {
                let rows = case.rows(step);
                let (loss, gradient) =
                    stepper.loss_and_gradient(&case.data, &case.scaling, 0, &rows);
                norms.push(wide(&gradient).iter().map(|g| g * g).sum::<f64>().sqrt());
                let same = stepper.step(&case.data, &case.scaling, 0, &rows, 1.0).total;
                assert_eq!(loss.total, same);
                losses.push(same);
            }
            fixture.compare(&format!("{name}/norm"), &norms);
            fixture.compare(&format!("{name}/loss"), &losses);
            let last = stepper.parameters().flat();
            for tensor in case.network().tensors() {
                let found = wide(&last[tensor.range.clone()]);
                fixture.compare(&format!("{name}/final/{}", tensor.name), &found);
            }
        }
    });
}

#[test]
fn accumulation() {
    let mut case = smooth();
    case.accumulation = 4;
    with_fixture("training", |fixture| {
        let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
        let step = |k: u32| {
            // The last of the four batches has five rows.
            let rows: Vec<u32> = (k * 23..(k + 1) * 23).collect();
            stepper.step(&case.data, &case.scaling, 0, &rows, 1.0).total
        };
        let losses: Vec<f64> = (0..5).map(step).collect();
        fixture.compare("accumulated/loss", &losses);
        let last = stepper.parameters().flat();
        for tensor in case.network().tensors() {
            let found = wide(&last[tensor.range.clone()]);
            fixture.compare(&format!("accumulated/final/{}", tensor.name), &found);
        }
    });
}

#[test]
fn schedules() {
    const RATE: f64 = 0.1;
    let cosine = |warmup, final_factor| ScheduleSpec::Cosine {
        warmup,
        final_factor,
    };
    with_fixture("training", |fixture| {
        for (name, schedule) in [
            ("cosine", cosine(0.0, 0.0)),
            ("cosine-warmup", cosine(1.5, 0.05)),
            (
                "step",
                ScheduleSpec::Step {
                    every: 2,
                    factor: 0.3,
                },
            ),
        ] {
            let expected = fixture.get(&format!("schedule/{name}"));
            assert_eq!(expected.len(), 48);
            for (step, expected) in expected.into_iter().enumerate() {
                let rate = RATE * schedule.factor(step as u64, 8, 6, &Plateau::default());
                assert!(
                    (rate - expected).abs() < 1e-12,
                    "{name}, step {step}: {rate}, and PyTorch {expected}"
                );
            }
        }
        let schedule = ScheduleSpec::Plateau {
            patience: 2,
            factor: 0.3,
            minimum_factor: 0.05,
        };
        let mut plateau = Plateau::default();
        let losses = fixture.get("schedule/plateau/loss");
        let rates = fixture.get("schedule/plateau");
        for (epoch, (&loss, expected)) in losses.iter().zip(rates).enumerate() {
            plateau.watch(&schedule, loss);
            let rate = RATE * plateau.factor;
            assert!(
                (rate - expected).abs() < 1e-12,
                "epoch {epoch}: {rate}, and PyTorch {expected}"
            );
        }
    });
}
