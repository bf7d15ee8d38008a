//! Files that are refused, and the errors.

use super::*;

#[track_caller]
fn refused_change(change: impl FnOnce(&mut Tensors), parts: &[&str]) {
    let result = import(&changed(change), &recipe(RECIPE), Some(SHAPE), None);
    refused(result, ErrorKind::Format, parts);
}

#[test]
fn missing_and_extra_tensors_are_all_named() {
    refused_change(
        |tensors| {
            tensors.remove("encoder.3.bias");
            tensors.remove("decoder.0.weight");
        },
        &["missing: expected encoder.3.bias [4], decoder.0.weight [30, 4]"],
    );
    refused_change(
        |tensors| {
            for i in 10..27 {
                tensors.insert(format!("norm.{i}"), (Dtype::F32, vec![1], vec![0; 4]));
            }
        },
        &[
            "does not have: found norm.10 [1], norm.11 [1], ",
            "norm.25 [1] and 1 more",
        ],
    );
    refused_change(
        |tensors| {
            let weight = tensors.remove("encoder.3.weight").unwrap();
            tensors.insert("fc.weight".into(), weight);
        },
        &[
            "expected encoder.3.weight [4, 90], found fc.weight [4, 90]",
            "`map = \"fc=encoder.3\"`",
            "nn.Sequential",
        ],
    );
}

#[test]
fn tensors_of_another_shape_or_type_are_refused() {
    refused_change(
        |tensors| tensors.get_mut("encoder.3.weight").unwrap().1 = vec![90, 4],
        &[
            "`encoder.3.weight`",
            "expected shape [4, 90]",
            "found shape [90, 4]",
            "w.T.copy()",
        ],
    );
    refused_change(
        |tensors| {
            let bias = tensors.get_mut("encoder.3.bias").unwrap();
            *bias = (Dtype::I32, vec![4], vec![0; 16]);
        },
        &[
            "`encoder.3.bias`",
            "expected F32, F64, F16 or BF16, found I32",
            "v.float()",
        ],
    );
    let not_finite = "not finite";
    for (dtype, bytes, part) in [
        (Dtype::F32, f32::NAN.to_le_bytes().to_vec(), not_finite),
        (Dtype::F64, f64::INFINITY.to_le_bytes().to_vec(), not_finite),
        (Dtype::F16, 0x7c00u16.to_le_bytes().to_vec(), not_finite),
        (Dtype::BF16, 0x7fc0u16.to_le_bytes().to_vec(), not_finite),
        (
            Dtype::F64,
            1e39f64.to_le_bytes().to_vec(),
            "too large for float32",
        ),
    ] {
        let zeros = vec![0; 3 * bytes.len()];
        refused_change(
            |tensors| {
                let data = [&zeros[..], &bytes].concat();
                tensors.insert("encoder.3.bias".into(), (dtype, vec![4], data));
            },
            &["`encoder.3.bias`, element 3", part],
        );
    }
}

#[test]
fn damaged_files_are_refused() {
    let recipe = recipe(RECIPE);
    for len in (0..WEIGHTS.len()).step_by(7) {
        assert!(import(&WEIGHTS[..len], &recipe, Some(SHAPE), None).is_err());
    }
    let longer = [WEIGHTS, &[0; 8]].concat();
    assert!(import(&longer, &recipe, Some(SHAPE), None).is_err());
    let larger = [WEIGHTS, &[0; 20_000]].concat();
    let parts = ["too large for its recipe"];
    refused(
        import(&larger, &recipe, Some(SHAPE), None),
        ErrorKind::Format,
        &parts,
    );
    for header in ["null", "[]", "{\"encoder.3.bias\":7}", "{}"] {
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
        refused(
            import(&bytes, &recipe, Some(SHAPE), None),
            ErrorKind::Format,
            &[],
        );
    }
    let at = |path: &str| {
        let imported = Model::import(path, &recipe, &ImportOptions::default());
        imported.map(|imported| imported.model)
    };
    let missing = at("no/such/file");
    refused(missing, ErrorKind::Io, &["no/such/file"]);
    let folder = at(env!("CARGO_MANIFEST_DIR"));
    refused(folder, ErrorKind::Format, &["this is not a file"]);
}
