//! What is kept and said of each kind of source: types, transparency, decimals, labels, missing values.

use narrows::Recipe;
use narrows::data::{Info, Missing, ReadOptions, Source, ValuesInfo, describe, list_of_names};
use narrows::scaling::ScalingSpec;
use narrows::train::Training;
use ndarray::{Array2, array};
use std::fs;
use std::io::Write;
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

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.spec(name)
    }

    fn spec(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_string()
    }
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn refused(spec: &str, options: &ReadOptions) -> String {
    Source::open_with(spec, options).unwrap_err().to_string()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.into()).collect()
}

fn drop(dropped: &[&str]) -> ReadOptions {
    ReadOptions {
        drop: names(dropped),
        ..ReadOptions::default()
    }
}

fn label(name: &str) -> ReadOptions {
    ReadOptions {
        label: Some(name.into()),
        ..ReadOptions::default()
    }
}

/// An `.npy` file.
fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn the_type_is_that_of_the_file() {
    let folder = Folder::new();
    let type_name = |kind: &str, bytes: Vec<u8>| {
        let spec = folder.put("rows.npy", npy(kind, "(2, 1)", &bytes));
        summary(&spec).type_name
    };
    let of_64 = type_name("<f8", [0.5_f64, 1.0].map(f64::to_le_bytes).concat());
    assert_eq!(of_64, "64-bit floating-point values");
    let of_16 = type_name("<i2", [1_i16, 2].map(i16::to_le_bytes).concat());
    assert_eq!(of_16, "16-bit integers");
    let unsigned = type_name("<u8", [0, u64::MAX].map(u64::to_le_bytes).concat());
    assert_eq!(unsigned, "64-bit integers without a sign");
    let of_32 = type_name("<f4", [0.5_f32, 1.0].map(f32::to_le_bytes).concat());
    assert_eq!(of_32, "32-bit floating-point values");
}

/// What is said of arrays and images.
fn summary(spec: &str) -> ValuesInfo {
    match describe(&[spec], &ReadOptions::default())
        .unwrap()
        .remove(0)
    {
        Info::Values(info) => info,
        other => panic!("{other:?}"),
    }
}

#[test]
fn data_of_0_and_1_are_not_squeezed() {
    let folder = Folder::new();
    let bits = [1, 0, 0, 1, 1, 1];
    let booleans = folder.put("bool.npy", npy("|b1", "(3, 2)", &bits));
    let booleans = Source::open(&booleans).unwrap().train;
    assert_eq!(
        booleans.to_array(),
        array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    );
    assert!(!booleans.is_8_bit());
    assert_eq!(booleans.type_name(), "booleans");
    assert_eq!(ScalingSpec::usual(&booleans).name(), "standardize");

    let bytes = folder.put("u8.npy", npy("|u1", "(3, 2)", &bits));
    let bytes = Source::open(&bytes).unwrap().train;
    assert_eq!(ScalingSpec::usual(&bytes), ScalingSpec::None);
    let mut recipe = Recipe::named("simple-linear").unwrap();
    let warnings = |recipe: &Recipe| -> String {
        let training = Training::new(recipe, &bytes, 1).unwrap();
        let warnings = training.warnings().iter().map(ToString::to_string);
        warnings.collect()
    };
    assert!(warnings(&recipe).contains("turns 1 into 0.003922"));
    recipe.scaling = None;
    assert!(!warnings(&recipe).contains("scaling"));
    let pixels = folder.put("pixels.npy", npy("|u1", "(3, 2)", &[1, 0, 0, 2, 0, 0]));
    let pixels = Source::open(&pixels).unwrap().train;
    assert_eq!(ScalingSpec::usual(&pixels), ScalingSpec::Unit);
}

#[test]
fn an_array_with_gaps_is_described_and_what_training_says_is_told() {
    let folder = Folder::new();
    let values = [1.0_f32, f32::NAN, 3.0, 4.0];
    let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
    let spec = folder.put("gaps.npy", npy("<f4", "(2, 2)", &bytes));
    let described = |missing| {
        let options = ReadOptions {
            missing,
            ..ReadOptions::default()
        };
        let info = describe(&[&spec], &options).unwrap().remove(0);
        match info {
            Info::Values(info) => (info.refusals, info.command.unwrap()),
            _ => panic!("an array is no table"),
        }
    };
    let (refusals, command) = described(Missing::Refuse);
    assert!(refusals[0].contains("--missing mean"), "{refusals:?}");
    assert!(command.contains("--missing mean"), "{command}");
    assert_eq!(described(Missing::Mean).0, [""; 0]);
}

#[test]
fn constant_columns_are_told_before_training() {
    let folder = Folder::new();
    let spec = folder.put("table.csv", "a,b,c\n1,2,0\n3,2,0\n4,2,1\n");
    let Info::Table(info) = describe(&[&spec], &ReadOptions::default())
        .unwrap()
        .remove(0)
    else {
        panic!("no table");
    };
    let constant = info.columns.iter().filter(|column| column.is_constant());
    assert_eq!(
        constant.map(|column| &column.name).collect::<Vec<_>>(),
        ["b"]
    );
    assert!(
        info.remarks
            .iter()
            .any(|text| text.starts_with("1 column is constant: `b`")),
        "{:?}",
        info.remarks
    );
    let gray = folder.put("gray.npy", npy("<f4", "(2, 1, 1)", &[0; 8]));
    let info = summary(&gray);
    assert_eq!(info.constant, ["all values"]);
    let command = info.command.unwrap();
    assert!(
        command.starts_with("narrows train table --data ") && command.ends_with("gray.npy"),
        "{command}"
    );
}

#[test]
fn an_error_names_its_file_once_and_large_numbers_are_read() {
    let folder = Folder::new();
    let spec = folder.put(
        "rows.npy",
        npy(
            "<f8",
            "(2, 1)",
            &[0.0, 1e300].map(f64::to_le_bytes).concat(),
        ),
    );
    // No float32 is as large, and none needs to be before the values are scaled.
    let data = Source::open(&spec).unwrap().train;
    assert_eq!(data.range(), (0.0, 1e300));
    let spec = folder.put("rows.npy", npy("<f4", "(1, 1)", &f32::NAN.to_le_bytes()));
    let said = refused(&spec, &ReadOptions::default());
    assert!(said.contains("missing values"), "{said}");
    assert_eq!(said.matches("rows.npy").count(), 1, "{said}");
}

#[test]
fn means_are_kept_where_nothing_is_missing() {
    let folder = Folder::new();
    let whole = folder.put("whole.csv", "a,b\n1,2\n3,6\n");
    let mean = ReadOptions {
        missing: Missing::Mean,
        ..ReadOptions::default()
    };
    let data = Source::open_with(&whole, &mean).unwrap().train;
    assert_eq!((data.missing(), data.fill().unwrap()), (0, &[2.0, 4.0][..]));
    // What a model says goes before the means of the rows at hand.
    let holes = folder.put("holes.csv", "a,b\n,100\n50,\n");
    let of_model = ReadOptions {
        model_columns: Some(names(&["a", "b"])),
        fill: Some(vec![2.0, 4.0]),
        ..mean
    };
    let data = Source::open_with(&holes, &of_model).unwrap().train;
    assert_eq!(data.to_array(), array![[2.0, 100.0], [50.0, 4.0]]);
    assert!(
        data.notes()[1]
            .starts_with("2 missing cells were filled with the means of the training rows"),
        "{:?}",
        data.notes()
    );
}

#[test]
fn whole_numbers_with_a_point_are_labels_of_numbers() {
    let folder = Folder::new();
    let spec = folder.put("table.csv", "a,y\n1,0.0\n2,1.0\n3,1\n");
    let data = Source::open_with(&spec, &label("y")).unwrap().train;
    assert_eq!(data.labels().unwrap(), [0, 1, 1]);
    assert!(data.label_names().is_empty());
    let spec = folder.put("table.csv", "a,y\n1,0.5\n2,1.0\n");
    let data = Source::open_with(&spec, &label("y")).unwrap().train;
    assert_eq!(data.label_names(), ["0.5", "1.0"]);
}

#[test]
fn a_first_line_of_numbers_is_taken_for_a_row_aloud() {
    let folder = Folder::new();
    let spec = folder.put("years.csv", "2020,2021\n1,7\n3,4\n");
    let data = Source::open(&spec).unwrap().train;
    assert_eq!((data.rows(), &data.columns().unwrap()[1][..]), (2, "2021"));
    assert!(
        data.notes()
            .iter()
            .any(|note| note.contains("`--header no`"))
    );
    let rows = folder.put("rows.csv", "12,15\n1,7\n3,4\n");
    let data = Source::open(&rows).unwrap().train;
    assert_eq!(data.rows(), 3);
    assert!(
        data.notes()
            .iter()
            .any(|note| note.contains("`--header yes`")),
        "{:?}",
        data.notes()
    );
    for (header, rows) in [(true, 2), (false, 3)] {
        let options = ReadOptions {
            header: Some(header),
            ..ReadOptions::default()
        };
        let data = Source::open_with(&spec, &options).unwrap().train;
        assert_eq!(data.rows(), rows);
        // What a person says is not asked about.
        let asks = data.notes().iter().any(|note| note.contains("`--header"));
        assert!(!asks, "{:?}", data.notes());
    }
}

#[test]
fn names_with_commas_are_quoted() {
    assert_eq!(list_of_names("a,b"), ["a", "b"]);
    assert_eq!(
        list_of_names(r#""a,b",c,"d ""e""""#),
        ["a,b", "c", "d \"e\""]
    );
    assert!(list_of_names("").is_empty());
    let folder = Folder::new();
    let spec = folder.put("table.csv", "\"a,b\",c\n1,2\n3,4\n");
    let options = ReadOptions {
        drop: list_of_names("\"a,b\""),
        ..ReadOptions::default()
    };
    let data = Source::open_with(&spec, &options).unwrap().train;
    assert_eq!(data.columns().unwrap(), ["c"]);
}

#[test]
fn columns_of_one_name_can_be_left_out() {
    let folder = Folder::new();
    let spec = folder.put("table.csv", "a,b,a\n1,2,3\n4,5,6\n");
    let data = Source::open_with(&spec, &drop(&["a"])).unwrap().train;
    assert_eq!(data.columns().unwrap(), ["b"]);
    assert!(
        refused(&spec, &drop(&["c"])).contains("there is no column `c`, which `drop` asks for")
    );
}

fn npz(folder: &Folder, arrays: &[(&str, Vec<u8>)]) -> String {
    let mut writer = zip::ZipWriter::new(fs::File::create(folder.path("arrays.npz")).unwrap());
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    folder.spec("arrays.npz")
}

#[test]
fn labels_of_an_archive_may_be_floats_and_a_column() {
    let folder = Folder::new();
    let x = npy("<f4", "(2, 3)", &[0; 24]);
    let floats = |values: [f64; 2], shape| {
        let bytes = values.map(f64::to_le_bytes).concat();
        npy("<f8", shape, &bytes)
    };
    for shape in ["(2,)", "(2, 1)"] {
        for options in [ReadOptions::default(), label("y")] {
            let spec = npz(
                &folder,
                &[("x", x.clone()), ("y", floats([1.0, 0.0], shape))],
            );
            let data = Source::open_with(&spec, &options).unwrap().train;
            assert_eq!((data.inputs(), data.labels().unwrap()), (3, &[1, 0][..]));
        }
        let spec = npz(
            &folder,
            &[("x", x.clone()), ("y", floats([1.0, 0.5], shape))],
        );
        let data = Source::open(&spec).unwrap().train;
        assert!(data.labels().is_none());
        assert!(
            data.notes()[0].contains("array `y`") && data.notes()[0].contains("0.5"),
            "{:?}",
            data.notes()
        );
        let said = refused(&spec, &label("y"));
        assert!(
            said.contains("row 1") && said.contains("found 0.5 among 64-bit"),
            "{said}"
        );
    }
    let spec = npz(
        &folder,
        &[("x", x.clone()), ("hot", floats([1.0, 0.5], "(1, 2)"))],
    );
    let said = refused(&spec, &label("hot"));
    assert!(
        said.contains("array `hot`: these are not labels") && said.contains("[1, 2]"),
        "{said}"
    );
    let data = Source::open(&spec).unwrap().train;
    assert!(
        data.notes()[0].starts_with("the rows are `x`; left out: `hot`"),
        "{:?}",
        data.notes()
    );
    // A lone column is rows, whatever it is called.
    let spec = npz(&folder, &[("y", floats([1.0, 0.5], "(2, 1)"))]);
    assert_eq!(Source::open(&spec).unwrap().train.rows(), 2);
}

#[test]
fn decimals_and_short_floats_of_parquet_are_numbers() {
    for name in ["numbers.parquet", "numbers-as-integers.parquet"] {
        let apart = ["list", "when", "text"];
        let data = Source::open_with(&fixture(name), &drop(&apart))
            .unwrap()
            .train;
        assert_eq!(
            data.columns().unwrap(),
            ["small", "middle", "large", "half"]
        );
        let expected = array![
            [
                1.25,
                1.5,
                12_345_678_901_234_567_890_123_456_789_012_345_678.0,
                0.5
            ],
            [-0.05, -123_456_789_012_345.67, -1.0, -65504.0],
            [999.99, 0.0, 7.0, 5.960_464_5e-8],
        ];
        assert_eq!(data.to_array(), expected, "{name}");
        let with_ids = ReadOptions {
            columns: names(&["half"]),
            ids: names(&["middle", "large"]),
            label: Some("small".into()),
            ..ReadOptions::default()
        };
        let data = Source::open_with(&fixture(name), &with_ids).unwrap().train;
        assert_eq!(
            data.ids()[0].values,
            ["1.500", "-123456789012345.678", "0.000"]
        );
        assert_eq!(
            data.ids()[1].values,
            ["12345678901234567890123456789012345678", "-1", "7"]
        );
        assert_eq!(data.label_names(), ["-0.05", "1.25", "999.99"]);
        for (kept, found) in [
            (
                "list",
                "unsupported type (lists of different lengths, maps or bytes)",
            ),
            ("when", "points in time"),
            ("text", "words"),
        ] {
            let others: Vec<&str> = apart.into_iter().filter(|name| *name != kept).collect();
            let data = Source::open_with(&fixture(name), &drop(&others))
                .unwrap()
                .train;
            let said = data.notes().join("; ");
            let expected = match kept {
                "list" => format!("left out 1 column of {found}: `list`"),
                _ => format!("left out 1 column that is not numeric: `{kept}` ({found})"),
            };
            assert!(said.contains(&expected), "{said}");
            let asked = ReadOptions {
                columns: names(&[kept]),
                ..ReadOptions::default()
            };
            let said = refused(&fixture(name), &asked);
            assert!(
                said.contains(&format!("column `{kept}`: a model learns from numbers")),
                "{said}"
            );
        }
    }
}

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
        data.notes()[0].starts_with("2 images in deeper folders left out"),
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
