//! Cells: decimal signs, groups, missing values, units, words.

use super::*;

/// One column of a text, as `kind | cells | bad cells`.
fn column(text: &str) -> String {
    let found = plain(text);
    let kind = found.columns.first().unwrap().split_once(':').unwrap().1;
    let first = |row: &String| row.split(" | ").next().unwrap().to_string();
    let cells: Vec<String> = found.rows.iter().map(first).collect();
    let bad: Vec<&str> = found
        .bad
        .iter()
        .map(|bad| bad.splitn(4, ' ').nth(3).unwrap())
        .collect();
    format!("{kind} | {} | {}", cells.join(" "), bad.join(" "))
}

/// The cells of a column, and the result of reading them: the kind, the values, and the cells that cannot be read.
const CELLS: &[(&str, &str)] = &[
    ("1,2,3", "Integer | 1 2 3 | "),
    ("1,-2,+3,007", "Integer | 1 -2 3 7 | "),
    ("1.5,.5,5.,1e3", "Float | 1.5 0.5 5.0 1000.0 | "),
    ("1,2.5", "Float | 1.0 2.5 | "),
    (
        "9223372036854775807,-9223372036854775808",
        "Integer | 9223372036854775807 -9223372036854775808 | ",
    ),
    (
        "18446744073709551615,1",
        "Integer | 18446744073709551615 1 | ",
    ),
    (
        "18446744073709551615,-1",
        "Float | _ -1.0 | 18446744073709551615",
    ),
    ("100000000000000000000,1", "Float | 1e20 1.0 | "),
    (
        "100000000000000000001,1",
        "Float | _ 1.0 | 100000000000000000001",
    ),
    ("9007199254740993,0.5", "Float | _ 0.5 | 9007199254740993"),
    (
        "0.1234567890123456789,1e-320,1.7976931348623157e308",
        "Float | 0.12345678901234568 1e-320 1.7976931348623157e308 | ",
    ),
    (
        "1,1e400,inf,2,-Infinity",
        "Float | 1.0 _ _ 2.0 _ | 1e400 inf -Infinity",
    ),
    (
        "1,,NA,N/A,nan,NULL,None,-,?,#N/A,<NA>,NaT,2",
        "Integer | 1 _ _ _ _ _ _ _ _ _ _ _ 2 | ",
    ),
    ("1,(5),2,3", "Integer | 1 _ 2 3 | (5)"),
    ("1,1_000,0x1f,2,3", "Integer | 1 _ _ 2 3 | 1_000 0x1f"),
    ("1,x,y", "Text | \"1\" \"x\" \"y\" | "),
    ("1,x", "Integer | 1 _ | x"),
    (",,NA", "Empty | \"\" \"\" \"\" | "),
    ("True,False,,true", "Boolean | 1 0 _ 1 | "),
    ("yes,no,No", "Boolean | 1 0 0 | "),
    ("T,F,T", "Boolean | 1 0 1 | "),
    ("T,F,M", "Text | \"T\" \"F\" \"M\" | "),
    ("True,False,True,maybe", "Boolean | 1 0 1 _ | maybe"),
    ("12 %,13 %,-4.5%", "Float [%] | 12.0 13.0 -4.5 | "),
    ("5 kg,6 kg,7 lb", "Integer [kg] | 5 6 _ | 7 lb"),
    ("€ 5,€ 6", "Integer [€] | 5 6 | "),
    ("€ 5,$ 6", "Integer [$] | _ 6 | € 5"),
    ("5 kg,6,7", "Integer | _ 6 7 | 5 kg"),
    (
        "2024-01-31,2024/12/01,31.12.2024",
        "Date | \"2024-01-31\" \"2024/12/01\" \"31.12.2024\" | ",
    ),
    (
        "12:30,23:59:59.5,1:00 pm",
        "Time | \"12:30\" \"23:59:59.5\" \"1:00 pm\" | ",
    ),
    (
        "2024-01-31 12:30,2024-01-31T12:30:00Z,2024-01-31T12:30:00+01:00",
        "Timestamp | ",
    ),
    (
        "192.168.0.1,10.0.0.1",
        "Text | \"192.168.0.1\" \"10.0.0.1\" | ",
    ),
    ("−5,3", "Integer | -5 3 | "),
];

#[test]
fn cells_of_one_column() {
    for (cells, expected) in CELLS {
        let text = format!(
            "name,other\n{}\n",
            cells
                .split(',')
                .map(|cell| format!("{cell},0"))
                .collect::<Vec<_>>()
                .join("\n")
        );
        let found = column(&text);
        assert!(
            found == *expected || (expected.ends_with("| ") && found.starts_with(expected)),
            "{cells}: {found}"
        );
    }
}

/// The cells of one column of a file with semicolons, the cells of a second column, and the result for the first one.
const DECIMAL_SIGNS: &[(&str, &str, &str, &str)] = &[
    (
        "20,377 19,604",
        "1 2",
        "Float | 20.377 19.604 | ",
        "decimal commas",
    ),
    (
        "124.355 130.250",
        "7.4 1",
        "Float | 124.355 130.25 | ",
        "decimal points",
    ),
    (
        "124.355 130.250",
        "3,5 1",
        "Integer | _ _ | 124.355 130.250",
        "decimal commas",
    ),
    (
        "124.355 20340",
        "1 2",
        "Float | 124.355 20340.0 | ",
        "decimal points",
    ),
    (
        "124.355 0.076",
        "1 2",
        "Float | 124.355 0.076 | ",
        "decimal points",
    ),
    (
        "124.355 12.3456",
        "1 2",
        "Float | 124.355 12.3456 | ",
        "decimal points",
    ),
    (
        "1.234.567 124.355 2",
        "1 2 3",
        "Integer | 1234567 124355 2 | ",
        "decimal commas",
    ),
    (
        "1.234,5 124.355 2",
        "1 2 3",
        "Float | 1234.5 124355.0 2.0 | ",
        "decimal commas",
    ),
    (
        "1,234,567 2,262 2",
        "1 2 3",
        "Integer | 1234567 2262 2 | ",
        "decimal points",
    ),
    (
        "3,5 7,5 7.4",
        "1 2 3",
        "Float | 3.5 7.5 _ | 7.4",
        "decimal commas",
    ),
];

#[test]
fn the_decimal_sign_is_told_from_the_whole_file() {
    for (cells, others, expected, how) in DECIMAL_SIGNS {
        let rows = cells
            .split(' ')
            .zip(others.split(' '))
            .map(|(cell, other)| format!("{cell};{other}\n"));
        let text = format!("a;b\n{}", rows.collect::<String>());
        assert_eq!(column(&text), *expected, "{cells}");
        let said = plain(&text).how;
        assert!(
            said.starts_with(&format!("semicolons, {how}, ")),
            "{cells}: {said}"
        );
    }
}

#[test]
fn a_decimal_sign_that_nothing_decides_is_asked_for() {
    let doubtful = "a;b\n124.355;1\n130.250;2\n";
    let error = refused(doubtful);
    assert!(
        error.contains("column `a`")
            && error.contains("decimal = \".\"")
            && error.contains("decimal = \",\""),
        "{error}"
    );
    let rows = |change: &dyn Fn(&mut crate::data::TextOptions)| {
        let found = read(doubtful, &with(change)).unwrap();
        (found.rows.first().cloned().unwrap(), found.how)
    };
    assert_eq!(rows(&|text| text.decimal = Some('.')).0, "124.355 | 1");
    assert_eq!(
        rows(&|text| (text.decimal, text.thousands) = (Some(','), Some('.'))).0,
        "124355 | 1"
    );
    let (row, how) = rows(&|text| text.usual_decimal = Some('.'));
    assert_eq!(row, "124.355 | 1");
    assert!(
        how.contains("decimal points as in the file that the model was trained on"),
        "{how}"
    );
    assert_eq!(rows(&|text| text.usual_decimal = Some(',')).0, "124355 | 1");
    // Between tabs and spaces, a point is the decimal sign.
    assert_eq!(
        plain("a\tb\n124.355\t1\n130.250\t2\n").rows,
        ["124.355 | 1", "130.25 | 2"]
    );
}

#[test]
fn thousands_in_quotes() {
    let text = "a,b\n\"2,262\",1.5\n100,2.5\n200,3.5\n";
    let found = plain(text);
    assert_eq!(
        (found.rows[0].as_str(), found.bad.as_slice()),
        ("_ | 1.5", ["line 2 0 2,262".to_string()].as_slice())
    );
    let found = read(text, &with(|text| text.thousands = Some(','))).unwrap();
    assert_eq!(found.rows[0], "2262 | 1.5");
    let found = plain("a,b\n\"2,262\",1.5\n\"1,234,567\",2.5\n200,3.5\n");
    assert_eq!(found.rows[0], "2262 | 1.5");
    assert_eq!(
        found.notes,
        ["commas stand between thousands in 1 column (`a`)"]
    );
    // The numbers are not written in one style.
    let found = plain("a,b\n\"2,262\",1.5\n\"1,234,567\",2.5\n20000,3.5\n");
    assert_eq!(found.bad.len(), 2);
    let found = plain("a;b\n1'234.5;x\n12.5;y\n");
    assert_eq!(found.rows[0], "1234.5 | \"x\"");
    let found = plain("a;b\n1 234 567;x\n12;y\n");
    assert_eq!(found.rows[0], "1234567 | \"x\"");
    let found = read(
        "a;b\n1_000;x\n12;y\n",
        &with(|text| text.thousands = Some('_')),
    )
    .unwrap();
    assert_eq!(found.rows[0], "1000 | \"x\"");
}

#[test]
fn texts_stay_as_they_are_and_a_column_can_be_wanted_twice() {
    let (_file, mut table) = opened(b"id,v\n007, 1.50\nNA,2\n", &ReadOptions::default()).unwrap();
    let mut blocks = Vec::new();
    let wanted = [(1, As::Texts), (0, As::Texts), (1, As::Numbers)];
    let verdict = table.read(&wanted, &mut |block| {
        blocks.push(block);
        Ok(())
    });
    assert_eq!(verdict.unwrap(), Verdict::Done);
    let [block] = blocks.as_slice() else { panic!() };
    let row = |row| {
        block
            .columns
            .iter()
            .map(|cells| cell(cells, row))
            .collect::<Vec<_>>()
    };
    assert_eq!(row(0), ["\"1.50\"", "\"007\"", "1.5"]);
    assert_eq!(row(1), ["\"2\"", "\"\"", "2.0"]);
    assert!(table.read(&[(2, As::Texts)], &mut |_| Ok(())).is_err());
}

#[test]
fn one_column_of_decimal_commas() {
    for (text, rows) in [
        ("wert\n3,5\n4,25\n", ["3.5", "4.25"].as_slice()),
        ("wert\n1,05\n2,10\n3,00\n", &["1.05", "2.1", "3.0"]),
        ("wert\n3,5\n\"4,25\"\n", &["3.5", "4.25"]),
        ("wert\n3,5\nNA\n", &["3.5", "_"]),
    ] {
        let found = plain(text);
        assert_eq!(found.columns, ["wert:Float"], "{text:?}");
        assert_eq!(found.rows, rows, "{text:?}");
        assert_eq!(found.how, "one column, decimal commas, header on line 1");
    }
    let is_said = |text: &str| {
        let notes = plain(text).notes;
        notes
            .iter()
            .any(|note| note.contains("`separator = \",\", skip_lines = 1, header = no`"))
    };
    assert!(is_said("wert\n3,5\n4,25\n") && !is_said("wert\n3,5\n4\n"));
    let mut options = with(|text| {
        text.separator = Some(',');
        text.skip_lines = Some(1);
    });
    options.header = Some(false);
    assert_eq!(
        read("wert\n3,5\n4,25\n", &options).unwrap().columns,
        ["0:Integer", "1:Integer"]
    );
}

#[test]
fn letters_are_yes_and_no_in_pairs() {
    for (cells, kind) in [
        ("y y y", "Text"),
        ("t t t", "Text"),
        ("T F T", "Boolean"),
        ("n Y n", "Boolean"),
        ("T N T", "Text"),
        ("t f y", "Text"),
        ("yes y n", "Boolean"),
        ("yes yes y", "Boolean"),
        ("y y true", "Text"),
    ] {
        let text = format!("a,b\n{},1\n", cells.replace(' ', ",1\n"));
        assert_eq!(plain(&text).columns[0], format!("a:{kind}"), "{cells}");
    }
}

#[test]
fn a_whole_number_of_five_digits_decides_for_all_columns() {
    let rows = |text: &str| plain(text).rows;
    assert_eq!(
        rows("a;b;c\n124.355;1.234;20340\n99.355;2.345;3\n"),
        ["124.355 | 1.234 | 20340", "99.355 | 2.345 | 3"]
    );
    assert_eq!(
        rows("a\tc\n124,355\t20340\n99,355\t3\n")[0],
        "124.355 | 20340"
    );
    let said = plain("datum;umsatz\n20240101;3.582\n20240102;1.234\n").notes;
    assert!(
        said.iter()
            .any(|note| note.contains("read the point as the decimal sign")
                && note.contains("`datum`")),
        "{said:?}"
    );
    // Codes are never written with separators, and the training file comes first.
    assert!(refused("a;zip\n124.355;01067\n99.355;80331\n").contains("in doubt"));
    let text = "a;c\n124.355;20340\n99.355;3\n";
    let usual = with(|text| text.usual_decimal = Some(','));
    assert_eq!(read(text, &usual).unwrap().rows[0], "124355 | 20340");
}

#[test]
fn exponents_of_fortran_and_spaces_that_do_not_break_a_line() {
    let found = plain("a,b\n1.5D+03,1\n4d+3,2\n2.25d-2,3\n");
    assert_eq!(found.columns[0], "a:Float");
    assert_eq!(found.rows, ["1500.0 | 1", "4000.0 | 2", "0.0225 | 3"]);
    let found = plain("a,b\n\u{a0}5,1\u{a0}\n7\u{202f},\u{a0}\n");
    assert_eq!(found.rows, ["5 | 1", "7 | _"]);
    assert_eq!(plain("a,b\n5 d,1\n6 d,2\n").columns[0], "a:Integer [d]");
    // Without a sign they are codes.
    assert_eq!(plain("a,b\n2D05,1\n7d3,2\n").columns[0], "a:Text");
}
