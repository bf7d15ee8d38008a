//! Compares exported graphs with the models. Another program, which knows nothing of Narrows, runs the graphs.
//!
//! The differences are relative to the largest value of an output: reconstructions in 0 to 255 may differ by 255 times
//! as much as reconstructions in 0 to 1.

use crate::samples::varied::{settings, settings_of_layer};
use crate::samples::{required, table};
use narrows::data::{Dataset, Values};
use narrows::export::{onnx, sample_rows};
use narrows::layer::{Initialization, LayerPart};
use narrows::network::Parameters;
use narrows::parts::Parts;
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::{Model, Recipe};
use ndarray::{Array2, s};
use rten_tensor::prelude::*;
use serde_json::json;

/// The largest difference allowed, of an output's largest value.
const TOLERANCE: f32 = 1e-5;

/// Layers on rows of shape [4, 6, 5] in more ways than follow from their keys.
const FURTHER: &[&str] = &[
    "{ layer = 'conv2d', channels = 3, kernel = [2, 3], stride = [2, 1], padding = [1, 2], bias = false }",
    "{ layer = 'conv-transpose2d', channels = 3, kernel = [3, 4], stride = [3, 2], padding = [1, 0], \
       output_padding = [2, 1] }",
    "{ layer = 'conv-transpose2d', channels = 2, kernel = 3, stride = 2, padding = 1, output_padding = 1, bias = false }",
    "{ layer = 'batch-norm', momentum = 0.5, epsilon = 0.1 }",
    "{ layer = 'reshape', shape = [2, 10, 6] }",
    "{ layer = 'reshape', shape = [120, 1, 1] }",
    "{ layer = 'elu', alpha = 1.7 }",
];

/// Every layer of the list on rows of a shape, in each way that follows from its keys.
fn layers(shape: &[usize]) -> Vec<String> {
    let parts = Parts::standard();
    let of_part = |part: &'static dyn LayerPart| {
        let name = part.declaration().name;
        let all = settings_of_layer(part, shape).into_iter();
        all.map(|values| table("layer", name, &values))
    };
    parts.layers().iter().flat_map(of_part).collect()
}

fn recipe(encoder: &str, decoder: &str) -> Recipe {
    let text = format!("name = 'a'\nencoder = [{encoder}]\ndecoder = [{decoder}]");
    Recipe::parse(&text, "test.toml").unwrap()
}

/// A model of a recipe that has drawn parameters, some of them large enough to bend activations.
fn model(
    mut recipe: Recipe,
    spec: Option<ScalingSpec>,
    scaling: Scaling,
    shape: &[usize],
) -> Model {
    recipe.scaling = spec;
    let network = recipe.network(shape).unwrap();
    let initial = Parameters::initial(&network, recipe.initialization, 5);
    // PyTorch's initialization makes values smaller from layer to layer, He's keeps their size: twice that would make
    // those of a deep network so large that their rounding alone is beyond the tolerance.
    let factor = match recipe.initialization {
        Initialization::Pytorch => 2.0,
        _ => 1.0,
    };
    let parameters: Vec<f32> = initial.flat().iter().map(|p| factor * p).collect();
    // As if training had run; of a count the bits do not matter here.
    let states = Parameters::new(&network, &parameters).states().to_vec();
    let states: Vec<f32> = (0..)
        .zip(states)
        .map(|(i, x)| x + 0.03 * (i % 40) as f32)
        .collect();
    Model::with_states(recipe, scaling, shape, &parameters, &states).unwrap()
}

/// The outputs of a graph for some rows: codes, reconstructions and scores, each with its shape.
fn run(graph: &rten::Model, shape: &[usize], rows: &Array2<f32>) -> Vec<(Vec<usize>, Vec<f32>)> {
    let shape: Vec<usize> = [rows.nrows()].iter().chain(shape).copied().collect();
    let values = rows.iter().copied().collect::<Vec<f32>>();
    let input = rten::Value::from_shape(&shape, values).unwrap();
    let outputs = [onnx::CODE, onnx::RECONSTRUCTION, onnx::SCORE];
    let outputs = outputs.map(|name| graph.node_id(name).unwrap());
    let input = (graph.node_id(onnx::INPUT).unwrap(), input.into());
    let values = graph.run(vec![input], &outputs, None).unwrap();
    let parts = |value: rten::Value| {
        let tensor = value.into_tensor::<f32>().unwrap();
        (tensor.shape().to_vec(), tensor.to_vec())
    };
    values.into_iter().map(parts).collect()
}

/// Runs a model and its graph on the rows, seven of them and then one.
#[track_caller]
fn assert_same(what: &str, model: &Model, rows: &Array2<f32>) {
    assert_within(TOLERANCE, what, model, rows);
}

/// The same with another largest difference, of an output's largest value.
#[track_caller]
fn assert_within(tolerance: f32, what: &str, model: &Model, rows: &Array2<f32>) {
    let graph = rten::Model::load(onnx::bytes(model).unwrap()).unwrap();
    for rows in [rows.slice(s![..7, ..]), rows.slice(s![..1, ..])] {
        let count = rows.nrows();
        let shape: Vec<usize> = [count].iter().chain(model.shape()).copied().collect();
        let expected = [
            (
                vec![count, model.code_size()],
                model.encode(rows).unwrap().into_iter().collect(),
            ),
            (
                shape,
                model.reconstruct(rows).unwrap().into_iter().collect(),
            ),
            (vec![count], model.score(rows).unwrap().to_vec()),
        ];
        let found = run(&graph, model.shape(), &rows.to_owned());
        let names = [onnx::CODE, onnx::RECONSTRUCTION, onnx::SCORE];
        for ((name, expected), found) in names.iter().zip(expected).zip(found) {
            let expected: (Vec<usize>, Vec<f32>) = expected;
            assert_eq!(found.0, expected.0, "{what}: shape of {name}");
            let largest = expected.1.iter().fold(0.0f32, |a, x| a.max(x.abs()));
            let pairs = found.1.iter().zip(&expected.1);
            for (found, expected) in pairs {
                let difference = (found - expected).abs() / largest;
                assert!(
                    difference <= tolerance,
                    "{what}: {name} of {count} rows: {found}, and {expected} was expected"
                );
            }
        }
    }
}

fn pixels(shape: &[usize]) -> Dataset {
    let inputs = shape.iter().product::<usize>();
    let byte = |(row, column)| ((row * inputs + column) as u32).wrapping_mul(2_654_435_761) >> 24;
    let values = Array2::from_shape_fn((9, inputs), |at| byte(at) as u8);
    Dataset::new("pixels", Values::U8(values), shape.to_vec(), None).unwrap()
}

/// As [`pixels`], but each column in units of its own.
fn floats(shape: &[usize]) -> Dataset {
    let mut values = pixels(shape).to_array();
    for (column, mut values) in values.columns_mut().into_iter().enumerate() {
        let column = column as f32;
        values.mapv_inplace(|x| x * (0.01 + 0.1 * column) - 3.0 * column);
    }
    Dataset::new("floats", Values::F32(values), shape.to_vec(), None).unwrap()
}

#[test]
fn every_layer_and_activation_is_the_same() {
    let data = pixels(&[1, 6, 5]);
    let before = "{ layer = 'conv2d', channels = 4, kernel = 3, padding = 1 }";
    let further = FURTHER.iter().map(|layer| layer.to_string());
    for layer in layers(&[4, 6, 5]).into_iter().chain(further) {
        // In the encoder; as its last layer, so that codes need not be flat; in the decoder.
        let encoder = format!("{before}, {layer}");
        let dense = "{ layer = 'dense' }";
        for (encoder, decoder) in [
            (
                &format!("{encoder}, {{ layer = 'dense', outputs = 9 }}"),
                dense,
            ),
            (&encoder, dense),
            (
                &before.to_string(),
                &format!("{layer}, {{ layer = 'dense', bias = false }}"),
            ),
        ] {
            let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
            let recipe = recipe(encoder, decoder);
            let model = model(recipe, Some(ScalingSpec::Unit), scaling, data.shape());
            assert_same(&layer, &model, &data.to_array());
        }
    }
}

#[test]
fn tied_weights_are_transposed_in_the_graph() {
    // A model in use multiplies a normalization into a copy of weights that are tied.
    for between in ["", "{ layer = 'batch-norm', epsilon = 0.5 }, "] {
        for shape in [&[12][..], &[1, 4, 3]] {
            let last = if between.is_empty() { 2 } else { 3 };
            let recipe = recipe(
                &format!(
                    "{{ layer = 'dense', outputs = 7 }}, {between}{{ layer = 'tanh' }}, \
                     {{ layer = 'dense', outputs = 3 }}"
                ),
                &format!(
                    "{{ layer = 'dense', tied = 'encoder[{last}]', bias = false }}, {between}\
                     {{ layer = 'tanh' }}, {{ layer = 'dense', tied = 'encoder[0]' }}"
                ),
            );
            let data = pixels(shape);
            let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
            let model = model(recipe, Some(ScalingSpec::Unit), scaling, shape);
            assert_same("tied weights", &model, &data.to_array());
        }
    }
}

#[test]
fn every_bottleneck_is_the_same() {
    let data = pixels(&[1, 6, 5]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    // Flat codes and codes with a shape. Drawn codes need an even number of values.
    for (encoder, shape) in [
        ("{ layer = 'dense', outputs = 10 }", &[10][..]),
        ("{ layer = 'conv2d', channels = 2, kernel = 3 }", &[2, 4, 3]),
    ] {
        let with = |name: &str, values: &_| {
            let text = format!(
                "name = 'a'\nencoder = [{encoder}]\ndecoder = [{{ layer = 'dense' }}]\nbottleneck = {}\n\
                 objective = {{ reconstruction = 'gaussian' }}",
                table("kind", name, values)
            );
            Recipe::parse(&text, "test.toml").unwrap()
        };
        for part in Parts::standard().bottlenecks().iter() {
            let declaration = part.declaration();
            let least = required(declaration, shape);
            let fits = |values: &_| with(declaration.name, values).network(data.shape()).is_ok();
            for values in settings(declaration, least, shape, fits) {
                let recipe = with(declaration.name, &values);
                let scaling = scaling.clone();
                let model = model(recipe, Some(ScalingSpec::Unit), scaling, data.shape());
                assert_same(declaration.name, &model, &data.to_array());
            }
        }
    }
}

/// The score of drawn codes, whatever the likelihood.
#[test]
fn every_likelihood_is_the_same() {
    let data = pixels(&[1, 6, 5]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    for (loss, sigmoid) in [
        ("'binary-cross-entropy'", true),
        ("'bernoulli'", true),
        ("'continuous-bernoulli'", true),
        ("'gaussian', std = 0.3", false),
        ("'gaussian'", false),
        ("'gaussian', per_column = true", true),
    ] {
        let sigmoid = if sigmoid {
            ", { layer = 'sigmoid' }"
        } else {
            ""
        };
        let text = format!(
            "name = 'a'\nencoder = [{{ layer = 'dense', outputs = 10 }}]\nbottleneck = {{ kind = 'variational' }}\n\
             decoder = [{{ layer = 'dense' }}{sigmoid}]\nobjective = {{ reconstruction = {loss} }}"
        );
        let recipe = Recipe::parse(&text, "test.toml").unwrap();
        let scaling = scaling.clone();
        let model = model(recipe, Some(ScalingSpec::Unit), scaling, data.shape());
        assert_same(loss, &model, &data.to_array());
    }
}

#[test]
fn no_layer_overflows() {
    let data = floats(&[12]);
    let before = "{ layer = 'dense', outputs = 60 }, { layer = 'reshape', shape = [2, 6, 5] }";
    for layer in layers(&[2, 6, 5]) {
        // Nothing is scaled down before it: values go up to thousands on both sides.
        let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
        let recipe = recipe(&format!("{before}, {layer}"), "{ layer = 'dense' }");
        let model = model(recipe, None, scaling, data.shape());
        let rows = data.to_array().mapv(|x| 100.0 * x);
        assert_same(&layer, &model, &rows);
        assert_same(&layer, &model, &rows.mapv(|x| -x));
    }
}

#[test]
fn every_scaling_is_undone_inside() {
    for name in ScalingSpec::names() {
        for data in [
            pixels(&[2, 4, 3]),
            pixels(&[24]),
            floats(&[2, 4, 3]),
            floats(&[24]),
        ] {
            let text = format!(
                "name = 'a'\nscaling.kind = '{name}'\n\
                 encoder = [{{ layer = 'dense', outputs = 5 }}, {{ layer = 'tanh' }}]\n\
                 decoder = [{{ layer = 'dense' }}]"
            );
            let recipe = Recipe::parse(&text, "test.toml").unwrap();
            let spec = recipe.scaling.unwrap();
            let fits = match spec {
                ScalingSpec::Unit => !matches!(data.values(), Values::F32(_)),
                ScalingSpec::Robust | ScalingSpec::Quantile => data.shape().len() == 1,
                _ => true,
            };
            if !fits {
                continue;
            }
            let scaling = Scaling::fit(&spec, &data).unwrap();
            let columns = scaling.offset().len();
            let what = format!("{name} of {:?}, {columns} offsets", data.shape());
            let model = model(recipe, Some(spec), scaling, data.shape());
            // The slopes of a curve multiply the rounding of the rows, up to 25 times at its ends.
            let tolerance = match spec {
                ScalingSpec::Quantile => 10.0 * TOLERANCE,
                _ => TOLERANCE,
            };
            assert_within(tolerance, &what, &model, &data.to_array());
            assert_within(tolerance, &what, &model, &sample_rows(&model, 7));
        }
    }
}

#[test]
fn a_scaling_of_each_pixel_fits_images() {
    let data = floats(&[2, 4, 3]);
    let numbers = |f: &dyn Fn(usize) -> f64| (0..24).map(f).collect::<Vec<f64>>();
    let offset = numbers(&|i| i as f64);
    let factor = numbers(&|i| 0.1 / (1.0 + i as f64));
    let scaling = json!({ "offset": offset, "factor": factor });
    let scaling = Scaling::from_json(&scaling, 24).unwrap();
    let recipe = recipe(
        "{ layer = 'conv2d', channels = 3, kernel = 3 }",
        "{ layer = 'conv-transpose2d', kernel = 3 }",
    );
    let model = model(recipe, None, scaling, data.shape());
    assert_same("a scaling of each pixel", &model, &data.to_array());
}

#[test]
fn the_shipped_recipes_are_the_same() {
    let data = pixels(&[1, 28, 28]);
    for name in Recipe::shipped() {
        let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
        let recipe = Recipe::named(name).unwrap();
        let model = model(recipe, Some(ScalingSpec::Unit), scaling, data.shape());
        assert_same(name, &model, &data.to_array());
    }
}

#[test]
fn the_graph_says_what_it_is_and_names_tensors_as_the_model_file() {
    let data = pixels(&[1, 6, 5]);
    let scaling = Scaling::fit(&ScalingSpec::Unit, &data).unwrap();
    let recipe = recipe("{ layer = 'dense', outputs = 3 }", "{ layer = 'dense' }");
    let model = model(recipe, Some(ScalingSpec::Unit), scaling, data.shape());
    let bytes = onnx::bytes(&model).unwrap();
    assert_eq!(bytes, onnx::bytes(&model).unwrap());

    let mut options = rten::ModelOptions::with_all_ops();
    let graph = options.enable_optimization(false).load(bytes).unwrap();
    for tensor in model.network().tensors() {
        let id = graph.node_id(&tensor.name).unwrap();
        let shape = graph.node_info(id).unwrap().shape().unwrap();
        let expected = tensor
            .shape
            .iter()
            .map(|&size| rten::Dimension::Fixed(size));
        let expected: Vec<_> = expected.collect();
        assert_eq!(shape, expected, "{}", tensor.name);
    }
    let about = graph.metadata();
    assert_eq!(about.producer_name(), Some("narrows"));
    assert_eq!(about.producer_version(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(about.get("recipe"), Some("a"));
}

#[test]
fn a_graph_with_a_double_input_computes_the_same_from_scaled_values_on() {
    // The runtime has no double precision, so it begins behind the scaling; columns are Unix seconds within a minute.
    let recipe = recipe(
        "{ layer = 'dense', outputs = 3 }, { layer = 'tanh' }",
        "{ layer = 'dense' }",
    );
    let rows = Array2::from_shape_fn((7, 4), |(row, column)| {
        1.7e9 + (row * 8 + column * column) as f64
    });
    let data = Dataset::from_array(rows.view()).unwrap();
    let spec = ScalingSpec::usual(&data);
    let model = model(
        recipe,
        Some(spec),
        Scaling::fit(&spec, &data).unwrap(),
        &[4],
    );
    assert_eq!(onnx::Input::of(&model), onnx::Input::Double);
    // Optimized, the graph would lose the value to begin with.
    let mut options = rten::ModelOptions::with_all_ops();
    options.enable_optimization(false);
    let graph = options.load(onnx::bytes(&model).unwrap()).unwrap();
    let mut scaled = vec![0.0; rows.len()];
    model.scaling().scale(rows.as_slice().unwrap(), &mut scaled);
    let input = rten::Value::from_shape(&[7, 4], scaled).unwrap();
    let outputs = [onnx::CODE, onnx::SCORE].map(|name| graph.node_id(name).unwrap());
    let input = (graph.node_id(onnx::SCALED).unwrap(), input.into());
    let found = graph.run(vec![input], &outputs, None).unwrap();
    let expected = [
        model.encode(rows.view()).unwrap().into_iter().collect(),
        model.score(rows.view()).unwrap().to_vec(),
    ];
    for (found, expected) in found.into_iter().zip(expected) {
        let expected: Vec<f32> = expected;
        let found = found.into_tensor::<f32>().unwrap().to_vec();
        let largest = expected.iter().fold(0.0f32, |a, x| a.max(x.abs()));
        assert!(largest > 0.1);
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= TOLERANCE * largest,
                "{found} {expected}"
            );
        }
    }
}
