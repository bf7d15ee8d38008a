//! The command with little memory (`ulimit -v`): it needs less, or says how much it needs, and crashes at no limit.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::str::from_utf8;

/// Runs the command in a folder, with so many MiB of address space if any.
fn narrows(folder: &Path, limit: Option<usize>, arguments: &str) -> Output {
    let limit = limit.map_or("unlimited".into(), |mib| (mib << 10).to_string());
    let line = format!("ulimit -v {limit} && exec \"$NARROWS\" {arguments}");
    Command::new("bash")
        .args(["-c", &line])
        .env("NARROWS", env!("CARGO_BIN_EXE_narrows"))
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn under_a_limit_of_memory_the_command_needs_less_or_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let made = narrows(
        path,
        None,
        "data convert --data mnist --rows 600 -o images.npy",
    );
    assert!(made.status.success(), "{made:?}");
    let train =
        "train simple-linear --data images.npy --epochs 1 --threads 2 --force --json --out run";
    // From enough for everything to what hardly loads the command.
    let mut ways = Vec::new();
    for mib in (60..=220).rev().step_by(8) {
        let output = narrows(path, Some(mib), train);
        let said = from_utf8(&output.stderr).unwrap();
        if output.status.code() != Some(0) {
            assert!(
                matches!(output.status.code(), Some(1 | 2)) && said.contains("more memory than"),
                "{mib} MiB: {:?}, {said}",
                output.status
            );
            ways.push("refused");
            continue;
        }
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        let left_out = summary["left_out"].as_array().unwrap();
        for why in left_out {
            let warning = format!("left out: {}", why.as_str().unwrap());
            assert!(said.contains(&warning), "{mib} MiB: `{warning}` in {said}");
        }
        let has_pca = summary["evaluation"]["pca"].is_object();
        let pca = |why: &Value| why.as_str().unwrap().contains("principal component");
        assert_eq!(has_pca, !left_out.iter().any(pca), "{mib} MiB: {summary}");
        let report = path.join("run/report.html");
        assert!(report.is_file(), "{mib} MiB: there is a report");
        ways.push(if left_out.is_empty() {
            "whole"
        } else {
            "in part"
        });
    }
    ways.dedup();
    assert_eq!(ways, ["whole", "in part", "refused"]);
}
