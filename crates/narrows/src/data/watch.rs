//! The files of sources, as they were when they were opened, so that a change of them is noticed.

use super::source::Source;
use super::tables;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folders that are entered below each other.
const DEPTH: usize = 16;

/// The files of sources with their sizes and times. It is made before they are read, so that no change is missed.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    files: Vec<(PathBuf, Seen)>,
    /// The folders among the sources.
    folders: Vec<PathBuf>,
}

/// What shows that a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Seen {
    fn of(metadata: &Metadata) -> Seen {
        Seen {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    /// How a file is now; none that is not there any more.
    fn now(path: &Path) -> Option<Seen> {
        let metadata = fs::metadata(path).ok()?;
        metadata.is_file().then(|| Seen::of(&metadata))
    }
}

impl Watch {
    /// The files of what `--data` and other options name: of a folder all that are in it. What is not there has none.
    pub fn of<'a>(specs: impl IntoIterator<Item = &'a String>) -> Watch {
        let mut watch = Watch::default();
        for spec in specs {
            let Some(path) = Source::path_of(spec) else {
                continue;
            };
            if tables::is_pattern(spec) {
                let files = tables::files_of_pattern(spec).unwrap_or_default();
                files.iter().for_each(|file| watch.add(file, 0));
            } else {
                watch.add(&path, 0);
                watch.folders.extend(path.is_dir().then_some(path));
            }
        }
        watch
    }

    fn add(&mut self, path: &Path, depth: usize) {
        let Ok(metadata) = fs::metadata(path) else {
            return;
        };
        if metadata.is_file() {
            self.files.push((path.to_path_buf(), Seen::of(&metadata)));
        } else if metadata.is_dir() && depth < DEPTH {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.for_each(|entry| self.add(&entry.path(), depth + 1));
        }
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are no files, as for data that come with Narrows.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Leaves out what is in a folder, such as a run's, which changes while it goes on.
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

    /// The files that have changed since they were opened, or since this was last asked; those that are gone too.
    pub fn changed(&mut self) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        self.files.retain_mut(|(path, seen)| {
            let now = Seen::now(path);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir, remove_file, write};

    #[test]
    fn a_change_is_told_once_and_what_is_left_out_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        create_dir(at("run")).unwrap();
        for name in ["a.csv", "b.csv", "run/c.csv"] {
            write(at(name), "x\n1\n").unwrap();
        }
        let spec = folder.path().to_str().unwrap().to_string();
        let mut watch = Watch::of(["mnist".to_string(), spec.clone()].iter());
        assert_eq!(watch.len(), 3);
        watch.leave_out(&at("run"));
        assert!(watch.changed().is_empty());
        write(at("a.csv"), "x\n12\n").unwrap();
        write(at("run/c.csv"), "x\n12\n").unwrap();
        assert_eq!(watch.changed(), [at("a.csv")]);
        assert!(watch.changed().is_empty(), "it is told once");
        remove_file(at("b.csv")).unwrap();
        assert_eq!(watch.changed(), [at("b.csv")]);
        assert!(watch.changed().is_empty());
        let pattern = format!("{spec}/*.csv");
        assert_eq!(Watch::of([&pattern]).len(), 1);
    }
}
