//! Separators, quotes, headers, comments, line ends and encodings.

use super::*;
use std::io::Write as _;

/// The columns, the rows and the description of a text.
fn check(text: &str, columns: &[&str], rows: &[&str], how: &str) {
    let found = plain(text);
    assert_eq!(found.columns, columns, "{text:?}");
    assert_eq!(found.rows, rows, "{text:?}");
    assert_eq!(found.how, how, "{text:?}");
    assert!(found.bad.is_empty(), "{text:?}: {:?}", found.bad);
}

#[test]
fn separators_are_told() {
    let columns = ["a:Float", "b:Float", "c:Text"];
    let rows = [
        "1.5 | 2.25 | \"x\"",
        "3.5 | 4.25 | \"y\"",
        "5.5 | 6.25 | \"z\"",
    ];
    for (separator, how) in [
        (",", "commas, decimal points"),
        (";", "semicolons, decimal points"),
        ("\t", "tabs, decimal points"),
        ("|", "bars between cells, decimal points"),
        ("  ", "spaces between cells, decimal points"),
        (" , ", "commas, decimal points"),
    ] {
        for end in ["\n", "\r\n", "\r"] {
            let lines = ["a,b,c", "1.5,2.25,x", "3.5,4.25,y", "5.5,6.25,z", ""];
            let text = lines.join(end).replace(',', separator);
            let how = format!("{how}, header on line 1");
            check(&text, &columns, &rows, &how);
            check(text.trim_end(), &columns, &rows, &how);
        }
    }
    let columns = ["0:Float", "1:Float"];
    check(
        " 19.123  20.500\n 21.250  9.000\n",
        &columns,
        &["19.123 | 20.5", "21.25 | 9.0"],
        "spaces between cells, decimal points, no header",
    );
    check(
        "t\n3,5\n4\n-1,5\n",
        &["t:Float"],
        &["3.5", "4.0", "-1.5"],
        "one column, decimal commas, header on line 1",
    );
    check(
        "a\n'1'\n2\n",
        &["a:Integer"],
        &["1", "2"],
        "one column, decimal points, cells between ', header on line 1",
    );
    check(
        "a\tb\n1,5\tx\n2,5\tx\n",
        &["a:Float", "b:Text"],
        &["1.5 | \"x\"", "2.5 | \"x\""],
        "tabs, decimal commas, header on line 1",
    );
    check(
        "a\n1\n2\n",
        &["a:Integer"],
        &["1", "2"],
        "one column, decimal points, header on line 1",
    );
    check(
        "sep=;\na;b\n1,5;2\n2,5;3\n",
        &["a:Float", "b:Integer"],
        &["1.5 | 2", "2.5 | 3"],
        "semicolons, decimal commas, header on line 2",
    );
}

#[test]
fn an_option_is_obeyed_as_given() {
    let text = "a:b\n1:2\n3:4\n";
    let found = read(text, &with(|text| text.separator = Some(':'))).unwrap();
    assert_eq!(found.rows, ["1 | 2", "3 | 4"]);
    let text = "a;b\n1,5;2\n3,5;4\n";
    let found = read(text, &with(|text| text.separator = Some(','))).unwrap_err();
    assert!(found.to_string().contains("differ in length"), "{found}");
    assert!(read(text, &with(|text| text.separator = Some('x'))).is_err());
    assert!(read(text, &with(|text| text.decimal = Some(';'))).is_err());
}

#[test]
fn quotes_keep_separators_line_breaks_and_themselves() {
    let text = "\u{feff}\"temp\",\"note\"\r\n\"1.5\",\"a, b\"\r\n 2.5 ,\"one\r\ntwo\"\r\n3.5 , \"say \"\"hi\"\"\"\r\n\r\n";
    let found = plain(text);
    assert_eq!(found.columns, ["temp:Float", "note:Text"]);
    assert_eq!(
        found.rows,
        [
            "1.5 | \"a, b\"",
            "2.5 | \"one\\r\\ntwo\"",
            "3.5 | \"say \\\"hi\\\"\""
        ]
    );
    assert_eq!(found.lines, ["line 2", "line 3", "line 5"]);
    let found = plain("a;b\n'1,5';'x;y'\n'2,5';'it''s'\n");
    assert_eq!(found.rows, ["1.5 | \"x;y\"", "2.5 | \"it's\""]);
    assert_eq!(
        found.how,
        "semicolons, decimal commas, cells between ', header on line 1"
    );
    // A quote within a cell is an ordinary character.
    let found = plain("a,b\n1,5\" pipe\n2,\"x\" y\n");
    assert_eq!(found.rows, ["1 | \"5\\\" pipe\"", "2 | \"\\\"x\\\" y\""]);
}

#[test]
fn a_header_is_told_by_the_types_below() {
    for (text, columns) in [
        (
            "5.0,3.0,1.5,Kind-a\n5.1,3.1,1.4,Kind-a\n",
            ["0:Float", "1:Float", "2:Float", "3:Text"].as_slice(),
        ),
        (
            "39,State-gov,77516\n50,Self-emp,83311\n",
            &["0:Integer", "1:Text", "2:Integer"],
        ),
        (
            "0,1,2\n5.5,3.5,1.5\n4.5,2.5,0.5\n",
            &["0:Float", "1:Float", "2:Float"],
        ),
        (
            ",0,1\n0,5.5,3.5\n1,4.5,2.5\n",
            &[":Integer", "0:Float", "1:Float"],
        ),
        (
            "country,2001,2002,2003\nA,1.5,2.5,3.5\nB,1.5,2.5,3.5\n",
            &["country:Text", "2001:Float", "2002:Float", "2003:Float"],
        ),
        ("3,1,2\n5,3,1\n", &["0:Integer", "1:Integer", "2:Integer"]),
        ("0,1,2\n1,2,3\n", &["0:Integer", "1:Integer", "2:Integer"]),
        ("name,town\nAda,London\n", &["name:Text", "town:Text"]),
        (
            "when,x\n2024-01-01,1\n2024-01-02,2\n",
            &["when:Date", "x:Integer"],
        ),
    ] {
        assert_eq!(plain(text).columns, columns, "{text:?}");
    }
    let is_said =
        |text: &str, words: &str| plain(text).notes.iter().any(|note| note.contains(words));
    assert!(is_said(
        "0,1,2\n5.5,3.5,1.5\n4.5,2.5,0.5\n",
        "used line 1 as the header; if it is a row, use `header = no`"
    ));
    assert!(is_said("3,1,2\n5,3,1\n", "`header = yes`"));
    assert!(is_said("name,town\nAda,London\n", "`header = no`"));
    assert!(!is_said("a,b\n1,2\n", "`header = "));
    assert!(!is_said(
        "5.0,Kind-a\n5.1,Kind-a\n5.2,Kind-b\n",
        "`header = "
    ));
    let said = |header| ReadOptions {
        header: Some(header),
        ..ReadOptions::default()
    };
    assert_eq!(
        read("3,1\n5,3\n", &said(true)).unwrap().columns,
        ["3:Integer", "1:Integer"]
    );
    assert_eq!(
        read("name,town\nAda,Rome\n", &said(false))
            .unwrap()
            .rows
            .len(),
        2
    );
}

#[test]
fn comments_and_lines_before_the_header() {
    let found = plain("# made by hand\n# a,b,c\n1.5,2.5,3.5\n# a word, on the next\n4.5,5.5,6.5\n");
    assert_eq!(found.columns, ["a:Float", "b:Float", "c:Float"]);
    assert_eq!(found.rows, ["1.5 | 2.5 | 3.5", "4.5 | 5.5 | 6.5"]);
    assert_eq!(found.lines, ["line 3", "line 5"]);
    assert_eq!(found.notes.len(), 3, "{:?}", found.notes);
    let options = with(|text| text.skip_lines = Some(1));
    let found = read("two words\n# a,b\n1.5,2.5\n3.5,4.5\n", &options).unwrap();
    assert_eq!(
        (found.columns[0].as_str(), found.lines[0].as_str()),
        ("a:Float", "line 3")
    );
    let found = plain("# a b\n1.5 2.5\n3.5 4.5\n");
    assert_eq!(found.columns, ["a:Float", "b:Float"]);
    let found = plain("# only, a comment\na,b\n1,2\n3,4\n");
    assert_eq!(found.columns, ["a:Integer", "b:Integer"]);
    // A row that begins with this character is a row.
    let found = plain("color,n\n#ff0000,1\n#00ff00,2\n");
    assert_eq!(found.rows, ["\"#ff0000\" | 1", "\"#00ff00\" | 2"]);
    let found = read(
        "% x\na,b\n1,2\n% y,z\n3,4\n",
        &with(|text| text.comment = Some("%".into())),
    )
    .unwrap();
    assert_eq!(found.rows, ["1 | 2", "3 | 4"]);

    let found = plain("Logger 7\nMade on, 2024-01-01\n\na,b,c\n1,2,3\n4,5,6\n7,8,9\n");
    assert_eq!(found.columns, ["a:Integer", "b:Integer", "c:Integer"]);
    assert_eq!(found.how, "commas, decimal points, header on line 4");
    assert_eq!(
        found.notes,
        ["left out 2 lines before the header on line 4"]
    );
    let doubtful = "one,two,three,four\na,b,c\nx,y,z\nu,v,w\n";
    assert!(refused(doubtful).contains("the header seems to stand on line 2: `skip_lines = 1`"));
    let found = read(doubtful, &with(|text| text.skip_lines = Some(1))).unwrap();
    assert_eq!(found.columns, ["a:Text", "b:Text", "c:Text"]);
}

#[test]
fn units_totals_and_trailing_delimiters() {
    let found = plain("t,p,note\n[°C],(hPa),\n20.5,1000.5,x\n21.5,999.5,y\n");
    assert_eq!(
        found.columns,
        ["t:Float [°C]", "p:Float [hPa]", "note:Text"]
    );
    assert_eq!(
        (found.rows.len(), found.how.as_str()),
        (
            2,
            "commas, decimal points, header on line 1, units on line 2"
        )
    );
    // A faulty value is not a unit.
    assert_eq!(plain("a,b\nx1,1\n2,2\n3,3\n4,4\n").bad, ["line 2 0 x1"]);

    let total = "a,b,c\n1.5,2,3\n2.5,3,4\nTotals:,,\n";
    let error = refused(total);
    assert!(
        error.contains("line 4: the line looks like a line of totals (\"Totals:\")"),
        "{error}"
    );
    assert!(error.contains("`skip_end = 1`"), "{error}");
    assert_eq!(
        read(total, &with(|text| text.skip_end = Some(1)))
            .unwrap()
            .rows
            .len(),
        2
    );
    assert_eq!(
        read(total, &with(|text| text.skip_end = Some(0)))
            .unwrap()
            .bad,
        ["line 4 0 Totals:"]
    );
    let short = refused("a,b,c\n1,2,3\n2,3,4\n(2 rows)\n");
    assert!(
        short.contains("line 4") && short.contains("`skip_end = 1`"),
        "{short}"
    );

    let rows = ["1 | 2", "3 | 4"];
    let found = plain("a,b,\n1,2,\n3,4,\n");
    assert_eq!(found.rows, rows);
    assert_eq!(
        found.notes,
        ["left out 1 column at the end without a name and without values"]
    );
    let found = plain("a,b\n1,2,\n3,4,\n");
    assert_eq!(
        (found.columns.len(), found.rows),
        (2, rows.map(String::from).to_vec())
    );
    assert_eq!(
        found.notes,
        ["left out empty cells after the last column in 2 rows"]
    );
    assert_eq!(plain("1,2,\n3,4,\n").rows, rows);
    assert_eq!(plain("a,b,\n1,2\n3,4\n").rows, rows);
    let named = refused("a,b\n5,1,2\n3,3,4\n");
    assert!(named.contains("one cell more than the header"), "{named}");
    assert!(refused("a,b\n1,2,\n3,4,5\n").contains("differ in length"));
}

#[test]
fn encodings_and_packed_files() {
    let text = "Température\tn\n20.5\t1\n21.5\t2\n";
    let utf16 = |is_little: bool| -> Vec<u8> {
        let bytes = |unit: u16| {
            if is_little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        text.encode_utf16().flat_map(bytes).collect()
    };
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    for (bytes, how) in [
        (text.as_bytes().to_vec(), ""),
        (marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()), ""),
        (marked(b"\xff\xfe", utf16(true)), "UTF-16LE, "),
        (marked(b"\xfe\xff", utf16(false)), "UTF-16BE, "),
        (utf16(true), "UTF-16LE, "),
        (utf16(false), "UTF-16BE, "),
    ] {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&bytes).unwrap();
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("a.csv", zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(&bytes).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        for (bytes, packing) in [
            (bytes, ""),
            (packed.finish().unwrap(), ", gzipped"),
            (zip, ", in a ZIP archive"),
        ] {
            let (_file, mut table) = opened(&bytes, &ReadOptions::default()).unwrap();
            let found = whole(&mut table).unwrap();
            assert_eq!(found.columns, ["Température:Float", "n:Integer"]);
            let how = format!("tabs, decimal points, {how}header on line 1{packing}");
            assert_eq!((found.rows.len(), found.how), (2, how));
        }
    }
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("a,Größe\n1,2\n3,4\n");
    let error = opened(&latin, &ReadOptions::default())
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("line 1, character 5") && error.contains("`encoding = windows-1252`"),
        "{error}"
    );
    let (_file, mut table) =
        opened(&latin, &with(|text| text.encoding = Some("latin1".into()))).unwrap();
    assert_eq!(
        whole(&mut table).unwrap().columns,
        ["a:Integer", "Größe:Integer"]
    );
    assert_eq!(
        table.resolved().unwrap().encoding.as_deref(),
        Some("windows-1252")
    );
    let error = opened(
        b"a\n1\n",
        &with(|text| text.encoding = Some("ebcdic".into())),
    )
    .map(drop)
    .unwrap_err();
    assert!(error.to_string().contains("no encoding of this name"));
}

#[test]
fn what_looks_like_a_table() {
    use super::super::looks::looks_like_table;
    for (start, name, is_table) in [
        ("a,b\n1,2\n3,4\n", "x.data", true),
        ("19.1 20.5\n21.2 9.0\n", "x", true),
        ("1\n2\n3\n", "x.txt", true),
        ("a\n1\n2\n3\n", "x.txt", true),
        ("a;b\n1,5;2\n", "x", true),
        (
            "Dear all,\nthis is a letter.\nIt has lines, some with commas, and more.\n\nYours\n",
            "x.txt",
            false,
        ),
        ("{\"a\": [1, 2]}\n", "x", false),
        ("<html>\n<p>a,b\n", "x", false),
        ("[one]\nx = 1\ny = 2\n", "x", false),
        ("<DATE>\t<OPEN>\n2020\t1.5\n2021\t2.5\n", "x", true),
        ("[t],[x]\n1,2\n3,4\n", "x.csv", true),
        ("a\n", "x.csv", true),
        // Colors of a terminal.
        ("a\u{1b}[31m,b\n1,2\n3,4\n", "x.csv", true),
        ("\u{1}\u{2}\u{0}\u{3}", "x.csv", false),
        ("", "x", false),
    ] {
        assert_eq!(
            looks_like_table(start.as_bytes(), name),
            is_table,
            "{start:?}"
        );
    }
    let latin = b"a,gr\xf6\xdfe\n1,2\n3,4\n";
    assert!(looks_like_table(latin, "x.csv") && !looks_like_table(latin, "x"));
    assert!(!looks_like_table(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "x"));
    assert!(!looks_like_table(b"PAR1\x15\x04\x15\xf0\x01", "x"));
}

#[test]
fn a_unit_behind_a_space_leaves_the_separator_in_no_doubt() {
    for (text, first) in [
        (
            "anteil;rate\n0,5 %;1,1 %\n1,5 %;2,1 %\n2,5 %;0,1 %\n",
            "0.5 | 1.1",
        ),
        ("temp;state\n12,7 °C;ok\n13,1 °C;bad\n", "12.7 | \"ok\""),
        ("temp\tstate\n12,7 °C\tok\n13,1 °C\tbad\n", "12.7 | \"ok\""),
        (
            "p;w;town\n21,5 €;16,4 kg;Bonn\n22,5 €;11,3 kg;Köln\n",
            "21.5 | 16.4 | \"Bonn\"",
        ),
        (
            "a;b;c\n1,5 %;2,5 %;3,5 %\n4,5 %;5,5 %;6,5 %\n",
            "1.5 | 2.5 | 3.5",
        ),
        (
            "price|town\n1,50 €|Berlin\n2,25 €|Bonn\n",
            "1.5 | \"Berlin\"",
        ),
        (
            "weight;town\n1,5 kg;Berlin\n2,5 kg;Bonn\n",
            "1.5 | \"Berlin\"",
        ),
        ("a;b\n12 345,5;1\n13 456,7;2\n", "12345.5 | 1"),
    ] {
        let found = plain(text);
        assert_eq!(found.rows[0], first, "{text:?}: {}", found.how);
        assert!(
            found.how.contains("header on line 1"),
            "{text:?}: {}",
            found.how
        );
    }
    // Between commas, and between spaces, they stay what they are.
    assert_eq!(plain("a,b\n5 kg,1\n6 kg,2\n").columns[0], "a:Integer [kg]");
    assert_eq!(
        plain("temp state\n12,7 ok\n13,5 ok\n").rows[0],
        "12.7 | \"ok\""
    );
}

#[test]
fn lines_behind_percent_signs_are_comments_if_they_come_first() {
    let found = plain("% made by MATLAB\n% x y\n1 2\n3 4\n5 9\n");
    assert_eq!(found.columns, ["x:Integer", "y:Integer"]);
    assert_eq!(found.rows.len(), 3);
    let found = plain("%\n% a note, with a comma\n1.5 2\n3.5 4\n");
    assert_eq!(found.rows, ["1.5 | 2", "3.5 | 4"]);
    assert_eq!(
        plain("%a,%b\n1,2\n3,5\n").columns,
        ["%a:Integer", "%b:Integer"]
    );
}
