//! New rows: drawn, around given ones, along the code.

use super::*;

/// What a command says beside its result.
#[track_caller]
fn said(folder: &Path, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let output = narrows(folder, &arguments);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
    said
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The numbers of a table without texts.
fn numbers(folder: &Path, name: &str) -> Vec<Vec<f64>> {
    let row = |line: &str| {
        let cells = line.split(',').map(|cell| cell.parse().unwrap());
        cells.collect()
    };
    read(folder, name).lines().skip(1).map(row).collect()
}

/// IDX bytes of `count` images of 6 × 5 pixels, a bright one somewhere in each.
fn images(count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for size in [count, 6, 5] {
        bytes.extend(size.to_be_bytes());
    }
    for image in 0..count as usize {
        let bright = (30.0 * chance(image)) as usize;
        bytes.extend((0..30).map(|pixel| if pixel == bright { 255 } else { 20 }));
    }
    bytes
}

/// A folder with a model of images, whose code has two values.
fn trained_on_images() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let recipe = "name = 'tiny'
        encoder = [{ layer = 'dense', outputs = 12 }, { layer = 'relu' }, { layer = 'dense', outputs = 2 }]
        decoder = [{ layer = 'dense', outputs = 12 }, { layer = 'relu' }, { layer = 'dense' }, { layer = 'sigmoid' }]
        [training]
        epochs = 3";
    fs::write(folder.path().join("tiny.toml"), recipe).unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(
        folder.path().join("data/train-images-idx3-ubyte"),
        images(200),
    )
    .unwrap();
    ok(
        folder.path(),
        "train tiny.toml --data data --validation 0 --out run",
    );
    folder
}

/// Width, height and the bits of a pixel of a PNG.
fn png_size(folder: &Path, name: &str) -> (u32, u32) {
    let bytes = fs::read(folder.join(name)).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn rows_of_a_table_are_drawn_from_the_prior_that_the_model_keeps() {
    let folder = trained();
    let folder = folder.path();
    let notes = said(folder, "sample run --count 500 -o fly.csv");
    for part in [
        "its 1,620 training rows",
        "`narrows fit-prior` stores one in the model",
        "codes: a mixture of 10 Gaussians, fitted to the codes of 1,620 training rows",
    ] {
        assert!(notes.contains(part), "{part} is missing in {notes}");
    }
    let fitted: Value = serde_json::from_str(&ok(folder, "fit-prior run --json")).unwrap();
    assert_eq!(fitted["prior"], "mixture");
    assert_eq!(
        (&fitted["components"], &fitted["rows"]),
        (&10.into(), &1620.into())
    );
    assert!(
        fitted["log_likelihood"].is_f64() && fitted["isa"].is_string(),
        "{fitted}"
    );
    let about: Value = serde_json::from_str(&ok(folder, "inspect run --json")).unwrap();
    assert_eq!(about["prior"]["components"], 10);
    assert!(ok(folder, "inspect run").contains("a mixture of 10 Gaussians"));
    // The same as was fitted on the way, and without the data.
    fs::remove_file(folder.join("normal.csv")).unwrap();
    let notes = said(folder, "sample run --count 500 -o kept.csv");
    assert!(!notes.contains("data:"), "{notes}");
    assert_eq!(read(folder, "kept.csv"), read(folder, "fly.csv"));
    // As alike to the training rows as these are to each other.
    let rows = numbers(folder, "kept.csv");
    assert_eq!(
        (rows.len(), read(folder, "kept.csv").lines().next()),
        (500, Some("a,b,c,d"))
    );
    let near = rows.iter().filter(|row| {
        let t = row[0] / 10.0;
        (row[1] - t * t).abs() < 0.15 && (row[2] - t.sin()).abs() < 0.15
    });
    assert!(near.count() > 400);
    // A row does not depend on how many there are, but on the seed.
    ok(folder, "sample run --count 7 -o few.csv");
    let first = |name: &str| {
        read(folder, name)
            .lines()
            .take(8)
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(first("few.csv"), first("kept.csv"));
    ok(folder, "sample run --count 7 --seed 5 -o other.csv");
    assert_ne!(first("other.csv"), first("kept.csv"));
    // Files of each format hold the same rows.
    for ending in ["npy", "parquet", "tsv"] {
        ok(folder, &format!("sample run --count 7 -o few.{ending}"));
        ok(
            folder,
            &format!("data convert --data few.{ending} -o again.csv"),
        );
        assert_eq!(
            numbers(folder, "again.csv"),
            numbers(folder, "few.csv"),
            "{ending}"
        );
    }
    assert_eq!(
        ok(folder, "sample run --count 7 -o -"),
        read(folder, "few.csv")
    );
}

#[test]
fn a_prior_is_fitted_to_other_rows_and_into_another_file() {
    let folder = trained();
    let folder = folder.path();
    let before = fs::read(folder.join("run/model.safetensors")).unwrap();
    let shown = ok(
        folder,
        "fit-prior run --data new.csv --prior gaussian -o with.safetensors",
    );
    assert!(
        shown.contains("a Gaussian, fitted to the codes of 600 rows of new.csv"),
        "{shown}"
    );
    assert_eq!(
        fs::read(folder.join("run/model.safetensors")).unwrap(),
        before
    );
    let notes = said(folder, "sample with.safetensors -o new-rows.csv");
    assert!(notes.contains("600 rows of new.csv"), "{notes}");
    assert_eq!(numbers(folder, "new-rows.csv").len(), 64);
    let shown = ok(
        folder,
        "fit-prior with.safetensors --data new.csv --components 3",
    );
    assert!(shown.contains("a mixture of 3 Gaussians"), "{shown}");
    // Another kind than the one that is kept is fitted, which takes the rows.
    let error = refused(folder, "sample with.safetensors --prior gaussian -o no.csv");
    assert!(
        error.contains("no prior `gaussian` to draw codes from"),
        "{error}"
    );
    let notes = said(
        folder,
        "sample with.safetensors --prior standard -o standard.csv",
    );
    assert!(
        notes.contains("warning: this model was not trained towards standard normal codes"),
        "{notes}"
    );
    // A run that is done keeps it; one that goes on does not.
    ok(folder, "fit-prior run --prior gaussian");
    let notes = said(folder, "train --resume run");
    assert!(!notes.contains("prior"), "{notes}");
    assert!(ok(folder, "inspect run").contains("a Gaussian, fitted to"));
    let notes = said(folder, "train --resume run --epochs 31");
    assert!(
        notes.contains("the prior of the codes is removed"),
        "{notes}"
    );
    assert!(!ok(folder, "inspect run").contains("Gaussian"));
}

#[test]
fn rows_around_others_keep_labels_and_ids() {
    let folder = trained();
    let folder = folder.path();
    let around = "sample run --around --data new.csv --id id --label odd";
    ok(folder, &format!("{around} --std 0 --count 602 -o same.csv"));
    ok(
        folder,
        "reconstruct run --data new.csv --id id --label odd -o again.csv",
    );
    let (same, again) = (read(folder, "same.csv"), read(folder, "again.csv"));
    let cells = |line: &str| line.split(',').map(String::from).collect::<Vec<_>>();
    assert_eq!(same.lines().count(), 603);
    for (a, b) in same.lines().zip(again.lines()) {
        let (a, b) = (cells(a), cells(b));
        assert_eq!(a[..2], b[..2]);
        for (a, b) in a.iter().zip(&b).skip(2) {
            let numbers = [a, b].map(|cell| cell.parse::<f64>().ok());
            if let [Some(a), Some(b)] = numbers {
                assert!((a - b).abs() < 1e-3, "{a} {b}");
            }
        }
    }
    // After the last row comes the first again.
    assert_eq!(same.lines().nth(601), same.lines().nth(1));
    ok(folder, &format!("{around} -o near.csv"));
    assert_ne!(read(folder, "near.csv").lines().nth(1), same.lines().nth(1));
    // The run's own test rows.
    let notes = said(folder, "sample run --around -o own.csv");
    assert!(notes.contains("test rows"), "{notes}");
}

#[test]
fn the_code_is_gone_along() {
    let folder = trained();
    let folder = folder.path();
    ok(folder, "fit-prior run --prior gaussian");
    ok(folder, "sample run --traverse --steps 5 -o along.csv");
    let rows = numbers(folder, "along.csv");
    // In the middle all values are at their mean.
    assert_eq!((rows.len(), &rows[2]), (10, &rows[7]));
    ok(
        folder,
        "sample run --traverse --row 3 --data new.csv --steps 5 -o from.csv",
    );
    assert_ne!(numbers(folder, "from.csv")[2], rows[2]);
    ok(folder, "sample run --grid --steps 4 -o grid.csv");
    assert_eq!(numbers(folder, "grid.csv").len(), 16);
}

/// A variational model of the table of [`trained`].
#[test]
fn a_likelihood_has_noise_and_a_code_has_stds() {
    let folder = trained();
    let folder = folder.path();
    ok(
        folder,
        "train vae-table --data normal.csv --id id --drop odd --epochs 2 --out vae",
    );
    ok(folder, "sample vae --count 300 -o means.csv");
    ok(folder, "sample vae --count 300 --noise -o noisy.csv");
    ok(folder, "sample vae --count 20 --noise -o few.csv");
    let [means, noisy] = ["means.csv", "noisy.csv"].map(|name| numbers(folder, name));
    assert_eq!(means.len(), noisy.len());
    assert!(means.iter().zip(&noisy).all(|(a, b)| a != b));
    let few = read(folder, "few.csv");
    assert!(read(folder, "noisy.csv").starts_with(&few));
    let encode = "encode vae --data new.csv --id id --label odd";
    ok(folder, &format!("{encode} -o codes.csv"));
    ok(folder, &format!("{encode} --std -o both.csv"));
    let [codes, both] = ["codes.csv", "both.csv"].map(|name| read(folder, name));
    let heads: Vec<&str> = both.lines().next().unwrap().split(',').collect();
    let (of_codes, of_stds) = heads.split_at(codes.lines().next().unwrap().split(',').count());
    let names: Vec<String> = of_codes[2..]
        .iter()
        .map(|name| format!("{name}_std"))
        .collect();
    assert_eq!(of_stds, names);
    for (codes, both) in codes.lines().zip(both.lines()) {
        assert!(both.starts_with(&format!("{codes},")), "{both}");
    }
    // The codes are found by their names.
    ok(
        folder,
        "decode vae --data codes.csv --id id --label odd -o from-codes.csv",
    );
    ok(
        folder,
        "decode vae --data both.csv --id id --label odd -o from-both.csv",
    );
    assert_eq!(
        read(folder, "from-codes.csv"),
        read(folder, "from-both.csv")
    );
}

#[test]
fn images_are_drawn_as_one_picture_or_a_file_each() {
    let folder = trained_on_images();
    let folder = folder.path();
    ok(folder, "sample run --prior gaussian --count 10");
    // Four columns and three rows of images of 6 × 5, each 19 times as large.
    let (wide, tall) = (5 * 19, 6 * 19);
    assert_eq!(
        png_size(folder, "samples.png"),
        (40 + 4 * wide + 3 * 4, 40 + 3 * tall + 2 * 4)
    );
    ok(folder, "sample run --prior gaussian --count 10 -o images");
    let files: Vec<_> = fs::read_dir(folder.join("images")).unwrap().collect();
    assert_eq!(files.len(), 10);
    ok(folder, "sample run --traverse --steps 3 -o along.png");
    assert_eq!(png_size(folder, "along.png").0, 40 + 3 * wide + 2 * 10);
    ok(folder, "sample run --grid --steps 3 -o grid.png");
    assert_eq!(
        png_size(folder, "grid.png"),
        (40 + 3 * wide + 2 * 4, 40 + 3 * tall + 2 * 4)
    );
    ok(folder, "sample run --around --count 4 -o around.png");
    assert_eq!(png_size(folder, "around.png").0, 40 + 2 * wide + 4);
    // The same picture twice.
    let picture = fs::read(folder.join("grid.png")).unwrap();
    ok(folder, "sample run --grid --steps 3 -o grid.png");
    assert_eq!(fs::read(folder.join("grid.png")).unwrap(), picture);
}

#[test]
fn no_new_rows_replace_what_is_read() {
    let folder = trained();
    let folder = folder.path();
    let before = read(folder, "normal.csv");
    for line in [
        "sample run --around --data normal.csv -o normal.csv",
        "sample run --around -o normal.csv",
        "sample run -o normal.csv",
        "fit-prior run -o normal.csv",
        "fit-prior run --data normal.csv -o normal.csv",
    ] {
        let said = refused(folder, line);
        assert!(
            said.contains("would replace the data that are read"),
            "{said}"
        );
    }
    assert_eq!(read(folder, "normal.csv"), before);
}
