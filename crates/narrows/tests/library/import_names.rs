//! Weights under other names and of other types: the resulting models and their notes, and the weights that are
//! refused, with the errors.

mod refused;

use narrows::model::{ImportOptions, Imported};
use narrows::{Model, Recipe, Result};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::collections::{BTreeMap, HashMap};
use std::fs;

/// The tensors of a file by name: type, shape and bytes.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The recipe's layers with their shapes, `[outputs, inputs]`.
const LAYERS: [(&str, [usize; 2]); 4] = [
    ("encoder.0", [8, 6]),
    ("encoder.2", [3, 8]),
    ("decoder.0", [8, 3]),
    ("decoder.2", [6, 8]),
];

fn recipe(code: usize) -> Recipe {
    let text = format!(
        "name = 'small'\nscaling.kind = 'none'\n\
         encoder = [{{ layer = 'dense', outputs = 8 }}, {{ layer = 'relu' }}, {{ layer = 'dense', outputs = {code} }}]\n\
         decoder = [{{ layer = 'dense', outputs = 8 }}, {{ layer = 'relu' }}, {{ layer = 'dense' }}]"
    );
    Recipe::parse(&text, "test.toml").unwrap()
}

/// Numbers that tell each parameter of the recipe apart, and that bfloat16 holds.
fn numbers(tensor: usize, count: usize) -> impl Iterator<Item = f32> {
    (0..count).map(move |at| (at % 16) as f32 / 16.0 + tensor as f32)
}

/// The recipe's weights with layers under other names.
fn named(names: [&str; 4]) -> Tensors {
    let mut tensors = Tensors::new();
    for (index, ((_, [outputs, inputs]), name)) in LAYERS.iter().zip(names).enumerate() {
        for (part, shape) in [
            ("weight", vec![*outputs, *inputs]),
            ("bias", vec![*outputs]),
        ] {
            let tensor = 2 * index + usize::from(part == "bias");
            let numbers = numbers(tensor, shape.iter().product());
            let bytes = numbers.flat_map(f32::to_le_bytes).collect();
            tensors.insert(format!("{name}.{part}"), (Dtype::F32, shape, bytes));
        }
    }
    tensors
}

fn usual() -> Tensors {
    named(LAYERS.map(|(name, _)| name))
}

fn file(tensors: &Tensors, metadata: &[(&str, &str)]) -> Vec<u8> {
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    let texts = metadata
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()));
    let texts: HashMap<String, String> = texts.collect();
    safetensors::serialize(views, Some(texts)).unwrap()
}

fn import(
    bytes: &[u8],
    recipe: &Recipe,
    map: &[(&str, &str)],
    shape: &[usize],
) -> Result<Imported> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    fs::write(&path, bytes).unwrap();
    let map: Vec<(String, String)> = map
        .iter()
        .map(|(a, b)| (a.to_string(), b.to_string()))
        .collect();
    let options = ImportOptions {
        shape: Some(shape).filter(|shape| !shape.is_empty()),
        data: None,
        map: &map,
    };
    Model::import(&path, recipe, &options)
}

/// Checks that each parameter came to its place, and returns the notes.
#[track_caller]
fn right(imported: Result<Imported>) -> Vec<String> {
    let imported = imported.unwrap();
    let model = imported.model;
    for (index, tensor) in model.network().tensors().iter().enumerate() {
        let found = &model.parameters().flat()[tensor.range.clone()];
        let expected: Vec<f32> = numbers(index, found.len()).collect();
        assert_eq!(found, expected, "{}", tensor.name);
    }
    imported.notes
}

#[track_caller]
fn refused(imported: Result<Imported>, parts: &[&str]) {
    let error = imported.unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

#[test]
fn prefixes_and_names_of_ones_own_are_followed_and_said() {
    for (names, note) in [
        (["encoder.0", "encoder.2", "decoder.0", "decoder.2"], ""),
        (
            [
                "module.encoder.0",
                "module.encoder.2",
                "module.decoder.0",
                "module.decoder.2",
            ],
            "the prefix `module.` of all names is removed",
        ),
        (
            [
                "_orig_mod.module.encoder.0",
                "_orig_mod.module.encoder.2",
                "_orig_mod.module.decoder.0",
                "_orig_mod.module.decoder.2",
            ],
            "the prefix `_orig_mod.module.` of all names is removed",
        ),
        (
            ["enc.0", "enc.2", "dec.0", "dec.2"],
            "enc.0 is encoder.0, enc.2 is encoder.2, dec.0 is decoder.0, dec.2 is decoder.2",
        ),
        (
            [
                "m.encoder.net.0",
                "m.encoder.net.10",
                "m.decoder.layers.0",
                "m.decoder.layers.1",
            ],
            "m.encoder.net.10 is encoder.2, m.decoder.layers.0 is decoder.0",
        ),
        (
            [
                "encoder.linear1",
                "encoder.linear2",
                "decoder.linear1",
                "decoder.linear2",
            ],
            "encoder.linear2 is encoder.2",
        ),
        (
            ["fc1", "fc2", "fc3", "fc4"],
            "fc1 is encoder.0, fc2 is encoder.2, fc3 is decoder.0",
        ),
        (
            ["enc_fc1", "enc_fc2", "dec_fc1", "dec_fc2"],
            "dec_fc2 is decoder.2",
        ),
        // Shapes alone.
        (
            ["hidden", "code", "up", "out"],
            "up is decoder.0, out is decoder.2",
        ),
    ] {
        for shape in [&[6][..], &[]] {
            let notes = right(import(&file(&named(names), &[]), &recipe(3), &[], shape));
            match note {
                "" => assert!(notes.is_empty(), "{notes:?}"),
                note => assert!(notes.len() == 1 && notes[0].contains(note), "{notes:?}"),
            }
        }
    }
}

#[test]
fn order_and_halves_decide_where_shapes_do_not() {
    let square = "name = 'square'\nscaling.kind = 'none'\n\
        encoder = [{ layer = 'dense', outputs = 4 }, { layer = 'dense', outputs = 4 }]\n\
        decoder = [{ layer = 'dense', outputs = 4 }, { layer = 'dense' }]";
    let square = Recipe::parse(square, "test.toml").unwrap();
    let with = |names: [&str; 4]| {
        let mut tensors = Tensors::new();
        for (index, name) in names.iter().enumerate() {
            for (part, shape) in [("weight", vec![4, 4]), ("bias", vec![4])] {
                let tensor = 2 * index + usize::from(part == "bias");
                let numbers = numbers(tensor, shape.iter().product());
                let bytes = numbers.flat_map(f32::to_le_bytes).collect();
                tensors.insert(format!("{name}.{part}"), (Dtype::F32, shape, bytes));
            }
        }
        file(&tensors, &[])
    };
    for names in [
        ["fc1", "fc2", "fc3", "fc10"],
        ["enc1", "enc2", "dec1", "dec2"],
        ["net.0.lin", "net.1.lin", "net.2.lin", "net.3.out"],
    ] {
        right(import(&with(names), &square, &[], &[4]));
    }
    // In no order, or in one that does not tell all.
    for names in [
        ["a", "b", "c", "d"],
        ["enc_a", "enc_b", "dec1", "dec2"],
        ["fc1", "fc2", "out1", "out2"],
    ] {
        refused(
            import(&with(names), &square, &[], &[4]),
            &[
                "more than one",
                "encoder.0.weight [4, 4]",
                &format!("{}.weight [4, 4]", names[0]),
                "`map = ",
            ],
        );
    }
    let map = [
        ("a", "encoder.0"),
        ("b", "encoder.1"),
        ("c", "decoder.0"),
        ("d", "decoder.1"),
    ];
    right(import(&with(["a", "b", "c", "d"]), &square, &map, &[4]));
    // What the map leaves has one way only; a tensor may be named alone.
    right(import(
        &with(["a", "b", "c", "d"]),
        &square,
        &map[..3],
        &[4],
    ));
    let map = [
        ("b.weight", "encoder.1.weight"),
        ("b.bias", "encoder.1.bias"),
        map[0],
        map[2],
    ];
    right(import(&with(["a", "b", "c", "d"]), &square, &map, &[4]));
}

#[test]
fn halves_of_floats_are_widened_and_rounding_is_said() {
    let of = |dtype: Dtype, bytes: &dyn Fn(f32) -> Vec<u8>| {
        let mut tensors = usual();
        for (kind, _, data) in tensors.values_mut() {
            let (numbers, _) = data.as_chunks::<4>();
            *data = numbers
                .iter()
                .flat_map(|b| bytes(f32::from_le_bytes(*b)))
                .collect();
            *kind = dtype;
        }
        file(&tensors, &[])
    };
    let float16 = |x: f32| half::f16::from_f32(x).to_le_bytes().to_vec();
    let brain = |x: f32| half::bf16::from_f32(x).to_le_bytes().to_vec();
    let double = |x: f32| f64::from(x).to_le_bytes().to_vec();
    for (bytes, note) in [
        (
            of(Dtype::F16, &float16),
            "158 weights in float16 are kept as float32, exactly",
        ),
        (
            of(Dtype::BF16, &brain),
            "158 weights in bfloat16 are kept as float32, exactly",
        ),
        (
            of(Dtype::F64, &double),
            "158 weights in float64 are kept as float32, exactly",
        ),
    ] {
        // Every number is one that bfloat16 holds.
        let parameters: usize = LAYERS.iter().map(|(_, [o, i])| o * i + o).sum();
        let note = note.replace("158", &parameters.to_string());
        assert_eq!(right(import(&bytes, &recipe(3), &[], &[6])), [note]);
    }
    let third = of(Dtype::F64, &|x| (f64::from(x) / 3.0).to_le_bytes().to_vec());
    let notes = import(&third, &recipe(3), &[], &[6]).unwrap().notes;
    assert!(
        notes[0].contains("rounded to float32; this changes"),
        "{notes:?}"
    );
}

#[test]
fn weights_that_are_stored_once_are_found_under_both_names() {
    let mut tensors = usual();
    tensors.remove("decoder.0.bias");
    let bytes = file(
        &tensors,
        &[("decoder.0.bias", "encoder.0.bias"), ("format", "pt")],
    );
    let imported = import(&bytes, &recipe(3), &[], &[6]).unwrap();
    assert_eq!(
        imported.notes,
        ["`decoder.0.bias` shares the weights of `encoder.0.bias`"]
    );
    let of = |name: &str| {
        let tensor = imported
            .model
            .network()
            .tensors()
            .iter()
            .find(|t| t.name == name);
        imported.model.parameters().flat()[tensor.unwrap().range.clone()].to_vec()
    };
    assert_eq!(of("decoder.0.bias"), of("encoder.0.bias"));
}
