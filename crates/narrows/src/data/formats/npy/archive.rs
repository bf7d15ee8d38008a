//! The entries of an NPZ file, which is a ZIP archive of arrays.
//!
//! An entry is read to its end, so that its checksum is compared, and its size must match its array. The list of
//! entries must match the entries, so that a damaged file cannot lose an array unnoticed.

use super::array::{ArrayRows, too_short};
use super::header::{ArrayContent, ArrayHeader};
use super::labels::{Labels, read_labels};
use crate::data::limits::{CHECKED_BYTES, excerpt, names};
use crate::data::{Dataset, ReadOptions};
use crate::declaration::nearest;
use crate::text::{count, count_of, python_string};
use crate::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

/// An open NPZ file.
pub(super) struct Archive {
    zip: ZipArchive<File>,
    /// The bytes of the file.
    len: u64,
    /// The number of bytes that may still be read only for their checksums.
    unchecked: u64,
    path: PathBuf,
    /// The names of its arrays, in order.
    pub(super) names: Vec<String>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let unreadable = |error| Error::new(ErrorKind::Io, "cannot be read").caused_by(error);
        let file = File::open(path).map_err(unreadable)?;
        let len = file.metadata().map_err(unreadable)?.len();
        let mut zip = ZipArchive::new(file).map_err(damaged)?;
        zip.validate_header_consistency().map_err(damaged)?;
        let names = zip.file_names();
        let mut names: Vec<String> = names
            .filter_map(|name| name.ok()?.strip_suffix(".npy").map(String::from))
            .collect();
        names.sort();
        Ok(Archive {
            zip,
            len,
            unchecked: CHECKED_BYTES,
            path: path.to_path_buf(),
            names,
        })
    }

    /// The Python expression that loads an array.
    pub(super) fn load(&self, name: &str) -> String {
        format!(
            "numpy.load({}, allow_pickle=True)[{}]",
            python_string(&self.path.to_string_lossy()),
            python_string(name)
        )
    }

    /// The header of an array. If the array cannot be rows and is small, it is read to its end to compare its checksum:
    /// a damaged header may be the reason.
    pub(super) fn header(&mut self, name: &str) -> Result<ArrayHeader> {
        let mut entry = self.zip.by_name(&format!("{name}.npy")).map_err(damaged)?;
        let size = entry.size();
        let mut read = || {
            let header = ArrayHeader::read(&mut entry)?;
            if !header.may_be_rows() && size <= self.unchecked {
                self.unchecked -= size;
                io::copy(&mut entry, &mut io::sink()).map_err(cut)?;
            }
            Ok(header)
        };
        read().map_err(|error: Error| error.at(place(name)))
    }

    /// An array as rows.
    pub(super) fn rows(
        &mut self,
        name: &str,
        options: &ReadOptions,
        called: &str,
    ) -> Result<Dataset> {
        let load = self.load(name);
        self.read(name, |reader, header, packed| {
            let rows = ArrayRows::new(header, options.layout, packed, &load)?;
            let declared = reader.declared;
            expect_size(header, declared)?;
            let values = rows.read(reader, cut)?;
            Ok((rows, values))
        })
        .and_then(|(rows, values)| rows.dataset(called, values, options))
    }

    /// An array as the labels of a number of rows.
    pub(super) fn labels(&mut self, name: &str, rows: usize) -> Result<Labels> {
        let load = self.load(name);
        self.read(name, |reader, header, _| {
            let declared = reader.declared;
            read_labels(reader, header, rows, &load, |header| {
                expect_size(header, declared)
            })
        })
    }

    /// Reads an entry to its end, so that its checksum is compared.
    fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Entry<'_>, &ArrayHeader, Option<u64>) -> Result<T>,
    ) -> Result<T> {
        let entry = self.zip.by_name(&format!("{name}.npy")).map_err(damaged)?;
        let is_packed = entry.size() > entry.compressed_size();
        let packed = is_packed.then_some(self.len);
        let declared = entry.size();
        let mut entry = Entry {
            reader: Box::new(entry),
            declared,
        };
        let whole = || {
            let header = ArrayHeader::read(&mut entry)?;
            let value = read(&mut entry, &header, packed)?;
            let mut more = [0];
            match entry.read(&mut more).map_err(cut)? {
                0 => Ok(value),
                _ => Err(too_long(header.bytes()?, "more")),
            }
        };
        whole().map_err(|error| error.at(place(name)))
    }
}

/// An entry that is being read.
pub(super) struct Entry<'a> {
    reader: Box<dyn Read + 'a>,
    /// The size that the archive declares.
    declared: u64,
}

impl Read for Entry<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out)
    }
}

/// Compares the declared size of an entry with its array, before memory is allocated.
fn expect_size(header: &ArrayHeader, declared: u64) -> Result<()> {
    if matches!(header.content, ArrayContent::Foreign(_)) {
        return Ok(());
    }
    let bytes = header.bytes()?;
    let held = declared.saturating_sub(header.len);
    match held.cmp(&bytes) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(too_short(bytes, held)),
        std::cmp::Ordering::Greater => Err(too_long(bytes, &count(held))),
    }
}

fn too_long(expected: u64, found: &str) -> Error {
    Error::new(ErrorKind::Format, "the entry goes on after its array")
        .expected(count_of(expected, "byte"))
        .found(format!("{found} bytes"))
}

fn place(name: &str) -> String {
    format!("array `{}`", excerpt(name))
}

fn cut(error: io::Error) -> Error {
    Error::new(ErrorKind::Format, "the array is damaged or cut off").caused_by(error)
}

fn damaged(error: ZipError) -> Error {
    match error {
        ZipError::UnsupportedArchive(_)
        | ZipError::CompressionMethodNotSupported(_)
        | ZipError::InvalidPassword => Error::new(
            ErrorKind::Format,
            "the NPZ file is encrypted or compressed in a way that is not read",
        )
        .caused_by(error)
        .hint("save it with numpy.savez or numpy.savez_compressed"),
        _ => Error::new(
            ErrorKind::Format,
            "the NPZ file is damaged, cut off or no ZIP archive",
        )
        .caused_by(error),
    }
}

/// Refuses files of scipy.sparse.save_npz.
pub(super) fn refuse_sparse(archive: &Archive) -> Result<()> {
    let has = |name: &str| archive.names.iter().any(|known| known == name);
    let is_sparse = has("format")
        && has("shape")
        && has("data")
        && (has("indptr") || has("row") || has("offsets") || has("coords"));
    if !is_sparse {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Data,
        "the file holds a sparse matrix, which is not read",
    )
    .expected("rows in which every value is written")
    .found("the arrays of scipy.sparse.save_npz")
    .hint(format!(
        "in Python: import numpy, scipy.sparse; a = scipy.sparse.load_npz({}); \
         numpy.save(\"rows.npy\", a.toarray().astype(\"float32\"))",
        python_string(&archive.path.to_string_lossy())
    )))
}

/// Adds the name that was probably meant, or the list of names.
pub(super) fn suggested(error: Error, name: &str, known: &[String]) -> Error {
    let listed = names(known, |name| format!("`{}`", excerpt(name)));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(nearest) => error.hint(format!(
            "did you mean `{}`? There are {listed}",
            excerpt(nearest)
        )),
        None if known.is_empty() => error.found("no arrays"),
        None => error.hint(format!("there are {listed}")),
    }
}
