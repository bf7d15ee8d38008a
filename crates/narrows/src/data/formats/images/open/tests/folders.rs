//! Folders of images: other files beside them, and their treatment.

use super::*;

#[test]
fn a_folder_says_what_lies_beside_and_looks_past_what_systems_add() {
    let folder = Folder::new();
    folder
        .save("in/cats/0.png", gray(3, 3))
        .save("in/dogs/0.png", gray(3, 3));
    for name in [
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "cats/._0.png",
        "cats/Thumbs.db",
        "__MACOSX/cats/._0.png",
        "__MACOSX/a.png",
    ] {
        folder.put(&format!("in/{name}"), b"\0\x05\x16\x07");
    }
    let data = folder.read("in");
    assert_eq!((data.rows(), data.labels()), (2, Some(&[0, 1][..])));
    assert_eq!(data.label_names(), ["cats", "dogs"]);
    assert!(data.notes().is_empty(), "{:?}", data.notes());
    folder
        .put("in/readme.txt", b"a")
        .put("in/cats/x.txt", b"b")
        .put("in/LICENSE", b"c")
        .put("in/x.HEIC", b"d");
    assert_eq!(
        folder.read("in").notes(),
        ["beside the images: 1 .heic, 1 without an ending, 2 .txt, not read"]
    );
}

#[test]
fn a_folder_of_other_images_says_what_to_do() {
    let folder = Folder::new();
    folder
        .put("in/a.heic", b"\0\0\0\x18ftypheic")
        .put("in/b.heic", b"")
        .put("in/c.nef", b"II*\0");
    let error = folder.refused("in");
    assert!(
        error.contains("2 .heic, 1 .nef") && error.contains("convert them to PNG"),
        "{error}"
    );
    assert!(folder.refused("in/a.heic").contains("a .heic file"));
    // Tables are for other readers.
    folder.put("in/rows.csv", b"a,b\n1,2\n");
    assert!(
        folder
            .open("in", &ReadOptions::default())
            .unwrap()
            .is_none()
    );
    assert!(
        folder
            .open("in/rows.csv", &ReadOptions::default())
            .unwrap()
            .is_none()
    );
    folder.save("up/train/cat/0.png", gray(3, 3));
    let error = folder.refused("up");
    assert!(
        error.contains("deeper folders") && error.contains("up/train"),
        "{error}"
    );
}

#[test]
fn images_too_large_for_a_row_name_the_way_out() {
    let folder = Folder::new();
    folder.save("a.png", gray(3, 3));
    let options = ReadOptions {
        image_size: Some((1 << 20, 1 << 20)),
        ..ReadOptions::default()
    };
    let error = folder.open("a.png", &options).unwrap_err().to_string();
    assert!(
        error.contains("too large for a row") && error.contains("`image_size = "),
        "{error}"
    );
    folder
        .save("in/a.png", gray(3, 3))
        .save("in/b.png", gray(4, 3));
    let error = folder.refused("in");
    assert!(
        error.contains("3 x 3 pixels, as a.png")
            && error.contains("4 x 3")
            && error.contains("`fit = squeeze`"),
        "{error}"
    );
}

#[test]
fn a_new_folder_comes_whole() {
    let folder = Folder::new();
    let head = crate::data::output::Head {
        rows: 2,
        shape: vec![1, 2, 2],
        ..Default::default()
    };
    let values = Array2::<f64>::zeros((2, 4));
    for is_there in [false, true] {
        let out = folder.path(&format!("{is_there}/out"));
        if is_there {
            fs::create_dir(&out).unwrap();
        }
        let mut sink = write::ImagesSink::create(&out, &head).unwrap();
        sink.write(piece(values.view(), &[])).unwrap();
        let names = |folder: &Path| -> Vec<String> {
            let entries = fs::read_dir(folder).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect()
        };
        assert!(names(&out).iter().all(|name| name.starts_with('.')));
        sink.finish().unwrap();
        let mut there = names(&out);
        there.sort();
        assert_eq!(there, ["0.png", "1.png"]);
        assert_eq!(names(out.parent().unwrap()), ["out"]);
    }
}
