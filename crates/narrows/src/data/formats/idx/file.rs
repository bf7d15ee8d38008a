//! One IDX file.
//!
//! A file is two zero bytes, a byte for the type of the elements, a byte for the number of dimensions, the size of each
//! dimension as a big-endian `u32`, and the elements, big-endian, the last dimension fastest
//! (<http://yann.lecun.com/exdb/mnist/>). A file is hostile until it is read: memory grows with the actual content of
//! the file, never with the sizes in its header, and reading stops at the first byte beyond the promised length.

use crate::data::builder::{read_growing, read_rows};
use crate::data::element::{Element, NumberKind};
use crate::data::formats::layout::{ArrayPlan, Turned};
use crate::data::formats::unpack::{is_damage, is_gzipped, unpacked};
use crate::data::limits::check_row;
use crate::data::records::{Records, RowType};
use crate::data::source::at_source;
use crate::data::{Layout, Values};
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The expected content of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::data) enum IdxContent {
    Images,
    Labels,
}

/// The elements by their code.
fn element_of(code: u8) -> Option<Element> {
    Some(Element::big(match code {
        0x08 => NumberKind::U8,
        0x09 => NumberKind::I8,
        0x0b => NumberKind::I16,
        0x0c => NumberKind::I32,
        0x0d => NumberKind::F32,
        0x0e => NumberKind::F64,
        _ => return None,
    }))
}

/// The images of a file.
#[derive(Debug)]
pub(in crate::data) struct IdxImages {
    pub(in crate::data) element: Element,
    /// The rows, and the shape of one row.
    pub(in crate::data) plan: ArrayPlan,
    pub(in crate::data) values: Values,
}

impl IdxImages {
    /// Reads a file of images. A raw file of more than `in_memory` bytes stays in place; compressed and transposed
    /// images go to a temporary file. If images `lie_on_their_side`, their columns are stored as rows.
    pub(in crate::data) fn read(
        path: &Path,
        in_memory: u64,
        layout: Option<Layout>,
        lie_on_their_side: bool,
    ) -> Result<Self> {
        let read = || {
            let is_packed = is_gzipped(path)?;
            let mut reader = unpacked(path)?;
            let header = IdxHeader::read(&mut reader, IdxContent::Images)?;
            let mut plan = ArrayPlan::new(&header.dimensions, layout)?;
            if let (true, &[1, height, width]) = (lie_on_their_side, &plan.shape[..]) {
                // Treated as rows that have `width` channels last, so that the reader exchanges rows and columns.
                plan.turn = Some([height, 1, width]);
                plan.shape = vec![1, width, height];
            }
            let packed = fs::metadata(path)
                .map_err(|error| Error::io("cannot be read", path, error))?
                .len();
            let row = (plan.inputs * header.element.size()) as u64;
            check_row(plan.inputs as u64, row, is_packed.then_some(packed))?;
            if header.promised as u64 > in_memory && !is_packed && plan.turn.is_none() {
                return header.in_place(path, plan);
            }
            header.images(reader, in_memory, plan)
        };
        read().map_err(|error| at_source(error, &path.display().to_string()))
    }
}

/// The number of columns of QMNIST's labels; the first is the class.
const QMNIST: usize = 8;

/// The labels of a file, as many as there are images, with notes.
pub(in crate::data) fn read_labels(
    path: &Path,
    images: &Path,
    count: usize,
) -> Result<(Vec<i64>, Option<String>)> {
    let read = || {
        let mut reader = unpacked(path)?;
        let header = IdxHeader::read(&mut reader, IdxContent::Labels)?;
        let columns = header.dimensions.get(1).copied();
        if !matches!(columns, None | Some(1 | QMNIST)) {
            return Err(at_byte(8, "these are not labels")
                .expected("1 label an image, or the 8 columns of QMNIST")
                .found(format!("{:?}", header.dimensions)));
        }
        if header.rows() != count {
            return Err(
                Error::new(ErrorKind::Data, "the labels do not fit the images")
                    .at("byte 4")
                    .expected(format!(
                        "{}, one an image of {}",
                        count_of(count, "label"),
                        images.display()
                    ))
                    .found(header.rows()),
            );
        }
        let labels = header.labels(reader)?;
        let Some(columns) = columns.filter(|&columns| columns > 1) else {
            return Ok((labels, None));
        };
        let note = format!(
            "QMNIST labels: used the first of {} (the class)",
            count_of(columns, "column")
        );
        Ok((labels.into_iter().step_by(columns).collect(), Some(note)))
    };
    read().map_err(|error| at_source(error, &path.display().to_string()))
}

/// The header of a file.
#[derive(Debug)]
pub(in crate::data) struct IdxHeader {
    element: Element,
    dimensions: Vec<usize>,
    /// The number of bytes after the header.
    promised: usize,
    /// The number of bytes of the header.
    len: usize,
}

impl IdxHeader {
    pub(in crate::data) fn read(reader: &mut impl Read, content: IdxContent) -> Result<Self> {
        let (element, dimensions) = read_header(reader, content)?;
        let len = 4 + 4 * dimensions.len();
        let promised = dimensions
            .iter()
            .try_fold(element.size(), |product, &size| product.checked_mul(size))
            .filter(|bytes| bytes.checked_add(len).is_some())
            .ok_or_else(|| {
                at_byte(4, "the sizes are larger than any file can be")
                    .expected("sizes whose product is a length in bytes")
                    .found(format!("{dimensions:?}"))
            })?;
        Ok(IdxHeader {
            element,
            dimensions,
            promised,
            len,
        })
    }

    fn rows(&self) -> usize {
        self.dimensions.first().copied().unwrap_or_default()
    }

    /// The number of rows, and of values per row.
    fn dim(&self) -> (usize, usize) {
        let row = self.dimensions.get(1..).unwrap_or_default();
        (self.rows(), row.iter().product())
    }

    /// Images that stay in their raw file.
    fn in_place(self, path: &Path, plan: ArrayPlan) -> Result<IdxImages> {
        let cannot = |error| Error::io("cannot be read", path, error);
        let file = File::open(path).map_err(cannot)?;
        let held = file.metadata().map_err(cannot)?.len();
        let promised = self.promised as u64;
        let held = held.saturating_sub(self.len as u64);
        if held < promised {
            return Err(self.too_short(usize::try_from(held).unwrap_or(usize::MAX)));
        }
        if held > promised {
            return Err(self.too_long());
        }
        let (rows, inputs) = self.dim();
        let row = RowType::all(self.element, inputs);
        let stored = Records::in_file(file, path, self.len as u64, row, rows);
        Ok(IdxImages {
            element: self.element,
            values: Values::Records(stored),
            plan,
        })
    }

    /// Images from the bytes after the header; byte offsets in errors refer to the unpacked content.
    pub(in crate::data) fn images(
        self,
        mut reader: impl Read,
        in_memory: u64,
        plan: ArrayPlan,
    ) -> Result<IdxImages> {
        let failed = |bytes: usize, cause: Option<io::Error>| match cause {
            Some(error) => unreadable(self.len + bytes, error),
            None => self.too_short(bytes),
        };
        let (element, dim) = (self.element, self.dim());
        let values = match plan.turn {
            None => read_rows(&mut reader, element, dim, in_memory, failed)?,
            Some(sizes) => {
                let mut turned = Turned::new(&mut reader, sizes, element.size());
                read_rows(&mut turned, element, dim, in_memory, failed)?
            }
        };
        self.check_end(reader)?;
        Ok(IdxImages {
            element: self.element,
            values,
            plan,
        })
    }

    fn labels(&self, mut reader: impl Read) -> Result<Vec<i64>> {
        let mut bytes = Vec::new();
        read_growing(&mut reader, &mut bytes, self.promised)
            .map_err(|error| unreadable(self.len + bytes.len(), error))?;
        if bytes.len() < self.promised {
            return Err(self.too_short(bytes.len()));
        }
        self.check_end(reader)?;
        self.element.to_labels(&bytes)
    }

    fn check_end(&self, reader: impl Read) -> Result<()> {
        let mut more = Vec::new();
        reader
            .take(1)
            .read_to_end(&mut more)
            .map_err(|error| unreadable(self.len + self.promised, error))?;
        if more.is_empty() {
            Ok(())
        } else {
            Err(self.too_long())
        }
    }

    fn too_short(&self, found: usize) -> Error {
        at_byte(self.len + found, "the file ends too soon")
            .expected(format!(
                "{} after the header, for {:?}",
                count_of(self.promised, "byte"),
                self.dimensions
            ))
            .found(count_of(found, "byte"))
    }

    fn too_long(&self) -> Error {
        at_byte(
            self.len + self.promised,
            "the file goes on after its content",
        )
        .expected(format!("the end of the file, for {:?}", self.dimensions))
        .found("more bytes")
    }
}

/// The element and the sizes, each at least 1, if they fit the expected content.
fn read_header(reader: &mut impl Read, content: IdxContent) -> Result<(Element, Vec<usize>)> {
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
        IdxContent::Images if !(2..=4).contains(&rank) => {
            let error = at_byte(3, "these are not images")
                .expected("2, 3 or 4 dimensions")
                .found(rank);
            return Err(if rank == 1 {
                error.hint("it looks like a file of labels")
            } else {
                error
            });
        }
        IdxContent::Labels if !(1..=2).contains(&rank) => {
            return Err(at_byte(3, "these are not labels")
                .expected("1 dimension, or 2 as QMNIST has")
                .found(rank));
        }
        IdxContent::Images | IdxContent::Labels => {}
    }
    let mut dimensions = Vec::new();
    for index in 0..usize::from(rank) {
        let offset = 4 + 4 * index;
        let size = u32::from_be_bytes(read_four(reader, offset)?);
        if size == 0 {
            let what = match (content, index) {
                (IdxContent::Images, 0) => "there are no images",
                (IdxContent::Images, _) => "the images have no pixels",
                (IdxContent::Labels, 0) => "there are no labels",
                (IdxContent::Labels, _) => "the labels have no columns",
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
            .found(count_of(bytes.len(), "byte"))
    })
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
