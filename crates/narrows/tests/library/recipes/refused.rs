//! Recipes that are refused, and the errors.

use super::*;

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
        &["optimizer.momentum", "is a key of `sgd`"],
    );
    refused(
        &with("objective", "delta = 1"),
        &[],
        &["objective.delta", "is a key of `huber`"],
    );
    refused(
        &with("encoder", "layer = \"relu\"\nslope = 1"),
        &[],
        &["is a key of `leaky-relu`"],
    );
    refused(
        &with("scaling", "kind = \"unit\"\nmean = 0"),
        &[],
        &["is a key of `standardize`"],
    );
    refused(
        &with("scaling", "mean = 0"),
        &[],
        &["scaling.kind", "missing"],
    );
}

/// A section, lines in it, and the key whose value is impossible.
const IMPOSSIBLE: &[(&str, &str, &str)] = &[
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
];

#[test]
fn impossible_values_are_refused() {
    for (section, line, path) in IMPOSSIBLE {
        refused(
            &with(section, line),
            &[],
            &["small.toml, line", path, "expected", "found"],
        );
    }
}

#[test]
fn what_is_missing_or_no_recipe_is_refused() {
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
        &["output_padding", "is a key of `conv-transpose2d`"],
    );
    refused("name = 'a'\nscaling = 3", &[], &["scaling", "a section"]);
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
