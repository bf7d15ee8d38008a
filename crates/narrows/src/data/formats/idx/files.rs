//! The IDX files of a folder, recognized by their names: their split, and their set if there are several.

use crate::advice::{Setting, set, setting};
use crate::data::limits::{excerpt, names};
use crate::declaration::suggest;
use crate::{Error, ErrorKind, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a set, by their content.
#[derive(Default)]
pub(super) struct Files {
    pub(super) train_images: Option<PathBuf>,
    pub(super) train_labels: Option<PathBuf>,
    pub(super) test_images: Option<PathBuf>,
    pub(super) test_labels: Option<PathBuf>,
}

/// The information in the name of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToldByName {
    /// The text before split and content, in lower case: `emnist-letters`.
    pub(super) set: String,
    pub(super) is_test: bool,
    pub(super) is_labels: bool,
}

/// Whether a name, in lower case, says that the file is IDX: its ending, or the whole name if it has none.
pub(in crate::data) fn names_idx(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or(name, |(_, ending)| ending);
    ending.contains("idx") || ending.contains("ubyte")
}

/// The name of a file in lower case, without the ending of compression.
pub(super) fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).to_string()
}

impl ToldByName {
    /// The information in a path, if its name is a name of an IDX file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = plain_name(path);
        let is = |what: &str| name.contains(what) && (names_idx(&name) || name.ends_with(what));
        let is_labels = match (is("images"), is("labels")) {
            (true, false) => false,
            (false, true) => true,
            _ => return None,
        };
        let words = ["train", "t10k", "test", "images", "labels"];
        let first = words.iter().filter_map(|word| name.find(word)).min()?;
        Some(ToldByName {
            set: name[..first].trim_matches(['-', '_', '.', ' ']).to_string(),
            is_test: name.contains("t10k") || name.contains("test"),
            is_labels,
        })
    }
}

/// The paths in a folder for which `is` holds, ordered by name. So a raw file comes before its gzipped copy, and
/// messages are the same everywhere.
pub(super) fn paths(folder: &Path, is: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let unreadable = |error| Error::io("the folder cannot be read", folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Files {
    /// The files of a folder, of one set if it is named; `None` if there are no images.
    pub(super) fn find(folder: &Path, set: Option<&str>) -> Result<Option<Self>> {
        let files = paths(folder, |path| {
            ToldByName::of(path).is_some() && path.is_file()
        })?;
        let told: Vec<(PathBuf, ToldByName)> = files
            .into_iter()
            .filter_map(|path| ToldByName::of(&path).map(|told| (path, told)))
            .collect();
        if told.iter().all(|(_, told)| told.is_labels) {
            return Ok(None);
        }
        let mut sets: Vec<&str> = told.iter().map(|(_, told)| told.set.as_str()).collect();
        sets.sort_unstable();
        sets.dedup();
        let listed = || names(&sets, |set| format!("`{}`", excerpt(set)));
        let chosen = match set {
            None => None,
            Some(wanted) => {
                let wanted = wanted.to_lowercase();
                let is_end = |set: &str| {
                    set.strip_suffix(&wanted)
                        .is_some_and(|rest| rest.ends_with(['-', '_']))
                };
                let exact = sets.iter().find(|&&set| set == wanted);
                let found = exact.or_else(|| sets.iter().find(|set| is_end(set)));
                let Some(found) = found else {
                    let what = format!("there is no set `{}` in the folder", excerpt(&wanted));
                    let error = Error::new(ErrorKind::Data, what)
                        .at(folder.display())
                        .expected(format!("one of {}", listed()));
                    return Err(suggest(error, &wanted, &sets));
                };
                Some(*found)
            }
        };
        let mut files = Files::default();
        for (path, told) in &told {
            if chosen.is_some_and(|chosen| chosen != told.set) {
                continue;
            }
            let place = files.place(told);
            match place {
                None => *place = Some(path.clone()),
                Some(first) if is_packed_copy(first, path) => {}
                Some(first) if sets.len() == 1 => {
                    let found = format!("{} and {}", first.display(), path.display());
                    return Err(Error::new(
                        ErrorKind::Data,
                        "two files of the folder have the same role",
                    )
                    .at(folder.display())
                    .found(found)
                    .hint(format!(
                        "name one of them with {}, or leave only one in the folder",
                        setting(Setting::Data)
                    )));
                }
                Some(_) => return Err(several_sets(folder, &sets)),
            }
        }
        Ok(Some(files))
    }

    fn place(&mut self, told: &ToldByName) -> &mut Option<PathBuf> {
        match (told.is_labels, told.is_test) {
            (false, false) => &mut self.train_images,
            (false, true) => &mut self.test_images,
            (true, false) => &mut self.train_labels,
            (true, true) => &mut self.test_labels,
        }
    }

    /// Refuses labels of a split without images, which are probably a mistake.
    pub(super) fn refuse_orphan(labels: Option<&Path>) -> Result<()> {
        match labels {
            None => Ok(()),
            Some(labels) => Err(
                Error::new(ErrorKind::Data, "there are labels without images")
                    .at(labels.display())
                    .expected("a file of images beside it")
                    .found("none")
                    .hint("add the images, or remove the labels"),
            ),
        }
    }
}

/// The error of a folder that has several sets.
fn several_sets(folder: &Path, sets: &[&str]) -> Error {
    let short = |set: &str| excerpt(set.rsplit('-').next().unwrap_or(set));
    let named: Vec<String> = sets
        .iter()
        .filter(|set| !set.is_empty())
        .map(|set| short(set))
        .collect();
    let listed = match named.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => named.join(""),
    };
    let unnamed = if named.len() < sets.len() {
        "one without a name, "
    } else {
        ""
    };
    let what = format!("the folder has {} sets, {unnamed}{listed}", sets.len());
    let spec = format!(
        "{}:{}",
        folder.display(),
        named.last().map_or("", String::as_str)
    );
    Error::new(ErrorKind::Data, what)
        .at(folder.display())
        .hint(format!("choose one, {}", set(Setting::Data, spec)))
}

/// The folder itself if it has IDX files of images, or the folder below that has them: torchvision stores the files of
/// MNIST in `MNIST/raw` of its folder.
pub(super) fn with_images(folder: &Path) -> Result<Option<PathBuf>> {
    let has = |folder: &Path| -> Result<bool> {
        let images = |path: &Path| {
            ToldByName::of(path).is_some_and(|told| !told.is_labels) && path.is_file()
        };
        Ok(!paths(folder, images)?.is_empty())
    };
    if has(folder)? {
        return Ok(Some(folder.to_path_buf()));
    }
    let mut below = vec![folder.join("raw")];
    below.extend(
        paths(folder, Path::is_dir)?
            .iter()
            .map(|path| path.join("raw")),
    );
    let mut found = Vec::new();
    for path in below.into_iter().filter(|path| path.is_dir()) {
        if has(&path)? {
            found.push(path);
        }
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(Error::new(
            ErrorKind::Data,
            "several folders of IDX files lie below this one",
        )
        .at(folder.display())
        .expected("one of them")
        .found(names(&found, |path| path.display().to_string()))
        .hint("give one of these folders")),
    }
}

/// Whether the name of `second` is the name of `first` followed by `.gz`.
fn is_packed_copy(first: &Path, second: &Path) -> bool {
    let mut name = first.as_os_str().to_owned();
    name.push(".gz");
    name == second.as_os_str()
}
