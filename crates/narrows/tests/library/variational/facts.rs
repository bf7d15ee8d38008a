//! Facts that hold for every likelihood: what a wrong mean or a forgotten weight would break.

use super::*;

/// Twice the values: each column is there twice, the code and its divergence are the same.
#[test]
fn a_row_of_each_value_twice_has_twice_the_likelihood() {
    for likelihood in Likelihood::ALL.into_iter().filter(|l| l.learned() == 0) {
        let case = Case {
            likelihood,
            ..PLAIN
        };
        let recipe = case.recipe();
        let data = rows(ROWS, likelihood == Bernoulli);
        let values = data.to_array();
        let twice = ndarray::concatenate![ndarray::Axis(1), values, values];
        let twice = twice.mapv(|value| value as u8);
        let twice = Dataset::new("twice", Values::U8(twice), vec![2 * INPUTS], None).unwrap();
        let network = recipe.network(&[2 * INPUTS]).unwrap();
        let once = setting(&recipe);
        let flat = once.parameters.flat();
        let (encoder, decoder) = flat.split_at(2 * CODE * (INPUTS + 1));
        let (weights, biases) = encoder.split_at(2 * CODE * INPUTS);
        // The encoder reads the first half alone; the decoder gives both halves alike.
        let mut wide: Vec<f32> = weights
            .chunks(INPUTS)
            .flat_map(|row| [row, &[0.0; INPUTS]].concat())
            .collect();
        wide.extend(biases);
        let (weights, biases) = decoder.split_at(INPUTS * CODE);
        [weights, weights, biases, biases]
            .iter()
            .for_each(|part| wide.extend(*part));
        let setting_of_twice = Setting {
            parameters: Parameters::new(&network, &wide),
            optimizer: Optimizer::new(recipe.optimizer, &network),
            network,
            ..setting(&recipe)
        };
        let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
        let order: Vec<u32> = (0..ROWS as u32).collect();
        let losses = |setting: Setting, data: &Dataset| {
            let mut stepper = Stepper::new(setting, ROWS, 1).unwrap();
            stepper.loss_and_gradient(data, &scaling, 0, &order).0
        };
        let (one, two) = (losses(once, &data), losses(setting_of_twice, &twice));
        near(
            case,
            two.reconstruction,
            2.0 * one.reconstruction,
            "the likelihood",
        );
        near(case, two.columns[0], one.columns[0], "the divergence");
    }
}

/// The divergence counts in full where a recipe says nothing of it.
#[test]
fn the_divergence_counts_by_default() {
    let text = PLAIN.recipe().to_toml();
    let keys = text.lines().filter(|line| !line.starts_with("beta"));
    let recipe = Recipe::parse(&keys.collect::<Vec<_>>().join("\n"), "default.toml").unwrap();
    let data = rows(ROWS, false);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let mut stepper = Stepper::new(setting(&recipe), ROWS, 1).unwrap();
    let (losses, _) = stepper.loss_and_gradient(&data, &scaling, 0, &order);
    assert!(losses.columns[0] > 0.1);
    near(
        PLAIN,
        losses.total,
        losses.reconstruction + losses.columns[0],
        "the objective",
    );
}
