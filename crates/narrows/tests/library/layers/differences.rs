//! Gradients against central differences.

use super::*;

#[test]
fn gradients_of_layer_norm_meet_central_differences() {
    let wide = layer_norm().with("epsilon", 0.1).unwrap();
    let sigmoid = f(Activation::Sigmoid);
    for case in [
        case(
            &[dense(7), layer_norm(), tanh(), dense(3)],
            &[wide.clone(), dense(11), sigmoid.clone()],
            &[11],
        ),
        // First and last, and two after each other.
        case(
            &[layer_norm(), dense(4)],
            &[dense(11), wide, layer_norm()],
            &[11],
        ),
        // Behind a convolution, over all channels and places.
        case(
            &[
                layer::conv2d(3, [3, 2]),
                layer_norm(),
                f(Activation::Silu),
                dense(4),
            ],
            &[dense(40), layer_norm(), sigmoid],
            &[2, 5, 4],
        ),
    ] {
        case.check(10);
    }
}

#[test]
fn gradients_of_dropout_meet_central_differences() {
    for case in [
        case(
            &[dense(9), dropout(0.5), tanh(), dense(4)],
            &[dropout(0.25), dense(11)],
            &[11],
        ),
        // First and last, and two after each other; more values than a word of the mask.
        case(
            &[
                dropout(0.1),
                dense(70),
                dropout(0.5),
                dropout(0.5),
                dense(3),
            ],
            &[tanh(), dense(11), dropout(0.2)],
            &[11],
        ),
        case(&[dropout(0.0), dense(3)], &[dense(11)], &[11]),
    ] {
        case.check(10);
    }
}

#[test]
fn gradients_of_tied_weights_meet_central_differences() {
    for case in [
        case(
            &[dense(7), tanh(), dense(3)],
            &[tied_dense(2), tanh(), tied_dense(0), f(Activation::Sigmoid)],
            &[11],
        ),
        case(
            &[without_bias(dense(65)), tanh(), without_bias(dense(3))],
            &[without_bias(tied_dense(2)), tanh(), tied_dense(0)],
            &[11],
        ),
        // One tensor with three uses, and a bias that only the decoder has.
        case(
            &[without_bias(dense(5)), tanh()],
            &[tied_dense(0), dense(5), tied_dense(0)],
            &[11],
        ),
    ] {
        case.check(10);
    }
}

/// Networks that pair each of the layers with the others, of linear layers that are worth folding.
fn pairs() -> [Case; 4] {
    [
        case(
            &[dense(9), dense(5), dense(2)],
            &[tied_dense(2), tied_dense(1), tied_dense(0)],
            &[11],
        ),
        case(
            &[dense(9), dense(6), layer_norm(), dense(5), dense(2)],
            &[
                tied_dense(4),
                layer_norm(),
                tied_dense(3),
                dense(9),
                dense(11),
            ],
            &[11],
        ),
        case(
            &[dropout(0.2), dense(9), dense(5), layer_norm(), dense(2)],
            &[dense(5), dense(9), dropout(0.3), layer_norm(), dense(11)],
            &[11],
        ),
        case(
            &[dense(9), dropout(0.3), tanh(), dense(6), dense(2)],
            &[tied_dense(4), dropout(0.3), dense(9), tied_dense(0)],
            &[11],
        ),
    ]
}

#[test]
fn gradients_meet_central_differences_where_layers_meet_and_are_folded() {
    for case in pairs() {
        case.check(10);
        case.check(FOLDED);
        // What lies between layers that are folded is not formed: a row needs fewer numbers than where none is.
        let numbers = |batch: usize| {
            let plan = Plan { batch, ..PLAIN };
            let bytes = case.stepper(plan).memory().activations;
            bytes as f64 / (size_of::<f32>() * batch) as f64
        };
        assert!(
            numbers(FOLDED) < numbers(64) - 5.0,
            "{}: not folded",
            case.name()
        );
    }
}

#[test]
fn gradients_meet_central_differences_where_rows_are_coupled_too() {
    for case in [
        // In use the first normalization goes into a copy of weights that the decoder uses as they are.
        case(
            &[dense(9), batch_norm(), tanh(), dense(4)],
            &[tied_dense(3), batch_norm(), tanh(), tied_dense(0)],
            &[11],
        ),
        case(
            &[dropout(0.2), dense(9), batch_norm(), layer_norm(), dense(4)],
            &[
                batch_norm(),
                dropout(0.3),
                tied_dense(4),
                layer_norm(),
                dense(11),
            ],
            &[11],
        ),
    ] {
        case.check(10);
    }
}

#[test]
fn gradients_are_added_up_and_clipped_as_those_of_one_batch() {
    const ROWS: usize = 10;
    for case in pairs() {
        let expected = case.differences(0..ROWS);
        let norm = expected.iter().map(|g| g * g).sum::<f64>().sqrt();
        for clip_norm in [0.0, norm / 3.0, 2.0 * norm] {
            let plan = Plan {
                batch: 4,
                accumulation: 3,
                clip_norm,
                learning_rate: 4.0,
            };
            let (mut stepper, data) = (case.stepper(plan), case.data(ROWS));
            let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
            let order: Vec<u32> = (0..ROWS as u32).collect();
            stepper.step(&data, &scaling, EPOCH, &order, 1.0);
            let before = case.parameters();
            let pairs = before.flat().iter().zip(stepper.parameters().flat());
            let moved: Vec<f32> = pairs.map(|(before, now)| (before - now) / 4.0).collect();
            let factor = match clip_norm {
                0.0 => 1.0,
                most => (most / (norm + 1e-6)).min(1.0),
            };
            let clipped: Vec<f64> = expected.iter().map(|g| g * factor).collect();
            assert_close(&case.name(), &moved, &clipped, 5e-6);
        }
    }
}
