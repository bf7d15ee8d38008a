//! Parts of quantities over the whole batch: rectangles of buffers; each is written by one thread.

use super::arena::{Arena, Place, check};
use crate::split::Split;
use std::marker::PhantomData;
use std::ops::Range;

/// A rectangle of a buffer. For rows of the batch, it covers all planned rows, for any size of the present batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rect {
    /// The index of the buffer.
    pub buffer: usize,
    /// Its rows.
    pub rows: Range<usize>,
    /// The range of numbers in each row.
    pub columns: Range<usize>,
}

/// The buffers that are alive in a stage of parts, and the rectangles that each part writes.
#[derive(Clone, Debug)]
pub struct PartPlaces {
    places: Vec<Place>,
    batch: usize,
    words: usize,
    is_written: Vec<bool>,
    parts: Vec<Vec<Rect>>,
}

impl PartPlaces {
    /// The places of buffers by index, for batches of up to `batch` rows in an arena of `words` numbers, and the
    /// rectangles that each part writes.
    ///
    /// # Panics
    ///
    /// If buffers or rectangles overlap, or are outside.
    pub fn new(
        places: Vec<Place>,
        batch: usize,
        words: usize,
        parts: Vec<Vec<Rect>>,
    ) -> PartPlaces {
        check(&places, batch, words);
        let mut is_written = vec![false; places.len()];
        let mut all: Vec<&Rect> = parts.iter().flatten().collect();
        for rect in &all {
            let (rows, width) = match places[rect.buffer] {
                Place::Batch { width, .. } => (batch, width),
                Place::Whole { rows, width, .. } => (rows, width),
                Place::Block { .. } | Place::Absent => panic!("a part writes what is alive"),
            };
            let is_inside = rect.rows.start <= rect.rows.end
                && rect.columns.start <= rect.columns.end
                && rect.rows.end <= rows
                && rect.columns.end <= width;
            assert!(is_inside, "rectangles inside their buffers");
            is_written[rect.buffer] = true;
        }
        all.sort_by_key(|rect| (rect.buffer, rect.rows.start, rect.columns.start));
        for (index, one) in all.iter().enumerate() {
            let near = all[index + 1..]
                .iter()
                .take_while(|other| other.buffer == one.buffer && other.rows.start < one.rows.end);
            for other in near {
                let is_apart = one.columns.end <= other.columns.start
                    || other.columns.end <= one.columns.start
                    || one.columns.is_empty()
                    || other.rows.is_empty();
                assert!(is_apart, "rectangles that do not overlap");
            }
        }
        PartPlaces {
            places,
            batch,
            words,
            is_written,
            parts,
        }
    }

    /// The number of parts.
    pub fn count(&self) -> usize {
        self.parts.len()
    }
}

impl Arena {
    /// Splits the rectangles that a stage writes into its parts.
    ///
    /// # Panics
    ///
    /// If the places belong to another arena.
    pub fn parts<'a>(&'a mut self, places: &'a PartPlaces) -> Parted<'a> {
        assert!(
            places.words <= self.words.len() && places.batch <= self.rows,
            "places of this arena"
        );
        Parted {
            arena: self.words.as_mut_ptr(),
            places,
            exclusive: PhantomData,
        }
    }
}

/// An [`Arena`] in which some rectangles are written.
pub struct Parted<'a> {
    arena: *mut f32,
    places: &'a PartPlaces,
    exclusive: PhantomData<&'a mut [f32]>,
}

// SAFETY: shared between threads it only gives out parts, each to one thread.
unsafe impl Sync for Parted<'_> {}

// SAFETY: `PartPlaces::new` saw to it that no two rectangles overlap; and a part gives nothing to read of a buffer that is
// written.
unsafe impl<'a> Split for Parted<'a> {
    type Part = PartBlock<'a>;
    fn count(&self) -> usize {
        self.places.parts.len()
    }
    unsafe fn part(&self, index: usize) -> PartBlock<'a> {
        PartBlock {
            arena: self.arena,
            places: self.places,
            own: index,
            exclusive: PhantomData,
        }
    }
}

/// The rectangles of one part, which only one thread writes, and every buffer that the stage does not write.
pub struct PartBlock<'a> {
    arena: *mut f32,
    places: &'a PartPlaces,
    own: usize,
    exclusive: PhantomData<&'a mut [f32]>,
}

impl<'a> PartBlock<'a> {
    /// The rectangles, in the order in which they were given.
    pub fn rects(&self) -> &'a [Rect] {
        &self.places.parts[self.own]
    }

    /// The first `rows` rows of a buffer of the batch, or the whole of another buffer.
    ///
    /// # Panics
    ///
    /// If the buffer is not alive, has fewer rows, or is written by the stage.
    pub fn get(&self, buffer: usize, rows: usize) -> &[f32] {
        assert!(
            !self.places.is_written[buffer],
            "a buffer is read or written, not both"
        );
        let (start, width, count) = self.shape(buffer);
        let count = match self.places.places[buffer] {
            Place::Batch { .. } => {
                assert!(rows <= self.places.batch, "rows as planned");
                rows
            }
            _ => count,
        };
        // SAFETY: inside the arena by the table's check, in a buffer that nobody writes.
        unsafe { std::slice::from_raw_parts(self.arena.add(start), count * width) }
    }

    /// The columns of a rectangle in one of its buffer's rows.
    ///
    /// # Panics
    ///
    /// If there is no such rectangle, or if it does not have the row.
    pub fn row_mut(&mut self, rect: usize, row: usize) -> &mut [f32] {
        let Rect {
            buffer,
            rows,
            columns,
        } = &self.rects()[rect];
        assert!(rows.contains(&row), "a row of the rectangle");
        let (start, width, _) = self.shape(*buffer);
        let at = start + row * width + columns.start;
        // SAFETY: inside the arena by the table's check, in a rectangle that no other part has.
        unsafe { std::slice::from_raw_parts_mut(self.arena.add(at), columns.len()) }
    }

    /// Buffers for reading, as in [`PartBlock::get`], and the columns of the first rectangle in the first of its rows.
    ///
    /// # Panics
    ///
    /// As [`PartBlock::get`] and [`PartBlock::row_mut`].
    pub fn read_and_row<const R: usize>(
        &mut self,
        reads: [usize; R],
        rows: usize,
    ) -> ([&[f32]; R], &mut [f32]) {
        let row = self.row_mut(0, self.rects()[0].rows.start);
        let (data, len) = (row.as_mut_ptr(), row.len());
        let reads = reads.map(|buffer| self.get(buffer, rows));
        // SAFETY: as in `row_mut`; nothing that is read is written, and the borrow is exclusive.
        (reads, unsafe { std::slice::from_raw_parts_mut(data, len) })
    }

    /// The first rectangles, each as one slice.
    ///
    /// # Panics
    ///
    /// If there are fewer, or if one of them does not have whole rows of its buffer.
    pub fn all_mut<const N: usize>(&mut self) -> [&mut [f32]; N] {
        self.access([], 0).1
    }

    /// Some of the rectangles, each as one slice.
    ///
    /// # Panics
    ///
    /// If there is no such rectangle, if one is requested twice, or if one does not have whole rows of its buffer.
    pub fn some_mut<const N: usize>(&mut self, rects: [usize; N]) -> [&mut [f32]; N] {
        let is_twice = |at: usize| rects[..at].contains(&rects[at]);
        assert!(!(0..N).any(is_twice), "different rectangles");
        rects.map(|rect| {
            let (at, len) = self.slice(rect);
            // SAFETY: inside the arena by the table's check; rectangles do not overlap, and the borrow is exclusive.
            unsafe { std::slice::from_raw_parts_mut(self.arena.add(at), len) }
        })
    }

    /// The start of a rectangle of whole rows, and its length.
    fn slice(&self, rect: usize) -> (usize, usize) {
        let rect = &self.rects()[rect];
        let (start, width, _) = self.shape(rect.buffer);
        assert!(rect.columns == (0..width), "whole rows");
        (start + rect.rows.start * width, rect.rows.len() * width)
    }

    /// Buffers for reading, as in [`PartBlock::get`], and the first rectangles, each as one slice.
    ///
    /// # Panics
    ///
    /// As [`PartBlock::get`] and [`PartBlock::all_mut`].
    pub fn access<const R: usize, const W: usize>(
        &mut self,
        reads: [usize; R],
        rows: usize,
    ) -> ([&[f32]; R], [&mut [f32]; W]) {
        let write_at: [(usize, usize); W] = std::array::from_fn(|index| self.slice(index));
        (
            reads.map(|buffer| {
                let (data, len) = (
                    self.get(buffer, rows).as_ptr(),
                    self.get(buffer, rows).len(),
                );
                // SAFETY: as in `get`; nothing that is written is among them.
                unsafe { std::slice::from_raw_parts(data, len) }
            }),
            // SAFETY: inside the arena by the table's check; rectangles do not overlap, and the borrow is exclusive.
            write_at.map(|(at, len)| unsafe {
                std::slice::from_raw_parts_mut(self.arena.add(at), len)
            }),
        )
    }

    /// The start, the width and the rows of a buffer.
    fn shape(&self, buffer: usize) -> (usize, usize, usize) {
        match self.places.places[buffer] {
            Place::Batch { start, width } => (start, width, self.places.batch),
            Place::Whole { start, rows, width } => (start, width, rows),
            Place::Block { .. } | Place::Absent => panic!("buffer {buffer} is alive in this stage"),
        }
    }
}
