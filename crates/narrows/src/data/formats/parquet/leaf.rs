//! The meaning of a column's values, independent of how they are stored.

use crate::data::ColumnKind;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::ColumnDescriptor;

/// The unit of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    fn of(unit: TimeUnit) -> Unit {
        match unit {
            TimeUnit::MILLIS => Unit::Millis,
            TimeUnit::MICROS => Unit::Micros,
            TimeUnit::NANOS => Unit::Nanos,
        }
    }

    /// The number of digits after the seconds.
    pub(super) fn digits(self) -> usize {
        match self {
            Unit::Seconds => 0,
            Unit::Millis => 3,
            Unit::Micros => 6,
            Unit::Nanos => 9,
        }
    }

    pub(super) fn per_second(self) -> i64 {
        10_i64.pow(self.digits() as u32)
    }
}

/// The meaning of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Boolean,
    /// With this number of bits, which may be fewer than it is stored in.
    Integer(u8),
    Unsigned(u8),
    /// Of 64 bits.
    Float,
    /// Of 32 bits.
    Single,
    /// Of 16 bits.
    Half,
    /// With this number of digits after the decimal point.
    Decimal(usize),
    Text,
    Uuid,
    Bytes,
    Date,
    Time(Unit),
    /// With whether it is in UTC.
    Timestamp(Unit, bool),
    /// Nanoseconds, in the old form of 96 bits.
    Int96,
    Duration(Unit),
    /// Months, days and milliseconds.
    Interval,
    /// The type of a column in which all values are missing.
    Nothing,
}

/// The most digits for which every number fits into 64 bits.
const WHOLE_DIGITS: i32 = 18;

/// The most digits behind the point.
const MAX_SCALE: usize = 1000;

impl Leaf {
    /// The content of a column; `duration` if Arrow marks it as durations.
    pub(super) fn of(column: &ColumnDescriptor, duration: Option<Unit>) -> Leaf {
        let physical = column.physical_type();
        let logical = match column.logical_type_ref() {
            Some(logical) => Leaf::of_logical(logical, physical, column.type_length()),
            None => Leaf::of_converted(column),
        };
        let leaf = logical.unwrap_or(match physical {
            Type::BOOLEAN => Leaf::Boolean,
            Type::INT32 | Type::INT64 => Leaf::Integer(64),
            Type::FLOAT => Leaf::Single,
            Type::DOUBLE => Leaf::Float,
            Type::INT96 => Leaf::Int96,
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => Leaf::Bytes,
        });
        match duration {
            Some(unit) if leaf == Leaf::Integer(64) && physical == Type::INT64 => {
                Leaf::Duration(unit)
            }
            _ => leaf,
        }
    }

    /// `None` if the type does not fit its storage, or has no further meaning.
    fn of_logical(logical: &LogicalType, physical: Type, length: i32) -> Option<Leaf> {
        let is_integer = matches!(physical, Type::INT32 | Type::INT64);
        let leaf = match logical {
            LogicalType::String | LogicalType::Enum | LogicalType::Json
                if physical == Type::BYTE_ARRAY =>
            {
                Leaf::Text
            }
            LogicalType::Decimal(decimal) => {
                return Leaf::decimal(decimal.precision, decimal.scale, physical);
            }
            LogicalType::Date if physical == Type::INT32 => Leaf::Date,
            LogicalType::Time(time) if is_integer => Leaf::Time(Unit::of(time.unit)),
            LogicalType::Timestamp(time) if physical == Type::INT64 => {
                Leaf::Timestamp(Unit::of(time.unit), time.is_adjusted_to_u_t_c)
            }
            LogicalType::Integer(integer) if is_integer => {
                let bits = u8::try_from(integer.bit_width).ok()?;
                if integer.is_signed {
                    Leaf::Integer(bits)
                } else {
                    Leaf::Unsigned(bits)
                }
            }
            LogicalType::Uuid if length == 16 => Leaf::Uuid,
            LogicalType::Float16 if length == 2 => Leaf::Half,
            LogicalType::Unknown => Leaf::Nothing,
            _ => return None,
        };
        Some(leaf)
    }

    fn of_converted(column: &ColumnDescriptor) -> Option<Leaf> {
        let physical = column.physical_type();
        let is_integer = matches!(physical, Type::INT32 | Type::INT64);
        let leaf = match column.converted_type() {
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON
                if physical == Type::BYTE_ARRAY =>
            {
                Leaf::Text
            }
            ConvertedType::DECIMAL => {
                return Leaf::decimal(column.type_precision(), column.type_scale(), physical);
            }
            ConvertedType::DATE if physical == Type::INT32 => Leaf::Date,
            ConvertedType::TIME_MILLIS if is_integer => Leaf::Time(Unit::Millis),
            ConvertedType::TIME_MICROS if is_integer => Leaf::Time(Unit::Micros),
            ConvertedType::TIMESTAMP_MILLIS if is_integer => Leaf::Timestamp(Unit::Millis, true),
            ConvertedType::TIMESTAMP_MICROS if is_integer => Leaf::Timestamp(Unit::Micros, true),
            ConvertedType::UINT_8 if is_integer => Leaf::Unsigned(8),
            ConvertedType::UINT_16 if is_integer => Leaf::Unsigned(16),
            ConvertedType::UINT_32 if is_integer => Leaf::Unsigned(32),
            ConvertedType::UINT_64 if is_integer => Leaf::Unsigned(64),
            ConvertedType::INT_8 if is_integer => Leaf::Integer(8),
            ConvertedType::INT_16 if is_integer => Leaf::Integer(16),
            ConvertedType::INT_32 if is_integer => Leaf::Integer(32),
            ConvertedType::INTERVAL if column.type_length() == 12 => Leaf::Interval,
            _ => return None,
        };
        Some(leaf)
    }

    fn decimal(precision: i32, scale: i32, physical: Type) -> Option<Leaf> {
        let scale = usize::try_from(scale)
            .ok()
            .filter(|&scale| scale <= MAX_SCALE)?;
        let is_decimal = matches!(
            physical,
            Type::INT32 | Type::INT64 | Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY
        );
        let is_narrow = precision <= WHOLE_DIGITS || matches!(physical, Type::INT32 | Type::INT64);
        is_decimal.then_some(match scale {
            // With scale 0, and few enough digits.
            0 if is_narrow && precision > 0 => Leaf::Integer(64),
            _ => Leaf::Decimal(scale),
        })
    }

    pub(super) fn kind(self) -> ColumnKind {
        match self {
            Leaf::Boolean => ColumnKind::Boolean,
            Leaf::Integer(_) | Leaf::Unsigned(_) => ColumnKind::Integer,
            Leaf::Float | Leaf::Decimal(_) => ColumnKind::Float,
            Leaf::Single | Leaf::Half => ColumnKind::Float32,
            Leaf::Text | Leaf::Uuid => ColumnKind::Text,
            Leaf::Bytes => ColumnKind::Other,
            Leaf::Date => ColumnKind::Date,
            Leaf::Time(_) => ColumnKind::Time,
            Leaf::Timestamp(..) | Leaf::Int96 => ColumnKind::Timestamp,
            Leaf::Duration(_) | Leaf::Interval => ColumnKind::Duration,
            Leaf::Nothing => ColumnKind::Empty,
        }
    }
}
