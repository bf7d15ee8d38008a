//! Many files as one table.

use super::*;
use crate::data::{Info, Source, TableInfo, describe};

struct Files(tempfile::TempDir);

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Files(folder)
    }

    fn spec(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_string()
    }

    fn info(&self, name: &str, options: &ReadOptions) -> TableInfo {
        match describe(&[self.spec(name)], options).unwrap().pop() {
            Some(Info::Table(info)) => info,
            _ => panic!("no table"),
        }
    }

    fn notes(&self, name: &str) -> String {
        self.info(name, &ReadOptions::default()).notes.join("; ")
    }

    fn refusal(&self, name: &str) -> String {
        Source::open(&self.spec(name)).unwrap_err().to_string()
    }
}

fn columns(info: &TableInfo) -> Vec<String> {
    let all = info.columns();
    all.map(|column| format!("{}:{:?}:{}", column.name(), column.kind(), column.missing()))
        .collect()
}

const TABLE: &str = "a,b\n1,2\n3,5\n4,4\n";

#[test]
fn what_lies_beside_the_parts_is_said() {
    let files = Files::of(&[
        ("1.csv", TABLE),
        ("3.txt", TABLE),
        ("5.dat", TABLE),
        ("sub/2.csv", TABLE),
        (".1.csv.crc", "x"),
        ("_SUCCESS", ""),
    ]);
    let info = files.info("", &ReadOptions::default());
    assert_eq!(info.rows, 3);
    assert!(
        info.notes[0].ends_with(": 1 .dat file, 1 .txt file, 1 folder"),
        "{:?}",
        info.notes
    );
    assert_eq!(files.info("*", &ReadOptions::default()).rows, 9);
    let files = Files::of(&[
        ("1.txt", TABLE),
        ("2.dat", TABLE),
        ("readme.txt", "Some words.\n"),
    ]);
    let info = files.info("", &ReadOptions::default());
    assert_eq!(info.rows, 6);
    assert!(info.notes[0].ends_with(": 1 .txt file"), "{:?}", info.notes);
}

#[test]
fn empty_parts_are_left_out() {
    let files = Files::of(&[("part-0.csv", ""), ("part-1.csv", TABLE)]);
    for spec in ["", "*.csv"] {
        let notes = files.notes(spec);
        assert!(notes.contains("left out 1 empty file: `"), "{notes}");
        Source::open(&files.spec(spec)).unwrap();
    }
    let files = Files::of(&[("part-0.csv", "")]);
    assert!(files.refusal("").contains("all files are empty"));
}

#[test]
fn keys_of_folders_are_columns() {
    let files = Files::of(&[
        ("code=007/lr=0.1/ok=true/p.csv", TABLE),
        ("code=8/lr=1/ok=false/p.csv", TABLE),
        ("code=__HIVE_DEFAULT_PARTITION__/lr=1/ok=false/p.csv", TABLE),
    ]);
    for spec in ["", "*/*/*/p.csv", "**/p.csv"] {
        let info = files.info(spec, &ReadOptions::default());
        let all = columns(&info);
        for column in ["code:Integer:3", "lr:Float:0", "ok:Boolean:0"] {
            assert!(all.iter().any(|known| known == column), "{spec}: {all:?}");
        }
    }
    let notes = files.notes("code=007/lr=0.1/ok=true");
    assert!(
        notes.contains(
            "code=007, lr=0.1, ok=true in the names of the folders are not columns of the table"
        ) && notes.contains("*=007/lr=0.1/ok=true/*.csv\"` makes them columns"),
        "{notes}"
    );
    let info = files.info("*=007/lr=0.1/ok=true/*.csv", &ReadOptions::default());
    assert_eq!(info.columns().len(), 5);
    let files = Files::of(&[("b=2/p.csv", TABLE)]);
    let notes = files.notes("");
    assert!(
        notes.contains("`b` is a column of ") && notes.contains("and a key of its folder (b=2)"),
        "{notes}"
    );
}

#[test]
fn other_columns_are_refused_in_any_order_and_described() {
    for names in [["1.csv", "2.csv"], ["2.csv", "1.csv"]] {
        let files = Files::of(&[(names[0], "a,b,c\n1,2,3\n2,3,5\n"), (names[1], TABLE)]);
        let said = files.refusal("");
        assert!(
            said.contains(&format!("{}: the files differ in their columns", names[1]))
                && said.contains("the column `c`, as in ")
                && said.contains("`drop = c`"),
            "{said}"
        );
        let info = files.info("", &ReadOptions::default());
        assert_eq!((info.rows, columns(&info).len()), (5, 2));
        assert!(info.refusals[0].contains(names[1]), "{:?}", info.refusals);
        assert!(info.training.unwrap().to_string().contains("drop = c"));
        let options = ReadOptions {
            drop: vec!["c".into()],
            ..ReadOptions::default()
        };
        assert_eq!(
            Source::open_with(&files.spec(""), &options)
                .unwrap()
                .train
                .rows(),
            5
        );
        // Words cannot be inputs; a message says that they are left out.
        let files = Files::of(&[(names[0], "a,b,c\n1,2,x\n2,3,y\n"), (names[1], TABLE)]);
        Source::open(&files.spec("")).unwrap();
        let notes = files.notes("");
        assert!(
            notes.contains("1 column of ")
                && notes.contains("left out, which other files do not have: `c`"),
            "{notes}"
        );
        let files = Files::of(&[
            (names[0], "1,2\n3,4\n"),
            (names[1], TABLE),
            ("3.csv", TABLE),
        ]);
        assert!(files.refusal("").contains("it seems to have no header"));
        let info = files.info("", &ReadOptions::default());
        assert_eq!((info.rows, columns(&info).len()), (6, 2));
        assert!(info.refusals[0].contains(names[0]), "{:?}", info.refusals);
    }
}

#[test]
fn other_units_are_refused_and_described() {
    let files = Files::of(&[
        ("1.csv", "x,y\n5%,1\n6%,2\n"),
        ("2.csv", "x,y\n0.05,3\n0.07,1\n"),
    ]);
    let said = files.refusal("");
    assert!(
        said.contains(
            "2.csv: the files differ in the unit of the column `x`: expected the unit %, as in "
        ) && said.contains("1.csv, found no unit"),
        "{said}"
    );
    let info = files.info("", &ReadOptions::default());
    assert!(info.refusals[0].contains("in the unit of the column `x`"));
    assert!(info.training.unwrap().to_string().contains("drop = x"));
    let options = ReadOptions {
        drop: vec!["x".into()],
        ..ReadOptions::default()
    };
    Source::open_with(&files.spec(""), &options).unwrap();
}

#[test]
fn how_files_are_read_is_said_by_groups() {
    let files = Files::of(&[("1.csv", TABLE), ("2.csv", TABLE)]);
    let how = |files: &Files| files.info("", &ReadOptions::default()).how.unwrap();
    assert_eq!(
        how(&files),
        "2 files as one table, each: commas, decimal points, header on line 1"
    );
    let files = Files::of(&[
        ("0.csv", "a;b\n1,5;2\n3,5;4\n"),
        ("1.csv", TABLE),
        ("2.csv", TABLE),
    ]);
    let how = how(&files);
    assert!(
        how.starts_with(
            "3 files as one table: 2 files: commas, decimal points, header on line 1; \
             1 file: semicolons, decimal commas, header on line 1 ("
        ) && how.ends_with("0.csv)"),
        "{how}"
    );
}

#[test]
fn the_cells_of_all_files_decide_the_type_of_a_column() {
    let first = "a,b,c\n1,2,3\n4,5,6.5\n";
    let files = Files::of(&[
        ("1.csv", first),
        ("2.csv", "a,b,c\n1,2,3\n7,5,6\n"),
        ("3.csv", "a,b,c\n1,x,3\n"),
    ]);
    let info = files.info("", &ReadOptions::default());
    assert_eq!(columns(&info)[1], "b:Float:0");
    assert_eq!(info.columns().nth(1).unwrap().unreadable(), 1);
    assert!(
        files.refusal("").contains("`b`: 1 cell"),
        "{}",
        files.refusal("")
    );
    // Half of the cells are words.
    let files = Files::of(&[("1.csv", "b,c\n2,3\n"), ("2.csv", "b,c\nx,3\ny,4\n")]);
    assert_eq!(
        columns(&files.info("", &ReadOptions::default()))[0],
        "b:Text:0"
    );
    // Only the last file tells, behind the start that is read first.
    let long = format!("a,b\n1,2\n{}", "1,x\n".repeat(400_000));
    let files = Files::of(&[("1.csv", "a,b\n1,2\n"), ("2.csv", &long)]);
    assert_eq!(
        columns(&files.info("", &ReadOptions::default()))[1],
        "b:Text:0"
    );
}

#[test]
fn one_letter_in_a_file_is_a_yes_where_others_have_both() {
    let files = Files::of(&[
        ("1.csv", "a,b\nY,2\nN,1\n"),
        ("2.csv", "a,b\nY,3\n"),
        ("3.csv", "a,b\nN,4\n"),
    ]);
    let info = files.info("", &ReadOptions::default());
    assert_eq!(columns(&info)[0], "a:Boolean:0");
    let data = Source::open(&files.spec("")).unwrap().train;
    assert_eq!(data.columns().unwrap(), ["a", "b"]);
    let files = Files::of(&[("1.csv", "a,b\nY,2\n"), ("2.csv", "a,b\nY,3\n")]);
    assert_eq!(
        columns(&files.info("", &ReadOptions::default()))[0],
        "a:Text:0"
    );
}
