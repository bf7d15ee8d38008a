//! Files that are damaged, or whose header claims too much, are refused.

use super::*;
use crate::text::count_of;

#[test]
fn an_absurd_header_is_refused_before_it_is_read() {
    let bytes = bytes_of(&model());
    for len in [u64::MAX, 1 << 62, 1 << 40, bytes.len() as u64 - 7] {
        let mut absurd = bytes.clone();
        absurd[..8].copy_from_slice(&len.to_le_bytes());
        let message = refusal(&absurd);
        assert!(message.contains("a header of at most"), "{message}");
        assert!(
            message.contains(&format!("found one of {len}")),
            "{message}"
        );
        // This holds for files of any length.
        let told = read(&mut &absurd[..], u64::MAX, &Parts::standard()).unwrap_err();
        assert!(told.to_string().contains("safetensors"), "{told}");
    }
}

#[test]
fn a_file_far_larger_than_its_recipe_is_not_read() {
    let bytes = bytes_of(&model());
    let mut file = bytes.chain(std::io::repeat(0));
    let message = read(&mut file, 1 << 50, &Parts::standard())
        .unwrap_err()
        .to_string();
    assert!(message.contains("too large for its recipe"), "{message}");
    assert!(
        message.contains(&format!("expected {}", count_of(bytes.len(), "byte"))),
        "{message}"
    );
}

#[test]
fn a_damaged_recipe_is_refused() {
    let set = |key: &'static str, value: Value| move |about: &mut Value| about[key] = value;
    assert_refused_by_metadata(set("recipe", Value::Null), &["recipe is damaged"]);
    assert_refused_by_metadata(set("recipe", json!("name = 1")), &["recipe is damaged"]);
    assert_refused_by_metadata(set("recipe", json!({})), &["the model's recipe"]);
    assert_refused_by_metadata(|about| about["recipe"]["nmae"] = json!("x"), &["nmae"]);
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = Value::Null,
        &["recipe"],
    );
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"][0]["outputs"] = json!(-3),
        &["encoder[0].outputs"],
    );
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"][0]["layer"] = json!("densest"),
        &["encoder[0].layer", "densest"],
    );
    assert_refused_by_metadata(
        |about| {
            about.as_object_mut().unwrap().remove("recipe");
        },
        &["recipe is missing"],
    );
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let header = json!({"__metadata__": {"narrows": deep}}).to_string();
    let file = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    assert!(refusal(&file).contains("no JSON"));
}

#[test]
fn a_damaged_shape_is_refused() {
    for shape in [
        Value::Null,
        json!(4),
        json!([]),
        json!([0]),
        json!([-4]),
        json!([2.5]),
        json!(["4"]),
        json!([1, 1, 1, 1, 4]),
        json!([u64::MAX]),
        json!([1u64 << 32, 1u64 << 32, 1u64 << 32]),
        json!([1 << 29]),
    ] {
        assert_refused_by_metadata(
            |about| about["input_shape"] = shape,
            &["`input_shape` is damaged"],
        );
    }
    // A shape that fits neither the scaling nor the tensors.
    assert_refused_by_metadata(|about| about["input_shape"] = json!([5]), &["scaling"]);
}

#[test]
fn a_damaged_scaling_is_refused() {
    for scaling in [
        Value::Null,
        json!({"offset": [0.0]}),
        json!({"offset": [0.0], "factor": [0.0]}),
        json!({"offset": [1e300], "factor": [1.0]}),
        json!({"offset": [0.0, 0.0], "factor": [1.0, 1.0]}),
    ] {
        let change = |about: &mut Value| about["scaling"] = scaling;
        assert_refused_by_metadata(change, &["scaling is"]);
    }
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    assert_refused_by_tensors(
        |tensors| drop(tensors.remove("encoder.2.bias")),
        &["too small for its recipe"],
    );
    assert_refused_by_tensors(
        |tensors| {
            let bias = tensors.remove("encoder.2.bias").unwrap();
            tensors.insert("encoder.3.bias".into(), bias);
        },
        &["`encoder.2.bias` is missing"],
    );
    // Not smaller, because a file that is too short is refused for another reason.
    let bias = || (Dtype::F32, vec![4], vec![0; 16]);
    assert_refused_by_tensors(
        |tensors| drop(tensors.insert("encoder.9.bias".into(), bias())),
        &["`encoder.9.bias` does not belong to the recipe"],
    );
    assert_refused_by_tensors(
        |tensors| drop(tensors.insert("encoder.0.bias".into(), bias())),
        &[
            "`encoder.0.bias`",
            "expected F32 of shape [3]",
            "found F32 of shape [4]",
        ],
    );
    assert_refused_by_tensors(
        |tensors| drop(tensors.insert("encoder.0.bias".into(), (Dtype::F64, vec![3], vec![0; 24]))),
        &["expected F32 of shape [3]", "found F64 of shape [3]"],
    );
    // The same number of values, in another shape.
    assert_refused_by_tensors(
        |tensors| tensors.get_mut("encoder.0.weight").unwrap().1.reverse(),
        &["expected F32 of shape [3, 4]", "found F32 of shape [4, 3]"],
    );
}

#[test]
fn parameters_that_are_not_finite_are_refused() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_refused_by_tensors(
            |tensors| {
                let (_, _, bytes) = tensors.get_mut("decoder.0.weight").unwrap();
                bytes[20..24].copy_from_slice(&value.to_le_bytes());
            },
            &[
                "a parameter is not finite",
                "tensor `decoder.0.weight`, element 5",
            ],
        );
    }
}

#[test]
fn a_recipe_that_asks_for_terabytes_is_refused_at_once() {
    let wide = json!({"layer": "dense", "outputs": 1 << 24});
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = json!([wide, wide, {"layer": "dense", "outputs": 2}]),
        &[
            "encoder[1] (dense): the network has too many parameters",
            "at most 4,294,967,296",
        ],
    );
    // So many that their size in bytes overflows 64 bits.
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = json!(vec![wide.clone(); MAX_LAYERS]),
        &["too many parameters"],
    );
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = json!(vec![wide.clone(); 70_000]),
        &["too many"],
    );
    // Few enough for 64 bits, but more than the file has.
    let much = json!({"layer": "dense", "outputs": 1 << 20});
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = json!([much, {"layer": "dense", "outputs": 2}]),
        &["too small for its recipe"],
    );
}

#[test]
fn damaged_words_about_the_data_are_refused() {
    for (key, value) in [
        ("columns", json!(["a"])),
        ("columns", json!([1, 2, 3, 4])),
        ("fill", json!([0.0, 0.0, 0.0, "x"])),
    ] {
        let bytes = changed(|about| about["data"][key] = value.clone(), |_| ());
        let error = load_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains(&format!("data.{key}")), "{error}");
        let change = |about: &mut Value| {
            about["format_version"] = 2.into();
            about["origin"] = json!({ key: value });
        };
        let error = load_bytes(&changed(change, |_| ()))
            .unwrap_err()
            .to_string();
        assert!(error.contains(&format!("origin.{key}")), "{error}");
    }
    assert_refused_by_metadata(
        |about| about["data"]["reading"] = json!({ "missing": "perhaps" }),
        &["data.reading", "how the data were read"],
    );
    for value in [
        json!(1),
        json!({ "value": 1.0 }),
        json!({ "value": 1e300, "rule": "quantile", "level": 0.5, "rows": 1 }),
    ] {
        let bytes = changed(|about| about["threshold"] = value.clone(), |_| ());
        let error = load_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains("threshold is damaged"), "{error}");
    }
}

#[test]
fn what_a_file_claims_is_compared_with_its_length_before_memory_is_taken() {
    let file = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    let refused = |bytes: &[u8], len: u64, part: &str| {
        let error = read(&mut &*bytes, len, &Parts::standard())
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    };
    // Twelve convolutions of 62 million weights each.
    let wide = json!({ "layer": "conv2d", "channels": 60, "kernel": 1 });
    let deep = json!({ "layer": "conv2d", "channels": 1, "kernel": 1023, "padding": 511 });
    let claims = |encoder: Vec<Value>| {
        let about = json!({
            "format_version": FORMAT_VERSION, "sections": [], "input_shape": [1, 1, 1],
            "scaling": { "offset": [0], "factor": [1] },
            "recipe": {
                "name": "t", "scaling": { "kind": "none" }, "encoder": encoder,
                "decoder": [{ "layer": "conv2d", "channels": 1, "kernel": 1 }],
            },
        });
        file(&json!({ "__metadata__": { KEY: about.to_string() } }).to_string())
    };
    let twelve = (0..12).flat_map(|_| [wide.clone(), deep.clone()]).collect();
    let bytes = claims(twelve);
    refused(&bytes, bytes.len() as u64, "too small for its recipe");
    let layers = vec![wide; MAX_LAYERS + 1];
    let bytes = claims(layers);
    refused(
        &bytes,
        bytes.len() as u64,
        "the model's encoder has too many layers: expected at most 4096",
    );
    // It is not read at all.
    let long = (1u64 << 25).to_le_bytes();
    refused(&long, 1 << 30, "a header of at most 16,777,216 bytes");
    let about = format!("[{}0]", "0,".repeat(1 << 21));
    let bytes = file(&json!({ "__metadata__": { KEY: about } }).to_string());
    refused(&bytes, bytes.len() as u64, "too many values");
    let tensor = r#"{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#;
    for (header, part) in [
        (
            format!(r#"{{"a":{tensor},"a":{tensor}}}"#),
            "`a` is there twice",
        ),
        (
            r#"{"__metadata__":{},"__metadata__":{}}"#.into(),
            "is there twice",
        ),
        (r#"{"a":{"shape":{}}}"#.into(), "a tensor's shape"),
        (r#"{"__metadata__":{"a":[0]}}"#.into(), "expected a string"),
        (
            format!(r#"{{"a":{{"shape":[{}0]}}}}"#, "0,".repeat(64)),
            "more than 64 axes",
        ),
        (
            format!(
                "{{{}\"b\":{tensor}}}",
                (0..1 << 16)
                    .map(|i| format!("\"{i}\":{tensor},"))
                    .collect::<String>()
            ),
            "more than 65536 tensors",
        ),
    ] {
        let bytes = file(&header);
        refused(&bytes, bytes.len() as u64, part);
    }
}
