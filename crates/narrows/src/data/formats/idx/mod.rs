//! IDX, the format of MNIST and its kin, raw or gzipped: a folder of such files, or one.

mod file;

use crate::data::records::IN_MEMORY;
use crate::data::{Dataset, ReadOptions, Source};
use crate::{Error, ErrorKind, Result};
use file::{Images, read_labels};
use std::fs;
use std::path::{Path, PathBuf};

/// Opens a folder that has IDX files of images.
///
/// Files are told by their names: those of MNIST, `train-images-idx3-ubyte` and so on, with
/// other punctuation or a prefix. With images for training and for testing, both splits are
/// read; images of one split alone are the training rows, whatever they are called.
pub(in crate::data) fn open_folder(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let folder = Path::new(spec);
    if !folder.is_dir() {
        return Ok(None);
    }
    let files = Files::find(folder)?;
    if files.train_images.is_some() || files.test_images.is_some() {
        options.refuse_all(spec, "IDX files")?;
    }
    match (&files.train_images, &files.test_images) {
        (None, None) => Ok(None),
        (Some(train), Some(test)) => {
            let train = dataset(train, files.train_labels.as_deref())?;
            let test = dataset(test, files.test_labels.as_deref())?;
            Source::new(train, Some(test)).map(Some)
        }
        (Some(images), None) => {
            Files::refuse_orphan(files.test_labels.as_deref())?;
            Source::new(dataset(images, files.train_labels.as_deref())?, None).map(Some)
        }
        (None, Some(images)) => {
            Files::refuse_orphan(files.train_labels.as_deref())?;
            Source::new(dataset(images, files.test_labels.as_deref())?, None).map(Some)
        }
    }
}

/// Opens a single IDX file of images; its rows are for training.
///
/// A file is taken for IDX if it begins as one does or is called one.
pub(in crate::data) fn open_file(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if !path.is_file() {
        return Ok(None);
    }
    options.refuse_all(spec, "an IDX file")?;
    Source::new(dataset(path, None)?, None).map(Some)
}

/// Whether a name, in lower case, says that the file is IDX.
fn names_idx(name: &str) -> bool {
    name.contains("idx") || name.contains("ubyte")
}

/// The IDX files of a folder, by what they hold.
#[derive(Default)]
struct Files {
    train_images: Option<PathBuf>,
    train_labels: Option<PathBuf>,
    test_images: Option<PathBuf>,
    test_labels: Option<PathBuf>,
}

impl Files {
    fn find(folder: &Path) -> Result<Self> {
        let unreadable = |error| Error::io("the folder cannot be read", folder, error);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_file() {
                paths.push(path);
            }
        }
        // In order of their names, so that a raw file comes before its gzipped copy and
        // messages are the same everywhere.
        paths.sort();

        let mut files = Files::default();
        for path in paths {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .to_lowercase();
            let Some(place) = files.place_of(&name) else {
                continue;
            };
            match place {
                None => *place = Some(path),
                Some(first) if is_packed_copy(first, &path) => {}
                Some(first) => {
                    return Err(Error::new(ErrorKind::Data, "two files could be meant")
                        .at(folder.display())
                        .expected("one file of a sort")
                        .found(format!("{} and {}", first.display(), path.display()))
                        .hint("leave only one of them in the folder"));
                }
            }
        }
        Ok(files)
    }

    /// Where a file of this name, in lower case, belongs, if it is IDX by its name.
    fn place_of(&mut self, name: &str) -> Option<&mut Option<PathBuf>> {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let is = |what: &str| name.contains(what) && (names_idx(name) || name.ends_with(what));
        let test = name.contains("t10k") || name.contains("test");
        match (is("images"), is("labels"), test) {
            (true, false, false) => Some(&mut self.train_images),
            (true, false, true) => Some(&mut self.test_images),
            (false, true, false) => Some(&mut self.train_labels),
            (false, true, true) => Some(&mut self.test_labels),
            _ => None,
        }
    }

    /// Labels of a split that has no images are more likely a slip than meant.
    fn refuse_orphan(labels: Option<&Path>) -> Result<()> {
        match labels {
            None => Ok(()),
            Some(labels) => Err(
                Error::new(ErrorKind::Data, "there are labels without images")
                    .at(labels.display())
                    .expected("a file of images beside it")
                    .found("none")
                    .hint("add the images or take the labels away"),
            ),
        }
    }
}

/// Whether `second` is called as `first` is, with `.gz` after it.
fn is_packed_copy(first: &Path, second: &Path) -> bool {
    let mut name = first.as_os_str().to_owned();
    name.push(".gz");
    name == second.as_os_str()
}

/// Images and, perhaps, their labels.
fn dataset(path: &Path, labels: Option<&Path>) -> Result<Dataset> {
    let images = Images::read(path, IN_MEMORY)?;
    let rows = images.dimensions.first().copied().unwrap_or_default();
    let shape = match images.dimensions.get(1..).unwrap_or_default() {
        &[height, width] => vec![1, height, width],
        shape => shape.to_vec(),
    };
    let labels = labels.map(|labels| read_labels(labels, path, rows));
    Dataset::stored_as(
        images.element,
        path.display().to_string(),
        images.values,
        shape,
        labels.transpose()?,
    )
}

#[cfg(test)]
mod tests;

/// Whether a folder has IDX files of images.
pub(in crate::data) fn is_folder(folder: &Path) -> bool {
    Files::find(folder)
        .is_ok_and(|files| files.train_images.is_some() || files.test_images.is_some())
}

/// Whether content begins as IDX does: two zeros, a type, the number of dimensions.
pub(in crate::data) fn begins_as_idx(start: &[u8]) -> bool {
    matches!(start, [0, 0, 0x08 | 0x09 | 0x0b..=0x0e, 1..=8, ..])
}
