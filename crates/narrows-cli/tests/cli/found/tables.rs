//! Tables: CSV from many tools, Parquet, folders of parts.

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
            &["which `drop` asks for"],
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
        assert_eq!(said.matches("warning").count(), 1, "{said}");
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
fn decimal_commas_are_told_and_no_value_is_lost() {
    let folder = Folder::new();
    let mut rows = cells(40, 3);
    let with_commas =
        |rows: &[Vec<String>]| lines("Menge,Preis,Feuchte", rows, ";").replace('.', ",");
    folder.put("messung.csv", with_commas(&rows));
    assert_eq!(
        folder.converted("messung.csv"),
        lines("Menge,Preis,Feuchte", &rows, ",")
    );
    // Beside whole numbers too, with which the others must not be taken for missing.
    for (row, cells) in rows.iter_mut().enumerate() {
        if row % 3 > 0 {
            cells[0] = row.to_string();
        }
        if row % 2 > 0 {
            cells[1] = "7".into();
        }
    }
    folder.put("gemischt.csv", with_commas(&rows));
    let expected = lines("Menge,Preis,Feuchte", &rows, ",");
    for option in ["", "--missing mean", "--missing zero", "--decimal ,"] {
        assert_eq!(
            folder.converted(&format!("gemischt.csv {option}")),
            expected
        );
    }
    let tried = folder.tried("gemischt.csv");
    assert_eq!(
        tried.read_as(),
        "semicolons, decimal commas, header on line 1"
    );
    assert!(
        tried.said.contains("read as: semicolons, decimal commas"),
        "{}",
        tried.said
    );
}

#[test]
fn the_content_tells_the_separator_and_the_kind_whatever_the_name() {
    let folder = Folder::new();
    let rows = cells(30, 3);
    let plain = lines("a,b,c", &rows, ",");
    folder.put("table.csv", &plain);
    for (name, separator) in [
        ("tab.csv", "\t"),
        ("bar.csv", "|"),
        ("semi.tsv", ";"),
        ("spaces.csv", "  "),
        ("table.txt", ","),
        ("table.data", ","),
        ("table", ","),
    ] {
        folder.put(name, lines("a,b,c", &rows, separator));
    }
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    packed
        .start_file("table.csv", zip::write::SimpleFileOptions::default())
        .unwrap();
    packed.write_all(plain.as_bytes()).unwrap();
    folder.put("table.csv.zip", packed.finish().unwrap().into_inner());
    folder.ok("data convert --data table.csv -o table.parquet");
    fs::rename(folder.path("table.parquet"), folder.path("table.pq")).unwrap();
    for name in [
        "tab.csv",
        "bar.csv",
        "semi.tsv",
        "spaces.csv",
        "table.txt",
        "table.data",
        "table",
        "table.csv.zip",
        "table.pq",
    ] {
        assert_eq!(folder.converted(name), plain, "{name}");
    }
    let bare: String = rows
        .iter()
        .map(|row| format!("{}\n", row.join(" ")))
        .collect();
    folder.put("savetxt.csv", bare);
    let tried = folder.tried("savetxt.csv");
    assert_eq!(
        (tried.rows(), tried.read_as()),
        (30, "spaces between cells, decimal points, no header")
    );
    assert!(
        tried.said.contains("used line 1 as a row"),
        "{}",
        tried.said
    );
}

#[test]
fn text_of_excel_is_read_and_older_text_refused_with_what_reads_it() {
    let folder = Folder::new();
    let rows = cells(20, 2);
    let text = lines("Température,Druck", &rows, "\t");
    let utf16: Vec<u8> = [0xFEFF]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let plain = lines("Température,Druck", &rows, ",");
    for name in ["excel.txt", "excel.tsv"] {
        folder.put(name, &utf16);
        assert_eq!(folder.converted(name), plain);
    }
    assert_eq!(
        folder.tried("excel.txt").columns(),
        "Température:input Druck:input"
    );
    folder.put("latin1.csv", encoding_rs::WINDOWS_1252.encode(&plain).0);
    let line = "train table --data latin1.csv --epochs 1 --out run";
    folder.refused(
        line,
        &[
            "line 1, character 5",
            "not UTF-8",
            "--encoding windows-1252",
        ],
    );
    folder.ok(&format!("{line} --encoding windows-1252"));
    assert_eq!(
        folder.converted("latin1.csv --encoding windows-1252"),
        plain
    );
}

#[test]
fn marks_quotes_and_line_breaks_of_excel_change_no_value() {
    let folder = Folder::new();
    let mut text = "\u{feff}\"temp\",\"press\",\"note\"\r\n".to_string();
    let mut plain = "note,temp,press\n".to_string();
    for (row, cells) in cells(30, 2).iter().enumerate() {
        let note = format!("\"note {row}, first line\nsecond line\"");
        text += &format!("\"{}\", {} ,{note}\r\n", cells[0], cells[1]);
        plain += &format!("{note},{},{}\n", cells[0], cells[1]);
    }
    folder.put("excel.csv", text + "\r\n");
    assert_eq!(folder.converted("excel.csv --id note"), plain);
    assert_eq!(
        folder.tried("excel.csv --id note").columns(),
        "temp:input press:input note:id"
    );
}

#[test]
fn lines_before_the_header_are_left_out_with_a_word() {
    let folder = Folder::new();
    let rows = cells(30, 3);
    let plain = lines("temp,hum,wind", &rows, ",");
    let (head, below) = plain.split_once('\n').unwrap();
    for (name, text, note) in [
        (
            "hash.csv",
            format!("# logger 4.2, serial 0000\n# units: s, C, %\n{plain}"),
            "left out 2 comment lines before the table",
        ),
        (
            "plain.csv",
            format!("Plot Title: Site 7\nSerial Number: 0000\n\n{plain}"),
            "left out 2 lines before the header on line 4",
        ),
        (
            "units.csv",
            format!("{head}\nC,%,m/s\n{below}"),
            "line 2 has the units of the columns",
        ),
        (
            "savetxt.csv",
            format!("# {plain}"),
            "took the names of the columns from the comment on line 1",
        ),
    ] {
        folder.put(name, text);
        let tried = folder.tried(name);
        assert_eq!(
            (tried.rows(), tried.columns()),
            (30, "temp:input hum:input wind:input".into()),
            "{name}"
        );
        assert_eq!(tried.list("notes"), [note]);
        assert!(tried.said.contains(note), "{}", tried.said);
        assert_eq!(folder.converted(name), plain, "{name}");
    }
    assert_eq!(folder.info("units.csv")[0]["columns"][1]["unit"], "%");
    // Another title line may look like a header; then a person says how many lines there are.
    folder.put("titles.csv", format!("one,two\n{plain}"));
    assert_eq!(folder.converted("titles.csv --skip-lines 1"), plain);
}

#[test]
fn a_delimiter_at_the_end_of_lines_is_no_column() {
    let folder = Folder::new();
    let plain = lines("a,b,c", &cells(30, 3), ",");
    let all = plain.replace('\n', ",\n");
    folder
        .put("rows.csv", all.replacen("c,\n", "c\n", 1))
        .put("all.csv", &all);
    for (name, note) in [
        (
            "rows.csv",
            "left out empty cells behind the last column in 30 rows",
        ),
        (
            "all.csv",
            "left out 1 column at the end without name and values",
        ),
    ] {
        assert_eq!(folder.tried(name).list("notes"), [note]);
        assert_eq!(folder.converted(name), plain);
        assert_eq!(folder.converted(&format!("{name} --missing mean")), plain);
    }
}

#[test]
fn a_line_of_totals_is_no_row_of_means() {
    let folder = Folder::new();
    let plain = lines("a,b,c", &cells(30, 3), ",");
    folder.put("report.csv", format!("{plain}Totals:,,\n"));
    for option in ["", "--missing mean"] {
        let line = format!("train table --data report.csv {option} --epochs 1 --out run");
        let said = folder.refused(
            &line,
            &["line 32", "a line of totals (\"Totals:\")", "--skip-end 1"],
        );
        assert!(!said.contains("--missing"), "{said}");
    }
    assert_eq!(folder.converted("report.csv --skip-end 1"), plain);
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
fn every_way_to_write_that_a_value_is_missing_is_known() {
    let folder = Folder::new();
    let ways = [
        "NA", "N/A", "null", "None", "nan", "-", "?", "", "#N/A", "NULL", ".", "missing",
    ];
    let mut rows = cells(60, 3);
    for (row, way) in rows.iter_mut().zip(ways) {
        row[1] = way.into();
    }
    folder.put("gaps.csv", lines("a,b,c", &rows, ","));
    let tried = folder.tried("gaps.csv");
    assert_eq!(
        tried.list("refusals"),
        ["12 cells are missing, in `b` (`--missing mean` fills them)"]
    );
    assert!(
        tried.command().ends_with("--missing mean"),
        "{}",
        tried.command()
    );
    assert!(
        tried
            .said
            .contains("12 missing cells were filled with means, in `b`"),
        "{}",
        tried.said
    );
    folder.refused(
        "train table --data gaps.csv --out run",
        &["`b`: 12 cells (the first on line 2)", "--missing mean"],
    );
    assert_eq!(
        folder.converted("gaps.csv --missing drop"),
        lines("a,b,c", &rows[12..], ",")
    );
    for row in &mut rows[..12] {
        row[1] = "0".into();
    }
    assert_eq!(
        folder.converted("gaps.csv --missing zero"),
        lines("a,b,c", &rows, ",")
    );
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
fn folders_patterns_and_several_files_are_one_table() {
    let folder = Folder::new();
    let rows = cells(60, 3);
    for (day, rows) in rows.chunks(20).enumerate() {
        let name = format!("day{day}");
        folder.put(&format!("days/{name}.csv"), lines("a,b,c", rows, ","));
        folder.path("spark/x");
        let line = format!(
            "data convert --data days/{name}.csv -o spark/part-0000{day}-c000.snappy.parquet"
        );
        folder.ok(&line);
    }
    folder
        .put("spark/_SUCCESS", "")
        .put("spark/.part-00000-c000.snappy.parquet.crc", "crc");
    let all = lines("a,b,c", &rows, ",");
    for spec in [
        "days",
        "'days/*.csv'",
        "days/day0.csv --data days/day1.csv --data days/day2.csv",
        "spark",
    ] {
        assert_eq!(folder.converted(spec), all, "{spec}");
    }
    for spec in ["days", "'days/*.csv'", "days/*.csv", "spark"] {
        let tried = folder.tried(spec);
        assert_eq!(tried.rows(), 60);
        assert!(
            tried.said.contains("read as: 3 files as one table"),
            "{}",
            tried.said
        );
    }
    // By name, whatever the order; the file that has not what the others have is named.
    let reversed: Vec<Vec<String>> = rows[20..40]
        .iter()
        .map(|row| row.iter().rev().cloned().collect())
        .collect();
    folder.put("days/day1.csv", lines("c,b,a", &reversed, ","));
    assert_eq!(folder.converted("days"), all);
    folder.put("days/day1.csv", lines("a,b,d", &rows[20..40], ","));
    folder.refused("data convert --data days -o no.csv", &["day1.csv", "`c`"]);
}

/// Lists, spans of time, points in time, categories and gaps in Parquet.
#[test]
fn columns_of_parquet_are_what_they_are() {
    let folder = Folder::new();
    let fixtures = format!(
        "{}/../narrows/tests/fixtures/parquet",
        env!("CARGO_MANIFEST_DIR")
    );
    for name in ["lists", "pandas", "int96"] {
        fs::copy(
            format!("{fixtures}/{name}.parquet"),
            folder.path(&format!("{name}.parquet")),
        )
        .unwrap();
    }
    let lists = folder.tried("lists.parquet --columns fixed_0,fixed_1,fixed_2 --id id");
    assert!(
        lists.said.contains(
            "column `fixed` holds lists of 3 numbers: read as the columns fixed_0 to fixed_2"
        ),
        "{}",
        lists.said
    );
    assert_eq!(
        folder.converted("lists.parquet --columns fixed_0,fixed_2 --id id --missing zero"),
        "id,fixed_0,fixed_2\na,1.5,3.5\nb,4.5,6.5\nc,0,0\nd,7.5,9.5\n"
    );
    let pandas = folder.tried("pandas.parquet");
    assert_eq!(
        pandas.columns(),
        "a:input took:ignored kind:ignored n:input __index_level_0__:ignored"
    );
    assert_eq!(
        pandas.list("refusals"),
        ["1 cell is missing, in `n` (`--missing mean` fills them)"]
    );
    assert!(
        pandas
            .said
            .contains("`took` (spans of time); `kind` (words)"),
        "{}",
        pandas.said
    );
    assert_eq!(
        folder.converted("pandas.parquet --columns a --id took --label kind"),
        "took,kind,a\n00:01:00.000000,x,0.5\n00:01:01.000000,y,1.5\n00:01:02.000000,x,2.5\n"
    );
    folder.refused(
        "train table --data int96.parquet --out no",
        &["no column of numbers is left", "`when`"],
    );
    let ids = folder.converted("pandas.parquet --columns a --id __index_level_0__");
    assert_eq!(ids, "__index_level_0__,a\n3,0.5\n5,1.5\n7,2.5\n");
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

#[test]
fn paths_have_any_letters() {
    let folder = Folder::new();
    folder.put(
        "pfad mit ü 100%20/dätä %s.csv",
        lines("a,b,c,d,e", &cells(40, 5), ","),
    );
    let tried = folder.tried("'pfad mit ü 100%20/dätä %s.csv'");
    assert_eq!(tried.rows(), 40);
    folder
        .ok("score pasted --data 'pfad mit ü 100%20/dätä %s.csv' -o 'pfad mit ü 100%20/ö %d.csv'");
    assert_eq!(
        folder.text("pfad mit ü 100%20/ö %d.csv").lines().count(),
        41
    );
}

/// A later file in another unit than the training file is refused; one without a unit is warned of.
#[test]
fn units_of_later_files_are_compared_with_those_of_training() {
    let folder = Folder::new();
    let table = |unit: &str| {
        let rows = (1..20).map(|row| format!("{row}.5{unit},{}\n", row * row % 7));
        format!("x,y\n{}", rows.collect::<String>())
    };
    folder
        .put("train.csv", table("%"))
        .put("other.csv", table("kg"))
        .put("none.csv", table(""));
    folder.ok("train table --data train.csv --epochs 1 --out run");
    folder.refused(
        "score run --data other.csv -o no.csv",
        &["the unit % of the column `x`, as in training, found kg"],
    );
    let said = folder.said("score run --data none.csv -o scores.csv");
    assert!(
        said.contains("the column `x` has no unit, in training it had the unit %"),
        "{said}"
    );
    // A run is no data.
    folder.refused(
        "data info run",
        &["it is a run of Narrows", "`narrows inspect run`"],
    );
}
