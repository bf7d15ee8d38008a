//! Slabs cut into blocks of columns.

use super::{Slab, Slabs, Split};
use std::marker::PhantomData;
use std::ops::Range;

/// Which columns of which matrices threads write at the same time.
#[derive(Clone, Debug)]
pub struct ColumnCuts(Vec<ColumnPlace>);

#[derive(Clone, Debug)]
struct ColumnPlace {
    slab: usize,
    columns: Range<usize>,
}

impl ColumnCuts {
    /// The given columns of matrices, each with the matrix's number: one part each.
    ///
    /// # Panics
    ///
    /// When two overlap.
    pub fn new(places: &[(usize, Range<usize>)]) -> Self {
        let mut sorted: Vec<_> = places.iter().collect();
        sorted.sort_by_key(|(slab, columns)| (*slab, columns.start));
        let is_apart = sorted
            .windows(2)
            .all(|pair| pair[0].0 != pair[1].0 || pair[0].1.end <= pair[1].1.start);
        assert!(is_apart, "columns that do not overlap");
        let place = |(slab, columns): &(usize, Range<usize>)| ColumnPlace {
            slab: *slab,
            columns: columns.clone(),
        };
        ColumnCuts(places.iter().map(place).collect())
    }
}

impl Slabs {
    /// Some columns of some of the matrices, each for one thread to write.
    ///
    /// # Panics
    ///
    /// When there is no such matrix, or it has fewer columns.
    pub fn split_columns<'a>(&'a mut self, cuts: &'a ColumnCuts) -> SlabColumns<'a> {
        let fits = |place: &ColumnPlace| {
            place.columns.start <= place.columns.end
                && place.columns.end <= self.slabs[place.slab].width
        };
        assert!(cuts.0.iter().all(fits), "columns inside the matrices");
        SlabColumns {
            data: self.data.as_mut_ptr(),
            slabs: &self.slabs,
            rows: self.rows,
            cuts: &cuts.0,
            exclusive: PhantomData,
        }
    }
}

/// [`Slabs`] of which some columns are written.
pub struct SlabColumns<'a> {
    data: *mut f32,
    slabs: &'a [Slab],
    rows: usize,
    cuts: &'a [ColumnPlace],
    exclusive: PhantomData<&'a mut [f32]>,
}

// SAFETY: shared between threads it only gives out blocks, each to one thread.
unsafe impl Sync for SlabColumns<'_> {}

// SAFETY: `ColumnCuts::new` saw to it that no two blocks have a column in common; and a block gives nothing to
// read of a matrix that is written.
unsafe impl<'a> Split for SlabColumns<'a> {
    type Part = ColumnBlock<'a>;
    fn count(&self) -> usize {
        self.cuts.len()
    }
    unsafe fn part(&self, index: usize) -> ColumnBlock<'a> {
        ColumnBlock {
            data: self.data,
            slabs: self.slabs,
            rows: self.rows,
            cuts: self.cuts,
            own: index,
            exclusive: PhantomData,
        }
    }
}

/// Some columns of one of the [`Slabs`] for one thread alone, and all that is not written to read.
pub struct ColumnBlock<'a> {
    data: *mut f32,
    slabs: &'a [Slab],
    rows: usize,
    cuts: &'a [ColumnPlace],
    own: usize,
    exclusive: PhantomData<&'a mut [f32]>,
}

impl ColumnBlock<'_> {
    /// Which columns these are.
    pub fn columns(&self) -> Range<usize> {
        self.cuts[self.own].columns.clone()
    }

    /// The first `rows` rows of another matrix.
    ///
    /// # Panics
    ///
    /// When there is no such matrix, it has fewer rows, or columns of it are written.
    pub fn get(&self, slab: usize, rows: usize) -> &[f32] {
        assert!(rows <= self.rows);
        let is_written = self.cuts.iter().any(|place| place.slab == slab);
        assert!(!is_written, "a matrix is read or written, not both");
        let Slab { offset, width } = self.slabs[slab];
        // SAFETY: inside the memory of the slabs, in a matrix that nobody writes.
        unsafe { std::slice::from_raw_parts(self.data.add(offset), rows * width) }
    }

    /// These columns of a row.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.rows);
        let ColumnPlace { slab, columns } = &self.cuts[self.own];
        let Slab { offset, width } = self.slabs[*slab];
        let at = offset + row * width + columns.start;
        // SAFETY: the columns lie inside the matrix, and no other block has them.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(at), columns.len()) }
    }
}
