//! Values as text: dates and times in the form of ISO 8601, with the precision of the file; decimals exactly.

use super::leaf::Unit;
use std::fmt::Write;

const DAY: i64 = 86_400;

/// A day, counted from 1970-01-01.
pub(super) fn push_date(days: i64, out: &mut String) {
    let (year, month, day) = civil(days);
    // Years after 9999 have a sign, and so do years before 0.
    let _ = match year {
        0..=9999 => write!(out, "{year:04}-{month:02}-{day:02}"),
        _ => write!(out, "{year:+05}-{month:02}-{day:02}"),
    };
}

/// The year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // If years are counted from a 1st of March, the leap day is the last day; everything repeats after 400 years.
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let from_january = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(from_january <= 2);
    (year, from_january, of_month)
}

/// A time of day or a duration: hours may exceed 24.
pub(super) fn push_time(count: i64, unit: Unit, out: &mut String) {
    if count < 0 {
        out.push('-');
    }
    push_clock(count.unsigned_abs(), unit, out);
}

fn push_clock(count: u64, unit: Unit, out: &mut String) {
    let per_second = unit.per_second().unsigned_abs();
    let (seconds, rest) = (count / per_second, count % per_second);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(out, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    push_fraction(rest, unit, out);
}

fn push_fraction(rest: u64, unit: Unit, out: &mut String) {
    let digits = unit.digits();
    if digits > 0 {
        let _ = write!(out, ".{rest:0digits$}");
    }
}

/// A point in time, counted from the beginning of 1970.
pub(super) fn push_timestamp(count: i64, unit: Unit, is_utc: bool, out: &mut String) {
    let per_day = DAY * unit.per_second();
    push_date(count.div_euclid(per_day), out);
    out.push('T');
    push_clock(count.rem_euclid(per_day).unsigned_abs(), unit, out);
    if is_utc {
        out.push('Z');
    }
}

/// A 96-bit point in time: the nanoseconds of the day, and the day counted from 4713 BC.
pub(super) fn push_int96(words: &[u32], out: &mut String) {
    let &[low, high, day] = words else {
        return;
    };
    let nanos = u64::from(high) << 32 | u64::from(low);
    let per_day = DAY.unsigned_abs() * 1_000_000_000;
    let days = i64::from(day) - 2_440_588 + (nanos / per_day) as i64;
    push_date(days, out);
    out.push('T');
    push_clock(nanos % per_day, Unit::Nanos, out);
}

/// Months, days and milliseconds, each in four bytes, the lowest first.
pub(super) fn push_interval(bytes: &[u8], out: &mut String) {
    let mut parts = bytes.chunks_exact(4).map(|part| {
        let part = part.first_chunk().copied().unwrap_or_default();
        u32::from_le_bytes(part)
    });
    let (months, days) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let millis = parts.next().unwrap_or(0);
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let _ = write!(out, "P{months}M{days}DT{seconds}.{rest:03}S");
}

pub(super) fn push_uuid(bytes: &[u8], out: &mut String) {
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
}

/// Bytes as text if they are UTF-8, otherwise in hexadecimal digits after `0x`.
pub(super) fn push_bytes(bytes: &[u8], out: &mut String) {
    match std::str::from_utf8(bytes) {
        Ok(text) => out.push_str(text.trim()),
        Err(_) => {
            out.push_str("0x");
            for byte in bytes {
                let _ = write!(out, "{byte:02x}");
            }
        }
    }
}

/// A floating-point number, with an exponent if it would have many digits.
pub(super) fn push_float(
    value: f64,
    shown: &dyn std::fmt::Display,
    short: &dyn std::fmt::LowerExp,
    out: &mut String,
) {
    let size = value.abs();
    let _ = if size == 0.0 || (1e-5..1e17).contains(&size) || size.is_infinite() {
        write!(out, "{shown}")
    } else {
        write!(out, "{short:e}")
    };
}

/// The most bytes of a decimal, about 600 digits; Parquet's own writers have a limit of 32 bytes.
pub(super) const MAX_DECIMAL: usize = 256;

/// A decimal of any length as its sign and digits, from the bytes of its two's complement, big-endian.
pub(super) fn decimal_digits(bytes: &[u8]) -> (bool, String) {
    let is_negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
    if bytes.len() <= 16 {
        return (is_negative, small_decimal(bytes).unsigned_abs().to_string());
    }
    let mut carry = is_negative;
    let mut rest: Vec<u8> = bytes.to_vec();
    if is_negative {
        for byte in rest.iter_mut().rev() {
            let (value, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (value, over);
        }
    }
    // Nine digits at a time, the lowest first.
    let mut digits: Vec<u32> = Vec::new();
    while rest.iter().any(|&byte| byte != 0) {
        let mut remainder = 0_u64;
        for byte in &mut rest {
            let value = remainder << 8 | u64::from(*byte);
            *byte = (value / 1_000_000_000) as u8;
            remainder = value % 1_000_000_000;
        }
        digits.push(remainder as u32);
    }
    let mut text = String::new();
    for (place, nine) in digits.iter().rev().enumerate() {
        let _ = match place {
            0 => write!(text, "{nine}"),
            _ => write!(text, "{nine:09}"),
        };
    }
    (is_negative, if text.is_empty() { "0".into() } else { text })
}

/// A decimal of at most 16 bytes, in units of its last digit.
pub(super) fn small_decimal(bytes: &[u8]) -> i128 {
    let is_negative = bytes.first().is_some_and(|&byte| byte >= 0x80);
    let start = if is_negative { -1 } else { 0 };
    bytes.iter().fold(start, |number: i128, &byte| {
        (number << 8) | i128::from(byte)
    })
}

/// A decimal of any length, in units of its last digit; `None` if it does not fit into 128 bits.
pub(super) fn whole_decimal(bytes: &[u8]) -> Option<i128> {
    let (head, tail) = bytes.split_at(bytes.len().saturating_sub(16));
    let value = small_decimal(tail);
    let sign = if value < 0 { 0xff } else { 0 };
    head.iter().all(|&byte| byte == sign).then_some(value)
}

/// A decimal with its decimal point.
pub(super) fn push_decimal(is_negative: bool, digits: &str, scale: usize, out: &mut String) {
    if is_negative {
        out.push('-');
    }
    let zeros = (scale + 1).saturating_sub(digits.len());
    let all = format!("{}{digits}", "0".repeat(zeros));
    let (whole, rest) = all.split_at(all.len() - scale);
    out.push_str(whole);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
}

/// The powers of ten that a 64-bit float holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The float nearest to a decimal.
pub(super) fn decimal_number(value: i128, scale: usize) -> f64 {
    // Both are exact, so the quotient is rounded only once.
    if let Some(power) = POWERS.get(scale)
        && value.unsigned_abs() <= 1 << 53
    {
        return value as f64 / power;
    }
    let (is_negative, digits) = (value < 0, value.unsigned_abs().to_string());
    decimal_from_digits(is_negative, &digits, scale)
}

pub(super) fn decimal_from_digits(is_negative: bool, digits: &str, scale: usize) -> f64 {
    let mut text = String::new();
    push_decimal(is_negative, digits, scale, &mut text);
    text.parse().unwrap_or(f64::NAN)
}
