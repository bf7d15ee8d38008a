//! Weights that PyTorch trained: the imported models, and the files that are refused, with the errors.

mod refused;

use narrows::data::{Dataset, Values};
use narrows::model::{ImportOptions, Imported};
use narrows::scaling::ScalingSpec;
use narrows::{ErrorKind, Model, Recipe, Result};
use ndarray::{Array2, ArrayView2};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::fs;

/// The recipe of `fixtures/import-weights.safetensors`, which scripts/import_fixture.py makes.
const RECIPE: &str = "
    name = 'torch'
    scaling.kind = 'unit'
    encoder = [
        { layer = 'conv2d', channels = 3, kernel = 3, padding = 1 }, { layer = 'relu' },
        { layer = 'flatten' }, { layer = 'dense', outputs = 4 }, { layer = 'tanh' },
    ]
    decoder = [{ layer = 'dense' }, { layer = 'sigmoid' }]
";
const WEIGHTS: &[u8] = include_bytes!("../fixtures/import-weights.safetensors");
const EXPECTED: &[u8] = include_bytes!("../fixtures/import-expected.safetensors");
const SHAPE: &[usize] = &[1, 6, 5];

/// The tensors of a file by name: type, shape and bytes.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn recipe(text: &str) -> Recipe {
    Recipe::parse(text, "test.toml").unwrap()
}

/// The fixture after a change.
fn changed(change: impl FnOnce(&mut Tensors)) -> Vec<u8> {
    let file = SafeTensors::deserialize(WEIGHTS).unwrap();
    let parts = |view: TensorView<'_>| (view.dtype(), view.shape().to_vec(), view.data().to_vec());
    let mut tensors: Tensors = file
        .iter()
        .map(|(name, view)| (name.to_string(), parts(view)))
        .collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

fn import(
    bytes: &[u8],
    recipe: &Recipe,
    shape: Option<&[usize]>,
    data: Option<&Dataset>,
) -> Result<Model> {
    let map = &[];
    let imported = import_with(bytes, recipe, &ImportOptions { shape, data, map });
    imported.map(|imported| imported.model)
}

fn import_with(bytes: &[u8], recipe: &Recipe, options: &ImportOptions<'_>) -> Result<Imported> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    Model::import(file.path(), recipe, options)
}

#[track_caller]
fn refused(result: Result<Model>, kind: ErrorKind, parts: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        let error = error.to_string();
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

/// What PyTorch has under a name: `[rows, values]`.
fn expected(name: &str) -> Array2<f32> {
    let file = SafeTensors::deserialize(EXPECTED).unwrap();
    let view = file.tensor(name).unwrap();
    let (numbers, _) = view.data().as_chunks::<4>();
    let numbers: Vec<f32> = numbers.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let columns = numbers.len() / view.shape()[0];
    Array2::from_shape_vec((view.shape()[0], columns), numbers).unwrap()
}

#[track_caller]
fn assert_close(found: ArrayView2<'_, f32>, expected: ArrayView2<'_, f32>) {
    let largest = expected.iter().fold(0.0f32, |a, x| a.max(x.abs()));
    assert_eq!(found.dim(), expected.dim());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-6 * largest,
            "{found} {expected}"
        );
    }
}

fn pixels() -> Dataset {
    let values = expected("rows").mapv(|x| x as u8);
    Dataset::new("pixels", Values::U8(values), SHAPE.to_vec(), None).unwrap()
}

#[test]
fn pytorch_s_weights_give_pytorch_s_reconstructions() {
    let as_float64 = changed(|tensors| {
        for (dtype, _, data) in tensors.values_mut() {
            let (numbers, _) = data.as_chunks::<4>();
            let numbers = numbers.iter().map(|b| f64::from(f32::from_le_bytes(*b)));
            *data = numbers.flat_map(f64::to_le_bytes).collect();
            *dtype = Dtype::F64;
        }
    });
    let data = pixels();
    for bytes in [WEIGHTS, &as_float64] {
        for (shape, data) in [
            (Some(SHAPE), None),
            (None, Some(&data)),
            (Some(SHAPE), Some(&data)),
        ] {
            let model = import(bytes, &recipe(RECIPE), shape, data).unwrap();
            assert_eq!(model.shape(), SHAPE);
            let rows = expected("rows");
            let code = model.encode(rows.view()).unwrap();
            assert_close(code.view(), expected("code").view());
            let reconstruction = model.reconstruct(rows.view()).unwrap();
            assert_close(reconstruction.view(), expected("reconstruction").view());
        }
    }
}

#[test]
fn a_model_s_own_file_is_imported_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = import(WEIGHTS, &recipe(RECIPE), Some(SHAPE), None).unwrap();
    model.save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let again = import(&bytes, &recipe(RECIPE), Some(SHAPE), None).unwrap();
    // The file knows the shape of a row itself.
    let alone = import(&bytes, &recipe(RECIPE), None, None).unwrap();
    assert_eq!(alone.shape(), SHAPE);
    assert_eq!(again.parameters().flat(), model.parameters().flat());
    assert_eq!(again.scaling(), model.scaling());
    assert_eq!(again.recipe(), model.recipe());
}

#[test]
fn the_first_dense_layer_tells_the_shape_where_nothing_else_does() {
    let text = "name = 'a'\nscaling.kind = 'none'\n\
        encoder = [{ layer = 'flatten' }, { layer = 'dense', outputs = 2, bias = false }]\n\
        decoder = [{ layer = 'dense', bias = false }]";
    let bytes = changed(|tensors| {
        let zeros = |shape: [usize; 2]| (Dtype::F32, shape.to_vec(), vec![0; 24]);
        *tensors = BTreeMap::from([
            ("encoder.1.weight".to_string(), zeros([2, 3])),
            ("decoder.0.weight".to_string(), zeros([3, 2])),
        ]);
    });
    let model = import(&bytes, &recipe(text), None, None).unwrap();
    assert_eq!(model.shape(), [3]);
    // What is wrong beside is said, not that the shape is not known.
    let zeros = |shape: &[usize]| {
        let count = shape.iter().product::<usize>();
        (Dtype::F32, shape.to_vec(), vec![0; 4 * count])
    };
    for (tensors, part) in [
        (
            vec![("encoder.1.weight", &[2, 3][..])],
            "missing: expected decoder.0.weight [3, 2]",
        ),
        (
            vec![("encoder.1.weight", &[3, 2]), ("decoder.0.weight", &[2, 3])],
            "transpose weights of Keras",
        ),
        (
            vec![
                ("encoder.1.weight", &[2, 3]),
                ("decoder.0.weight", &[3, 2]),
                ("head.weight", &[5, 2]),
            ],
            "`map = \"encoder.1=encoder.1,decoder.0=decoder.0\"`",
        ),
        (
            vec![
                ("dec.a.weight", &[3, 2]),
                ("enc.b.weight", &[2, 3]),
                ("head.weight", &[5, 2]),
            ],
            "`map = \"dec.a=decoder.0\"`",
        ),
        (
            vec![
                ("encoder.1.weight", &[2, 3]),
                ("encoder.2.running_mean", &[2]),
            ],
            "the recipe has no `batch-norm` layer: found encoder.2",
        ),
    ] {
        let bytes = changed(|all| {
            let named = tensors
                .iter()
                .map(|(name, shape)| (name.to_string(), zeros(shape)));
            *all = named.collect();
        });
        let result = import(&bytes, &recipe(text), None, None);
        refused(result, ErrorKind::Format, &[part]);
    }
    let parts = [
        "the shape of a row is not known",
        "give `shape`, as in `shape = 1x28x28`",
        "or `data`",
    ];
    refused(
        import(WEIGHTS, &recipe(RECIPE), None, None),
        ErrorKind::Data,
        &parts,
    );
    for shape in [&[][..], &[0], &[3, 0], &[1, 1, 1, 1, 3], &[usize::MAX, 2]] {
        let result = import(&bytes, &recipe(text), Some(shape), None);
        refused(result, ErrorKind::Data, &["a row cannot have this shape"]);
    }
    let result = import(WEIGHTS, &recipe(RECIPE), Some(&[1, 7, 5]), Some(&pixels()));
    refused(
        result,
        ErrorKind::Data,
        &["pixels", "[1, 6, 5]", "[1, 7, 5]"],
    );
}

#[test]
fn what_a_scaling_needs_is_given_or_asked_for() {
    let with = |scaling: &str| recipe(&RECIPE.replace("scaling.kind = 'unit'", scaling));
    for (scaling, offset, factor) in [
        ("scaling.kind = 'unit'", 0.0, f64::from(1.0f32 / 255.0)),
        ("scaling.kind = 'none'", 0.0, 1.0),
        (
            "scaling = { kind = 'standardize', mean = 3, std = 4 }",
            3.0,
            0.25,
        ),
    ] {
        let model = import(WEIGHTS, &with(scaling), Some(SHAPE), None).unwrap();
        assert_eq!(model.scaling().offset(), [offset]);
        assert_eq!(model.scaling().factor(), [factor]);
    }
    for scaling in [
        "scaling.kind = 'minmax'",
        "scaling.kind = 'standardize'",
        "scaling = { kind = 'standardize', mean = 3 }",
        "",
    ] {
        let result = import(WEIGHTS, &with(scaling), Some(SHAPE), None);
        refused(result, ErrorKind::Recipe, &["give `data`"]);
        assert!(import(WEIGHTS, &with(scaling), None, Some(&pixels())).is_ok());
    }
    // What the data decided is in the model.
    let model = import(WEIGHTS, &with(""), None, Some(&pixels())).unwrap();
    assert_eq!(model.recipe().scaling, Some(ScalingSpec::Unit));
}

const TIED: &str = "
    name = 'tied'
    scaling.kind = 'unit'
    encoder = [{ layer = 'dense', outputs = 3 }, { layer = 'layer-norm' }]
    decoder = [{ layer = 'dense', tied = 'encoder[0]' }]
";

/// Weights of [`TIED`] on rows of four values under these names, `copy` being that of the transpose.
fn tied(names: [&str; 5], copy: Option<(&str, Vec<f32>)>) -> Vec<u8> {
    let weights: Vec<f32> = (0..12).map(|i| (i * i) as f32 / 64.0 - 1.0).collect();
    let shapes = [&[3, 4][..], &[3], &[3], &[3], &[4]];
    let own = names.into_iter().zip(shapes).map(|(name, shape)| {
        let count = shape.iter().product::<usize>();
        (name, shape.to_vec(), weights[..count].to_vec())
    });
    let copy = copy.map(|(name, numbers)| (name, vec![4, 3], numbers));
    let bytes = |numbers: &[f32]| -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    };
    let all: Vec<_> = own
        .chain(copy)
        .map(|(name, shape, numbers)| (name, shape, bytes(&numbers)))
        .collect();
    let views = all.iter().map(|(name, shape, data)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data);
        (*name, view.unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// The names of the tied network's tensors.
const OURS: [&str; 5] = [
    "encoder.0.weight",
    "encoder.0.bias",
    "encoder.1.weight",
    "encoder.1.bias",
    "decoder.0.bias",
];

/// The transpose of its weights, as a program writes it that stores both.
fn transpose() -> Vec<f32> {
    let weight = |row: usize, column: usize| {
        let i = row * 4 + column;
        (i * i) as f32 / 64.0 - 1.0
    };
    (0..12).map(|i| weight(i % 3, i / 3)).collect()
}

#[test]
fn tied_weights_come_with_their_transpose_or_without_it() {
    let (ours, transpose) = (OURS, transpose());
    let theirs = [
        "enc.weight",
        "enc.bias",
        "enc_norm.weight",
        "enc_norm.bias",
        "dec.bias",
    ];
    let recipe = recipe(TIED);
    let shape = Some(&[4][..]);
    let alone = import(&tied(ours, None), &recipe, shape, None).unwrap();
    let copies = [
        tied(ours, Some(("decoder.0.weight", transpose.clone()))),
        tied(
            [
                "m.encoder.0.weight",
                "m.encoder.0.bias",
                "m.encoder.1.weight",
                "m.encoder.1.bias",
                "m.decoder.0.bias",
            ],
            Some(("m.decoder.0.weight", transpose.clone())),
        ),
    ];
    for bytes in &copies {
        // The width of a row follows from the weights, too.
        for shape in [shape, None] {
            let both = import(bytes, &recipe, shape, None).unwrap();
            assert!(both.parameters().flat() == alone.parameters().flat());
        }
    }
    let map = ["enc=encoder.0", "enc_norm=encoder.1", "dec=decoder.0"];
    let map = map.map(|pair| pair.split_once('=').unwrap());
    let map = map.map(|(from, to)| (from.to_string(), to.to_string()));
    for copy in [None, Some(("dec.weight", transpose.clone()))] {
        let options = ImportOptions {
            shape,
            data: None,
            map: &map,
        };
        let mapped = import_with(&tied(theirs, copy), &recipe, &options).unwrap();
        assert!(mapped.model.parameters().flat() == alone.parameters().flat());
    }
    // A model of Narrows is such a file itself.
    let file = tempfile::NamedTempFile::new().unwrap();
    alone.save(file.path()).unwrap();
    let again = import(&fs::read(file.path()).unwrap(), &recipe, None, None).unwrap();
    assert!(again.parameters().flat() == alone.parameters().flat());
}

#[test]
fn tied_weights_that_differ_are_refused_and_untied_ones_are_both_needed() {
    let (ours, transpose) = (OURS, transpose());
    let (recipe, shape) = (recipe(TIED), Some(&[4][..]));
    for at in [0, 5, 11] {
        let mut other = transpose.clone();
        other[at] += 0.5;
        let bytes = tied(ours, Some(("decoder.0.weight", other.clone())));
        let element = format!("element [{}, {}]", at / 3, at % 3);
        refused(
            import(&bytes, &recipe, shape, None),
            ErrorKind::Format,
            &[
                "ties weights that differ",
                "decoder.0.weight",
                &element,
                "take `tied` out",
            ],
        );
    }
    let mut infinite = transpose.clone();
    infinite[3] = f32::INFINITY;
    let bytes = tied(ours, Some(("decoder.0.weight", infinite)));
    refused(
        import(&bytes, &recipe, shape, None),
        ErrorKind::Format,
        &["not finite"],
    );
    // Without a tie the file needs both.
    let both = tied(ours, Some(("decoder.0.weight", transpose)));
    let untied = TIED.replace(", tied = 'encoder[0]'", "");
    let untied = Recipe::parse(&untied, "test.toml").unwrap();
    import(&both, &untied, shape, None).unwrap();
    refused(
        import(&tied(ours, None), &untied, shape, None),
        ErrorKind::Format,
        &["missing", "decoder.0.weight"],
    );
}
