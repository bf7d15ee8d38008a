//! Tensors in a model's file that are not parameters.

use super::*;

/// A model with a layer that keeps running statistics.
fn normalized() -> Model {
    let text = "name = 'a'\nencoder = [{ layer = 'dense', outputs = 2 }, { layer = 'batch-norm' }]\n\
                decoder = [{ layer = 'dense' }]";
    let recipe = Recipe::parse(text, "test").unwrap();
    let network = Network::new(&recipe.encoder, &recipe.decoder, &[3]).unwrap();
    let parameters = vec![0.5; network.parameter_count()];
    let states = [0.25, -0.5, 1.5, 0.0, f32::from_bits(7)];
    let scaling = Scaling::without_data(&ScalingSpec::None).unwrap();
    Model::with_states(recipe, scaling, &[3], &parameters, &states).unwrap()
}

/// The file of [`normalized`] after changes.
fn changed_statistics(
    json: impl FnOnce(&mut Value),
    tensors: impl FnOnce(&mut Tensors),
) -> Vec<u8> {
    changed_file(&bytes_of(&normalized()), json, tensors)
}

/// Files whose statistics do not fit, and the words that the error must contain.
fn damaged_statistics() -> [(Vec<u8>, [&'static str; 2]); 6] {
    [
        (
            changed_statistics(
                |json| json["buffers"] = json!(["encoder.1.running_mean"]),
                |_| (),
            ),
            ["section `buffers`", "encoder.1.running_var"],
        ),
        (
            changed_statistics(
                |json| {
                    json["sections"] = json!([]);
                    json.as_object_mut().unwrap().remove("buffers");
                },
                |_| (),
            ),
            ["section `buffers`", "does not fit the recipe"],
        ),
        (
            changed_statistics(
                |_| (),
                |all| {
                    let other = all.remove("encoder.1.running_var").unwrap();
                    all.insert("encoder.1.running_variance".into(), other);
                },
            ),
            [
                "encoder.1.running_variance",
                "does not belong to the recipe",
            ],
        ),
        (
            changed_statistics(
                |_| (),
                |all| {
                    let bytes = f32::NEG_INFINITY.to_le_bytes();
                    all.get_mut("encoder.1.running_var").unwrap().2[..4].copy_from_slice(&bytes);
                },
            ),
            ["tensor `encoder.1.running_var`, element 0", "from 0 on"],
        ),
        (
            changed_statistics(
                |_| (),
                |all| {
                    let count = all.get_mut("encoder.1.num_batches_tracked").unwrap();
                    count.2 = (1i64 << 40).to_le_bytes().to_vec();
                },
            ),
            ["encoder.1.num_batches_tracked", "whole number"],
        ),
        (
            changed_statistics(
                |_| (),
                |all| {
                    let count = all.get_mut("encoder.1.num_batches_tracked").unwrap();
                    *count = (Dtype::F64, vec![], vec![0; 8]);
                },
            ),
            ["encoder.1.num_batches_tracked", "I64 of shape []"],
        ),
    ]
}

#[test]
fn running_statistics_are_a_section_that_the_file_needs() {
    let model = normalized();
    let loaded = load_bytes(&changed_statistics(|_| (), |_| ())).unwrap();
    assert_eq!(loaded.parameters().states(), model.parameters().states());
    let listed = changed_statistics(
        |json| {
            assert_eq!(json["sections"], json!(["buffers"]));
            let names = ["running_mean", "running_var", "num_batches_tracked"];
            assert_eq!(
                json["buffers"],
                json!(names.map(|name| format!("encoder.1.{name}")))
            );
        },
        |_| (),
    );
    assert!(load_bytes(&listed).is_ok());
    for (bytes, parts) in damaged_statistics() {
        let message = refusal(&bytes);
        for part in parts {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
    }
    // A network without state lists none.
    assert_refused_by_metadata(
        |json| {
            json["sections"] = json!(["buffers"]);
            json["buffers"] = json!(["encoder.0.running_mean"]);
        },
        &["section `buffers`", "does not fit the recipe"],
    );
}
