//! Recipes: what is read, what is refused and in which words.

use narrows::Recipe;
use narrows::layer::{self, Activation, Initialization, LayerSpec, activation};
use narrows::objective::{PenaltyKind, Reconstruction};
use narrows::optimizer::OptimizerSpec;
use narrows::recipe::Override;
use narrows::scaling::ScalingSpec;
use std::path::Path;

/// A small recipe with room for one more line in each section.
fn with(section: &str, line: &str) -> String {
    let extra = |name: &str| if name == section { line } else { "" };
    format!(
        r#"name = "small"
{}
[scaling]
{}
[network]
{}
[[encoder]]
{}
[[decoder]]
layer = "dense"
{}
[objective]
{}
[optimizer]
{}
[training]
{}
"#,
        extra(""),
        if section == "scaling" {
            line
        } else {
            "kind = \"unit\""
        },
        extra("network"),
        if section == "encoder" {
            line
        } else {
            "layer = \"dense\"\noutputs = 2"
        },
        extra("decoder"),
        extra("objective"),
        extra("optimizer"),
        extra("training"),
    )
}

#[track_caller]
fn refused(text: &str, overrides: &[&str], parts: &[&str]) {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    let error = Recipe::parse_with(text, "small.toml", &overrides)
        .unwrap_err()
        .to_string();
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

#[test]
fn the_shipped_recipes_are_those_of_the_study() {
    let widths = |layers: &[LayerSpec]| -> Vec<Option<usize>> {
        layers
            .iter()
            .filter(|layer| layer.get("bias") == Some(true))
            .map(|layer| layer.get("outputs"))
            .collect()
    };
    for (name, encoder) in [
        ("simple-linear", vec![128, 64, 32, 16, 8]),
        ("deep-linear", vec![512, 256, 128, 64, 16, 3]),
    ] {
        let recipe = Recipe::named(name).unwrap();
        assert_eq!(recipe.name, name);
        assert_eq!(
            widths(&recipe.encoder),
            encoder.iter().map(|&n| Some(n)).collect::<Vec<_>>()
        );
        let mut mirrored: Vec<_> = encoder.iter().rev().skip(1).map(|&n| Some(n)).collect();
        mirrored.push(None);
        assert_eq!(widths(&recipe.decoder), mirrored);
        assert_eq!(
            recipe.encoder.len(),
            encoder.len(),
            "no activations in the encoder"
        );
        assert_eq!(
            recipe.decoder.last(),
            Some(&activation(Activation::Sigmoid))
        );
        assert_eq!(recipe.scaling, Some(ScalingSpec::Unit));
        assert_eq!(recipe.reconstruction, Reconstruction::mse());
        assert_eq!((recipe.epochs, recipe.batch_size), (10, 64));
        assert_eq!(
            recipe.optimizer,
            OptimizerSpec::Adam {
                learning_rate: 1e-3,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.0
            }
        );
    }
}

#[test]
fn every_shipped_recipe_and_variant_loads_and_fits_mnist() {
    let data = narrows::data::Source::open("mnist")
        .unwrap()
        .train
        .head(64)
        .unwrap();
    let mut seen = 0;
    for name in Recipe::shipped() {
        let variants = Recipe::variants(name).unwrap();
        // All but the one for tables come from a study.
        assert!(
            variants.contains(&"original".to_string()) || name == "table",
            "{name}"
        );
        let names = variants.iter().map(|variant| format!("{name}:{variant}"));
        for name in std::iter::once(name.to_string()).chain(names) {
            let mut recipe = Recipe::load(&name, &[]).unwrap();
            assert_eq!(recipe.name, name.replace(':', "-"));
            assert_eq!(Recipe::parse(&recipe.to_toml(), "written").unwrap(), recipe);
            recipe.epochs = 1;
            narrows::fit(&recipe, &data).unwrap();
            seen += 1;
        }
    }
    assert!(seen >= 17, "{seen}");
    // A variant that is something else says so.
    let about = |name| Recipe::load(name, &[]).unwrap().about;
    assert!(about("contractive:original-free").contains("without"));
    assert!(about("contractive:free").contains("without"));
    assert!(about("contractive:jacobian").contains("norm"));
    assert!(about("denoising-masking:original").contains("four in five"));
    let error = Recipe::load("simple-linear:orignal", &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("original"), "{error}");
}

#[test]
fn what_is_written_reads_back_the_same() {
    let mut recipe = Recipe::named("deep-linear").unwrap();
    recipe.name = "all.of_it-1".into();
    recipe.about = "quotes \" and \\ and\nlines".into();
    recipe.seed = i64::MAX as u64;
    recipe.initialization = Initialization::HeNormal;
    recipe.encoder = vec![
        layer::dense(5).with("bias", false).unwrap(),
        activation(Activation::LeakyRelu { slope: 0.2 }),
        activation(Activation::Elu { alpha: 1.7e-9 }),
        activation(Activation::Gelu),
        layer::reshape([5, 1, 1]),
        layer::conv2d(4, [3, 2])
            .with("stride", 2)
            .and_then(|layer| layer.with("padding", [0, 1]))
            .and_then(|layer| layer.with("bias", false))
            .unwrap(),
        layer::flatten(),
    ];
    recipe.decoder.pop();
    recipe.decoder.push(
        layer::conv_transpose2d(None, [3, 3])
            .with("stride", [2, 3])
            .and_then(|layer| layer.with("padding", 1))
            .and_then(|layer| layer.with("output_padding", [1, 2]))
            .unwrap(),
    );
    recipe.decoder.push(activation(Activation::Sigmoid));
    // Only the last may leave its width to the data.
    recipe.decoder.retain(|spec| *spec != layer::dense(None));
    for (scaling, reconstruction, optimizer) in [
        (
            None,
            Reconstruction::huber(0.3),
            OptimizerSpec::Sgd {
                learning_rate: 0.1,
                momentum: 0.9,
                weight_decay: 1e-30,
            },
        ),
        (
            Some(ScalingSpec::Standardize {
                mean: Some(-0.1307),
                std: None,
            }),
            Reconstruction::binary_cross_entropy(),
            OptimizerSpec::AdamW {
                learning_rate: 1e-5,
                beta1: 0.0,
                beta2: 0.99999,
                epsilon: 1e-12,
                weight_decay: 0.0,
            },
        ),
        (
            Some(ScalingSpec::MinMax {
                min: None,
                max: None,
            }),
            Reconstruction::l1(),
            recipe.optimizer,
        ),
        (
            Some(ScalingSpec::None),
            Reconstruction::mse(),
            recipe.optimizer,
        ),
    ] {
        (recipe.scaling, recipe.reconstruction, recipe.optimizer) =
            (scaling, reconstruction, optimizer);
        let text = recipe.to_toml();
        assert_eq!(Recipe::parse(&text, "written").unwrap(), recipe, "{text}");
        recipe.check().unwrap();
    }
}

#[test]
fn defaults_and_both_ways_of_writing_layers() {
    let short = "name = \"a\"\nencoder = [{ layer = \"dense\", outputs = 2 }]\ndecoder = [{ layer = \"dense\" }]";
    let recipe = Recipe::parse(short, "short").unwrap();
    assert_eq!(recipe.scaling, None);
    assert_eq!(recipe.initialization, Initialization::Pytorch);
    assert_eq!((recipe.epochs, recipe.batch_size, recipe.seed), (10, 64, 0));
    let long = Recipe::parse(&with("", ""), "long").unwrap();
    assert_eq!(
        (long.encoder, long.decoder),
        (recipe.encoder, recipe.decoder)
    );
    // A learning rate alone is Adam's, and a whole number is a number.
    let recipe = Recipe::parse(&with("optimizer", "learning_rate = 1"), "a").unwrap();
    assert_eq!(
        (recipe.optimizer.name(), recipe.optimizer.learning_rate()),
        ("adam", 1.0)
    );
}

#[test]
fn unknown_keys_and_names_come_with_path_line_and_the_nearest() {
    refused(
        &with("", "scalling = 1"),
        &[],
        &["small.toml, line 2", "scalling", "did you mean `scaling`?"],
    );
    refused(
        &with("training", "epoch = 3"),
        &[],
        &["training.epoch", "line 18", "did you mean `epochs`?"],
    );
    refused(
        &with("encoder", "layer = \"dense\"\noutput = 2"),
        &[],
        &["encoder[0].output", "line 9", "did you mean `outputs`?"],
    );
    refused(
        &with("encoder", "layer = \"rellu\""),
        &[],
        &["encoder[0].layer", "did you mean `relu`?"],
    );
    refused(
        &with("network", "initialization = \"he\""),
        &[],
        &["network.initialization", "he-uniform"],
    );
    refused(
        &with("objective", "reconstruction = \"mes\""),
        &[],
        &["did you mean `mse`?"],
    );
    refused(
        &with("optimizer", "kind = \"adamw2\""),
        &[],
        &["did you mean `adamw`?"],
    );
    refused(
        &with("scaling", "kind = \"zzz\""),
        &[],
        &["unit", "standardize", "minmax", "none"],
    );
}

#[test]
fn keys_of_another_kind_say_whose_they_are() {
    refused(
        &with("optimizer", "momentum = 0.9"),
        &[],
        &["optimizer.momentum", "belongs to `sgd`"],
    );
    refused(
        &with("objective", "delta = 1"),
        &[],
        &["objective.delta", "belongs to `huber`"],
    );
    refused(
        &with("encoder", "layer = \"relu\"\nslope = 1"),
        &[],
        &["belongs to `leaky-relu`"],
    );
    refused(
        &with("scaling", "kind = \"unit\"\nmean = 0"),
        &[],
        &["belongs to `standardize`"],
    );
    refused(
        &with("scaling", "mean = 0"),
        &[],
        &["scaling.kind", "missing"],
    );
}

#[test]
fn impossible_values_are_refused() {
    for (section, line, path) in [
        (
            "encoder",
            "layer = \"dense\"\noutputs = 0",
            "encoder[0].outputs",
        ),
        (
            "encoder",
            "layer = \"dense\"\noutputs = -3",
            "encoder[0].outputs",
        ),
        (
            "encoder",
            "layer = \"dense\"\noutputs = 2.5",
            "encoder[0].outputs",
        ),
        (
            "encoder",
            "layer = \"dense\"\noutputs = 99999999999",
            "encoder[0].outputs",
        ),
        (
            "encoder",
            "layer = \"dense\"\noutputs = 99999999999999999999",
            "encoder[0].outputs",
        ),
        (
            "encoder",
            "layer = \"dense\"\noutputs = 2\nbias = 1",
            "encoder[0].bias",
        ),
        ("encoder", "layer = 3", "encoder[0].layer"),
        (
            "encoder",
            "layer = \"conv2d\"\nchannels = 0\nkernel = 3",
            "encoder[0].channels",
        ),
        (
            "encoder",
            "layer = \"conv2d\"\nchannels = 2\nkernel = [3, 0]",
            "encoder[0].kernel",
        ),
        (
            "encoder",
            "layer = \"conv2d\"\nchannels = 2\nkernel = [3, 3, 3]",
            "encoder[0].kernel",
        ),
        (
            "encoder",
            "layer = \"conv2d\"\nchannels = 2\nkernel = \"3x3\"",
            "encoder[0].kernel",
        ),
        (
            "encoder",
            "layer = \"conv2d\"\nchannels = 2\nkernel = 3\nstride = 0",
            "encoder[0].stride",
        ),
        (
            "encoder",
            "layer = \"conv2d\"\nchannels = 2\nkernel = 3\npadding = [1, -1]",
            "encoder[0].padding",
        ),
        (
            "encoder",
            "layer = \"conv2d\"\nchannels = 2\nkernel = 99999",
            "encoder[0].kernel",
        ),
        (
            "encoder",
            "layer = \"conv-transpose2d\"\nchannels = 2\nkernel = 3\noutput_padding = 1.5",
            "encoder[0].output_padding",
        ),
        (
            "encoder",
            "layer = \"reshape\"\nshape = [784]",
            "encoder[0].shape",
        ),
        (
            "encoder",
            "layer = \"reshape\"\nshape = [1, \"a\", 28]",
            "encoder[0].shape",
        ),
        (
            "encoder",
            "layer = \"reshape\"\nshape = 784",
            "encoder[0].shape",
        ),
        ("training", "epochs = 0", "training.epochs"),
        ("training", "batch_size = 0", "training.batch_size"),
        ("training", "seed = -1", "training.seed"),
        ("optimizer", "learning_rate = 0", "optimizer.learning_rate"),
        (
            "optimizer",
            "learning_rate = -1e-3",
            "optimizer.learning_rate",
        ),
        (
            "optimizer",
            "learning_rate = nan",
            "optimizer.learning_rate",
        ),
        (
            "optimizer",
            "learning_rate = inf",
            "optimizer.learning_rate",
        ),
        (
            "optimizer",
            "learning_rate = 1e-60",
            "optimizer.learning_rate",
        ),
        (
            "optimizer",
            "learning_rate = \"fast\"",
            "optimizer.learning_rate",
        ),
        ("optimizer", "kind = \"adam\"\nbeta1 = 1", "optimizer.beta1"),
        (
            "optimizer",
            "kind = \"adam\"\nepsilon = 0",
            "optimizer.epsilon",
        ),
        (
            "optimizer",
            "kind = \"adam\"\nweight_decay = -1",
            "optimizer.weight_decay",
        ),
        (
            "optimizer",
            "kind = \"sgd\"\nmomentum = 1.5",
            "optimizer.momentum",
        ),
        (
            "objective",
            "reconstruction = \"huber\"\ndelta = 0",
            "objective.delta",
        ),
        ("scaling", "kind = \"standardize\"\nstd = 0", "scaling.std"),
        (
            "scaling",
            "kind = \"standardize\"\nmean = inf",
            "scaling.mean",
        ),
        ("", "about = 1979-05-27", "about"),
    ] {
        refused(
            &with(section, line),
            &[],
            &["small.toml, line", path, "expected", "found"],
        );
    }
    refused("name = \"../x\"\nencoder = []", &[], &["name", "letters"]);
    refused(
        "name = 'a'\nencoder = []\ndecoder = []",
        &[],
        &["encoder", "at least one layer with parameters"],
    );
    refused("name = 'a'\nencoder = 3", &[], &["encoder", "[[encoder]]"]);
    refused("name = 'a'", &[], &["`encoder` is missing"]);
    refused("encoder = []", &[], &["`name` is missing"]);
    refused("name = ", &[], &["small.toml, line 1", "not TOML"]);
    refused(
        &with("encoder", "layer = \"dense\""),
        &[],
        &["encoder[0].outputs", "missing"],
    );
    for layer in ["conv2d", "conv-transpose2d"] {
        refused(
            &with("encoder", &format!("layer = \"{layer}\"\nkernel = 3")),
            &[],
            &["encoder[0].channels", "missing"],
        );
        refused(
            &with("encoder", &format!("layer = \"{layer}\"\nchannels = 3")),
            &[],
            &["encoder[0].kernel", "missing", "[height, width]"],
        );
    }
    refused(
        &with("encoder", "layer = \"reshape\""),
        &[],
        &["encoder[0].shape", "missing"],
    );
    refused(
        &with(
            "encoder",
            "layer = \"conv2d\"\nchannels = 3\nkernel = 3\noutput_padding = 1",
        ),
        &[],
        &["output_padding", "belongs to `conv-transpose2d`"],
    );
    refused("name = 'a'\nscaling = 3", &[], &["scaling", "a section"]);
}

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
        &["--set training.epochz=3", "did you mean `epochs`?"],
    );
    refused(
        &text,
        &["training.epochs=0"],
        &["--set training.epochs=0", "from 1"],
    );
    refused(
        &text,
        &["training.epochs"],
        &["--set training.epochs", "KEY=VALUE"],
    );
    refused(
        &text,
        &["encoder[9].outputs=1"],
        &["--set encoder[9]", "an index below 1"],
    );
    refused(&text, &["encoder[-1].outputs=1"], &["an index below 1"]);
    refused(&text, &["name.x=1"], &["--set name.x=1", "a section"]);
    refused(
        &text,
        &["encoder.0.outputs=1"],
        &[
            "--set encoder.0.outputs=1",
            "`encoder[0]`, as in `encoder[0].outputs`",
        ],
    );
    for nothing in ["=3", "training.=3", " .epochs=3", "[0]=3"] {
        let place = format!("--set {nothing}: this sets no key");
        refused(&text, &[nothing], &[&place, "KEY=VALUE"]);
    }
    // What was set is to blame, not what it was set over.
    for (assignment, path) in [
        ("encoder[0]=3", "encoder[0]"),
        ("encoder=[3]", "encoder[0]"),
    ] {
        let place = format!("--set {assignment}: {path}: ");
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
fn numbers_out_of_reach_are_said_in_few_digits() {
    let text = with("", "");
    let seed = "99999999999999999999";
    refused(
        &text,
        &[&format!("training.seed={seed}")],
        &[&format!("found {seed}")],
    );
    for (assignment, found) in [
        ("optimizer.learning_rate=1e-300", "float32, found 1e-300"),
        ("optimizer.epsilon=1e300", "float32, found 1e300"),
        ("optimizer.weight_decay=1e-60", "float32, found 1e-60"),
        ("training.clip_norm=1e39", "float32, found 1e39"),
    ] {
        refused(&text, &[assignment], &[found]);
    }
}

#[test]
fn names_of_other_programs_suggest_ours() {
    for (section, line, ours) in [
        ("objective", "reconstruction = \"mae\"", "l1"),
        (
            "objective",
            "reconstruction = \"bce\"",
            "binary-cross-entropy",
        ),
        ("encoder", "layer = \"linear\"", "dense"),
    ] {
        let hint = format!("did you mean `{ours}`?");
        refused(&with(section, line), &[], &[&hint]);
    }
}

#[test]
fn cross_entropy_without_probabilities_is_refused_with_its_line() {
    let text = with("objective", "reconstruction = \"binary-cross-entropy\"");
    let parts = [
        "small.toml, line 14: objective.reconstruction",
        "sigmoid",
        "found `dense`",
    ];
    refused(&text, &[], &parts);
    let sigmoid =
        "\n[[decoder]]\nlayer = \"sigmoid\"\n[[decoder]]\nlayer = \"identity\"\n[objective]";
    assert!(Recipe::parse(&text.replace("\n[objective]", sigmoid), "a").is_ok());
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
    assert!(error.contains("belongs to `adam`"), "{error}");
}

#[test]
fn an_unknown_recipe_comes_with_the_nearest_name_and_a_missing_file_with_its_path() {
    let error = Recipe::load("simple-liner", &[]).unwrap_err().to_string();
    assert!(error.contains("did you mean `simple-linear`?"), "{error}");
    let error = Recipe::load("no/such.toml", &[]).unwrap_err().to_string();
    assert!(error.contains("no/such.toml"), "{error}");
    for folder in ["src", "./src"] {
        let error = Recipe::load(folder, &[]).unwrap_err().to_string();
        assert!(error.contains("model.safetensors"), "{error}");
    }
}

#[test]
fn the_page_of_keys_is_the_reference() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipe.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, keys) = page.split_once("\n## ").unwrap();
    let command = "narrows recipes keys --markdown";
    assert_eq!(
        format!("## {keys}").trim_end(),
        Recipe::reference().trim_end(),
        "{command}"
    );
}

#[test]
fn the_reference_names_every_key_and_kind() {
    let reference = Recipe::reference();
    for word in [
        "name",
        "about",
        "scaling",
        "kind",
        "mean",
        "std",
        "penalties",
        "fraction",
        "final_factor",
        "minimum_factor",
        "initialization",
        "he-normal",
        "layer",
        "dense",
        "outputs",
        "bias",
        "conv2d",
        "conv-transpose2d",
        "channels",
        "kernel",
        "stride",
        "padding",
        "output_padding",
        "flatten",
        "reshape",
        "shape",
        "slope",
        "alpha",
        "softplus",
        "reconstruction",
        "delta",
        "binary-cross-entropy",
        "adamw",
        "learning_rate",
        "beta1",
        "beta2",
        "epsilon",
        "weight_decay",
        "momentum",
        "epochs",
        "batch_size",
        "seed",
    ] {
        assert!(reference.contains(word), "{word}");
    }
}

#[test]
fn noise_and_penalties_are_read_and_checked() {
    let base = Recipe::text("contractive").unwrap();
    let set = |assignment: &str| Recipe::parse_with(base, "test", &[assignment.to_string()]);
    let recipe = set("objective.penalties[0].kind=hutchinson").unwrap();
    assert_eq!(recipe.penalties[0].kind, PenaltyKind::hutchinson(1));
    assert_eq!(Recipe::parse(&recipe.to_toml(), "written").unwrap(), recipe);
    for (assignment, part) in [
        ("objective.penalties[0].weight=-1", "0 or above"),
        ("objective.penalties[0].weight=heavy", "0 or above"),
        ("objective.penalties[0].kind=jacobean", "jacobian"),
        ("objective.penalties[0].probes=3", "hutchinson"),
        ("corruption.kind=gausian", "gaussian"),
        ("corruption.kind=gaussian", "std"),
        ("corruption.std=0.5", "kind"),
    ] {
        let error = set(assignment).unwrap_err().to_string();
        assert!(error.contains(part), "{assignment}: {error}");
    }
    let twice = "\n[[objective.penalties]]\nkind = \"summed\"\nweight = 1\n[optimizer]";
    let error = Recipe::parse(&base.replacen("\n[optimizer]", twice, 1), "test").unwrap_err();
    assert!(
        error.to_string().contains("two `summed` penalties"),
        "{error}"
    );
    let both = [
        "corruption.kind=masking",
        "corruption.drop=0.1",
        "corruption.keep=0.9",
    ];
    let error = Recipe::parse_with(base, "test", &both.map(String::from)).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}
