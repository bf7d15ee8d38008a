//! Images, alone and in folders.

use super::*;

fn picture(path: &Path, width: u32, height: u32, is_color: bool) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let shade = |x: u32, y: u32| (x * 10 + y) as u8;
    if is_color {
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb([shade(x, y), 0, 255])).save(path)
    } else {
        image::GrayImage::from_fn(width, height, |x, y| image::Luma([shade(x, y)])).save(path)
    }
    .unwrap();
}

#[test]
fn a_folder_of_images_has_labels_and_names() {
    let folder = Folder::new();
    picture(&folder.path("cat/b.png"), 4, 3, false);
    picture(&folder.path("cat/a.png"), 4, 3, false);
    picture(&folder.path("dog/c.png"), 4, 3, false);
    let spec = folder.0.path().to_str().unwrap().to_string();
    let data = Source::open(&spec).unwrap().train;
    assert_eq!((data.rows(), data.shape()), (3, &[1, 3, 4][..]));
    assert_eq!(
        data.ids()[0].values,
        ["cat/a.png", "cat/b.png", "dog/c.png"]
    );
    assert_eq!(data.labels().unwrap(), [0, 0, 1]);
    assert_eq!(data.label_text(1), "dog");
    assert_eq!(data.to_array()[[0, 4 + 2]], 21.0);
    let only = ReadOptions {
        classes: vec!["dog".into()],
        ..ReadOptions::default()
    };
    assert_eq!(Source::open_with(&spec, &only).unwrap().train.rows(), 1);

    picture(&folder.path("dog/d.png"), 4, 3, true);
    let data = Source::open(&spec).unwrap().train;
    assert_eq!(data.shape(), [3, 3, 4]);
    assert_eq!(data.to_array()[[3, 12 + 12]], 255.0);

    picture(&folder.path("dog/e.png"), 8, 6, false);
    assert!(text(Source::open(&spec)).contains("e.png: the images differ in size"));
    let resized = ReadOptions {
        image_size: Some((2, 2)),
        ..ReadOptions::default()
    };
    let data = Source::open_with(&spec, &resized).unwrap().train;
    assert_eq!((data.rows(), data.shape()), (5, &[3, 2, 2][..]));
}

#[test]
fn an_image_that_does_not_decode_is_named_or_left_out() {
    let folder = Folder::new();
    for name in ["a.png", "b.png", "c.png"] {
        picture(&folder.path(name), 9, 9, false);
    }
    let whole = fs::read(folder.path("b.png")).unwrap();
    folder.put("b.png", &whole[..whole.len() / 2]);
    folder.put("d.jpg", b"no image at all");
    let spec = folder.0.path().to_str().unwrap().to_string();
    let error = Source::open(&spec).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    assert!(
        error
            .to_string()
            .contains("d.jpg: the image cannot be read"),
        "{error}"
    );
    let options = ReadOptions {
        on_bad: OnBad::Drop,
        ..ReadOptions::default()
    };
    let data = Source::open_with(&spec, &options).unwrap().train;
    assert_eq!(data.ids()[0].values, ["a.png", "c.png"]);
    assert!(
        data.notes()[0].starts_with("2 of 4 rows left out"),
        "{:?}",
        data.notes()
    );
    fs::remove_file(folder.path("d.jpg")).unwrap();
    assert!(text(Source::open(&spec)).contains("b.png: the image cannot be read"));
}

#[test]
fn images_are_written_as_they_were_read() {
    let folder = Folder::new();
    picture(&folder.path("in/x/a.png"), 4, 3, true);
    picture(&folder.path("in/y/b.png"), 4, 3, true);
    let data = Source::open(&folder.spec("in")).unwrap().train;
    write_data(&data, &folder.path("out"), |_| Ok(())).unwrap();
    let again = Source::open(&folder.spec("out")).unwrap().train;
    assert_eq!(again.to_array(), data.to_array());
    assert_eq!(again.ids(), data.ids());
    let error = write_data(&data, &folder.path("out"), |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    let error = write_data(&data, &folder.path("out.xyz"), |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains(".parquet"), "{error}");
}

#[test]
fn images_that_break_off_leave_the_folder_free() {
    let folder = Folder::new();
    // More than a piece.
    let values = Array2::from_shape_fn((5000, 4), |(row, column)| (row + column) as u8);
    let data = Dataset::new("rows", Values::U8(values), vec![1, 2, 2], None).unwrap();
    let broken = write_data(&data, &folder.path("out"), |done| {
        if done < 5000 {
            Err(Error::new(ErrorKind::Io, "broken off"))
        } else {
            Ok(())
        }
    });
    assert!(broken.unwrap_err().to_string().contains("broken off"));
    assert_eq!(fs::read_dir(folder.path("out")).unwrap().count(), 0);
    write_data(&data, &folder.path("out"), |_| Ok(())).unwrap();
    assert_eq!(fs::read_dir(folder.path("out")).unwrap().count(), 5000);
}
