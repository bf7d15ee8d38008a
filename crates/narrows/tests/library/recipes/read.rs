//! Reading and writing recipes, and the reference of all keys.

use super::*;

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
    let by_purpose = Recipe::by_purpose();
    let all = by_purpose
        .iter()
        .flat_map(|(_, names)| names.iter().copied());
    assert_eq!(
        all.collect::<Vec<_>>(),
        Recipe::shipped().collect::<Vec<_>>()
    );
    for name in Recipe::shipped() {
        let variants = Recipe::variants(name).unwrap();
        let is_of = |purpose: &Purpose| {
            let mut groups = by_purpose.iter();
            groups.any(|(other, names)| other == purpose && names.contains(&name))
        };
        // Those of the study can be trained as it had them.
        assert_eq!(
            variants.contains(&"original".to_string()),
            is_of(&Purpose::Study) || is_of(&Purpose::Denoising),
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
    assert!(about("contractive:jacobian").contains("Jacobian"));
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
