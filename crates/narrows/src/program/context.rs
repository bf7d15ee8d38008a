//! What an operation is given when it runs.

use super::buffer::Buffer;
use super::tensor::{Tensor, TensorId};
use narrows_kernels::Isa;
use narrows_kernels::memory::{Arena, Block, PartBlock, Place};
use narrows_kernels::split::Bounds;
use std::ops::Range;

/// Where the rows of a batch come from.
pub trait Input: Sync {
    /// Writes the rows at some places of the batch, one after the other, as the network sees them.
    fn write(&self, places: Range<usize>, into: &mut [f32]);
}

/// The rows of a batch.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// Where they come from.
    pub input: &'a dyn Input,
    /// What tells each row from all others: noise follows from it.
    pub samples: &'a [u32],
    /// Which pass over the data this is, from 0.
    pub epoch: u32,
}

impl Batch<'_> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.samples.len()
    }
}

/// The numbers of all tensors.
#[derive(Clone, Copy)]
pub struct Tensors<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) all: &'a [Tensor],
}

impl<'a> Tensors<'a> {
    /// The numbers of a tensor.
    pub fn get(&self, tensor: TensorId) -> &'a [f32] {
        &self.numbers[self.all[tensor.0].range.clone()]
    }
}

/// The numbers of the tensors of one operation, in its order.
#[derive(Clone, Copy)]
pub struct Given<'a>(TensorSource<'a>);

/// Where the numbers of an operation's tensors come from.
#[derive(Clone, Copy)]
enum TensorSource<'a> {
    /// The arena of parameters.
    Arena(Tensors<'a>, &'a [TensorId]),
    /// Copies.
    Copies(&'a [&'a [f32]]),
}

impl<'a> Given<'a> {
    /// How many tensors there are.
    pub fn count(&self) -> usize {
        match self.0 {
            TensorSource::Arena(_, ids) => ids.len(),
            TensorSource::Copies(copies) => copies.len(),
        }
    }

    /// The numbers of one of them.
    ///
    /// # Panics
    ///
    /// When there are fewer.
    pub fn tensor(&self, index: usize) -> &'a [f32] {
        match self.0 {
            TensorSource::Arena(tensors, ids) => tensors.get(ids[index]),
            TensorSource::Copies(copies) => copies[index],
        }
    }

    /// Numbers in the place of the tensors of an operation.
    pub(super) fn copies(copies: &'a [&'a [f32]]) -> Given<'a> {
        Given(TensorSource::Copies(copies))
    }
}

/// What a [`RowOperation`](super::RowOperation) is given: a block of rows.
pub struct RowContext<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// The buffers, at these rows.
    pub buffers: RowBuffers<'a>,
    /// The parameters.
    pub tensors: Tensors<'a>,
    /// The batch that the rows belong to.
    pub batch: Batch<'a>,
    /// Memory for the operation alone.
    pub scratch: &'a mut [f32],
}

impl<'a> RowContext<'a> {
    /// What tells each row of the block from all others.
    pub fn samples(&self) -> &'a [u32] {
        &self.batch.samples[self.buffers.rows()]
    }
}

/// The buffers of a block of rows.
pub struct RowBuffers<'a>(pub(super) Block<'a>);

impl RowBuffers<'_> {
    /// Which rows of the batch these are.
    pub fn rows(&self) -> Range<usize> {
        self.0.rows()
    }

    /// The rows of a buffer, or all of one that has nothing to do with rows of the batch.
    pub fn get(&self, buffer: Buffer) -> &[f32] {
        self.0.get(buffer.index())
    }

    /// The rows of a buffer, to write.
    pub fn get_mut(&mut self, buffer: Buffer) -> &mut [f32] {
        self.0.get_mut(buffer.index())
    }

    /// The rows of some buffers to read and of another to write.
    pub fn read_write<const R: usize>(
        &mut self,
        reads: [Buffer; R],
        write: Buffer,
    ) -> ([&[f32]; R], &mut [f32]) {
        self.0.read_write(reads.map(Buffer::index), write.index())
    }

    /// The rows of some buffers to read and of others to write.
    pub fn access<const R: usize, const W: usize>(
        &mut self,
        reads: [Buffer; R],
        writes: [Buffer; W],
    ) -> ([&[f32]; R], [&mut [f32]; W]) {
        self.0
            .access(reads.map(Buffer::index), writes.map(Buffer::index))
    }
}

/// What a [`ColumnOperation`](super::ColumnOperation) is given: one of its parts.
pub struct ColumnContext<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// Which of its parts.
    pub part: usize,
    /// The rectangles of the part, and all buffers that the stage does not write.
    pub buffers: PartBlock<'a>,
    /// The parameters.
    pub tensors: Tensors<'a>,
    /// How the rows of the batch were cut into blocks; the last ends with the batch.
    pub blocks: &'a Bounds,
    /// Memory for the operation alone.
    pub scratch: &'a mut [f32],
}

impl ColumnContext<'_> {
    /// The rows of the batch.
    pub fn rows(&self) -> usize {
        rows(self.blocks)
    }

    /// The rows of the batch in a buffer, or all of one that has nothing to do with them.
    pub fn get(&self, buffer: Buffer) -> &[f32] {
        self.buffers.get(buffer.index(), self.rows())
    }

    /// Some buffers as [`ColumnContext::get`] gives them, and the columns of the part's first rectangle in the first of
    /// its rows, to write.
    pub fn read_and_row<const R: usize>(
        &mut self,
        reads: [Buffer; R],
    ) -> ([&[f32]; R], &mut [f32]) {
        let rows = self.rows();
        self.buffers.read_and_row(reads.map(Buffer::index), rows)
    }
}

/// What a [`TileOperation`](super::TileOperation) is given: some numbers of a tensor.
pub struct TileContext<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// Which numbers of the tensor.
    pub place: Range<usize>,
    /// Whether to add to what others have formed.
    pub adds: bool,
    /// The parameters, before the step.
    pub blocks: &'a Bounds,
    pub(super) arena: &'a Arena,
    pub(super) places: &'a [Place],
    /// Memory for the operation alone.
    pub scratch: &'a mut [f32],
}

impl<'a> TileContext<'a> {
    /// The rows of the batch.
    pub fn rows(&self) -> usize {
        rows(self.blocks)
    }

    /// The rows of the batch in a buffer, or all of one that has nothing to do with them.
    pub fn get(&self, buffer: Buffer) -> &'a [f32] {
        self.arena.read(self.places[buffer.index()], self.rows())
    }
}

/// Where the last block ends.
pub(super) fn rows(blocks: &Bounds) -> usize {
    blocks
        .count()
        .checked_sub(1)
        .map_or(0, |last| blocks.range(last).end)
}

impl<'a> Tensors<'a> {
    /// The tensors of one operation.
    pub(super) fn of(self, ids: &'a [TensorId]) -> Given<'a> {
        Given(TensorSource::Arena(self, ids))
    }
}
