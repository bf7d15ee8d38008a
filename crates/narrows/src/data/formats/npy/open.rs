//! Opens an `.npy` as rows.

use super::archive::Archive;
use super::array::ArrayRows;
use super::header::{ArrayHeader, MAGIC};
use crate::data::records::{IN_MEMORY, Records, RowType};
use crate::data::source::at_source;
use crate::data::{Dataset, ReadOptions, Source, Values};
use crate::text::{count_of, python_string};
use crate::{Error, ErrorKind, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first bytes of a ZIP archive.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";

/// Opens a file that begins like an NPY array, or has its ending.
pub(in crate::data) fn open_npy(spec: &str, options: &ReadOptions) -> Result<Option<Source>> {
    let path = Path::new(spec);
    if !path.is_file() {
        return Ok(None);
    }
    let is_named = spec.to_lowercase().ends_with(".npy");
    let begins = beginning(path)?;
    let is_archive = || {
        let archive = Archive::open(path);
        archive.is_ok_and(|archive| !archive.names.is_empty())
    };
    if begins != MAGIC && (!is_named || (begins.starts_with(ZIP) && is_archive())) {
        return Ok(None);
    }
    options.refuse_columns(spec, "an NPY file")?;
    options.refuse_label(spec, "an NPY file")?;
    options.refuse_images(spec, "an NPY file")?;
    let data = read_npy(path, spec, options).map_err(|error| at_source(error, spec))?;
    Source::new(data, None).map(Some)
}

/// The first bytes of a file.
pub(super) fn beginning(path: &Path) -> Result<Vec<u8>> {
    let mut begins = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut begins))
        .map_err(|error| Error::io("cannot be read", path, error))?;
    Ok(begins)
}

fn read_npy(path: &Path, spec: &str, options: &ReadOptions) -> Result<Dataset> {
    let unreadable = |error| Error::new(ErrorKind::Io, "cannot be read").caused_by(error);
    let mut file = File::open(path).map_err(unreadable)?;
    let len = file.metadata().map_err(unreadable)?.len();
    let header = ArrayHeader::read(&mut file)?;
    let load = format!(
        "numpy.load({}, allow_pickle=True)",
        python_string(&path.to_string_lossy())
    );
    let rows = ArrayRows::new(&header, options.layout, None, &load)?;
    if Some(len) != header.len.checked_add(rows.bytes) {
        let what = if len < header.len + rows.bytes {
            "the file ends too soon"
        } else {
            "the file goes on after its array"
        };
        return Err(Error::new(ErrorKind::Format, what)
            .expected(format!(
                "{} after the header, for {}",
                count_of(rows.bytes, "byte"),
                header.described()
            ))
            .found(count_of(len.saturating_sub(header.len), "byte")));
    }
    if rows.bytes > IN_MEMORY && rows.is_plain() {
        let (count, inputs) = rows.dim();
        let row = RowType::all(rows.element, inputs);
        let stored = Records::in_file(file, path, header.len, row, count);
        return rows.dataset(spec, Values::Records(stored), options);
    }
    let values = rows.read(&mut file, unreadable)?;
    rows.dataset(spec, values, options)
}

#[cfg(test)]
mod tests;
