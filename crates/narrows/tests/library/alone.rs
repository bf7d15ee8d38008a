//! A test in its own process, for things that exist once per process: the counts of its allocator, and its instruction
//! set.

use std::env;
use std::process::Command;

/// Says in the child which test it is for.
const VARIABLE: &str = "NARROWS_TEST_ALONE";

/// Runs a test in a child of this program that runs nothing else, with one thread for tests. `name` is the test's full
/// name, by which the harness finds it.
#[track_caller]
pub fn alone(name: &str, test: impl FnOnce()) {
    let done = format!("{name} is done, alone");
    if env::var_os(VARIABLE).is_some_and(|variable| variable == *name) {
        test();
        println!("{done}");
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--test-threads=1", "--nocapture"])
        .env(VARIABLE, name)
        .output()
        .unwrap();
    let [out, said] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{out}\n{said}");
    // A name that the harness does not know runs nothing, and succeeds.
    assert!(out.contains(&done), "there is no test `{name}`: {out}");
}
