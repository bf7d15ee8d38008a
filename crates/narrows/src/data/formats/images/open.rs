//! Opening images: one file, or a folder of them.

use super::find;
use super::find::{Folder, FoundImage, images};
use super::kind;
use super::read;
use crate::advice::{Setting, set, setting};
use crate::data::{Fit, ReadOptions, Source};
use crate::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// The endings of tables and arrays: a folder with such files may be data of another kind.
const OF_OTHER_KINDS: [&str; 6] = ["csv", "tsv", "gz", "parquet", "npy", "npz"];

/// Opens an image, or a folder that has images in it or in its subfolders.
pub(in crate::data) fn open(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if path.is_dir() {
        open_folder(spec, options)
    } else if path.is_file() {
        open_file(spec, options)
    } else {
        Ok(None)
    }
}

/// Whether a folder has images in it or in its subfolders.
pub(in crate::data) fn is_folder(folder: &Path) -> bool {
    Folder::look(folder).is_ok_and(|found| !found.images.is_empty())
}

/// The images of a folder and its subfolders.
pub(in crate::data) fn files_of_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let images = Folder::look(folder)?.images.into_iter();
    Ok(images.map(|image| image.path).collect())
}

fn open_file(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if kind::is_unread(&find::ending(path)) {
        let ending = find::ending(path);
        return Err(unread(spec, format!("a .{ending} file")));
    }
    let Some(kind) = find::kind_of(path) else {
        return Ok(None);
    };
    refuse_others(spec, options, "an image")?;
    let name = path.file_name().unwrap_or_default();
    let file = FoundImage {
        path: path.to_path_buf(),
        name: name.to_string_lossy().into_owned(),
        label: None,
        kind: Some(kind),
    };
    Source::new(read::read(spec, &[file], options)?, None).map(Some)
}

fn open_folder(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let folder = Folder::look(Path::new(spec))?;
    if folder.images.is_empty() {
        return nothing_to_read(spec, &folder);
    }
    refuse_others(spec, options, "a folder of images")?;
    let mut data = read::read(spec, &folder.images, options)?;
    if let Some(beside) = folder.not_read() {
        data.notes
            .push(format!("beside the images: {beside}, not read"));
    }
    if folder.deeper > 0 {
        data.notes.push(format!(
            "left out {} in deeper folders: only the folder and its subfolders are read",
            images(folder.deeper)
        ));
    }
    Source::new(data, None).map(Some)
}

/// The result for a folder without images: `None`, or an error if it was meant as a folder of images.
fn nothing_to_read(spec: &str, folder: &Folder) -> Result<Option<Source>> {
    let has_others = folder
        .beside
        .keys()
        .any(|ending| OF_OTHER_KINDS.contains(&&**ending));
    if has_others {
        return Ok(None);
    }
    if let (1.., Some(above)) = (folder.deeper, &folder.above_deeper) {
        return Err(
            Error::new(ErrorKind::Data, "all images lie in deeper folders")
                .at(spec)
                .expected("images in the folder, or in its subfolders, which are their labels")
                .found(format!("{} further down", folder.deeper))
                .hint(format!(
                    "use the folder above their subfolders, such as {}",
                    above.display()
                )),
        );
    }
    match folder.not_read() {
        Some(there) if !folder.unread.is_empty() => Err(unread(spec, there)),
        _ => Ok(None),
    }
}

fn unread(spec: &str, found: String) -> Error {
    Error::new(ErrorKind::Format, "images of this kind are not read")
        .at(spec)
        .expected(kind::READ)
        .found(found)
        .hint("convert them to PNG, or to TIFF if they have more than 16 bits")
}

fn refuse_others(spec: &str, options: &ReadOptions, what: &str) -> Result<()> {
    options.refuse_table(spec, what)?;
    options.refuse_label(spec, what)?;
    options.refuse_layout(spec, what)?;
    if options.fit != Fit::default() && options.image_size.is_none() {
        return Err(Error::new(
            ErrorKind::Data,
            format!("{} needs a size to resize images to", setting(Setting::Fit)),
        )
        .at(spec)
        .hint(format!(
            "give it with {}",
            set(Setting::ImageSize, "WIDTHxHEIGHT")
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
