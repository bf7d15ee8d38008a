//! The example outside the workspace: a program that embeds the library without features builds and runs.

use std::path::Path;
use std::process::Command;

#[test]
fn a_program_outside_the_workspace_trains_saves_loads_and_scores() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/embed/Cargo.toml");
    // Its crates are some of the workspace's, in the same versions, so that nothing is downloaded.
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--offline", "--manifest-path"])
        .arg(example)
        .env(
            "CARGO_TARGET_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/embed"),
        )
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let text = String::from_utf8_lossy(&output.stdout);
    let parts = ["epoch 60 of 60: loss", "codes (2, 2); scores"];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
}
