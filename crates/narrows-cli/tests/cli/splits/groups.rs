//! Groups: their rows stay together.

use super::*;

#[test]
fn groups_stay_together_and_are_divided_again_in_the_same_way() {
    let folder = Folder::new();
    let (object, said) = folder.train("--out run --group patient");
    let [train, validation, test] = counts(&object);
    assert_eq!(train + validation + test, 2000);
    assert!(
        test.abs_diff(200) < 34 && validation.abs_diff(180) < 34,
        "{object}"
    );
    assert!(
        said.contains("`patient` names the groups and is kept beside the rows as an id"),
        "{said}"
    );
    assert!(
        said.contains("rows with the same `patient` stay together: "),
        "{said}"
    );
    assert!(!said.contains("in the order of the column"), "{said}");
    let (evaluated, said) = folder.json("evaluate run --data a.csv");
    assert!(
        !said.contains("not the data that the model was trained on"),
        "{said}"
    );
    assert_eq!(evaluated["test_rows"], test);
    assert_eq!(evaluated["train_rows"], train);
    assert_eq!(
        evaluated["model"]["test_mse"],
        object["evaluation"]["model"]["test_mse"]
    );

    let said = folder.refused("--group doctor");
    assert!(said.contains("there is no column `doctor`"), "{said}");
    let said = folder.refused("--group patient --test last:0.1");
    assert!(
        said.contains("the last rows cannot be held out if groups stay together"),
        "{said}"
    );
}

#[test]
fn groups_of_another_source_that_are_training_groups_are_warned_of() {
    let folder = Folder::new();
    let (_, said) = folder.train("--out known --group patient --test new.csv --validation 0");
    let expected = "rows for testing share groups of `patient` with the training rows: 60 of 60 groups, 500 of 500 rows.";
    assert!(said.contains(expected), "{said}");
    let means = "new.csv: 10 missing cells were filled with the means of the training rows, in `b`";
    assert!(said.contains(means), "{said}");
    // A third of them, for validation.
    let mixed = table(90, 9000).replace(",p1", ",q1").replace(",p2", ",q2");
    folder.put("mixed.csv", &mixed);
    let groups = |rows: &str| -> std::collections::BTreeMap<String, usize> {
        let mut groups = std::collections::BTreeMap::new();
        for line in rows.lines().skip(1) {
            *groups
                .entry(line.split(',').nth(1).unwrap().to_string())
                .or_default() += 1;
        }
        groups
    };
    let all = groups(&mixed);
    let shared = || all.iter().filter(|(name, _)| name.starts_with('p'));
    let rows: usize = shared().map(|(_, rows)| rows).sum();
    let (_, said) = folder.train("--out mixed --group patient --validation mixed.csv --test none");
    let expected = format!(
        "rows for validation share groups of `patient` with the training rows: {} of {} groups, {rows} of 90 rows.",
        shared().count(),
        all.len()
    );
    assert!(said.contains(&expected), "{expected}: {said}");
    // Other groups, and no groups at all.
    folder.put("others.csv", &table(90, 9000).replace(",p", ",q"));
    let (_, said) = folder.train("--out others --group patient --test others.csv");
    assert!(!said.contains("share groups"), "{said}");
    folder.put("none.csv", &table(90, 9000).replace("patient", "person"));
    let (_, said) = folder.train("--out none --group patient --test none.csv");
    assert!(
        said.contains(
            "the rows for testing have no column `patient`, so they may belong to groups"
        ),
        "{said}"
    );
    folder.json("evaluate known");
    let zero = "--missing zero --test new.csv --epochs 1 --out zero";
    let (_, said) = folder.json(&format!("train table --data a.csv {zero}"));
    let zeros = "new.csv: 10 missing cells were filled with 0, in `b`";
    assert!(said.contains(zeros), "{said}");
    folder.json("score none");
}
