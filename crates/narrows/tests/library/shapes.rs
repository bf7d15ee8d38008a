//! The shapes of rows from layer to layer, and the shapes that are refused, with the errors.

use crate::samples::varied::{settings, settings_of_layer};
use crate::samples::{required, table};
use narrows::layer::{self, Initialization};
use narrows::network::{Network, Parameters};
use narrows::parts::Parts;
use narrows::scaling::{Scaling, ScalingSpec};
use narrows::{Model, Recipe, Result};
use ndarray::Array2;

/// The network of a recipe's two lists of layers for rows of a shape.
fn network(encoder: &str, decoder: &str, shape: &[usize]) -> Result<Network> {
    let text = format!("name = 'a'\nencoder = [{encoder}]\ndecoder = [{decoder}]");
    let recipe = Recipe::parse(&text, "test.toml")?;
    recipe.network(shape)
}

#[track_caller]
fn refused(encoder: &str, decoder: &str, shape: &[usize], parts: &[&str]) {
    let error = network(encoder, decoder, shape).unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

const CONV: &str = "{ layer = 'conv2d', channels = 4, kernel = 3 }";
const DENSE: &str = "{ layer = 'dense' }";

#[test]
fn shapes_and_tensors_are_those_of_pytorch() {
    let network = network(
        "{ layer = 'conv2d', channels = 16, kernel = 3, stride = 2, padding = 1 }, { layer = 'relu' },
         { layer = 'conv2d', channels = 32, kernel = [5, 3], stride = [3, 1], bias = false }",
        "{ layer = 'conv-transpose2d', channels = 8, kernel = [2, 4], stride = [3, 2], padding = [0, 1],
           output_padding = [2, 0] },
         { layer = 'flatten' }, { layer = 'dense' }",
        &[3, 28, 20],
    )
    .unwrap();
    // [3, 28, 20] → [16, 14, 10] → [32, 4, 8] → [8, 13, 16] → [1664] → [1680]
    assert_eq!(network.code_size(), 32 * 4 * 8);
    let tensors: Vec<_> = network
        .tensors()
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice(), tensor.fans))
        .collect();
    assert_eq!(
        tensors,
        [
            ("encoder.0.weight", &[16, 3, 3, 3][..], (27, 144)),
            ("encoder.0.bias", &[16], (27, 144)),
            ("encoder.2.weight", &[32, 16, 5, 3], (240, 480)),
            // PyTorch takes the second axis for the inputs.
            ("decoder.0.weight", &[32, 8, 2, 4], (64, 256)),
            ("decoder.0.bias", &[8], (64, 256)),
            ("decoder.2.weight", &[1680, 1664], (1664, 1680)),
            ("decoder.2.bias", &[1680], (1664, 1680)),
        ]
    );
    // Weights and biases start in ±1/√fan_in, and fill it; other initializations leave biases at 0.
    let initial = Parameters::initial(&network, Initialization::Pytorch, 1);
    for tensor in network.tensors() {
        let bound = 1.0 / (tensor.fans.0 as f32).sqrt();
        let these = &initial.flat()[tensor.range.clone()];
        let largest = these.iter().fold(0.0f32, |a, x| a.max(x.abs()));
        assert!(largest <= bound && largest > 0.7 * bound, "{}", tensor.name);
    }
    let initial = Parameters::initial(&network, Initialization::HeNormal, 1);
    for tensor in network.tensors() {
        let is_bias = tensor.name.ends_with("bias");
        let these = &initial.flat()[tensor.range.clone()];
        assert_eq!(these.iter().all(|&x| x == 0.0), is_bias, "{}", tensor.name);
    }
}

#[test]
fn a_width_left_out_is_the_data_s() {
    let dense = "{ layer = 'dense', outputs = 2 }";
    let from = format!("{dense}, {{ layer = 'reshape', shape = [2, 1, 1] }}");
    for last in [
        "{ layer = 'conv-transpose2d', kernel = [6, 5] }",
        "{ layer = 'conv2d', kernel = 1, padding = [2, 2] }, { layer = 'identity' }",
    ] {
        let shape = if last.contains("trans") {
            [3, 6, 5]
        } else {
            [3, 5, 5]
        };
        let network = network(&from, last, &shape).unwrap();
        assert_eq!(network.tensors()[3].shape, [3], "{last}");
    }
    // A flat output has no shape to get wrong, and a flat row needs none.
    network(dense, DENSE, &[3, 6, 5]).unwrap();
    network(dense, DENSE, &[90]).unwrap();
    let flat =
        format!("{DENSE}, {{ layer = 'reshape', shape = [3, 6, 5] }}, {{ layer = 'flatten' }}");
    network(dense, &flat, &[90]).unwrap();
    let shaped = format!("{DENSE}, {{ layer = 'reshape', shape = [3, 6, 5] }}");
    network(dense, &shaped, &[3, 6, 5]).unwrap();
}

#[test]
fn rows_that_are_no_images_are_refused() {
    refused(
        CONV,
        DENSE,
        &[784],
        &[
            "encoder[0] (conv2d)",
            "[channels, height, width]",
            "found rows of shape [784]",
            "put a reshape layer",
        ],
    );
    refused(
        CONV,
        "{ layer = 'dense', outputs = 16 }, { layer = 'relu' },
         { layer = 'conv-transpose2d', channels = 1, kernel = 2 }",
        &[1, 8, 8],
        &["decoder[2] (conv-transpose2d)", "found rows of shape [16]"],
    );
    refused(
        "{ layer = 'dense', outputs = 8 }, { layer = 'reshape', shape = [2, 2, 2] }",
        "{ layer = 'conv2d', kernel = 1 }",
        &[8],
        &[
            "decoder[0] (conv2d)",
            "which have none",
            "data of shape [8]",
        ],
    );
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let one = [1, 8, 6];
    refused(
        "{ layer = 'conv2d', channels = 1, kernel = [3, 9], padding = 1 }",
        DENSE,
        &one,
        &[
            "encoder[0]",
            "kernel's width",
            "at most 8",
            "[1, 8, 6]",
            "found 9",
        ],
    );
    refused(
        "{ layer = 'conv-transpose2d', channels = 1, kernel = 2, stride = [2, 1], output_padding = 1 }",
        DENSE,
        &one,
        &[
            "encoder[0]",
            "output padding of the width",
            "less than the stride of 1",
            "found 1",
        ],
    );
    refused(
        "{ layer = 'conv-transpose2d', channels = 1, kernel = 3, padding = [0, 4] }",
        DENSE,
        &one,
        &["encoder[0]", "width", "less than half of 8", "found 4"],
    );
    refused(
        "{ layer = 'relu' }, { layer = 'reshape', shape = [1, 6, 6] }, { layer = 'dense', outputs = 1 }",
        DENSE,
        &one,
        &[
            "encoder[1] (reshape)",
            "a shape of 48 values",
            "[1, 8, 6]",
            "found [1, 6, 6]",
        ],
    );
    // Sizes whose products no memory holds, and some that no integer does.
    let too_large = [
        "{ layer = 'conv2d', channels = 16777216, kernel = 3 }",
        "{ layer = 'conv2d', channels = 1, kernel = 1024, padding = 1024 },
         { layer = 'conv2d', channels = 16777216, kernel = 1024, padding = 1024 }",
        "{ layer = 'conv-transpose2d', channels = 16777216, kernel = 1024, stride = 1024 }",
    ];
    for layers in too_large {
        refused(layers, DENSE, &one, &["too large", "at most"]);
    }
    refused(
        "{ layer = 'dense', outputs = 1 }",
        "{ layer = 'dense' }, { layer = 'reshape', shape = [16777216, 16777216, 16777216] }",
        &one,
        &["decoder[1]", "[16777216, 16777216, 16777216]"],
    );
}

#[test]
fn a_decoder_that_gives_another_shape_is_refused_with_both() {
    let up = "{ layer = 'conv-transpose2d', kernel = 2, stride = 2 }";
    let encoder = "{ layer = 'conv2d', channels = 4, kernel = 3, stride = 2, padding = 1 }";
    network(encoder, up, &[1, 28, 28]).unwrap();
    refused(
        encoder,
        up,
        &[1, 27, 28],
        &[
            "decoder",
            "expected rows of shape [1, 27, 28]",
            "found [1, 28, 28]",
        ],
    );
    // As many values, in another shape.
    refused(
        encoder,
        "{ layer = 'conv-transpose2d', channels = 4, kernel = 1, stride = 1 }",
        &[1, 28, 28],
        &["expected rows of shape [1, 28, 28]", "found [4, 14, 14]"],
    );
    refused(
        "{ layer = 'dense', outputs = 4 }",
        "{ layer = 'dense', outputs = 9 }",
        &[1, 2, 4],
        &[
            "expected rows of shape [1, 2, 4], 8 values",
            "found [9]",
            "leave `outputs`",
        ],
    );
    refused(
        "{ layer = 'dense', outputs = 4 }",
        "{ layer = 'dense' }, { layer = 'reshape', shape = [1, 2, 4] }",
        &[8],
        &["expected rows of shape [8]", "found [1, 2, 4]", "flatten"],
    );
}

/// A model of a recipe for rows of a shape, and its codes of some rows, all of which the model gives.
fn codes(recipe: &Recipe, shape: &[usize]) -> Result<(Network, Array2<f32>)> {
    let network = recipe.network(shape)?;
    let parameters = Parameters::initial(&network, Initialization::HeNormal, 3);
    let scaling = Scaling::without_data(&ScalingSpec::None)?;
    let model = Model::new(recipe.clone(), scaling, shape, parameters.flat())?;
    let inputs = shape.iter().product();
    let value = |(row, column)| ((row * 37 + column * 101) % 64) as f32 / 8.0 - 4.0;
    let rows = Array2::from_shape_fn((9, inputs), value);
    Ok((network, model.encode(rows.view())?))
}

/// Whether all values lie in a range, but for rounding.
fn are_in(codes: &Array2<f32>, (low, high): (f32, f32)) -> bool {
    let is_in = |&z: &f32| z.is_finite() && z >= low - 1e-6 && z <= high + 1e-6;
    codes.iter().all(is_in)
}

#[test]
fn every_layer_gives_the_shape_and_range_that_it_says_or_is_refused_with_its_name() {
    for part in Parts::standard().layers().iter() {
        let mut fits = false;
        for shape in [&[2, 6, 5][..], &[60], &[7]] {
            for values in settings_of_layer(part, shape) {
                let layer = table("layer", part.declaration().name, &values);
                // A layer with parameters stands before it, which each side must have.
                let values: usize = shape.iter().product();
                let reshape = match shape {
                    [_] => String::new(),
                    _ => format!("{{ layer = 'reshape', shape = {shape:?} }}, "),
                };
                let text = format!(
                    "name = 'a'\nencoder = [{{ layer = 'dense', outputs = {values} }}, {reshape}{layer}]\n\
                     decoder = [{DENSE}]"
                );
                let recipe = Recipe::parse(&text, "test.toml").unwrap();
                let spec = recipe.encoder.last().unwrap();
                let (network, codes) = match codes(&recipe, &[11]) {
                    Ok(made) => made,
                    Err(error) => {
                        let error = error.to_string();
                        let place =
                            format!("encoder[{}] ({})", recipe.encoder.len() - 1, spec.name());
                        assert!(error.contains(&place), "{text}\n{error}");
                        continue;
                    }
                };
                fits = true;
                let given = network.shape(recipe.encoder.len());
                let width: usize = given.iter().product();
                assert_eq!(codes.dim(), (9, width), "{layer} gives {given:?}");
                let range = part.output_range(spec.settings());
                assert!(are_in(&codes, range), "{layer} leaves {range:?}");
                assert!(!part.keeps_values() || width == values, "{layer}");
            }
        }
        assert!(fits, "`{}` fits some rows", part.declaration().name);
    }
}

#[test]
fn every_bottleneck_gives_the_range_and_number_of_values_that_it_says() {
    for part in Parts::standard().bottlenecks().iter() {
        let declaration = part.declaration();
        // A mean and a log variance for each value.
        let (outputs, loss) = match part.draws() {
            true => (18, "gaussian"),
            false => (9, "mse"),
        };
        let encoder = format!("{{ layer = 'dense', outputs = {outputs} }}");
        let recipe = |values: &_| {
            let kind = table("kind", declaration.name, values);
            let text = format!(
                "name = 'a'\nencoder = [{encoder}]\nbottleneck = {kind}\ndecoder = [{DENSE}]\n\
                 objective = {{ reconstruction = '{loss}' }}"
            );
            Recipe::parse(&text, "test.toml").unwrap()
        };
        let fits = |values: &_| recipe(values).network(&[11]).is_ok();
        for values in settings(declaration, required(declaration, &[9]), &[9], fits) {
            let recipe = recipe(&values);
            let (network, codes) = codes(&recipe, &[11]).unwrap();
            assert_eq!(codes.ncols(), network.code_size());
            let settings = recipe.bottleneck.settings();
            let range = part.output_range(settings, (f32::NEG_INFINITY, f32::INFINITY));
            assert!(
                are_in(&codes, range),
                "{} leaves {range:?}",
                declaration.name
            );
            let most = part.most_active(settings, codes.ncols());
            for code in codes.rows() {
                let active = code.iter().filter(|&&z| z != 0.0).count();
                assert!(active <= most, "{}: {active} of {most}", declaration.name);
            }
        }
    }
}

/// A layer made in code is checked as one that was read.
#[test]
fn layers_made_in_code_meet_the_same_checks() {
    let mut recipe = Recipe::named("simple-linear").unwrap();
    recipe.encoder.insert(0, layer::conv2d(2, [0, 3]));
    let error = recipe.check().unwrap_err().to_string();
    assert!(error.contains("encoder[0].kernel"), "{error}");
    let error = layer::conv2d(2, [3, 3]).with("stride", [0, 1]).unwrap_err();
    for part in ["conv2d.stride", "from 1 to 1,024", "found [0, 1]"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}
