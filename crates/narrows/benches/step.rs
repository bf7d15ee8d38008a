//! Training steps of several networks, compared with this machine's float32 multiply-add rate, which is measured in the
//! same run: `cargo bench -p narrows --bench step`.
//!
//! With `--profile` it shows the cost of the profile itself: it runs steps with and without it, in turn.
//!
//! With `--list` it prints the networks' names, for `benches/compare/run`.
//!
//! With `--json NAME STEPS SEED` it trains one of them twice for this number of steps on MNIST, and prints one JSON
//! object for `benches/peers/run`.

use narrows::bottleneck::Bottleneck;
use narrows::corruption::Corruption;
use narrows::data::{Dataset, Source, Values};
use narrows::layer::{self, Activation, Initialization, LayerSpec, activation};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, PenaltyKind, Reconstruction};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::rng::{Draws, Purpose};
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::threads::available_threads;
use narrows::train::{Setting, Stepper};
use narrows_kernels::Isa;
use narrows_kernels::conv::Geometry;
use narrows_kernels::peak::multiply_adds;
use narrows_kernels::reference::convolution_work;
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;
use std::hint::black_box;
use std::time::{Duration, Instant};

const IMAGE: [usize; 3] = [1, 28, 28];
const INPUTS: usize = 784;

/// The multiply-adds of each layer for one row, the first layer first.
type Work = Vec<usize>;

/// What a step trains.
struct Configuration {
    name: &'static str,
    batch: usize,
    encoder: Vec<LayerSpec>,
    decoder: Vec<LayerSpec>,
    corruption: Option<Corruption>,
    bottleneck: Bottleneck,
    reconstruction: Reconstruction,
    penalty: Option<PenaltyKind>,
    work: Work,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().position(|argument| argument == "--json") {
        Some(place) => print_json(&arguments[place + 1..]),
        None if arguments.iter().any(|argument| argument == "--profile") => print_profile_cost(),
        None if arguments.iter().any(|argument| argument == "--list") => {
            for configuration in configurations() {
                println!("{}", configuration.key());
            }
        }
        None => print_table(),
    }
}

fn print_table() {
    let threads = available_threads().min(2);
    println!("{threads} threads, {}", Isa::best().name());
    println!(
        "{:<28}{:>7}{:>14}{:>10}{:>12}{:>9}",
        "network", "batch", "ns per step", "GFLOP/s", "FMA GFLOP/s", "of rate"
    );
    for configuration in configurations() {
        let (ns, rate) = step_time(&configuration, threads);
        let of_rate = match configuration.operations() {
            Some(operations) => {
                let done = operations / ns;
                format!("{done:>10.0}{rate:>12.0}{:>8.0}%", 100.0 * done / rate)
            }
            None => format!("{:>10}{rate:>12.0}{:>9}", "-", "-"),
        };
        println!(
            "{:<28}{:>7}{ns:>14.0}{of_rate}",
            configuration.name, configuration.batch
        );
    }
    println!(
        "The arithmetic is that of the layers as they are written: folded linear layers need less."
    );
}

/// Trains on MNIST; the loss is that of the last fifth of the first so many steps, the time that of the
/// second.
fn print_json(arguments: &[String]) {
    let [name, steps, seed] = arguments else {
        panic!("--json NAME STEPS SEED")
    };
    let steps: usize = steps.parse().expect("a number of steps");
    let seed: u64 = seed.parse().expect("a seed");
    let configuration = configurations()
        .into_iter()
        .find(|configuration| configuration.key() == *name)
        .unwrap_or_else(|| panic!("no configuration `{name}`"));
    let threads = available_threads();
    let data = Source::open("mnist").expect("built in").train;
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).expect("8-bit data");
    let mut stepper = configuration.stepper(seed, threads);
    let draws = Draws::new(seed, Purpose::Shuffle);
    let mut order = Vec::new();
    let mut losses = Vec::new();
    let mut ns_per_step = 0.0;
    let mut epoch = 0;
    for _ in 0..2 {
        let start = Instant::now();
        let mut done = 0;
        while done < steps {
            draws.permute(epoch, data.rows(), &mut order);
            for rows in order.chunks_exact(configuration.batch).take(steps - done) {
                losses.push(stepper.step(&data, &scaling, epoch, rows, 1.0).total);
                done += 1;
            }
            epoch += 1;
        }
        ns_per_step = start.elapsed().as_nanos() as f64 / steps as f64;
    }
    let last = &losses[steps - steps / 5..steps];
    // In nats the loss is a sum over the values; the peers have the mean.
    let values = if configuration.objective().is_in_nats() {
        INPUTS
    } else {
        1
    };
    let record = serde_json::json!({
        "ns_per_step": ns_per_step,
        "loss": last.iter().sum::<f64>() / (last.len() * values) as f64,
        "operations": configuration.operations(),
        "rate": multiply_add_rate(threads),
    });
    println!("{record}");
}

impl Configuration {
    /// Its name and batch in one word.
    fn key(&self) -> String {
        let name = self.name.to_lowercase().replace('`', "").replace(' ', "-");
        format!("{name}-{}", self.batch)
    }

    /// The floating-point operations of a step: forward, gradient by the weights, and gradient by the input
    /// but for the first layer's. How much the exact Jacobian needs depends on how many probes the code
    /// stops, and is not counted.
    fn operations(&self) -> Option<f64> {
        let probes = match &self.penalty {
            None => 0,
            // The probe's way back, forth, and its gradient.
            Some(kind) if kind.name() == "summed" => 3 * (784 * 256 + 256 * 64),
            Some(_) => return None,
        };
        let work = 3 * self.work.iter().sum::<usize>() - self.work[0] + probes;
        Some(2.0 * self.batch as f64 * work as f64)
    }

    fn objective(&self) -> Objective {
        Objective::new(&self.reconstruction, &self.bottleneck, &self.decoder)
            .expect("a sound objective")
    }

    fn stepper(&self, seed: u64, threads: usize) -> Stepper {
        let Configuration {
            encoder,
            bottleneck,
            decoder,
            ..
        } = self;
        let network = Network::with_bottleneck(encoder, bottleneck, decoder, &IMAGE, Vec::new());
        let network = network.expect("a sound network");
        let adam = OptimizerSpec::Adam {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        };
        let penalty = self.penalty.clone();
        let penalties = penalty.map(|kind| kind.weighted(1e-4));
        let setting = Setting {
            parameters: Parameters::initial(&network, Initialization::Pytorch, seed),
            optimizer: Optimizer::new(adam, &network),
            network,
            corruption: self.corruption.clone(),
            objective: self.objective(),
            penalties: penalties.into_iter().collect(),
            seed,
            binarize: false,
            clip_norm: 0.0,
            accumulation: 1,
        };
        Stepper::new(setting, self.batch, threads).expect("a setting that fits")
    }
}

fn configurations() -> Vec<Configuration> {
    let (relu, silu) = (Some(Activation::Relu), Some(Activation::Silu));
    let dense = |name, batch, codes: &[usize], activation, penalty: Option<PenaltyKind>| {
        let (encoder, decoder) = mirrored(codes, activation, penalty.is_some());
        Configuration {
            name,
            batch,
            work: dense_work(codes),
            encoder,
            decoder,
            corruption: None,
            bottleneck: Bottleneck::plain(),
            reconstruction: Reconstruction::mse(),
            penalty,
        }
    };
    let simple = [128, 64, 32, 16, 8];
    let hinton = [1000, 500, 250, 30];
    let contractive = |name, penalty| dense(name, 64, &[256, 64], relu, Some(penalty));
    vec![
        dense("simple linear", 64, &simple, None, None),
        dense("simple linear", 1024, &simple, None, None),
        dense("deep linear", 64, &[512, 256, 128, 64, 16, 3], None, None),
        dense("784-1000-500-250-30 ReLU", 64, &hinton, relu, None),
        dense("784-1000-500-250-30 ReLU", 512, &hinton, relu, None),
        dense("784-1000-500-250-30 SiLU", 256, &hinton, silu, None),
        contractive("contractive `summed`", PenaltyKind::summed()),
        contractive("contractive `jacobian`", PenaltyKind::jacobian()),
        denoising(32),
        denoising(256),
        variational(),
    ]
}

/// The network of the recipe `vae`.
fn variational() -> Configuration {
    let (mut encoder, decoder) = mirrored(&[400, 20], Some(Activation::Relu), false);
    // Means and log variances.
    if let Some(last) = encoder.last_mut() {
        *last = layer::dense(40);
    }
    Configuration {
        name: "vae",
        batch: 128,
        encoder,
        decoder,
        corruption: None,
        bottleneck: Bottleneck::variational(1.0),
        reconstruction: Reconstruction::binary_cross_entropy(),
        penalty: None,
        work: vec![INPUTS * 400, 400 * 40, 20 * 400, 400 * INPUTS],
    }
}

/// An encoder, and a decoder of the same widths backwards that ends in a sigmoid. The code is linear, but
/// for a contractive penalty's.
fn mirrored(
    codes: &[usize],
    function: Option<Activation>,
    has_penalty: bool,
) -> (Vec<LayerSpec>, Vec<LayerSpec>) {
    let layer = |outputs: Option<usize>| layer::dense(outputs);
    let function = function.map(activation);
    let stack = |widths: &mut dyn Iterator<Item = &usize>| {
        let mut layers = Vec::new();
        for &outputs in widths {
            layers.push(layer(Some(outputs)));
            layers.extend(function.clone());
        }
        layers
    };
    let mut encoder = stack(&mut codes.iter());
    if function.is_some() && !has_penalty {
        encoder.pop();
    }
    let mut decoder = stack(&mut codes.iter().rev().skip(1));
    decoder.push(layer(None));
    decoder.push(activation(Activation::Sigmoid));
    (encoder, decoder)
}

fn dense_work(codes: &[usize]) -> Work {
    let widths = [&[INPUTS], codes].concat();
    let encoder: Work = widths.windows(2).map(|pair| pair[0] * pair[1]).collect();
    let decoder = encoder.iter().rev().copied();
    encoder.iter().copied().chain(decoder).collect()
}

fn denoising(batch: usize) -> Configuration {
    let conv = |channels: usize| {
        layer::conv2d(channels, [3, 3])
            .with("stride", 2)
            .and_then(|layer| layer.with("padding", 1))
            .expect("a sound layer")
    };
    let transposed = |channels: Option<usize>| {
        layer::conv_transpose2d(channels, [2, 2])
            .with("stride", 2)
            .expect("a sound layer")
    };
    let work = |input, output, kernel, padding| {
        convolution_work(&Geometry {
            input,
            output,
            kernel: [kernel; 2],
            stride: [2, 2],
            padding: [padding; 2],
        })
    };
    let relu = || activation(Activation::Relu);
    let sigmoid = activation(Activation::Sigmoid);
    let (large, middle, small) = ([1, 28, 28], [16, 14, 14], [32, 7, 7]);
    Configuration {
        name: "conv denoising",
        batch,
        encoder: vec![conv(16), relu(), conv(32), relu()],
        decoder: vec![transposed(Some(16)), relu(), transposed(None), sigmoid],
        corruption: Some(Corruption::gaussian(0.8)),
        bottleneck: Bottleneck::plain(),
        reconstruction: Reconstruction::mse(),
        penalty: None,
        work: vec![
            work(large, middle, 3, 1),
            work(middle, small, 3, 1),
            work(middle, small, 2, 0),
            work(large, middle, 2, 0),
        ],
    }
}

/// The median time of a step on noise, in nanoseconds, and the machine's rate of multiply-adds in the same
/// seconds, in operations a nanosecond.
fn step_time(configuration: &Configuration, threads: usize) -> (f64, f64) {
    let stepper = configuration.stepper(0, threads);
    let mut machine = Machine::new(threads);
    let mut rates = Vec::new();
    let [time] = step_times([stepper], configuration.batch, || {
        rates.push(machine.rate())
    });
    (time, median(&mut rates) * 1e-9)
}

/// Prints the median time of a step without and with a profile.
fn print_profile_cost() {
    println!(
        "{:<28}{:>7}{:>14}{:>14}{:>9}",
        "network", "batch", "ns per step", "with profile", "more"
    );
    for configuration in configurations() {
        let mut steppers = [(); 2].map(|()| configuration.stepper(0, available_threads()));
        steppers[1].start_profile();
        let [without, with] = step_times(steppers, configuration.batch, || ());
        println!(
            "{:<28}{:>7}{without:>14.0}{with:>14.0}{:>8.1}%",
            configuration.name,
            configuration.batch,
            100.0 * (with / without - 1.0)
        );
    }
}

/// The median time of a step on noise of each of the steppers, in nanoseconds; they take turns, with
/// `between` after each round of them.
fn step_times<const N: usize>(
    mut steppers: [Stepper; N],
    batch: usize,
    mut between: impl FnMut(),
) -> [f64; N] {
    /// The time of a turn: its first step finds the other's data in the cache, and is not counted.
    const TURN: Duration = Duration::from_millis(50);
    let rows = 4096;
    let pixels = (0..rows * INPUTS)
        .map(|i| ((i * 2_654_435_761) >> 7) as u8)
        .collect();
    let pixels = ndarray::Array2::from_shape_vec((rows, INPUTS), pixels).expect("the right number");
    let data = Dataset::new("noise", Values::U8(pixels), IMAGE.to_vec(), None).expect("sound data");
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).expect("8-bit data");
    let order: Vec<u32> = (0..rows as u32).map(|i| i * 1_597 % rows as u32).collect();
    let mut times = [(); N].map(|()| Vec::new());
    let begin = Instant::now();
    let mut batches = order.chunks_exact(batch).cycle();
    while begin.elapsed() < Duration::from_secs(4 * N as u64) {
        for (stepper, times) in steppers.iter_mut().zip(&mut times) {
            let turn = Instant::now();
            for (index, batch) in batches.by_ref().enumerate() {
                let start = Instant::now();
                black_box(stepper.step(&data, &scaling, 0, batch, 1.0));
                if index > 0 {
                    times.push(start.elapsed().as_nanos() as f64);
                }
                if index > 1 && turn.elapsed() > TURN {
                    break;
                }
            }
        }
        between();
    }
    times.map(|mut times| median(&mut times))
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// All threads at work in registers alone.
struct Machine {
    team: Team,
    operations: Vec<f64>,
    bounds: Bounds,
}

impl Machine {
    fn new(threads: usize) -> Machine {
        Machine {
            team: Team::new(threads),
            operations: vec![0.0; threads],
            bounds: Bounds::even(threads, threads),
        }
    }

    /// Their floating-point operations a second, over a few milliseconds.
    fn rate(&mut self) -> f64 {
        // A first time for the threads to awake.
        self.run(200_000);
        let start = Instant::now();
        self.run(1_000_000);
        self.operations.iter().sum::<f64>() / start.elapsed().as_secs_f64()
    }

    fn run(&mut self, rounds: usize) {
        self.team.run(
            &mut vec![(); self.operations.len()],
            Parts::new(&mut self.operations, &self.bounds),
            |_, _, part| part.fill(black_box(multiply_adds(Isa::best(), rounds)).0),
        );
    }
}

/// Floating-point operations a second in registers alone, on all threads together.
fn multiply_add_rate(threads: usize) -> f64 {
    let mut machine = Machine::new(threads);
    let mut rates: Vec<f64> = (0..50).map(|_| machine.rate()).collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() * 9 / 10]
}
