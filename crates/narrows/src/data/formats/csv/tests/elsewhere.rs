//! Texts that are read as another file shows: the training file of a model, or the first of many.

use super::{read, with};
use crate::data::ReadOptions;

#[test]
fn a_letter_is_a_yes_where_the_model_knows_yes_and_no() {
    let options = ReadOptions {
        truths: vec!["a".into()],
        ..ReadOptions::default()
    };
    assert_eq!(read("a,b\nY,1\n", &options).unwrap().rows, ["1 | 1"]);
    assert_eq!(
        read("a,b\nf,1\n,2\nf,3\n", &options).unwrap().rows,
        ["0 | 1", "_ | 2", "0 | 3"]
    );
    // Without that knowledge, and among other words, it is a word.
    let words = |text: &str, options: &ReadOptions| read(text, options).unwrap().columns[0].clone();
    assert_eq!(words("a,b\nY,1\n", &ReadOptions::default()), "a:Text");
    assert_eq!(words("a,b\nY,1\nX,2\n", &options), "a:Text");
}

#[test]
fn a_first_line_is_a_row_where_the_training_file_has_no_header() {
    let none = with(|text| text.usual_header = Some(false));
    let found = read("red,1.5,2\n", &none).unwrap();
    assert_eq!(found.rows, ["\"red\" | 1.5 | 2"]);
    assert!(
        found.how.contains("no header") && found.notes.is_empty(),
        "{} {:?}",
        found.how,
        found.notes
    );
    // A line that can only be a header stays one.
    let named = read("color,size\nred,1\nblue,2\n", &none).unwrap();
    assert_eq!(named.rows.len(), 2);
}

#[test]
fn the_thousands_separator_of_the_training_file_is_taken() {
    for (sign, cell, other) in [(' ', "953 973", "1 5"), (',', "\"953,973\"", "\"1,5\"")] {
        let usual = with(|text| {
            text.usual_decimal = Some('.');
            text.usual_thousands = Some(sign);
        });
        let text = format!("a,b\n{cell},1.5\n12,2\n");
        let found = read(&text, &usual).unwrap();
        assert_eq!(found.rows, ["953973 | 1.5", "12 | 2.0"]);
        assert!(found.how.contains("for thousands"), "{}", found.how);
        let found = read(&text, &with(|text| text.usual_decimal = Some('.'))).unwrap();
        assert_eq!(found.bad.len(), 1, "{found:?}");
        let found = read(&format!("a,b\n{other},1.5\n12,2\n7,3\n"), &usual).unwrap();
        assert_eq!(found.bad.len(), 1, "{found:?}");
    }
}

#[test]
fn signs_with_two_meanings_are_refused() {
    let error = |options: &ReadOptions| read("a;b\n1;2\n", options).unwrap_err().to_string();
    let same = error(&with(|text| {
        (text.decimal, text.thousands) = (Some(','), Some(','));
    }));
    assert!(
        same.contains("`decimal` and `thousands` are the same sign"),
        "{same}"
    );
    let same = error(&with(|text| {
        (text.separator, text.quote) = (Some(';'), Some(';'));
    }));
    assert!(
        same.contains("`separator` and `quote` are the same sign"),
        "{same}"
    );
}

#[test]
fn one_space_between_thousands_is_as_good_as_another() {
    let said = with(|text| text.thousands = Some(' '));
    let text = "a,b\n953\u{a0}973,1.5\n12\u{202f}000,2\n1 000,3\n";
    let rows = ["953973 | 1.5", "12000 | 2.0", "1000 | 3.0"];
    assert_eq!(read(text, &said).unwrap().rows, rows);
}
