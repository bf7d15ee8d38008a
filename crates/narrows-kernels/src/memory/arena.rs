//! The arena, and the places of buffers in it.

use crate::aligned::Aligned;

/// The place of a buffer, in 32-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Rows of the batch, in the arena: `width` numbers each.
    Batch {
        /// The first number of the first row.
        start: usize,
        /// The numbers of a row.
        width: usize,
    },
    /// Rows of a block of rows, in the memory of the thread that processes it.
    Block {
        /// The numbers before it, per row of the block.
        start: usize,
        /// The numbers of a row.
        width: usize,
    },
    /// A matrix in the arena that does not depend on the rows of the batch.
    Whole {
        /// The first number.
        start: usize,
        /// The rows of the matrix.
        rows: usize,
        /// The numbers of a row.
        width: usize,
    },
    /// Not alive in this stage.
    Absent,
}

/// The arena for the buffers of a program.
#[derive(Debug)]
pub struct Arena {
    pub(super) words: Aligned,
    /// The most rows of a batch.
    pub(super) rows: usize,
}

impl Arena {
    /// `words` zeros, for batches of up to `rows` rows.
    pub fn new(words: usize, rows: usize) -> Arena {
        Arena {
            words: Aligned::zeros(words),
            rows,
        }
    }

    /// The number of values that it holds.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// The first `rows` rows of a matrix of the batch, or the whole of another matrix; empty for other places.
    ///
    /// # Panics
    ///
    /// If the place is outside of the arena, or has fewer rows.
    pub fn read(&self, place: Place, rows: usize) -> &[f32] {
        let (start, len) = self.range(place, rows);
        &self.words[start..start + len]
    }

    /// As [`Arena::read`], mutable.
    ///
    /// # Panics
    ///
    /// As [`Arena::read`].
    pub fn write(&mut self, place: Place, rows: usize) -> &mut [f32] {
        let (start, len) = self.range(place, rows);
        &mut self.words[start..start + len]
    }

    pub(super) fn range(&self, place: Place, rows: usize) -> (usize, usize) {
        assert!(rows <= self.rows, "rows as planned");
        match place {
            Place::Batch { start, width } => (start, rows * width),
            Place::Whole { start, rows, width } => (start, rows * width),
            Place::Block { .. } | Place::Absent => (0, 0),
        }
    }
}

/// The range of a place in the arena, if it is there.
fn extent(place: Place, batch: usize) -> Option<(usize, usize)> {
    let (start, rows, width) = match place {
        Place::Batch { start, width } => (start, batch, width),
        Place::Whole { start, rows, width } => (start, rows, width),
        Place::Block { .. } | Place::Absent => return None,
    };
    let end = rows
        .checked_mul(width)
        .and_then(|len| len.checked_add(start));
    Some((start, end.expect("matrices that fit the memory")))
}

/// Checks that the places in the arena neither leave it nor overlap.
pub(super) fn check(places: &[Place], batch: usize, words: usize) {
    let mut ranges: Vec<(usize, usize)> = places
        .iter()
        .filter_map(|&place| extent(place, batch))
        .filter(|(start, end)| start < end)
        .collect();
    ranges.sort_unstable();
    let is_apart = ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0);
    let is_inside = ranges.last().is_none_or(|&(_, end)| end <= words);
    assert!(is_apart && is_inside, "buffers of a stage lie apart");
}
