//! Files of earlier versions, and older names of keys.

use super::*;

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

/// Written by the first version that could write models: `narrows train` on 36 images of 2 × 2 random pixels.
const FIRST_VERSION: &[u8] = include_bytes!("../../../../tests/fixtures/model-v1.safetensors");

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
    // Computed from its tensors in double precision.
    let expected = [0.41573687, -0.35514988];
    assert!(
        code.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6),
        "{code}"
    );
}

/// Written by the last version that wrote format version 2, with its outputs for some rows (`scripts/older_model.py`).
const SECOND_VERSION: &[u8] = include_bytes!("../../../../tests/fixtures/model-v2.safetensors");

const OF_SECOND_VERSION: &[u8] =
    include_bytes!("../../../../tests/fixtures/model-v2-expected.safetensors");

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
    // Saved again, in the current format, it is the same model.
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
        // Training rows and rows of a source are computed by different code, with the same bits.
        let data = Dataset::from_array(rows.view()).unwrap();
        let workers = &mut crate::network::Workers::new(1);
        let scaled = crate::network::ScaledRows {
            data: &data,
            scaling: model.scaling(),
        };
        assert_eq!(model.errors(&scaled, workers), score.column(0));
    }
}

/// The metadata of versions 1 and 2, and of the first files of version 3.
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

#[test]
fn the_test_error_of_an_older_denoiser_is_of_noisy_rows() {
    let mut recipe = model().recipe().clone();
    recipe.corruption = Some(crate::corruption::Corruption::gaussian(0.5));
    let plain = model();
    let (scaling, parameters) = (plain.scaling().clone(), plain.parameters().flat());
    let mut denoiser = Model::new(recipe, scaling, plain.shape(), parameters).unwrap();
    denoiser.metrics_mut().insert("test_mse".into(), 0.25);
    let bytes = bytes_of(&denoiser);
    for (version, name) in [(2, "denoising_mse"), (3, "test_mse")] {
        let set = |about: &mut Value| about["format_version"] = json!(version);
        let metrics = load_bytes(&changed_file(&bytes, set, |_| ())).unwrap();
        let metrics = metrics.metrics();
        assert_eq!(metrics.get(name), Some(&0.25), "{version}: {metrics:?}");
        assert_eq!(metrics.len(), 1);
    }
}
