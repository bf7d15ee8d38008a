//! Archives of arrays: parts, labels, and flipped bits, which must never change a value unnoticed.

use super::*;

#[test]
fn no_flipped_bit_of_an_archive_gives_other_data() {
    let folder = Folder::new();
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let spec = folder.npz(&[("x", rows(3)), ("y", labels(&[1, 2, 3]))], method);
        let whole = fs::read(&spec).unwrap();
        let good = Source::open(&spec).unwrap().train;
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&spec, &bytes).unwrap();
            if let Ok(source) = Source::open(&spec) {
                let same = source.train.values() == good.values()
                    && source.train.labels() == good.labels();
                assert!(same, "{method:?}, byte {}", bit / 8);
            }
        }
    }
}

#[test]
fn entries_must_have_the_size_of_their_array() {
    let folder = Folder::new();
    let data = bytes_of(&[1.0; 6]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        for is_fortran in [false, true] {
            for (len, said) in [
                (0, "ends too soon"),
                (10, "ends too soon"),
                (27, "goes on after its array"),
            ] {
                let mut data = data.clone();
                data.resize(len, 7);
                let spec = folder.npz(&[("x", npy("<f4", is_fortran, "(3, 2)", &data))], method);
                let text = refusal(Source::open(&spec));
                assert!(text.contains("array `x`") && text.contains(said), "{text}");
            }
        }
    }
    let promised = npy("|u1", true, "(524288, 1024)", &[]);
    let said = refusal(Source::open(&folder.stored(&[("x", promised)])));
    assert!(
        said.contains("expected 536,870,912 bytes, found 0 bytes"),
        "{said}"
    );
    let large = npy("|u1", false, "(1, 100000000)", &[0; 1000]);
    let said = refusal(Source::open(
        &folder.npz(&[("x", large)], CompressionMethod::Deflated),
    ));
    assert!(said.contains("a row is far larger"), "{said}");
}

#[test]
fn parts_are_told_by_their_names() {
    let folder = Folder::new();
    for (train, test, train_labels, test_labels) in [
        ("x_train", "x_test", "y_train", "y_test"),
        ("X_train", "X_test", "y_train", "y_test"),
        ("train_images", "test_images", "train_labels", "test_labels"),
        ("train_x", "test_x", "train_y", "test_y"),
        ("images_train", "images_test", "labels_train", "labels_test"),
        (
            "spectra_train",
            "spectra_test",
            "target_train",
            "target_test",
        ),
        ("train", "test", "train_target", "test_target"),
    ] {
        let spec = folder.stored(&[
            (train, rows(3)),
            (test, rows(2)),
            (train_labels, labels(&[4, 5, 6])),
            (test_labels, labels(&[7, 8])),
            ("extra", rows(9)),
        ]);
        let source = Source::open(&spec).unwrap();
        assert_eq!(source.train.labels(), Some(&[4, 5, 6][..]), "{train}");
        assert_eq!(source.test.unwrap().labels(), Some(&[7, 8][..]), "{test}");
    }
    let spec = folder.stored(&[
        ("train_images", rows(3)),
        ("val_images", rows(2)),
        ("val_labels", labels(&[7, 8])),
        ("classes", npy("|S1", false, "(2,)", b"ab")),
        ("what", npy("|O", false, "(2, 2)", b"junk")),
    ]);
    let source = Source::open(&spec).unwrap();
    assert!(source.test.is_none());
    assert!(
        source.train.notes()[0].contains(":val_images"),
        "{:?}",
        source.train.notes()
    );
    for picked in ["val_images", "val"] {
        let data = Source::open(&format!("{spec}:{picked}")).unwrap().train;
        assert_eq!(data.labels(), Some(&[7, 8][..]));
    }
    assert_eq!(
        Source::path_of(&format!("{spec}:val")).unwrap(),
        Path::new(&spec)
    );
    let said = refusal(Source::open(&format!("{spec}:val_imags")));
    assert!(said.contains("did you mean `val_images`?"), "{said}");
    let said = refusal(Source::open(&format!("{spec}:what")));
    assert!(
        said.contains("Python objects") && said.contains("[\"what\"]"),
        "{said}"
    );
}

#[test]
fn labels_in_words_have_the_same_numbers_in_both_parts() {
    let folder = Folder::new();
    let wide = |words: [&str; 3]| {
        let data = words.iter().flat_map(|word| {
            let mut letters: Vec<u32> = word.chars().map(u32::from).collect();
            letters.resize(4, 0);
            letters
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .collect::<Vec<u8>>()
        });
        npy("<U4", false, "(3,)", &data.collect::<Vec<u8>>())
    };
    let spec = folder.stored(&[
        ("x_train", rows(3)),
        ("x_test", rows(2)),
        ("y_train", wide(["good", "bad", "good"])),
        ("y_test", npy("|S4", false, "(2, 1)", b"odd\0good")),
    ]);
    let source = Source::open(&spec).unwrap();
    let test = source.test.unwrap();
    assert_eq!(source.train.labels(), Some(&[1, 0, 1][..]));
    assert_eq!(test.labels(), Some(&[2, 1][..]));
    for data in [&source.train, &test] {
        assert_eq!(data.label_names(), ["bad", "good", "odd"]);
    }
    let spec = folder.stored(&[("x", rows(3)), ("y", wide(["10", "2", "10"]))]);
    let data = Source::open(&spec).unwrap().train;
    assert_eq!(
        (data.labels(), data.label_names().len()),
        (Some(&[10, 2, 10][..]), 0)
    );
    let spec = folder.stored(&[("X", rows(3)), ("y", npy("|O", false, "(3,)", b"junk"))]);
    let data = Source::open(&spec).unwrap().train;
    assert!(data.labels().is_none() && data.notes()[0].contains("Python objects"));
}

#[test]
fn what_no_single_array_is_meant_by_is_told_within_a_screen() {
    let folder = Folder::new();
    let names: Vec<String> = (0..2000).map(|index| format!("a{index}")).collect();
    let arrays: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), rows(1))).collect();
    for count in [100, 2000] {
        let said = refusal(Source::open(&folder.stored(&arrays[..count])));
        assert!(said.contains("more") && said.len() < 1500, "{said}");
    }
    let spec = folder.stored(&arrays);
    assert_eq!(Source::open(&format!("{spec}:a7")).unwrap().train.rows(), 1);
    let sparse = ["data", "indices", "indptr", "shape", "format"].map(|name| (name, labels(&[1])));
    let said = refusal(Source::open(&folder.stored(&sparse)));
    assert!(said.contains("toarray()"), "{said}");
}

#[test]
fn one_part_of_an_archive_is_read_without_the_other() {
    let folder = Folder::new();
    let words = |words: &[u8; 2]| npy("|S1", false, "(2,)", words);
    let spec = folder.stored(&[
        (
            "x_train",
            npy("<f4", false, "(2, 2)", &bytes_of(&[f32::NAN; 4])),
        ),
        ("x_test", rows(2)),
        ("x_val", rows(1)),
        ("y_train", words(b"ab")),
        ("y_test", words(b"bc")),
    ]);
    assert!(Source::open(&spec).is_err());
    let test = Source::open(&format!("{spec}:test")).unwrap().train;
    assert_eq!((test.rows(), test.labels()), (2, Some(&[1, 2][..])));
    assert_eq!(test.label_names(), ["a", "b", "c"]);
    let spectra = folder.stored(&[("spectra_train", rows(3)), ("spectra_test", rows(2))]);
    let test = Source::open(&format!("{spectra}:test")).unwrap().train;
    assert_eq!(test.rows(), 2);
    let alone = folder.stored(&[("x_train", rows(3)), ("x_val", rows(2))]);
    let train = Source::open(&format!("{alone}:train")).unwrap().train;
    assert_eq!(train.rows(), 3);
}

#[test]
fn a_small_archive_does_not_promise_a_large_array_in_fortran_order() {
    let folder = Folder::new();
    let zeros = npy("|u1", true, "(1024, 131072)", &vec![0; 128 << 20]);
    let said = refusal(Source::open(
        &folder.npz(&[("x", zeros)], CompressionMethod::Deflated),
    ));
    assert!(said.contains("numpy.ascontiguousarray"), "{said}");
}
