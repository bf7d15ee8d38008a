//! Checksums of the files that Narrows writes as safetensors: models and checkpoints. If the disk or a copy changed a
//! bit, reading the file is an error that names the damaged tensor.
//!
//! All are CRC-32 as in zlib, in eight hexadecimal digits. In the JSON of the metadata, `checksums` has one for each
//! tensor, over its name, type, shape and bytes. The last member, `checksum`, is over the text of the JSON before that
//! member.

use super::header::format;
use crate::error::Result;
use crc32fast::Hasher;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::{Map, Value};

/// The member of the metadata with the checksums of the tensors.
const TENSORS: &str = "checksums";

/// The text before the checksum of the text, and the text after it.
const BEFORE: &str = ",\"checksum\":\"";
const AFTER: &str = "\"}";

/// The digits of a checksum.
const DIGITS: usize = 8;

/// Metadata as text, with the checksums of the tensors and with its own checksum.
pub(crate) fn sealed(mut about: Value, tensors: &[(&str, TensorView<'_>)]) -> String {
    let sums = tensors
        .iter()
        .map(|(name, view)| (name.to_string(), Value::from(of_tensor(name, view))));
    if let Some(about) = about.as_object_mut() {
        about.insert(TENSORS.into(), Value::Object(sums.collect::<Map<_, _>>()));
    }
    let text = about.to_string();
    match text.strip_suffix('}') {
        Some(text) => format!("{text}{BEFORE}{}{AFTER}", of(&[text.as_bytes()])),
        None => text,
    }
}

/// Refuses a text of metadata that differs from its checksum; a text without a checksum passes.
pub(crate) fn check_text(text: &str) -> Result<()> {
    match seal_of(text) {
        Some((text, sum)) if of(&[text.as_bytes()]) != sum => {
            Err(format("the metadata are damaged: their checksum differs")
                .expected(sum)
                .found(of(&[text.as_bytes()])))
        }
        _ => Ok(()),
    }
}

/// Refuses a file if a tensor differs from its checksum, has none, or is missing. `about` is the parsed `text`.
pub(crate) fn check_tensors(text: &str, about: &Value, tensors: &SafeTensors<'_>) -> Result<()> {
    let sums = about.get(TENSORS).and_then(Value::as_object);
    let (Some(sums), Some(_)) = (sums, seal_of(text)) else {
        return Err(format("the checksums are missing in the metadata"));
    };
    for (name, view) in tensors.iter() {
        let sum = sums.get(name).and_then(Value::as_str);
        let found = of_tensor(name, &view);
        if sum != Some(&found) {
            let error = format(format!(
                "the tensor `{name}` is damaged: its checksum differs"
            ));
            return Err(error.expected(sum.unwrap_or("none")).found(found));
        }
    }
    match sums.keys().find(|name| tensors.tensor(name).is_err()) {
        None => Ok(()),
        Some(name) => Err(format(format!("the tensor `{name}` is missing"))),
    }
}

/// The text that the checksum at its end is computed over, and this checksum.
fn seal_of(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_suffix(AFTER)?;
    let (before, sum) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    Some((before.strip_suffix(BEFORE)?, sum))
}

fn of_tensor(name: &str, view: &TensorView<'_>) -> String {
    let about = format!("{name} {:?} {:?} ", view.dtype(), view.shape());
    of(&[about.as_bytes(), view.data()])
}

fn of(parts: &[&[u8]]) -> String {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    format!("{:08x}", hasher.finalize())
}
