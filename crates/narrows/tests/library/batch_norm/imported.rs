//! Running statistics of PyTorch.

use super::*;

/// A tensor of a file: type, shape and bytes.
type Stored = (Dtype, Vec<usize>, Vec<u8>);

/// A PyTorch `state_dict` of two dense layers with a BatchNorm behind the first, under other names.
fn state_dict(change: impl FnOnce(&mut BTreeMap<String, Stored>)) -> tempfile::NamedTempFile {
    let floats = |start: usize, count: usize| -> Vec<u8> {
        let numbers = (start..start + count).map(|i| number(i) as f32);
        numbers.flat_map(f32::to_le_bytes).collect()
    };
    let float = |name: &str, shape: &[usize], start| {
        let count = shape.iter().product();
        (
            name.to_string(),
            (Dtype::F32, shape.to_vec(), floats(start, count)),
        )
    };
    let mut all = BTreeMap::from([
        float("fc1.weight", &[3, 6], 0),
        float("fc1.bias", &[3], 20),
        float("norm.weight", &[3], 30),
        float("norm.bias", &[3], 40),
        float("norm.running_mean", &[3], 50),
        float("norm.running_var", &[3], 60),
        float("out.weight", &[6, 3], 70),
        float("out.bias", &[6], 90),
    ]);
    let count = (Dtype::I64, vec![], 1234i64.to_le_bytes().to_vec());
    all.insert("norm.num_batches_tracked".into(), count);
    change(&mut all);
    let views = all.iter().map(|(name, (kind, shape, bytes))| {
        (name, TensorView::new(*kind, shape.clone(), bytes).unwrap())
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), safetensors::serialize(views, None).unwrap()).unwrap();
    file
}

fn import(change: impl FnOnce(&mut BTreeMap<String, Stored>)) -> Result<Model, Error> {
    let text = "name = 'a'\nscaling.kind = 'none'\n\
                encoder = [{ layer = 'dense', outputs = 3 }, { layer = 'batch-norm' }, { layer = 'tanh' }]\n\
                decoder = [{ layer = 'dense' }]";
    let recipe = Recipe::parse(text, "test").unwrap();
    let imported = Model::import(
        state_dict(change).path(),
        &recipe,
        &ImportOptions::default(),
    );
    imported.map(|imported| imported.model)
}

#[test]
fn pytorch_s_running_statistics_are_imported() {
    let model = import(|_| ()).unwrap();
    let single = |start: usize, count: usize| (start..start + count).map(|i| number(i) as f32);
    let expected: Vec<f32> = single(50, 3).chain(single(60, 3)).collect();
    assert_eq!(model.parameters().states()[..6], expected);
    assert_eq!(model.parameters().states()[6].to_bits(), 1234);
    // A whole file that was converted has counts in other types.
    for (kind, bytes) in [
        (Dtype::F32, 1234f32.to_le_bytes().to_vec()),
        (Dtype::F64, 1234f64.to_le_bytes().to_vec()),
    ] {
        let converted = import(|all| {
            all.insert("norm.num_batches_tracked".into(), (kind, vec![], bytes));
        });
        assert_eq!(converted.unwrap().parameters().states()[6].to_bits(), 1234);
    }
    // The file of the model is itself one that PyTorch loads: names, types and shapes.
    let file = tempfile::NamedTempFile::new().unwrap();
    model.save(file.path()).unwrap();
    let bytes = std::fs::read(file.path()).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let count = tensors.tensor("encoder.1.num_batches_tracked").unwrap();
    assert_eq!((count.dtype(), count.shape()), (Dtype::I64, &[][..]));
    assert_eq!(count.data(), 1234i64.to_le_bytes());
    assert_eq!(
        tensors.tensor("encoder.1.running_var").unwrap().shape(),
        [3]
    );
    assert_eq!(tensors.len(), 9);
}

#[test]
fn impossible_statistics_are_refused_by_name() {
    type Change = fn(&mut BTreeMap<String, Stored>);
    let changes: [(Change, &[&str]); 4] = [
        (
            |all| {
                all.get_mut("norm.running_var").unwrap().2[4..8]
                    .copy_from_slice(&(-0.5f32).to_le_bytes())
            },
            &["norm.running_var", "from 0 on", "-0.5"],
        ),
        (
            |all| {
                all.get_mut("norm.running_mean").unwrap().2[..4]
                    .copy_from_slice(&f32::NAN.to_le_bytes())
            },
            &["norm.running_mean", "finite"],
        ),
        (
            |all| {
                all.get_mut("norm.num_batches_tracked").unwrap().2 = (-1i64).to_le_bytes().to_vec()
            },
            &["norm.num_batches_tracked", "whole number", "-1"],
        ),
        // Without running statistics there is nothing to use the layer with.
        (
            |all| all.retain(|name, _| !name.contains("running") && !name.contains("num_")),
            &["encoder.1.running_mean [3]", "encoder.1.running_var [3]"],
        ),
    ];
    for (change, parts) in changes {
        let error = import(change).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{error}");
        for part in parts {
            assert!(
                error.to_string().contains(part),
                "`{part}` is missing in: {error}"
            );
        }
    }
}
