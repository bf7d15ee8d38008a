//! The layers under a contractive penalty and in the Jacobian of a code.

use super::*;

#[test]
fn tied_weights_have_the_gradients_of_contraction_and_of_both_layers() {
    let relu = || f(Activation::Relu);
    let code = [dense(7), tanh(), dense(3)];
    // Behind ReLU the passes leave out closed gates, or count the open ones.
    let rectified = [dense(7), relu(), dense(3), tanh()];
    let counted = [dense(7), relu(), dense(4), relu()];
    for encoder in [&code[..], &rectified, &counted] {
        let decoder = [
            tied_dense(2),
            layer_norm(),
            dropout(0.3),
            tanh(),
            tied_dense(0),
        ];
        let mut case = case(encoder, &decoder, &[11]);
        case.contraction = 0.1;
        let data = case.data(10);
        let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
        let order: Vec<u32> = (0..10).collect();
        let mut stepper = case.stepper(PLAIN);
        let (losses, found) = stepper.loss_and_gradient(&data, &scaling, EPOCH, &order);
        assert!(0.1 * losses.columns[0] > 0.01 * losses.reconstruction);
        let expected = case.differences(0..10);
        assert_close(&case.name(), &found, &expected, 5e-6);
    }
}

#[test]
fn contraction_over_what_cannot_be_differentiated_twice_is_refused() {
    let refused = |encoder: &[LayerSpec], parts: &[&str]| {
        let mut case = case(encoder, &[dense(11)], &[11]);
        case.contraction = 0.1;
        let network = case.network();
        let sgd = OptimizerSpec::Sgd {
            learning_rate: 0.1,
            momentum: 0.0,
            weight_decay: 0.0,
        };
        let setting = Setting {
            parameters: case.parameters(),
            corruption: None,
            objective: Objective::new(&case.reconstruction, &Bottleneck::plain(), &case.decoder)
                .unwrap(),
            penalties: vec![jacobian(0.1)],
            optimizer: Optimizer::new(sgd, &network),
            network,
            seed: SEED,
            binarize: false,
            clip_norm: 0.0,
            accumulation: 1,
        };
        let error = Stepper::new(setting, 10, 1).err().unwrap().to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is missing in: {error}");
        }
    };
    let normalized = [dense(7), layer_norm(), tanh(), dense(3)];
    refused(&normalized, &["encoder[1]", "layer-norm", "jacobian"]);
    let dropped = [dense(7), tanh(), dropout(0.3), dense(3)];
    refused(&dropped, &["encoder[2]", "dropout", "jacobian"]);
}

#[test]
fn the_jacobian_of_a_code_goes_through_normalization_and_nothing_is_dropped_there() {
    let case = case(
        &[
            dense(7),
            layer_norm(),
            tanh(),
            dropout(0.5),
            dense(5),
            layer_norm().with("epsilon", 0.1).unwrap(),
        ],
        &[tied_dense(4), dense(11)],
        &[11],
    );
    let (network, parameters) = (case.network(), case.parameters());
    let row: Vec<f32> = (0..11).map(|i| (i * i % 7) as f32 / 7.0).collect();
    let found = network.jacobian(&parameters, &row).unwrap();
    let flat: Vec<f64> = parameters.flat().iter().map(|&p| p.into()).collect();
    let batch = Batch {
        first: 0,
        is_training: false,
    };
    let code = |moved: usize, by: f64| {
        let mut x: Vec<f64> = row.iter().map(|&x| x.into()).collect();
        x[moved] += by;
        case.forward(&network, &flat, vec![x], batch, case.encoder.len())
            .concat()
    };
    let step = 1e-5;
    let column = |input: usize| {
        let pairs = code(input, step).into_iter().zip(code(input, -step));
        pairs
            .map(|(above, below)| (above - below) / (2.0 * step))
            .collect::<Vec<f64>>()
    };
    let expected: Vec<f64> = (0..11).flat_map(column).collect();
    assert_close(&case.name(), &found, &expected, 5e-6);
}
