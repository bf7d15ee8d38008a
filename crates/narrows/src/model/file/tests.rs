//! Model files that are damaged, foreign or hostile. Each is refused with a reason. No file makes the reader panic or
//! allocate more memory than the file's size justifies.

mod buffers;
mod damaged;
mod prior;
mod versions;

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

/// A model's file after changes to its metadata and to its tensors.
fn changed(about: impl FnOnce(&mut Value), tensors: impl FnOnce(&mut Tensors)) -> Vec<u8> {
    changed_file(&bytes_of(&model()), about, tensors)
}

/// A model's file after changes to its metadata and to its tensors.
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
    // These changes are on purpose: the checksums are recomputed.
    if let Some(json) = json.as_object_mut() {
        json.remove("checksum");
    }
    let metadata = HashMap::from([(KEY.to_string(), checksums::sealed(json, &views))]);
    safetensors::serialize(views, Some(metadata)).unwrap()
}

/// The message of the error for a file.
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
    // The tests below change exactly this file.
    assert!(load_bytes(&changed(|_| (), |_| ())).is_ok());
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let bytes = bytes_of(&model());
    for len in 0..bytes.len() {
        refusal(&bytes[..len]);
        // The length from the system may be an older one.
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
    // Tensors are in the order of their names.
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
        assert!(message.contains("Model::import"), "{message}");
    }
    let mut damaged = bytes.clone();
    let at = bytes.windows(4).position(|four| four == b"tiny").unwrap();
    damaged[at] = b'T';
    let message = refusal(&damaged);
    assert!(message.contains("the metadata are damaged"), "{message}");
}

#[test]
fn a_foreign_safetensors_file_is_refused() {
    let data = [0; 8];
    let view = || TensorView::new(Dtype::F32, vec![2], &data).unwrap();
    let other = HashMap::from([("format".to_string(), "pt".to_string())]);
    for metadata in [None, Some(HashMap::new()), Some(other)] {
        let file = safetensors::serialize([("weight", view())], metadata).unwrap();
        let message = refusal(&file);
        assert!(message.contains("not a model of Narrows"), "{message}");
    }
    let header = br#"{"__metadata__":{"narrows":["a","list"]}}"#;
    let file = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    assert!(refusal(&file).contains("not a safetensors file"));
    assert!(refusal(b"PK\x03\x04 a zip archive, with something in it").contains("safetensors"));
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // A folder is taken for the folder of a run.
    let message = Model::load(folder.path()).unwrap_err().to_string();
    assert!(
        message.contains("model.safetensors: cannot read the model"),
        "{message}"
    );
    fs::create_dir(folder.path().join("model.safetensors")).unwrap();
    let message = Model::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("this is not a file"), "{message}");
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
        needs(json!(["flow"])),
        &[
            "needs the section `flow`",
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
    // Unknown content is ignored.
    assert!(load_bytes(&changed(|about| about["flow"] = json!(1), |_| ())).is_ok());
    // Older versions have no sections.
    let old = |about: &mut Value| {
        about["format_version"] = 2.into();
        about["sections"] = json!(["flow"]);
    };
    assert!(load_bytes(&changed(old, |_| ())).is_ok());
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
    // A fast but inexact parser would give another last digit.
    let figure = 0.000_020_354_164_777_813_822;
    model.metrics_mut().insert("test_mse".into(), figure);
    let again = load_bytes(&bytes_of(&model)).unwrap();
    assert_eq!(
        (again.origin(), again.threshold(), again.metrics()),
        (model.origin(), model.threshold(), model.metrics())
    );
}
