//! Outputs: formats, units, names, and the files that remain if writing fails.

use super::*;

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
        // The files of a run, of the one that is read or of another.
        (
            "run/model.safetensors",
            "encode run --data new.csv --format npy -o run/model.safetensors",
        ),
        (
            "weights.safetensors",
            "score weights.safetensors --data new.csv --format csv -o weights.safetensors",
        ),
        (
            "run/checkpoint.safetensors",
            "encode weights.safetensors --data new.csv --format npy -o run/checkpoint.safetensors",
        ),
        (
            "run/run.json",
            "data convert --data new.csv --id id --format csv -o run/run.json",
        ),
        (
            "run/model.safetensors",
            "import weights.safetensors --recipe run/recipe.toml -o run/../run/model.safetensors",
        ),
    ] {
        let before = fs::read(folder.join(file)).unwrap();
        let said = refused(folder, line);
        assert!(
            said.contains("the output would replace") && said.contains("another name"),
            "{line}: {said}"
        );
        assert!(fs::read(folder.join(file)).unwrap() == before, "{line}");
    }
    // A person's own folder with a recipe is no run.
    let own = folder.join("own");
    fs::create_dir(&own).unwrap();
    fs::copy(folder.join("run/recipe.toml"), own.join("recipe.toml")).unwrap();
    for _ in 0..2 {
        ok(
            folder,
            "encode run --data new.csv --format npy -o own/model.safetensors",
        );
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
            said.contains("expected 2 to 1,000,000") && said.contains(steps),
            "{said}"
        );
    }
    let said = refused(folder, "interpolate run --data new.csv --steps 2000");
    assert!(
        said.contains("at most 1,000") && said.contains("-o FILE.npy"),
        "{said}"
    );
    for line in [
        "interpolate run --data new.csv",
        "reconstruct run --data new.csv",
    ] {
        let said = refused(folder, line);
        assert!(
            said.contains("not images") && said.contains("-o FILE.csv"),
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
        assert!(said.contains("was stopped; nothing is written"), "{said}");
        let mut left = fs::read_dir(folder).unwrap().map(Result::unwrap);
        assert!(left.all(|entry| entry.file_name() == "images"));
    }
    assert_eq!(fs::read_dir(folder.join("images")).unwrap().count(), 0);
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
