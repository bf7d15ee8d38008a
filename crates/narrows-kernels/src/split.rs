//! Ways to cut memory into parts that threads may write at the same time.
//!
//! A [`Team`](crate::team::Team) hands each part of a [`Split`] to one thread only; that is all
//! that keeps two threads from the same number, and it needs no lock.

mod columns;

pub use columns::{ColumnBlock, ColumnCuts, SlabColumns};

use crate::aligned::Aligned;
use std::marker::PhantomData;
use std::ops::Range;

/// Something cut into parts.
///
/// # Safety
///
/// Parts of different indices below `count` must not overlap, and each may be made, used and
/// dropped on any thread, at the same time as the others. `count` is always the same. A part stays
/// valid after the split is gone.
pub unsafe trait Split: Sync {
    /// One part.
    type Part;
    /// The number of parts.
    fn count(&self) -> usize;
    /// The part at `index`.
    ///
    /// # Safety
    ///
    /// `index` is below [`Split::count`], and no other part of that index is alive.
    unsafe fn part(&self, index: usize) -> Self::Part;
}

/// Places to cut at, in ascending order: part `i` reaches from place `i` to place `i + 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds(Vec<usize>);

impl Bounds {
    /// # Panics
    ///
    /// When there is no place, or one lies before the last.
    pub fn new(places: Vec<usize>) -> Self {
        assert!(
            !places.is_empty() && places.is_sorted(),
            "places to cut at ascend"
        );
        Bounds(places)
    }

    /// `total` in `parts` nearly equal parts.
    pub fn even(total: usize, parts: usize) -> Self {
        let parts = parts.max(1);
        // In 128 bits no product wraps: the places must ascend.
        let place = |i: usize| (total as u128 * i as u128 / parts as u128) as usize;
        Bounds((0..=parts).map(place).collect())
    }

    /// The number of parts.
    pub fn count(&self) -> usize {
        self.0.len() - 1
    }

    /// Where part `index` begins and ends.
    pub fn range(&self, index: usize) -> Range<usize> {
        self.0[index]..self.0[index + 1]
    }
}

/// A slice cut at [`Bounds`].
pub struct Parts<'a, T> {
    data: *mut T,
    bounds: &'a Bounds,
    exclusive: PhantomData<&'a mut [T]>,
}

impl<'a, T> Parts<'a, T> {
    /// # Panics
    ///
    /// When the bounds reach beyond the slice.
    pub fn new(data: &'a mut [T], bounds: &'a Bounds) -> Self {
        assert!(
            bounds.0.last().is_some_and(|&end| end <= data.len()),
            "bounds inside the slice"
        );
        Parts {
            data: data.as_mut_ptr(),
            bounds,
            exclusive: PhantomData,
        }
    }
}

// SAFETY: shared between threads it only gives out parts, each to one thread.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

// SAFETY: the bounds ascend, so that parts do not overlap, and end inside the slice.
unsafe impl<'a, T: Send> Split for Parts<'a, T> {
    type Part = &'a mut [T];
    fn count(&self) -> usize {
        self.bounds.count()
    }
    unsafe fn part(&self, index: usize) -> &'a mut [T] {
        let range = self.bounds.range(index);
        // SAFETY: inside the slice, which is borrowed for `'a`; alive once, by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(range.start), range.len()) }
    }
}

macro_rules! together {
    ($($name:ident)+) => {
        // SAFETY: each member keeps its own parts apart.
        unsafe impl<$($name: Split),+> Split for ($($name,)+) {
            type Part = ($($name::Part,)+);
            #[allow(non_snake_case)]
            fn count(&self) -> usize {
                let ($($name,)+) = self;
                [$($name.count()),+].into_iter().min().unwrap_or(0)
            }
            #[allow(non_snake_case)]
            unsafe fn part(&self, index: usize) -> Self::Part {
                let ($($name,)+) = self;
                // SAFETY: passed on; `count` is the least of the members'.
                unsafe { ($($name.part(index),)+) }
            }
        }
    };
}
together!(A B);
together!(A B C);
together!(A B C D);

/// Matrices of the same number of rows, planned once: the activations and gradients of a batch.
pub struct Slabs {
    data: Aligned,
    slabs: Vec<Slab>,
    rows: usize,
}

#[derive(Clone, Copy)]
struct Slab {
    offset: usize,
    width: usize,
}

impl Slabs {
    /// Zeroed matrices of `rows` rows and the given widths.
    ///
    /// # Panics
    ///
    /// When their numbers cannot be counted.
    pub fn new(widths: &[usize], rows: usize) -> Self {
        let mut offset = 0usize;
        let slabs = widths
            .iter()
            .map(|&width| {
                let slab = Slab { offset, width };
                // Each begins on a cache line. A sum that wrapped would let rows lie outside.
                let end = rows
                    .checked_mul(width)
                    .and_then(|len| len.checked_next_multiple_of(16))
                    .and_then(|len| len.checked_add(offset));
                offset = end.expect("matrices that fit the memory");
                slab
            })
            .collect();
        Slabs {
            data: Aligned::zeros(offset),
            slabs,
            rows,
        }
    }

    /// How many numbers all of them hold, with what lies between them.
    pub fn numbers(&self) -> usize {
        self.data.len()
    }

    /// The first `rows` rows of a matrix.
    ///
    /// # Panics
    ///
    /// When there is no such matrix, or it has fewer rows.
    pub fn rows(&self, slab: usize, rows: usize) -> &[f32] {
        assert!(rows <= self.rows);
        let Slab { offset, width } = self.slabs[slab];
        &self.data[offset..offset + rows * width]
    }

    /// The first `rows` rows of a matrix, to write.
    ///
    /// # Panics
    ///
    /// When there is no such matrix, or it has fewer rows.
    pub fn rows_mut(&mut self, slab: usize, rows: usize) -> &mut [f32] {
        assert!(rows <= self.rows);
        let Slab { offset, width } = self.slabs[slab];
        &mut self.data[offset..offset + rows * width]
    }

    /// The first `rows` rows of all the matrices, as one block.
    ///
    /// # Panics
    ///
    /// When there are fewer.
    pub fn first_rows(&mut self, rows: usize) -> RowBlock<'_> {
        assert!(rows <= self.rows);
        RowBlock {
            data: self.data.as_mut_ptr(),
            slabs: &self.slabs,
            rows: 0..rows,
            exclusive: PhantomData,
        }
    }

    /// Cuts all the matrices into blocks of rows.
    ///
    /// # Panics
    ///
    /// When the bounds reach beyond the rows.
    pub fn split<'a>(&'a mut self, bounds: &'a Bounds) -> SlabBlocks<'a> {
        assert!(
            bounds.0.last().is_some_and(|&end| end <= self.rows),
            "bounds inside the rows"
        );
        SlabBlocks {
            data: self.data.as_mut_ptr(),
            slabs: &self.slabs,
            bounds,
            exclusive: PhantomData,
        }
    }
}

/// [`Slabs`] cut into blocks of rows.
pub struct SlabBlocks<'a> {
    data: *mut f32,
    slabs: &'a [Slab],
    bounds: &'a Bounds,
    exclusive: PhantomData<&'a mut [f32]>,
}

// SAFETY: shared between threads it only gives out blocks, each to one thread.
unsafe impl Sync for SlabBlocks<'_> {}

// SAFETY: the bounds ascend, so that blocks have no row in common.
unsafe impl<'a> Split for SlabBlocks<'a> {
    type Part = RowBlock<'a>;
    fn count(&self) -> usize {
        self.bounds.count()
    }
    unsafe fn part(&self, index: usize) -> RowBlock<'a> {
        RowBlock {
            data: self.data,
            slabs: self.slabs,
            rows: self.bounds.range(index),
            exclusive: PhantomData,
        }
    }
}

/// The same rows of all [`Slabs`], for one thread alone.
pub struct RowBlock<'a> {
    data: *mut f32,
    slabs: &'a [Slab],
    rows: Range<usize>,
    exclusive: PhantomData<&'a mut [f32]>,
}

impl RowBlock<'_> {
    /// Which rows of the batch these are.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// These rows of one matrix.
    ///
    /// # Panics
    ///
    /// When there is no such matrix.
    pub fn get(&self, slab: usize) -> &[f32] {
        let (at, len) = self.place(slab);
        // SAFETY: `place` lies inside the memory of the slabs, in rows that no other block has.
        unsafe { std::slice::from_raw_parts(self.data.add(at), len) }
    }

    /// These rows of one matrix, to write.
    ///
    /// # Panics
    ///
    /// When there is no such matrix.
    pub fn get_mut(&mut self, slab: usize) -> &mut [f32] {
        self.read_write([], slab).1
    }

    /// These rows of some matrices to read and of another to write.
    ///
    /// # Panics
    ///
    /// When there is no such matrix, or one is both read and written.
    pub fn read_write<const R: usize>(
        &mut self,
        read: [usize; R],
        write: usize,
    ) -> ([&[f32]; R], &mut [f32]) {
        assert!(
            !read.contains(&write),
            "a matrix is read or written, not both"
        );
        let (at, len) = self.place(write);
        // SAFETY: as in `get`; the borrow is exclusive, and what is read is not what is written.
        let write = unsafe { std::slice::from_raw_parts_mut(self.data.add(at), len) };
        (read.map(|slab| self.get(slab)), write)
    }

    fn place(&self, slab: usize) -> (usize, usize) {
        let Slab { offset, width } = self.slabs[slab];
        (offset + self.rows.start * width, self.rows.len() * width)
    }
}
