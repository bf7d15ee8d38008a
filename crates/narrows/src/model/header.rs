//! The header of a safetensors file. Its memory is bounded by its length: values are typed while they are read, and
//! every count has a limit.

use crate::Error;
use crate::error::{ErrorKind, Result};
use crate::text::count_of;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

/// The longest header that is read, in bytes. The format allows 100 MB; a model of 100,000 columns needs less than
/// this.
pub(super) const MAX_HEADER: u64 = 1 << 24;

/// The most tensors of a file, and the most entries of its metadata.
const MAX_ENTRIES: usize = 1 << 16;

/// The most axes of a tensor.
const MAX_AXES: usize = 64;

/// The key of the header that holds the metadata.
const METADATA: &str = "__metadata__";

/// The parsed header of a safetensors file.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tensors: BTreeMap<String, TensorInfo>,
}

/// The description of a tensor in the header, without its type and place.
#[derive(Debug, Deserialize)]
pub(super) struct TensorInfo {
    #[serde(deserialize_with = "sizes")]
    pub(super) shape: Vec<usize>,
}

/// Reads the length of the header and the header.
pub(super) fn read_header(file: &mut impl Read, len: u64, bytes: &mut Vec<u8>) -> Result<Header> {
    let damaged = || format("not a safetensors file");
    read_up_to(file, 8, bytes)?;
    let header_len = match bytes[..].try_into() {
        Ok(bytes) => u64::from_le_bytes(bytes),
        Err(_) => {
            return Err(damaged().expected("at least 8 bytes").found(bytes.len()));
        }
    };
    let most = len.saturating_sub(8).min(MAX_HEADER);
    if header_len > most
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    {
        return Err(damaged()
            .expected("a .safetensors file")
            .found("a file that begins as text")
            .hint("a model is the file model.safetensors of a run, or the run's folder"));
    }
    if header_len > most {
        return Err(damaged()
            .expected(format!("a header of at most {}", count_of(most, "byte")))
            .found(format!("one of {header_len}")));
    }
    read_up_to(file, 8 + header_len, bytes)?;
    serde_json::from_slice(bytes.get(8..).unwrap_or_default())
        .map_err(|error| damaged().caused_by(error))
}

/// Reads until there are `len` bytes or the file ends.
pub(super) fn read_up_to(file: &mut impl Read, len: u64, bytes: &mut Vec<u8>) -> Result<()> {
    let more = len.saturating_sub(bytes.len() as u64);
    file.take(more)
        .read_to_end(bytes)
        .map(drop)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot read the model").caused_by(error))
}

/// Refuses a JSON text whose values would take much more memory than the text itself.
pub(super) fn check_values(text: &str) -> Result<()> {
    let count = |of: &[u8]| text.bytes().filter(|byte| of.contains(byte)).count();
    // A value of a list, which is moved when the list grows; or an object, with room for eleven values.
    let needed = 48 * count(b",[") + 700 * count(b"{");
    let most = (48 << 20) + 4 * text.len();
    if needed > most {
        return Err(format("the metadata have too many values for their length")
            .expected(format!(
                "values that take at most {}",
                count_of(most, "byte")
            ))
            .found(needed));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Header, A::Error> {
        let mut header = Header::default();
        let mut has_metadata = false;
        while let Some(name) = map.next_key::<String>()? {
            let is_new = if name == METADATA {
                header.metadata = map.next_value::<Texts>()?.0;
                !std::mem::replace(&mut has_metadata, true)
            } else if header.tensors.len() == MAX_ENTRIES {
                return Err(A::Error::custom(format_args!(
                    "more than {MAX_ENTRIES} tensors"
                )));
            } else {
                let info = map.next_value()?;
                header.tensors.insert(name.clone(), info).is_none()
            };
            if !is_new {
                return Err(A::Error::custom(format_args!("`{name}` is there twice")));
            }
        }
        Ok(header)
    }
}

/// The metadata.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_map(TextsVisitor).map(Texts)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("texts by name")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<BTreeMap<String, String>, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((name, text)) = map.next_entry()? {
            if texts.len() == MAX_ENTRIES {
                return Err(A::Error::custom(format_args!(
                    "more than {MAX_ENTRIES} entries of metadata"
                )));
            }
            texts.insert(name, text);
        }
        Ok(texts)
    }
}

/// Reads a tensor's shape.
fn sizes<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<usize>, D::Error> {
    from.deserialize_seq(SizesVisitor)
}

struct SizesVisitor;

impl<'de> Visitor<'de> for SizesVisitor {
    type Value = Vec<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tensor's shape")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<Vec<usize>, A::Error> {
        let mut sizes = Vec::new();
        while let Some(size) = list.next_element()? {
            if sizes.len() == MAX_AXES {
                return Err(A::Error::custom(format_args!(
                    "a tensor of more than {MAX_AXES} axes"
                )));
            }
            sizes.push(size);
        }
        Ok(sizes)
    }
}

/// An error of the format, for a file that is damaged or of another kind.
pub(super) fn format(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Format, what)
}
