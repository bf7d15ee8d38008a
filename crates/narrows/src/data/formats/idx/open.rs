//! Opens IDX files: a folder, or one file.

use super::file::{IdxImages, read_labels};
use super::files::{Files, ToldByName, paths, with_images};
use crate::Result;
use crate::data::records::IN_MEMORY;
use crate::data::{Dataset, ReadOptions, Source};
use std::path::{Path, PathBuf};

/// Opens a folder that has IDX files of images, `FOLDER` or one of the sets in it, `FOLDER:SET`.
///
/// Files are recognized by their names: those of MNIST, `train-images-idx3-ubyte` and so on, with other punctuation or
/// a prefix. If there are images for training and for testing, both splits are read. Images of only one split are the
/// training rows, for any name. The files may also be in `raw` or `NAME/raw` below the folder, as in torchvision.
pub(in crate::data) fn open_folder(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let (folder, set) = match Source::parts_of(spec) {
        (folder, set) if Path::new(folder).is_dir() => (Path::new(folder), set.strip_prefix(':')),
        _ => return Ok(None),
    };
    let Some(place) = with_images(folder)? else {
        return Ok(None);
    };
    let Some(files) = Files::find(&place, set)? else {
        return Ok(None);
    };
    options.refuse_all(spec, "IDX files")?;
    let dataset = |images: &Path, labels: Option<&Path>| -> Result<Dataset> {
        let mut data = dataset(images, labels, options)?;
        if place != folder {
            data.notes
                .push(format!("the files lie in {}", place.display()));
        }
        Ok(data)
    };
    let (train_labels, test_labels) = (files.train_labels.as_deref(), files.test_labels.as_deref());
    match (&files.train_images, &files.test_images) {
        (None, None) => Ok(None),
        (Some(train), Some(test)) => {
            let train = dataset(train, train_labels)?;
            let test = dataset(test, test_labels)?;
            Source::new(train, Some(test)).map(Some)
        }
        (Some(images), None) => {
            Files::refuse_orphan(test_labels)?;
            Source::new(dataset(images, train_labels)?, None).map(Some)
        }
        (None, Some(images)) => {
            Files::refuse_orphan(train_labels)?;
            Source::new(dataset(images, test_labels)?, None).map(Some)
        }
    }
}

/// Opens a single IDX file of images; its rows are for training. The labels of the same set and split come from the
/// file in the same folder, if there is one.
pub(in crate::data) fn open_file(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if !path.is_file() {
        return Ok(None);
    }
    options.refuse_all(spec, "an IDX file")?;
    let labels = match ToldByName::of(path) {
        Some(images) if !images.is_labels => {
            let wanted = ToldByName {
                is_labels: true,
                ..images
            };
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let is = |path: &Path| ToldByName::of(path).as_ref() == Some(&wanted) && path.is_file();
            paths(folder.unwrap_or(Path::new(".")), is)?
        }
        _ => Vec::new(),
    };
    let labels = labels.first();
    let mut data = dataset(path, labels.map(|labels| labels.as_path()), options)?;
    if let Some(labels) = labels {
        data.notes
            .push(format!("the labels are those of {}", labels.display()));
    }
    Source::new(data, None).map(Some)
}

/// Whether a folder has IDX files of images, directly or where torchvision stores them.
pub(in crate::data) fn is_folder(folder: &Path) -> bool {
    // Errors about several sets are reported when the folder is opened.
    !matches!(with_images(folder), Ok(None))
}

/// The IDX files of a folder, directly or where torchvision stores them.
pub(in crate::data) fn files_of_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    match with_images(folder)? {
        Some(place) => paths(&place, |path| {
            ToldByName::of(path).is_some() && path.is_file()
        }),
        None => Ok(Vec::new()),
    }
}

/// Whether content begins like IDX: two zeros, a type, the number of dimensions.
pub(in crate::data) fn begins_as_idx(start: &[u8]) -> bool {
    matches!(start, [0, 0, 0x08 | 0x09 | 0x0b..=0x0e, 1..=8, ..])
}

/// Images and, optionally, their labels.
fn dataset(path: &Path, labels: Option<&Path>, options: &ReadOptions) -> Result<Dataset> {
    // The files of EMNIST are recognized by their names; rows of their images are stored as columns.
    let is_emnist = ToldByName::of(path).is_some_and(|told| told.set.starts_with("emnist"));
    let images = IdxImages::read(path, IN_MEMORY, options.layout, is_emnist)?;
    let rows = images.plan.rows;
    let mut notes: Vec<String> = images.plan.note.into_iter().collect();
    if is_emnist && images.plan.turn.is_some() {
        notes.push("EMNIST stores images transposed; turned upright".into());
    }
    let labels = match labels {
        None => None,
        Some(labels) => {
            let (labels, note) = read_labels(labels, path, rows)?;
            notes.extend(note);
            Some(labels)
        }
    };
    let mut data = Dataset::unchecked(
        images.element,
        path.display().to_string(),
        images.values,
        images.plan.shape,
        labels,
    )?;
    data.notes.extend(notes);
    Ok(data)
}

#[cfg(test)]
mod tests;
