//! Bottlenecks, and penalties on codes and on the decoder.

use super::*;

/// Compares the gradient of the first step, the losses of all steps and the parameters after the last.
fn compare_course(
    fixture: &Fixture<'_>,
    name: &dyn Fn(&str) -> String,
    tensors: &[Tensor],
    gradient: &[f32],
    (losses, last): (Vec<f64>, Vec<f32>),
) {
    fixture.compare(&name("loss"), &losses);
    for tensor in tensors {
        let range = tensor.range.clone();
        let grad = name(&format!("grad/{}", tensor.name));
        fixture.compare(&grad, &wide(&gradient[range.clone()]));
        let end = name(&format!("final/{}", tensor.name));
        fixture.compare(&end, &wide(&last[range]));
    }
}

/// A bottleneck and penalties on the code, alone and together.
#[test]
fn codes() {
    let dense = |outputs| layer::dense(outputs);
    let f = activation;
    let top_k = Bottleneck::top_k;
    let penalty = |name: &str| match name {
        "l1" => PenaltyKind::l1().weighted(0.02),
        "kl-sparsity" => PenaltyKind::kl_sparsity(0.2).weighted(0.05),
        "code-norm" => PenaltyKind::code_norm().weighted(0.05),
        "decoder-jacobian" => PenaltyKind::decoder_jacobian(None).weighted(0.3),
        "probed-decoder" => PenaltyKind::decoder_jacobian(Some(2)).weighted(0.3),
        "mmd" => PenaltyKind::mmd().weighted(0.2),
        other => panic!("{other}"),
    };
    let plain = Bottleneck::plain;
    let (silu, sigmoid) = (|| f(Activation::Silu), || f(Activation::Sigmoid));
    let smooth = |code| vec![dense(10), silu(), dense(code)];
    let networks: [(&str, Vec<LayerSpec>, Bottleneck, &[&str]); 9] = [
        ("top-k", vec![dense(20)], top_k(4), &[]),
        ("l1", smooth(7), plain(), &["l1"]),
        (
            "kl-sparsity",
            vec![dense(10), sigmoid()],
            plain(),
            &["kl-sparsity"],
        ),
        ("code-norm", smooth(7), plain(), &["code-norm"]),
        (
            "decoder-jacobian",
            smooth(5),
            plain(),
            &["decoder-jacobian"],
        ),
        ("probed-decoder", smooth(5), plain(), &["probed-decoder"]),
        ("mmd", smooth(5), plain(), &["mmd"]),
        ("regularized", smooth(5), plain(), &["code-norm", "mmd"]),
        (
            "all",
            vec![dense(9), sigmoid()],
            top_k(8),
            &["l1", "kl-sparsity"],
        ),
    ];
    with_fixture("codes", |fixture| {
        for (kind, encoder, bottleneck, penalties) in networks.clone() {
            let decoder = vec![dense(9), f(Activation::Tanh), dense(12), sigmoid()];
            let penalties = penalties.iter().map(|name| penalty(name)).collect();
            let mut case = Case::new(encoder, decoder, &[12], 6);
            (case.bottleneck, case.penalties) = (bottleneck, penalties);
            let network = case.network();
            let name = |of: &str| format!("{kind}/{of}");
            let code = case.forward(network.encoder(), network.code_size());
            fixture.compare(&name("code"), &code);
            fixture.compare(&name("output"), &case.forward(network.layers(), 12));
            let optimizer = adam(1e-2, 0.0);
            let mut stepper = case.stepper(&Reconstruction::mse(), optimizer);
            let (losses, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            if !losses.columns.is_empty() {
                fixture.compare(&name("values"), &losses.columns);
            }
            let gradient = gradient.to_vec();
            compare_course(
                fixture,
                &name,
                network.tensors(),
                &gradient,
                case.train(optimizer),
            );
        }
    });
}

/// Drawn codes: likelihood and divergence, every gradient, and the course of training, with the noise that Narrows draws.
#[test]
fn variational() {
    let text = r#"
        name = "variational"
        encoder = [
          { layer = "dense", outputs = 9 }, { layer = "tanh" }, { layer = "dense", outputs = 10 },
        ]
        bottleneck = { kind = "variational", beta = BETA, free_bits = FREE }
        decoder = [
          { layer = "dense", outputs = 8 }, { layer = "tanh" }, { layer = "dense", outputs = 12 }, { layer = "sigmoid" },
        ]
        [objective]
        reconstruction = LOSS
    "#;
    let networks = [
        ("binary-cross-entropy", "'binary-cross-entropy'", "1.0", "0"),
        ("continuous-bernoulli", "'continuous-bernoulli'", "0.5", "0"),
        ("gaussian", "'gaussian'\nstd = 0.5", "1.0", "0.02"),
        ("learned-std", "'gaussian'\nminimum_std = 0.2", "2.0", "0"),
        (
            "std-per-column",
            "'gaussian'\nminimum_std = 0.2\nper_column = true",
            "1.0",
            "0",
        ),
    ];
    with_fixture("variational", |fixture| {
        for (kind, loss, beta, free) in networks {
            let text = text.replace("LOSS", loss);
            let text = text.replace("BETA", beta).replace("FREE", free);
            let recipe = narrows::Recipe::parse(&text, "test").unwrap();
            let mut case = Case::new(recipe.encoder, recipe.decoder, &[12], 6);
            let reconstruction = &recipe.reconstruction;
            case.bottleneck = recipe.bottleneck;
            case.of_loss = reconstruction.part().tensors(reconstruction.settings(), 12);
            let network = case.network();
            let name = |of: &str| format!("{kind}/{of}");
            let code = case.forward(network.encoder(), network.code_size());
            fixture.compare(&name("code"), &code);
            let optimizer = adam(1e-2, 0.0);
            let mut stepper = case.stepper(reconstruction, optimizer);
            let (losses, gradient) =
                stepper.loss_and_gradient(&case.data, &case.scaling, 0, &case.rows(0));
            let values = [losses.reconstruction, losses.columns[0]];
            fixture.compare(&name("values"), &values);
            let gradient = gradient.to_vec();
            let course = case.train_by(reconstruction, optimizer);
            compare_course(fixture, &name, network.tensors(), &gradient, course);
        }
    });
}
