//! The content of a folder: images and other files.

use super::kind::{self, ImageKind};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// An image file, and its subfolder.
pub(super) struct FoundImage {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) label: Option<String>,
    /// `None` if the file has the ending of an image but is not one.
    pub(super) kind: Option<ImageKind>,
}

/// The content of a folder and its subfolders.
#[derive(Default)]
pub(super) struct Folder {
    /// In the order of their names.
    pub(super) images: Vec<FoundImage>,
    /// The number of images that are too deep, and a folder that has some of them in its subfolders.
    pub(super) deeper: usize,
    pub(super) above_deeper: Option<PathBuf>,
    /// The number of other files of each ending; unsupported images are separate.
    pub(super) beside: BTreeMap<String, usize>,
    pub(super) unread: BTreeMap<String, usize>,
}

impl Folder {
    pub(super) fn look(folder: &Path) -> Result<Folder> {
        let mut all = Folder::default();
        for (path, name) in entries(folder)? {
            if !path.is_dir() {
                all.add(path, name, None);
                continue;
            }
            for (below, file) in entries(&path)? {
                if below.is_dir() {
                    let deeper = images_below(&below);
                    if deeper > 0 {
                        all.above_deeper.get_or_insert_with(|| path.clone());
                    }
                    all.deeper += deeper;
                } else {
                    all.add(below, format!("{name}/{file}"), Some(&name));
                }
            }
        }
        Ok(all)
    }

    fn add(&mut self, path: PathBuf, name: String, label: Option<&String>) {
        let ending = ending(&path);
        if kind::is_unread(&ending) {
            *self.unread.entry(ending).or_default() += 1;
            return;
        }
        let kind = kind_of(&path);
        if kind.is_some() || kind::ends_as_image(&ending) {
            self.images.push(FoundImage {
                path,
                name,
                label: label.cloned(),
                kind,
            });
        } else {
            *self.beside.entry(ending).or_default() += 1;
        }
    }

    /// The files that are not read, as a list: `2 .txt, 1 .json`; `None` if there are none.
    pub(super) fn not_read(&self) -> Option<String> {
        let all: Vec<String> = self
            .unread
            .iter()
            .chain(&self.beside)
            .map(counted)
            .collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// `12 .heic`, `1 without an ending`
fn counted((ending, count): (&String, &usize)) -> String {
    match &**ending {
        "" => format!("{count} without an ending"),
        ending => format!("{count} .{ending}"),
    }
}

/// The kind of a file by its content; `None` if it is not an image or cannot be read.
pub(super) fn kind_of(path: &Path) -> Option<ImageKind> {
    // Reading anything other than a regular file, such as a pipe, could block forever.
    if !path.is_file() {
        return None;
    }
    let mut start = Vec::with_capacity(kind::START);
    let file = fs::File::open(path).ok()?;
    file.take(kind::START as u64).read_to_end(&mut start).ok()?;
    ImageKind::of(&start)
}

/// The ending of a file's name, in lower case, without its point; empty if there is none.
pub(super) fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

/// The number of images in a folder and below it, by their endings. Folders that cannot be read count as empty. Links
/// are not followed, because they may form cycles.
fn images_below(folder: &Path) -> usize {
    let below = |(path, _): &(PathBuf, String)| {
        if path.is_dir() {
            images_below(path)
        } else {
            usize::from(kind::ends_as_image(&ending(path)))
        }
    };
    if folder.is_symlink() {
        return 0;
    }
    entries(folder).map_or(0, |entries| entries.iter().map(below).sum())
}

/// Whether a file was put there by the system or an archive program.
fn is_of_system(name: &str) -> bool {
    const NAMES: [&str; 4] = ["thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx"];
    name.starts_with('.') || NAMES.contains(&&*name.to_lowercase())
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let unreadable = |error| Error::io("the folder cannot be read", folder, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        if !is_of_system(&name) {
            entries.push((path, name));
        }
    }
    entries.sort();
    Ok(entries)
}

/// `1 image`, `2 images`
pub(super) fn images(count: usize) -> String {
    match count {
        1 => "1 image".into(),
        count => format!("{count} images"),
    }
}
