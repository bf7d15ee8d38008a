//! Buffers: what the operations of a program read and write, by typed handles.

use narrows_kernels::bits;
use narrows_kernels::memory::Rect;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// What a buffer holds.
pub trait Element: Copy + Send + Sync + 'static {
    /// What its elements are read and written as.
    type Number: Copy + Send + Sync + 'static;
    /// Its name in a printed program.
    const NAME: &'static str;
    /// The numbers of 32 bits that so many elements take.
    fn words(elements: usize) -> usize;
    /// Memory of a buffer as what it holds.
    fn view(memory: &[f32]) -> &[Self::Number];
    /// The same, to write.
    fn view_mut(memory: &mut [f32]) -> &mut [Self::Number];
}

impl Element for f32 {
    type Number = f32;
    const NAME: &'static str = "f32";
    fn words(elements: usize) -> usize {
        elements
    }
    fn view(memory: &[f32]) -> &[f32] {
        memory
    }
    fn view_mut(memory: &mut [f32]) -> &mut [f32] {
        memory
    }
}

impl Element for u32 {
    type Number = u32;
    const NAME: &'static str = "u32";
    fn words(elements: usize) -> usize {
        elements
    }
    fn view(memory: &[f32]) -> &[u32] {
        bits::words(memory)
    }
    fn view_mut(memory: &mut [f32]) -> &mut [u32] {
        bits::words_mut(memory)
    }
}

/// Sums in double precision.
impl Element for f64 {
    type Number = f64;
    const NAME: &'static str = "f64";
    fn words(elements: usize) -> usize {
        2 * elements
    }
    fn view(memory: &[f32]) -> &[f64] {
        bits::doubles(bits::words(memory)).unwrap_or(&[])
    }
    fn view_mut(memory: &mut [f32]) -> &mut [f64] {
        bits::doubles_mut(bits::words_mut(memory)).unwrap_or(&mut [])
    }
}

/// A bit for each element, 64 to a word.
#[derive(Clone, Copy, Debug)]
pub struct Bit;

// Buffers begin on cache lines and their rows are of an even number of words, so that none of these views is refused.
impl Element for Bit {
    type Number = u64;
    const NAME: &'static str = "bits";
    fn words(elements: usize) -> usize {
        2 * elements.div_ceil(64)
    }
    fn view(memory: &[f32]) -> &[u64] {
        bits::pairs(bits::words(memory)).unwrap_or(&[])
    }
    fn view_mut(memory: &mut [f32]) -> &mut [u64] {
        bits::pairs_mut(bits::words_mut(memory)).unwrap_or(&mut [])
    }
}

/// A handle to a buffer of a program.
pub struct Buffer<E: Element = f32> {
    index: usize,
    element: PhantomData<E>,
}

impl<E: Element> Clone for Buffer<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Element> Copy for Buffer<E> {}

impl<E: Element> PartialEq for Buffer<E> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl<E: Element> fmt::Debug for Buffer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.index)
    }
}

impl<E: Element> Buffer<E> {
    pub(super) fn at(index: usize) -> Self {
        Buffer {
            index,
            element: PhantomData,
        }
    }

    /// The same memory without its type: [`Element::view`] gives its elements.
    pub fn memory(self) -> Buffer {
        Buffer::at(self.index)
    }

    /// Some elements of some of its rows, as what a [`ColumnPart`](super::ColumnPart) writes. Bits come in words: there both
    /// ends are multiples of 64.
    pub fn rect(self, rows: Range<usize>, elements: Range<usize>) -> Rect {
        Rect {
            buffer: self.index,
            rows,
            columns: E::words(elements.start)..E::words(elements.end),
        }
    }

    /// Its number, without its type.
    pub(crate) fn index(self) -> usize {
        self.index
    }
}

/// The size of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// So many numbers for each row of the batch.
    Rows {
        /// The numbers of 32 bits of a row.
        words: usize,
    },
    /// A matrix that has nothing to do with rows of the batch.
    Whole {
        /// Its rows.
        rows: usize,
        /// The numbers of 32 bits of a row.
        words: usize,
    },
}

/// What a program knows of a buffer.
#[derive(Clone, Debug)]
pub(crate) struct BufferInfo {
    pub(crate) name: String,
    pub(crate) extent: Extent,
    /// The name of what it holds.
    pub(crate) element: &'static str,
    /// What it holds before the first step, and between steps; other buffers share their memory with each other.
    pub(crate) constant: Option<Vec<f32>>,
    /// The state of the network that it holds, by its place among the states.
    pub(crate) state: Option<usize>,
}

/// Which buffers an operation uses, and how. An operation may read what it writes or adds to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    pub(crate) reads: Vec<usize>,
    pub(crate) writes: Vec<usize>,
    pub(crate) adds: Vec<usize>,
}

impl Uses {
    /// No buffers.
    pub fn new() -> Uses {
        Uses::default()
    }

    /// And reads these.
    pub fn reads<E: Element>(mut self, buffers: impl IntoIterator<Item = Buffer<E>>) -> Uses {
        self.reads.extend(buffers.into_iter().map(Buffer::index));
        self
    }

    /// And writes these, whatever was in them.
    pub fn writes<E: Element>(mut self, buffers: impl IntoIterator<Item = Buffer<E>>) -> Uses {
        self.writes.extend(buffers.into_iter().map(Buffer::index));
        self
    }

    /// And changes these, which another operation has written.
    pub fn adds<E: Element>(mut self, buffers: impl IntoIterator<Item = Buffer<E>>) -> Uses {
        self.adds.extend(buffers.into_iter().map(Buffer::index));
        self
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> {
        let all = self.reads.iter().chain(&self.writes).chain(&self.adds);
        all.copied()
    }
}
