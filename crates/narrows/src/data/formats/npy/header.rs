//! The header of an array: its type, its order and its shape.

use super::foreign::ForeignArray;
use super::literal::{self, Literal};
use crate::data::element::{Element, NumberKind};
use crate::data::limits::{NPY_HEADER, NPY_TAKEN, excerpt};
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use std::io::Read;

/// The first bytes of every array.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The content of an array.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ArrayContent {
    Numbers(Element),
    /// Words of a fixed width.
    Words(StoredWords),
    /// Something unsupported.
    Foreign(ForeignArray),
}

/// The storage of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredWords {
    /// Whether a word has characters of four bytes; if not, of one byte.
    pub(super) is_wide: bool,
    pub(super) is_big_endian: bool,
    /// The bytes of a word.
    pub(super) size: usize,
}

/// The header of an array.
#[derive(Clone, Debug)]
pub(super) struct ArrayHeader {
    pub(super) content: ArrayContent,
    /// The type, as written in the header.
    pub(super) descr: String,
    pub(super) shape: Vec<usize>,
    pub(super) is_fortran: bool,
    /// The length of the header in bytes.
    pub(super) len: u64,
}

impl ArrayHeader {
    pub(super) fn read(reader: &mut impl Read) -> Result<Self> {
        let (text, len) = read_text(reader)?;
        let damaged = |what: &str| {
            Error::new(
                ErrorKind::Format,
                format!("the header cannot be read: {what}"),
            )
            .at("byte 10")
            .expected("a dictionary of descr, fortran_order and shape, and a new line")
            .found(excerpt(&text))
        };
        let Some(body) = text.strip_suffix('\n') else {
            return Err(damaged("it does not end with a new line"));
        };
        // Python treats white space before a literal as indentation, except for blanks.
        let Literal::Dict(entries) =
            literal::parse(body.trim_start_matches([' ', '\t'])).map_err(damaged)?
        else {
            return Err(damaged("it is not a dictionary"));
        };
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        for (key, value) in entries {
            let Literal::Text(key) = key else {
                return Err(damaged("a key is not text"));
            };
            let is_new = match (key.as_str(), value) {
                ("descr", value) => descr.replace(value).is_none(),
                ("fortran_order", Literal::Truth(value)) => is_fortran.replace(value).is_none(),
                ("fortran_order", _) => {
                    return Err(damaged("fortran_order is neither True nor False"));
                }
                ("shape", Literal::Tuple(sizes)) => shape.replace(sizes).is_none(),
                ("shape", _) => return Err(damaged("the shape is not a tuple")),
                _ => return Err(damaged("there is an unknown key")),
            };
            if !is_new {
                return Err(damaged("a key comes twice"));
            }
        }
        let (Some(descr), Some(is_fortran), Some(shape)) = (descr, is_fortran, shape) else {
            return Err(damaged("a key is missing"));
        };
        let size = |size: &Literal| match size {
            Literal::Whole(size) => usize::try_from(*size).ok(),
            _ => None,
        };
        let shape: Option<Vec<usize>> = shape.iter().map(size).collect();
        let shape = shape.ok_or_else(|| damaged("a size is not a whole number"))?;
        let content = content(&descr).ok_or_else(|| damaged("the type is not one of NumPy"))?;
        if text.len() > NPY_TAKEN && !matches!(content, ArrayContent::Foreign(_)) {
            return Err(too_long(text.len(), NPY_TAKEN));
        }
        let descr = match descr {
            Literal::Text(descr) => descr,
            _ => "several fields a value".into(),
        };
        Ok(ArrayHeader {
            content,
            descr,
            shape,
            is_fortran,
            len,
        })
    }

    /// The number of bytes of a value; `None` for unsupported types.
    pub(super) fn item(&self) -> usize {
        match &self.content {
            ArrayContent::Numbers(element) => element.size(),
            ArrayContent::Words(words) => words.size,
            ArrayContent::Foreign(_) => 0,
        }
    }

    /// The bytes of the whole array.
    pub(super) fn bytes(&self) -> Result<u64> {
        let product = self
            .shape
            .iter()
            .try_fold(self.item() as u64, |product, &size| {
                product.checked_mul(size as u64)
            });
        product
            .filter(|&bytes| bytes < u64::MAX / 2)
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Format,
                    "the shape is larger than any file can be",
                )
                .found(self.sizes())
            })
    }

    /// Whether it may hold labels.
    pub(super) fn is_a_value_a_row(&self) -> bool {
        matches!(self.shape[..], [_] | [_, 1]) && !matches!(self.content, ArrayContent::Foreign(_))
    }

    /// Whether it may hold rows.
    pub(super) fn may_be_rows(&self) -> bool {
        self.shape.len() >= 2 && matches!(self.content, ArrayContent::Numbers(_))
    }

    /// The shape for a sentence.
    pub(super) fn sizes(&self) -> String {
        excerpt(&format!("{:?}", self.shape))
    }

    /// Shape and type for a sentence.
    pub(super) fn described(&self) -> String {
        let sizes = self.sizes();
        match &self.content {
            ArrayContent::Numbers(element) => format!("{sizes} {element}"),
            ArrayContent::Words(_) => format!("{sizes} words"),
            ArrayContent::Foreign(foreign) => format!("{sizes} {foreign}"),
        }
    }
}

/// The text of a header, and the bytes up to its end.
fn read_text(reader: &mut impl Read) -> Result<(String, u64)> {
    let format = |what: &str| Error::new(ErrorKind::Format, what);
    let cut = |error| format("the file ends within its header").caused_by(error);
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(8)
        .read_to_end(&mut bytes)
        .map_err(cut)?;
    let start = bytes.get(..MAGIC.len()).unwrap_or(&bytes);
    if !MAGIC.starts_with(start) {
        return Err(not_npy(start));
    }
    let [.., major, minor] = bytes[..] else {
        return Err(format("the file ends within its header"));
    };
    let mut len_bytes = [0; 4];
    let width = match (bytes.len(), major, minor) {
        (8, 1, 0) => 2,
        (8, 2 | 3, 0) => 4,
        (8, ..) => {
            return Err(format("the array is of a version that is not read")
                .at("byte 6")
                .expected("version 1.0, 2.0 or 3.0")
                .found(format!("{major}.{minor}")));
        }
        _ => return Err(format("the file ends within its header")),
    };
    reader.read_exact(&mut len_bytes[..width]).map_err(cut)?;
    let len = u32::from_le_bytes(len_bytes) as usize;
    if len > NPY_HEADER {
        return Err(too_long(len, NPY_HEADER));
    }
    let mut text = Vec::new();
    reader
        .by_ref()
        .take(len as u64)
        .read_to_end(&mut text)
        .map_err(cut)?;
    if text.len() < len {
        return Err(format("the file ends within its header"));
    }
    let text = match major {
        3 => String::from_utf8(text).map_err(|error| {
            format("the header is not UTF-8, as version 3.0 requires")
                .at("byte 12")
                .caused_by(error)
        })?,
        _ => text.into_iter().map(char::from).collect(),
    };
    Ok((text, (8 + width + len) as u64))
}

fn too_long(len: usize, most: usize) -> Error {
    Error::new(ErrorKind::Format, "the header is too long")
        .at("byte 8")
        .expected(format!("at most {}", count_of(most, "byte")))
        .found(len)
}

fn not_npy(start: &[u8]) -> Error {
    let error = Error::new(ErrorKind::Format, "not an NPY file").at("byte 0");
    match start {
        [0x80, 2..=5, ..] => error
            .expected("an array of numbers, as numpy.save writes it")
            .found("a pickle of Python, which can run any program when it is read")
            .hint("write the array with numpy.save or numpy.savez"),
        _ => error
            .expected(format!("the bytes {MAGIC:02x?}"))
            .found(format!("{start:02x?}")),
    }
}

/// The content for a type; `None` for types that NumPy does not have.
fn content(descr: &Literal) -> Option<ArrayContent> {
    let descr = match descr {
        Literal::Text(descr) => descr.as_str(),
        Literal::List(fields) => return Some(ArrayContent::Foreign(ForeignArray::fields(fields))),
        // A type with a shape of its own, as fields have.
        Literal::Tuple(_) => return Some(ArrayContent::Foreign(ForeignArray::Fields(Vec::new()))),
        _ => return None,
    };
    let is_native_big = cfg!(target_endian = "big");
    let (is_big_endian, has_order, code) = match descr.split_at_checked(1) {
        Some(("<", code)) => (false, true, code),
        Some((">", code)) => (true, true, code),
        Some(("|" | "=", code)) => (is_native_big, false, code),
        _ => (is_native_big, false, descr),
    };
    let kind = match code {
        "b1" => NumberKind::Bool,
        "u1" => NumberKind::U8,
        "i1" => NumberKind::I8,
        "u2" => NumberKind::U16,
        "i2" => NumberKind::I16,
        "u4" => NumberKind::U32,
        "i4" => NumberKind::I32,
        "u8" => NumberKind::U64,
        "i8" => NumberKind::I64,
        "f2" => NumberKind::F16,
        "f4" => NumberKind::F32,
        "f8" => NumberKind::F64,
        "bfloat16" => NumberKind::BF16,
        // The form of ml_dtypes; NumPy's own raw bytes have no byte order.
        "V2" if has_order && !is_big_endian => NumberKind::BF16,
        _ => {
            return words(code, is_big_endian)
                .or_else(|| ForeignArray::of(code).map(ArrayContent::Foreign));
        }
    };
    Some(ArrayContent::Numbers(Element {
        kind,
        is_big_endian,
    }))
}

fn words(code: &str, is_big_endian: bool) -> Option<ArrayContent> {
    let (letter, width) = code.split_at_checked(1)?;
    if !matches!(letter, "U" | "S" | "a") || !width.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let width: usize = width
        .parse()
        .ok()
        .filter(|&width| width <= i32::MAX as usize / 4)?;
    let is_wide = letter == "U";
    Some(ArrayContent::Words(StoredWords {
        is_wide,
        is_big_endian,
        size: if is_wide { 4 * width } else { width },
    }))
}
