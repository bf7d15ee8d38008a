mod bands;
mod damaged;
mod folders;
mod pages;
mod pixels;

use super::super::{begins_as_image, write};
use super::*;
use crate::data::output::{NumberType, Piece};
use crate::data::{Dataset, OnBad, ReadOptions};
use ::tiff::encoder::{TiffEncoder, colortype};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use ndarray::{Array2, ArrayView2};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn put(&self, name: &str, bytes: &[u8]) -> &Self {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    fn save(&self, name: &str, image: impl Into<DynamicImage>) -> &Self {
        image.into().save(self.path(name)).unwrap();
        self
    }

    fn open(&self, name: &str, options: &ReadOptions) -> Result<Option<Source>> {
        open(self.0.path().join(name).to_str().unwrap(), options)
    }

    fn read_with(&self, name: &str, options: &ReadOptions) -> Dataset {
        self.open(name, options).unwrap().unwrap().train
    }

    fn read(&self, name: &str) -> Dataset {
        self.read_with(name, &ReadOptions::default())
    }

    fn refused(&self, name: &str) -> String {
        self.open(name, &ReadOptions::default())
            .unwrap_err()
            .to_string()
    }
}

fn gray(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([(x * 40 + y * 7) as u8]))
}

fn color(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 40) as u8, (y * 30) as u8, 200])
    })
}

/// A row as the pixels of an image that is stored channel by channel.
fn planes(image: &RgbImage) -> Vec<f32> {
    let channel = |channel: usize| image.pixels().map(move |pixel| f32::from(pixel[channel]));
    (0..3).flat_map(channel).collect()
}

fn row(data: &Dataset, row: usize) -> Vec<f32> {
    data.to_array().row(row).to_vec()
}

fn tiff(path: &Path, write: impl FnOnce(&mut TiffEncoder<fs::File>)) {
    write(&mut TiffEncoder::new(fs::File::create(path).unwrap()).unwrap());
}

fn said(data: &Dataset, what: &str) -> bool {
    data.notes().iter().any(|note| note.contains(what))
}

fn piece<'a>(values: ArrayView2<'a, f64>, texts: &'a [Vec<String>]) -> Piece<'a> {
    Piece {
        values,
        wide: &[],
        texts,
        reasons: &[],
    }
}

#[test]
fn every_format_without_loss_gives_the_pixels() {
    let folder = Folder::new();
    for ending in ["png", "bmp", "tiff", "webp"] {
        let name = format!("{ending}/a.{ending}");
        folder.save(&name, color(5, 4));
        let data = folder.read(ending);
        assert_eq!((data.rows(), data.shape()), (1, &[3, 4, 5][..]), "{ending}");
        assert_eq!(row(&data, 0), planes(&color(5, 4)), "{ending}");
        assert!(data.notes().is_empty(), "{:?}", data.notes());
        // The same by its own name, and by its content alone.
        fs::copy(folder.path(&name), folder.path("no-ending")).unwrap();
        assert_eq!(folder.read("no-ending").values(), data.values());
    }
    // The encoder accepts color only with alpha.
    let rgba = DynamicImage::from(gray(5, 4)).into_rgba8();
    folder.save("gif/a.gif", rgba);
    let data = folder.read("gif/a.gif");
    assert_eq!(data.shape(), [1, 4, 5]);
    let pixels: Vec<f32> = gray(5, 4).iter().map(|&value| value.into()).collect();
    assert_eq!(row(&data, 0), pixels);
    assert!(data.is_8_bit());
}

#[test]
fn a_webp_file_of_fewer_bytes_than_it_says_is_cut_short() {
    let folder = Folder::new();
    folder.save("a/a.webp", color(5, 4));
    let path = folder.path("a/a.webp");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = Source::open(folder.path("a").to_str().unwrap())
        .unwrap_err()
        .to_string();
    assert!(error.contains("it is cut short"), "{error}");
}

#[test]
fn formats_are_told_by_how_they_begin() {
    let folder = Folder::new();
    for (ending, name) in [
        ("png", "PNG"),
        ("jpg", "JPEG"),
        ("bmp", "BMP"),
        ("gif", "GIF"),
        ("webp", "WebP"),
        ("tif", "TIFF"),
    ] {
        let file = format!("a.{ending}");
        folder.save(&file, color(3, 3));
        let bytes = fs::read(folder.path(&file)).unwrap();
        assert_eq!(begins_as_image(&bytes[..kind::START]), Some(name));
        assert_eq!(begins_as_image(&bytes[..1]), None);
    }
    for text in [
        "BMI,age,label\n1,2,3\n4,5,6\n",
        "",
        "II,III\n",
        "RIFF and more text",
    ] {
        assert_eq!(begins_as_image(text.as_bytes()), None);
    }
}

#[test]
fn of_an_animation_the_first_frame_is_read() {
    let folder = Folder::new();
    let mut encoder =
        image::codecs::gif::GifEncoder::new(fs::File::create(folder.path("a.gif")).unwrap());
    let red = |red| image::Frame::new(RgbaImage::from_pixel(3, 2, Rgba([red, 0, 0, 255])));
    encoder.encode_frames([red(255), red(9)]).unwrap();
    drop(encoder);
    let data = folder.read("a.gif");
    assert_eq!(row(&data, 0)[..6], [255.0; 6]);
    assert!(said(
        &data,
        "1 image with several frames: only the first frame is read"
    ));
}

/// A PNG file of one chunk of pixels and one other chunk.
fn png(width: u32, height: u32, depth: u8, beside: (&[u8; 4], &[u8]), pixels: &[u8]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], bytes: &[u8]| {
        let named = [&kind[..], bytes].concat();
        let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&named);
        let length = (bytes.len() as u32).to_be_bytes();
        [&length[..], &named, &checksum.to_be_bytes()].concat()
    };
    let head = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[depth, 0, 0, 0, 0],
    ]
    .concat();
    let (kind, bytes) = beside;
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &head),
        chunk(kind, bytes),
        chunk(b"IDAT", pixels),
        chunk(b"IEND", b""),
    ]
    .concat()
}

fn packed(zeros: usize) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..zeros >> 20 {
        encoder.write_all(&block).unwrap();
    }
    encoder.write_all(&block[..zeros % (1 << 20)]).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_small_file_does_not_promise_much() {
    let folder = Folder::new();
    let none = (b"tIME", &[7, 0xea, 1, 1, 0, 0, 0][..]);
    folder.put(
        "large.png",
        &png(16384, 16384, 1, none, &packed(16384 * 2049)),
    );
    assert!(
        folder
            .refused("large.png")
            .contains("claim 16384 x 16384 pixels")
    );
    folder.put("larger.png", &png(60000, 60000, 1, none, &packed(1)));
    assert!(
        folder
            .refused("larger.png")
            .contains("at most 268,435,456 are read")
    );
    // A color profile of 64 MB after decompression is not decompressed.
    let profile = [b"a\0\0", &packed(64 << 20)[..]].concat();
    folder.put(
        "profile.png",
        &png(4, 4, 8, (b"iCCP", &profile), &packed(20)),
    );
    assert_eq!(row(&folder.read("profile.png"), 0), [0.0; 16]);
    // Headers of GIF, BMP and WebP with large sizes and nothing after them.
    let rgba = DynamicImage::from(gray(2, 2)).into_rgba8();
    folder.save("a.gif", rgba).save("a.bmp", gray(2, 2));
    for (name, at, size) in [
        ("a.gif", 6, &[0xff; 4][..]),
        ("a.bmp", 18, &[0, 0x40, 0, 0, 0, 0x40, 0, 0]),
    ] {
        let mut bytes = fs::read(folder.path(name)).unwrap();
        bytes[at..at + size.len()].copy_from_slice(size);
        folder.put(name, &bytes);
        assert!(folder.refused(name).contains("cannot be read"));
    }
}

#[test]
fn damaged_images_of_every_format_are_refused_or_read_without_a_panic() {
    let folder = Folder::new();
    for ending in ["png", "jpg", "bmp", "gif", "webp", "tif"] {
        let name = format!("a.{ending}");
        folder.save(&name, color(9, 9));
        let whole = fs::read(folder.path(&name)).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            folder.put("flipped", &bytes);
            let _ = folder.open("flipped", &ReadOptions::default());
        }
        for length in [
            kind::START,
            whole.len() / 2,
            whole.len() * 3 / 4,
            whole.len() - 3,
        ] {
            folder.put("cut", &whole[..length]);
            // The bytes after the last pixel may be missing.
            if let Some(source) = folder.open("cut", &ReadOptions::default()).ok().flatten() {
                let there = folder.read(&name);
                assert_eq!(
                    row(&source.train, 0),
                    row(&there, 0),
                    "{ending} of {length}"
                );
            }
        }
    }
}
