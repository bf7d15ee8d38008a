//! What a program is made of: operations of its three kinds of stages.

use super::buffer::Uses;
use super::context::{ColumnContext, RowContext, TileContext};
use super::profile::Part;
use narrows_kernels::memory::Rect;
use std::fmt::Debug;
use std::ops::Range;

/// What one row of the batch costs an operation, for the choice of threads and the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-adds in products that take a whole panel of rows or nothing.
    pub panel: usize,
    /// Multiply-adds in other products.
    pub products: usize,
    /// Values through elementwise arithmetic.
    pub elements: usize,
    /// Values of the data through gathering and loss.
    pub inputs: usize,
    /// Values through noise.
    pub noise: usize,
    /// The numbers that are read whatever the rows: parameters, factors.
    pub shared: usize,
}

impl Cost {
    /// Multiply-adds of all products.
    pub fn multiply_adds(&self) -> usize {
        self.panel + self.products
    }
}

/// An operation on rows, each of which is worked on by itself.
pub trait RowOperation: Debug + Send + Sync {
    /// What it computes, in a few words.
    fn label(&self) -> String;
    /// Under which part of a step its time is counted.
    fn part(&self) -> Part;
    /// The buffers that it uses.
    fn uses(&self) -> Uses;
    /// What a row costs.
    fn cost(&self) -> Cost {
        Cost::default()
    }
    /// How many numbers of scratch memory a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// Runs it on a block of rows. Scratch memory holds anything at first.
    fn run(&self, context: &mut RowContext<'_>);
}

/// An operation over the whole batch. It consists of parts, each of which one thread forms alone, with sums over rows in
/// their order.
pub trait ColumnOperation: Debug + Send + Sync {
    /// What it computes, in a few words.
    fn label(&self) -> String;
    /// Under which part of a step its time is counted.
    fn part(&self) -> Part;
    /// The buffers that it uses. What it writes or adds to must not be among what it reads.
    fn uses(&self) -> Uses;
    /// Its parts, with what each of them writes and what it costs.
    fn parts(&self) -> Vec<ColumnPart>;
    /// How many numbers of scratch memory a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// Forms one part. Scratch memory holds anything at first.
    fn run(&self, context: &mut ColumnContext<'_>);
}

/// A part of a [`ColumnOperation`].
#[derive(Clone, Debug)]
pub struct ColumnPart {
    /// The rectangles of buffers that it writes.
    pub writes: Vec<Rect>,
    /// Multiply-adds, for a full batch.
    pub work: usize,
    /// The numbers that it reads of what other stages wrote.
    pub read: usize,
}

/// A contribution to the gradient by a tensor.
pub trait TileOperation: Debug + Send + Sync {
    /// What it computes, in a few words.
    fn label(&self) -> String;
    /// The buffers that it reads.
    fn uses(&self) -> Uses;
    /// How many numbers to form at a time, where not the whole tile; whole rows of the tensor.
    fn step(&self, _tile: &Range<usize>) -> Option<usize> {
        None
    }
    /// Multiply-adds for the whole tensor and a row of the batch; for products of factors, for a row of these.
    fn work(&self) -> usize;
    /// The rows of factors that stand for those of the batch, if it is formed from factors.
    fn depth(&self) -> Option<usize> {
        None
    }
    /// How many numbers of scratch memory a thread needs.
    fn scratch(&self) -> usize {
        0
    }
    /// Under which part of a step its time is counted.
    fn part(&self) -> Part {
        Part::Gradients
    }
    /// Forms the gradient by some numbers of the tensor: overwrites `gradient`, or adds to it where the context says so.
    fn run(&self, context: &mut TileContext<'_>, gradient: &mut [f32]);
}
