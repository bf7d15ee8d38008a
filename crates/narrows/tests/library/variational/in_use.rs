//! Scores of a model, and values that are drawn as 0 or 1.

use super::*;

/// The same for any block of rows, and for each row alone.
#[test]
fn a_score_depends_on_its_row_alone() {
    let data = rows(300, false);
    let recipe = Case {
        likelihood: ContinuousBernoulli,
        ..PLAIN
    }
    .recipe();
    let model: Model = narrows::fit(&recipe, &data).unwrap();
    let all = data.to_array();
    let scores = model.score(all.view()).unwrap();
    let explained = model.contributions(all.view()).unwrap();
    for (row, &score) in scores.iter().enumerate().step_by(37) {
        let alone = model
            .score(all.slice(ndarray::s![row..row + 1, ..]))
            .unwrap();
        assert_eq!(alone[0].to_bits(), score.to_bits());
        assert_eq!(explained.row(row).len(), INPUTS);
    }
    // What a value adds above the least that any output could reach is never below 0.
    assert!(explained.iter().all(|&excess| excess >= 0.0));
    assert!(explained.iter().any(|&excess| excess > 0.1));
}

/// Values that are drawn as 0 or 1: the same bits as a step on data that hold these draws.
#[test]
fn values_are_drawn_as_0_or_1_by_their_address() {
    let text = |scaling: &str| {
        format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 6 }}]\nbottleneck = {{ kind = 'variational' }}\n\
             decoder = [{{ layer = 'dense' }}, {{ layer = 'sigmoid' }}]\nobjective = {{ reconstruction = 'bernoulli' }}\n\
             scaling = {{ {scaling} }}"
        )
    };
    let parse = |scaling: &str| Recipe::parse(&text(scaling), "a.toml").unwrap();
    let drawn = parse("kind = 'unit', draw = 'bernoulli'");
    assert!(drawn.binarize && Recipe::parse(&drawn.to_toml(), "again").unwrap() == drawn);
    let data = rows(ROWS, false);
    let unit = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let order: Vec<u32> = (0..ROWS as u32).collect();
    let epoch = 3;
    let draws = Draws::new(SEED, Purpose::Binarization);
    let mut values = Array2::zeros((ROWS, INPUTS));
    for (row, scaled) in scaled(&data).iter().enumerate() {
        let mut uniform = [0.0; INPUTS];
        let address = draws.address(epoch, row as u32);
        fill_uniform(Isa::best(), address, &mut uniform);
        for (column, uniform) in uniform.into_iter().enumerate() {
            values[[row, column]] = f32::from(u8::from(uniform < scaled[column] as f32));
        }
    }
    assert!(values.iter().any(|&value| value == 1.0) && values.iter().any(|&value| value == 0.0));
    let binary = Dataset::from_array(values.view()).unwrap();
    let none = Scaling::fit(&ScalingSpec::None, &binary).unwrap();
    let plain = parse("kind = 'none'");
    let mut setting_of_drawn = setting(&drawn);
    setting_of_drawn.binarize = true;
    let mut stepper = Stepper::new(setting_of_drawn, ROWS, 2).unwrap();
    let found = stepper.loss_and_gradient(&data, &unit, epoch, &order);
    let mut stepper = Stepper::new(setting(&plain), ROWS, 2).unwrap();
    assert_eq!(
        found,
        stepper.loss_and_gradient(&binary, &none, epoch, &order)
    );
    // Without the draws the loss refuses values between 0 and 1, and the draws refuse values outside.
    let refused = |recipe: &Recipe, data: &Dataset| {
        let error = narrows::fit(recipe, data).unwrap_err();
        error.to_string()
    };
    let error = refused(&parse("kind = 'unit'"), &data);
    for word in ["bernoulli", "row 1", "continuous-bernoulli"] {
        assert!(error.contains(word), "{error}");
    }
    let error = refused(&parse("kind = 'standardize', draw = 'bernoulli'"), &data);
    assert!(error.contains("[0, 1]"), "{error}");
    // A model in use takes values as they are, and an evaluation draws them once.
    let model = narrows::fit(&drawn, &data).unwrap();
    let all = data.to_array();
    assert_ne!(
        model.encode(all.view()).unwrap(),
        model
            .encode(values.mapv(|value| 255.0 * value).view())
            .unwrap()
    );
    let bounded = [0, 1].map(|_| evaluated(&model, &all.clone(), &all, 5));
    assert_eq!(bounded[0], bounded[1]);
    assert!(bounded[0].independent_test_nll.unwrap() > 0.0);
}
