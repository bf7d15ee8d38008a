//! Numbers, decimals and times in their own types.

use super::*;

#[test]
fn numbers_are_read_in_their_own_type() {
    for file in ["types", "types-v2"] {
        let least_and_most = [
            ("i8", ["-128", "127"]),
            ("i16", ["-32768", "32767"]),
            ("i32", ["-2147483648", "2147483647"]),
            ("i64", ["-9223372036854775808", "9223372036854775807"]),
            ("u8", ["0", "255"]),
            ("u16", ["0", "65535"]),
            ("u32", ["0", "4294967295"]),
            ("u64", ["0", "18446744073709551615"]),
        ];
        for (column, [least, most]) in least_and_most {
            let right = [least, most, "-", "0", "1", "2"];
            assert_eq!(numbers(file, column), right, "{file} {column}");
            let right = [least, most, "", "0", "1", "2"];
            assert_eq!(texts(file, column), right, "{file} {column}");
        }
        assert_eq!(numbers(file, "flag"), ["1", "0", "-", "1", "0", "1"]);
        let words = ["true", "false", "", "true", "false", "true"];
        assert_eq!(texts(file, "flag"), words);
        assert_eq!(
            numbers(file, "number_category"),
            ["10", "20", "-", "10", "20", "10"]
        );
        assert_eq!(numbers(file, "nothing"), ["-"; 6]);
        assert_eq!(
            numbers(file, "point.x"),
            ["1.0", "-", "-", "4.0", "4.0", "4.0"]
        );
        assert_eq!(numbers(file, "point.y"), ["2", "3", "-", "5", "5", "5"]);
    }
}

#[test]
fn infinite_numbers_are_bad_cells_and_nan_is_missing() {
    for file in ["types", "types-v2"] {
        let read = |column| shown(&mut open_fixture(file), column, As::Numbers);
        let half = ["0.5", "-65504.0", "-", "-", "5.9604645e-8", "-0.0"];
        let half = half.map(String::from).to_vec();
        assert_eq!(read("f16"), (half, vec![(3, "inf".into())]), "{file}");
        let single = ["0.1", "3.4e38", "-", "-", "-", "1.0"].map(String::from);
        assert_eq!(read("f32"), (single.to_vec(), vec![(3, "-inf".into())]));
        let double = ["0.1", "1.7e308", "-", "-", "-", "-1e-300"].map(String::from);
        assert_eq!(read("f64"), (double.to_vec(), vec![(3, "inf".into())]));
        let as_text = ["0.1", "1.7e308", "", "inf", "", "-1e-300"];
        assert_eq!(texts(file, "f64"), as_text);
    }
}

#[test]
fn decimals_are_exact_as_text_and_nearest_as_numbers() {
    for file in ["types", "types-v2"] {
        let nine = ["1.25", "-0.05", "-", "9999999.99", "0.0", "7.0"];
        assert_eq!(numbers(file, "d9"), nine);
        let nine = ["1.25", "-0.05", "", "9999999.99", "0.00", "7.00"];
        assert_eq!(texts(file, "d9"), nine);
        assert_eq!(
            numbers(file, "d18")[1],
            format!("{:?}", "-123456789012345.678".parse::<f64>().unwrap())
        );
        assert_eq!(texts(file, "d18")[1], "-123456789012345.678");
        assert_eq!(numbers(file, "d38")[0], "0.1");
        assert_eq!(numbers(file, "d38")[1], format!("{:?}", -4.0_f64 / 3.0));
        assert_eq!(texts(file, "d38")[1], format!("-1.{}", "3".repeat(37)));
        assert_eq!(texts(file, "d76")[0], format!("{}.50", "1".repeat(60)));
        assert_eq!(texts(file, "d76")[1], "-0.10");
        let nearest: f64 = format!("{}.5", "1".repeat(60)).parse().unwrap();
        assert_eq!(numbers(file, "d76")[0], format!("{nearest:?}"));
    }
}

#[test]
fn decimals_without_digits_behind_the_point_are_whole_numbers() {
    for file in ["whole-decimals", "whole-decimals-as-integers"] {
        for column in ["d17", "d18"] {
            let most = "9".repeat(17);
            let (least, gap) = (format!("-{most}"), String::new());
            assert_eq!(numbers(file, column), [&most, &least, "-"], "{file}");
            assert_eq!(texts(file, column), [most, least, gap], "{file}");
        }
    }
}

#[test]
fn integers_that_their_type_does_not_have_are_damage() {
    let error = everything(ParquetTable::open(&fixture("wrapped"), "w")).unwrap_err();
    let right = "expected integers of 8 bits, found 333";
    assert!(error.to_string().contains(right), "{error}");
}

#[test]
fn words_and_times_are_read_as_text() {
    for file in ["types", "types-v2"] {
        assert_eq!(texts(file, "text"), ["x", "", "", "émile", "5", "x"]);
        assert_eq!(texts(file, "bytes"), ["ab", "0xff00", "", "", "c", "d"]);
        assert_eq!(texts(file, "category"), ["x", "y", "", "x", "y", "x"]);
        let days = [
            "1970-01-01",
            "1969-12-31",
            "",
            "2024-02-29",
            "2000-02-29",
            "0000-01-01",
        ];
        assert_eq!(texts(file, "day"), days);
        assert_eq!(texts(file, "clock")[1], "23:59:59.999999");
    }
    let zoned = texts("types", "zoned");
    assert_eq!(zoned[1], "1969-12-31T23:59:59.999Z");
    assert_eq!(zoned[3], "2024-02-29T00:00:00.123Z");
    assert_eq!(texts("types", "when")[3], "2024-02-29T00:00:00.123");
    let nanos = texts("types-v2", "when");
    assert_eq!(nanos[1], "1969-12-31T23:59:59.999999999");
    assert_eq!(nanos[2], "");
    assert_eq!(
        texts("types", "span")[..4],
        ["00:00:00.000", "-00:00:00.001", "", "25:01:01.001"]
    );
    let int96 = texts("int96", "when");
    let right = [
        "1970-01-01T00:00:00.000000000",
        "2024-01-01T00:00:00.123456789",
        "",
    ];
    assert_eq!(int96, right);
}

#[test]
fn wide_decimals_are_whole_where_64_bits_hold_them_and_else_it_is_said() {
    for file in ["wide-decimals", "wide-decimals-plain"] {
        let signed = ["9007199254740993", "-9007199254740992", "-"];
        assert_eq!(numbers(file, "signed"), signed, "{file}");
        let unsigned = ["18446744073709551615", "18446744073709551614", "0"];
        assert_eq!(numbers(file, "unsigned"), unsigned, "{file}");
        assert_eq!(texts(file, "unsigned"), unsigned, "{file}");
        assert_eq!(
            numbers(file, "wider"),
            ["1.8446744073709552e19", "-1.0", "0.0"]
        );
        let notes = open_fixture(file).notes().join("; ");
        assert!(
            notes.contains("beyond 64 bits are rounded to float64: `wider`"),
            "{notes}"
        );
        // Without statistics, it is unknown whether a column has fewer digits than its type allows.
        let rounded = match file {
            "wide-decimals" => "15 digits are rounded to float64: `price`",
            _ => "15 digits are rounded to float64: `price`, `small`",
        };
        assert!(notes.ends_with(rounded), "{notes}");
    }
}

#[test]
fn numbers_that_are_text_are_named() {
    let notes = open_fixture("numbers-as-text").notes();
    assert!(
        notes[0].starts_with("numbers as text, which are read as text: `t`;"),
        "{notes:?}"
    );
}
