//! Splits off some rows of a dataset.

use crate::data::Dataset;
use crate::rng::{Draws, Purpose};
use crate::text::counted;
use crate::{Error, ErrorKind, Result};

/// All rows except `count` random ones, and these. Both are in the source's order, so that pictures show its first
/// rows.
pub(super) fn set_apart(
    data: &Dataset,
    count: usize,
    seed: u64,
    purpose: Purpose,
) -> Result<(Dataset, Dataset)> {
    check_count(data, count)?;
    let mut kept = Draws::new(seed, purpose).permutation(0, data.rows());
    let mut held: Vec<u32> = kept.drain(..count).collect();
    held.sort_unstable();
    kept.sort_unstable();
    kept.shrink_to_fit();
    Ok((data.choose(kept)?, data.choose(held)?))
}

/// All rows except the last `count`, and these.
pub(super) fn set_last_apart(data: &Dataset, count: usize) -> Result<(Dataset, Dataset)> {
    check_count(data, count)?;
    let cut = data.rows() - count;
    Ok((data.slice(0..cut)?, data.slice(cut..data.rows())?))
}

fn check_count(data: &Dataset, count: usize) -> Result<()> {
    if count < data.rows() {
        return Ok(());
    }
    Err(
        Error::new(ErrorKind::Data, "there are too few rows to set some apart")
            .at(data.name())
            .expected(format!(
                "more than the {} that validation or testing takes",
                counted(count, "row", "rows")
            ))
            .found(data.rows())
            .hint("give more rows, or take a smaller share"),
    )
}
