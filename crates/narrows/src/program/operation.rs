//! The operations of a program, in three kinds of stages.

use super::buffer::Uses;
use super::context::{ColumnContext, RowContext, TileContext};
use super::profile::Part;
use narrows_kernels::memory::Rect;
use std::fmt::Debug;
use std::ops::Range;

/// The cost of an operation for one row of the batch; it is used to choose the number of threads and for the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-adds in products whose cost is per whole panel of rows.
    pub panel: usize,
    /// Multiply-adds in other products.
    pub products: usize,
    /// Values that go through elementwise arithmetic.
    pub elements: usize,
    /// Values of the data that go through gathering and loss.
    pub inputs: usize,
    /// Values that go through noise.
    pub noise: usize,
    /// The numbers that are read for any number of rows: parameters, factors.
    pub shared: usize,
}

impl Cost {
    /// Multiply-adds of all products.
    pub fn multiply_adds(&self) -> usize {
        self.panel + self.products
    }
}

/// An operation on rows that processes each row alone.
pub trait RowOperation: Debug + Send + Sync {
    /// A description in a few words.
    fn label(&self) -> String;
    /// The part of a step under which its time is counted.
    fn part(&self) -> Part;
    /// The buffers that it uses.
    fn uses(&self) -> Uses;
    /// The cost of a row.
    fn cost(&self) -> Cost {
        Cost::default()
    }
    /// The number of scratch values that a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// Runs it on a block of rows. Scratch memory has arbitrary content at first.
    fn run(&self, context: &mut RowContext<'_>);
}

/// An operation over the whole batch. It consists of parts. One thread computes each part alone, with sums over rows in
/// their order.
pub trait ColumnOperation: Debug + Send + Sync {
    /// A description in a few words.
    fn label(&self) -> String;
    /// The part of a step under which its time is counted.
    fn part(&self) -> Part;
    /// The buffers that it uses. It must not read a buffer that it writes or adds to.
    fn uses(&self) -> Uses;
    /// Its parts, each with the rectangles that it writes and its cost.
    fn parts(&self) -> Vec<ColumnPart>;
    /// The number of scratch values that a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// Computes one part. Scratch memory has arbitrary content at first.
    fn run(&self, context: &mut ColumnContext<'_>);
}

/// A part of a [`ColumnOperation`].
#[derive(Clone, Debug)]
pub struct ColumnPart {
    /// The rectangles of buffers that it writes.
    pub writes: Vec<Rect>,
    /// Multiply-adds, for a full batch.
    pub work: usize,
    /// The numbers that it reads from the results of other stages.
    pub read: usize,
}

/// A contribution to the gradient of a tensor.
pub trait TileOperation: Debug + Send + Sync {
    /// A description in a few words.
    fn label(&self) -> String;
    /// The buffers that it reads.
    fn uses(&self) -> Uses;
    /// The number of values to compute at a time, if it is not the whole tile; whole rows of the tensor.
    fn step(&self, _tile: &Range<usize>) -> Option<usize> {
        None
    }
    /// Multiply-adds for the whole tensor and one row of the batch; for products of factors, for one row of the
    /// factors.
    fn work(&self) -> usize;
    /// The number of rows of factors in place of the rows of the batch, if it is computed from factors.
    fn depth(&self) -> Option<usize> {
        None
    }
    /// The number of scratch values that a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// The part of a step under which its time is counted.
    fn part(&self) -> Part {
        Part::Gradients
    }
    /// Computes the gradient of some numbers of the tensor: overwrites `gradient`, or adds to it if the context says
    /// so.
    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]);
}
