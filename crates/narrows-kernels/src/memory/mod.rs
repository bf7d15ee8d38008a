//! The memory of a program: matrices in one arena, laid out before the first step.
//!
//! Buffers that are alive at different times may have the same place. So a stage gets a table of the buffers that are
//! alive in it, and can access only these. The constructors of the tables check once that no two of them overlap.
//! Therefore the shared memory is safe without locks:
//!
//! - [`RowPlaces`]: a thread has some rows of every matrix of the batch, and matrices of a block of its own.
//! - [`PartPlaces`]: a thread has rectangles of buffers that no other part of the stage has, and may read each buffer
//!   that the stage does not write.

mod arena;
mod parts;
mod rows;

pub use arena::{Arena, Place};
pub use parts::{PartBlock, PartPlaces, Parted, Rect};
pub use rows::{Block, BlockPart, Blocks, RowPlaces};

#[cfg(test)]
mod tests;
