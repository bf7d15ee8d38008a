//! Decimals wider than 64 bits: whether the integers of a column fit into 64 bits nevertheless, and whether float64
//! holds all digits of the others.

use super::chunk::{ColumnChunk, RawValues};
use super::leaf::Leaf;
use super::pages::{Budget, SharedFile};
use super::stored::{StoredColumn, StoredShape};
use super::text;
use crate::Result;
use crate::data::guard::guarded;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

/// Up to this integer, float64 holds every digit of a decimal, for any scale: 15 digits.
const DIGITS: i128 = 1_000_000_000_000_000;

/// Decimals with at most this many digits need no check.
const FEW_DIGITS: i32 = 15;

/// The number of rows that are checked together.
const ROWS: usize = 1024;

/// The type of a column of decimals with scale 0: 64-bit integers, if all of its values fit.
pub(super) fn of_whole(
    input: &SharedFile,
    metadata: &ParquetMetaData,
    stored: &StoredColumn,
) -> Leaf {
    let bounds = match stated(metadata, stored.leaf_index) {
        Some(bounds) => Some(bounds),
        // A column that cannot be read is refused when it is requested.
        None => guarded(|| seen(input, metadata, stored)).ok().flatten(),
    };
    match bounds {
        Some((least, most)) if i64::try_from(least).is_ok() && i64::try_from(most).is_ok() => {
            Leaf::Integer(64)
        }
        Some((0.., most)) if u64::try_from(most).is_ok() => Leaf::Unsigned(64),
        _ => Leaf::Decimal(0),
    }
}

/// Whether a column of decimals may have more digits than float64 holds.
pub(super) fn is_rounded(metadata: &ParquetMetaData, stored: &StoredColumn) -> bool {
    let column = metadata
        .file_metadata()
        .schema_descr()
        .column(stored.leaf_index);
    let is_within = |value: i128| (-DIGITS..=DIGITS).contains(&value);
    column.type_precision() > FEW_DIGITS
        && stated(metadata, stored.leaf_index)
            .is_none_or(|(least, most)| !(is_within(least) && is_within(most)))
}

/// The smallest and the largest value, in units of the last digit, from the statistics of all row groups.
fn stated(metadata: &ParquetMetaData, leaf_index: usize) -> Option<(i128, i128)> {
    let (mut least, mut most) = (0, 0);
    for group in metadata.row_groups() {
        let column = group.columns().get(leaf_index)?;
        let statistics = column.statistics()?;
        if statistics.null_count_opt() == u64::try_from(column.num_values()).ok() {
            continue;
        }
        let (low, high) = match statistics {
            Statistics::Int32(of) => ((*of.min_opt()?).into(), (*of.max_opt()?).into()),
            Statistics::Int64(of) => ((*of.min_opt()?).into(), (*of.max_opt()?).into()),
            // The older fields compare the bytes as unsigned.
            of if of.is_min_max_deprecated() || !of.min_is_exact() || !of.max_is_exact() => {
                return None;
            }
            of => (
                text::whole_decimal(of.min_bytes_opt()?)?,
                text::whole_decimal(of.max_bytes_opt()?)?,
            ),
        };
        (least, most) = (least.min(low), most.max(high));
    }
    Some((least, most))
}

/// The same from the values themselves; `None` if one of them does not fit into 128 bits.
fn seen(
    input: &SharedFile,
    metadata: &ParquetMetaData,
    stored: &StoredColumn,
) -> Result<Option<(i128, i128)>> {
    // The values are needed in order, without their lists.
    let stored = StoredColumn {
        shape: StoredShape::Other { level: 0 },
        ..stored.clone()
    };
    let (mut least, mut most) = (0, 0);
    for group in metadata.row_groups() {
        let budget = Budget::new(input.length());
        let mut chunk = ColumnChunk::open(input, group, &stored, &budget)?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let mut done = 0;
        while done < rows {
            let count = ROWS.min(rows - done);
            let raw = chunk.rows(count, done as u64)?.raw;
            let values: Option<Vec<i128>> = match &raw {
                RawValues::Fixed(values) => {
                    let values = values.iter().map(|value| text::whole_decimal(value.data()));
                    values.collect()
                }
                RawValues::Bytes(values) => {
                    let values = values.iter().map(|value| text::whole_decimal(value.data()));
                    values.collect()
                }
                _ => None,
            };
            let Some(values) = values else {
                return Ok(None);
            };
            for value in values {
                (least, most) = (least.min(value), most.max(value));
            }
            done += count;
        }
    }
    Ok(Some((least, most)))
}
