//! Optimizers, over fifty steps.

use crate::{bits, numbers, wide};
use narrows_kernels::Isa;
use narrows_kernels::optimizer::{Adam, Sgd};
use narrows_kernels::reference;

const STEPS: i32 = 50;

/// The gradient of step `t`: it changes, and differs in size from place to place.
fn gradient(len: usize, t: i32) -> Vec<f32> {
    let noise = numbers(len, 100 + t as u64);
    let size = |i: usize| [1.0, 1e-3, 10.0, 1e-6][i % 4];
    let of = |(i, g): (usize, f32)| (g + 0.3) * size(i);
    noise.into_iter().enumerate().map(of).collect()
}

fn assert_close(found: &[f32], expected: &[f64], scale: f64, what: &str) {
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let tolerance = 1e-5 * expected.abs().max(scale);
        assert!(
            (f64::from(found) - expected).abs() <= tolerance,
            "{what}, number {i}: {found:e}, expected {expected:e}"
        );
    }
}

#[test]
fn sgd() {
    for isa in Isa::available() {
        for (momentum, weight_decay) in [(0.0, 0.0), (0.9, 0.0), (0.9, 0.01), (0.0, 0.1)] {
            for len in (0..=40).chain([257]) {
                let expected = reference::Sgd {
                    learning_rate: 0.05,
                    momentum,
                    weight_decay,
                };
                let sgd = Sgd {
                    learning_rate: 0.05,
                    momentum: momentum as f32,
                    weight_decay: weight_decay as f32,
                };
                let (mut p, mut v) = (numbers(len, 1), vec![0.0; len]);
                let (mut wide_p, mut wide_v) = (wide(&p), wide(&v));
                for t in 1..=STEPS {
                    let g = gradient(len, t);
                    sgd.step(isa, &mut p, &mut v, &g);
                    expected.step(&mut wide_p, &mut wide_v, &wide(&g));
                }
                assert_close(&p, &wide_p, 1.0, "parameters");
                assert_close(&v, &wide_v, 1.0, "velocity");
            }
        }
    }
}

/// The kernel's numbers of step `t`, as its documentation derives them.
fn adam_of(s: &reference::Adam, t: i32) -> Adam {
    Adam {
        first_share: (1.0 - s.beta1) as f32,
        second_share: (1.0 - s.beta2) as f32,
        epsilon: s.epsilon as f32,
        weight_decay: s.weight_decay as f32,
        shrink: (1.0 - s.learning_rate * s.decoupled_decay) as f32,
        step_size: (s.learning_rate / (1.0 - s.beta1.powi(t))) as f32,
        second_correction: (1.0 / (1.0 - s.beta2.powi(t)).sqrt()) as f32,
    }
}

#[test]
fn adam() {
    for isa in Isa::available() {
        for (weight_decay, decoupled_decay) in [(0.0, 0.0), (0.01, 0.0), (0.0, 0.1), (0.1, 0.2)] {
            for len in (0..=40).chain([257]) {
                let expected = reference::Adam {
                    learning_rate: 0.01,
                    beta1: 0.9,
                    beta2: 0.999,
                    epsilon: 1e-8,
                    weight_decay,
                    decoupled_decay,
                };
                let (mut p, mut m, mut v) = (numbers(len, 1), vec![0.0; len], vec![0.0; len]);
                let (mut wide_p, mut wide_m, mut wide_v) = (wide(&p), wide(&m), wide(&v));
                for t in 1..=STEPS {
                    let g = gradient(len, t);
                    adam_of(&expected, t).step(isa, &mut p, &mut m, &mut v, &g);
                    expected.step(t, &mut wide_p, &mut wide_m, &mut wide_v, &wide(&g));
                }
                assert_close(&p, &wide_p, 1.0, "parameters");
                assert_close(&m, &wide_m, 1e-1, "first moment");
                assert_close(&v, &wide_v, 0.0, "second moment");
            }
        }
    }
}

#[test]
fn no_parameter_depends_on_its_neighbors() {
    let len = 53;
    let reference = reference::Adam {
        learning_rate: 0.01,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
        decoupled_decay: 0.1,
    };
    let sgd = Sgd {
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 0.01,
    };
    for isa in Isa::available() {
        let run = |cut: usize| {
            let mut p = numbers(len, 1);
            let (mut m, mut v) = (vec![0.0; len], vec![0.0; len]);
            for t in 1..=3 {
                let g = gradient(len, t);
                for range in [0..cut, cut..len] {
                    let (p, g) = (&mut p[range.clone()], &g[range.clone()]);
                    let (m, v) = (&mut m[range.clone()], &mut v[range]);
                    adam_of(&reference, t).step(isa, p, m, v, g);
                    sgd.step(isa, p, m, g);
                }
            }
            bits(&[p, m, v].concat())
        };
        let whole = run(0);
        for cut in 1..=len {
            assert_eq!(run(cut), whole, "cut at {cut} on {}", isa.name());
        }
    }
}

/// What is left of one gradient goes from normal numbers to 0, and is never subnormal; what is no number
/// stays none.
#[test]
fn what_fades_becomes_zero() {
    let reference = reference::Adam {
        learning_rate: 0.01,
        beta1: 0.5,
        beta2: 0.25,
        epsilon: 1e-8,
        weight_decay: 0.0,
        decoupled_decay: 0.0,
    };
    let sgd = Sgd {
        learning_rate: 0.1,
        momentum: 0.5,
        weight_decay: 0.0,
    };
    let len = 37;
    for isa in Isa::available() {
        let mut p = numbers(len, 1);
        let (mut velocity, mut m, mut v) = (vec![0.0; len], vec![0.0; len], vec![0.0; len]);
        let mut g = gradient(len, 1);
        g[5] = f32::NAN;
        for t in 1..=200 {
            sgd.step(isa, &mut p, &mut velocity, &g);
            adam_of(&reference, t).step(isa, &mut p, &mut m, &mut v, &g);
            g.fill(0.0);
            for (i, x) in [&velocity, &m, &v].into_iter().flatten().enumerate() {
                let is_sound = *x == 0.0 || x.abs() >= 1e-36;
                assert!(is_sound || i % len == 5, "step {t}, number {i}: {x:e}");
            }
        }
        for (i, x) in [velocity, m, v].into_iter().flatten().enumerate() {
            assert_eq!(x.is_nan(), i % len == 5, "number {i} on {}", isa.name());
            assert!(
                x == 0.0 || x.is_nan(),
                "number {i} on {}: {x:e}",
                isa.name()
            );
        }
    }
}

#[test]
#[should_panic]
fn sgd_refuses_other_lengths() {
    let sgd = Sgd {
        learning_rate: 0.1,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    sgd.step(Isa::best(), &mut [0.0; 3], &mut [0.0; 2], &[0.0; 3]);
}
