use super::*;
use crate::data::output::{NumberType, Piece};
use crate::data::{Dataset, OnBad, ReadOptions};
use ::tiff::encoder::{TiffEncoder, colortype};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use ndarray::{Array2, ArrayView2};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

mod bands;
mod damaged;

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

/// A row as the pixels of an image that is made channel by channel.
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
    // The encoder takes color with alpha only.
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
    // Tables are for others to read.
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
    // As Pillow's convert("L") has it.
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
    // A page in the place of a file is written beside the others.
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
fn signed_and_wide_numbers_of_a_page_are_exact_or_refused() {
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
    assert!(
        folder
            .refused("wide.tif")
            .contains("whole numbers that float32 does not hold")
    );
    tiff(&folder.path("double.tif"), |file| {
        file.write_image::<colortype::Gray64Float>(2, 1, &[0.5, 0.1])
            .unwrap();
    });
    let data = folder.read("double.tif");
    assert_eq!(row(&data, 0), [0.5, 0.1]);
    assert!(said(
        &data,
        "1 image of 64-bit floating-point values rounded to 32 bits"
    ));
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
        "1 image with several frames: the first frame is read"
    ));
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
    // As the crate that decodes images does it.
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
            .contains("no size is given")
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

/// A PNG file of one chunk of pixels and one beside it.
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
            .contains("promise 16384 x 16384 pixels")
    );
    folder.put("larger.png", &png(60000, 60000, 1, none, &packed(1)));
    assert!(
        folder
            .refused("larger.png")
            .contains("at most 268435456 are read")
    );
    // A color profile that unpacks to 64 MB is not unpacked.
    let profile = [b"a\0\0", &packed(64 << 20)[..]].concat();
    folder.put(
        "profile.png",
        &png(4, 4, 8, (b"iCCP", &profile), &packed(20)),
    );
    assert_eq!(row(&folder.read("profile.png"), 0), [0.0; 16]);
    // GIF, BMP and WebP heads of large sizes with nothing behind.
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
            // What stands behind the last pixel may be missing.
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
        error.contains("too large for a row") && error.contains("--image-size"),
        "{error}"
    );
    folder
        .save("in/a.png", gray(3, 3))
        .save("in/b.png", gray(4, 3));
    let error = folder.refused("in");
    assert!(
        error.contains("3 x 3 pixels, as a.png")
            && error.contains("4 x 3")
            && error.contains("--fit squeeze"),
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

/// A TIFF file of pages of 2 x 1 pixels with palettes of 16 colors, whose values are read in an order.
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
        // Red, then green, then blue of all colors; the upper byte counts.
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
    // Where the pixels of a page begin is said behind the tag 273, of one number of 32 bits.
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
