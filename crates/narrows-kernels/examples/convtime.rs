use narrows_kernels::Isa;
use narrows_kernels::activation::Activation;
use narrows_kernels::conv::{Convolution, Geometry};
use narrows_kernels::peak::multiply_adds;
use narrows_kernels::reference::convolution_work;
use std::hint::black_box;
use std::time::Instant;
fn best(mut f: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..300 {
        let s = Instant::now();
        f();
        best = best.min(s.elapsed().as_secs_f64());
    }
    best
}
fn main() {
    let isa = Isa::best();
    let t = best(|| {
        black_box(multiply_adds(isa, 20000));
    });
    let peak = multiply_adds(isa, 20000).0 / t;
    println!("peak {:.0} GFLOP/s", peak / 1e9);
    let images = 16;
    let mut total = 0.0;
    for (name, input, output, k, s, p) in [
        ("conv1", [1, 28, 28], [16, 14, 14], 3, 2, 1),
        ("conv2", [16, 14, 14], [32, 7, 7], 3, 2, 1),
        ("convT1", [16, 14, 14], [32, 7, 7], 2, 2, 0),
        ("convT2", [1, 28, 28], [16, 14, 14], 2, 2, 0),
    ] {
        let g = Geometry {
            input,
            output,
            kernel: [k; 2],
            stride: [s; 2],
            padding: [p; 2],
        };
        let plan = Convolution::new(g);
        let mut scratch = narrows_kernels::Aligned::zeros(plan.scratch());
        let mut x = vec![0.5f32; images * input.iter().product::<usize>()];
        let mut y = vec![0.5f32; images * output.iter().product::<usize>()];
        let w = vec![0.5f32; output[0] * input[0] * k * k];
        let mut dw = w.clone();
        let work = 2.0 * (images * convolution_work(&g)) as f64;
        let f = best(|| plan.forward(isa, &w, None, &x, &mut y, &mut scratch));
        let b = best(|| plan.transposed(isa, &w, None, &y, &mut x, &mut scratch));
        let d = best(|| {
            for o in (0..output[0]).step_by(32) {
                let c = o..(o + 32).min(output[0]);
                let len = c.len() * input[0] * k * k;
                plan.gradient(isa, c, &x, &y, &mut dw[..len], &mut scratch)
            }
        });
        println!(
            "{name:8} ideal {:6.1}  forward {:6.1} transposed {:6.1} gradient {:6.1} µs",
            work / peak * 1e6,
            f * 1e6,
            b * 1e6,
            d * 1e6
        );
        total += f + b + d;
        if name == "conv1" {
            total -= b;
        }
    }
    let mut a = vec![0.5f32; images * 3136];
    let bb = a.clone();
    let c = a.clone();
    println!(
        "relu fwd {:.1} bwd {:.1}; sigmoid 784 fwd {:.1}",
        best(|| Activation::Relu.forward(isa, &bb, &mut a)) * 1e6,
        best(|| Activation::Relu.backward(isa, &bb, &c, &bb, &mut a)) * 1e6,
        best(|| Activation::Sigmoid.forward(isa, &bb[..784 * images], &mut a[..784 * images]))
            * 1e6
    );
    println!("total {:.1} µs", total * 1e6);
}
