//! Columns of tables: constant ones, names, and labels.

use super::*;

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
    let constant = info.columns().filter(|column| column.is_constant());
    assert_eq!(
        constant.map(|column| column.name()).collect::<Vec<_>>(),
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
    let training = info.training.unwrap().to_string();
    assert!(
        training.starts_with("`run::run(\"table\", data = ") && training.ends_with("gray.npy)`"),
        "{training}"
    );
}

#[test]
fn means_are_kept_where_nothing_is_missing() {
    let folder = Folder::new();
    let whole = folder.put("whole.csv", "a,b\n1,2\n3,6\n");
    let mean = ReadOptions {
        missing: Some(Missing::Mean),
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
fn a_first_line_of_numbers_is_taken_for_a_row_aloud() {
    let folder = Folder::new();
    let spec = folder.put("years.csv", "2020,2021\n1,7\n3,4\n");
    let data = Source::open(&spec).unwrap().train;
    assert_eq!((data.rows(), &data.columns().unwrap()[1][..]), (2, "2021"));
    assert!(
        data.notes()
            .iter()
            .any(|note| note.contains("`header = no`"))
    );
    let rows = folder.put("rows.csv", "12,15\n1,7\n3,4\n");
    let data = Source::open(&rows).unwrap().train;
    assert_eq!(data.rows(), 3);
    assert!(
        data.notes()
            .iter()
            .any(|note| note.contains("`header = yes`")),
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
        let asks = data.notes().iter().any(|note| note.contains("`header = "));
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
