//! The memory of a program: matrices in one arena, laid out before the first step.
//!
//! Buffers whose lifetimes do not meet may lie in the same place. So a stage is given a table of the buffers that are
//! alive in it, and can reach these alone; the constructors of the tables check once that no two of them overlap. That is
//! what makes the shared memory safe without locks:
//!
//! - [`RowPlaces`]: a thread has some rows of every matrix of the batch, and matrices of a block of its own.
//! - [`PartPlaces`]: a thread has rectangles of buffers that no other part of the stage has, and may read each buffer that
//!   the stage does not write.

mod arena;
mod parts;
mod rows;

pub use arena::{Arena, Place};
pub use parts::{PartBlock, PartPlaces, Parted, Rect};
pub use rows::{Block, BlockPart, Blocks, RowPlaces};

#[cfg(test)]
mod tests;
