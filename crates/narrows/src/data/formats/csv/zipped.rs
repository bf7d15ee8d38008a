//! Reads the only file of a ZIP archive, one part at a time.

use super::refusal::unreadable;
use crate::{Error, ErrorKind, Result};
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// The most entries of an archive that are checked.
const ENTRIES: usize = 1 << 12;

/// Whether a file begins as a ZIP archive does.
pub(super) fn is_zip(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .map_err(|error| Error::io("cannot be read", path, error))?;
    Ok(start == *b"PK\x03\x04")
}

/// The content of the one file of an archive.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>> {
    let cannot = |error| Error::io("cannot be read", path, error);
    let damaged = |error: zip::result::ZipError| {
        Error::new(
            ErrorKind::Format,
            "the ZIP archive is damaged or of a kind that is not read",
        )
        .caused_by(error)
    };
    let mut archive =
        ZipArchive::new(BufReader::new(File::open(path).map_err(cannot)?)).map_err(damaged)?;
    if archive.len() > ENTRIES {
        return Err(
            Error::new(ErrorKind::Data, "the ZIP archive holds too many files")
                .expected("one file")
                .found(archive.len())
                .hint("unpack it"),
        );
    }
    let mut names = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.to_string();
        let is_of_mac = name.starts_with("__MACOSX/") || name.ends_with(".DS_Store");
        if !entry.is_dir() && !is_of_mac {
            names.push((index, name));
        }
    }
    let [(index, _)] = names.as_slice() else {
        let list: Vec<&str> = names
            .iter()
            .take(5)
            .map(|(_, name)| name.as_str())
            .collect();
        let more = if names.len() > list.len() {
            ", …"
        } else {
            ""
        };
        return Err(
            Error::new(ErrorKind::Data, "the ZIP archive does not hold one file")
                .expected("one table")
                .found(match names.len() {
                    0 => "no file".to_string(),
                    count => format!("{count}: {}{more}", list.join(", ")),
                })
                .hint("unpack it and name the table"),
        );
    };
    let entry = archive.by_index_raw(*index).map_err(damaged)?;
    if entry.encrypted() {
        return Err(Error::new(ErrorKind::Data, "the ZIP archive is encrypted").hint("unpack it"));
    }
    let start = entry.data_start().ok_or_else(|| {
        Error::new(
            ErrorKind::Format,
            "the ZIP archive does not say where its file begins",
        )
    })?;
    let (method, packed, size, crc) = (
        entry.compression(),
        entry.compressed_size(),
        entry.size(),
        entry.crc32(),
    );
    drop(entry);
    let mut file = File::open(path).map_err(cannot)?;
    file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    let packed = BufReader::new(file).take(packed);
    let content: Box<dyn Read> = match method {
        CompressionMethod::Stored => Box::new(packed),
        CompressionMethod::Deflated => Box::new(DeflateDecoder::new(packed)),
        other => {
            return Err(Error::new(
                ErrorKind::Data,
                "the ZIP archive is packed in a way that is not read",
            )
            .expected("stored or deflated")
            .found(other)
            .hint("unpack it"));
        }
    };
    Ok(Box::new(Checked {
        content,
        left: size,
        crc: Crc::new(),
        expected: crc,
    }))
}

/// Content with the size and the checksum that the archive states.
struct Checked {
    content: Box<dyn Read>,
    left: u64,
    crc: Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let damaged = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        let count = self.content.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            return match (self.left, self.crc.sum() == self.expected) {
                (0, true) => Ok(0),
                (0, false) => {
                    damaged("the file in the archive has another checksum than the archive says")
                }
                _ => damaged("the file in the archive is shorter than the archive says"),
            };
        }
        self.crc.update(buffer.get(..count).unwrap_or_default());
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return damaged("the file in the archive is longer than the archive says"),
        }
        Ok(count)
    }
}
