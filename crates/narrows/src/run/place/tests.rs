use super::super::names::{CHECKPOINT_FILE, OLDER_CHECKPOINT_FILE, REPORT_FILE};
use super::*;
use tempfile::TempDir;

/// The content of a run's folder, with the first word of each file.
fn contents(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap_or_default();
            format!("{}={text}", path.file_name().unwrap().to_string_lossy())
        })
        .filter(|line| !line.starts_with(LOCK_FILE))
        .collect();
    all.sort();
    all
}

fn fill(folder: &Path, names: &[&str], text: &str) {
    fs::create_dir_all(folder).unwrap();
    for name in names {
        fs::write(folder.join(name), text).unwrap();
    }
}

const OLD: [&str; 7] = [
    RECIPE_FILE,
    RUN_FILE,
    "model.safetensors",
    CHECKPOINT_FILE,
    OLDER_CHECKPOINT_FILE,
    REPORT_FILE,
    "notes.txt",
];

const NEWER: [&str; 4] = [RECIPE_FILE, RUN_FILE, "model.safetensors", CHECKPOINT_FILE];

/// A folder with an old run, and the state after a swap of the two.
fn bench() -> (TempDir, Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &OLD, "old");
    fill(&folder.path().join(FIGURES_FOLDER), &["a.svg"], "old");
    let before = contents(folder.path());
    let mut after: Vec<String> = NEWER.iter().map(|name| format!("{name}=new")).collect();
    after.push("notes.txt=old".into());
    after.sort();
    (folder, before, after)
}

fn begin(folder: &Path) -> Place {
    let place = Place::create(Some(folder), true, "run").unwrap();
    fill(&place.files(), &NEWER, "new");
    place
}

#[test]
fn the_old_run_stays_whole_until_the_new_one_is_saved() {
    let (folder, before, after) = bench();
    let mut place = begin(folder.path());
    place.settle(false).unwrap();
    assert!(place.holds_another());
    drop(place);
    assert_eq!(contents(folder.path()), before);
    let mut place = begin(folder.path());
    place.settle(true).unwrap();
    place.settle(true).unwrap();
    assert!(!place.holds_another() && place.files() == folder.path());
    drop(place);
    assert_eq!(contents(folder.path()), after);
}

#[test]
fn a_run_with_a_file_that_cannot_be_removed_stays_usable() {
    let (folder, before, _) = bench();
    let report = folder.path().join(REPORT_FILE);
    let change = |how| {
        std::process::Command::new("chattr")
            .arg(how)
            .arg(&report)
            .output()
    };
    if !change("+i").is_ok_and(|changed| changed.status.success()) {
        // This system or this user has no immutable files.
        return;
    }
    let refused = Place::create(Some(folder.path()), true, "run").err();
    change("-i").unwrap();
    let mut place = begin(folder.path());
    change("+i").unwrap();
    let settled = place.settle(true).err();
    drop(place);
    let is_usable = check_in_place(folder.path()).is_ok();
    change("-i").unwrap();
    for error in [refused, settled] {
        let error = error.unwrap().to_string();
        assert!(error.contains("cannot be replaced"), "{error}");
        assert!(error.contains(REPORT_FILE), "{error}");
    }
    assert!(is_usable);
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_swap_that_was_killed_anywhere_is_ended() {
    for killed in 0..6 {
        let (folder, before, after) = bench();
        let at = |name: &str| folder.path().join(name);
        fill(&at(NEW), &NEWER, "new");
        if killed > 0 {
            fs::rename(at(NEW), at(SWAP)).unwrap();
        }
        if killed > 1 {
            fs::remove_file(at(RUN_FILE)).unwrap();
        }
        if killed > 2 {
            for name in [CHECKPOINT_FILE, OLDER_CHECKPOINT_FILE, REPORT_FILE] {
                fs::remove_file(at(name)).unwrap();
            }
            fs::remove_dir_all(at(FIGURES_FOLDER)).unwrap();
            fs::rename(at(SWAP), at(IN)).unwrap();
        }
        if killed > 3 {
            fs::rename(at(IN).join(RECIPE_FILE), at(RECIPE_FILE)).unwrap();
        }
        if killed > 4 {
            for name in &NEWER[1..] {
                fs::rename(at(IN).join(name), at(name)).unwrap();
            }
        }
        assert_eq!(recover(folder.path()).unwrap(), killed > 0);
        let place = Place::of_run(folder.path()).unwrap();
        drop(place);
        let expected = if killed == 0 { &before } else { &after };
        assert_eq!(&contents(folder.path()), expected, "killed at {killed}");
    }
}

#[test]
fn what_killed_commands_leave_counts_as_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &[".narrows-x1y2z3", LOCK_FILE], "half");
    fill(&folder.path().join(NEW), &[RECIPE_FILE], "half");
    for force in [false, true] {
        let mut place = Place::create(Some(folder.path()), force, "run").unwrap();
        assert!(!place.holds_another());
        if force {
            place.settle(false).unwrap();
        }
        drop(place);
        assert!(contents(folder.path()).is_empty());
    }
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    for (force, part) in [(false, "is not empty"), (true, "holds no run")] {
        let Err(error) = Place::create(Some(folder.path()), force, "run") else {
            panic!("it was overwritten")
        };
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (folder, _, after) = bench();
    let other = tempfile::tempdir().unwrap();
    fill(other.path(), &[".narrows-x1y2z3", "a.svg"], "mine");
    let figures = folder.path().join(FIGURES_FOLDER);
    fs::remove_dir_all(&figures).unwrap();
    std::os::unix::fs::symlink(other.path(), &figures).unwrap();
    drop(Place::of_run(folder.path()).unwrap());
    begin(folder.path()).settle(true).unwrap();
    assert_eq!(contents(folder.path()), after);
    assert_eq!(
        contents(other.path()),
        [".narrows-x1y2z3=mine", "a.svg=mine"]
    );
}

#[cfg(unix)]
#[test]
fn links_in_place_of_the_hidden_folders_are_removed_and_not_followed() {
    for name in [NEW, SWAP, IN] {
        for force in [false, true] {
            let (folder, before, after) = bench();
            let other = tempfile::tempdir().unwrap();
            fill(other.path(), &["thesis.txt"], "mine");
            let link = folder.path().join(name);
            std::os::unix::fs::symlink(other.path(), &link).unwrap();
            assert!(!recover(folder.path()).unwrap());
            if force {
                begin(folder.path()).settle(true).unwrap()
            } else {
                drop(Place::of_run(folder.path()).unwrap())
            }
            assert!(!link.is_symlink(), "{name}");
            let expected = if force { &after } else { &before };
            assert_eq!(&contents(folder.path()), expected, "{name}");
            assert_eq!(contents(other.path()), ["thesis.txt=mine"], "{name}");
        }
    }
    // As a killed run leaves the one, and a stranger the other.
    let (folder, _, after) = bench();
    let other = tempfile::tempdir().unwrap();
    fill(&folder.path().join(SWAP), &NEWER, "new");
    std::os::unix::fs::symlink(other.path(), folder.path().join(IN)).unwrap();
    assert!(recover(folder.path()).unwrap());
    assert_eq!(contents(folder.path()), after);
    assert!(contents(other.path()).is_empty());
}
