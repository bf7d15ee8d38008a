//! The command line that trains on the data, and its options.

use super::*;

#[test]
fn options_are_shown_and_kept_and_names_that_are_not_there_refused() {
    let options = ReadOptions {
        label: Some("kind".into()),
        ids: vec!["name".into()],
        drop: vec!["row".into(), "price".into()],
        missing: Some(Missing::Zero),
        header: Some(true),
        ..ReadOptions::default()
    };
    let info = described(Memory::new(people()), &options);
    let role = |name: &str| column(&info, name).role();
    assert_eq!(
        (role("kind"), role("name"), role("row")),
        (Role::Label, Role::Id, Role::Ignored)
    );
    assert_eq!(column(&info, "row").reason().as_deref(), Some("`drop`"));
    assert_eq!(info.refusals, [""; 0]);
    assert_eq!(
        training(&info).as_deref(),
        Some(
            "run::run(\"table\", data = \"my t.csv\", drop = \"row,price\", label = kind, ids = name, missing = zero, \
             header = yes)"
        )
    );
    for (options, expected) in [
        (
            ReadOptions {
                label: Some("knd".into()),
                ..ReadOptions::default()
            },
            "did you mean `kind`?",
        ),
        (
            ReadOptions {
                drop: vec!["pric".into()],
                ..ReadOptions::default()
            },
            "did you mean `price`?",
        ),
        (
            ReadOptions {
                ids: vec!["nme".into()],
                ..ReadOptions::default()
            },
            "which `ids` asks for",
        ),
        (
            ReadOptions {
                columns: vec!["agee".into()],
                ..ReadOptions::default()
            },
            "did you mean `age`?",
        ),
    ] {
        let error = Info::of_table(&mut Memory::new(people()), &[], &options)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Words as inputs are refused in training; the description reports them.
    let chosen = ReadOptions {
        columns: vec!["age".into(), "born".into()],
        ..ReadOptions::default()
    };
    let info = described(Memory::new(people()), &chosen);
    assert_eq!(info.of_role(Role::Input).count(), 2);
    assert!(
        info.refusals
            .iter()
            .any(|text| text == "`born` has no numbers"),
        "{:?}",
        info.refusals
    );
    assert!(settings(&info).contains("columns = age, label = kind, ids = name, missing = mean"));
}

#[test]
fn two_columns_of_one_name_are_described_and_dropped() {
    let info = of(vec![
        ("a", ColumnKind::Float, texts([0.5, 1.5, 4.0])),
        ("a", ColumnKind::Float, texts([2.5, 1.5, 4.0])),
        ("b", ColumnKind::Float, texts([2.5, 0.5, 4.0])),
    ]);
    assert_eq!(info.refusals, ["several columns are called `a`"]);
    assert_eq!(
        training(&info).as_deref(),
        Some("run::run(\"table\", data = \"my t.csv\", drop = a)")
    );
}

#[test]
fn a_column_without_a_name_that_counts_is_left_out_as_in_training() {
    let info = of(vec![
        ("", ColumnKind::Integer, texts(0..9)),
        (
            "b",
            ColumnKind::Float,
            texts((0..9).map(|row| row as f64 / 2.0)),
        ),
    ]);
    let index = column(&info, "");
    assert_eq!(index.role(), Role::Ignored);
    assert!(index.reason().unwrap().starts_with("a row index"));
    assert_eq!(
        training(&info).as_deref(),
        Some("run::run(\"table\", data = \"my t.csv\")")
    );
}

#[test]
fn what_nothing_can_be_learnt_from_has_no_command() {
    let words = of(vec![("w", ColumnKind::Text, texts(["a", "b", "c"]))]);
    assert_eq!(words.training, None);
    assert_eq!(words.refusals, ["no column of numbers is left to train on"]);
    let none = of(vec![("a", ColumnKind::Float, Vec::new())]);
    assert_eq!((none.rows, none.training), (0, None));
    assert!(none.refusals.iter().any(|text| text == "there are no rows"));
    let columns = of(Vec::new());
    assert_eq!((columns.columns().len(), &columns.training), (0, &None));
}

#[test]
fn a_label_is_guessed_where_one_suggests_itself() {
    let measured = || texts((0..40).map(|row| format!("{}.25", row * 7 % 11)));
    let few = |count: usize| texts((0..40).map(move |row| row % count));
    let guess = |columns| {
        settings(&of(columns))
            .split_once("label = ")
            .map(|(_, rest)| rest.to_string())
    };
    let (float, integer) = (ColumnKind::Float, ColumnKind::Integer);
    let named = vec![("Species", integer, few(3)), ("x", float, measured())];
    assert_eq!(guess(named).as_deref(), Some("Species"));
    let last = vec![("x", float, measured()), ("k", integer, few(3))];
    assert_eq!(guess(last).as_deref(), Some("k"));
    let first = vec![("k", integer, few(3)), ("x", float, measured())];
    assert_eq!(guess(first), None);
    let pixels = vec![("p0", integer, few(5)), ("p1", integer, few(3))];
    assert_eq!(guess(pixels), None);
    let many = vec![("x", float, measured()), ("k", integer, few(13))];
    assert_eq!(guess(many), None);
    let target = vec![("x", float, measured()), ("y", float, measured())];
    assert_eq!(guess(target), None);
}

#[test]
fn names_are_quoted_for_a_shell() {
    use crate::text::for_shell;
    for (word, quoted) in [
        ("a.csv", "a.csv"),
        ("", "''"),
        ("my file.csv", "'my file.csv'"),
        ("it's", "'it'\\''s'"),
        ("$HOME;rm *", "'$HOME;rm *'"),
        ("größe", "größe"),
        ("a\u{1b}[31m'b\\", "$'a\\x1b[31m\\'b\\\\'"),
    ] {
        assert_eq!(for_shell(word), quoted);
    }
    let odd = of(vec![
        ("-x", ColumnKind::Float, texts(["!1,5", "2", "3"])),
        ("a,\"b", ColumnKind::Float, texts(["!1,5", "2", "3"])),
        ("c", ColumnKind::Float, texts(["1", "2", "4"])),
    ]);
    let Some(Action::Train { settings, .. }) = odd.training else {
        panic!("{:?}", odd.training);
    };
    // As one value: of the command it is one word.
    let drop = (Setting::Drop, Some("-x,\"a,\"\"b\"".to_string()));
    assert_eq!(settings.0.last(), Some(&drop));
}

/// A shell reads each word unchanged.
#[cfg(unix)]
#[test]
fn a_shell_reads_back_what_is_quoted() {
    let words = [
        "",
        "a b",
        "it's",
        "$(ls)\\`",
        "\u{1b}[31m",
        "ü\u{85}\n'x",
        "!1",
        "~",
        "*",
        "#a",
        "\\x41",
        "a=b",
    ];
    for word in words {
        let line = format!("printf %s {}", crate::text::for_shell(word));
        // Without such a shell, this cannot be tested.
        if let Ok(said) = std::process::Command::new("bash")
            .args(["-c", &line])
            .output()
        {
            assert_eq!(String::from_utf8_lossy(&said.stdout), word);
        }
    }
}

#[test]
fn ids_are_suggested_where_one_input_is_left() {
    let info = of(vec![
        ("row", ColumnKind::Integer, texts(1..41)),
        (
            "name",
            ColumnKind::Text,
            texts((0..40).map(|row| format!("n{row}"))),
        ),
        (
            "x",
            ColumnKind::Float,
            texts((0..40).map(|row| (row * 7 % 11) as f64 / 2.0)),
        ),
    ]);
    assert_eq!(settings(&info), "ids = \"row,name\"");
}

#[test]
fn a_label_that_some_rows_lack_is_kept_as_an_id() {
    let options = ReadOptions {
        label: Some("iso".into()),
        ..ReadOptions::default()
    };
    let (_folder, info) = of_files(
        &[("t.csv", b"iso,gdp\nNA,12.5\nDE,40.1\nFR,38.2\n")],
        &options,
    );
    assert_eq!(settings(&info), "ids = iso");
    assert!(
        info.suggestions[0].contains("keeps `iso` as an id"),
        "{:?}",
        info.suggestions
    );
}
