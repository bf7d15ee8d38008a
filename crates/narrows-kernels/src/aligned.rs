//! Memory that begins at a cache line, so that no vector crosses two lines.

use std::ops::{Deref, DerefMut};

/// The number of values in a cache line, and in the widest vector.
const LINE: usize = 16;

/// A fixed number of `f32` values that begin at a cache line; otherwise a plain slice.
///
/// It requests plain zeroed memory, with room to move the start to a cache line. A request with an alignment costs
/// more: the allocator then writes the zeros itself, and rarely reuses freed memory.
pub struct Aligned {
    /// It never grows, so it never moves.
    memory: Vec<f32>,
    /// The index of the first value, at a cache line.
    start: usize,
    len: usize,
}

impl Aligned {
    /// No values.
    pub(crate) const fn empty() -> Self {
        Aligned {
            memory: Vec::new(),
            start: 0,
            len: 0,
        }
    }

    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let memory = vec![0.0; len + LINE - 1];
        let start = memory.as_ptr().align_offset(LINE * size_of::<f32>());
        Aligned {
            // Memory that cannot be aligned works as well, but more slowly.
            start: start.min(LINE - 1),
            memory,
            len,
        }
    }
}

impl From<&[f32]> for Aligned {
    fn from(numbers: &[f32]) -> Self {
        let mut aligned = Aligned::zeros(numbers.len());
        aligned.copy_from_slice(numbers);
        aligned
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        Aligned::from(&**self)
    }
}

impl Deref for Aligned {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.memory[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

impl std::fmt::Debug for Aligned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.deref().fmt(f)
    }
}
