//! One training step at the sizes of the classic study, against this machine's float32
//! multiply-add rate, measured in the same run: `cargo bench -p narrows`.

use narrows::data::scaling::{Scaling, ScalingSpec};
use narrows::data::{Dataset, Values};
use narrows::layer::{Activation, LayerSpec};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Reconstruction, Term, TermKind};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::train::{Setting, Stepper, available_threads};
use narrows_kernels::Isa;
use narrows_kernels::peak::multiply_adds;
use narrows_kernels::split::{Bounds, Parts};
use narrows_kernels::team::Team;
use std::hint::black_box;
use std::time::{Duration, Instant};

const INPUTS: usize = 784;

fn main() {
    let threads = available_threads().min(2);
    let peak = multiply_add_rate(threads);
    println!(
        "{} threads, {}: {:.0} GFLOP/s of float32 multiply-add",
        threads,
        Isa::best().name(),
        peak / 1e9
    );
    println!(
        "{:<28}{:>7}{:>14}{:>10}{:>9}",
        "network", "batch", "ns per step", "GFLOP/s", "of rate"
    );
    let mirrored = |codes: &[usize], activation: Option<Activation>| {
        let mut encoder = Vec::new();
        for &outputs in codes {
            encoder.push(LayerSpec::Dense {
                outputs: Some(outputs),
                bias: true,
            });
            encoder.extend(activation.map(LayerSpec::Activation));
        }
        if activation.is_some() {
            // The code itself is linear.
            encoder.pop();
        }
        let mut decoder = Vec::new();
        for &outputs in codes.iter().rev().skip(1) {
            decoder.push(LayerSpec::Dense {
                outputs: Some(outputs),
                bias: true,
            });
            decoder.extend(activation.map(LayerSpec::Activation));
        }
        decoder.push(LayerSpec::Dense {
            outputs: None,
            bias: true,
        });
        decoder.push(LayerSpec::Activation(Activation::Sigmoid));
        (encoder, decoder)
    };
    let simple = mirrored(&[128, 64, 32, 16, 8], None);
    let deep = mirrored(&[512, 256, 128, 64, 16, 3], None);
    let hinton = mirrored(&[1000, 500, 250, 30], Some(Activation::Relu));
    let mut contractive = mirrored(&[256, 64], Some(Activation::Relu));
    contractive.0.push(LayerSpec::Activation(Activation::Relu));
    for (name, (encoder, decoder), batch, kind) in [
        ("simple linear", &simple, 64, None),
        ("simple linear", &simple, 1024, None),
        ("deep linear", &deep, 64, None),
        ("784-1000-500-250-30 ReLU", &hinton, 64, None),
        ("784-1000-500-250-30 ReLU", &hinton, 512, None),
        (
            "contractive `summed`",
            &contractive,
            64,
            Some(TermKind::Summed),
        ),
        (
            "contractive `jacobian`",
            &contractive,
            64,
            Some(TermKind::Jacobian),
        ),
    ] {
        let network = Network::new(encoder, decoder, &[1, 28, 28]).expect("a sound network");
        let weights: usize = network
            .tensors()
            .iter()
            .filter(|tensor| tensor.shape.len() > 1)
            .map(|tensor| tensor.range.len())
            .sum();
        let first = network.tensors()[0].range.len();
        // Forward, gradient by the weights, gradient by the input but for the first layer's.
        let mut work = 2.0 * batch as f64 * (3 * weights - first) as f64;
        // The probe's way back, forth, and its gradient. How much the exact Jacobian needs depends on how
        // many probes the code stops, and is not counted.
        work *= match kind {
            Some(TermKind::Jacobian) => f64::NAN,
            _ => 1.0,
        };
        if kind == Some(TermKind::Summed) {
            work += 2.0 * batch as f64 * 3.0 * (784.0 * 256.0 + 256.0 * 64.0);
        }
        let terms = kind.map(|kind| Term { kind, weight: 1e-4 });
        let terms: Vec<Term> = terms.into_iter().collect();
        let ns = step_time(network, decoder, terms, batch, threads);
        println!(
            "{name:<28}{batch:>7}{:>14.0}{:>10.0}{:>8.0}%",
            ns,
            work / ns,
            100.0 * work / (ns * 1e-9) / peak
        );
    }
}

/// The median time of a step, in nanoseconds.
fn step_time(
    network: Network,
    decoder: &[LayerSpec],
    terms: Vec<Term>,
    batch: usize,
    threads: usize,
) -> f64 {
    let rows = 4096;
    let pixels = (0..rows * INPUTS)
        .map(|i| ((i * 2_654_435_761) >> 7) as u8)
        .collect();
    let pixels = ndarray::Array2::from_shape_vec((rows, INPUTS), pixels).expect("the right number");
    let data =
        Dataset::new("noise", Values::U8(pixels), vec![1, 28, 28], None).expect("sound data");
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).expect("8-bit data");
    let parameters = Parameters::initial(&network, narrows::layer::Initialization::Pytorch, 0);
    let objective = Objective::new(Reconstruction::Mse, decoder).expect("a sound objective");
    let adam = OptimizerSpec::Adam {
        learning_rate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.0,
    };
    let optimizer = Optimizer::new(adam, &network);
    let setting = Setting {
        network,
        parameters,
        corruption: None,
        objective,
        terms,
        optimizer,
        seed: 0,
    };
    let mut stepper = Stepper::new(setting, batch, threads);
    let order: Vec<u32> = (0..rows as u32).map(|i| i * 1_597 % rows as u32).collect();
    let mut times = Vec::new();
    let begin = Instant::now();
    let mut batches = order.chunks_exact(batch).cycle();
    while begin.elapsed() < Duration::from_secs(3) || times.len() < 20 {
        let Some(batch) = batches.next() else { break };
        let start = Instant::now();
        black_box(stepper.step(&data, &scaling, 0, batch));
        times.push(start.elapsed().as_nanos() as f64);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Floating-point operations a second in registers alone, on all threads together.
fn multiply_add_rate(threads: usize) -> f64 {
    const ROUNDS: usize = 200_000;
    let mut team = Team::new(threads);
    let mut operations = vec![0.0; threads];
    let bounds = Bounds::even(threads, threads);
    let mut rates = Vec::new();
    for _ in 0..50 {
        let start = Instant::now();
        team.run(
            &mut vec![(); threads],
            Parts::new(&mut operations, &bounds),
            |_, _, part| {
                part.fill(black_box(multiply_adds(Isa::best(), ROUNDS)).0);
            },
        );
        rates.push(operations.iter().sum::<f64>() / start.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    rates[rates.len() * 9 / 10]
}
