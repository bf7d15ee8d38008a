//! The figures of variational autoencoders.

use super::codes::code_figures;
use super::samples;
use crate::data::{Dataset, Values};
use crate::evaluate::Bounded;
use crate::model::Model;
use crate::network::Parameters;
use crate::recipe::Recipe;
use crate::report::{Figure, Image};
use crate::scaling::{Scaling, ScalingSpec};
use ndarray::Array2;

/// A model of images of 2 × 3 with a code of so many values that was not trained, and its rows.
fn model(code: usize, is_variational: bool) -> (Model, Dataset) {
    let (outputs, bottleneck) = match is_variational {
        true => (2 * code, "bottleneck = { kind = 'variational' }"),
        false => (code, ""),
    };
    let text = format!(
        "name = 'small'\nscaling.kind = 'none'\nencoder = [{{ layer = 'dense', outputs = {outputs} }}]\n\
         {bottleneck}\ndecoder = [{{ layer = 'dense' }}, {{ layer = 'sigmoid' }}]\n\
         objective = {{ reconstruction = 'binary-cross-entropy' }}"
    );
    let recipe = Recipe::parse(&text, "a test").unwrap();
    let rows = Array2::from_shape_fn((40, 6), |(i, j)| ((i * (j + 2)) % 9) as f32 / 9.0);
    let data = Dataset::new("patterns", Values::F32(rows), vec![1, 2, 3], None).unwrap();
    let network = recipe.network(data.shape()).unwrap();
    let parameters = Parameters::initial(&network, recipe.initialization, 1);
    let scaling = Scaling::fit(&ScalingSpec::None, &data).unwrap();
    let model = Model::new(recipe, scaling, data.shape(), parameters.flat()).unwrap();
    (model, data)
}

fn bounded(variance_of_values: Vec<f64>) -> Bounded {
    Bounded {
        is_likelihood: false,
        test_bound: 1.0,
        test_reconstruction: 1.0,
        test_kl: 0.0,
        active_units: 0,
        kl_of_values: vec![0.0; variance_of_values.len()],
        variance_of_values,
        sampled: None,
        ppca_test_nll: None,
        independent_test_nll: None,
    }
}

/// The height of a picture, from the header of the PNG.
fn height(figure: &Figure) -> u32 {
    match &figure.image {
        Image::Png(bytes) => u32::from_be_bytes(bytes[20..24].try_into().unwrap()),
        Image::Svg(_) => panic!("{} is a chart", figure.name),
    }
}

#[test]
fn traversals_are_of_active_values() {
    let (model, data) = model(22, true);
    let traversals =
        |variances: Vec<f64>| samples::traversals(&model, &bounded(variances), &data).unwrap();
    let mut variances = vec![0.001; 22];
    assert!(traversals(variances.clone()).is_none());
    variances[7] = 0.5;
    let one = traversals(variances.clone()).unwrap();
    variances[2] = 2.0;
    assert_eq!(bounded(variances.clone()).active_values(), [2, 7]);
    let two = traversals(variances).unwrap();
    assert!(two.caption.contains("all active values"), "{}", two.caption);
    // The margin stands above and below the rows.
    let of_row = height(&two) - height(&one);
    let all = traversals(vec![1.0; 22]).unwrap();
    assert!(
        all.caption.contains("20 most active of 22"),
        "{}",
        all.caption
    );
    assert_eq!(height(&all), height(&one) + 19 * of_row);
}

#[test]
fn a_map_of_variational_codes_shows_their_prior() {
    // Of the lines of a map, only rings have many points.
    let rings = |figure: &Figure| {
        let (_, bytes) = figure.file();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let lines = text.split("<polyline").skip(1);
        let points = lines.filter_map(|line| line.split("points=\"").nth(1)?.split('"').next());
        points
            .filter(|points| points.split_whitespace().count() > 20)
            .count()
    };
    let maps = |code, is_variational| {
        let (model, data) = model(code, is_variational);
        code_figures(&model, &data, 1).unwrap()
    };
    for code in [2, 3, 5] {
        for (with, without) in maps(code, true).iter().zip(maps(code, false)) {
            assert_eq!((rings(with), rings(&without)), (3, 0), "a code of {code}");
            assert!(with.caption.contains("The circles are"), "{}", with.caption);
            assert!(!without.caption.contains("circles"), "{}", without.caption);
        }
    }
    // A code of one value stands on both axes.
    assert!(!maps(1, true)[0].caption.contains("circles"));
}
