//! Values that override the recipe.

use super::*;

#[test]
fn overrides_set_values_and_errors_name_them() {
    let set = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        Recipe::parse_with(&with("", ""), "small.toml", &overrides)
    };
    let recipe = set(&[
        "training.epochs=3",
        "scaling.kind=standardize",
        "scaling.mean=0.1307",
        "scaling.std = 0.3081",
        "encoder[0].outputs=64",
        "optimizer.learning_rate=1e-4",
        "about=two words",
    ])
    .unwrap();
    assert_eq!(recipe.epochs, 3);
    let both = ScalingSpec::Standardize {
        mean: Some(0.1307),
        std: Some(0.3081),
    };
    assert_eq!(recipe.scaling, Some(both));
    assert_eq!(recipe.encoder[0], layer::dense(64));
    assert_eq!(recipe.optimizer.learning_rate(), 1e-4);
    assert_eq!(recipe.about, "two words");

    let text = with("", "");
    refused(
        &text,
        &["training.epochz=3"],
        &["training.epochz=3 in overrides", "did you mean `epochs`?"],
    );
    refused(
        &text,
        &["training.epochs=0"],
        &["training.epochs=0 in overrides", "from 1"],
    );
    refused(
        &text,
        &["training.epochs"],
        &["training.epochs in overrides", "KEY=VALUE"],
    );
    refused(
        &text,
        &["encoder[9].outputs=1"],
        &["encoder[9]", "an index below 1"],
    );
    refused(&text, &["encoder[-1].outputs=1"], &["an index below 1"]);
    refused(
        &text,
        &["name.x=1"],
        &["name.x=1 in overrides", "a section"],
    );
    refused(
        &text,
        &["encoder.0.outputs=1"],
        &[
            "encoder.0.outputs=1 in overrides",
            "`encoder[0]`, as in `encoder[0].outputs = 1`",
        ],
    );
    for nothing in ["=3", "training.=3", " .epochs=3", "[0]=3"] {
        let place = format!("{nothing} in overrides: this sets no key");
        refused(&text, &[nothing], &[&place, "KEY=VALUE"]);
    }
    // What was set is to blame, not what it was set over.
    for (assignment, path) in [
        ("encoder[0]=3", "encoder[0]"),
        ("encoder=[3]", "encoder[0]"),
    ] {
        let place = format!("{assignment} in overrides: {path}: ");
        refused(&text, &[assignment], &[&place, "a section", "found 3"]);
    }
}

#[test]
fn an_override_is_named_as_its_user_wrote_it() {
    let overrides = [Override {
        assignment: "training.epochs=abc".into(),
        origin: "--epochs abc".into(),
    }];
    let error = Recipe::load_with("simple-linear", &overrides).unwrap_err();
    let expected = "--epochs abc: training.epochs: this value is not possible";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(error.to_string().contains("found \"abc\""), "{error}");
}

#[test]
fn another_kind_by_override_drops_the_keys_that_it_does_not_have() {
    let text = with(
        "optimizer",
        "kind = \"adam\"\nlearning_rate = 0.5\nbeta1 = 0.5",
    );
    let recipe = Recipe::parse_with(&text, "a", &["optimizer.kind=sgd".into()]).unwrap();
    let sgd = OptimizerSpec::Sgd {
        learning_rate: 0.5,
        momentum: 0.0,
        weight_decay: 0.0,
    };
    assert_eq!(recipe.optimizer, sgd);
    // What the new kind has too stays, all of it where the kind is the same.
    let text = with(
        "optimizer",
        "kind = \"adam\"\nepsilon = 1e-3\nweight_decay = 0.25",
    );
    let settings = |kind: &str| {
        let recipe = Recipe::parse_with(&text, "a", &[format!("optimizer.kind={kind}")]).unwrap();
        match recipe.optimizer {
            OptimizerSpec::Adam {
                epsilon,
                weight_decay,
                ..
            }
            | OptimizerSpec::AdamW {
                epsilon,
                weight_decay,
                ..
            } => (epsilon, weight_decay),
            OptimizerSpec::Sgd { weight_decay, .. } => (0.0, weight_decay),
        }
    };
    assert_eq!(settings("adam"), (1e-3, 0.25));
    assert_eq!(settings("adamw"), (1e-3, 0.25));
    assert_eq!(settings("sgd"), (0.0, 0.25));
    let layer = [
        "encoder[0].layer=relu".into(),
        "encoder[1].layer=dense".into(),
    ];
    let two = with(
        "encoder",
        "layer = \"dense\"\noutputs = 9\n[[encoder]]\nlayer = \"dense\"\noutputs = 2",
    );
    let recipe = Recipe::parse_with(&two, "a", &layer).unwrap();
    assert_eq!(recipe.encoder[0], activation(Activation::Relu));
    let dense = layer::dense(2);
    assert_eq!(recipe.encoder[1], dense);
    // What does not exist at all is refused all the same.
    let unknown = with("optimizer", "kind = \"adam\"\nbeta3 = 0.5");
    refused(
        &unknown,
        &["optimizer.kind=sgd"],
        &["there is no key `beta3`"],
    );
    // Of two keys for the same thing the one that was set counts.
    let masking = format!(
        "{}\n[corruption]\nkind = \"masking\"\ndrop = 0.25",
        with("", "")
    );
    let recipe = Recipe::parse_with(&masking, "a", &["corruption.keep=0.5".into()]).unwrap();
    assert_eq!(recipe.corruption.unwrap().strength(), 0.5);
    // What was set by hand is never dropped.
    let text = with("optimizer", "kind = \"adam\"");
    let overrides = ["optimizer.beta1=0.1".into(), "optimizer.kind=sgd".into()];
    let error = Recipe::parse_with(&text, "a", &overrides)
        .unwrap_err()
        .to_string();
    assert!(error.contains("is a key of `adam`"), "{error}");
}
