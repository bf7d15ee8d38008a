//! Weights that are refused, and the errors.

use super::*;

#[test]
fn a_map_that_does_not_fit_is_refused_and_one_that_is_complete_leaves_the_rest() {
    let bytes = file(&named(["a", "b", "c", "d"]), &[]);
    let rest = [("b", "encoder.2"), ("c", "decoder.0"), ("d", "decoder.2")];
    let swapped = [("b", "encoder.0"), ("c", "decoder.0"), ("d", "decoder.2")];
    for (first, rest, parts) in [
        (
            ("x", "encoder.0"),
            rest,
            ["x=encoder.0 in map", "no tensor and no layer `x`", "a.bias"],
        ),
        (
            ("a", "encoder.1"),
            rest,
            [
                "a=encoder.1 in map",
                "no tensor `encoder.1.",
                "encoder.2.bias",
            ],
        ),
        (
            ("a", "encoder.2"),
            swapped,
            ["`b.weight`", "`encoder.0.weight`", "found shape [3, 8]"],
        ),
    ] {
        let map: Vec<(&str, &str)> = [first].into_iter().chain(rest).collect();
        refused(import(&bytes, &recipe(3), &map, &[6]), &parts);
    }
    let twice = [("a", "encoder.0"), ("b", "encoder.0")];
    refused(import(&bytes, &recipe(3), &twice, &[6]), &["mapped twice"]);
    let mut more = named(["a", "b", "c", "d"]);
    more.insert("head.weight".into(), (Dtype::I64, vec![2], vec![0; 16]));
    let bytes = file(&more, &[]);
    refused(import(&bytes, &recipe(3), &[], &[6]), &["head.weight [2]"]);
    let map = [
        ("a", "encoder.0"),
        ("b", "encoder.2"),
        ("c", "decoder.0"),
        ("d", "decoder.2"),
    ];
    let notes = right(import(&bytes, &recipe(3), &map, &[6]));
    assert!(
        notes[0].contains("not used") && notes[0].contains("head.weight"),
        "{notes:?}"
    );
}

#[test]
fn layers_that_do_not_exist_here_are_named() {
    let with = |added: &[(&str, usize)]| {
        let mut tensors = usual();
        for (name, size) in added {
            tensors.insert(
                name.to_string(),
                (Dtype::F32, vec![*size], vec![0; 4 * size]),
            );
        }
        file(&tensors, &[])
    };
    let norm = [
        ("encoder.1.weight", 8),
        ("encoder.1.running_mean", 8),
        ("encoder.1.running_var", 8),
    ];
    refused(
        import(&with(&norm), &recipe(3), &[], &[6]),
        &[
            "the recipe has no `batch-norm` layer",
            "found encoder.1 ",
            "{ layer = \"batch-norm\" }",
        ],
    );
    refused(
        import(
            &with(&[("norm.weight", 8), ("norm.bias", 8)]),
            &recipe(3),
            &[],
            &[6],
        ),
        &["found norm.bias [8], norm.weight [8]", "LayerNorm"],
    );
    let mut tensors = usual();
    tensors.retain(|name, _| !name.ends_with("bias"));
    refused(
        import(&file(&tensors, &[]), &recipe(3), &[], &[6]),
        &["encoder.0.bias [8]", "bias = false"],
    );
    // The shapes fit no recipe of another code.
    refused(
        import(&file(&usual(), &[]), &recipe(4), &[], &[6]),
        &["`encoder.2.weight`", "[4, 8]", "[3, 8]"],
    );
}

#[test]
fn files_of_other_tools_are_refused_with_python_that_helps() {
    let folder = tempfile::tempdir().unwrap();
    let zip = |entry: &str| [b"PK\x03\x04", &[0; 26][..], entry.as_bytes(), &[0; 40]].concat();
    let padded = |bytes: &[u8]| [bytes, &[0; 60]].concat();
    for (name, bytes, parts) in [
        (
            "model.pt",
            zip("model/data.pkl"),
            ["a file of torch.save", "/model.pt\", map_location"],
        ),
        (
            "old.pth",
            padded(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."),
            ["a pickle of torch.save", "save_file"],
        ),
        (
            "w.pkl",
            padded(b"\x80\x04\x95\0\0\0sklearn"),
            ["a pickle", "save_file"],
        ),
        (
            "keras.h5",
            padded(b"\x89HDF\r\n\x1a\n"),
            ["an HDF5 file", "/keras.h5\")"],
        ),
        (
            "m.keras",
            zip("metadata.json"),
            ["a .keras file", "/m.keras\")"],
        ),
        ("w.npz", zip("w.npy"), ["an .npz file", "/w.npz\")"]),
        (
            "w.npy",
            padded(b"\x93NUMPY\x01\0"),
            ["an .npy file", "save_file"],
        ),
        (
            "m.onnx",
            padded(b"\x08\x08\x12\x07pytorch"),
            ["an ONNX file", "/m.onnx\")"],
        ),
        (
            "m.zip",
            zip("readme.txt"),
            ["a ZIP archive", ".safetensors"],
        ),
        // The ending counts for nothing.
        (
            "model.safetensors",
            zip("a/data.pkl"),
            ["a file of torch.save", "torch.load"],
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let imported = Model::import(&path, &recipe(3), &ImportOptions::default());
        refused(imported, &parts);
        let error = Model::load(&path).unwrap_err().to_string();
        assert!(error.contains(parts[0]) && error.contains(name), "{error}");
    }
}

#[test]
fn no_map_is_advised_between_layers_of_other_shapes() {
    let bytes = file(&named(["a", "b", "c", "d"]), &[]);
    let recipe = Recipe::parse(
        "name = 'other'\nscaling.kind = 'none'\n\
         encoder = [{ layer = 'dense', outputs = 20 }, { layer = 'relu' }, { layer = 'dense', outputs = 11 }]\n\
         decoder = [{ layer = 'dense', outputs = 20 }, { layer = 'relu' }, { layer = 'dense' }]",
        "test.toml",
    )
    .unwrap();
    let error = import(&bytes, &recipe, &[], &[5]).unwrap_err().to_string();
    assert!(
        error.contains("give the layers of the recipe the sizes") && !error.contains("a=encoder.0"),
        "{error}"
    );
}
