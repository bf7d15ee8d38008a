//! Folders: names, sets, labels beside images, and folders from other programs.

use super::*;

#[test]
fn a_folder_gives_both_splits_with_their_labels() {
    let one = idx(0x08, &[1, 2, 3], &[9; 6]);
    let folder = folder(&[
        ("train-images-idx3-ubyte", &images()),
        ("train-labels-idx1-ubyte.gz", &gzip(&labels(&[3, 4]))),
        ("t10k-images.idx3-ubyte.gz", &gzip(&one)),
        ("t10k-labels.idx1-ubyte", &labels(&[5])),
        ("README.txt", b"not data"),
    ]);
    let Source { train, test } = open(&folder).unwrap();
    let test = test.unwrap();
    let pixels = array![[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 255]];
    assert_eq!(train.values(), &Values::U8(pixels));
    assert_eq!(train.shape(), [1, 2, 3]);
    assert_eq!(train.labels(), Some(&[3, 4][..]));
    assert_eq!(test.values(), &Values::U8(array![[9, 9, 9, 9, 9, 9]]));
    assert_eq!(test.labels(), Some(&[5][..]));
}

#[test]
fn names_may_vary_and_labels_may_lack() {
    for (train, test) in [
        ("train-images", "test-images"),
        ("train_images.idx", "test_images.idx"),
        ("train.images.gz", "test.images.gz"),
        (
            "EMNIST-letters-train-images-idx3-ubyte",
            "EMNIST-letters-test-images-idx3-ubyte",
        ),
    ] {
        let source = open(&folder(&[(train, &images()), (test, &gzip(&images()))])).unwrap();
        assert_eq!(source.train.labels(), None);
        assert_eq!(source.test.expect(test).values(), source.train.values());
    }
}

#[test]
fn images_of_one_split_alone_are_for_training() {
    for (images_name, labels_name) in [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
        ("images.idx", "labels.idx"),
    ] {
        let folder = folder(&[(images_name, &images()), (labels_name, &labels(&[1, 2]))]);
        let source = open(&folder).unwrap();
        assert_eq!(source.train.labels(), Some(&[1, 2][..]));
        assert!(source.test.is_none());
    }
}

#[test]
fn a_raw_file_goes_before_its_gzipped_copy() {
    let folder = folder(&[
        (
            "train-images-idx3-ubyte.gz",
            &gzip(&idx(0x08, &[1, 1, 1], &[7])),
        ),
        ("train-images-idx3-ubyte", &images()),
    ]);
    assert_eq!(open(&folder).unwrap().train.rows(), 2);
}

#[test]
fn two_files_of_a_sort_are_refused() {
    let sets = folder(&[("a-train-images", &images()), ("b-train-images", &images())]);
    let said = open(&sets).unwrap_err().to_string();
    assert!(
        said.contains("the folder has 2 sets, a and b (choose one, `data = "),
        "{said}"
    );
    let twice = folder(&[("train-images", &images()), ("train.images", &images())]);
    let error = open(&twice).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("two files of the folder have the same role")
    );
    let found = error.what_was_found().unwrap();
    assert!(
        found.contains("train-images") && found.contains("train.images"),
        "{found}"
    );
}

#[test]
fn labels_without_their_images_are_refused() {
    for (images_name, labels_name) in [
        ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
        ("t10k-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ] {
        let folder = folder(&[(images_name, &images()), (labels_name, &labels(&[1, 2]))]);
        let error = open(&folder).unwrap_err();
        assert!(error.place().unwrap().ends_with(labels_name));
        assert!(
            error.to_string().contains("labels without images"),
            "{error}"
        );
    }
}

#[test]
fn splits_of_different_sizes_are_refused() {
    let small = idx(0x08, &[1, 1, 1], &[7]);
    let error = open(&folder(&[
        ("train-images", &images()),
        ("test-images", &small),
    ]))
    .unwrap_err();
    assert_eq!(error.what_was_expected(), Some("[1, 2, 3]"));
    assert_eq!(error.what_was_found(), Some("[1, 1, 1]"));
}

#[test]
fn the_class_of_qmnist_is_the_first_column() {
    let columns = |classes: &[i32]| {
        let row = |class: &i32| [*class, 7, 7, 7, 7, 7, 7, 7].map(i32::to_be_bytes).concat();
        let rows = classes.iter().flat_map(row).collect::<Vec<_>>();
        idx(0x0c, &[classes.len() as u32, 8], &rows)
    };
    let files = folder(&[
        ("qmnist-train-images-idx3-ubyte.gz", &gzip(&images())),
        ("qmnist-train-labels-idx2-int.gz", &gzip(&columns(&[4, 9]))),
    ]);
    let train = open(&files).unwrap().train;
    assert_eq!(train.labels(), Some(&[4, 9][..]));
    assert!(train.notes()[0].contains("used the first of 8 columns (the class)"));
    let said = refusal_of_labels(&idx(0x0c, &[2, 3], &[0; 24]));
    assert!(
        said.contains("or the 8 columns of QMNIST, found [2, 3]"),
        "{said}"
    );
}

#[test]
fn a_set_of_emnist_is_chosen_and_its_images_are_set_upright() {
    let files = folder(&[
        (
            "emnist-letters-train-images-idx3-ubyte.gz",
            &gzip(&images()),
        ),
        (
            "emnist-letters-train-labels-idx1-ubyte.gz",
            &gzip(&labels(&[1, 2])),
        ),
        ("emnist-digits-train-images-idx3-ubyte.gz", &gzip(&images())),
        ("emnist-digits-test-images-idx3-ubyte.gz", &gzip(&images())),
    ]);
    let said = open(&files).unwrap_err().to_string();
    assert!(
        said.contains("the folder has 2 sets, digits and letters (choose one, "),
        "{said}"
    );
    let spec = |set: &str| format!("{}:{set}", files.path().display());
    let Source { train, test } = Source::open(&spec("letters")).unwrap();
    assert_eq!(train.labels(), Some(&[1, 2][..]));
    assert_eq!(train.shape(), [1, 3, 2]);
    let upright = array![[0, 3, 1, 4, 2, 5], [6, 9, 7, 10, 8, 255]];
    assert_eq!(train.values(), &Values::U8(upright));
    assert!(train.notes()[0].contains("stores images transposed"));
    assert!(test.is_none());
    let digits = Source::open(&spec("emnist-digits:test")).unwrap();
    assert!(digits.test.is_none() && digits.train.name().contains("digits-test"));
    let said = Source::open(&spec("leters")).unwrap_err().to_string();
    assert!(said.contains("there is no set `leters`"), "{said}");
    assert_eq!(Source::path_of(&spec("letters")).unwrap(), files.path());
}

#[test]
fn a_single_file_has_the_labels_beside_it() {
    let files = folder(&[
        ("t10k-images-idx3-ubyte.gz", &gzip(&images())),
        ("t10k-labels-idx1-ubyte", &labels(&[8, 9])),
        ("train-labels-idx1-ubyte", &labels(&[1])),
    ]);
    let path = files.path().join("t10k-images-idx3-ubyte.gz");
    let train = Source::open(path.to_str().unwrap()).unwrap().train;
    assert_eq!(train.labels(), Some(&[8, 9][..]));
    assert!(train.notes()[0].contains("t10k-labels-idx1-ubyte"));
}

#[test]
fn the_folders_of_torchvision_are_found_or_named() {
    let root = tempfile::tempdir().unwrap();
    let fill = |name: &str| {
        let raw = root.path().join(name).join("raw");
        fs::create_dir_all(&raw).unwrap();
        fs::write(raw.join("train-images-idx3-ubyte"), images()).unwrap();
    };
    fill("MNIST");
    for place in [root.path().to_path_buf(), root.path().join("MNIST")] {
        let train = Source::open(place.to_str().unwrap()).unwrap().train;
        assert_eq!(train.rows(), 2);
        assert!(
            train.notes()[0].contains("MNIST/raw"),
            "{:?}",
            train.notes()
        );
    }
    fill("KMNIST");
    let said = open(&root).unwrap_err().to_string();
    assert!(
        said.contains("KMNIST/raw") && said.contains("/MNIST/raw"),
        "{said}"
    );
}
