//! Buffers: the memory that the operations of a program read and write, with typed handles.

use narrows_kernels::bits;
use narrows_kernels::memory::Rect;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// The type of a buffer's elements.
pub trait Element: Copy + Send + Sync + 'static {
    /// The type as which elements are read and written.
    type Number: Copy + Send + Sync + 'static;
    /// Its name in a printed program.
    const NAME: &'static str;
    /// The number of 32-bit words for a number of elements.
    fn words(elements: usize) -> usize;
    /// Memory of a buffer as elements.
    fn view(memory: &[f32]) -> &[Self::Number];
    /// The same, mutable.
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

/// For sums in double precision.
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

/// One bit per element, 64 to a word.
#[derive(Clone, Copy, Debug)]
pub struct Bit;

// Buffers begin at cache lines, and their rows have an even number of words, so none of these views fails.
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

    /// Some elements of some of its rows, as the rectangle that a [`ColumnPart`](super::ColumnPart) writes. Bits come
    /// in words: for them both ends must be multiples of 64.
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
    /// A number of elements for each row of the batch.
    Rows {
        /// The number of 32-bit words of a row.
        words: usize,
    },
    /// A matrix that does not depend on the rows of the batch.
    Whole {
        /// Its rows.
        rows: usize,
        /// The number of 32-bit words of a row.
        words: usize,
    },
}

/// The description of a buffer.
#[derive(Clone, Debug)]
pub(crate) struct BufferInfo {
    pub(crate) name: String,
    pub(crate) extent: Extent,
    /// The name of what it holds.
    pub(crate) element: &'static str,
    /// Its content before the first step and between steps; buffers without such content share their memory.
    pub(crate) constant: Option<Vec<f32>>,
    /// The state of the network in this buffer, by its index among the states.
    pub(crate) state: Option<usize>,
}

/// The buffers that an operation uses, and how. An operation may read a buffer that it writes or adds to.
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

    /// Also reads these.
    pub fn reads<E: Element>(mut self, buffers: impl IntoIterator<Item = Buffer<E>>) -> Uses {
        self.reads.extend(buffers.into_iter().map(Buffer::index));
        self
    }

    /// Also writes these; their old content does not matter.
    pub fn writes<E: Element>(mut self, buffers: impl IntoIterator<Item = Buffer<E>>) -> Uses {
        self.writes.extend(buffers.into_iter().map(Buffer::index));
        self
    }

    /// Also changes these, which another operation has written.
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
