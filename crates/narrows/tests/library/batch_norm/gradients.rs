//! Gradients against central differences, and the statistics of each batch of a step.

use super::*;

#[track_caller]
fn check(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize]) {
    check_planned(encoder, decoder, shape, ROWS);
}

/// Checks the gradient over [`ROWS`] rows of a step that is planned for so many.
#[track_caller]
fn check_planned(encoder: &[LayerSpec], decoder: &[LayerSpec], shape: &[usize], planned: usize) {
    let data = pixels(ROWS, shape);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let setting = setting(encoder, decoder, shape, 0.0);
    let flat: Vec<f64> = setting
        .parameters
        .flat()
        .iter()
        .map(|&p| p.into())
        .collect();
    let mut stepper = Stepper::new(setting, planned, 2).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let (losses, gradient) = stepper.loss_and_gradient(&data, &scaling, 0, &order);
    let (layers, rows) = ([encoder, decoder].concat(), rows_of(&data));
    let at = |p: &[f64]| objective(&layers, p, &rows, shape).0;
    let expected = at(&flat);
    let loss = losses.total;
    assert!(
        (loss - expected).abs() < 2e-6 * expected,
        "{loss}, not {expected}"
    );
    let largest = gradient.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    assert!(largest > 1e-3, "a gradient to compare");
    let step = 1e-5;
    for i in 0..flat.len() {
        let mut moved = flat.clone();
        moved[i] = flat[i] + step;
        let above = at(&moved);
        moved[i] = flat[i] - step;
        let difference = (above - at(&moved)) / (2.0 * step);
        let error = (f64::from(gradient[i]) - difference).abs();
        assert!(
            error < 4e-6 * f64::from(largest).max(0.1),
            "parameter {i} has {}, differences give {difference}",
            gradient[i]
        );
    }
}

#[test]
fn gradients_behind_dense_layers_meet_central_differences() {
    let epsilon = |epsilon: f64| batch_norm().with("epsilon", epsilon).unwrap();
    // Behind and before activations, of more channels than a thread takes at a time, as the code and behind it.
    check(
        &[dense(21), batch_norm(), tanh(), dense(3)],
        &[dense(9), silu(), epsilon(0.1), dense(11)],
        &[11],
    );
    check(
        &[
            batch_norm(),
            unbiased(17),
            batch_norm(),
            silu(),
            dense(3),
            batch_norm(),
        ],
        &[batch_norm(), unbiased(5), tanh(), dense(11), batch_norm()],
        &[11],
    );
}

#[test]
fn gradients_between_folded_linear_layers_meet_central_differences() {
    // So many rows are worth folding linear layers for, however small.
    check_planned(
        &[dense(9), dense(7), dense(3), batch_norm()],
        &[batch_norm(), dense(5), dense(9), dense(11)],
        &[11],
        20_000,
    );
}

#[test]
fn gradients_behind_convolutions_meet_central_differences() {
    // [2, 7, 6] → [5, 3, 5] → [4]; [4] → [3, 2, 2] → [6, 3, 4] → 84 values
    check(
        &[
            conv(5, [3, 2], [2, 1], false),
            batch_norm(),
            silu(),
            dense(4),
            batch_norm(),
        ],
        &[
            dense(12),
            layer::reshape([3, 2, 2]),
            batch_norm(),
            transposed(6, [2, 3], [1, 1], true),
            batch_norm(),
            tanh(),
            dense(84),
        ],
        &[2, 7, 6],
    );
}

#[test]
fn each_batch_of_a_step_has_its_own_statistics() {
    let (encoder, decoder) = ([dense(7), batch_norm(), tanh(), dense(2)], [dense(11)]);
    let data = pixels(2 * ROWS, &[11]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..2 * ROWS as u32).collect();
    let mut stepper = Stepper::new(setting(&encoder, &decoder, &[11], 1.0), ROWS, 2).unwrap();
    let before = stepper.parameters().flat().to_vec();
    let of = |stepper: &mut Stepper, rows| stepper.loss_and_gradient(&data, &scaling, 0, rows).1;
    let first = of(&mut stepper, &order[..ROWS]);
    let second = of(&mut stepper, &order[ROWS..]);
    let mut both = Stepper::new(
        Setting {
            accumulation: 2,
            ..setting(&encoder, &decoder, &[11], 1.0)
        },
        ROWS,
        2,
    )
    .unwrap();
    both.step(&data, &scaling, 0, &order, 1.0);
    let largest = first.iter().fold(0.0f32, |a, g| a.max(g.abs()));
    for (i, after) in both.parameters().flat().iter().enumerate() {
        let expected = before[i] - (first[i] + second[i]) / 2.0;
        assert!(
            (after - expected).abs() < 1e-6 * largest.max(1.0),
            "{after} {expected}"
        );
    }
    // Two batches were met.
    assert_eq!(both.parameters().states()[14].to_bits(), 2);
    // Forming a gradient alone changes no state.
    assert_eq!(stepper.parameters().states()[14].to_bits(), 0);
}
