//! What a file is, by its content. The ending of its name matters only if the content leaves it open.

use super::formats::{idx, images, parquet};
use crate::text::for_shell;
use crate::text::python_string;
use crate::{Error, ErrorKind, Result};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use zip::ZipArchive;

/// The bytes that a kind is told from.
const START: u64 = 1 << 16;

/// The entries of a ZIP archive that are looked at.
const ENTRIES: usize = 1000;

/// What a file is.
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

/// A kind of file that is not read, how it begins, and what to do instead. In the advice, `PYTHON` stands for the path
/// as a string of Python, `SHELL` for the path as a word of a shell.
struct Foreign {
    begins: &'static [u8],
    what: &'static str,
    advice: &'static str,
}

/// The kinds that are no text. Where a beginning is plain letters, what follows must not be text in lines.
const FOREIGN: &[Foreign] = &[
    Foreign {
        begins: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        what: "an old Excel workbook",
        advice: "save it in Excel as CSV UTF-8",
    },
    Foreign {
        begins: b"\x89HDF\r\n\x1a\n",
        what: "an HDF5 file",
        advice: HDF5,
    },
    Foreign {
        begins: b"MATLAB 7.3 MAT-file",
        what: "a MATLAB file (HDF5)",
        advice: HDF5,
    },
    Foreign {
        begins: b"SQLite format 3\0",
        what: "an SQLite database",
        advice: "export the table: sqlite3 -header -csv SHELL 'select * from TABLE' > data.csv, with its name for TABLE",
    },
    Foreign {
        begins: b"ARROW1",
        what: "an Arrow (Feather) file",
        advice: "in Python: import pandas; pandas.read_feather(PYTHON).to_parquet(\"data.parquet\")",
    },
    Foreign {
        begins: b"ORC",
        what: "an ORC file",
        advice: "in Python: import pandas; pandas.read_orc(PYTHON).to_parquet(\"data.parquet\")",
    },
    Foreign {
        begins: b"Obj\x01",
        what: "an Avro file",
        advice: "convert it to Parquet",
    },
    Foreign {
        begins: b"MATLAB 5.0 MAT-file",
        what: "a MATLAB file",
        advice: "in Python: import numpy, scipy.io; m = scipy.io.loadmat(PYTHON); print(m.keys()) lists its arrays; \
                 numpy.save(\"data.npy\", m[\"NAME\"]) writes one, with its name for NAME",
    },
    Foreign {
        begins: b"\x28\xb5\x2f\xfd",
        what: "a Zstandard archive",
        advice: "unpack it first: zstd -d SHELL",
    },
    Foreign {
        begins: b"\xfd7zXZ\0",
        what: "an xz archive",
        advice: "unpack it first: xz -dk SHELL",
    },
    Foreign {
        begins: b"BZh",
        what: "a bzip2 archive",
        advice: "unpack it first: bzip2 -dk SHELL",
    },
    Foreign {
        begins: b"7z\xbc\xaf\x27\x1c",
        what: "a 7-Zip archive",
        advice: "unpack it first",
    },
    Foreign {
        begins: b"Rar!",
        what: "a RAR archive",
        advice: "unpack it first",
    },
    Foreign {
        begins: b"\x80\x02\x8a\x0a\x6c\xfc\x9c",
        what: "a file of torch.save",
        advice: TORCH,
    },
    Foreign {
        begins: b"\x80\x02",
        what: "a pickle of Python",
        advice: PICKLE,
    },
    Foreign {
        begins: b"\x80\x03",
        what: "a pickle of Python",
        advice: PICKLE,
    },
    Foreign {
        begins: b"\x80\x04",
        what: "a pickle of Python",
        advice: PICKLE,
    },
    Foreign {
        begins: b"\x80\x05",
        what: "a pickle of Python",
        advice: PICKLE,
    },
];

const HDF5: &str = "in Python: import h5py, numpy; f = h5py.File(PYTHON); f.visit(print) lists its arrays; \
                    numpy.save(\"data.npy\", f[\"NAME\"][:]) writes one, with its name for NAME. If these are weights \
                    of Keras, `narrows inspect SHELL` says how they are converted";

const TORCH: &str = "in Python: import numpy, torch, safetensors.torch; t = torch.load(PYTHON, map_location=\"cpu\"). \
                     Of a tensor, numpy.save(\"data.npy\", t.detach().numpy()) writes the rows. Of a state_dict, \
                     safetensors.torch.save_file(t, \"weights.safetensors\") writes the weights, for \
                     `narrows import --recipe NAME -o model.safetensors weights.safetensors` with the recipe of its layers \
                     for NAME";

const PICKLE: &str = "a pickle may run any code and is not read. If you trust it, in Python: import numpy, pickle; \
                      a = pickle.load(open(PYTHON, \"rb\")). Of an array, numpy.save(\"data.npy\", a) writes the rows; \
                      of a pandas table, a.to_parquet(\"data.parquet\")";

const PAGE: &str = "download the file itself, not the page around it";

/// A kind of text that is no table, and what to do instead.
fn text_of_another_kind(text: &[u8]) -> Option<(&'static str, &'static str)> {
    let lower = text.get(..START as usize).unwrap_or(text);
    let lower = lower.trim_ascii_start().to_ascii_lowercase();
    // What a bracket opens, behind white space.
    let opened = |bracket: u8| {
        let rest = lower.strip_prefix(&[bracket])?;
        rest.trim_ascii_start().first().copied()
    };
    let has = |words: &[u8]| lower.windows(words.len()).any(|window| window == words);
    let is_json = matches!(opened(b'{'), Some(b'"' | b'}'))
        || matches!(opened(b'['), Some(b'{' | b'[' | b'"'));
    if is_json {
        let mut lines = lower.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let is_line = |line: Option<&[u8]>| line.is_some_and(|line| line.starts_with(b"{\""));
        let is_lines = is_line(lines.next()) && is_line(lines.next());
        return Some(match is_lines {
            true => (
                "JSON",
                "in Python: import pandas; pandas.read_json(PYTHON, lines=True).to_csv(\"data.csv\", index=False)",
            ),
            false => (
                "JSON",
                "in Python: import pandas; pandas.read_json(PYTHON).to_csv(\"data.csv\", index=False)",
            ),
        });
    }
    let is_markup = lower.starts_with(b"<");
    if is_markup
        && [&b"<!doctype html"[..], b"<html"]
            .iter()
            .any(|tag| lower.starts_with(tag))
    {
        return Some(("an HTML page", PAGE));
    }
    // A table may have a header such as `<DATE>,<TIME>`.
    if is_markup && (lower.starts_with(b"<?xml") || lower.starts_with(b"<!doctype") || has(b"</")) {
        return Some(("XML", "convert it to CSV"));
    }
    // Comments of ARFF may stand before.
    let mut lines = lower.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"%"));
    if first.is_some_and(|line| line.starts_with(b"@relation")) {
        return Some((
            "an ARFF file of Weka",
            "in Python: import pandas, scipy.io.arff; \
             pandas.DataFrame(scipy.io.arff.loadarff(PYTHON)[0]).to_csv(\"data.csv\", index=False)",
        ));
    }
    None
}

/// What a file is.
///
/// # Errors
///
/// [`ErrorKind::Io`] if it cannot be read; [`ErrorKind::Format`] if it is of a kind that is not read, with what to do.
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

/// Whether a file has no bytes in it, as the empty parts of a table have none. It may be packed.
pub(super) fn is_empty(path: &Path) -> Result<bool> {
    let start = start_of(path)?;
    let is_gzipped = start.starts_with(b"\x1f\x8b");
    // A damaged file may come out as nothing; the empty one of gzip is short.
    Ok(start.is_empty() || (is_gzipped && start.len() < 64 && ungzipped(&start).is_empty()))
}

fn start_of(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |error| Error::io("cannot be read", path, error);
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    BufReader::new(file)
        .take(START)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    Ok(start)
}

/// What can be unpacked. What is damaged further on is for the reader of its kind to say.
fn ungzipped(start: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let _ = MultiGzDecoder::new(start)
        .take(START)
        .read_to_end(&mut unpacked);
    unpacked
}

/// What a file is by its first bytes; `unpack` is the command that unpacks it, if it is packed.
fn by_start(path: &Path, start: &[u8], unpack: Option<&str>) -> Result<FileKind> {
    let unpacked_only = |kind: FileKind, what: &str| match unpack {
        None => Ok(kind),
        Some(command) => Err(not_read(path, what, &format!("unpack it first: {command}"))),
    };
    if start.is_empty() {
        // Its reader says what it should begin with.
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
            "weights of a model (safetensors), no rows",
            "`narrows inspect SHELL` describes a model of Narrows, weights of others are taken by \
             `narrows import --recipe NAME -o model.safetensors SHELL` with the recipe of their layers for NAME",
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
    let is_foreign = |foreign: &&Foreign| {
        let is_of_letters = foreign
            .begins
            .iter()
            .all(|byte| (b' '..=b'~').contains(byte));
        start.starts_with(foreign.begins) && !(is_of_letters && is_lines)
    };
    if let Some(foreign) = FOREIGN.iter().find(is_foreign) {
        return Err(not_read(path, foreign.what, foreign.advice));
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

/// What the name of a file says that it is, where that is no text, and what such a file is called.
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

/// That a text has the name of something else, in a sentence.
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

/// Whether a name is one that tables of text have.
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

/// Whether content begins as safetensors does: a length of less than four bytes, and a JSON object.
fn is_weights(start: &[u8]) -> bool {
    matches!(
        start,
        [_, _, _, _, 0, 0, 0, 0, b'{', b'"' | b'}' | b' ', ..]
    )
}

/// Whether bytes are text, in UTF-8, UTF-16 or an encoding of single bytes.
fn is_text(start: &[u8]) -> bool {
    is_utf16(start) || controls(start) == 0
}

fn is_utf16(start: &[u8]) -> bool {
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    // UTF-16 without a mark has a zero in every other byte of plain text.
    start.starts_with(b"\xff\xfe")
        || start.starts_with(b"\xfe\xff")
        || (zeros > 0 && zeros * 5 >= start.len() * 2 && zeros * 5 <= start.len() * 3)
}

/// The bytes that no text has.
fn controls(start: &[u8]) -> usize {
    let is_control = |byte: &&u8| {
        **byte < b' ' && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b | 0x1a)
    };
    start.iter().filter(is_control).count()
}

/// Whether bytes are text with a few that do not belong there.
fn is_mostly_text(start: &[u8]) -> bool {
    controls(start) <= 1 + start.len() / 20
}

/// Whether bytes are text in lines beyond doubt, whatever letters they begin with. Packed content has no control
/// characters either where it is short, but many bytes beyond ASCII that are no UTF-8. UTF-16 without a mark is in
/// doubt: its zeros stand between the letters of numbers too.
fn is_lines(start: &[u8]) -> bool {
    let is_utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        // A character may be cut off.
        Err(error) => error.error_len().is_none(),
    };
    let others = start.iter().filter(|byte| !byte.is_ascii()).count();
    let has_end = start.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    let has_mark = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    has_end && (has_mark || (controls(start) == 0 && (is_utf8 || 10 * others <= start.len())))
}

/// What a ZIP archive is: arrays of NumPy, a table, or something else.
fn in_archive(path: &Path) -> Result<FileKind> {
    let file = File::open(path).map_err(|error| Error::io("cannot be read", path, error))?;
    let Ok(mut archive) = ZipArchive::new(file) else {
        return Err(not_read(
            path,
            "a ZIP archive that is damaged or cut off",
            "",
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
            "`narrows inspect SHELL` says how its weights are converted",
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
    match is_read && !start.is_empty() {
        true => by_start(path, &start, Some("unzip SHELL")),
        // Its reader says what is wrong with it.
        false => Ok(FileKind::Text),
    }
}

fn not_read(path: &Path, what: &str, advice: &str) -> Error {
    let advice = match advice {
        "" => "`narrows data kinds` lists what is read",
        advice => advice,
    };
    let name = path.to_string_lossy();
    let advice = advice
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
