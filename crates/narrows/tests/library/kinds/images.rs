//! Images of 16 bits, transparent and rotated images, and images in nested folders.

use super::*;

#[test]
fn images_of_16_bits_and_transparent_ones_are_told() {
    let folder = Folder::new();
    let deep = image::ImageBuffer::from_fn(2, 1, |x, _| {
        image::Luma([if x == 0 { 300_u16 } else { 65535 }])
    });
    deep.save(folder.path("deep/a.png")).unwrap();
    let data = Source::open(&folder.spec("deep")).unwrap().train;
    assert_eq!(data.to_array(), array![[300.0, 65535.0]]);
    assert_eq!(data.type_name(), "16-bit integers without a sign");
    let half = image::ImageBuffer::from_fn(3, 1, |x, _| {
        image::LumaA([[200_u8, 255], [200, 128], [200, 0]][x as usize])
    });
    half.save(folder.path("half/a.png")).unwrap();
    let data = Source::open(&folder.spec("half")).unwrap().train;
    assert_eq!(data.to_array(), array![[200.0, 100.0, 0.0]]);
    assert_eq!(
        data.notes(),
        ["1 image is transparent: background filled with black"]
    );
}

#[test]
fn images_in_deeper_folders_are_counted() {
    let folder = Folder::new();
    let gray = image::GrayImage::new(2, 2);
    for name in ["a/x.png", "a/deep/y.png", "b/deep/deeper/z.png"] {
        gray.save(folder.path(name)).unwrap();
    }
    let data = Source::open(folder.0.path().to_str().unwrap())
        .unwrap()
        .train;
    assert_eq!(data.rows(), 1);
    assert!(
        data.notes()[0].starts_with("left out 2 images in deeper folders"),
        "{:?}",
        data.notes()
    );
    let alone = Folder::new();
    gray.save(alone.path("train/cat/long/x.png")).unwrap();
    let said = refused(&alone.spec("train"), &ReadOptions::default());
    assert!(
        said.contains("all images lie in deeper folders") && said.contains("1 further down"),
        "{said}"
    );
}

/// A JPEG whose EXIF says that it is to be turned by 90 degrees.
fn turned(width: u32, height: u32) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let picture = image::GrayImage::from_fn(width, height, |x, _| image::Luma([(x * 60) as u8]));
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 100);
    picture.write_with_encoder(encoder).unwrap();
    // One entry: tag 0x0112, a short, once, 6.
    let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut segment = vec![0xff, 0xe1];
    segment.extend((2 + 6 + tiff.len() as u16).to_be_bytes());
    segment.extend(b"Exif\0\0");
    segment.extend(tiff);
    jpeg.splice(2..2, segment);
    jpeg
}

#[test]
fn images_are_turned_as_exif_says() {
    let folder = Folder::new();
    folder.put("in/a.jpg", turned(4, 2));
    let data = Source::open(&folder.spec("in")).unwrap().train;
    assert_eq!(data.shape(), [1, 4, 2]);
    let rows = Array2::from_shape_vec((4, 2), data.to_array().into_raw_vec_and_offset().0).unwrap();
    for (row, values) in rows.rows().into_iter().enumerate() {
        assert!(
            values
                .iter()
                .all(|&value| (value - 60.0 * row as f32).abs() < 8.0),
            "{rows}"
        );
    }
}
