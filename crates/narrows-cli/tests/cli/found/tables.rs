//! Tables: CSV from many tools, Parquet, folders of parts.

mod several;
mod text;

use super::*;
use std::io::Write;

/// What training says of columns without a name.
const IS_LEFT_OUT: &str = "left out the unnamed column: it is a row index";

#[test]
fn a_class_in_words_below_no_header_is_a_label() {
    let folder = Folder::new();
    let row =
        |(row, cells): (usize, &Vec<String>)| format!("{},Kind-{}\n", cells.join(","), row / 20);
    let text: String = cells(60, 4).iter().enumerate().map(row).collect();
    folder.put("flowers.csv", text);
    let tried = folder.tried("flowers.csv");
    assert_eq!(tried.rows(), 60);
    assert_eq!(tried.columns(), "0:input 1:input 2:input 3:input 4:ignored");
    assert!(
        tried.read_as().ends_with("no header"),
        "{}",
        tried.read_as()
    );
    assert!(
        tried.command().ends_with("--label 4"),
        "{}",
        tried.command()
    );
    assert!(
        tried.said.contains("decimal points, no header"),
        "{}",
        tried.said
    );
    // What stands in the first row is the name of no column.
    folder.refused(
        "data info flowers.csv --label Kind-0",
        &["no column `Kind-0`", "there are 0, 1, 2, 3, 4"],
    );
}

#[test]
fn numbers_that_count_up_are_the_names_that_pandas_gives() {
    let folder = Folder::new();
    let rows = cells(60, 4);
    let counted: Vec<Vec<String>> = rows
        .iter()
        .enumerate()
        .map(|(row, cells)| [&[row.to_string()][..], cells].concat())
        .collect();
    folder
        .put("plain.csv", lines("0,1,2,3", &rows, ","))
        .put("index.csv", lines(",0,1,2,3", &counted, ","));
    let plain = folder.tried("plain.csv");
    let index = folder.tried("index.csv");
    assert_eq!(plain.columns(), "0:input 1:input 2:input 3:input");
    assert_eq!(index.columns(), ":ignored 0:input 1:input 2:input 3:input");
    for tried in [&plain, &index] {
        assert_eq!(tried.rows(), 60);
        assert!(
            tried
                .said
                .contains("used line 1 as the header; if it is a row, use `--header no`")
        );
    }
    assert!(index.said.contains(IS_LEFT_OUT), "{}", index.said);
    assert_eq!(folder.converted("plain.csv"), folder.converted("index.csv"));
}

/// The index of later rows has other numbers, which are no reason to call them unusual.
#[test]
fn an_index_without_a_name_is_left_out_in_training_and_later() {
    let folder = Folder::new();
    let mut later = "a,b,c\n".to_string();
    let mut index = ",a,b,c\n".to_string();
    let mut train = index.clone();
    for (row, cells) in cells(160, 3).iter().enumerate() {
        let cells = cells.join(",");
        if row < 110 {
            train += &format!("{row},{cells}\n");
        } else {
            index += &format!("{},{cells}\n", 40_000 + row);
            later += &format!("{cells}\n");
        }
    }
    folder
        .put("train.csv", train)
        .put("index.csv", index)
        .put("later.csv", later);
    let said = folder.said("train table --data train.csv --epochs 1 --out run");
    assert_eq!(said.matches(IS_LEFT_OUT).count(), 1, "{said}");
    for name in ["index", "later"] {
        folder.ok(&format!("score run --data {name}.csv -o {name}-scores.csv"));
    }
    assert_eq!(
        folder.text("index-scores.csv"),
        folder.text("later-scores.csv")
    );
    // It can be named by its empty name, as an id, an input or one to drop.
    for empty in ["''", "'\"\"'"] {
        let read = |option: &str| folder.converted(&format!("index.csv {option} {empty}"));
        assert_eq!(read("--drop"), folder.text("later.csv"));
        assert!(
            read("--columns").starts_with("\"\"\n40110\n40111\n"),
            "{}",
            read("--columns")
        );
        assert!(read("--id").contains("40110,"), "{}", read("--id"));
        folder.refused(
            &format!("data info later.csv --drop {empty}"),
            &["which `--drop` asks for"],
        );
    }
}

/// The border of scanned digits is the same in all rows.
#[test]
fn constant_columns_come_with_one_warning_that_counts_them() {
    let folder = Folder::new();
    let mut text = "label".to_string();
    for pixel in 0..64 {
        text += &format!(",p{pixel}");
    }
    for row in 0..50 {
        text += &format!("\n{}", row % 10);
        for pixel in 0..64 {
            let is_inside = (1..7).contains(&(pixel / 8)) && (1..7).contains(&(pixel % 8));
            let value = if is_inside {
                (17.0 * chance(64 * row + pixel)) as usize
            } else {
                0
            };
            text += &format!(",{value}");
        }
    }
    folder.put("digits.csv", text);
    for scaling in ["standardize", "minmax"] {
        let said = folder.said(&format!(
            "train table --data digits.csv --label label --epochs 1 --set scaling.kind={scaling} --out {scaling}"
        ));
        assert_eq!(
            said.matches("28 columns have the same value").count(),
            1,
            "{said}"
        );
        // And one of the training, which is short.
        assert_eq!(
            said.matches("warning: training has only 1 step").count(),
            1,
            "{said}"
        );
        assert_eq!(said.matches("warning").count(), 2, "{said}");
    }
    let tried = folder.tried("digits.csv");
    assert!(
        tried.command().ends_with("--label label"),
        "{}",
        tried.command()
    );
    assert!(
        tried.list("remarks")[0].starts_with("28 columns are constant"),
        "{:?}",
        tried.list("remarks")
    );

    // Where nothing varies, that is said, and no columns are named.
    folder.put("alike.csv", "a,b,c\n".to_string() + &"1,2,3\n".repeat(9));
    let said = folder.said("train table --data alike.csv --epochs 1 --out alike");
    assert!(
        said.contains("the training rows are all the same") && said.contains("nothing to learn"),
        "{said}"
    );
}

#[test]
fn whole_numbers_beyond_single_precision_come_out_as_they_went_in() {
    let folder = Folder::new();
    let mut text = "date,station,v\n".to_string();
    for (row, cells) in cells(28, 1).iter().enumerate() {
        text += &format!("{},{},{}\n", 20_240_201 + row, 33_554_433 + row, cells[0]);
    }
    folder.put("daily.csv", &text);
    let said = folder.said("data convert --data daily.csv -o again.csv");
    assert_eq!(folder.text("again.csv"), text);
    // Nothing is trained here.
    assert!(
        said.contains("increase by 1 in each row") && !said.contains("train"),
        "{said}"
    );
    folder.ok("data convert --data daily.csv -o daily.parquet");
    assert_eq!(folder.converted("daily.parquet"), text);
    let said = folder.tried("daily.parquet").said;
    assert!(!said.contains("distinct"), "{said}");
}

#[test]
fn true_and_false_are_1_and_0_as_inputs_and_words_as_labels() {
    let folder = Folder::new();
    let mut text = "a,red,blue\n".to_string();
    let mut numbers = text.clone();
    for (row, cells) in cells(40, 1).iter().enumerate() {
        let word = |is: bool| if is { "True" } else { "False" };
        text += &format!(
            "{},{},{}\n",
            cells[0],
            word(row % 2 == 0),
            word(row % 4 == 1)
        );
        numbers += &format!(
            "{},{},{}\n",
            cells[0],
            u8::from(row % 2 == 0),
            u8::from(row % 4 == 1)
        );
    }
    folder.put("onehot.csv", text);
    let tried = folder.tried("onehot.csv");
    assert_eq!(tried.columns(), "a:input red:input blue:input");
    assert_eq!(tried.parts[0]["columns"][2]["kind"], "boolean");
    assert!(tried.list("refusals").is_empty());
    folder.ok("data convert --data onehot.csv -o onehot.npy");
    folder.put("numbers.csv", numbers);
    folder.ok("data convert --data numbers.csv -o numbers.npy");
    assert_eq!(folder.bytes("onehot.npy"), folder.bytes("numbers.npy"));
    let said = folder.ok("data info onehot.csv --label red");
    assert!(said.contains("True (20), False (20)"), "{said}");
}

#[test]
fn columns_of_words_are_left_out_with_a_word() {
    let folder = Folder::new();
    let mut text = "age,work,hours,sex\n".to_string();
    for row in 0..40 {
        let (work, sex) = (["Private", "State", "Self"][row % 3], ["F", "M"][row % 2]);
        text += &format!(
            "{},{work},{},{sex}\n",
            18 + (60.0 * chance(row)) as usize,
            10 + (50.0 * chance(row + 100)) as usize
        );
    }
    folder.put("people.csv", text);
    let tried = folder.tried("people.csv");
    assert_eq!(
        tried.columns(),
        "age:input work:ignored hours:input sex:ignored"
    );
    assert_eq!(
        tried.parts[0]["columns"][1]["left_out"],
        "words, not numbers"
    );
    assert!(
        tried.said.contains("left out 1 column that is not numeric")
            && tried.said.contains("`work` (words)"),
        "{}",
        tried.said
    );
    assert!(
        tried.command().ends_with("--label sex"),
        "{}",
        tried.command()
    );
    let said = folder.refused(
        "train table --data people.csv --columns work --out no",
        &["`work`", "words"],
    );
    assert!(!said.contains("--missing"), "{said}");
}

#[test]
fn two_columns_of_one_name_are_told_apart_or_refused() {
    let folder = Folder::new();
    let rows = cells(30, 3);
    folder.put("twice.csv", lines("a,b,a", &rows, ","));
    let tried = folder.tried("twice.csv");
    assert_eq!(tried.columns(), "a:input b:input a:input");
    assert_eq!(tried.list("refusals"), ["several columns are called `a`"]);
    folder.refused(
        "data convert --data twice.csv -o no.csv",
        &["several columns are called `a`"],
    );
    let middle: Vec<Vec<String>> = rows.iter().map(|row| vec![row[1].clone()]).collect();
    assert_eq!(
        folder.converted("twice.csv --drop a"),
        lines("b", &middle, ",")
    );
}

#[test]
fn what_is_not_finite_is_refused_with_its_place_and_filled_by_nothing() {
    let folder = Folder::new();
    let mut rows = cells(30, 3);
    rows[3][2] = "inf".into();
    folder.put("inf.csv", lines("a,b,c", &rows, ","));
    for option in ["", "--missing mean", "--missing drop"] {
        let line = format!("train table --data inf.csv {option} --out no");
        folder.refused(&line, &["`c`", "line 5 \"inf\""]);
    }
    let tried = folder.tried("inf.csv --missing mean");
    assert!(tried.command().contains("--drop c"), "{}", tried.command());
}

/// What a model learned of its training file is known when it reads later files.
#[test]
fn later_files_are_read_as_the_training_file_was() {
    let folder = Folder::new();
    let mut text = "a,b,ok\n".to_string();
    for (row, cells) in cells(40, 2).iter().enumerate() {
        text += &format!("{},{},{}\n", cells[0], cells[1], ["Y", "N"][row % 2]);
    }
    folder.put("answers.csv", text);
    folder.ok("train table --data answers.csv --epochs 1 --out answers");
    folder.put("one.csv", "a,b,ok\n12.5,20.5,Y\n");
    folder.put("number.csv", "a,b,ok\n12.5,20.5,1\n");
    let score = |file: &str| folder.ok(&format!("score answers --data {file} -o -"));
    assert_eq!(score("one.csv"), score("number.csv"));
    // Without a header, with words, and with spaces between thousands.
    let mut text = String::new();
    for row in 0..40 {
        text += &format!(
            "{};{} {},5;{}\n",
            ["red", "blue"][row % 2],
            10 + row,
            100 + row,
            row * 7 % 11
        );
    }
    for _ in 0..2 {
        text += "red;1 100 200,5;3\n";
    }
    folder.put("plain.csv", text);
    let said = folder.said("train table --data plain.csv --epochs 1 --out plain");
    assert!(said.contains("spaces for thousands, no header"), "{said}");
    folder.put("later.csv", "red;17 250;3\n");
    folder.put("later-plain.csv", "red;17250;3\n");
    let said = folder.said("score plain --data later.csv -o a.csv");
    for part in [
        "spaces for thousands as in the file that",
        "no header as in the file that",
    ] {
        assert!(said.contains(part), "{said}");
    }
    folder.ok("score plain --data later-plain.csv -o b.csv");
    assert_eq!(folder.text("a.csv"), folder.text("b.csv"));
}

/// Figures that are too large for a number are left out, with the reason.
#[test]
fn no_run_tells_infinite_figures() {
    let folder = Folder::new();
    let mut bytes = Vec::new();
    for i in 0..900 {
        bytes.extend((chance(i) * 1e300).to_le_bytes());
    }
    folder.put("huge.npy", npy("<f8", &[300, 3], &bytes));
    let mut bytes = Vec::new();
    for i in 0..64 * 200 {
        bytes.extend((chance(i) as f32 * 3.3e38).to_le_bytes());
    }
    folder.put("images.npy", npy("<f4", &[200, 1, 8, 8], &bytes));
    for (recipe, file, reason) in [
        ("table", "huge", "the MSE of the column"),
        ("basic", "images", "the MSE in data units"),
    ] {
        let (table, said) = folder.both(&format!(
            "train {recipe} --data {file}.npy --set scaling.kind=minmax --epochs 1 --out {file}"
        ));
        assert!(
            said.contains(reason) && said.contains("too large for a number"),
            "{said}"
        );
        let report = folder.text(&format!("{file}/report.html"));
        for text in [table, report, folder.ok(&format!("evaluate {file}"))] {
            let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
            let odd: Vec<&str> = words
                .filter(|word| ["inf", "-inf", "NaN"].contains(word))
                .collect();
            assert_eq!(odd, [""; 0], "{file}");
        }
        let found: Value =
            serde_json::from_str(&folder.ok(&format!("evaluate {file} --json"))).unwrap();
        let number = match file {
            "huge" => &found["columns"][0]["column_mse"],
            _ => &found["pca"]["data_mse"],
        };
        assert_eq!(number, "infinite: too large for a number", "{file}");
    }
}
