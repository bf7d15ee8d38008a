//! One IDX file.
//!
//! A file is two zero bytes, a byte for the type of the elements, a byte for the number of
//! dimensions, the size of each dimension as a big-endian `u32`, and the elements, big-endian,
//! the last dimension fastest (<http://yann.lecun.com/exdb/mnist/>). A file is hostile until
//! read: memory grows with what the file really holds, never with what its header promises,
//! and reading stops at the first byte beyond what was promised.

use crate::data::Values;
use crate::data::element::{Element, Kind};
use crate::data::unpack::{is_damage, unpacked};
use crate::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::io::{self, Read};
use std::path::Path;

/// The bytes that are asked for first; after that, as many as came so far.
pub(super) const FIRST_READ: usize = 1 << 16;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content {
    Images,
    Labels,
}

/// The elements by their code.
fn element_of(code: u8) -> Option<Element> {
    Some(Element::big(match code {
        0x08 => Kind::U8,
        0x09 => Kind::I8,
        0x0b => Kind::I16,
        0x0c => Kind::I32,
        0x0d => Kind::F32,
        0x0e => Kind::F64,
        _ => return None,
    }))
}

/// An IDX file as read: as many bytes as the dimensions and the element ask for.
#[derive(Debug)]
pub(super) struct Idx {
    element: Element,
    pub(super) dimensions: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

impl Idx {
    pub(super) fn read(path: &Path, content: Content) -> Result<Self> {
        Idx::parse(unpacked(path)?, content).map_err(|error| error.at(path.display()))
    }

    /// Reads a whole file; byte offsets in errors are those of the unpacked content.
    pub(super) fn parse(mut reader: impl Read, content: Content) -> Result<Self> {
        let (element, dimensions) = read_header(&mut reader, content)?;
        let header = 4 + 4 * dimensions.len();
        let promised = dimensions
            .iter()
            .try_fold(element.size(), |product, &size| product.checked_mul(size))
            .filter(|bytes| bytes.checked_add(header).is_some())
            .ok_or_else(|| {
                at_byte(4, "the sizes promise more than any file can hold")
                    .expected("sizes whose product is a length in bytes")
                    .found(format!("{dimensions:?}"))
            })?;

        let mut bytes = Vec::new();
        read_growing(&mut reader, &mut bytes, promised)
            .map_err(|error| unreadable(header + bytes.len(), error))?;
        let end = header + bytes.len();
        if bytes.len() < promised {
            return Err(at_byte(end, "the file ends too soon")
                .expected(format!(
                    "{promised} bytes after the header, for {dimensions:?}"
                ))
                .found(format!("{} bytes", bytes.len())));
        }
        let mut more = Vec::new();
        reader
            .take(1)
            .read_to_end(&mut more)
            .map_err(|error| unreadable(end, error))?;
        if !more.is_empty() {
            return Err(at_byte(end, "the file goes on after its content")
                .expected(format!("the end of the file, for {dimensions:?}"))
                .found("more bytes"));
        }
        Ok(Idx {
            element,
            dimensions,
            bytes,
        })
    }

    pub(super) fn into_values(self, rows: usize, inputs: usize) -> Result<Values> {
        let wrong = |error| {
            Error::new(ErrorKind::Format, "the content has another length").caused_by(error)
        };
        if self.element.kind == Kind::U8 {
            let values = Array2::from_shape_vec((rows, inputs), self.bytes).map_err(wrong)?;
            return Ok(Values::U8(values));
        }
        // Wide types are rounded to the nearest `f32`.
        let mut floats = vec![0.0; self.bytes.len() / self.element.size()];
        self.element.to_f32(&self.bytes, &mut floats);
        Ok(Values::F32(
            Array2::from_shape_vec((rows, inputs), floats).map_err(wrong)?,
        ))
    }

    pub(super) fn labels(&self) -> Result<Vec<i64>> {
        self.element.to_i64(&self.bytes).ok_or_else(|| {
            at_byte(2, "these are not labels")
                .expected("integers")
                .found("floating-point numbers")
        })
    }
}

/// The element and the sizes, all of them at least 1, if they suit the content.
fn read_header(reader: &mut impl Read, content: Content) -> Result<(Element, Vec<usize>)> {
    let [zero, zero_too, code, rank] = read_four(reader, 0)?;
    if [zero, zero_too] != [0, 0] {
        return Err(at_byte(0, "this is not an IDX file")
            .expected("the bytes [00, 00] and the type of the elements")
            .found(format!("{:02x?}", [zero, zero_too, code, rank])));
    }
    let element = element_of(code).ok_or_else(|| {
        at_byte(2, "the elements are of an unknown type")
            .expected("08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e (f64)")
            .found(format!("{code:02x}"))
    })?;
    match content {
        Content::Images if !(2..=4).contains(&rank) => {
            let error = at_byte(3, "these are not images")
                .expected("2, 3 or 4 dimensions")
                .found(rank);
            return Err(if rank == 1 {
                error.hint("it looks like a file of labels")
            } else {
                error
            });
        }
        Content::Labels if rank != 1 => {
            return Err(at_byte(3, "these are not labels")
                .expected("1 dimension")
                .found(rank));
        }
        Content::Images | Content::Labels => {}
    }
    let mut dimensions = Vec::new();
    for index in 0..usize::from(rank) {
        let offset = 4 + 4 * index;
        let size = u32::from_be_bytes(read_four(reader, offset)?);
        if size == 0 {
            let what = match (content, index) {
                (Content::Images, 0) => "there are no images",
                (Content::Images, _) => "the images have no pixels",
                (Content::Labels, _) => "there are no labels",
            };
            return Err(at_byte(offset, what)
                .expected("a size of at least 1")
                .found(0));
        }
        dimensions.push(usize::try_from(size).map_err(|_| {
            at_byte(offset, "the size is more than this machine can address").found(size)
        })?);
    }
    Ok((element, dimensions))
}

/// The next four bytes of the header.
fn read_four(reader: &mut impl Read, offset: usize) -> Result<[u8; 4]> {
    let mut bytes = Vec::new();
    reader
        .take(4)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(offset, error))?;
    <[u8; 4]>::try_from(bytes).map_err(|bytes| {
        at_byte(offset + bytes.len(), "the file ends within its header")
            .expected("4 bytes")
            .found(format!("{} bytes", bytes.len()))
    })
}

/// Reads what is promised, or less if the reader ends before; the space taken is at most
/// twice what came, and exactly what was promised if all of it came.
pub(super) fn read_growing(
    reader: &mut impl Read,
    bytes: &mut Vec<u8>,
    promised: usize,
) -> io::Result<()> {
    while bytes.len() < promised {
        let ask = (promised - bytes.len()).min(bytes.len().max(FIRST_READ));
        bytes
            .try_reserve_exact(ask)
            .map_err(|_| io::ErrorKind::OutOfMemory)?;
        if reader.by_ref().take(ask as u64).read_to_end(bytes)? < ask {
            break;
        }
    }
    Ok(())
}

/// Whether the content, unpacked, starts with the two zero bytes of IDX.
pub(super) fn begins_as_idx(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    match unpacked(path)?.take(2).read_to_end(&mut start) {
        Ok(_) => Ok(start == [0, 0]),
        // Not gzip after all; that is for the next kind of source to judge.
        Err(error) if is_damage(&error) => Ok(false),
        Err(error) => Err(Error::io("cannot be read", path, error)),
    }
}

/// An error while reading on from a byte of the content.
fn unreadable(offset: usize, error: io::Error) -> Error {
    if is_damage(&error) {
        at_byte(offset, "the gzip data are damaged or cut off").caused_by(error)
    } else {
        Error::new(ErrorKind::Io, "cannot be read")
            .at(format!("byte {offset}"))
            .caused_by(error)
    }
}

fn at_byte(offset: usize, what: &str) -> Error {
    Error::new(ErrorKind::Format, what).at(format!("byte {offset}"))
}
