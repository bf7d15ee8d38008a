//! The course of training: optimizers, clipping, accumulation and schedules.

use super::*;

#[test]
fn every_optimizer() {
    let case = every_activation();
    let network = case.network();
    let sgd = |weight_decay| OptimizerSpec::Sgd {
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay,
    };
    let adamw = OptimizerSpec::AdamW {
        learning_rate: 1e-2,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
    };
    with_fixture("activations", |fixture| {
        for (name, optimizer) in [
            ("adam", adam(1e-2, 0.0)),
            ("adam-weight-decay", adam(1e-2, 0.01)),
            ("adamw", adamw),
            ("sgd", sgd(0.0)),
            ("sgd-weight-decay", sgd(0.01)),
        ] {
            let (losses, last) = case.train(optimizer);
            fixture.compare(&format!("{name}/loss"), &losses);
            for tensor in network.tensors() {
                let found: Vec<f64> = last[tensor.range.clone()]
                    .iter()
                    .map(|&p| f64::from(p))
                    .collect();
                fixture.compare(&format!("{name}/final/{}", tensor.name), &found);
            }
        }
    });
}

/// A small smooth network, for what stands between the gradient and the step.
fn smooth() -> Case {
    let dense = |outputs| layer::dense(outputs);
    let f = activation;
    let encoder = vec![dense(10), f(Activation::Silu), dense(5)];
    let decoder = vec![
        dense(10),
        f(Activation::Tanh),
        dense(12),
        f(Activation::Sigmoid),
    ];
    Case::new(encoder, decoder, &[12], 6)
}

#[test]
fn clipping() {
    let mut case = smooth();
    case.clip_norm = 0.035;
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 1.0,
        momentum: 0.9,
        weight_decay: 0.0,
    };
    with_fixture("training", |fixture| {
        for (name, optimizer) in [("clip-adam", adam(1e-2, 0.01)), ("clip-sgd", sgd)] {
            let mut stepper = case.stepper(&Reconstruction::mse(), optimizer);
            let (mut norms, mut losses) = (Vec::new(), Vec::new());
            for step in 0..20 {
                let rows = case.rows(step);
                let (loss, gradient) =
                    stepper.loss_and_gradient(&case.data, &case.scaling, 0, &rows);
                norms.push(wide(&gradient).iter().map(|g| g * g).sum::<f64>().sqrt());
                let same = stepper.step(&case.data, &case.scaling, 0, &rows, 1.0).total;
                assert_eq!(loss.total, same);
                losses.push(same);
            }
            fixture.compare(&format!("{name}/norm"), &norms);
            fixture.compare(&format!("{name}/loss"), &losses);
            let last = stepper.parameters().flat();
            for tensor in case.network().tensors() {
                let found = wide(&last[tensor.range.clone()]);
                fixture.compare(&format!("{name}/final/{}", tensor.name), &found);
            }
        }
    });
}

#[test]
fn accumulation() {
    let mut case = smooth();
    case.accumulation = 4;
    with_fixture("training", |fixture| {
        let mut stepper = case.stepper(&Reconstruction::mse(), adam(1e-2, 0.0));
        let step = |k: u32| {
            // The last of the four batches has five rows.
            let rows: Vec<u32> = (k * 23..(k + 1) * 23).collect();
            stepper.step(&case.data, &case.scaling, 0, &rows, 1.0).total
        };
        let losses: Vec<f64> = (0..5).map(step).collect();
        fixture.compare("accumulated/loss", &losses);
        let last = stepper.parameters().flat();
        for tensor in case.network().tensors() {
            let found = wide(&last[tensor.range.clone()]);
            fixture.compare(&format!("accumulated/final/{}", tensor.name), &found);
        }
    });
}

#[test]
fn schedules() {
    const RATE: f64 = 0.1;
    let cosine = |warmup, final_factor| ScheduleSpec::Cosine {
        warmup,
        final_factor,
    };
    with_fixture("training", |fixture| {
        for (name, schedule) in [
            ("cosine", cosine(0.0, 0.0)),
            ("cosine-warmup", cosine(1.5, 0.05)),
            (
                "step",
                ScheduleSpec::Step {
                    every: 2,
                    factor: 0.3,
                    growth: 1,
                },
            ),
        ] {
            let expected = fixture.get(&format!("schedule/{name}"));
            assert_eq!(expected.len(), 48);
            for (step, expected) in expected.into_iter().enumerate() {
                let rate = RATE * schedule.factor(step as u64, 8, 6, &Plateau::default());
                assert!(
                    (rate - expected).abs() < 1e-12,
                    "{name}, step {step}: {rate}, and PyTorch {expected}"
                );
            }
        }
        let schedule = ScheduleSpec::Plateau {
            patience: 2,
            factor: 0.3,
            minimum_factor: 0.05,
        };
        let mut plateau = Plateau::default();
        let losses = fixture.get("schedule/plateau/loss");
        let rates = fixture.get("schedule/plateau");
        for (epoch, (&loss, expected)) in losses.iter().zip(rates).enumerate() {
            plateau.watch(&schedule, loss);
            let rate = RATE * plateau.factor;
            assert!(
                (rate - expected).abs() < 1e-12,
                "epoch {epoch}: {rate}, and PyTorch {expected}"
            );
        }
    });
}
