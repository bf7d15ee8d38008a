//! The state of the files of sources when they were opened, to notice changes.

use super::formats::{idx, images};
use super::records::FileState;
use super::source::Source;
use super::tables;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of sources with their sizes and times. It must be created before they are read, so that no change is
/// missed.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    files: Vec<(PathBuf, FileState)>,
    /// The folders among the sources.
    folders: Vec<PathBuf>,
}

/// The present state of a file; `None` if it no longer exists.
fn state_of(path: &Path) -> Option<FileState> {
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then(|| FileState::of(Ok(metadata)))
}

impl Watch {
    /// The files of `--data` and of other options; for a folder, the files that are read. Sources that do not exist
    /// have none.
    pub fn of<'a>(specs: impl IntoIterator<Item = &'a String>) -> Watch {
        let mut watch = Watch::default();
        for spec in specs {
            let Some(path) = Source::path_of(spec) else {
                continue;
            };
            let files = if tables::is_pattern(spec) {
                tables::files_of_pattern(spec).unwrap_or_default()
            } else if path.is_dir() {
                let files = files_of_folder(&path);
                watch.folders.push(path);
                files
            } else {
                vec![path]
            };
            for file in files {
                if let Some(seen) = state_of(&file) {
                    watch.files.push((file, seen));
                }
            }
        }
        watch
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are no files, as for built-in data.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Leaves out the files in a folder, such as the folder of a run, which changes during the run.
    pub fn leave_out(&mut self, folder: &Path) {
        let Ok(folder) = folder.canonicalize() else {
            return;
        };
        for source in &self.folders {
            let whole = source.canonicalize();
            let inner = whole
                .as_ref()
                .ok()
                .and_then(|whole| folder.strip_prefix(whole).ok());
            if let Some(inner) = inner {
                let left_out = source.join(inner);
                self.files.retain(|(path, _)| !path.starts_with(&left_out));
            }
        }
    }

    /// The files that have changed or disappeared since they were opened or since the last call.
    pub fn changed(&mut self) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        self.files.retain_mut(|(path, seen)| {
            let now = state_of(path);
            if now == Some(*seen) {
                return true;
            }
            changed.push(path.clone());
            *seen = now.unwrap_or(*seen);
            now.is_some()
        });
        changed
    }
}

/// The files that are read from a folder; empty if the folder cannot be read.
fn files_of_folder(folder: &Path) -> Vec<PathBuf> {
    let of_idx = idx::files_of_folder(folder).unwrap_or_default();
    if !of_idx.is_empty() {
        return of_idx;
    }
    match images::files_of_folder(folder).unwrap_or_default() {
        images if images.is_empty() => tables::files_of_folder(folder).unwrap_or_default(),
        images => images,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, remove_file, write};

    #[test]
    fn a_change_is_told_once_and_what_is_left_out_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        create_dir(at("run=1")).unwrap();
        for name in ["a.csv", "b.csv", "run=1/c.csv"] {
            write(at(name), "x\n1\n").unwrap();
        }
        let spec = folder.path().to_str().unwrap().to_string();
        let mut watch = Watch::of(["mnist".to_string(), spec.clone()].iter());
        assert_eq!(watch.len(), 3);
        watch.leave_out(&at("run=1"));
        assert!(watch.changed().is_empty());
        write(at("a.csv"), "x\n12\n").unwrap();
        write(at("run=1/c.csv"), "x\n12\n").unwrap();
        assert_eq!(watch.changed(), [at("a.csv")]);
        assert!(watch.changed().is_empty(), "it is told once");
        remove_file(at("b.csv")).unwrap();
        assert_eq!(watch.changed(), [at("b.csv")]);
        assert!(watch.changed().is_empty());
        let pattern = format!("{spec}/*.csv");
        assert_eq!(Watch::of([&pattern]).len(), 1);
    }

    #[test]
    fn of_a_folder_the_files_are_watched_that_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let watched = |name: &str| {
            let watch = Watch::of([&at(name).display().to_string()]);
            let files = watch.files.into_iter();
            let names = files.map(|(path, _)| path.strip_prefix(at(name)).unwrap().to_path_buf());
            names.collect::<Vec<_>>()
        };
        for name in ["tables", "tables/sub", "tables/day=1"] {
            create_dir(at(name)).unwrap();
        }
        for name in ["t.csv", "log.txt", "sub/other.csv", "day=1/t.csv"] {
            write(at("tables").join(name), "x\n1\n").unwrap();
        }
        let expected = ["day=1/t.csv", "t.csv"].map(PathBuf::from);
        assert_eq!(watched("tables"), expected);

        for name in ["images", "images/cat", "images/cat/deeper"] {
            create_dir(at(name)).unwrap();
        }
        for name in ["cat/1.png", "cat/deeper/2.png", "log.txt", "t.csv"] {
            write(at("images").join(name), b"\x89PNG\r\n\x1a\n").unwrap();
        }
        // By its content.
        let expected = ["cat/1.png", "log.txt", "t.csv"].map(PathBuf::from);
        assert_eq!(watched("images"), expected);

        create_dir(at("idx")).unwrap();
        for name in [
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t.csv",
        ] {
            write(at("idx").join(name), "").unwrap();
        }
        let expected = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
        assert_eq!(watched("idx"), expected.map(PathBuf::from));
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_in_circles_end() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("t.csv"), "x\n1\n").unwrap();
        for name in ["a", "b", "c", "d", "k=1", "l=1", "m=1", "n=1"] {
            std::os::unix::fs::symlink(".", folder.path().join(name)).unwrap();
        }
        let spec = folder.path().display().to_string();
        assert_eq!(Watch::of([&spec]).len(), 1);
        assert_eq!(Source::open(&spec).unwrap().train.rows(), 1);
    }
}
