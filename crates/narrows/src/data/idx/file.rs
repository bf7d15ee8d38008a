//! One IDX file.
//!
//! A file is two zero bytes, a byte for the type of the elements, a byte for the number of
//! dimensions, the size of each dimension as a big-endian `u32`, and the elements, big-endian,
//! the last dimension fastest (<http://yann.lecun.com/exdb/mnist/>). A file is hostile until
//! read: memory grows with what the file really holds, never with what its header promises,
//! and reading stops at the first byte beyond what was promised.

use crate::data::Values;
use crate::{Error, ErrorKind, Result};
use flate2::bufread::MultiGzDecoder;
use ndarray::Array2;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// The first two bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes that are asked for first; after that, as many as came so far.
pub(super) const FIRST_READ: usize = 1 << 16;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content {
    Images,
    Labels,
}

/// The type of an element.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Element {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Element {
    fn from_code(code: u8) -> Option<Self> {
        match code {
            0x08 => Some(Element::U8),
            0x09 => Some(Element::I8),
            0x0b => Some(Element::I16),
            0x0c => Some(Element::I32),
            0x0d => Some(Element::F32),
            0x0e => Some(Element::F64),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::I16 => 2,
            Element::I32 | Element::F32 => 4,
            Element::F64 => 8,
        }
    }
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
            .try_fold(element.bytes(), |product, &size| product.checked_mul(size))
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
        let floats = match self.element {
            Element::U8 => {
                let values = Array2::from_shape_vec((rows, inputs), self.bytes).map_err(wrong)?;
                return Ok(Values::U8(values));
            }
            Element::I8 => convert(&self.bytes, |byte| f32::from(i8::from_be_bytes(byte))),
            Element::I16 => convert(&self.bytes, |bytes| f32::from(i16::from_be_bytes(bytes))),
            // The two wide types are rounded to the nearest `f32`.
            Element::I32 => convert(&self.bytes, |bytes| i32::from_be_bytes(bytes) as f32),
            Element::F32 => convert(&self.bytes, f32::from_be_bytes),
            Element::F64 => convert(&self.bytes, |bytes| f64::from_be_bytes(bytes) as f32),
        };
        Ok(Values::F32(
            Array2::from_shape_vec((rows, inputs), floats).map_err(wrong)?,
        ))
    }

    pub(super) fn labels(&self) -> Result<Vec<i64>> {
        match self.element {
            Element::U8 => Ok(self.bytes.iter().copied().map(i64::from).collect()),
            Element::I8 => Ok(convert(&self.bytes, |byte| {
                i64::from(i8::from_be_bytes(byte))
            })),
            Element::I16 => Ok(convert(&self.bytes, |bytes| {
                i64::from(i16::from_be_bytes(bytes))
            })),
            Element::I32 => Ok(convert(&self.bytes, |bytes| {
                i64::from(i32::from_be_bytes(bytes))
            })),
            Element::F32 | Element::F64 => Err(at_byte(2, "these are not labels")
                .expected("integers")
                .found("floating-point numbers")),
        }
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
    let element = Element::from_code(code).ok_or_else(|| {
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

/// One value for every `N` bytes.
fn convert<const N: usize, T>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&chunk| value(chunk))
        .collect()
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

/// The content of a file, unpacked if it begins as gzip does, whatever its name.
fn unpacked(path: &Path) -> Result<Box<dyn Read>> {
    let cannot = |error| Error::io("cannot be read", path, error);
    let file = File::open(path).map_err(cannot)?;
    let mut reader = BufReader::new(file);
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(GZIP.len() as u64)
        .read_to_end(&mut start)
        .map_err(cannot)?;
    let gzipped = start == GZIP;
    let whole = io::Cursor::new(start).chain(reader);
    Ok(if gzipped {
        Box::new(MultiGzDecoder::new(whole))
    } else {
        Box::new(whole)
    })
}

/// Whether the content is damaged, rather than the operating system at a loss.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
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
