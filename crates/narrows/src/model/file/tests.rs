//! Model files that are damaged, foreign or hostile: each is refused with a reason, and none makes
//! the reader panic or take memory that the file does not account for.

mod buffers;

use super::*;
use crate::data::Dataset;
use crate::data::{Checksums, RowSketch, SplitPlan, TestRows};
use crate::model::{Rule, SplitRecord, ThresholdRows};
use crate::scaling::ScalingSpec;
use ndarray::{Array2, array};
use std::collections::BTreeMap;

/// The tensors of a file by name: type, shape and bytes.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn model() -> Model {
    let recipe = Recipe::parse(
        "name = \"tiny\"\n\
         encoder = [{ layer = \"dense\", outputs = 3 }, { layer = \"relu\" }, { layer = \"dense\", outputs = 2 }]\n\
         decoder = [{ layer = \"dense\" }]",
        "a test",
    )
    .unwrap();
    let data = Dataset::from_array(array![[1.0, 2.0, 0.0, 5.0], [3.0, 4.0, 1.0, 7.0]].view());
    let scaling = Scaling::fit(
        &ScalingSpec::MinMax {
            min: None,
            max: None,
        },
        &data.unwrap(),
    )
    .unwrap();
    let parameters: Vec<f32> = (0..35).map(|i| i as f32 * 0.25 - 4.0).collect();
    let mut model = Model::new(recipe, scaling, &[4], &parameters).unwrap();
    model.metrics_mut().insert("test_mse".into(), 0.5);
    model
}

fn bytes_of(model: &Model) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    fs::read(path).unwrap()
}

fn load_bytes(bytes: &[u8]) -> Result<Model> {
    read(&mut &*bytes, bytes.len() as u64, &Parts::standard())
}

/// The file of a model after a change to what its metadata say and to its tensors.
fn changed(about: impl FnOnce(&mut Value), tensors: impl FnOnce(&mut Tensors)) -> Vec<u8> {
    changed_file(&bytes_of(&model()), about, tensors)
}

/// A model's file after a change to what its metadata say and to its tensors.
fn changed_file(
    bytes: &[u8],
    about: impl FnOnce(&mut Value),
    tensors: impl FnOnce(&mut Tensors),
) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let mut json: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()[KEY]).unwrap();
    about(&mut json);
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut all: Tensors = file
        .iter()
        .map(|(name, view)| {
            let parts = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            (name.to_string(), parts)
        })
        .collect();
    tensors(&mut all);
    let views = all.iter().map(|(name, (dtype, shape, data))| {
        let view = TensorView::new(*dtype, shape.clone(), data).unwrap();
        (name.as_str(), view)
    });
    let views: Vec<_> = views.collect();
    // What is changed here is changed on purpose: its checksums are right.
    if let Some(json) = json.as_object_mut() {
        json.remove("checksum");
    }
    let metadata = HashMap::from([(KEY.to_string(), checksums::sealed(json, &views))]);
    safetensors::serialize(views, Some(metadata)).unwrap()
}

/// The message by which a file is refused.
#[track_caller]
fn refusal(bytes: &[u8]) -> String {
    load_bytes(bytes).unwrap_err().to_string()
}

#[track_caller]
fn assert_refused_by_metadata(change: impl FnOnce(&mut Value), parts: &[&str]) {
    let message = refusal(&changed(change, |_| ()));
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[track_caller]
fn assert_refused_by_tensors(change: impl FnOnce(&mut Tensors), parts: &[&str]) {
    let message = refusal(&changed(|_| (), change));
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn what_is_saved_is_loaded() {
    let model = model();
    let loaded = load_bytes(&bytes_of(&model)).unwrap();
    assert_eq!(loaded.parameters().flat(), model.parameters().flat());
    assert_eq!(loaded.recipe(), model.recipe());
    assert_eq!(loaded.scaling(), model.scaling());
    assert_eq!(loaded.shape(), [4]);
    assert_eq!(loaded.metrics()["test_mse"], 0.5);
    // The tests below change this very file.
    assert!(load_bytes(&changed(|_| (), |_| ())).is_ok());
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let bytes = bytes_of(&model());
    for len in 0..bytes.len() {
        refusal(&bytes[..len]);
        // The length that the system told may be that of before.
        assert!(read(&mut &bytes[..len], bytes.len() as u64, &Parts::standard()).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    refusal(&longer);
    assert!(refusal(b"").contains("expected at least 8 bytes, found 0"));
}

#[test]
fn every_changed_bit_is_noticed() {
    let bytes = bytes_of(&model());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(load_bytes(&damaged).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn the_damaged_tensor_is_named() {
    let model = model();
    let bytes = bytes_of(&model);
    let start = bytes.len() - 4 * model.parameters().flat().len();
    // Tensors lie in the order of their names.
    for (number, name) in [
        (0, "decoder.0.bias"),
        (4, "decoder.0.weight"),
        (12, "encoder.0.bias"),
    ] {
        let mut damaged = bytes.clone();
        damaged[start + 4 * number] ^= 1;
        let message = refusal(&damaged);
        let expected = format!("the tensor `{name}` is damaged: its checksum differs");
        assert!(message.contains(&expected), "{message}");
        assert!(message.contains("narrows import"), "{message}");
    }
    let mut damaged = bytes.clone();
    let at = bytes.windows(4).position(|four| four == b"tiny").unwrap();
    damaged[at] = b'T';
    let message = refusal(&damaged);
    assert!(message.contains("the metadata are damaged"), "{message}");
}

#[test]
fn a_tensor_that_another_program_changed_is_refused_and_older_versions_need_no_checksums() {
    let strip = |about: &mut Value| {
        let about = about.as_object_mut().unwrap();
        about.remove("checksums");
        about.remove("checksum");
    };
    let file = |version: u64| {
        let bytes = changed(|_| (), |_| ());
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let mut about: Value =
            serde_json::from_str(&header.metadata().as_ref().unwrap()[KEY]).unwrap();
        strip(&mut about);
        about["format_version"] = json!(version);
        about["origin"] = json!({"name": "rows", "range": [0.0, 1.0]});
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let metadata = HashMap::from([(KEY.to_string(), about.to_string())]);
        safetensors::serialize(tensors.tensors(), Some(metadata)).unwrap()
    };
    let message = refusal(&file(3));
    assert!(message.contains("checksums are missing"), "{message}");
    assert!(load_bytes(&file(2)).is_ok());
}

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
        // A file of any length does not change that.
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
        message.contains(&format!("expected {} bytes", bytes.len())),
        "{message}"
    );
}

#[test]
fn a_foreign_safetensors_file_is_refused() {
    let data = [0; 8];
    let view = || TensorView::new(Dtype::F32, vec![2], &data).unwrap();
    let other = HashMap::from([("format".to_string(), "pt".to_string())]);
    for metadata in [None, Some(HashMap::new()), Some(other)] {
        let file = safetensors::serialize([("weight", view())], metadata).unwrap();
        let message = refusal(&file);
        assert!(message.contains("no model of Narrows"), "{message}");
    }
    let header = br#"{"__metadata__":{"narrows":["a","list"]}}"#;
    let file = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    assert!(refusal(&file).contains("not a safetensors file"));
    assert!(refusal(b"PK\x03\x04 a zip archive, with something in it").contains("safetensors"));
}

#[test]
fn other_format_versions_are_refused() {
    for newer in [4, 1000, u64::MAX] {
        let set = |about: &mut Value| about["format_version"] = json!(newer);
        let found = format!("found {newer}");
        assert_refused_by_metadata(
            set,
            &["format version 3 or older", &found, "update Narrows"],
        );
    }
    for damaged in [json!(0), json!(-1), json!(1.5), json!("1"), Value::Null] {
        let set = |about: &mut Value| about["format_version"] = damaged;
        assert_refused_by_metadata(set, &["format version is missing or damaged"]);
    }
    assert_refused_by_metadata(|about| *about = json!([1]), &["format version is missing"]);
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
    // One that fits neither the scaling nor the tensors.
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
    // Not smaller, as a file that is too short is refused for that.
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
    // As many numbers, in another shape.
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
            "encoder.1 (dense): the network has too many parameters",
            "at most 4294967296",
        ],
    );
    // So many that 64 bits do not count their bytes.
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = json!(vec![wide.clone(); MAX_LAYERS]),
        &["too many parameters"],
    );
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = json!(vec![wide.clone(); 70_000]),
        &["too many"],
    );
    // Few enough to be counted, but more than the file holds.
    let much = json!({"layer": "dense", "outputs": 1 << 20});
    assert_refused_by_metadata(
        |about| about["recipe"]["encoder"] = json!([much, {"layer": "dense", "outputs": 2}]),
        &["too small for its recipe"],
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // A folder is that of a run.
    let message = Model::load(folder.path()).unwrap_err().to_string();
    assert!(
        message.contains("model.safetensors: cannot read the model"),
        "{message}"
    );
    fs::create_dir(folder.path().join("model.safetensors")).unwrap();
    let message = Model::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("this is no file"), "{message}");
    let missing = Model::load(folder.path().join("missing")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    #[cfg(unix)]
    assert_eq!(
        Model::load("/dev/zero").unwrap_err().kind(),
        ErrorKind::Format
    );
}

#[test]
fn a_section_that_is_not_known_is_refused_by_its_name() {
    let needs = |sections: Value| move |about: &mut Value| about["sections"] = sections;
    assert_refused_by_metadata(
        needs(json!(["prior"])),
        &[
            "needs the section `prior`",
            "no sections but `columns`",
            "update Narrows",
        ],
    );
    assert_refused_by_metadata(
        needs(json!(["columns"])),
        &["section `columns` of the model is missing"],
    );
    for damaged in [Value::Null, json!("columns"), json!([1])] {
        assert_refused_by_metadata(needs(damaged), &["list of sections is missing or damaged"]);
    }
    // What is there and not needed is of no matter.
    assert!(load_bytes(&changed(|about| about["prior"] = json!(1), |_| ())).is_ok());
    // Older versions have no sections.
    let old = |about: &mut Value| {
        about["format_version"] = 2.into();
        about["sections"] = json!(["prior"]);
    };
    assert!(load_bytes(&changed(old, |_| ())).is_ok());
}

/// Written by the first version that could: `narrows train` on 36 images of 2 × 2 random pixels.
const FIRST_VERSION: &[u8] = include_bytes!("../../../tests/fixtures/model-v1.safetensors");

#[test]
fn a_model_of_the_first_format_still_loads() {
    let text = String::from_utf8_lossy(FIRST_VERSION);
    assert!(text.contains(r#"\"format_version\":1"#));
    let model = load_bytes(FIRST_VERSION).unwrap();
    assert_eq!(
        (model.recipe().name.as_str(), model.shape()),
        ("small", &[1, 2, 2][..])
    );
    assert_eq!(
        (model.origin(), model.threshold()),
        (&Origin::default(), None)
    );
    let rows = array![[0.0, 85.0, 170.0, 255.0]];
    let code = model.encode(rows.view()).unwrap();
    // Worked out from its tensors in double precision.
    let expected = [0.41573687, -0.35514988];
    assert!(
        code.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6),
        "{code}"
    );
}

/// Written by the last version that wrote format version 2, with what it made of some rows (`scripts/older_model.py`).
const SECOND_VERSION: &[u8] = include_bytes!("../../../tests/fixtures/model-v2.safetensors");
const OF_SECOND_VERSION: &[u8] =
    include_bytes!("../../../tests/fixtures/model-v2-expected.safetensors");

/// The numbers of a tensor, `[rows, …]`, of the fixture.
fn expected<const N: usize, T>(name: &str, number: impl Fn([u8; N]) -> T) -> Array2<T> {
    let tensors = SafeTensors::deserialize(OF_SECOND_VERSION).unwrap();
    let view = tensors.tensor(name).unwrap();
    let numbers = view.data().as_chunks().0.iter().map(|&bytes| number(bytes));
    let &[rows, columns] = view.shape() else {
        panic!("{name} has the shape {:?}", view.shape());
    };
    Array2::from_shape_vec((rows, columns), numbers.collect()).unwrap()
}

#[test]
fn a_model_of_the_second_format_gives_the_same_bits_at_every_door() {
    assert!(String::from_utf8_lossy(SECOND_VERSION).contains(r#"\"format_version\":2"#));
    let old = load_bytes(SECOND_VERSION).unwrap();
    assert!(!old.scaling().is_double() && old.columns().is_none() && !old.needs_double());
    let names = ["height", "width", "when"].map(String::from).to_vec();
    assert_eq!(
        (old.origin().columns.as_ref(), old.origin().reading.as_ref()),
        (Some(&names), None)
    );
    assert_eq!(old.origin().fill.as_ref().unwrap().len(), 3);
    assert_eq!(old.origin().split.as_ref().unwrap().rows, [49, 5, 6]);
    let threshold = old.threshold().unwrap();
    assert_eq!((threshold.rule, threshold.rows), (Rule::Quantile(0.9), 60));
    // Saved again, in the present format, it is the same model.
    let again = load_bytes(&bytes_of(&old)).unwrap();
    assert_eq!(
        (again.origin(), again.threshold()),
        (old.origin(), old.threshold())
    );

    let rows = expected("rows", f64::from_le_bytes);
    let singles = rows.mapv(|value| value as f32);
    let of_singles = |name| expected(name, f32::from_le_bytes);
    for model in [old, again] {
        let code = of_singles("encode");
        assert_eq!(model.encode(rows.view()).unwrap(), code);
        assert_eq!(model.encode(singles.view()).unwrap(), code);
        let whole = of_singles("reconstruct");
        assert_eq!(model.reconstruct(singles.view()).unwrap(), whole);
        assert_eq!(
            model.reconstruct(rows.view()).unwrap(),
            whole.mapv(f64::from)
        );
        assert_eq!(model.decode(code.view()).unwrap(), of_singles("decode"));
        let score = of_singles("score");
        assert_eq!(model.score(rows.view()).unwrap(), score.column(0));
        // Training rows and rows of a source take another way to the same bits.
        let data = Dataset::from_array(rows.view()).unwrap();
        let workers = &mut crate::network::Workers::new(1);
        let scaled = crate::network::ScaledRows {
            data: &data,
            scaling: model.scaling(),
        };
        assert_eq!(model.errors(&scaled, workers), score.column(0));
    }
}

#[test]
fn what_is_known_of_the_data_and_the_threshold_are_kept() {
    let mut model = model();
    let rows = ndarray::array![[1.0, 2.0], [3.0, 5.0]];
    let checksum = Dataset::from_array(rows.view())
        .unwrap()
        .checksum()
        .unwrap();
    model.set_origin(Origin {
        data: Some("a.csv".into()),
        columns: Some(["p", "q", "r", "s"].map(String::from).to_vec()),
        fill: Some(vec![0.1, 2.0, -3.5, 1e-7]),
        table: Vec::new(),
        reading: None,
        range: Some((-3.5, 7.0)),
        split: Some(SplitRecord {
            seed: u64::MAX >> 1,
            plan: SplitPlan {
                test: TestRows::Last(0.1),
                group: Some("q".into()),
                ..SplitPlan::with_validation(0.1)
            },
            held_out: true,
            rows: [81, 9, 10],
        }),
        validation: Some("b.csv".into()),
        test: Some("c.csv".into()),
        rows: Some(RowSketch::from_checksums(vec![u64::MAX, 7, 1 << 60])),
        checksums: Some(Checksums {
            train: checksum,
            validation: Some(checksum),
            test: None,
        }),
        isa: vec!["portable".into(), "AVX2".into()],
    });
    model.set_threshold(Threshold {
        value: 0.1,
        rule: Rule::FalsePositiveRate(0.05),
        rows: 99,
        from: ThresholdRows::Source("d.csv".into()),
    });
    // Reading it in a hurry gives another last digit.
    let figure = 0.000_020_354_164_777_813_822;
    model.metrics_mut().insert("test_mse".into(), figure);
    let again = load_bytes(&bytes_of(&model)).unwrap();
    assert_eq!(
        (again.origin(), again.threshold(), again.metrics()),
        (model.origin(), model.threshold(), model.metrics())
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
    // Not read at all.
    let long = (1u64 << 25).to_le_bytes();
    refused(&long, 1 << 30, "a header of at most 16777216 bytes");
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

/// What versions 1 and 2, and the first files of version 3, have in their metadata.
#[test]
fn older_names_of_keys_are_read_without_a_note() {
    let recipe = |scaling: Value, corruption: Value, key: &str| {
        let factor = if key == "terms" {
            "last"
        } else {
            "final_factor"
        };
        json!({"recipe": {
            "name": "a",
            "scaling": scaling,
            "corruption": corruption,
            "encoder": [{"layer": "dense", "outputs": 2}],
            "decoder": [{"layer": "dense"}],
            "objective": {key: [{"kind": "jacobian", "weight": 0.5}]},
            "schedule": {"kind": "cosine", factor: 0.25},
        }})
    };
    let standardize = |key: &str| json!({"kind": "standardize", "mean": 0.5, key: 2.0});
    for (name, key, older) in [
        ("gaussian", "std", "deviation"),
        ("salt-and-pepper", "fraction", "level"),
        ("masking", "fraction", "drop"),
    ] {
        let noise = |key: &str| json!({"kind": name, key: 0.75});
        let new = recipe(standardize("std"), noise(key), "penalties");
        let old = recipe(standardize("deviation"), noise(older), "terms");
        let [new, old] = [new, old].map(|about| read_recipe(&about, &Parts::standard()).unwrap());
        assert_eq!(old, new, "{name}");
        assert!(old.notes().is_empty(), "{:?}", old.notes());
        assert_eq!(old.penalties.len(), 1);
    }
}
