//! First rows that are names, and first rows that are values.

use super::{plain, read};
use crate::data::ReadOptions;

/// The names of the columns, and whether a note says that the first line may be read in another way.
fn names(text: &str) -> (String, bool) {
    let found = plain(text);
    let name = |column: &String| column.split(':').next().unwrap_or_default().to_string();
    let names: Vec<String> = found.columns.iter().map(name).collect();
    let is_said = found.notes.iter().any(|note| note.contains("`header = "));
    (names.join(","), is_said)
}

#[test]
fn the_names_that_pandas_gives_are_a_header() {
    // Of a series, which has one column.
    for text in [
        ",0\n0,1.5\n1,2.5\n2,0.5\n",
        ",0\n3,1.5\n7,2.5\n9,0.5\n",
        ",0\na,1\nb,2\nc,0\n",
        ",0\n2024-01-01,1.5\n2024-01-02,2.5\n",
    ] {
        assert_eq!(names(text), (",0".into(), true), "{text:?}");
    }
    assert_eq!(names(",2019,2020\nDE,1.5,2\nFR,2.5,4\n").0, ",2019,2020");
    assert_eq!(
        names("Date,0\n2024-01-01,1.5\n2024-01-02,0\n2024-01-03,0\n"),
        ("Date,0".into(), true)
    );
    assert_eq!(names("id,0\n1,1.5\n2,2.5\n").0, "id,0");
}

#[test]
fn years_beside_a_name_are_a_header() {
    assert_eq!(
        names("country,2019,2020\nDE,1,2\nFR,4,5\nIT,7,9\n"),
        ("country,2019,2020".into(), true)
    );
    assert_eq!(
        names("id,2019,2020\n1,5,6\n2,7,9\n3,8,2\n").0,
        "id,2019,2020"
    );
    assert_eq!(
        names("day,2019\n2024-01-01,5\n2024-01-02,6\n").0,
        "day,2019"
    );
}

#[test]
fn values_that_count_up_by_chance_are_a_row() {
    for text in [
        // The first cell of an index is missing nowhere else, but these are not indexes.
        ",5\n7,6\n3,7\n",
        ",0\n,1\n3,7\n",
        ",0.5\n0,1.5\n1,2.5\n",
        // Years from and to.
        "DE,2001,2002\nFR,2003,2007\nIT,1999,2010\n",
        "A,2000\nB,15\nC,30\n",
        "A,1,2\nB,7,3\nC,1,9\n",
        // A wrong cell above numbers.
        "x,3\n1,2\n2,4\n",
        "x,1.5\n1,2.5\n2,4.5\n",
    ] {
        let (names, is_said) = names(text);
        let first = text.lines().next().unwrap();
        let places: Vec<String> = (0..first.split(',').count())
            .map(|at| at.to_string())
            .collect();
        assert_eq!((names, is_said), (places.join(","), true), "{text:?}");
    }
}

#[test]
fn the_option_decides() {
    let yes = ReadOptions {
        header: Some(false),
        ..ReadOptions::default()
    };
    let found = read(",0\n0,1.5\n1,2.5\n", &yes).unwrap();
    assert_eq!(found.rows, ["_ | 0.0", "0 | 1.5", "1 | 2.5"]);
}
