//! Cells and lines that look like something else.

use super::super::table::CsvTable;
use super::{opened, plain, read, refused, with};
use crate::data::ReadOptions;
use crate::data::column::{As, Cells, TableReader};

/// The columns of a text, without their types.
fn names(text: &str) -> Vec<String> {
    let columns = plain(text).columns;
    let name = |column: &String| column.split(':').next().unwrap_or_default().to_string();
    columns.iter().map(name).collect()
}

fn notes(text: &str) -> String {
    plain(text).notes.join("; ")
}

#[test]
fn an_apostrophe_is_a_letter_of_words_and_a_quote_only_around_cells() {
    let songs = "title,secs\n'Til Tuesday,117\nHelp,124\nRockin',138\nOb-La-Di,189\n";
    assert_eq!(plain(songs).rows.len(), 4);
    assert_eq!(plain(songs).rows[0], "\"'Til Tuesday\" | 117");
    let between = "t,n\n'Til|a,1\nRock|in',2\nz|w,3\n";
    assert_eq!(plain(between).rows.len(), 3);
    let one = "town,n\n's-Gravenhage,1\nDelft,2\n";
    assert_eq!(plain(one).rows[0], "\"'s-Gravenhage\" | 1");
    let on_one_line = "a,b,n\n'Til,Rockin',1\nx,y,2\nx,z,3\n";
    assert_eq!(plain(on_one_line).rows[0], "\"'Til\" | \"Rockin'\" | 1");
    // Quotes around all names or all words, or with separators and line breaks inside.
    assert_eq!(names("'a','b'\n1,2\n3,4\n"), ["a", "b"]);
    assert_eq!(names("'rate' 'n'\n1.5 2\n3.5 4\n"), ["rate", "n"]);
    let wrapped = "a,b\n'x, y',1\n'it''s',2\n'two\nlines',3\n";
    assert_eq!(
        plain(wrapped).rows,
        ["\"x, y\" | 1", "\"it's\" | 2", "\"two\\nlines\" | 3"]
    );
    assert_eq!(names("'rate'\n3,5\n2,25\n"), ["rate"]);
}

#[test]
fn an_open_quote_right_below_the_header_is_named() {
    let error = refused("a,b\n1,\"x\n2,3\n3,4\n");
    assert!(error.contains("line 2: a quote is not closed"), "{error}");
}

#[test]
fn a_word_before_numbers_that_step_evenly_begins_a_header() {
    assert_eq!(
        names("country,1990,2000,2010\nA,1.5,2.5,3.5\nB,1.5,2.5,3.7\n"),
        ["country", "1990", "2000", "2010"]
    );
    assert_eq!(
        names("sample,1100,1102,1104\nA1,0.12,0.13,0.15\nA2,0.22,0.23,0.25\n"),
        ["sample", "1100", "1102", "1104"]
    );
    // A line of other numbers is a row; a message says so.
    let unlike = "patient,0.1,0.5,1.0\nA,1.5,2.5,3.5\nB,1.5,2.5,3.7\n";
    assert_eq!(names(unlike), ["0", "1", "2", "3"]);
    assert!(notes(unlike).contains("`header = yes`"));
    let second = "country,2001,2002,2003\nDE,1,2,3\nFR,4,5,7\nIT,1,1,2\n";
    assert_eq!(names(second), ["country", "2001", "2002", "2003"]);
    // A repeated class, or a time, shows that the line is a row.
    let classes = "A,10,20,30\nB,12,25,31\nA,11,24,32\n";
    assert_eq!((names(classes).len(), notes(classes).as_str()), (4, ""));
    assert_eq!(plain(classes).rows.len(), 3);
    let times = "2024-01-01,10,20,30\n2024-01-02,11,25,31\n";
    assert_eq!(plain(times).rows.len(), 2);
}

#[test]
fn a_hash_can_be_a_name_or_begin_a_cell() {
    assert_eq!(
        names("#,Name,Total\n1,Ann,318\n2,Ben,405\n"),
        ["#", "Name", "Total"]
    );
    let colors = "#ff0000,1,2.5\n#00ff00,2,3.5\n";
    assert_eq!(plain(colors).rows.len(), 2);
    let named = "color,x,y\n#ff0000,1,2.5\n#00ff00,2,3.5\n";
    assert_eq!(plain(named).rows[1], "\"#00ff00\" | 2 | 3.5");
    assert!(refused("# nothing\n# but comments\n").contains("no rows"));
}

#[test]
fn addresses_are_words_and_other_groups_numbers() {
    let text = "ip,n,s\n192.168.100.101,100,0.5\n192.168.100.102,200,0.25\n";
    let found = plain(text);
    assert_eq!(found.columns, ["ip:Text", "n:Integer", "s:Float"]);
    assert_eq!(found.rows[0], "\"192.168.100.101\" | 100 | 0.5");
    let numbers = "a;b\n1.234.567;1\n1.100.200.150;2\n";
    assert_eq!(plain(numbers).rows, ["1234567 | 1", "1100200150 | 2"]);
}

#[test]
fn lines_without_values_at_the_end_are_told() {
    let text = "a;b;c\n1;2;3\n4;5;6\n;;\n;;\n";
    let error = refused(text);
    assert!(error.contains("the last 2 lines have no values"), "{error}");
    assert!(error.contains("`skip_end = 2`"), "{error}");
    assert_eq!(
        read(text, &with(|text| text.skip_end = Some(2)))
            .unwrap()
            .rows
            .len(),
        2
    );
    assert_eq!(
        read(text, &with(|text| text.skip_end = Some(0)))
            .unwrap()
            .rows
            .len(),
        4
    );
    // A line of totals above them is left out with them.
    let totals = refused("month,n\nJan,1\nFeb,2\nTotal,3\n,\n,\n");
    assert!(
        totals.contains("totals") && totals.contains("`skip_end = 3`"),
        "{totals}"
    );
    // Lines of totals between the rows are rows.
    assert_eq!(
        plain("a;b\n1;2\n;\n4;5\n").rows,
        ["1 | 2", "_ | _", "4 | 5"]
    );
}

#[test]
fn codes_are_no_numbers_with_units() {
    for cells in [
        ["08h30", "09h30"],
        ["0x00", "0x01"],
        ["2024Q1", "2024Q4"],
        ["000.png", "001.png"],
    ] {
        let text = format!("a,b\n{},1\n{},2\n", cells[0], cells[1]);
        assert_eq!(plain(&text).columns[0], "a:Text", "{text}");
    }
    assert_eq!(plain("a,b\n57. %,1\n8.%,2\n").columns[0], "a:Float [%]");
    for unit in ["m2", "kg/m3", "m²", "km/h", "CO2", "s^-1"] {
        let text = format!("a,b\n5 {unit},1\n7 {unit},2\n");
        assert_eq!(plain(&text).columns[0], format!("a:Integer [{unit}]"));
    }
}

#[test]
fn a_row_of_words_is_no_line_of_units() {
    let text = "ts,v1,v2\n2024-01-01 00:00:00,off,off\n2024-01-01 00:01:00,1.5,2\n2024-01-01 00:02:00,1.7,2\n";
    let found = plain(text);
    assert_eq!(found.rows.len(), 3);
    assert_eq!(found.bad, ["line 2 1 off", "line 2 2 off"]);
    let ruled = "a | b\n---|---\n1 | 2\n3 | 4\n";
    assert_eq!(plain(ruled).rows, ["1 | 2", "3 | 4"]);
    assert!(notes(ruled).contains("the rule on line 2"));
}

#[test]
fn commas_between_other_separators_are_in_doubt() {
    for separator in ["\t", "|"] {
        let text = "city;pop\nA;950\nB;1,234\nC;12,500\n".replace(';', separator);
        let error = refused(&text);
        for part in [
            "in doubt",
            "column `pop`",
            "`decimal = \".\", thousands = \",\"`",
            "`decimal = \",\"`",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    // Decimal commas from a model or from another file do not apply between commas.
    let usual = |separator| {
        with(|text| {
            text.usual_decimal = Some(',');
            text.usual_separator = Some(separator);
        })
    };
    let text = "a,b\n1.500,2.250\n3.125,4.875\n";
    assert_eq!(read(text, &usual(';')).unwrap().rows[0], "1.5 | 2.25");
    assert_eq!(read(text, &usual(',')).unwrap().rows[0], "1500 | 2250");
}

#[test]
fn one_column_of_commas() {
    let rows = |text: &str| plain(text).rows;
    assert_eq!(
        rows("price\n1,234\n2,500\n950\n1,234,567\n"),
        ["1234", "2500", "950", "1234567"]
    );
    let doubtful = refused("price\n1,234\n2,500\n950\n");
    assert!(
        doubtful.contains("`decimal = \".\", thousands = \",\"`"),
        "{doubtful}"
    );
    // Without a header, commas are decimal signs only if some line has no other reading.
    assert_eq!(rows("1,05\n2,5\n3,75\n"), ["1.05", "2.5", "3.75"]);
    assert_eq!(rows("1,5\n2\n3,75\n"), ["1.5", "2.0", "3.75"]);
    let open = "1,5\n2,4\n3,75\n";
    assert_eq!(rows(open), ["1 | 5", "2 | 4", "3 | 75"]);
    assert!(notes(open).contains("`decimal = \",\"`"));
    let said = with(|text| text.decimal = Some(','));
    assert_eq!(read(open, &said).unwrap().rows, ["1.5", "2.4", "3.75"]);
    let named = ReadOptions {
        header: Some(true),
        ..ReadOptions::default()
    };
    assert_eq!(
        read("2024\n3,5\n2,4\n", &named).unwrap().rows,
        ["3.5", "2.4"]
    );
    assert!(refused("size\n100,200,300\n110,210,310\n").contains("`skip_lines = 1"));
}

#[test]
fn decimal_commas_between_spaces() {
    assert_eq!(
        plain("a b\n1,5 2,5\n3,5 4,25\n").rows,
        ["1.5 | 2.5", "3.5 | 4.25"]
    );
    assert_eq!(plain("a, b\n1, 2\n3, 4\n").rows, ["1 | 2", "3 | 4"]);
}

#[test]
fn a_header_that_comes_again_is_left_out() {
    let text = "a,b\n1,2\na,b\n3,4\na,b\n";
    assert_eq!(plain(text).rows, ["1 | 2", "3 | 4"]);
    assert!(notes(text).contains("left out 2 repeated headers"));
    let crlf = "a,b\r\n1,2\r\na,b\r\n3,4\r\n";
    assert_eq!(plain(crlf).rows, ["1 | 2", "3 | 4"]);
    // A first row of words is not certainly a header.
    assert_eq!(plain("x,y\nu,v\nx,y\n").rows.len(), 2);
}

#[test]
fn row_names_without_a_name_have_a_column() {
    let text = "mpg cyl\n\"Mazda RX4\" 21.5 6\n\"Datsun 710\" 22.8 4\n";
    let found = plain(text);
    assert_eq!(found.columns, [":Text", "mpg:Float", "cyl:Integer"]);
    assert!(notes(text).contains("as in files of R"));
    assert_eq!(names("a,b\n1,2.5,3\n2,4.5,5\n"), ["", "a", "b"]);
    // Other numbers do not show which column has no name.
    assert!(refused("a,b\n5,2.5,3\n2,4.5,5\n").contains("line 1"));
    let twice = refused("a,b\n1,5,2,5\n3,5,4,5\n");
    assert!(twice.contains("also decimal signs"), "{twice}");
}

#[test]
fn no_option_is_advised_that_leaves_out_good_rows() {
    let error = refused("a,b,c\n1,2\n4,5,6\n6,7,8\n");
    assert!(!error.contains("skip_end"), "{error}");
    assert!(refused("a,b,c\n4,5,6\n6,7,8\n1,2\n").contains("`skip_end = 1`"));
}

#[test]
fn one_of_yes_and_no_among_other_words_is_a_word() {
    let text = "land,n\nNO,1\nSE,2\nNO,3\nDK,4\n";
    assert_eq!(plain(text).columns[0], "land:Text");
}

/// A column as text.
fn text_of(table: &mut CsvTable, how: As) -> Vec<String> {
    let mut all = Vec::new();
    let read = table.read(&[(0, how)], &mut |block| {
        if let Cells::Texts(texts) = &block.columns[0] {
            all.extend(texts.iter().map(String::from));
        }
        Ok(())
    });
    read.unwrap();
    all
}

#[test]
fn markers_of_missing_values_are_words_where_words_stand() {
    let text = "damage,iso\nnone,NA\nminor,DE\nNA,FR\n";
    let (_file, mut table) = opened(text.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(text_of(&mut table, As::Texts), ["none", "minor", ""]);
    assert_eq!(text_of(&mut table, As::Written), ["none", "minor", "NA"]);
    assert_eq!(plain("a,b\nnone,1\n2,2\n3,3\n").rows[0], "_ | 1");
}

#[test]
fn zeros_before_a_number_are_said_to_go() {
    let text = "zip,n\n01067,5\n80331,6\n";
    assert!(notes(text).contains("such as 01067"), "{}", notes(text));
    assert!(notes(text).contains("`ids = zip`"));
    assert_eq!(notes("a,b\n0,0.5\n10,1.5\n"), "");
    let kept = ReadOptions {
        ids: vec!["zip".into()],
        ..ReadOptions::default()
    };
    assert_eq!(read(text, &kept).unwrap().notes, [""; 0]);
}
