//! What a file is, by its content. The ending of its name matters only if the content leaves it open.

use super::formats::{idx, images, parquet};
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

/// A kind of file that is not read, how it begins, and what to do instead.
struct Foreign {
    begins: &'static [u8],
    what: &'static str,
    advice: &'static str,
}

const FOREIGN: &[Foreign] = &[
    Foreign {
        begins: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        what: "an old Excel workbook",
        advice: "save it in Excel as CSV UTF-8",
    },
    Foreign {
        begins: b"\x89HDF\r\n\x1a\n",
        what: "an HDF5 file",
        advice: "in Python: h5py.File(FILE)[NAME][:] gives an array, numpy.save(\"data.npy\", array) writes it",
    },
    Foreign {
        begins: b"SQLite format 3\0",
        what: "an SQLite database",
        advice: "export the table: sqlite3 -header -csv FILE \"select * from TABLE\" > data.csv",
    },
    Foreign {
        begins: b"ARROW1",
        what: "an Arrow (Feather) file",
        advice: "in Python: pandas.read_feather(FILE).to_parquet(\"data.parquet\")",
    },
    Foreign {
        begins: b"ORC",
        what: "an ORC file",
        advice: "in Python: pandas.read_orc(FILE).to_parquet(\"data.parquet\")",
    },
    Foreign {
        begins: b"Obj\x01",
        what: "an Avro file",
        advice: "convert it to Parquet",
    },
    Foreign {
        begins: b"MATLAB 5.0 MAT-file",
        what: "a MATLAB file",
        advice: "in Python: scipy.io.loadmat(FILE)[NAME] gives an array, numpy.save(\"data.npy\", array) writes it",
    },
    Foreign {
        begins: b"%PDF",
        what: "a PDF document",
        advice: "give the table as CSV",
    },
    Foreign {
        begins: b"\x28\xb5\x2f\xfd",
        what: "a Zstandard archive",
        advice: "unpack it first: zstd -d FILE",
    },
    Foreign {
        begins: b"\xfd7zXZ\0",
        what: "an xz archive",
        advice: "unpack it first: xz -d FILE",
    },
    Foreign {
        begins: b"BZh",
        what: "a bzip2 archive",
        advice: "unpack it first: bzip2 -d FILE",
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
    Foreign {
        begins: b"{\n",
        what: "JSON",
        advice: JSON,
    },
    Foreign {
        begins: b"{\"",
        what: "JSON",
        advice: JSON,
    },
    Foreign {
        begins: b"[{",
        what: "JSON",
        advice: JSON,
    },
    Foreign {
        begins: b"<!DOCTYPE",
        what: "an HTML page",
        advice: "download the file itself, not the page around it",
    },
    Foreign {
        begins: b"<html",
        what: "an HTML page",
        advice: "download the file itself, not the page around it",
    },
    Foreign {
        begins: b"<?xml",
        what: "XML",
        advice: "convert it to CSV",
    },
];

const PICKLE: &str = "a pickle may run any code and is not read; in Python: numpy.save(\"data.npy\", array) writes an \
                      array, frame.to_parquet(\"data.parquet\") a table";

const JSON: &str = "in Python: pandas.read_json(FILE).to_csv(\"data.csv\", index=False), with lines=True if each line \
                    is an object";

/// What a file is.
///
/// # Errors
///
/// [`ErrorKind::Io`] if it cannot be read; [`ErrorKind::Format`] if it is of a kind that is not read, with what to do.
pub(super) fn file_kind(path: &Path) -> Result<FileKind> {
    let unreadable = |error| Error::io("cannot be read", path, error);
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let mut reader = BufReader::new(file);
    reader
        .by_ref()
        .take(START)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    if start.starts_with(b"\x1f\x8b") {
        // What is damaged further on is for the reader of its kind to say.
        let mut unpacked = Vec::new();
        let _ = MultiGzDecoder::new(&start[..])
            .take(START)
            .read_to_end(&mut unpacked);
        return by_start(path, &unpacked, true);
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return in_archive(path);
    }
    by_start(path, &start, false)
}

fn by_start(path: &Path, start: &[u8], is_packed: bool) -> Result<FileKind> {
    if start.is_empty() && !is_packed {
        return Err(not_read(path, "an empty file", ""));
    }
    if start.starts_with(b"\x93NUMPY") {
        return match is_packed {
            false => Ok(FileKind::Npy),
            true => Err(not_read(
                path,
                "a packed NumPy array",
                "unpack it first: gunzip FILE",
            )),
        };
    }
    if parquet::begins_as_parquet(start) {
        return match is_packed {
            false => Ok(FileKind::Parquet),
            true => Err(not_read(
                path,
                "a packed Parquet file",
                "unpack it first: gunzip FILE",
            )),
        };
    }
    if idx::begins_as_idx(start) {
        return Ok(FileKind::Idx);
    }
    if images::begins_as_image(start).is_some() {
        return match is_packed {
            false => Ok(FileKind::Image),
            true => Err(not_read(
                path,
                "a packed image",
                "unpack it first: gunzip FILE",
            )),
        };
    }
    let trimmed = start.trim_ascii_start();
    let lower = trimmed.get(..16).unwrap_or(trimmed).to_ascii_lowercase();
    let begins = |foreign: &&Foreign| {
        start.starts_with(foreign.begins) || lower.starts_with(&foreign.begins.to_ascii_lowercase())
    };
    if let Some(foreign) = FOREIGN.iter().find(begins) {
        return Err(not_read(path, foreign.what, foreign.advice));
    }
    match is_text(start) {
        true => Ok(FileKind::Text),
        false => Err(not_read(
            path,
            &format!(
                "a file that begins with the bytes {:02x?}",
                &start[..start.len().min(4)]
            ),
            "`narrows data kinds` lists what is read",
        )),
    }
}

/// Whether bytes are text, in UTF-8, UTF-16 or an encoding of single bytes.
fn is_text(start: &[u8]) -> bool {
    let is_utf16 = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    // UTF-16 without a mark has a zero in every other byte of plain text.
    if is_utf16 || (zeros > 0 && zeros * 5 >= start.len() * 2 && zeros * 5 <= start.len() * 3) {
        return true;
    }
    let is_control = |byte: &&u8| {
        **byte < b' ' && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b | 0x1a)
    };
    start.iter().filter(is_control).count() == 0
}

/// What a ZIP archive is: arrays of NumPy, a table, or something else.
fn in_archive(path: &Path) -> Result<FileKind> {
    let file = File::open(path).map_err(|error| Error::io("cannot be read", path, error))?;
    let Ok(archive) = ZipArchive::new(file) else {
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
        return Err(not_read(
            path,
            "a file of torch.save",
            "in Python: numpy.save(\"data.npy\", torch.load(FILE).numpy()) writes a tensor as an array",
        ));
    }
    if any(&|name| name.ends_with(".npy")) || names.is_empty() {
        return Ok(FileKind::Npz);
    }
    let is_own = |name: &&String| !name.ends_with('/') && !name.starts_with("__MACOSX/");
    let own = names.iter().filter(is_own).count();
    match own {
        1 => Ok(FileKind::Text),
        _ => Err(not_read(
            path,
            &format!("a ZIP archive of {own} files"),
            "unpack it, and give the file or folder that has the data",
        )),
    }
}

fn not_read(path: &Path, what: &str, advice: &str) -> Error {
    let error = Error::new(ErrorKind::Format, "these data are of no kind that is read")
        .at(path.display())
        .found(what);
    match advice {
        "" => error.hint("`narrows data kinds` lists what is read"),
        advice => error.hint(advice.replace("FILE", &path.display().to_string())),
    }
}
