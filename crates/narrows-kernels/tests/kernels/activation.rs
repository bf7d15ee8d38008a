//! Activations: value and gradient.

use crate::reference::ACTIVATIONS;
use crate::{agrees, bits, numbers};
use narrows_kernels::Isa;
use narrows_kernels::activation::Activation;
use narrows_kernels::reference::{activation, activation_derivative, activation_second_derivative};

fn forward(isa: Isa, f: Activation, x: &[f32]) -> Vec<f32> {
    let mut y = vec![7.0; x.len()];
    f.forward(isa, x, &mut y);
    y
}

fn backward(isa: Isa, f: Activation, x: &[f32], dy: &[f32]) -> Vec<f32> {
    let y = forward(isa, f, x);
    let mut dx = vec![7.0; x.len()];
    f.backward(isa, x, &y, dy, &mut dx);
    dx
}

/// A dense grid, all magnitudes, and the special ones; a length that leaves a tail.
fn inputs() -> Vec<f32> {
    let mut x: Vec<f32> = (-24_000..=24_000).map(|i| i as f32 / 2000.0).collect();
    for exponent in -149..128 {
        let size = (f64::from(exponent)).exp2() as f32;
        x.extend([size, -size, 1.37 * size, -1.37 * size]);
    }
    for size in [
        0.0,
        1e-45,
        f32::MIN_POSITIVE,
        1e-30,
        5.5,
        30.0,
        87.5,
        88.5,
        89.0,
        100.0,
        1000.0,
        f32::MAX,
        f32::INFINITY,
    ] {
        x.extend([size, -size]);
    }
    x.push(f32::NAN);
    if x.len().is_multiple_of(16) {
        x.push(0.1);
    }
    x
}

#[test]
fn values() {
    let x = inputs();
    for isa in Isa::available() {
        for f in ACTIVATIONS {
            for (&x, y) in x.iter().zip(forward(isa, f, &x)) {
                let expected = activation(f, f64::from(x));
                // GELU's left side is x times 1 + erf, whose error is absolute.
                let absolute = match f {
                    Activation::Gelu => 2.5e-7 * f64::from(x.abs()).min(6.0) + 1e-44,
                    // Sigmoid factors below 4.2e-39 are 0.
                    _ => 4e-37,
                };
                let tolerance = 5e-7 * expected.abs() + absolute;
                assert!(
                    agrees(y, expected, tolerance),
                    "{f:?} of {x:e} on {}: {y:e}, expected {expected:e}",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn gradients() {
    let x = inputs();
    let dy: Vec<f32> = numbers(x.len(), 1).iter().map(|dy| dy + 1.5).collect();
    for isa in Isa::available() {
        for f in ACTIVATIONS {
            let dx = backward(isa, f, &x, &dy);
            for ((&x, &dy), dx) in x.iter().zip(&dy).zip(dx) {
                let expected = f64::from(dy) * activation_derivative(f, f64::from(x));
                // Derivatives such as 1 - y² are made of numbers about 1.
                let tolerance = f64::from(dy) * 1e-6;
                assert!(
                    agrees(dx, expected, tolerance),
                    "{f:?}' of {x:e} on {}: {dx:e}, expected {expected:e}",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn far_left_nothing_is_left() {
    // Tiny factors times huge inputs once came to large numbers here.
    for isa in Isa::available() {
        for f in [Activation::Silu, Activation::Gelu] {
            for x in [-1e3, -1e10, -1e30, f32::MIN] {
                assert_eq!(forward(isa, f, &[x])[0], 0.0, "{f:?} of {x}");
                assert_eq!(backward(isa, f, &[x], &[1.0])[0], 0.0, "{f:?}' of {x}");
            }
        }
    }
}

#[test]
fn nan_stays_nan_in_every_place() {
    for isa in Isa::available() {
        for f in ACTIVATIONS {
            for len in 1..=35 {
                for at in 0..len {
                    let mut numbers = vec![0.25; len];
                    numbers[at] = f32::NAN;
                    let only_there = |found: &[f32]| {
                        let mut nan = found.iter().map(|y| y.is_nan()).enumerate();
                        nan.all(|(i, is)| is == (i == at))
                    };
                    let name = isa.name();
                    assert!(
                        only_there(&forward(isa, f, &numbers)),
                        "{f:?}, {at} of {len} on {name}"
                    );
                    // The gradient that comes back.
                    let dx = backward(isa, f, &vec![0.25; len], &numbers);
                    assert!(only_there(&dx), "{f:?}', {at} of {len} on {name}");
                }
            }
        }
    }
}

#[test]
fn no_number_depends_on_its_neighbors() {
    let x: Vec<f32> = numbers(67, 3).iter().map(|x| 6.0 * x).collect();
    let dy = numbers(67, 4);
    for isa in Isa::available() {
        for f in ACTIVATIONS {
            let (y, dx) = (forward(isa, f, &x), backward(isa, f, &x, &dy));
            for cut in 0..x.len() {
                let pieces = [forward(isa, f, &x[..cut]), forward(isa, f, &x[cut..])];
                assert_eq!(bits(&pieces.concat()), bits(&y), "{f:?} cut at {cut}");
                let pieces = [
                    backward(isa, f, &x[..cut], &dy[..cut]),
                    backward(isa, f, &x[cut..], &dy[cut..]),
                ];
                assert_eq!(bits(&pieces.concat()), bits(&dx), "{f:?}' cut at {cut}");
            }
        }
    }
}

#[test]
#[should_panic]
fn forward_refuses_other_lengths() {
    Activation::Tanh.forward(Isa::best(), &[0.0; 3], &mut [0.0; 2]);
}

#[test]
#[should_panic]
fn backward_refuses_other_lengths() {
    Activation::Tanh.backward(Isa::best(), &[0.0; 3], &[0.0; 3], &[0.0; 3], &mut [0.0; 2]);
}

#[test]
fn curvatures() {
    let x: Vec<f32> = inputs().into_iter().filter(|x| x.abs() < 80.0).collect();
    let (w, v, start) = (
        numbers(x.len(), 2),
        numbers(x.len(), 3),
        numbers(x.len(), 4),
    );
    for isa in Isa::available() {
        for f in ACTIVATIONS {
            let y = forward(isa, f, &x);
            let mut dx = start.clone();
            f.add_curvature(isa, &x, &y, &w, &v, &mut dx);
            for i in 0..x.len() {
                let second = activation_second_derivative(f, f64::from(x[i]));
                let expected = f64::from(start[i]) + f64::from(w[i]) * f64::from(v[i]) * second;
                assert!(
                    agrees(dx[i], expected, 1e-6),
                    "{f:?} at {} on {}: {}, not {expected}",
                    x[i],
                    isa.name(),
                    dx[i]
                );
            }
        }
    }
}

#[test]
#[should_panic]
fn add_curvature_refuses_other_lengths() {
    let (two, three) = ([0.0; 2], [0.0; 3]);
    Activation::Tanh.add_curvature(Isa::best(), &three, &three, &three, &two, &mut [0.0; 3]);
}

/// The distance from the true value in units of its last place as an `f32`.
fn ulps(found: f32, truth: f64) -> f64 {
    let exponent = truth.abs().log2().floor().max(-126.0);
    (f64::from(found) - truth).abs() / (exponent - 23.0).exp2()
}

/// The errors that `activation.rs` documents: of values in ULP, of slopes in ULP or absolute where they pass through
/// 0; every 1021st number is tried. Slopes below 1e-30 are 0.
#[test]
fn errors_stay_within_the_documented_bounds() {
    let all = (0..=u32::MAX).step_by(1021).map(f32::from_bits);
    let x: Vec<f32> = all.filter(|x| x.is_finite()).collect();
    let ones = vec![1.0; x.len()];
    for isa in Isa::available() {
        for f in ACTIVATIONS {
            let values = forward(isa, f, &x);
            let slopes = backward(isa, f, &x, &ones);
            let (mut of_value, mut of_slope) = ((0.0, 0.0), (0.0, 0.0));
            for ((&x, &value), &slope) in x.iter().zip(&values).zip(&slopes) {
                let truth = activation(f, f64::from(x));
                let error = match f {
                    // What is small beside its terms has their error.
                    Activation::Gelu if x < -1.0 => {
                        6.0 * (f64::from(value) - truth).abs() / (1.5e-7 * f64::from(-x).min(6.0))
                    }
                    _ if truth.abs() < 1e-29 || truth.is_infinite() => 0.0,
                    _ => ulps(value, truth),
                };
                // Not `error > worst`, which a NaN would pass.
                if !matches!(error.partial_cmp(&of_value.0), Some(o) if o.is_le()) {
                    of_value = (error, x);
                }
                let truth = activation_derivative(f, f64::from(x));
                let error = (f64::from(slope) - truth).abs();
                if !matches!(error.partial_cmp(&of_slope.0), Some(o) if o.is_le()) {
                    of_slope = (error, x);
                }
            }
            let (value_bound, slope_bound) = match f {
                Activation::Identity | Activation::Relu => (0.0, 0.0),
                Activation::LeakyRelu { .. } => (0.5, 0.0),
                Activation::Elu { .. } => (2.7, 1.5e-7),
                Activation::Silu => (2.4, 1.1e-6),
                Activation::Gelu => (6.0, 2.5e-7),
                Activation::Tanh => (3.1, 4e-7),
                Activation::Sigmoid => (3.0, 1e-7),
                Activation::Softplus => (4.0, 1e-7),
                Activation::ContinuousBernoulliMean => (2.0, 6e-8),
            };
            println!("{} {f:?}: {of_value:?} ULP, slope {of_slope:?}", isa.name());
            let place = format!("{f:?} on {}", isa.name());
            assert!(of_value.0 <= value_bound, "{place}: {of_value:?} ULP");
            assert!(of_slope.0 <= slope_bound, "slope of {place}: {of_slope:?}");
        }
    }
}
