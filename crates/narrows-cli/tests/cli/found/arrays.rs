//! Arrays of NumPy, and the folders of IDX files of torchvision, EMNIST and QMNIST.

use super::*;

/// Convolutions whose code is smaller than their images.
const CONVOLUTIONS: &str = "
    name = 'conv'
    encoder = [{ layer = 'conv2d', channels = 2, kernel = 3, padding = 1, stride = 2 }, { layer = 'relu' }]
    decoder = [
        { layer = 'conv-transpose2d', kernel = 3, stride = 2, padding = 1, output_padding = 1 }, { layer = 'sigmoid' },
    ]
    training = { epochs = 1, batch_size = 8 }
";

/// Bytes that look like chance.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (256.0 * chance(at)) as u8).collect()
}

/// An IDX file of unsigned bytes, or of whole numbers of 4 bytes.
fn idx(kind: u8, sizes: &[usize], data: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, kind, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|&size| (size as u32).to_be_bytes()));
    file.extend(data);
    file
}

/// An array of words of at most 4 letters, as NumPy holds them.
fn words(words: &[&str]) -> Vec<u8> {
    let letters = words.iter().flat_map(|word| {
        let padded = word.chars().map(u32::from).chain(std::iter::repeat(0));
        padded
            .take(4)
            .flat_map(u32::to_le_bytes)
            .collect::<Vec<u8>>()
    });
    npy("<U4", &[words.len()], &letters.collect::<Vec<u8>>())
}

fn floats(rows: usize, columns: usize) -> Vec<u8> {
    let data = (0..rows * columns).flat_map(|at| (chance(at) as f32).to_le_bytes());
    npy("<f4", &[rows, columns], &data.collect::<Vec<u8>>())
}

fn labels(values: &[i64], shape: &[usize]) -> Vec<u8> {
    let data: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    npy("<i8", shape, &data)
}

#[test]
fn channels_last_are_turned_into_images_with_a_word() {
    let folder = Folder::new();
    let pixels = bytes(24 * 256 * 3);
    folder
        .put(
            "cifar.npz",
            npz(&[
                ("x_train", npy("|u1", &[24, 16, 16, 3], &pixels)),
                ("x_test", npy("|u1", &[8, 16, 16, 3], &pixels[..8 * 768])),
            ]),
        )
        .put("gray.npy", npy("|u1", &[8, 16, 16, 1], &pixels[..8 * 256]))
        .put("conv.toml", CONVOLUTIONS);
    let tried = folder.tried("cifar.npz");
    for (part, rows) in tried.parts.iter().zip([24, 8]) {
        assert_eq!(
            (&part["shape"], &part["rows"]),
            (&serde_json::json!([3, 16, 16]), &rows.into())
        );
        assert!(
            part["notes"][0]
                .as_str()
                .unwrap()
                .contains("as channels-last images"),
            "{part}"
        );
    }
    assert!(
        tried
            .said
            .contains("`--layout channels-first` keeps the order"),
        "{}",
        tried.said
    );
    assert_eq!(
        folder.info("gray.npy")[0]["shape"],
        serde_json::json!([1, 16, 16])
    );
    folder.ok("train conv.toml --data cifar.npz --out run");
    folder.ok("reconstruct run --data cifar.npz -o look.png");
    // The values of a pixel that were neighbors are a plane apart.
    folder.ok("data convert --data cifar.npz:x_train -o turned.npy");
    let turned = folder.bytes("turned.npy");
    let turned = &turned[turned.len() - pixels.len()..];
    for place in [0, 5, 767, 768, 10_000] {
        let (image, channel, pixel) = (place / 768, place % 768 / 256, place % 256);
        assert_eq!(
            turned[place],
            pixels[image * 768 + pixel * 3 + channel],
            "{place}"
        );
    }
}

#[test]
fn half_precision_is_read_exactly() {
    let folder = Folder::new();
    let numbers: Vec<half::f16> = (0..40 * 4)
        .map(|at| half::f16::from_f64(chance(at) - 0.5))
        .collect();
    let data: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let array = npy("<f2", &[40, 4], &data);
    folder
        .put("emb.npy", &array)
        .put("emb.npz", npz(&[("X", array)]));
    for name in ["emb.npy", "emb.npz"] {
        let tried = folder.tried(name);
        assert_eq!(tried.parts[0]["type"], "16-bit floating-point values");
        let text = folder.converted(name);
        let cells = text.lines().skip(1).flat_map(|line| line.split(','));
        let again: Vec<f32> = cells.map(|cell| cell.parse::<f32>().unwrap()).collect();
        assert_eq!(
            again,
            numbers
                .iter()
                .map(|number| number.to_f32())
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn parts_of_an_archive_are_told_from_their_names() {
    let folder = Folder::new();
    let images = |rows| npy("|u1", &[rows, 7, 7], &bytes(rows * 49));
    let classes = |rows: usize| {
        labels(
            &(0..rows as i64).map(|row| row % 3).collect::<Vec<_>>(),
            &[rows, 1],
        )
    };
    folder.put(
        "medical.npz",
        npz(&[
            ("train_images", images(30)),
            ("train_labels", classes(30)),
            ("val_images", images(6)),
            ("val_labels", classes(6)),
            ("test_images", images(5)),
            ("test_labels", classes(5)),
        ]),
    );
    let tried = folder.tried("medical.npz");
    assert_eq!((tried.rows(), &tried.parts[1]["rows"]), (30, &5.into()));
    assert_eq!(
        tried.parts[0]["labels"],
        serde_json::json!({"0": 10, "1": 10, "2": 10})
    );
    assert!(tried.table.contains("5 rows"), "{}", tried.table);
    // What is said to take the rows for validation takes them.
    assert!(
        tried.said.contains(
            "the 6 rows of `val_images` are left out; `medical.npz:val_images` reads them"
        ),
        "{}",
        tried.said
    );
    folder.ok("train simple-linear --data medical.npz --validation medical.npz:val_images --epochs 1 --out run");
    assert_eq!(folder.info("medical.npz:val")[0]["rows"], 6);
    folder.put(
        "sklearn.npz",
        npz(&[
            ("X_train", floats(30, 3)),
            ("X_test", floats(10, 3)),
            ("y_train", labels(&[1; 30], &[30])),
            ("y_test", labels(&[2; 10], &[10])),
        ]),
    );
    let parts = folder.info("sklearn.npz");
    assert_eq!(
        (&parts[0]["labels"], &parts[1]["labels"]),
        (&serde_json::json!({"1": 30}), &serde_json::json!({"2": 10}))
    );
}

#[test]
fn labels_are_words_too_and_arrays_that_are_not_needed_do_not_matter() {
    let folder = Folder::new();
    let rows = floats(30, 3);
    let objects = npy("|O", &[30], b"\x80\x04junk");
    folder
        .put(
            "words.npz",
            npz(&[
                ("X", rows.clone()),
                ("y", words(&["good", "bad"].repeat(15))),
            ]),
        )
        .put("objects.npz", npz(&[("X", rows.clone()), ("y", objects)]))
        .put(
            "names.npz",
            npz(&[("X", rows), ("feature_names", words(&["a", "b", "c"]))]),
        );
    assert_eq!(
        folder.tried("words.npz").parts[0]["labels"],
        serde_json::json!({"bad": 15, "good": 15})
    );
    assert!(
        folder
            .tried("names.npz")
            .said
            .contains("warning: the code has 4 values")
    );
    let objects = folder.tried("objects.npz");
    assert!(
        objects
            .said
            .contains("ignored `y` as labels: it holds Python objects"),
        "{}",
        objects.said
    );
    let said = folder.refused(
        "data info objects.npz --label y",
        &["Python objects", "y.astype(str)"],
    );
    assert!(!said.contains("float32"), "{said}");
}

#[test]
fn the_folder_that_torchvision_fills_is_read_from_its_root() {
    let folder = Folder::new();
    for (part, rows) in [("train", 16), ("t10k", 6)] {
        let classes: Vec<u8> = (0..rows as u8).map(|row| row % 10).collect();
        let images = idx(8, &[rows, 8, 8], &bytes(rows * 64));
        folder
            .put(&format!("data/MNIST/raw/{part}-images-idx3-ubyte"), images)
            .put(
                &format!("data/MNIST/raw/{part}-labels-idx1-ubyte"),
                idx(8, &[rows], &classes),
            );
    }
    for spec in ["data", "data/MNIST", "data/MNIST/raw"] {
        let tried = folder.tried(spec);
        assert_eq!(
            (tried.rows(), &tried.parts[1]["rows"]),
            (16, &6.into()),
            "{spec}"
        );
        let is_said = tried.said.contains("the files lie in data/MNIST/raw");
        assert_eq!(is_said, spec != "data/MNIST/raw", "{}", tried.said);
    }
}

#[test]
fn sets_of_emnist_are_chosen_by_name_and_set_upright() {
    let folder = Folder::new();
    let mut lying = vec![0; 12 * 64];
    for image in 0..12 {
        lying[image * 64 + 25..image * 64 + 31].fill(255);
    }
    for set in ["letters", "digits"] {
        for part in ["train", "test"] {
            let classes: Vec<u8> = (0..12).map(|row| row % 5 + 1).collect();
            folder
                .put(
                    &format!("gzip/emnist-{set}-{part}-images-idx3-ubyte"),
                    idx(8, &[12, 8, 8], &lying),
                )
                .put(
                    &format!("gzip/emnist-{set}-{part}-labels-idx1-ubyte"),
                    idx(8, &[12], &classes),
                );
        }
    }
    folder.refused(
        "data info gzip",
        &["the folder has 2 sets, digits and letters (choose one, `--data gzip:letters`)"],
    );
    for spec in [
        "gzip:letters",
        "gzip/emnist-letters-train-images-idx3-ubyte",
    ] {
        let tried = folder.tried(spec);
        assert_eq!(
            tried.parts[0]["labels"],
            serde_json::json!({"1": 3, "2": 3, "3": 2, "4": 2, "5": 2})
        );
        assert!(
            tried.said.contains("stores images transposed"),
            "{}",
            tried.said
        );
    }
    folder.ok("data convert --data gzip:letters:train -o upright.npy || narrows data convert --data gzip/emnist-letters-train-images-idx3-ubyte -o upright.npy");
    let upright = folder.bytes("upright.npy");
    let upright = &upright[upright.len() - 12 * 64..];
    let column: Vec<u8> = (0..8).map(|row| upright[row * 8 + 3]).collect();
    assert_eq!(column, [0, 255, 255, 255, 255, 255, 255, 0]);
}

#[test]
fn the_class_of_qmnist_is_the_first_of_its_labels() {
    let folder = Folder::new();
    for (part, rows) in [("train", 20), ("test", 8)] {
        let values = (0..rows * 8).map(|at| {
            if at % 8 == 0 {
                at as u32 / 8 % 2
            } else {
                1000 + at as u32
            }
        });
        let data: Vec<u8> = values.flat_map(u32::to_be_bytes).collect();
        folder
            .put(
                &format!("qmnist/qmnist-{part}-images-idx3-ubyte"),
                idx(8, &[rows, 8, 8], &bytes(rows * 64)),
            )
            .put(
                &format!("qmnist/qmnist-{part}-labels-idx2-int"),
                idx(12, &[rows, 8], &data),
            );
    }
    let tried = folder.tried("qmnist");
    assert_eq!(
        tried.parts[0]["labels"],
        serde_json::json!({"0": 10, "1": 10})
    );
    assert_eq!(
        tried.parts[1]["labels"],
        serde_json::json!({"0": 4, "1": 4})
    );
    assert!(
        tried
            .said
            .contains("QMNIST labels: used the first of 8 columns (the class)"),
        "{}",
        tried.said
    );
}
