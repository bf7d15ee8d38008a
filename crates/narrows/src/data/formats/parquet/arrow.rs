//! Columns of durations. Parquet has no type for them and stores integers; Arrow's schema names these columns.
//!
//! Arrow's writers (pyarrow, pandas, polars) store their own schema in the file's metadata, as a message of Arrow's
//! stream format, whose tables are FlatBuffers. Only names and types are read here.

use super::leaf::Unit;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;

/// The key of the metadata.
pub(super) const KEY: &str = "ARROW:schema";

/// The most fields.
const FIELDS: usize = 1 << 20;

const SCHEMA: u8 = 1;
const STRUCT: u8 = 13;
const DURATION: u8 = 18;

/// The columns that hold spans of time, by their dotted paths; `None` if the schema is damaged.
pub(super) fn durations(schema: &str) -> Option<HashMap<String, Unit>> {
    let mut found = HashMap::new();
    let bytes = STANDARD.decode(schema.trim()).ok()?;
    collect(&bytes, &mut found, &mut FIELDS.clone())?;
    Some(found)
}

fn collect(bytes: &[u8], found: &mut HashMap<String, Unit>, fields: &mut usize) -> Option<()> {
    // A marker, which the oldest files do not have, then the length of the message.
    let start = match bytes.first_chunk::<4>()? {
        [0xff, 0xff, 0xff, 0xff] => 8,
        _ => 4,
    };
    let buffer = Buffer(bytes.get(start..)?);
    let message = buffer.follow(0)?;
    if buffer.byte(message, 1) != Some(SCHEMA) {
        return None;
    }
    let schema = buffer.table(message, 2)?;
    match buffer.table(schema, 1) {
        Some(list) => each_field(buffer, list, "", found, fields),
        // There are no columns.
        None => Some(()),
    }
}

/// Goes through a list of fields: of the schema, or of a field that is a structure.
fn each_field(
    buffer: Buffer,
    list: usize,
    within: &str,
    found: &mut HashMap<String, Unit>,
    fields: &mut usize,
) -> Option<()> {
    for index in 0..buffer.u32(list)? as usize {
        *fields = fields.checked_sub(1)?;
        let field = buffer.follow(list.checked_add(4)?.checked_add(index.checked_mul(4)?)?)?;
        let name = buffer.text(buffer.table(field, 0)?)?;
        let path = format!("{within}{name}");
        match buffer.byte(field, 2) {
            Some(DURATION) => {
                let kind = buffer.table(field, 3)?;
                // The default is milliseconds.
                let unit = match buffer.byte(kind, 0).unwrap_or(1) {
                    0 => Unit::Seconds,
                    1 => Unit::Millis,
                    2 => Unit::Micros,
                    _ => Unit::Nanos,
                };
                found.insert(path, unit);
            }
            Some(STRUCT) if within.len() < 1024 => {
                if let Some(list) = buffer.table(field, 5) {
                    each_field(buffer, list, &format!("{path}."), found, fields)?;
                }
            }
            _ => {}
        }
    }
    Some(())
}

/// A buffer of tables that point to each other.
#[derive(Clone, Copy)]
struct Buffer<'a>(&'a [u8]);

impl<'a> Buffer<'a> {
    fn u16(self, at: usize) -> Option<u16> {
        let bytes = self.0.get(at..)?.first_chunk()?;
        Some(u16::from_le_bytes(*bytes))
    }

    fn u32(self, at: usize) -> Option<u32> {
        let bytes = self.0.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }

    /// What an offset points to.
    fn follow(self, at: usize) -> Option<usize> {
        at.checked_add(self.u32(at)? as usize)
    }

    /// The place of a table's field; `None` if the field has its default.
    fn slot(self, table: usize, slot: usize) -> Option<usize> {
        let back = self.u32(table)? as i32 as i64;
        let vtable = usize::try_from(i64::try_from(table).ok()?.checked_sub(back)?).ok()?;
        let place = slot * 2 + 4;
        if place + 2 > usize::from(self.u16(vtable)?) {
            return None;
        }
        match self.u16(vtable.checked_add(place)?)? {
            0 => None,
            offset => table.checked_add(usize::from(offset)),
        }
    }

    /// The table, text or list that a field points to.
    fn table(self, table: usize, slot: usize) -> Option<usize> {
        self.follow(self.slot(table, slot)?)
    }

    fn byte(self, table: usize, slot: usize) -> Option<u8> {
        self.0.get(self.slot(table, slot)?).copied()
    }

    fn text(self, at: usize) -> Option<&'a str> {
        let start = at.checked_add(4)?;
        let end = start.checked_add(self.u32(at)? as usize)?;
        std::str::from_utf8(self.0.get(start..end)?).ok()
    }
}
