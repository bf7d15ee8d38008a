//! Arrays of NumPy.

use super::*;

#[test]
fn arrays_have_rows_of_any_shape_and_type() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0..12).collect();
    for (shape, row) in [
        ("(3, 4)", &[4][..]),
        ("(3, 2, 2)", &[1, 2, 2]),
        ("(3, 1, 2, 2)", &[1, 2, 2]),
    ] {
        let data = Source::open(&folder.put("rows.npy", npy("|u1", shape, &bytes)))
            .unwrap()
            .train;
        assert_eq!((data.rows(), data.shape()), (3, row));
        assert!(data.is_8_bit());
    }
    let of = |kind: &str, bytes: Vec<u8>| {
        let spec = folder.put("rows.npy", npy(kind, "(2, 1)", &bytes));
        Source::open(&spec).unwrap().train.to_array()
    };
    let expected = array![[2.0], [-3.0]];
    assert_eq!(
        of("<f8", [2.0_f64, -3.0].map(f64::to_le_bytes).concat()),
        expected
    );
    assert_eq!(
        of(">f4", [2.0_f32, -3.0].map(f32::to_be_bytes).concat()),
        expected
    );
    assert_eq!(
        of("<i8", [2_i64, -3].map(i64::to_le_bytes).concat()),
        expected
    );
    assert_eq!(
        of("<i2", [2_i16, -3].map(i16::to_le_bytes).concat()),
        expected
    );
    assert_eq!(of("|i1", vec![2, 253]), expected);
}

#[test]
fn arrays_stored_column_by_column_are_turned() {
    let folder = Folder::new();
    let rows = [1.0_f32, 4.0, 2.0, 5.0, 3.0, 6.0]
        .map(f32::to_le_bytes)
        .concat();
    let bytes = npy("<f4", "(2, 3)", &rows);
    let text = String::from_utf8_lossy(&bytes[10..90]).replace("False", "True ");
    let mut turned = bytes[..10].to_vec();
    turned.extend(text.as_bytes());
    turned.extend(&bytes[90..]);
    let head = bytes.len() - rows.len();
    assert!(head > 60);
    let mut file = bytes[..10].to_vec();
    file.extend(
        String::from_utf8_lossy(&bytes[10..head])
            .replace("False", "True ")
            .as_bytes(),
    );
    file.extend(&rows);
    let data = Source::open(&folder.put("rows.npy", file)).unwrap().train;
    assert_eq!(data.to_array(), array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
}

#[test]
fn damaged_and_foreign_arrays_are_refused() {
    let folder = Folder::new();
    let good = npy("<f4", "(2, 2)", &[0; 16]);
    let refuse = |bytes: &[u8]| text(Source::open(&folder.put("rows.npy", bytes)));
    let error = refuse(&good[..good.len() - 5]);
    assert!(
        error.contains("the file ends too soon") && error.contains("found 11 bytes"),
        "{error}"
    );
    for length in [0, 3, 9, 30] {
        assert!(refuse(&good[..length]).contains("header"), "{length}");
    }
    assert!(refuse(b"PK\x03\x04 and so on, for long").contains("a ZIP archive that is damaged"));
    assert!(refuse(b"hello").contains("not an NPY file"));
    assert!(refuse(&npy("<c8", "(2, 2)", &[0; 32])).contains("a type that is not read"));
    assert!(refuse(&npy("|O", "(2, 2)", &[0; 32])).contains("type"));
    assert!(refuse(&npy("<f4", "(0, 2)", &[])).contains("at least 1"));
    assert!(refuse(&npy("<f4", "(4,)", &[0; 16])).contains("does not hold rows"));
    assert!(refuse(&npy("<f4", "(99999999999, 99999999999)", &[0; 16])).contains("rows"));
    assert!(
        refuse(&npy("<f4", "(4000000000, 9000000000)", &[0; 16])).contains("larger than any file")
    );
    assert!(refuse(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").contains("too long"));
    let spec = folder.put("rows.npy", &good);
    let options = ReadOptions {
        columns: vec!["a".into()],
        ..ReadOptions::default()
    };
    assert!(text(Source::open_with(&spec, &options)).contains("option for tables"));
}

fn npz(folder: &Folder, name: &str, arrays: &[(&str, Vec<u8>)]) -> String {
    let mut writer = zip::ZipWriter::new(fs::File::create(folder.path(name)).unwrap());
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    folder.spec(name)
}

#[test]
fn arrays_in_an_archive_may_have_labels_and_parts() {
    let folder = Folder::new();
    let rows = |count: u8| {
        npy(
            "|u1",
            &format!("({count}, 2, 2)"),
            &vec![7; 4 * count as usize],
        )
    };
    let labels = |count: i64| {
        let bytes: Vec<u8> = (0..count).flat_map(i64::to_le_bytes).collect();
        npy("<i8", &format!("({count},)"), &bytes)
    };
    let parts = npz(
        &folder,
        "parts.npz",
        &[
            ("x_train", rows(3)),
            ("y_train", labels(3)),
            ("x_test", rows(2)),
            ("y_test", labels(2)),
        ],
    );
    let source = Source::open(&parts).unwrap();
    assert_eq!(source.train.labels().unwrap(), [0, 1, 2]);
    assert_eq!(source.test.unwrap().labels().unwrap(), [0, 1]);
    let test = Source::open(&format!("{parts}:test")).unwrap();
    assert_eq!((test.train.rows(), test.test.is_none()), (2, true));
    let one = npz(&folder, "one.npz", &[("a", rows(3)), ("which", labels(3))]);
    assert!(Source::open(&one).unwrap().train.labels().is_none());
    let options = ReadOptions {
        label: Some("which".into()),
        ..ReadOptions::default()
    };
    let with = Source::open_with(&one, &options).unwrap().train;
    assert_eq!(with.labels().unwrap(), [0, 1, 2]);
    // Told by the header: the labels themselves are cut off.
    let mut many = labels(4_000_000);
    many.truncate(200);
    let many = npz(&folder, "many.npz", &[("a", rows(3)), ("labels", many)]);
    let error = text(Source::open(&many));
    assert!(
        error.contains("array `labels`: the labels do not fit the rows: expected 3 labels, one a row, found 4000000"),
        "{error}"
    );
    let two = npz(&folder, "two.npz", &[("a", rows(3)), ("b", rows(3))]);
    assert!(text(Source::open(&two)).contains("it is not clear which array holds the rows"));
    let whole = fs::read(&one).unwrap();
    assert!(
        text(Source::open(
            &folder.put("cut.npz", &whole[..whole.len() / 2])
        ))
        .contains("damaged")
    );
    assert!(text(Source::open("mnist:tset")).contains("no such file"));
    assert!(text(Source::open(&format!("{one}:test"))).contains("there is no part `test`"));
}

#[test]
fn eight_bits_stay_eight_bits_in_an_array() {
    let folder = Folder::new();
    let values = Array2::from_shape_fn((9, 4), |(row, column)| (row * 28 + column) as u8);
    let data = Dataset::new("rows", Values::U8(values), vec![1, 2, 2], None).unwrap();
    write_data(&data, &folder.path("rows.npy"), |_| Ok(())).unwrap();
    let file = fs::read(folder.path("rows.npy")).unwrap();
    assert!(file.ends_with(&[224, 225, 226, 227]));
    let read = Source::open(&folder.spec("rows.npy")).unwrap().train;
    assert_eq!((read.values(), read.shape()), (data.values(), data.shape()));
}

#[test]
fn numbers_are_written_short_and_read_back_the_same() {
    let of_bits = (0..2000_u32)
        .map(|n| f32::from_bits(n * 2_147_483))
        .filter(|x| x.is_finite());
    let known = [
        0.0,
        1e-40,
        1.5e-7,
        1e-5,
        0.1,
        -1234.5,
        16_777_216.0,
        3e15,
        1e16,
        f32::MAX,
        f32::MIN_POSITIVE,
    ];
    let numbers: Vec<f32> = known.into_iter().chain(of_bits).collect();
    for &value in &numbers {
        let text = number(value);
        assert_eq!(text.parse(), Ok(value), "{text}");
        assert!(text.len() <= 18, "{text}");
    }
    assert_eq!(
        [1e-40, 1.5e-7, 0.1, 16_777_216.0, 1e30].map(number),
        ["1e-40", "1.5e-7", "0.1", "16777216", "1e30"]
    );
    let folder = Folder::new();
    let values = Array2::from_shape_vec((numbers.len(), 1), numbers).unwrap();
    let data = Dataset::from_array(values.view()).unwrap();
    write_data(&data, &folder.path("rows.csv"), |_| Ok(())).unwrap();
    let read = Source::open(&folder.spec("rows.csv")).unwrap().train;
    assert_eq!(read.to_array(), values);
}
