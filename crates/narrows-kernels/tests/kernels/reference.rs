//! The reference itself: its closed forms against finite differences of its values.

use narrows_kernels::activation::Activation;
use narrows_kernels::loss::Loss;
use narrows_kernels::reference::{self, *};

pub const ACTIVATIONS: [Activation; 12] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.01 },
    Activation::LeakyRelu { slope: 0.3 },
    Activation::Elu { alpha: 1.0 },
    Activation::Elu { alpha: 0.4 },
    Activation::Silu,
    Activation::Gelu,
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Softplus,
    Activation::ContinuousBernoulliMean,
];

pub const LOSSES: [Loss; 7] = [
    Loss::Squared,
    Loss::Absolute,
    Loss::Huber { delta: 1.0 },
    Loss::Huber { delta: 0.25 },
    Loss::Huber { delta: 3.0 },
    Loss::CrossEntropyOfLogits,
    Loss::ContinuousBernoulliOfLogits,
];

/// The central difference; its error is some `h²` times the third derivative.
fn difference(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    let h = 1e-5;
    (f(x + h) - f(x - h)) / (2.0 * h)
}

#[test]
fn derivatives_of_activations() {
    for f in ACTIVATIONS {
        // From -8 to 8, away from the kink at 0.
        for i in -800..=800 {
            let x = (f64::from(i) + 0.3) / 100.0;
            let slope = activation_derivative(f, x);
            let difference_of_values = difference(|x| activation(f, x), x);
            assert!(
                (slope - difference_of_values).abs() < 1e-9,
                "{f:?} at {x}: {slope}, {difference_of_values}"
            );
            let bend = activation_second_derivative(f, x);
            let difference_of_slopes = difference(|x| activation_derivative(f, x), x);
            assert!(
                (bend - difference_of_slopes).abs() < 1e-9,
                "{f:?} at {x}: {bend}, {difference_of_slopes}"
            );
        }
    }
}

#[test]
fn gradients_of_losses() {
    for l in LOSSES {
        for i in -40..=40 {
            for t in [-1.5, 0.0, 0.2, 0.5, 1.0] {
                // 0.0317 keeps away from the kinks at t and t ± delta.
                let y = f64::from(i) / 8.0 + 0.0317;
                let gradient = loss_gradient(l, y, t);
                let expected = difference(|y| reference::loss(l, y, t), y);
                assert!(
                    (gradient - expected).abs() < 1e-8,
                    "{l:?} of {y} against {t}: {gradient}, {expected}"
                );
            }
        }
    }
}

/// Values that are known by themselves, so that value and derivative are not wrong together.
#[test]
fn known_values() {
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
    };
    close(activation(Activation::LeakyRelu { slope: 0.5 }, -3.0), -1.5);
    close(activation(Activation::Relu, -3.0), 0.0);
    close(activation(Activation::Relu, 3.0), 3.0);
    close(
        activation(Activation::Elu { alpha: 2.0 }, -1.0),
        -1.264_241_117_657_115,
    );
    close(activation(Activation::Silu, 1.0), 0.731_058_578_630_005);
    close(activation(Activation::Gelu, 1.0), 0.841_344_746_068_543);
    close(activation(Activation::Tanh, 1.0), 0.761_594_155_955_765);
    close(activation(Activation::Sigmoid, -1.0), 0.268_941_421_369_995);
    close(activation(Activation::Softplus, 1.0), 1.313_261_687_518_223);
    // With p = σ(0.8), p / (2p - 1) + 1 / (2 artanh(1 - 2p)).
    let p = 1.0 / (1.0 + (-0.8f64).exp());
    close(
        activation(Activation::ContinuousBernoulliMean, 0.8),
        p / (2.0 * p - 1.0) + 0.5 / (1.0 - 2.0 * p).atanh(),
    );
    close(activation(Activation::ContinuousBernoulliMean, 0.0), 0.5);
    close(reference::loss(Loss::Squared, 3.0, 1.0), 4.0);
    close(reference::loss(Loss::Absolute, 1.0, 3.5), 2.5);
    close(reference::loss(Loss::Huber { delta: 1.0 }, 0.5, 0.0), 0.125);
    close(reference::loss(Loss::Huber { delta: 1.0 }, 3.0, 0.0), 2.5);
    // -0.3 ln σ(0.7) - 0.7 ln(1 - σ(0.7))
    let s = 1.0 / (1.0 + (-0.7f64).exp());
    close(
        reference::loss(Loss::CrossEntropyOfLogits, 0.7, 0.3),
        -0.3 * s.ln() - 0.7 * (1.0 - s).ln(),
    );
}
