//! Divides the requested columns among threads.

use super::piece::WantedPiece;
use crate::data::column::As;
use parquet::file::metadata::ParquetMetaData;

/// Ranges of the requested columns, one for each thread, with about the same work.
pub(super) struct ColumnShares(pub(super) Vec<std::ops::Range<usize>>);

impl ColumnShares {
    /// Sorts the requests so that each share is a range of them.
    pub(super) fn of(
        sorted: &mut Vec<WantedPiece>,
        threads: usize,
        metadata: &ParquetMetaData,
    ) -> ColumnShares {
        let groups = metadata.row_groups();
        let work = |wanted: &WantedPiece| {
            let column = groups
                .first()
                .and_then(|group| group.columns().get(wanted.stored.leaf_index));
            let bytes = column.map_or(0, |column| column.uncompressed_size().max(0));
            // Text is made value by value.
            let is_text = wanted.outputs.iter().any(|output| output.2 != As::Numbers);
            let rows = groups.first().map_or(0, |group| group.num_rows().max(0));
            bytes.saturating_add(if is_text {
                rows.saturating_mul(32)
            } else {
                rows
            })
        };
        let parts = threads.min(sorted.len()).max(1);
        let mut bins: Vec<(i64, Vec<WantedPiece>)> = (0..parts).map(|_| (0, Vec::new())).collect();
        let mut all = std::mem::take(sorted);
        all.sort_by_key(|wanted| std::cmp::Reverse(work(wanted)));
        for wanted in all {
            if let Some(bin) = bins.iter_mut().min_by_key(|bin| bin.0) {
                bin.0 = bin.0.saturating_add(work(&wanted).max(1));
                bin.1.push(wanted);
            }
        }
        let mut ranges = Vec::new();
        for (_, bin) in bins {
            let start = sorted.len();
            sorted.extend(bin);
            ranges.push(start..sorted.len());
        }
        ColumnShares(ranges)
    }
}
