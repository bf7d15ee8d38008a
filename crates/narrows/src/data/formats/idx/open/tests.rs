//! IDX files: all that are read, and every reason to refuse one.

mod folders;
mod hostile;

use super::super::file::{IdxContent, IdxHeader};
use super::*;
use crate::ErrorKind;
use crate::data::Values;
use crate::data::builder::{FIRST_READ, read_growing};
use crate::data::formats::layout::ArrayPlan;
use flate2::Compression;
use flate2::write::GzEncoder;
use ndarray::{Array2, array};
use std::cell::Cell;
use std::fs;
use std::io::{self, Read, Write};
use tempfile::TempDir;

/// An IDX file from its parts.
fn idx(code: u8, sizes: &[u32], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, u8::try_from(sizes.len()).unwrap()];
    for size in sizes {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend(content);
    bytes
}

/// Two images of two rows and three columns.
fn images() -> Vec<u8> {
    idx(0x08, &[2, 2, 3], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255])
}

fn labels(labels: &[u8]) -> Vec<u8> {
    idx(0x08, &[u32::try_from(labels.len()).unwrap()], labels)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn open(folder: &TempDir) -> Result<Source> {
    Source::open(folder.path().to_str().unwrap())
}

/// The error for a single file of images with these bytes, after the name of the file.
fn refusal(bytes: &[u8]) -> String {
    let folder = folder(&[("images.idx", bytes)]);
    let path = folder.path().join("images.idx");
    let error = Source::open(path.to_str().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    let text = error.to_string();
    text.strip_prefix(&format!("{}: ", path.display()))
        .expect("it begins with the file")
        .to_owned()
}

/// The error for a folder of two images with these labels, after the name of the file of labels.
fn refusal_of_labels(bytes: &[u8]) -> String {
    let folder = folder(&[("train-images.idx", &images()), ("train-labels.idx", bytes)]);
    let path = folder.path().join("train-labels.idx");
    let text = open(&folder).unwrap_err().to_string();
    text.strip_prefix(&format!("{}: ", path.display()))
        .expect("it begins with the file")
        .to_owned()
}

// Files that are read.

#[test]
fn a_single_file_is_told_by_its_content() {
    for bytes in [images(), gzip(&images())] {
        let folder = folder(&[("pixels.bin", &bytes)]);
        let source = Source::open(folder.path().join("pixels.bin").to_str().unwrap()).unwrap();
        assert_eq!((source.train.rows(), source.test.is_none()), (2, true));
    }
}

#[test]
fn gzip_in_several_members_is_one_file() {
    let (first, second) = (&images()[..10], &images()[10..]);
    let folder = folder(&[("train-images", &[gzip(first), gzip(second)].concat())]);
    assert_eq!(open(&folder).unwrap().train.rows(), 2);
}

#[test]
fn the_shape_of_a_row_follows_the_dimensions() {
    for (sizes, shape) in [
        (&[2, 12][..], &[12][..]),
        (&[2, 3, 4], &[1, 3, 4]),
        (&[2, 3, 2, 2], &[3, 2, 2]),
    ] {
        let folder = folder(&[("images.idx", &idx(0x08, sizes, &[1; 24]))]);
        assert_eq!(open(&folder).unwrap().train.shape(), shape);
    }
}

#[test]
fn every_type_of_element_is_read() {
    let i16s = [1_i16, -2].map(i16::to_be_bytes).concat();
    let i32s = [1_i32, -2].map(i32::to_be_bytes).concat();
    let f32s = [1_f32, -2.0].map(f32::to_be_bytes).concat();
    let f64s = [1_f64, -2.0].map(f64::to_be_bytes).concat();
    for (code, bytes) in [
        (0x09, vec![1, 0xfe]),
        (0x0b, i16s),
        (0x0c, i32s),
        (0x0d, f32s),
        (0x0e, f64s),
    ] {
        let images = idx(code, &[2, 1], &bytes);
        let labels = idx(code, &[2], &bytes);
        let files = folder(&[("train-images", &images), ("train-labels", &labels)]);
        let train = open(&files).unwrap().train;
        assert_eq!(train.to_array(), array![[1.0], [-2.0]], "{code:02x}");
        assert_eq!(train.labels(), Some(&[1, -2][..]), "{code:02x}");
    }
}

#[test]
fn content_longer_than_one_read_is_whole() {
    let content: Vec<u8> = (0..5 * FIRST_READ + 3)
        .map(|index| (index % 251) as u8)
        .collect();
    let sizes = [1, u32::try_from(content.len()).unwrap()];
    let folder = folder(&[("images.idx", &idx(0x08, &sizes, &content))]);
    let values = open(&folder).unwrap().train.values().clone();
    let whole = Array2::from_shape_vec((1, content.len()), content.clone()).unwrap();
    assert_eq!(values, Values::U8(whole));
    let mut bytes = Vec::new();
    read_growing(&mut &content[..], &mut bytes, content.len()).unwrap();
    assert_eq!(bytes.capacity(), content.len());
}

#[test]
fn large_content_stays_in_its_file_or_in_a_temporary_one() {
    let i16s = [1_i16, -2, 300, 4, 5, 6].map(i16::to_be_bytes).concat();
    for whole in [images(), idx(0x0b, &[3, 2], &i16s)] {
        let folder = folder(&[("raw", &whole), ("packed.gz", &gzip(&whole))]);
        let read = |name: &str, in_memory| {
            let path = folder.path().join(name);
            let images = IdxImages::read(&path, in_memory, None, false).unwrap();
            Dataset::new(name, images.values, images.plan.shape, None).unwrap()
        };
        for name in ["raw", "packed.gz"] {
            let (small, large) = (read(name, 1000), read(name, 8));
            assert!(large.is_in_file(), "{name}");
            assert!(!small.is_in_file(), "{name}");
            assert_eq!(small.to_array(), large.to_array());
        }
    }
    let mut long = images();
    long.push(0);
    for (bytes, said) in [
        (&long[..], "byte 28: the file goes on after its content"),
        (&images()[..20], "byte 20: the file ends too soon"),
    ] {
        let folder = folder(&[("raw", bytes)]);
        let error = IdxImages::read(&folder.path().join("raw"), 8, None, false).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

// Files that are refused.

#[test]
fn a_wrong_magic_is_refused() {
    assert_eq!(
        refusal(b"\x89PNG and so on"),
        "byte 0: this is not an IDX file: expected the bytes [00, 00] and the type of the \
         elements, found [89, 50, 4e, 47]"
    );
}

#[test]
fn an_unknown_type_is_refused() {
    assert_eq!(
        refusal(&idx(0x0a, &[1, 1], &[0])),
        "byte 2: the elements are of an unknown type: expected 08 (u8), 09 (i8), 0b (i16), \
         0c (i32), 0d (f32) or 0e (f64), found 0a"
    );
}

#[test]
fn a_wrong_number_of_dimensions_is_refused() {
    assert_eq!(
        refusal(&labels(&[1, 2])),
        "byte 3: these are not images: expected 2, 3 or 4 dimensions, found 1 \
         (it looks like a file of labels)"
    );
    for sizes in [&[][..], &[1; 5]] {
        assert_eq!(
            refusal(&idx(0x08, sizes, &[1])),
            format!(
                "byte 3: these are not images: expected 2, 3 or 4 dimensions, found {}",
                sizes.len()
            )
        );
    }
    assert_eq!(
        refusal_of_labels(&images()),
        "byte 3: these are not labels: expected 1 dimension, or 2 as QMNIST has, found 3"
    );
}

#[test]
fn labels_that_are_not_whole_are_refused() {
    let said = refusal_of_labels(&idx(0x0d, &[2], &[0, 0, 0, 0, 0x3f, 0, 0, 0]));
    assert!(
        said.starts_with("row 1 (counted from 0): these are not labels"),
        "{said}"
    );
}

#[test]
fn a_header_cut_short_is_refused() {
    let whole = images();
    for (length, offset, found) in [
        (0, 0, "0 bytes"),
        (3, 3, "3 bytes"),
        (4, 4, "0 bytes"),
        (9, 9, "1 byte"),
        (15, 15, "3 bytes"),
    ] {
        assert_eq!(
            refusal(&whole[..length]),
            format!(
                "byte {offset}: the file ends within its header: expected 4 bytes, found {found}"
            )
        );
    }
}

#[test]
fn content_cut_short_is_refused() {
    let whole = images();
    let end = whole.len() - 1;
    let said = "byte 27: the file ends too soon: expected 12 bytes after the header, for \
                [2, 2, 3], found 11 bytes";
    assert_eq!(refusal(&whole[..end]), said);
    assert_eq!(refusal(&gzip(&whole[..end])), said);
}

#[test]
fn bytes_after_the_content_are_refused() {
    let mut bytes = images();
    bytes.push(0);
    let said = "byte 28: the file goes on after its content: expected the end of the file, for \
                [2, 2, 3], found more bytes";
    assert_eq!(refusal(&bytes), said);
    assert_eq!(refusal(&gzip(&bytes)), said);
}

#[test]
fn nothing_to_learn_from_is_refused() {
    assert_eq!(
        refusal(&idx(0x08, &[0, 2, 3], &[])),
        "byte 4: there are no images: expected a size of at least 1, found 0"
    );
    for (sizes, offset) in [([2, 0, 3], 8), ([2, 3, 0], 12)] {
        assert_eq!(
            refusal(&idx(0x08, &sizes, &[])),
            format!(
                "byte {offset}: the images have no pixels: expected a size of at least 1, found 0"
            )
        );
    }
    assert_eq!(
        refusal_of_labels(&labels(&[])),
        "byte 4: there are no labels: expected a size of at least 1, found 0"
    );
}

#[test]
fn labels_of_another_number_are_refused() {
    for count in [1, 3] {
        let said = refusal_of_labels(&labels(&vec![0; count]));
        assert!(said.starts_with("byte 4: the labels do not fit the images: expected 2 labels"));
        assert!(
            said.ends_with(&format!("train-images.idx, found {count}")),
            "{said}"
        );
    }
}

#[test]
fn a_gzip_checksum_that_does_not_fit_is_refused() {
    let mut bytes = gzip(&images());
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    assert!(refusal(&bytes).starts_with("byte 28: the gzip data are damaged or cut off: "));
}

#[test]
fn floats_that_are_not_finite_are_refused() {
    let content = [1.0, f64::NAN].map(f64::to_be_bytes).concat();
    let error = open(&folder(&[("images.idx", &idx(0x0e, &[2, 1], &content))])).unwrap_err();
    assert!(
        error
            .place()
            .unwrap()
            .ends_with("images.idx: row 1, column 0 (counted from 0)")
    );
}

// Folders from other programs.
