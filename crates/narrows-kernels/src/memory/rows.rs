//! Blocks of rows: the same rows of all matrices of the batch, for one thread.

use super::arena::{Arena, Place, check};
use crate::split::{Bounds, Split};
use std::marker::PhantomData;
use std::ops::Range;

/// The buffers that are alive in a stage of rows.
#[derive(Clone, Debug)]
pub struct RowPlaces {
    places: Vec<Place>,
    batch: usize,
    words: usize,
    /// The size of a thread's memory, per row of a block.
    local: usize,
}

impl RowPlaces {
    /// The places of buffers by index, for batches of up to `batch` rows in an arena of `words` numbers.
    ///
    /// # Panics
    ///
    /// If buffers overlap in the arena, or are outside.
    pub fn new(places: Vec<Place>, batch: usize, words: usize) -> RowPlaces {
        check(&places, batch, words);
        let local = places.iter().map(|&place| match place {
            Place::Block { start, width } => start
                .checked_add(width)
                .expect("matrices that fit the memory"),
            _ => 0,
        });
        RowPlaces {
            local: local.max().unwrap_or(0),
            places,
            batch,
            words,
        }
    }

    /// The number of values that the memory of a thread must hold per row of a block.
    pub fn local(&self) -> usize {
        self.local
    }
}

impl Arena {
    /// Splits the rows of the batch into blocks, in which the buffers of `places` are alive.
    ///
    /// # Panics
    ///
    /// If the places belong to another arena, or if there are more rows than they were made for.
    pub fn blocks<'a>(&'a mut self, places: &'a RowPlaces, bounds: &'a Bounds) -> Blocks<'a> {
        assert!(places.words <= self.words.len(), "places of this arena");
        let mut ranges = (0..bounds.count()).map(|part| bounds.range(part));
        assert!(
            ranges.all(|rows| rows.end <= places.batch),
            "rows as planned"
        );
        Blocks {
            arena: self.words.as_mut_ptr(),
            places,
            bounds,
            exclusive: PhantomData,
        }
    }

    /// A block of rows of a stage whose rows are all in the memory of threads, so that any number of threads may run it
    /// on the same arena. The caller decides which rows of the batch they are.
    ///
    /// # Panics
    ///
    /// If the places belong to another arena, if some rows are in the arena, or if `local` is too small.
    pub fn block_of_thread<'a>(
        &'a self,
        places: &'a RowPlaces,
        rows: Range<usize>,
        local: &'a mut [f32],
    ) -> Block<'a> {
        assert!(places.words <= self.words.len(), "places of this arena");
        let is_shared = |place: &Place| !matches!(place, Place::Batch { .. });
        assert!(places.places.iter().all(is_shared), "rows of threads");
        let part = BlockPart {
            // It is never written: a block writes only rows of the batch, and these are all in the memory of the
            // thread.
            arena: self.words.as_ptr().cast_mut(),
            places,
            rows,
            exclusive: PhantomData,
        };
        part.with(local)
    }
}

/// An [`Arena`] split into blocks of rows.
pub struct Blocks<'a> {
    arena: *mut f32,
    places: &'a RowPlaces,
    bounds: &'a Bounds,
    exclusive: PhantomData<&'a mut [f32]>,
}

// SAFETY: shared between threads it only gives out blocks, each to one thread.
unsafe impl Sync for Blocks<'_> {}

// SAFETY: the bounds ascend, so that blocks have no row in common; and no two matrices of a stage overlap. What is not
// rows can only be read.
unsafe impl<'a> Split for Blocks<'a> {
    type Part = BlockPart<'a>;
    fn count(&self) -> usize {
        self.bounds.count()
    }
    unsafe fn part(&self, index: usize) -> BlockPart<'a> {
        BlockPart {
            arena: self.arena,
            places: self.places,
            rows: self.bounds.range(index),
            exclusive: PhantomData,
        }
    }
}

/// The rows of a block in the arena, without the memory of the thread.
pub struct BlockPart<'a> {
    arena: *mut f32,
    places: &'a RowPlaces,
    rows: Range<usize>,
    exclusive: PhantomData<&'a mut [f32]>,
}

impl<'a> BlockPart<'a> {
    /// The block, with the thread's memory for buffers that only this block needs.
    ///
    /// # Panics
    ///
    /// If the memory is smaller than [`RowPlaces::local`] for each row.
    pub fn with<'b>(self, local: &'b mut [f32]) -> Block<'b>
    where
        'a: 'b,
    {
        let needed = self.places.local.checked_mul(self.rows.len());
        let is_enough = needed.is_some_and(|needed| needed <= local.len());
        assert!(is_enough, "memory of a thread");
        Block {
            arena: self.arena,
            local: local.as_mut_ptr(),
            places: self.places,
            rows: self.rows,
            exclusive: PhantomData,
        }
    }
}

/// Rows of the batch in all buffers that are alive in a stage, for one thread.
pub struct Block<'a> {
    arena: *mut f32,
    local: *mut f32,
    places: &'a RowPlaces,
    rows: Range<usize>,
    exclusive: PhantomData<&'a mut [f32]>,
}

impl Block<'_> {
    /// The range of these rows in the batch.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// These rows of a buffer, or the whole buffer if it does not hold rows of the batch.
    ///
    /// # Panics
    ///
    /// If the buffer is not alive in this stage.
    pub fn get(&self, buffer: usize) -> &[f32] {
        let (data, len) = self.place(buffer);
        // SAFETY: `place` lies inside the memory, in rows that no other block has or in what nobody writes.
        unsafe { std::slice::from_raw_parts(data, len) }
    }

    /// These rows of a buffer, mutable.
    ///
    /// # Panics
    ///
    /// As [`Block::access`].
    pub fn get_mut(&mut self, buffer: usize) -> &mut [f32] {
        let ([], [to]) = self.access([], [buffer]);
        to
    }

    /// These rows of some buffers for reading and of another for writing.
    ///
    /// # Panics
    ///
    /// As [`Block::access`].
    pub fn read_write<const R: usize>(
        &mut self,
        reads: [usize; R],
        write: usize,
    ) -> ([&[f32]; R], &mut [f32]) {
        let (reads, [write]) = self.access(reads, [write]);
        (reads, write)
    }

    /// These rows of some buffers for reading and of others for writing.
    ///
    /// # Panics
    ///
    /// If a buffer is not alive in this stage, if a written buffer is the same for all rows, or if a written buffer
    /// overlaps another.
    pub fn access<const R: usize, const W: usize>(
        &mut self,
        reads: [usize; R],
        writes: [usize; W],
    ) -> ([&[f32]; R], [&mut [f32]; W]) {
        let read_at = reads.map(|buffer| self.place(buffer));
        let write_at = writes.map(|buffer| {
            let is_whole = matches!(self.places.places[buffer], Place::Whole { .. });
            assert!(!is_whole, "a stage of rows writes rows");
            self.place(buffer)
        });
        for (index, &one) in write_at.iter().enumerate() {
            let others = write_at[..index].iter().chain(&read_at);
            let is_apart = others.clone().all(|&other| lie_apart(one, other));
            assert!(is_apart, "a buffer is read or written, not both");
        }
        (
            // SAFETY: as in `get`, and what is written is none of these.
            read_at.map(|(data, len)| unsafe { std::slice::from_raw_parts(data, len) }),
            // SAFETY: as in `get`; the borrow is exclusive, and no two of them overlap.
            write_at.map(|(data, len)| unsafe { std::slice::from_raw_parts_mut(data, len) }),
        )
    }

    fn place(&self, buffer: usize) -> (*mut f32, usize) {
        let (base, at, len) = match self.places.places[buffer] {
            Place::Batch { start, width } => {
                let at = start + self.rows.start * width;
                (self.arena, at, self.rows.len() * width)
            }
            Place::Block { start, width } => {
                let rows = self.rows.len();
                (self.local, start * rows, rows * width)
            }
            Place::Whole { start, rows, width } => (self.arena, start, rows * width),
            Place::Absent => panic!("buffer {buffer} is alive in this stage"),
        };
        // SAFETY: the table was checked against the arena, and the thread's memory against the table and the rows.
        (unsafe { base.add(at) }, len)
    }
}

/// Whether two ranges of memory are disjoint.
fn lie_apart((one, len): (*mut f32, usize), (other, other_len): (*mut f32, usize)) -> bool {
    len == 0
        || other_len == 0
        || one.wrapping_add(len) <= other
        || other.wrapping_add(other_len) <= one
}
