//! IDX files: what is read, and each way to refuse one.

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

/// What is said of a single file of images with these bytes, after the name of the file.
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

/// What is said of a folder of two images with these labels, after the name of the labels.
fn refusal_of_labels(bytes: &[u8]) -> String {
    let folder = folder(&[("train-images.idx", &images()), ("train-labels.idx", bytes)]);
    let path = folder.path().join("train-labels.idx");
    let text = open(&folder).unwrap_err().to_string();
    text.strip_prefix(&format!("{}: ", path.display()))
        .expect("it begins with the file")
        .to_owned()
}

// What is read.

#[test]
fn a_folder_gives_both_splits_with_their_labels() {
    let one = idx(0x08, &[1, 2, 3], &[9; 6]);
    let folder = folder(&[
        ("train-images-idx3-ubyte", &images()),
        ("train-labels-idx1-ubyte.gz", &gzip(&labels(&[3, 4]))),
        ("t10k-images.idx3-ubyte.gz", &gzip(&one)),
        ("t10k-labels.idx1-ubyte", &labels(&[5])),
        ("README.txt", b"not data"),
    ]);
    let Source { train, test } = open(&folder).unwrap();
    let test = test.unwrap();
    let pixels = array![[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 255]];
    assert_eq!(train.values(), &Values::U8(pixels));
    assert_eq!(train.shape(), [1, 2, 3]);
    assert_eq!(train.labels(), Some(&[3, 4][..]));
    assert_eq!(test.values(), &Values::U8(array![[9, 9, 9, 9, 9, 9]]));
    assert_eq!(test.labels(), Some(&[5][..]));
}

#[test]
fn names_may_vary_and_labels_may_lack() {
    for (train, test) in [
        ("train-images", "test-images"),
        ("train_images.idx", "test_images.idx"),
        ("train.images.gz", "test.images.gz"),
        (
            "EMNIST-letters-train-images-idx3-ubyte",
            "EMNIST-letters-test-images-idx3-ubyte",
        ),
    ] {
        let source = open(&folder(&[(train, &images()), (test, &gzip(&images()))])).unwrap();
        assert_eq!(source.train.labels(), None);
        assert_eq!(source.test.expect(test).values(), source.train.values());
    }
}

#[test]
fn images_of_one_split_alone_are_for_training() {
    for (images_name, labels_name) in [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
        ("images.idx", "labels.idx"),
    ] {
        let folder = folder(&[(images_name, &images()), (labels_name, &labels(&[1, 2]))]);
        let source = open(&folder).unwrap();
        assert_eq!(source.train.labels(), Some(&[1, 2][..]));
        assert!(source.test.is_none());
    }
}

#[test]
fn a_raw_file_goes_before_its_gzipped_copy() {
    let folder = folder(&[
        (
            "train-images-idx3-ubyte.gz",
            &gzip(&idx(0x08, &[1, 1, 1], &[7])),
        ),
        ("train-images-idx3-ubyte", &images()),
    ]);
    assert_eq!(open(&folder).unwrap().train.rows(), 2);
}

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
            let images = Images::read(&path, in_memory, None, false).unwrap();
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
        let error = Images::read(&folder.path().join("raw"), 8, None, false).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

// What is refused.

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
    for (length, offset, found) in [(0, 0, 0), (3, 3, 3), (4, 4, 0), (9, 9, 1), (15, 15, 3)] {
        assert_eq!(
            refusal(&whole[..length]),
            format!(
                "byte {offset}: the file ends within its header: expected 4 bytes, found {found} bytes"
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
fn truncated_gzip_is_refused_wherever_it_is_cut() {
    // Pixels that do not compress, so that some of them come before the cut.
    let pixels: Vec<u8> = (0..90_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let whole = gzip(&idx(0x08, &[100, 30, 30], &pixels));
    for length in [
        2,
        10,
        12,
        40,
        1_000,
        whole.len() / 2,
        whole.len() - 8,
        whole.len() - 1,
    ] {
        let said = refusal(&whole[..length]);
        assert!(said.starts_with("byte "), "{said}");
        assert!(
            said.contains(": the gzip data are damaged or cut off: "),
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

/// Never ends, and counts what is asked of it.
struct Endless<'a> {
    start: &'a [u8],
    read: &'a Cell<usize>,
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = if self.start.is_empty() {
            out.fill(0);
            out.len()
        } else {
            self.start.read(out)?
        };
        self.read.set(self.read.get() + count);
        Ok(count)
    }
}

#[test]
fn endless_content_is_left_at_the_first_byte_too_many() {
    let read = Cell::new(0);
    let whole = images();
    let endless = Endless {
        start: &whole,
        read: &read,
    };
    let mut endless = endless;
    let header = IdxHeader::read(&mut endless, IdxContent::Images).unwrap();
    let plan = ArrayPlan::new(&[2, 2, 3], None).unwrap();
    let error = header.images(endless, 1000, plan).unwrap_err();
    assert_eq!(error.place(), Some("byte 28"));
    assert_eq!(read.get(), whole.len() + 1);
}

#[test]
fn a_gzip_bomb_is_left_at_the_first_byte_too_many() {
    // 64 MB in some 300 kB; unpacking them all would show in the time, not in the answer.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&images()).unwrap();
    io::copy(&mut io::repeat(0).take(64 << 20), &mut encoder).unwrap();
    let said = refusal(&encoder.finish().unwrap());
    assert!(
        said.starts_with("byte 28: the file goes on after its content"),
        "{said}"
    );
}

#[test]
fn a_header_that_promises_terabytes_costs_no_memory() {
    // 2^40 bytes are promised and 300,000 are there.
    let held = vec![7; 300_000];
    assert_eq!(
        refusal(&idx(0x08, &[1 << 20, 1 << 10, 1 << 10], &held)),
        "byte 300016: the file ends too soon: expected 1099511627776 bytes after the header, for \
         [1048576, 1024, 1024], found 300000 bytes"
    );
    let mut bytes = Vec::new();
    read_growing(&mut &held[..], &mut bytes, 1 << 40).unwrap();
    assert_eq!(bytes, held);
    assert!(bytes.capacity() <= 2 * held.len(), "{}", bytes.capacity());
}

#[test]
fn sizes_whose_product_overflows_are_refused() {
    assert_eq!(
        refusal(&idx(0x0e, &[u32::MAX, u32::MAX, u32::MAX], &[0; 100])),
        "byte 4: the sizes promise more than any file can hold: expected sizes whose product is \
         a length in bytes, found [4294967295, 4294967295, 4294967295]"
    );
}

#[test]
fn two_files_of_a_sort_are_refused() {
    let sets = folder(&[("a-train-images", &images()), ("b-train-images", &images())]);
    let said = open(&sets).unwrap_err().to_string();
    assert!(
        said.contains("the folder has 2 sets, a and b (choose one, `--data "),
        "{said}"
    );
    let twice = folder(&[("train-images", &images()), ("train.images", &images())]);
    let error = open(&twice).unwrap_err();
    assert!(error.to_string().contains("two files could be meant"));
    let found = error.what_was_found().unwrap();
    assert!(
        found.contains("train-images") && found.contains("train.images"),
        "{found}"
    );
}

#[test]
fn labels_without_their_images_are_refused() {
    for (images_name, labels_name) in [
        ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
        ("t10k-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ] {
        let folder = folder(&[(images_name, &images()), (labels_name, &labels(&[1, 2]))]);
        let error = open(&folder).unwrap_err();
        assert!(error.place().unwrap().ends_with(labels_name));
        assert!(
            error.to_string().contains("labels without images"),
            "{error}"
        );
    }
}

#[test]
fn splits_of_different_sizes_are_refused() {
    let small = idx(0x08, &[1, 1, 1], &[7]);
    let error = open(&folder(&[
        ("train-images", &images()),
        ("test-images", &small),
    ]))
    .unwrap_err();
    assert_eq!(error.what_was_expected(), Some("[1, 2, 3]"));
    assert_eq!(error.what_was_found(), Some("[1, 1, 1]"));
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

// Folders of others.

#[test]
fn the_class_of_qmnist_is_the_first_column() {
    let columns = |classes: &[i32]| {
        let row = |class: &i32| [*class, 7, 7, 7, 7, 7, 7, 7].map(i32::to_be_bytes).concat();
        let rows = classes.iter().flat_map(row).collect::<Vec<_>>();
        idx(0x0c, &[classes.len() as u32, 8], &rows)
    };
    let files = folder(&[
        ("qmnist-train-images-idx3-ubyte.gz", &gzip(&images())),
        ("qmnist-train-labels-idx2-int.gz", &gzip(&columns(&[4, 9]))),
    ]);
    let train = open(&files).unwrap().train;
    assert_eq!(train.labels(), Some(&[4, 9][..]));
    assert!(train.notes()[0].contains("used the first of 8 columns (the class)"));
    let said = refusal_of_labels(&idx(0x0c, &[2, 3], &[0; 24]));
    assert!(
        said.contains("or the 8 columns of QMNIST, found [2, 3]"),
        "{said}"
    );
}

#[test]
fn a_set_of_emnist_is_chosen_and_its_images_are_set_upright() {
    let files = folder(&[
        (
            "emnist-letters-train-images-idx3-ubyte.gz",
            &gzip(&images()),
        ),
        (
            "emnist-letters-train-labels-idx1-ubyte.gz",
            &gzip(&labels(&[1, 2])),
        ),
        ("emnist-digits-train-images-idx3-ubyte.gz", &gzip(&images())),
        ("emnist-digits-test-images-idx3-ubyte.gz", &gzip(&images())),
    ]);
    let said = open(&files).unwrap_err().to_string();
    assert!(
        said.contains("the folder has 2 sets, digits and letters (choose one, "),
        "{said}"
    );
    let spec = |set: &str| format!("{}:{set}", files.path().display());
    let Source { train, test } = Source::open(&spec("letters")).unwrap();
    assert_eq!(train.labels(), Some(&[1, 2][..]));
    assert_eq!(train.shape(), [1, 3, 2]);
    let upright = array![[0, 3, 1, 4, 2, 5], [6, 9, 7, 10, 8, 255]];
    assert_eq!(train.values(), &Values::U8(upright));
    assert!(train.notes()[0].contains("stores images transposed"));
    assert!(test.is_none());
    let digits = Source::open(&spec("emnist-digits:test")).unwrap();
    assert!(digits.test.is_none() && digits.train.name().contains("digits-test"));
    let said = Source::open(&spec("leters")).unwrap_err().to_string();
    assert!(said.contains("there is no set `leters`"), "{said}");
    assert_eq!(Source::path_of(&spec("letters")).unwrap(), files.path());
}

#[test]
fn a_single_file_has_the_labels_beside_it() {
    let files = folder(&[
        ("t10k-images-idx3-ubyte.gz", &gzip(&images())),
        ("t10k-labels-idx1-ubyte", &labels(&[8, 9])),
        ("train-labels-idx1-ubyte", &labels(&[1])),
    ]);
    let path = files.path().join("t10k-images-idx3-ubyte.gz");
    let train = Source::open(path.to_str().unwrap()).unwrap().train;
    assert_eq!(train.labels(), Some(&[8, 9][..]));
    assert!(train.notes()[0].contains("t10k-labels-idx1-ubyte"));
}

#[test]
fn the_folders_of_torchvision_are_found_or_named() {
    let root = tempfile::tempdir().unwrap();
    let fill = |name: &str| {
        let raw = root.path().join(name).join("raw");
        fs::create_dir_all(&raw).unwrap();
        fs::write(raw.join("train-images-idx3-ubyte"), images()).unwrap();
    };
    fill("MNIST");
    for place in [root.path().to_path_buf(), root.path().join("MNIST")] {
        let train = Source::open(place.to_str().unwrap()).unwrap().train;
        assert_eq!(train.rows(), 2);
        assert!(
            train.notes()[0].contains("MNIST/raw"),
            "{:?}",
            train.notes()
        );
    }
    fill("KMNIST");
    let said = open(&root).unwrap_err().to_string();
    assert!(
        said.contains("KMNIST/raw") && said.contains("/MNIST/raw"),
        "{said}"
    );
}

#[test]
fn a_row_that_its_packed_file_does_not_justify_is_refused() {
    for sizes in [[1, 1 << 14, 1 << 15], [1, 1 << 12, 1 << 13]] {
        let said = {
            let folder = folder(&[("images.idx", &gzip(&idx(0x08, &sizes, &[0; 64])))]);
            let error =
                Source::open(folder.path().join("images.idx").to_str().unwrap()).unwrap_err();
            error.to_string()
        };
        assert!(
            said.contains("a row has more values than are read")
                || said.contains("a row is far larger than the compressed file"),
            "{said}"
        );
    }
}

#[test]
fn no_flipped_bit_of_a_packed_file_gives_other_values() {
    let whole = gzip(&images());
    let folder = folder(&[("images.idx", &whole)]);
    let path = folder.path().join("images.idx");
    let open = || Source::open(path.to_str().unwrap()).map(|source| source.train);
    let good = open().unwrap();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        if let Ok(data) = open() {
            assert_eq!(data.values(), good.values(), "bit {bit}");
        }
    }
}
