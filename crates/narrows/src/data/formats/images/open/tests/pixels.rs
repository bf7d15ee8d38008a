//! Pixels: colors, depths, transparency, sizes and orientation.

use super::*;

#[test]
fn gray_and_color_become_what_the_model_has() {
    let folder = Folder::new();
    folder
        .save("in/a.png", gray(4, 3))
        .save("in/b.png", color(4, 3));
    let mixed = folder.read("in");
    assert_eq!(mixed.shape(), [3, 3, 4]);
    assert!(said(&mixed, "converted 1 gray image to color"));
    let of = |channels| ReadOptions {
        channels: Some(channels),
        ..ReadOptions::default()
    };
    let data = folder.read_with("in", &of(1));
    assert_eq!(data.shape(), [1, 3, 4]);
    assert!(
        said(&data, "converted 1 color image to gray") && said(&data, "as the model has 1 channel")
    );
    // As in Pillow's convert("L").
    let luma = |pixel: &Rgb<u8>| {
        let [r, g, b] = pixel.0.map(u32::from);
        ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as f32
    };
    assert_eq!(
        row(&data, 1),
        color(4, 3).pixels().map(luma).collect::<Vec<_>>()
    );
    let data = folder.read_with("in/a.png", &of(3));
    assert_eq!(data.shape(), [3, 3, 4]);
    assert!(said(&data, "as the model has 3 channels"));
    let error = folder.open("in", &of(2)).unwrap_err().to_string();
    assert!(
        error.contains("expected 1, for gray, or 3, for color, found 2"),
        "{error}"
    );
}

#[test]
fn sixteen_bits_stay_and_are_written_back() {
    let folder = Folder::new();
    let wide =
        ImageBuffer::<Luma<u16>, _>::from_fn(5, 4, |x, y| Luma([(x * 900 + y * 4001) as u16]));
    let values: Vec<f32> = wide.pixels().map(|pixel| pixel[0].into()).collect();
    folder
        .save("in/a.png", wide.clone())
        .save("in/b.tif", wide.clone())
        .save("in/c.png", gray(5, 4));
    let data = folder.read("in");
    assert_eq!(
        (row(&data, 0), row(&data, 1)),
        (values.clone(), values.clone())
    );
    let scaled: Vec<f32> = gray(5, 4)
        .iter()
        .map(|&value| f32::from(value) * 257.0)
        .collect();
    assert_eq!(row(&data, 2), scaled);
    assert!(said(
        &data,
        "converted 1 8-bit image to 16 bits, as others have: values multiplied by 257"
    ));
    assert_eq!(data.type_name(), "16-bit integers without a sign");

    let head = crate::data::output::Head::beside(&data, Vec::new(), data.shape().to_vec());
    let mut sink = write::ImagesSink::create(&folder.path("out"), &head).unwrap();
    let texts = crate::data::output::texts_of(&data, 0..3);
    sink.write(piece(data.to_array_f64().view(), &texts))
        .unwrap();
    sink.finish().unwrap();
    let again = folder.read("out");
    assert_eq!(
        (again.to_array(), again.type_name()),
        (data.to_array(), data.type_name())
    );
    assert_eq!(again.ids()[0].values, ["a.png", "b.png", "c.png"]);
    let head = crate::data::output::Head {
        pixels: Some(NumberType::F32),
        ..head
    };
    let error = write::ImagesSink::create(&folder.path("no"), &head)
        .err()
        .unwrap();
    assert!(error.to_string().contains(".npy"), "{error}");
}

#[test]
fn what_is_transparent_is_laid_on_black() {
    let folder = Folder::new();
    let image = RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 100, 50, [0, 128, 255][x as usize]]));
    folder.save("a.png", image.clone()).save("a.tif", image);
    for name in ["a.png", "a.tif"] {
        let data = folder.read(name);
        assert_eq!(
            row(&data, 0),
            [0.0, 100.0, 200.0, 0.0, 50.0, 100.0, 0.0, 25.0, 50.0]
        );
        assert!(said(
            &data,
            "1 image is transparent: background filled with black"
        ));
    }
}

#[test]
fn images_are_brought_to_a_size_in_three_ways() {
    let folder = Folder::new();
    // Wide: black, then white in the middle, then black.
    let wide = GrayImage::from_fn(8, 4, |x, _| {
        Luma([if (2..6).contains(&x) { 255 } else { 0 }])
    });
    folder.save("a.png", wide.clone());
    let read = |fit| {
        let options = ReadOptions {
            image_size: Some((4, 4)),
            fit,
            ..ReadOptions::default()
        };
        let data = folder.read_with("a.png", &options);
        (row(&data, 0), data.notes().len())
    };
    let (crop, notes) = read(Fit::Crop);
    assert_eq!((crop, notes), (vec![255.0; 16], 0));
    let (pad, _) = read(Fit::Pad);
    assert_eq!((&pad[..4], &pad[12..]), (&[0.0; 4][..], &[0.0; 4][..]));
    assert_eq!(&pad[4..8], &pad[8..12]);
    assert!(pad[5] > 200.0);
    // As in the crate that decodes images.
    let (squeeze, notes) = read(Fit::Squeeze);
    let peer = image::imageops::resize(&wide, 4, 4, image::imageops::FilterType::Triangle);
    assert_eq!(
        (squeeze, notes),
        (peer.iter().map(|&value| value.into()).collect(), 1)
    );

    let large = GrayImage::from_fn(37, 23, |x, y| Luma([(x * x + y * 31) as u8]));
    folder.save("b.png", large.clone());
    for (width, height) in [(11, 50), (64, 7), (37, 5), (1, 1)] {
        let options = ReadOptions {
            image_size: Some((width, height)),
            ..ReadOptions::default()
        };
        let peer =
            image::imageops::resize(&large, width, height, image::imageops::FilterType::Triangle);
        let peer: Vec<f32> = peer.iter().map(|&value| value.into()).collect();
        assert_eq!(row(&folder.read_with("b.png", &options), 0), peer);
    }
    let options = ReadOptions {
        fit: Fit::Crop,
        ..ReadOptions::default()
    };
    assert!(
        folder
            .open("a.png", &options)
            .unwrap_err()
            .to_string()
            .contains("needs a size")
    );
}

#[test]
fn images_are_turned_as_their_metadata_say() {
    let image = gray(3, 2);
    let dynamic = DynamicImage::from(image.clone());
    for value in 1..=8_u8 {
        let folder = Folder::new();
        tiff(&folder.path("a.tif"), |file| {
            let mut page = file.new_image::<colortype::Gray8>(3, 2).unwrap();
            page.encoder()
                .write_tag(::tiff::tags::Tag::Orientation, u16::from(value))
                .unwrap();
            page.write_data(image.as_raw()).unwrap();
        });
        let mut turned = dynamic.clone();
        turned.apply_orientation(image::metadata::Orientation::from_exif(value).unwrap());
        let data = folder.read("a.tif");
        assert_eq!(
            data.shape(),
            [1, turned.height() as usize, turned.width() as usize]
        );
        let turned: Vec<f32> = turned
            .into_luma8()
            .iter()
            .map(|&value| value.into())
            .collect();
        assert_eq!(row(&data, 0), turned, "{value}");
    }
}
