//! One training step at the sizes of the classic study, against this machine's float32
//! multiply-add rate, measured in the same run: `cargo bench -p narrows`.

use narrows::corruption::Corruption;
use narrows::data::scaling::{Scaling, ScalingSpec};
use narrows::data::{Dataset, Values};
use narrows::layer::{Activation, LayerSpec};
use narrows::network::{Network, Parameters};
use narrows::objective::{Objective, Reconstruction, Term, TermKind};
use narrows::optimizer::{Optimizer, OptimizerSpec};
use narrows::train::{Setting, Stepper, available_threads};
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
    let conv = |channels| LayerSpec::Conv2d {
        channels: Some(channels),
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 1],
        bias: true,
    };
    let transposed = |channels| LayerSpec::ConvTranspose2d {
        channels,
        kernel: [2, 2],
        stride: [2, 2],
        padding: [0, 0],
        output_padding: [0, 0],
        bias: true,
    };
    let relu = LayerSpec::Activation(Activation::Relu);
    let sigmoid = LayerSpec::Activation(Activation::Sigmoid);
    let denoising = (
        vec![conv(16), relu, conv(32), relu],
        vec![transposed(Some(16)), relu, transposed(None), sigmoid],
    );
    let hinton = mirrored(&[1000, 500, 250, 30], Some(Activation::Relu));
    let mut contractive = mirrored(&[256, 64], Some(Activation::Relu));
    contractive.0.push(LayerSpec::Activation(Activation::Relu));
    // What each layer multiplies and adds for a row.
    let dense_work = |(encoder, decoder): &(Vec<LayerSpec>, Vec<LayerSpec>)| -> Vec<usize> {
        let network = Network::new(encoder, decoder, &IMAGE).expect("a sound network");
        let weights = network.tensors().iter().filter(|t| t.shape.len() > 1);
        weights.map(|tensor| tensor.range.len()).collect()
    };
    let conv_work = |input, output, kernel, stride, padding| {
        convolution_work(&Geometry {
            input,
            output,
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: [padding; 2],
        })
    };
    let (large, middle, small) = ([1, 28, 28], [16, 14, 14], [32, 7, 7]);
    let denoising_work = vec![
        conv_work(large, middle, 3, 2, 1),
        conv_work(middle, small, 3, 2, 1),
        conv_work(middle, small, 2, 2, 0),
        conv_work(large, middle, 2, 2, 0),
    ];
    let summed = Some(TermKind::Summed);
    let jacobian = Some(TermKind::Jacobian);
    for (name, network, batch, work, kind) in [
        ("simple linear", &simple, 64, dense_work(&simple), None),
        ("simple linear", &simple, 1024, dense_work(&simple), None),
        ("deep linear", &deep, 64, dense_work(&deep), None),
        (
            "784-1000-500-250-30 ReLU",
            &hinton,
            64,
            dense_work(&hinton),
            None,
        ),
        (
            "784-1000-500-250-30 ReLU",
            &hinton,
            512,
            dense_work(&hinton),
            None,
        ),
        ("conv denoising", &denoising, 32, denoising_work, None),
        (
            "contractive `summed`",
            &contractive,
            64,
            dense_work(&contractive),
            summed,
        ),
        (
            "contractive `jacobian`",
            &contractive,
            64,
            dense_work(&contractive),
            jacobian,
        ),
    ] {
        let (encoder, decoder) = network;
        let network = Network::new(encoder, decoder, &IMAGE).expect("a sound network");
        // Forward, gradient by the weights, gradient by the input but for the first layer's.
        let mut work = 3 * work.iter().sum::<usize>() - work[0];
        // The probe's way back, forth, and its gradient. How much the exact Jacobian needs depends on how
        // many probes the code stops, and is not counted.
        if kind == summed {
            work += 3 * (784 * 256 + 256 * 64);
        }
        let work = match kind == jacobian {
            true => f64::NAN,
            false => 2.0 * batch as f64 * work as f64,
        };
        let terms = kind.map(|kind| Term { kind, weight: 1e-4 });
        let corruption = match name {
            "conv denoising" => Some(Corruption::Gaussian { deviation: 0.8 }),
            _ => None,
        };
        let noise_and_terms = (corruption, terms.into_iter().collect());
        let ns = step_time(network, decoder, noise_and_terms, batch, threads);
        let rate = match work.is_finite() {
            true => format!(
                "{:>10.0}{:>8.0}%",
                work / ns,
                100.0 * work / (ns * 1e-9) / peak
            ),
            false => format!("{:>10}{:>9}", "-", "-"),
        };
        println!("{name:<28}{batch:>7}{ns:>14.0}{rate}");
    }
}

/// The median time of a step, in nanoseconds.
fn step_time(
    network: Network,
    decoder: &[LayerSpec],
    (corruption, terms): (Option<Corruption>, Vec<Term>),
    batch: usize,
    threads: usize,
) -> f64 {
    let rows = 4096;
    let pixels = (0..rows * INPUTS)
        .map(|i| ((i * 2_654_435_761) >> 7) as u8)
        .collect();
    let pixels = ndarray::Array2::from_shape_vec((rows, INPUTS), pixels).expect("the right number");
    let data = Dataset::new("noise", Values::U8(pixels), IMAGE.to_vec(), None).expect("sound data");
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
        corruption,
        objective,
        terms,
        optimizer,
        seed: 0,
        clip_norm: 0.0,
        accumulates: false,
    };
    let mut stepper = Stepper::new(setting, batch, threads);
    let order: Vec<u32> = (0..rows as u32).map(|i| i * 1_597 % rows as u32).collect();
    let mut times = Vec::new();
    let begin = Instant::now();
    let mut batches = order.chunks_exact(batch).cycle();
    while begin.elapsed() < Duration::from_secs(3) || times.len() < 20 {
        let Some(batch) = batches.next() else { break };
        let start = Instant::now();
        black_box(stepper.step(&data, &scaling, 0, batch, 1.0));
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
