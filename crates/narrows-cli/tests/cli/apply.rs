//! Applying models: what goes in and comes out, and what is refused.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

fn narrows(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_narrows"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn ok(folder: &Path, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let output = narrows(folder, &arguments);
    assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// What the command says when it refuses.
#[track_caller]
fn refused(folder: &Path, line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let output = narrows(folder, &arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{line}: {said}");
    assert!(said.contains("narrows: error: "), "{said}");
    said
}

/// A number that looks like chance.
fn chance(i: usize) -> f64 {
    let z = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 40) as f64 / (1u64 << 24) as f64
}

/// Rows of a curved line through four columns, with a little noise; `normal` says whether they lie on it.
fn table(rows: usize, from: usize, is_odd: impl Fn(usize) -> bool) -> String {
    let mut lines = "id,a,b,c,d,odd\n".to_string();
    for row in from..from + rows {
        let t = chance(row * 7);
        let noise = |k: usize| 0.02 * (chance(row * 7 + k) - 0.5);
        let odd = is_odd(row);
        let b = if odd { 1.0 - t * t } else { t * t };
        lines.push_str(&format!(
            "row{row},{:.5},{:.5},{:.5},{:.5},{}\n",
            10.0 * t + noise(1),
            b + noise(2),
            t.sin() + noise(3),
            100.0 * t * (1.0 - t) + noise(4),
            u8::from(odd)
        ));
    }
    lines
}

/// A folder with a table of normal rows, one that has odd rows too, and a model of the first.
fn trained() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    put("normal.csv", table(2000, 0, |_| false));
    put("new.csv", table(600, 5000, |row| row % 10 == 0));
    ok(
        folder.path(),
        "train table --data normal.csv --id id --drop odd --validation 0.1 --epochs 30 --set encoder[4].outputs=2 \
         --set optimizer.learning_rate=0.005 --out run",
    );
    folder
}

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
fn outputs_are_the_same_in_every_format_and_in_the_data_s_units() {
    let folder = trained();
    let folder = folder.path();
    for ending in ["csv", "tsv", "csv.gz", "parquet"] {
        ok(
            folder,
            &format!("encode run --data new.csv --id id --label odd -o codes.{ending}"),
        );
        let convert =
            format!("data convert --data codes.{ending} --id id --label odd -o again-{ending}.csv");
        ok(folder, &convert);
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let codes = read("codes.csv");
    assert!(
        codes.starts_with("id,odd,code0,code1\nrow5000,1,"),
        "{}",
        &codes[..80]
    );
    for ending in ["csv", "tsv", "csv.gz", "parquet"] {
        assert_eq!(read(&format!("again-{ending}.csv")), codes);
    }
    // Decoding codes is reconstructing rows.
    ok(
        folder,
        "decode run --data codes.csv --id id --label odd -o decoded.csv",
    );
    ok(
        folder,
        "reconstruct run --data new.csv --id id --label odd -o reconstructed.csv",
    );
    let (decoded, reconstructed) = (read("decoded.csv"), read("reconstructed.csv"));
    assert!(
        decoded.starts_with("id,odd,a,b,c,d\n"),
        "{}",
        &decoded[..40]
    );
    let numbers = |line: &str| -> Vec<f64> {
        line.split(',')
            .skip(2)
            .map(|cell| cell.parse().unwrap())
            .collect()
    };
    let original = read("new.csv");
    let mut near = 0;
    for ((decoded, reconstructed), original) in decoded
        .lines()
        .zip(reconstructed.lines())
        .zip(original.lines())
        .skip(1)
    {
        for (a, b) in numbers(decoded).iter().zip(numbers(reconstructed)) {
            assert!((a - b).abs() < 1e-3, "{decoded} {reconstructed}");
        }
        let first: f64 = original.split(',').nth(1).unwrap().parse().unwrap();
        near += usize::from((numbers(reconstructed)[0] - first).abs() < 1.5);
    }
    assert!(near > 450, "{near}");
    ok(
        folder,
        "interpolate run --data new.csv --from 1 --to 2 --steps 5 -o way.csv",
    );
    let way = read("way.csv");
    assert_eq!(
        (way.lines().count(), way.lines().next()),
        (6, Some("a,b,c,d"))
    );
    assert_eq!(
        numbers(&format!("x,x,{}", way.lines().nth(1).unwrap())).len(),
        4
    );
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
    assert!(said.contains("these rows are no images"), "{said}");
    let said = refused(folder, "decode run --data one.npy -o x.csv --label a");
    assert!(said.contains("`label` is a setting for tables"), "{said}");
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
fn no_output_replaces_what_is_read() {
    let folder = trained();
    let folder = folder.path();
    for name in ["new.npy", "new.parquet", "digits"] {
        let (data, more) = match name {
            "digits" => ("mnist:test", "--rows 3"),
            _ => ("new.csv", "--id id"),
        };
        ok(
            folder,
            &format!("data convert --data {data} {more} -o {name}"),
        );
    }
    let image = fs::read_dir(folder.join("digits"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find_map(|label| Some(fs::read_dir(label).ok()?.next()?.unwrap().path()))
        .unwrap();
    fs::copy(
        folder.join("run/model.safetensors"),
        folder.join("weights.safetensors"),
    )
    .unwrap();
    let image = image.strip_prefix(folder).unwrap().display().to_string();
    for (file, line) in [
        ("new.csv", "reconstruct run --data new.csv -o new.csv"),
        (
            "new.csv",
            "reconstruct run --data new.csv -o run/../new.csv",
        ),
        ("new.csv", "denoise run --data new.csv -o new.csv"),
        ("new.csv", "score run --data new.csv -o new.csv"),
        ("new.csv", "interpolate run --data new.csv -o new.csv"),
        ("new.csv", "calibrate run --data new.csv -o new.csv"),
        ("new.csv", "data convert --data new.csv --id id -o new.csv"),
        ("new.csv", "decode run --data new.csv -o new.csv"),
        ("new.npy", "reconstruct run --data new.npy -o ./new.npy"),
        (
            "new.parquet",
            "encode run --data new.parquet -o new.parquet",
        ),
        (
            "weights.safetensors",
            "import weights.safetensors --recipe run/recipe.toml -o weights.safetensors",
        ),
        (&image, &format!("reconstruct run --data digits -o {image}")),
    ] {
        let before = fs::read(folder.join(file)).unwrap();
        let said = refused(folder, line);
        assert!(
            said.contains("the output would replace") && said.contains("another name"),
            "{line}: {said}"
        );
        assert!(fs::read(folder.join(file)).unwrap() == before, "{line}");
    }
}

#[test]
fn a_way_is_written_piece_by_piece_and_has_bounds() {
    let folder = trained();
    let folder = folder.path();
    // More than a piece; the ends are the reconstructions of the two rows.
    ok(
        folder,
        "interpolate run --data new.csv --from 3 --to 1 --steps 5000 -o way.csv",
    );
    ok(folder, "reconstruct run --data new.csv -o again.csv");
    let lines = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        text.lines().skip(1).map(String::from).collect()
    };
    let (way, again) = (lines("way.csv"), lines("again.csv"));
    assert_eq!(way.len(), 5000);
    for (found, expected) in [(&way[0], &again[3]), (&way[4999], &again[1])] {
        for (a, b) in found.split(',').zip(expected.split(',')) {
            let apart = a.parse::<f64>().unwrap() - b.parse::<f64>().unwrap();
            assert!(apart.abs() < 1e-3, "{found}, not {expected}");
        }
    }
    for steps in ["1", "9999999999"] {
        let line = format!("interpolate run --data new.csv --steps {steps} -o x.csv");
        let said = refused(folder, &line);
        assert!(
            said.contains("expected 2 to 1000000") && said.contains(steps),
            "{said}"
        );
    }
    let said = refused(folder, "interpolate run --data new.csv --steps 2000");
    assert!(
        said.contains("at most 1000") && said.contains("-o FILE.npy"),
        "{said}"
    );
    for line in [
        "interpolate run --data new.csv",
        "reconstruct run --data new.csv",
    ] {
        let said = refused(folder, line);
        assert!(
            said.contains("no images") && said.contains("-o FILE.csv"),
            "{said}"
        );
    }
    let said = refused(
        folder,
        "calibrate run --data new.csv --false-positive-rate 0.0001",
    );
    assert!(
        said.contains("too few rows for a false-positive-rate of 0.0001"),
        "{said}"
    );
}

#[test]
fn no_column_is_written_twice() {
    let folder = trained();
    let folder = folder.path();
    let table = fs::read_to_string(folder.join("new.csv")).unwrap();
    fs::write(folder.join("new.csv"), table.replacen("id,", "score,", 1)).unwrap();
    for ending in ["csv", "parquet"] {
        let line = format!("score run --data new.csv --id score --label odd -o x.{ending}");
        let said = refused(folder, &line);
        assert!(
            said.contains("two columns of the output would be called `score`")
                && said.contains("rename the column"),
            "{said}"
        );
        assert!(!folder.join(format!("x.{ending}")).exists());
    }
    // Without a table there is nothing to confuse.
    ok(folder, "score run --data new.csv --id score");
    ok(folder, "score run --data new.csv --id score -o x.npy");
}

/// Ids that are numbers stay numbers, so that what reads them can join.
#[test]
fn whole_numbers_beside_the_rows_stay_numbers_in_parquet() {
    let folder = trained();
    let folder = folder.path();
    let is_number = |ids: &[&str]| {
        let mut text = "id,a,b,c,d\n".to_string();
        for id in ids {
            text.push_str(&format!("{id},1,2,3,4\n"));
        }
        fs::write(folder.join("ids.csv"), text).unwrap();
        ok(folder, "encode run --data ids.csv --id id -o codes.parquet");
        // The texts are the same whatever their type.
        ok(
            folder,
            "data convert --data codes.parquet --id id -o codes.csv",
        );
        let codes = fs::read_to_string(folder.join("codes.csv")).unwrap();
        let texts: Vec<&str> = codes
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap())
            .collect();
        assert_eq!(texts, ids);
        // A column of strings is no column of numbers to read.
        let line = [
            "data",
            "convert",
            "--data",
            "codes.parquet",
            "--columns",
            "id",
            "-o",
            "again.csv",
        ];
        narrows(folder, &line).status.success()
    };
    assert!(is_number(&["7", "-12", "0", "9223372036854775807"]));
    for one in ["007", "+7", "-0", "1.0", "x", "9223372036854775808"] {
        assert!(!is_number(&["7", one]), "{one}");
    }
}

/// Ends what writes with a signal, as soon as it has begun.
#[cfg(unix)]
#[test]
fn a_signal_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, signal, code) in [
        ("big.csv", "-TERM", 143),
        ("big.csv", "-INT", 130),
        ("images", "-TERM", 143),
    ] {
        let child = Command::new(env!("CARGO_BIN_EXE_narrows"))
            .current_dir(folder)
            .args(["data", "convert", "--data", "mnist:train", "-o", name])
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let has_begun = || {
            let here = fs::read_dir(folder).unwrap();
            let inside = fs::read_dir(folder.join(name)).into_iter().flatten();
            here.chain(inside).any(|entry| {
                let name = entry.unwrap().file_name();
                name.to_string_lossy().starts_with(".narrows-")
            })
        };
        while !has_begun() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        let ended = child.wait_with_output().unwrap();
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert!(
            said.contains("was stopped, and nothing is written"),
            "{said}"
        );
        let mut left = fs::read_dir(folder).unwrap().map(Result::unwrap);
        assert!(left.all(|entry| entry.file_name() == "images"));
    }
    assert_eq!(fs::read_dir(folder.join("images")).unwrap().count(), 0);
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
fn data_are_described() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), table(30, 0, |row| row < 10)).unwrap();
    let said = ok(folder.path(), "data info t.csv --id id --label odd");
    for part in [
        "30",
        "0 (20), 1 (10)",
        "To learn from",
        "As label",
        "smallest",
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
    assert!(said.contains("`columns` is a setting for tables"), "{said}");
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
            found["test_mse"].is_number() && found["pca_mse"].is_number(),
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
            found["model"]["mse"].is_number() && found["pca"]["mse"].is_number(),
            "{found}"
        );
        let report = fs::read_to_string(folder.join(out).join("report.html")).unwrap();
        assert!(!report.contains("NaN"));
    }
}

/// A limit on the size of files stands for a full disk: writing fails in the middle.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let folder = trained();
    let folder = folder.path();
    let before = |name: &str| fs::read(folder.join(name)).unwrap();
    ok(folder, "encode run --data new.csv -o codes.csv");
    let (codes, model) = (before("codes.csv"), before("run/model.safetensors"));
    for line in [
        "encode run --data new.csv -o codes.csv",
        "calibrate run --data normal.csv",
        "train table --data new.csv --id id --epochs 1 --out run --force",
    ] {
        // In blocks of 512 or 1024 bytes; without the trap the signal would end the process.
        let limited = format!(
            "trap '' XFSZ; ulimit -f 4; exec {} {line}",
            env!("CARGO_BIN_EXE_narrows")
        );
        let output = Command::new("sh")
            .args(["-c", &limited])
            .current_dir(folder)
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("cannot write the file"), "{said}");
        let left = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert!(
            !left
                .into_iter()
                .any(|name| name.to_string_lossy().starts_with(".narrows"))
        );
        assert!(before("codes.csv") == codes);
        assert!(before("run/model.safetensors") == model, "{line}");
    }
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
fn converting_takes_the_rows_that_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("rows.csv"), "a\n0\n1\n2\n3\n4\n").unwrap();
    for (options, rows) in [
        ("--skip 2", "2\n3\n4\n"),
        ("--rows 2", "0\n1\n"),
        ("--skip 1 --rows 2", "1\n2\n"),
        ("--skip 4 --rows 9", "4\n"),
    ] {
        ok(
            folder,
            &format!("data convert --data rows.csv {options} -o some.csv"),
        );
        let some = fs::read_to_string(folder.join("some.csv")).unwrap();
        assert_eq!(some, format!("a\n{rows}"), "{options}");
    }
    let said = refused(folder, "data convert --data rows.csv --skip 5 -o none.csv");
    assert!(said.contains("fewer than its 5 rows"), "{said}");
}

#[test]
fn names_of_images_stay_in_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ok(folder, "data convert --data mnist:test --rows 40 -o digits");
    ok(
        folder,
        "train simple-linear --data digits --epochs 1 --out run",
    );
    let codes = |name: &str| {
        let zeros = ",0".repeat(8);
        let names: Vec<String> = (0..8).map(|index| format!("code{index}")).collect();
        fs::write(
            folder.join("codes.csv"),
            format!("file,{}\n{name}{zeros}\n", names.join(",")),
        )
        .unwrap();
    };
    let outside = folder.join("outside");
    for name in [
        "../outside.x",
        "a/../../outside.x",
        outside.to_str().unwrap(),
    ] {
        codes(name);
        let said = refused(folder, "decode run --data codes.csv --id file -o images");
        assert!(said.contains("leads out of the folder"), "{said}");
        assert!(!folder.join("outside.png").exists());
    }
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
    assert!(said.contains("30 to watch from b.csv"), "{said}");
    fs::remove_file(folder.join("b.csv")).unwrap();
    let said = refused(folder, "train --resume run");
    assert!(
        said.contains("b.csv: the validation rows of the run are not there any more")
            && said.contains("--validation SOURCE"),
        "{said}"
    );
    let said = refused(folder, "data info b.csv");
    assert!(
        said.len() < 350 && said.contains("narrows data kinds"),
        "{said}"
    );
}
