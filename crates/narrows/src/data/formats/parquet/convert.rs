//! Converts the values of the decoder to the cells of a table.

use super::chunk::{ColumnRows, RawValues};
use super::leaf::Leaf;
use super::refusal::DAMAGED;
use super::stored::StoredColumn;
use super::text::{self, MAX_DECIMAL};
use crate::advice::{Setting, setting};
use crate::data::column::{Bad, Cells, Gaps};
use crate::data::texts::Texts;
use crate::text::count_of;
use crate::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// The most bytes that the texts of one column may take in one block.
const TEXTS: usize = 64 << 20;

/// The cells of a column, or of all places in its lists, row by row, as numbers.
pub(super) fn numbers(rows: ColumnRows, leaf: Leaf) -> Result<Cells> {
    let ColumnRows { raw, missing } = rows;
    check_range(&raw, leaf)?;
    let cells = match (raw, leaf) {
        (RawValues::Fixed(values), Leaf::Integer(_)) => {
            let values = whole_decimals(values.iter().map(|value| value.data()))?;
            Cells::Integers(
                spread(values, missing.as_deref(), 0),
                missing.map(Into::into),
            )
        }
        (RawValues::Bytes(values), Leaf::Integer(_)) => {
            let values = whole_decimals(values.iter().map(|value| value.data()))?;
            Cells::Integers(
                spread(values, missing.as_deref(), 0),
                missing.map(Into::into),
            )
        }
        (RawValues::Fixed(values), Leaf::Unsigned(_)) => {
            let values = whole_decimals(values.iter().map(|value| value.data()))?;
            Cells::Unsigned(
                spread(values, missing.as_deref(), 0),
                missing.map(Into::into),
            )
        }
        (RawValues::Bytes(values), Leaf::Unsigned(_)) => {
            let values = whole_decimals(values.iter().map(|value| value.data()))?;
            Cells::Unsigned(
                spread(values, missing.as_deref(), 0),
                missing.map(Into::into),
            )
        }
        (RawValues::Bools(values), _) => {
            whole(values.into_iter().map(i64::from).collect(), missing)
        }
        (RawValues::Ints(values), Leaf::Decimal(scale)) => {
            decimals(values.into_iter().map(i128::from), scale, missing)
        }
        (RawValues::Longs(values), Leaf::Decimal(scale)) => {
            decimals(values.into_iter().map(i128::from), scale, missing)
        }
        (RawValues::Ints(values), Leaf::Unsigned(_)) => {
            let values = values.into_iter().map(|value| i64::from(value as u32));
            whole(values.collect(), missing)
        }
        (RawValues::Ints(values), _) => whole(values.into_iter().map(i64::from).collect(), missing),
        (RawValues::Longs(values), Leaf::Unsigned(_)) => {
            let values: Vec<u64> = values.into_iter().map(|value| value as u64).collect();
            Cells::Unsigned(
                spread(values, missing.as_deref(), 0),
                missing.map(Into::into),
            )
        }
        (RawValues::Longs(values), _) => whole(values, missing),
        (RawValues::Floats(values), _) => {
            Cells::Floats32(spread(values, missing.as_deref(), f32::NAN))
        }
        (RawValues::Doubles(values), _) => {
            Cells::Floats(spread(values, missing.as_deref(), f64::NAN))
        }
        (RawValues::Fixed(values), Leaf::Half) => {
            let values = values.iter().map(|value| half(value.data()));
            Cells::Floats32(spread(values.collect(), missing.as_deref(), f32::NAN))
        }
        (RawValues::Fixed(values), Leaf::Decimal(scale)) => {
            let values = values.iter().map(|value| long_decimal(value.data(), scale));
            let values = values.collect::<Result<_>>()?;
            Cells::Floats(spread(values, missing.as_deref(), f64::NAN))
        }
        (RawValues::Bytes(values), Leaf::Decimal(scale)) => {
            let values = values.iter().map(|value| long_decimal(value.data(), scale));
            let values = values.collect::<Result<_>>()?;
            Cells::Floats(spread(values, missing.as_deref(), f64::NAN))
        }
        _ => return Err(Error::new(ErrorKind::Format, DAMAGED)),
    };
    Ok(cells)
}

fn whole(values: Vec<i64>, missing: Option<Vec<bool>>) -> Cells {
    Cells::Integers(
        spread(values, missing.as_deref(), 0),
        missing.map(Into::into),
    )
}

/// Decimals with scale 0 that fit into 64 bits.
fn whole_decimals<'a, T: TryFrom<i128>>(values: impl Iterator<Item = &'a [u8]>) -> Result<Vec<T>> {
    let value = |bytes| T::try_from(text::whole_decimal(bytes)?).ok();
    let values: Option<Vec<T>> = values.map(value).collect();
    values.ok_or_else(|| Error::new(ErrorKind::Format, DAMAGED))
}

/// Refuses integers outside of their type: narrow types are stored in 32 or 64 bits.
fn check_range(raw: &RawValues, leaf: Leaf) -> Result<()> {
    let (bits, least, most) = match leaf {
        Leaf::Integer(bits @ 1..64) => (bits, -(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1),
        Leaf::Unsigned(bits @ 1..63) => (bits, 0, (1_i64 << bits) - 1),
        _ => return Ok(()),
    };
    let is_signed = matches!(leaf, Leaf::Integer(_));
    let is_outside = |value: &i64| !(least..=most).contains(value);
    let outside = match raw {
        RawValues::Ints(values) if bits < 32 => {
            let of = |&value: &i32| {
                if is_signed {
                    i64::from(value)
                } else {
                    i64::from(value as u32)
                }
            };
            values.iter().map(of).find(is_outside)
        }
        RawValues::Longs(values) => values.iter().copied().find(is_outside),
        _ => None,
    };
    match outside {
        None => Ok(()),
        Some(found) => Err(Error::new(ErrorKind::Format, DAMAGED)
            .expected(format!(
                "integers of {bits} bits{}",
                if is_signed { "" } else { " without a sign" }
            ))
            .found(found)),
    }
}

fn decimals(values: impl Iterator<Item = i128>, scale: usize, missing: Option<Vec<bool>>) -> Cells {
    let values = values.map(|value| text::decimal_number(value, scale));
    Cells::Floats(spread(values.collect(), missing.as_deref(), f64::NAN))
}

fn long_decimal(bytes: &[u8], scale: usize) -> Result<f64> {
    if bytes.len() <= 16 {
        return Ok(text::decimal_number(text::small_decimal(bytes), scale));
    }
    let (is_negative, digits) = digits(bytes)?;
    Ok(text::decimal_from_digits(is_negative, &digits, scale))
}

fn digits(bytes: &[u8]) -> Result<(bool, String)> {
    if bytes.len() > MAX_DECIMAL {
        return Err(Error::new(ErrorKind::Data, "a decimal is too long")
            .expected(format!("at most {MAX_DECIMAL} bytes"))
            .found(bytes.len()));
    }
    Ok(text::decimal_digits(bytes))
}

/// A 16-bit floating-point number, little-endian.
fn half(bytes: &[u8]) -> f32 {
    match bytes {
        &[low, high] => half::f16::from_le_bytes([low, high]).to_f32(),
        _ => f32::NAN,
    }
}

/// Puts values at their places, with `gap` for missing ones.
fn spread<T: Copy>(values: Vec<T>, missing: Option<&[bool]>, gap: T) -> Vec<T> {
    let Some(missing) = missing else {
        return values;
    };
    let mut values = values.into_iter();
    let cell = |&is_missing: &bool| {
        if is_missing {
            gap
        } else {
            values.next().unwrap_or(gap)
        }
    };
    missing.iter().map(cell).collect()
}

/// The cells of one place in lists of a fixed length.
pub(super) fn element(cells: &Cells, place: usize, length: usize) -> Cells {
    fn every<T: Copy>(values: &[T], place: usize, length: usize) -> Vec<T> {
        let rest = values.get(place..).unwrap_or_default();
        rest.iter().step_by(length.max(1)).copied().collect()
    }
    let gaps = |gaps: &Gaps| -> Gaps {
        let gaps = gaps.as_ref().map(|gaps| every(gaps, place, length));
        gaps.filter(|gaps| gaps.contains(&true)).map(Into::into)
    };
    match cells {
        Cells::Integers(values, missing) => {
            Cells::Integers(every(values, place, length), gaps(missing))
        }
        Cells::Unsigned(values, missing) => {
            Cells::Unsigned(every(values, place, length), gaps(missing))
        }
        Cells::Floats(values) => Cells::Floats(every(values, place, length)),
        Cells::Floats32(values) => Cells::Floats32(every(values, place, length)),
        Cells::Texts(texts) => {
            let mut some = Texts::default();
            for index in (place..texts.len()).step_by(length.max(1)) {
                some.push(texts.get(index));
            }
            Cells::Texts(Box::new(some))
        }
    }
}

/// Replaces infinite numbers by missing cells, and lists them.
pub(super) fn take_infinite(cells: &mut Cells, column: usize, bad: &mut Vec<Bad>) {
    fn take<T: Copy + num::Float>(values: &mut [T], column: usize, bad: &mut Vec<Bad>) {
        // Most blocks have none; the loop over them is fast.
        if !values
            .iter()
            .fold(false, |found, value| found | value.is_infinite())
        {
            return;
        }
        for (row, value) in values.iter_mut().enumerate() {
            if value.is_infinite() {
                let text = if *value > T::ZERO { "inf" } else { "-inf" };
                bad.push(Bad {
                    row,
                    column,
                    text: text.into(),
                });
                *value = T::NAN;
            }
        }
    }
    match cells {
        Cells::Floats(values) => take(values, column, bad),
        Cells::Floats32(values) => take(values, column, bad),
        _ => {}
    }
}

/// The two types of floats, as far as they are the same here.
mod num {
    pub(super) trait Float: PartialOrd {
        const ZERO: Self;
        const NAN: Self;
        fn is_infinite(&self) -> bool;
    }

    impl Float for f32 {
        const ZERO: f32 = 0.0;
        const NAN: f32 = f32::NAN;
        fn is_infinite(&self) -> bool {
            f32::is_infinite(*self)
        }
    }

    impl Float for f64 {
        const ZERO: f64 = 0.0;
        const NAN: f64 = f64::NAN;
        fn is_infinite(&self) -> bool {
            f64::is_infinite(*self)
        }
    }
}

/// The cells of a column as text. `first` is the number of the first row, for errors.
pub(super) fn texts(
    rows: &ColumnRows,
    stored: &StoredColumn,
    length: usize,
    first: u64,
) -> Result<Texts> {
    check_range(&rows.raw, stored.leaf)?;
    let mut texts = Texts::default();
    let (mut scratch, mut bytes) = (String::new(), 0_usize);
    let cells = rows.missing.as_ref().map_or(rows.raw.len(), Vec::len);
    let mut next = 0;
    for cell in 0..cells {
        if rows
            .missing
            .as_ref()
            .is_some_and(|missing| missing.get(cell) == Some(&true))
        {
            texts.push("");
            continue;
        }
        scratch.clear();
        let text = text_at(&rows.raw, next, stored.leaf, &mut scratch).map_err(|error| {
            let row = first + (cell / length.max(1)) as u64;
            error.at(format!("row {row} (counted from 0)"))
        })?;
        next += 1;
        bytes = bytes.saturating_add(text.len());
        if bytes > TEXTS {
            return Err(Error::new(ErrorKind::Data, "the texts are too long")
                .expected(format!(
                    "at most {} MiB in {}",
                    TEXTS >> 20,
                    count_of(cells, "row")
                ))
                .hint(format!("leave it out with {}", setting(Setting::Drop))));
        }
        texts.push(&text);
    }
    Ok(texts)
}

/// A value as text; `scratch` is used if the text must be formatted.
fn text_at<'a>(
    raw: &'a RawValues,
    index: usize,
    leaf: Leaf,
    scratch: &'a mut String,
) -> Result<Cow<'a, str>> {
    let gone = || Error::new(ErrorKind::Format, DAMAGED);
    match raw {
        RawValues::Bools(values) => {
            let value = values.get(index).ok_or_else(gone)?;
            return Ok(Cow::Borrowed(if *value { "true" } else { "false" }));
        }
        RawValues::Bytes(values) => {
            let bytes = values.get(index).ok_or_else(gone)?.data();
            if leaf == Leaf::Text {
                return plain_text(bytes).map(Cow::Borrowed);
            }
            push_bytes(bytes, leaf, scratch)?;
        }
        RawValues::Fixed(values) => {
            push_bytes(values.get(index).ok_or_else(gone)?.data(), leaf, scratch)?;
        }
        RawValues::Ints(values) => push_whole(*values.get(index).ok_or_else(gone)?, leaf, scratch),
        RawValues::Longs(values) => push_long(*values.get(index).ok_or_else(gone)?, leaf, scratch),
        RawValues::Int96s(values) => {
            text::push_int96(values.get(index).ok_or_else(gone)?.data(), scratch);
        }
        RawValues::Floats(values) => push_float32(*values.get(index).ok_or_else(gone)?, scratch),
        RawValues::Doubles(values) => {
            let value = *values.get(index).ok_or_else(gone)?;
            if !value.is_nan() {
                text::push_float(value, &value, &value, scratch);
            }
        }
    }
    Ok(Cow::Borrowed(scratch))
}

/// Text without surrounding spaces.
fn plain_text(bytes: &[u8]) -> Result<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.trim()),
        Err(_) => {
            let lossy = String::from_utf8_lossy(bytes);
            Err(Error::new(ErrorKind::Data, "the text is not UTF-8")
                .found(format!("{:?}", lossy.chars().take(40).collect::<String>())))
        }
    }
}

fn push_whole(value: i32, leaf: Leaf, out: &mut String) {
    match leaf {
        Leaf::Date => text::push_date(i64::from(value), out),
        Leaf::Unsigned(_) => push_shown(value as u32, out),
        _ => push_long(i64::from(value), leaf, out),
    }
}

fn push_long(value: i64, leaf: Leaf, out: &mut String) {
    match leaf {
        Leaf::Unsigned(_) => push_shown(value as u64, out),
        Leaf::Decimal(scale) => {
            text::push_decimal(value < 0, &value.unsigned_abs().to_string(), scale, out);
        }
        Leaf::Time(unit) | Leaf::Duration(unit) => text::push_time(value, unit, out),
        Leaf::Timestamp(unit, is_utc) => text::push_timestamp(value, unit, is_utc, out),
        _ => push_shown(value, out),
    }
}

fn push_float32(value: f32, out: &mut String) {
    if !value.is_nan() {
        text::push_float(f64::from(value), &value, &value, out);
    }
}

fn push_bytes(bytes: &[u8], leaf: Leaf, out: &mut String) -> Result<()> {
    match leaf {
        Leaf::Decimal(scale) => {
            let (is_negative, digits) = digits(bytes)?;
            text::push_decimal(is_negative, &digits, scale, out);
        }
        Leaf::Integer(_) | Leaf::Unsigned(_) => {
            let (is_negative, digits) = digits(bytes)?;
            text::push_decimal(is_negative, &digits, 0, out);
        }
        Leaf::Half => push_float32(half(bytes), out),
        Leaf::Uuid => text::push_uuid(bytes, out),
        Leaf::Interval => text::push_interval(bytes, out),
        _ => text::push_bytes(bytes, out),
    }
    Ok(())
}

fn push_shown(value: impl std::fmt::Display, out: &mut String) {
    use std::fmt::Write;
    let _ = write!(out, "{value}");
}
