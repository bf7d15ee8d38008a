//! Rows for a model: matched by name, filled and scored, or refused with the next step.

use super::*;

#[test]
fn anomalies_in_a_table_are_found() {
    let folder = trained();
    let folder = folder.path();
    // The validation rows give a threshold, until another is chosen.
    let said = ok(folder, "score run --data new.csv --top 0");
    assert!(said.contains("above the threshold of"), "{said}");
    ok(
        folder,
        "calibrate run --data normal.csv --false-positive-rate 0.01",
    );
    let line = "score run --data new.csv --id id --label odd -o scores.csv --explain --json";
    let found: Value = serde_json::from_str(&ok(folder, line)).unwrap();
    let detection = &found["detection"];
    assert!(detection["roc_auc"].as_f64().unwrap() > 0.9, "{found}");
    assert!(detection["pr_auc"].as_f64().unwrap() > 0.6, "{found}");
    let count = |key: &str| detection["counts"][key].as_u64().unwrap();
    assert_eq!(count("true_positives") + count("false_negatives"), 60);
    assert_eq!(count("false_positives") + count("true_negatives"), 540);
    assert!(
        count("true_positives") > 30 && count("false_positives") < 27,
        "{found}"
    );

    let scores = fs::read_to_string(folder.join("scores.csv")).unwrap();
    let mut lines = scores.lines();
    assert_eq!(
        lines.next().unwrap(),
        "id,odd,score,above,error_a,error_b,error_c,error_d"
    );
    let mut above = 0;
    for (row, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0], format!("row{}", 5000 + row));
        let number = |cell: usize| cells[cell].parse::<f64>().unwrap();
        let parts: f64 = (4..8).map(number).sum();
        assert!(
            (parts - number(2)).abs() < 1e-5 * number(2) + 1e-9,
            "{line}"
        );
        above += number(3) as u64;
    }
    assert_eq!(above, found["above"].as_u64().unwrap());
    let inspected = ok(folder, "inspect run");
    assert!(
        inspected.contains("false-positive-rate of 0.01, from 2,000 rows"),
        "{inspected}"
    );
    assert!(inspected.contains("a, b, c, d"), "{inspected}");
}

#[test]
fn columns_are_matched_by_name() {
    let folder = trained();
    let folder = folder.path();
    let put = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    put("one.csv", "a,b,c,d\n1,2,3,4\n5,6,7,8\n");
    put("swapped.csv", "b,a,c,d\n2,1,3,4\n6,5,7,8\n");
    put("other.csv", "d,note,b,a,c\n4,x,2,1,3\n8,y,6,5,7\n");
    ok(folder, "encode run --data one.csv -o one.npy");
    ok(folder, "encode run --data other.csv -o other.npy");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    assert!(read("one.npy") == read("other.npy"));

    put("less.csv", "a,b,d\n1,2,4\n");
    let said = refused(folder, "encode run --data less.csv -o x.npy");
    assert!(
        said.contains("expected the columns `a`, `b`, `c`, `d`") && said.contains("without `c`"),
        "{said}"
    );
    let said = refused(
        folder,
        "encode run --data one.csv --columns b,a,c,d -o x.npy",
    );
    assert!(said.contains("the data do not fit the model"), "{said}");
    let said = refused(folder, "score run --data mnist:test");
    assert!(
        said.contains("rows of 4 values") && said.contains("784"),
        "{said}"
    );
    let said = refused(folder, "compare run --data swapped.csv --out compared");
    assert!(
        said.contains("expected the column `a`, found `b` in its place"),
        "{said}"
    );
    let said = refused(folder, "encode run --data one.csv -o codes.xlsx");
    assert!(said.contains(".parquet"), "{said}");
    let said = refused(folder, "encode run --data one.csv -o codes");
    assert!(said.contains("the rows are not images"), "{said}");
    let said = refused(folder, "decode run --data one.npy -o x.csv --label a");
    assert!(said.contains("`--label` is an option for tables"), "{said}");
    ok(folder, "data convert --data one.csv -o four.npy");
    let said = refused(folder, "decode run --data four.npy -o x.csv");
    let widths = "expected codes of 2 values, found rows of 4 values";
    assert!(
        said.contains(widths) && said.contains("`narrows encode`"),
        "{said}"
    );
    let said = refused(
        folder,
        "interpolate run --data one.csv --from 0 --to 9 -o x.csv",
    );
    assert!(said.contains("there is no such row"), "{said}");
    assert!(!folder.join("x.csv").exists() && !folder.join("x.npy").exists());
}

#[test]
fn codes_are_matched_by_name() {
    let folder = trained();
    let folder = folder.path();
    let put = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    put("codes.csv", "code0,code1\n0.5,-1\n2,0.25\n");
    put("reversed.csv", "code1,note,code0\n-1,x,0.5\n0.25,y,2\n");
    put("headless.csv", "0.5,-1\n2,0.25\n");
    for name in ["codes", "reversed", "headless"] {
        ok(
            folder,
            &format!("decode run --data {name}.csv -o {name}-out.csv"),
        );
        assert_eq!(read(&format!("{name}-out.csv")), read("codes-out.csv"));
    }
    put("named.csv", "row,0.5,-1\nr,2,0.25\n");
    ok(
        folder,
        "decode run --data named.csv --header no --id 0 -o named-out.csv",
    );
    assert!(read("named-out.csv").starts_with("0,a,b,c,d\nrow,"));

    put("other.csv", "code0,banana\n0.5,-1\n2,0.25\n");
    let said = refused(folder, "decode run --data other.csv -o x.csv");
    assert!(
        said.contains("expected the columns `code0`, `code1`")
            && said.contains("`banana`, without `code1`"),
        "{said}"
    );
    let chosen = "decode run --data codes.csv --columns code1,code0 -o x.csv";
    let said = refused(folder, chosen);
    assert!(
        said.contains("expected the column `code0`, found `code1` in its place"),
        "{said}"
    );
    assert!(!folder.join("x.csv").exists());
}

#[test]
fn missing_cells_are_filled_as_in_training() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let put = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let mut rows = "a,b\n".to_string();
    for row in 0..40 {
        let b = if row % 8 == 0 {
            String::new()
        } else {
            format!("{}", row % 5)
        };
        rows.push_str(&format!("{row},{b}\n"));
    }
    put("holes.csv", &rows);
    let said = refused(folder, "train table --data holes.csv --out run");
    assert!(
        said.contains("`b`: 5 cells (the first on line 2)") && said.contains("--missing mean"),
        "{said}"
    );
    ok(
        folder,
        "train table --data holes.csv --missing mean --test none --epochs 1 --out run",
    );
    // The mean of what is there in training: not that of these rows, and not asked for again.
    let mean = (0..40)
        .filter(|row| row % 8 != 0)
        .map(|row| row % 5)
        .sum::<usize>() as f64
        / 35.0;
    put("new.csv", "a,b\n3,\n4,100\n");
    put("filled.csv", &format!("a,b\n3,{mean}\n4,100\n"));
    ok(folder, "encode run --data new.csv -o new.npy");
    ok(folder, "encode run --data filled.csv -o filled.npy");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    assert!(read("new.npy") == read("filled.npy"));
}

#[test]
fn a_run_on_a_table_goes_on_and_keeps_its_threshold() {
    let folder = trained();
    let folder = folder.path();
    ok(folder, "calibrate run --data normal.csv");
    let before = fs::read(folder.join("run/model.safetensors")).unwrap();
    ok(folder, "train --resume run");
    assert!(fs::read(folder.join("run/model.safetensors")).unwrap() == before);
}

#[test]
fn a_row_s_code_depends_on_no_other_row_where_values_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let put = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    put("whole.csv", &table(60, 0, |_| false));
    put("hole.csv", "a,b,c,d\n3,0.1,,20\n");
    put("beside.csv", "a,b,c,d\n3,0.1,,20\n9,0.8,55,9\n");
    let train = "train table --data whole.csv --drop id,odd --epochs 1";
    ok(folder, &format!("{train} --missing mean --out mean"));
    ok(folder, &format!("{train} --out none"));
    let codes = |data: &str, how: &str| {
        ok(
            folder,
            &format!("encode mean --data {data} {how} -o codes.csv"),
        );
        fs::read_to_string(folder.join("codes.csv")).unwrap()
    };
    let alone = codes("hole.csv", "");
    for how in ["", "--missing mean"] {
        let beside = codes("beside.csv", how);
        assert!(beside.starts_with(&alone), "{beside} {alone}");
    }
    // Every model knows the means of its training rows, and fills with them where that is asked for.
    ok(
        folder,
        "encode none --data hole.csv -o codes.csv --missing mean",
    );
    let filled = fs::read_to_string(folder.join("codes.csv")).unwrap();
    assert_eq!(filled.lines().count(), 2, "{filled}");
    let said = refused(folder, "encode none --data hole.csv -o codes.csv");
    assert!(
        said.contains("`c`: 1 cell (the first on line 2)") && said.contains("--missing"),
        "{said}"
    );
    ok(
        folder,
        "encode none --data hole.csv -o codes.csv --missing zero",
    );
}

#[test]
fn rows_that_do_not_fit_are_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ok(folder, "data convert --data mnist:test --rows 20 -o digits");
    ok(
        folder,
        "train simple-linear --data digits --image-size 12x12 --epochs 1 --out run",
    );
    let said = refused(folder, "encode run --data digits -o codes.csv");
    assert!(said.contains("`--image-size 12x12`"), "{said}");
    let said = refused(folder, "export run -o model.onnx --data digits");
    assert!(
        said.contains("digits: the data do not fit the model"),
        "{said}"
    );
    let said = refused(folder, "evaluate run --data digits");
    assert!(
        said.contains("digits: the data do not fit the model"),
        "{said}"
    );
    let said = ok(
        folder,
        "encode run --data digits --image-size 12x12 -o codes.csv",
    );
    assert!(said.contains("20 rows"), "{said}");
}

#[test]
fn a_run_says_where_its_rows_to_watch_come_from_and_that_its_data_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.csv"), table(60, 0, |_| false)).unwrap();
    fs::write(folder.join("b.csv"), table(30, 100, |_| false)).unwrap();
    ok(
        folder,
        "train table --data a.csv --drop id,odd --validation b.csv --epochs 1 --out run",
    );
    let said = ok(folder, "inspect run");
    assert!(said.contains("30 for validation from b.csv"), "{said}");
    fs::remove_file(folder.join("b.csv")).unwrap();
    let said = refused(folder, "train --resume run");
    assert!(
        said.contains("b.csv: the validation rows of the run are no longer there")
            && said.contains("--validation SOURCE"),
        "{said}"
    );
    let said = refused(folder, "data info b.csv");
    assert!(
        said.len() < 350 && said.contains("narrows data kinds"),
        "{said}"
    );
}
