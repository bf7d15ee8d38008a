use super::*;
use crate::data::Dataset;
use crate::recipe::Recipe;
use tempfile::TempDir;

fn recipe() -> Recipe {
    let recipe = Recipe::parse(
        "name = \"small\"\n\
         encoder = [{ layer = \"dense\", outputs = 1 }]\n\
         decoder = [{ layer = \"dense\" }]",
        "a test",
    );
    recipe.unwrap()
}

fn data() -> Dataset {
    let rows = ndarray::array![[1.0, 2.0], [3.0, 5.0], [1.5, 7.0]];
    Dataset::from_array(rows.view()).unwrap()
}

/// A description of the rows.
fn known() -> KnownRows {
    KnownRows::of(&data(), None, Some(&data())).unwrap()
}

/// A folder with both checkpoints, after one epoch and after two.
fn folder_of(training: &mut Training<'_>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        training.epoch(|_| ()).unwrap();
        save(training, &known(), folder.path(), false).unwrap();
    }
    folder
}

#[test]
fn a_checkpoint_of_another_version_is_refused_for_that_and_not_for_its_data() {
    let (recipe, data) = (recipe(), data());
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    let bytes = bytes_of(&training, &known()).unwrap();
    read(&mut training, &known(), &bytes).unwrap();
    // As written by a version without checksums.
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let mut about: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()[KEY]).unwrap();
    about["format_version"] = json!(2);
    about.as_object_mut().unwrap().remove("checksum");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let metadata = HashMap::from([(KEY.to_string(), about.to_string())]);
    let older = safetensors::serialize(tensors.tensors(), Some(metadata)).unwrap();
    let error = read(&mut training, &known(), &older)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the checkpoint's format is not known"),
        "{error}"
    );
    assert!(
        error.contains("expected format version 3, found 2"),
        "{error}"
    );
}

#[test]
fn every_changed_bit_is_noticed() {
    let (recipe, data) = (recipe(), data());
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    training.epoch(|_| ()).unwrap();
    let bytes = bytes_of(&training, &known()).unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let error = read(&mut training, &known(), &damaged);
            assert!(error.is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn the_older_is_taken_where_the_newer_is_damaged_or_missing() {
    let (recipe, data) = (recipe(), data());
    let mut training = Training::new(&recipe, &data, 1).unwrap();
    let folder = folder_of(&mut training);
    let newer = folder.path().join(CHECKPOINT_FILE);
    assert_eq!(
        restore(&mut training, &known(), folder.path()).unwrap().1,
        None
    );
    assert_eq!(training.position(), (2, 0));

    let mut bytes = fs::read(&newer).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&newer, &bytes).unwrap();
    let notice = restore(&mut training, &known(), folder.path())
        .unwrap()
        .1
        .unwrap()
        .to_string();
    assert_eq!(training.position(), (1, 0));
    assert!(notice.contains("the checkpoint is damaged"), "{notice}");
    assert!(
        notice.contains("is damaged: its checksum differs"),
        "{notice}"
    );

    fs::remove_file(&newer).unwrap();
    assert!(
        restore(&mut training, &known(), folder.path())
            .unwrap()
            .1
            .is_some()
    );

    // The next save replaces the damaged one; the good one is kept until the save after it.
    fs::write(&newer, &bytes).unwrap();
    let older = folder.path().join(OLDER_CHECKPOINT_FILE);
    let good = fs::read(&older).unwrap();
    training.epoch(|_| ()).unwrap();
    save(&training, &known(), folder.path(), true).unwrap();
    assert!(fs::read(&older).unwrap() == good);
    assert_eq!(
        restore(&mut training, &known(), folder.path()).unwrap().1,
        None
    );
    assert_eq!(training.position(), (2, 0));

    // Both are damaged: the error names them and the way out.
    fs::write(&newer, &bytes).unwrap();
    fs::write(&older, "").unwrap();
    let model = training.checked_model().unwrap();
    for way_out in ["start a new run with its recipe", "init_from = "] {
        let error = restore(&mut training, &known(), folder.path())
            .unwrap_err()
            .to_string();
        for part in [
            "checkpoint.safetensors",
            "checkpoint.previous.safetensors",
            way_out,
        ] {
            assert!(error.contains(part), "`{part}` is missing in: {error}");
        }
        assert!(!error.contains("import"), "{error}");
        model
            .save(folder.path().join(crate::run::MODEL_FILE))
            .unwrap();
    }
}
