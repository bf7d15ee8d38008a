//! The parts of a graph that cannot be tested with a runtime in single precision.

use super::*;
use crate::Recipe;
use crate::data::Dataset;
use crate::model::{Origin, Rule, Threshold};
use crate::network::Parameters;
use crate::onnx::proto::DOUBLE;
use crate::scaling::{Scaling, ScalingSpec};
use ndarray::{Array2, array};
use serde_json::{Value, json};

/// A model of a table whose first column has seconds within a minute, or small numbers.
fn model(start: f64) -> Model {
    let text = "name = 'small'\nencoder = [{ layer = 'dense', outputs = 1 }]\ndecoder = [{ layer = 'dense' }]";
    let mut recipe = Recipe::parse(text, "test.toml").unwrap();
    let rows: Array2<f64> = array![[start, 4.0], [start + 20.0, 5.0], [start + 40.0, 9.0]];
    let names = ["time", "load, kW"].map(String::from).to_vec();
    let data = Dataset::from_array(rows.view()).unwrap();
    let data = data.with_columns(names).unwrap();
    let spec = ScalingSpec::usual(&data);
    let scaling = Scaling::fit(&spec, &data).unwrap();
    recipe.scaling = Some(spec);
    let network = recipe.network(&[2]).unwrap();
    let parameters = Parameters::initial(&network, recipe.initialization, 5);
    let mut model = Model::new(recipe, scaling, &[2], parameters.flat()).unwrap();
    model.set_origin(Origin::of(&data).unwrap());
    model
}

fn exported(model: &Model, input: Input) -> proto::Model {
    proto::Model::decode(&*bytes_with(model, input).unwrap()).unwrap()
}

fn element(value: &proto::ValueInfo) -> Option<i32> {
    value.of.as_ref()?.tensor.as_ref()?.element
}

fn doubles(graph: &proto::Graph, name: &str) -> Vec<f64> {
    let mut tensors = graph.initializer.iter();
    let tensor = tensors
        .find(|tensor| tensor.name.as_deref() == Some(name))
        .unwrap();
    assert_eq!(tensor.data_type, Some(DOUBLE));
    let (numbers, rest) = tensor.raw_data.as_ref().unwrap().as_chunks::<8>();
    assert!(rest.is_empty());
    numbers.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

#[test]
fn the_input_is_double_where_float32_would_blur_a_column() {
    assert_eq!(Input::of(&model(1_700_000_000.0)), Input::Double);
    assert_eq!(Input::of(&model(2_440_000.5)), Input::Double);
    assert_eq!(Input::of(&model(100.0)), Input::Float);
    assert_eq!(Input::of(&model(0.0)), Input::Float);
}

#[test]
fn a_double_input_is_scaled_in_double_precision() {
    let model = model(1_700_000_000.0);
    let graph = exported(&model, Input::of(&model)).graph.unwrap();
    assert_eq!(element(&graph.input[0]), Some(DOUBLE));
    let outputs: Vec<_> = graph.output.iter().map(element).collect();
    assert_eq!(outputs, [Some(FLOAT), Some(DOUBLE), Some(FLOAT)]);
    assert_eq!(doubles(&graph, "scaling.offset"), model.scaling().offset());
    assert_eq!(doubles(&graph, "scaling.factor"), model.scaling().factor());
    // Everything between the input and the first conversion, and after the last conversion, is in double precision.
    let steps = graph.node.iter().map(|node| {
        let to = node
            .attribute
            .iter()
            .find(|a| a.name.as_deref() == Some("to"));
        let operator = node.op_type.clone().unwrap();
        let output = node.output[0].clone();
        (
            operator,
            node.input.join(" "),
            output,
            to.and_then(|to| to.i),
        )
    });
    let step = |operator: &str, inputs: &str, output: &str, to: Option<i64>| {
        (
            operator.to_string(),
            inputs.to_string(),
            output.to_string(),
            to,
        )
    };
    let steps: Vec<_> = steps.collect();
    for expected in [
        step("Sub", "input scaling.offset", "scaled/centered", None),
        step(
            "Mul",
            "scaled/centered scaling.factor",
            "scaled/double",
            None,
        ),
        step("Cast", "scaled/double", SCALED, Some(1)),
        step("Cast", "output", "output/double", Some(11)),
        step("Div", "output/double scaling.factor", "output/spread", None),
        step(
            "Add",
            "output/spread scaling.offset",
            "reconstruction",
            None,
        ),
        step("Sub", "output scaled", "score/error", None),
    ] {
        assert!(
            steps.contains(&expected),
            "{expected:?} is not in {steps:?}"
        );
    }
}

#[test]
fn the_metadata_say_what_scoring_needs() {
    let mut model = model(100.0);
    let entries = |model: &Model| -> Vec<(String, String)> {
        let entries = exported(model, Input::of(model)).metadata_props;
        let parts = |entry: proto::Entry| (entry.key.unwrap(), entry.value.unwrap());
        entries.into_iter().map(parts).collect()
    };
    let get = |model: &Model, key: &str| {
        let mut found = entries(model).into_iter();
        found.find(|(name, _)| name == key).map(|(_, text)| text)
    };
    let json = |model: &Model, key: &str| -> Value {
        serde_json::from_str(&get(model, key).unwrap()).unwrap()
    };
    assert_eq!(json(&model, "columns"), json!(["time", "load, kW"]));
    let scaling = json(&model, "scaling");
    assert_eq!(scaling["kind"], "standardize");
    assert_eq!(scaling["offset"], json!(model.scaling().offset()));
    assert_eq!(scaling["factor"], json!(model.scaling().factor()));
    assert!(
        get(&model, "score")
            .unwrap()
            .contains("squared error in scaled units")
    );
    assert_eq!(get(&model, "recipe").unwrap(), "small");
    assert_eq!(get(&model, "units"), None);
    let mut origin = model.origin().clone();
    origin.table[1].unit = Some("kW".into());
    model.set_origin(origin);
    assert_eq!(json(&model, "units"), json!([null, "kW"]));
    assert_eq!(
        (get(&model, "threshold"), get(&model, "fill")),
        (None, None)
    );
    model.set_threshold(Threshold {
        value: 0.25,
        rule: Rule::Quantile(0.99),
        rows: 150,
        from: crate::model::ThresholdRows::Validation,
    });
    let expected = json!({
        "value": 0.25, "rule": "quantile", "level": 0.99, "rows": 150, "from": "validation",
        "unusual": "score > value",
    });
    assert_eq!(json(&model, "threshold"), expected);
    model.set_origin(Origin {
        columns: None,
        fill: Some(vec![1.5, 2.0]),
        ..Origin::default()
    });
    assert_eq!(get(&model, "columns"), None);
    assert_eq!(json(&model, "fill"), json!([1.5, 2.0]));
}
