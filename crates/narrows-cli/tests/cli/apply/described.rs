//! Data that are described before training, and columns that do not vary.

use super::*;

#[test]
fn data_are_described() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), table(30, 0, |row| row < 10)).unwrap();
    let said = ok(folder.path(), "data info t.csv --id id --label odd");
    for part in [
        "30",
        "0 (20), 1 (10)",
        "To learn from",
        "As label",
        "distinct",
        "std",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let found: Value =
        serde_json::from_str(&ok(folder.path(), "data info t.csv --drop id --json")).unwrap();
    assert_eq!(found["rows"], 30);
    assert_eq!(found["columns"].as_array().unwrap().len(), 6);
    assert_eq!(found["columns"][0]["left_out"], "`--drop`");
    let said = refused(folder.path(), "data info t.csv --label kind");
    assert!(said.contains("there is no column `kind`"), "{said}");
    let said = refused(folder.path(), "data info mnist --columns a");
    assert!(
        said.contains("`--columns` is an option for tables"),
        "{said}"
    );
    assert!(ok(folder.path(), "data kinds").contains("Parquet"));
}

/// What training refuses is described, and the command line at the end trains on it.
#[test]
fn a_table_that_training_refuses_is_described_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut lines = "who,a b,size,same,note\u{1b}[31m,class\n".to_string();
    for row in 0..40 {
        let size = match row {
            7 => "1.2.3".to_string(),
            row => format!("{}.5", row % 6),
        };
        let gap = if row == 11 {
            String::new()
        } else {
            format!("{}.25", row * 7 % 13)
        };
        lines.push_str(&format!(
            "p{row},{gap},{size},3,x,{}\n",
            ["cat", "dog"][row % 2]
        ));
    }
    fs::write(folder.join("my t.csv"), lines).unwrap();
    let output = narrows(folder, &["data", "info", "my t.csv", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = found["refusals"].to_string();
    assert!(
        said.contains("`size`: 1 cell cannot be read as a number: line 9"),
        "{said}"
    );
    assert_eq!(
        found["command"],
        "narrows train table --data 'my t.csv' --drop size --label class --id who --missing mean"
    );
    let said = text(&narrows(folder, &["data", "info", "my t.csv"]).stdout);
    assert!(
        said.contains("note\\x1b[31m") && !said.contains('\u{1b}'),
        "{said}"
    );
    let wide = said
        .lines()
        .find(|line| line.chars().count() > 80 && !line.contains("narrows train"));
    assert_eq!(wide, None, "{said}");
    let refused = narrows(
        folder,
        &["train", "table", "--data", "my t.csv", "--epochs", "1"],
    );
    assert_eq!(refused.status.code(), Some(2));
    #[cfg(unix)]
    {
        let command = found["command"].as_str().unwrap();
        let (_, arguments) = command.split_once(' ').unwrap();
        let line = format!("'{}' {arguments} --epochs 1", env!("CARGO_BIN_EXE_narrows"));
        let done = std::process::Command::new("sh")
            .args(["-c", &line])
            .current_dir(folder)
            .output();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", text(&done.stderr));
    }
}

/// Columns that are constant, in all rows or in those that are trained on alone, train whichever rows are held out,
/// and no number of the result is none.
#[test]
fn constant_columns_train_whichever_rows_are_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut rows = "a,same,once\n".to_string();
    for row in 0..6 {
        rows.push_str(&format!("{},7.1,{}\n", row * 5 % 6, u8::from(row == 5)));
    }
    fs::write(folder.join("some.csv"), rows).unwrap();
    fs::write(
        folder.join("all.csv"),
        format!("a,b\n{}", "0.1,3\n".repeat(12)),
    )
    .unwrap();
    let mut held_out = 0;
    for seed in 0..20 {
        let line = format!(
            "train table --data some.csv --epochs 1 --seed {seed} --out some-{seed} --json"
        );
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let done = narrows(folder, &arguments);
        let said = text(&done.stderr);
        assert!(done.status.success(), "{seed}: {said}");
        assert_eq!(
            said.matches("the same value in every training row").count(),
            1,
            "{said}"
        );
        held_out += said.matches("`same`, `once`").count();
        let found: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert!(
            found["evaluation"]["model"]["test_mse"].is_number(),
            "{found}"
        );
    }
    assert!(
        (1..20).contains(&held_out),
        "{held_out} of 20 seeds hold out the one row"
    );
    for scaling in ["standardize", "minmax"] {
        let out = format!("all-{scaling}");
        ok(
            folder,
            &format!(
                "train table --data all.csv --epochs 1 --set scaling.kind={scaling} --out {out}"
            ),
        );
        let found: Value = serde_json::from_str(&ok(
            folder,
            &format!("evaluate {out} --data all.csv --json"),
        ))
        .unwrap();
        assert!(
            found["model"]["test_mse"].is_number() && found["columns"][0]["column_mse"].is_number(),
            "{found}"
        );
        let report = fs::read_to_string(folder.join(out).join("report.html")).unwrap();
        assert!(!report.contains("NaN"));
    }
}
