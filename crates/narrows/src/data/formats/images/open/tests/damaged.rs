//! Damaged files that a decoder would fill up with wrong pixels.

use super::*;
use std::io::Cursor;

fn bytes_of(format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = DynamicImage::from(color(40, 30));
    image
        .write_to(&mut Cursor::new(&mut bytes), format)
        .unwrap();
    bytes
}

#[test]
fn a_jpeg_with_a_mark_among_its_pixels_is_refused() {
    let folder = Folder::new();
    let mut bytes = bytes_of(image::ImageFormat::Jpeg);
    folder.put("whole.jpg", &bytes);
    assert_eq!(folder.read("whole.jpg").rows(), 1);
    let scan = bytes.windows(2).position(|two| two == [0xff, 0xda]);
    let middle = usize::midpoint(scan.unwrap(), bytes.len());
    bytes[middle..middle + 2].copy_from_slice(&[0xff, 0xc9]);
    folder.put("damaged.jpg", &bytes);
    let said = folder.refused("damaged.jpg");
    assert!(said.contains("the image cannot be read"), "{said}");
}

#[test]
fn a_bmp_whose_pixels_begin_in_its_header_is_refused() {
    let folder = Folder::new();
    let mut bytes = bytes_of(image::ImageFormat::Bmp);
    folder.put("whole.bmp", &bytes);
    assert_eq!(folder.read("whole.bmp").rows(), 1);
    bytes[10] = 0;
    folder.put("damaged.bmp", &bytes);
    let said = folder.refused("damaged.bmp");
    assert!(
        said.contains("its pixels begin within its header"),
        "{said}"
    );
}

#[test]
fn a_tiff_whose_strips_end_behind_its_end_is_refused() {
    let folder = Folder::new();
    let mut bytes = Vec::new();
    let mut encoder = TiffEncoder::new(Cursor::new(&mut bytes)).unwrap();
    let pixels: Vec<u8> = (0..64).collect();
    encoder
        .write_image::<colortype::Gray8>(8, 8, &pixels)
        .unwrap();
    folder.put("whole.tif", &bytes);
    assert_eq!(folder.read("whole.tif").rows(), 1);
    // The number of bytes of the strip, by its tag.
    let tag = bytes
        .windows(2)
        .position(|two| two == 279_u16.to_le_bytes());
    let count = tag.unwrap() + 8;
    bytes[count..count + 4].copy_from_slice(&100_000_u32.to_le_bytes());
    folder.put("damaged.tif", &bytes);
    let said = folder.refused("damaged.tif");
    assert!(said.contains("it is cut short"), "{said}");
}
