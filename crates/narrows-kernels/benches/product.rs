//! Matrix products at the shapes of a training step, on one thread, against `faer`'s sequential
//! product: `cargo bench -p narrows-kernels`.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use narrows_kernels::peak::multiply_adds;
use narrows_kernels::product::{Left, Right, Start, product};
use narrows_kernels::{Aligned, Isa};
use std::hint::black_box;
use std::time::Instant;

/// The best of several rounds, in seconds a call.
fn best_of(mut f: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    let mut calls = 1;
    for _ in 0..40 {
        let start = Instant::now();
        for _ in 0..calls {
            f();
        }
        let seconds = start.elapsed().as_secs_f64();
        best = best.min(seconds / calls as f64);
        calls = ((2e-3 / best) as usize).max(1);
    }
    best
}

fn numbers(n: usize) -> Aligned {
    let numbers: Vec<f32> = (0..n)
        .map(|i| ((i * 2654435761) % 1000) as f32 / 1000.0 - 0.5)
        .collect();
    Aligned::from(&numbers[..])
}

fn main() {
    let isa = Isa::best();
    let mut flops = 0.0;
    let seconds = best_of(|| flops = black_box(multiply_adds(isa, 20_000)).0);
    let peak = flops / seconds;
    println!(
        "{}: {:.0} GFLOP/s of float32 multiply-add on one core",
        isa.name(),
        peak / 1e9
    );
    println!(
        "{:<34}{:>12}{:>8}{:>12}{:>8}",
        "product", "GFLOP/s", "of peak", "faer", "ratio"
    );
    for (rows, inputs, outputs) in [
        (32, 784, 128),
        (32, 128, 64),
        (32, 128, 784),
        (64, 784, 128),
        (256, 784, 1000),
        (256, 1000, 500),
        (512, 784, 128),
    ] {
        let x = numbers(rows * inputs);
        let w = numbers(outputs * inputs);
        let dy = numbers(rows * outputs);
        let bias = numbers(outputs);
        let work = 2.0 * (rows * inputs * outputs) as f64;
        let report = |name: &str, ours: f64, theirs: f64| {
            println!(
                "{:<34}{:>12.0}{:>7.0}%{:>12.0}{:>8.2}",
                format!("{name} {rows} x {inputs} -> {outputs}"),
                work / ours / 1e9,
                100.0 * work / ours / peak,
                work / theirs / 1e9,
                theirs / ours
            );
        };

        let mut y = Aligned::zeros(rows * outputs);
        let ours = best_of(|| {
            product(
                isa,
                (rows, outputs, inputs),
                Left {
                    data: &x,
                    row: inputs,
                    column: 1,
                },
                Right::transpose_of(&w, inputs),
                Start::Bias(&bias),
                &mut y,
                outputs,
            );
            black_box(&mut y);
        });
        let theirs = best_of(|| {
            matmul(
                MatMut::from_row_major_slice_mut(&mut y, rows, outputs),
                Accum::Replace,
                MatRef::from_row_major_slice(&x, rows, inputs),
                MatRef::from_row_major_slice(&w, outputs, inputs).transpose(),
                1.0,
                Par::Seq,
            );
            black_box(&mut y);
        });
        report("forward", ours, theirs);

        let mut dx = Aligned::zeros(rows * inputs);
        let ours = best_of(|| {
            product(
                isa,
                (rows, inputs, outputs),
                Left {
                    data: &dy,
                    row: outputs,
                    column: 1,
                },
                Right::row_major(&w, inputs),
                Start::Zero,
                &mut dx,
                inputs,
            );
            black_box(&mut dx);
        });
        let theirs = best_of(|| {
            matmul(
                MatMut::from_row_major_slice_mut(&mut dx, rows, inputs),
                Accum::Replace,
                MatRef::from_row_major_slice(&dy, rows, outputs),
                MatRef::from_row_major_slice(&w, outputs, inputs),
                1.0,
                Par::Seq,
            );
            black_box(&mut dx);
        });
        report("gradient of input", ours, theirs);

        let mut dw = Aligned::zeros(outputs * inputs);
        let ours = best_of(|| {
            product(
                isa,
                (outputs, inputs, rows),
                Left {
                    data: &dy,
                    row: 1,
                    column: outputs,
                },
                Right::row_major(&x, inputs),
                Start::Zero,
                &mut dw,
                inputs,
            );
            black_box(&mut dw);
        });
        let theirs = best_of(|| {
            matmul(
                MatMut::from_row_major_slice_mut(&mut dw, outputs, inputs),
                Accum::Replace,
                MatRef::from_row_major_slice(&dy, rows, outputs).transpose(),
                MatRef::from_row_major_slice(&x, rows, inputs),
                1.0,
                Par::Seq,
            );
            black_box(&mut dw);
        });
        report("gradient of weights", ours, theirs);
    }
}
