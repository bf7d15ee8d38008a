//! Outputs and gradients of whole networks, layer by layer, loss by loss and penalty by penalty.

use super::*;

fn recipe(name: &str) {
    let recipe = narrows::Recipe::named(name).unwrap();
    assert_eq!(recipe.optimizer, adam(1e-3, 0.0));
    let case = Case::new(recipe.encoder, recipe.decoder, &[784], 64);
    let network = case.network();
    with_fixture(name, |fixture| {
        fixture.compare(
            "code",
            &case.forward(network.encoder(), network.code_size()),
        );
        let outputs = case.forward(network.layers(), 784);
        fixture.compare("output", &outputs[..2 * 784]);
        let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-3, 0.0));
        let (loss, gradient) =
            stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
        let (losses, last) = case.train(adam(1e-3, 0.0));
        assert_eq!(loss.total, losses[0]);
        fixture.compare("loss", &losses);
        for tensor in network.tensors() {
            fixture.compare_digest("grad", tensor, &gradient[tensor.range.clone()]);
            fixture.compare_digest("final", tensor, &last[tensor.range.clone()]);
        }
    });
}

#[test]
fn simple_linear() {
    recipe("simple-linear");
}

#[test]
fn deep_linear() {
    recipe("deep-linear");
}

#[test]
fn every_loss() {
    let case = every_activation();
    let network = case.network();
    with_fixture("activations", |fixture| {
        fixture.compare("code", &case.forward(network.encoder(), 5));
        fixture.compare("output", &case.forward(network.layers(), 12));
        for reconstruction in [
            Reconstruction::mse(),
            Reconstruction::l1(),
            Reconstruction::huber(0.5),
            Reconstruction::binary_cross_entropy(),
        ] {
            let name = reconstruction.name();
            let mut stepper = case.stepper(&reconstruction, adam(1e-3, 0.0));
            let (loss, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            fixture.compare(&format!("{name}/loss"), &[loss.total]);
            for tensor in network.tensors() {
                let found: Vec<f64> = gradient[tensor.range.clone()]
                    .iter()
                    .map(|&g| f64::from(g))
                    .collect();
                fixture.compare(&format!("{name}/grad/{}", tensor.name), &found);
            }
        }
    });
}

#[test]
fn contractive_penalties() {
    let dense = |outputs| layer::dense(outputs);
    let f = activation;
    let encoder = vec![
        dense(10),
        f(Activation::Silu),
        dense(9),
        f(Activation::Tanh),
        dense(7),
        f(Activation::Softplus),
        dense(5),
        f(Activation::Sigmoid),
    ];
    let decoder = vec![dense(12), f(Activation::Sigmoid)];
    let mut case = Case::new(encoder, decoder, &[12], 6);
    let network = case.network();
    with_fixture("contractive", |fixture| {
        for (kind, weight) in [
            (PenaltyKind::jacobian(), 0.3),
            (PenaltyKind::summed(), 0.05),
        ] {
            let name = kind.name();
            case.penalties = vec![kind.weighted(weight)];
            let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
            let (losses, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            fixture.compare(&format!("{name}/value"), &losses.columns);
            for tensor in network.tensors() {
                let found: Vec<f64> = gradient[tensor.range.clone()]
                    .iter()
                    .map(|&g| f64::from(g))
                    .collect();
                fixture.compare(&format!("{name}/grad/{}", tensor.name), &found);
            }
            let (losses, _) = case.train(adam(1e-2, 0.0));
            fixture.compare(&format!("{name}/loss"), &losses);
        }
    });
}

/// Penalties where the code's activation stops probes, behind convolutions, and with random probes, which PyTorch is given
/// from the same generator.
#[test]
fn penalties_of_every_kind_of_encoder() {
    let dense = |outputs| format!("{{ layer = \"dense\", outputs = {outputs} }}");
    let smooth = format!(
        "{}, {{ layer = \"silu\" }}, {}, {{ layer = \"tanh\" }}, {}, {{ layer = \"softplus\" }}, {}, {{ layer = \"sigmoid\" }}",
        dense(10),
        dense(9),
        dense(7),
        dense(5)
    );
    let relu = format!(
        "{}, {{ layer = \"relu\" }}, {}, {{ layer = \"relu\" }}",
        dense(10),
        dense(6)
    );
    let convolutions = r#"
        { layer = "conv2d", channels = 4, kernel = 3, stride = 2, padding = 1 }, { layer = "silu" },
        { layer = "conv2d", channels = 3, kernel = [3, 2], stride = [1, 2], padding = [1, 0] }, { layer = "tanh" },
    "#;
    with_fixture("penalties", |fixture| {
        for (kind, encoder, shape) in [
            ("smooth", &*smooth, &[12][..]),
            ("relu", &relu, &[12]),
            ("convolutions", convolutions, &[2, 7, 6]),
        ] {
            let text = format!(
                "name = \"test\"\nencoder = [{encoder}]\ndecoder = [{}, {{ layer = \"sigmoid\" }}]",
                dense(shape.iter().product::<usize>())
            );
            let recipe = narrows::Recipe::parse(&text, "test").unwrap();
            let mut case = Case::new(recipe.encoder, recipe.decoder, shape, 6);
            for (penalty, weight) in [
                (PenaltyKind::jacobian(), 0.3),
                (PenaltyKind::summed(), 0.05),
                (PenaltyKind::hutchinson(3), 0.3),
            ] {
                case.penalties = vec![penalty.clone().weighted(weight)];
                let name = format!("{kind}/{}", penalty.name());
                let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
                let (losses, gradient) =
                    stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
                fixture.compare(&format!("{name}/value"), &losses.columns);
                for tensor in case.network().tensors() {
                    let found = wide(&gradient[tensor.range.clone()]);
                    fixture.compare(&format!("{name}/grad/{}", tensor.name), &found);
                }
            }
        }
    });
}

/// Convolutions and transposed convolutions of every option, between dense layers.
#[test]
fn convolutions() {
    let text = r#"
        name = "convolutions"
        encoder = [
          { layer = "conv2d", channels = 5, kernel = 3, stride = 2, padding = 1 }, { layer = "silu" },
          { layer = "conv2d", channels = 6, kernel = [3, 2], stride = [1, 2], padding = [1, 0], bias = false },
          { layer = "flatten" }, { layer = "dense", outputs = 7 },
        ]
        decoder = [
          { layer = "dense", outputs = 18 }, { layer = "reshape", shape = [3, 3, 2] }, { layer = "tanh" },
          { layer = "conv-transpose2d", channels = 5, kernel = 2, stride = 2 }, { layer = "gelu" },
          { layer = "conv-transpose2d", channels = 4, kernel = [3, 4], stride = [1, 3], padding = [0, 3],
            output_padding = [0, 1], bias = false }, { layer = "silu" },
          { layer = "conv2d", channels = 2, kernel = [2, 3], padding = 1 }, { layer = "sigmoid" },
        ]
    "#;
    let recipe = narrows::Recipe::parse(text, "test").unwrap();
    let case = Case::new(recipe.encoder, recipe.decoder, &[2, 9, 8], 6);
    let network = case.network();
    let wide = |numbers: &[f32]| -> Vec<f64> { numbers.iter().map(|&x| f64::from(x)).collect() };
    with_fixture("convolutions", |fixture| {
        fixture.compare("code", &case.forward(network.encoder(), 7));
        fixture.compare("output", &case.forward(network.layers(), 144));
        let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
        let (_, gradient) = stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
        let (losses, last) = case.train(adam(1e-2, 0.0));
        fixture.compare("loss", &losses);
        for tensor in network.tensors() {
            let (name, range) = (&tensor.name, tensor.range.clone());
            fixture.compare(&format!("grad/{name}"), &wide(&gradient[range.clone()]));
            fixture.compare(&format!("final/{name}"), &wide(&last[range]));
        }
    });
}

/// Layers that normalize and drop, and weights that two layers share, on which decay acts once.
#[test]
fn layers_of_rows() {
    let networks: [(&str, &[usize], usize, &str, &str); 5] = [
        (
            "normalized",
            &[12],
            7,
            "{ layer = 'dense', outputs = 10 }, { layer = 'layer-norm' }, { layer = 'silu' },
             { layer = 'dense', outputs = 7 }, { layer = 'layer-norm', epsilon = 0.01 }",
            "{ layer = 'layer-norm' }, { layer = 'dense', outputs = 9 }, { layer = 'tanh' },
             { layer = 'dense' }, { layer = 'layer-norm' }",
        ),
        (
            "images",
            &[2, 7, 6],
            7,
            "{ layer = 'conv2d', channels = 4, kernel = 3, stride = 2, padding = 1 },
             { layer = 'layer-norm' }, { layer = 'silu' }, { layer = 'dense', outputs = 7 }",
            "{ layer = 'dense' }, { layer = 'layer-norm' }",
        ),
        (
            "dropped",
            &[12],
            5,
            "{ layer = 'dense', outputs = 70 }, { layer = 'tanh' }, { layer = 'dropout', fraction = 0.2 },
             { layer = 'dense', outputs = 5 }",
            "{ layer = 'dropout', fraction = 0.1 }, { layer = 'dense', outputs = 9 }, { layer = 'silu' },
             { layer = 'dropout', fraction = 0.5 }, { layer = 'dense' }",
        ),
        (
            "tied",
            &[12],
            5,
            "{ layer = 'dense', outputs = 10 }, { layer = 'silu' }, { layer = 'dense', outputs = 5 }",
            "{ layer = 'dense', tied = 'encoder[2]' }, { layer = 'tanh' },
             { layer = 'dense', tied = 'encoder[0]' }",
        ),
        (
            "all",
            &[12],
            5,
            "{ layer = 'dense', outputs = 10 }, { layer = 'layer-norm' }, { layer = 'silu' },
             { layer = 'dropout', fraction = 0.25 }, { layer = 'dense', outputs = 5 }",
            "{ layer = 'dense', tied = 'encoder[4]', bias = false }, { layer = 'dropout', fraction = 0.25 },
             { layer = 'layer-norm' }, { layer = 'tanh' }, { layer = 'dense', tied = 'encoder[0]' }",
        ),
    ];
    with_fixture("layers", |fixture| {
        for (kind, shape, code, encoder, decoder) in networks {
            let text = format!(
                "name = \"test\"\nencoder = [{encoder}]\ndecoder = [{decoder}, {{ layer = \"sigmoid\" }}]"
            );
            let recipe = narrows::Recipe::parse(&text, "test").unwrap();
            let case = Case::new(recipe.encoder, recipe.decoder, shape, 6);
            let network = case.network();
            let name = |of: &str| format!("{kind}/{of}");
            fixture.compare(&name("code"), &case.forward(network.encoder(), code));
            let width = shape.iter().product();
            fixture.compare(&name("output"), &case.forward(network.layers(), width));
            let optimizer = adam(1e-2, 0.01);
            let mut stepper = case.stepper(&Reconstruction::mse(), optimizer);
            let (_, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            let (losses, last) = case.train(optimizer);
            fixture.compare(&name("loss"), &losses);
            for tensor in network.tensors() {
                let range = tensor.range.clone();
                let grad = name(&format!("grad/{}", tensor.name));
                fixture.compare(&grad, &wide(&gradient[range.clone()]));
                let end = name(&format!("final/{}", tensor.name));
                fixture.compare(&end, &wide(&last[range]));
            }
        }
    });
}

/// Batch normalization: gradients through the statistics of the batch, the course of training, running statistics, and
/// what a model makes of rows with them.
#[test]
fn batch_norm() {
    let text = r#"
        name = "batch-norm"
        encoder = [
          { layer = "conv2d", channels = 5, kernel = 3, stride = 2, padding = 1, bias = false },
          { layer = "batch-norm" }, { layer = "silu" },
          { layer = "dense", outputs = 19, bias = false }, { layer = "batch-norm", momentum = 0.3 }, { layer = "tanh" },
          { layer = "dense", outputs = 4 },
        ]
        decoder = [
          { layer = "dense", outputs = 11 }, { layer = "silu" }, { layer = "batch-norm", epsilon = 1e-3 },
          { layer = "dense", outputs = 84 }, { layer = "sigmoid" },
        ]
    "#;
    let recipe = narrows::Recipe::parse(text, "test").unwrap();
    let case = Case::new(recipe.encoder, recipe.decoder, &[2, 7, 6], 9);
    let network = case.network();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 0.0,
    };
    with_fixture("batch-norm", |fixture| {
        let mut stepper = case.stepper(&Reconstruction::mse(), sgd);
        let (_, gradient) = stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
        let losses: Vec<f64> = (0..20)
            .map(|step| {
                let rows = case.rows(step);
                stepper.step(&case.data, &case.scaling, 0, &rows, 1.0).total
            })
            .collect();
        fixture.compare("loss", &losses);
        let parameters = stepper.parameters();
        for tensor in network.tensors() {
            let (name, range) = (&tensor.name, tensor.range.clone());
            fixture.compare(&format!("grad/{name}"), &wide(&gradient[range.clone()]));
            fixture.compare(&format!("final/{name}"), &wide(&parameters.flat()[range]));
        }
        for state in network.states() {
            let numbers = &parameters.states()[state.range.clone()];
            let found = match state.kind {
                StateKind::Count => numbers.iter().map(|x| f64::from(x.to_bits())).collect(),
                StateKind::Number | StateKind::NotNegative => wide(numbers),
            };
            fixture.compare(&format!("state/{}", state.name), &found);
        }
        let parameters = parameters.clone();
        let run = |layers, width| case.forward_with(parameters.clone(), layers, width);
        fixture.compare("code", &run(network.encoder(), 4));
        fixture.compare("output", &run(network.layers(), 84));
    });
}
