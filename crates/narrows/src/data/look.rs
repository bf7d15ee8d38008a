//! Recognizes a file by its content. The ending of its name matters only if the content is ambiguous.

mod foreign;
mod start;

use super::formats::{idx, images, parquet};
use crate::advice::Action;
use crate::text::for_shell;
use crate::text::python_string;
use crate::{Error, ErrorKind, Result};
use foreign::{FOREIGN, ForeignFile, TORCH, text_of_another_kind};
use start::{START, is_lines, is_mostly_text, is_text, is_weights, start_of, ungzipped};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;

/// The number of entries of a ZIP archive that are checked.
const ENTRIES: usize = 1000;

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Npy,
    Npz,
    Parquet,
    Idx,
    Image,
    /// Text in lines, which may be a table.
    Text,
}

/// The kind of a file.
///
/// # Errors
///
/// [`ErrorKind::Io`] if it cannot be read; [`ErrorKind::Format`] if its kind is not supported, with the next step.
pub(super) fn file_kind(path: &Path) -> Result<FileKind> {
    let start = start_of(path)?;
    if start.starts_with(b"\x1f\x8b") {
        return by_start(path, &ungzipped(&start), Some("gunzip -k SHELL"));
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return in_archive(path);
    }
    by_start(path, &start, None)
}

/// Whether a file, which may be compressed, is empty; empty parts of a table are skipped.
pub(super) fn is_empty(path: &Path) -> Result<bool> {
    let start = start_of(path)?;
    let is_gzipped = start.starts_with(b"\x1f\x8b");
    // A damaged file may be unpacked to nothing; a gzip file of empty content is short.
    Ok(start.is_empty() || (is_gzipped && start.len() < 64 && ungzipped(&start).is_empty()))
}

/// The kind of a file by its first bytes; `unpack` is the command that unpacks it, if it is compressed.
fn by_start(path: &Path, start: &[u8], unpack: Option<&str>) -> Result<FileKind> {
    let unpacked_only = |kind: FileKind, what: &str| match unpack {
        None => Ok(kind),
        Some(command) => Err(not_read(path, what, &format!("unpack it first: {command}"))),
    };
    if start.is_empty() {
        // Its reader reports how it should begin.
        return match by_name(path) {
            Some((kind, _)) => Ok(kind),
            None => Err(not_read(path, "empty", "")),
        };
    }
    if start.starts_with(b"\x93NUMPY") {
        return unpacked_only(FileKind::Npy, "a packed NumPy array");
    }
    if is_weights(start) {
        return Err(not_read(
            path,
            "a safetensors file of weights, not of rows",
            "INSPECT describes a model of Narrows; IMPORT imports weights of other tools, where RECIPE is a recipe \
             with the same layers",
        ));
    }
    let is_lines = is_lines(start);
    if parquet::begins_as_parquet(start) && !is_lines {
        return unpacked_only(FileKind::Parquet, "a packed Parquet file");
    }
    if idx::begins_as_idx(start) {
        return Ok(FileKind::Idx);
    }
    if images::begins_as_image(start).is_some() && !is_lines {
        return unpacked_only(FileKind::Image, "a packed image");
    }
    let is_foreign = |foreign: &&ForeignFile| {
        let is_of_letters = foreign
            .begins
            .iter()
            .all(|byte| (b' '..=b'~').contains(byte));
        start.starts_with(foreign.begins) && !(is_of_letters && is_lines)
    };
    if let Some(foreign) = FOREIGN.iter().find(is_foreign) {
        return Err(not_read(path, foreign.what, foreign.advice));
    }
    if start.get(257..262) == Some(b"ustar") {
        return Err(not_read(
            path,
            "a tar archive",
            "unpack it first: tar -xf SHELL",
        ));
    }
    if start.starts_with(b"%PDF-") {
        return Err(not_read(path, "a PDF document", "give the table as CSV"));
    }
    if let Some((what, advice)) = text_of_another_kind(start) {
        return Err(not_read(path, what, advice));
    }
    match by_name(path) {
        _ if is_lines => Ok(FileKind::Text),
        // It is damaged.
        Some((kind, _)) => Ok(kind),
        None if is_text(start) || (is_called_table(path) && is_mostly_text(start)) => {
            Ok(FileKind::Text)
        }
        None => Err(not_read(
            path,
            &format!(
                "of an unknown kind, and begins with the bytes {:02x?}",
                &start[..start.len().min(4)]
            ),
            "",
        )),
    }
}

/// The kind of a file by the ending of its name, if that kind is not text, and a word for such files.
fn by_name(path: &Path) -> Option<(FileKind, &'static str)> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let ending = plain.rsplit_once('.').map_or("", |(_, ending)| ending);
    Some(match ending {
        "npy" => (FileKind::Npy, "a NumPy array"),
        "npz" => (FileKind::Npz, "an archive of NumPy arrays"),
        "parquet" | "pq" | "parq" => (FileKind::Parquet, "Parquet"),
        "png" => (FileKind::Image, "a PNG image"),
        "jpg" | "jpeg" => (FileKind::Image, "a JPEG image"),
        "tif" | "tiff" => (FileKind::Image, "a TIFF image"),
        "bmp" => (FileKind::Image, "a BMP image"),
        "webp" => (FileKind::Image, "a WebP image"),
        "gif" => (FileKind::Image, "a GIF image"),
        _ if idx::names_idx(plain) => (FileKind::Idx, "an IDX file"),
        _ => return None,
    })
}

/// A sentence if a text file has the ending of another kind.
pub(super) fn called_otherwise(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let what = match by_name(path) {
        Some((_, what)) => what,
        None if [".xls", ".xlsx"]
            .iter()
            .any(|ending| name.to_lowercase().ends_with(ending)) =>
        {
            "an Excel workbook"
        }
        None => return None,
    };
    Some(format!("{name} is text, not {what}: read as a table"))
}

/// Whether a name has an ending of text tables.
pub(super) fn is_called_table(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_lowercase();
    let packed = [".gz", ".zip"];
    let plain = packed.iter().find_map(|ending| name.strip_suffix(ending));
    let plain = plain.unwrap_or(&name);
    [".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".data"]
        .iter()
        .any(|ending| plain.ends_with(ending))
}

/// The kind of a ZIP archive: arrays of NumPy, a table, or something else.
fn in_archive(path: &Path) -> Result<FileKind> {
    let file = File::open(path).map_err(|error| Error::io("cannot be read", path, error))?;
    let Ok(mut archive) = ZipArchive::new(file) else {
        return Err(not_read(
            path,
            "a ZIP archive that is damaged or cut off",
            "copy or download the file again",
        ));
    };
    let names = archive.file_names().take(ENTRIES);
    let names: Vec<String> = names
        .filter_map(|name| Some(name.ok()?.to_string()))
        .collect();
    let any = |is: &dyn Fn(&str) -> bool| names.iter().any(|name| is(name));
    if any(&|name| name == "[Content_Types].xml" || name.starts_with("xl/")) {
        return Err(not_read(
            path,
            "an Excel workbook",
            "save it in Excel as CSV UTF-8",
        ));
    }
    if any(&|name| name == "content.xml") {
        return Err(not_read(
            path,
            "an OpenDocument file",
            "save the sheet as CSV",
        ));
    }
    if any(&|name| name.ends_with("data.pkl")) {
        return Err(not_read(path, "a file of torch.save", TORCH));
    }
    if any(&|name| name.ends_with(".weights.h5")) {
        return Err(not_read(
            path,
            "a model of Keras",
            "INSPECT prints how to convert its weights",
        ));
    }
    if any(&|name| name.ends_with(".npy")) || names.is_empty() {
        return Ok(FileKind::Npz);
    }
    let is_own = |name: &&String| {
        !name.ends_with('/') && !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store")
    };
    let own: Vec<&String> = names.iter().filter(is_own).collect();
    let [only] = own[..] else {
        return Err(not_read(
            path,
            &format!("a ZIP archive of {} files", own.len()),
            "unpack it, and give the file or folder that has the data",
        ));
    };
    let mut start = Vec::new();
    let is_read = archive
        .by_name(only)
        .is_ok_and(|entry| entry.take(START).read_to_end(&mut start).is_ok());
    if is_read && !start.is_empty() {
        by_start(path, &start, Some("unzip SHELL"))
    } else {
        // Its reader reports what is wrong with it.
        Ok(FileKind::Text)
    }
}

/// Why the largest file without an ending is not read, if its kind is known; an ending alone tells what the others are.
pub(super) fn why_not(folder: &Path) -> Option<Error> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let files = entries.filter_map(|entry| {
        let found = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        let path = entry.path();
        path.extension().is_none().then_some((found.len(), path))
    });
    let (_, largest) = files.max()?;
    file_kind(&largest).err()
}

fn not_read(path: &Path, what: &str, advice: &str) -> Error {
    let advice = match advice {
        "" => "KINDS lists what is read",
        advice => advice,
    };
    let name = path.to_string_lossy();
    let inspect = Action::Inspect {
        model: name.to_string(),
    };
    let import = Action::Import {
        weights: Some(name.to_string()),
    };
    let converted = Action::Import {
        weights: Some("weights.safetensors".into()),
    };
    let advice = advice
        .replace("INSPECT", &inspect.to_string())
        .replace("IMPORT", &import.to_string())
        .replace("CONVERTED", &converted.to_string())
        .replace("KINDS", &Action::ListKinds.to_string())
        .replace("PYTHON", &python_string(&name))
        .replace("SHELL", &for_shell(&name));
    Error::new(
        ErrorKind::Format,
        format!("cannot read this file: it is {what}"),
    )
    .at(path.display())
    .hint(advice)
}

#[cfg(test)]
mod tests;
