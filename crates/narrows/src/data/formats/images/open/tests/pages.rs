//! Pages of TIFF files.

use super::*;

#[test]
fn pages_are_rows_and_floats_stay() {
    let folder = Folder::new();
    tiff(&folder.path("in/stack.tif"), |file| {
        for page in 0..12_u8 {
            let pixels: Vec<f32> = (0..6)
                .map(|n| f32::from(page) * 100.25 - n as f32)
                .collect();
            file.write_image::<colortype::Gray32Float>(3, 2, &pixels)
                .unwrap();
        }
    });
    let data = folder.read("in");
    assert_eq!((data.rows(), data.shape()), (12, &[1, 2, 3][..]));
    assert_eq!(
        row(&data, 11),
        [1102.75, 1101.75, 1100.75, 1099.75, 1098.75, 1097.75]
    );
    assert_eq!(data.ids()[0].values[3], "stack.tif[03]");
    assert!(said(&data, "1 file of several pages: each page is a row"));
    // A page that is used like a file is written beside the others.
    let head = crate::data::output::Head {
        pixels: None,
        ..crate::data::output::Head::beside(&data, Vec::new(), data.shape().to_vec())
    };
    let mut sink = write::ImagesSink::create(&folder.path("out"), &head).unwrap();
    let texts = crate::data::output::texts_of(&data, 0..12);
    sink.write(piece(Array2::zeros((12, 6)).view(), &texts))
        .unwrap();
    sink.finish().unwrap();
    assert_eq!(folder.read("out").ids()[0].values[3], "stack-03.png");

    folder.save("in/whole.png", gray(3, 2));
    let error = folder.refused("in");
    assert!(
        error.contains("differ in the type of their values") && error.contains("whole.png"),
        "{error}"
    );
}

#[test]
fn signed_and_wide_numbers_of_a_page_are_exact() {
    let folder = Folder::new();
    tiff(&folder.path("signed.tif"), |file| {
        file.write_image::<colortype::GrayI16>(2, 1, &[-5_i16, 31000])
            .unwrap();
    });
    assert_eq!(row(&folder.read("signed.tif"), 0), [-5.0, 31000.0]);
    tiff(&folder.path("wide.tif"), |file| {
        file.write_image::<colortype::Gray32>(2, 1, &[1_u32, 16_777_217])
            .unwrap();
    });
    let values = |name: &str| -> Vec<f64> {
        let all = folder.read(name).to_array_f64();
        all.iter().copied().collect()
    };
    assert_eq!(values("wide.tif"), [1.0, 16_777_217.0]);
    tiff(&folder.path("double.tif"), |file| {
        file.write_image::<colortype::Gray64Float>(2, 1, &[0.5, 0.1])
            .unwrap();
    });
    assert_eq!(values("double.tif"), [0.5, 0.1]);
}

/// A TIFF file of pages of 2 x 1 pixels with palettes of 16 colors; the pages are read in a given order.
fn with_palettes(pages: &[[u8; 2]], is_little: bool) -> Vec<u8> {
    let short = |value: u16| {
        if is_little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    };
    let long = |value: u32| {
        if is_little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    };
    let mut file = if is_little {
        b"II".to_vec()
    } else {
        b"MM".to_vec()
    };
    file.extend(short(42));
    file.extend(long(8));
    for (index, indices) in pages.iter().enumerate() {
        let entries = 8;
        let palette_at = file.len() + 2 + entries * 12 + 4;
        let pixels_at = palette_at + 3 * 16 * 2;
        file.extend(short(entries as u16));
        let mut entry = |tag: u16, kind: u16, count: u32, value: u32| {
            file.extend(short(tag));
            file.extend(short(kind));
            file.extend(long(count));
            if kind == 3 && count == 1 {
                file.extend(short(value as u16));
                file.extend([0, 0]);
            } else {
                file.extend(long(value));
            }
        };
        entry(256, 3, 1, 2);
        entry(257, 3, 1, 1);
        entry(258, 3, 1, 4);
        entry(259, 3, 1, 1);
        entry(262, 3, 1, 3);
        entry(273, 4, 1, pixels_at as u32);
        entry(279, 4, 1, 1);
        entry(320, 3, 48, palette_at as u32);
        let is_last = index + 1 == pages.len();
        file.extend(long(if is_last { 0 } else { pixels_at as u32 + 2 }));
        // All red values, then all green, then all blue; only the upper byte is used.
        for channel in 0..3 {
            for color in 0..16 {
                file.extend(short((channel * 50 + color * 3) << 8 | 0x7f));
            }
        }
        file.extend([indices[0] << 4 | indices[1], 0]);
    }
    file
}

#[test]
fn pages_with_palettes_have_their_colors() {
    let folder = Folder::new();
    for is_little in [true, false] {
        folder.put(
            "a.tif",
            &with_palettes(&[[1, 15], [7, 0], [2, 2]], is_little),
        );
        let data = folder.read("a.tif");
        assert_eq!((data.rows(), data.shape()), (3, &[3, 1, 2][..]));
        assert_eq!(row(&data, 0), [3.0, 45.0, 53.0, 95.0, 103.0, 145.0]);
        assert_eq!(row(&data, 1), [21.0, 0.0, 71.0, 50.0, 121.0, 100.0]);
        assert_eq!(row(&data, 2), [6.0, 6.0, 56.0, 56.0, 106.0, 106.0]);
    }
}

#[test]
fn of_a_page_that_cannot_be_read_the_others_stay() {
    let folder = Folder::new();
    tiff(&folder.path("a.tif"), |file| {
        for page in 0..3_u8 {
            file.write_image::<colortype::Gray8>(2, 2, &[page; 4])
                .unwrap();
        }
    });
    let mut bytes = fs::read(folder.path("a.tif")).unwrap();
    // The tag 273, one number of 32 bits, has the place of the first pixel of a page.
    let entry: Vec<usize> = (0..bytes.len() - 12)
        .filter(|&at| bytes[at..].starts_with(&[0x11, 1, 4, 0, 1, 0, 0, 0]))
        .collect();
    bytes[entry[1] + 8..entry[1] + 12].copy_from_slice(&[0xff, 0xff, 0xff, 0]);
    folder.put("a.tif", &bytes);
    assert!(folder.refused("a.tif").contains("page [1]"));
    let options = ReadOptions {
        on_bad: OnBad::Drop,
        ..ReadOptions::default()
    };
    let data = folder.read_with("a.tif", &options);
    assert_eq!(data.ids()[0].values, ["a.tif[0]", "a.tif[2]"]);
    assert_eq!((row(&data, 0), row(&data, 1)), (vec![0.0; 4], vec![2.0; 4]));
    assert!(said(&data, "1 of 3 rows left out"));
}
