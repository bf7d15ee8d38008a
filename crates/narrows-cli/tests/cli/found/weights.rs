//! Weights of PyTorch users, and the metadata of the exported graph for programs that score with it.

use super::*;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

const RECIPE: &str = "
    name = 'small'
    scaling.kind = 'none'
    encoder = [{ layer = 'dense', outputs = 8 }, { layer = 'relu' }, { layer = 'dense', outputs = 3 }]
    decoder = [{ layer = 'dense', outputs = 8 }, { layer = 'relu' }, { layer = 'dense' }]
";

/// The layers with their sizes, `[outputs, inputs]`.
const LAYERS: [(&str, [usize; 2]); 4] = [
    ("encoder.0", [8, 6]),
    ("encoder.2", [3, 8]),
    ("decoder.0", [8, 3]),
    ("decoder.2", [6, 8]),
];

/// A file of weights whose layers have these names; of 4 bytes a number, or of the 2 of bfloat16.
fn weights(names: [&str; 4], is_half: bool) -> Vec<u8> {
    let mut tensors = Vec::new();
    for (index, ((_, [outputs, inputs]), name)) in LAYERS.iter().zip(names).enumerate() {
        for (part, shape) in [
            ("weight", vec![*outputs, *inputs]),
            ("bias", vec![*outputs]),
        ] {
            let count = shape.iter().product::<usize>();
            let numbers =
                (0..count).map(|at| half::bf16::from_f64(chance(1000 * index + at) - 0.5));
            let bytes: Vec<u8> = if is_half {
                numbers.flat_map(half::bf16::to_le_bytes).collect()
            } else {
                numbers
                    .flat_map(|number| number.to_f32().to_le_bytes())
                    .collect()
            };
            tensors.push((format!("{name}.{part}"), shape, bytes));
        }
    }
    let kind = if is_half { Dtype::BF16 } else { Dtype::F32 };
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| (name, TensorView::new(kind, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder
        .put("small.toml", RECIPE)
        .put("rows.csv", lines("a,b,c,d,e,f", &cells(9, 6), ","));
    folder
}

/// What the import of a file says, and what the model makes of some rows.
#[track_caller]
fn imported(folder: &Folder, name: &str) -> (String, String) {
    let said = folder.said(&format!(
        "import {name} --recipe small.toml --shape 6 -o model.safetensors"
    ));
    folder.ok("reconstruct model.safetensors --data rows.csv -o again.csv");
    fs::remove_file(folder.path("model.safetensors")).unwrap();
    (said, folder.text("again.csv"))
}

#[test]
fn names_and_types_of_pytorch_give_the_same_model_with_a_word() {
    let folder = folder();
    let usual = LAYERS.map(|(name, _)| name);
    folder.put("usual.safetensors", weights(usual, false));
    let (said, expected) = imported(&folder, "usual.safetensors");
    assert_eq!(said, "");
    for prefix in ["_orig_mod.", "module.", "model.", "_orig_mod.module."] {
        let names = usual.map(|name| format!("{prefix}{name}"));
        let names: [&str; 4] = std::array::from_fn(|at| names[at].as_str());
        folder.put("prefixed.safetensors", weights(names, false));
        let (said, rows) = imported(&folder, "prefixed.safetensors");
        assert!(
            said.contains(&format!("the prefix `{prefix}` of all names is removed")),
            "{said}"
        );
        assert_eq!(rows, expected);
    }
    for (names, told) in [
        (
            ["fc1", "fc2", "fc3", "fc4"],
            "fc1 is encoder.0, fc2 is encoder.2, fc3 is decoder.0, fc4 is decoder.2",
        ),
        (
            [
                "encoder.linear1",
                "encoder.linear2",
                "decoder.linear1",
                "decoder.linear2",
            ],
            "encoder.linear2 is encoder.2",
        ),
    ] {
        folder.put("named.safetensors", weights(names, false));
        let (said, rows) = imported(&folder, "named.safetensors");
        assert!(
            said.contains("matched by order and shape") && said.contains(told),
            "{said}"
        );
        assert_eq!(rows, expected);
    }
    folder.put("half.safetensors", weights(usual, true));
    let (said, rows) = imported(&folder, "half.safetensors");
    assert!(
        said.contains("169 weights in bfloat16 are kept as float32, exactly"),
        "{said}"
    );
    assert_eq!(rows, expected);
}

#[test]
fn files_of_other_tools_are_refused_at_every_door_with_python_that_helps() {
    let folder = folder();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive
        .start_file("model/data.pkl", zip::write::SimpleFileOptions::default())
        .unwrap();
    folder
        .put("model.pt", archive.finish().unwrap().into_inner())
        .put(
            "old.pth",
            [&b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."[..], &[0; 60]].concat(),
        )
        .put("keras.h5", [&b"\x89HDF\r\n\x1a\n"[..], &[0; 60]].concat());
    for (name, helps) in [
        ("model.pt", "torch.load(\"model.pt\""),
        ("old.pth", "torch.load(\"old.pth\""),
        ("keras.h5", "keras.saving.load_model(\"keras.h5\")"),
    ] {
        for line in [
            format!("import {name} --recipe small.toml --shape 6 -o no.safetensors"),
            format!("inspect {name}"),
            format!("score {name} --data rows.csv"),
        ] {
            folder.refused(
                &line,
                &[
                    "not a safetensors file",
                    helps,
                    "save_file",
                    "narrows import weights.safetensors",
                ],
            );
        }
    }
}

/// Of each name in the metadata its text, from the bytes of the graph: a string follows its length.
#[test]
fn a_graph_says_its_columns_scaling_and_threshold() {
    let folder = folder();
    folder.put("train.csv", lines("temp,press,load", &cells(150, 3), ","));
    folder.ok("train table --data train.csv --epochs 1 --out run");
    folder.ok("calibrate run --data train.csv --false-positive-rate 0.02");
    folder.ok("export run -o run.onnx");
    let graph = text(&folder.bytes("run.onnx"));
    for part in [
        "[\"temp\",\"press\",\"load\"]",
        "\"formula\":\"scaled = (input - offset) * factor\"",
        "\"kind\":\"standardize\"",
        "\"rule\":\"false_positive_rate\"",
        "\"level\":0.02",
        "\"unusual\":\"score > value\"",
    ] {
        assert!(graph.contains(part), "no {part}");
    }
}
