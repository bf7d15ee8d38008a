//! Files that training refuses, with the option that repairs them.

use super::*;

#[test]
fn a_text_that_training_refuses_is_described_with_the_option_that_mends_it() {
    for (text, refusal, settings_then, how, suggestion) in [
        (
            &b"a,b\n1.5,2\n2.5,3\n3.5,5\nTotals:,\n"[..],
            "line 5: the line looks like a line of totals (\"Totals:\") (leave it out with `skip_end = 1`, or keep it \
             with `skip_end = 0`)",
            "skip_end = 1",
            "without 1 line at the end",
            "",
        ),
        (
            b"a,gr\xf6\xdfe\n1,2\n3,4\n6,5\n",
            "line 1, character 5: the text is not UTF-8: expected UTF-8 text, found [f6, df, 65, 0a] (name its encoding",
            "encoding = windows-1252",
            "windows-1252",
            "`encoding = windows-1252` is a guess",
        ),
        (
            b"a;b\n124.355;20.377\n20.377;1.125\n3.125;7.377\n",
            "column `a`: the decimal sign is in doubt",
            "decimal = \",\", thousands = \".\"",
            "semicolons, decimal commas",
            "if 124.355 means about 124, use `decimal = \".\"` instead",
        ),
        (
            b"a\nb\nc,d\n1,2\n3,4\n2,9\n4,1\n",
            "",
            "",
            "header on line 3",
            "",
        ),
        (
            b"one,two,three\n1,2\n3,4\n2,9\n4,1\n",
            "line 1: the lines differ in length: expected 2 cells, as in most lines, found 3",
            "header = no, skip_lines = 1",
            "no header",
            "columns are called 0, 1 and so on",
        ),
        (
            b"a,b\n1,2\n3\n4,5\n6,7\n",
            "line 3: the lines differ in length: expected 2 cells, as in most lines, found 1 (this description",
            "",
            "header on line 1",
            "correct the lines above first: no option helps",
        ),
    ] {
        let (_folder, info) = of_files(&[("t.csv", text)], &ReadOptions::default());
        match refusal {
            "" => assert_eq!(info.refusals, [""; 0]),
            refusal => assert!(info.refusals[0].starts_with(refusal), "{:?}", info.refusals),
        }
        assert!(info.refusals.len() < 2, "{:?}", info.refusals);
        assert_eq!(settings(&info), settings_then);
        assert!(info.how.as_ref().unwrap().contains(how), "{:?}", info.how);
        match suggestion {
            "" => assert_eq!(info.suggestions, [""; 0]),
            said => assert!(info.suggestions[0].contains(said), "{:?}", info.suggestions),
        }
    }
}

#[test]
fn faults_of_several_files_name_the_file_and_are_mended_where_all_have_them() {
    let total = &b"a,b\n1.5,2.5\n2.5,3.5\n3.5,5.5\nTotal,\n"[..];
    let plain = &b"a,b\n1.5,2.5\n2.5,3.5\n3.5,5.5\n"[..];
    let options = ReadOptions::default();
    let (_folder, info) = of_files(&[("x.csv", total), ("y.csv", total)], &options);
    assert_eq!((info.rows, info.refusals.len()), (6, 2));
    assert!(info.refusals[1].contains("y.csv: line 5: the line looks like a line of totals"));
    assert_eq!(settings(&info), "skip_end = 1");
    let (_folder, info) = of_files(&[("x.csv", total), ("y.csv", plain)], &options);
    assert_eq!((info.rows, info.refusals.len()), (6, 1));
    assert!(info.refusals[0].ends_with("; but options are for all files: correct this file"));
    assert_eq!(settings(&info), "");
    assert!(info.suggestions[0].contains("no option helps"));
    // Long lists are shortened.
    let names: Vec<String> = (0..15).map(|place| format!("{place:02}.csv")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), total)).collect();
    let (_folder, info) = of_files(&files, &options);
    assert_eq!((info.rows, info.refusals.len()), (45, 13));
    assert_eq!(info.refusals[12], "3 more faults of this kind");
    assert_eq!(settings(&info), "skip_end = 1");
}

#[test]
fn classes_choose_in_training_alone() {
    let options = ReadOptions {
        classes: vec!["0".into()],
        label: Some("kind".into()),
        ..ReadOptions::default()
    };
    let info = described(Memory::new(people()), &options);
    assert_eq!(info.rows, 30);
    assert!(info.notes[1].starts_with("all rows are described; in training, `classes`"));
    assert!(settings(&info).contains("classes = 0"));
}

#[test]
fn the_std_of_integers_beyond_float64_is_theirs() {
    let start = 1_i64 << 60;
    let info = of(vec![(
        "big",
        ColumnKind::Integer,
        texts((0..40).map(|row| start + 3 * row)),
    )]);
    let numbers = info.columns().next().unwrap().numbers().unwrap();
    assert!((numbers.std - 34.630_19).abs() < 1e-4, "{numbers:?}");
    let expected = "`big`: float64 keeps only 1 of its 40 distinct values. Scores and reconstructions are computed in \
                    float64: subtract a constant from the column in the file";
    assert_eq!(info.remarks, [expected]);
}

#[test]
fn where_every_column_has_a_fault_there_is_no_command_and_that_is_said() {
    let info = of(vec![("a", ColumnKind::Float, texts(["1.5", "!x", "2.5"]))]);
    assert_eq!(info.training, None);
    assert!(
        info.refusals[1].starts_with("correct the lines above first"),
        "{:?}",
        info.refusals
    );
}

#[test]
fn rows_that_missing_drop_leaves_out_are_counted() {
    let options = ReadOptions {
        missing: Some(Missing::Drop),
        ..ReadOptions::default()
    };
    let cells = texts(["0.5", "", "1.5", "2.5", ""]);
    let info = described(Memory::new(vec![("x", ColumnKind::Float, cells)]), &options);
    assert_eq!(info.rows, 5);
    assert!(
        info.notes.contains(
            &"`missing = drop` leaves out 2 rows with missing cells: 3 rows remain".to_string()
        ),
        "{:?}",
        info.notes
    );
}

#[test]
fn zeros_at_the_beginning_are_told_in_training_too() {
    let text = b"zip,x\n01067,1.5\n10115,2.5\n80331,0.5\n";
    let (folder, info) = of_files(&[("t.csv", text)], &ReadOptions::default());
    let said = "`zip` has values that begin with 0, such as 01067, which are read as numbers: if they are ids, `ids = zip` \
                keeps them as they are";
    assert!(info.notes.contains(&said.to_string()), "{:?}", info.notes);
    let source = folder.path().join("t.csv");
    let source = crate::data::Source::open(&source.display().to_string()).unwrap();
    assert!(source.train.notes().contains(&said.to_string()));
}

#[test]
fn numbers_that_cannot_be_scaled_are_told_and_left_out_of_the_settings() {
    for column in [
        ["1e300", "2", "-1e300", "4"],
        ["1e200", "2e200", "3e200", "-1e200"],
        ["1e-310", "2e-310", "3e-310", "1.5e-310"],
        ["-1.7e308", "1.7e308", "0", "1"],
    ] {
        let mut text = "f,g\n".to_string();
        for (cell, other) in column.iter().zip([1.5, 2.5, 3.0, 1.0]) {
            text.push_str(&format!("{cell},{other}\n"));
        }
        let (_folder, info) = of_files(&[("t.csv", text.as_bytes())], &ReadOptions::default());
        let numbers = info.columns().next().unwrap().numbers().unwrap();
        assert!(
            numbers.std.is_finite() && numbers.std > 0.0,
            "{column:?}: {numbers:?}"
        );
        assert!(
            info.refusals[0].starts_with("`f`: its values are too large"),
            "{:?}",
            info.refusals
        );
        assert!(
            !info
                .remarks
                .iter()
                .any(|remark| remark.contains("distinct")),
            "{:?}",
            info.remarks
        );
        assert_eq!(settings(&info), "drop = f");
    }
    let (_folder, info) = of_files(
        &[("t.csv", b"f,g\n1e100,1.5\n2e100,2.5\n5e100,3.5\n")],
        &ReadOptions::default(),
    );
    assert_eq!(info.refusals, [""; 0]);
}

#[test]
fn columns_without_a_name_that_count_the_rows_are_left_out() {
    for (header, rows) in [
        ("a,b,", ["1.5,2,0", "2.5,7,1", "0.5,4,2"]),
        (
            "Unnamed: 0,Unnamed: 0.1,a",
            ["0,3,1.5", "1,5,2.5", "2,9,0.5"],
        ),
        ("a,b,Unnamed: 2", ["1.5,2,1", "2.5,7,2", "0.5,4,3"]),
    ] {
        let text = format!("{header}\n{}\n", rows.join("\n"));
        let (_folder, info) = of_files(&[("t.csv", text.as_bytes())], &ReadOptions::default());
        let inputs: Vec<&str> = info.of_role(Role::Input).map(ColumnInfo::name).collect();
        assert!(
            inputs.iter().all(|name| name.len() == 1),
            "{header}: {inputs:?}"
        );
    }
    let (_folder, info) = of_files(
        &[("t.csv", b"a,\n1.5,7\n2.5,8\n0.5,11\n")],
        &ReadOptions::default(),
    );
    assert_eq!(info.of_role(Role::Input).count(), 2);
}
