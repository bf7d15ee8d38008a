//! Applying models: inputs, outputs, and errors.

mod described;
mod outputs;
mod rows;
mod sampled;

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
